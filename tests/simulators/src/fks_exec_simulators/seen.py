# SPDX-License-Identifier: MIT
"""A desk's journal of which a test sees a write, when it is durable, and before whoever waits for it goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from fks_exec_hub.accounts.desk import Desk
from fks_exec_hub.journal import Journal, JournalStep, Term, Written


class SeenJournal:
    """Stands before another journal.

    Args:
        kind: of step; at the first write with one of these ...
        then: ... this is awaited; what it raises, the writer gets, although everything is stored.
    """

    def __init__(self, journal: Journal, kind: type[JournalStep], then: Callable[[], Awaitable[None]]) -> None:
        self._journal, self._kind, self._then = journal, kind, then
        self._seen = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def write(self, *steps: JournalStep, term: Term | None = None) -> Written:
        """Store them."""
        written = await self._journal.write(*steps, term=term)
        if not self._seen and any(isinstance(step, self._kind) for step in steps):
            self._seen = True
            await self._then()
        return written


def see(desk: Desk, kind: type[JournalStep], then: Callable[[], Awaitable[None]]) -> None:
    """From here on a desk writes past such a journal."""
    desk.journal = cast(Journal, SeenJournal(desk.journal, kind, then))
