# SPDX-License-Identifier: MIT
"""A trading day: where it begins, what it is measured by, also after a restart, and the halt that its loss brings."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from fks_exec import FksExecError
from fks_exec_hub.accounts.day import NAME, NAMESPACE, Day, day_of
from fks_exec_hub.accounts.settings import DayConfig
from fks_exec_hub.config import HubConfig, parse_config
from fks_exec_hub.journal import HaltState, Journal, JournalError, open_sqlite
from fks_exec_hub.journal.memory import MemoryJournal
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import ACCOUNT, Stage, buy, configure, hub_on, journal_of, until

NEW_YORK = DayConfig(start="17:00", timezone="America/New_York")
BERLIN = DayConfig(start="02:30", timezone="Europe/Berlin")


def at(text: str, zone: str = "America/New_York") -> int:
    """Epoch milliseconds of a local time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1000


@pytest.mark.parametrize(
    ("now", "start", "hours"),
    [
        ("2026-03-06T16:59:59", "2026-03-05T17:00", 24),
        ("2026-03-06T17:00:00", "2026-03-06T17:00", 24),
        ("2026-03-08T12:00:00", "2026-03-07T17:00", 23),  # the clocks go forward
        ("2026-11-01T12:00:00", "2026-10-31T17:00", 25),  # and back
        ("2026-01-01T00:00:00", "2025-12-31T17:00", 24),
    ],
)
def test_a_day_begins_at_a_local_time_also_where_the_clocks_change(now: str, start: str, hours: int) -> None:
    first, end = day_of(at(now), NEW_YORK)
    assert (first, (end - first) / 3_600_000) == (at(start), hours)


def test_a_start_that_the_clocks_leave_out_or_repeat_still_comes_once_a_day() -> None:
    """02:30 does not exist on 29 March 2026 in Berlin, and comes twice on 25 October."""
    forward = day_of(at("2026-03-29T12:00", "Europe/Berlin"), BERLIN)
    assert forward[0] == at("2026-03-29T03:30", "Europe/Berlin")
    assert day_of(forward[0] - 1, BERLIN) == (at("2026-03-28T02:30", "Europe/Berlin"), forward[0])
    back = day_of(at("2026-10-25T12:00", "Europe/Berlin"), BERLIN)
    assert back == (at("2026-10-25T02:30", "Europe/Berlin"), at("2026-10-26T02:30", "Europe/Berlin"))
    assert (back[1] - back[0]) / 3_600_000 == 25


class FullDisk(MemoryJournal):
    """Takes no note while it is full."""

    full = False

    async def write(self, *steps: object, **more: object) -> object:  # type: ignore[override]
        """As told."""
        if self.full:
            raise JournalError("no space left")
        return await super().write(*steps, **more)  # type: ignore[arg-type]


NOON = at("2026-03-06T12:00")


async def day_in(journal: Journal, clock: HandClock, currency: str = "USDT") -> Day:
    """As a host makes it at its start."""
    term = await journal.claim(ACCOUNT)
    return Day(ACCOUNT, NEW_YORK, currency, journal, lambda: term, clock)


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOON)


@asynccontextmanager
async def at_disk(folder: Path) -> AsyncIterator[Journal]:
    journal = await open_sqlite(folder / "day.db")
    try:
        yield journal
    finally:
        await journal.close()


async def test_a_day_is_measured_by_the_first_equity_that_was_seen_on_it(clock: HandClock) -> None:
    day, told = await day_in(MemoryJournal(), clock), []
    day.listeners.append(lambda loss, start: told.append((loss, start)))
    assert day.start() is None
    await day.see(Decimal(1000))
    clock.move(3600)
    await day.see(Decimal(900))
    await day.see(Decimal(1100))
    assert day.start() == 1000
    assert told == [(0, 1000), (100, 1000), (-100, 1000)]


async def test_the_next_day_begins_with_the_first_equity_after_its_start(clock: HandClock) -> None:
    day = await day_in(MemoryJournal(), clock)
    await day.see(Decimal(1000))
    clock.move(5 * 3600 - 1)
    assert day.start() == 1000
    clock.move(1)
    assert day.start() is None
    await day.see(Decimal(900))
    assert day.start() == 900


async def test_a_clock_that_goes_back_over_the_start_does_not_begin_another_day(clock: HandClock) -> None:
    day = await day_in(MemoryJournal(), clock)
    await day.see(Decimal(1000))
    clock.move(5 * 3600)
    await day.see(Decimal(900))
    clock.move(-2)
    await day.see(Decimal(500))
    clock.move(3)
    assert day.start() == 900


async def test_a_restart_in_the_middle_of_a_day_keeps_what_it_began_with(tmp_path: Path, clock: HandClock) -> None:
    async with at_disk(tmp_path) as journal:
        day = await day_in(journal, clock)
        await day.see(Decimal(1000))
        await day.transfer("-200", "paid out")
    clock.move(3600)
    async with at_disk(tmp_path) as journal:
        day, told = await day_in(journal, clock), []
        day.listeners.append(lambda loss, start: told.append((loss, start)))
        await day.see(Decimal(790))
        assert (day.start(), told) == (800, [(10, 800)])


async def test_where_no_host_ran_over_the_start_the_first_equity_counts_and_the_note_says_how_late(
    tmp_path: Path, clock: HandClock
) -> None:
    async with at_disk(tmp_path) as journal:
        await (await day_in(journal, clock)).see(Decimal(1000))
    clock.move(6 * 3600)
    async with at_disk(tmp_path) as journal:
        day = await day_in(journal, clock)
        await day.see(Decimal(700))
        note = await journal.note(ACCOUNT, NAMESPACE, NAME)
    assert day.start() == 700
    assert note is not None
    assert json.loads(note.value)["late"] == 3600


async def test_an_equity_of_another_currency_is_no_start(tmp_path: Path, clock: HandClock) -> None:
    async with at_disk(tmp_path) as journal:
        await (await day_in(journal, clock)).see(Decimal(1000))
        day = await day_in(journal, clock, currency="BTC")
        await day.see(Decimal("0.02"))
        assert day.start() == Decimal("0.02")


async def test_a_transfer_is_no_profit_and_no_loss(clock: HandClock) -> None:
    day, told = await day_in(MemoryJournal(), clock), []
    with pytest.raises(ValueError, match="not known yet"):
        await day.transfer(5, "too early")
    await day.see(Decimal(1000))
    await day.transfer("500.5", "paid in")
    day.listeners.append(lambda loss, start: told.append((loss, start)))
    await day.see(Decimal("1490.5"))
    assert told == [(10, Decimal("1500.5"))]


async def test_a_start_that_could_not_be_written_counts_and_is_written_with_the_next_look(clock: HandClock) -> None:
    journal = FullDisk()
    day = await day_in(journal, clock)
    journal.full = True
    await day.see(Decimal(1000))
    assert day.start() == 1000
    with pytest.raises(JournalError):
        await day.transfer(5, "does not count")
    journal.full = False
    await day.see(Decimal(990))
    assert day.start() == 1000
    assert (await journal.note(ACCOUNT, NAMESPACE, NAME)) is not None


def limited(folder: Path) -> HubConfig:
    """An account that may lose a tenth in a day."""
    account = {"venue": "stage", "guards": ["daily_loss"], "currency": "USDT", "max_equity_age": 0.05}
    top = {"journal": "sqlite:fks-exec.db", "accounts": {ACCOUNT: account}, "guards": {"daily_loss": {"percent": 10}}}
    return parse_config(top, folder)


async def test_a_day_s_loss_halts_the_account_without_any_order(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, limited(tmp_path)) as hub:
        desk = hub._desks[ACCOUNT]
        await until(lambda: desk.day.start() == 100_000)
        assert desk.halt.state is HaltState.ACTIVE
        stage.equity = "89999"
        await until(lambda: desk.halt.state is HaltState.REDUCING)
        assert (await hub.execute_order(ACCOUNT, buy())).code in ("HALTED", "DAILY_LOSS")
    async with hub_on(stage, limited(tmp_path)) as hub:
        await until(lambda: hub._desks[ACCOUNT].day.start() == 100_000)


async def test_without_a_guard_that_needs_it_nothing_is_asked_and_nothing_noted(tmp_path: Path) -> None:
    async with hub_on(Stage(), configure(tmp_path, guards=["confidence"], account={"max_equity_age": 0.01})) as hub:
        assert await hub._desks[ACCOUNT].day_equity() is None
    async with journal_of(tmp_path) as journal:
        assert await journal.note(ACCOUNT, NAMESPACE, NAME) is None


async def test_what_was_taken_out_is_no_loss(tmp_path: Path) -> None:
    """Told to the hub by whoever knows; before the day's start is known it is refused."""
    async with hub_on(Stage(), configure(tmp_path)) as hub:
        day = hub._desks[ACCOUNT].day
        with pytest.raises(FksExecError, match="not known yet"):
            await hub.transfer(ACCOUNT, "-5000", "rent")
        await day.see(Decimal(100_000))
        await hub.transfer(ACCOUNT, "-5000", "rent")
        assert day.start() == 95_000
