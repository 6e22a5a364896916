# SPDX-License-Identifier: MIT
"""Parts of exits: what their strategy holds decides what they are, and they sell nothing else."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import evolve

from fks_exec import ExecutionResult, Instrument, Order, Submission
from fks_exec_simulators.alerts import MOMENT, Sender, alerting
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import CAPABILITIES, Held, Stage, filled

OLD = {"max_order_age": 86400}


def plain_stage() -> Stage:
    """A venue that knows no reduce-only."""
    return Stage(capabilities=evolve(CAPABILITIES, reduce_only=False))


def perpetual(symbol: str) -> Instrument:
    """Strategies share its position at the venue, and any of them may be short."""
    return Instrument(symbol=symbol, base="BTC", quote="USDT", kind="linear", quantity_step="0.01")


async def bought(sender: Sender, quantity: str) -> None:
    answer = await sender.send(quantity=quantity, market_position="long", timenow=MOMENT - 1000)
    assert answer.json()["result"]["status"] == "filled"


async def part(sender: Sender, quantity: str = "1", **fields: Any) -> httpx.Response:
    """The strategy sells and says that it is long afterwards."""
    return await sender.send(**{"action": "sell", "market_position": "long", "quantity": quantity, **fields})


def said(stage: Stage) -> list[str]:
    return [f"{order.side} {order.quantity}" for order, _ in stage.requests]


@pytest.mark.parametrize("more", [{}, {"unit": "quote"}])
async def test_a_part_of_what_is_not_held_opens_nothing(tmp_path: Path, more: dict[str, str]) -> None:
    stage = plain_stage()
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        answer = await part(sender, "100", **more)
        again = await part(sender, "100", **more)
    assert (answer.status_code, answer.json()["code"]) == (422, "NOTHING_TO_CLOSE")
    assert again.json()["code"] == "NOTHING_TO_CLOSE"
    assert stage.requests == []


async def test_an_order_to_be_sized_opens_nothing_at_any_venue(tmp_path: Path) -> None:
    """It cannot be told to reduce only."""
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        assert (await part(sender, "100", unit="quote")).json()["code"] == "NOTHING_TO_CLOSE"
    assert stage.requests == []


async def test_an_old_part_of_what_is_not_held_is_as_late_as_an_entry(tmp_path: Path) -> None:
    stage, clock = plain_stage(), HandClock()
    async with alerting(tmp_path, stage, clock=clock, account=OLD) as sender:
        clock.move(72_000)
        answer = await part(sender)
    assert (answer.status_code, answer.json()["code"]) == (422, "OUTSIDE_WINDOW")
    assert stage.requests == []


async def test_an_old_part_of_what_is_held_is_an_exit(tmp_path: Path) -> None:
    stage, clock = plain_stage(), HandClock()
    async with alerting(tmp_path, stage, clock=clock) as sender:
        await bought(sender, "3")
        clock.move(100)
        assert (await part(sender, stop_loss="1")).json()["result"]["status"] == "filled"
    assert said(stage) == ["buy 3", "sell 1"]


async def test_of_less_than_was_to_be_sold_only_that_is_sold(tmp_path: Path) -> None:
    stage = plain_stage()
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        await bought(sender, "1")
        for _ in range(2):
            assert (await part(sender, "2")).json()["result"]["status"] == "filled"
        assert await sender.hub.positions("main") == []
    assert said(stage) == ["buy 1", "sell 1"]


@pytest.mark.parametrize("stage", [Stage(), plain_stage()])
async def test_a_part_of_more_than_is_held_is_an_exit_of_what_is_held_also_after_a_gap(tmp_path: Path, stage: Stage) -> None:
    stage.requests.clear()
    async with alerting(tmp_path, stage, clock=HandClock(), key={"on_gap": "block_entries"}) as sender:
        await sender.send(market_position="long", timenow=MOMENT - 1000)
        answer = await part(sender, "2", prev_market_position="flat")
    assert answer.json()["result"]["status"] == "filled"
    assert said(stage) == ["buy 1", "sell 1"]


async def test_a_part_sells_nothing_that_another_strategy_holds_where_the_venue_enforces_reduce_only(tmp_path: Path) -> None:
    """There is something to reduce at the venue, and none of it is this strategy's."""
    stage, clock = Stage(), HandClock()
    stage.instrument = perpetual
    async with alerting(tmp_path, stage, clock=clock, account=OLD) as sender:
        await sender.send(quantity="5", strategy="b", timenow=MOMENT - 1000)
        nothing = await part(sender)
        clock.move(70)
        late = await part(sender, order_id="old")
        await sender.send(strategy="s", timenow=MOMENT + 70_000)
        less = await part(sender, "3", timenow=MOMENT + 70_000)
        [held] = await sender.hub.positions("main")
    assert (nothing.status_code, nothing.json()["code"]) == (422, "NOTHING_TO_CLOSE")
    assert late.json()["code"] == "OUTSIDE_WINDOW"
    assert less.json()["result"]["filled_quantity"] == "1"
    assert (held.strategy, held.quantity) == ("b", 5)
    assert said(stage) == ["buy 5", "buy 1", "sell 1"]


async def test_a_part_behind_an_entry_that_comes_to_nothing_may_only_reduce(tmp_path: Path) -> None:
    slow = Held(lambda order, submission: ExecutionResult(status="rejected"))
    stage = Stage(slow)
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        entry = asyncio.create_task(sender.send(quantity="3", market_position="long", timenow=MOMENT - 1000))
        await slow.reached.wait()
        exit_ = asyncio.create_task(part(sender))
        await asyncio.wait({exit_}, timeout=1.2)
        slow.go.set()
        await asyncio.wait({entry, exit_})
    assert all(order.reduce_only for order, _ in stage.requests[1:])


async def test_a_part_goes_behind_an_entry_that_takes_longer_where_the_venue_enforces_reduce_only(tmp_path: Path) -> None:
    """It is sent for what the strategy says, and not for all that the entry brings."""
    slow = Held()
    stage = Stage(slow)
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        entry = asyncio.create_task(bought(sender, "3"))
        await slow.reached.wait()
        exit_ = asyncio.create_task(part(sender))
        done, _ = await asyncio.wait({exit_}, timeout=1.2)
        assert not done
        slow.go.set()
        await entry
        assert (await exit_).json()["result"]["filled_quantity"] == "1"
    assert said(stage) == ["buy 3", "sell 1"]
    assert stage.requests[1][0].reduce_only


async def test_a_part_waits_for_the_entry_that_is_under_way(tmp_path: Path) -> None:
    """What is held is known when that is filled."""
    seen, go = asyncio.Event(), asyncio.Event()

    async def slow(order: Order, submission: Submission) -> Any:
        seen.set()
        await go.wait()
        return filled(order, submission)

    stage = Stage(slow, capabilities=evolve(CAPABILITIES, reduce_only=False))
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        entry = asyncio.create_task(bought(sender, "3"))
        await seen.wait()
        exit_ = asyncio.create_task(part(sender))
        done, _ = await asyncio.wait({exit_}, timeout=0.05)
        assert not done
        go.set()
        await entry
        assert (await exit_).json()["result"]["status"] == "filled"
        [held] = await sender.hub.positions("main")
    assert said(stage) == ["buy 3", "sell 1"]
    assert held.quantity == 2
