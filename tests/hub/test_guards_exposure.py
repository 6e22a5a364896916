# SPDX-License-Identifier: MIT
"""The guard ``exposure``."""

from decimal import Decimal
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import AccountState, ConfigError, Denial, Instrument, MarketData, Order
from fks_exec_hub.guards.exposure import Exposure, ExposureConfig

ACME = Instrument(symbol="ACME", base="ACME", quote="USD", quantity_step=1)
STATE = AccountState(
    account="paper",
    currency="USD",
    equity=10_000,
    instrument=ACME,
    quote=MarketData(symbol="ACME", bid="8", ask="10"),
    exposure=0,
)


def order(side: str, quantity: object, **fields: object) -> Order:
    """A market order."""
    return Order(symbol="ACME", side=side, quantity=quantity, **fields)


def judged(order: Order, account: AccountState = STATE, **config: object) -> list[Denial]:
    """What the guard says."""
    answer = Exposure(ExposureConfig(**config)).check_risk(order, account)
    return [answer] if isinstance(answer, Denial) else list(answer or ())


def codes(quantity: object, config: dict[str, object], **account: object) -> list[str]:
    """The codes with which the guard denies a buy."""
    return [no.code for no in judged(order("buy", quantity), attrs.evolve(STATE, **account), **config)]


@pytest.mark.parametrize("config", [{"symbol_percent": 10}, {"symbol_amount": 1000}])
def test_one_instrument_is_limited_by_percent_or_amount(config: dict[str, object]) -> None:
    """1,000 USD in either case; the position and working orders of the side count, what the account holds does not."""
    assert codes(100, config) == []
    assert codes(101, config) == ["SYMBOL_EXPOSURE"]
    assert codes(40, config, position=30, working_buy=30, exposure=None) == []
    assert codes(41, config, position=30, working_buy=30, exposure=None) == ["SYMBOL_EXPOSURE"]
    assert codes(160, config, position=-60) == []
    assert codes(161, config, position=-60) == ["SYMBOL_EXPOSURE"]


@pytest.mark.parametrize("config", [{"account_percent": 10}, {"account_amount": 1000}])
def test_the_account_is_limited_by_percent_or_amount(config: dict[str, object]) -> None:
    """What the hub says that all positions are worth, and what the order adds."""
    assert codes(60, config, exposure=400) == []
    assert codes(61, config, exposure=400) == ["ACCOUNT_EXPOSURE"]
    assert codes(120, config, exposure=400, position=-60) == []  # 60 of them cover
    assert codes(121, config, exposure=400, position=-60) == ["ACCOUNT_EXPOSURE"]
    assert codes(1, config, exposure=1000) == ["ACCOUNT_EXPOSURE"]


def test_the_smaller_of_two_limits_counts_and_both_kinds_are_told() -> None:
    """Each with its own limit and value."""
    assert codes(51, {"symbol_percent": 10, "symbol_amount": 500}) == ["SYMBOL_EXPOSURE"]
    assert codes(51, {"symbol_percent": 5, "symbol_amount": 1000}) == ["SYMBOL_EXPOSURE"]
    one, other = judged(order("buy", 101), attrs.evolve(STATE, exposure=500), symbol_amount=1000, account_amount=1400)
    assert (one.code, one.limit, one.value) == ("SYMBOL_EXPOSURE", "1000 USD", "1010 USD")
    assert one.message == (
        "after this order the position in ACME could be worth 1010 USD, more than 1000 USD; send at most 100 ACME"
    )
    assert (other.code, other.limit, other.value) == ("ACCOUNT_EXPOSURE", "1400 USD", "1510 USD")
    assert other.message == ("after this order all positions could be worth 1510 USD, more than 1400 USD; send at most 90 ACME")


def test_an_exposure_that_is_not_known_is_not_small() -> None:
    """One position without a quote, and the whole account has no worth."""
    assert codes(1, {"account_amount": 1000}, exposure=None) == ["NO_EXPOSURE"]


@pytest.mark.parametrize("equity", [None, 0, -1])
def test_only_a_percentage_needs_equity(equity: object) -> None:
    """An amount says it all."""
    assert codes(1, {"symbol_percent": 10}, equity=equity) == ["NO_EQUITY"]
    assert codes(1, {"account_percent": 10}, equity=equity) == ["NO_EQUITY"]
    assert codes(1, {"symbol_amount": 10, "account_amount": 10}, equity=equity) == []


def test_what_cannot_be_valued_is_denied() -> None:
    """Rules, quote, rate; what is held needs the quote too."""
    limit: dict[str, object] = {"symbol_amount": 1000}
    assert codes(1, limit, instrument=None) == ["NO_INSTRUMENT"]
    assert codes(1, limit, quote=None) == ["NO_QUOTE"]
    assert codes(1, limit, currency="EUR") == ["NO_CONVERSION"]
    assert codes(50, limit, currency="EUR", rates={"USD": Decimal(2)}) == []
    assert codes(51, limit, currency="EUR", rates={"USD": Decimal(2)}) == ["SYMBOL_EXPOSURE"]
    bid = order("buy", 1, order_type="limit", price=10)
    assert judged(bid, attrs.evolve(STATE, quote=None), **limit) == []
    assert [no.code for no in judged(bid, attrs.evolve(STATE, quote=None, position=1), **limit)] == ["NO_QUOTE"]


def test_an_order_that_adds_nothing_passes_whatever_is_not_known() -> None:
    """It leads from a short position toward zero."""
    assert codes(60, {"symbol_amount": 1}, position=-60, equity=None, quote=None, exposure=None, instrument=None) == []


def test_something_has_to_be_limited() -> None:
    """A guard that guards nothing is a mistake."""
    with pytest.raises(ConfigError, match=r"^nothing is limited; write account_percent = 100 or symbol_percent = 20"):
        ExposureConfig()


@pytest.mark.parametrize("name", ["symbol_percent", "symbol_amount", "account_percent", "account_amount"])
def test_every_limit_is_greater_than_zero(name: str) -> None:
    """And zero is not taken for absent."""
    with pytest.raises(ConfigError, match=f"^{name}: 0 is not greater than zero"):
        ExposureConfig(**{name: 0})


amounts = st.integers(0, 10**6).map(lambda cents: Decimal(cents) / 100)
some = st.integers(1, 10**6).map(lambda cents: Decimal(cents) / 100)
limits = st.none() | some
signs = st.sampled_from([1, -1])


@given(signs, some, st.tuples(signs, amounts), amounts, some, some, amounts, limits, limits)
def test_what_is_denied_exceeds_a_limit(
    sign: int,
    quantity: Decimal,
    position: tuple[int, Decimal],
    working: Decimal,
    price: Decimal,
    rate: Decimal,
    exposure: Decimal,
    symbol: Decimal | None,
    account: Decimal | None,
) -> None:
    """Exactly that and nothing else, in fractions, with a short side as with a long one."""
    config = ExposureConfig(symbol_amount=symbol, account_amount=account or Decimal(10**9))
    side = "buy" if sign == 1 else "sell"
    state = attrs.evolve(
        STATE,
        instrument=attrs.evolve(ACME, quantity_step=None),
        currency="EUR",
        rates={"USD": rate},
        quote=MarketData(symbol="ACME", bid=price, ask=price),
        position=position[0] * position[1],
        exposure=exposure,
        **{f"working_{side}": working},
    )
    before = sign * position[0] * position[1] + working
    one = Fraction(price) * Fraction(rate)
    after, added = max(before + quantity, Decimal(0)), max(min(quantity, before + quantity), Decimal(0))
    expected = []
    if added and symbol is not None and Fraction(after) * one > Fraction(symbol):
        expected.append("SYMBOL_EXPOSURE")
    if added and Fraction(exposure) + Fraction(added) * one > Fraction(config.account_amount or 0):
        expected.append("ACCOUNT_EXPOSURE")
    assert [no.code for no in Exposure(config).check_risk(order(side, quantity), state) or ()] == expected
