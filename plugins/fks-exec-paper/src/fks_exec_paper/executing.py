# SPDX-License-Identifier: MIT
"""One execution, and how an order ends: money, positions, what is shown, and the orders that a flat position takes along."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve, frozen

from fks_exec import Fill, Instrument, MarketData, Side, Status

from .book import Item, OrderBook
from .config import PaperConfig, PaperInstrument
from .display import Display, Shown
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
        shown: the quotes of which something was taken.
    """

    orders: tuple[tuple[PaperOrder, str], ...]
    holdings: tuple[Holding, ...]
    shown: tuple[Shown, ...]


class Executing:
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
        self.instruments: dict[str, Instrument] = {item.symbol: _rules(item, config) for item in config.instruments}
        steps = {symbol: rules.quantity_step for symbol, rules in self.instruments.items()}
        self.display: Display = Display([item.quotation() for item in config.instruments], steps)
        self.book: OrderBook = OrderBook(self.instruments)
        kinds = {symbol: rules.kind for symbol, rules in self.instruments.items()}
        self.ledger: Ledger = Ledger(config.cash, kinds, config.leverage, hedging=config.hedging)
        self.counter: int = 0
        self._funds = Funds(config, self.instruments, self.ledger, self.mark)

    @property
    def quotes(self) -> dict[str, MarketData]:
        """What the market shows now, by symbol."""
        return self.display.quotes

    def mark(self, symbol: str, side: Side) -> Decimal | None:
        """What one would get or pay now."""
        return self.quotes[symbol].price_for(side)

    def changes(self) -> Changes:
        """What changed since this was last asked."""
        orders, holdings = tuple(self._changed.values()), tuple(self._traded.values())
        self._changed.clear()
        self._traded.clear()
        return Changes(orders=orders, holdings=holdings, shown=self.display.changes())

    def _execute(
        self, entry: PaperOrder, role: str, side: Side, quantity: Decimal, price: Decimal, now: int, maker: bool
    ) -> Decimal:
        """One execution; what was got by it, less the fee in it."""
        symbol = entry.order.symbol
        closable = self._funds.reducible(symbol, side)
        charge = self._funds.charge(symbol, side, quantity, price, maker=maker)
        holding = self.ledger.holding(symbol, side, reducing=bool(role) or entry.order.reduce_only)
        self.ledger.book(holding, side, quantity, price, charge)
        self.display.take(symbol, side, quantity)
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
            self._drop_what_would_open(symbol, side)
        return quantity - charge.base

    def _drop_what_would_open(self, symbol: str, side: Side) -> None:
        """The position is flat or turned: legs and reduce-only orders that were to close it go, but for those that stay."""
        for item in self.book.resting[symbol].reducers():
            if item.side is not side:
                continue
            if item.leg is None or item.entry.role:
                self._end(item.entry, Status.CANCELED, "REDUCE_ONLY", "the position that it was to close is gone")
            elif item.entry.status.terminal:
                self._cancel_leg(item.entry, item.leg)
            else:
                self._set_back(item.entry, item.leg)

    def _set_back(self, entry: PaperOrder, leg: PaperLeg) -> None:
        """Its entry may still fill: until then it waits, as before the first fill."""
        self.book.remove(Item(entry, leg))
        leg.status, leg.quantity = Status.PENDING, entry.order.quantity
        entry.covered = ZERO
        self._note(entry, leg.role)

    def _cancel_leg(self, entry: PaperOrder, leg: PaperLeg) -> None:
        if not leg.status.terminal:
            self.book.remove(Item(entry, leg))
            leg.status = Status.CANCELED
            self._note(entry, leg.role)

    def _end(self, entry: PaperOrder, status: Status, code: str | None = None, error: str | None = None) -> None:
        """What is left of an order goes; legs that protect what it has filled stay."""
        if entry.status.terminal:
            return
        self.book.remove(Item(entry))
        self.ledger.release(entry)
        entry.status, entry.code, entry.error = status, code, error
        self._note(entry)
        for leg in entry.legs:
            if entry.role or not leg.rests:
                self._cancel_leg(entry, leg)

    def _whole(self, entry: PaperOrder) -> bool:
        """Whether all of it that can trade is shown."""
        wanted = self._wanted(entry)
        return self.display.available(entry.order.symbol, entry.order.side, wanted) == wanted

    def _wanted(self, entry: PaperOrder) -> Decimal:
        """What it would trade if all were shown: a reduce-only order no more than there is to close."""
        return min(entry.remaining, self._funds.closable(entry.order)) if entry.order.reduce_only else entry.remaining

    def _worst_price(self, entry: PaperOrder) -> Decimal:
        """At which the account must be able to do all that is left of an order, quote currency."""
        order = entry.order
        now = None if entry.waiting_for_stop else self.mark(order.symbol, order.side)
        price = order.price or order.stop_price
        if not takes(order.side, entry.limit, now) or entry.waiting_for_stop:
            assert price is not None  # noqa: S101  (a market order without a quote was refused)
            return price
        taking = self._taking_price(Item(entry))
        return taking if entry.limit is None or self._whole(entry) else max(taking, entry.limit)

    def _taking_price(self, item: Item) -> Decimal:
        """The quote, worsened by the slippage; never beyond a limit, never below one tick."""
        symbol, sign = item.entry.order.symbol, item.side.sign
        now = self.mark(symbol, item.side)
        assert now is not None  # noqa: S101  (whoever takes has looked at the quote)
        tick = self.instruments[symbol].price_tick or ZERO
        price = max(now + sign * self._config.slippage_ticks * tick, min(now, tick))
        limit = item.entry.limit if item.leg is None else None if item.leg.role == "stop_loss" else item.leg.trigger_price
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
