# SPDX-License-Identifier: MIT
"""What the denials of several guards share: amounts as texts, and the denials for want of something to judge by."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

from fks_exec import AccountState, Denial, Instrument, Kind, Order, Side
from fks_exec.codes import denial
from fks_exec.model.numbers import plain

from .valuation import account_currency, notional_currency

NO_QUOTE = denial(
    "The guard needs a quote that is not there, or whose side is missing or not above zero.",
    "Send it again when the market is quoted.",
)
NO_EQUITY = denial(
    "The account's equity is not known, too old, or not above zero.",
    "Wait for the venue's balance, or configure the account's capital.",
)
NO_CONVERSION = denial(
    "What the order is worth and the account's limits are in different currencies, with no fresh rate between them.",
    "List an instrument that quotes the one in the other under conversions, or trade what settles in the account's currency.",
)
NO_INSTRUMENT = denial(
    "The instrument's rules are not known, so that the order cannot be valued.",
    "Take the guard off the list where the venue tells no rules, or ask the plugin's author for them.",
)

_DOWN = Context(prec=16, rounding=ROUND_FLOOR)
_UP = Context(prec=16, rounding=ROUND_CEILING)


def amount(value: Decimal, unit: str | None) -> str:
    """A number with its unit, as a person writes it."""
    return f"{plain(value)} {unit}" if unit else plain(value)


def allowed(value: Decimal, unit: str | None) -> str:
    """A limit, to 16 digits; rounded down, so that what exceeds it never looks the same."""
    return amount(_DOWN.plus(value), unit)


def reached(value: Decimal, unit: str | None) -> str:
    """What exceeds a limit, to 16 digits; rounded up."""
    return amount(_UP.plus(value), unit)


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


def no_instrument(order: Order) -> Denial:
    """The denial for want of the instrument's rules."""
    message = f"the rules of {order.symbol} are not known, so the order cannot be valued; the venue must tell them"
    return Denial(code="NO_INSTRUMENT", message=message)


def no_equity(account: AccountState) -> Denial:
    """The denial for want of an equity that a percentage can be taken of."""
    if account.equity is None:
        problem = "the account's equity is not known, or too old"
    else:
        problem = f"the account's equity is {amount(account.equity, account.currency)}, nothing to measure an order by"
    return Denial(code="NO_EQUITY", message=f"{problem}; wait for the venue's balance, or configure the account's capital")


def no_conversion(instrument: Instrument, account: AccountState) -> Denial:
    """The denial for want of a rate from the currency of the instrument's worth to the account's."""
    own, wanted = notional_currency(instrument), account_currency(instrument, account)
    if own is None:
        remedy = "trade what settles in the currency in which it is quoted, or take the guard off the list"
    else:
        remedy = f"list an instrument that quotes {own} in {wanted}, or the reverse, under the account's conversions"
    return Denial(
        code="NO_CONVERSION",
        message=f"{instrument.symbol} is worth {own or 'an unknown currency'} and the account's limits are counted in "
        f"{wanted or 'another one'}, and there is no fresh rate between them; {remedy}",
        limit=wanted,
        value=own,
    )
