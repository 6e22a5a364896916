# SPDX-License-Identifier: MIT
"""The guard ``quantity``: on the instrument's step, between its minimum and maximum, worth its minimum notional."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Context, Decimal
from typing import ClassVar

from attrs import field, frozen

from fks_exec import AccountState, Answer, Denial, Instrument, NoConfig, Order, hookimpl
from fks_exec.codes import Code, denial
from fks_exec.model.numbers import plain

from .denials import NO_QUOTE, amount, no_quote, unit
from .valuation import quote_value

_UP = Context(prec=16, rounding=ROUND_CEILING)


@frozen(eq=False)
class Quantity:
    """Denies a quantity that the venue would refuse, and says which it would take.

    A rule that the instrument does not have is not checked; without an instrument nothing is.
    """

    config: NoConfig = field(factory=NoConfig)

    codes: ClassVar[Mapping[str, Code]] = {
        "QUANTITY_MIN": denial(
            "The quantity is below the instrument's minimum.",
            "Send at least the minimum.",
        ),
        "QUANTITY_MAX": denial(
            "The quantity is above the instrument's maximum.",
            "Send at most the maximum.",
        ),
        "QUANTITY_STEP": denial(
            "The quantity is not on the instrument's step.",
            "Send one of the nearest quantities, which the denial names.",
        ),
        "MIN_NOTIONAL": denial(
            "The order is worth less than the instrument's minimum notional.",
            "Send at least the quantity that the denial names.",
        ),
        "NO_QUOTE": NO_QUOTE,
    }

    @hookimpl
    def validate_order(self, order: Order, instrument: Instrument | None) -> Answer:
        """Minimum, maximum and step; exactly the limits pass."""
        if instrument is None:
            return None
        quantity, least, most = order.quantity, instrument.min_quantity, instrument.max_quantity
        if least is not None and quantity < least:
            return _off(order, instrument, "QUANTITY_MIN", f"is below the minimum of {plain(least)}")
        if most is not None and quantity > most:
            return _off(order, instrument, "QUANTITY_MAX", f"is above the maximum of {plain(most)}")
        if instrument.quantity_step and instrument.quantity_down(quantity) != quantity:
            return _off(order, instrument, "QUANTITY_STEP", f"is not on the step of {plain(instrument.quantity_step)}")
        return None

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> Answer:
        """The minimum notional, in quote currency, at the limit price, else the trigger price, else the quote."""
        instrument = account.instrument
        if instrument is None or instrument.min_notional is None:
            return None
        value = quote_value(order, account.quote, instrument)
        if value is None:
            return no_quote(order)
        return None if value >= instrument.min_notional else _too_small(order, instrument, instrument.min_notional, value)


def nearest(instrument: Instrument, quantity: Decimal) -> tuple[Decimal, ...]:
    """The nearest quantities that the guard takes, the smaller first: none, one or two."""
    most = instrument.max_quantity
    around = dict.fromkeys((instrument.quantity_down(quantity), instrument.quantity_up(quantity)))
    return tuple(each for each in around if each > 0 and (most is None or each <= most))


def _off(order: Order, instrument: Instrument, code: str, problem: str) -> Denial:
    valid = " or ".join(plain(each) for each in nearest(instrument, order.quantity))
    remedy = f"send {valid}" if valid else "its rules leave no valid quantity"
    return Denial(
        code=code,
        message=f"the quantity {plain(order.quantity)} of {order.symbol} {problem}; {remedy}",
        limit=f"{valid} {unit(instrument) or ''}".strip() if valid else None,
        value=amount(order.quantity, unit(instrument)),
    )


def _too_small(order: Order, instrument: Instrument, least: Decimal, value: Decimal) -> Denial:
    enough = _enough(order, instrument, least, value)
    return Denial(
        code="MIN_NOTIONAL",
        message=f"the order is worth {amount(value, instrument.quote)}, below the minimum of "
        f"{amount(least, instrument.quote)} of {order.symbol}; "
        + (f"send at least {amount(enough, unit(instrument))}" if enough else "its rules leave no valid quantity"),
        limit=amount(least, instrument.quote),
        value=amount(value, instrument.quote),
    )


def _enough(order: Order, instrument: Instrument, least: Decimal, value: Decimal) -> Decimal | None:
    """The smallest valid quantity that is worth the minimum; None when the maximum lies below it."""
    if value <= 0:
        return None
    enough = instrument.quantity_up(_UP.divide(least * order.quantity, value))
    return None if instrument.max_quantity is not None and enough > instrument.max_quantity else enough
