# SPDX-License-Identifier: MIT
"""The same order, refused by the venue for the same reason again and again, is held back for a while."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Hashable, Mapping

from attrs import define, fields

from fks_exec.clock import Clock
from fks_exec.model.results import Denial, ExecutionResult, Status

from ..instructions import Instruction
from .live import Live
from .settings import BreakerConfig

log: logging.Logger = logging.getLogger(__name__)

REMEMBERED = 1_000
"""So many refused orders are remembered; the oldest give way."""

_MOMENT = frozenset({"client_order_id", "signal_time", "confidence", "expire_at"})
"""What differs when the same order is meant again."""

_SAYS_NO_MORE = frozenset({None, "REJECTED", "VENUE_ERROR"})
"""Codes that stand for any refusal; the text tells them apart."""

_TAKEN = frozenset({Status.ACCEPTED, Status.PARTIALLY_FILLED, Status.FILLED})


@define(eq=False)
class _Row:
    """Refusals of one order, one after the other.

    Args:
        reason: the venue's code, or its text.
        name: the id of the last that was refused.
        since: monotonic seconds of the last refusal.
    """

    reason: str
    name: str
    since: float
    times: int = 1


class Refusals:
    """Counts, by what was asked for, how often in a row the venue refused it for the same reason. Entries only.

    Args:
        config: how many times hold it back, and for how long.
        clock: its monotonic time counts.
    """

    def __init__(self, config: BreakerConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._rows: OrderedDict[Hashable, _Row] = OrderedDict()

    def take(self, live: Live) -> None:
        """An order has changed; a listener of the desk."""
        result = live.result
        if result.status is Status.REJECTED and not live.reducing:
            self._refused(live, result)
        elif self._rows and result.status in _TAKEN:
            self._rows.pop(content_of(live.instruction), None)

    def _refused(self, live: Live, result: ExecutionResult) -> None:
        content, name = content_of(live.instruction), live.key.client_order_id
        row, reason = self._rows.pop(content, None), reason_of(result)
        now = self._clock.monotonic()
        if row is None or row.reason != reason:
            row = _Row(reason, name, now)
        elif row.name != name:
            row.name, row.since, row.times = name, now, row.times + 1
            if row.times == self._config.refusals:
                log.warning("%s of %s was refused %d times: %s", name, live.lane, row.times, reason)
        self._rows[content] = row
        while len(self._rows) > REMEMBERED:
            self._rows.popitem(last=False)

    def denials(self, live: Live, *, reducing: bool) -> list[Denial]:
        """Why an order is held back now; what only reduces never is. After the hold one is let through again."""
        if reducing or not self._rows:
            return []
        row = self._rows.get(content_of(live.instruction))
        if row is None or row.times < self._config.refusals:
            return []
        left = row.since + self._config.hold - self._clock.monotonic()
        if left <= 0:
            return []
        text = f"the venue refused this same order {row.times} times in a row ({row.reason}); it is held for {left:.0f} s more"
        return [Denial(code="HELD", message=text, limit=str(self._config.refusals), value=f"{left:.0f} s")]


def content_of(instruction: Instruction) -> Hashable:
    """What is asked for: all but the id and the moment."""
    values = (getattr(instruction, each.name) for each in fields(type(instruction)) if each.name not in _MOMENT)
    plain = (tuple(sorted(value.items())) if isinstance(value, Mapping) else value for value in values)
    return (type(instruction), *plain)


def reason_of(result: ExecutionResult) -> str:
    """What tells one refusal from another: the venue's code, or its words where the code says no more."""
    code = result.code
    return (result.error or "") if code in _SAYS_NO_MORE else str(code)
