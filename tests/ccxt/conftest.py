# SPDX-License-Identifier: MIT
"""Accounts at the simulated exchanges, opened by the plugin itself, each with the exchange's own side beside it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from attrs import define, field

from fks_exec import MarketData, Order, OrderRef, Protection, Secret, Side, Submission, VenueContext
from fks_exec.clock import SystemClock
from fks_exec_ccxt.config import CCXTConfig
from fks_exec_ccxt.venue import CCXTPlugin
from fks_exec_simulators.exchanges import make
from fks_exec_simulators.exchanges.counterpart import ExchangeCounterpart
from fks_exec_simulators.exchanges.serving import ExchangeServer

_NUMBERS = itertools.count(1)


@define(eq=False)
class Seat:
    """One account, and the exchange behind it.

    Args:
        plugin: opened.
        server: the exchange, in this process.
        counterpart: its own side, over HTTP.
        symbol: that is traded.
    """

    plugin: CCXTPlugin
    server: ExchangeServer
    counterpart: ExchangeCounterpart
    symbol: str
    clock: SystemClock = field(factory=SystemClock)

    def submission(self, seconds: float = 5.0) -> Submission:
        """A further one, with a name of its own."""
        name = f"order{next(_NUMBERS):027d}"
        return Submission(account="mine", venue_client_order_id=name, deadline=self.clock.monotonic() + seconds)

    def order(self, side: str = "buy", quantity: str = "0.01", **more: Any) -> Order:
        """An order of the usual size."""
        return Order(symbol=self.symbol, side=side, quantity=quantity, **more)  # type: ignore[arg-type]

    def leg(self, role: str, trigger: str, quantity: str = "0.009", **more: Any) -> Protection:
        """A protective order of a long."""
        words: dict[str, Any] = {"role": role, "side": Side.SELL, "quantity": quantity, "trigger_price": trigger, **more}
        return Protection(symbol=self.symbol, **words)

    def ref(self, order_id: str | None = None, name: str | None = None) -> OrderRef:
        """An order's names."""
        now = self.clock.now()
        return OrderRef(order_id=order_id, venue_client_order_id=name, symbol=self.symbol, submitted_at=now)

    async def move(self, price: str) -> None:
        """The market is at a price."""
        await self.counterpart.set_price(self.symbol, price, price)

    async def hits(self, route: str) -> int:
        """How many requests of a method and path have arrived."""
        counts: dict[str, int] = await self.counterpart.control("counts")
        return counts.get(route, 0)


async def _no_quote(account: str, symbol: str) -> MarketData:
    raise AssertionError("no other account is asked")


async def _seat(name: str, symbol: str, market_type: Any, **more: Any) -> AsyncIterator[Seat]:
    async with make(name) as server:
        plugin = CCXTPlugin()
        config = CCXTConfig(
            exchange=name,
            api_key=Secret("canary-key1"),
            secret=Secret("canary-secret1"),
            market_type=market_type,
            base_url=server.url,
            **more,
        )
        await plugin.init(config, VenueContext(account="mine", publish=print, quote=_no_quote))
        try:
            yield Seat(plugin, server, ExchangeCounterpart(server.url, "canary-key1"), symbol)
        finally:
            await plugin.close()


@pytest.fixture
async def binance() -> AsyncIterator[Seat]:
    """Binance spot."""
    async for seat in _seat("binance", "BTC/USDT", "spot"):
        yield seat


@pytest.fixture
async def bybit() -> AsyncIterator[Seat]:
    """Bybit's linear contracts."""
    async for seat in _seat("bybit", "BTC/USDT:USDT", "swap"):
        yield seat
