# SPDX-License-Identifier: MIT
"""Leverage, margin mode and position mode are compared and never set; entries wait for them, exits do not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fks_exec import Order, Submission
from fks_exec.clock import SystemClock
from fks_exec.errors import ConfigError, NotSent, VenueRejected
from fks_exec_ccxt.config import CCXTConfig
from fks_exec_ccxt.knowledge.traits import traits
from fks_exec_ccxt.manager import ExchangeManager
from fks_exec_ccxt.session import modes
from fks_exec_ccxt.session.connection import Connection
from fks_exec_ccxt.session.loading import exchange_class
from fks_exec_ccxt.session.starting import construct
from fks_exec_ccxt.venue import CCXTPlugin
from fks_exec_simulators.exchanges import make
from fks_exec_simulators.exchanges.accounts import config, context
from fks_exec_simulators.exchanges.counterpart import ExchangeCounterpart

MARKET = {
    **{"symbol": "BTC/USDT:USDT", "id": "BTCUSDT", "base": "BTC", "quote": "USDT", "settle": "USDT", "type": "swap"},
    **{"swap": True, "spot": False, "linear": True, "inverse": False, "contract": True, "active": True},
}


async def test_a_hedged_account_is_told_when_the_configuration_does_not_say_so() -> None:
    class Hedged:
        """An exchange that answers what a test says."""

        id, has, hedged = "binance", {"fetchPositionMode": True, "fetchLeverage": True, "fetchPositions": True}, True
        leverage, mode = 5, "cross"
        markets = {MARKET["symbol"]: MARKET}  # noqa: RUF012

        async def fetch_position_mode(self, symbol: str) -> Any:
            return {"hedged": self.hedged}

        async def fetch_leverage(self, symbol: str) -> Any:
            return {"marginMode": self.mode, "longLeverage": self.leverage, "shortLeverage": self.leverage}

        async def fetch_positions(self) -> Any:
            return []

    def opened(**more: Any) -> Connection:
        wanted = CCXTConfig(exchange="binance", market_type="swap", **more)
        return Connection(Hedged(), wanted, traits("binance", "swap"), context())

    await modes.compare(opened(position_mode="hedged"))
    await modes.compare(opened(position_mode="hedged", leverage="5", margin_mode="cross"))
    with pytest.raises(ConfigError, match="the account at binance is hedged; write position_mode = 'hedged'"):
        await modes.compare(opened())
    with pytest.raises(ConfigError, match="leverage is 10 here and 5 for BTC/USDT:USDT"):
        await modes.compare(opened(position_mode="hedged", leverage="10"))
    with pytest.raises(ConfigError, match="margin_mode is 'isolated' here and 'cross'"):
        await modes.compare(opened(position_mode="hedged", margin_mode="isolated"))


async def test_what_every_order_says_must_be_said_by_the_configuration() -> None:
    wanted = CCXTConfig(exchange="kucoin", market_type="swap")
    exchange = construct(exchange_class("kucoin"), wanted, traits("kucoin", "swap"))
    with pytest.raises(ConfigError, match="every order to kucoin says the"):
        await modes.compare(Connection(exchange, wanted, traits("kucoin", "swap"), context()))


async def test_leverage_is_compared_over_http() -> None:
    async with make("bybit") as server:
        counterpart = ExchangeCounterpart(server.url, "canary-key1")
        manager = ExchangeManager()
        told = await _leverage(manager, server.url)
        await manager.open("mine", config("bybit", server.url, leverage=told), context())
        await manager.close("mine")
        with pytest.raises(ConfigError, match=r"leverage is 37 here and .* set it there"):
            await manager.open("mine", config("bybit", server.url, leverage="37"), context())
        assert await counterpart.requests() == 0


async def test_a_hedged_account_at_bybit_is_told_over_http() -> None:
    async with make("bybit") as server:
        counterpart = ExchangeCounterpart(server.url, "canary-key1")
        manager = ExchangeManager()
        await counterpart.control("hedge", account="canary-key1", on=True)
        with pytest.raises(ConfigError, match="the account at bybit is hedged; write position_mode = 'hedged'"):
            await manager.open("mine", config("bybit", server.url), context())
        await manager.open("mine", config("bybit", server.url, position_mode="hedged"), context())
        await manager.close("mine")
        await counterpart.control("hedge", account="canary-key1", on=False)
        with pytest.raises(ConfigError, match="position_mode is 'hedged', and the account at bybit is one_way"):
            await manager.open("mine", config("bybit", server.url, position_mode="hedged"), context())


async def test_leverage_of_another_instrument_is_compared_before_its_first_order() -> None:
    other = "ETH/USDT:USDT"
    async with make("bybit") as server:
        counterpart = ExchangeCounterpart(server.url, "canary-key1")
        plugin = CCXTPlugin()
        await plugin.init(config("bybit", server.url, leverage="10"), context())
        await counterpart.control("leverage", account="canary-key1", symbol="ETHUSDT", leverage="3")
        assert (await plugin.fetch_instrument(other)).symbol == other
        for count in (1, 2):
            with pytest.raises(VenueRejected, match=f"leverage is 10 here and 3 for {other}") as caught:
                await plugin.execute_order(_order(other), _submission(count))
            assert caught.value.code == "MODE"
        assert await counterpart.requests() == 0
        await counterpart.control("leverage", account="canary-key1", symbol="ETHUSDT", leverage="10")
        asked = server.counts["GET /v5/position/list"]
        for count in (3, 4):
            await plugin.execute_order(_order(other), _submission(count))
        assert server.counts["GET /v5/position/list"] == asked + 1
        assert await counterpart.requests() == 2
        await plugin.close()


async def test_an_exit_does_not_wait_for_the_leverage() -> None:
    other = "ETH/USDT:USDT"
    async with make("bybit") as server:
        counterpart = ExchangeCounterpart(server.url, "canary-key1")
        plugin = CCXTPlugin()
        await plugin.init(config("bybit", server.url, leverage="10"), context())
        await plugin.execute_order(_order(other), _submission(1))
        plugin.connection.compared.clear()
        await counterpart.control("leverage", account="canary-key1", symbol="ETHUSDT", leverage="3")
        asked = server.counts["GET /v5/position/list"]
        await plugin.execute_order(_order(other, side="sell", reduce_only=True), _submission(2))
        assert server.counts["GET /v5/position/list"] == asked
        await plugin.close()


async def test_leverage_that_cannot_be_read_leaves_the_order_unsent() -> None:
    other = "ETH/USDT:USDT"
    async with make("bybit") as server:
        counterpart = ExchangeCounterpart(server.url, "canary-key1")
        plugin = CCXTPlugin()
        await plugin.init(config("bybit", server.url, leverage="10"), context())
        await counterpart.away(True)
        assert (await plugin.fetch_instrument(other)).symbol == other
        with pytest.raises(NotSent):
            await plugin.execute_order(_order(other), _submission(1))
        await counterpart.away(False)
        await plugin.execute_order(_order(other), _submission(2))
        assert await counterpart.requests() == 1
        await plugin.close()


async def test_the_rules_of_an_instrument_do_not_wait_long_for_its_leverage() -> None:
    async with make("bybit") as server:
        plugin = CCXTPlugin()
        await plugin.init(config("bybit", server.url, leverage="10"), context())
        never = asyncio.Event()
        plugin.connection.exchange.fetch_leverage = lambda symbol: never.wait()
        async with asyncio.timeout(3):
            assert (await plugin.fetch_instrument("ETH/USDT:USDT")).price_tick > 0
        await plugin.close()


async def test_what_is_held_can_be_closed_though_the_leverage_differs() -> None:
    """An exit that waits for somebody to change a configuration costs more than another leverage."""
    symbol = "BTC/USDT:USDT"
    async with make("bybit") as server:
        counterpart = ExchangeCounterpart(server.url, "canary-key1")
        before = CCXTPlugin()
        await before.init(config("bybit", server.url), context())
        assert (await before.execute_order(_order(symbol), _submission(1))).status == "filled"
        await before.close()
        await counterpart.control("leverage", account="canary-key1", symbol="BTCUSDT", leverage="3")
        plugin = CCXTPlugin()
        await plugin.init(config("bybit", server.url, leverage="5"), context())
        with pytest.raises(VenueRejected, match="leverage is 5 here and 3"):
            await plugin.execute_order(_order(symbol), _submission(2))
        out = _order(symbol, side="sell", reduce_only=True)
        assert (await plugin.execute_order(out, _submission(3))).status == "filled"
        await plugin.close()


def _order(symbol: str, side: Any = "buy", **more: Any) -> Order:
    return Order(symbol=symbol, side=side, quantity="0.1", **more)


def _submission(count: int) -> Submission:
    return Submission(account="mine", venue_client_order_id=f"mode{count}", deadline=SystemClock().monotonic() + 5)


async def _leverage(manager: ExchangeManager, url: str) -> str:
    connection = await manager.open("other", config("bybit", url), context("other"))
    told = await connection.call(lambda: connection.exchange.fetch_leverage("BTC/USDT:USDT"), reading=True)
    await manager.close("other")
    return str(told["longLeverage"])
