# SPDX-License-Identifier: MIT
"""What a figure depends on: the disk's fdatasync and the load of the same minute; percentiles; memory."""

import gc
import os
import time
from collections.abc import Sequence
from pathlib import Path

PAGE = os.urandom(4096)
PAGES = 64


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of all lies, 0 to 1."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def fdatasync_ms(folder: Path, times: int = 200) -> list[float]:
    """How long the disk of a folder takes for one page, milliseconds, many times."""
    place = folder / "fdatasync"
    took = []
    descriptor = os.open(place, os.O_RDWR | os.O_CREAT)
    try:
        os.pwrite(descriptor, PAGE * PAGES, 0)
        os.fsync(descriptor)
        for number in range(times):
            os.pwrite(descriptor, PAGE, 4096 * (number % PAGES))
            before = time.perf_counter()
            os.fdatasync(descriptor)
            took.append((time.perf_counter() - before) * 1000)
    finally:
        os.close(descriptor)
        place.unlink()
    return took


def surroundings(folder: Path) -> dict[str, float]:
    """The machine at this moment."""
    took = fdatasync_ms(folder)
    return {
        "fdatasync_p50_ms": round(percentile(took, 0.5), 3),
        "fdatasync_p99_ms": round(percentile(took, 0.99), 3),
        "load": round(os.getloadavg()[0], 2),
    }


def resident_bytes() -> int:
    """Of this process; 0 where the system does not tell."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if status.exists() else 0


class Collections:
    """A context; how long Python's full collections took, milliseconds of the thread that they hold up."""

    def __init__(self) -> None:
        self.took: list[float] = []
        self._began = 0.0

    def __enter__(self) -> "Collections":
        gc.callbacks.append(self._note)
        return self

    def __exit__(self, *exc_info: object) -> None:
        gc.callbacks.remove(self._note)

    def _note(self, phase: str, found: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        elif found["generation"] == 2:
            self.took.append((time.perf_counter() - self._began) * 1000)


def collect() -> None:
    """Let go of what only circles hold."""
    for _ in range(3):
        gc.collect()
