# SPDX-License-Identifier: MIT
"""Measures within one process: the hook, one order at a time, many at once, memory."""

import asyncio
import itertools
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw

from fks_exec import Account, Order
from fks_exec.calls import CallThread
from fks_exec.clock import SystemClock
from fks_exec.manager import HookManager
from fks_exec_hub import ExecutionHub, HubConfig
from fks_exec_simulators.instant import InstantVenue

from .hosts import ACCOUNT, full_order, instant, open_hub, paper, plain_order, symbols
from .machine import collect, percentile, resident_bytes
from .profiling import Profiler

MAKE: dict[str, Callable[[str], Order]] = {"instant": plain_order, "paper": full_order}
CONFIGURE: dict[str, Callable[[Path], HubConfig]] = {"instant": instant, "paper": paper}
DEPTH = {32: 8, 1: 64}
"""Orders in flight per lane, by the number of lanes."""
WARM = 15_000
"""Orders before memory is looked at."""
TRACED = 5_000
"""Orders until what is bounded, as the names of the last ended orders, consists of blocks that are counted."""


async def hook_call(folder: Path, seconds: float, profiler: Profiler) -> dict[str, Any]:
    """The pluggy call of ``execute_order`` and its await; and a whole ``Account.execute_order`` with its deadline."""
    clock = SystemClock()
    manager = HookManager(ACCOUNT, InstantVenue(), "bench", (), CallThread("bench", clock))
    order = plain_order("S0/USDT")
    async with Account(ACCOUNT, InstantVenue()) as account:
        submission = account.submission(seconds=3600)
        with profiler:
            hook = await _times(lambda: manager.hook.execute_order(order=order, submission=submission), seconds)
        whole = await _times(lambda: account.execute_order(order, submission), seconds)
    return {
        "value": percentile(hook, 0.99),
        "count": len(hook),
        "p50_ms": percentile(hook, 0.5),
        "account_p50_ms": percentile(whole, 0.5),
        "account_p99_ms": percentile(whole, 0.99),
    }


async def one_in_flight(folder: Path, seconds: float, profiler: Profiler) -> dict[str, Any]:
    """An order through the hub, durable, less a direct await of the venue; nothing else is going on."""
    venue, order = InstantVenue(), plain_order("S0/USDT")
    async with Account(ACCOUNT, InstantVenue()) as account:
        submission = account.submission(seconds=3600)
        direct = await _times(lambda: venue.execute_order(order, submission), 0.2)
    async with open_hub(instant(folder)) as hub:
        await _times(lambda: hub.execute_order(ACCOUNT, order), 0.3)
        with profiler:
            took = await _times(lambda: hub.execute_order(ACCOUNT, order), seconds)
    return {
        "value": percentile(took, 0.5) - percentile(direct, 0.5),
        "count": len(took),
        "whole_p50_ms": percentile(took, 0.5),
        "p99_ms": percentile(took, 0.99),
        "direct_p50_ms": percentile(direct, 0.5),
    }


async def _times(call: Callable[[], Any], seconds: float) -> list[float]:
    """Milliseconds of one call after the other."""
    took, until = [], time.perf_counter() + seconds
    while (before := time.perf_counter()) < until:
        await call()
        took.append((time.perf_counter() - before) * 1000)
    return took


async def throughput(folder: Path, seconds: float, profiler: Profiler, *, lanes: int, venue: str = "instant") -> dict[str, Any]:
    """Orders a second, durable, with as many in flight as a busy host has."""
    async with open_hub(CONFIGURE[venue](folder)) as hub:
        await _load(hub, lanes, venue, until=time.perf_counter() + min(seconds, 1.0))
        began, used = time.perf_counter(), time.process_time()
        with profiler:
            took = await _load(hub, lanes, venue, until=began + seconds)
        elapsed, used = time.perf_counter() - began, time.process_time() - used
    return {
        "value": len(took) / elapsed,
        "count": len(took),
        "cpu_us_per_order": used / len(took) * 1e6,
        "p50_ms": percentile(took, 0.5),
        "p99_ms": percentile(took, 0.99),
    }


async def _load(hub: ExecutionHub, lanes: int, venue: str, *, until: float = float("inf"), count: int = 0) -> list[float]:
    """Until a time, or so many orders; every one of them has to fill."""
    took: list[float] = []
    numbers = itertools.count()

    async def one_after_the_other(symbol: str) -> None:
        while time.perf_counter() < until and not (count and next(numbers) >= count):
            before = time.perf_counter()
            result = await hub.execute_order(ACCOUNT, MAKE[venue](symbol))
            took.append((time.perf_counter() - before) * 1000)
            if result.status != "filled":
                raise AssertionError(f"an order was not filled: {result}")

    await asyncio.gather(*(one_after_the_other(symbol) for symbol in symbols(lanes) for _ in range(DEPTH[lanes])))
    return took


async def memory(folder: Path, seconds: float, profiler: Profiler) -> dict[str, Any]:
    """What stays after orders that have ended: the growth of Python's blocks (tracemalloc) between two rests, per million.

    Beside it SQLite's size in all: its page cache (16 MB) and its statements are bounded and fill within the first tens of
    thousands of orders, so their growth is not to be multiplied. The resident size moves in steps of the allocator's arenas.
    """
    count = max(2000, int(seconds * 1000))
    async with open_hub(instant(folder)) as hub:
        await _load(hub, 32, "instant", count=WARM)
        tracemalloc.start()
        await _load(hub, 32, "instant", count=TRACED)
        before, resident = await _held(hub), resident_bytes()
        with profiler:
            await _load(hub, 32, "instant", count=count)
        after, resident_after = await _held(hub), resident_bytes()
    return {
        "value": max(after[0] - before[0], 0) / count,
        "count": count,
        "sqlite_mb": after[1] / 1e6,
        "sqlite_grown_mb": (after[1] - before[1]) / 1e6,
        "resident_grown_mb": (resident_after - resident) / 1e6,
    }


async def _held(hub: ExecutionHub) -> tuple[int, int]:
    """Bytes of Python and of SQLite, when the last things in hand are one order's and not a whole group's."""
    for _ in range(5):
        await hub.execute_order(ACCOUNT, plain_order("S0/USDT"))
    collect()
    return tracemalloc.get_traced_memory()[0], apsw.memory_used()
