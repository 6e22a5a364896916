# SPDX-License-Identifier: MIT
"""The guard ``daily_loss``."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import AccountState, ConfigError, Denial, Order
from fks_exec_hub.guards.daily_loss import DailyLoss, DailyLossConfig

ORDER = Order(symbol="ACME", side="buy", quantity=1)


def judged(start: object, equity: object, **config: object) -> Denial | None:
    """What the guard says to an entry."""
    account = AccountState(account="paper", currency="USD", equity=equity, day_start=start)
    answer = DailyLoss(DailyLossConfig(**config)).check_risk(ORDER, account)
    assert answer is None or isinstance(answer, Denial)
    return answer


def code(start: object, equity: object, **config: object) -> str | None:
    """Its code."""
    no = judged(start, equity, **config)
    return None if no is None else no.code


@pytest.mark.parametrize(
    "config", [{"percent": 3}, {"amount": 300}, {"percent": 3, "amount": 500}, {"percent": 5, "amount": 300}]
)
def test_a_loss_that_has_reached_the_limit_ends_the_day(config: dict[str, object]) -> None:
    """300 of 10,000; of two limits the smaller."""
    assert code(10_000, "9700.01", **config) is None
    assert code(10_000, 9700, **config) == "DAILY_LOSS"
    assert code(10_000, 9000, **config) == "DAILY_LOSS"
    assert code(10_000, -1, **config) == "DAILY_LOSS"


def test_a_profit_is_no_loss() -> None:
    """However large; and a day without a change is none."""
    assert code(10_000, 10_000, percent="0.01") is None
    assert code(10_000, 20_000, percent=3) is None


def test_a_loss_that_is_not_known_is_denied() -> None:
    """Nobody knows then how much may still be lost."""
    assert code(None, 10_000, percent=3) == "NO_DAY_START"
    assert code(0, 10_000, percent=3) == "NO_DAY_START"
    assert code(10_000, None, percent=3) == "NO_EQUITY"
    assert code(None, None, amount=300) == "NO_EQUITY"


def test_a_denial_carries_limit_and_value() -> None:
    """In the account's currency."""
    no = judged(10_000, 9600, percent=3)
    assert no is not None
    assert (no.limit, no.value) == ("300 USD", "400 USD")
    assert no.message == "the account has lost 400 USD today, and 300 USD is the limit; open nothing more today"


def test_something_has_to_be_limited() -> None:
    """A guard that guards nothing is a mistake."""
    with pytest.raises(ConfigError, match=r"^nothing is limited; write percent = 3 or amount = 1000"):
        DailyLossConfig()


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"percent": 0}, "percent: 0 is not greater than zero"),
        ({"percent": 101}, "percent: 101 is more than 100 percent"),
        ({"amount": "-1"}, "amount: -1 is not greater than zero"),
    ],
)
def test_a_limit_makes_sense(config: dict[str, object], problem: str) -> None:
    """Each with its sentence."""
    with pytest.raises(ConfigError, match=f"^{problem}"):
        DailyLossConfig(**config)


equities = st.integers(1, 10**8).map(lambda cents: Decimal(cents) / 100)
limits = st.none() | st.integers(1, 10**4).map(lambda cents: Decimal(cents) / 100)


@given(equities, equities, limits, limits)
def test_a_further_loss_never_opens_what_was_closed(start: Decimal, equity: Decimal, percent: Decimal, amount: Decimal) -> None:
    """And what is denied is what the definition says."""
    if percent is None and amount is None:
        percent = Decimal(1)
    config = {"percent": percent, "amount": amount}
    lost = start - equity
    reached = (percent is not None and lost * 100 >= start * percent) or (amount is not None and lost >= amount)
    assert code(start, equity, **config) == ("DAILY_LOSS" if reached else None)
    if reached:
        assert code(start, equity / 2, **config) == "DAILY_LOSS"
