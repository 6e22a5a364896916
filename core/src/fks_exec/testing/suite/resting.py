# SPDX-License-Identifier: MIT
"""Orders that rest: placed for a test, filled in part, and looked at in the venue's own book."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ...model.orders import Order, OrderRef
from ...model.results import Status
from ..trial import Placed
from .desk import Desk, Sent, told


async def rest(desk: Desk, **changes: Any) -> Sent:
    """An order that rests away from the market."""
    order: Order = await desk.resting(**changes)
    sent = await desk.send(order)
    assert sent.result.status is Status.ACCEPTED, f"{told(sent)}; it should rest, away from the market"
    return sent


async def rest_in_part(desk: Desk) -> tuple[Sent, Decimal]:
    """An order that rests, of which a part has filled, and how much; base units or contracts."""
    counterpart = desk.tries("fill", "placed")
    part = desk.instrument.quantity_down(desk.quantity / 2) or desk.quantity
    sent = await rest(desk, quantity=part * 2)
    await counterpart.fill((await desk.placed(sent))[0].order_id, part)
    return sent, part


def seen(desk: Desk) -> bool:
    """Whether what became of an order can be seen, by a look-up or by pushes."""
    return "fetch_order" in desk.account.capabilities.abilities or desk.declared.publishes


async def booked(desk: Desk, sent: Sent) -> list[Placed]:
    """An order in the venue's own book, exactly once; nothing where that cannot be asked."""
    if desk.counterpart is None or "placed" not in desk.counterpart.can:
        return []
    found = await desk.placed(sent)
    assert len(found) == 1, f"{told(sent)}, and stands in the venue's book {len(found)} times: {found}"
    return found


async def check_closed(desk: Desk, sent: Sent) -> None:
    """It may not fill any more."""
    for placed in await booked(desk, sent):
        assert not placed.open, f"{told(sent)}, was told as canceled, and rests in the venue's book: {placed}"


async def check_rests(desk: Desk, sent: Sent) -> None:
    """It may still fill."""
    for placed in await booked(desk, sent):
        assert placed.open, f"{told(sent)}, nothing has ended it, and it has ended in the venue's book: {placed}"
    state = await desk.state(sent)
    assert state.status is Status.ACCEPTED, f"{told(sent)}, nothing has ended it, and it is told as {state.status}"


def same(one: OrderRef, other: OrderRef) -> bool:
    """Whether two names mean one order."""
    if one.order_id and other.order_id:
        return one.order_id == other.order_id
    return bool(one.venue_client_order_id) and one.venue_client_order_id == other.venue_client_order_id
