# SPDX-License-Identifier: MIT
"""The rules of instruments, as ccxt's markets tell them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from fks_exec import Instrument, Kind
from fks_exec_ccxt.knowledge.traits import traits
from fks_exec_ccxt.requests.instruments import instrument, rules
from fks_exec_ccxt.requests.probing import Probed, Probes
from fks_exec_simulators.offline import exchanges, offline


def of(exchange_id: str, symbol: str) -> Instrument:
    kind = "swap" if ":" in symbol else "spot"
    exchange = offline(exchange_id, kind)
    return instrument(exchange, exchange.markets[symbol], Probes(exchange, traits(exchange_id, kind)))


def made(mode: int = 4, **market: Any) -> Instrument:
    """Of a market of this test."""
    base = {"symbol": "A/B", "type": "spot", "base": "A", "quote": "B", "precision": {}, "limits": {}}
    return rules({**base, **market}, Probed(precision_mode=mode), traits("nowhere"))


def test_steps_are_numbers_without_the_noise_of_floats() -> None:
    found = made(precision={"amount": 1e-08, "price": 0.1}, limits={"amount": {"min": 1e-05}, "cost": {"min": 5.0}})
    assert (found.quantity_step, found.price_tick) == (Decimal("1E-8"), Decimal("0.1"))
    assert (found.min_quantity, found.min_notional) == (Decimal("0.00001"), Decimal(5))


def test_decimal_places_and_significant_digits_are_told_apart() -> None:
    places = made(2, precision={"amount": 3, "price": 2})
    assert (places.quantity_step, places.price_tick) == (Decimal("0.001"), Decimal("0.01"))
    digits = made(3, precision={"amount": 8, "price": 5})
    assert (digits.quantity_step, digits.price_tick) == (Decimal("0.00000001"), None)


def test_what_the_market_does_not_say_is_not_a_rule() -> None:
    found = made(limits={"amount": {"min": None, "max": 0}, "cost": None}, precision={"price": None})
    assert [found.quantity_step, found.price_tick, found.min_quantity, found.max_quantity, found.min_notional] == [None] * 5


def test_a_minimum_between_two_steps_is_the_next_step() -> None:
    found = made(precision={"amount": 0.0001}, limits={"amount": {"min": 0.00015}})
    assert found.min_quantity == Decimal("0.0002")
    assert found.quantity_up(Decimal("0.00021")) == Decimal("0.0003")


def test_a_contract_s_worth_is_counted_in_its_settle_currency() -> None:
    linear, inverse = of("okx", "BTC/USDT:USDT"), of("okx", "BTC/USD:BTC")
    assert (linear.kind, linear.contract_size, linear.settle) == (Kind.LINEAR, Decimal("0.01"), "USDT")
    assert linear.notional(3, 50000) == 1500
    assert (inverse.kind, inverse.contract_size, inverse.settle) == (Kind.INVERSE, Decimal(100), "BTC")
    assert inverse.notional(5, 50000) == Decimal("0.01")
    assert inverse.min_notional is None


def test_deribit_s_quantities_are_no_contracts_whatever_its_contract_size() -> None:
    exchange = offline("deribit", "swap")
    assert exchange.markets["BTC/USD:BTC"]["contractSize"] == 10
    assert of("deribit", "BTC/USD:BTC").contract_size == 1
    assert of("deribit", "BTC/USD:BTC").notional(50000, 50000) == 1


def test_bitfinex_has_no_tick_that_could_be_told() -> None:
    assert of("bitfinex", "BTC/USD").price_tick is None
    assert of("bitfinex", "BTC/USD").quantity_step == Decimal("0.00000001")


def test_an_instrument_says_what_it_allows() -> None:
    found = of("bybit", "BTC/USDT")
    assert found.protection == {"stop_only"}
    assert found.reduce_only is False
    assert of("bybit", "BTC/USDT:USDT").reduce_only is True


@pytest.mark.parametrize("name", exchanges())
def test_every_market_has_rules(name: str) -> None:
    for kind in ("spot", "swap"):
        exchange = offline(name, kind)
        for symbol, market in exchange.markets.items():
            if market["type"] == kind:
                found = of(name, symbol)
                assert found.symbol == symbol
                assert found.quantity_step is not None
                assert found.quantity_step > 0


def test_rules_are_kept_until_the_market_is_loaded_anew() -> None:
    exchange = offline("binance", "spot")
    known = traits("binance", "spot")
    probes = Probes(exchange, known)
    market = exchange.markets["BTC/USDT"]
    first = instrument(exchange, market, probes)
    assert instrument(exchange, market, probes) is first
    anew = {**market, "limits": {**market["limits"], "cost": {"min": 77}}}
    assert instrument(exchange, anew, probes).min_notional == 77
    assert instrument(exchange, market, Probed()).order_types == frozenset()
    for number in range(600):
        rules({**market, "symbol": f"X{number}/Y"}, Probed(), known)
    assert instrument(exchange, market, probes) == first
