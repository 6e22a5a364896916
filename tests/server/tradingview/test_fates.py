# SPDX-License-Identifier: MIT
"""Alerts behind an order whose answer was lost: what is held is not told while its fate is unknown, and is once it is known."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import evolve

import fks_exec_hub.following.unknown
from fks_exec import ExecutionResult, OrderRef
from fks_exec.testing import CAPABILITIES, FaultyVenue, Lost
from fks_exec_hub.following.unknown import Schedule
from fks_exec_simulators.alerts import MOMENT, Sender, alerting
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import Stage, until

TURN: dict[str, Any] = {
    "action": "sell",
    "quantity": "2",
    "market_position": "short",
    "prev_market_position": "long",
    "position_size": "-1",
}
TIMED_OUT = TimeoutError("no answer")


async def lost(sender: Sender) -> str:
    """The id of an entry of 1 of which nobody knows whether it came about."""
    answer = await sender.send(market_position="long", prev_market_position="flat", position_size="1", timenow=MOMENT - 1000)
    content = answer.json()
    assert (answer.status_code, content["result"]["status"]) == (202, "unknown")
    return str(content["client_order_id"])


async def part(sender: Sender, **fields: Any) -> httpx.Response:
    """The strategy sells 1 and says that it is long afterwards."""
    return await sender.send(**{"action": "sell", "market_position": "long", **fields})


async def become(sender: Sender, name: str, status: str, clock: HandClock | None = None) -> None:
    """Wait until an order is known to be so; the clock goes on meanwhile."""
    async with asyncio.timeout(8):
        while (known := await sender.hub.order("main", name)) is None or known.status != status:
            if clock is not None:
                clock.move(0.5)
            await asyncio.sleep(0.005)


async def partly_filled(sender: Sender, stage: Stage, name: str) -> None:
    """The venue tells that 0.6 of the order are filled, and that the rest of it rests."""
    venues = stage.requests[0][1].venue_client_order_id
    news = ExecutionResult(status="partially_filled", order_id="v", filled_quantity="0.6", average_price="100")
    stage.publish(OrderRef(venue_client_order_id=venues, symbol="BTC/USDT"), news)
    await become(sender, name, "partially_filled")


def said(stage: Stage) -> list[str]:
    return [f"{order.side} {order.quantity.normalize()}" for order, _ in stage.requests]


@asynccontextmanager
async def not_placed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Sender, FaultyVenue, int]]:
    """An entry that two look-ups have proved not to be there, and the moment, epoch milliseconds; it is watched further on."""
    schedule = Schedule(delays=(0.01,), slower=(0.01,), watch=(1e6,))
    monkeypatch.setattr(fks_exec_hub.following.unknown, "SCHEDULE", schedule)
    venue = FaultyVenue([Lost()], capabilities=evolve(CAPABILITIES, request_ttl=1.0, publishes=False))
    clock, table = HandClock(), {"venue": "faulty", "polls_per_second": 100_000.0, "poll": 1000.0}
    async with alerting(folder, Stage(), venue.plugin, clock=clock, account=table) as sender:
        name = await lost(sender)
        await become(sender, name, "not_placed", clock)
        yield sender, venue, clock.now()


async def test_a_reversal_behind_an_entry_that_was_not_placed_opens_only_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with not_placed(tmp_path, monkeypatch) as (sender, venue, now):
        answer = await sender.send(**TURN, timenow=now, symbol="BTC/USDT")
        assert answer.json()["result"]["filled_quantity"] == "1"
        assert venue.position("BTC/USDT") == -1


async def test_a_part_behind_an_entry_that_was_not_placed_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a venue that enforces reduce-only too: others may hold something there."""
    async with not_placed(tmp_path, monkeypatch) as (sender, venue, now):
        placed = venue.count("place")
        answer = await part(sender, timenow=now)
        assert venue.count("place") == placed
    assert (answer.status_code, answer.json()["code"]) == (422, "NOTHING_TO_CLOSE")


async def test_a_reversal_behind_an_entry_of_which_a_part_was_found_closes_that_part(tmp_path: Path) -> None:
    stage = Stage(TIMED_OUT)
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        await partly_filled(sender, stage, await lost(sender))
        await sender.send(**TURN)
        await until(lambda: len(stage.requests) == 3)
    assert said(stage) == ["buy 1", "sell 0.6", "sell 1"]


async def test_an_exit_behind_an_entry_of_which_a_part_was_found_passes_the_limits_of_its_key(tmp_path: Path) -> None:
    stage = Stage(TIMED_OUT)
    async with alerting(tmp_path, stage, clock=HandClock(), key={"orders_a_minute": 1}) as sender:
        await partly_filled(sender, stage, await lost(sender))
        answer = await sender.send(action="sell", quantity="0.6")
    assert answer.json()["result"]["status"] == "filled"


async def test_behind_an_order_that_is_still_looked_up_a_part_is_left_to_the_venue(tmp_path: Path) -> None:
    """It enforces that nothing is opened, and knows what is there."""
    stage = Stage(TIMED_OUT)
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        await lost(sender)
        await part(sender)
    assert said(stage) == ["buy 1", "sell 1"]
    assert stage.requests[1][0].reduce_only


async def test_an_entry_that_is_refused_hides_no_order_before_it(tmp_path: Path) -> None:
    """What is held is not known by its outcome."""
    stage = Stage(TIMED_OUT)
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        await lost(sender)
        refused = await sender.send(market_position="long", timenow=MOMENT - 500, order_id="second")
        assert refused.status_code == 422
        await part(sender)
    assert said(stage) == ["buy 1", "sell 1"]
