# SPDX-License-Identifier: MIT
"""One order in the venue's book, with the protective orders that belong to it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from attrs import Factory, define

from ...model.copying import changed
from ...model.events import OrderUpdate
from ...model.numbers import ZERO
from ...model.orders import Order, OrderRef
from ...model.results import ExecutionResult, Fill, Leg, Status

STOP = "stop_loss"
TARGET = "take_profit"


@define(kw_only=True, eq=False)
class PlacedOrder:
    """One order in the book.

    Args:
        order_id: the venue's own.
        venue_client_order_id: what the sender called it; several orders may have the same.
        account: whose it is; empty: somebody else's.
        order: as asked, and as amended since.
        time: when it was placed, epoch milliseconds.
        status: where it stands.
        fills: its executions.
        resting: the market does not touch it; it fills by hand only.
        hidden_looks: how many look-ups still do not find it.
        hidden_until: not found before, in seconds on the monotonic clock.
        repeats: how often each of its updates is published.
        role: ``stop_loss`` or ``take_profit`` of a protective order; empty for others.
        entry: what the sender said that it protects.
        position_id: the venue's ticket that it closes, where it was named.
        parent: the order with which it was placed in one call, and under whose names its changes are published.
        legs: the protective orders that were placed with it.
        refuses_legs: what is attached to it is refused when its turn comes.
        loose: when one of its linked orders fills, the other is cancelled only when the script says so.
        triggered: the market has reached its trigger price.
    """

    order_id: str
    venue_client_order_id: str
    account: str
    order: Order
    time: int
    status: Status = Status.ACCEPTED
    fills: list[Fill] = Factory(list)
    resting: bool = False
    hidden_looks: int = 0
    hidden_until: float = 0.0
    repeats: int = 1
    role: str = ""
    entry: OrderRef | None = None
    position_id: str | None = None
    parent: PlacedOrder | None = None
    legs: list[PlacedOrder] = Factory(list)
    refuses_legs: bool = False
    loose: bool = False
    triggered: bool = False

    @property
    def foreign(self) -> bool:
        """Whether no account of ours placed it."""
        return not self.account

    @property
    def open(self) -> bool:
        """Whether it may still fill."""
        return not self.status.terminal

    @property
    def filled(self) -> Decimal:
        """Base units or contracts."""
        return sum((fill.quantity for fill in self.fills), ZERO)

    @property
    def remaining(self) -> Decimal:
        """Base units or contracts."""
        return self.order.quantity - self.filled

    @property
    def trigger_price(self) -> Decimal | None:
        """Of a stop its trigger, of a target its limit; quote currency."""
        return self.order.stop_price or self.order.price

    @property
    def attached(self) -> bool:
        """Whether it came with an entry, which is not protective itself; the venue keeps it in step with the position."""
        return self.parent is not None and not self.parent.role

    @property
    def siblings(self) -> list[PlacedOrder]:
        """The orders that are linked with it; one fills, the others are cancelled."""
        head = self if self.parent is None else self.parent
        family = [head, *head.legs] if head.role else head.legs
        return [other for other in family if self.role and other is not self]

    @property
    def ref(self) -> OrderRef:
        """Its names."""
        return OrderRef(
            client_order_id=self.order.client_order_id,
            venue_client_order_id=self.venue_client_order_id or None,
            order_id=self.order_id,
            symbol=self.order.symbol,
            submitted_at=self.time,
        )

    @property
    def result(self) -> ExecutionResult:
        """Its whole state, that of its legs included."""
        filled = self.filled
        paid = sum((fill.quantity * fill.price for fill in self.fills), ZERO)
        return ExecutionResult(
            status=self.status,
            order_id=self.order_id,
            filled_quantity=filled,
            average_price=paid / filled if filled else None,
            fills=[*self.fills, *self._leg_fills()],
            legs=[leg.as_leg for leg in self.legs],
        )

    def _leg_fills(self) -> Iterator[Fill]:
        for leg in self.legs:
            yield from (changed(fill, leg=leg.role) for fill in leg.fills)

    @property
    def as_leg(self) -> Leg:
        """What its parent's result tells of it."""
        return Leg(
            role=self.role,
            status=self.status,
            order_id=self.order_id,
            trigger_price=self.trigger_price,
            quantity=self.order.quantity,
            filled_quantity=self.filled,
        )

    @property
    def update(self) -> OrderUpdate:
        """It, as a list of open orders shows it."""
        return OrderUpdate(ref=self.ref, result=self.result)

    @property
    def news(self) -> OrderUpdate:
        """What the venue would publish of it now; of a leg, its parent's state."""
        if self.parent is None:
            return self.update
        return OrderUpdate(ref=self.parent.ref, result=self.parent.result, leg=self.role)

    def belongs_to(self, name: str) -> bool:
        """Whether it is a protective order of an order of that name, given by the caller, the sender or the venue."""
        if not self.role:
            return False
        refs = [self.entry] if self.parent is None else [self.entry, self.parent.ref, self.parent.entry]
        return any(ref and name in (ref.client_order_id, ref.venue_client_order_id, ref.order_id) for ref in refs)
