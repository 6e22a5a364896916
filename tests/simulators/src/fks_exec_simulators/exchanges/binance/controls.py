# SPDX-License-Identifier: MIT
"""What the control of the simulated Binance can do beside what every exchange can: prices, money, fills, symbols, limits."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import answers
from .records import Market, SpotOrder, fixed

if TYPE_CHECKING:
    from ..serving import Verb
    from .server import BinanceExchange

NAMES = ("placed", "price", "fund", "fill", "script", "book", "balances", "cancel", "status", "delist", "limits", "reset")


class Controls:
    """By name; numbers come as texts."""

    def __init__(self, exchange: BinanceExchange) -> None:
        self._exchange = exchange

    def verbs(self) -> dict[str, Verb]:
        """By name."""
        return {name: getattr(self, name) for name in NAMES}

    def placed(self, account: str | None = None) -> list[dict[str, Any]]:
        """Every order, as ``fks_exec.testing.Placed`` has it."""
        return [self._placed(order) for order in self._exchange.engine.book.orders if account in (None, order.account)]

    def _placed(self, order: SpotOrder) -> dict[str, Any]:
        return {
            "order_id": str(order.order_id),
            "venue_client_order_id": order.client_id,
            "symbol": self._exchange.canonical(order.symbol),
            "side": order.side.lower(),
            "quantity": fixed(order.quantity),
            "filled": fixed(order.filled),
            "open": order.open,
            "role": order.role,
        }

    def price(
        self,
        symbol: str,
        bid: str,
        ask: str | None = None,
        last: str | None = None,
        bid_size: str | None = None,
        ask_size: str | None = None,
    ) -> None:
        """Move the market; the last price is half way if none is given, sizes are without limit."""
        found = self._exchange.symbol(symbol)
        sizes = {"bid_size": _number(bid_size), "ask_size": _number(ask_size)}
        market = Market.at(Decimal(bid), Decimal(bid if ask is None else ask), found.tick, _number(last), **sizes)
        self._exchange.engine.move(found.name, market)

    def fund(self, asset: str, amount: str, account: str = "canary-key1") -> None:
        """An account holds so much of an asset."""
        self._exchange.engine.book.totals[account][asset] = Decimal(amount)

    def fill(self, order_id: str, quantity: str | None = None, price: str | None = None) -> None:
        """Fill an order, all of it if no quantity is given."""
        self._exchange.engine.fill(self._order(order_id), _number(quantity), _number(price))

    def script(self, shares: Sequence[str]) -> None:
        """The next order fills in these shares of its quantity at once, a trade each; what is left rests until ``fill``."""
        self._exchange.engine.script.append([Decimal(share) for share in shares])

    def book(self, account: str | None = None) -> list[dict[str, Any]]:
        """Every order, as Binance's look-up has it, and its trades."""
        return [
            {
                **answers.queried(order),
                "account": order.account,
                "trades": [answers.traded(order, each) for each in order.trades],
            }
            for order in self._exchange.engine.book.orders
            if account in (None, order.account)
        ]

    def balances(self, account: str = "canary-key1") -> dict[str, dict[str, str]]:
        """What an account holds in all, and what of it is reserved."""
        engine = self._exchange.engine
        locked = engine.book.locked(account, engine.assets)
        return {
            asset: {"total": fixed(total), "locked": fixed(locked[asset])}
            for asset, total in engine.book.totals[account].items()
        }

    def cancel(self, order_id: str) -> None:
        """The exchange cancels an open order by itself."""
        self._exchange.engine.cancel(self._order(order_id))

    def status(self, symbol: str, status: str) -> None:
        """``TRADING``, ``HALT`` or ``BREAK``."""
        self._exchange.symbol(symbol).status = status

    def delist(self, symbol: str) -> None:
        """Nobody knows it any more; its open orders are cancelled."""
        found = self._exchange.symbol(symbol)
        for order in self._exchange.engine.book.open_orders(symbol=found.name):
            self._exchange.engine.cancel(order)
        del self._exchange.engine.symbols[found.name]

    def limits(self, weight: int | None = None, orders: int | None = None, algorithmic: int | None = None) -> None:
        """Weight a minute, orders in ten seconds, conditional orders that are open at once for each symbol."""
        limits = self._exchange.limits
        limits.weight = limits.weight if weight is None else weight
        limits.orders = limits.orders if orders is None else orders
        for symbol in self._exchange.engine.symbols.values():
            symbol.most_algorithmic = symbol.most_algorithmic if algorithmic is None else algorithmic

    def reset(self) -> None:
        """As at the start: no orders, the first money, the first prices, nothing used or counted."""
        self._exchange.begin()

    def _order(self, order_id: str) -> SpotOrder:
        found = self._exchange.engine.book.get(int(order_id))
        if found is None:
            raise LookupError(f"no order {order_id}")
        return found


def _told(order: SpotOrder) -> dict[str, Any]:
    trades = [answers.traded(order, trade) for trade in order.trades]
    return {**answers.queried(order), "account": order.account, "trades": trades}


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
