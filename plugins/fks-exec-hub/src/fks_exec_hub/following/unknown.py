# SPDX-License-Identifier: MIT
"""Orders of unknown fate are looked up until it is known; those that were not there are watched for a late appearance."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Iterator
from functools import partial
from itertools import chain, repeat

from attrs import define, field, frozen

from fks_exec.errors import FksExecError
from fks_exec.model.results import ExecutionResult, Status

from ..accounts.desk import Desk
from ..accounts.live import Live
from ..orders.lookups import Lookups, can_look
from ..orders.record import record
from ..orders.submit import GRACE
from .looked import Answer, Looked
from .watch import Watch

log: logging.Logger = logging.getLogger(__name__)

_EARLY = "no proof yet: a request of ours may still be on its way, so that the order may appear after all"

_MARGIN = 0.01
"""Seconds added to a moment that is waited for, since a timer may wake a little early."""


@frozen(kw_only=True)
class Schedule:
    """When orders of unknown fate are looked up; all in seconds.

    Args:
        delays: between two look-ups, from when it became unknown.
        slower: after these; the last one repeats.
        expiry: how long a request may still be on its way where the venue does not say (``request_ttl``).
        apart: at least, between the two clean answers that conclude.
        watch: after the conclusion, when it is looked for once more.
        alarms: after it became unknown, when a human is told that it still is.
    """

    delays: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 5.0)
    slower: tuple[float, ...] = (10.0, 30.0, 60.0)
    expiry: float = 60.0
    apart: float = 1.0
    watch: tuple[float, ...] = (60.0, 300.0, 1800.0, 86400.0)
    alarms: tuple[float, ...] = (60.0, 600.0)

    def pauses(self) -> Iterator[float]:
        """Between two look-ups, for ever."""
        return chain(self.delays, self.slower, repeat(self.slower[-1]))


SCHEDULE = Schedule()
"""Of every account; tests and trials set a shorter one."""


@define(eq=False)
class _Question:
    """One order that is looked up.

    Args:
        alarms: monotonic seconds at which a human is told, those that are still to come.
        looked: writes the look-ups down.
        woken: who waits for news of it.
        clean: when the first clean answer that counts was asked for, monotonic seconds.
        running: our own call to place it had not ended when that was last looked at.
        last: what the last look-up said.
    """

    live: Live
    alarms: deque[float]
    looked: Looked
    woken: set[asyncio.Future[None]] = field(factory=set)
    clean: float | None = None
    running: bool = False
    last: str = "it was not looked up yet"

    @property
    def name(self) -> str:
        return self.live.key.client_order_id

    @property
    def open(self) -> bool:
        return self.live.result.status is Status.UNKNOWN


class Resolver:
    """Settles the orders of one account whose fate is unknown.

    Args:
        desk: the account at work.
        lookups: its budget.

    *Not placed* is concluded from two clean answers that were asked for after the last call's deadline and after the venue
    has dropped what it had not handled. A look-up that fails proves nothing. Nothing is ever matched by its parameters.
    """

    def __init__(self, desk: Desk, lookups: Lookups, schedule: Schedule | None = None) -> None:
        self._desk = desk
        self._lookups = lookups
        self._schedule = schedule or SCHEDULE
        self._questions: dict[str, _Question] = {}
        watch, again = self._schedule.watch, self._schedule.slower[-1]
        self._watch = Watch(desk, lookups, watch, again=again, fault=self._at_fault)

    def take(self, live: Live) -> None:
        """An order has changed: if its fate is unknown, or if it is watched, it is looked up from here on; never raises."""
        known = self._questions.get(live.key.client_order_id)
        if known is not None:
            _wake(known)
            return
        self._watch.take(live)
        if live.result.status is Status.UNKNOWN:
            self._begin(live)

    def _begin(self, live: Live) -> None:
        now = self._desk.clock.monotonic()
        if live.deadline is None:  # it was sent before this host started: from here it counts in full
            live.deadline = now + self._desk.config.deadline + GRACE
        alarms = deque(now + seconds for seconds in self._schedule.alarms)
        question = _Question(live, alarms, Looked(self._desk, live))
        self._questions[question.name] = question
        self._desk.spawn(asyncio.get_running_loop().create_task(self._follow(question)))

    async def look_now(self, live: Live, until: float) -> None:
        """Look an unknown order up at once and again by the schedule, before all others.

        Args:
            until: monotonic seconds; ends then, or when the order is known.
        """
        self.take(live)
        question = self._questions.get(live.key.client_order_id)
        for seconds in chain((0.0,), self._schedule.pauses()):
            left = until - self._desk.clock.monotonic()
            if question is None or not question.open or left <= 0:
                return
            await self._pause(question, min(seconds, left))
            if question.open:
                await self._look(question, until)

    async def _follow(self, question: _Question) -> None:
        try:
            while question.open:
                await self._resolve(question)
        except Exception:  # a fault of ours; without a word it would stay unknown for ever
            log.exception("account %s: order %s is not looked up any more", self._desk.name, question.name)
            self._at_fault(question.live)
            return
        finally:
            self._questions.pop(question.name, None)
        self.take(question.live)

    async def _resolve(self, question: _Question) -> None:
        for seconds in self._schedule.pauses():
            await self._pause(question, self._next(question, seconds))
            if not question.open:
                return
            if self._silent:
                await self._wait_for_others(question)
                return
            await self._look(question)
            if not question.open:
                return
            if question.alarms and self._desk.clock.monotonic() >= question.alarms[0]:
                question.alarms.popleft()
                self._alarm(question.name, question.last)

    @property
    def _silent(self) -> bool:
        """The venue is there and cannot be asked."""
        return self._desk.account is not None and not can_look(self._desk)

    async def _wait_for_others(self, question: _Question) -> None:
        """Only the venue by itself, or an operator, can tell."""
        self._alarm(question.name, "its venue cannot be asked about an order")
        while question.open:
            await self._pause(question, None)

    def _next(self, question: _Question, seconds: float) -> float:
        """Seconds until the next look-up; none of the moments that matter is missed by it."""
        now = self._desk.clock.monotonic()
        moments = [self._due(question), *list(question.alarms)[:1]]
        if question.clean is not None:
            moments.append(question.clean + self._schedule.apart)
        return min([seconds, *(moment - now + _MARGIN for moment in moments if moment > now)])

    def _due(self, question: _Question) -> float:
        """From when on a clean answer counts, monotonic seconds: no request of ours can be on its way any more.

        A call that swallows its cancellation may place the order long after its deadline: it counts from that call's end.
        """
        live, account = question.live, self._desk.account
        if account is not None and live.venue_client_order_id in account.running:
            question.running = True
            return math.inf
        if question.running:
            question.running = False
            live.deadline = self._desk.clock.monotonic()
        ttl = account.capabilities.request_ttl if account is not None else None
        return (live.deadline or 0.0) + (self._schedule.expiry if ttl is None else ttl)

    async def _look(self, question: _Question, until: float | None = None) -> None:
        """One look-up, and what follows from it; with ``until``, before all others, and given up then."""
        asked, moment = self._desk.clock.monotonic(), self._desk.clock.now()
        try:
            async with asyncio.timeout(None if until is None else until - asked):
                news = await self._lookups.ask(question.live, urgent=True, first=until is not None)
        except Exception as error:  # it proves nothing; its text may hold what an SDK puts into it
            text = str(error) if isinstance(error, FksExecError) else type(error).__name__
            question.last = f"the last look-up failed ({text})"
            question.looked.note(moment, Answer.FAILED, f"which proves nothing: {text}")
            return
        if news is not None:
            question.looked.note(moment, Answer.SHOWN, f"which is the venue's word: {news.status.value}")
            await record(self._desk, question.live, news)
        elif question.open:
            question.last = "the venue shows no such order, which is no proof yet"
            if asked >= self._due(question):
                await self._clean(question, asked, moment)
            else:
                question.looked.note(moment, Answer.NOTHING, _EARLY)

    async def _clean(self, question: _Question, asked: float, moment: int) -> None:
        """No such order, at a time when that counts: the second such answer concludes."""
        live, note = question.live, partial(question.looked.note, moment, Answer.NOTHING)
        if question.clean is None:
            question.clean = asked
            note(f"the first clean answer that counts: one more, {self._schedule.apart:g} s later, is proof")
        elif live.fills or live.result.filled_quantity:
            question.last = "the venue shows no such order, and a part of it is filled"
            note("which proves nothing: a part of it is filled")
        elif asked - question.clean >= self._schedule.apart:
            note("the second clean answer that counts: it was not placed")
            live.watched = True
            text = "the venue shows no such order, twice, after it could have handled the request; it was not placed"
            await record(self._desk, live, ExecutionResult(status=Status.NOT_PLACED, code="NOT_FOUND", error=text))
        else:
            note("no proof yet: too soon after the first clean answer that counts")

    async def _pause(self, question: _Question, seconds: float | None) -> None:
        """Wait, at most so long; any news of the order end it."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        question.woken.add(woken)
        try:
            await asyncio.wait({woken}, timeout=seconds)
        finally:
            question.woken.discard(woken)

    def _at_fault(self, live: Live) -> None:
        self._alarm(live.key.client_order_id, "a fault of the hub ended its look-ups, see the log")

    def _alarm(self, name: str, why: str) -> None:
        settle = f"look at the venue, then: fks-exec orders resolve {name} --as ... --because ..."
        self._desk.alarm("UNRESOLVED", f"it is not known whether the order exists at the venue: {why}; {settle}", name)


def _wake(question: _Question) -> None:
    for woken in question.woken:
        if not woken.done():
            woken.set_result(None)
