# SPDX-License-Identifier: MIT
"""One account at work: the opened Account, its book, quotes, live orders, open questions."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Container, Coroutine, Iterable
from decimal import Decimal
from typing import Any, TypeVar

from fks_exec.account import Account
from fks_exec.clock import Clock
from fks_exec.errors import AccountNotReady
from fks_exec.model.events import Alarm, Event
from fks_exec.model.orders import OrderRef
from fks_exec.model.results import Status
from fks_exec.observers import Observers

from ..config import AccountConfig
from ..errors import HubClosed
from ..journal.protocol import HaltRecord, Journal, Recorded, Term
from ..journal.state import NEVER_HALTED
from .book import Book
from .breaker import CircuitBreaker
from .day import Day
from .live import Earlier, Live
from .proof import Proof
from .quotes import Equity, Quotes
from .refusals import Refusals
from .sent import Sent
from .valuation import Rates, Valuation

log: logging.Logger = logging.getLogger(__name__)

T = TypeVar("T")

ENDED = 4_000
"""So many names of ended orders are remembered, for what a venue tells later; older ones are found by the client's id."""


class Desk:
    """What the parts of the hub share about one account. Only ``submit`` calls the venue.

    Args:
        name: the account's.
        limits: the digest of what its decisions rest on.

    ``unwritable`` says why the journal cannot be written, from the first write that failed until all that happened since
    (``unrecorded``) is stored; meanwhile nothing is accepted and nothing is sent. ``in_doubt``: what became of something that
    was sent could not be recorded at once. ``closing``: nothing is begun any more. ``cancel`` has an order cancelled.
    ``adopt`` takes up an order that only the journal knows; ``recorded`` is told when what was kept in memory is stored.
    ``listeners`` are told, on the loop and after memory has changed, of every change of an order; they are plain and do not
    raise. ``readings``: when the venue's position of an instrument was last asked for, monotonic seconds. ``on_opened`` are
    told whenever the venue is there (again). ``flying``: what was sent and has no result in memory yet, the oldest first,
    each with a number that grows. ``dropped`` is told when an order leaves memory. ``pokes`` are asked to look again at what
    protects an instrument. ``breaker`` and ``refusals`` hold entries back. ``tripped`` is told, when a fault has halted the
    account, which orders had their intent before. ``orphans``: by instrument, the legs that still rest though what they
    protected is gone; entries wait for them. ``in_vain``: those for which an entry has waited in vain. ``protecting``: by
    instrument, the entries whose protection is not done. ``mismatched``: the instruments of which the venue was seen to hold
    something else. ``proof``: what the account's conformance record lets through, where one is required.
    """

    def __init__(
        self,
        name: str,
        config: AccountConfig,
        journal: Journal,
        term: Term,
        observers: Observers,
        clock: Clock,
        limits: str = "",
    ) -> None:
        self.name = name
        self.config = config
        self.journal = journal
        self.term = term
        self.observers = observers
        self.clock = clock
        self.limits = limits
        self.book: Book = Book()
        self.sent: Sent = Sent(clock)
        self.day: Day = Day(name, config.day, config.currency, journal, lambda: self.term, clock)
        self.account: Account | None = None
        self.reason: str = "it has not been opened yet"
        self.unwritable: str = ""
        self.halt: HaltRecord = NEVER_HALTED
        self.unrecorded: dict[str, Live] = {}
        self.in_doubt: bool = False
        self.closing: bool = False
        self.halting: asyncio.Lock = asyncio.Lock()
        self.tripped: Callable[[list[Live]], None] = lambda before: None
        self.breaker: CircuitBreaker = CircuitBreaker(config.breaker, clock)
        self.refusals: Refusals = Refusals(config.breaker, clock)
        self.proof: Proof = Proof()
        self.repair: asyncio.Task[None] | None = None
        self.adopt: Callable[[Recorded], Awaitable[None]] = _nothing
        self.cancel: Callable[[Live], Awaitable[object]] = _nothing
        self.recorded: Callable[[Live], None] = lambda live: None
        self.listeners: list[Callable[[Live], None]] = []
        self.pokes: list[Callable[[str], None]] = []
        self.orphans: dict[str, set[str]] = {}
        self.in_vain: dict[str, set[str]] = {}
        self.protecting: dict[str, set[str]] = {}
        self.mismatched: set[str] = set()
        self.on_opened: list[Callable[[], None]] = []
        self.readings: dict[str, float] = {}
        self.dropped: Callable[[Live], None] = lambda live: None
        self.live: dict[str, Live] = {}
        self._in_lane: dict[str, dict[str, Live]] = {}
        self.flying: dict[str, int] = {}
        self._flights = itertools.count(1)
        self.tasks: set[asyncio.Task[Any]] = set()
        self.commits: set[asyncio.Task[None]] = set()
        self._names: dict[str, Live] = {}
        self._unresolved: dict[str, set[str]] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._ended: OrderedDict[str, str] = OrderedDict()

    def opened(self, account: Account) -> None:
        """The venue is there."""
        self.account = account
        self.quotes: Quotes = Quotes(account, min(self.config.deadline, 5.0))
        self.equity: Equity = Equity(account, self.config.currency, self.config.capital)
        currency, age = self.config.currency, self.config.max_quote_age
        self.rates: Rates = Rates(account, self.quotes, self.config.conversions, currency, age)
        self.valuation: Valuation = Valuation(account, self.book, self.quotes, self.rates, currency, age)
        self.reason = ""
        for told in self.on_opened:
            told()

    async def day_equity(self) -> Decimal | None:
        """What the account is worth now, where a guard measures the day by it."""
        if self.account is None or "day_start" not in self.account.needs:
            return None
        return await self.equity.get(self.config.max_equity_age)

    def lost(self, reason: str) -> None:
        """The venue is not there (yet)."""
        self.account = None
        self.reason = reason

    @property
    def not_ready(self) -> str:
        """Why orders cannot be taken; empty when they can."""
        if self.account is None:
            return self.reason
        return self.account.reason or self.unwritable

    def ready_account(self) -> Account:
        """The opened account.

        Raises:
            AccountNotReady: with the reason; nothing was sent.
        """
        if self.account is None or self.not_ready:
            raise AccountNotReady(self.name, self.not_ready)
        return self.account

    def add(self, live: Live) -> None:
        """An order begins, or is taken up again."""
        self._leave_lane(live.key.client_order_id)
        self.live[live.key.client_order_id] = live
        self._in_lane.setdefault(live.lane, {})[live.key.client_order_id] = live
        self.name_order(live)

    def in_lane(self, lane: str) -> Iterable[Live]:
        """The orders of an instrument: for what would else look at all of the account, once for each order."""
        return self._in_lane.get(lane, {}).values()

    def _leave_lane(self, name: str) -> None:
        live = self.live.get(name)
        if live is not None:
            orders = self._in_lane[live.lane]
            del orders[name]
            if not orders:
                del self._in_lane[live.lane]

    def name_order(self, live: Live) -> None:
        """Remember the names under which the venue knows an order, and that it flies."""
        if live.submitted_at is not None and live.result.status is Status.PENDING:
            self.flying.setdefault(live.key.client_order_id, next(self._flights))
        for name in (live.venue_client_order_id, live.result.order_id):
            if name is not None:
                self._names[name] = live

    def drop(self, live: Live) -> None:
        """An order has ended, and the journal keeps it; or it was never accepted."""
        if live.result.status is Status.PENDING:
            self.flying.pop(live.key.client_order_id, None)
        if self.live.get(live.key.client_order_id) is live:
            self._leave_lane(live.key.client_order_id)
            del self.live[live.key.client_order_id]
        self.unclaim(live)
        for name in (live.venue_client_order_id, live.result.order_id):
            if name is not None and self._names.get(name) is live:
                del self._names[name]
                self._ended[name] = live.key.client_order_id
        while len(self._ended) > ENDED:
            self._ended.popitem(last=False)
        self.dropped(live)

    def unclaim(self, live: Live) -> None:
        """An order does not wait any more until legs make room for it."""
        if self.book.unclaim(live.key.client_order_id):
            self.poke(live.lane)

    def find(self, ref: OrderRef) -> Live | None:
        """A live order, by any of its names."""
        if ref.client_order_id is not None and ref.client_order_id in self.live:
            return self.live[ref.client_order_id]
        for name in (ref.venue_client_order_id, ref.order_id):
            if name is not None and name in self._names:
                return self._names[name]
        return None

    def ended(self, ref: OrderRef) -> str | None:
        """The client's id of an order that has ended, by any of its names."""
        if ref.client_order_id is not None:
            return ref.client_order_id
        names = (ref.venue_client_order_id, ref.order_id)
        return next((self._ended[name] for name in names if name is not None and name in self._ended), None)

    @property
    def names(self) -> Container[str]:
        """The names that live orders have at the venue."""
        return self._names

    def lock(self, symbol: str) -> asyncio.Lock:
        """One piece of news of an instrument at a time: each position in the journal follows from the one before it."""
        lock = self._locks.get(symbol)
        if lock is None:
            lock = self._locks[symbol] = asyncio.Lock()
        return lock

    def question(self, live: Live, *, unknown: bool) -> None:
        """Note whether an order's fate is unknown; its lane refuses entries while one is."""
        open_questions = self._unresolved.setdefault(live.lane, set())
        if unknown:
            open_questions.add(live.key.client_order_id)
        else:
            open_questions.discard(live.key.client_order_id)
        if not open_questions:
            del self._unresolved[live.lane]

    @property
    def unresolved(self) -> tuple[str, ...]:
        """The orders of the account whose fate is unknown."""
        return tuple(sorted(name for names in self._unresolved.values() for name in names))

    def questions(self, symbol: str) -> frozenset[str]:
        """The orders of an instrument whose fate is unknown."""
        return frozenset(self._unresolved.get(symbol, ()))

    def changed(self, live: Live) -> None:
        """Memory of an order has changed."""
        if live.result.status is not Status.PENDING:
            self.flying.pop(live.key.client_order_id, None)
        for listener in self.listeners:
            listener(live)

    def poke(self, symbol: str) -> None:
        """What protects an instrument is to be looked at again."""
        for poke in self.pokes:
            poke(symbol)

    def emit(self, event: Event) -> None:
        """Tell the observers, after the fact is durable."""
        self.observers.emit(event)

    def alarm(self, code: str, message: str, client_order_id: str | None = None) -> None:
        """Tell that a human should look: in the log, and to the observers."""
        log.warning("account %s: %s%s: %s", self.name, code, f", order {client_order_id}" if client_order_id else "", message)
        self.emit(Alarm(account=self.name, time=self.clock.now(), code=code, message=message, client_order_id=client_order_id))

    def commit(self, commit: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let an outcome become durable, whoever stops waiting for it."""
        task = asyncio.get_running_loop().create_task(commit)
        self.commits.add(task)
        task.add_done_callback(self._committed)
        return task

    def _committed(self, task: asyncio.Task[None]) -> None:
        self.commits.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("account %s: an outcome could not be recorded", self.name, exc_info=task.exception())
            self.alarm("HUB_FAULT", "an outcome could not be recorded; see the log")

    def retire(self, live: Live) -> None:
        """The name of an attempt that had no effect: what is told of it later is told of this order, and not of its state."""
        name = live.venue_client_order_id
        if name is not None and self._names.get(name) is live:
            del self._names[name]
        if name is not None:
            self.alias(live, name, Earlier())

    def recall(self, live: Live) -> None:
        """No attempt came after the one that was retired last: its name is the order's again."""
        name = live.venue_client_order_id
        if name is not None and live.retired.pop(name, None) is not None:
            self._ended.pop(name, None)
            self.name_order(live)

    def alias(self, live: Live, name: str, earlier: Earlier) -> None:
        """A name that the venue has for an earlier attempt of an order."""
        live.retired[name] = earlier
        self._ended[name] = live.key.client_order_id

    async def settled(self) -> None:
        """Wait until the outcomes on their way are durable."""
        if self.commits:
            await asyncio.wait(set(self.commits), timeout=10)

    async def stop(self) -> None:
        """End what goes on in the background."""
        for task in list(self.tasks):
            task.cancel()
        if self.tasks:
            await asyncio.wait(set(self.tasks), timeout=10)

    async def apart(self, work: Coroutine[Any, Any, T]) -> T:
        """Something that is asked of the venue for a caller; it goes on when the caller is cancelled, until the hub closes.

        Raises:
            HubClosed: the hub closed before it was done.
        """
        task = asyncio.get_running_loop().create_task(work)
        self.spawn(task)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise HubClosed("the hub has closed; look how the order stands") from None
            task.add_done_callback(self._unheard)
            raise

    def _unheard(self, task: asyncio.Task[Any]) -> None:
        """Nobody waits for it any more: that it failed stands in the log."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("account %s: what a caller did not wait for has failed: %s", self.name, error)

    def spawn(self, task: asyncio.Task[Any]) -> None:
        """Keep a background task until it ends."""
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


async def _nothing(what: Recorded | Live) -> None:
    """Before the hub has set the desk up."""
