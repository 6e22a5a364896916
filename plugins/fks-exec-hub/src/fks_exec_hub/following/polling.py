# SPDX-License-Identifier: MIT
"""Open orders are looked at where the venue does not push, and as a safety net where it does.

One list for the whole account in a round: the number of calls does not grow with the open orders. Nothing is concluded
here: what the list shows, and what a single look-up answers, goes the way of everything that a venue tells.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Iterable
from typing import TypeVar

from attrs import define

from fks_exec.errors import InvalidOrder
from fks_exec.model.events import OrderUpdate
from fks_exec.model.orders import OrderRef
from fks_exec.model.results import ExecutionResult, Leg, Status
from fks_exec.outcomes import check_published

from ..accounts.desk import Desk
from ..accounts.live import Live, needs_following
from .follow import tells

log: logging.Logger = logging.getLogger(__name__)
T = TypeVar("T")

SLOWEST = 30.0
"""Seconds between two rounds in which nothing changes, at most."""

GROWTH = 1.5

PART = 200
"""So many lines of a list are read before the event loop has its turn."""

APART = 5.0
"""Seconds at least between two answers that an order is not there; the wait doubles from one to the next."""

RARELY = 300.0
"""Seconds at most between two looks at an order that is not there."""

AFTER = (2.0, 8.0)
"""Seconds before each further look at an order that ended unfilled where the venue does not push: a fill may show late."""

AT_MOST = 200
"""So many ended orders are looked at further at the same time."""

_UNFILLED = frozenset({Status.CANCELED, Status.EXPIRED})

_ASIDE = frozenset({Status.PENDING, Status.UNKNOWN})
"""Not followed here: one is still being sent, the other is a question with a schedule of its own."""


class Pace:
    """Seconds between two looks: few after something changed, more and more while nothing does.

    Args:
        first: the fewest.
    """

    def __init__(self, first: float) -> None:
        self.first: float = first
        self._next = first

    def reset(self) -> None:
        """Something has changed."""
        self._next = self.first

    def next(self) -> float:
        """The wait before the next look."""
        seconds, self._next = self._next, min(self._next * GROWTH, max(SLOWEST, self.first))
        return seconds


@define(eq=False)
class _Absence:
    """The venue does not show an order that it had taken.

    Args:
        since, again: monotonic seconds: of the first answer, and before which it is not asked again.
    """

    since: float
    again: float
    wait: float = APART
    told: bool = False


@define(eq=False)
class _Open:
    """An open order.

    Args:
        result: what was known at its last change.
        mark: of its last change; grows with every change of any order and with every look at the list.
        legs: the venue's names of its resting legs.
    """

    live: Live
    result: ExecutionResult
    mark: int
    legs: frozenset[str]
    absence: _Absence | None = None


class Poller:
    """Looks at the open orders of one account.

    Args:
        desk: the account at work.
        take: books what the venue tells of an order, once.
        ask: looks one order up, within the account's budget; None: cleanly, there is no such order.
        pace: how long it waits between two rounds.
    """

    def __init__(
        self,
        desk: Desk,
        take: Callable[[OrderUpdate], None],
        ask: Callable[[Live], Awaitable[ExecutionResult | None]],
        pace: Pace | None = None,
    ) -> None:
        self._desk = desk
        self._take = take
        self._ask = ask
        self._pace = pace or Pace(desk.config.poll)
        self._marks = itertools.count()
        self._open: dict[str, _Open] = {}
        self._legs: dict[str, str] = {}
        self._wanted: dict[str, _Open] = {}
        self._looking: asyncio.Task[None] | None = None
        self._due = math.inf
        self._wake = asyncio.Event()
        self._told = False
        self._after = 0

    def take(self, live: Live) -> None:
        """An order has changed; a listener of the desk."""
        before = self._open.get(live.key.client_order_id)
        if before is not None:
            if before.result is live.result:
                return
            self._leave(before)
        if live.result.status not in _ASIDE and _to_look_at(live):
            self._enter(live)
        elif before is None:
            return
        elif live.result.status in _UNFILLED:
            self._look_after(live)
        self._pace.reset()
        self._soon()

    def _look_after(self, live: Live) -> None:
        """It rested, and what filled before its end may show after it."""
        account = self._desk.account
        if account is None or account.capabilities.publishes or "fetch_order" not in account.capabilities.abilities:
            return
        if self._after < AT_MOST:
            self._after += 1
            self._desk.spawn(asyncio.get_running_loop().create_task(self._further_looks(live)))

    async def _further_looks(self, live: Live) -> None:
        try:
            for seconds in AFTER:
                await asyncio.sleep(seconds)
                await self._further_look(live)
        finally:
            self._after -= 1

    async def _further_look(self, live: Live) -> None:
        try:
            result = await self._ask(live)
        except Exception as error:
            name = live.key.client_order_id
            log.warning("account %s: order %s could not be looked up: %s", self._desk.name, name, type(error).__name__)
            return
        if result is not None and result.filled_quantity > live.result.filled_quantity:
            self._compare(live, OrderUpdate(ref=live.ref, result=result))

    def _leave(self, order: _Open) -> None:
        del self._open[order.live.key.client_order_id]
        for leg in order.legs:
            self._legs.pop(leg, None)

    def _enter(self, live: Live) -> None:
        name = live.key.client_order_id
        legs = frozenset(each for leg in live.result.legs if not leg.status.terminal for each in _names(leg))
        self._open[name] = _Open(live, live.result, next(self._marks), legs)
        self._legs.update(dict.fromkeys(legs, name))

    def opened(self) -> None:
        """The account is open (again): nobody knows what was missed."""
        self._told = False
        for live in list(self._desk.live.values()):
            self.take(live)
        self._pace.reset()
        self._soon()
        if self._due < math.inf:
            self._due = 0.0

    def _soon(self) -> None:
        """Something has changed: the next round is near, unless the venue pushes."""
        account = self._desk.account
        if not self._open:
            self._due = math.inf
        elif account is not None and not account.capabilities.publishes:
            self._due = min(self._due, asyncio.get_running_loop().time() + self._pace.first)
            self._wake.set()

    async def run(self) -> None:
        """A round whenever one is due; none while nothing is open."""
        while True:
            await self._until_due()
            try:
                await self.round()
            except Exception as error:  # a look that failed proves nothing; the next one may not
                log.warning("account %s: the open orders could not be read: %s", self._desk.name, type(error).__name__)
            self._due = asyncio.get_running_loop().time() + self._pace.next() if self._open else math.inf

    async def _until_due(self) -> None:
        loop = asyncio.get_running_loop()
        while (wait := self._due - loop.time()) > 0:
            self._wake.clear()
            try:
                async with asyncio.timeout(None if wait == math.inf else wait):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def round(self) -> list[OrderUpdate]:
        """Look at all open orders: one list, or where there is none a look-up for each, within the budget.

        Returns:
            What the venue shows and memory does not know.

        Raises:
            Exception: whatever the venue's list raises.
        """
        account = self._desk.account
        if account is None:
            return []
        able = account.capabilities.abilities
        if "fetch_open_orders" in able:
            mark = next(self._marks)
            return await self._read(await account.fetch_open_orders(), mark, able)
        if "fetch_order" in able:
            self._want(self._open.values(), able)
        elif self._open and not account.capabilities.publishes and not self._told:
            self._told = True
            text = "the venue neither pushes nor can be asked for orders, and one rests there: what becomes of it is not seen"
            self._desk.alarm("NOT_FOLLOWED", f"{text}; look at the venue, and settle it with: fks-exec orders resolve")
        return []

    async def _read(self, updates: list[OrderUpdate], mark: int, able: Container[str]) -> list[OrderUpdate]:
        """What the list shows is compared with what is known; what it lacks is looked up, unless it changed since."""
        seen: set[str] = set()
        strangers: list[OrderUpdate] = []
        async for update in in_parts(updates):
            live = self._desk.find(update.ref)
            if live is not None:
                seen.add(live.key.client_order_id)
                seen.update(name for leg in update.result.legs for name in _names(leg))
                self._compare(live, update)
            elif leg := self._leg(update.ref):
                seen.add(leg)
            else:
                strangers.append(update)
        missing: list[_Open] = []
        async for name, order in in_parts(list(self._open.items())):
            if (name in seen or (order.result.status.terminal and order.legs)) and _legs_shown(order, seen):
                order.absence = None
                self._wanted.pop(name, None)
            elif order.mark < mark:
                missing.append(order)
        self._want(missing, able)
        return strangers

    def _leg(self, ref: OrderRef) -> str | None:
        return next(
            (name for name in (ref.order_id, ref.venue_client_order_id) if name is not None and name in self._legs), None
        )

    def _compare(self, live: Live, update: OrderUpdate) -> None:
        """Cheap for the many that have not changed."""
        if not tells(live, update.result):
            return
        try:
            check_published(update.result)
        except InvalidOrder as error:
            log.warning("account %s: the venue tells nothing of order %s: %s", self._desk.name, live.key.client_order_id, error)
        else:
            self._take(update)

    def _want(self, orders: Iterable[_Open], able: Container[str]) -> None:
        """Look these up one by one; who has waited longest is first."""
        now = self._desk.clock.monotonic()
        for order in orders:
            if order.absence is not None and now < order.absence.again:
                continue
            if "fetch_order" in able:
                self._wanted.setdefault(order.live.key.client_order_id, order)
            else:
                self._absent(order)
        if self._wanted and (self._looking is None or self._looking.done()):
            self._looking = asyncio.get_running_loop().create_task(self._look_up())
            self._desk.spawn(self._looking)

    async def _look_up(self) -> None:
        """Until nobody is left; a look that fails ends the turn, and the next round goes on with the others."""
        while self._wanted:
            name = next(iter(self._wanted))
            order = self._wanted.pop(name)
            if self._open.get(name) is not order:
                continue
            try:
                result = await self._ask(order.live)
            except Exception as error:
                log.warning("account %s: order %s could not be looked up: %s", self._desk.name, name, type(error).__name__)
                return
            if result is not None:
                order.absence = None
                self._compare(order.live, OrderUpdate(ref=order.live.ref, result=result))
            elif self._open.get(name) is order:
                self._absent(order)

    def _absent(self, order: _Open) -> None:
        """The venue took it once and does not show it now: that proves no fate. A human is told, once; nothing is set."""
        now, absence = self._desk.clock.monotonic(), order.absence
        if absence is None:
            order.absence = _Absence(now, now + APART)
            return
        absence.wait = min(absence.wait * 2, RARELY)
        absence.again = now + absence.wait
        if not absence.told:
            absence.told = order.live.gone = True
            name = order.live.key.client_order_id
            text = f"the venue had taken order {name} and does not show it any more; it counts as open until it is settled"
            self._desk.alarm("ORDER_GONE", f"{text}: look at the venue's history, then fks-exec orders resolve {name}", name)


def _names(leg: Leg) -> list[str]:
    """What the venue may call a leg."""
    return [name for name in (leg.order_id, leg.venue_client_order_id) if name is not None]


def _legs_shown(order: _Open, seen: Container[str]) -> bool:
    """Whether a list shows all legs that the venue keeps with what an order has filled, as far as they have names."""
    if not order.legs or not order.result.filled_quantity or order.live.legs_apart:
        return True
    resting = [_names(leg) for leg in order.result.legs if not leg.status.terminal]
    return all(any(name in seen for name in names) for names in resting if names)


def _to_look_at(live: Live) -> bool:
    """Whether the venue may have more to tell under the order's own name."""
    return not live.result.status.terminal if live.legs_apart else needs_following(live.result)


async def in_parts(items: Iterable[T]) -> AsyncIterator[T]:
    """The items of a long list; the event loop has its turn between parts of it."""
    for number, item in enumerate(items, 1):
        yield item
        if not number % PART:
            await asyncio.sleep(0)
