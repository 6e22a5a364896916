# SPDX-License-Identifier: MIT
"""What the journal knows becomes live again: positions, open orders, open questions, what was accepted and not begun."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from fks_exec.convert import from_dict, from_json
from fks_exec.model.account import Position
from fks_exec.model.copying import changed
from fks_exec.model.numbers import ZERO
from fks_exec.model.orders import Order
from fks_exec.model.results import ExecutionResult, Fill, Status

from ..accounts.desk import Desk
from ..accounts.live import WAITS, Earlier, Live, Plan
from ..exits.family import EXCESS, EXIT, FAILURE, LEGS, STOP, TARGET, child_id, role_of
from ..exits.legs import FLATTENED, LEVELS, PROTECT, RELEASED, SENT, views
from ..instructions import Instruction, read_instruction
from ..journal.protocol import Attempt, HaltState, Key, Recorded
from .attempts import of_the_moment
from .record import record
from .standing import read_target
from .steps import AMENDED, CANCEL, WANTED
from .submit import GRACE

_PLACING = frozenset({"order", "close", PROTECT})

STOPPED = "the host stopped after the intent and before the outcome was recorded; the order may exist at the venue"

MAY_BE_THERE = "an earlier host may have placed this leg; it is looked up"


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
    waiting = [await revive(desk, recorded) for recorded in await desk.journal.pending(desk.name)]
    pending = [live for live in waiting if live.role not in LEGS]  # a leg that was not sent waits for its entry's fill
    for live in pending:
        desk.add(live)
    await gather(desk, begun, waiting)
    legs = legs_in_question(begun)
    for leg in legs:  # no exit is decided beside them before it is known whether they are there
        take_up_leg(desk, leg)
    for live in begun:  # all that the journal knows is in memory before the first write, which may fail
        if live.result.status is Status.PENDING:
            await record(desk, live, ExecutionResult(status=Status.UNKNOWN, code="HOST_STOPPED", error=STOPPED))
        elif was_to_be_tried_again(live):
            await _give_up(desk, live)
    for leg in legs:
        await record(desk, leg, ExecutionResult(status=Status.UNKNOWN, code="HOST_STOPPED", error=MAY_BE_THERE))
    return pending


def was_to_be_tried_again(live: Live) -> bool:
    """An exit whose host ended between two attempts: nothing of it is at the venue, by proof, and its time is over."""
    no_effect = live.result.status in (Status.NOT_PLACED, Status.REJECTED) and not live.result.filled_quantity
    return live.reducing and no_effect and of_the_moment(live.result, exit=True)


async def _give_up(desk: Desk, live: Live) -> None:
    """It is not sent by a host that does not know what has happened since: that is for a human, or for what it belongs to."""
    close = live.target is not None and live.target.chase
    live.watched = live.standing = False
    await record(desk, live, live.result)
    if not live.role:
        why = live.result.error or live.result.code or live.result.status
        text = f"nothing of {live.lane} could be closed ({why}), and the host stopped before the next attempt; close it again"
        desk.alarm("CLOSE_INCOMPLETE" if close else "EXIT_FAILED", text, live.key.client_order_id)


def legs_in_question(entries: Sequence[Live]) -> list[Live]:
    """The legs that an earlier host may have sent, and of which it recorded nothing: of the entries with a fill on record."""
    return [leg for entry in entries if entry.booked for leg in entry.legs if leg.result.status is Status.PENDING]


def take_up_leg(desk: Desk, leg: Live) -> None:
    """A leg that an earlier host may have placed counts like any order of unknown fate."""
    desk.add(leg)
    hold_leg(desk, leg)
    desk.question(leg, unknown=True)


def hold_leg(desk: Desk, leg: Live) -> None:
    """What a leg may still fill counts from now on, once."""
    if leg.order is not None and leg.token is None:
        leg.token = desk.book.hold(leg.order, max(leg.order.quantity - leg.done, ZERO), reducing=True, role=leg.role)


async def gather(desk: Desk, begun: Sequence[Live], waiting: Sequence[Live]) -> None:
    """What was made for an entry is with it again: legs, sent or not, and what closed of it."""
    known = {live.key.client_order_id: live for live in (*begun, *waiting)}
    for entry in begun:
        if entry.plan is None or not entry.standing:
            continue
        steps = await desk.journal.steps(entry.key)
        entry.released = Decimal(steps.get(RELEASED, "0"))
        entry.flattened = Decimal(steps.get(FLATTENED, "0"))
        if LEVELS in steps:
            entry.plan = from_dict(Plan, json.loads(steps[LEVELS]))
        await collect(desk, entry, known)
        for leg in entry.legs:
            leg.inherited = True
            if entry.booked:  # an earlier host may have sent it; without a fill on record it had no reason to
                leg.deadline = desk.clock.monotonic() + desk.config.deadline + GRACE
        _tell_unseen(entry)


def _tell_unseen(entry: Live) -> None:
    """A host that ended before it had told of an entry's stop saw none: so it is told until one is seen."""
    plan = entry.plan
    if plan is None or plan.stop is None or plan.kind == "attached" or not entry.booked or entry.protected is not None:
        return
    entry.protected = False
    entry.result = entry.told = changed(entry.result, legs=views(entry), protected=False)


async def collect(desk: Desk, entry: Live, known: Mapping[str, Live] | None = None) -> None:
    """All that was made for an entry, with it again.

    Args:
        known: orders that are in memory, by their ids; None: those of the desk.
    """
    alive = desk.live if known is None else known
    entry.legs = [leg for role in (STOP, TARGET) for leg in await _children(desk, entry, role, alive)]
    entry.others = [child for role in (FAILURE, EXCESS, EXIT) for child in await _children(desk, entry, role, alive)]


async def _children(desk: Desk, entry: Live, role: str, known: Mapping[str, Live]) -> list[Live]:
    """All orders of a role that were made for an entry; their numbers have no gaps."""
    found: list[Live] = []
    while True:
        name = child_id(entry.key.client_order_id, role, len(found) + 1)
        live = known.get(name)
        if live is None:
            recorded = await desk.journal.order(Key(desk.name, name))
            if recorded is None:
                return found
            live = await revive(desk, recorded)
        found.append(live)


async def _take_up(desk: Desk, recorded: Recorded) -> Live:
    live = await revive(desk, recorded)
    desk.add(live)
    if live.order is not None and not live.result.status.terminal:
        left = max(live.order.quantity - live.done, ZERO)
        live.token = desk.book.hold(live.order, left, reducing=False, role=live.role)
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
        role=role_of(recorded.key.client_order_id),
    )
    if attempt is not None:
        live.attempt = attempt.attempt
        live.venue_client_order_id = attempt.venue_client_order_id
        live.submitted_at = attempt.time
        live.reducing = attempt.reducing
        live.order = sent_order(attempt.decision, live.instruction)
        live.retired = {earlier.venue_client_order_id: Earlier() for earlier in placings(recorded)[:-1]}
        live.plan = read_plan(attempt.decision)
        live.target = read_target(attempt.decision)
        live.standing = (live.plan is not None or live.target is not None) and not recorded.terminal
    if recorded.result is not None:
        live.result = from_json(ExecutionResult, recorded.result)
        live.concluded.set_result(live.result)
        live.watched = live.result.status is Status.NOT_PLACED and not recorded.terminal
    live.cancels = _times(recorded, "cancel")
    live.amends = _times(recorded, "amend")
    live.told = live.result
    live.protected, live.unprotected = live.result.protected, live.result.unprotected_seconds
    if not recorded.terminal:
        await _wishes(desk, live, recorded)
    if live.role in LEGS:
        step = (await desk.journal.steps(live.key)).get(SENT)
        live.order = from_dict(Order, json.loads(step)["order"]) if step else live.order
    for stored in await desk.journal.fills(recorded.key):
        live.fills[stored.trade_id] = from_json(Fill, stored.fill)
        live.stored.add(stored.trade_id)
    live.booked = booked(live)
    live.covered = live.booked if live.protected else ZERO
    live.settled = live.booked if recorded.terminal else None
    return live


async def _wishes(desk: Desk, live: Live, recorded: Recorded) -> None:
    """What was asked for an open order beside its placing: a cancel that waits, an amendment that the venue took."""
    unknown = live.result.status in (Status.PENDING, Status.UNKNOWN)
    halted = desk.halt.state is not HaltState.ACTIVE  # which wishes for the cancel of all that worked
    wished = halted or live.watched or live.result.code in (WAITS, "RESOLVED")
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
    return [attempt for attempt in recorded.attempts if attempt.purpose in _PLACING and not attempt.leg]


def read_plan(decision: str) -> Plan | None:
    """How what an order fills was to be protected, by its decision."""
    document = json.loads(decision).get("plan")
    return None if document is None else from_dict(Plan, document)


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
