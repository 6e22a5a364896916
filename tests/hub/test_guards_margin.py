# SPDX-License-Identifier: MIT
"""The guard ``margin``."""

from decimal import Decimal
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import AccountState, ConfigError, Denial, Instrument, MarketData, Order
from fks_exec_hub.guards.margin import Margin, MarginConfig

PERP = Instrument(symbol="ACME", kind="linear", base="ACME", quote="USD")
STATE = AccountState(
    account="paper",
    currency="USD",
    instrument=PERP,
    quote=MarketData(symbol="ACME", bid="8", ask="10"),
    margin_free=1000,
    leverage=5,
)
"""500 at the ask bind 1,000 USD."""


def judged(order: Order, account: AccountState = STATE, **config: object) -> Denial | None:
    """What the guard says."""
    answer = Margin(MarginConfig(**config)).check_risk(order, account)
    assert answer is None or isinstance(answer, Denial)
    return answer


def buy(quantity: object, **fields: object) -> Order:
    """A market order."""
    return Order(symbol="ACME", side="buy", quantity=quantity, **fields)


def code(quantity: object, percent: object = 100, **account: object) -> str | None:
    """The code with which the guard denies a buy."""
    no = judged(buy(quantity), attrs.evolve(STATE, **account), percent=percent)
    return None if no is None else no.code


def test_an_order_binds_its_worth_divided_by_the_leverage() -> None:
    """All that is free may be bound, where nothing else is configured."""
    assert code(500) is None
    assert code("500.01") == "MARGIN"
    assert code(250, percent=50) is None
    assert code("250.01", percent=50) == "MARGIN"


@pytest.mark.parametrize("leverage", [None, 1, 0, -5])
def test_an_unknown_leverage_counts_as_none(leverage: object) -> None:
    """The whole worth is bound, as on spot."""
    assert code(100, leverage=leverage) is None
    assert code("100.01", leverage=leverage) == "MARGIN"


@pytest.mark.parametrize(("told", "most"), [(None, 200), (0, 200), (5, 500)])
def test_a_configured_leverage_counts_where_the_venue_tells_none(told: object, most: int) -> None:
    """The venue's word goes before it."""
    account = attrs.evolve(STATE, leverage=told)
    assert judged(buy(most), account, leverage=2) is None
    assert judged(buy(most + 1), account, leverage=2) is not None


def test_only_what_the_order_adds_is_bound_anew() -> None:
    """What covers a short position frees margin; what is held binds already."""
    assert code(560, position=-60) is None
    assert code(561, position=-60) == "MARGIN"
    assert code(500, position=300, working_buy=300) is None
    assert code(60, position=-60, margin_free=None, quote=None) is None


@pytest.mark.parametrize("free", [0, -1])
def test_without_free_margin_nothing_is_opened(free: int) -> None:
    """Also when the venue says that it is below zero."""
    assert code("0.01", margin_free=free) == "MARGIN"


def test_what_is_not_known_is_denied() -> None:
    """What is free, the rules, the quote, a rate."""
    assert code(1, margin_free=None) == "NO_MARGIN"
    assert code(1, instrument=None) == "NO_INSTRUMENT"
    assert code(1, quote=None) == "NO_QUOTE"
    assert code(1, currency="EUR") == "NO_CONVERSION"
    assert code(250, currency="EUR", rates={"USD": Decimal(2)}) is None
    assert code(251, currency="EUR", rates={"USD": Decimal(2)}) == "MARGIN"


def test_a_denial_says_how_much_would_do() -> None:
    """With what is free, and what would be bound."""
    no = judged(buy(600), percent=50)
    assert no is not None
    assert (no.limit, no.value) == ("500 USD", "1200 USD")
    assert no.message == ("this order would bind 1200 USD, more than 50 % of the free margin, 500 USD; send at most 250 ACME")


@pytest.mark.parametrize(("percent", "problem"), [(0, "not greater than zero"), (101, "more than 100 percent")])
def test_percent_lies_above_zero_and_at_most_at_a_hundred(percent: int, problem: str) -> None:
    """More than is free cannot be bound."""
    with pytest.raises(ConfigError, match=f"^percent: .*{problem}"):
        MarginConfig(percent=percent)


some = st.integers(1, 10**6).map(lambda cents: Decimal(cents) / 100)


@given(some, some, some, st.none() | st.integers(1, 125), some, st.integers(1, 100))
def test_what_is_denied_binds_more_than_is_free(
    quantity: Decimal, price: Decimal, rate: Decimal, leverage: int | None, free: Decimal, percent: int
) -> None:
    """Exactly that and nothing else, in fractions; and the quantity that the denial names passes."""
    quote = MarketData(symbol="ACME", ask=price)
    account = attrs.evolve(STATE, quote=quote, currency="EUR", rates={"USD": rate}, leverage=leverage, margin_free=free)
    bound = Fraction(quantity) * Fraction(price) * Fraction(rate) / (leverage or 1)
    no = judged(buy(quantity), account, percent=percent)
    assert (no is not None) is (bound > Fraction(free) * percent / 100)
    if no is not None and "send at most " in no.message:
        most = no.message.partition("send at most ")[2].partition(" ")[0]
        assert judged(buy(most), account, percent=percent) is None
