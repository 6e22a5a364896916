# SPDX-License-Identifier: MIT
"""A lane: a queue, nothing else. One per (account, symbol): what is put in first is handled first, one at a time."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from fks_exec.model.results import Denial, ExecutionResult, Status

from .decide import decide, stale
from .desk import Desk
from .journal.protocol import JournalError
from .live import Live
from .record import record
from .repair import repair
from .submit import denied, submit

log: logging.Logger = logging.getLogger(__name__)
T = TypeVar("T")

LOOK = 0.05
"""Seconds between two looks whether the account can be used again."""


class Lane(Generic[T]):
    """Handles items in the order in which they were put in.

    Args:
        handle: awaited for one item at a time.
    """

    def __init__(self, handle: Callable[[T], Awaitable[None]]) -> None:
        self._handle = handle
        self._items: deque[T] = deque()
        self._task: asyncio.Task[None] | None = None
        self._stopped = False

    def __len__(self) -> int:
        return len(self._items)

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is handled."""
        return self._task is None and not self._items

    def put(self, item: T) -> None:
        """Take a place, in this tick."""
        self._items.append(item)
        if self._task is None and not self._stopped:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._items and not self._stopped:
                await self._one(self._items.popleft())
        finally:
            self._task = None

    async def _one(self, item: T) -> None:
        try:
            await self._handle(item)
        except Exception:  # whatever becomes of one item, the next ones are handled
            log.exception("a lane could not handle an item")

    async def stop(self, seconds: float) -> list[T]:
        """Take nothing further; the item in hand has so many seconds, then it is cancelled.

        Returns:
            What was not begun.
        """
        self._stopped = True
        task = self._task
        if task is not None:
            _, late = await asyncio.wait({task}, timeout=seconds)
            if late:
                task.cancel()
                await asyncio.wait({task})
        return list(self._items)


async def work(desk: Desk, live: Live) -> None:
    """What a lane does with one order: wait until it is durable, decide, submit."""
    if live.write is not None:
        try:
            await asyncio.shield(live.write)
        except JournalError:
            return
    try:
        await _until_written(desk, live)
    except Exception:  # a fault of ours: the order is in the journal, the next ones must not wait for it
        log.exception("account %s: order %s could not be handled", desk.name, live.key.client_order_id)
        desk.alarm("HUB_FAULT", "an order could not be handled; see the log", live.key.client_order_id)
        await record(desk, live, _fault(live))


def _fault(live: Live) -> ExecutionResult:
    """Before its intent nothing of an order was sent; after it, it may exist."""
    if live.submitted_at is None:
        text = "a fault of the hub, before anything was sent; see the log"
        return ExecutionResult(status=Status.NOT_PLACED, code="HUB_FAULT", error=text)
    text = "a fault of the hub; the order may exist at the venue: see the log"
    return ExecutionResult(status=Status.UNKNOWN, code="HUB_FAULT", error=text)


async def _until_written(desk: Desk, live: Live) -> None:
    """Nothing is sent before its intent is durable; while journal or venue cannot, the lane waits and decides again."""
    while True:
        denial = await _until_possible(desk, live)
        decision = denied(denial) if denial is not None else await decide(desk, live)
        if decision is None:
            continue
        if isinstance(decision, ExecutionResult):
            await record(desk, live, decision)
            return
        try:
            await submit(desk, live, decision)
            return
        except JournalError as error:
            desk.book.release(live.token)
            repair(desk, str(error))


async def _until_possible(desk: Desk, live: Live) -> Denial | None:
    """Wait for the account and its journal; an entry that grows too old meanwhile is denied."""
    while desk.not_ready:
        denial = None if desk.unwritable else stale(desk, live)
        if denial is not None:
            return denial
        await asyncio.sleep(LOOK)
    return None
