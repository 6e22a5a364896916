# SPDX-License-Identifier: MIT
"""A part of an exit: a strategy that sells and stays long has sold some of what it holds, or believes that it holds.

Where its stop was hit before, that order would open a short. A venue that enforces reduce-only keeps it from that. Elsewhere
what the strategy really holds decides: an exit is what is held, and of less than that only the rest is closed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from attrs import evolve

from fks_exec import ClosePosition, Denial, Instruction, Order, SizedOrder

from .alert import Signal
from .continuity import Last, Place

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub


async def held(hub: ExecutionHub, place: Place) -> Decimal:
    """What a strategy holds of an instrument, signed, base units or contracts; 0: nothing.

    Raises:
        AccountNotReady, HubClosed: it cannot be told.
    """
    found = (each for each in await hub.positions(place.account) if each.symbol == place.symbol)
    return next((each.quantity for each in found if (each.strategy or None) == (place.strategy or None)), Decimal(0))


def covered(order: Order | SizedOrder, quantity: Decimal) -> bool:
    """Whether an order is an exit of what is held: not larger; of one that is still to be sized, whether anything is.

    Args:
        quantity: held, signed.
    """
    closable = -quantity * order.side.sign
    return 0 < order.quantity <= closable if isinstance(order, Order) else closable > 0


def is_part(instruction: Instruction, signal: Signal) -> bool:
    """Whether an order is one by what its strategy says, and does not say itself that it may only reduce."""
    if signal.exits is not True:
        return False
    return isinstance(instruction, SizedOrder) or (isinstance(instruction, Order) and not instruction.reduce_only)


async def at_risk(hub: ExecutionHub, instruction: Instruction, signal: Signal, place: Place) -> bool:
    """Whether it is a part of an exit that the venue does not keep from opening a position.

    An order that is still to be sized cannot be told to reduce only, at no venue.

    Raises:
        AccountNotReady: it cannot be told.
    """
    if not is_part(instruction, signal):
        return False
    return isinstance(instruction, SizedOrder) or not await hub.enforces_reduce_only(place.account, place.symbol)


async def capped(hub: ExecutionHub, instruction: Instruction, signal: Signal, place: Place) -> Instruction:
    """What is sent for a part of an exit, so that it opens nothing; any other instruction as it is.

    Raises:
        AccountNotReady, HubClosed: it cannot be told.
    """
    if not is_part(instruction, signal) or not isinstance(instruction, Order | SizedOrder):
        return instruction
    risky = await at_risk(hub, instruction, signal, place)
    if risky and not covered(instruction, await held(hub, place)):
        return _rest(instruction)
    if isinstance(instruction, SizedOrder):  # a size by risk needs its stop
        return instruction
    return evolve(instruction, reduce_only=not risky, stop_loss=None, take_profit=None)


def _rest(instruction: Order | SizedOrder) -> ClosePosition:
    """All that is held, as it is less than was to be sold; of nothing the hub says that there is nothing to close."""
    return ClosePosition(
        symbol=instruction.symbol,
        strategy=instruction.strategy,
        keep_entries=True,
        client_order_id=instruction.client_order_id,
        signal_time=instruction.signal_time,
    )


async def half_is_left(hub: ExecutionHub, late: Denial, signal: Signal, last: Last, place: Place) -> bool:
    """Whether a reversal that is too old to open anything still has something to close: what its strategy held before it.

    One that was overtaken has not: what is held was opened by a later signal.

    Args:
        late: why it is refused.
    """
    if late.code != "OUTSIDE_WINDOW" or not signal.turns or (signal.time or 0) < last.time:
        return False
    return await held(hub, place) * (1 if signal.before == "long" else -1) > 0
