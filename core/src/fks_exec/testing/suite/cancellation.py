# SPDX-License-Identifier: MIT
"""Calls that are cut short where they wait: what is told of their orders, and whether the account goes on as before."""

from __future__ import annotations

from ...model.results import Status
from .desk import Desk, Sent, told
from .evidence import REFUSED, TAKEN, Evidence, can, looks_up, name_of
from .steps import Steps


async def is_cut(before: Evidence, steps: Steps, place: int) -> bool:
    """Whether a call waits that often, and is cut short there; what is told of it is checked."""
    steps.cut_at, steps.was_cut = place, False
    sent = await _next(before.desk)
    steps.cut_at = 0
    if steps.was_cut:
        await _check_cut(before, sent, place)
    else:
        await _check_own(before.desk, sent, f"beside calls that were cut short at their wait number {place}")
    return steps.was_cut


async def _next(desk: Desk) -> Sent:
    """An order of another size than the two before, so that their answers are no answer to it."""
    size = desk.instrument.quantity_up(desk.quantity * (len(desk.sent) % 3 + 1))
    return await desk.send(desk.order(quantity=size))


async def _check_cut(before: Evidence, sent: Sent, place: int) -> None:
    """A call that was cut short has ended, and what it says of its order is not disproved."""
    text = f"{told(sent)} when its call was cut short at its wait number {place}"
    running = sent.submission.venue_client_order_id in before.desk.account.running
    assert not running, f"{text}, and goes on; execute_order swallows its cancellation: let CancelledError go"
    if sent.result.status in REFUSED:
        exists = await before.appears(sent)
        assert not exists, f"{text}, and it exists; a cancellation proves nothing: catch neither it nor BaseException"
    elif sent.result.status in TAKEN:
        exists = await before.appears(sent)
        assert exists is not False, f"{text}, and it does not exist"


async def check_next(desk: Desk, place: str) -> None:
    """The next order works."""
    assert desk.account.ready, f"the account is not ready {place}: {desk.account.reason}"
    await _check_own(desk, await _next(desk), place)


async def _check_own(desk: Desk, sent: Sent, place: str) -> None:
    """An order has filled, and its answer is its own."""
    earlier = {other.result.order_id for other in desk.sent if other is not sent} - {None}
    said = sent.result.order_id
    if sent.result.status in TAKEN:
        sent.result = await desk.ended(sent)
    assert sent.result.status is Status.FILLED, f"{place}, {told(sent)}; the next order has to work"
    text = f"{place}, {told(sent)} as {said!r} with {sent.result.filled_quantity} filled, which is the answer to another order"
    assert sent.result.filled_quantity == sent.order.quantity, text
    assert said not in earlier, text
    if can(desk, "placed"):
        assert said in (None, *(placed.order_id for placed in await desk.placed(sent))), text
    elif looks_up(desk):
        found = await desk.account.fetch_order(name_of(sent))
        assert found is not None, f"{place}, {told(sent)}, and is not found by its id"
        assert said in (None, found.order_id), text
