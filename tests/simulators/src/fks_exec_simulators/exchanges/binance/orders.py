# SPDX-License-Identifier: MIT
"""``Book``: every order, list of orders and trade of the exchange, and what each account holds and has reserved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import count

from .records import ZERO, OrderList, SpotOrder, Trade
from .refusals import DUPLICATE, INSUFFICIENT, Refused


class Book:
    """Keeps the truth; no fault changes what stands here.

    Args:
        accounts: their API keys.
        assets: that an account can hold.
    """

    def __init__(self, accounts: Iterable[str], assets: Iterable[str]) -> None:
        self.assets: tuple[str, ...] = tuple(assets)
        self.orders: list[SpotOrder] = []
        self.lists: list[OrderList] = []
        self.totals: dict[str, dict[str, Decimal]] = {account: dict.fromkeys(self.assets, ZERO) for account in accounts}
        self._by_id: dict[int, SpotOrder] = {}
        self._by_name: dict[tuple[str, str], list[SpotOrder]] = {}
        self._open: dict[int, SpotOrder] = {}
        self._order_numbers: Iterator[int] = count(1001)
        self._trade_numbers: Iterator[int] = count(5001)
        self._list_numbers: Iterator[int] = count(101)

    # Names.

    def next_order(self) -> int:
        """An id."""
        return next(self._order_numbers)

    def next_trade(self) -> int:
        """An id."""
        return next(self._trade_numbers)

    def next_list(self) -> int:
        """An id."""
        return next(self._list_numbers)

    def check_names(self, account: str, names: Iterable[str]) -> None:
        """No open order of the account is called so, and no two of the names are the same.

        Raises:
            Refused: -2010, one is.
        """
        seen: set[str] = set()
        for name in names:
            if name in seen or any(order.open for order in self._by_name.get((account, name), ())):
                raise Refused(-2010, DUPLICATE)
            seen.add(name)

    def check_list_name(self, account: str, name: str) -> None:
        """No open list of the account is called so.

        Raises:
            Refused: -2010, one is.
        """
        if any(each.open and each.account == account and each.client_id == name for each in self.lists):
            raise Refused(-2010, DUPLICATE)

    # Orders.

    def add(self, order: SpotOrder) -> None:
        """Into the book."""
        self.orders.append(order)
        self._by_id[order.order_id] = order
        self._by_name.setdefault((order.account, order.client_id), []).append(order)
        self._open[order.order_id] = order

    def end(self, order: SpotOrder, status: str, now: int, expiry: str = "") -> None:
        """It will not fill any more."""
        order.status, order.updated, order.expiry = status, now, expiry
        self._open.pop(order.order_id, None)

    def get(self, order_id: int) -> SpotOrder | None:
        """By the exchange's id."""
        return self._by_id.get(order_id)

    def find(self, account: str, symbol: str, order_id: int | None, name: str | None) -> SpotOrder | None:
        """An account's order: by the exchange's id, and the client's, if given, has to fit; else the last of the client's."""
        if order_id is not None:
            order = self._by_id.get(order_id)
            fits = order is not None and (order.account, order.symbol) == (account, symbol) and name in (None, order.client_id)
            return order if fits else None
        named = [order for order in self._by_name.get((account, name or ""), ()) if order.symbol == symbol]
        return named[-1] if named else None

    def open_orders(self, account: str | None = None, symbol: str | None = None) -> list[SpotOrder]:
        """Those that may still fill, in the order of their placing."""
        return [
            order
            for order in self._open.values()
            if (account is None or order.account == account) and (symbol is None or order.symbol == symbol)
        ]

    # Holdings.

    def locked(self, account: str, assets: Iterable[tuple[str, str, str]]) -> dict[str, Decimal]:
        """What is reserved for open orders, by asset; of linked orders the largest.

        Args:
            assets: name, base and quote of each symbol.
        """
        known = {name: (base, quote) for name, base, quote in assets}
        groups: dict[tuple[int, str], Decimal] = {}
        for order in self.open_orders(account):
            base, quote = known[order.symbol]
            key = (id(order.linked or order), quote if order.buys else base)
            groups[key] = max(groups.get(key, ZERO), order.claim)
        locked = dict.fromkeys(self.assets, ZERO)
        for (_, asset), claim in groups.items():
            locked[asset] += claim
        return locked

    def check_funds(self, account: str, asset: str, claim: Decimal, assets: Iterable[tuple[str, str, str]]) -> None:
        """An account has so much of an asset to spare.

        Raises:
            Refused: -2010, it has not.
        """
        if claim > self.totals[account][asset] - self.locked(account, assets)[asset]:
            raise Refused(-2010, INSUFFICIENT)

    def book_trade(self, order: SpotOrder, trade: Trade, base: str, quote: str) -> None:
        """A trade of an order, and what it does to what is held."""
        order.trades.append(trade)
        order.updated = trade.time
        order.status = "PARTIALLY_FILLED" if order.remaining > 0 else "FILLED"
        if not order.open:
            self._open.pop(order.order_id, None)
        totals, sign = self.totals[order.account], 1 if order.buys else -1
        totals[base] += sign * trade.quantity
        totals[quote] -= sign * trade.quantity * trade.price
        totals[trade.fee_asset] -= trade.fee
