# SPDX-License-Identifier: MIT
"""An event loop whose time passes only when nothing is left to do: an hour of look-ups takes a moment, the same each time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from typing import Any

START = 1_700_000_000_000
"""Epoch milliseconds at which it begins."""


class _Selector(selectors.DefaultSelector):
    """Instead of waiting, lets the loop's time pass."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("nothing will ever happen: everybody waits for something that nobody does")
        if not ready and timeout and timeout > 0:
            self.passed += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its ``time()`` is a count; what would run in a thread runs at once. It is also the clock of whoever lives on it."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Seconds that have passed."""
        return self._virtual.passed

    def now(self) -> int:
        """Wall time, epoch milliseconds."""
        return START + round(self._virtual.passed * 1000)

    def monotonic(self) -> float:
        """Seconds."""
        return self._virtual.passed

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]
        """Call a function, here and now."""
        done: asyncio.Future[Any] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # it is the call's answer
            done.set_exception(error)
        return done
