# SPDX-License-Identifier: MIT
"""What the market does with the orders of one account: fills, triggers, cancels of what would open.

An order trades against the best bid or ask, always whole: no depth is simulated. What trades at once takes (at the
quote, worsened by the slippage); what rested trades at its own price when the quote reaches it.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve, frozen

from fks_exec import Fill, Instrument, MarketData, Side, Status, TimeInForce
from fks_exec.model.numbers import plain

from .book import Item, OrderBook
from .config import PaperConfig, PaperInstrument
from .funds import Funds
from .ledger import Ledger
from .protecting import binds
from .records import ZERO, Holding, PaperLeg, PaperOrder
from .rules import takes


@frozen(kw_only=True)
class Changes:
    """What one call changed.

    Args:
        orders: each order once, with the role of the leg that changed first, or nothing for the order itself.
        holdings: those that were traded.
    """

    orders: tuple[tuple[PaperOrder, str], ...]
    holdings: tuple[Holding, ...]


class Matching:
    """Orders, money and quotes of one account, as the market moves them.

    Args:
        config: instruments, fees, leverage.
        series: begins every order and trade id, so that two lives of an account never share one.
    """

    def __init__(self, config: PaperConfig, series: str) -> None:
        self._config = config
        self._series = series
        self._changed: dict[str, tuple[PaperOrder, str]] = {}
        self._traded: dict[str, Holding] = {}
        self.instruments: dict[str, Instrument] = {item.symbol: _rules(item, config) for item in config.instruments}
        self.quotes: dict[str, MarketData] = {
            i.symbol: MarketData(symbol=i.symbol, bid=i.bid, ask=i.ask) for i in config.instruments
        }
        self.book: OrderBook = OrderBook(self.instruments)
        kinds = {symbol: rules.kind for symbol, rules in self.instruments.items()}
        self.ledger: Ledger = Ledger(config.cash, kinds, config.leverage, hedging=config.hedging)
        self.counter: int = 0
        self._funds = Funds(config, self.instruments, self.ledger, self.mark)

    def mark(self, symbol: str, side: Side) -> Decimal | None:
        """What one would get or pay now."""
        return self.quotes[symbol].price_for(side)

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
        self.ledger.release(entry)
        self.ledger.reserve(entry, *self._funds.needs(entry.order, self._expected_price(entry)))
        self.book.rest(Item(entry))
        for leg in entry.legs if entry.role else ():
            if leg.status is Status.PENDING:
                leg.status = Status.ACCEPTED
                self.book.rest(Item(entry, leg))

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
            for linked in entry.legs if entry.role else ():
                self._cancel_leg(entry, linked)
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
        got = self._execute(entry, "", order.side, quantity, price, now, maker)
        if entry.legs and not entry.role:
            self._activate(entry, got, now)

    def _activate(self, entry: PaperOrder, got: Decimal, now: int) -> None:
        """The legs of a filled entry begin to rest; a target that the market has passed already trades at once.

        Args:
            got: what was bought or sold, less the fee in it; a leg is as large as an order can be.
        """
        closing = entry.leg_side
        quantity = self.instruments[entry.order.symbol].quantity_down(got)
        for leg in entry.legs:
            leg.quantity = quantity or got
            if not quantity or not self._funds.reducible(entry.order.symbol, closing):
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
        """One leg trades, never more than is held, and what it is linked with is cancelled in the same step."""
        self._note(entry, leg.role)
        side = entry.leg_side
        quantity = min(leg.quantity, self._funds.reducible(entry.order.symbol, side))
        leg.status = Status.FILLED if quantity else Status.CANCELED
        if entry.role:
            self._end(entry, Status.CANCELED)
        for sibling in entry.legs:
            self._cancel_leg(entry, sibling)
        if quantity:
            leg.quantity = quantity
            self._execute(entry, leg.role, side, quantity, price, now, maker)

    def _execute(
        self, entry: PaperOrder, role: str, side: Side, quantity: Decimal, price: Decimal, now: int, maker: bool
    ) -> Decimal:
        """One execution; what was got by it, less the fee in it."""
        symbol = entry.order.symbol
        closable = self._funds.reducible(symbol, side)
        charge = self._funds.charge(symbol, side, quantity, price, maker=maker)
        holding = self.ledger.holding(symbol, side, reducing=bool(role) or entry.order.reduce_only)
        self.ledger.book(holding, side, quantity, price, charge)
        self._traded[holding.key] = holding
        self.counter += 1
        fill = Fill(
            trade_id=f"{self._series}-t{self.counter}",
            quantity=quantity,
            price=price,
            fee=charge.base or charge.cash,
            fee_currency=self.instruments[symbol].base if charge.base else self._config.currency,
            timestamp=now,
            leg=role,
            side=side,
        )
        entry.fills = (*entry.fills, fill)
        if closable and not self._funds.reducible(symbol, side):
            self._cancel_what_would_open(symbol, side)
        return quantity - charge.base

    def _cancel_what_would_open(self, symbol: str, side: Side) -> None:
        """The position is flat or turned: legs and reduce-only orders that were to close it go, but for those that stay."""
        for item in self.book.resting[symbol].reducers():
            if item.side is not side:
                continue
            if item.leg is not None and not item.entry.role:
                self._cancel_leg(item.entry, item.leg)
            else:
                self._end(item.entry, Status.CANCELED, "REDUCE_ONLY", "the position that it was to close is gone")

    def _cancel_leg(self, entry: PaperOrder, leg: PaperLeg) -> None:
        if not leg.status.terminal:
            self.book.remove(Item(entry, leg))
            leg.status = Status.CANCELED
            self._note(entry, leg.role)

    def _end(self, entry: PaperOrder, status: Status, code: str | None = None, error: str | None = None) -> None:
        if entry.status.terminal:
            return
        self.book.remove(Item(entry))
        self.ledger.release(entry)
        entry.status, entry.code, entry.error = status, code, error
        self._note(entry)
        for leg in entry.legs:
            self._cancel_leg(entry, leg)

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


def _rules(item: PaperInstrument, config: PaperConfig) -> Instrument:
    """Where a leg sets aside what it sells, an exit has to make room first: reduce-only is not served as of contracts."""
    rules = item.rules()
    return evolve(rules, reduce_only=False) if binds(config.protection, rules) else rules
