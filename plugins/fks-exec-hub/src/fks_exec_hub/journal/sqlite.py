# SPDX-License-Identifier: MIT
"""The SQLite journal: one file, one owner, durable before it answers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import apsw

from .codec import encode_all
from .faults import sentence
from .news import News
from .owner import OwnerLock
from .protocol import (
    Event,
    FillRecord,
    HaltRecord,
    JournalStep,
    JournalUnavailable,
    Key,
    NoteRecord,
    PositionRecord,
    Recorded,
    Term,
    Written,
)
from .reads import Reads
from .schema import check_place, close_quietly, connect, make_file
from .store import Store
from .verify import verify
from .writer import Writer

P = ParamSpec("P")
R = TypeVar("R")

#: What a damaged file makes of a read; a change of text or JSON shows as one of the last three.
_UNREADABLE = (apsw.Error, ValueError, LookupError, TypeError)

#: Seconds between two looks of a follower that has no writer to wake it.
POLL = 0.1


class SqliteFiles:
    """What an opened journal holds of the system: the lock, the writer's store, two connections for reading."""

    def __init__(self, path: str | os.PathLike[str], *, read_only: bool, vfs: str | None) -> None:
        where = os.path.realpath(path)
        self.where: str = where
        self.lock: OwnerLock | None = None
        self.store: Store | None = None
        self._readers: list[Reads] = []
        try:
            check_place(where, read_only=read_only)
            if not read_only:
                self.lock = OwnerLock.take(where)
                make_file(where)
                self.store = Store(where, vfs)
            # Two: short look-ups are made on the loop, lists in a thread.
            self.near: Reads = self._reader(where, vfs)
            self.far: Reads = self._reader(where, vfs)
            self.near.connection.set_busy_timeout(0)  # the loop must not wait for a lock; the thread may
        except OSError as error:
            self.close()
            raise JournalUnavailable(sentence(error, where)) from None
        except BaseException:
            self.close()
            raise

    def _reader(self, where: str, vfs: str | None) -> Reads:
        reads = Reads(connect(where, read_only=True, vfs=vfs))
        self._readers.append(reads)
        return reads

    def close(self) -> None:
        """Readers first: the last connection writes the WAL back and removes it."""
        for reads in self._readers:
            close_quietly(reads.connection)
        if self.store is not None:
            self.store.close()
        if self.lock is not None:
            self.lock.release()


class SqliteJournal:
    """Made by :func:`open_sqlite`; belongs to the loop that opened it."""

    def __init__(self, files: SqliteFiles, *, max_pending: int, vfs: str | None) -> None:
        self.where: str = files.where
        self._vfs = vfs
        self._files = files
        self._loop = asyncio.get_running_loop()
        self._news = News()
        self._thread = ThreadPoolExecutor(1, "fks-exec journal reads")
        self._closing: asyncio.Future[None] | None = None
        self._writer: Writer | None = None
        if files.store is not None:
            self._writer = Writer(files.store, self._loop, self._news.tell, max_pending)

    def write(self, *steps: JournalStep, term: Term | None = None) -> Awaitable[Written]:
        """Store the steps; see the protocol."""
        if self._writer is not None:
            return self._writer.write(steps, term)
        encode_all(steps)
        refused: asyncio.Future[Written] = self._loop.create_future()
        refused.set_exception(JournalUnavailable(f"nothing stored: {self.where} is open for reading only"))
        return refused

    async def claim(self, account: str) -> Term:
        """A newer term; after a fault also the repair: the file is opened again and what is in it made sure."""
        if self._writer is None:
            raise JournalUnavailable(f"{self.where} is open for reading only")
        return await self._writer.claim(account)

    async def order(self, key: Key) -> Recorded | None:
        """One order, with all its attempts."""
        return await self._near(Reads.order, key)

    async def by_venue_id(self, account: str, venue_client_order_id: str) -> Recorded | None:
        """The order one of whose intents gave the venue this id."""
        return await self._far(Reads.by_venue_id, account, venue_client_order_id)

    async def halt(self, account: str) -> HaltRecord:
        """What the account may do."""
        return await self._near(Reads.halt, account)

    async def note(self, account: str, namespace: str, name: str) -> NoteRecord | None:
        """One note."""
        return await self._near(Reads.note, account, namespace, name)

    async def pending(self, account: str, lane: str | None = None) -> list[Recorded]:
        """Accepted orders with neither an intent to place them nor an outcome, in lane order."""
        return await self._far(Reads.pending, account, lane)

    async def unresolved(self, account: str) -> list[Recorded]:
        """Orders whose last attempt has no outcome, or ``unknown``; in order."""
        return await self._far(Reads.unresolved, account)

    async def open(self, account: str) -> list[Recorded]:
        """Orders with an outcome that is neither terminal nor ``unknown``; in order."""
        return await self._far(Reads.open, account)

    async def fills(self, key: Key) -> list[FillRecord]:
        """All fills of one order, its legs included, in order."""
        return await self._far(Reads.fills, key)

    async def positions(self, account: str) -> list[PositionRecord]:
        """The positions that are not flat or have brought something."""
        return await self._far(Reads.positions, account)

    async def orders(self, account: str | None = None, *, limit: int = 100) -> list[Recorded]:
        """The newest orders, newest first."""
        return await self._far(Reads.orders, account, limit)

    async def accounts(self) -> list[str]:
        """The accounts that an order was accepted for, by name."""
        return await self._far(Reads.accounts)

    async def steps(self, key: Key) -> dict[str, str]:
        """The last data of each named step of an order."""
        return await self._far(Reads.steps, key)

    async def history(self, key: Key) -> list[Event]:
        """Everything stored about one order, in order."""
        return await self._far(Reads.history, key)

    def accepted(self, account: str, after: int = 0) -> AsyncIterator[Recorded]:
        """Orders accepted after a position, then new ones as they come, until ``close``."""
        return self._news.follow(account, after, self._page, None if self._writer is not None else POLL)

    async def verify(self) -> list[str]:
        """Sentences that say what was changed from outside; reads the whole file, in a thread of its own."""
        self._refuse_if_closed()
        return await asyncio.to_thread(verify, self.where, self._vfs)

    async def close(self) -> None:
        """Write what is queued, then let go of the file and the lock; a second call waits for the first."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        if self._writer is not None:
            await self._writer.stop()
        self._news.end()
        await self._loop.run_in_executor(self._thread, self._files.close)
        self._thread.shutdown(wait=False)

    def _refuse_if_closed(self) -> None:
        if self._closing is not None:
            raise JournalUnavailable(f"{self.where} is closed")

    async def _page(self, account: str, after: int, limit: int) -> list[Recorded]:
        return [] if self._closing is not None else await self._far(Reads.accepted, account, after, limit)

    async def _near(self, read: Callable[..., R], *values: object) -> R:
        """On the loop: tens of microseconds, less than the way to a thread and back."""
        self._refuse_if_closed()
        try:
            return read(self._files.near, *values)
        except apsw.BusyError:
            return await self._far(read, *values)
        except _UNREADABLE as error:
            raise JournalUnavailable(sentence(error, self.where)) from None

    async def _far(self, read: Callable[..., R], *values: object) -> R:
        self._refuse_if_closed()
        try:
            return await self._loop.run_in_executor(self._thread, read, self._files.far, *values)
        except _UNREADABLE as error:
            raise JournalUnavailable(sentence(error, self.where)) from None


async def open_sqlite(
    where: str | os.PathLike[str], *, read_only: bool = False, max_pending: int = 20_000, vfs: str | None = None
) -> SqliteJournal:
    """Open a journal file, made if there is none.

    Args:
        where: the file's path; a second one, with ``.lock`` at its end, stands beside it.
        read_only: look without owning it, also while its owner runs.
        max_pending: steps that may wait for the disk; beyond it writes are refused at once.
        vfs: the name of a SQLite file system, for tests of disk faults.

    Raises:
        JournalInUse: it has an owner.
        JournalUnavailable: it cannot be used; the text says why.
    """
    files = await asyncio.to_thread(SqliteFiles, where, read_only=read_only, vfs=vfs)
    return SqliteJournal(files, max_pending=max_pending, vfs=vfs)
