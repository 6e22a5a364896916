# SPDX-License-Identifier: MIT
"""``Engine``: takes orders, fills them against the market that control sets, triggers stops, cancels.

The market is one price and one size on each side. An order that takes fills at the market's price, one that rested at its own.
Fees are 0.1 % of what is received.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_DOWN, Decimal

from .orders import Book
from .records import LIMITED, ZERO, Market, OrderList, SpotOrder, Trade
from .refusals import CLOSED, TAKES, TRIGGERS, Refused
from .rules import Symbol

FEE = Decimal("0.001")
"""Of what is received, as without BNB."""

DUST = Decimal("0.00000001")
NO_LIQUIDITY = "INSUFFICIENT_LIQUIDITY"


class Engine:
    """The matching engine.

    Args:
        symbols: by name.
        book: of orders.
        now: the exchange's clock, epoch milliseconds.
        filled: told the account of each order that has filled.
    """

    def __init__(
        self, symbols: dict[str, Symbol], book: Book, now: Callable[[], int], filled: Callable[[str], None] = lambda _: None
    ) -> None:
        self.symbols = symbols
        self.book = book
        self.markets: dict[str, Market] = {}
        self.script: list[Sequence[Decimal]] = []
        self.now = now
        self._filled = filled

    @property
    def assets(self) -> Iterable[tuple[str, str, str]]:
        """Name, base and quote of each symbol."""
        return [(symbol.name, symbol.base, symbol.quote) for symbol in self.symbols.values()]

    # Orders come.

    def check(self, *orders: SpotOrder) -> None:
        """What is checked before an order, or the orders of a list, is taken.

        Raises:
            Refused: it is not.
        """
        first = orders[0]
        symbol = self.symbols[first.symbol]
        if symbol.status != "TRADING":
            raise Refused(-1013, CLOSED)
        for order in orders:
            symbol.check(order, self.markets[order.symbol].last)
        symbol.check_count(self.book.open_orders(first.account, first.symbol), list(orders))
        self.book.check_names(first.account, [order.client_id for order in orders])
        for order in orders:
            self._check_market(order)
        asset = symbol.quote if first.buys else symbol.base
        self.book.check_funds(first.account, asset, max(order.claim for order in orders), self.assets)

    def _check_market(self, order: SpotOrder) -> None:
        market = self.markets[order.symbol]
        order.claimed_price = market.price(order.buys)
        if order.waits and market.reached(order):
            raise Refused(-2010, TRIGGERS)
        if order.type == "LIMIT_MAKER" and market.crosses(order):
            raise Refused(-2010, TAKES)

    def take(self, order: SpotOrder, manner: str = "") -> None:
        """A checked order comes into the book and meets the market.

        Args:
            manner: of :data:`~fks_exec_simulators.exchanges.wire.Manner`.
        """
        self.book.add(order)
        order.working_time = -1 if order.waits else self.now()
        order.updated = self.now()
        if order.waits:
            return None
        shares = None if order.linked else self._shares(manner)
        return self._meet(order) if shares is None else self._as_told(order, shares)

    def take_list(self, linked: OrderList) -> None:
        """The checked orders of a list come into the book."""
        self.book.lists.append(linked)
        for order in linked.orders:
            order.linked = linked
            self.take(order)

    def _shares(self, manner: str) -> Sequence[Decimal] | None:
        if manner:
            return [Decimal("0.5")] if manner == "partial" else []
        return self.script.pop(0) if self.script else None

    def _as_told(self, order: SpotOrder, shares: Sequence[Decimal]) -> None:
        """Fill shares of an order at once, as trades of their own; the rest rests until control fills it."""
        order.held = True
        market, down = self.markets[order.symbol], self.symbols[order.symbol].down
        crosses = order.price is None or market.crosses(order)
        price = market.price(order.buys) if crosses or order.price is None else order.price
        for share in shares:
            if quantity := min(order.remaining, down(order.quantity * share)):
                self._trade(order, quantity, price, maker=False)

    def _meet(self, order: SpotOrder) -> None:
        """What a market does with an order that arrives, or whose trigger price was reached."""
        market = self.markets[order.symbol]
        quantity = self._takeable(order)
        if order.time_in_force == "FOK" and quantity < order.remaining:
            quantity = ZERO
        if quantity > 0:
            self._trade(order, quantity, market.price(order.buys), maker=False)
            market.take(order.buys, quantity)
            market.last = market.price(order.buys)
        if order.open and (order.type not in LIMITED or order.time_in_force != "GTC"):
            self.book.end(order, "EXPIRED", self.now(), NO_LIQUIDITY)

    def _takeable(self, order: SpotOrder) -> Decimal:
        market, symbol = self.markets[order.symbol], self.symbols[order.symbol]
        if not market.crosses(order):
            return ZERO
        size = market.size(order.buys)
        quantity = order.remaining if size is None else min(order.remaining, size)
        if order.price is None and order.buys:  # the price may be above that for which the cost was reserved
            spare = self.spare(order.account, symbol.quote) + order.claim
            quantity = min(quantity, symbol.down(spare / market.ask))
        return quantity

    def spare(self, account: str, asset: str) -> Decimal:
        """What is held and not reserved."""
        return self.book.totals[account][asset] - self.book.locked(account, self.assets)[asset]

    # The market moves.

    def move(self, name: str, market: Market) -> None:
        """What it reaches fills or is triggered."""
        self.markets[name] = market
        while any(self._advance(order) for order in self._queue(name)):
            pass

    def _queue(self, name: str) -> list[SpotOrder]:
        """Those with the better price first, then the older."""
        every = [order for order in self.book.open_orders(symbol=name) if not order.held]
        return sorted(every, key=lambda order: ((order.price or ZERO) * (-1 if order.buys else 1), order.order_id))

    def _advance(self, order: SpotOrder) -> bool:
        if not order.open:
            return False
        market = self.markets[order.symbol]
        if order.waits:
            return market.reached(order) and self._trigger(order)
        if not (quantity := self._takeable(order)):
            return False
        self._trade(order, quantity, order.price or market.price(order.buys), maker=True)
        market.take(order.buys, quantity)
        return True

    def _trigger(self, order: SpotOrder) -> bool:
        order.triggered = True
        order.working_time = self.now()
        self._end_siblings(order)
        self._meet(order)
        return True

    # Orders end.

    def cancel(self, order: SpotOrder) -> None:
        """An open order is cancelled, and what is linked with it."""
        for each in order.linked.orders if order.linked else [order]:
            if each.open:
                self.book.end(each, "CANCELED", self.now())

    def fill(self, order: SpotOrder, quantity: Decimal | None = None, price: Decimal | None = None) -> None:
        """Control fills an order; None: all of it, at its own price or else the market's.

        Raises:
            ValueError: it is not open, or not so large.
        """
        wanted = order.remaining if quantity is None else quantity
        if not order.open or not 0 < wanted <= order.remaining:
            raise ValueError(f"order {order.order_id} is {order.status}, {order.remaining} remain; {wanted} cannot fill")
        own = order.price or (order.stop_price if order.waits else None)
        order.triggered = order.stop_price is not None
        self._trade(order, wanted, price or own or self.markets[order.symbol].price(order.buys), maker=True)

    def _end_siblings(self, order: SpotOrder) -> None:
        for other in order.linked.orders if order.linked else ():
            if other is not order and other.open:
                self.book.end(other, "EXPIRED", self.now())

    def _trade(self, order: SpotOrder, quantity: Decimal, price: Decimal, *, maker: bool) -> None:
        symbol = self.symbols[order.symbol]
        received = quantity if order.buys else quantity * price
        trade = Trade(
            trade_id=self.book.next_trade(),
            quantity=quantity,
            price=price,
            fee=(received * FEE).quantize(DUST, ROUND_DOWN),
            fee_asset=symbol.base if order.buys else symbol.quote,
            time=self.now(),
            maker=maker,
        )
        self.book.book_trade(order, trade, symbol.base, symbol.quote)
        self._end_siblings(order)
        if order.status == "FILLED":
            self._filled(order.account)
