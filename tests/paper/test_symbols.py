# SPDX-License-Identifier: MIT
"""Which instrument a spelling means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import UnknownSymbol
from fks_exec_paper import PaperInstrument
from fks_exec_paper.symbols import SymbolTable

SPOT = PaperInstrument(symbol="BTC/USDT", aliases=["BINANCE:BTCUSDT"])
PERP = PaperInstrument(symbol="BTC/USDT:USDT", kind="linear", aliases=["BINANCE:BTCUSDT.P"])


@pytest.mark.parametrize(
    "text", ["BTC/USDT", "btc/usdt", "BTCUSDT", "btc-usdt", "BTC_USDT", "binance:btcusdt", "BINANCE:BTC-USDT"]
)
def test_case_and_separators_do_not_matter(text: str) -> None:
    """The spellings of the exchanges and of TradingView."""
    assert SymbolTable([SPOT]).resolve(text) == "BTC/USDT"


@pytest.mark.parametrize("text", ["BTC/EUR", "", ":", "BINANCE:", "BTCUSD"])
def test_what_names_nothing_is_none(text: str) -> None:
    """Nothing is guessed."""
    assert SymbolTable([SPOT]).resolve(text) is None


def test_an_exchange_that_is_no_alias_is_refused_with_what_may_be_meant() -> None:
    """An alert for another exchange must not trade here."""
    with pytest.raises(UnknownSymbol, match="'BYBIT' is no exchange of this account") as caught:
        SymbolTable([SPOT]).resolve("BYBIT:BTCUSDT")
    assert caught.value.candidates == ("BTC/USDT",)


def test_a_spelling_of_two_instruments_is_refused_with_both() -> None:
    """Spot and contract of one pair look alike without the settle currency."""
    with pytest.raises(UnknownSymbol, match="several") as caught:
        SymbolTable([SPOT, PERP]).resolve("BTCUSDT")
    assert caught.value.candidates == ("BTC/USDT", "BTC/USDT:USDT")


@pytest.mark.parametrize(
    ("text", "symbol"),
    [("btc/usdt", "BTC/USDT"), ("BTC/USDT:USDT", "BTC/USDT:USDT"), ("binance:btcusdt.p", "BTC/USDT:USDT")],
)
def test_a_name_in_full_is_never_ambiguous(text: str, symbol: str) -> None:
    """What stands in the configuration wins over what only looks like it."""
    assert SymbolTable([SPOT, PERP]).resolve(text) == symbol


def test_a_contract_alone_is_found_without_its_settle_currency() -> None:
    """There is nothing that it could be confused with."""
    assert SymbolTable([PERP]).resolve("btc/usdt") == "BTC/USDT:USDT"


@given(st.text(max_size=30))
def test_no_text_breaks_it(text: str) -> None:
    """It answers, or raises UnknownSymbol."""
    try:
        found = {SymbolTable([SPOT, PERP]).resolve(text)}
    except UnknownSymbol as error:
        found = set(error.candidates)
    assert found
    assert found <= {None, "BTC/USDT", "BTC/USDT:USDT"}
