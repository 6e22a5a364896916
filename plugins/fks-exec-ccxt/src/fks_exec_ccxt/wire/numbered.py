# SPDX-License-Identifier: MIT
"""Requests that an exchange wants in the order of their numbers (nonces): :class:`Numbered`, one on the wire at a time."""

from __future__ import annotations

import asyncio
import heapq
from contextvars import ContextVar
from itertools import count
from typing import Any

from attrs import define, field

from fks_exec.errors import NotSent

from .calls import Wired, current
from .limits import ANSWER_TIME

PATIENCE = 1.0
"""Seconds for which an exit waits for a request that is on the wire already, before it goes beside it.

Its number is higher. What it overtakes is refused there, which proves that it had no effect.
"""


@define(eq=False)
class _Waiter:
    urgent: bool
    number: int
    turn: asyncio.Future[None] = field(repr=False)

    def __lt__(self, other: _Waiter) -> bool:
        return (not self.urgent, self.number) < (not other.urgent, other.number)


class OneByOne:
    """One request at a time, exits first: two at once travel on two connections, and the later may arrive before the other."""

    def __init__(self) -> None:
        self._under_way = 0
        self._waiting: list[_Waiter] = []
        self._numbers = count()

    async def enter(self, *, urgent: bool, within: float | None) -> None:
        """Wait until nothing is under way; :meth:`leave` afterwards.

        Args:
            urgent: before what is not, and after :data:`PATIENCE` seconds beside what hangs.
            within: seconds until the caller's deadline; None: there is none.

        Raises:
            NotSent: the deadline would end while waiting.
        """
        if not self._under_way:
            self._under_way = 1
            return
        waiter = _Waiter(urgent, next(self._numbers), asyncio.get_running_loop().create_future())
        heapq.heappush(self._waiting, waiter)
        try:
            await self._wait(waiter, within)
        except BaseException:
            self._drop(waiter)
            raise

    def leave(self) -> None:
        """It has its answer, or never will have."""
        self._under_way -= 1
        while not self._under_way and self._waiting:
            waiter = heapq.heappop(self._waiting)
            if not waiter.turn.done():
                self._under_way = 1
                waiter.turn.set_result(None)

    async def _wait(self, waiter: _Waiter, within: float | None) -> None:
        left = None if within is None else within - ANSWER_TIME
        most = left if not waiter.urgent else PATIENCE if left is None else min(PATIENCE, left)
        try:
            async with asyncio.timeout(most):
                await waiter.turn
        except TimeoutError:
            if not waiter.urgent or most != PATIENCE:
                raise _too_late() from None
            if waiter.turn.done() and not waiter.turn.cancelled():
                return  # patience ended in the tick in which it was given its turn
            if waiter in self._waiting:  # else it was passed over in that tick
                self._waiting.remove(waiter)
                heapq.heapify(self._waiting)
            self._under_way += 1

    def _drop(self, waiter: _Waiter) -> None:
        if waiter in self._waiting:
            self._waiting.remove(waiter)
            heapq.heapify(self._waiting)
        elif waiter.turn.done() and not waiter.turn.cancelled():
            self.leave()  # it had its turn, and its task was cancelled before it could use it


_ENTERED: ContextVar[list[bool] | None] = ContextVar("fks_exec_ccxt_entered", default=None)


class Numbered(Wired):
    """Wired for exchanges that take no number twice, nor a lower one after a higher."""

    fks_nonce: float = 0
    """The latest."""

    def nonce(self) -> float:
        """A correction of the clock, and two requests of one millisecond, would have it fall or stand still."""
        base: Any = super()
        told: float = max(base.nonce(), self.fks_nonce + 1)
        self.fks_nonce = told
        return told

    @property
    def fks_one_by_one(self) -> OneByOne:
        """Of this instance, which has one key."""
        found: OneByOne = self.__dict__.setdefault("_fks_one_by_one", OneByOne())
        return found

    async def fetch2(self, path: Any, api: Any = "public", *words: Any, **more: Any) -> Any:
        """From the turn to the answer: the number is drawn after the one and before the other."""
        base: Any = super()
        if "private" not in ([api] if isinstance(api, str) else api):
            return await base.fetch2(path, api, *words, **more)
        entered: list[bool] = []
        token = _ENTERED.set(entered)
        try:
            return await base.fetch2(path, api, *words, **more)
        finally:
            _ENTERED.reset(token)
            if entered:
                self.fks_one_by_one.leave()

    async def throttle(self, cost: float | None = None) -> None:
        """The turn of the rate limit, then the wire."""
        await super().throttle(cost)
        entered = _ENTERED.get()
        if entered is None:
            return
        call = current()
        within = None if call is None else call.remaining()
        await self.fks_one_by_one.enter(urgent=call is not None and call.urgent, within=within)
        entered.append(True)


def _too_late() -> NotSent:
    return NotSent(
        "the deadline ended while another request of the account was under way, and this exchange takes one after the other; "
        "nothing was sent; give the account a longer deadline",
        code="DEADLINE",
    )
