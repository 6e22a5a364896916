# SPDX-License-Identifier: MIT
"""How long alerts wait for one another, for a quote, for the disk: no longer than their sender does."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from fks_exec.testing import FaultyVenue
from fks_exec.testing.faulty.placing import AcceptThenHang
from fks_exec_simulators.alerts import MOMENT, Sender, alerting
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.disk import DiskJournals, FaultyDisk
from fks_exec_simulators.stage import Stage

LONG = {"market_position": "long", "prev_market_position": "long", "signal_price": "100"}
KEYS: list[dict[str, Any]] = [{"collar_percent": "1"}, {"max_notional": "1000"}]


@asynccontextmanager
async def without_quotes(folder: Path, key: dict[str, Any]) -> AsyncIterator[tuple[Sender, FaultyVenue]]:
    """A strategy that holds 1, at a venue that does not answer who asks for a quote."""
    venue, clock = FaultyVenue(), HandClock()
    async with alerting(folder, Stage(), venue.plugin, clock=clock, key=key, account={"venue": "faulty"}) as sender:
        await sender.send(**LONG, position_size="1", symbol="BTC/USDT", timenow=MOMENT - 1000)
        assert venue.position("BTC/USDT") == 1
        clock.move(10)
        venue.choose(lambda request: AcceptThenHang(on="quote") if request.kind == "quote" else None)
        yield sender, venue
        venue.choose(None)
        venue.release()


async def entry(sender: Sender, number: int, **fields: Any) -> httpx.Response:
    return await sender.send(**{**LONG, "symbol": "BTC/USDT", "order_id": str(number), **fields})


@pytest.mark.parametrize("key", KEYS)
async def test_where_no_quote_comes_every_alert_is_answered_while_its_sender_waits(tmp_path: Path, key: dict[str, Any]) -> None:
    async with without_quotes(tmp_path, key) as (sender, venue):
        began = time.monotonic()
        answers = await asyncio.gather(*(entry(sender, number) for number in range(4)))
        assert time.monotonic() - began < 2.5
        assert venue.position("BTC/USDT") == 1
    assert [answer.status_code for answer in answers] == [503] * 4


@pytest.mark.parametrize("key", KEYS)
async def test_an_exit_waits_for_no_entrys_look_and_what_it_overtook_is_not_sent(tmp_path: Path, key: dict[str, Any]) -> None:
    """All of one second: the exit would have closed what the entries opened."""
    async with without_quotes(tmp_path, key) as (sender, venue):
        asked = venue.count("quote")
        entries = [asyncio.create_task(entry(sender, number)) for number in range(3)]
        await venue.arrived("quote", asked + 1)
        began = time.monotonic()
        exit_ = await entry(sender, 9, action="sell", market_position="flat")
        assert time.monotonic() - began < 0.8
        assert exit_.json()["result"]["status"] == "filled"
        venue.choose(None)
        venue.release()
        answers = await asyncio.gather(*entries)
        assert venue.position("BTC/USDT") == 0
        following = await entry(sender, 4)
        assert following.status_code == 200
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(422, "LATE")] * 3


async def test_entries_are_taken_in_their_order_whatever_is_looked_up_for_them(tmp_path: Path) -> None:
    """One without a price to compare waits for the look of the one before it."""
    async with without_quotes(tmp_path, {"collar_percent": "1", "mode": "target"}) as (sender, venue):
        asked = venue.count("quote")
        first = asyncio.create_task(entry(sender, 1, position_size="3", quantity=None))
        await venue.arrived("quote", asked + 1)
        second = asyncio.create_task(entry(sender, 2, position_size="2", quantity=None, signal_price=None))
        await asyncio.wait({second}, timeout=0.1)
        venue.choose(None)
        venue.release()
        await asyncio.gather(first, second)
        assert venue.position("BTC/USDT") == 2


async def test_an_alert_that_cannot_be_written_down_in_time_comes_again_and_is_known_then(tmp_path: Path) -> None:
    disk, stage = FaultyDisk("turns"), Stage()
    async with alerting(tmp_path, stage, DiskJournals(disk), clock=HandClock(), journal="disk:j.db") as sender:
        disk.gate.clear()
        began = time.monotonic()
        first = await sender.send()
        took = time.monotonic() - began
        disk.gate.set()
        again = await sender.send()
    disk.unregister()
    assert took < 2.9
    assert (first.status_code, first.json()["code"]) == (503, "JOURNAL_UNAVAILABLE")
    assert again.json()["result"]["status"] == "filled"
    assert len(stage.requests) == 1


async def test_who_may_not_trade_an_instrument_is_told_so_whatever_its_venue_does(tmp_path: Path) -> None:
    """Nothing is looked up for it, and the alerts of others do not wait for that."""
    venue, key = FaultyVenue(), {"symbols": ["ETH/USDT"]}
    venue.choose(lambda request: AcceptThenHang(on="instrument") if request.kind == "instrument" else None)
    async with alerting(tmp_path, Stage(), venue.plugin, clock=HandClock(), key=key, account={"venue": "faulty"}) as sender:
        part = await entry(sender, 1, action="sell")
        venue.choose(None)
        venue.release()
    assert (part.status_code, part.json()["code"]) == (403, "SCOPE_SYMBOL")


async def test_a_part_of_an_exit_waits_for_the_rules_of_its_instrument_no_longer_than_its_sender(tmp_path: Path) -> None:
    """And no other alert waits for longer."""
    venue = FaultyVenue()
    venue.choose(lambda request: AcceptThenHang(on="instrument") if request.kind == "instrument" else None)
    async with alerting(tmp_path, Stage(), venue.plugin, clock=HandClock(), account={"venue": "faulty"}) as sender:
        began = time.monotonic()
        part = await entry(sender, 1, action="sell")
        took = time.monotonic() - began
        venue.choose(None)
        venue.release()
    assert (part.status_code, part.json()["code"]) == (503, "ACCOUNT_NOT_READY")
    assert took < 2
