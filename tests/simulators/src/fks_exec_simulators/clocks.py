# SPDX-License-Identifier: MIT
"""A clock that a test turns by hand."""

from __future__ import annotations


class HandClock:
    """Stands still until it is moved.

    Args:
        now: wall time, epoch milliseconds.
        monotonic: seconds.
    """

    def __init__(self, now: int = 1_700_000_000_000, monotonic: float = 1000.0) -> None:
        self._now = now
        self._monotonic = monotonic

    def now(self) -> int:
        """Wall time, epoch milliseconds."""
        return self._now

    def monotonic(self) -> float:
        """Seconds."""
        return self._monotonic

    def move(self, seconds: float) -> None:
        """Both clocks go on."""
        self._now += round(seconds * 1000)
        self._monotonic += seconds
