# SPDX-License-Identifier: MIT
"""Whose turn it is: the alerts of one strategy and instrument, one after the other. Turns, Ticket.

Entries wait for one another in the order in which they came, also while the market is looked up for one of them; an exit goes
ahead of those whose look is not done. An entry that was overtaken so is not sent any more: the exit would have closed it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from attrs import define

from ..access.worth import Market
from .continuity import Place

PATIENCE = 1.0
"""Seconds from an alert's arrival that it may wait for a look at the market and for the order before it, both together."""


class Turn:
    """The turns of one strategy and instrument."""

    def __init__(self) -> None:
        self.entries: asyncio.Lock = asyncio.Lock()
        self.lock: asyncio.Lock = asyncio.Lock()
        self.arrived: int = 0
        self.exited: int = 0


@define(eq=False, kw_only=True)
class Ticket:
    """An alert's place in its turn.

    Args:
        until: when its patience ends, seconds of the loop's clock.
        ahead: it is an exit, and waits for no entry's look.
        market: what a look before its turn has told; None: there was none, or no answer in time.
    """

    turn: Turn
    number: int
    until: float
    ahead: bool = False
    market: Market | None = None

    @property
    def overtaken(self) -> bool:
        """An exit that came after it was taken before it."""
        return not self.ahead and self.turn.exited > self.number

    @property
    def left(self) -> float:
        """Seconds of its patience."""
        return max(self.until - asyncio.get_running_loop().time(), 0.0)

    def taken(self) -> None:
        """It was, in its turn."""
        if self.ahead:
            self.turn.exited = max(self.turn.exited, self.number)

    @asynccontextmanager
    async def in_turn(self, look: asyncio.Task[Market | None] | None = None) -> AsyncIterator[None]:
        """While it is open, it is this alert's turn.

        Args:
            look: is waited for before, in the order of the entries.
        """
        if self.ahead:
            async with self.turn.lock:
                yield
            return
        async with self.turn.entries:
            if look is not None:
                self.market = await look
            async with self.turn.lock:
                yield


class Turns:
    """Gives out tickets."""

    def __init__(self) -> None:
        self._turns: WeakValueDictionary[Place, Turn] = WeakValueDictionary()

    def ticket(self, place: Place) -> Ticket:
        """The next one."""
        turn = self._turns.get(place)
        if turn is None:
            turn = self._turns[place] = Turn()
        turn.arrived += 1
        return Ticket(turn=turn, number=turn.arrived, until=asyncio.get_running_loop().time() + PATIENCE)
