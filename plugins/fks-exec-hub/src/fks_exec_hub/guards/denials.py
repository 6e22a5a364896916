# SPDX-License-Identifier: MIT
"""What the denials of several guards share: amounts as texts, and the denial for want of a quote."""

from __future__ import annotations

from decimal import Decimal

from fks_exec import Denial, Instrument, Kind, Order, Side
from fks_exec.codes import denial
from fks_exec.model.numbers import plain

NO_QUOTE = denial(
    "The guard needs a quote that is not there, or whose side is missing or not above zero.",
    "Send it again when the market is quoted.",
)


def amount(value: Decimal, unit: str | None) -> str:
    """A number with its unit, as a person writes it."""
    return f"{plain(value)} {unit}" if unit else plain(value)


def unit(instrument: Instrument) -> str | None:
    """What a quantity of the instrument counts; None where its base currency is not known."""
    whole = instrument.contract_size == 1 and instrument.kind is not Kind.INVERSE
    return instrument.base if whole else "contracts"


def no_quote(order: Order) -> Denial:
    """The denial for want of the quote's side on which the order trades."""
    side = "ask" if order.side is Side.BUY else "bid"
    return Denial(
        code="NO_QUOTE",
        message=f"there is no fresh {side} for {order.symbol}, so the {order.side} cannot be valued; "
        "send it again when the market is quoted",
    )
