# SPDX-License-Identifier: MIT
"""A table of times by name whose memory is bounded and that forgets nothing which still counts: Times."""

from __future__ import annotations

import secrets
from array import array

CAPACITY = 8192
"""Names; a fourth of as many places is shared by all others."""

_LOOKS = 8


class Times:
    """When the allowance of each name is whole again, seconds on a monotonic clock.

    A name whose time has passed stands as one that was never seen, and only such a one makes room. When all places are taken,
    further names share places by a hash that nobody outside can foresee: a flood of names can take allowance from other new
    names, but it gives nobody theirs back, and those that were there before it keep a place of their own.

    Args:
        capacity: names with a place of their own.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._own: dict[str, float] = {}
        self._names: list[str] = []
        self._hand = 0
        self._shared = array("d", bytes(8 * max(1, capacity // 4)))
        self._salt = secrets.token_bytes(16)

    def __len__(self) -> int:
        return len(self._own)

    def get(self, name: str) -> float:
        """The time of a name; 0 for one that was never seen."""
        time = self._own.get(name)
        return self._shared[self._place(name)] if time is None else time

    def put(self, name: str, time: float, now: float) -> None:
        """Set the time of a name; of those that share a place, the later one counts."""
        if name in self._own or self._has_room(name, now):
            self._own[name] = time
        else:
            place = self._place(name)
            self._shared[place] = max(self._shared[place], time)

    def _place(self, name: str) -> int:
        return hash((self._salt, name)) % len(self._shared)

    def _has_room(self, name: str, now: float) -> bool:
        """Give a name a place: a new one, or that of one whose time has passed, where a look at the next few finds one."""
        if len(self._names) < self._capacity:
            self._names.append(name)
            return True
        for _ in range(_LOOKS):
            place = self._hand = (self._hand + 1) % self._capacity
            if self._own[self._names[place]] <= now:
                del self._own[self._names[place]]
                self._names[place] = name
                return True
        return False
