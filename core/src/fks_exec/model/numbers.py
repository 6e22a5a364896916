# SPDX-License-Identifier: MIT
"""Money and quantities: Decimal, from texts and integers only.

An ASCII pattern is checked first, since Python's Decimal also takes full-width digits, underscores, blanks and exponents
of a billion.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TypeAlias

from ..errors import InvalidOrder

Number: TypeAlias = Decimal | str | int
"""What a constructor takes for a number: never a float, whose last digits nobody chose."""

_PATTERN = re.compile(r"[+-]?(?:\d{1,30}(?:\.\d{0,61})?|\.\d{1,61})(?:[eE][+-]?\d{1,2})?", re.ASCII)
_LARGEST = 30

ZERO = Decimal(0)


def decimal(value: Number, field: str = "") -> Decimal:
    """A finite Decimal from a Decimal, an int or an ASCII text such as ``0.01``.

    Raises:
        InvalidOrder: a float, a bool, NaN, infinity, or a text that is no plain number.
    """
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, str):
        if not _PATTERN.fullmatch(value):
            raise InvalidOrder(field, f"{value[:40]!a} is not a decimal number such as 0.01")
        number = Decimal(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = Decimal(value) if -(10**_LARGEST) < value < 10**_LARGEST else Decimal("inf")
    else:
        raise InvalidOrder(field, f"a {type(value).__name__} is not taken for a number; write a text such as '0.01'")
    if not number.is_finite():
        raise InvalidOrder(field, "a number must be finite")
    if number and not -_LARGEST <= number.adjusted() <= _LARGEST:
        raise InvalidOrder(field, f"a number must lie between 1e-{_LARGEST} and 1e{_LARGEST}")
    return number


def to_decimal(value: Number) -> Decimal:
    """As :func:`decimal`; a converter that type checkers see through."""
    return decimal(value)


def to_optional(value: Number | None) -> Decimal | None:
    """As :func:`decimal`, but None stays None."""
    return None if value is None else decimal(value)


def plain(value: Decimal) -> str:
    """The shortest plain text of a Decimal: no exponent, no trailing zeros; ``0.010`` and ``1E-2`` are both ``0.01``."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
