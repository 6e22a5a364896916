# SPDX-License-Identifier: MIT
"""What is known of orders and positions, as steps of the journal."""

from __future__ import annotations

from collections.abc import Sequence

from fks_exec.convert import to_json
from fks_exec.model.account import Position
from fks_exec.model.results import ExecutionResult, Fill

from .journal.protocol import FillStep, JournalStep, Outcome, PositionStep
from .live import Live, needs_following


def outcome_steps(live: Live, result: ExecutionResult, fills: Sequence[Fill], now: int) -> list[JournalStep]:
    """An order's state and its new fills as the journal keeps them."""
    outcome = Outcome(
        key=live.key,
        attempt=live.attempt,
        status=result.status.value,
        terminal=not needs_following(result),
        result=to_json(result),
        time=now,
    )
    return [
        outcome,
        *(FillStep(key=live.key, trade_id=f.trade_id, leg=f.leg, fill=to_json(f), time=now) for f in fills),
    ]


def position_step(account: str, position: Position, now: int) -> PositionStep:
    """A position as the journal keeps it."""
    return PositionStep(
        account=account,
        lane=position.symbol,
        strategy=position.strategy or "",
        position=to_json(position) if position.quantity else "",
        time=now,
    )
