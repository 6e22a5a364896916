# SPDX-License-Identifier: MIT
"""Who was not let in, for the log: what comes in the name of a sender that is known is a warning, paced; a stranger is not."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Callable

logger: logging.Logger = logging.getLogger(__name__)

EVERY = 60.0
"""Seconds between two lines of one sender and reason: anybody may name a client, so lines without pace would fill a disk."""


class Refusals:
    """Tells each reason of each sender at once, then at most once in :data:`EVERY`, with how many were left out since.

    Memory is bounded by the configuration: senders are those that it names, reasons a few words of this package.

    Args:
        now: a monotonic clock, seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._told: dict[tuple[str, str], float] = {}
        self._left_out: Counter[tuple[str, str]] = Counter()

    def tell(self, text: str, *, sender: str, reason: str, address: str) -> None:
        """One that was not let in. Call it after the answer: how long the log takes must not show who is known.

        Args:
            text: why, without a secret.
            sender: the name of the key, client or issuer; empty: a stranger, for whom there is no warning.
            reason: one of a few words.
            address: where it came from.
        """
        if not sender:
            logger.info("a request was not authenticated: %a", text)
            return
        kind, now = (sender, reason), self._now()
        if now - self._told.get(kind, -math.inf) < EVERY:
            self._left_out[kind] += 1
            return
        self._told[kind] = now
        more = self._left_out.pop(kind, 0)
        since = f", and {more} more like it since it was told last" if more else ""
        extra = {"address": address}
        logger.warning("not let in, in the name of %s: %a; from %s%s", sender, text, address or "nowhere", since, extra=extra)
