# SPDX-License-Identifier: MIT
"""How the venue tells where an order, or a leg of one, stands."""

from __future__ import annotations

from decimal import Decimal, localcontext

from fks_exec import ExecutionResult, Fee, Fill, Leg, OrderRef, OrderUpdate

from .ledger import EXACT, grain
from .records import ZERO, PaperLeg, PaperOrder


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
        filled_quantity=entry.filled(),
        average_price=_average(own),
        error=entry.error,
        code=entry.code,
        fills=entry.fills,
        legs=tuple(_reported(entry, leg) for leg in entry.legs),
        protected=_protected(entry),
        fees=_fees(entry.fills),
    )


def leg_result_of(entry: PaperOrder, leg: PaperLeg) -> ExecutionResult:
    """A leg as an order of its own, for those who ask by its id."""
    fills = tuple(fill for fill in entry.fills if fill.leg == leg.role)
    return ExecutionResult(
        status=leg.status,
        order_id=leg.order_id,
        filled_quantity=entry.filled(leg.role),
        average_price=_average(fills),
        fills=fills,
        fees=_fees(fills),
    )


def update_of(entry: PaperOrder, role: str = "") -> OrderUpdate:
    """What is published of an order."""
    return OrderUpdate(ref=ref_of(entry), result=result_of(entry), leg=role)


def _average(fills: tuple[Fill, ...]) -> Decimal | None:
    """The price of all of them together; to 1e-12 where they differ."""
    if len({fill.price for fill in fills}) < 2:
        return fills[0].price if fills else None
    with localcontext(EXACT):
        paid = sum((fill.quantity * fill.price for fill in fills), ZERO)
        return grain(paid / sum((fill.quantity for fill in fills), ZERO))


def _reported(entry: PaperOrder, leg: PaperLeg) -> Leg:
    return Leg(
        role=leg.role,
        status=leg.status,
        order_id=leg.order_id,
        trigger_price=leg.trigger_price,
        quantity=leg.quantity,
        filled_quantity=entry.filled(leg.role),
    )


def _protected(entry: PaperOrder) -> bool | None:
    if entry.order.stop_loss is None:
        return None
    return any(leg.role == "stop_loss" and leg.rests for leg in entry.legs)


def _fees(fills: tuple[Fill, ...]) -> tuple[Fee, ...]:
    paid: dict[str, Decimal] = {}
    for fill in fills:
        paid[str(fill.fee_currency)] = paid.get(str(fill.fee_currency), ZERO) + fill.fee
    return tuple(Fee(currency=currency, amount=amount) for currency, amount in paid.items())
