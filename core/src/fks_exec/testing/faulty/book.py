# SPDX-License-Identifier: MIT
"""The venue's book: orders, fills, positions, cash. It keeps the truth; no fault changes what stands here."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import Any

from attrs import Factory, define, field

from ...model.account import Balance, Position
from ...model.market import MarketData
from ...model.numbers import ZERO, Number, decimal
from ...model.orders import Order, OrderRef, OrderType, Side
from ...model.results import Fill, Status
from .holdings import Holdings, Ticket
from .market import Market
from .placed import PlacedOrder

STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


@define(kw_only=True, eq=False)
class Book:
    """Orders and what they came to.

    Args:
        market: its prices.
        cash: in ``currency``, at the start.
        currency: of cash, fees and profit.
        fee_rate: of a trade's value, e.g. ``0.001``.
        fee_in_base: a buyer pays the fee in what was bought.
        enforce_reduce_only: such an order never opens or turns a position.
        spot: what is held is paid for in full, and is a balance of its own.
        owned: only what is held, and is not bound by resting orders, can be sold.
        holdings: its positions.
        prefix: of the ids that it gives to orders and trades.
    """

    market: Market
    cash: Decimal = field(converter=decimal)
    currency: str = "USDT"
    fee_rate: Decimal = field(default=ZERO, converter=decimal)
    fee_in_base: bool = False
    enforce_reduce_only: bool = True
    spot: bool = False
    owned: bool = False
    holdings: Holdings = Factory(Holdings)
    prefix: str = ""
    orders: list[PlacedOrder] = Factory(list)
    _names: dict[str, PlacedOrder] = Factory(dict)
    _order_numbers: Iterator[int] = Factory(lambda: count(1))
    _trade_numbers: Iterator[int] = Factory(lambda: count(1))

    def quote(self, symbol: str, time: int) -> MarketData:
        """What the venue tells of the market."""
        return self.market.told(symbol, time)

    def set_price(self, symbol: str, bid: Number, ask: Number | None = None) -> None:
        """What the market gives (bid) and asks (ask; the same if None), quote currency."""
        self.market.set(symbol, decimal(bid, "bid"), decimal(bid if ask is None else ask, "ask"))

    def make(
        self, order: Order, venue_client_order_id: str, account: str, time: int, *, resting: bool = False, **more: Any
    ) -> PlacedOrder:
        """A new order with an id of its own; it is not in the book yet.

        Args:
            more: further fields of :class:`PlacedOrder`.
        """
        return PlacedOrder(
            order_id=f"{self.prefix}V{next(self._order_numbers)}",
            venue_client_order_id=venue_client_order_id,
            account=account,
            order=order,
            time=time,
            resting=resting,
            **more,
        )

    def add(self, placed: PlacedOrder) -> None:
        """Into the book; one that is sent twice stands there twice."""
        self.orders.append(placed)
        self._names[placed.order_id] = placed
        if placed.venue_client_order_id:
            self._names.setdefault(placed.venue_client_order_id, placed)

    def remove(self, placed: PlacedOrder) -> None:
        """Out of the book, as if it had never been there."""
        self.orders.remove(placed)
        self._names = {name: known for name, known in self._names.items() if known is not placed}

    def find(self, ref: OrderRef) -> PlacedOrder | None:
        """By the venue's id, else the first that the sender called so."""
        return self._names.get(ref.order_id or ref.venue_client_order_id or "")

    def market_price(self, placed: PlacedOrder) -> Decimal | None:
        """At what price the market would fill an order now; None: it would not."""
        order = placed.order
        market, sign = self.market.price_for(order.symbol, order.side), order.side.sign
        if order.stop_price is not None and not (placed.triggered or (market - order.stop_price) * sign >= 0):
            return None
        if order.price is None:
            return market
        return market if (order.price - market) * sign >= 0 else None

    def trigger(self, placed: PlacedOrder) -> bool:
        """Whether the market has reached its trigger price, now or before."""
        order = placed.order
        market = self.market.price_for(order.symbol, order.side)
        if order.stop_price is not None and (market - order.stop_price) * order.side.sign >= 0:
            placed.triggered = True
        return placed.triggered

    def may_fill(self, placed: PlacedOrder) -> Decimal:
        """How much can still fill: of a closing order no more than there is to close; of a sale, than what is held."""
        order = placed.order
        if not self._bound(placed):
            return placed.remaining
        return max(ZERO, min(placed.remaining, self.holdings.reducible(order.symbol, order.side)))

    def _bound(self, placed: PlacedOrder) -> bool:
        if self.owned and placed.order.side is Side.SELL:
            return True
        return self._closing(placed) if self.holdings.hedging else placed.order.reduce_only and self.enforce_reduce_only

    def free(self, symbol: str, but: PlacedOrder | None = None) -> Decimal:
        """What is held and not bound by resting sales; of linked orders only one can fill."""
        bound: dict[int, Decimal] = {}
        for placed in self.orders:
            group = id(placed.parent or placed)
            if placed.open and placed.order.side is Side.SELL and placed.order.symbol == symbol and not placed.foreign:
                bound[group] = max(bound.get(group, ZERO), placed.remaining)
        if but is not None:
            bound.pop(id(but.parent or but), None)
        return self.position(symbol) - sum(bound.values(), ZERO)

    def fill(self, placed: PlacedOrder, quantity: Decimal, price: Decimal, time: int) -> Fill:
        """One trade, also of an order that has ended: the truth comes late sometimes."""
        side, symbol = placed.order.side, placed.order.symbol
        in_base = self.fee_in_base and side is Side.BUY
        fee = quantity * self.fee_rate * (1 if in_base else price)
        currency = symbol.partition("/")[0] if in_base else self.currency
        fill = Fill(
            trade_id=f"{self.prefix}T{next(self._trade_numbers)}",
            quantity=quantity,
            price=price,
            fee=fee,
            fee_currency=currency if fee else None,
            timestamp=time,
            side=side if placed.role else None,
        )
        placed.fills.append(fill)
        placed.status = Status.PARTIALLY_FILLED if placed.remaining > 0 else Status.FILLED
        self.cash -= fee * price if in_base else fee
        if not placed.foreign:
            ticket = self.holdings.ticket(side, self._closing(placed))
            self._trade(symbol, ticket, quantity * side.sign, price)
            self._trade(symbol, ticket, -fee if in_base else ZERO, price)
        return fill

    def net(self, fill: Fill) -> Decimal:
        """What a trade brought, without the fee that was taken from it."""
        return fill.quantity - (fill.fee if fill.fee_currency not in (None, self.currency) else ZERO)

    def _closing(self, placed: PlacedOrder) -> bool:
        named = placed.position_id or placed.order.options.get("position_id")
        return placed.order.reduce_only or bool(placed.role) or bool(named)

    def _trade(self, symbol: str, ticket: Ticket, change: Decimal, price: Decimal) -> None:
        if change:
            self.cash += self.holdings.trade(symbol, ticket, change, price)

    def trade(self, symbol: str, change: Decimal, price: Decimal) -> None:
        """Change a position by a signed quantity, by hand."""
        for ticket, part in list(self.holdings.parts(symbol, change)):
            self._trade(symbol, ticket, part, price)

    def position(self, symbol: str, ticket: Ticket | None = None) -> Decimal:
        """Signed, base units or contracts; with hedging both together, or one of them."""
        return self.holdings.quantity(symbol, ticket)

    def positions(self) -> list[Position]:
        """All that are not flat."""
        return self.holdings.positions()

    def protected(self, symbol: str) -> Decimal:
        """How much of what is held is covered by resting stops."""
        covered = {side: ZERO for side in Side}
        for placed in self.orders:
            order = placed.order
            if placed.open and order.symbol == symbol and order.order_type in STOPS:
                covered[order.side] += placed.remaining
        return sum((min(covered[side], self.holdings.reducible(symbol, side)) for side in Side), ZERO)

    def balances(self) -> list[Balance]:
        """Cash, with the open positions at the bid the equity; on spot what is held of each base, too."""
        held = self.holdings.items()
        spent = sum((h.quantity * h.average for _, h in held), ZERO)
        worth = sum((h.quantity * self.market.both(symbol)[0] for symbol, h in held), ZERO)
        cash = self.cash - spent if self.spot else self.cash
        own = Balance(currency=self.currency, total=cash, free=cash, equity=self.cash + worth - spent)
        if not self.spot:
            return [own]
        return [own, *(self._base(symbol, h.quantity) for symbol, h in held)]

    def _base(self, symbol: str, quantity: Decimal) -> Balance:
        return Balance(currency=symbol.partition("/")[0], total=quantity, free=max(ZERO, self.free(symbol)))
