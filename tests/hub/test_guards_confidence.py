# SPDX-License-Identifier: MIT
"""The guard ``confidence``."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import ConfigError, Denial, Order
from fks_exec_hub.guards.confidence import Confidence, ConfidenceConfig

confidences = st.decimals(0, 1, places=6)


def order(confidence: object = None) -> Order:
    """An order with this confidence."""
    return Order(symbol="BTC/USDT", side="buy", quantity=1, confidence=confidence)


def code(guard: Confidence, confidence: object = None) -> str | None:
    """The code with which the guard denies an order of this confidence."""
    answer = guard.validate_order(order(confidence), None)
    return answer.code if isinstance(answer, Denial) else None


@pytest.mark.parametrize("confidence", ["0.6", "0.60000", "6E-1", "0.600001", "1"])
def test_the_minimum_and_more_pass(confidence: str) -> None:
    """0.6 where nothing is configured."""
    assert code(Confidence(), confidence) is None


@pytest.mark.parametrize("confidence", ["0.599999", "0.5", "0"])
def test_less_than_the_minimum_is_too_low(confidence: str) -> None:
    """Zero is a confidence, and not a missing one."""
    assert code(Confidence(), confidence) == "CONFIDENCE_TOO_LOW"


def test_a_missing_confidence_is_denied() -> None:
    """Absent does not mean sure."""
    assert code(Confidence()) == "CONFIDENCE_MISSING"


@pytest.mark.parametrize(("default", "expected"), [("0.6", None), ("0.59", "CONFIDENCE_TOO_LOW"), (0, "CONFIDENCE_TOO_LOW")])
def test_a_default_is_judged_as_if_the_order_had_it(default: str, expected: str | None) -> None:
    """Also a default of zero is one."""
    assert code(Confidence(ConfidenceConfig(default=default))) == expected


def test_the_orders_own_confidence_goes_before_the_default() -> None:
    """In both directions, and also when it is zero."""
    assert code(Confidence(ConfidenceConfig(default=1)), "0.5") == "CONFIDENCE_TOO_LOW"
    assert code(Confidence(ConfidenceConfig(default=1)), 0) == "CONFIDENCE_TOO_LOW"
    assert code(Confidence(ConfidenceConfig(default=0)), "0.7") is None


def test_a_denial_carries_limit_and_value() -> None:
    """As plain texts."""
    no = Confidence(ConfidenceConfig(minimum="0.750")).validate_order(order("0.70"), None)
    assert isinstance(no, Denial)
    assert (no.limit, no.value, no.guard) == ("0.75", "0.7", "")
    assert "0.7 is below the minimum of 0.75" in no.message


@pytest.mark.parametrize("field", ["minimum", "default"])
@pytest.mark.parametrize("value", ["1.01", "-0.01", "60"])
def test_a_configured_share_lies_between_0_and_1(field: str, value: str) -> None:
    """60 was meant as a percentage, and would deny everything."""
    with pytest.raises(ConfigError, match=f"^{field}: .* between 0 and 1; write {field} = 0.6"):
        ConfidenceConfig(**{field: value})


@given(confidences, confidences, confidences)
def test_a_surer_signal_is_never_denied_where_a_less_sure_one_passes(minimum: Decimal, one: Decimal, two: Decimal) -> None:
    """And what passes is what is not below the minimum."""
    guard = Confidence(ConfidenceConfig(minimum=minimum))
    assert (code(guard, one) is None) is (one >= minimum)
    if code(guard, min(one, two)) is None:
        assert code(guard, max(one, two)) is None
