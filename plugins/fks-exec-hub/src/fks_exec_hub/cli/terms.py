# SPDX-License-Identifier: MIT
"""What an order is now: its terms after all changes, and its stop and target where its own result does not tell of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping

import attrs

from fks_exec.convert import from_dict, from_json
from fks_exec.errors import InvalidOrder
from fks_exec.model.numbers import plain
from fks_exec.model.orders import Order
from fks_exec.model.results import ExecutionResult, Status
from fks_exec_hub.accounts.live import Plan
from fks_exec_hub.exits.family import LEGS, STOP, TARGET, child_id, role_of
from fks_exec_hub.exits.legs import LEVELS, SENT
from fks_exec_hub.instructions import Instruction, read_instruction
from fks_exec_hub.journal.protocol import Journal, Key, Recorded
from fks_exec_hub.orders.restore import placing, read_plan, sent_order
from fks_exec_hub.orders.standing import read_target
from fks_exec_hub.orders.steps import AMENDED

_CHANGED = ("quantity", "price", "stop_price", "stop_loss", "take_profit")
_RESTS = frozenset({Status.ACCEPTED, Status.PENDING})


@attrs.frozen(kw_only=True)
class Terms:
    """An order as it is now.

    Args:
        asked: what was asked for first; None: it was written by a later version, and cannot be read.
        now: with what was changed since.
        legs: a line for each stop and target of which the order's result says nothing.
    """

    asked: Instruction | None
    now: Instruction | None
    legs: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """It is not what was asked for first."""
        return self.now != self.asked


async def terms_of(journal: Journal, recorded: Recorded) -> Terms:
    """The terms of an order, from all that the journal keeps of it and of its legs."""
    asked = _asked(recorded)
    attempt = placing(recorded)
    if asked is None or (attempt is None and role_of(recorded.key.client_order_id) not in LEGS):
        return Terms(asked=asked, now=asked)
    steps = await journal.steps(recorded.key)
    sent = asked if attempt is None else sent_order(attempt.decision, asked)
    plan = None if attempt is None else read_plan(attempt.decision)
    if LEVELS in steps:
        plan = from_dict(Plan, json.loads(steps[LEVELS]))
    now = _now(asked, sent if isinstance(sent, Order) else None, plan, steps)
    lines = [line async for line in _legs(journal, recorded, plan)]
    target = None if attempt is None else read_target(attempt.decision)
    closes = attempt is not None and plan is None and (target is None or not target.entry)  # else the rest of it has them
    if closes and isinstance(asked, Order) and _protective(asked):
        now = attrs.evolve(now, stop_loss=None, take_profit=None) if isinstance(now, Order) else now
        lines.append(f"{_protective(asked)} left out: the order only closes what is held, and opens nothing to protect")
    return Terms(asked=asked, now=now, legs=tuple(lines))


def _protective(order: Order) -> str:
    return " and ".join(name for name in ("stop_loss", "take_profit") if getattr(order, name) is not None)


def _asked(recorded: Recorded) -> Instruction | None:
    try:
        return read_instruction(recorded.instruction)
    except InvalidOrder:
        return None


def _now(asked: Instruction, sent: Order | None, plan: Plan | None, steps: Mapping[str, str]) -> Instruction:
    """What was asked for, with the values that were changed."""
    step = steps.get(AMENDED) or steps.get(SENT)
    known = json.loads(step)["order"] if step else None
    order = sent if known is None else from_dict(Order, known)
    if order is None:
        return asked
    if known is None and LEVELS not in steps:  # nothing was changed; a quantity may have been rounded before it was sent
        if not isinstance(asked, Order):
            return asked
        stop, target = (asked.stop_loss, asked.take_profit) if plan is None else (plan.stop, plan.target)
        values = {name: getattr(order, name) for name in ("quantity", "price", "stop_price")}
        return attrs.evolve(asked, **values, stop_loss=stop, take_profit=target)
    base = asked if isinstance(asked, Order) else order
    values = {name: getattr(order, name) for name in _CHANGED}
    if plan is not None:
        values |= {"stop_loss": plan.stop, "take_profit": plan.target}
    return attrs.evolve(base, **values)


async def _legs(journal: Journal, recorded: Recorded, plan: Plan | None) -> AsyncIterator[str]:
    """Those that are not at the venue yet, and those of which nobody knows."""
    result = from_json(ExecutionResult, recorded.result) if recorded.result else None
    if plan is None or plan.kind == "attached" or result is None or recorded.terminal:
        return
    told = {leg.client_order_id for leg in result.legs}
    for role, price in ((STOP, plan.stop), (TARGET, plan.target)):
        if price is None:
            continue
        known = await _newest(journal, recorded.key, role)
        if known is not None and known.key.client_order_id in told:
            continue
        if known is not None and known.terminal:
            continue
        yield f"{role} at {plain(price)}: {_where(result, known)}"


async def _newest(journal: Journal, key: Key, role: str) -> Recorded | None:
    found, number = None, 1
    while (known := await journal.order(Key(key.account, child_id(key.client_order_id, role, number)))) is not None:
        found, number = known, number + 1
    return found


def _where(result: ExecutionResult, leg: Recorded | None) -> str:
    if result.status in _RESTS and not result.filled_quantity:
        return "not at the venue yet; a host that runs (fks-exec serve) places it when the order fills, without one nobody"
    name = "" if leg is None else f" as {leg.key.client_order_id}"
    return f"not known to be at the venue{name}; a host that runs (fks-exec serve) looks it up and places it, by itself"
