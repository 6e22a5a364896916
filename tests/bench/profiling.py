# SPDX-License-Identifier: MIT
"""A profile of the thread that runs the event loop, when one is asked for."""

import cProfile
import io
import pstats
import re
from types import TracebackType


class Profiler:
    """A context; does nothing unless it is wanted.

    Attributes:
        found: the profile of another process, which counts instead.
    """

    def __init__(self, wanted: bool) -> None:
        self.wanted = wanted
        self.found: list[str] = []
        self._profile = cProfile.Profile() if wanted else None

    def __enter__(self) -> None:
        if self._profile is not None:
            self._profile.enable()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._profile is not None:
            self._profile.disable()

    def lines(self, count: int = 15) -> list[str]:
        """Where the time went, by own time; empty if it was not wanted."""
        if self._profile is None or self.found:
            return self.found
        text = io.StringIO()
        pstats.Stats(self._profile, stream=text).sort_stats("tottime").print_stats(count)
        rows = text.getvalue().splitlines()
        start = next(number for number, row in enumerate(rows) if "ncalls" in row)
        return [re.sub(r"(/\S+/)(src|lib|site-packages)/", "", row) for row in rows[start : start + count + 1]]
