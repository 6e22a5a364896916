# SPDX-License-Identifier: MIT
"""The matching of one simulated account: pure and synchronous, no file, no clock, no thread.

An order trades against the best bid or ask, always whole: no depth is simulated. What trades at once takes (at the
quote, worsened by the slippage); what rested trades at its own price when the quote reaches it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Context, Decimal, localcontext
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from attrs import frozen

from fks_exec import Fill, Instrument, MarketData, Order, Side, Status, TimeInForce
from fks_exec.model.numbers import plain

from .book import Item, OrderBook, active
from .config import PaperConfig
from .funds import Funds
from .ledger import Ledger
from .records import ZERO, Holding, PaperLeg, PaperOrder, kept
from .rules import check_id, check_order, refuse, takes

_EXACT = Context(prec=80)
P = ParamSpec("P")
R = TypeVar("R")


def exact(method: Callable[Concatenate[Engine, P], R]) -> Callable[Concatenate[Engine, P], R]:
    """Compute with so many digits that no sum of money is ever rounded."""

    @wraps(method)
    def run(self: Engine, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with localcontext(_EXACT):
            return method(self, *args, **kwargs)

    return run


@frozen(kw_only=True)
class Changes:
    """What one call changed.

    Args:
        orders: each order once, with the role of the leg that changed first, or nothing for the order itself.
        holdings: those that were traded.
    """

    orders: tuple[tuple[PaperOrder, str], ...]
    holdings: tuple[Holding, ...]


class Engine:
    """Orders, money and quotes of one account.

    Args:
        config: instruments, fees, leverage.
        series: begins every order and trade id, so that two lives of an account never share one.
    """

    def __init__(self, config: PaperConfig, series: str) -> None:
        self._config = config
        self._series = series
        self._changed: dict[str, tuple[PaperOrder, str]] = {}
        self._traded: dict[str, Holding] = {}
        self.instruments: dict[str, Instrument] = {item.symbol: item.rules() for item in config.instruments}
        self.quotes: dict[str, MarketData] = {
            i.symbol: MarketData(symbol=i.symbol, bid=i.bid, ask=i.ask) for i in config.instruments
        }
        self.book: OrderBook = OrderBook(self.instruments)
        self.ledger: Ledger = Ledger(config.cash, {s: i.kind for s, i in self.instruments.items()}, config.leverage)
        self.counter: int = 0
        self._funds = Funds(config, self.instruments, self.ledger, self.mark)

    @exact
    def restore(self, counter: int, cash: Decimal, holdings: Iterable[Holding], orders: Iterable[PaperOrder]) -> None:
        """Go on with what a former run left; ``orders`` are those that are not finished."""
        self.counter = counter
        entries = list(orders)
        self.ledger.restore(cash, holdings, entries)
        for entry in entries:
            self.book.add(entry)
            for item in active(entry):
                self.book.rest(item)

    @exact
    def place(self, order: Order, venue_client_order_id: str, now: int) -> PaperOrder:
        """Take an order: fill it, let it rest, or let it expire.

        Args:
            now: epoch milliseconds.

        Raises:
            VenueRejected: nothing has changed.
        """
        check_id(venue_client_order_id)
        if order.symbol not in self.instruments:
            known = ", ".join(self.instruments)
            raise refuse("UNKNOWN_SYMBOL", "{} is not listed here; listed are {}", order.symbol, known)
        if self.book.knows(venue_client_order_id):
            raise refuse("DUPLICATE_ID", "the id {} was used before; look that order up", venue_client_order_id)
        check_order(order, self.instruments[order.symbol], self.quotes[order.symbol])
        entry = PaperOrder(
            order_id=f"{self._series}-{self.counter + 1}",
            venue_client_order_id=venue_client_order_id,
            number=self.counter + 1,
            created=now,
            order=kept(order),
        )
        self._refuse_unaffordable(entry)
        self._take_in(entry, now)
        return entry

    def _refuse_unaffordable(self, entry: PaperOrder) -> None:
        shortage = self._funds.shortage(entry.order, self._expected_price(entry))
        if shortage is not None:
            raise refuse(*shortage)

    def _take_in(self, entry: PaperOrder, now: int) -> None:
        self.counter += 1
        prices = (("stop_loss", entry.order.stop_loss), ("take_profit", entry.order.take_profit))
        entry.legs = tuple(
            PaperLeg(role=role, order_id=self._next_id(), quantity=entry.order.quantity, trigger_price=price)
            for role, price in prices
            if price is not None
        )
        self.book.add(entry)
        self._note(entry)
        self._enter(entry, now)
        self._follow(entry.order.symbol, now)

    @exact
    def cancel(self, item: Item) -> None:
        """Take an order, or one leg, out of the book; one that has ended stays as it is."""
        if item.leg is None and not item.entry.status.terminal:
            self._end(item.entry, Status.CANCELED)
        elif item.leg is not None and not item.leg.status.terminal:
            self._cancel_leg(item.entry, item.leg)

    @exact
    def set_quote(self, quote: MarketData, now: int) -> None:
        """Move the market; what it reaches trades."""
        self.quotes[quote.symbol] = quote
        self._follow(quote.symbol, now)

    @exact
    def follow_all(self, now: int) -> None:
        """Let trade what the quotes have reached meanwhile (the configuration was edited between two runs)."""
        for symbol in self.instruments:
            self._follow(symbol, now)

    def changes(self) -> Changes:
        """What changed since this was last asked."""
        changes = Changes(orders=tuple(self._changed.values()), holdings=tuple(self._traded.values()))
        self._changed.clear()
        self._traded.clear()
        return changes

    def mark(self, symbol: str, side: Side) -> Decimal | None:
        """What one would get or pay now."""
        return self.quotes[symbol].price_for(side)

    @exact
    def equity(self) -> Decimal | None:
        """What the account is worth, in its currency; None when a quote is missing."""
        return self.ledger.equity(self.mark)

    @exact
    def free_cash(self) -> Decimal:
        """What can be spent or serve as margin, in the account's currency."""
        return self.ledger.free_cash(self.mark)

    @exact
    def profit(self, holding: Holding) -> Decimal | None:
        """Of an open position, quote currency; None without a quote."""
        return self.ledger.profit(holding, self.mark)

    def _enter(self, entry: PaperOrder, now: int) -> None:
        """A new order, or one whose stop was reached, meets the market."""
        if entry.waiting_for_stop:
            self._rest(entry)
        elif takes(entry.order.side, entry.limit, self.mark(entry.order.symbol, entry.order.side)):
            self._fill_order(entry, self._taking_price(Item(entry)), now)
        elif entry.order.time_in_force is not TimeInForce.GTC:
            self._end(entry, Status.EXPIRED)
        else:
            self._rest(entry)

    def _rest(self, entry: PaperOrder) -> None:
        if not entry.triggered:
            self.ledger.reserve(entry, *self._funds.needs(entry.order, self._expected_price(entry)))
        self.book.rest(Item(entry))

    def _follow(self, symbol: str, now: int) -> None:
        resting = self.book.resting[symbol]
        while (item := resting.reached(self.quotes[symbol])) is not None:
            self._reach(item, now)

    def _reach(self, item: Item, now: int) -> None:
        entry, leg = item.entry, item.leg
        self.book.remove(item)
        if leg is not None:
            price = self._taking_price(item) if item.is_stop else leg.trigger_price
            self._fill_leg(entry, leg, price, now, maker=not item.is_stop)
        elif item.is_stop:
            entry.triggered = True
            self._note(entry)
            self._enter(entry, now)
        else:
            self._fill_order(entry, item.price, now, maker=True)

    def _fill_order(self, entry: PaperOrder, price: Decimal, now: int, *, maker: bool = False) -> None:
        self.ledger.release(entry)
        shortage = self._funds.shortage(entry.order, price)
        if shortage is not None:
            self._end(entry, Status.CANCELED, *shortage)
            return
        order = entry.order
        quantity = min(order.quantity, self._funds.closable(order)) if order.reduce_only else order.quantity
        entry.status = Status.FILLED
        if quantity < order.quantity:
            entry.status, entry.code = Status.CANCELED, "REDUCE_ONLY"
            entry.error = f"only {plain(quantity)} of {plain(order.quantity)} was there to be closed; the rest was cancelled"
        self._note(entry)
        self._execute(entry, "", order.side, quantity, price, now, maker)
        self._activate(entry, quantity, now)

    def _activate(self, entry: PaperOrder, quantity: Decimal, now: int) -> None:
        """The legs of a filled entry begin to rest; a target that the market has passed already trades at once."""
        closing = entry.order.side.opposite
        for leg in entry.legs:
            leg.quantity = quantity
            if not self.ledger.reducible(entry.order.symbol, closing):
                leg.status = Status.CANCELED
                continue
            leg.status = Status.ACCEPTED
            self.book.rest(Item(entry, leg))
        for leg in entry.legs:
            passed = takes(closing, leg.trigger_price, self.mark(entry.order.symbol, closing))
            if leg.role == "take_profit" and leg.status is Status.ACCEPTED and passed:
                self.book.remove(Item(entry, leg))
                self._fill_leg(entry, leg, self._taking_price(Item(entry, leg)), now, maker=False)

    def _fill_leg(self, entry: PaperOrder, leg: PaperLeg, price: Decimal, now: int, *, maker: bool) -> None:
        """One leg trades, never more than is held, and its sibling is cancelled in the same step."""
        self._note(entry, leg.role)
        leg.status = Status.FILLED
        for sibling in entry.legs:
            if not sibling.status.terminal:
                self._cancel_leg(entry, sibling)
        side = entry.order.side.opposite
        leg.quantity = min(leg.quantity, self.ledger.reducible(entry.order.symbol, side))
        self._execute(entry, leg.role, side, leg.quantity, price, now, maker)

    def _execute(
        self, entry: PaperOrder, role: str, side: Side, quantity: Decimal, price: Decimal, now: int, maker: bool
    ) -> None:
        symbol = entry.order.symbol
        before = self.ledger.quantity(symbol)
        fee = self._funds.fee(quantity, price, maker=maker)
        self.ledger.book(symbol, side, quantity, price, fee)
        self._traded[symbol] = self.ledger.holdings[symbol]
        self.counter += 1
        fill = Fill(
            trade_id=f"{self._series}-t{self.counter}",
            quantity=quantity,
            price=price,
            fee=fee,
            fee_currency=self._config.currency,
            timestamp=now,
            leg=role,
            side=side,
        )
        entry.fills = (*entry.fills, fill)
        if _sign(before) != _sign(self.ledger.quantity(symbol)):
            self._cancel_what_would_open(symbol)

    def _cancel_what_would_open(self, symbol: str) -> None:
        """The position is flat or turned: legs and reduce-only orders, all of which were to close the old one, go."""
        for item in self.book.resting[symbol].reducers():
            if item.leg is not None:
                self._cancel_leg(item.entry, item.leg)
            else:
                self._end(item.entry, Status.CANCELED, "REDUCE_ONLY", "the position that it was to close is gone")

    def _cancel_leg(self, entry: PaperOrder, leg: PaperLeg) -> None:
        self.book.remove(Item(entry, leg))
        leg.status = Status.CANCELED
        self._note(entry, leg.role)

    def _end(self, entry: PaperOrder, status: Status, code: str | None = None, error: str | None = None) -> None:
        self.book.remove(Item(entry))
        self.ledger.release(entry)
        entry.status, entry.code, entry.error = status, code, error
        for leg in entry.legs:
            leg.status = Status.CANCELED
        self._note(entry)

    def _expected_price(self, entry: PaperOrder) -> Decimal:
        order = entry.order
        now = self.mark(order.symbol, order.side)
        if not entry.waiting_for_stop and takes(order.side, entry.limit, now):
            return self._taking_price(Item(entry))
        price = order.price or order.stop_price
        assert price is not None  # noqa: S101  (a market order without a quote was refused)
        return price

    def _taking_price(self, item: Item) -> Decimal:
        """The quote, worsened by the slippage; never beyond a limit, never below one tick."""
        symbol, sign = item.entry.order.symbol, item.side.sign
        now = self.mark(symbol, item.side)
        assert now is not None  # noqa: S101  (whoever takes has looked at the quote)
        tick = self.instruments[symbol].price_tick or ZERO
        price = max(now + sign * self._config.slippage_ticks * tick, min(now, tick))
        limit = item.entry.limit if item.leg is None else None if item.is_stop else item.leg.trigger_price
        if limit is not None and (price - limit) * sign > 0:
            return limit
        return price

    def _next_id(self) -> str:
        self.counter += 1
        return f"{self._series}-{self.counter}"

    def _note(self, entry: PaperOrder, role: str = "") -> None:
        self._changed.setdefault(entry.order_id, (entry, role))


def _sign(quantity: Decimal) -> int:
    return (quantity > 0) - (quantity < 0)
