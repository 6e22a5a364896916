# SPDX-License-Identifier: MIT
"""How many requests are worked at once: Crowd."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TypeAlias

Leave: TypeAlias = Callable[[], None]
"""Gives the place to another; a second call does nothing."""


class Crowd:
    """Counts who is inside; does not let in more than so many.

    Args:
        most: at once.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.inside: int = 0

    @contextlib.contextmanager
    def enter(self) -> Iterator[Leave | None]:
        """Go in, and out at the end of the block, or by what is yielded before that; None: it is full, and nobody went in."""
        if self.inside >= self._most:
            yield None
            return
        self.inside += 1
        here = True

        def leave() -> None:
            nonlocal here
            self.inside -= here
            here = False

        try:
            yield leave
        finally:
            leave()
