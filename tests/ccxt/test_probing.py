# SPDX-License-Identifier: MIT
"""The probe finds out what ccxt makes of an order; a word that is only handed through proves nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest
from attrs import evolve

from fks_exec import OrderType, TimeInForce
from fks_exec_ccxt.config import CCXTConfig
from fks_exec_ccxt.knowledge.traits import traits
from fks_exec_ccxt.requests.probing import Probed, Probes, probe
from fks_exec_simulators.offline import exchanges, offline

CLAIMED = {"stop": "triggerPrice", "stop_loss": "stopLossPrice", "take_profit": "takeProfitPrice"}


def proved(exchange_id: str, symbol: str, **claims: Any) -> Probed:
    """What is proved where the traits claim more than they do."""
    kind = "swap" if ":" in symbol else "spot"
    exchange = offline(exchange_id, kind)
    return probe(exchange, exchange.markets[symbol], evolve(traits(exchange_id, kind), **claims))


@pytest.mark.parametrize(
    ("name", "symbol"),
    [("mexc", "BTC/USDT"), ("deribit", "BTC/USDT:USDT"), ("deribit", "BTC/USD:BTC"), ("kraken", "BTC/USD")],
)
def test_a_trigger_that_ccxt_only_hands_through_is_no_stop(name: str, symbol: str) -> None:
    found = proved(name, symbol, stop="triggerPrice")
    assert not found.order_types & {OrderType.STOP, OrderType.STOP_LIMIT}


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("bitfinex", "BTC/USD"),
        ("bitfinex", "BTC/USDT:USDT"),
        ("mexc", "BTC/USDT"),
        ("mexc", "BTC/USDT:USDT"),
        ("woo", "BTC/USDT"),
        ("woo", "BTC/USDT:USDT"),
        ("bitget", "BTC/USDT"),
        ("coinbase", "BTC/USD"),
    ],
)
def test_a_leg_that_would_go_out_as_a_plain_order_is_none_whatever_the_traits_say(name: str, symbol: str) -> None:
    found = proved(name, symbol, **CLAIMED, target_rests=False)
    assert not found.stop_loss
    assert not found.take_profit
    assert not found.protection


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("binance", "BTC/USDT"),
        ("binance", "BTC/USDT:USDT"),
        ("bitfinex", "BTC/USD"),
        ("cryptocom", "BTC/USD:USD"),
        ("deribit", "BTC/USDT:USDT"),
        ("gate", "BTC/USDT:USDT"),
        ("kraken", "BTC/USD"),
        ("krakenfutures", "BTC/USD:USD"),
        ("kucoin", "BTC/USDT"),
        ("mexc", "BTC/USDT"),
        ("coinbase", "BTC/USDC:USDC"),
    ],
)
def test_attached_legs_that_ccxt_only_hands_through_are_none(name: str, symbol: str) -> None:
    assert not proved(name, symbol, attached=True).attached


@pytest.mark.parametrize(("name", "symbol"), [("bybit", "BTC/USDT:USDT"), ("okx", "BTC/USDT"), ("bitget", "BTC/USDT:USDT")])
def test_attached_legs_that_ccxt_says_in_the_exchange_s_own_words_are_some(name: str, symbol: str) -> None:
    assert proved(name, symbol, attached=True).attached


@pytest.mark.parametrize(("name", "symbol"), [("cryptocom", "BTC/USD:USD"), ("coinbase", "BTC/USDC:USDC")])
def test_reduce_only_that_leaks_or_takes_another_path_is_none(name: str, symbol: str) -> None:
    """ccxt makes of it, on coinbase, a request that closes the whole position."""
    assert not proved(name, symbol, reduce_only=True).reduce_only


def test_reduce_only_is_nothing_on_spot() -> None:
    for name in exchanges():
        exchange = offline(name, "spot")
        known = evolve(traits(name, "spot"), reduce_only=True, same_words=["reduceOnly"])
        for market in exchange.markets.values():
            if market["spot"]:
                assert not probe(exchange, market, known).reduce_only


def test_a_time_in_force_that_ccxt_drops_or_hands_through_is_none() -> None:
    plain = {TimeInForce.IOC: {"timeInForce": "IOC"}, TimeInForce.FOK: {"timeInForce": "FOK"}}
    assert proved("krakenfutures", "BTC/USD:USD", times=plain).time_in_force == {TimeInForce.GTC}
    assert proved("mexc", "BTC/USDT:USDT", times=plain).time_in_force == {TimeInForce.GTC}
    assert proved("bitget", "BTC/USDT:USDT", gtd={"timeInForce": "GTD"}, gtd_word="x").time_in_force >= {TimeInForce.IOC}
    assert TimeInForce.GTD not in proved("bitget", "BTC/USDT:USDT", gtd={"timeInForce": "GTD"}, gtd_word="x").time_in_force


@pytest.mark.parametrize(("name", "symbol"), [("coinbase", "BTC/USD"), ("cryptocom", "BTC/USD"), ("deribit", "BTC/USD:BTC")])
def test_an_id_that_does_not_arrive_where_the_exchange_looks_is_none(name: str, symbol: str) -> None:
    found = proved(name, symbol, id_words=("clientOrderId",), trigger_id_words=("clientOrderId",))
    assert not found.client_ids
    assert not found.order_types & {OrderType.STOP, OrderType.STOP_LIMIT}
    assert proved(name, symbol).client_ids


def test_a_trigger_order_without_our_id_is_neither_an_entry_nor_a_leg() -> None:
    assert not proved("binance", "BTC/USDT", trigger_ids=False).order_types & {OrderType.STOP, OrderType.STOP_LIMIT}
    assert not proved("binance", "BTC/USDT", trigger_ids=False).stop_loss
    assert proved("okx", "BTC/USDT:USDT").stop_loss
    assert not proved("okx", "BTC/USDT:USDT", trigger_ids=False).stop_loss


def test_there_are_no_legs_where_no_look_up_can_prove_that_one_does_not_stand() -> None:
    assert proved("krakenfutures", "BTC/USD:USD", look_up="by_scan").protection == {"reduce_only_pair", "stop_only"}
    found = proved("krakenfutures", "BTC/USD:USD")
    assert not found.stop_loss
    assert not found.take_profit
    assert not found.protection


def test_where_purchases_are_in_quote_currency_is_what_ccxt_was_seen_to_send() -> None:
    """The one place that says so: orders are built, and what has filled is read, by it."""
    found = set()
    for name in exchanges():
        exchange = offline(name, "spot")
        markets = [market for market in exchange.markets.values() if market["type"] == "spot"]
        found |= {name for market in markets if probe(exchange, market, traits(name)).cost_market_buy}
    assert found == {"bitget", "coinbase", "gate"}


def test_a_classic_account_of_bybit_orders_purchases_in_quote_currency() -> None:
    exchange = offline("bybit", "spot")
    exchange.options["enableUnifiedAccount"] = False
    market, known = exchange.markets["BTC/USDT"], traits("bybit", "spot")
    assert probe(exchange, market, known).cost_market_buy
    exchange.options["enableUnifiedAccount"] = True
    assert not probe(exchange, market, known).cost_market_buy


def test_no_stop_is_a_market_order_where_purchases_are_in_quote_currency() -> None:
    """What it is worth when it is triggered is not known when it is sent."""
    found = proved("bitget", "BTC/USDT", stop="triggerPrice")
    assert OrderType.STOP not in found.order_types
    assert OrderType.STOP_LIMIT in found.order_types


def test_a_market_that_lists_no_stops_has_none_though_its_neighbour_has() -> None:
    exchange = offline("binance", "spot")
    info = exchange.markets["ETH/USDT"]["info"]
    exchange.markets["ETH/USDT"]["info"] = {**info, "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"]}
    try:
        probes = Probes(exchange, traits("binance", "spot"))
        assert probes.of(exchange.markets["BTC/USDT"]).protection == {"oco", "stop_only"}
        assert not probes.of(exchange.markets["ETH/USDT"]).protection
        assert OrderType.STOP not in probes.of(exchange.markets["ETH/USDT"]).order_types
    finally:
        exchange.markets["ETH/USDT"]["info"] = info


def test_an_exchange_that_is_not_known_here_has_no_orders_with_a_trigger() -> None:
    exchange = offline("binance", "swap")
    known = evolve(traits("binance", "swap"), **dict.fromkeys(CLAIMED, ""))
    found = probe(exchange, exchange.markets["BTC/USDT:USDT"], known)
    assert found.order_types == {OrderType.MARKET, OrderType.LIMIT}
    assert not found.protection
    assert traits("nowhere").stop == traits("nowhere").stop_loss == ""


def test_the_probe_sends_nothing_touches_nothing_and_is_kept() -> None:
    exchange = offline("kucoin", "swap")
    options = dict(exchange.options)
    probes = Probes(exchange, traits("kucoin", "swap"), CCXTConfig(exchange="kucoin", market_type="swap", leverage=5))
    start = time.perf_counter()
    found = probes.of(exchange.markets["BTC/USDT:USDT"])
    assert time.perf_counter() - start < 1
    assert not exchange.sent
    assert exchange.options == options
    assert exchange.apiKey == "canary-key-of-nobody"
    assert probes.of(exchange.markets["ETH/USDT:USDT"]) is found
    assert probes.of(exchange.markets["BTC/USD:BTC"]) is not found
    assert found.leverage == 5


def test_flags_of_the_account_s_mode_that_are_known_are_kept() -> None:
    """With them unset ccxt would ask the exchange first, and nothing could be proved."""
    exchange = offline("bitget", "swap")
    exchange.options.pop("uta")
    found = probe(exchange, exchange.markets["BTC/USDT:USDT"], traits("bitget", "swap"))
    assert OrderType.MARKET in found.order_types
    exchange.options["uta"] = True
    unified = probe(exchange, exchange.markets["BTC/USDT:USDT"], traits("bitget", "swap"))
    assert OrderType.LIMIT in unified.order_types


def test_one_market_s_proof_stands_for_all_where_it_is_asked() -> None:
    one = Probed()
    assert one.of({}) is one
