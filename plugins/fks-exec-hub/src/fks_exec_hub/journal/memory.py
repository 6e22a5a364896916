# SPDX-License-Identifier: MIT
"""The journal in memory: every promise within the process, none beyond it."""

from __future__ import annotations

import asyncio
import bisect
from collections.abc import AsyncIterator, Awaitable
from typing import Any

from attrs import Factory, define

from .codec import KINDS, account_of, encode, encode_all
from .news import News
from .protocol import (
    Accept,
    Attempt,
    Event,
    FillRecord,
    FillStep,
    HaltRecord,
    HaltStep,
    Intent,
    JournalError,
    JournalStep,
    JournalUnavailable,
    Key,
    NamedStep,
    Note,
    NoteRecord,
    Outcome,
    PositionRecord,
    PositionStep,
    Recorded,
    Term,
    Written,
)
from .state import DONE, NEVER_HALTED, OPEN, PENDING, UNRESOLVED, OrderState, check


@define(kw_only=True)
class _Order(OrderState):
    accept: Accept
    outcome_step: Outcome | None = None
    stored: list[tuple[int, JournalStep]] = Factory(list)


class _Tables:
    """The stored state, as the conditions look at it."""

    def __init__(self) -> None:
        self.count = 0
        self.orders: dict[Key, _Order] = {}
        self.by_account: dict[str, list[_Order]] = {}
        self.by_venue_id: dict[tuple[str, str], _Order] = {}
        self.unfinished: dict[tuple[str, int], dict[int, _Order]] = {}
        self.fills: dict[tuple[str, str], FillStep] = {}
        self.notes: dict[tuple[str, str, str], NoteRecord] = {}
        self.halts: dict[str, HaltRecord] = {}
        self.positions: dict[str, dict[tuple[str, str], str]] = {}
        self.terms: dict[str, int] = {}

    def term(self, account: str) -> int:
        return self.terms.get(account, 0)

    def halt_record(self, account: str) -> HaltRecord:
        return self.halts.get(account, NEVER_HALTED)

    def order_state(self, key: Key) -> OrderState | None:
        return self.orders.get(key)

    def intents_of(self, order: OrderState) -> set[tuple[str, str, int]]:
        return order.intents or set()

    def recorded(self, order: OrderState) -> Recorded:
        return _recorded(self.orders[order.key])

    def fill_record(self, account: str, trade_id: str) -> FillRecord | None:
        step = self.fills.get((account, trade_id))
        return None if step is None else _fill_record(step)

    def note_record(self, account: str, namespace: str, name: str) -> NoteRecord | None:
        return self.notes.get((account, namespace, name))

    def apply(self, step: JournalStep) -> None:
        self.count += 1
        if isinstance(step, HaltStep):
            self.halts[step.account] = HaltRecord(state=step.state, reason=step.reason, time=step.time)
        elif isinstance(step, Note):
            record = NoteRecord(value=step.value, number=step.number)
            self.notes[step.account, step.namespace, step.name] = record
        elif isinstance(step, PositionStep):
            self._place(step)
        else:
            self._apply_to_order(step)

    def _place(self, step: PositionStep) -> None:
        positions = self.positions.setdefault(step.account, {})
        if step.position:
            positions[step.lane, step.strategy] = step.position
        else:
            positions.pop((step.lane, step.strategy), None)

    def _apply_to_order(self, step: Accept | Intent | Outcome | FillStep | NamedStep) -> None:
        if isinstance(step, Accept):
            order = _Order(position=self.count, key=step.key, lane=step.lane, accept=step)
            self.orders[step.key] = order
            self.by_account.setdefault(step.key.account, []).append(order)
        else:
            order = self.orders[step.key]
        before = order.state
        if isinstance(step, Intent):
            order.intend(step)
            self._name(order, step.venue_client_order_id)
        elif isinstance(step, Outcome):
            order.learn(step, self.count)
            if order.outcome == self.count:
                order.outcome_step = step
        elif isinstance(step, FillStep):
            self.fills[step.key.account, step.trade_id] = step
        order.stored.append((self.count, step))
        self._file(order, before)

    def _name(self, order: _Order, venue_id: str) -> None:
        place = (order.key.account, venue_id)
        named = self.by_venue_id.get(place, order)
        if venue_id and named.position <= order.position:
            self.by_venue_id[place] = order

    def _file(self, order: _Order, before: int) -> None:
        account = order.key.account
        self.unfinished.get((account, before), {}).pop(order.position, None)
        if order.state != DONE:
            self.unfinished.setdefault((account, order.state), {})[order.position] = order

    def in_state(self, account: str, state: int) -> list[_Order]:
        return sorted(self.unfinished.get((account, state), {}).values(), key=lambda order: order.position)


class MemoryJournal:
    """For tests, simulations and hosts that keep books of their own."""

    def __init__(self) -> None:
        self._tables = _Tables()
        self._news = News()
        self._closed = False

    def write(self, *steps: JournalStep, term: Term | None = None) -> Awaitable[Written]:
        """Store the steps at once; see the protocol."""
        encode_all(steps)
        done: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        try:
            self._refuse_if_closed()
            check(steps, term, self._tables)
        except JournalError as error:
            done.set_exception(error)
            return done
        for step in steps:
            self._tables.apply(step)
        done.set_result(Written(self._tables.count))
        if any(isinstance(step, Accept) for step in steps):
            self._news.tell([account_of(steps[0])])
        return done

    async def claim(self, account: str) -> Term:
        """A term newer than all before it."""
        self._refuse_if_closed()
        self._tables.terms[account] = number = self._tables.term(account) + 1
        return Term(number)

    async def order(self, key: Key) -> Recorded | None:
        """One order, with all its attempts."""
        found = self._read().orders.get(key)
        return None if found is None else _recorded(found)

    async def by_venue_id(self, account: str, venue_client_order_id: str) -> Recorded | None:
        """The order one of whose intents gave the venue this id."""
        found = self._read().by_venue_id.get((account, venue_client_order_id))
        return None if found is None else _recorded(found)

    async def pending(self, account: str, lane: str | None = None) -> list[Recorded]:
        """Accepted orders with neither an intent to place them nor an outcome, in lane order."""
        orders = self._read().in_state(account, PENDING)
        return [_recorded(order) for order in orders if lane is None or order.lane == lane]

    async def unresolved(self, account: str) -> list[Recorded]:
        """Orders whose last attempt has no outcome, or ``unknown``."""
        return [_recorded(order) for order in self._read().in_state(account, UNRESOLVED)]

    async def open(self, account: str) -> list[Recorded]:
        """Orders with an outcome that is neither terminal nor ``unknown``."""
        return [_recorded(order) for order in self._read().in_state(account, OPEN)]

    async def fills(self, key: Key) -> list[FillRecord]:
        """All fills of one order, in order."""
        return [_fill_record(step) for _, step in self._stored(key) if isinstance(step, FillStep)]

    async def positions(self, account: str) -> list[PositionRecord]:
        """The positions that are not flat or have brought something."""
        stored = self._read().positions.get(account, {})
        return [
            PositionRecord(lane=lane, strategy=strategy, position=stored[lane, strategy]) for lane, strategy in sorted(stored)
        ]

    async def orders(self, account: str | None = None, *, limit: int = 100) -> list[Recorded]:
        """The newest orders, newest first."""
        tables = self._read()
        of_one = tables.by_account.get(account, []) if account is not None else list(tables.orders.values())
        return [_recorded(order) for order in of_one[: -limit - 1 : -1]]

    async def accounts(self) -> list[str]:
        """The accounts that an order was accepted for, by name."""
        return sorted(self._read().by_account)

    async def halt(self, account: str) -> HaltRecord:
        """What the account may do."""
        return self._read().halt_record(account)

    async def note(self, account: str, namespace: str, name: str) -> NoteRecord | None:
        """One note."""
        return self._read().note_record(account, namespace, name)

    async def steps(self, key: Key) -> dict[str, str]:
        """The last data of each named step of an order."""
        return {step.name: step.data for _, step in self._stored(key) if isinstance(step, NamedStep)}

    async def history(self, key: Key) -> list[Event]:
        """Everything stored about one order, in order."""
        return [_event(key, position, step) for position, step in self._stored(key)]

    def accepted(self, account: str, after: int = 0) -> AsyncIterator[Recorded]:
        """Orders accepted after a position, then new ones as they come, until ``close``."""
        return self._news.follow(account, after, self._page)

    async def verify(self) -> list[str]:
        """Nothing outside of the process can reach it."""
        self._read()
        return []

    async def close(self) -> None:
        """Refuse everything from here on."""
        self._closed = True
        self._news.end()

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise JournalUnavailable("nothing stored: the journal is closed")

    def _read(self) -> _Tables:
        if self._closed:
            raise JournalUnavailable("the journal is closed")
        return self._tables

    def _stored(self, key: Key) -> list[tuple[int, JournalStep]]:
        order = self._read().orders.get(key)
        return [] if order is None else order.stored

    async def _page(self, account: str, after: int, limit: int) -> list[Recorded]:
        if self._closed:
            return []
        orders = self._tables.by_account.get(account, [])
        start = _first_after(orders, after)
        return [_recorded(order) for order in orders[start : start + limit]]


async def open_memory(where: str = "", *, read_only: bool = False) -> MemoryJournal:
    """A new, empty journal; the arguments are there because every engine's ``open`` takes them."""
    del where, read_only
    return MemoryJournal()


def _first_after(orders: list[_Order], position: int) -> int:
    return bisect.bisect_right(orders, position, key=lambda order: order.position)


def _recorded(order: _Order) -> Recorded:
    accept, outcome = order.accept, order.outcome_step if order.outcome else None
    return Recorded(
        key=order.key,
        position=order.position,
        lane=accept.lane,
        digest=accept.digest,
        instruction=accept.instruction,
        raw=accept.raw,
        accepted_at=accept.time,
        status="pending" if outcome is None else outcome.status,
        terminal=outcome is not None and outcome.terminal,
        result=None if outcome is None else outcome.result,
        attempts=tuple(_attempt(step) for _, step in order.stored if isinstance(step, Intent)),
    )


def _attempt(step: Intent) -> Attempt:
    return Attempt(
        purpose=step.purpose,
        attempt=step.attempt,
        leg=step.leg,
        venue_client_order_id=step.venue_client_order_id,
        reducing=step.reducing,
        decision=step.decision,
        time=step.time,
    )


def _fill_record(step: FillStep) -> FillRecord:
    return FillRecord(key=step.key, trade_id=step.trade_id, leg=step.leg, fill=step.fill, time=step.time)


def _event(key: Key, position: int, step: Any) -> Event:
    return Event(
        position=position,
        account=key.account,
        client_order_id=key.client_order_id,
        kind=KINDS[type(step)],
        body=encode(step),
        time=step.time,
    )
