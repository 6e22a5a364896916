# SPDX-License-Identifier: MIT
"""The guard ``price_collar``."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import AccountState, ConfigError, Denial, MarketData, Order
from fks_exec_hub.guards.price_collar import PriceCollar, PriceCollarConfig

QUOTE = MarketData(symbol="ACME", bid="99", ask="100")


def judged(side: str, quote: MarketData | None, config: dict[str, object], **fields: object) -> list[Denial]:
    """What the guard says to an order."""
    order = Order(symbol="ACME", side=side, quantity=1, **fields)
    answer = PriceCollar(PriceCollarConfig(**config)).check_risk(order, AccountState(account="paper", quote=quote))
    return [answer] if isinstance(answer, Denial) else list(answer or ())


def codes(side: str, quote: MarketData | None = QUOTE, percent: object = 5, **fields: object) -> list[str]:
    """The codes with which it denies an order within so many percent."""
    return [no.code for no in judged(side, quote, {"percent": percent}, **fields)]


@pytest.mark.parametrize(("side", "low", "high"), [("buy", "95", "105"), ("sell", "94.05", "103.95")])
def test_a_price_within_the_collar_passes(side: str, low: str, high: str) -> None:
    """Exactly at its ends too: counted from the ask for a buy, from the bid for a sell."""
    cent = Decimal("0.01")
    for price in (low, high):
        assert codes(side, order_type="limit", price=price) == []
        assert codes(side, order_type="stop", stop_price=price) == []
    for price in (Decimal(low) - cent, Decimal(high) + cent):
        assert codes(side, order_type="limit", price=price) == ["PRICE_COLLAR"]
        assert codes(side, order_type="stop", stop_price=price) == ["PRICE_COLLAR"]


def test_limit_and_trigger_are_each_judged() -> None:
    """A slipped digit in either."""
    both = {"order_type": "stop_limit"}
    assert codes("buy", **both, stop_price="101", price="102") == []
    assert codes("buy", **both, stop_price="101", price="1020") == ["PRICE_COLLAR"]
    assert codes("buy", **both, stop_price="1010", price="1020") == ["PRICE_COLLAR", "PRICE_COLLAR"]


def test_stop_loss_and_take_profit_are_meant_to_be_away() -> None:
    """On a market order, which has no other price, and on any other."""
    assert codes("buy", stop_loss="50", take_profit="500") == []
    assert codes("buy", order_type="limit", price="100", stop_loss="50", take_profit="500") == []


def test_a_denial_names_the_range() -> None:
    """And the price."""
    [no] = judged("buy", QUOTE, {"percent": 5}, order_type="limit", price="10.5")
    assert (no.limit, no.value) == ("95 to 105", "10.5")
    assert no.message == (
        "the price 10.5 of a buy of ACME is more than 5 % from the quote, 100; look at its digits, or send one from 95 to 105"
    )


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_price_needs_its_side_of_the_quote(side: str) -> None:
    """A limit order too: without a market nobody knows what is near it."""
    other = MarketData(symbol="ACME", **{"bid" if side == "buy" else "ask": 100}, last=100)
    for quote in (None, other):
        assert codes(side, quote, order_type="limit", price="100") == ["NO_QUOTE"]
        assert codes(side, quote) == []  # a market order has no price to judge


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_market_order_waits_for_a_narrow_spread(side: str) -> None:
    """Of the middle; 99.5 and 100.5 are one percent apart."""
    limit: dict[str, object] = {"spread_percent": 1}
    assert judged(side, MarketData(symbol="ACME", bid="99.5", ask="100.5"), limit) == []
    [no] = judged(side, MarketData(symbol="ACME", bid="99.49", ask="100.51"), limit)
    assert (no.code, no.limit, no.value) == ("SPREAD", "1 %", "1.02 %")
    [no] = judged(side, MarketData(symbol="ACME", bid="99.499999", ask="100.5"), limit)
    assert no.value == "1.001 %"  # never shown as 1
    assert judged(side, MarketData(symbol="ACME", bid="1", ask="100"), limit, order_type="limit", price=1) == []


def test_a_crossed_quote_is_as_bad_as_a_wide_one() -> None:
    """One of its two sides is wrong."""
    [no] = judged("buy", MarketData(symbol="ACME", bid="101", ask="99"), {"spread_percent": 1})
    assert no.code == "SPREAD"


@pytest.mark.parametrize(
    "quote",
    [None, MarketData(symbol="ACME", bid=100), MarketData(symbol="ACME", ask=100), MarketData(symbol="ACME", bid=0, ask=1)],
)
def test_a_spread_needs_both_sides_of_the_quote(quote: MarketData | None) -> None:
    """Also the one on which the order does not trade."""
    for side in ("buy", "sell"):
        assert [no.code for no in judged(side, quote, {"spread_percent": 1})] == ["NO_QUOTE"]


def test_something_has_to_be_limited() -> None:
    """A guard that guards nothing is a mistake."""
    with pytest.raises(ConfigError, match=r"^nothing is limited; write percent = 5 or spread_percent = 1"):
        PriceCollarConfig()


@pytest.mark.parametrize("name", ["percent", "spread_percent"])
def test_every_limit_is_greater_than_zero(name: str) -> None:
    """And zero is not taken for absent."""
    with pytest.raises(ConfigError, match=f"^{name}: 0 is not greater than zero"):
        PriceCollarConfig(**{name: 0})


levels = st.integers(1, 10**6).map(lambda cents: Decimal(cents) / 100)


@given(st.sampled_from(["buy", "sell"]), levels, levels, levels, levels)
def test_nearer_is_never_denied_where_farther_passes(
    side: str, quoted: Decimal, one: Decimal, two: Decimal, percent: Decimal
) -> None:
    """And what passes is what the definition says."""
    quote = MarketData(symbol="ACME", bid=quoted, ask=quoted)
    near, far = sorted((one, two), key=lambda price: abs(price - quoted))
    passes = [codes(side, quote, percent, order_type="limit", price=price) == [] for price in (near, far)]
    assert passes == [abs(price - quoted) * 100 <= quoted * percent for price in (near, far)]
    assert passes[0] or not passes[1]
