# SPDX-License-Identifier: MIT
"""The guard ``order_notional``."""

from decimal import Decimal
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import AccountState, ConfigError, Denial, Instrument, MarketData, Order
from fks_exec_hub.guards.order_notional import OrderNotional, OrderNotionalConfig

ACME = Instrument(symbol="ACME", base="ACME", quote="USD", quantity_step=1)
INVERSE = Instrument(symbol="BTC/USD", kind="inverse", base="BTC", quote="USD", contract_size=100)
STATE = AccountState(account="paper", currency="USD", instrument=ACME, quote=MarketData(symbol="ACME", bid="8", ask="10"))
"""The guard's maximum is 1,000 USD: 100 at the ask, 125 at the bid."""


def order(side: str, quantity: object, **fields: object) -> Order:
    """A market order."""
    return Order(symbol="ACME", side=side, quantity=quantity, **fields)


def judged(order: Order, account: AccountState = STATE, maximum: object = 1000) -> Denial | None:
    """What the guard says."""
    answer = OrderNotional(OrderNotionalConfig(maximum=maximum)).check_risk(order, account)
    assert answer is None or isinstance(answer, Denial)
    return answer


def code(order: Order, **account: object) -> str | None:
    """The code with which the guard denies the order."""
    no = judged(order, attrs.evolve(STATE, **account))
    return None if no is None else no.code


@pytest.mark.parametrize(
    ("side", "prices", "most"),
    [
        ("buy", {}, 100),
        ("sell", {}, 125),
        ("buy", {"order_type": "limit", "price": "4"}, 250),
        ("sell", {"order_type": "limit", "price": "20"}, 50),
        ("sell", {"order_type": "limit", "price": "4"}, 125),  # it gets the bid
        ("buy", {"order_type": "stop", "stop_price": "20"}, 50),
    ],
)
def test_exactly_the_maximum_passes(side: str, prices: dict[str, str], most: int) -> None:
    """At the dearest price at which the order may fill."""
    assert code(order(side, most, **prices)) is None
    assert code(order(side, most + 1, **prices)) == "ORDER_NOTIONAL"


@pytest.mark.parametrize("held", [{"position": -500}, {"position": 500}, {"working_buy": 500}, {"equity": None}])
def test_only_the_order_counts(held: dict[str, object]) -> None:
    """What is held makes it neither smaller nor larger."""
    assert code(order("buy", 100), **held) is None
    assert code(order("buy", 101), **held) == "ORDER_NOTIONAL"


def test_the_worth_is_converted_into_the_accounts_currency() -> None:
    """At 1.25 EUR a dollar, 80 are 1,000 EUR. A rate that is not there, or not above zero, is none."""
    euro = {"currency": "EUR", "rates": {"USD": Decimal("1.25")}}
    assert code(order("buy", 80), **euro) is None
    assert code(order("buy", 81), **euro) == "ORDER_NOTIONAL"
    for rates in ({}, {"USD": Decimal(0)}, {"EUR": Decimal(1)}):
        assert code(order("buy", 1), currency="EUR", rates=rates) == "NO_CONVERSION"
    no = judged(order("buy", 81), attrs.evolve(STATE, **euro))
    assert no is not None
    assert (no.limit, no.value) == ("1000 EUR", "1012.5 EUR")


def test_an_inverse_contract_is_worth_its_base() -> None:
    """One BTC at 10 USD is a tenth of a contract."""
    account = attrs.evolve(STATE, instrument=INVERSE, currency="BTC")
    assert judged(order("buy", 100), account) is None
    assert judged(order("buy", 101), account) is not None
    dollars = attrs.evolve(account, currency="USD", rates={"BTC": Decimal(10)})
    assert judged(order("buy", 10), dollars) is None
    assert judged(order("buy", 11), dollars) is not None


def test_what_cannot_be_valued_is_denied() -> None:
    """Without the instrument's rules, or the order's side of the quote."""
    assert code(order("buy", 1), instrument=None) == "NO_INSTRUMENT"
    assert code(order("buy", 1), quote=MarketData(symbol="ACME", bid=8)) == "NO_QUOTE"
    assert code(order("buy", 1, order_type="limit", price=10), quote=None) is None


def test_a_denial_says_how_much_would_do() -> None:
    """Or that nothing would."""
    no = judged(order("buy", 101))
    assert no is not None
    assert no.message == "the order is worth up to 1010 USD, more than 1000 USD; send at most 100 ACME"
    assert (no.limit, no.value) == ("1000 USD", "1010 USD")
    no = judged(order("buy", 1), maximum=9)
    assert no is not None
    assert no.message.endswith("its smallest quantity is worth more")


@pytest.mark.parametrize("maximum", ["0", "-1"])
def test_the_maximum_is_greater_than_zero(maximum: str) -> None:
    """To stop entries there is the halt."""
    with pytest.raises(ConfigError, match=r"^maximum: .* not greater than zero"):
        OrderNotionalConfig(maximum=maximum)


some = st.integers(1, 10**6).map(lambda cents: Decimal(cents) / 100)


@given(st.sampled_from(["buy", "sell"]), some, some, some, some, st.booleans())
def test_what_is_denied_is_worth_more_than_the_maximum(
    side: str, quantity: Decimal, price: Decimal, rate: Decimal, maximum: Decimal, inverse: bool
) -> None:
    """Exactly that and nothing else, in fractions; and the quantity that the denial names passes."""
    instrument = INVERSE if inverse else attrs.evolve(ACME, quantity_step=None)
    own = "BTC" if inverse else "USD"
    quote = MarketData(symbol="ACME", bid=price, ask=price)
    account = attrs.evolve(STATE, instrument=instrument, quote=quote, currency="EUR", rates={own: rate})
    size = Fraction(100) / Fraction(price) if inverse else Fraction(price)
    no = judged(order(side, quantity), account, maximum)
    assert (no is not None) is (Fraction(quantity) * size * Fraction(rate) > Fraction(maximum))
    if no is not None and "send at most " in no.message:
        most = Decimal(no.message.partition("send at most ")[2].partition(" ")[0])
        assert judged(order(side, most), account, maximum) is None
        assert judged(order(side, most * Decimal("1.000000001")), account, maximum) is not None
