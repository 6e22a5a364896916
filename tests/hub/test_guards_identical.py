# SPDX-License-Identifier: MIT
"""The guard ``identical``."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import AccountState, ConfigError, Denial, Order
from fks_exec_hub.guards.identical import Identical, IdenticalConfig

ORDER = Order(symbol="ACME", side="buy", quantity=1)
NOW = 1_800_000_000_000


def judged(*ages: float, **config: object) -> Denial | None:
    """What the guard says to an order that was sent before, seconds ago, the newest first."""
    before = tuple(NOW - round(age * 1000) for age in ages)
    account = AccountState(account="paper", time=NOW, identical=before)
    answer = Identical(IdenticalConfig(**config)).check_risk(ORDER, account)
    assert answer is None or isinstance(answer, Denial)
    return answer


def test_the_same_order_passes_again_after_the_time() -> None:
    """Once in 60 s, where nothing is configured."""
    assert judged() is None
    assert judged(60) is None
    no = judged(59.999)
    assert no is not None
    assert no.code == "IDENTICAL"


def test_as_many_as_are_configured_pass() -> None:
    """The third looks at the second last."""
    assert judged(1, maximum=2, seconds=10) is None
    assert judged(1, 10, maximum=2, seconds=10) is None
    no = judged(1, 2.5, 3000, maximum=2, seconds=10)
    assert no is not None
    assert (no.limit, no.value) == ("2 in 10 s", "3 in 2.5 s")
    assert no.message == "this same order of ACME was sent 2 times within 10 s; if it is meant again, wait 7.5 s"


def test_a_clock_that_has_gone_back_makes_no_order_old() -> None:
    """What was sent in the future counts as just now."""
    no = judged(-100, seconds=10)
    assert no is not None
    assert no.message.endswith("wait 10.0 s")


@pytest.mark.parametrize("seconds", [0, -1, 3600.5, float("nan")])
def test_the_time_is_at_most_an_hour(seconds: float) -> None:
    """So far back goes what the guard sees."""
    with pytest.raises(ConfigError, match=r"^seconds: .* is not between 0 and 3600 seconds; write seconds = 60"):
        IdenticalConfig(seconds=seconds)


def test_the_maximum_is_at_least_one() -> None:
    """To stop entries there is the halt."""
    with pytest.raises(ConfigError, match=r"^maximum: 0 is no whole number above zero"):
        IdenticalConfig(maximum=0)


@given(st.lists(st.integers(0, 3600)), st.integers(1, 5), st.integers(1, 3600))
def test_never_more_than_the_maximum_pass_within_the_time(ages: list[int], maximum: int, seconds: int) -> None:
    """Counted one by one."""
    within = sum(age < seconds for age in ages)
    assert (judged(*sorted(ages), maximum=maximum, seconds=seconds) is None) is (within < maximum)
