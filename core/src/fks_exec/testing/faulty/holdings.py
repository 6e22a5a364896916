# SPDX-License-Identifier: MIT
"""What the venue's account holds: one position per instrument, or a long and a short side by side."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal, TypeAlias, get_args

from attrs import Factory, define

from ...model.account import Position
from ...model.numbers import ZERO
from ...model.orders import Side

Ticket: TypeAlias = Literal["", "long", "short"]
"""Which of an instrument's positions is meant; empty where there is but one."""

TICKETS: tuple[Ticket, ...] = get_args(Ticket)


@define(kw_only=True, eq=False)
class Holding:
    """One position.

    Args:
        quantity: signed, base units or contracts.
        average: of the entries, quote currency.
        realized: profit, quote currency.
    """

    quantity: Decimal = ZERO
    average: Decimal = ZERO
    realized: Decimal = ZERO

    def trade(self, change: Decimal, price: Decimal) -> Decimal:
        """Book a signed quantity; returns the profit that it realizes, in quote currency."""
        before, after = self.quantity, self.quantity + change
        closed = min(abs(before), abs(change)) if before * change < 0 else ZERO
        profit = closed * (price - self.average) * (1 if before > 0 else -1)
        if before * change >= 0 and after:
            self.average = (abs(before) * self.average + abs(change) * price) / abs(after)
        elif before * after <= 0:
            self.average = price if after else ZERO
        self.quantity = after
        self.realized += profit
        return profit


@define(kw_only=True, eq=False)
class Holdings:
    """All positions of the account.

    Args:
        hedging: a long and a short of one instrument stand side by side, each with a ticket of its own.
    """

    hedging: bool = False
    _all: dict[tuple[str, Ticket], Holding] = Factory(dict)

    def ticket(self, side: Side, closing: bool) -> Ticket:
        """Which position an order of a side trades."""
        if not self.hedging:
            return ""
        return "long" if (side is Side.BUY) is not closing else "short"

    def trade(self, symbol: str, ticket: Ticket, change: Decimal, price: Decimal) -> Decimal:
        """Change a position by a signed quantity; the profit that it realizes, in quote currency."""
        return self._all.setdefault((symbol, ticket), Holding()).trade(change, price)

    def parts(self, symbol: str, change: Decimal) -> Iterator[tuple[Ticket, Decimal]]:
        """A change by hand: what stands on the other side is closed first, the rest opens."""
        side = Side.BUY if change > 0 else Side.SELL
        against = abs(self.quantity(symbol, self.ticket(side, True))) if self.hedging else ZERO
        closed = min(against, abs(change))
        yield from [(self.ticket(side, True), closed * side.sign)] if closed else []
        yield from [(self.ticket(side, False), change - closed * side.sign)] if abs(change) > closed else []

    def quantity(self, symbol: str, ticket: Ticket | None = None) -> Decimal:
        """Signed, base units or contracts; None: of all tickets together."""
        found = (self._all.get((symbol, kind)) for kind in (TICKETS if ticket is None else (ticket,)))
        return sum((holding.quantity for holding in found if holding is not None), ZERO)

    def reducible(self, symbol: str, side: Side) -> Decimal:
        """How much an order of a side can close at most."""
        return max(ZERO, -self.quantity(symbol, self.ticket(side, True)) * side.sign)

    def items(self) -> list[tuple[str, Holding]]:
        """What is not flat, by symbol."""
        return [(symbol, holding) for (symbol, _), holding in self._all.items() if holding.quantity]

    def positions(self) -> list[Position]:
        """What is not flat."""
        return [
            Position(
                symbol=symbol,
                quantity=holding.quantity,
                average_price=holding.average,
                realized_pnl=holding.realized,
                position_id=position_id(symbol, ticket),
            )
            for (symbol, ticket), holding in self._all.items()
            if holding.quantity
        ]


def position_id(symbol: str, ticket: Ticket) -> str | None:
    """The venue's name of a position; None where an instrument has but one."""
    return f"{symbol}:{ticket}" if ticket else None
