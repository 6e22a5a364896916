# SPDX-License-Identifier: MIT
"""Whose positions an order's fills change: its strategy's; those of all strategies where it closes the whole account.

A stop or a target that closes more than its strategy holds has closed what others of the account hold: theirs become smaller.
What the legs of an entry fill beyond what is booked of the entry itself is its own: its news are behind, or both legs filled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from fks_exec.model.account import Position
from fks_exec.model.copying import changed
from fks_exec.model.market import Instrument
from fks_exec.model.numbers import ZERO
from fks_exec.model.orders import ClosePosition
from fks_exec.model.results import Fill

from ..exits.family import EXIT, LEGS, parent_of
from .book import Book
from .desk import Desk
from .live import Live
from .profit import after

Booked = tuple[Position, Position]
"""A position before and after."""


def shares(
    desk: Desk, live: Live, moves: Sequence[Fill], fees: Mapping[str, Decimal], instrument: Instrument | None
) -> list[Booked]:
    """The positions that some fills change.

    Args:
        moves: each with its side.
        fees: what was paid, by currency; of several strategies the first one bears them.
    """
    own = live.instruction.strategy or ""
    if _closes_all(desk, live):
        parts = _parts(desk.book, live.lane, own, moves, lambda fill: True) or {own: []}
    elif any(_of_leg(live, fill) for fill in moves):
        parts = _parts(desk.book, live.lane, own, _in_order(live, moves), lambda fill: _of_leg(live, fill), first=own)
    else:
        parts = {own: list(moves)}
    booked: list[Booked] = []
    for number, (strategy, part) in enumerate(parts.items()):
        before = desk.book.position(live.lane, strategy)
        booked.append((before, after(before, part, {} if number else fees, instrument)))
    return booked


def _of_leg(live: Live, fill: Fill) -> bool:
    """Whether a fill is one of a stop or a target."""
    return bool(fill.leg) or live.role in LEGS


def _in_order(live: Live, moves: Sequence[Fill]) -> list[Fill]:
    """What an entry filled comes before what its legs did, in whatever order it is told; what they did beyond it has no leg."""
    if live.role in LEGS:
        return list(moves)
    own = [fill for fill in moves if not fill.leg]
    room = live.booked + sum((fill.quantity for fill in own), ZERO)
    room -= sum((fill.quantity for fill in live.fills.values() if fill.leg), ZERO)
    ordered = own
    for fill in [fill for fill in moves if fill.leg]:
        part = min(max(room, ZERO), fill.quantity)
        room -= part
        ordered += [changed(fill, quantity=part)] if part else []
        ordered += [changed(fill, quantity=fill.quantity - part, leg="")] if part < fill.quantity else []
    return ordered


def _closes_all(desk: Desk, live: Live) -> bool:
    """Also a further exit that is made for such a close."""
    name = live.key.client_order_id
    parent = desk.live.get(parent_of(name)) if live.role == EXIT else None
    instruction = live.instruction if parent is None else parent.instruction
    return isinstance(instruction, ClosePosition) and instruction.scope == "account"


def _parts(
    book: Book, symbol: str, own: str, moves: Sequence[Fill], shared: Callable[[Fill], bool], first: str | None = None
) -> dict[str, list[Fill]]:
    """Each strategy's part: what it held is closed, in the order of their names; what is left over is the order's own.

    Args:
        shared: whether a fill closes what others hold; else it is all the order's own.
        first: the strategy that comes before all others, and has a part even if it is empty.
    """
    held_by = {p.strategy or "": p.quantity for p in book.positions() if p.symbol == symbol and p.quantity}
    left = held_by if first is None else {first: ZERO, **held_by}
    parts: dict[str, list[Fill]] = {} if first is None else {first: []}
    for fill in moves:
        if fill.side is None:
            raise ValueError("a fill needs its side to be booked")
        rest, sign = fill.quantity, fill.side.sign
        for strategy, held in left.items() if shared(fill) else ():
            part = min(rest, max(-held * sign, ZERO))
            if part > 0:
                parts.setdefault(strategy, []).append(changed(fill, quantity=part))
                left[strategy] = held + part * sign
                rest -= part
        if rest > 0:
            parts.setdefault(own, []).append(changed(fill, quantity=rest))
            left[own] = left.get(own, ZERO) + rest * sign
    return parts
