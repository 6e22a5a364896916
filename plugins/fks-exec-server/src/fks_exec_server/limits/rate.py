# SPDX-License-Identifier: MIT
"""How often: Rate (so many a second, after a burst) and Window (so many in any second), for names without number."""

from __future__ import annotations

import math
from array import array
from collections import OrderedDict
from collections.abc import Callable

from .table import CAPACITY, Times

_SECOND = 1.0
_LEAST = 1e-9
"""Seconds that are none: what floats are off by."""


class Rate:
    """So many a second over time, after a burst: the generic cell rate algorithm, one number for each name.

    Args:
        rate: a second.
        burst: at once, while the allowance is whole.
        now: a monotonic clock, seconds.
        capacity: names with a state of their own, see :class:`~fks_exec_server.limits.table.Times`.
    """

    def __init__(self, rate: float, burst: int, now: Callable[[], float], *, capacity: int = CAPACITY) -> None:
        self._each = 1 / rate
        self._whole = burst / rate
        self._now = now
        self._times = Times(capacity)

    def take(self, name: str) -> float:
        """Take one. 0.0: it is allowed; else nothing is taken, and the seconds until one is."""
        now = self._now()
        then = max(self._times.get(name), now) + self._each
        wait = then - now - self._whole
        if wait > _LEAST:
            return wait
        self._times.put(name, then, now)
        return 0.0


class Window:
    """So many in any second, and no more: the times of the last ones are kept for each name.

    For names that are known to be few, as those of senders who have proved who they are. Where all places are taken, the name
    that was quiet longest makes room, and only if it was quiet for that second; else there is none.

    Args:
        most: in any second.
        now: a monotonic clock, seconds.
        capacity: names.
    """

    def __init__(self, most: int, now: Callable[[], float], *, capacity: int = CAPACITY // 2) -> None:
        self._most = most
        self._now = now
        self._capacity = capacity
        self._seen: OrderedDict[str, array[float]] = OrderedDict()  # the first is the one that asked longest ago

    def take(self, name: str) -> float:
        """Take one. 0.0: it is allowed; else nothing is taken, and the seconds until one is."""
        now = self._now()
        if name not in self._seen:
            if not self._has_room(now):
                return _SECOND
            self._seen[name] = array("d")
        self._seen.move_to_end(name)
        seen = self._seen[name]
        while seen and seen[0] <= now - _SECOND + _LEAST:
            seen.pop(0)
        if len(seen) >= self._most:
            return seen[0] + _SECOND - now
        seen.append(now)
        return 0.0

    def _has_room(self, now: float) -> bool:
        if len(self._seen) < self._capacity:
            return True
        quiet, seen = next(iter(self._seen.items()))
        if seen and seen[-1] > now - _SECOND:
            return False
        del self._seen[quiet]
        return True


def retry_after(seconds: float) -> tuple[bytes, bytes]:
    """The header that says when to come again: whole seconds, at least one."""
    return (b"retry-after", b"%d" % max(1, math.ceil(seconds)))
