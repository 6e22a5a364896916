# SPDX-License-Identifier: MIT
"""What is known of orders and positions, as steps of the journal."""

from __future__ import annotations

from collections.abc import Sequence

from fks_exec.convert import encode, to_dict, to_json
from fks_exec.model.account import Position
from fks_exec.model.results import ExecutionResult, Fill, Status

from ..accounts.live import Live, needs_following
from ..journal.protocol import FillStep, JournalStep, NamedStep, Outcome, PositionStep

CANCEL = "cancel"
"""The named step that says whether an order is to be cancelled as soon as it is known to rest: ``WANTED``, or nothing."""

WANTED = "wanted"

AMENDED = "amended"
"""The named step that holds an order as it is after a change whose answer is recorded, and that change's number, JSON."""


def outcome_steps(live: Live, result: ExecutionResult, fills: Sequence[Fill], now: int) -> list[JournalStep]:
    """An order's state and its new fills as the journal keeps them."""
    outcome = Outcome(
        key=live.key,
        attempt=live.attempt,
        status=result.status.value,
        terminal=not (live.watched or live.standing or needs_following(result)),
        result=to_json(result),
        time=now,
    )
    return [
        outcome,
        *(FillStep(key=live.key, trade_id=f.trade_id, leg=f.leg, fill=to_json(f), time=now) for f in fills),
    ]


def act_outcome(live: Live, purpose: str, attempt: int, result: ExecutionResult, now: int) -> Outcome:
    """What became of a cancel or an amend; the order's own state is told by its own outcomes."""
    return Outcome(
        key=live.key,
        purpose=purpose,
        attempt=attempt,
        status=result.status.value,
        terminal=result.status is not Status.UNKNOWN,
        result=to_json(result),
        time=now,
    )


def amended_step(live: Live, now: int) -> NamedStep:
    """The order as it is after a change was asked for."""
    data = encode({"attempt": live.amends, "order": to_dict(live.order)})
    return NamedStep(key=live.key, name=AMENDED, data=data, time=now)


def position_step(account: str, position: Position, now: int) -> PositionStep:
    """A position as the journal keeps it: also a flat one that has brought or cost something."""
    return PositionStep(
        account=account,
        lane=position.symbol,
        strategy=position.strategy or "",
        position=to_json(position) if position.quantity or position.realized_pnl else "",
        time=now,
    )
