# SPDX-License-Identifier: MIT
"""The guard ``symbols``."""

import fnmatch
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import ConfigError, Denial, Order
from fks_exec.convert import from_config
from fks_exec_hub.guards.symbols import Symbols, SymbolsConfig


def judged(symbol: str, side: str = "buy", **table: object) -> Denial | None:
    """What a guard that is made as a file makes it says to an order."""
    guard = Symbols(from_config(SymbolsConfig, table, where="guards.symbols", base=Path()))
    answer = guard.validate_order(Order(symbol=symbol, side=side, quantity=1), None)
    assert answer is None or isinstance(answer, Denial)
    return answer


def code(symbol: str, side: str = "buy", **table: object) -> str | None:
    """Its code."""
    no = judged(symbol, side, **table)
    return None if no is None else no.code


def test_only_what_the_list_allows_may_be_traded() -> None:
    """By its whole name, or by a pattern."""
    table = {"allow": ["BTC/USDT", "ETH/*"]}
    assert [code(symbol, **table) for symbol in ("BTC/USDT", "ETH/USDT", "ETH/BTC")] == [None, None, None]
    for symbol in ("BTC/USDT:USDT", "XBTC/USDT", "BTC/USD", "BETH/USDT", "ETH"):
        assert code(symbol, **table) == "SYMBOL_NOT_ALLOWED"


def test_the_list_of_what_is_denied_goes_before() -> None:
    """Also before what is allowed by its whole name; without a list allow everything else may be traded."""
    assert code("BTC/UST", deny=["*/UST"], allow=["BTC/UST"]) == "SYMBOL_NOT_ALLOWED"
    assert code("BTC/USDT", deny=["*/UST"]) is None


def test_capitals_and_small_letters_are_the_same() -> None:
    """A list that is evaded by a spelling is none."""
    assert code("doge/usdt", deny=["DOGE/*"]) == "SYMBOL_NOT_ALLOWED"
    assert code("DOGE/USDT", deny=["doge/*"]) == "SYMBOL_NOT_ALLOWED"
    assert code("btc/usdt", allow=["BTC/USDT"]) is None


@pytest.mark.parametrize("symbol", ["BTCXUSD", "BTC", "BTC.USDX"])
def test_nothing_but_the_star_is_a_pattern(symbol: str) -> None:
    """A dot is a dot, a bracket a bracket."""
    assert code(symbol, allow=["BTC.USD", "[A-Z]*", "B?C"]) == "SYMBOL_NOT_ALLOWED"
    assert code("BTC.USD", allow=["BTC.USD"]) is None
    assert code("[A-Z]x", allow=["[A-Z]*"]) is None


def test_a_side_is_allowed_by_the_first_pattern_that_matches() -> None:
    """Longs only, but for two: one both ways, one shorts only. What no pattern matches goes both ways."""
    table = {"sides": {"BTC/*": "both", "LUNA/*": "sell", "*/USDT": "buy"}}
    assert [code("BTC/USDT", side, **table) for side in ("buy", "sell")] == [None, None]
    assert [code("LUNA/USDT", side, **table) for side in ("buy", "sell")] == ["SIDE_NOT_ALLOWED", None]
    assert [code("ETH/USDT", side, **table) for side in ("buy", "sell")] == [None, "SIDE_NOT_ALLOWED"]
    assert [code("ETH/EUR", side, **table) for side in ("buy", "sell")] == [None, None]


def test_a_denial_says_what_may_be_traded() -> None:
    """And which list denied it."""
    no = judged("XRP/USDT", allow=["BTC/*", "ETH/*"])
    assert no is not None
    assert (no.limit, no.value) == ("BTC/*, ETH/*", "XRP/USDT")
    assert "XRP/USDT is not on the guard's list allow" in no.message
    no = judged("XRP/USDT", deny=["XRP/*"])
    assert no is not None
    assert "XRP/USDT is on the guard's list deny" in no.message
    no = judged("XRP/USDT", "sell", sides={"*": "buy"})
    assert no is not None
    assert (no.limit, no.value) == ("buy", "sell")
    assert no.message == ("a position in XRP/USDT may be opened by a buy only; check the order's side, or the guard's sides")


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({}, r'^guards.symbols: nothing is limited; write allow = \["BTC/\*"\]'),
        ({"allow": []}, r"^guards.symbols: nothing is limited"),
        ({"allow": ["BTC USDT"]}, r"^guards.symbols.allow: 'BTC USDT' is no symbol; write"),
        ({"deny": [""]}, r"^guards.symbols.deny: '' is no symbol"),
        ({"sides": {"B TC": "buy"}}, r"^guards.symbols.sides: 'B TC' is no symbol"),
        ({"sides": {"BTC/*": "long"}}, r"^guards.symbols.sides.*'long' is not one of buy, sell, both"),
        ({"deny": "BTC/*"}, r"^guards.symbols.deny: 'BTC/\*' is not a list of texts"),  # its letters would be patterns
    ],
)
def test_a_wrong_table_is_refused_with_a_sentence(table: dict[str, object], sentence: str) -> None:
    """At the start, not at the first order."""
    with pytest.raises(ConfigError, match=sentence):
        from_config(SymbolsConfig, table, where="guards.symbols", base=Path())


names = st.text("ABab/", min_size=1, max_size=6)
patterns = st.lists(st.text("ABab/*", min_size=1, max_size=6), max_size=3)


@given(names, patterns, patterns)
def test_what_is_denied_is_what_the_patterns_say(symbol: str, allow: list[str], deny: list[str]) -> None:
    """As the file names of a shell."""
    if not allow and not deny:
        allow = ["*"]

    def matches(lists: list[str]) -> bool:
        return any(fnmatch.fnmatchcase(symbol.upper(), pattern.upper()) for pattern in lists)

    expected = None if not matches(deny) and (not allow or matches(allow)) else "SYMBOL_NOT_ALLOWED"
    assert code(symbol, allow=allow, deny=deny) == expected
