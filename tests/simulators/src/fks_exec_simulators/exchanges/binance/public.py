# SPDX-License-Identifier: MIT
"""The endpoints that need no key: the clock, the rules, the prices."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from . import answers
from .limits import Limits
from .matching import Engine
from .parameters import Parameters
from .placing import named_symbol
from .records import Market, fixed
from .refusals import Refused
from .rules import Symbol

Told = Callable[[Symbol, Market], dict[str, Any]]


class Public:
    """What anybody can ask.

    Args:
        engine: with the symbols and their prices.
        limits: that the rules tell.
    """

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._engine = engine
        self._limits = limits

    def ping(self, parameters: Parameters) -> Any:
        """GET ping."""
        parameters.finish()
        return {}

    def time(self, parameters: Parameters) -> Any:
        """GET time."""
        parameters.finish()
        return {"serverTime": self._engine.now()}

    def rules(self, parameters: Parameters) -> Any:
        """GET exchangeInfo."""
        status = parameters.text("symbolStatus")
        parameters.text("permissions")
        parameters.text("showPermissionSets")
        symbols = self._chosen(parameters)
        limits = (("REQUEST_WEIGHT", "MINUTE", 1, self._limits.weight), ("ORDERS", "SECOND", 10, self._limits.orders))
        return {
            "timezone": "UTC",
            "serverTime": self._engine.now(),
            "rateLimits": [
                {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}
                for kind, interval, number, limit in limits
            ],
            "exchangeFilters": [],
            "symbols": [symbol.told() for symbol in symbols if status in (None, symbol.status)],
        }

    def day(self, parameters: Parameters) -> Any:
        """GET ticker/24hr."""
        parameters.one_of("type", ("FULL",), -1139)
        return self._prices(parameters, lambda symbol, market: answers.day(symbol, market, self._engine.now()))

    def best(self, parameters: Parameters) -> Any:
        """GET ticker/bookTicker."""
        return self._prices(parameters, answers.best)

    def last(self, parameters: Parameters) -> Any:
        """GET ticker/price."""
        return self._prices(parameters, lambda symbol, market: {"symbol": symbol.name, "price": fixed(market.last)})

    def depth(self, parameters: Parameters) -> Any:
        """GET depth."""
        symbol = named_symbol(self._engine, parameters)
        parameters.integer("limit")
        parameters.finish()
        return answers.depth(self._engine.markets[symbol.name], self._engine.now())

    def _prices(self, parameters: Parameters, told: Told) -> Any:
        single = "symbol" in parameters
        every = [told(symbol, self._engine.markets[symbol.name]) for symbol in self._chosen(parameters)]
        return every[0] if single else every

    def _chosen(self, parameters: Parameters) -> list[Symbol]:
        known = self._engine.symbols
        one, several = parameters.text("symbol"), parameters.text("symbols")
        parameters.finish()
        names = [one] if one else json.loads(several) if several else list(known)
        if any(name not in known for name in names):
            raise Refused(-1121)
        return [known[name] for name in names]
