# SPDX-License-Identifier: MIT
"""``BinanceExchange``: the routes of the simulated Binance spot exchange, their weights, and how each is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from attrs import frozen

from .. import wire
from ..serving import ExchangeServer, Verb
from ..wire import Asked, Kind, Reply
from . import answers, refusals
from .controls import Controls
from .limits import Limits
from .matching import Engine
from .orders import Book
from .parameters import Parameters
from .public import Public
from .records import ALGORITHMIC, Market
from .refusals import Refused
from .rules import Symbol, listed
from .signing import authenticated
from .trading import Trading

FIRST_MONEY = {"USDT": Decimal(100_000)}
"""Of each account at the start, by asset."""

FIRST_PRICES = {
    "BTCUSDT": ("67499.99", "67500.00"),
    "ETHUSDT": ("3499.99", "3500.00"),
    "BNBUSDT": ("599.99", "600.00"),
    "ETHBTC": ("0.05185", "0.05186"),
    "FTTUSDT": ("1.0000", "1.0001"),
}
"""Bid and ask at the start, quote; the last price is the ask's."""

RETRY_AFTER = 1.0
"""Seconds, of a scripted refusal for too many requests."""

Weight = Callable[[Asked], int]


@frozen
class Route:
    """One endpoint: what a fault calls it, its request weight, the name of the method that answers."""

    kind: Kind
    weight: int | Weight
    answers: str
    signed: bool = True

    def weighs(self, asked: Asked) -> int:
        """The request weight."""
        return self.weight if isinstance(self.weight, int) else self.weight(asked)


def _by(name: str, with_it: int, without: int) -> Weight:
    """A weight that depends on whether a parameter is sent."""
    return lambda asked: with_it if name in dict(asked.in_query) else without


ROUTES: dict[str, Route] = {
    "GET /api/v3/ping": Route("market", 1, "ping", False),
    "GET /api/v3/time": Route("market", 1, "time", False),
    "GET /api/v3/exchangeInfo": Route("market", 20, "rules", False),
    "GET /api/v3/depth": Route("market", 5, "depth", False),
    "GET /api/v3/ticker/24hr": Route("market", _by("symbol", 2, 80), "day", False),
    "GET /api/v3/ticker/bookTicker": Route("market", _by("symbol", 2, 4), "best", False),
    "GET /api/v3/ticker/price": Route("market", _by("symbol", 2, 4), "last", False),
    "POST /api/v3/order": Route("place", 1, "place"),
    "POST /api/v3/order/test": Route("other", 1, "test"),
    "POST /api/v3/orderList/oco": Route("protect", 1, "place_list"),
    "DELETE /api/v3/order": Route("cancel", 1, "cancel"),
    "DELETE /api/v3/openOrders": Route("cancel", 1, "cancel_all"),
    "DELETE /api/v3/orderList": Route("cancel", 1, "cancel_list"),
    "GET /api/v3/order": Route("look_up", 4, "look_up"),
    "GET /api/v3/openOrders": Route("look_up", _by("symbol", 6, 80), "open_orders"),
    "GET /api/v3/allOrders": Route("look_up", 20, "all_orders"),
    "GET /api/v3/myTrades": Route("look_up", _by("orderId", 5, 20), "trades"),
    "GET /api/v3/orderList": Route("look_up", 4, "look_up_list"),
    "GET /api/v3/openOrderList": Route("look_up", 6, "open_lists"),
    "GET /api/v3/allOrderList": Route("look_up", 20, "all_lists"),
    "GET /api/v3/account": Route("balance", 20, "account"),
}


class BinanceExchange(ExchangeServer):
    """Binance spot; see docs/exchanges.md for what of it is simulated, and what is assumed."""

    name: ClassVar[str] = "binance"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.begin()

    def begin(self) -> None:
        """As at the start."""
        symbols = listed()
        assets = sorted({asset for symbol in symbols.values() for asset in (symbol.base, symbol.quote)})
        book = Book(self.keys, assets)
        for totals in book.totals.values():
            totals.update(FIRST_MONEY)
        self.limits = Limits()
        self.engine = Engine(symbols, book, self.now, self.limits.filled)
        for name, (bid, ask) in FIRST_PRICES.items():
            self.engine.move(name, Market.at(Decimal(bid), Decimal(ask), symbols[name].tick, Decimal(ask)))
        self._trading, self._public = Trading(self.engine, self.limits), Public(self.engine, self.limits)
        self.faults.clear()
        self.counts.clear()
        self.placing = 0

    def symbol(self, name: str) -> Symbol:
        """By Binance's name or with a slash.

        Raises:
            LookupError: nobody knows it.
        """
        found = self.engine.symbols.get(name.replace("/", ""))
        if found is None:
            raise LookupError(f"no symbol {name}")
        return found

    def canonical(self, name: str) -> str:
        """With a slash; one that was delisted stays as it is."""
        found = self.engine.symbols.get(name)
        return name if found is None else found.canonical

    # What every exchange is.

    def kinds(self, asked: Asked) -> frozenset[Kind]:
        """A stop or a target by itself is both an order and protective; what one holds is both a balance and a position."""
        route = ROUTES.get(asked.route)
        if route is None:
            return frozenset({"other"})
        if route.kind == "place":
            kind = {**dict(asked.in_form), **dict(asked.in_query)}.get("type")
            return frozenset({"place", "protect"} if kind in ALGORITHMIC else {"place"})
        return frozenset({"balance", "positions"} if route.kind == "balance" else {route.kind})

    def answer(self, asked: Asked) -> Reply:
        """Do it and answer; the answer's headers tell what has been used."""
        route = ROUTES.get(asked.route)
        if route is None:
            return wire.html(404, "No such path here")
        try:
            self.limits.use(route.weighs(asked), self.now())
            data, headers = self._answered(route, asked)
            return Reply(data=data, headers={**self.limits.headers, **headers})
        except Refused as refused:
            return self._refused(refused)

    def _answered(self, route: Route, asked: Asked) -> tuple[Any, Mapping[str, str]]:
        parameters = Parameters(asked)
        if not route.signed:
            return getattr(self._public, route.answers)(parameters), {}
        account = authenticated(asked, parameters, self.keys, self.now())
        data = getattr(self._trading, route.answers)(parameters, account, asked.manner)
        return data, self.limits.counted(account) if route.kind in ("place", "protect") else {}

    def _refused(self, refused: Refused) -> Reply:
        reply = refused.reply
        return Reply(status=reply.status, data=reply.data, headers={**self.limits.headers, **reply.headers})

    def refusal(self, word: str, kinds: frozenset[Kind], seconds: float | None) -> Reply:
        """In Binance's words."""
        return self._refused(refusals.scripted(word, kinds, RETRY_AFTER if seconds is None else seconds, self.now()))

    def coded(self, code: str) -> Reply:
        """With one of Binance's codes."""
        return self._refused(Refused(int(code)))

    def verbs(self) -> Mapping[str, Verb]:
        """See :class:`Controls`."""
        return Controls(self).verbs()

    def without_ids(self, data: Any) -> Any:
        """Without ``orderId`` and ``orderListId``."""
        return answers.without_ids(data)
