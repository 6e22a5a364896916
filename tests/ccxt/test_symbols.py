# SPDX-License-Identifier: MIT
"""Every spelling of a market gives one symbol; what is another's, or could be two, is refused with what may be meant."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import UnknownSymbol
from fks_exec_ccxt.knowledge.symbols import SymbolTable
from fks_exec_simulators.offline import exchanges, offline


def table(exchange_id: str, market_type: str, **more: Any) -> SymbolTable:
    return SymbolTable(offline(exchange_id, market_type).markets, exchange_id=exchange_id, market_type=market_type, **more)


def market(symbol: str, **more: Any) -> dict[str, Any]:
    """A market of this test."""
    pair, _, settle = symbol.partition(":")
    base, quote = pair.split("/")
    kind = "swap" if settle else "spot"
    fixed = {
        "symbol": symbol,
        "id": pair.replace("/", ""),
        "base": base,
        "quote": quote,
        "settle": settle or None,
        "type": kind,
    }
    return {**fixed, kind: True, "contract": bool(settle), "active": True, **more}


def of(*markets: dict[str, Any], market_type: str = "spot", **more: Any) -> SymbolTable:
    listed = {each["symbol"]: each for each in markets}
    return SymbolTable(listed, exchange_id="binance", market_type=market_type, **more)


SPOT = ["BTCUSDT", "BINANCE:BTCUSDT", "BTC/USDT", "BTC-USDT", "BTC_USDT", "btcusdt", "binance:btc/usdt", "XBTUSDT", "XBT/USDT"]
SWAP = [
    *SPOT,
    "BTCUSDT.P",
    "BINANCE:BTCUSDT.P",
    "BTC/USDT:USDT",
    "BINANCE:BTC/USDT:USDT",
    "BTCUSDTPERP",
    "BTC-USDT-SWAP",
    "btc/usdt:usdt",
]


@pytest.mark.parametrize("text", SPOT)
def test_a_bare_pair_means_the_account_s_spot_market(text: str) -> None:
    assert table("binance", "spot").resolve(text) == "BTC/USDT"


@pytest.mark.parametrize("text", SWAP)
def test_a_bare_pair_means_the_account_s_contract(text: str) -> None:
    assert table("binance", "swap").resolve(text) == "BTC/USDT:USDT"


@pytest.mark.parametrize(
    ("name", "kind", "text", "symbol"),
    [
        ("binance", "swap", "BTCUSD.P", "BTC/USD:BTC"),
        ("binance", "swap", "BTCUSD_PERP", "BTC/USD:BTC"),
        ("okx", "swap", "BTC-USD-SWAP", "BTC/USD:BTC"),
        ("kraken", "spot", "XBTUSD", "BTC/USD"),
        ("kraken", "spot", "KRAKEN:XBTUSD", "BTC/USD"),
        ("kraken", "spot", "XXBTZUSD", "BTC/USD"),
        ("kraken", "spot", "XBT/USD", "BTC/USD"),
        ("krakenfutures", "swap", "PF_XBTUSD", "BTC/USD:USD"),
        ("krakenfutures", "swap", "KRAKEN:PI_XBTUSD", "BTC/USD:BTC"),
        ("bitfinex", "swap", "tBTCF0:USTF0", "BTC/USDT:USDT"),
        ("coinbase", "swap", "BTC-PERP-INTX", "BTC/USDC:USDC"),
        ("coinbase", "spot", "BTC-USD", "BTC/USD"),
        ("deribit", "swap", "BTC-PERPETUAL", "BTC/USD:BTC"),
        ("woo", "swap", "PERP_BTC_USDT", "BTC/USDT:USDT"),
        ("gate", "swap", "GATEIO:BTCUSDT.P", "BTC/USDT:USDT"),
        ("cryptocom", "spot", "CRYPTOCOM:BTCUSD", "BTC/USD"),
    ],
)
def test_the_exchanges_own_spellings(name: str, kind: str, text: str, symbol: str) -> None:
    assert table(name, kind).resolve(text) == symbol


@pytest.mark.parametrize("name", exchanges())
@pytest.mark.parametrize("kind", ["spot", "swap"])
def test_a_canonical_symbol_and_an_exchange_s_id_are_their_own_market(name: str, kind: str) -> None:
    here = table(name, kind)
    for each in offline(name, kind).markets.values():
        if each["type"] == kind and each["active"] is not False:
            assert here.resolve(each["symbol"]) == each["symbol"]
            assert here.resolve(each["id"]) == each["symbol"]


def test_another_exchange_s_prefix_is_refused_with_what_would_be_meant_here() -> None:
    with pytest.raises(UnknownSymbol, match="KRAKEN is kraken or krakenfutures, and this account is at binance") as refused:
        table("binance", "spot").resolve("KRAKEN:BTCUSDT")
    assert refused.value.candidates == ("BTC/USDT",)
    with pytest.raises(UnknownSymbol, match="no exchange that is known"):
        table("binance", "spot").resolve("NOBODY:BTCUSDT")


@pytest.mark.parametrize("text", ["BTCUSDT.P", "BTC/USDT:USDT", "BINANCE:BTCUSDT.P", "BTCUSDTPERP"])
@pytest.mark.parametrize("loaded", [True, False])
def test_a_contract_is_refused_on_a_spot_account_with_the_spot_market(text: str, loaded: bool) -> None:
    """Whether the contracts' markets were loaded or not."""
    others = [market("BTC/USDT:USDT")] if loaded else []
    with pytest.raises(UnknownSymbol, match="none of this account's markets") as refused:
        of(market("BTC/USDT"), *others).resolve(text)
    assert refused.value.candidates == ("BTC/USDT",)


def test_a_spelling_of_several_markets_is_refused_with_them() -> None:
    here = of(market("BTC/USD:BTC"), market("BTC/USD:USDC", id="BTCUSDC"), market_type="swap")
    with pytest.raises(UnknownSymbol, match="several") as refused:
        here.resolve("BTCUSD.P")
    assert refused.value.candidates == ("BTC/USD:BTC", "BTC/USD:USDC")
    assert here.resolve("BTC/USD:BTC") == "BTC/USD:BTC"


def test_the_configured_settle_currency_decides() -> None:
    both = (market("BTC/USD:BTC"), market("BTC/USD:USDC", id="BTCUSDC"))
    here = of(*both, market_type="swap", settle="BTC")
    assert here.resolve("BTCUSD.P") == "BTC/USD:BTC"
    assert here.symbols == ("BTC/USD:BTC",)
    with pytest.raises(UnknownSymbol):
        here.resolve("BTC/USD:USDC")


def test_a_market_that_is_not_traded_is_refused_in_every_spelling() -> None:
    here = of(market("BTC/USDT", active=False))
    for text in ("BTC/USDT", "BTCUSDT", "BINANCE:BTCUSDT"):
        with pytest.raises(UnknownSymbol, match="not traded"):
            here.resolve(text)
    assert here.symbols == ()


def test_one_that_is_traded_is_meant_where_its_like_is_not() -> None:
    here = of(market("BTC/USD:BTC", active=False), market("BTC/USD:USDC", id="X"), market_type="swap")
    assert here.resolve("BTCUSD.P") == "BTC/USD:USDC"


def test_an_alias_of_the_quote_counts_only_where_nothing_is_called_so() -> None:
    aliases = {"USD": "USDT"}
    assert of(market("BTC/USDT"), aliases=aliases).resolve("BTCUSD") == "BTC/USDT"
    assert of(market("BTC/USDT"), market("BTC/USD"), aliases=aliases).resolve("BTCUSD") == "BTC/USD"
    with pytest.raises(UnknownSymbol):
        of(market("BTC/USDT")).resolve("BTCUSD")


def test_what_no_market_is_called_is_none() -> None:
    here = table("binance", "spot")
    assert [here.resolve(text) for text in ("NOPE", "", ":", "/", "BINANCE:", ".P", "PERP")] == [None] * 7


def test_a_quote_that_is_not_traded_is_refused_with_those_that_are() -> None:
    here = of(market("BTC/EUR"), market("BTC/USDC"), market("BTC/USDT"), market("ETH/EUR"))
    with pytest.raises(UnknownSymbol, match=r"quote_aliases = \{ USD = 'USDT' \}") as refused:
        here.resolve("BTCUSD")
    assert refused.value.candidates == ("BTC/USDT", "BTC/USDC", "BTC/EUR")
    with pytest.raises(UnknownSymbol, match="binance has no ETH/GBP here; did you mean ETH/EUR") as refused:
        here.resolve("BINANCE:ETHGBP")
    assert refused.value.candidates == ("ETH/EUR",)
    assert here.resolve("LUNAUSDT") is None


@given(st.text(max_size=30))
def test_any_text_gives_a_market_nothing_or_a_refusal(text: str) -> None:
    here = of(market("BTC/USDT"), market("ETH/USDT"), market("BTC/USDT:USDT"))
    try:
        found = here.resolve(text)
    except UnknownSymbol:
        return
    assert found is None or here.resolve(found) == found


def test_the_time_of_a_look_up_does_not_grow_with_the_markets() -> None:
    def seconds(count: int) -> float:
        here = of(*(market(f"C{number}/USDT") for number in range(count)))
        start = time.perf_counter()
        for _ in range(2000):
            here.resolve("BINANCE:C7USDT")
        return time.perf_counter() - start

    assert min(seconds(5000) for _ in range(3)) < 5 * min(seconds(10) for _ in range(3))
