# SPDX-License-Identifier: MIT
"""What observers and operators learn beside outcomes: how long each stage took, what stands without a stop, a dead journal."""

import asyncio
from pathlib import Path

from fks_exec import ExecutionResult, Order, Submission, hookimpl
from fks_exec.model.events import Event, OrderConcluded
from fks_exec.testing import FaultyVenue, RefuseLeg
from fks_exec_hub import ExecutionHub
from fks_exec_hub.config import parse_config
from fks_exec_hub.journal import JournalUncertain, Outcome
from fks_exec_simulators.hosts import TheVenue
from fks_exec_simulators.seen import see
from fks_exec_simulators.stage import ACCOUNT, Stage, buy, configure, hub_on, until
from fks_exec_simulators.venues import MemoryVenue

TAKES = 0.05
"""Seconds."""


class Deliberate(MemoryVenue):
    """Takes its time."""

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        await asyncio.sleep(TAKES)
        return await super().execute_order(order, submission)


class Recorder:
    """Hears the first outcomes."""

    def __init__(self) -> None:
        self.concluded: dict[str, OrderConcluded] = {}

    @hookimpl
    def observe(self, event: Event) -> None:
        """One event."""
        if isinstance(event, OrderConcluded):
            self.concluded[event.client_order_id] = event


def order(name: str, **more: object) -> Order:
    """A market order."""
    return Order(**{"symbol": "BTC/USDT", "side": "buy", "quantity": "1", "client_order_id": name, **more})  # type: ignore[arg-type]


async def test_an_outcome_says_how_long_each_stage_took(tmp_path: Path) -> None:
    """The venue's own time is the venue's; an order that waits in its lane does not count it as anybody's."""
    recorder = Recorder()
    config = parse_config({"journal": "sqlite:j.db", "accounts": {"main": {"venue": "fake", "guards": []}}}, tmp_path)
    async with ExecutionHub.open(config, plugins=[TheVenue(Deliberate()), recorder]) as hub:
        receipts = [await hub.submit("main", order(name)) for name in ("first", "second")]
        for receipt in receipts:
            await receipt.result()
    assert set(recorder.concluded) == {"first", "second"}
    for event in recorder.concluded.values():
        assert event.guard_seconds is not None
        assert event.journal_seconds is not None
        assert event.venue_seconds is not None
        assert 0 < event.guard_seconds < TAKES
        assert 0 < event.journal_seconds < TAKES
        assert TAKES * 0.9 <= event.venue_seconds < TAKES * 2 + 5


async def test_what_is_denied_has_no_time_at_journal_or_venue(tmp_path: Path) -> None:
    """The guards took theirs."""
    recorder = Recorder()
    config = parse_config({"journal": "memory:", "accounts": {"main": {"venue": "fake", "guards": []}}}, tmp_path)
    async with ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue()), recorder]) as hub:
        result = await hub.execute_order("main", order("old", signal_time=1))
    assert result.status == "denied"
    event = recorder.concluded["old"]
    assert event.guard_seconds is not None
    assert (event.journal_seconds, event.venue_seconds) == (None, None)


async def test_a_journal_that_cannot_be_written_stands_in_the_status(tmp_path: Path) -> None:
    """Until it can be again."""
    async with hub_on(Stage(), configure(tmp_path)) as hub:
        desk, seen = hub._desks[ACCOUNT], list[str]()
        assert hub.status()[0].unwritable == ""

        async def uncertain() -> None:
            asyncio.get_running_loop().call_soon(look)
            raise JournalUncertain("an input/output error")

        def look() -> None:
            """In each tick until it can be written again."""
            if reason := hub.status()[0].unwritable:
                seen.append(reason)
            elif not seen:
                asyncio.get_running_loop().call_soon(look)

        see(desk, Outcome, uncertain)
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        await until(lambda: hub.status()[0].ready)
        assert hub.status()[0].unwritable == ""
    assert seen[0].startswith("the journal cannot be written: an input/output error")


async def test_an_entry_without_its_stop_stands_in_the_status_with_its_seconds(tmp_path: Path) -> None:
    """From its fill on, and growing, until it is protected or closed."""
    venue = FaultyVenue(protection="reduce_only_pair")
    venue.follow(RefuseLeg("NO_STOPS"))
    account = {"venue": "faulty", "poll": 0.05, "protection": {"on_failure": "keep_and_alert"}}
    async with ExecutionHub.open(configure(tmp_path, account=account), plugins=[venue.plugin]) as hub:
        assert hub.status()[0].unprotected == {}
        await hub.execute_order(ACCOUNT, order("one", stop_loss="90", take_profit="120"))
        first = hub.status()[0].unprotected
        await asyncio.sleep(0.02)
        assert set(first) == {"one"}
        assert hub.status()[0].unprotected["one"] >= first["one"] + 0.015
