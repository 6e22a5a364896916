# SPDX-License-Identifier: MIT
"""What the venue remembers: an order with its legs (PaperOrder, PaperLeg), a Holding; and how it reports an order.

These records are also what stands in the state file.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import define, evolve, field
from attrs.setters import NO_OP

from fks_exec import ExecutionResult, Fee, Fill, Leg, Order, OrderRef, OrderType, OrderUpdate, Side, Status

ZERO = Decimal(0)


def _status(value: Status | str) -> Status:
    return Status(value)


@define(kw_only=True)
class PaperLeg:
    """A protective order that came with another: attached to an entry, ``pending`` until that fills, or linked to a stop.

    Args:
        role: ``stop_loss`` or ``take_profit``.
        quantity: base units; at most so much is closed, and never more than is held.
        trigger_price: quote currency.
    """

    role: str
    order_id: str
    quantity: Decimal
    trigger_price: Decimal
    status: Status = field(default=Status.PENDING, converter=_status, on_setattr=NO_OP)


@define(kw_only=True)
class PaperOrder:
    """One order as the venue knows it.

    Args:
        number: grows with each order; time priority.
        created: epoch milliseconds.
        triggered: its stop price was reached.
        reserved_cash, reserved_base: what is set aside for it while it rests.
        code, error: why it ended before it was filled.
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


def ref_of(entry: PaperOrder) -> OrderRef:
    """All names of an order."""
    return OrderRef(
        client_order_id=entry.order.client_order_id,
        venue_client_order_id=entry.venue_client_order_id,
        order_id=entry.order_id,
        symbol=entry.order.symbol,
        submitted_at=entry.created,
    )


def result_of(entry: PaperOrder) -> ExecutionResult:
    """The whole state of an order, its legs and their fills included."""
    own = tuple(fill for fill in entry.fills if not fill.leg)
    return ExecutionResult(
        status=entry.status,
        order_id=entry.order_id,
        client_order_id=entry.order.client_order_id,
        filled_quantity=sum((fill.quantity for fill in own), ZERO),
        average_price=own[0].price if own else None,  # an order fills at once, at one price
        error=entry.error,
        code=entry.code,
        fills=entry.fills,
        legs=tuple(_reported(leg) for leg in entry.legs),
        protected=_protected(entry),
        fees=_fees(entry.fills),
    )


def leg_result_of(entry: PaperOrder, leg: PaperLeg) -> ExecutionResult:
    """A leg as an order of its own, for those who ask by its id."""
    fills = tuple(fill for fill in entry.fills if fill.leg == leg.role)
    return ExecutionResult(
        status=leg.status,
        order_id=leg.order_id,
        filled_quantity=sum((fill.quantity for fill in fills), ZERO),
        average_price=fills[0].price if fills else None,
        fills=fills,
        fees=_fees(fills),
    )


def update_of(entry: PaperOrder, role: str = "") -> OrderUpdate:
    """What is published of an order."""
    return OrderUpdate(ref=ref_of(entry), result=result_of(entry), leg=role)


def _reported(leg: PaperLeg) -> Leg:
    return Leg(
        role=leg.role,
        status=leg.status,
        order_id=leg.order_id,
        trigger_price=leg.trigger_price,
        quantity=leg.quantity,
    )


def _protected(entry: PaperOrder) -> bool | None:
    if entry.order.stop_loss is None:
        return None
    return any(leg.role == "stop_loss" and leg.status is Status.ACCEPTED for leg in entry.legs)


def _fees(fills: tuple[Fill, ...]) -> tuple[Fee, ...]:
    paid: dict[str, Decimal] = {}
    for fill in fills:
        paid[str(fill.fee_currency)] = paid.get(str(fill.fee_currency), ZERO) + fill.fee
    return tuple(Fee(currency=currency, amount=amount) for currency, amount in paid.items())
