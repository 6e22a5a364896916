# SPDX-License-Identifier: MIT
"""What a simulated account can be configured to be, and how it is found."""

import subprocess
import sys
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import fks_exec_paper
from fks_exec import Capabilities, ConfigError, Instrument, Kind
from fks_exec.convert import from_config
from fks_exec_paper import PaperConfig, PaperInstrument, PaperVenue
from fks_exec_paper.declared import CAPABILITIES, narrowed

TABLE = """
currency = "USDT"
cash = 100000
fee_percent = 0.1
maker_fee_percent = 0.05
slippage_ticks = 1

[[instruments]]
symbol = "BTC/USDT"
aliases = ["BINANCE:BTCUSDT", "BTCUSDT"]
quantity_step = 0.00001
price_tick = 0.01
min_quantity = 0.0001
max_quantity = 100
min_notional = 5
bid = 67499.99
ask = 67500

[[instruments]]
symbol = "ETH/USDT:USDT"
kind = "linear"
price_tick = 0.01
"""


def read(text: str) -> PaperConfig:
    """As a host reads the table of an account."""
    return from_config(PaperConfig, tomllib.loads(text, parse_float=Decimal), where="accounts.p.config", base=Path())


def instrument(**changes: Any) -> PaperInstrument:
    """A plain instrument but for the changes."""
    return PaperInstrument(**{"symbol": "BTC/USDT", **changes})


def test_the_table_of_the_documentation_is_read_without_floats() -> None:
    """Money is Decimal from the file on."""
    config = read(TABLE)
    btc, eth = config.instruments
    assert config.maker_fee_percent == Decimal("0.05")
    assert btc.bid == Decimal("67499.99")
    assert (btc.kind, eth.kind) == (Kind.SPOT, Kind.LINEAR)
    assert btc.rules() == Instrument(
        symbol="BTC/USDT",
        base="BTC",
        quote="USDT",
        quantity_step="0.00001",
        price_tick="0.01",
        min_quantity="0.0001",
        max_quantity="100",
        min_notional="5",
    )
    assert (eth.base, eth.quote, eth.rules().kind) == ("ETH", "USDT", Kind.LINEAR)


def narrowed_by(**changes: Any) -> Capabilities:
    """What an account declares that is configured so."""
    return narrowed(PaperConfig(instruments=[instrument()], **changes))


@pytest.mark.parametrize("kind", ["attached", "oco", "reduce_only_pair", "stop_only"])
def test_an_account_declares_the_one_kind_of_protection_that_it_has(kind: str) -> None:
    """The type declares all of them."""
    assert narrowed_by(protection=kind).protection == {kind} < CAPABILITIES.protection


def test_without_protection_no_leg_is_declared_either() -> None:
    """A host asks for nothing."""
    bare = narrowed_by(protection="none")
    assert (bare.protection, "protect_position" in bare.abilities) == (frozenset(), False)


def test_hedging_and_amending_are_declared_as_configured() -> None:
    """Off and on."""
    assert not narrowed_by().hedging
    assert narrowed_by(hedging=True).hedging
    assert "amend_order" in narrowed_by().abilities
    assert "amend_order" not in narrowed_by(amend=False).abilities


@pytest.mark.parametrize(
    ("name", "value"), [("protection", "bracket"), ("fee_in", None), ("amend", 1), ("hedging", "on"), ("quotes_age", None)]
)
def test_a_word_that_is_none_is_refused_from_python_too(name: str, value: Any) -> None:
    """The sentence names the key."""
    with pytest.raises(ConfigError, match=name):
        narrowed_by(**{name: value})


def test_without_an_instrument_the_sentence_says_to_configure_one() -> None:
    """An empty table is a mistake of configuration, not a venue that refuses every order."""
    with pytest.raises(ConfigError, match=r"accounts\.p\.config.*\[\[accounts\.NAME\.config\.instruments\]\]"):
        read("cash = 1")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("cash = -1", "cash is less than zero"),
        ("fee_percent = -0.1", "fee_percent is less than zero"),
        ("leverage = 0", "leverage is not greater than zero"),
        ("currency = 'EUR'", "priced in USDT, the account counts in EUR"),
        ("slippage_ticks = 1", "slippage_ticks needs the price_tick"),
        ("cahs = 1", "did you mean cash"),
        ("protection = 'bracket'", "protection.*attached"),
        ("fee_in = 'BNB'", "fee_in.*quote"),
        ("hedging = 'yes'", "hedging"),
    ],
)
def test_a_mistake_in_the_table_is_a_sentence(change: str, sentence: str) -> None:
    """Each says what is wrong."""
    with pytest.raises(ConfigError, match=sentence):
        read(f"{change}\n[[instruments]]\nsymbol = 'BTC/USDT'")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"symbol": "BTCUSDT"}, "not BASE/QUOTE"),
        ({"symbol": "btc/usdt"}, "in capitals"),
        ({"symbol": "USDT/USDT"}, "same currency twice"),
        ({"symbol": "BTC/USDT:USDT"}, "only a linear contract has a settle currency"),
        ({"symbol": "BTC/USDT:BTC", "kind": "linear"}, "it is the quote's"),
        ({"kind": "inverse"}, "is not simulated"),
        ({"price_tick": 0}, "the price_tick of BTC/USDT is not greater than zero"),
        ({"bid": -1}, "the bid of BTC/USDT is not greater than zero"),
        ({"bid": 2, "ask": 1}, "above its ask"),
        ({"min_quantity": 2, "max_quantity": 1}, "above its max_quantity"),
    ],
)
def test_an_instrument_that_cannot_be_is_refused(changes: dict[str, Any], sentence: str) -> None:
    """A simulated venue lists only what a real one could."""
    with pytest.raises(ConfigError, match=sentence):
        instrument(**changes)


@pytest.mark.parametrize(
    "second",
    [
        instrument(),
        instrument(symbol="BTC/USDT:USDT", kind="linear", aliases=["x:BTC"]),
        instrument(symbol="ETH/USDT", aliases=["btc/usdt"]),
    ],
)
def test_a_name_stands_for_one_instrument(second: PaperInstrument) -> None:
    """Upper and lower case are one name."""
    with pytest.raises(ConfigError, match="names two instruments"):
        PaperConfig(instruments=[instrument(aliases=["X:BTC"]), second])


def test_bid_equal_to_ask_and_an_alias_like_its_own_symbol_are_allowed() -> None:
    """Neither is a mistake."""
    config = PaperConfig(instruments=[instrument(bid=1, ask=1, aliases=["BTC/USDT"])])
    assert config.instruments[0].bid == config.instruments[0].ask


def test_the_entry_point_module_brings_the_venue_type_paper() -> None:
    """What it creates takes the configuration that it names."""
    [kind] = fks_exec_paper.fks_exec_venues()
    assert (kind.name, kind.config) == ("paper", PaperConfig)
    assert isinstance(kind.create(), PaperVenue)
    assert "close_position" in kind.capabilities.abilities


def test_the_package_has_no_other_names() -> None:
    """A misspelled import fails as it does everywhere."""
    with pytest.raises(AttributeError, match="PaperVenu'"):
        _ = fks_exec_paper.PaperVenu


def test_listing_the_type_does_not_import_the_venue() -> None:
    """What is installed is listed without the cost of what is used."""
    code = "import sys, fks_exec_paper as p; p.fks_exec_venues(); sys.exit('fks_exec_paper.venue' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
