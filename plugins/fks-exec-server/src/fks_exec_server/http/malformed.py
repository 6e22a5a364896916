# SPDX-License-Identifier: MIT
"""What is no HTTP is told now and then: uvicorn writes a line for each, thousands a second where somebody wants that."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable

UVICORNS = "uvicorn.error"
"""The logger of uvicorn's protocols."""

LINE = "Invalid HTTP request received."
"""What uvicorn says of bytes that are no request."""

EVERY = 60.0
"""Seconds between two such lines."""


class NowAndThen(logging.Filter):
    """Lets uvicorn's line on malformed requests through at once, then at most once in :data:`EVERY`, with how many came.

    Args:
        now: a monotonic clock, seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._told = -math.inf
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is written; all others are."""
        if record.msg != LINE:
            return True
        now = self._now()
        if now - self._told < EVERY:
            self._left_out += 1
            return False
        if self._left_out:
            record.msg = f"{LINE} {self._left_out} more like it since it was told last."
        self._told, self._left_out = now, 0
        return True


_FILTER = NowAndThen()


def told_now_and_then() -> None:
    """From here on, for all listeners of this process."""
    logging.getLogger(UVICORNS).addFilter(_FILTER)
