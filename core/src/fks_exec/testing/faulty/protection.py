# SPDX-License-Identifier: MIT
"""Protective orders at the venue: what it takes, what it links, how attached ones keep in step with their position."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from attrs import evolve

from ...errors import VenueRejected
from ...model.account import Protection, ProtectionKind
from ...model.market import Instrument
from ...model.numbers import ZERO
from ...model.orders import Order, OrderChange, OrderType, Side
from ...model.results import Fill, Status
from .book import Book
from .holdings import position_id
from .placed import STOP, TARGET, PlacedOrder


class Legs:
    """The protective orders of a venue.

    Args:
        book: where they stand.
        kinds: how the venue serves stops and targets.
        instrument: the rules of each symbol.
        place: puts a checked order into the book and lets the market have it.
        tell: publishes where an order stands.
    """

    def __init__(
        self,
        book: Book,
        kinds: frozenset[ProtectionKind],
        instrument: Callable[[str], Instrument],
        place: Callable[[PlacedOrder], None],
        tell: Callable[[PlacedOrder], None],
    ) -> None:
        self.kinds: frozenset[ProtectionKind] = kinds
        self._book = book
        self._instrument = instrument
        self._place = place
        self._tell = tell
        self._attached: list[PlacedOrder] = []

    def make(self, protection: Protection, name: str, account: str, time: int, *, resting: bool) -> list[PlacedOrder]:
        """The orders of one call, the one that the sender named first; not in the book yet.

        Raises:
            VenueRejected: the venue does not serve this.
        """
        if not self.kinds - {"attached"} or (protection.target_price is not None and "oco" not in self.kinds):
            raise VenueRejected("this venue does not place protective orders so", code="UNSUPPORTED")
        if protection.role == TARGET and self.kinds <= {"attached", "stop_only"}:
            raise VenueRejected("this venue takes stops only", code="UNSUPPORTED")
        if protection.role == TARGET and protection.limit_price is not None:
            raise VenueRejected("a target is a limit order at its trigger price; it has no other", code="UNSUPPORTED")
        ticket = self._book.holdings.ticket(protection.side, True)
        if protection.position_id not in (None, position_id(protection.symbol, ticket)):
            raise VenueRejected(f"there is no such position for a {protection.side} order to close", code="POSITION")
        more: dict[str, Any] = {"entry": protection.entry, "position_id": protection.position_id, "resting": resting}
        head = self._leg(protection.role, protection.trigger_price, protection, name, account, time, **more)
        if protection.target_price is not None:
            head.legs.append(self._leg(TARGET, protection.target_price, protection, "", account, time, parent=head, **more))
        return [head, *head.legs]

    def _leg(self, role: str, price: Decimal, like: Protection, name: str, account: str, time: int, **more: Any) -> PlacedOrder:
        limit = like.limit_price if role == STOP else None
        order = self._order(role, like.symbol, like.side, like.quantity, price, limit)
        return self._book.make(order, name, account, time, role=role, **more)

    def _order(
        self, role: str, symbol: str, side: Side, quantity: Decimal, price: Decimal, limit: Decimal | None = None
    ) -> Order:
        kind = OrderType.LIMIT if role == TARGET else OrderType.STOP if limit is None else OrderType.STOP_LIMIT
        return Order(
            symbol=symbol,
            side=side,
            quantity=quantity,
            order_type=kind,
            price=price if role == TARGET else limit,
            stop_price=None if role == TARGET else price,
            reduce_only=self._book.enforce_reduce_only,
        )

    def check(self, leg: PlacedOrder) -> None:
        """What the venue asks of a protective order.

        Raises:
            VenueRejected: off the grid, too small, or its price lies beyond the market.
        """
        self._check_quantity(leg)
        self._check_prices(leg)

    def _check_quantity(self, leg: PlacedOrder) -> None:
        order, rules = leg.order, self._instrument(leg.order.symbol)
        if rules.min_quantity is not None and order.quantity < rules.min_quantity:
            raise VenueRejected(f"{order.quantity} is less than {rules.min_quantity}", code="MIN_QUANTITY")
        if rules.quantity_down(order.quantity) != order.quantity:
            raise VenueRejected(f"{order.quantity} is no valid quantity", code="QUANTITY")

    def _check_prices(self, leg: PlacedOrder) -> None:
        order, rules = leg.order, self._instrument(leg.order.symbol)
        if not all(rules.price_on_tick(price) for price in (order.price, order.stop_price) if price is not None):
            raise VenueRejected("a price is not on the tick", code="TICK")
        beyond = (self._book.market.price_for(order.symbol, order.side) - (leg.trigger_price or ZERO)) * order.side.sign >= 0
        if leg.role == STOP and not leg.triggered and beyond:
            raise VenueRejected("the market is beyond the stop already", code="STOP_TRIGGERED")
        if leg.role == TARGET and (leg.parent is not None) and self._book.market_price(leg) is not None:
            raise VenueRejected("the market is beyond the target already", code="TARGET_TRIGGERED")

    def check_entry(self, placed: PlacedOrder) -> None:
        """What the venue asks of the prices that an entry carries.

        Raises:
            VenueRejected: one of them would trigger at the price of the entry.
        """
        order = placed.order
        if "attached" not in self.kinds:
            return
        market = self._book.market.price_for(order.symbol, order.side.opposite)
        price, sign = order.price or order.stop_price or market, order.side.sign
        if order.stop_loss is not None and (price - order.stop_loss) * sign <= 0:
            raise VenueRejected("the stop would trigger at once", code="STOP_TRIGGERED")
        if order.take_profit is not None and (order.take_profit - price) * sign <= 0:
            raise VenueRejected("the target would trigger at once", code="TARGET_TRIGGERED")

    def filled(self, placed: PlacedOrder, fill: Fill) -> None:
        """An order has traded: what is attached to it grows, what is linked with it gives way, others follow the position."""
        if placed.role:
            self._give_way(placed, fill.quantity)
        elif "attached" in self.kinds:
            for role, price in ((STOP, placed.order.stop_loss), (TARGET, placed.order.take_profit)):
                if price is not None:
                    self._grow(placed, role, price, self._book.net(fill))
        self.follow(placed.order.symbol)

    def _grow(self, entry: PlacedOrder, role: str, price: Decimal, quantity: Decimal) -> None:
        leg = next((leg for leg in reversed(entry.legs) if leg.role == role), None)
        if leg is not None and leg.open:
            leg.order = evolve(leg.order, quantity=leg.order.quantity + quantity)
        elif leg is None or leg.status is Status.FILLED:
            self._attach(entry, role, price, quantity)

    def _attach(self, entry: PlacedOrder, role: str, price: Decimal, quantity: Decimal) -> None:
        order = self._order(role, entry.order.symbol, entry.order.side.opposite, quantity, price)
        leg = self._book.make(order, "", entry.account, entry.time, role=role, parent=entry)
        entry.legs.append(leg)
        if entry.refuses_legs:
            leg.status = Status.REJECTED
            return
        self._attached.append(leg)
        self._place(leg)

    def _give_way(self, leg: PlacedOrder, quantity: Decimal) -> None:
        """Its siblings shrink by what it filled; when it is filled they are cancelled."""
        if (leg.parent or leg).loose:
            return
        for other in leg.siblings:
            if other.open:
                self._leave(other, other.remaining - quantity if leg.open else ZERO)

    def _leave(self, leg: PlacedOrder, remaining: Decimal) -> None:
        """So much of it stays; of nothing it is cancelled."""
        if remaining > 0:
            leg.order = evolve(leg.order, quantity=leg.filled + remaining)
        else:
            leg.status = Status.CANCELED

    def catch_up(self, head: PlacedOrder) -> None:
        """The loose links of an order take effect at last, and that is published."""
        head.loose = False
        for leg in [head, *head.legs]:
            if leg.role and leg.status is Status.FILLED:
                self._give_way(leg, leg.filled)
                self._tell(leg)

    def vanish(self, placed: PlacedOrder) -> None:
        """A protective order, or what is attached to an entry, is gone as if it had never been."""
        for leg in [leg for leg in (placed, *placed.legs) if leg.role]:
            self._book.remove(leg)
            leg.status = Status.CANCELED
        placed.legs.clear()
        if not placed.role:
            placed.order = evolve(placed.order, stop_loss=None, take_profit=None)

    def follow(self, symbol: str) -> None:
        """Attached orders never stand for more than there is to close; the newest give way first."""
        self._attached = [leg for leg in self._attached if leg.open]
        room = {(role, side): self._book.holdings.reducible(symbol, side) for role in (STOP, TARGET) for side in Side}
        for leg in [leg for leg in self._attached if leg.order.symbol == symbol]:
            left = room[leg.role, leg.order.side]
            room[leg.role, leg.order.side] = max(ZERO, left - leg.remaining)
            if leg.open and leg.remaining > left and not (leg.parent and leg.parent.loose):
                self._leave(leg, left)
                self._tell(leg)

    def ended(self, placed: PlacedOrder) -> None:
        """An order was cancelled: of two that were placed in one call the other goes with it; an attached one is alone."""
        for other in placed.siblings:
            if other.open and not other.attached:
                other.status = Status.CANCELED

    def move(self, placed: PlacedOrder, change: OrderChange) -> None:
        """Change the prices of what is attached to an order, or linked with it.

        Raises:
            VenueRejected: there is nothing of the kind, or the market is beyond the price already.
        """
        for role, price in ((STOP, change.stop_loss), (TARGET, change.take_profit)):
            if price is not None:
                self._move(placed, role, price)

    def _move(self, placed: PlacedOrder, role: str, price: Decimal) -> None:
        legs = [leg for leg in placed.legs if leg.role == role and leg.open]
        if not legs and not (placed.open and "attached" in self.kinds and not placed.role):
            raise VenueRejected(f"there is no {role} to move", code="NOT_OPEN")
        for leg in legs:
            self.reprice(leg, evolve(leg.order, price=price) if role == TARGET else evolve(leg.order, stop_price=price))
        if not placed.role:
            order = placed.order
            placed.order = evolve(order, take_profit=price) if role == TARGET else evolve(order, stop_loss=price)

    def reprice(self, leg: PlacedOrder, order: Order) -> None:
        """Change a protective order; one that was placed with it in one call keeps the same quantity.

        Raises:
            VenueRejected: the venue's rules do not allow it; the caller puts back what was.
        """
        before, leg.order = leg.order, order
        self._check_prices(leg)
        if order.quantity != before.quantity:
            self._check_quantity(leg)
            for other in leg.siblings:
                if other.open and not other.attached:
                    self._leave(other, leg.remaining)
