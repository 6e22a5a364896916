# SPDX-License-Identifier: MIT
"""Named steps of an order's life at which a host kills itself: a journal and venues that stand around the real ones."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from attrs import evolve
from processes import say

from fks_exec import ExecutionResult, Order, OrderRef, OrderUpdate, Protection, Submission, VenueType, hookimpl
from fks_exec.testing import REMOTE, RemoteFaultyVenue
from fks_exec_hub.exits.family import ENTRY, STOP, role_of
from fks_exec_hub.journal import Accept, Intent, JournalStep, JournalType, Outcome, Recorded, Term, Written
from fks_exec_hub.journal.sqlite import SqliteJournal, open_sqlite
from fks_exec_simulators.remote import Connection, RemoteVenue

ON_ITS_WAY = 0.006
"""Seconds at most between the last byte of a question to the venue and a kill during the call."""


class Killer:
    """Kills its own process, at one step, when it has been passed so often.

    Args:
        point: one of ``plan.POINTS``; empty: never.
        passes: the number of the pass that is the last.
    """

    def __init__(self, point: str, passes: int) -> None:
        self._point = point
        self._passes = passes
        self.unknown: set[str] = set()
        """The clients' ids of the orders whose fate is unknown."""

    def due(self, point: str) -> bool:
        """Count a pass; whether it is the last."""
        if point != self._point:
            return False
        self._passes -= 1
        return self._passes <= 0

    def at(self, point: str) -> None:
        """Pass a step."""
        if self.due(point):
            self.kill()

    def kill(self) -> None:
        """As kill -9 from outside."""
        say(killed=self._point)
        os.kill(os.getpid(), signal.SIGKILL)


class KillingJournal:
    """SQLite, with steps at which the host may die."""

    def __init__(self, journal: SqliteJournal, killer: Killer) -> None:
        self._journal = journal
        self._killer = killer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def write(self, *steps: JournalStep, term: Term | None = None) -> Awaitable[Written]:
        """As the engine does."""
        if any(isinstance(step, Accept) and role_of(step.key.client_order_id) == ENTRY for step in steps):
            self._killer.at("between exit and entry")
        outcome = next((step for step in steps if isinstance(step, Outcome) and step.status != "denied"), None)
        if outcome is not None:
            self._killer.at("before the outcome")
        written = asyncio.ensure_future(self._journal.write(*steps, term=term))
        for kind, point in ((Intent, "after intent"), (Accept, "after accept")):
            if any(isinstance(step, kind) for step in steps):
                written.add_done_callback(partial(self._durable, point))
                break
        if outcome is not None:
            self._note(outcome.key.client_order_id, outcome.status)
            written.add_done_callback(partial(self._durable, "after the outcome"))
        return written

    async def unresolved(self, account: str) -> list[Recorded]:
        """As the engine does."""
        found = await self._journal.unresolved(account)
        self._killer.unknown.update(recorded.key.client_order_id for recorded in found)
        return found

    def _durable(self, point: str, written: asyncio.Future[Written]) -> None:
        if not written.cancelled() and written.exception() is None:
            self._killer.at(point)

    def _note(self, name: str, status: str) -> None:
        if status == "unknown":
            self._killer.unknown.add(name)
        else:
            self._killer.unknown.discard(name)


class KillingJournals:
    """A plugin: journals of the scheme ``chaos``.

    Args:
        vfs: the name of the file system under it; None: the machine's.
    """

    __name__ = "chaos"

    def __init__(self, killer: Killer, vfs: str | None) -> None:
        self._killer = killer
        self._vfs = vfs

    @hookimpl
    def fks_exec_journals(self) -> Sequence[JournalType]:
        """One scheme."""
        return [JournalType(scheme="chaos", open=self._open)]

    async def _open(self, place: str, *, read_only: bool = False) -> KillingJournal:
        return KillingJournal(await open_sqlite(place, read_only=read_only, vfs=self._vfs), self._killer)


class KillingVenue(RemoteVenue):
    """The remote exchange, with steps at which the host may die."""

    def __init__(self, killer: Killer) -> None:
        super().__init__()
        self._killer = killer

    async def talk(self, connection: Connection, method: str, path: str, content: object) -> tuple[int, Any]:
        """Question and answer."""
        await connection.send(method, path, content)
        placing = method == "POST"
        if placing and self._killer.due("during the call"):
            await asyncio.sleep(random.random() * ON_ITS_WAY)
            self._killer.kill()
        answer = await connection.receive()
        if placing:
            self._killer.at("after the call")
        return answer

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        point = "during resolution" if ref.client_order_id in self._killer.unknown else "during follow"
        return await self._looking(point, partial(super().fetch_order, ref))

    @hookimpl
    async def fetch_open_orders(self) -> list[OrderUpdate]:
        return await self._looking("during follow", super().fetch_open_orders)

    async def _looking(self, point: str, look: Callable[[], Awaitable[Any]]) -> Any:
        """The last pass ends before the question or with the answer at hand."""
        last = self._killer.due(point)
        if last and random.random() < 0.5:
            self._killer.kill()
        found = await look()
        if last:
            self._killer.kill()
        return found


class KillingGuard(RemoteFaultyVenue):
    """A venue that takes stops and targets, with steps at which the host may die."""

    def __init__(self, killer: Killer) -> None:
        super().__init__()
        self._killer = killer

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        result = await super().execute_order(order, submission)
        if result.filled_quantity:
            self._killer.at("between fill and stop")
        return result

    @hookimpl
    async def protect_position(self, protection: Protection, submission: Submission) -> ExecutionResult:
        stop = protection.role == STOP
        self._killer.at("between fill and stop" if stop else "between stop and target")
        if self._killer.due("during the call"):
            asyncio.get_running_loop().call_later(random.random() * ON_ITS_WAY, self._killer.kill)
        result = await super().protect_position(protection, submission)
        self._killer.at("between stop and target" if stop else "after the call")
        return result


class KillingGuards:
    """A plugin: venues of the type ``guarded``."""

    __name__ = "guarded"

    def __init__(self, killer: Killer) -> None:
        self._killer = killer

    @hookimpl
    def fks_exec_venues(self) -> Sequence[VenueType]:
        """One type."""
        return [evolve(REMOTE, name="guarded", create=lambda: KillingGuard(self._killer))]
