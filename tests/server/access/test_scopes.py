# SPDX-License-Identifier: MIT
"""What a key may do: the cases that one would get wrong, by name."""

from decimal import Decimal
from typing import Any

import pytest

from fks_exec import (
    ClosePosition,
    ConfigError,
    Instruction,
    Instrument,
    MarketData,
    Order,
    ReversePosition,
    SizedOrder,
    TargetPosition,
)
from fks_exec_server.access.scopes import Facts, Scope
from fks_exec_server.access.worth import Market

BTC = Instrument(symbol="BTC/USDT", base="BTC", quote="USDT")
QUOTE = MarketData(symbol="BTC/USDT", bid=99, ask=101)
KNOWN = Market(instrument=BTC, quote=QUOTE)
CLOSE = ClosePosition(symbol="BTC/USDT")
REVERSE = ReversePosition(symbol="BTC/USDT")


def order(**fields: Any) -> Order:
    """Buy 1 at the market."""
    return Order(**{"symbol": "BTC/USDT", "side": "buy", "quantity": 1, **fields})


def sized(**fields: Any) -> SizedOrder:
    """Buy for 100."""
    return SizedOrder(**{"symbol": "BTC/USDT", "side": "buy", "size": 100, "size_type": "quote", **fields})


def target(quantity: int) -> TargetPosition:
    return TargetPosition(symbol="BTC/USDT", quantity=quantity)


def verdict(instruction: Instruction, market: Market = KNOWN, earlier: int = 0, **scope: Any) -> str:
    """The denial's code, or nothing."""
    facts = Facts(account="main", venue="paper", symbol="BTC/USDT", market=market, earlier=earlier)
    denial = Scope(**{"accounts": ["main"], **scope}).allows(instruction, facts)
    return "" if denial is None else denial.code


@pytest.mark.parametrize("instruction", [order(), sized(), CLOSE, REVERSE, target(1)], ids=lambda each: type(each).__name__)
def test_a_scope_that_names_only_the_account_allows_every_kind_there(instruction: Instruction) -> None:
    """And nothing for another account."""
    assert verdict(instruction) == ""
    assert verdict(instruction, accounts=["other"]) == "SCOPE_ACCOUNT"
    assert verdict(instruction, accounts=[]) == "SCOPE_ACCOUNT"


@pytest.mark.parametrize("instruction", [CLOSE, REVERSE, target(0), target(1), target(-1)], ids=str)
def test_what_may_go_either_way_needs_both_sides(instruction: Instruction) -> None:
    """A close of a long is a sell."""
    assert verdict(instruction, sides=["buy"]) == verdict(instruction, sides=["sell"]) == "SCOPE_SIDE"
    assert verdict(instruction, sides=["sell", "buy"]) == ""


def test_a_side_is_the_orders_own() -> None:
    """Its protective legs go the other way, and are part of it."""
    assert verdict(order(stop_loss=90), sides=["buy"]) == ""
    assert verdict(order(side="sell"), sides=["buy"]) == "SCOPE_SIDE"
    assert verdict(sized(side="sell"), sides=["BUY"]) == "SCOPE_SIDE"
    assert verdict(order(side="sell", reduce_only=True), sides=["buy"]) == "SCOPE_SIDE"


@pytest.mark.parametrize("instruction", [CLOSE, REVERSE, target(1), order(), sized()], ids=lambda each: type(each).__name__)
def test_what_trades_at_the_market_is_a_market_order(instruction: Instruction) -> None:
    """Else a key for limit orders could move the market."""
    assert verdict(instruction, order_types=["limit", "stop", "stop_limit"]) == "SCOPE_ORDER_TYPE"
    assert verdict(instruction, order_types=["market"]) == ""


def test_a_key_that_only_reduces_may_close_and_no_more() -> None:
    """A target other than 0 may enlarge; an order of a size has no reduce-only."""
    allowed = [CLOSE, target(0), order(reduce_only=True)]
    assert [verdict(each, reduce_only=True) for each in allowed] == [""] * 3
    others = [REVERSE, target(1), target(-1), order(), sized()]
    assert {verdict(each, reduce_only=True) for each in others} == {"SCOPE_REDUCE_ONLY"}


@pytest.mark.parametrize("instruction", [CLOSE, target(0), order(reduce_only=True, quantity=1000)], ids=str)
def test_a_limit_keeps_no_key_from_closing(instruction: Instruction) -> None:
    """Nothing is known of the market either."""
    assert verdict(instruction, Market(), max_notional=1) == ""


@pytest.mark.parametrize(
    ("instruction", "worth"),
    [
        (order(), 101),
        (order(side="sell"), 99),
        (order(order_type="limit", price=80), 80),
        (order(order_type="limit", price=120), 120),
        (order(side="sell", order_type="limit", price=1), 99),
        (order(side="sell", order_type="limit", price=120), 120),
        (order(order_type="stop", stop_price=110), 110),
        (order(order_type="stop", stop_price=1), 101),
        (order(side="sell", order_type="stop_limit", stop_price=90, price=1), 99),
        (sized(), 100),
        (sized(order_type="limit", price=50), 100),
        (sized(side="sell", order_type="limit", price=33), 300),
        (target(3), 303),
        (target(-3), 297),
    ],
    ids=str,
)
def test_an_instruction_counts_at_the_dearest_price_at_which_it_may_fill(instruction: Instruction, worth: int) -> None:
    """A sell with a limit of 1 trades at the market; sized by that limit it is 99 times as much."""
    assert verdict(instruction, max_notional=worth) == ""
    assert verdict(instruction, max_notional=Decimal(worth) - Decimal("0.01")) == "SCOPE_NOTIONAL"


@pytest.mark.parametrize(
    ("instruction", "market"),
    [
        (order(), Market(instrument=BTC)),
        (order(), Market(instrument=BTC, quote=MarketData(symbol="BTC/USDT", bid=99, last=100))),
        (order(), Market(instrument=BTC, quote=MarketData(symbol="BTC/USDT", ask=0))),
        (order(side="sell", order_type="limit", price=1), Market(instrument=BTC)),
        (order(order_type="limit", price=1), Market(quote=QUOTE)),
        (sized(), Market(instrument=BTC)),
        (sized(size_type="equity_percent", size=1), KNOWN),
        (sized(size_type="risk_percent", size=1, stop_loss=90), KNOWN),
        (REVERSE, KNOWN),
        (target(1), Market(instrument=BTC)),
    ],
    ids=str,
)
def test_what_nobody_can_value_is_not_allowed_under_a_limit(instruction: Instruction, market: Market) -> None:
    """No price, no rules, a percentage, a reversal of what is held then."""
    assert verdict(instruction, market, max_notional=10**12) == "SCOPE_NOTIONAL"
    assert verdict(instruction, market) == ""


def test_contracts_count_what_they_hold() -> None:
    """An inverse contract is worth its size at any price, also where the market is not quoted."""
    linear = Market(instrument=Instrument(symbol="BTC/USDT", kind="linear", contract_size=10), quote=QUOTE)
    inverse = Market(instrument=Instrument(symbol="BTC/USDT", kind="inverse", contract_size=10))
    assert verdict(order(), linear, max_notional=1010) == verdict(order(), inverse, max_notional=10) == ""
    assert verdict(order(), linear, max_notional=1009) == verdict(order(), inverse, max_notional=9) == "SCOPE_NOTIONAL"


def test_an_amount_just_above_the_limit_is_above_it() -> None:
    """Whatever the precision of the host's own context."""
    tiny = order(quantity="1.000000000000000000000000000001", order_type="limit", price="1000000000")
    assert verdict(tiny, max_notional=10**9) == "SCOPE_NOTIONAL"


def test_the_pace_counts_what_was_sent() -> None:
    """The last one that is allowed is the limit's own."""
    assert verdict(order(), earlier=4, orders_a_minute=5) == ""
    assert verdict(CLOSE, earlier=5, orders_a_minute=5) == "SCOPE_PACE"


def test_to_cancel_an_order_one_must_have_been_allowed_to_send_it() -> None:
    """But for its worth, and for the pace."""
    facts = Facts(account="main", venue="paper", symbol="BTC/USDT", earlier=9)
    scope = Scope(accounts=["main"], sides=["buy"], max_notional=1, orders_a_minute=1)
    assert scope.may_have_sent(order(quantity=1000), facts) is None
    denial = scope.may_have_sent(order(side="sell"), facts)
    assert denial is not None
    assert denial.code == "SCOPE_SIDE"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sides", ["long"]),
        ("sides", "buy"),
        ("order_types", ["iceberg"]),
        ("actions", ["everything"]),
        ("accounts", "main"),
        ("max_notional", 0),
        ("orders_a_minute", 0),
    ],
)
def test_a_scope_with_a_word_that_is_none_is_refused(name: str, value: object) -> None:
    """A restriction that matches nothing, or everything, by a slip."""
    with pytest.raises(ConfigError):
        Scope(**{"accounts": ("main",), name: value})  # type: ignore[arg-type]
