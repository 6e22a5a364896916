# SPDX-License-Identifier: MIT
"""How often, and over how long a time, something is looked for before it counts as missing."""

from __future__ import annotations

from attrs import define, field

SPACES = (0.0, 0.2, 0.5, 1.0, 1.5)
"""Seconds between two looks that count: a venue may show what it has taken a little later."""


@define
class Patience:
    """Looks that did not find something, by its name."""

    _looks: dict[str, tuple[int, float]] = field(factory=dict)

    def may_look(self, name: str, now: float) -> bool:
        """Whether the next look counts; before that it is too early for one.

        Args:
            now: monotonic seconds.
        """
        count, last = self._looks.get(name, (0, now))
        return count >= len(SPACES) or now - last >= SPACES[count]

    def missed(self, name: str, now: float) -> bool:
        """A look did not find it; whether that was the last one."""
        count, _ = self._looks.get(name, (0, now))
        self._looks[name] = (count + 1, now)
        return self.exhausted(name)

    def give_up(self, name: str, now: float) -> None:
        """The venue's own word says that it is not there: no further look is needed."""
        self._looks[name] = (len(SPACES), now)

    def exhausted(self, name: str) -> bool:
        """It was looked for often enough."""
        return self._looks.get(name, (0, 0.0))[0] >= len(SPACES)

    def found(self, name: str) -> None:
        """It is there."""
        self._looks.pop(name, None)
