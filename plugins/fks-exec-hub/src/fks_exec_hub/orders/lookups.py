# SPDX-License-Identifier: MIT
"""Look-ups of single orders: one budget per account; who waits for a cancel first, then orders of unknown fate."""

from __future__ import annotations

import asyncio
from collections import deque

from fks_exec.errors import AccountNotReady, PluginError
from fks_exec.model.results import ExecutionResult, Status
from fks_exec.outcomes import check_published

from ..accounts.desk import Desk
from ..accounts.live import Live

AT_ONCE = 4
"""So many look-ups of one account run at the same time."""

_BREATH = 0.005
"""Seconds; the least that is waited where a clock has not yet reached the moment."""


class Lookups:
    """Asks the venue of one account about single orders, no more often than ``polls_per_second``.

    Args:
        desk: the account at work.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        rate = desk.config.polls_per_second
        self._begun: deque[float] = deque(maxlen=max(1, int(rate)))
        self._window = (self._begun.maxlen or 1) / rate
        self._running = 0
        self._first: deque[asyncio.Future[None]] = deque()
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def ask(self, live: Live, *, urgent: bool = False, first: bool = False) -> ExecutionResult | None:
        """Look one order up, by all its names, once; when the budget allows.

        Args:
            urgent: go before those that are not.
            first: go before all others; somebody waits for it.

        Returns:
            What the venue shows; None only for a clean "no such order".

        Raises:
            AccountNotReady, NotSupported, PluginError, InvalidOrder, and whatever the venue raises: nothing is proved.
        """
        await self._turn(self._first if first else self._urgent if urgent else self._others)
        try:
            return await self._look(live)
        finally:
            self._running -= 1
            self._next()

    async def _look(self, live: Live) -> ExecutionResult | None:
        account = self._desk.account
        if account is None:
            raise AccountNotReady(self._desk.name, self._desk.reason)
        answer = await account.fetch_order(live.ref)
        if answer is None or answer.status is Status.NOT_PLACED:
            return None
        check_published(answer)
        if answer.client_order_id not in (None, live.key.client_order_id, live.venue_client_order_id):
            told = f"{answer.client_order_id!a:.60}"
            raise PluginError(f"account {self._desk.name!r}: fetch_order answers another order, {told}")
        return answer

    async def _turn(self, queue: deque[asyncio.Future[None]]) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._next()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._running -= 1
                self._next()
            raise

    def _next(self) -> None:
        """Let those begin whose turn it is; the first of the others comes back when the budget allows."""
        while self._running < AT_ONCE and (waiting := self._first or self._urgent or self._others):
            if waiting[0].done():
                waiting.popleft()
                continue
            seconds = self._until_free()
            if seconds > 0:
                self._come_back(seconds)
                return
            self._begun.append(self._desk.clock.monotonic())
            self._running += 1
            waiting.popleft().set_result(None)

    def _until_free(self) -> float:
        if len(self._begun) < (self._begun.maxlen or 1):
            return 0.0
        return self._begun[0] + self._window - self._desk.clock.monotonic()

    def _come_back(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(max(seconds, _BREATH), self._back)

    def _back(self) -> None:
        self._timer = None
        self._next()


def can_look(desk: Desk) -> bool:
    """Whether the account's venue can tell of a single order; False as well while the account is not open."""
    if desk.account is None:
        return False
    declared = desk.account.capabilities
    return declared.resolution != "none" and "fetch_order" in declared.abilities
