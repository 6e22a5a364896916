# SPDX-License-Identifier: MIT
"""What counts as an exit: an instruction that can only reduce what its strategy holds. Pure.

An alert says it itself, or what is held tells it. A part of an exit, a strategy that sells and stays long, has sold some of
what it holds, or believes that it holds: it is one where something is held, and is sent for no more than that.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from fks_exec import Instruction, Order, OrderType, SizedOrder, TargetPosition

from ..access.scopes import Scope
from .alert import Signal
from .holding import Holding


def closable(order: Order | SizedOrder, quantity: Decimal) -> Decimal:
    """How much an order's side can close of what is held; below zero, it would add to it.

    Args:
        quantity: held, signed.
    """
    return -quantity * order.side.sign


def covered(order: Order | SizedOrder, quantity: Decimal) -> bool:
    """Whether an order is not larger than what it closes; of one that is still to be sized, whether it closes anything."""
    most = closable(order, quantity)
    return 0 < order.quantity <= most if isinstance(order, Order) else most > 0


def is_part(instruction: Instruction, signal: Signal) -> bool:
    """Whether an order is a part of an exit by what its strategy says, and does not say itself that it may only reduce."""
    if signal.exits is not True:
        return False
    return isinstance(instruction, SizedOrder) or (isinstance(instruction, Order) and not instruction.reduce_only)


def depends(instruction: Instruction, signal: Signal) -> bool:
    """Whether what is held decides if it is an exit."""
    if isinstance(instruction, TargetPosition):
        return bool(instruction.quantity)
    return is_part(instruction, signal) or (signal.exits is None and isinstance(instruction, Order))


def is_exit(instruction: Instruction, signal: Signal, holding: Holding | None) -> bool:
    """Whether it can only reduce.

    Args:
        holding: None: it was not looked at, and what the alert says counts.
    """
    if holding is None or not depends(instruction, signal):
        return bool(signal.exits)
    held = holding.quantity
    if isinstance(instruction, TargetPosition):
        return held * instruction.quantity > 0 and abs(instruction.quantity) < abs(held)
    if not isinstance(instruction, Order | SizedOrder):
        return False
    if is_part(instruction, signal):
        return closable(instruction, held) > 0 or _entrusted(instruction, holding)
    return covered(instruction, held)


def _entrusted(order: Order | SizedOrder, holding: Holding) -> bool:
    """Whether only the venue can say what is there to be closed: the fate of an order before it is not known."""
    return holding.enforced and not holding.settled and isinstance(order, Order)


def capped(order: Order | SizedOrder, holding: Holding) -> Order | SizedOrder | None:
    """A part of an exit as it is sent, so that it opens nothing; None: it is for more than is held, and only that is closed."""
    entrusted = _entrusted(order, holding)
    if not entrusted and not covered(order, holding.quantity):
        return None
    if isinstance(order, SizedOrder):  # a size by risk needs its stop
        return order
    return evolve(order, reduce_only=holding.enforced, stop_loss=None, take_profit=None)


def limited(scope: Scope) -> bool:
    """Whether a key has a limit that is not for what can only reduce."""
    return scope.max_notional is not None or scope.orders_a_minute is not None or scope.reduce_only


def spared(instruction: Instruction, holding: Holding | None) -> Instruction | None:
    """An exit as it is sent past the limits of its key; None: it could still come to open something, so that they count.

    What was sent before it has to be over, and it may not rest beside what comes next; unless the venue holds it to reducing.
    """
    if holding is None:
        return None
    if isinstance(instruction, TargetPosition):
        return instruction if holding.settled else None
    if not isinstance(instruction, Order) or not holding.settled or not covered(instruction, holding.quantity):
        return None
    if holding.enforced:
        return evolve(instruction, reduce_only=True, stop_loss=None, take_profit=None)
    return instruction if instruction.order_type is OrderType.MARKET else None
