# SPDX-License-Identifier: MIT
"""Observers hear events from a bounded queue, each in a thread of its own: none is in the path, none silences another."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

from .errors import InvalidOrder
from .model.events import Event

log: logging.Logger = logging.getLogger(__name__)

QUEUE = 10_000


def check_told(event: object, account: str) -> None:
    """A venue tells events of its own account.

    Raises:
        InvalidOrder: it is none, or another's.
    """
    if not isinstance(event, Event) or type(event) is Event:
        what = "Event itself" if isinstance(event, Event) else f"a {type(event).__name__}"
        raise InvalidOrder("event", f"tell takes a kind of Event, such as RateBudget, not {what}")
    if event.account != account:
        raise InvalidOrder("event.account", f"a venue tells of its own account {account!a}, not of {event.account[:64]!a}")


class _Listener:
    """One observer's queue and thread."""

    def __init__(self, name: str, observe: Callable[..., Any], close: Callable[[], Any] | None, size: int) -> None:
        self.name = name
        self.dropped = 0
        self._observe = observe
        self._close = close
        self._queue: queue.Queue[Event | None] = queue.Queue(size)
        self._thread = threading.Thread(target=self._run, name=f"observer {name}", daemon=True)
        self._thread.start()

    def put(self, event: Event) -> None:
        try:
            self._queue.put_nowait(event)
        except queue.Full:
            self.dropped += 1
            if self.dropped == 1:
                log.warning("observer %s is too slow: events are dropped; its queue holds %d", self.name, self._queue.maxsize)

    def end(self, seconds: float) -> None:
        try:
            self._queue.put(None, timeout=seconds)
        except queue.Full:
            return
        self._thread.join(seconds)

    def _run(self) -> None:
        while (event := self._queue.get()) is not None:
            self._call(self._observe, event=event)
        if self._close is not None:
            self._call(self._close)

    def _call(self, function: Callable[..., Any], **arguments: Any) -> None:
        try:
            function(**arguments)
        except Exception as error:  # an observer's fault is its own
            log.warning("observer %s raised %s; the others were told all the same", self.name, type(error).__name__)
            log.debug("observer %s", self.name, exc_info=True)


class Observers:
    """All observers of a host.

    Args:
        size: events that wait for one observer at most; further ones are dropped and counted.
    """

    def __init__(self, size: int = QUEUE) -> None:
        self._size = size
        self._listeners: list[_Listener] = []

    def __bool__(self) -> bool:
        return bool(self._listeners)

    def add(self, name: str, observe: Callable[..., Any], close: Callable[[], Any] | None = None) -> None:
        """One more, with its hooks ``observe(event=...)`` and ``close()``."""
        self._listeners.append(_Listener(name, observe, close, self._size))

    def emit(self, event: Event) -> None:
        """Tell all; never blocks, never raises."""
        for listener in self._listeners:
            listener.put(event)

    def dropped(self) -> dict[str, int]:
        """How many events each observer missed."""
        return {listener.name: listener.dropped for listener in self._listeners}

    def close(self, seconds: float = 2.0) -> None:
        """Deliver what is queued, then let each observer close; a stuck one is left behind after so many seconds."""
        for listener in self._listeners:
            listener.end(seconds)
        self._listeners.clear()
