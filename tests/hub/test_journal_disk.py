# SPDX-License-Identifier: MIT
"""The SQLite journal on a disk that fills up, fails and stalls; and what group commit promises about the disk."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import apsw
import pytest
from blockbuster import BlockBuster

from fks_exec_hub.journal import (
    Exists,
    Fenced,
    HaltState,
    JournalError,
    JournalStep,
    JournalUnavailable,
    JournalUncertain,
    Term,
    Written,
)
from fks_exec_hub.journal.sqlite import SqliteJournal, open_sqlite
from fks_exec_hub.testing.steps import ACCOUNT, accept, halt, intent, key, names, note, outcome
from fks_exec_simulators.disk import FaultyDisk, io_error
from fks_exec_simulators.stage import until

_numbers = itertools.count()

FULL = apsw.FullError("simulated")
FSYNC = io_error(apsw.SQLITE_IOERR_FSYNC)
WRITE = io_error(apsw.SQLITE_IOERR_WRITE)


@pytest.fixture
def disk() -> Iterator[FaultyDisk]:
    disk = FaultyDisk(f"faulty-{next(_numbers)}")
    yield disk
    disk.unregister()


@pytest.fixture
async def journal(disk: FaultyDisk, tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    journal = await open_sqlite(tmp_path / "j.db", vfs=disk.name, max_pending=50)
    yield journal
    disk.gate.set()
    disk.on_write = disk.on_sync = None
    await journal.close()


@pytest.fixture
async def term(journal: SqliteJournal) -> Term:
    return await journal.claim(ACCOUNT)


# -- durable before the answer


async def test_the_log_is_synced_after_its_last_write_and_before_the_answer(journal: SqliteJournal, disk: FaultyDisk) -> None:
    for number in range(5):
        disk.record.clear()
        await journal.write(accept(f"o-{number}"))
        assert ("write", "-wal") in disk.record
        assert disk.record[-1] == ("sync", "-wal")


async def test_no_answer_comes_while_the_disk_has_not_answered(journal: SqliteJournal, disk: FaultyDisk) -> None:
    disk.gate.clear()
    written = asyncio.ensure_future(journal.write(accept()))
    await asyncio.sleep(0.1)
    assert not written.done()
    disk.gate.set()
    await asyncio.wait_for(written, 5)


async def test_nothing_can_be_read_before_it_is_durable(journal: SqliteJournal, disk: FaultyDisk) -> None:
    disk.gate.clear()
    written = asyncio.ensure_future(journal.write(accept()))
    await asyncio.sleep(0.05)
    assert await journal.order(key()) is None
    assert await journal.pending(ACCOUNT) == []
    disk.gate.set()
    await written
    assert await journal.order(key()) is not None


async def test_what_waits_for_the_disk_is_stored_by_one_fsync(journal: SqliteJournal, disk: FaultyDisk) -> None:
    disk.gate.clear()
    first = journal.write(accept("first"))
    await asyncio.sleep(0.05)
    waiting = [journal.write(accept(f"o-{number}")) for number in range(40)]
    before = disk.syncs()
    disk.gate.set()
    await asyncio.gather(first, *waiting)
    assert disk.syncs() - before == 2


@pytest.mark.parametrize("then", [intent(), outcome(status="denied")], ids=["intent", "denial"])
async def test_an_accept_and_what_follows_in_one_write_are_one_commit(
    journal: SqliteJournal, term: Term, disk: FaultyDisk, then: JournalStep
) -> None:
    await journal.write(accept("before"))
    before = disk.syncs()
    await journal.write(accept(), then, term=term)
    assert disk.syncs() - before == 1


@pytest.mark.parametrize("fault", ["full", "fsync"])
async def test_of_an_accept_and_an_intent_in_one_write_a_fault_leaves_both_or_none(
    journal: SqliteJournal, term: Term, disk: FaultyDisk, fault: str
) -> None:
    disk.on_write, disk.on_sync = (FULL, None) if fault == "full" else (None, FSYNC)
    with pytest.raises(JournalUnavailable if fault == "full" else JournalUncertain):
        await journal.write(accept(), intent(), term=term)
    disk.on_write = disk.on_sync = None
    await journal.claim(ACCOUNT)
    assert await journal.pending(ACCOUNT) == []
    order, named = await journal.order(key()), await journal.by_venue_id(ACCOUNT, "v-order-1")
    assert order == named
    assert order is None or len(order.attempts) == 1
    assert await journal.verify() == []


async def test_the_loop_runs_while_the_disk_stalls(journal: SqliteJournal, disk: FaultyDisk) -> None:
    await journal.write(accept())
    disk.delay = 0.3
    written = asyncio.ensure_future(journal.write(accept("slow")))
    await asyncio.sleep(0.02)
    start = time.monotonic()
    for _ in range(20):
        await journal.order(key())
        await journal.halt(ACCOUNT)
        await journal.pending(ACCOUNT)
    assert time.monotonic() - start < 0.2
    assert not written.done()
    await written


async def test_nothing_blocks_the_loop(tmp_path: Path) -> None:
    blockbuster = BlockBuster()
    blockbuster.activate()
    try:
        journal = await open_sqlite(tmp_path / "j.db")
        term = await journal.claim(ACCOUNT)
        await journal.write(accept(), intent(), outcome(), term=term)
        await journal.order(key())
        await journal.verify()
        await journal.close()
    finally:
        blockbuster.deactivate()


# -- the queue


async def test_beyond_the_bound_writes_are_refused_at_once(journal: SqliteJournal, disk: FaultyDisk) -> None:
    disk.gate.clear()
    waiting = [journal.write(accept(f"o-{number}")) for number in range(50)]
    refused = asyncio.ensure_future(journal.write(accept("late")))
    assert refused.done()
    with pytest.raises(JournalUnavailable, match="50 steps wait"):
        await refused
    disk.gate.set()
    await asyncio.gather(*waiting)
    await journal.write(accept("late"))
    assert len(await journal.pending(ACCOUNT)) == 51


async def test_close_waits_for_the_disk(journal: SqliteJournal, disk: FaultyDisk) -> None:
    disk.gate.clear()
    written = journal.write(accept())
    closing = asyncio.ensure_future(journal.close())
    await asyncio.sleep(0.05)
    assert not closing.done()
    disk.gate.set()
    await closing
    assert isinstance(await written, Written)


# -- a full disk


async def test_a_full_disk_proves_that_nothing_is_stored(journal: SqliteJournal, term: Term, disk: FaultyDisk) -> None:
    await journal.write(accept("before"))
    disk.on_write = FULL
    writes = [journal.write(accept(name)) for name in ("a", "b")] + [journal.write(note(), term=term)]
    for result in await asyncio.gather(*writes, return_exceptions=True):
        assert isinstance(result, JournalUnavailable)
        assert "is full: free some space" in str(result)
    assert names(await journal.pending(ACCOUNT)) == ["before"]
    disk.on_write = None
    term = await journal.claim(ACCOUNT)
    await journal.write(accept("a"), intent("a"), term=term)
    assert names(await journal.unresolved(ACCOUNT)) == ["a"]
    assert await journal.note(ACCOUNT, "nonce", "n") is None
    assert await journal.verify() == []


@pytest.mark.parametrize("queued", ["in the next group", "after the failure is known"])
@pytest.mark.parametrize("later", ["intent", "accept", "halt"])
async def test_nothing_of_an_account_is_stored_after_a_group_that_was_not(
    journal: SqliteJournal, term: Term, disk: FaultyDisk, queued: str, later: str
) -> None:
    """The next order of a lane may be asked for while the last outcome commits: it must not be stored without that."""
    await journal.write(accept("a"), intent("a"), accept("b"), term=term)
    steps: dict[str, JournalStep] = {"intent": intent("b"), "accept": accept("c"), "halt": halt(HaltState.REDUCING)}
    disk.on_sync = FULL  # at the fsync, not at a write, so that the gate holds the group meanwhile
    disk.gate.clear()
    disk.record.clear()
    lost = journal.write(outcome("a"), term=term)
    await until(lambda: ("write", "-wal") in disk.record)
    waiting = [journal.write(steps[later], term=term)] if queued == "in the next group" else []
    disk.gate.set()
    with pytest.raises(JournalUnavailable, match="is full"):
        await lost
    disk.on_sync = None
    waiting = waiting or [journal.write(steps[later], term=term)]
    with pytest.raises(JournalUnavailable, match="'paper' failed; claim"):
        await waiting[0]
    assert names(await journal.pending(ACCOUNT)) == ["b"]
    assert names(await journal.unresolved(ACCOUNT)) == ["a"]
    term = await journal.claim(ACCOUNT)
    await journal.write(outcome("a"), steps[later], term=term)
    assert await journal.verify() == []


async def test_a_group_that_was_not_stored_holds_back_its_own_accounts_only(
    journal: SqliteJournal, term: Term, disk: FaultyDisk
) -> None:
    other = await journal.claim("other")
    disk.on_write = FULL
    with pytest.raises(JournalUnavailable):
        await journal.write(accept())
    disk.on_write = None
    await journal.write(accept(account="other"), intent(account="other"), term=other)
    with pytest.raises(JournalUnavailable, match="'paper' failed; claim"):
        await journal.write(note(), term=term)


async def test_a_refusal_for_a_condition_or_a_full_queue_holds_nothing_back(
    journal: SqliteJournal, term: Term, disk: FaultyDisk
) -> None:
    await journal.write(accept())
    for refused in (accept(), outcome("never")):
        with pytest.raises(JournalError):
            await journal.write(refused, term=term)
    disk.gate.clear()
    waiting = [journal.write(accept(f"o-{number}")) for number in range(50)]
    with pytest.raises(JournalUnavailable, match="50 steps wait"):
        await journal.write(intent(), term=term)
    disk.gate.set()
    await asyncio.gather(*waiting)
    await journal.write(intent(), term=term)


async def test_conditions_forget_what_a_full_disk_did_not_store(journal: SqliteJournal, term: Term, disk: FaultyDisk) -> None:
    await journal.write(accept(), intent(), term=term)
    disk.on_write = FULL
    lost = [journal.write(halt(HaltState.HALTED)), journal.write(intent(attempt=2), term=term)]
    await asyncio.gather(*lost, return_exceptions=True)
    disk.on_write = None
    term = await journal.claim(ACCOUNT)
    await journal.write(intent(attempt=2), term=term)
    with pytest.raises(Exists):
        await journal.write(intent(attempt=1), term=term)
    assert await journal.verify() == []


async def test_a_write_error_before_the_commit_proves_that_nothing_is_stored(tmp_path: Path, disk: FaultyDisk) -> None:
    journal = await open_sqlite(tmp_path / "j.db", vfs=disk.name)
    disk.on_write = WRITE
    # Larger than the page cache, so that SQLite writes pages before the commit.
    large = [accept(f"o-{number}", instruction="x" * 1_000_000) for number in range(25)]
    with pytest.raises(JournalUnavailable, match="input/output error"):
        await journal.write(*large)
    disk.on_write = None
    assert await journal.orders() == []
    await journal.claim(ACCOUNT)
    await journal.write(accept("after"))
    assert names(await journal.orders()) == ["after"]
    assert await journal.verify() == []
    await journal.close()


async def test_a_full_disk_does_not_keep_a_journal_from_opening(tmp_path: Path, disk: FaultyDisk) -> None:
    await (await open_sqlite(tmp_path / "j.db", vfs=disk.name)).close()
    disk.on_write = FULL
    with pytest.raises(JournalUnavailable, match="is full"):
        await open_sqlite(tmp_path / "new.db", vfs=disk.name)
    disk.on_write = None


# -- an input/output error at the commit


@pytest.mark.parametrize("fault", [FSYNC, WRITE], ids=["fsync", "write"])
async def test_an_io_error_at_the_commit_leaves_the_group_uncertain(
    journal: SqliteJournal, term: Term, disk: FaultyDisk, fault: Exception
) -> None:
    disk.on_write, disk.on_sync = (None, fault) if fault is FSYNC else (fault, None)
    writes = [journal.write(accept(name)) for name in "ab"]
    for result in await asyncio.gather(*writes, return_exceptions=True):
        assert isinstance(result, JournalUncertain)
        assert "stored or not" in str(result)
    disk.on_write = disk.on_sync = None
    with pytest.raises(JournalUnavailable, match="claim"):
        await journal.write(accept("c"))
    with pytest.raises(JournalUnavailable, match="claim"):
        await journal.write(note(), term=term)


async def test_claim_settles_what_was_uncertain(journal: SqliteJournal, term: Term, disk: FaultyDisk, tmp_path: Path) -> None:
    await journal.write(accept("before"))
    disk.on_sync = FSYNC
    with pytest.raises(JournalUncertain):
        await journal.write(accept(), intent(), term=term)
    disk.on_sync = None
    newest = await journal.claim(ACCOUNT)
    settled = [names(await journal.pending(ACCOUNT)), names(await journal.unresolved(ACCOUNT))]
    # What a power cut would leave: both files, without the shared memory that says how far the log is valid.
    for end in ("", "-wal"):
        shutil.copy(tmp_path / f"j.db{end}", tmp_path / f"after.db{end}")
    after = await open_sqlite(tmp_path / "after.db")
    assert [names(await after.pending(ACCOUNT)), names(await after.unresolved(ACCOUNT))] == settled
    assert await after.verify() == []
    await after.close()
    with pytest.raises(Fenced):
        await journal.write(note(), term=term)
    await journal.write(note(), term=newest)


async def test_without_claim_an_uncertain_write_may_come_back(journal: SqliteJournal, disk: FaultyDisk, tmp_path: Path) -> None:
    """Why it is called uncertain: the frames reached the log, only their fsync failed."""
    disk.on_sync = FSYNC
    with pytest.raises(JournalUncertain):
        await journal.write(accept())
    assert await journal.order(key()) is None
    for end in ("", "-wal"):
        shutil.copy(tmp_path / f"j.db{end}", tmp_path / f"after.db{end}")
    after = await open_sqlite(tmp_path / "after.db")
    assert names(await after.pending(ACCOUNT)) == ["order-1"]
    await after.close()


async def test_claim_fails_with_a_sentence_while_the_disk_does(journal: SqliteJournal, disk: FaultyDisk) -> None:
    disk.on_sync = FSYNC
    with pytest.raises(JournalUncertain):
        await journal.write(accept())
    for _ in range(2):
        with pytest.raises(JournalUnavailable, match="cannot be settled yet"):
            await journal.claim(ACCOUNT)
    with pytest.raises(JournalUnavailable):
        await journal.write(accept())
    disk.on_sync = None
    await journal.claim(ACCOUNT)
    if await journal.order(key()) is None:
        await journal.write(accept())
    assert await journal.verify() == []


async def test_claim_replaces_a_file_that_stays_broken(journal: SqliteJournal, disk: FaultyDisk) -> None:
    disk.break_open_files()
    with pytest.raises(JournalUncertain):
        await journal.write(accept())
    await journal.claim(ACCOUNT)
    await journal.write(accept("after"))
    assert await journal.verify() == []


async def test_each_account_of_the_uncertain_group_claims_for_itself(
    journal: SqliteJournal, term: Term, disk: FaultyDisk
) -> None:
    other, third = await journal.claim("other"), await journal.claim("third")
    disk.on_sync = FSYNC
    lost = [journal.write(note(account=account), term=t) for account, t in ((ACCOUNT, term), ("other", other))]
    await asyncio.gather(*lost, return_exceptions=True)
    disk.on_sync = None
    term = await journal.claim(ACCOUNT)
    await journal.write(note(name="2"), term=term)
    with pytest.raises(JournalUnavailable, match="'other' failed; claim"):
        await journal.write(accept(account="other"))
    await journal.write(note(account="third"), term=third)
    disk.on_sync = FSYNC
    with pytest.raises(JournalUncertain):
        await journal.write(note(name="3"), term=term)
    disk.on_sync = None
    await journal.claim(ACCOUNT)
    with pytest.raises(JournalUnavailable, match="'other' failed; claim"):
        await journal.write(accept(account="other"))
    await journal.claim("other")
    await journal.write(accept(account="other"))


async def test_a_claim_of_one_account_lets_nothing_pass_what_the_fault_kept_another_from_writing(
    journal: SqliteJournal, term: Term, disk: FaultyDisk
) -> None:
    await journal.write(accept("a"), intent("a"), accept("b"), term=term)
    disk.on_sync = FSYNC
    with pytest.raises(JournalUncertain):
        await journal.write(accept(account="other"))
    disk.on_sync = None
    lost = journal.write(outcome("a"), term=term)
    claimed = asyncio.ensure_future(journal.claim("other"))
    await asyncio.sleep(0)  # the claim takes its place in the queue
    behind = journal.write(intent("b"), term=term)
    results = await asyncio.gather(lost, claimed, behind, return_exceptions=True)
    assert [type(result).__name__ for result in results] == ["JournalUnavailable", "Term", "JournalUnavailable"]
    assert names(await journal.pending(ACCOUNT)) == ["b"]


async def test_a_journal_closes_after_a_fault(disk: FaultyDisk, tmp_path: Path) -> None:
    journal = await open_sqlite(tmp_path / "j.db", vfs=disk.name)
    disk.on_sync = FSYNC
    with pytest.raises(JournalUncertain):
        await journal.write(accept())
    with pytest.raises(JournalUnavailable):
        await journal.claim(ACCOUNT)
    await journal.close()
    disk.on_sync = None
    journal = await open_sqlite(tmp_path / "j.db", vfs=disk.name)
    assert await journal.verify() == []
    await journal.close()


async def test_another_programs_lock_is_waited_for_and_named(tmp_path: Path) -> None:
    journal = await open_sqlite(tmp_path / "j.db")
    await journal.write(accept())
    other = apsw.Connection(str(tmp_path / "j.db"))
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.ensure_future(journal.write(accept("waits")))
    await asyncio.sleep(0.2)
    other.execute("ROLLBACK")
    await waiting
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalUnavailable, match="another program holds a lock"):
        await journal.write(accept("refused"))
    other.execute("ROLLBACK")
    other.close()
    assert names(await journal.pending(ACCOUNT)) == ["order-1", "waits"]
    await journal.close()
