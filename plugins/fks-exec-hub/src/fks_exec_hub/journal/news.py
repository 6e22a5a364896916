# SPDX-License-Identifier: MIT
"""Wakes those who follow an account's accepted orders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from .protocol import Recorded

PAGE = 500


class News:
    """One event per followed account; used on the loop only."""

    def __init__(self) -> None:
        self._events: dict[str, asyncio.Event] = {}
        self.ended: bool = False

    def tell(self, accounts: Iterable[str]) -> None:
        """Orders of these accounts were accepted."""
        for account in accounts:
            event = self._events.pop(account, None)
            if event is not None:
                event.set()

    def end(self) -> None:
        """Nothing will come any more."""
        self.ended = True
        self.tell(list(self._events))

    async def follow(
        self,
        account: str,
        after: int,
        read: Callable[[str, int, int], Awaitable[list[Recorded]]],
        poll: float | None = None,
    ) -> AsyncIterator[Recorded]:
        """Pages of the past, then what comes.

        Args:
            read: returns at most so many orders of an account after a position.
            poll: seconds after which to look again although nobody told us; None: never.
        """
        while not self.ended:
            # Taken before the read, so that an order stored during the read still wakes us.
            event = self._events.setdefault(account, asyncio.Event())
            page = await read(account, after, PAGE)
            for order in page:
                yield order
                after = order.position
            if not page:
                await _wait(event, poll)


async def _wait(event: asyncio.Event, seconds: float | None) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
