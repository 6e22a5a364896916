# SPDX-License-Identifier: MIT
"""What the journal knows becomes live again: positions, open orders, open questions, what was accepted and not begun."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from fks_exec.convert import from_dict, from_json
from fks_exec.model.account import Position
from fks_exec.model.numbers import ZERO
from fks_exec.model.orders import Order
from fks_exec.model.results import ExecutionResult, Fill, Status

from ..accounts.desk import Desk
from ..accounts.live import WAITS, Earlier, Live
from ..instructions import Instruction, read_instruction
from ..journal.protocol import Attempt, Recorded
from .record import record
from .steps import AMENDED, CANCEL, WANTED

STOPPED = "the host stopped after the intent and before the outcome was recorded; the order may exist at the venue"


async def restore(desk: Desk) -> list[Live]:
    """Rebuild a desk from the journal's open state.

    Returns:
        Orders that were accepted and not begun, in lane order.
    """
    desk.halt = await desk.journal.halt(desk.name)
    for stored in await desk.journal.positions(desk.name):
        desk.book.store(from_json(Position, stored.position))
    found = [*await desk.journal.open(desk.name), *await desk.journal.unresolved(desk.name)]
    begun = [await _take_up(desk, recorded) for recorded in found]
    pending = [await revive(desk, recorded) for recorded in await desk.journal.pending(desk.name)]
    for live in pending:
        desk.add(live)
    for live in begun:  # all that the journal knows is in memory before the first write, which may fail
        if live.result.status is Status.PENDING:
            await record(desk, live, ExecutionResult(status=Status.UNKNOWN, code="HOST_STOPPED", error=STOPPED))
    return pending


async def _take_up(desk: Desk, recorded: Recorded) -> Live:
    live = await revive(desk, recorded)
    desk.add(live)
    if live.order is not None and not live.result.status.terminal:
        live.token = desk.book.reserve(live.lane, live.order.side, max(live.order.quantity - live.booked, ZERO), reducing=False)
    desk.question(live, unknown=live.result.status in (Status.PENDING, Status.UNKNOWN))
    return live


async def revive(desk: Desk, recorded: Recorded) -> Live:
    """One order from its record."""
    attempt = placing(recorded)
    live = Live(
        key=recorded.key,
        lane=recorded.lane,
        instruction=read_instruction(recorded.instruction, recorded.key.client_order_id),
        digest=recorded.digest,
        accepted_at=recorded.accepted_at,
        result=ExecutionResult(status=Status.PENDING, client_order_id=recorded.key.client_order_id),
    )
    if attempt is not None:
        live.attempt = attempt.attempt
        live.venue_client_order_id = attempt.venue_client_order_id
        live.submitted_at = attempt.time
        live.reducing = attempt.reducing
        live.order = sent_order(attempt.decision, live.instruction)
        live.retired = {earlier.venue_client_order_id: Earlier() for earlier in placings(recorded)[:-1]}
    if recorded.result is not None:
        live.result = from_json(ExecutionResult, recorded.result)
        live.concluded.set_result(live.result)
        live.watched = live.result.status is Status.NOT_PLACED and not recorded.terminal
    live.cancels = _times(recorded, "cancel")
    live.amends = _times(recorded, "amend")
    live.told = live.result
    if not recorded.terminal:
        await _wishes(desk, live, recorded)
    for stored in await desk.journal.fills(recorded.key):
        live.fills[stored.trade_id] = from_json(Fill, stored.fill)
        live.stored.add(stored.trade_id)
    live.booked = booked(live)
    return live


async def _wishes(desk: Desk, live: Live, recorded: Recorded) -> None:
    """What was asked for an open order beside its placing: a cancel that waits, an amendment that the venue took."""
    unknown = live.result.status in (Status.PENDING, Status.UNKNOWN)
    wished = live.watched or live.result.code in (WAITS, "RESOLVED")
    if recorded.attempts and (unknown or wished or len(recorded.attempts) > 1):
        steps = await desk.journal.steps(recorded.key)
        live.cancel_wanted = steps.get(CANCEL) == WANTED
        if live.amends:
            live.order = _amended(live, recorded, steps.get(AMENDED))


def _amended(live: Live, recorded: Recorded, step: str | None) -> Order | None:
    """The order after its changes; of one whose answer was not recorded, the larger of before and after."""
    known: dict[str, Any] = json.loads(step) if step else {"attempt": 0, "order": None}
    order = from_dict(Order, known["order"]) if known["order"] else live.order
    for attempt in recorded.attempts:
        if attempt.purpose == "amend" and attempt.attempt > known["attempt"]:
            asked = sent_order(attempt.decision, live.instruction)
            order = asked if asked is not None and (order is None or asked.quantity > order.quantity) else order
    return order


def _times(recorded: Recorded, purpose: str) -> int:
    return max((attempt.attempt for attempt in recorded.attempts if attempt.purpose == purpose), default=0)


def placing(recorded: Recorded) -> Attempt | None:
    """The last attempt to place the order itself; not one to cancel it, nor one of a leg."""
    attempts = placings(recorded)
    return attempts[-1] if attempts else None


def placings(recorded: Recorded) -> list[Attempt]:
    """The attempts to place the order itself, the last one last."""
    return [attempt for attempt in recorded.attempts if attempt.purpose in ("order", "close") and not attempt.leg]


def sent_order(decision: str, instruction: Instruction) -> Order | None:
    """The order that a decision sent, as it was sent: the instruction itself where the decision changed nothing."""
    document = json.loads(decision).get("order")
    if document is not None:
        return from_dict(Order, document)
    return instruction if isinstance(instruction, Order) else None


def booked(live: Live) -> Decimal:
    """How much of an order itself has become position."""
    total = sum((fill.quantity for fill in live.fills.values() if not fill.leg), ZERO)
    return min(total, max(live.result.filled_quantity, ZERO)) if live.result.filled_quantity else total
