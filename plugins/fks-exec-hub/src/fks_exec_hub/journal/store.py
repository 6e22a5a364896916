# SPDX-License-Identifier: MIT
"""Groups of writes, each checked by itself and all stored in one transaction. Belongs to the writer's thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import apsw
from attrs import define

from .bulk import BulkInsert
from .chain import link
from .codec import ACCOUNT_STEPS, KINDS, account_of
from .faults import proves_nothing_stored, sentence
from .projection import Projection
from .protocol import (
    Accept,
    FillRecord,
    FillStep,
    HaltRecord,
    JournalError,
    JournalStep,
    JournalUnavailable,
    JournalUncertain,
    Key,
    NoteRecord,
    Recorded,
    Term,
    Written,
)
from .reads import Reads
from .schema import close_quietly, connect
from .state import OrderState, check

_EVENTS = BulkInsert("events", 7)

#: Seconds for which ``claim`` waits for readers to let the WAL be written back after a fault.
SETTLE_WAIT = 2.0


@define
class Write:
    """One write on its way."""

    future: asyncio.Future[Written]
    steps: Sequence[JournalStep]
    bodies: Sequence[str]
    term: Term | None


class Store:
    """The journal file as its only writer sees it: conditions, events, chain, projection, commit."""

    def __init__(self, where: str, vfs: str | None = None) -> None:
        self._where = where
        self._vfs = vfs
        self._terms: dict[str, int] = {}
        self._fault = ""
        self._unsettled: set[str] = set()
        self._connection: apsw.Connection | None = None
        self._open()

    def _open(self) -> None:
        connection = connect(self._where, vfs=self._vfs)
        self._connection = connection
        self._reads = Reads(connection)
        self._projection = Projection(connection)
        self._events: list[apsw.SQLiteValue] = []
        self._position, self._hash = read_head(connection, self._where)
        self._stored = self._position, self._hash

    @property
    def _file(self) -> apsw.Connection:
        if self._connection is None:
            raise JournalUnavailable(f"{self._where} is closed")
        return self._connection

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            close_quietly(self._connection)
            self._connection = None

    def store(self, writes: Sequence[Write]) -> list[Written | JournalError]:
        """Check and store; one result for each write, in order. Never raises."""
        if self._fault:
            self._unsettle(writes)
            return [JournalUnavailable(self._fault) for _ in writes]
        connection, committing = self._file, False
        try:
            connection.execute("BEGIN IMMEDIATE")
            keys = _keys(writes)
            self._projection.prefetch(keys)
            self._projection.prefetch_trades(_trades(writes))
            results = [self._try(write) for write in writes]
            self._flush()
            committing = True
            connection.execute("COMMIT")
        except Exception as error:
            return self._failed(error, writes, committing=committing)
        self._stored = self._position, self._hash
        self._projection.trim(keys)
        return results

    def _try(self, write: Write) -> Written | JournalError:
        try:
            if self._unsettled:
                self._refuse_unsettled(account_of(write.steps[0]))
            check(write.steps, write.term, self)
        except JournalError as error:
            return error
        for step, body in zip(write.steps, write.bodies, strict=True):
            self._append(step, body)
        return Written(self._position)

    def _refuse_unsettled(self, account: str) -> None:
        if account in self._unsettled:
            raise JournalUnavailable(f"nothing stored: an earlier write of account {account!r} failed; claim the account first")

    def _append(self, step: JournalStep, body: str) -> None:
        self._position = position = self._position + 1
        name = account_of(step)
        account = self._projection.account_id(name)
        order: OrderState | None = None
        if isinstance(step, Accept):
            order = self._projection.accept(step.key, step.lane, position)
        else:
            if not isinstance(step, ACCOUNT_STEPS):
                order = self._projection.order_state(step.key)
            self._projection.apply(step, position, account, order)
        order_position = None if order is None else order.position
        kind = KINDS[type(step)]
        self._hash = link(self._hash, position, name, order_position or 0, kind, step.time, body)
        self._events += (position, account, order_position, kind, step.time, body, self._hash)

    def _flush(self) -> None:
        if not self._events:
            return
        _EVENTS.store(self._file, self._events)
        self._events = []
        self._projection.flush()
        self._file.execute("UPDATE head SET count = ?, hash = ?", (self._position, self._hash))

    def _failed(self, error: Exception, writes: Sequence[Write], *, committing: bool) -> list[Written | JournalError]:
        rolled_back = self._roll_back()
        why = sentence(error, self._where)
        if not rolled_back or (committing and not proves_nothing_stored(error)):
            self._fault = f"nothing stored: the journal stopped at an earlier fault ({why}); claim the account again"
        self._unsettle(writes)
        if committing and self._fault:
            return [JournalUncertain(f"{why}; what was being written may be stored or not") for _ in writes]
        return [JournalUnavailable(f"nothing stored: {why}") for _ in writes]

    def _unsettle(self, writes: Sequence[Write]) -> None:
        """What is queued behind these writes may rest on them: it must not be stored without them."""
        self._unsettled |= {account_of(write.steps[0]) for write in writes}

    def _roll_back(self) -> bool:
        self._events = []
        self._position, self._hash = self._stored
        self._projection.forget()
        try:
            if self._file.in_transaction:
                self._file.execute("ROLLBACK")
        except apsw.Error:
            return False
        return not self._file.in_transaction

    def claim(self, account: str) -> Term:
        """A newer term; after a fault, first open the file again and make sure what is in it."""
        if self._fault:
            self._settle()
        self._unsettled.discard(account)
        self._terms[account] = number = self.term(account) + 1
        return Term(number)

    def _settle(self) -> None:
        try:
            self.close()
            self._open()
            prove_durable(self._file)
        except Exception as error:
            why = str(error) if isinstance(error, JournalError) else sentence(error, self._where)
            raise JournalUnavailable(f"the journal cannot be settled yet: {why}") from None
        self._fault = ""

    def term(self, account: str) -> int:
        """The number of the newest claim; 0 if none."""
        return self._terms.get(account, 0)

    def halt_record(self, account: str) -> HaltRecord:
        """What the account may do."""
        known = self._projection.halt(account)
        if known is None:
            known = self._reads.halt(account)
            self._projection.learn_halt(account, known)
        return known

    def order_state(self, key: Key) -> OrderState | None:
        """One order."""
        return self._projection.order_state(key)

    def intents_of(self, order: OrderState) -> set[tuple[str, str, int]]:
        """All intents of an order; the file has all of them as long as this process has not added any."""
        if order.intents is None:
            self._flush()
            order.intents = self._reads.intents(order.position)
        return order.intents

    def recorded(self, order: OrderState) -> Recorded:
        """The whole record of an order."""
        self._flush()
        return self._reads.order_at(order.position)

    def fill_record(self, account: str, trade_id: str) -> FillRecord | None:
        """The fill with this trade id."""
        place = self._projection.account_id(account), trade_id
        if place in self._projection.new_fills:
            self._flush()
        elif place not in self._projection.stored_trades:
            return None
        return self._reads.fill(account, trade_id)

    def note_record(self, account: str, namespace: str, name: str) -> NoteRecord | None:
        """One note."""
        new = self._projection.new_notes.get((self._projection.account_id(account), namespace, name))
        return self._reads.note(account, namespace, name) if new is None else new[1]


def _trades(writes: Sequence[Write]) -> list[tuple[str, str]]:
    return [(s.key.account, s.trade_id) for write in writes for s in write.steps if isinstance(s, FillStep)]


def _keys(writes: Sequence[Write]) -> list[Key]:
    named = {step.key: None for write in writes for step in write.steps if not isinstance(step, ACCOUNT_STEPS)}
    return list(named)


def read_head(connection: apsw.Connection, where: str) -> tuple[int, bytes]:
    """Count and hash of the last event. Raises JournalUnavailable if they do not fit the events."""
    row: tuple[int, bytes] | None = connection.execute("SELECT count, hash FROM head").fetchone()
    last = connection.execute("SELECT position, hash FROM events ORDER BY position DESC LIMIT 1").fetchone()
    if row is None or (last or (0, bytes(32))) != row:
        raise JournalUnavailable(
            f"{where} was changed from outside: its last event is not the one that its head names; "
            "run `fks-exec journal verify` and restore a backup"
        )
    return row


def prove_durable(connection: apsw.Connection) -> None:
    """After a failed fsync: write everything again, so that what the reads say is what a power cut would leave.

    The system may have dropped the pages of the failed fsync while it still shows them. Writing the WAL back to the
    database file makes new ones; the commit after it proves that the disk takes writes.
    """
    deadline = time.monotonic() + SETTLE_WAIT
    while _is_log_held(connection):
        if time.monotonic() > deadline:
            raise apsw.BusyError("a reader holds the write-ahead log")
        time.sleep(0.01)
    connection.execute("UPDATE head SET count = count")


def _is_log_held(connection: apsw.Connection) -> bool:
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.BusyError:
        return True
    return False
