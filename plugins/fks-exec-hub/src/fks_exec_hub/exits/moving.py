# SPDX-License-Identifier: MIT
"""A stop, or a target, is moved: natively, or a new one stands before the old one goes; never without one unless allowed."""

from __future__ import annotations

import asyncio

from attrs import evolve

from fks_exec.errors import InvalidOrder
from fks_exec.model.copying import changed
from fks_exec.model.numbers import plain
from fks_exec.model.orders import OrderChange
from fks_exec.model.results import ExecutionResult, Status

from ..accounts.desk import Desk
from ..accounts.live import Live, Plan
from ..orders.repair import write
from ..orders.steps import act_outcome
from ..orders.submit import submit_amend
from .bracket import Bracket
from .family import STOP, TARGET, parent_of
from .levels import keep_plan
from .protector import Protector
from .telling import ATTACHED, tell_now, uncovered

_TAKEN = frozenset({Status.ACCEPTED, Status.PARTIALLY_FILLED, Status.FILLED})


def moves(live: Live, change: OrderChange) -> bool:
    """Whether a change is one of what protects an order, which has legs."""
    return live.plan is not None and (change.stop_loss is not None or change.take_profit is not None)


async def move(desk: Desk, protector: Protector, live: Live, change: OrderChange) -> ExecutionResult:
    """Move the stop, the target or both of an entry; ends when they stand, or when it is clear that they will not.

    Returns:
        How the entry stands then; with the code ``NOT_OPEN`` when nothing of it is protected any more, ``MOVE_REFUSED`` as it
        was, ``MOVE_NEEDS_GAP`` when it would stand without a stop meanwhile, ``MOVE_WAITS`` when it takes longer.

    Raises:
        AccountNotReady, NotSupported, JournalError: the venue was not asked.
    """
    return await desk.apart(_move(desk, protector, live, change))


async def move_leg(desk: Desk, protector: Protector, leg: Live, change: OrderChange) -> ExecutionResult:
    """Move a leg by its own id: its entry's stop or target is moved.

    Returns:
        How the leg stands then; the code as of :func:`move`.

    Raises:
        InvalidOrder: something else than its price is to be changed.
        AccountNotReady, NotSupported, JournalError: the venue was not asked.
    """
    price = change.stop_price if leg.role == STOP else change.price
    name = "stop_price" if leg.role == STOP else "price"
    if price is None or evolve(change, **{name: None}) != OrderChange():
        raise InvalidOrder(name, f"of a leg only its {name} can be changed; its quantity follows what its entry has filled")
    entry = desk.live.get(parent_of(leg.key.client_order_id))
    if entry is None:
        return changed(leg.result, code="NOT_OPEN", error="what the leg protected does not stand open any more")
    wanted = OrderChange(stop_loss=price) if leg.role == STOP else OrderChange(take_profit=price)
    result = await move(desk, protector, entry, wanted)
    return changed(leg.result, code=result.code, error=result.error)


def given_up(bracket: Bracket, leg: Live, result: ExecutionResult) -> ExecutionResult:
    """How a leg stands that a caller cancelled; that its entry has no stop any more is said."""
    naked = bracket.remaining
    if leg.role != STOP or naked <= 0 or result.status is not Status.CANCELED:
        return result
    text = f"{plain(naked)} of {leg.lane} stand without a stop now; close them, or send an entry with another stop"
    return changed(result, code="STOP_GIVEN_UP", error=text)


async def _move(desk: Desk, protector: Protector, live: Live, change: OrderChange) -> ExecutionResult:
    bracket, plan = protector.bracket_of(live), live.plan
    if bracket is None or plan is None:
        return changed(live.result, code="NOT_OPEN", error="nothing of the order stands open that a stop could protect")
    new = evolve(plan, stop=change.stop_loss or plan.stop, target=change.take_profit or plan.target)
    if new == plan:
        return live.result
    account = desk.ready_account()
    if plan.kind == "attached":
        account.require("amend_order")
        return await _attached(desk, protector, bracket, new, change)
    if plan.kind == "stop_only" and new.target != plan.target and not desk.config.protection.watch_targets:
        return changed(live.result, code="MOVE_REFUSED", error="this account has stops only; a target cannot be set")
    if protector.needs_gap(bracket) and not desk.config.protection.move_with_gap:
        text = "the venue moves a stop only by cancelling it first; configure protection.move_with_gap to allow that"
        return changed(live.result, code="MOVE_NEEDS_GAP", error=text)
    bracket.moving, bracket.failed, bracket.move_refused, bracket.no_target = plan, "", "", False
    bracket.refused.clear()
    await keep_plan(desk, live, new)
    protector.poke(live.lane)
    return await _until_done(desk, protector, bracket)


async def _until_done(desk: Desk, protector: Protector, bracket: Bracket) -> ExecutionResult:
    """The legs stand at the new prices, or it is clear that they will not."""
    live, until = bracket.entry, desk.clock.monotonic() + desk.config.deadline
    while desk.clock.monotonic() < until:
        if bracket.move_refused:
            return changed(live.result, code="MOVE_REFUSED", error=bracket.move_refused)
        if protector.bracket_of(live) is not bracket or _stands(bracket):
            bracket.moving = None
            await tell_now(desk, bracket)
            return live.result
        await asyncio.sleep(0.02)
    text = "it is not certain yet that the legs stand at the new prices; look again, the host goes on with it"
    return changed(live.result, code="MOVE_WAITS", error=text)


def _stands(bracket: Bracket) -> bool:
    right = all(leg in bracket.good(role) for role in (STOP, TARGET) for leg in bracket.resting(role))
    return right and (not bracket.filled or not uncovered(bracket) or bool(bracket.failed))


async def _attached(desk: Desk, protector: Protector, bracket: Bracket, new: Plan, change: OrderChange) -> ExecutionResult:
    """The venue keeps the legs with the entry, and changes them with it."""
    live = bracket.entry
    async with live.act:
        live.amends += 1
        legs = OrderChange(stop_loss=change.stop_loss, take_profit=change.take_profit)
        answer = await submit_amend(desk, live, live.amends, legs, reducing=True)
        await write(desk, act_outcome(live, "amend", live.amends, answer, desk.clock.now()))
    if answer.status is Status.UNKNOWN:
        text = "it is not known whether the venue moved what protects it; look there, then move it again"
        desk.alarm("AMEND_UNKNOWN", text, bracket.name)
        return changed(live.result, code="AMEND_UNKNOWN", error=text)
    if answer.status not in _TAKEN:
        return changed(live.result, code="MOVE_REFUSED", error=f"the venue refused: {answer.error or answer.code}")
    await keep_plan(desk, live, new)
    bracket.evidence.pop(ATTACHED, None)
    protector.poke(live.lane)
    return await _until_done(desk, protector, bracket)
