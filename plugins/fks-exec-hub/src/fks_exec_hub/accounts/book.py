# SPDX-License-Identifier: MIT
"""The running totals of one account: positions by strategy from our own fills, and what our open orders may still do.

All totals are O(1): the cost of a decision does not grow with open orders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import define, evolve, frozen

from fks_exec.model.account import Position
from fks_exec.model.market import Instrument, Kind
from fks_exec.model.numbers import ZERO
from fks_exec.model.orders import Side
from fks_exec.model.results import Fill

from ..money import rounded


@define(eq=False)
class Token:
    """One reservation: what an order may still fill.

    Args:
        remaining: base units or contracts; goes down with fills, zero once released.
        reducing: the order only reduces what was held when it was decided.
        role: empty for an order of its own; ``stop_loss`` or ``take_profit`` for a leg, which is counted apart.
    """

    symbol: str
    side: Side
    remaining: Decimal
    reducing: bool
    role: str = ""


@frozen
class Totals:
    """What is held of one instrument, and what may come.

    Args:
        position: signed, all strategies.
        working_buy, working_sell: what our open orders may still buy and sell.
        open_orders: of the whole account.
    """

    position: Decimal = ZERO
    working_buy: Decimal = ZERO
    working_sell: Decimal = ZERO
    open_orders: int = 0


@define
class _Working:
    buy: Decimal = ZERO
    sell: Decimal = ZERO


class Book:
    """The totals of one account; every method is one synchronous step."""

    def __init__(self) -> None:
        self._holdings: dict[tuple[str, str], Position] = {}
        self._totals: dict[str, Decimal] = {}
        self._working: dict[str, _Working] = {}
        self._open_orders = 0

    def totals(self, symbol: str) -> Totals:
        """The totals of one instrument."""
        working = self._working.get(symbol)
        position = self._totals.get(symbol, ZERO)
        if working is None:
            return Totals(position, open_orders=self._open_orders)
        return Totals(position, working.buy, working.sell, self._open_orders)

    def reduces(self, symbol: str, side: Side, quantity: Decimal) -> bool:
        """Whether an order can only reduce the position, whatever our other open orders do first."""
        totals = self.totals(symbol)
        if side is Side.SELL:
            return quantity + totals.working_sell <= totals.position
        return quantity + totals.working_buy <= -totals.position

    def reserve(self, symbol: str, side: Side, quantity: Decimal, *, reducing: bool) -> Token:
        """Count what an order may do, from now on."""
        token = Token(symbol, side, ZERO, reducing)
        self._open_orders += 1
        self._count(token, quantity)
        return token

    def release(self, token: Token | None) -> None:
        """Give back what an order did not do; twice is the same as once."""
        if token is None or token.remaining < 0:
            return
        self._count(token, -token.remaining)
        self._open_orders -= 1
        token.remaining = Decimal(-1)

    def fill(self, token: Token | None, quantity: Decimal) -> None:
        """Part of a reservation has become position."""
        if token is not None and token.remaining > 0:
            self._count(token, -min(quantity, token.remaining))

    def _count(self, token: Token, change: Decimal) -> None:
        token.remaining += change
        working = self._working.setdefault(token.symbol, _Working())
        if token.side is Side.BUY:
            working.buy += change
        else:
            working.sell += change
        if not working.buy and not working.sell:
            del self._working[token.symbol]

    def position(self, symbol: str, strategy: str | None) -> Position:
        """What one strategy holds of an instrument."""
        held = self._holdings.get((symbol, strategy or ""))
        return held or Position(symbol=symbol, quantity=ZERO, strategy=strategy or None)

    def positions(self) -> list[Position]:
        """All that is not flat."""
        return [self._holdings[key] for key in sorted(self._holdings)]

    def totals_by_symbol(self) -> dict[str, Decimal]:
        """What is held, all strategies, of each instrument that is not flat."""
        return dict(self._totals)

    def store(self, position: Position) -> None:
        """Put a position in place of the last one of its instrument and strategy."""
        key = (position.symbol, position.strategy or "")
        before = self._holdings.get(key)
        change = position.quantity - (before.quantity if before else ZERO)
        total = self._totals.get(position.symbol, ZERO) + change
        if total:
            self._totals[position.symbol] = total
        else:
            self._totals.pop(position.symbol, None)
        if position.quantity:
            self._holdings[key] = position
        else:
            self._holdings.pop(key, None)


def after(position: Position, fills: Sequence[Fill], fees: Mapping[str, Decimal], instrument: Instrument | None) -> Position:
    """A position after some fills, each with its side, and after fees by currency."""
    for fill in fills:
        position = after_fill(position, fill)
    return after_fees(position, fees, instrument)


def after_fill(position: Position, fill: Fill) -> Position:
    """A position after one fill, with its side; fees apart."""
    if fill.side is None:
        raise ValueError("a fill needs its side to be booked")
    change = fill.quantity * fill.side.sign
    before, after = position.quantity, position.quantity + change
    average = _average(position, before, after, change, fill.price)
    return evolve(position, quantity=after, average_price=average)


def after_fees(position: Position, fees: Mapping[str, Decimal], instrument: Instrument | None) -> Position:
    """A position less what was paid in the base currency of a spot instrument."""
    base = instrument.base if instrument is not None and instrument.kind is Kind.SPOT else None
    paid = fees.get(base, ZERO) if base is not None else ZERO
    if not paid:
        return position
    left = position.quantity - paid
    return evolve(position, quantity=left, average_price=position.average_price if left else None)


def _average(position: Position, before: Decimal, after: Decimal, change: Decimal, price: Decimal) -> Decimal | None:
    if not after:
        return None
    if before * after < 0 or not before:
        return price
    if abs(after) < abs(before) or position.average_price is None:
        return position.average_price
    return rounded((position.average_price * before + price * change) / after)
