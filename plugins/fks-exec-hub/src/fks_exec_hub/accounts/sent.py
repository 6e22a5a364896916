# SPDX-License-Identifier: MIT
"""What was sent within the last hour, so that the same order is known when it comes again under another id."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from fks_exec.clock import Clock

from ..instructions import Instruction

HOUR = 3_600_000
"""Milliseconds."""

MOST = 4096
"""So many orders are remembered; of more than that within an hour the newest."""

_MEANS = ("symbol", "side", "order_type", "quantity", "size", "size_type", "price", "stop_price", "stop_loss", "take_profit")


class Sent:
    """The memory of one account; it begins anew with each start of the host. Each step costs O(1) on average.

    Args:
        clock: for the age.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._order: deque[tuple[int, Hashable]] = deque()
        self._times: dict[Hashable, deque[tuple[int, str]]] = {}

    def add(self, instruction: Instruction, client_order_id: str) -> None:
        """An order goes to the venue; a further attempt of the same one counts once."""
        now, what = self._clock.now(), same(instruction)
        times = self._times.setdefault(what, deque())
        if times and times[0][1] == client_order_id:
            return
        times.appendleft((now, client_order_id))
        self._order.append((now, what))
        self._forget(now)

    def times(self, instruction: Instruction, client_order_id: str) -> tuple[int, ...]:
        """When the same was sent under other ids within an hour, epoch milliseconds, the newest first."""
        oldest = self._clock.now() - HOUR
        found = self._times.get(same(instruction), ())
        return tuple(time for time, name in found if name != client_order_id and time > oldest)

    def _forget(self, now: int) -> None:
        while self._order and (len(self._order) > MOST or self._order[0][0] <= now - HOUR):
            _, what = self._order.popleft()
            self._times[what].pop()
            if not self._times[what]:
                del self._times[what]


def same(instruction: Instruction) -> Hashable:
    """What two instructions share that are the same order: kind, instrument, side, type, quantity or size, prices."""
    return type(instruction), *(getattr(instruction, name, None) for name in _MEANS)
