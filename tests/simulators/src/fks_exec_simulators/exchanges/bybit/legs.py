# SPDX-License-Identifier: MIT
"""The exits that belong to a position: made when an order that carries them fills, cancelled when the position is gone.

``Full`` exits close the whole position, whatever its size is by then; ``Partial`` ones what their order filled. Both of a pair
are bound: when one is set off or cancelled, the other goes too. docs/v5/order/create-order, docs/v5/position/trading-stop,
docs/v5/enum (cancelType).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from .account import Account
from .answers import Refused, scaled, wrong
from .asking import Fields
from .orders import OPPOSITE, Leg, Order, Side, Target
from .positions import Position
from .rules import Instrument, check_price

MOST_PARTIAL = 20
"""Exits of a position under ``Partial``."""

NAMES: dict[Leg, str] = {"TakeProfit": "takeProfit", "StopLoss": "stopLoss"}
"""The field with its trigger."""

_PREFIX: dict[Leg, str] = {"TakeProfit": "tp", "StopLoss": "sl"}


def read_targets(fields: Fields, instrument: Instrument, mode: str) -> dict[Leg, Target]:
    """The exits that a request names.

    Raises:
        Refused: a price off the tick; a limit exit of a whole position.
    """
    targets: dict[Leg, Target] = {}
    for leg, name in NAMES.items():
        trigger = fields.number(name)
        if trigger:
            targets[leg] = _target(fields, instrument, _PREFIX[leg], check_price(instrument, trigger, name), mode)
    return targets


def _target(fields: Fields, instrument: Instrument, prefix: str, trigger: Decimal, mode: str) -> Target:
    by = fields.choice(f"{prefix}TriggerBy", ("LastPrice", "MarkPrice", "IndexPrice"), "LastPrice")
    if fields.choice(f"{prefix}OrderType", ("Market", "Limit"), "Market") == "Market":
        return Target(trigger=trigger, by=by)
    if mode != "Partial":
        raise wrong(f"params error: {prefix}OrderType must be Market when tpslMode is Full")
    limit = fields.number(f"{prefix}LimitPrice")
    if not limit:
        raise wrong(f"params error: {prefix}LimitPrice is required")
    return Target(trigger=trigger, by=by, limit=check_price(instrument, limit, f"{prefix}LimitPrice"))


def check_targets(side: Side, targets: Mapping[Leg, Target], base: Decimal) -> None:
    """Exits on their side of a price: a stop loss of a long position below it, a take profit above it.

    Raises:
        Refused: 10001.
    """
    for leg, target in targets.items():
        higher = (side == "Buy") is (leg == "TakeProfit")
        if (target.trigger > base) if higher else (target.trigger < base):
            continue
        word = "greater" if higher else "lower"
        says = f"{leg}:{scaled(target.trigger)} set for {side} position should {word} than base_price:{scaled(base)}??LastPrice"
        raise wrong(says)


def made(position: Position, leg: Leg, target: Target, quantity: Decimal, mode: str, last: Decimal, now: int) -> Order:
    """An exit of a position that waits for its trigger."""
    assert position.side is not None
    higher = (position.side == "Buy") is (leg == "TakeProfit")
    return Order(
        symbol=position.symbol,
        side=OPPOSITE[position.side],
        kind="Market" if target.limit is None else "Limit",
        quantity=quantity,
        price=target.limit,
        time_in_force="IOC" if target.limit is None else "GTC",
        reduce_only=True,
        close_on_trigger=True,
        position_idx=position.idx,
        trigger=target.trigger,
        direction=1 if higher else 2,
        trigger_by=target.by,
        stop_type=leg if mode == "Full" else f"Partial{leg}",
        mode=mode,
        status="Untriggered",
        last_price=last,
        created=now,
        updated=now,
    )


def attach(account: Account, order: Order, filled: Decimal, last: Decimal, now: int) -> None:
    """An order that carries exits has filled: its position gets them."""
    position = account.position(order.symbol, order.position_idx)
    if not order.targets or position.side != order.side:
        return
    if order.mode == "Full":
        set_full(account, position, order.targets, last, now, source=order)
        return
    quantity = min(filled, abs(position.size))
    grown = [leg for leg in account.exits(position) if leg.source is order and leg.waiting]
    for leg in grown:
        leg.quantity, leg.updated = leg.quantity + quantity, now
    if not grown:
        add_partial(account, position, order.targets, quantity, last, now, source=order)


def set_full(
    account: Account, position: Position, targets: Mapping[Leg, Target], last: Decimal, now: int, source: Order | None = None
) -> None:
    """The exits of the whole position: those that stand are changed, the others made; a pair that is set at once is bound."""
    standing = {leg.leg: leg for leg in account.exits(position) if leg.mode == "Full" and leg.waiting}
    for name, target in targets.items():
        leg = standing.get(name)
        if leg is None:
            leg = standing[name] = made(position, name, target, abs(position.size), "Full", last, now)
            account.add(leg)
        else:
            leg.unbind()
        leg.trigger, leg.trigger_by, leg.updated = target.trigger, target.by, now
        if source is not None:
            leg.source, leg.parent = source, source.link_id
    if len(targets) > 1:
        _bind(*standing.values())


def add_partial(
    account: Account,
    position: Position,
    targets: Mapping[Leg, Target],
    quantity: Decimal,
    last: Decimal,
    now: int,
    source: Order | None = None,
) -> None:
    """Exits of a part of the position.

    Raises:
        Refused: 110061, there are too many.
    """
    if len(account.exits(position)) + len(targets) > MOST_PARTIAL:
        raise Refused(110061)
    legs = [made(position, leg, target, quantity, "Partial", last, now) for leg, target in targets.items()]
    for leg in legs:
        leg.source, leg.parent = source, source.link_id if source is not None else ""
    account.add(*legs)
    if len(legs) > 1:
        _bind(*legs)


def _bind(one: Order, other: Order) -> None:
    one.twin, other.twin = other, one


def follow(account: Account, position: Position, now: int) -> None:
    """A position has changed: its exits follow its size or go with it, and so do orders that may only reduce it."""
    for order in account.open_orders(position.symbol, position.idx):
        room = position.room(order.side)
        if order.is_exit:
            if not room:
                order.end(now, "CancelByTpSlTsClear")
            elif order.active:
                cut(order, room, now)
            else:
                order.quantity = room if order.mode == "Full" else min(order.quantity, room)
        elif order.reduce_only and order.active:
            cut(order, room, now)


def cut(order: Order, room: Decimal, now: int) -> None:
    """An order that may only reduce is no larger than what there is to reduce."""
    if not room:
        order.end(now, "CancelByReduceOnly")
    elif order.leaves > room:
        order.quantity, order.updated = order.filled + room, now


def drop_twin(order: Order, now: int) -> None:
    """An exit has been set off: the other one of its pair goes."""
    other = order.twin
    if other is not None and other.open:
        told = "TpCanceledBySlTriggered" if order.leg == "StopLoss" else "SlCanceledByTpTriggered"
        other.end(now, f"CancelByOCO{told}")
    order.unbind()
