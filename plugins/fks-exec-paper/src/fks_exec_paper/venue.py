# SPDX-License-Identifier: MIT
"""``PaperVenue``: the hooks of the simulated venue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fks_exec import (
    Balance,
    Capabilities,
    ExecutionResult,
    Health,
    Instrument,
    MarketData,
    Order,
    OrderChange,
    OrderRef,
    OrderUpdate,
    Position,
    Protection,
    Submission,
    VenueContext,
    VenueRejected,
    hookimpl,
)
from fks_exec.model.numbers import Number

from .account import PaperAccount, not_open
from .book import Item
from .config import PaperConfig
from .declared import CAPABILITIES, narrowed
from .display import checked
from .engine import Engine
from .keeping import wait
from .records import PaperOrder
from .reports import balances_of, positions_of
from .results import leg_result_of, result_of, update_of


class PaperVenue:
    """One simulated account.

    Every answer is given, and every update published, only after the state that it speaks of was written. A lock is held
    while the engine works, never while the disk or another account is waited for, so that :meth:`set_quote` may come from
    any thread.
    """

    def __init__(self) -> None:
        self._account: PaperAccount | None = None

    @property
    def _open(self) -> PaperAccount:
        if self._account is None:
            raise not_open()
        return self._account

    @hookimpl
    async def init(self, config: PaperConfig, context: VenueContext) -> None:
        """Read the state of a former run, if there is one, and go on with it.

        Raises:
            ConfigError: the account is to ask itself for quotes.
            VenueError: the state is damaged, is of another account, or does not fit the configuration.
        """
        self._account = PaperAccount(config, context)
        await self._account.open()

    @hookimpl
    def name(self) -> str:
        """The display name."""
        return "Paper"

    @hookimpl
    def capabilities(self) -> Capabilities:
        """What was declared, as the account is configured."""
        return CAPABILITIES if self._account is None else narrowed(self._account.config)

    @hookimpl
    def resolve_symbol(self, text: str) -> str | None:
        """The canonical symbol; see :class:`SymbolTable`."""
        return self._open.symbols.resolve(text)

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        """Take an order, once: the id of the submission is never taken again.

        Raises:
            VenueRejected: with the broken rule's code; nothing has changed, and the id is still free.
            OSError: the state could not be written, so that a restart may not know the order.
        """
        name = submission.venue_client_order_id
        return await self._take_in(order.symbol, submission, lambda engine, now: engine.place(order, name, now))

    @hookimpl
    async def protect_position(self, protection: Protection, submission: Submission) -> ExecutionResult:
        """Place one leg as an order of its own, or a stop with its linked target; an id is never taken again.

        Raises:
            VenueRejected: with the broken rule's code; nothing has changed, and the id is still free.
            OSError: the state could not be written, so that a restart may not know the leg.
        """
        name = submission.venue_client_order_id
        return await self._take_in(protection.symbol, submission, lambda engine, now: engine.protect(protection, name, now))

    @hookimpl
    async def close_position(self, position: Position, submission: Submission) -> ExecutionResult:
        """Close a position, one of two sides by its ``position_id``, with one reduce-only market order.

        Raises:
            VenueRejected: with the broken rule's code; nothing has changed, and the id is still free.
            OSError: the state could not be written, so that a restart may not know the order.
        """
        name = submission.venue_client_order_id
        return await self._take_in(position.symbol, submission, lambda engine, now: engine.close(position, name, now))

    async def _take_in(
        self, symbol: str, submission: Submission, place: Callable[[Engine, int], PaperOrder]
    ) -> ExecutionResult:
        await self._open.ask(symbol, submission)
        with self._open.serving() as work:
            entry = place(work.engine, work.now)
            result = result_of(entry)
            written = work.keeper.keep(work.engine, answered=entry)
        await wait(written)
        return result

    @hookimpl
    async def cancel_order(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        """Cancel an order, or one leg by the leg's order id; what has ended stays as it is and says so.

        Raises:
            VenueRejected: UNKNOWN_ORDER.
        """
        return await self._alter(ref, lambda engine, item, now: engine.cancel(item))

    @hookimpl
    async def amend_order(self, ref: OrderRef, change: OrderChange, submission: Submission) -> ExecutionResult:
        """Change an order that rests, or one leg by the leg's order id; ``stop_loss`` and ``take_profit`` move legs.

        Raises:
            VenueRejected: with the broken rule's code; nothing has changed.
            OSError: the state could not be written.
        """
        with self._open.serving() as work:
            symbol = _known(work.engine, ref).entry.order.symbol
        await self._open.ask(symbol, submission)
        return await self._alter(ref, lambda engine, item, now: engine.amend(item, change, now))

    async def _alter(self, ref: OrderRef, alter: Callable[[Engine, Item, int], None]) -> ExecutionResult:
        with self._open.serving() as work:
            item = _known(work.engine, ref)
            alter(work.engine, item, work.now)
            result = _result(item)
            written = work.keeper.keep(work.engine, answered=None if item.leg else item.entry)
        await wait(written)
        return result

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        """The whole state of an order by any of its names, or of a leg by its order id."""
        with self._open.reading() as work:
            item = work.engine.book.find(ref)
            result = None if item is None else _result(item)
        await work.keeper.settled()
        return result

    @hookimpl
    async def fetch_open_orders(self) -> Sequence[OrderUpdate]:
        """What rests, oldest first; a resting leg as the state of its entry, with the leg's role."""
        with self._open.reading() as work:
            items = work.engine.book.open_items()
            updates = [update_of(item.entry, item.leg.role if item.leg else "") for item in items]
        await work.keeper.settled()
        return updates

    @hookimpl
    async def fetch_positions(self) -> Sequence[Position]:
        """Open contracts. What was bought on spot is a balance, as at a real venue."""
        await self._open.value()
        with self._open.reading() as work:
            positions = positions_of(work.engine)
        await work.keeper.settled()
        return positions

    @hookimpl
    async def fetch_balance(self) -> Sequence[Balance]:
        """The account's currency, with the equity of the whole account, and each thing that is held on spot.

        Raises:
            VenueError: NO_QUOTE, the account that gives the quotes does not answer, so that the equity is not known.
        """
        await self._open.value()
        with self._open.reading() as work:
            self._open.check_valued(work.engine)
            balances = balances_of(work.engine, self._open.config.currency)
        await work.keeper.settled()
        return balances

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        """The quote, less what was taken of its sizes.

        Its time is now, since it stands until another is set; with ``quotes_age`` when it was set. With ``quotes`` it is
        asked for anew, and its time is the other account's.

        Raises:
            VenueError: NO_QUOTE, the account that gives the quotes does not answer.
        """
        return await self._open.look(symbol)

    @hookimpl
    async def fetch_instrument(self, symbol: str) -> Instrument:
        """The rules of one instrument."""
        with self._open.reading() as work:
            return work.engine.instruments[self._open.listed(symbol)]

    @hookimpl
    async def health_check(self) -> Health:
        """Whether every instrument has a quote, and the state can be written (it is tried)."""
        return Health([await self._open.check_quotes(), await self._open.check_state()])

    @hookimpl
    async def close(self) -> None:
        """Write what is left and let the folder go."""
        if self._account is not None:
            await self._account.close()

    @property
    def quotes(self) -> Mapping[str, MarketData]:
        """The quotes as they are now, by symbol, less what was taken of their sizes."""
        with self._open.reading() as work:
            return dict(work.engine.quotes)

    def set_quote(
        self,
        symbol: str,
        *,
        bid: Number | None = None,
        ask: Number | None = None,
        last: Number | None = None,
        timestamp: int | None = None,
        bid_size: Number | None = None,
        ask_size: Number | None = None,
    ) -> None:
        """Move the market: what the quote reaches trades, by as much as it shows, and is published.

        It may be called from any thread and does not wait for the disk: with ``durable = false`` the updates are published
        before it returns, else by the thread that writes the state, in order.

        Args:
            symbol: any spelling that the account resolves.
            bid, ask, last: quote currency; None: there is none.
            timestamp: of the quote, epoch milliseconds; None: now. It is told with ``quotes_age`` only.
            bid_size, ask_size: how much can be sold at the bid and bought at the ask until another quote is set, base
                units; None: as much as one likes.

        Raises:
            UnknownSymbol: it names no instrument.
            InvalidOrder: a price that is no price, a size below zero, or a bid above the ask.
            ConfigError: another account gives the prices.
        """
        prices = {"bid": bid, "ask": ask, "last": last, "bid_size": bid_size, "ask_size": ask_size}
        self._open.set_quote(checked(MarketData(symbol=symbol, timestamp=timestamp, **prices)))


def _known(engine: Engine, ref: OrderRef) -> Item:
    item = engine.book.find(ref)
    if item is None:
        raise VenueRejected("there is no order of that id here; look at the open orders", code="UNKNOWN_ORDER")
    return item


def _result(item: Item) -> ExecutionResult:
    return result_of(item.entry) if item.leg is None else leg_result_of(item.entry, item.leg)
