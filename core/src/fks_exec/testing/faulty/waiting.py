# SPDX-License-Identifier: MIT
"""Calls that get no answer yet: until they are released, dropped, or so many seconds have passed."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from attrs import frozen


@frozen(kw_only=True)
class Held:
    """An answer that is held back.

    Args:
        then: called when the wait is over; returns the answer, or raises.
        seconds: how long; None: until it is released.
        swallow: how many cancellations it swallows while it waits.
    """

    then: Callable[[], object]
    seconds: float | None = None
    swallow: int = 0


class Waits:
    """The calls that wait to be released."""

    def __init__(self) -> None:
        self._waiting: set[Future[None]] = set()
        self._lock = threading.Lock()
        self.swallowed: int = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def release(self) -> None:
        """Let them all go on."""
        for future in self._take_all():
            future.set_result(None)

    def drop(self) -> None:
        """Break the connection of each."""
        for future in self._take_all():
            future.set_exception(ConnectionResetError("the venue dropped the connection"))

    def _take_all(self) -> list[Future[None]]:
        with self._lock:
            taken, self._waiting = list(self._waiting), set()
        return taken

    def _enter(self) -> Future[None]:
        future: Future[None] = Future()
        with self._lock:
            self._waiting.add(future)
        return future

    async def wait(self, held: Held) -> None:
        """On an event loop."""
        future = self._enter() if held.seconds is None else None
        waiting = asyncio.ensure_future(asyncio.sleep(held.seconds or 0) if future is None else asyncio.wrap_future(future))
        try:
            await self._stubbornly(waiting, held.swallow)
        finally:
            self._leave(future)
            waiting.cancel()

    async def _stubbornly(self, waiting: asyncio.Future[None], swallow: int) -> None:
        while True:
            try:
                return await asyncio.shield(waiting)
            except asyncio.CancelledError:
                if swallow <= 0 or waiting.cancelled():
                    raise
                swallow -= 1
                self.swallowed += 1

    def block(self, held: Held) -> None:
        """In a thread, which it blocks."""
        if held.seconds is not None:
            return time.sleep(held.seconds)
        self._enter().result()

    def _leave(self, future: Future[None] | None) -> None:
        if future is not None:
            with self._lock:
                self._waiting.discard(future)
