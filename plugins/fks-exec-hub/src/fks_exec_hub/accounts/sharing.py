# SPDX-License-Identifier: MIT
"""Whose positions an order's fills change: its strategy's; those of all strategies where it closes the whole account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from fks_exec.model.account import Position
from fks_exec.model.copying import changed
from fks_exec.model.market import Instrument
from fks_exec.model.numbers import ZERO
from fks_exec.model.orders import ClosePosition
from fks_exec.model.results import Fill

from ..exits.family import EXIT, parent_of
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
    if not _closes_all(desk, live):
        before = desk.book.position(live.lane, own)
        return [(before, after(before, moves, fees, instrument))]
    parts = _parts(desk.book, live.lane, own, moves) or {own: []}
    booked: list[Booked] = []
    for number, (strategy, part) in enumerate(parts.items()):
        before = desk.book.position(live.lane, strategy)
        booked.append((before, after(before, part, {} if number else fees, instrument)))
    return booked


def _closes_all(desk: Desk, live: Live) -> bool:
    """Also a further exit that is made for such a close."""
    name = live.key.client_order_id
    parent = desk.live.get(parent_of(name)) if live.role == EXIT else None
    instruction = live.instruction if parent is None else parent.instruction
    return isinstance(instruction, ClosePosition) and instruction.scope == "account"


def _parts(book: Book, symbol: str, own: str, moves: Sequence[Fill]) -> dict[str, list[Fill]]:
    """Each strategy's part: what it held is closed, in the order of their names; what is left over is the order's own."""
    left = {p.strategy or "": p.quantity for p in book.positions() if p.symbol == symbol and p.quantity}
    parts: dict[str, list[Fill]] = {}
    for fill in moves:
        if fill.side is None:
            raise ValueError("a fill needs its side to be booked")
        rest, sign = fill.quantity, fill.side.sign
        for strategy, held in left.items():
            part = min(rest, max(-held * sign, ZERO))
            if part > 0:
                parts.setdefault(strategy, []).append(changed(fill, quantity=part))
                left[strategy] = held + part * sign
                rest -= part
        if rest > 0:
            parts.setdefault(own, []).append(changed(fill, quantity=rest))
    return parts
