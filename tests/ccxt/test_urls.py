# SPDX-License-Identifier: MIT
"""Where an account goes: to a test network unless real money is said, and never half to one and half to the other."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from fks_exec import Secret
from fks_exec.errors import ConfigError
from fks_exec_ccxt.config import CCXTConfig
from fks_exec_ccxt.knowledge.traits import traits
from fks_exec_ccxt.manager import ExchangeManager
from fks_exec_ccxt.session.checking import check_proved
from fks_exec_ccxt.session.loading import exchange_class, import_ccxt
from fks_exec_ccxt.session.starting import construct
from fks_exec_ccxt.session.urls import check_given, environment, has_sandbox, is_loopback, rehosted
from fks_exec_simulators.exchanges import make
from fks_exec_simulators.exchanges.accounts import KEYS, config, context


async def test_an_exchange_without_a_sandbox_wants_live_said() -> None:
    with pytest.raises(ConfigError, match="live = true"):
        await ExchangeManager().open("a", CCXTConfig(exchange="kraken", **KEYS), context("a"))  # type: ignore[arg-type]


async def test_a_live_account_is_not_opened_at_a_simulated_exchange_by_mistake() -> None:
    async with make("binance") as server:
        with pytest.raises(ConfigError, match="no real exchange"):
            await ExchangeManager().open("a", config("binance", server.url), context("a", live=True))
        meant = config("binance", server.url, allow_custom_base_url=True)
        manager = ExchangeManager()
        assert (await manager.open("a", meant, context("a", live=True))).live
        await manager.close("a")


REAL = [
    ("bybit", "https://api.bybit.com"),
    ("bybit", "https://API.Bybit.com:443/"),
    ("binance", "https://api.binance.com"),
    ("binance", "https://api1.binance.com"),
    ("okx", "https://www.okx.com"),
    ("kraken", "https://api.kraken.com"),
]


@pytest.mark.parametrize(("name", "url"), REAL)
async def test_an_exchanges_own_host_is_traded_at_only_where_live_is_said(name: str, url: str) -> None:
    keys: dict[str, Any] = {**KEYS, "password": Secret("p")}
    wanted = CCXTConfig(exchange=name, base_url=url, allow_custom_base_url=True, **keys)
    with pytest.raises(ConfigError, match="for real money, and the account is not live") as caught:
        await ExchangeManager().open("mine", wanted, context())
    assert caught.value.where.endswith("base_url")
    assert environment(exchange_class(name)(), wanted, live=True, sandbox=None).base_url == url


@pytest.mark.parametrize(
    ("name", "url"),
    [("bybit", "https://api-testnet.bybit.com"), ("binance", "https://testnet.binance.vision"), ("bybit", "https://my.host")],
)
def test_a_live_account_goes_to_no_other_host_and_one_that_is_not_may(name: str, url: str) -> None:
    wanted = CCXTConfig(exchange=name, base_url=url, allow_custom_base_url=True)
    assert environment(exchange_class(name)(), wanted, live=False, sandbox=None).kind == "custom"
    with pytest.raises(ConfigError, match="the account is live and base_url is no host of"):
        environment(exchange_class(name)(), wanted, live=True, sandbox=None)


def test_every_address_of_every_exchange_is_known_as_one_for_real_money() -> None:
    for name in import_ccxt().exchanges:
        for address in _addresses(exchange_class(name)().urls["api"]):
            given = exchange_class(name)()
            given.urls = {**given.urls, "api": {"public": "http://127.0.0.1:9", "private": address}}
            with pytest.raises(ConfigError, match="trades real money"):
                check_given(given, exchange_class(name)(), live=False)


@pytest.mark.parametrize(("name", "kind"), [("kraken", "spot"), ("binance", "swap"), ("bybit", "spot")])
async def test_real_money_goes_to_what_was_tried_against_a_counterpart_unless_it_is_said(name: str, kind: Any) -> None:
    wanted = CCXTConfig(exchange=name, market_type=kind, **KEYS)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="keep a conformance record, then write accept_unproved = true") as caught:
        await ExchangeManager().open("a", wanted, context("a", live=True))
    assert caught.value.where == "accounts.a.config.accept_unproved"
    check_proved(evolve(wanted, accept_unproved=True), live=True)
    check_proved(wanted, live=False)


def test_what_was_tried_against_a_counterpart_needs_no_word_more() -> None:
    for name, kind in (("binance", "spot"), ("bybit", "swap")):
        check_proved(CCXTConfig(exchange=name, market_type=kind), live=True)  # type: ignore[arg-type]


def _addresses(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in items for text in _addresses(one)]


def test_a_base_url_reaches_every_address_of_every_exchange() -> None:
    for name in import_ccxt().exchanges:
        exchange = exchange_class(name)()
        for address in _addresses(rehosted(exchange.urls["api"], "http://127.0.0.1:9")):
            assert address.startswith("http://127.0.0.1:9") or "://" not in address
            assert "{" not in address.split("/")[2]


def _pointed(name: str, **more: Any) -> Any:
    """An exchange as an account that is not live has it."""
    wanted = CCXTConfig(exchange=name, **more)
    exchange = construct(exchange_class(name), wanted, traits(name))
    known = traits(name).sandbox or ("sandbox" if has_sandbox(exchange) else None)
    environment(exchange, wanted, live=False, sandbox=known).settle(exchange)
    return exchange


@pytest.mark.parametrize("name", ["binance", "bybit", "gate", "deribit", "woo", "cryptocom", "krakenfutures", "hyperliquid"])
def test_without_live_every_address_is_of_the_sandbox(name: str) -> None:
    live = set(_addresses(exchange_class(name)().urls["api"]))
    exchange = _pointed(name)
    assert exchange.urls["api"] == exchange.urls["test"]
    assert not {address for address in _addresses(exchange.urls["api"]) if address.startswith("http")} & live


def test_a_sandbox_that_is_told_by_a_header_is_switched_on() -> None:
    assert _pointed("okx").headers["x-simulated-trading"] == "1"
    assert _pointed("bitget").options["sandboxMode"] is True


def test_demo_trading_is_another_place_than_the_sandbox() -> None:
    assert "demo" in str(_pointed("bybit", demo=True).urls["api"])
    assert "demo" in str(_pointed("binance", demo=True).urls["api"])
    with pytest.raises(ConfigError, match="no demo trading"):
        _pointed("deribit", demo=True)


@pytest.mark.parametrize("name", ["kraken", "coinbase", "kucoin", "mexc", "bitfinex"])
def test_no_sandbox_is_made_up_where_there_is_none(name: str) -> None:
    with pytest.raises(ConfigError, match="say live = true"):
        _pointed(name)


def test_loopback_is_told_by_the_host() -> None:
    assert is_loopback("http://127.0.0.1:1")
    assert is_loopback("http://[::1]:1")
    assert is_loopback("http://localhost")
    assert not is_loopback("https://api.binance.com")
