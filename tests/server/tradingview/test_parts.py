# SPDX-License-Identifier: MIT
"""Parts of exits where the venue enforces no reduce-only: what is held decides what they are, and nothing is opened."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import evolve

from fks_exec import Order, Submission
from fks_exec_simulators.alerts import MOMENT, Sender, alerting
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import CAPABILITIES, Stage, filled

OLD = {"max_order_age": 86400}


def plain_stage() -> Stage:
    """A venue that knows no reduce-only."""
    return Stage(capabilities=evolve(CAPABILITIES, reduce_only=False))


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


async def test_a_part_of_more_than_is_held_after_a_gap_is_held_back_with_the_entries(tmp_path: Path) -> None:
    stage = plain_stage()
    async with alerting(tmp_path, stage, clock=HandClock(), key={"on_gap": "block_entries"}) as sender:
        await sender.send(market_position="long", timenow=MOMENT - 1000)
        answer = await part(sender, "2", prev_market_position="flat")
    assert (answer.status_code, answer.json()["code"]) == (422, "SIGNAL_GAP")
    assert said(stage) == ["buy 1"]


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
