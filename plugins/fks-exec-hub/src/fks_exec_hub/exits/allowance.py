# SPDX-License-Identifier: MIT
"""How much of an instrument may be under stops: what is held, less what is being closed; shared out, the oldest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from fks_exec.model.numbers import ZERO
from fks_exec.model.orders import Side

from ..accounts.desk import Desk
from .bracket import Action, Bracket, Place, Resize, done, left
from .family import STOP


def side_of(bracket: Bracket) -> Side:
    """Of the entry."""
    if bracket.entry.order is None:
        raise ValueError("an entry with a bracket was decided")
    return bracket.entry.order.side


def excess(desk: Desk, brackets: Sequence[Bracket], bracket: Bracket) -> list[tuple[Bracket, Decimal]]:
    """What other orders have closed of what the brackets of a strategy hold: of the oldest first, base units or contracts."""
    strategy, side = bracket.entry.instruction.strategy, side_of(bracket)
    family = [each for each in brackets if each.entry.instruction.strategy == strategy and side_of(each) is side]
    held = max(desk.book.position(bracket.entry.lane, strategy).quantity * side.sign, ZERO)
    over = sum((max(each.remaining, ZERO) for each in family), ZERO) - held
    released: list[tuple[Bracket, Decimal]] = []
    for each in family:
        part = min(max(each.remaining, ZERO), over)
        if part > 0:
            released.append((each, part))
            over -= part
    return released


def allowed_for(desk: Desk, brackets: Iterable[Bracket], bracket: Bracket, *, enforced: bool) -> Decimal:
    """How much of a bracket may be under stops.

    Args:
        enforced: the venue keeps a reduce-only order from opening a position, so that exits and stops can stand side by side.
    """
    remaining = max(bracket.remaining, ZERO)
    if enforced or not remaining:
        return remaining
    side = side_of(bracket)
    free = _free(desk, bracket.entry.lane, side)
    for other in brackets:
        if side_of(other) is not side:
            continue
        part = min(max(other.remaining, ZERO), max(free, ZERO))
        if other is bracket:
            return part
        free -= part
    return ZERO


def more_than_free(desk: Desk, bracket: Bracket, action: Action) -> bool:
    """Whether an action would put more under stops than is held and not on its way out, with all legs that still rest.

    For venues that do not keep a reduce-only order from opening a position: what is to go has to go first.
    """
    if isinstance(action, Place):
        more = action.quantity if action.role == STOP else ZERO
    elif isinstance(action, Resize) and action.leg.role == STOP:
        more = action.quantity - done(action.leg) - left(action.leg)
    else:
        return False
    if more <= 0:
        return False
    side, totals = side_of(bracket), desk.book.totals(bracket.entry.lane)
    resting = totals.stops_sell if side is Side.BUY else totals.stops_buy
    return resting + more > _free(desk, bracket.entry.lane, side)


def other_side(desk: Desk, bracket: Bracket) -> Decimal:
    """What a strategy holds on the side that closes its entry, base units or contracts."""
    held = desk.book.position(bracket.entry.lane, bracket.entry.instruction.strategy).quantity
    return max(-held * side_of(bracket).sign, ZERO)


def _free(desk: Desk, symbol: str, side: Side) -> Decimal:
    """What is held on a side and not on its way out."""
    totals = desk.book.totals(symbol)
    leaving = totals.working_sell + totals.claimed_sell if side is Side.BUY else totals.working_buy + totals.claimed_buy
    return totals.position * side.sign - leaving
