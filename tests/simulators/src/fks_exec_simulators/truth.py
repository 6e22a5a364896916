# SPDX-License-Identifier: MIT
"""What happened at the simulated venue, trade by trade: whose each was, and what was held before and after it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from attrs import Factory, define, frozen

from fks_exec.testing import FaultyVenue, PlacedOrder
from fks_exec_hub.exits.family import EXCESS, EXIT, FAILURE, parent_of, role_of

ZERO = Decimal(0)
STOPS = ("stop", "stop_limit")


@frozen
class Trade:
    """One trade of ours.

    Args:
        placed: the order.
        change: signed, net of what was paid of it as a fee.
        before: what the venue held then, of the same ticket.
        ours: what our own trades had built up by then, of the same ticket.
    """

    placed: PlacedOrder
    change: Decimal
    before: Decimal
    ours: Decimal

    def shrinks(self, held: Decimal) -> bool:
        """Whether it brings this nearer to zero, and not beyond."""
        return held * self.change < 0 and held * (held + self.change) >= 0

    def __str__(self) -> str:
        name = self.placed.order.client_order_id or f"{self.placed.role} of {self.placed.entry}"
        return f"{name} {self.placed.order_id}: {self.change:+} on {self.before}, {self.ours} of it ours"


class _Kept(list[PlacedOrder]):
    """The venue's orders, and those that it has lost."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[PlacedOrder] = []

    def append(self, placed: PlacedOrder) -> None:
        super().append(placed)
        self.all.append(placed)


@define(eq=False)
class Truth:
    """Replays what a venue did.

    Args:
        venue: new; nothing was placed there yet.
    """

    venue: FaultyVenue
    hands: list[tuple[int, str, str, Decimal]] = Factory(list)
    _kept: _Kept = Factory(_Kept)
    _least: dict[str, Decimal] = Factory(dict)

    def __attrs_post_init__(self) -> None:
        self.venue.exchange.floor.book.orders = self._kept

    @property
    def placed(self) -> list[PlacedOrder]:
        """All orders that were ever in the book."""
        return self._kept.all

    def by_hand(self, symbol: str, change: Decimal) -> None:
        """Somebody else trades in the account; with hedging that closes first."""
        holdings = self.venue.exchange.floor.book.holdings
        for ticket, part in list(holdings.parts(symbol, change)):
            self.hands.append((self._last(), symbol, ticket, part))
        self.venue.adjust_position(symbol, change)
        for placed in self.placed:
            name = placed.order.client_order_id
            if name and placed.order.symbol == symbol and any(leg.attached for leg in placed.legs):
                self._least[name] = min(self.held_for(name), self._least.get(name, placed.order.quantity))

    def _last(self) -> int:
        return max((_number(fill) for placed in self.placed for fill in placed.fills), default=0)

    def net(self, fill: Any) -> Decimal:
        """What a trade brought, without a fee in the base currency."""
        return self.venue.exchange.floor.book.net(fill)

    def trades(self) -> Iterator[Trade]:
        """All of ours, in the order in which they happened."""
        held: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        ours: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        hands = list(self.hands)
        found = [(_number(fill), placed, fill) for placed in self.placed for fill in placed.fills if not placed.foreign]
        for number, placed, fill in sorted(found, key=lambda each: each[0]):
            while hands and hands[0][0] < number:
                _, symbol, ticket, change = hands.pop(0)
                held[symbol, ticket] += change
            place = placed.order.symbol, self.ticket(placed)
            change = self.net(fill) * placed.order.side.sign
            yield Trade(placed, change, held[place], ours[place])
            held[place] += change
            ours[place] += change

    def ticket(self, placed: PlacedOrder) -> str:
        """Which of an instrument's positions an order trades."""
        book, order = self.venue.exchange.floor.book, placed.order
        closing = order.reduce_only or bool(placed.role) or bool(placed.position_id or order.options.get("position_id"))
        return book.holdings.ticket(order.side, closing)

    def built(self, symbol: str) -> dict[str, Decimal]:
        """What our own trades built up of an instrument, by ticket, signed."""
        built: dict[str, Decimal] = defaultdict(Decimal)
        for trade in self.trades():
            if trade.placed.order.symbol == symbol:
                built[self.ticket(trade.placed)] += trade.change
        return built

    def by_others(self, symbol: str) -> Decimal:
        """What others built up of an instrument, signed."""
        return sum((change for _, name, _, change in self.hands if name == symbol), ZERO)

    def family(self, entry: str) -> list[PlacedOrder]:
        """The orders that were placed for an entry: legs, and what the hub made to close it."""
        made = (FAILURE, EXCESS, EXIT)
        return [placed for placed in self.placed if placed.belongs_to(entry) or _role(placed, entry) in made]

    def stands(self, entry: str) -> Decimal:
        """How much of an entry was filled and not closed by what was placed for it; base units or contracts."""
        stands = ZERO
        for placed in self.placed:
            if placed.order.client_order_id == entry and not placed.role:
                stands += sum((self.net(fill) for fill in placed.fills), ZERO)
        for placed in self.family(entry):
            stands += placed.filled if _role(placed, entry) == EXCESS else -placed.filled
        return stands

    def held_for(self, entry: str) -> Decimal:
        """How much the venue holds on an entry's side: no stop can cover more, whatever its strategy counts as its own.

        What somebody else sold is gone from the stop that the venue attached, also when he buys it back.
        """
        order = next(placed.order for placed in self.placed if placed.order.client_order_id == entry)
        held = self.venue.exchange.floor.book.holdings.reducible(order.symbol, order.side.opposite)
        return min(held, self._least.get(entry, held))

    def stopped(self, entry: str) -> Decimal:
        """How much of an entry is under stops that rest at the venue; base units or contracts."""
        stops = [placed for placed in self.venue.legs(entry) if placed.open and placed.order.order_type in STOPS]
        return sum((placed.remaining for placed in stops), ZERO)


def _role(placed: PlacedOrder, entry: str) -> str:
    name = placed.order.client_order_id or ""
    return role_of(name) if parent_of(name) == entry else ""


def _number(fill: Any) -> int:
    return int(fill.trade_id.lstrip("T"))
