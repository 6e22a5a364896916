# SPDX-License-Identifier: MIT
"""Whose position an exit closes: one strategy's, or all that the account's orders built up."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from fks_exec.model.orders import ClosePosition
from fks_exec.model.targets import Instruction, TargetPosition

from ..accounts.desk import Desk
from ..accounts.live import Live
from ..exits.family import EXCESS, EXIT, FAILURE, parent_of

CLOSERS = frozenset({EXIT, FAILURE, EXCESS})
"""The roles of orders that only close, and never more than is held."""


@frozen
class Scope:
    """Whose position.

    Args:
        strategy: None or empty: the orders without one.
        whole: all that the account's orders hold of the instrument, whatever their strategy.
    """

    strategy: str | None = None
    whole: bool = False

    def __str__(self) -> str:
        if self.whole:
            return "the account's orders"
        return f"strategy {self.strategy!r}" if self.strategy else "orders without a strategy"

    def has(self, live: Live) -> bool:
        """Whether an order's fills are part of it."""
        return self.whole or (live.instruction.strategy or "") == (self.strategy or "")

    def held(self, desk: Desk, symbol: str) -> Decimal:
        """What is held of an instrument, signed, base units or contracts."""
        if self.whole:
            return desk.book.totals(symbol).position
        return desk.book.position(symbol, self.strategy).quantity


def closes(instruction: Instruction) -> Scope | None:
    """What an instruction of a caller closes whole; None: it is none that closes."""
    if isinstance(instruction, ClosePosition):
        return Scope(instruction.strategy, instruction.scope == "account")
    if isinstance(instruction, TargetPosition) and not instruction.quantity:
        return Scope(instruction.strategy)
    return None


def scope_of(desk: Desk, live: Live) -> Scope | None:
    """What an order closes; one that the hub makes for another one, what that one closes."""
    if live.role not in CLOSERS:
        return closes(live.instruction)
    parent = desk.live.get(parent_of(live.key.client_order_id))
    return (None if parent is None else closes(parent.instruction)) or Scope(live.instruction.strategy)
