# SPDX-License-Identifier: MIT
"""Reversals: a strategy goes from one side to the other by one order of its old and its new contracts. Pure.

Its stop may have been hit before, so that nothing of the old is held: then only the new is to be opened. And it may be that
its new side may not be opened: then its old one is closed all the same.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from fks_exec import Denial, Instruction, Instrument, Order, OrderType, ReversePosition, SizedOrder, TargetPosition
from fks_exec.model.numbers import plain

from .alert import Signal
from .continuity import Last
from .exits import closable
from .holding import Holding

_SIGNS = {"long": 1, "short": -1}


def turns(instruction: Instruction, signal: Signal) -> bool:
    """Whether an order is of old and of new contracts, by what its strategy says; that is more than it holds afterwards."""
    if not isinstance(instruction, Order) or instruction.reduce_only:
        return False
    if instruction.side.sign != _SIGNS.get(signal.position or ""):
        return False
    if signal.size is None:
        return signal.turns
    return instruction.quantity > abs(signal.size) and (signal.turns or signal.before is None)


def turned(order: Order, signal: Signal, holding: Holding, instrument: Instrument | None) -> Order | Denial:
    """A reversal as it is sent: no larger than brings what is held to what the strategy is to hold.

    Where the fate of an order before it is not known it is sent as it is, and split by what is held in its turn.
    """
    held = holding.quantity
    if not holding.settled:
        return order
    if signal.size is None:
        return order if closable(order, held) > 0 else _untold(signal, held)
    distance = max((signal.size - held) * order.side.sign, Decimal(0))
    if distance >= order.quantity:
        return order
    quantity = distance if instrument is None else instrument.quantity_down(distance)
    return evolve(order, quantity=quantity) if quantity else _reached(signal.size, held)


def _untold(signal: Signal, held: Decimal) -> Denial:
    text = (
        f"the strategy was {signal.before} before this alert and holds {plain(held)}, so that the quantity does not tell how "
    )
    text += "much is to be opened; add position_size to the alert's message"
    return Denial(code="SIGNAL_GAP", message=text, value=plain(held))


def _reached(size: Decimal, held: Decimal) -> Denial:
    text = f"the strategy holds {plain(held)} already, and is to hold {plain(size)}; there is nothing to send"
    return Denial(code="SIGNAL_GAP", message=text, limit=plain(size), value=plain(held))


def old_half_is_left(late: Denial, signal: Signal, last: Last, held: Decimal) -> bool:
    """Whether a reversal that is too old to open anything still has something to close: what its strategy held before it.

    One that was overtaken has not: what is held was opened by a later signal.

    Args:
        late: why it is refused.
        held: signed.
    """
    if late.code != "OUTSIDE_WINDOW" or not signal.turns or (signal.time or 0) < last.time:
        return False
    return held * _SIGNS[signal.before or ""] > 0


def closes_first(instruction: Instruction, signal: Signal, held: Decimal) -> bool:
    """Whether it closes all that is held, at the market, before it opens the other side.

    Args:
        held: signed.
    """
    if isinstance(instruction, TargetPosition):
        return instruction.quantity * held < 0
    if isinstance(instruction, ReversePosition):
        return bool(held)
    if not isinstance(instruction, Order | SizedOrder) or instruction.order_type is not OrderType.MARKET:
        return False
    most = closable(instruction, held)
    if most <= 0:
        return False
    if _SIGNS.get(signal.position or "") == instruction.side.sign:
        return True
    return isinstance(instruction, Order) and not instruction.reduce_only and instruction.quantity > most
