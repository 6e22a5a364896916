# SPDX-License-Identifier: MIT
"""Wall and monotonic time, injectable."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> int:
        """Wall time, epoch milliseconds (UTC)."""

    def monotonic(self) -> float:
        """Seconds that never go back; for deadlines."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> int:
        """Wall time, epoch milliseconds (UTC)."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()
