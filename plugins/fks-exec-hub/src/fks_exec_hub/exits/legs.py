# SPDX-License-Identifier: MIT
"""The legs of an entry as orders of their own: made with the entry's intent, sized when it fills."""

from __future__ import annotations

from decimal import Decimal

from fks_exec.account import Account
from fks_exec.convert import canonical, digest_of, encode, to_dict
from fks_exec.model.account import Protection
from fks_exec.model.orders import Order, OrderType
from fks_exec.model.results import ExecutionResult, Leg, Status

from ..accounts.desk import Desk
from ..accounts.live import Live, Plan
from ..ids import venue_id
from ..journal.protocol import Accept, Intent, JournalStep, Key
from .family import STOP, TARGET, child_id, number_of

PROTECT = "protect"
"""The purpose of a leg's intent; a halt lets it pass."""

SENT = "sent"
"""The named step that holds a leg as it was sent, or as it is since it was changed, where that is not what was planned."""

RELEASED = "released"
"""The named step that holds how much of an entry other orders have closed."""

FLATTENED = "flattened"
"""The named step that holds how much of an entry the venue was seen not to hold any more."""

LEVELS = "levels"
"""The named step that holds an entry's plan after its stop or target was moved."""

INSTEAD = "instead"
"""The named step that holds the kind of protection that takes the place of an entry's attached legs."""


def prepare(desk: Desk, account: Account, entry: Live, plan: Plan | None) -> list[JournalStep]:
    """The first legs of an entry, for the write of its intent: from there on it can be protected whatever the disk does.

    Their quantities are what the entry may fill at most; what is sent is what it has filled by then.
    """
    if plan is None or plan.kind == "attached" or entry.legs or entry.order is None:
        return []
    roles = [STOP] if plan.stop is not None else []
    if plan.target is not None and plan.kind == "reduce_only_pair":
        roles.append(TARGET)
    steps: list[JournalStep] = []
    for role in roles:
        leg, made = new_leg(desk, account, entry, role, entry.order.quantity)
        leg.asked = entry.asked
        entry.legs.append(leg)
        steps += made
    return steps


def new_leg(
    desk: Desk, account: Account, entry: Live, role: str, quantity: Decimal, *, reduce_only: bool = True
) -> tuple[Live, list[JournalStep]]:
    """A further leg of an entry, and the steps that make it durable before it is sent.

    Args:
        quantity: base units or contracts.
    """
    number = max((number_of(leg.key.client_order_id) for leg in entry.legs if leg.role == role), default=entry.legs_before) + 1
    key = Key(desk.name, child_id(entry.key.client_order_id, role, number))
    order = leg_order(desk, account, entry, role, quantity, key.client_order_id)
    document, now = canonical(order), desk.clock.now()
    leg = Live(key=key, lane=entry.lane, instruction=order, digest=digest_of(document), accepted_at=now)
    leg.result = leg.told = ExecutionResult(status=Status.PENDING, client_order_id=key.client_order_id)
    leg.role, leg.order, leg.reducing, leg.submitted_at = role, order, True, now
    leg.instrument = entry.instrument
    declared = account.capabilities
    leg.venue_client_order_id = venue_id(
        key, PROTECT, 1, "", alphabet=declared.id_alphabet, length=declared.id_length, taken=desk.names
    )
    accept = Accept(key=key, lane=leg.lane, digest=leg.digest, instruction=document, time=now)
    intent = Intent(
        key=key,
        purpose=PROTECT,
        venue_client_order_id=leg.venue_client_order_id,
        reducing=True,
        time=now,
    )
    return leg, [accept, intent]


def leg_order(desk: Desk, account: Account, entry: Live, role: str, quantity: Decimal, name: str) -> Order:
    """A leg as an order: a stop, with its target where the venue links them, or a limit at the target; on the closing side."""
    plan, order = entry.plan, entry.order
    if plan is None or order is None:
        raise ValueError("an entry with legs has a plan and was decided")
    stop = role == STOP
    return Order(
        symbol=entry.lane,
        side=order.side.opposite,
        quantity=quantity,
        order_type=OrderType.STOP if stop else OrderType.LIMIT,
        stop_price=plan.stop if stop else None,
        price=None if stop else plan.target,
        take_profit=plan.target if stop and plan.kind == "oco" else None,
        reduce_only=enforced(account, entry),
        client_order_id=name,
        strategy=order.strategy,
    )


def enforced(account: Account, live: Live) -> bool:
    """Whether the venue itself keeps a reduce-only order of this instrument from opening a position."""
    rule = live.instrument.reduce_only if live.instrument is not None else None
    return account.capabilities.reduce_only if rule is None else rule


def protection_of(entry: Live, leg: Live) -> Protection:
    """What the venue is asked to place for a leg."""
    order = leg.order
    if order is None:
        raise ValueError("a leg is an order")
    return Protection(
        role="stop_loss" if leg.role == STOP else "take_profit",
        symbol=leg.lane,
        side=order.side,
        quantity=order.quantity,
        trigger_price=trigger_of(leg),
        entry=entry.ref,
        target_price=order.take_profit,
    )


def trigger_of(leg: Live) -> Decimal:
    """The price that a leg waits for, quote currency."""
    price = None if leg.order is None else leg.order.stop_price or leg.order.price
    if price is None:
        raise ValueError("a leg has a price")
    return price


def views(entry: Live) -> tuple[Leg, ...]:
    """The legs as an entry's result tells them; those that were not sent yet are left out."""
    told: list[Leg] = []
    for leg in entry.legs:
        in_question = leg.inherited and leg.deadline is not None and not sent(leg)  # a host that ended may have sent it
        if not (sent(leg) or in_question) or leg.order is None or leg.result.code == "WITHDRAWN":
            continue
        told.append(
            Leg(
                role=leg.role,
                status=Status.UNKNOWN if in_question else leg.result.status,
                order_id=leg.result.order_id,
                venue_client_order_id=leg.venue_client_order_id,
                trigger_price=trigger_of(leg),
                quantity=leg.order.quantity,
                client_order_id=leg.key.client_order_id,
                filled_quantity=leg.booked,
            )
        )
        told += leg.result.legs  # the linked target of an oco
    return tuple(told)


def sent(leg: Live) -> bool:
    """Whether the venue may have been asked for a leg."""
    return leg.first_sent is not None or leg.result.status is not Status.PENDING


def data(order: Order) -> str:
    """A leg's order as it was sent, for the journal."""
    return encode({"order": to_dict(order)})
