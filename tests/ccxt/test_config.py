# SPDX-License-Identifier: MIT
"""The configuration of an account: each wrong value is a sentence with what to write instead."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fks_exec import ConfigError, Secret
from fks_exec.convert import from_config
from fks_exec_ccxt.config import REFUSED, CCXTConfig


@pytest.mark.parametrize(
    ("fields", "where", "words"),
    [
        ({"exchange": "Binance!"}, "exchange", "no id of ccxt"),
        ({"exchange": ""}, "exchange", "no id of ccxt"),
        ({"market_type": "margin"}, "market_type", "spot, swap"),
        ({"market_type": None}, "market_type", "spot, swap"),
        ({"market_type": "swap", "margin_mode": "both"}, "margin_mode", "cross, isolated"),
        ({"market_type": "swap", "position_mode": "two"}, "position_mode", "one_way, hedged"),
        ({"demo": "yes"}, "demo", "neither true nor false"),
        ({"trust_env": 1}, "trust_env", "neither true nor false"),
        ({"api_key": "plain"}, "api_key", "no Secret"),
        ({"secret": Secret("")}, "secret", "empty"),
        ({"secret": Secret(" abc")}, "secret", "blanks"),
        ({"settle": "USDT"}, "settle", "market_type is 'spot'"),
        ({"leverage": "3"}, "leverage", "market_type is 'spot'"),
        ({"position_mode": "hedged"}, "position_mode", "market_type is 'spot'"),
        ({"market_type": "swap", "settle": "usdt"}, "settle", "in capitals"),
        ({"market_type": "swap", "leverage": "0"}, "leverage", "1 to 1000"),
        ({"quote_aliases": {"usd": "USDT"}}, "quote_aliases", "in capitals"),
        ({"quote_aliases": {"USD": "USD"}}, "quote_aliases", "leads nowhere"),
        ({"quote_aliases": {"A": "B", "B": "C"}}, "quote_aliases", "further alias"),
        ({"max_waiting": 0}, "max_waiting", "1 to 100000"),
        ({"max_waiting": True}, "max_waiting", "1 to 100000"),
        ({"fill_wait": -1}, "fill_wait", "0 to 30"),
        ({"fill_wait": float("nan")}, "fill_wait", "0 to 30"),
        ({"refresh": 1}, "refresh", "60 to 86400"),
        ({"base_url": "https://example.com"}, "base_url", "allow_custom_base_url"),
        ({"base_url": "127.0.0.1:80"}, "base_url", "no address"),
        ({"base_url": "http://127.0.0.1:port"}, "base_url", "no address"),
        ({"base_url": "http://127.0.0.1:80/api"}, "base_url", "host and port only"),
        ({"base_url": "http://127.0.0.1@example.com"}, "base_url", "host and port only"),
        ({"base_url": "http://localhost:80", "demo": True}, "demo", "leave out one"),
        ({"proxy": "socks5://127.0.0.1:80"}, "proxy", "no address"),
        ({"proxy": "http://127.0.0.1:80", "trust_env": True}, "proxy", "leave out one"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(fields: dict[str, Any], where: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        CCXTConfig(**{"exchange": "binance", **fields})
    assert refused.value.where == where
    assert words in refused.value.problem


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_options_of_ccxt_that_switch_safety_off_are_refused_at_any_depth(name: str) -> None:
    for options in ({name: True}, {"createOrder": {name: False}}, {"a": [{"b": {name: 1}}]}):
        with pytest.raises(ConfigError, match=name) as refused:
            CCXTConfig(exchange="binance", options=options)
        assert refused.value.where == "options"


@pytest.mark.parametrize("options", [{"recvWindow": "60000"}, {"createOrder": {"recvWindow": "6e4"}}, {"a": [{"b": "5"}]}])
def test_a_number_that_is_written_as_a_text_is_refused(options: dict[str, object]) -> None:
    """ccxt would send it, and nobody here would know how long the exchange takes the request."""
    with pytest.raises(ConfigError, match="without quotes") as refused:
        CCXTConfig(exchange="binance", options=options)
    assert refused.value.where == "options"


@pytest.mark.parametrize("window", [0, -1, True, float("inf"), "soon", None])
def test_a_window_that_is_no_time_is_refused(window: object) -> None:
    with pytest.raises(ConfigError, match="recvWindow is how many milliseconds"):
        CCXTConfig(exchange="binance", options={"recvWindow": window})


def test_real_money_at_an_exchange_that_was_never_traded_against_a_counterpart_must_be_said() -> None:
    assert not CCXTConfig(exchange="okx").accept_unproved
    assert CCXTConfig(exchange="okx", accept_unproved=True).accept_unproved
    with pytest.raises(ConfigError, match="accept_unproved"):
        CCXTConfig(exchange="okx", accept_unproved="yes")  # type: ignore[arg-type]


def test_the_password_of_a_proxy_is_not_shown() -> None:
    config = CCXTConfig(exchange="okx", proxy="http://user:hunter2@127.0.0.1:8080")
    assert "hunter2" not in repr(config)
    assert "127.0.0.1:8080" in repr(config)
    assert "proxy='http://127.0.0.1:8080'" in repr(CCXTConfig(exchange="okx", proxy="http://127.0.0.1:8080"))


def test_other_options_are_passed_through() -> None:
    assert CCXTConfig(exchange="binance", options={"fetchMarkets": {"types": ["spot"]}}).options["fetchMarkets"]


def test_a_refusal_shows_no_secret() -> None:
    with pytest.raises(ConfigError) as refused:
        CCXTConfig(exchange="binance", api_key=Secret(" hunter2 "))
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in repr(CCXTConfig(exchange="binance", secret=Secret("hunter2")))


@pytest.mark.parametrize("url", ["http://127.0.0.1:8600", "http://localhost:1", "https://[::1]:9", "http://127.5.5.5"])
def test_an_exchange_on_this_machine_needs_no_permission(url: str) -> None:
    assert CCXTConfig(exchange="binance", base_url=url).base_url == url


def test_another_host_needs_it() -> None:
    config = CCXTConfig(exchange="binance", base_url="https://example.com", allow_custom_base_url=True)
    assert config.base_url == "https://example.com"


def test_a_private_key_may_have_lines() -> None:
    text = "-----BEGIN EC PRIVATE KEY-----\nabc=\n-----END EC PRIVATE KEY-----"
    assert CCXTConfig(exchange="coinbase", secret=Secret(text)).secret == Secret(text)


def test_a_table_of_a_file_becomes_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "abc")
    asked = {
        "exchange": "bybit",
        "api_key": {"env": "KEY"},
        "market_type": "swap",
        "leverage": 3,
        "position_mode": "hedged",
        "fill_wait": 2,
        "quote_aliases": {"USD": "USDT"},
    }
    config = from_config(CCXTConfig, asked, where="accounts.x.config", base=tmp_path)
    assert config.api_key == Secret("abc")
    assert (config.leverage, config.hedged, config.fill_wait) == (Decimal(3), True, 2)
    with pytest.raises(ConfigError, match="apikey"):
        from_config(CCXTConfig, {"exchange": "bybit", "apikey": "x"}, where="accounts.x.config", base=tmp_path)


def test_it_is_a_key_and_can_be_compared() -> None:
    assert hash(CCXTConfig(exchange="binance")) == hash(CCXTConfig(exchange="binance"))
