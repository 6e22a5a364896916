# SPDX-License-Identifier: MIT
"""What an account leaves behind: tasks, threads, sockets and warnings that came to be while it was watched."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

GRACE = 1.0
"""Seconds in which what was told to end has to end."""

EXECUTOR = "asyncio_"
"""How the event loop's own threads are named; they stay as long as the loop does."""

_watch: ContextVar[Watch | None] = ContextVar("_watch", default=None)


class Watch:
    """Knows what there was before, and which tasks were made by the code that it watches.

    The counterpart's tasks run in the same loop. They are told apart by the context in which a task is made: what the test
    calls, and what that makes, inherits the mark of the test; a server that was started before does not.
    """

    def __init__(self) -> None:
        gc.collect()  # what earlier tests left is none of this one's
        self._tasks: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        self._threads = set(threading.enumerate())
        self._sockets = {id(each) for each in _open_sockets()}
        self.warnings: list[str] = []

    def tasks(self) -> list[str]:
        """Those that have not ended."""
        return [f"the task {_name(task)}" for task in self._tasks if not task.done() and task is not asyncio.current_task()]

    def threads(self) -> list[str]:
        """Those that live, without the event loop's own."""
        new = [each for each in threading.enumerate() if each not in self._threads]
        return [f"the thread {each.name!r}" for each in new if not each.name.startswith(EXECUTOR)]

    def sockets(self) -> list[str]:
        """Those that are open."""
        return [f"the socket {each!r}" for each in _open_sockets() if id(each) not in self._sockets]

    def take(self, warning: warnings.WarningMessage) -> None:
        """Keep what says that something was forgotten."""
        text = str(warning.message)
        if issubclass(warning.category, ResourceWarning) or "was never awaited" in text:
            self.warnings.append(f"the warning {warning.category.__name__}: {text}")

    async def left(self, *find: Callable[[], list[str]]) -> list[str]:
        """What is still there after a moment, in words."""
        loop = asyncio.get_running_loop()
        end, pause = loop.time() + GRACE, 0.002
        while True:
            found = [each for look in find for each in look()]
            if not found or loop.time() > end:
                return found
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.1)

    def _mark(self, loop: asyncio.AbstractEventLoop, make: Callable[..., Any] | None) -> Callable[..., Any]:
        def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **more: Any) -> Any:
            task = make(loop, coroutine, **more) if make else asyncio.Task(coroutine, loop=loop, **more)
            if _watch.get() is self:
                self._tasks.add(task)
            return task

        return factory


@contextmanager
def watching() -> Iterator[Watch]:
    """Watch what is made from here on; enter it within the event loop."""
    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        watch = Watch()
        heard.clear()
        mark = _watch.set(watch)
        loop.set_task_factory(watch._mark(loop, before))
        try:
            yield watch
            gc.collect()
            for warning in heard:
                watch.take(warning)
        finally:
            loop.set_task_factory(before)
            _watch.reset(mark)


def _open_sockets() -> list[socket.socket]:
    """By type, not by isinstance: a stranger's object may stand for something that is not there."""
    return [each for each in gc.get_objects() if issubclass(type(each), socket.socket) and each.fileno() != -1]


def _name(task: asyncio.Task[Any]) -> str:
    coroutine = task.get_coro()
    return f"{getattr(coroutine, '__qualname__', task.get_name())}"
