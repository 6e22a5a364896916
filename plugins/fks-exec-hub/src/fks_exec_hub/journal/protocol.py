# SPDX-License-Identifier: MIT
"""What any journal engine promises: the steps, the records it returns, what it raises.

A journal is a plugin too (``fks_exec_journals``), so that a shared engine can take SQLite's place. It stores texts: the
hub makes and reads the documents (JSON), an engine never looks into one. Times are epoch milliseconds and data, made
by the host: no condition looks at a clock.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol

from attrs import field, frozen

from fks_exec.errors import FksExecError


class Key(NamedTuple):
    """What an order is known by, for ever: the account and the client's id."""

    account: str
    client_order_id: str


class HaltState(StrEnum):
    """What an account may do: everything, only reduce, nothing but cancel."""

    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"


@frozen(kw_only=True)
class Accept:
    """The caller's instruction, before anything is done about it. Fails with :class:`Exists` for a known key.

    Args:
        lane: the canonical symbol.
        digest: of the instruction as normalised.
        instruction: the normalised instruction, JSON.
        raw: what arrived, byte for byte, with secrets blanked; None from a program.
    """

    key: Key
    lane: str
    digest: str
    instruction: str
    raw: bytes | None = None
    time: int


@frozen(kw_only=True)
class Intent:
    """The venue is about to be called: durable before the call.

    Args:
        purpose: ``order``, ``cancel``, ``amend``, ``protect`` or ``close``.
        attempt: 1 for the first; unique with key, purpose and leg.
        leg: ``""`` for the order itself, else the leg's name.
        reducing: whether the order only reduces; an entry's intent fails with :class:`Halted` in ``reducing`` too.
        decision: what the guards saw, JSON.
    """

    key: Key
    purpose: str = "order"
    attempt: int = 1
    leg: str = ""
    venue_client_order_id: str
    reducing: bool = False
    decision: str = "{}"
    time: int


@frozen(kw_only=True)
class Outcome:
    """The order's state as known now, the last one counts; or what became of a cancel, an amend, a leg.

    Args:
        purpose: of the intent that it answers; only ``order`` and ``close`` say what the order itself is.
        status: one of the statuses of an ExecutionResult.
        terminal: no further change is expected.
        result: the ExecutionResult, JSON.
    """

    key: Key
    purpose: str = "order"
    attempt: int = 1
    leg: str = ""
    status: str
    terminal: bool
    result: str
    time: int


@frozen(kw_only=True)
class FillStep:
    """One fill; once per (account, trade id): a second one with the same id fails with :class:`Exists`.

    Args:
        leg: ``""`` for the order itself.
        fill: the Fill, JSON.
    """

    key: Key
    trade_id: str
    leg: str = ""
    fill: str
    time: int


@frozen(kw_only=True)
class PositionStep:
    """A position after the fills of the same write; the last one of (account, lane, strategy) counts.

    Args:
        position: JSON, made by the hub; ``""`` when there is nothing to keep (the row goes away).
    """

    account: str
    lane: str
    strategy: str = ""
    position: str
    time: int


@frozen(kw_only=True)
class HaltStep:
    """What the account may do from here on. Never refused; ordered with the intents."""

    account: str
    state: HaltState
    reason: str = ""
    time: int


@frozen(kw_only=True)
class Note:
    """A small fact under (account, namespace, key).

    Args:
        when: ``always``; ``absent`` fails with :class:`Exists` if there is one; ``greater`` fails with :class:`Exists` unless
            ``number`` is greater than the stored one's (a missing one is smaller than any).
        number: what ``greater`` compares.
    """

    account: str
    namespace: str
    name: str
    value: str
    number: int = 0
    when: Literal["always", "absent", "greater"] = "always"
    time: int


@frozen(kw_only=True)
class NamedStep:
    """A named step of a longer action (close, reverse, legs), so that it resumes; the last one of a name counts."""

    key: Key
    name: str
    data: str
    time: int


JournalStep = Accept | Intent | Outcome | FillStep | PositionStep | HaltStep | Note | NamedStep


@frozen(kw_only=True)
class Attempt:
    """One intent as stored."""

    purpose: str
    attempt: int
    leg: str
    venue_client_order_id: str
    reducing: bool
    decision: str
    time: int


@frozen(kw_only=True)
class Recorded:
    """An order as the journal knows it.

    ``status`` is ``pending`` until an outcome is stored; with an attempt to place it and no outcome it may be at the venue.
    """

    key: Key
    position: int
    lane: str
    digest: str
    instruction: str
    raw: bytes | None
    accepted_at: int
    status: str
    terminal: bool
    result: str | None
    attempts: tuple[Attempt, ...] = ()


@frozen(kw_only=True)
class FillRecord:
    """One fill as stored."""

    key: Key
    trade_id: str
    leg: str
    fill: str
    time: int


@frozen(kw_only=True)
class PositionRecord:
    """One position as stored."""

    lane: str
    strategy: str
    position: str


@frozen(kw_only=True)
class NoteRecord:
    """One note as stored."""

    value: str
    number: int


@frozen(kw_only=True)
class HaltRecord:
    """What the account may do, since when and why."""

    state: HaltState
    reason: str
    time: int


@frozen(kw_only=True)
class Event:
    """One step as stored, in the order of writing.

    Args:
        kind: ``accept``, ``intent``, ``outcome``, ``fill``, ``position``, ``halt``, ``note`` or ``step``.
        body: the step, JSON.
    """

    position: int
    account: str
    client_order_id: str
    kind: str
    body: str
    time: int


@frozen
class Written:
    """Where the last step of a write stands; grows within an account."""

    position: int


@frozen
class Term:
    """A claim on an account; ``hold`` are the seconds for which sending is allowed, from before an intent was asked for."""

    number: int
    hold: float = field(default=float("inf"))


class JournalError(FksExecError):
    """What a journal raises."""


class Exists(JournalError):
    """The key (or the fill, or the note) is there already, as ``recorded``; nothing of this write was stored."""

    def __init__(self, recorded: Recorded | FillRecord | NoteRecord) -> None:
        super().__init__("already recorded")
        self.recorded = recorded


class Halted(JournalError):
    """The intent came after a halt; nothing of this write was stored."""

    def __init__(self, record: HaltRecord) -> None:
        super().__init__(f"the account is {record.state}{': ' + record.reason if record.reason else ''}")
        self.record = record


class Fenced(JournalError):
    """A newer claim on the account exists; nothing of this write was stored."""


class JournalUnavailable(JournalError):
    """Proved: nothing of this write was stored."""


class JournalUncertain(JournalError):
    """It may be stored or not: nothing is sent for the account until ``claim`` and the reads have settled it."""


class JournalInUse(JournalError):
    """Another process owns the journal.

    Args:
        pid: the owner's process id; 0 if it cannot be read.
    """

    def __init__(self, where: str, pid: int) -> None:
        mine = "another hub of this same process; close that one, or go on with it"
        other = f"process {pid}; stop it first, or ask it over HTTP"
        super().__init__(f"{where} is owned by {mine if pid == os.getpid() else other}")
        self.where = where
        self.pid = pid


class Journal(Protocol):
    """One engine.

    ``write`` is a plain function: *the call itself* takes the place in the order, the await waits until it is durable.
    All steps of one write name one account; all of them are stored, or none. A condition looks at its key, the account's
    term and its halt, at nothing else.
    """

    def write(self, *steps: JournalStep, term: Term | None = None) -> Awaitable[Written]:
        """Store the steps. Raises Exists, Halted, Fenced, JournalUnavailable, JournalUncertain.

        Accept and halt need no term; intent, outcome, fill, position, note and step need the newest one (``Fenced``).
        Pending writes are bounded; beyond the bound ``JournalUnavailable`` at once. After a commit that failed all writes of
        its accounts are refused until ``claim``, also those that were queued before the failure was known.
        """

    async def claim(self, account: str) -> Term:
        """From the return on no write with an older term is stored."""

    async def order(self, key: Key) -> Recorded | None:
        """One order, with all its attempts."""

    async def by_venue_id(self, account: str, venue_client_order_id: str) -> Recorded | None:
        """The order one of whose intents, of whatever purpose, gave the venue this id; of several the one accepted last."""

    async def pending(self, account: str, lane: str | None = None) -> list[Recorded]:
        """Accepted orders with neither an intent to place them nor an outcome, in lane order."""

    async def unresolved(self, account: str) -> list[Recorded]:
        """Orders with an intent to place them and no outcome, or whose outcome is ``unknown``; in order."""

    async def open(self, account: str) -> list[Recorded]:
        """Orders with an outcome that is neither terminal nor ``unknown``; in order."""

    async def fills(self, key: Key) -> list[FillRecord]:
        """All fills of one order, its legs included, in order."""

    async def positions(self, account: str) -> list[PositionRecord]:
        """The positions that are not flat or have brought something."""

    async def orders(self, account: str | None = None, *, limit: int = 100) -> list[Recorded]:
        """The newest orders, newest first."""

    async def accounts(self) -> list[str]:
        """The accounts that an order was accepted for, by name; also those that no configuration has any more."""

    async def halt(self, account: str) -> HaltRecord:
        """What the account may do; ``active`` since 0 if never halted."""

    async def note(self, account: str, namespace: str, name: str) -> NoteRecord | None:
        """One note."""

    async def steps(self, key: Key) -> dict[str, str]:
        """The last data of each named step of an order."""

    async def history(self, key: Key) -> list[Event]:
        """Everything stored about one order, in order."""

    def accepted(self, account: str, after: int = 0) -> AsyncIterator[Recorded]:
        """Orders accepted after a position, in order, and then as they come."""

    async def verify(self) -> list[str]:
        """Sentences that say what was changed from outside; empty when all is as written."""

    async def close(self) -> None:
        """Write what is queued, then let go."""


@frozen(kw_only=True)
class JournalType:
    """What ``fks_exec_journals`` yields.

    Args:
        scheme: the part of the configuration's ``journal`` before the colon.
        open: called with the rest of it (a path made absolute) and ``read_only``. Raises JournalInUse, JournalUnavailable.
    """

    scheme: str
    open: Callable[..., Awaitable[Journal]]
