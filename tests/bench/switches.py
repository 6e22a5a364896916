# SPDX-License-Identifier: MIT
"""What two ways of saving a commit's wait bring: the same load without and with each, in turns, in one process."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from . import inside
from .profiling import Profiler

TURNS = 3
OVERLAP = ("fks_exec_hub.orders.lane", "OVERLAP")
"""The next order of a lane begins while the outcome of the last is being committed."""
MERGE = ("fks_exec_hub.orders.intake", "MERGE")
"""Accepted and intended in one transaction where the lane is idle."""


class NotBuilt(Exception):
    """The hub has no such switch."""


@contextmanager
def switched(switch: tuple[str, str], on: bool) -> Iterator[None]:
    """A module's constant set for a while.

    Raises:
        NotBuilt: the module has none of that name.
    """
    module, name = importlib.import_module(switch[0]), switch[1]
    if not hasattr(module, name):
        raise NotBuilt(f"{switch[0]} has no {name}")
    before = getattr(module, name)
    setattr(module, name, on)
    try:
        yield
    finally:
        setattr(module, name, before)


async def overlap(folder: Path, seconds: float, profiler: Profiler) -> dict[str, Any]:
    """Orders a second of one busy lane: with, divided by without."""
    return await _ratio(OVERLAP, partial(inside.throughput, lanes=1), "value", folder, seconds, profiler)


async def merge(folder: Path, seconds: float, profiler: Profiler) -> dict[str, Any]:
    """Milliseconds of one order in an idle lane: with, divided by without."""
    return await _ratio(MERGE, inside.one_in_flight, "whole_p50_ms", folder, seconds, profiler)


async def _ratio(
    switch: tuple[str, str], measure: Any, key: str, folder: Path, seconds: float, profiler: Profiler
) -> dict[str, Any]:
    found: dict[bool, list[dict[str, Any]]] = {False: [], True: []}
    for turn in range(TURNS):
        for on in (False, True):
            place = folder / f"{turn}-{on}"
            place.mkdir()
            wanted = profiler if on and turn == TURNS - 1 else Profiler(False)
            with switched(switch, on):
                found[on].append(await measure(place, seconds / TURNS / 2, wanted))
    without, with_it = ([run[key] for run in found[on]] for on in (False, True))
    return {
        "value": median(with_it) / median(without),
        "count": sum(run["count"] for runs in found.values() for run in runs),
        "without": median(without),
        "with": median(with_it),
        "turns": [b / a for a, b in zip(without, with_it, strict=True)],
    }
