# SPDX-License-Identifier: MIT
"""Turns: a bounded queue, exits first, in front of ccxt's own limiter; and Budget, what of the limit is used.

ccxt's limiter waits for as long as it takes, in order of arrival, in a queue without an end. Here a request comes to it when
the limit allows it at once; until then it waits in a queue of ours, where an exit overtakes and a deadline ends the waiting.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, TypeAlias

from attrs import define, field, frozen

from fks_exec.errors import NotSent, VenueRateLimited

from .bucket import Bucket

ANSWER_TIME = 0.02
"""Seconds: with less than this left of a deadline a request is not sent any more; no answer could be in time."""

Throttle: TypeAlias = Callable[[float | None], Awaitable[Any]]


@frozen(kw_only=True)
class Budget:
    """What is used of the limit.

    Args:
        used: share of what may be sent at once, 0 to 1.
        waiting: requests that wait for their turn.
        seconds: that the next request would wait.
    """

    used: float
    waiting: int
    seconds: float


@define(eq=False)
class _Waiter:
    urgent: bool
    number: int
    cost: float
    turn: asyncio.Future[None] = field(repr=False)

    def __lt__(self, other: _Waiter) -> bool:
        return (not self.urgent, self.number) < (not other.urgent, other.number)


class Turns:
    """Who is next.

    Args:
        most: requests that may wait; one more is refused at once.
        tell: takes a Budget when it has changed, at most once in ``every`` seconds.
    """

    def __init__(self, *, most: int, tell: Callable[[Budget], None] | None = None, every: float = 1.0) -> None:
        self._most, self._tell, self._every = most, tell, every
        self._numbers = count()
        self._queue: list[_Waiter] = []
        self._pump: asyncio.Task[None] | None = None
        self._bucket = Bucket()
        self._moved = asyncio.Event()
        self._told: Budget | None = None
        self._told_at = -every
        self._later: asyncio.TimerHandle | None = None
        self._closed = False

    async def take(
        self, throttle: Throttle, throttler: Any, cost: float | None, *, urgent: bool = False, within: float | None = None
    ) -> None:
        """Wait for a turn.

        Args:
            throttle: ccxt's own, which waits until the limit allows a cost.
            throttler: ccxt's object behind it.
            cost: of the request, in ccxt's units.
            within: seconds until the caller's deadline.

        Raises:
            VenueRateLimited: too many wait already.
            NotSent: the deadline would end while waiting, or the account is being closed.
        """
        if self._closed:
            raise _closing()
        if within is not None and within < ANSWER_TIME:
            raise _too_late()
        self._bucket.use(throttler)
        price = self._bucket.price(cost)
        passes = not self._queue and self._bucket.spend(price, urgent)
        if not passes and not (urgent and self._bucket.jump(price)):
            await self._wait(self._enqueue(urgent, price), throttle, within)
        self._note()

    def budget(self) -> Budget:
        """What is used now."""
        seconds = round(self._bucket.pause(sum(waiter.cost for waiter in self._queue), False), 3)
        return Budget(used=round(self._bucket.used(), 2), waiting=len(self._queue), seconds=seconds)

    def close(self) -> None:
        """Whoever waits is told that nothing was sent; nothing is left behind."""
        self._closed = True
        for waiter in self._queue:
            if not waiter.turn.done():
                waiter.turn.set_exception(_closing())
        self._queue.clear()
        if self._pump is not None:
            self._pump.cancel()
        if self._later is not None:
            self._later.cancel()
        self._bucket.stop()

    def _enqueue(self, urgent: bool, cost: float) -> _Waiter:
        if len(self._queue) >= self._most:
            self._make_room(urgent)
        waiter = _Waiter(urgent, next(self._numbers), cost, asyncio.get_running_loop().create_future())
        heapq.heappush(self._queue, waiter)
        self._moved.set()
        return waiter

    def _make_room(self, urgent: bool) -> None:
        """A queue full of other requests stops no exit: the youngest of them is refused instead."""
        youngest = max((waiter for waiter in self._queue if not waiter.urgent), default=None)
        if not urgent or youngest is None:
            raise _too_many(self._most, self.budget().seconds)
        self._drop(youngest)
        if not youngest.turn.done():
            youngest.turn.set_exception(_too_many(self._most, self.budget().seconds))

    async def _wait(self, waiter: _Waiter, throttle: Throttle, within: float | None) -> None:
        self._start(throttle)
        self._note()
        try:
            async with asyncio.timeout(None if within is None else within - ANSWER_TIME):
                await waiter.turn
        except TimeoutError:
            raise _too_late() from None
        finally:
            self._drop(waiter)

    def _drop(self, waiter: _Waiter) -> None:
        if waiter in self._queue:
            self._queue.remove(waiter)
            heapq.heapify(self._queue)
            self._moved.set()

    def _start(self, throttle: Throttle) -> None:
        if self._pump is None or self._pump.done():
            self._pump = asyncio.get_running_loop().create_task(self._run(throttle))

    async def _run(self, throttle: Throttle) -> None:
        """Give turns while somebody waits: always to the first of the moment, when the limit has room for it."""
        try:
            while self._queue:
                first = self._queue[0]
                if (pause := self._bucket.pause(first.cost, first.urgent)) > 0:
                    await self._moves(pause)
                    continue
                heapq.heappop(self._queue)
                self._bucket.credit()
                await throttle(first.cost)
                self._bucket.granted()
                if not first.turn.done():
                    first.turn.set_result(None)
        except Exception as error:
            for waiter in self._queue:
                if not waiter.turn.done():
                    waiter.turn.set_exception(NotSent(f"ccxt's limiter failed ({type(error).__name__}); nothing was sent"))

    async def _moves(self, seconds: float) -> None:
        """Until the queue is another, or the seconds are over."""
        self._moved.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._moved.wait()
        except TimeoutError:
            return

    def _note(self) -> None:
        if self._tell is None or self._closed or self._later is not None:
            return
        loop = asyncio.get_running_loop()
        wait = self._told_at + self._every - loop.time()
        self._later = loop.call_later(wait, self._tell_now, loop) if wait > 0 else None
        if self._later is None:
            self._tell_now(loop)

    def _tell_now(self, loop: asyncio.AbstractEventLoop) -> None:
        self._later = None
        budget = self.budget()
        if self._tell is None or budget == self._told:
            return
        self._told, self._told_at = budget, loop.time()
        self._tell(budget)


def _too_late() -> NotSent:
    return NotSent(
        "the order's deadline ended before its turn at the exchange's rate limit came; nothing was sent; send less often, or "
        "give the account a longer deadline",
        code="DEADLINE",
    )


def _too_many(most: int, seconds: float) -> VenueRateLimited:
    return VenueRateLimited(
        f"{most} requests already wait for the exchange's rate limit (max_waiting); nothing was sent; send less often",
        code="QUEUE_FULL",
        retry_after=seconds,
    )


def _closing() -> NotSent:
    return NotSent("the account is being closed; nothing was sent", code="CLOSING")
