# SPDX-License-Identifier: MIT
"""What a venue tells of an earlier attempt of an order: its fills count, its state does not; the last attempt stands for it."""

from __future__ import annotations

from decimal import Decimal

from fks_exec.model.copying import changed
from fks_exec.model.events import OrderUpdate
from fks_exec.model.numbers import ZERO
from fks_exec.model.results import ExecutionResult, Fill, Status

from ..accounts.desk import Desk
from ..accounts.live import Earlier, Live

_EFFECT = frozenset({Status.ACCEPTED, Status.PARTIALLY_FILLED, Status.FILLED})


def earlier_of(desk: Desk, live: Live, update: OrderUpdate) -> Earlier | None:
    """The attempt that an update tells of, by any of its names; None: it is the last one."""
    ref, name = update.ref, live.venue_client_order_id
    if not live.retired or (name is not None and name in (ref.venue_client_order_id, update.result.client_order_id)):
        return None
    names = (ref.venue_client_order_id, ref.order_id, update.result.order_id, update.result.client_order_id)
    earlier = next((live.retired[name] for name in names if name is not None and name in live.retired), None)
    for order_id in (ref.order_id, update.result.order_id):
        if earlier is not None and order_id is not None and order_id != live.result.order_id:
            desk.alias(live, order_id, earlier)
    return earlier


def correction(desk: Desk, live: Live, earlier: Earlier, told: ExecutionResult) -> ExecutionResult | None:
    """What was filled of an attempt that counted as without effect, as news of the order; told with an alarm, once.

    Returns:
        What is known, with the fills; None when there are none that are new.
    """
    fills = _new(live, earlier, told)
    if (fills or told.status in _EFFECT) and not earlier.told:
        earlier.told = True
        text = f"an earlier attempt counted as without effect, and the venue shows it {told.status.value}"
        rests = "" if told.status.terminal else "; it may fill beside the last one: cancel it at the venue"
        desk.alarm("CORRECTION", f"{text}; what it filled is booked{rests}", live.key.client_order_id)
    if not fills:
        return None
    earlier.booked.update(fill.trade_id for fill in fills)
    known = live.result
    return changed(
        known,
        fills=(*fills, *known.fills),
        filled_quantity=known.filled_quantity + _quantity(fills),
        average_price=known.average_price if known.average_price is not None else told.average_price,
    )


def _new(live: Live, earlier: Earlier, told: ExecutionResult) -> tuple[Fill, ...]:
    """The trades that are new; one is made where the venue tells a quantity without its trades, and then stands for them."""
    before = _quantity([fill for name, fill in live.fills.items() if name in earlier.booked])
    trades = [fill for fill in told.fills if fill.trade_id not in live.fills]
    left = told.filled_quantity - before
    own = _quantity(trades)
    if own > left:
        return tuple(fill for fill in trades if fill.leg)
    if own == left:
        return tuple(trades)
    price = told.average_price
    if price is None:
        price = (live.order.price if live.order is not None else None) or ZERO
    name = f"earlier:{live.venue_client_order_id}:{len(live.retired)}:{told.filled_quantity:f}"
    return (*trades, Fill(trade_id=name, quantity=left - own, price=price))


def _quantity(fills: list[Fill] | tuple[Fill, ...]) -> Decimal:
    return sum((fill.quantity for fill in fills if not fill.leg), ZERO)
