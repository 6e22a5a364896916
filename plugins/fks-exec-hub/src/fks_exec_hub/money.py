# SPDX-License-Identifier: MIT
"""The context in which the hub computes: whatever the host's own is, no digit of an amount is lost."""

from __future__ import annotations

from decimal import Context, Decimal

EXACT: Context = Context(prec=60)

_PRICE = Context(prec=28)
_FINEST = Decimal("1e-30")


def rounded(price: Decimal) -> Decimal:
    """A price that came from a division, to 28 digits and at most 30 places: a text that can be read back."""
    short = _PRICE.plus(price)
    return short if short >= _FINEST and short == short.quantize(_FINEST, context=EXACT) else EXACT.quantize(short, _FINEST)
