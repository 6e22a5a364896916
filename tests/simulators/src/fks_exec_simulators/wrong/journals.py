# SPDX-License-Identifier: MIT
"""Wrong journals: each breaks one promise, and keeps the others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from attrs import evolve

from fks_exec_hub.journal import (
    Accept,
    FillStep,
    HaltStep,
    Intent,
    JournalStep,
    MemoryJournal,
    Note,
    Outcome,
    Recorded,
    Term,
    Written,
)
from fks_exec_hub.journal.codec import account_of
from fks_exec_hub.testing.journals import CLASSES

from .matrix import Mutant


class Changing(MemoryJournal):
    """Stores something else than it was given."""

    def change(self, step: JournalStep) -> JournalStep:
        """What it stores instead."""
        return step

    def write(self, *steps: JournalStep, term: Term | None = None) -> Awaitable[Written]:
        return super().write(*(self.change(step) for step in steps), term=term)


class TwoAccounts(MemoryJournal):
    def write(self, *steps: JournalStep, term: Term | None = None) -> Awaitable[Written]:
        accounts = dict.fromkeys(map(account_of, steps))
        if len(accounts) < 2:
            return super().write(*steps, term=term)
        for account in accounts:
            done = super().write(*(step for step in steps if account_of(step) == account), term=term)
        return done


class NotAtomic(MemoryJournal):
    def write(self, *steps: JournalStep, term: Term | None = None) -> Awaitable[Written]:
        known = [step for step in steps if isinstance(step, Accept) and step.key in self._tables.orders]
        if not known or known[0] is steps[0]:
            return super().write(*steps, term=term)
        super().write(*steps[: steps.index(known[0])], term=term)
        return super().write(known[0], term=term)


class ByName(MemoryJournal):
    async def pending(self, account: str, lane: str | None = None) -> list[Recorded]:
        return sorted(await super().pending(account, lane), key=lambda order: order.key)


class ForgetsKeys(MemoryJournal):
    def write(self, *steps: JournalStep, term: Term | None = None) -> Awaitable[Written]:
        for step in steps:
            order = self._tables.orders.get(step.key) if isinstance(step, Accept) else None
            if order is not None and order.outcome_step is not None and order.outcome_step.terminal:
                del self._tables.orders[order.key]
        return super().write(*steps, term=term)


class OlderTermAccepts(MemoryJournal):
    def write(self, *steps: JournalStep, term: Term | None = None) -> Awaitable[Written]:
        free = all(isinstance(step, Accept | HaltStep) for step in steps)
        return super().write(*steps, term=None if free else term)


class ForgetsDecisions(Changing):
    def change(self, step: JournalStep) -> JournalStep:
        return evolve(step, decision="{}") if isinstance(step, Intent) else step


class AmendsWhileReducing(Changing):
    def change(self, step: JournalStep) -> JournalStep:
        return evolve(step, reducing=True) if isinstance(step, Intent) and step.purpose == "amend" else step


class ForgetsHalts(MemoryJournal):
    async def claim(self, account: str) -> Term:
        self._tables.halts.pop(account, None)
        return await super().claim(account)


class LegIsTheOrder(Changing):
    def change(self, step: JournalStep) -> JournalStep:
        return evolve(step, leg="", purpose="order") if isinstance(step, Outcome) and step.leg else step


class NewestNameOnly(MemoryJournal):
    async def by_venue_id(self, account: str, venue_client_order_id: str) -> Recorded | None:
        found = await super().by_venue_id(account, venue_client_order_id)
        newest = found and found.attempts[-1].venue_client_order_id == venue_client_order_id
        return found if newest else None


class TradeTwice(MemoryJournal):
    def write(self, *steps: JournalStep, term: Term | None = None) -> Awaitable[Written]:
        for step in steps:
            if isinstance(step, FillStep):
                known = self._tables.fills.get((step.key.account, step.trade_id))
                if known is not None and known.key != step.key:
                    del self._tables.fills[step.key.account, step.trade_id]
        return super().write(*steps, term=term)


class GreaterOrEqual(Changing):
    def change(self, step: JournalStep) -> JournalStep:
        if not (isinstance(step, Note) and step.when == "greater"):
            return step
        known = self._tables.note_record(step.account, step.namespace, step.name)
        return evolve(step, when="always") if known is not None and known.number == step.number else step


class OldestFirst(MemoryJournal):
    async def orders(self, account: str | None = None, *, limit: int = 100) -> list[Recorded]:
        return (await super().orders(account, limit=10**9))[::-1][:limit]


class OnlyThePast(MemoryJournal):
    async def accepted(self, account: str, after: int = 0) -> AsyncIterator[Recorded]:
        for order in await self._page(account, after, 10**9):
            yield order


class GoesOn(MemoryJournal):
    async def close(self) -> None:
        self._news.end()


class LosesNotes(MemoryJournal):
    async def opened_again(self) -> MemoryJournal:
        """The same place, after a restart."""
        again = MemoryJournal()
        again._tables = self._tables
        again._tables.notes.clear()
        return again


def _opened(engine: Callable[[], MemoryJournal]) -> Callable[[], AbstractAsyncContextManager[dict[str, Any]]]:
    @asynccontextmanager
    async def make() -> AsyncIterator[dict[str, Any]]:
        journal = engine()
        yield {"journal": journal, "reopen": getattr(journal, "opened_again", None)}
        await journal.close()

    return make


def _wrong(name: str, wrong: str, engine: type[MemoryJournal], caught_by: str, *, alone: bool = True) -> Mutant:
    fixtures = ("journal", "reopen")
    return Mutant(name, wrong, _opened(engine), caught_by, alone=alone, classes=CLASSES, fixtures=fixtures)


MUTANTS = [
    _wrong("journal-takes-two-accounts", "stores steps of two accounts in one write", TwoAccounts, "Writing"),
    _wrong("journal-is-not-atomic", "stores the steps before the one that it refuses", NotAtomic, "Writing", alone=False),
    _wrong("journal-sorts-by-name", "hands accepted orders out by their names", ByName, "Writing", alone=False),
    _wrong("journal-forgets-keys", "takes the key of a finished order once more", ForgetsKeys, "Keys"),
    _wrong("journal-takes-an-older-term", "accepts and halts for a host that has lost the account", OlderTermAccepts, "Claims"),
    _wrong("journal-forgets-decisions", "does not keep what the guards saw", ForgetsDecisions, "Intents"),
    _wrong("journal-amends-while-reducing", "lets an amend pass while entries are halted", AmendsWhileReducing, "Halts"),
    _wrong("journal-forgets-halts", "forgets the halt when another host claims the account", ForgetsHalts, "Halts"),
    _wrong("journal-takes-a-leg-for-the-order", "takes the outcome of a leg for the order's", LegIsTheOrder, "States"),
    _wrong("journal-knows-the-newest-name", "finds an order by the newest of its venue's ids only", NewestNameOnly, "Names"),
    _wrong("journal-counts-a-trade-twice", "keeps a trade once for each order that tells of it", TradeTwice, "Bookings"),
    _wrong("journal-takes-a-nonce-again", "takes a number that is not greater", GreaterOrEqual, "Notes"),
    _wrong("journal-lists-the-oldest", "lists the oldest orders first", OldestFirst, "History"),
    _wrong("journal-follows-the-past", "hands out the orders of the past and no new ones", OnlyThePast, "Following"),
    _wrong("journal-goes-on-when-closed", "writes and reads after its close", GoesOn, "Ending"),
    _wrong("journal-loses-notes", "has no notes any more when it is opened again", LosesNotes, "Durability"),
]
