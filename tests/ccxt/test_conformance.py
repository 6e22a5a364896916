# SPDX-License-Identifier: MIT
"""The plugin passes the suite for venues at both simulated exchanges, over real HTTP: Binance spot, Bybit contracts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest

import fks_exec_ccxt
from fks_exec import Secret
from fks_exec.testing import Trial
from fks_exec.testing.suite import VenueSuite
from fks_exec_simulators.exchanges import make
from fks_exec_simulators.exchanges.counterpart import ExchangeCounterpart
from fks_exec_simulators.exchanges.serving import ExchangeServer


class AtAnExchange:
    """An exchange of its own for each test.

    Attributes:
        name: ccxt's id.
        config: what differs from the defaults.
        fields: of the trial.
    """

    written_for = "0.1"
    name: ClassVar[str]
    config: ClassVar[dict[str, Any]]
    fields: ClassVar[dict[str, Any]]

    @pytest.fixture
    async def server(self) -> AsyncIterator[ExchangeServer]:
        """The exchange."""
        async with make(self.name) as server:
            yield server

    @pytest.fixture
    def counterpart(self, server: ExchangeServer) -> Any:
        return ExchangeCounterpart(server.url)

    @pytest.fixture
    def venue(self, server: ExchangeServer) -> Trial:
        accounts = [self._config(server.url, number) for number in (1, 2)]
        return Trial(
            venue=fks_exec_ccxt.fks_exec_venues()[0],
            config=accounts[0],
            second=accounts[1],
            distribution="fks-exec-ccxt",
            sdk=["ccxt"],
            secrets=["canary-secret1", "canary-secret2"],
            level="simulator",
            seconds=15.0,
            **self.fields,
        )

    def _config(self, url: str, number: int) -> fks_exec_ccxt.CCXTConfig:
        key, secret = Secret(f"canary-key{number}"), Secret(f"canary-secret{number}")
        return fks_exec_ccxt.CCXTConfig(exchange=self.name, api_key=key, secret=secret, base_url=url, **self.config)


class TestBinanceSpot(AtAnExchange, VenueSuite):
    name = "binance"
    config: ClassVar[dict[str, Any]] = {}
    fields: ClassVar[dict[str, Any]] = {
        "symbol": "BTC/USDT",
        "other_symbol": "ETH/USDT",
        "quantity": "0.01",
        "too_much": "1000",
    }


class TestBybitLinear(AtAnExchange, VenueSuite):
    name = "bybit"
    config: ClassVar[dict[str, Any]] = {"market_type": "swap"}
    fields: ClassVar[dict[str, Any]] = {
        "symbol": "BTC/USDT:USDT",
        "other_symbol": "ETH/USDT:USDT",
        "quantity": "0.01",
        "too_much": "1000",
    }
