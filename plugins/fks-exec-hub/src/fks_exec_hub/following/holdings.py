# SPDX-License-Identifier: MIT
"""What our own orders built up beside what the venue holds, figure by figure. Nothing is asked and nothing is told here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Literal, TypeAlias

from attrs import frozen

from fks_exec.model.account import Balance, Position
from fks_exec.model.numbers import ZERO

from ..money import EXACT

Subject: TypeAlias = tuple[Literal["position", "balance"], str]
"""What is compared: the position in an instrument, or the balance of a currency."""

Marks: TypeAlias = tuple[tuple[str, int], ...]
"""How often the orders of each instrument concerned had changed."""


@frozen(kw_only=True)
class Pair:
    """Two figures for one thing.

    Args:
        ours, venues: signed; base units or contracts.
        marks: they belong to this state of our books.
    """

    subject: Subject
    ours: Decimal
    venues: Decimal
    marks: Marks

    @property
    def equal(self) -> bool:
        """Nothing to tell."""
        return self.ours == self.venues

    @property
    def extra(self) -> bool:
        """More of a currency than we bought: not ours, and no fault."""
        return self.subject[0] == "balance" and self.venues > self.ours

    @property
    def figures(self) -> tuple[Decimal, ...]:
        """What has to change for it to be told again: what is not ours stays the same while we trade."""
        with localcontext(EXACT):
            return (self.venues - self.ours,) if self.extra else (self.ours, self.venues)

    def above(self, percent: Decimal) -> bool:
        """Whether the difference is more than so many percent of our position; where we have none, it counts as 100."""
        if self.extra or self.equal:
            return False
        with localcontext(EXACT):
            return abs(self.venues - self.ours) * 100 > percent * abs(self.ours) if self.ours else percent < 100


@frozen(kw_only=True)
class Readings:
    """What both sides say at one time.

    Args:
        ours: by instrument, all strategies.
        positions, balances: the venue's; None: not told.
        bases: of our spot instruments whose holdings are balances; None for any other instrument; one that could not be
            asked for is missing.
    """

    ours: Mapping[str, Decimal]
    positions: Sequence[Position] | None
    balances: Sequence[Balance] | None
    bases: Mapping[str, str | None]


def pairs(readings: Readings, told: Iterable[Subject], mark: Callable[[str], int | None]) -> list[Pair]:
    """Everything that can be compared now, equal or not.

    Args:
        told: what did not agree before; that it agrees now is to be seen too.
        mark: how often the orders of an instrument have changed; None: it cannot be compared now.
    """
    before = frozenset(told)
    found: list[Pair] = []
    with localcontext(EXACT):
        for subject, symbols, ours, venues in (*_positions(readings, before), *_balances(readings, before)):
            marks = [(symbol, number) for symbol in sorted(symbols) if (number := mark(symbol)) is not None]
            if len(marks) == len(symbols):
                found.append(Pair(subject=subject, ours=ours, venues=venues, marks=tuple(marks)))
    return found


_Figures: TypeAlias = tuple[Subject, Sequence[str], Decimal, Decimal]


def _positions(readings: Readings, before: Iterable[Subject]) -> Iterator[_Figures]:
    """Several tickets of one instrument are one position."""
    if readings.positions is None:
        return
    held: dict[str, Decimal] = {}
    for position in readings.positions:
        held[position.symbol] = held.get(position.symbol, ZERO) + position.quantity
    ours = {symbol for symbol in readings.ours if symbol in readings.bases and readings.bases[symbol] is None}
    for symbol in sorted({*ours, *held, *(name for kind, name in before if kind == "position")}):
        yield ("position", symbol), [symbol], readings.ours.get(symbol, ZERO), held.get(symbol, ZERO)


def _balances(readings: Readings, before: Iterable[Subject]) -> Iterator[_Figures]:
    """What was bought on spot has to be there: of all instruments with the same base currency together."""
    if readings.balances is None:
        return
    symbols: dict[str, list[str]] = {name: [] for kind, name in before if kind == "balance"}
    for symbol, base in readings.bases.items():
        if base is not None:
            symbols.setdefault(base, []).append(symbol)
    for currency, concerned in sorted(symbols.items()):
        ours = sum((readings.ours.get(symbol, ZERO) for symbol in concerned), ZERO)
        venues = sum((balance.total for balance in readings.balances if balance.currency == currency), ZERO)
        yield ("balance", currency), concerned, ours, venues if ours > 0 else ours
