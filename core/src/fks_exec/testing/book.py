# SPDX-License-Identifier: MIT
"""The venue's book: prices, orders, fills, positions, cash. It keeps the truth; no fault changes what stands here."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import count

from attrs import Factory, define, field

from ..model.account import Balance, Position
from ..model.events import OrderUpdate
from ..model.market import MarketData
from ..model.numbers import ZERO, Number, decimal
from ..model.orders import Order, OrderRef, OrderType, Side
from ..model.results import ExecutionResult, Fill, Status


@define(kw_only=True, eq=False)
class PlacedOrder:
    """One order in the book.

    Args:
        order_id: the venue's own.
        venue_client_order_id: what the sender called it; several orders may have the same.
        account: whose it is; empty: somebody else's.
        order: as asked, and as amended since.
        time: when it was placed, epoch milliseconds.
        status: where it stands.
        fills: its executions.
        resting: the market does not touch it; it fills by hand only.
        hidden_looks: how many look-ups still do not find it.
        hidden_until: not found before, in seconds on the monotonic clock.
        repeats: how often each of its updates is published.
    """

    order_id: str
    venue_client_order_id: str
    account: str
    order: Order
    time: int
    status: Status = Status.ACCEPTED
    fills: list[Fill] = Factory(list)
    resting: bool = False
    hidden_looks: int = 0
    hidden_until: float = 0.0
    repeats: int = 1

    @property
    def foreign(self) -> bool:
        """Whether no account of ours placed it."""
        return not self.account

    @property
    def open(self) -> bool:
        """Whether it may still fill."""
        return not self.status.terminal

    @property
    def filled(self) -> Decimal:
        """Base units or contracts."""
        return sum((fill.quantity for fill in self.fills), ZERO)

    @property
    def remaining(self) -> Decimal:
        """Base units or contracts."""
        return self.order.quantity - self.filled

    @property
    def ref(self) -> OrderRef:
        """Its names."""
        return OrderRef(
            client_order_id=self.order.client_order_id,
            venue_client_order_id=self.venue_client_order_id or None,
            order_id=self.order_id,
            symbol=self.order.symbol,
            submitted_at=self.time,
        )

    @property
    def result(self) -> ExecutionResult:
        """Its whole state."""
        filled = self.filled
        paid = sum((fill.quantity * fill.price for fill in self.fills), ZERO)
        return ExecutionResult(
            status=self.status,
            order_id=self.order_id,
            filled_quantity=filled,
            average_price=paid / filled if filled else None,
            fills=self.fills,
        )

    @property
    def update(self) -> OrderUpdate:
        """What the venue would publish of it now."""
        return OrderUpdate(ref=self.ref, result=self.result)


@define(kw_only=True, eq=False)
class _Holding:
    quantity: Decimal = ZERO
    average: Decimal = ZERO
    realized: Decimal = ZERO

    def trade(self, change: Decimal, price: Decimal) -> Decimal:
        """Book a signed quantity; returns the profit that it realizes, in quote currency."""
        before, after = self.quantity, self.quantity + change
        closed = min(abs(before), abs(change)) if before * change < 0 else ZERO
        profit = closed * (price - self.average) * (1 if before > 0 else -1)
        if before * change >= 0 and after:
            self.average = (abs(before) * self.average + abs(change) * price) / abs(after)
        elif before * after <= 0:
            self.average = price if after else ZERO
        self.quantity = after
        self.realized += profit
        return profit


@define(kw_only=True, eq=False)
class Book:
    """Orders and what they came to.

    Args:
        price: of every instrument until it is set, quote currency.
        cash: in ``currency``, at the start.
        currency: of cash, fees and profit.
        fee_rate: of a trade's value, e.g. ``0.001``.
        enforce_reduce_only: such an order never opens or turns a position.
        prefix: of the ids that it gives to orders and trades.
    """

    price: Decimal = field(converter=decimal)
    cash: Decimal = field(converter=decimal)
    currency: str = "USDT"
    fee_rate: Decimal = field(default=ZERO, converter=decimal)
    enforce_reduce_only: bool = True
    prefix: str = ""
    orders: list[PlacedOrder] = Factory(list)
    _names: dict[str, PlacedOrder] = Factory(dict)
    _quotes: dict[str, tuple[Decimal, Decimal]] = Factory(dict)
    _holdings: dict[str, _Holding] = Factory(dict)
    _order_numbers: Iterator[int] = Factory(lambda: count(1))
    _trade_numbers: Iterator[int] = Factory(lambda: count(1))

    def quote(self, symbol: str, time: int) -> MarketData:
        """Bid and ask."""
        bid, ask = self._quotes.get(symbol, (self.price, self.price))
        return MarketData(symbol=symbol, bid=bid, ask=ask, last=bid, timestamp=time)

    def set_price(self, symbol: str, bid: Number, ask: Number | None = None) -> None:
        """What the market gives (bid) and asks (ask; the same if None), quote currency."""
        self._quotes[symbol] = (decimal(bid, "bid"), decimal(bid if ask is None else ask, "ask"))

    def make(self, order: Order, venue_client_order_id: str, account: str, time: int, *, resting: bool = False) -> PlacedOrder:
        """A new order with an id of its own; it is not in the book yet."""
        return PlacedOrder(
            order_id=f"{self.prefix}V{next(self._order_numbers)}",
            venue_client_order_id=venue_client_order_id,
            account=account,
            order=order,
            time=time,
            resting=resting,
        )

    def add(self, placed: PlacedOrder) -> None:
        """Into the book; one that is sent twice stands there twice."""
        self.orders.append(placed)
        self._names[placed.order_id] = placed
        if placed.venue_client_order_id:
            self._names.setdefault(placed.venue_client_order_id, placed)

    def find(self, ref: OrderRef) -> PlacedOrder | None:
        """By the venue's id, else the first that the sender called so."""
        return self._names.get(ref.order_id or ref.venue_client_order_id or "")

    def market_price(self, placed: PlacedOrder) -> Decimal | None:
        """At what price the market would fill an order now; None: it would not."""
        order = placed.order
        bid, ask = self._quotes.get(order.symbol, (self.price, self.price))
        market, sign = (ask, 1) if order.side is Side.BUY else (bid, -1)
        if order.order_type is OrderType.STOP and order.stop_price is not None:
            return market if (market - order.stop_price) * sign >= 0 else None
        if order.price is None:
            return market
        return market if (order.price - market) * sign >= 0 else None

    def may_fill(self, placed: PlacedOrder) -> Decimal:
        """How much of an order can still fill: a reduce-only one no more than there is to reduce."""
        if not (placed.order.reduce_only and self.enforce_reduce_only):
            return placed.remaining
        reducible = -self.position(placed.order.symbol) * placed.order.side.sign
        return max(ZERO, min(placed.remaining, reducible))

    def fill(self, placed: PlacedOrder, quantity: Decimal, price: Decimal, time: int) -> Fill:
        """One trade, also of an order that has ended: the truth comes late sometimes."""
        fee = quantity * price * self.fee_rate
        trade_id = f"{self.prefix}T{next(self._trade_numbers)}"
        fill = Fill(
            trade_id=trade_id,
            quantity=quantity,
            price=price,
            fee=fee,
            fee_currency=self.currency if fee else None,
            timestamp=time,
        )
        placed.fills.append(fill)
        placed.status = Status.PARTIALLY_FILLED if placed.remaining > 0 else Status.FILLED
        self.cash -= fee
        if not placed.foreign:
            self.trade(placed.order.symbol, quantity * placed.order.side.sign, price)
        return fill

    def trade(self, symbol: str, change: Decimal, price: Decimal) -> None:
        """Change a position by a signed quantity."""
        self.cash += self._holdings.setdefault(symbol, _Holding()).trade(change, price)

    def position(self, symbol: str) -> Decimal:
        """Signed, base units or contracts."""
        holding = self._holdings.get(symbol)
        return holding.quantity if holding else ZERO

    def positions(self) -> list[Position]:
        """All that are not flat."""
        return [
            Position(symbol=symbol, quantity=h.quantity, average_price=h.average, realized_pnl=h.realized)
            for symbol, h in self._holdings.items()
            if h.quantity
        ]

    def balance(self) -> Balance:
        """Cash, and with the open positions at the bid the equity."""
        open_profit = ZERO
        for symbol, holding in self._holdings.items():
            open_profit += holding.quantity * (self._quotes.get(symbol, (self.price, self.price))[0] - holding.average)
        return Balance(currency=self.currency, total=self.cash, free=self.cash, equity=self.cash + open_profit)
