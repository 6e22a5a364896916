# SPDX-License-Identifier: MIT
"""Named fakes of observers."""

from __future__ import annotations

import threading

from fks_exec import Event, hookimpl


class Recorder:
    """Keeps every event, and the thread in which it heard it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.threads: set[str] = set()
        self.closed = 0

    @hookimpl
    def observe(self, event: Event) -> None:
        self.events.append(event)
        self.threads.add(threading.current_thread().name)

    @hookimpl
    def close(self) -> None:
        self.closed += 1


class RaisingObserver:
    """Raises at every event and at the end."""

    def __init__(self) -> None:
        self.heard = 0

    @hookimpl
    def observe(self, event: Event) -> None:
        self.heard += 1
        raise RuntimeError("key=hunter2")

    @hookimpl
    def close(self) -> None:
        raise RuntimeError("cannot close")


class StuckObserver:
    """Hangs at the first event until it is released."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.release = threading.Event()

    @hookimpl
    def observe(self, event: Event) -> None:
        self.entered.set()
        self.release.wait(30)
