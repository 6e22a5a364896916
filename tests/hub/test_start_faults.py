# SPDX-License-Identifier: MIT
"""The journal fails while a host starts: what the killed host had sent is not sent again, what was queued is sent once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from fks_exec.convert import canonical, digest
from fks_exec_hub.journal import Accept, Intent, JournalStep, Key, Outcome, Term, Written
from fks_exec_hub.journal.sqlite import SqliteJournal
from fks_exec_simulators.disk import DiskJournals, FaultyDisk
from fks_exec_simulators.stage import ACCOUNT, Stage, buy, configure, hub_on, journal_of, sell, until


@pytest.fixture
def disk() -> Iterator[FaultyDisk]:
    disk = FaultyDisk("start")
    yield disk
    disk.unregister()


async def left_behind(folder: Path, symbols: list[str], now: int) -> None:
    """A killed host: of each instrument one exit was sent, another one was queued."""
    async with journal_of(folder) as journal:
        term = await journal.claim(ACCOUNT)
        for name in ("sent", "queued"):
            for symbol in symbols:
                order = sell("1", symbol, client_order_id=f"{name}-{symbol[:2]}")
                key = Key(ACCOUNT, order.client_order_id or "")
                text = canonical(order)
                await journal.write(Accept(key=key, lane=symbol, digest=digest(order), instruction=text, time=now))
                if name == "sent":
                    intent = Intent(key=key, venue_client_order_id=f"V{symbol[:2]}", reducing=True, time=now)
                    await journal.write(intent, term=term)


async def test_a_fault_of_the_journal_during_the_start_sends_nothing_twice(
    tmp_path: Path, disk: FaultyDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    symbols = [f"S{number}/USDT" for number in range(4)]
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        for symbol in symbols:
            await hub.execute_order(ACCOUNT, buy("5", symbol))
        now = hub.clock.now()
    await left_behind(tmp_path, symbols, now)
    stage.requests.clear()
    plain, begun = SqliteJournal.write, list[bool]()

    def write(self: SqliteJournal, *steps: JournalStep, term: Term | None = None) -> Awaitable[Written]:
        if not begun and any(isinstance(step, Outcome) for step in steps):
            begun.append(True)
            disk.on_write = apsw.FullError("simulated")
            asyncio.get_running_loop().call_later(0.05, heal)
        return plain(self, *steps, term=term)

    def heal() -> None:
        disk.on_write = None

    monkeypatch.setattr(SqliteJournal, "write", write)
    config: Any = configure(tmp_path, journal="disk:fks-exec.db", account={"after_fault": "resume"})
    async with hub_on(stage, config, DiskJournals(disk)) as hub:
        await until(lambda: hub.status()[0].ready and len(stage.requests) >= len(symbols))
        assert Counter(stage.ids) == {f"queued-{symbol[:2]}": 1 for symbol in symbols}
        for symbol in symbols:
            sent = await hub.journal.order(Key(ACCOUNT, f"sent-{symbol[:2]}"))
            assert sent is not None
            assert (sent.status, len(sent.attempts)) == ("unknown", 1)
