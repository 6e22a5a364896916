# SPDX-License-Identifier: MIT
"""Updates of orders that are not known: held while they may be of one whose answer, with the venue's name, is still to come."""

from __future__ import annotations

from collections.abc import Iterable

from fks_exec.model.events import OrderUpdate


class Unmatched:
    """The held updates, by name and by age.

    Args:
        most: so many are held; beyond that the oldest gives way.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0
        self._updates: dict[int, tuple[OrderUpdate, int]] = {}
        self._numbers: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self._updates)

    def put(self, update: OrderUpdate, flight: int) -> OrderUpdate | None:
        """Hold one.

        Args:
            flight: the number of the last order that was sent before it came; it can be of no later one.

        Returns:
            The oldest one, where it had to give way.
        """
        evicted = self._take(next(iter(self._updates))) if len(self._updates) >= self._most else None
        self._count += 1
        self._updates[self._count] = update, flight
        for name in _names(update):
            self._numbers.setdefault(name, []).append(self._count)
        return evicted

    def named(self, names: Iterable[str | None]) -> list[OrderUpdate]:
        """Let go of those with one of these names, in the order in which they came."""
        numbers = {number for name in names if name is not None for number in self._numbers.get(name, ())}
        return [self._take(number) for number in sorted(numbers)]

    def before(self, flight: int | None) -> list[OrderUpdate]:
        """Let go of those that can be of no order any more.

        Args:
            flight: the number of the oldest order without an answer; None: there is none.
        """
        free: list[OrderUpdate] = []
        while self._updates:
            number, (_, last) = next(iter(self._updates.items()))
            if flight is not None and last >= flight:
                break
            free.append(self._take(number))
        return free

    def _take(self, number: int) -> OrderUpdate:
        update, _ = self._updates.pop(number)
        for name in _names(update):
            self._numbers[name].remove(number)
            if not self._numbers[name]:
                del self._numbers[name]
        return update


def _names(update: OrderUpdate) -> set[str]:
    return {name for name in (update.ref.venue_client_order_id, update.ref.order_id) if name is not None}
