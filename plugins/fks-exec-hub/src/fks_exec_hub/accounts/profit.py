# SPDX-License-Identifier: MIT
"""A position after fills and fees, and what it has brought and would bring: linear and inverse contracts, spot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext

from attrs import evolve

from fks_exec.model.account import Position
from fks_exec.model.market import Instrument, Kind, MarketData
from fks_exec.model.numbers import ZERO
from fks_exec.model.orders import Side
from fks_exec.model.results import Fill

from ..money import EXACT, rounded

_FINEST = Decimal("1e-20")


def after(position: Position, fills: Sequence[Fill], fees: Mapping[str, Decimal], instrument: Instrument | None) -> Position:
    """A position after some fills, each with its side, and after fees by currency."""
    for fill in fills:
        position = after_fill(position, fill, instrument)
    return after_fees(position, fees, instrument)


def after_fill(position: Position, fill: Fill, instrument: Instrument | None = None) -> Position:
    """A position after one fill, with its side; fees apart.

    Args:
        instrument: None: its rules are not known; profit is counted as of spot.
    """
    if fill.side is None:
        raise ValueError("a fill needs its side to be booked")
    change = fill.quantity * fill.side.sign
    before, after = position.quantity, position.quantity + change
    inverse = instrument is not None and instrument.kind is Kind.INVERSE
    average = _average(position, before, after, change, fill.price, inverse=inverse)
    closed = min(abs(before), fill.quantity).copy_sign(before) if before * change < 0 else ZERO
    brought = profit(instrument, closed, position.average_price, fill.price) if closed else None
    return evolve(position, quantity=after, average_price=average, realized_pnl=_plus(position.realized_pnl, brought))


def after_fees(position: Position, fees: Mapping[str, Decimal], instrument: Instrument | None) -> Position:
    """A position after fees by currency.

    On spot, what was paid in the base currency makes the quantity smaller, and what that cost stays in the average price. What
    was paid in the currency of profit is taken from the profit. A fee in a third currency is in neither.
    """
    if instrument is None:
        return position
    base = instrument.base if instrument.kind is Kind.SPOT else None
    if base is not None and (paid := fees.get(base, ZERO)):
        position = _less(position, paid)
    settle = instrument.settle_currency
    if settle is not None and settle != base and (paid := fees.get(settle, ZERO)):
        position = evolve(position, realized_pnl=_plus(position.realized_pnl, -paid))
    return position


def _less(position: Position, paid: Decimal) -> Position:
    before, left, average = position.quantity, position.quantity - paid, position.average_price
    if average is None or before * left < 0:
        return evolve(position, quantity=left, average_price=average if left else None)
    if not left:
        return evolve(
            position,
            quantity=left,
            average_price=None,
            realized_pnl=_plus(position.realized_pnl, EXACT.multiply(-before, average)),
        )
    return evolve(position, quantity=left, average_price=rounded(EXACT.divide(EXACT.multiply(average, before), left)))


def _average(
    position: Position, before: Decimal, after: Decimal, change: Decimal, price: Decimal, *, inverse: bool
) -> Decimal | None:
    """Of the entries, by quantity; of inverse contracts the harmonic mean: they are worth their size divided by the price."""
    average = position.average_price
    if not after:
        return None
    if before * after < 0 or not before:
        return price
    if abs(after) < abs(before) or average is None:
        return average
    with localcontext(EXACT):
        if inverse and average > 0 and price > 0:
            return rounded(after / (before / average + change / price))
        return rounded((average * before + price * change) / after)


def profit(instrument: Instrument | None, quantity: Decimal, entry: Decimal | None, exit_: Decimal) -> Decimal | None:
    """What a quantity brings that was entered at one price and is left at another, in the instrument's settle currency.

    Linear and spot: quantity x contract size x (exit - entry). Inverse: quantity x contract size x (1/entry - 1/exit).

    Args:
        quantity: signed, base units or contracts.

    Returns:
        None where it is not known: a price is missing, or the instrument settles in a third currency.
    """
    if not entry or not exit_ or (instrument is not None and not _own_currency(instrument)):
        return None
    with localcontext(EXACT):
        brought = quantity * (exit_ - entry)
        if instrument is None:
            return amount(brought)
        inverse = instrument.kind is Kind.INVERSE
        return amount(brought * instrument.contract_size / (entry * exit_ if inverse else 1))


def open_profit(position: Position, quote: MarketData | None, instrument: Instrument | None) -> Decimal | None:
    """What closing a position at a quote would bring before fees, in the settle currency.

    A long is closed at the bid, a short at the ask.

    Returns:
        None where that side of the quote is missing.
    """
    side = Side.SELL if position.quantity > 0 else Side.BUY
    price = None if quote is None else quote.price_for(side)
    if not position.quantity or price is None:
        return None if position.quantity else ZERO
    return profit(instrument, position.quantity, position.average_price, price)


def _own_currency(instrument: Instrument) -> bool:
    """Whether profit arises in the settle currency; that of a quanto arises in another."""
    own = instrument.base if instrument.kind is Kind.INVERSE else instrument.quote
    return own is None or own == instrument.settle_currency


def amount(value: Decimal) -> Decimal:
    """An amount of money to 20 places: a text that can be read back."""
    exact = EXACT.quantize(value, _FINEST)
    return EXACT.quantize(exact, Decimal(1)) if exact == exact.to_integral_value() else EXACT.normalize(exact)


def _plus(before: Decimal | None, more: Decimal | None) -> Decimal | None:
    return before if more is None else amount(EXACT.add(before or ZERO, more))
