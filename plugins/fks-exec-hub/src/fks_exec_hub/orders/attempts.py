# SPDX-License-Identifier: MIT
"""Whether an order may be sent once more: only after proof that the last attempt had no effect."""

from __future__ import annotations

from fks_exec.model.results import ExecutionResult, Status

from ..accounts.desk import Desk
from ..accounts.live import Live

PAUSES = (0.05, 0.2, 0.5, 1.0)
"""Seconds between two attempts, unless the venue asks for more; the last one repeats."""

_NO_EFFECT = frozenset({Status.NOT_PLACED, Status.REJECTED})


def pause(desk: Desk, live: Live, result: ExecutionResult) -> float | None:
    """Seconds after which a further attempt begins; None: the result stands.

    A timeout, an exception, an answer that proves nothing are never followed by another attempt.
    """
    if result.status not in _NO_EFFECT or not result.retryable or result.fills or result.filled_quantity:
        return None
    limit = desk.config.exit_attempts if live.reducing else desk.config.entry_attempts
    if live.attempt >= limit or live.first_sent is None:
        return None
    seconds = max(result.retry_after or 0.0, PAUSES[min(live.attempt, len(PAUSES)) - 1])
    spent = desk.clock.monotonic() - live.first_sent
    return seconds if spent + seconds <= desk.config.attempts_within else None
