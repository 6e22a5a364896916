# SPDX-License-Identifier: MIT
"""``PaperVenue``: the hooks of the simulated venue, around the engine and its state."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial

from attrs import evolve

from fks_exec import (
    Balance,
    Capabilities,
    Check,
    ExecutionResult,
    Health,
    Instrument,
    InvalidOrder,
    MarketData,
    NotSent,
    Order,
    OrderChange,
    OrderRef,
    OrderUpdate,
    Position,
    Protection,
    Submission,
    UnknownSymbol,
    VenueContext,
    VenueError,
    VenueRejected,
    hookimpl,
)
from fks_exec.model.numbers import Number, decimal, plain

from .book import Item
from .config import PaperConfig
from .declared import CAPABILITIES, narrowed
from .engine import Engine
from .records import PaperOrder, leg_result_of, result_of, update_of
from .reports import balances_of, positions_of
from .store import Store, restored, step_text
from .symbols import SymbolTable
from .writer import AtOnce, Grouped, Writer

log: logging.Logger = logging.getLogger(__name__)


class PaperVenue:
    """One simulated account.

    Every answer is given, and every update published, only after the state that it speaks of was written. A lock is held
    while the engine works, never while the disk is waited for, so that :meth:`set_quote` may come from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._engine: Engine | None = None
        self._store: Store | None = None
        self._writer: Writer = AtOnce()
        self._last: Future[None] | None = None
        self._closed = False

    @hookimpl
    async def init(self, config: PaperConfig, context: VenueContext) -> None:
        """Read the state of a former run, if there is one, and go on with it.

        Raises:
            VenueError: the state is damaged, is of another account, or does not fit the configuration.
        """
        self._config = config
        self._context = context
        self._symbols = SymbolTable(config.instruments)
        engine = await asyncio.to_thread(self._open)
        with self._lock:
            self._engine = engine
            engine.follow_all(context.clock.now())
            written = self._keep(engine)
        await _wait(written)

    def _open(self) -> Engine:
        series = f"p{secrets.token_hex(4)}"
        folder = self._context.state_dir
        if folder is None:
            return Engine(self._config, series)
        try:
            store = Store(folder, currency=self._config.currency, series=series)
        except OSError as error:
            raise VenueError(f"the state in {folder} cannot be opened: {error}; make the folder writable") from None
        try:
            engine = restored(self._config, store)
        except BaseException:
            store.close()
            raise
        self._store = store
        self._writer = Grouped(store.orders) if self._config.durable else AtOnce()
        return engine

    @hookimpl
    def name(self) -> str:
        """The display name."""
        return "Paper"

    @hookimpl
    def capabilities(self) -> Capabilities:
        """What was declared, as the account is configured."""
        return CAPABILITIES if self._engine is None else narrowed(self._config)

    @hookimpl
    def resolve_symbol(self, text: str) -> str | None:
        """The canonical symbol; see :class:`SymbolTable`."""
        return self._symbols.resolve(text)

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        """Take an order, once: the id of the submission is never taken again.

        Raises:
            VenueRejected: with the broken rule's code; nothing has changed, and the id is still free.
            OSError: the state could not be written, so that a restart may not know the order.
        """
        with self._serving() as engine:
            entry = engine.place(order, submission.venue_client_order_id, self._context.clock.now())
            result = result_of(entry)
            written = self._keep(engine, answered=entry)
        await _wait(written)
        return result

    @hookimpl
    async def cancel_order(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        """Cancel an order, or one leg by the leg's order id; what has ended stays as it is and says so.

        Raises:
            VenueRejected: UNKNOWN_ORDER.
        """
        with self._serving() as engine:
            item = _known(engine, ref)
            engine.cancel(item)
            result = _result(item)
            written = self._keep(engine, answered=None if item.leg else item.entry)
        await _wait(written)
        return result

    @hookimpl
    async def amend_order(self, ref: OrderRef, change: OrderChange, submission: Submission) -> ExecutionResult:
        """Change an order that rests, or one leg by the leg's order id; ``stop_loss`` and ``take_profit`` move legs.

        Raises:
            VenueRejected: with the broken rule's code; nothing has changed.
            OSError: the state could not be written.
        """
        with self._serving() as engine:
            item = _known(engine, ref)
            engine.amend(item, change, self._context.clock.now())
            result = _result(item)
            written = self._keep(engine, answered=None if item.leg else item.entry)
        await _wait(written)
        return result

    @hookimpl
    async def protect_position(self, protection: Protection, submission: Submission) -> ExecutionResult:
        """Place one leg as an order of its own, or a stop with its linked target; an id is never taken again.

        Raises:
            VenueRejected: with the broken rule's code; nothing has changed, and the id is still free.
            OSError: the state could not be written, so that a restart may not know the leg.
        """
        with self._serving() as engine:
            entry = engine.protect(protection, submission.venue_client_order_id, self._context.clock.now())
            result = result_of(entry)
            written = self._keep(engine, answered=entry)
        await _wait(written)
        return result

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        """The whole state of an order by any of its names, or of a leg by its order id."""
        with self._reading() as engine:
            item = engine.book.find(ref)
            result = None if item is None else _result(item)
        await self._settled()
        return result

    @hookimpl
    async def fetch_open_orders(self) -> Sequence[OrderUpdate]:
        """What rests, oldest first; a resting leg as the state of its entry, with the leg's role."""
        with self._reading() as engine:
            updates = [update_of(item.entry, item.leg.role if item.leg else "") for item in engine.book.open_items()]
        await self._settled()
        return updates

    @hookimpl
    async def fetch_positions(self) -> Sequence[Position]:
        """Open contracts. What was bought on spot is a balance, as at a real venue."""
        with self._reading() as engine:
            positions = positions_of(engine)
        await self._settled()
        return positions

    @hookimpl
    async def fetch_balance(self) -> Sequence[Balance]:
        """The account's currency, with the equity of the whole account, and each thing that is held on spot."""
        with self._reading() as engine:
            balances = balances_of(engine, self._config.currency)
        await self._settled()
        return balances

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        """The quote. Its time is now, since it stands until another is set; with ``quotes_age`` when it was set."""
        with self._reading() as engine:
            quote = engine.quotes[self._listed(symbol)]
            if self._config.quotes_age and quote.timestamp is not None:
                return quote
            return evolve(quote, timestamp=self._context.clock.now())

    @hookimpl
    async def fetch_instrument(self, symbol: str) -> Instrument:
        """The rules of one instrument."""
        with self._reading() as engine:
            return engine.instruments[self._listed(symbol)]

    @hookimpl
    async def health_check(self) -> Health:
        """Whether every instrument has a quote, and the state can be written (it is tried)."""
        return Health([self._quotes_known(), await asyncio.to_thread(self._state_writable)])

    @hookimpl
    async def close(self) -> None:
        """Write what is left and let the folder go."""
        self._closed = True
        await asyncio.to_thread(self._let_go)

    @property
    def quotes(self) -> Mapping[str, MarketData]:
        """The quotes as they are now, by symbol."""
        with self._reading() as engine:
            return dict(engine.quotes)

    def set_quote(
        self,
        symbol: str,
        *,
        bid: Number | None = None,
        ask: Number | None = None,
        last: Number | None = None,
        timestamp: int | None = None,
    ) -> None:
        """Move the market: what the quote reaches trades, and is published.

        It may be called from any thread and does not wait for the disk: with ``durable = false`` the updates are published
        before it returns, else by the thread that writes the state, in order.

        Args:
            symbol: any spelling that the account resolves.
            bid, ask, last: quote currency; None: there is none.
            timestamp: of the quote, epoch milliseconds; None: now. It is told with ``quotes_age`` only.

        Raises:
            UnknownSymbol: it names no instrument.
            InvalidOrder: a price that is no price, or a bid above the ask.
        """
        with self._serving() as engine:
            listed = self._listed(self._symbols.resolve(symbol) or symbol)
            now = self._context.clock.now()
            quote = MarketData(
                symbol=listed,
                bid=_price("bid", bid),
                ask=_price("ask", ask),
                last=_price("last", last),
                timestamp=now if timestamp is None else timestamp,
            )
            if quote.bid is not None and quote.ask is not None and quote.bid > quote.ask:
                raise InvalidOrder("bid", f"{plain(quote.bid)} is above the ask of {plain(quote.ask)}; swap them")
            engine.set_quote(quote, now)
            if self._store is not None:
                self._write(partial(self._store.write_quote, quote), [])
            self._keep(engine)

    def _keep(self, engine: Engine, answered: PaperOrder | None = None) -> Future[None] | None:
        """Write what changed, then tell of it; the order that is being answered needs no telling."""
        changes = engine.changes()
        if not changes.orders:
            return self._last
        updates = [update_of(entry, role) for entry, role in changes.orders if entry is not answered]
        if self._store is None:
            self._tell(updates)
            return None
        text = step_text(changes, engine.ledger.cash, engine.counter)
        return self._write(partial(self._store.orders.append, text), updates)

    def _write(self, work: partial[None], updates: list[OrderUpdate]) -> Future[None] | None:
        self._last = self._writer.write(work, partial(self._tell, updates))
        return self._last

    def _tell(self, updates: list[OrderUpdate]) -> None:
        for update in updates:
            try:
                self._context.publish(update)
            except Exception:  # the order is as it is, whether the host hears of it or not
                log.exception("publish failed for order %s", update.ref.order_id)

    @contextmanager
    def _reading(self) -> Iterator[Engine]:
        with self._lock:
            if self._engine is None or self._closed:
                raise NotSent("the simulated venue is not open; open the account first", code="NOT_OPEN")
            yield self._engine

    @contextmanager
    def _serving(self) -> Iterator[Engine]:
        """Nothing changes any more once a change could not be written: memory and file would go apart."""
        if self._writer.failure:
            text = f"the state cannot be written ({self._writer.failure}); make room and open the account again"
            raise NotSent(text, code="STATE_UNWRITABLE")
        with self._reading() as engine:
            yield engine

    async def _settled(self) -> None:
        """What was read is on the disk before it is told."""
        await _wait(self._last)

    def _listed(self, symbol: str) -> str:
        known = tuple(item.symbol for item in self._config.instruments)
        if symbol not in known:
            raise UnknownSymbol(symbol, candidates=known, reason="it is not listed here")
        return symbol

    def _quotes_known(self) -> Check:
        missing = [quote.symbol for quote in self.quotes.values() if quote.bid is None or quote.ask is None]
        if not missing:
            return Check(name="quotes", ok=True, message="every instrument has a bid and an ask")
        remedy = "set bid and ask in the configuration, or call set_quote"
        return Check(name="quotes", ok=False, message=f"no bid or no ask of {', '.join(missing)}", remedy=remedy)

    def _state_writable(self) -> Check:
        if self._store is None:
            return Check(name="state", ok=True, message="nothing is kept: the account has no folder")
        try:
            if self._writer.failure:
                raise OSError(self._writer.failure)
            self._store.probe()
        except OSError as error:
            remedy = "make the folder writable, make room, and open the account again"
            return Check(name="state", ok=False, message=f"the state cannot be written: {error}", remedy=remedy)
        return Check(name="state", ok=True, message=f"kept in {self._context.state_dir}")

    def _let_go(self) -> None:
        with self._lock:
            store, self._store = self._store, None
        if store is not None:
            self._writer.close()
            store.close()


def _known(engine: Engine, ref: OrderRef) -> Item:
    item = engine.book.find(ref)
    if item is None:
        raise VenueRejected("there is no order of that id here; look at the open orders", code="UNKNOWN_ORDER")
    return item


def _result(item: Item) -> ExecutionResult:
    return result_of(item.entry) if item.leg is None else leg_result_of(item.entry, item.leg)


def _price(name: str, value: Number | None) -> Number | None:
    if value is not None and decimal(value, name) <= 0:
        raise InvalidOrder(name, f"{value} is not greater than zero; None says that there is no price")
    return value


async def _wait(written: Future[None] | None) -> None:
    """Until it is written. Others wait for the same, so that one who gives up does not cancel it."""
    if written is not None:
        await asyncio.shield(asyncio.wrap_future(written))
