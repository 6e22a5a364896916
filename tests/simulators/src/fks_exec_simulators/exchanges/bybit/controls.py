# SPDX-License-Identifier: MIT
"""What a test can tell the simulated Bybit, beside what it can tell every exchange. Numbers are texts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from . import matching
from .account import Account
from .answers import plain
from .book import Book
from .orders import Order

VERBS = (
    *("placed", "orders", "positions", "price", "sizes", "fill"),
    *("fund", "hedge", "leverage", "status", "lag", "enforce", "bound"),
)


class BybitControls:
    """The verbs of ``/_ctl``.

    Args:
        book: the exchange's state.
    """

    def __init__(self, book: Book) -> None:
        self._book = book

    def verbs(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {name: getattr(self, name) for name in VERBS}

    def _symbol(self, text: str) -> str:
        """Bybit's, of its own text or of ccxt's."""
        for symbol, instrument in self._book.instruments.items():
            if text in (symbol, instrument.canonical):
                return symbol
        raise ValueError(f"there is no symbol {text!r}")

    def _accounts(self, account: str | None) -> list[Account]:
        return list(self._book.accounts.values()) if account is None else [self._book.accounts[account]]

    def placed(self, account: str | None = None) -> list[dict[str, Any]]:
        """Every order, oldest first, the exits of positions too; symbols as ccxt writes them."""
        return [self._placed(order) for each in self._accounts(account) for order in each.orders]

    def _placed(self, order: Order) -> dict[str, Any]:
        return {
            "order_id": order.order_id,
            "venue_client_order_id": order.link_id,
            "symbol": self._book.instruments[order.symbol].canonical,
            "side": order.side.lower(),
            "quantity": plain(order.quantity),
            "filled": plain(order.filled),
            "open": order.open,
            "role": _role(order),
        }

    def orders(self, account: str | None = None) -> list[dict[str, Any]]:
        """Every order as it is told to clients, also those that they cannot see yet."""
        book = self._book
        return [order.row(book.instruments[order.symbol]) for each in self._accounts(account) for order in each.orders]

    def positions(self, account: str | None = None) -> list[dict[str, str]]:
        """What is held."""
        return [
            {"symbol": p.symbol, "idx": str(p.idx), "size": plain(p.size), "average": plain(p.average)}
            for each in self._accounts(account)
            for p in each.all_positions()
            if p.size
        ]

    def price(self, symbol: str, bid: str, ask: str) -> None:
        """Move a market; what it reaches fills and is set off."""
        matching.move(self._book, self._symbol(symbol), Decimal(bid), Decimal(ask))

    def sizes(self, symbol: str, bid: str, ask: str) -> None:
        """What is displayed on each side, coins."""
        market = self._book.markets[self._symbol(symbol)]
        market.bid_size, market.ask_size = Decimal(bid), Decimal(ask)

    def fill(self, order_id: str, quantity: str | None = None) -> None:
        """Fill an order that rests, all of it if None."""
        for account in self._book.accounts.values():
            order = account.find(order_id, "")
            if order is not None:
                matching.fill_now(self._book, account, order, None if quantity is None else Decimal(quantity))
                return
        raise ValueError(f"there is no order {order_id}")

    def fund(self, account: str, coin: str, amount: str) -> None:
        """A wallet holds so much of a coin."""
        owner = self._book.accounts[account]
        if coin == "USDT":
            owner.usdt = Decimal(amount)
        else:
            owner.coins[coin] = Decimal(amount)

    def hedge(self, account: str, on: bool) -> None:
        """All symbols in hedge mode, or one-way; positions are not touched."""
        self._book.accounts[account].hedged = dict.fromkeys(self._book.instruments, bool(on))

    def leverage(self, account: str, symbol: str, leverage: str) -> None:
        """Of a symbol."""
        for position in self._book.accounts[account].positions(self._symbol(symbol)):
            position.leverage = Decimal(leverage)

    def status(self, symbol: str, status: str) -> None:
        """An instrument is ``Trading``, or ``Closed`` from now on."""
        self._book.instruments[self._symbol(symbol)].status = status

    def lag(self, seconds: float) -> None:
        """New orders cannot be seen or changed for so long."""
        self._book.lag = round(seconds * 1000)

    def bound(self, on: bool) -> None:
        """Cancelling one exit of a pair cancels the other too, or does not."""
        self._book.bound = bool(on)

    def enforce(self, on: bool) -> None:
        """Refuse requests beyond the documented rates."""
        self._book.enforced = bool(on)


def _role(order: Order) -> str:
    """Of an exit that the exchange made, or of a client's conditional order that may only reduce."""
    if order.is_exit:
        return "take_profit" if order.leg == "TakeProfit" else "stop_loss"
    if order.stop_type == "Stop" and order.reduce_only:
        rises = order.direction == 1
        return "stop_loss" if rises is (order.side == "Buy") else "take_profit"
    return ""
