# SPDX-License-Identifier: MIT
"""What the venue remembers: an order with its legs (PaperOrder, PaperLeg), and what is held (Holding).

These records are also what stands in the state file.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import define, evolve, field
from attrs.setters import NO_OP

from fks_exec import Fill, Order, OrderType, Side, Status

ZERO = Decimal(0)


def _status(value: Status | str) -> Status:
    return Status(value)


@define(kw_only=True)
class PaperLeg:
    """A protective order that came with another: attached to an entry, ``pending`` until that fills, or linked to a stop.

    Args:
        role: ``stop_loss`` or ``take_profit``.
        quantity: base units, what it has filled included; at most so much is closed, and never more than is held.
        trigger_price: quote currency.
        triggered: a stop whose price was reached; what is left of it goes on at the market.
    """

    role: str
    order_id: str
    quantity: Decimal
    trigger_price: Decimal
    status: Status = field(default=Status.PENDING, converter=_status, on_setattr=NO_OP)
    triggered: bool = False

    @property
    def rests(self) -> bool:
        """It waits for its price, or for the rest of its quantity."""
        return self.status in (Status.ACCEPTED, Status.PARTIALLY_FILLED)


@define(kw_only=True)
class PaperOrder:
    """One order as the venue knows it.

    Args:
        number: grows with each order; time priority.
        created: epoch milliseconds.
        triggered: its stop price was reached.
        reserved_cash, reserved_base: what is set aside for it while it rests.
        code, error: why it ended before it was filled.
        covered: base units that its attached legs close at most: what it has filled, less fees in it, since there was
            something to close.
        role: ``stop_loss`` or ``take_profit`` of what was placed to protect a position; empty for all other orders.
        kind: the protection that the account had then.
    """

    order_id: str
    venue_client_order_id: str
    number: int
    created: int
    order: Order
    status: Status = field(default=Status.ACCEPTED, converter=_status, on_setattr=NO_OP)
    triggered: bool = False
    reserved_cash: Decimal = ZERO
    reserved_base: Decimal = ZERO
    fills: tuple[Fill, ...] = ()
    legs: tuple[PaperLeg, ...] = ()
    code: str | None = None
    error: str | None = None
    role: str = ""
    kind: str = ""
    covered: Decimal = ZERO

    def filled(self, role: str = "") -> Decimal:
        """What the order itself, or its leg of that role, has traded; base units."""
        return sum((fill.quantity for fill in self.fills if fill.leg == role), ZERO)

    @property
    def remaining(self) -> Decimal:
        """What of the order itself is still to be traded, base units."""
        return self.order.quantity - self.filled()

    @property
    def leg_side(self) -> Side:
        """Of its legs: those of an entry close what it opened, the target that is linked to a stop goes the stop's way."""
        return self.order.side if self.role else self.order.side.opposite

    @property
    def stays(self) -> bool:
        """It rests until it is cancelled or reached, also when the position that it was to close is gone."""
        return self.kind in ("reduce_only_pair", "stop_only")

    @property
    def waiting_for_stop(self) -> bool:
        """It rests until its stop price is reached."""
        return not self.triggered and self.order.order_type in (OrderType.STOP, OrderType.STOP_LIMIT)

    @property
    def limit(self) -> Decimal | None:
        """The price that it insists on; None: it takes what there is."""
        return self.order.price

    @property
    def at_market(self) -> bool:
        """A stop that was reached and is not done: it takes whatever is shown, at any price."""
        return self.triggered and self.order.price is None


@define(kw_only=True)
class Holding:
    """What is held of one instrument, or of one side of it.

    Args:
        ticket: ``long`` or ``short`` where both stand side by side; else empty.
        quantity: base units; negative is short.
        cost: quantity times average entry price, signed as the quantity; quote currency.
        realized: profit of what was closed, before fees; quote currency.
    """

    symbol: str
    ticket: str = ""
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realized: Decimal = ZERO

    @property
    def key(self) -> str:
        """Unique within the account; the symbol itself where there is one position per instrument."""
        return f"{self.symbol} {self.ticket}".rstrip()

    @property
    def average_price(self) -> Decimal | None:
        """Of the entries, quote currency; None when nothing is held."""
        return self.cost / self.quantity if self.quantity else None


def kept(order: Order) -> Order:
    """The order without what a venue never hears of."""
    if order.confidence is None and order.strategy is None and order.signal_time is None and not order.options:
        return order
    return evolve(order, confidence=None, strategy=None, signal_time=None, options={})
