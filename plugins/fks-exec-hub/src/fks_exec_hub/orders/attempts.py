# SPDX-License-Identifier: MIT
"""Whether an order may be sent once more: only after proof that the last attempt had no effect."""

from __future__ import annotations

from attrs import frozen

from fks_exec.model.orders import Order
from fks_exec.model.results import ExecutionResult, Status

from ..accounts.desk import Desk
from ..accounts.live import Live

PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0)
"""Seconds between two attempts, unless the venue asks for more; the last one repeats."""

EXITS_IN_VAIN = 3
"""So many exits in a row may fill nothing, where the account says no number of attempts."""

_NO_EFFECT = frozenset({Status.NOT_PLACED, Status.REJECTED})

_PASSES = frozenset({"AUTH", "CLOCK"})
"""Refusals before the order was looked at: a clock is set and a key taken again, and the exit is still to be sent."""


@frozen(kw_only=True)
class Last:
    """The last attempt that was made, as it stands while the intent of a further one is not on record."""

    attempt: int
    over: bool
    name: str | None
    order: Order | None
    reducing: bool
    submitted_at: int | None

    @classmethod
    def of(cls, live: Live) -> Last:
        """The one that an order has made."""
        return cls(
            attempt=live.attempt,
            over=live.over,
            name=live.venue_client_order_id,
            order=live.order,
            reducing=live.reducing,
            submitted_at=live.submitted_at,
        )

    def again(self, desk: Desk, live: Live) -> None:
        """No further one was made: the order is as it was before, for whoever asks and for what is decided next."""
        if not self.over:
            return
        live.attempt, live.over = self.attempt, True
        live.order, live.reducing, live.submitted_at = self.order, self.reducing, self.submitted_at
        live.venue_client_order_id = self.name
        desk.recall(live)


def pause(desk: Desk, live: Live, result: ExecutionResult) -> float | None:
    """Seconds after which a further attempt begins; None: the result stands.

    A timeout, an exception, an answer that proves nothing are never followed by another attempt.
    """
    if result.status not in _NO_EFFECT or not of_the_moment(result, exit=live.reducing):
        return None
    if result.fills or result.filled_quantity:
        return None
    limit = desk.config.exit_attempts if live.reducing else desk.config.entry_attempts
    if limit is not None and live.attempt >= limit:
        return None
    pause = PAUSES[min(live.attempt, len(PAUSES)) - 1]
    left = time_left(desk, live)
    if live.reducing and left > PAUSES[0]:
        pause = min(pause, left)  # the last attempt of an exit is made at the end of its time, and not before
    seconds = max(result.retry_after or 0.0, pause)
    return seconds if seconds <= left else None


def of_the_moment(result: ExecutionResult, *, exit: bool) -> bool:
    """Whether a refusal may be another one a moment later.

    Args:
        exit: it only reduces; what is to be closed has to be closed, also where the same entry would not be sent again.
    """
    return result.retryable or (exit and result.status is Status.REJECTED and result.code in _PASSES)


def time_left(desk: Desk, live: Live) -> float:
    """Seconds in which further attempts may begin; all of them, where nothing was sent yet."""
    spent = 0.0 if live.first_sent is None else desk.clock.monotonic() - live.first_sent
    return desk.config.attempts_within - spent
