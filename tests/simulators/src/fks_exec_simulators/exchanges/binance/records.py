# SPDX-License-Identifier: MIT
"""What the exchange keeps: orders, lists of orders, trades, prices."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from attrs import define, field, frozen

ZERO = Decimal(0)
ALGORITHMIC = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
LIMITED = frozenset({"LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"})
OPEN = frozenset({"NEW", "PARTIALLY_FILLED"})


def fixed(value: Decimal | int) -> str:
    """With eight decimals, as Binance writes numbers."""
    return f"{value:.8f}"


@frozen(kw_only=True)
class Trade:
    """One trade of an order.

    Args:
        quantity: base.
        price: quote.
        fee: in ``fee_asset``.
        time: epoch milliseconds.
    """

    trade_id: int
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    time: int
    maker: bool


@define(kw_only=True, eq=False)
class OrderList:
    """Linked orders: one cancels the other."""

    list_id: int
    client_id: str
    account: str
    symbol: str
    time: int
    orders: list[SpotOrder] = field(factory=list)

    @property
    def open(self) -> bool:
        """One of its orders may still fill."""
        return any(order.open for order in self.orders)


@define(kw_only=True, eq=False)
class SpotOrder:
    """One order.

    Args:
        quantity: base.
        quote_quantity: ``quoteOrderQty``, quote; 0: none was sent.
        price, stop_price: quote.
        claimed_price: at which a buyer's quote asset is reserved where the order has no price.
        held: control alone fills it, whatever the market says.
        time, updated, working_time: epoch milliseconds; -1: it does not work yet.
    """

    order_id: int
    client_id: str
    account: str
    symbol: str
    side: str
    type: str
    quantity: Decimal
    time: int
    time_in_force: str = "GTC"
    quote_quantity: Decimal = ZERO
    price: Decimal | None = None
    stop_price: Decimal | None = None
    claimed_price: Decimal = ZERO
    status: str = "NEW"
    updated: int = 0
    working_time: int = -1
    triggered: bool = False
    held: bool = False
    expiry: str = ""
    linked: OrderList | None = None
    trades: list[Trade] = field(factory=list)
    answer: str = "FULL"

    @property
    def buys(self) -> bool:
        """It is a buyer's."""
        return self.side == "BUY"

    @property
    def open(self) -> bool:
        """It may still fill."""
        return self.status in OPEN

    @property
    def filled(self) -> Decimal:
        """Base."""
        return sum((trade.quantity for trade in self.trades), ZERO)

    @property
    def cost(self) -> Decimal:
        """Of its trades, quote."""
        return sum((trade.quantity * trade.price for trade in self.trades), ZERO)

    @property
    def remaining(self) -> Decimal:
        """Base."""
        return self.quantity - self.filled

    @property
    def waits(self) -> bool:
        """For its trigger price."""
        return self.stop_price is not None and not self.triggered

    @property
    def below(self) -> bool:
        """Its trigger price lies below the market's."""
        return self.buys == self.type.startswith("TAKE_PROFIT")

    @property
    def claim(self) -> Decimal:
        """What is reserved for it: base of a seller, quote of a buyer."""
        if not self.buys:
            return self.remaining
        return self.remaining * (self.price or self.stop_price or self.claimed_price)

    @property
    def role(self) -> str:
        """``stop_loss`` or ``take_profit`` of what protects; empty for others."""
        if self.linked is None and self.buys:
            return ""
        if self.type.startswith("STOP_LOSS"):
            return "stop_loss"
        return "take_profit" if self.linked is not None or self.type.startswith("TAKE_PROFIT") else ""


@define(kw_only=True)
class Market:
    """The prices of a symbol.

    Args:
        bid, ask, last: quote.
        bid_size, ask_size: base; None: as much as anybody wants.
    """

    bid: Decimal
    ask: Decimal
    last: Decimal
    bid_size: Decimal | None = None
    ask_size: Decimal | None = None

    @classmethod
    def at(cls, bid: Decimal, ask: Decimal, tick: Decimal, last: Decimal | None = None, **sizes: Decimal | None) -> Market:
        """The last price is half way where none is given."""
        middle = ((bid + ask) / 2 / tick).to_integral_value(ROUND_HALF_EVEN) * tick
        return cls(bid=bid, ask=ask, last=middle if last is None else last, **sizes)

    def price(self, buys: bool) -> Decimal:
        """What a taker pays or gets, quote."""
        return self.ask if buys else self.bid

    def size(self, buys: bool) -> Decimal | None:
        """What a taker can get, base; None: as much as he wants."""
        return self.ask_size if buys else self.bid_size

    def take(self, buys: bool, quantity: Decimal) -> None:
        """Of what is displayed."""
        if buys and self.ask_size is not None:
            self.ask_size -= quantity
        elif not buys and self.bid_size is not None:
            self.bid_size -= quantity

    def reached(self, order: SpotOrder) -> bool:
        """The last price has reached an order's trigger price."""
        assert order.stop_price is not None
        return self.last <= order.stop_price if order.below else self.last >= order.stop_price

    def crosses(self, order: SpotOrder) -> bool:
        """The market takes an order: by its price, or whatever it is."""
        size = self.size(order.buys)
        if size is not None and size <= 0:
            return False
        if order.price is None:
            return True
        return order.price >= self.ask if order.buys else order.price <= self.bid
