# SPDX-License-Identifier: MIT
"""Two accounts of a host with one key at one exchange are noticed at the start, and the key is told nowhere."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fks_exec import Secret
from fks_exec.errors import ConfigError, VenueError
from fks_exec_ccxt.config import CCXTConfig
from fks_exec_ccxt.manager import ExchangeManager
from fks_exec_ccxt.session.sharing import holder
from fks_exec_simulators.exchanges import make
from fks_exec_simulators.exchanges.accounts import config, context

SAID = "the account 'a' has the same key at binance and trades the same markets there"


async def test_a_second_account_of_the_same_key_is_refused_with_a_sentence() -> None:
    async with make("binance") as server:
        manager = ExchangeManager()
        try:
            await manager.open("a", config("binance", server.url), context("a"))
            with pytest.raises(ConfigError, match=SAID) as refused:
                await manager.open("b", config("binance", server.url), context("b"))
            assert refused.value.where == "accounts.b.config.api_key"
            assert "canary-key1" not in str(refused.value)
            assert "canary-key1" not in repr(manager._holders)
            await manager.open("c", config("binance", server.url, "2"), context("c"))
            await manager.close("a")
            await manager.open("b", config("binance", server.url), context("b"))
            assert manager.list_exchanges() == ("b: binance", "c: binance")
        finally:
            for name in "abc":
                await manager.close(name)


async def test_of_two_that_open_at_the_same_time_one_does() -> None:
    async with make("binance") as server:
        manager = ExchangeManager()
        opening = [manager.open(name, config("binance", server.url), context(name)) for name in ("a", "b")]
        first, second = await asyncio.gather(*opening, return_exceptions=True)
        assert isinstance(second, ConfigError)
        assert not isinstance(first, BaseException)
        twice = manager.open("a", config("binance", server.url), context("a"))
        with pytest.raises(VenueError, match="open already"):
            await twice
        await manager.close("a")


async def test_an_account_that_could_not_open_stands_in_nobodys_way() -> None:
    async with make("binance") as server:
        manager = ExchangeManager()
        await server.away(True)
        with pytest.raises(VenueError):
            await manager.open("a", config("binance", server.url), context("a"))
        await server.away(False)
        await manager.open("b", config("binance", server.url), context("b"))
        await manager.close("b")


def _problem(one: dict[str, Any], other: dict[str, Any], *, live: tuple[bool, bool] = (True, True)) -> str:
    base: dict[str, Any] = {"api_key": Secret("k" * 12), "secret": Secret("s" * 12), "exchange": "binance"}
    first, second = (
        holder(name, CCXTConfig(**{**base, **words}), live=said)
        for name, words, said in (("a", one, live[0]), ("b", other, live[1]))
    )
    assert first is not None
    assert second is not None
    return second.problem_with(first)


SWAP = {"market_type": "swap"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        (SWAP, SWAP),
        (SWAP, {**SWAP, "exchange": "binanceusdm"}),
        ({**SWAP, "settle": "USDT"}, SWAP),
        ({}, {"api_key": Secret("k" * 12), "secret": Secret("another")}),
    ],
)
def test_what_sees_the_same_orders(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert "trades the same markets" in _problem(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, SWAP),
        ({}, {"exchange": "bybit"}),
        ({}, {"api_key": Secret("other")}),
        ({**SWAP, "settle": "USDT"}, {**SWAP, "settle": "USDC"}),
        ({"base_url": "http://127.0.0.1:1"}, {"base_url": "http://127.0.0.1:2"}),
    ],
)
def test_what_does_not(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert _problem(one, other) == ""


def test_a_key_of_the_test_system_is_another_one() -> None:
    assert _problem({}, {}, live=(True, False)) == ""


def test_where_requests_are_numbered_a_key_is_of_one_account() -> None:
    bitfinex = {"exchange": "bitfinex"}
    assert "make a second key" in _problem(bitfinex, {**bitfinex, **SWAP})


def test_an_account_without_a_key_shares_none() -> None:
    assert holder("a", CCXTConfig(exchange="binance"), live=False) is None
