# SPDX-License-Identifier: MIT
"""``Watch``: what a piece of code calls, as the interpreter itself tells: how much, and what a pure function does not call."""

from __future__ import annotations

import gc
import io
import sys
from types import FrameType, TracebackType
from typing import Any

_CLOCK = frozenset({"now", "utcnow", "today"})
_TIME = frozenset({"sleep", "clock_gettime", "clock_gettime_ns"}) | {
    name + ending for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time") for ending in ("", "_ns")
}
_BUILT_IN = frozenset({"open", "print", "input"})
_FILES = frozenset({"_io", "io"})
_IN_MEMORY = (io.StringIO, io.BytesIO)
_OUTSIDE = frozenset({"_socket", "_ssl", "select", "posix", "nt", "_posixsubprocess", "sqlite3", "random", "_random"})
_HARMLESS = frozenset({"fspath"})


class Watch:
    """Counts calls, and keeps the names of those to a clock, to chance, and to anything outside of the process.

    The collector of garbage waits meanwhile: what it calls (a finalizer, a callback that others have there) is not the code's.

    Attributes:
        calls: how many functions were called, of Python and built in.
        outside: those that a pure function does not call, e.g. ``time.time``.
    """

    def __init__(self) -> None:
        self.calls: int = 0
        self.outside: list[str] = []
        self._before: Any = None
        self._collects = False

    def __enter__(self) -> Watch:
        self._before, self._collects = sys.getprofile(), gc.isenabled()
        gc.disable()
        sys.setprofile(self._heard)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        sys.setprofile(self._before)
        if self._collects:
            gc.enable()

    def _heard(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            self.calls += 1
        elif event == "c_call":
            self.calls += 1
            name = outside(argument)
            if name and name not in self.outside:
                self.outside.append(name)


def outside(function: Any) -> str:
    """The name of a built-in function that asks a clock, chance, or something outside of the process; empty for others."""
    owner, module, last = getattr(function, "__self__", None), getattr(function, "__module__", None), function.__name__
    kind = owner if isinstance(owner, type) else type(owner)
    homes = {module} if module else {base.__module__ for base in kind.__mro__}
    blamed = (
        ("time" in homes and last in _TIME)
        or ("datetime" in homes and last in _CLOCK)
        or (module == "builtins" and last in _BUILT_IN)
        or ("_thread" in homes and last.startswith("start_"))
        or (homes & _FILES and not isinstance(owner, _IN_MEMORY))
        or (homes & _OUTSIDE and last not in _HARMLESS)
    )
    return f"{module or kind.__module__}.{function.__qualname__}" if blamed else ""
