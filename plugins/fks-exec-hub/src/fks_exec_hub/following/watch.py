# SPDX-License-Identifier: MIT
"""Orders that turned out not to be there are looked for again, long after: a venue may have placed one late all the same.

However many there are, one task waits for the next of them: an exchange that loses requests for a day makes no host slow.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable, Sequence
from itertools import count

from attrs import define

from fks_exec.model.results import ExecutionResult

from ..accounts.desk import Desk
from ..accounts.live import Live
from ..orders.lookups import Lookups, can_look
from ..orders.record import record

log: logging.Logger = logging.getLogger(__name__)


@define(eq=False)
class _Watched:
    """One order.

    Args:
        began: monotonic seconds.
        looks: how many of the moments are over.
    """

    live: Live
    began: float
    looks: int = 0


class Watch:
    """Looks for the watched orders of one account.

    Args:
        desk: the account at work.
        lookups: its budget.
        moments: after the conclusion, seconds, when it is looked for once more; after the last one it has ended.
        again: seconds until the next try when a look failed.
        fault: told of an order that is watched no more because of a fault of ours.
    """

    def __init__(
        self, desk: Desk, lookups: Lookups, moments: Sequence[float], *, again: float, fault: Callable[[Live], None]
    ) -> None:
        self._desk = desk
        self._lookups = lookups
        self._moments = moments
        self._again = again
        self._fault = fault
        self._watched: dict[str, _Watched] = {}
        self._next: list[tuple[float, int, _Watched]] = []
        self._numbers = count()
        self._news: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    def take(self, live: Live) -> None:
        """An order has changed: it is watched from here on, or no longer."""
        name = live.key.client_order_id
        known = self._watched.get(name)
        if known is not None and not live.watched:
            del self._watched[name]
            self._forget()
            self._tell()
        elif known is None and live.watched:
            each = self._watched[name] = _Watched(live, self._desk.clock.monotonic())
            self._enter(each, each.began + next(iter(self._moments), 0.0))
            self._tell()
            if self._task is None:
                self._task = asyncio.get_running_loop().create_task(self._run())
                self._desk.spawn(self._task)

    def _enter(self, each: _Watched, due: float) -> None:
        heapq.heappush(self._next, (due, next(self._numbers), each))

    def _forget(self) -> None:
        """Those that are watched no more go, before they are most of what is kept."""
        if len(self._next) > 2 * len(self._watched) + 8:
            self._next = [row for row in self._next if self._stands(row[2])]
            heapq.heapify(self._next)

    def _stands(self, each: _Watched) -> bool:
        return self._watched.get(each.live.key.client_order_id) is each

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def _run(self) -> None:
        try:
            while self._next:
                due, _, each = self._next[0]
                left = due - self._desk.clock.monotonic()
                if not self._stands(each):
                    heapq.heappop(self._next)
                elif left > 0:
                    await self._pause(left)
                else:
                    heapq.heappop(self._next)
                    await self._turn(each)
        finally:
            self._task = None

    async def _pause(self, seconds: float) -> None:
        """Wait, at most so long; any news end it."""
        self._news = asyncio.get_running_loop().create_future()
        await asyncio.wait({self._news}, timeout=seconds)

    async def _turn(self, each: _Watched) -> None:
        try:
            await self._look(each)
        except Exception:  # a fault of ours
            log.exception("account %s: order %s is not watched any more", self._desk.name, each.live.key.client_order_id)
            self._watched.pop(each.live.key.client_order_id, None)
            self._fault(each.live)

    async def _look(self, each: _Watched) -> None:
        """An order that appears is recorded as a correction, one that never does has ended."""
        live = each.live
        silent = self._desk.account is not None and not can_look(self._desk)
        if not silent and not await self._answered(live):
            self._enter(each, self._desk.clock.monotonic() + self._again)
            return
        if not live.watched:
            return
        each.looks += 1
        if each.looks < len(self._moments):
            self._enter(each, each.began + self._moments[each.looks])
            return
        live.watched = False
        await record(self._desk, live, live.result)

    async def _answered(self, live: Live) -> bool:
        """Whether the venue did."""
        try:
            news: ExecutionResult | None = await self._lookups.ask(live)
        except Exception as error:  # it proves nothing
            log.info("account %s: look-up of %s: %s", self._desk.name, live.key.client_order_id, type(error).__name__)
            return False
        if news is not None:
            await record(self._desk, live, news)
        return True
