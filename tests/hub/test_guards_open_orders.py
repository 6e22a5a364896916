# SPDX-License-Identifier: MIT
"""The guard ``open_orders``."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import AccountState, ConfigError, Denial, Order
from fks_exec_hub.guards.open_orders import OpenOrders, OpenOrdersConfig

ORDER = Order(symbol="ACME", side="buy", quantity=1)


def judged(others: int, maximum: int) -> Denial | None:
    """What the guard says to one more order."""
    answer = OpenOrders(OpenOrdersConfig(maximum=maximum)).check_risk(ORDER, AccountState(account="paper", open_orders=others))
    assert answer is None or isinstance(answer, Denial)
    return answer


def test_the_last_order_that_may_be_open_passes() -> None:
    """It is one of them itself."""
    assert judged(2, 3) is None
    no = judged(3, 3)
    assert no is not None
    assert (no.code, no.limit, no.value) == ("OPEN_ORDERS", "3 orders", "4 orders")
    assert no.message == "3 orders of the account are open, and 3 may be; cancel one or wait until one is filled"


@pytest.mark.parametrize("maximum", [0, -1, True, "3"])
def test_the_maximum_is_a_whole_number_above_zero(maximum: object) -> None:
    """To stop entries there is the halt."""
    with pytest.raises(ConfigError, match=r"^maximum: .* no whole number above zero; write maximum = 1"):
        OpenOrdersConfig(maximum=maximum)


@given(st.integers(0, 100), st.integers(1, 100))
def test_never_more_than_the_maximum_are_open(others: int, maximum: int) -> None:
    """With the new one; and as many are."""
    assert (judged(others, maximum) is None) is (others + 1 <= maximum)
