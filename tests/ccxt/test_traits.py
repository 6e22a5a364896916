# SPDX-License-Identifier: MIT
"""What is known of exchanges from their documentation."""

from __future__ import annotations

import re

import pytest

from fks_exec_ccxt.exchanges import NAMES, TABLES
from fks_exec_ccxt.traits import named, traits

ALL = [(name, kind) for name, kinds in TABLES.items() for kind in kinds]
RULES = {
    # Of ids, by the exchanges' documents.
    "binance": r"[\.A-Z\:/a-z0-9_-]{1,36}",
    "bybit": r"[A-Za-z0-9_-]{1,36}",
    "okx": r"[A-Za-z0-9]{1,32}",
    "kraken": r"[ -~]{1,18}",
    "krakenfutures": r"[ -~]{1,100}",
    "coinbase": r"[ -~]{1,128}",
    "kucoin": r"[A-Za-z0-9_-]{1,40}",
    "gate": r"t-[A-Za-z0-9_.-]{1,26}",
    "bitget": r"[A-Za-z0-9_-]{1,40}",
    "mexc": r"[A-Za-z0-9_-]{1,32}",
    "bitfinex": r"[1-9][0-9]{0,13}",
    "deribit": r"[ -~]{1,64}",
    "cryptocom": r"[ -~]{1,36}",
    "woo": r"[1-9][0-9]{0,17}",
}


@pytest.mark.parametrize(("name", "kind"), ALL)
def test_the_longest_id_of_any_letters_is_one_that_the_exchange_takes(name: str, kind: str) -> None:
    known = traits(name, kind)
    for letter in known.id_alphabet:
        assert re.fullmatch(RULES[name], known.wire_id(letter * known.id_length), re.ASCII)


@pytest.mark.parametrize(("name", "kind"), ALL)
def test_ids_are_long_enough_to_be_told_apart(name: str, kind: str) -> None:
    known = traits(name, kind)
    assert len(set(known.id_alphabet)) == len(known.id_alphabet)
    assert len(known.id_alphabet) ** min(known.id_length, 32) > 10**12


@pytest.mark.parametrize(("name", "kind"), ALL)
def test_the_host_s_id_comes_back_from_the_wire(name: str, kind: str) -> None:
    known = traits(name, kind)
    text = known.id_alphabet[-1] * known.id_length
    assert known.host_id(known.wire_id(text)) == text
    assert known.host_id("web") == "web"


def test_the_largest_number_that_an_id_can_be_is_one_of_45_bits_at_bitfinex_and_of_63_at_woo() -> None:
    assert int("9" * traits("bitfinex").id_length) < 2**45
    assert int("9" * traits("woo").id_length) < 2**63


def test_an_id_is_said_in_the_words_that_ccxt_or_the_exchange_takes() -> None:
    assert traits("gate").id_params("abc") == {"clientOrderId": "t-abc"}
    assert traits("okx").id_params("abc", trigger=True) == {"clientOrderId": "abc", "algoClOrdId": "abc"}
    assert traits("bitfinex").id_params("123") == {"clientOrderId": 123}
    assert traits("deribit", "swap").id_params("abc") == {"label": "abc"}


def test_an_unknown_exchange_gets_cautious_traits() -> None:
    known = traits("nowhere", "swap")
    assert (known.look_up, known.sandbox, known.amend, known.attached, known.stop) == ("by_scan", None, False, False, "")


def test_another_id_of_the_same_exchange_has_its_traits() -> None:
    assert traits("binanceusdm", "swap").id_length == traits("binance", "swap").id_length
    assert traits("binanceusdm", "swap").exchange == "binanceusdm"


def test_prefixes_of_alerts_name_exchanges() -> None:
    assert named("BINANCE") == {"binance"}
    assert named("KRAKEN") == {"kraken", "krakenfutures"}
    assert named("GATEIO") == named("GATE") == {"gate"}
    assert named("WOONETWORK") == {"woo"}
    assert named("NASDAQ") == frozenset()
    assert {"BYBIT", "OKX", "COINBASE", "KUCOIN", "BITGET", "MEXC", "BITFINEX", "DERIBIT", "CRYPTOCOM"} <= NAMES.keys()
