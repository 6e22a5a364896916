# SPDX-License-Identifier: MIT
"""What the script holds back: until a time, for a number of look-ups, or until it is called for."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define


@define(eq=False)
class _Held:
    action: Callable[[], None]
    due: float | None
    looks: int | None
    name: str


class Later:
    """Actions that are held back."""

    def __init__(self) -> None:
        self._held: list[_Held] = []

    def add(self, action: Callable[[], None], name: str, *, due: float | None, looks: int | None) -> None:
        """Hold one back.

        Args:
            name: the sender's or the venue's id of the order that it is about.
            due: monotonic seconds; None: no time.
            looks: so many look-ups of the order do not see it yet; None: look-ups do not count.
        """
        self._held.append(_Held(action, due, looks, name))

    @property
    def names(self) -> set[str | None]:
        """Of the orders that are held back."""
        return {held.name for held in self._held}

    def looked(self, names: set[str | None]) -> None:
        """Orders of these names were looked up."""
        for held in [held for held in self._held if held.looks is not None and held.name in names]:
            if not held.looks:
                self._happens(held)
            else:
                held.looks -= 1

    def advance(self, now: float) -> None:
        """Do what is due."""
        for held in [held for held in self._held if held.due is not None and held.due <= now]:
            self._happens(held)

    def happen(self) -> None:
        """Do all of it."""
        for held in list(self._held):
            self._happens(held)

    def _happens(self, held: _Held) -> None:
        self._held.remove(held)
        held.action()
