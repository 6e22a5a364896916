# SPDX-License-Identifier: MIT
"""How many requests at once: Crowd."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class Crowd:
    """Counts who is inside; does not let in more than so many.

    Args:
        most: at once.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.inside: int = 0

    @contextlib.contextmanager
    def enter(self) -> Iterator[bool]:
        """Go in, and out at the end of the block; False: it is full, and nobody went in."""
        if self.inside >= self._most:
            yield False
            return
        self.inside += 1
        try:
            yield True
        finally:
            self.inside -= 1
