# SPDX-License-Identifier: MIT
"""One account: its orders, fills, positions, USDT and settings."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from decimal import Decimal

from attrs import Factory, define

from .answers import Refused, wrong
from .market import Market
from .orders import ZERO, Execution, Order, Side
from .positions import Position, order_margin


@define(kw_only=True, eq=False)
class Account:
    """What belongs to one API key.

    Args:
        usdt: wallet balance.
        coins: further coins, which are no collateral here.
        hedged: position mode by symbol; one-way where nothing stands.
        orders: all, oldest first; :meth:`add` and :meth:`discard` change them.
        links: every client's id that was ever taken.
        recent: times of requests by path, epoch milliseconds.
    """

    key: str
    number: int
    usdt: Decimal = Decimal(100_000)
    coins: dict[str, Decimal] = Factory(dict)
    hedged: dict[str, bool] = Factory(dict)
    orders: list[Order] = Factory(list)
    executions: list[Execution] = Factory(list)
    links: set[str] = Factory(set)
    realised: Decimal = ZERO
    recent: dict[str, deque[int]] = Factory(dict)
    _live: list[Order] = Factory(list)
    _by_id: dict[str, Order] = Factory(dict)
    _by_link: dict[str, Order] = Factory(dict)
    _positions: dict[tuple[str, int], Position] = Factory(dict)

    def position(self, symbol: str, idx: int) -> Position:
        """Of a symbol and an index, empty at first."""
        return self._positions.setdefault((symbol, idx), Position(symbol=symbol, idx=idx))

    def positions(self, symbol: str) -> list[Position]:
        """Of a symbol: one, or both sides in hedge mode."""
        return [self.position(symbol, idx) for idx in ((1, 2) if self.hedged.get(symbol) else (0,))]

    def all_positions(self) -> list[Position]:
        """Whatever was ever touched."""
        return list(self._positions.values())

    def check_idx(self, symbol: str, idx: int) -> None:
        """Raises Refused for an index of the other position mode."""
        if (idx in (1, 2)) is not bool(self.hedged.get(symbol)) or idx > 2:
            raise wrong("position idx not match position mode")

    def add(self, *orders: Order) -> None:
        """New orders, behind the others."""
        for order in orders:
            self.orders.append(order)
            self._live.append(order)
            self._by_id[order.order_id] = order
            self._by_link.setdefault(order.link_id, order)

    def discard(self, order: Order) -> None:
        """The newest order was not taken after all."""
        assert self.orders.pop() is order
        self._live.remove(order)
        del self._by_id[order.order_id]
        if self._by_link.get(order.link_id) is order:
            del self._by_link[order.link_id]

    def open_orders(self, symbol: str, idx: int | None = None) -> list[Order]:
        """Of a symbol, oldest first."""
        self._live = [order for order in self._live if order.open]
        return [o for o in self._live if o.symbol == symbol and idx in (None, o.position_idx)]

    def exits(self, position: Position) -> list[Order]:
        """The open exits that belong to a position."""
        return [o for o in self.open_orders(position.symbol, position.idx) if o.is_exit]

    def find(self, order_id: str, link_id: str) -> Order | None:
        """By the exchange's id, or by the client's if there is none."""
        return self._by_id.get(order_id) if order_id else self._by_link.get(link_id) if link_id else None

    def known(self, order_id: str, link_id: str, symbol: str, now: int) -> Order:
        """An order that can be changed.

        Raises:
            Refused: 110001 for one that is not there or has ended, 110079 while it is on its way into the book.
        """
        if not (order_id or link_id):
            raise wrong("params error: OrderId or orderLinkId is required")
        order = self.find(order_id, link_id)
        if order is None or not order.open or order.symbol != symbol:
            raise Refused(110001)
        if order.visible > now:
            raise Refused(110079)
        return order

    def reducing(self, symbol: str, idx: int, side: Side) -> Decimal:
        """How much an order of a side can close."""
        return self.position(symbol, idx).room(side)

    # Worth.

    def unrealised(self, markets: dict[str, Market]) -> Decimal:
        """Result of what is held."""
        return sum((p.profit(markets[p.symbol].mark) for p in self.all_positions()), ZERO)

    def position_margin(self, markets: dict[str, Market]) -> Decimal:
        """Initial margin of what is held."""
        return sum((p.margin(markets[p.symbol].mark) for p in self.all_positions()), ZERO)

    def orders_margin(self, markets: dict[str, Market]) -> Decimal:
        """Initial margin of what rests."""
        needed = (
            order_margin(position, self.open_orders(position.symbol, position.idx), markets[position.symbol].ask)
            for position in self.all_positions()
        )
        return sum(needed, ZERO)

    def available(self, markets: dict[str, Market]) -> Decimal:
        """USDT that further orders can use."""
        worth = self.usdt + self.unrealised(markets)
        return worth - self.position_margin(markets) - self.orders_margin(markets)

    def shown(self, now: int) -> Iterator[Order]:
        """Orders that can be seen by now, newest first."""
        return (order for order in reversed(self.orders) if order.visible <= now)
