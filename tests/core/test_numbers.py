# SPDX-License-Identifier: MIT
"""Numbers: what is taken for one, and how it is written."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import InvalidOrder
from fks_exec.model.numbers import decimal, plain, to_decimal, to_optional

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=12)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("0.01", "0.01"),
        (".5", "0.5"),
        ("5.", "5"),
        ("+1", "1"),
        ("-1.50", "-1.50"),
        ("1e-2", "0.01"),
        ("1E3", "1000"),
        (7, "7"),
        (Decimal("2.50"), "2.50"),
        ("9" * 30, "9" * 30),
    ],
)
def test_a_decimal_an_int_and_an_ascii_text_are_numbers(value: Any, number: str) -> None:
    """Nothing is rounded on the way."""
    assert decimal(value) == Decimal(number)


@pytest.mark.parametrize(
    "value",
    [
        "１２",
        "1_000",
        " 1 ",
        "1E+999999999",
        "1e100",
        "NaN",
        "inf",
        "-Infinity",
        "",
        ".",
        "1,5",
        "0x10",
        "1\n",
        "9" * 31,
        0.1,
        float("nan"),
        True,
        False,
        None,
        b"1",
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        Decimal("1e31"),
        Decimal("1e-31"),
        10**30,
        -(10**400),
    ],
    ids=repr,
)
def test_what_nobody_means_as_a_number_is_refused(value: Any) -> None:
    """Python's own Decimal takes most of these."""
    with pytest.raises(InvalidOrder):
        decimal(value, "quantity")


def test_a_refusal_names_the_field_and_shows_little_of_the_value() -> None:
    """A text of a megabyte must not fill the log."""
    with pytest.raises(InvalidOrder, match=r"^price: ") as caught:
        decimal("x" * 1_000_000, "price")
    assert len(str(caught.value)) < 120
    assert caught.value.field == "price"
    assert isinstance(caught.value, ValueError)


def test_none_stays_none_where_a_number_is_optional() -> None:
    """And only there."""
    assert to_optional(None) is None
    assert to_optional("1") == to_decimal("1") == 1
    with pytest.raises(InvalidOrder):
        to_decimal(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.010", "0.01"),
        ("1E-2", "0.01"),
        ("100", "100"),
        ("1E+2", "100"),
        ("100.00", "100"),
        ("0E+5", "0"),
        ("-0.0", "0"),
        ("0E-12", "0"),
        ("-1.50", "-1.5"),
    ],
)
def test_the_plain_text_has_no_exponent_and_no_trailing_zeros(value: str, text: str) -> None:
    """Two spellings of one number are one text."""
    assert plain(Decimal(value)) == text


@given(NUMBERS)
def test_the_plain_text_is_the_same_number(number: Decimal) -> None:
    """It is read back as it was, and written again in the same way."""
    assert decimal(plain(number)) == number
    assert plain(decimal(plain(number))) == plain(number)


@given(st.text(max_size=20))
def test_any_text_is_a_number_or_an_invalid_order(text: str) -> None:
    """No other exception comes out, and what is accepted is what Python reads."""
    try:
        number = decimal(text)
    except InvalidOrder:
        return
    assert number == Decimal(text)
    assert text.isascii()
