# SPDX-License-Identifier: MIT
"""What accounts can do, on fourteen exchanges, with the installed ccxt."""

from __future__ import annotations

from typing import Any

import pytest

from fks_exec import Capabilities, ConfigError, OrderType
from fks_exec_ccxt.config import CCXTConfig
from fks_exec_ccxt.knowledge.traits import traits
from fks_exec_ccxt.requests.capabilities import UPPER, Row, capabilities, table
from fks_exec_ccxt.requests.probing import Probes
from fks_exec_simulators.offline import exchanges, offline


@pytest.fixture(scope="module")
def rows() -> tuple[Row, ...]:
    return table([(offline(name, kind), kind) for name in exchanges() for kind in ("spot", "swap")])


def of(exchange_id: str, market_type: Any, **more: Any) -> Capabilities:
    """An account's."""
    exchange = offline(exchange_id, market_type)
    known, config = traits(exchange_id, market_type), CCXTConfig(exchange=exchange_id, market_type=market_type, **more)
    probes = Probes(exchange, known, config)
    markets = [each for each in exchange.markets.values() if each["type"] == market_type]
    return capabilities(exchange, [probes.of(each) for each in markets], known, config)


# What is served: order types, protection, reduce-only, and what ccxt's own table says otherwise. A change is to be looked at.
SERVED = {
    "binance spot": ("market limit stop stop_limit", "oco stop_only", False, ""),
    "binance linear": ("market limit stop stop_limit", "reduce_only_pair stop_only", True, ""),
    "binance inverse": ("market limit stop stop_limit", "reduce_only_pair stop_only", True, "-gtd"),
    "bitfinex spot": ("market limit stop stop_limit", "stop_only", False, "-take_profit"),
    "bitfinex linear": ("market limit stop stop_limit", "reduce_only_pair stop_only", True, ""),
    "bitget spot": ("market limit", "", False, "-stop -stop_loss -take_profit -attached"),
    "bitget linear": ("market limit stop stop_limit", "reduce_only_pair stop_only", True, "-attached"),
    "bitget inverse": ("market limit stop stop_limit", "reduce_only_pair stop_only", True, "-attached"),
    "bybit spot": ("market limit stop stop_limit", "stop_only", False, "-attached"),
    "bybit linear": ("market limit stop stop_limit", "attached reduce_only_pair stop_only", True, ""),
    "bybit inverse": ("market limit stop stop_limit", "attached reduce_only_pair stop_only", True, ""),
    "coinbase spot": ("market limit stop_limit", "", False, "-stop_loss -take_profit"),
    "coinbase linear": ("market limit stop_limit", "", False, "-stop_loss -take_profit"),
    "cryptocom spot": ("market limit", "", False, "-stop -stop_loss -take_profit"),
    "cryptocom linear": ("market limit", "", False, "-stop -stop_loss -take_profit"),
    "deribit spot": ("market limit stop stop_limit", "stop_only", False, "+stop_loss +take_profit -gtd"),
    "deribit linear": ("market limit stop stop_limit", "reduce_only_pair stop_only", True, "+stop_loss +take_profit -gtd"),
    "deribit inverse": ("market limit stop stop_limit", "reduce_only_pair stop_only", True, "+stop_loss +take_profit -gtd"),
    "gate spot": ("market limit", "", False, "-stop -stop_loss -take_profit"),
    "gate linear": ("market limit", "", True, "-stop -stop_loss -take_profit"),
    "gate inverse": ("market limit", "", True, "-stop -stop_loss -take_profit"),
    "kraken spot": ("market limit stop stop_limit", "stop_only", False, "+stop -fok"),
    "krakenfutures linear": ("market limit stop stop_limit", "", True, "-stop_loss -take_profit"),
    "krakenfutures inverse": ("market limit stop stop_limit", "", True, "-stop_loss -take_profit"),
    "kucoin spot": ("market limit stop stop_limit", "stop_only", False, "-gtd"),
    "kucoin linear": ("market limit stop stop_limit", "reduce_only_pair stop_only", True, "-attached"),
    "kucoin inverse": ("market limit stop stop_limit", "reduce_only_pair stop_only", True, "-attached"),
    "mexc spot": ("market limit", "", False, ""),
    "mexc linear": ("market limit", "", True, "-stop"),
    "mexc inverse": ("market limit", "", True, "-stop"),
    "okx spot": ("market limit stop stop_limit", "stop_only", False, "-attached"),
    "okx linear": ("market limit stop stop_limit", "reduce_only_pair stop_only", True, "-attached"),
    "okx inverse": ("market limit stop stop_limit", "reduce_only_pair stop_only", True, "-attached"),
    "woo spot": ("market limit stop stop_limit", "stop_only", False, "+stop_loss -gtd"),
    "woo linear": ("market limit stop stop_limit", "reduce_only_pair stop_only", True, "+stop_loss +take_profit -gtd"),
}


def test_what_the_installed_ccxt_serves_is_what_was_looked_at(rows: tuple[Row, ...]) -> None:
    found = {
        f"{row.exchange} {row.market}": (
            " ".join(row.order_types),
            " ".join(row.protection),
            row.reduce_only,
            " ".join(row.differs),
        )
        for row in rows
    }
    assert found == SERVED


def test_eight_of_the_fourteen_exchanges_take_a_stop_and_a_target_that_can_be_looked_up(rows: tuple[Row, ...]) -> None:
    """Kraken Futures and Gate take both, and no document says how one whose answer was lost is found: none are sent there."""
    both = {row.exchange for row in rows if {"attached", "oco", "reduce_only_pair"} & set(row.protection)}
    assert len({row.exchange for row in rows}) == 14
    assert both == {"binance", "bybit", "okx", "kucoin", "bitget", "deribit", "bitfinex", "woo"}


@pytest.mark.parametrize("name", exchanges())
@pytest.mark.parametrize("kind", ["spot", "swap"])
def test_an_account_s_capabilities_only_narrow_the_type_s(name: str, kind: str) -> None:
    found = of(name, kind)
    for field in ("order_types", "time_in_force", "abilities", "protection"):
        assert getattr(found, field) <= getattr(UPPER, field)
    for field in ("reduce_only", "post_only", "hedging", "publishes"):
        assert getattr(found, field) <= getattr(UPPER, field)
    assert found.id_length <= UPPER.id_length
    assert set(found.id_alphabet) <= set(UPPER.id_alphabet)


def test_an_account_has_what_any_of_its_markets_has() -> None:
    found = of("bybit", "swap")
    assert found.protection == {"attached", "reduce_only_pair", "stop_only"}
    assert found.order_types == set(OrderType)
    assert (found.resolution, found.request_ttl, found.reduce_only) == ("by_id", 6.0, True)
    assert "fetch_positions" in found.abilities
    spot = of("bybit", "spot")
    assert "fetch_positions" not in spot.abilities
    assert not spot.reduce_only


def test_hedging_is_declared_only_where_the_account_says_so_and_orders_can_say_the_side() -> None:
    assert not of("bybit", "swap").hedging
    assert of("bybit", "swap", position_mode="hedged").hedging
    with pytest.raises(ConfigError, match="one-way"):
        of("deribit", "swap", position_mode="hedged")


def test_an_account_whose_orders_cannot_carry_an_id_cannot_look_up_an_unknown_one() -> None:
    exchange = offline("binance", "spot")
    known = traits("binance", "spot")
    assert capabilities(exchange, [], known, CCXTConfig(exchange="binance")).resolution == "none"


@pytest.mark.parametrize(("name", "window"), [("binance", 60_000), ("bybit", 600), ("mexc", 20_000)])
def test_a_request_is_good_for_as_long_as_ccxt_tells_the_exchange(name: str, window: int) -> None:
    exchange = offline(name, "spot")
    exchange.options["recvWindow"] = window
    known = traits(name, "spot")
    assert capabilities(exchange, [], known, CCXTConfig(exchange=name)).request_ttl == window / 1000 + 1


def test_ccxt_tells_the_contracts_of_mexc_no_window_so_that_the_documented_one_counts() -> None:
    exchange = offline("mexc", "swap")
    assert exchange.options["recvWindow"] == 5000
    assert capabilities(exchange, [], traits("mexc", "swap"), CCXTConfig(exchange="mexc")).request_ttl == 11


@pytest.mark.parametrize(("ahead", "seconds"), [(2.5, 9.0), (0.4, 6.0), (0.0, 6.0), (-3.0, 6.0)])
def test_a_request_of_a_clock_that_is_ahead_is_good_for_longer_and_of_one_behind_no_shorter(
    ahead: float, seconds: float
) -> None:
    exchange, known = offline("bybit", "swap"), traits("bybit", "swap")
    assert capabilities(exchange, [], known, CCXTConfig(exchange="bybit"), ahead=ahead).request_ttl == seconds


def test_a_window_that_an_injected_instance_has_as_a_text_counts_as_it_goes_out() -> None:
    exchange = offline("binance", "spot")
    exchange.options["recvWindow"] = "60000"
    assert capabilities(exchange, [], traits("binance"), CCXTConfig(exchange="binance")).request_ttl == 61


@pytest.mark.parametrize(("name", "kind"), [("krakenfutures", "swap")])
def test_where_no_look_up_proves_absence_none_is_declared_and_no_leg_is_taken(name: str, kind: str) -> None:
    found = of(name, kind)
    assert found.resolution == "none"
    assert not found.protection
    assert not found.abilities & {"protect_position", "amend_order", "fetch_order"}


def test_without_a_window_the_documented_time_counts() -> None:
    exchange = offline("okx", "spot")
    exchange.options["recvWindow"] = 1
    assert capabilities(exchange, [], traits("okx"), CCXTConfig(exchange="okx")).request_ttl == 31
