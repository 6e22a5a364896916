# SPDX-License-Identifier: MIT
"""What the venue holds is compared with what our own orders built up. What differs is told; nothing is changed by itself.

A restart, a lost fill, another program on the account, a trade by hand: all of them show here. Neither side is taken for
the truth: an order that would make them equal could flatten or double a position.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from decimal import Decimal
from functools import partial
from typing import Literal, Protocol, TypeVar

from fks_exec.account import Account
from fks_exec.errors import FksExecError
from fks_exec.model.events import Mismatch, OrderUpdate
from fks_exec.model.market import Kind
from fks_exec.model.numbers import plain
from fks_exec.model.results import ExecutionResult

from ..accounts.desk import Desk
from ..accounts.halting import trip
from ..accounts.live import Live
from ..journal.protocol import JournalError
from ..orders.lookups import can_look
from ..orders.repair import repair
from .follow import Follower
from .holdings import Pair, Readings, Subject, pairs
from .polling import Poller, in_parts

log: logging.Logger = logging.getLogger(__name__)
T = TypeVar("T")

AGAIN = 1.0
"""Seconds before what the venue seems not to hold any more is read once more."""

NAMED = 10
"""So many foreign orders are named in one alarm."""


class Hears(Protocol):
    """What protects positions; both are plain and do not raise."""

    def flattened(self, symbols: Iterable[str]) -> None:
        """The venue holds nothing of these, where our orders built something up."""

    def agreed(self, symbols: Iterable[str]) -> None:
        """What it holds of these is what our orders built up, again."""


class Comparison:
    """Compares one account with its venue, every ``compare_every`` seconds and whenever the account is opened.

    Args:
        desk: the account at work.
        poller: looks at the open orders.
        follower: knows our orders, also those that have ended.
        heard: told of instruments of which the venue holds nothing on our side, and of those that agree again.
    """

    def __init__(self, desk: Desk, poller: Poller, follower: Follower, heard: Hears | None = None) -> None:
        self._heard = heard
        self._desk = desk
        self._poller = poller
        self._follower = follower
        self._changes: dict[str, int] = {}
        self._seen: dict[Subject, Pair] = {}
        self._told: dict[Subject, tuple[Decimal, ...]] = {}
        self._strangers: dict[str, ExecutionResult | None] = {}
        self._once: set[str] = set()
        self._opened = asyncio.Event()

    def take(self, live: Live) -> None:
        """An order has changed; a listener of the desk."""
        self._changes[live.lane] = self._changes.get(live.lane, 0) + 1

    def opened(self) -> None:
        """The account is open (again)."""
        self._opened.set()

    async def run(self) -> None:
        """Compare, again and again."""
        while True:
            try:
                async with asyncio.timeout(self._desk.config.compare_every):
                    await self._opened.wait()
            except TimeoutError:
                pass
            self._opened.clear()
            try:
                await self.compare()
            except Exception:  # one comparison that fails must not end those after it
                log.exception("account %s: it could not be compared with its venue", self._desk.name)

    async def compare(self) -> None:
        """Once: open orders, then positions and balances."""
        account = self._desk.account
        if account is None:
            return
        able = account.capabilities.abilities
        before = dict(self._changes)
        await self._compare_orders(await self._read(self._poller.round) or [])
        ours = self._desk.book.totals_by_symbol()
        positions = await self._read(account.fetch_positions) if "fetch_positions" in able else None
        balances = await self._read(account.fetch_balance) if "fetch_balance" in able else None
        listed = {position.symbol for position in positions or ()}
        bases = await self._bases(account, ours, listed)
        readings = Readings(ours=ours, positions=positions, balances=balances, bases=bases)
        await self._judge(pairs(readings, self._told, partial(self._mark, before, self._busy())))

    async def _read(self, read: Callable[[], Awaitable[list[T]]]) -> list[T] | None:
        """None where the venue could not tell: that proves nothing."""
        try:
            return await read()
        except Exception as error:
            text = str(error) if isinstance(error, FksExecError) else type(error).__name__
            log.warning("account %s: a part of it could not be compared with its venue: %s", self._desk.name, text)
            return None

    async def _bases(self, account: Account, symbols: Iterable[str], listed: set[str]) -> dict[str, str | None]:
        """The base currency of each spot instrument, unless the venue lists what was bought as a position."""
        spot = "fetch_balance" in account.capabilities.abilities
        bases: dict[str, str | None] = {symbol: None for symbol in symbols if not spot or symbol in listed}
        for symbol in symbols:
            if symbol in bases:
                continue
            try:
                instrument = await account.fetch_instrument(symbol)
            except Exception as error:  # it is compared when it is known how
                log.warning("account %s: no instrument %s: %s", self._desk.name, symbol, type(error).__name__)
                continue
            bases[symbol] = instrument.base if instrument is not None and instrument.kind is Kind.SPOT else None
        return bases

    def _busy(self) -> set[str]:
        """The instruments with an order on its way."""
        return {live.lane for live in self._desk.live.values() if not live.concluded.done()}

    def _mark(self, before: dict[str, int], busy: set[str], symbol: str) -> int | None:
        """The state of an instrument's books; None while it may change or has changed since the venue was asked."""
        now = self._changes.get(symbol, 0)
        quiet = now == before.get(symbol, 0) and symbol not in busy and not self._desk.questions(symbol)
        return now if quiet else None

    async def _judge(self, found: list[Pair]) -> None:
        """Fills race with the reading: only what was seen before, while our books stood still, is a mismatch."""
        before, self._seen = self._seen, {pair.subject: pair for pair in found}
        for pair in found:
            last = before.get(pair.subject)
            if pair.equal:
                self._desk.mismatched.difference_update(name for name, _ in pair.marks)
                if self._told.pop(pair.subject, None) is not None and self._heard is not None:
                    self._heard.agreed([name for name, _ in pair.marks])
            elif (
                last is not None
                and not last.equal
                and last.marks == pair.marks
                and self._told.get(pair.subject) != pair.figures
            ):
                await self._tell(pair)

    async def _tell(self, pair: Pair) -> None:
        kind, symbol = pair.subject
        ours, venues = plain(pair.ours), plain(pair.venues)
        tolerance = self._desk.config.mismatch_tolerance
        because = f"{kind} of {symbol}: our orders built up {ours}, the venue holds {venues}"
        remedy = "look for a fill that was not told, a trade by hand, another program; nothing is changed by itself"
        if tolerance is not None and pair.above(tolerance):
            if self._desk.unwritable:
                return
            try:
                await trip(self._desk, "MISMATCH", because)
            except JournalError as error:  # it is told again by the next comparison
                repair(self._desk, str(error))
                return
        elif not pair.extra:
            self._desk.alarm("MISMATCH", f"{because}; {remedy}")
        self._told[pair.subject] = pair.figures
        if not pair.extra:
            self._desk.mismatched.update(name for name, _ in pair.marks)
        self._emit(kind, symbol, ours, venues)
        if self._heard is not None and pair.ours and pair.ours * pair.venues <= 0 and await self._is_gone(pair):
            self._heard.flattened([name for name, _ in pair.marks])

    async def _is_gone(self, pair: Pair) -> bool:
        """One more reading, of our side alone: a venue whose list was empty for a moment must not cost a stop."""
        await asyncio.sleep(AGAIN)
        account, (kind, name) = self._desk.account, pair.subject
        if account is None:
            return False
        if kind == "balance":
            balances = await self._read(account.fetch_balance)
            return balances is not None and not any(each.total > 0 for each in balances if each.currency == name)
        positions = await self._read(account.fetch_positions)
        return positions is not None and not any(each.quantity * pair.ours > 0 for each in positions if each.symbol == name)

    async def _compare_orders(self, updates: Iterable[OrderUpdate]) -> None:
        """Open orders that memory does not know: what is ours goes the way of all updates, what is foreign is told once."""
        known, self._strangers = self._strangers, {}
        unsettled, filling = self._unsettled(), self._filling()
        before, self._once = self._once, set()
        foreign: list[str] = []
        async for update in in_parts(updates):
            ref = update.ref
            name = ref.order_id or ref.venue_client_order_id or ref.client_order_id or ""
            if name in known and known[name] in (None, update.result):
                self._strangers[name] = known[name]
            elif await self._follower.ours(ref) is not None:
                self._strangers[name] = update.result
                self._follower.take(update)
            elif unsettled if ref.symbol is None else ref.symbol in unsettled:
                continue
            elif name not in before and (filling if ref.symbol is None else ref.symbol in filling):
                self._once.add(name)  # it may be a leg of what has filled in this very moment
            else:
                self._strangers[name] = None
                foreign.append(name)
                self._emit("order", ref.symbol or "", "", name)
        if foreign:
            names = ", ".join(foreign[:NAMED]) + (" and more" if len(foreign) > NAMED else "")
            self._desk.alarm("FOREIGN_ORDER", f"orders rest at the venue that are not ours ({names}); they were left alone")

    def _unsettled(self) -> set[str]:
        """The instruments where an order of ours may be at the venue under a name that is not known yet."""
        live = self._desk.live.values()
        look = can_look(self._desk)
        return {order.lane for order in live if self._in_question(order) or (look and (_unread(order) or self._bare(order)))}

    def _in_question(self, order: Live) -> bool:
        return not order.concluded.done() or bool(self._desk.questions(order.lane))

    def _bare(self, order: Live) -> bool:
        """A look at it showed no legs, though the venue makes them: what rests may be just those, until it is told bare."""
        if not _attached(order) or order.naked_from is None:
            return False
        return self._desk.clock.monotonic() - order.naked_from < self._desk.config.deadline

    def _filling(self) -> set[str]:
        """The instruments of entries that may fill further, with legs that the venue makes when they do."""
        return {order.lane for order in self._desk.live.values() if _attached(order) and not order.result.status.terminal}

    def _emit(self, kind: Literal["position", "balance", "order"], symbol: str, ours: str, venues: str) -> None:
        self._desk.emit(
            Mismatch(account=self._desk.name, time=self._desk.clock.now(), kind=kind, symbol=symbol, ours=ours, venues=venues)
        )


def _attached(order: Live) -> bool:
    """The venue keeps its legs with it."""
    return order.plan is not None and order.plan.kind == "attached"


def _unread(order: Live) -> bool:
    """It has filled since its legs were last read back."""
    return _attached(order) and order.booked > order.read
