# SPDX-License-Identifier: MIT
"""What an order costs beside 10,000 others that rest and are followed: without guards, and with every one."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from attrs import frozen

from fks_exec import Order
from fks_exec_hub import ExecutionHub, HubConfig
from fks_exec_simulators.instant import RestingVenue, TellingVenue

from . import hosts
from .hosts import ACCOUNT, judged_order, limit_order, open_hub, plain_order, symbols
from .machine import Collections, percentile
from .profiling import Profiler

TURNS = 3
MANY = 10_000
"""Orders that rest; in a run of less than FULL seconds a tenth of them."""
FULL = 10.0
AT_ONCE = 100
HELD = 10
"""Of the instruments with orders at rest, those in which positions are held too, where there are guards."""
TICK = 0.005
POLL, COMPARE = 1.0, 2.0
"""Seconds between looks at the venue, oftener than by default, so that a turn has several."""


@frozen(kw_only=True)
class Scene:
    """What is measured.

    Args:
        configure: the hub, given a folder.
        venue: makes the one that it trades on.
        rests, fills: an order of an instrument, given the instrument and its number.
        traded: the instruments in which the measured orders fill.
    """

    configure: Callable[[Path], HubConfig]
    venue: Callable[[], RestingVenue]
    rests: Callable[[str, int], Order]
    fills: Callable[[str, int], Order]
    traded: list[str]


PLAIN = Scene(
    configure=partial(hosts.resting, poll=POLL, compare_every=COMPARE),
    venue=RestingVenue,
    rests=lambda symbol, number: limit_order(symbol),
    fills=lambda symbol, number: plain_order(symbol),
    traded=symbols(AT_ONCE),
)
GUARDED = Scene(
    configure=partial(hosts.guarded, poll=POLL, compare_every=COMPARE),
    venue=TellingVenue,
    rests=lambda symbol, number: judged_order(symbol, number, order_type="limit", price="50"),
    fills=judged_order,
    traded=symbols(HELD),
)


class Ticker:
    """How late a timer of the event loop is: the longest time for which something else held the loop.

    Attributes:
        late: milliseconds, each tick.
    """

    def __init__(self) -> None:
        self.late: list[float] = []

    async def __aenter__(self) -> "Ticker":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        while True:
            due = time.perf_counter() + TICK
            await asyncio.sleep(TICK)
            self.late.append((time.perf_counter() - due) * 1000)


async def flatness(folder: Path, seconds: float, profiler: Profiler, *, scene: Scene = PLAIN) -> dict[str, Any]:
    """CPU time of one order, one in flight, the median: beside resting ones, divided by alone."""
    many = MANY if seconds >= FULL else MANY // 10
    alone, beside = [], []
    for turn in range(TURNS):
        alone.append(await _turn(scene, folder / f"{turn}-alone", seconds / TURNS / 2, 0, Profiler(False)))
        wanted = profiler if turn == TURNS - 1 else Profiler(False)
        beside.append(await _turn(scene, folder / f"{turn}-beside", seconds / TURNS / 2, many, wanted))
    return {
        "value": median(run["p50"] for run in beside) / median(run["p50"] for run in alone),
        "count": sum(run["count"] for run in beside),
        "resting": many,
        "alone_p50_us": median(run["p50"] for run in alone) * 1e6,
        "beside_p50_us": median(run["p50"] for run in beside) * 1e6,
        "all_cpu_ratio": median(run["mean"] for run in beside) / median(run["mean"] for run in alone),
        "lists": sum(run["lists"] for run in beside),
        "looks": sum(run["looks"] for run in beside),
        "blocked_ms": max(run["blocked"] for run in beside),
        "blocked_alone_ms": max(run["blocked"] for run in alone),
        "collection_ms": max(run["collection"] for run in beside),
        "blocked_p99_ms": max(run["late_p99"] for run in beside),
    }


async def _turn(scene: Scene, folder: Path, seconds: float, many: int, profiler: Profiler) -> dict[str, float]:
    """One hub of its own: orders that rest first, then market orders, one after the other."""
    folder.mkdir()
    venue = scene.venue()
    async with open_hub(scene.configure(folder), venue=venue) as hub:
        await _rest(scene, hub, many)
        await _orders(scene, hub, 0.3)
        venue.lists = venue.looks = 0
        began = time.process_time()
        async with Ticker() as ticker:
            with profiler, Collections() as collections:
                used = await _orders(scene, hub, seconds)
        spent = time.process_time() - began
        lists, looks = venue.lists, venue.looks
        still_open = len(await hub.journal.open(ACCOUNT))
    if still_open != many or len(venue.resting) != many:
        raise AssertionError(f"{many} orders were to rest; the venue has {len(venue.resting)}, the journal {still_open}")
    return {
        "p50": percentile(used, 0.5),
        "mean": spent / len(used),
        "count": len(used),
        "lists": lists,
        "looks": looks,
        "blocked": max(ticker.late),
        "late_p99": percentile(ticker.late, 0.99),
        "collection": max(collections.took, default=0.0),
    }


async def _rest(scene: Scene, hub: ExecutionHub, many: int) -> None:
    """Limit orders over many instruments, all of them taken by the venue."""
    names = symbols(AT_ONCE)
    for number in range(many // AT_ONCE):
        results = await asyncio.gather(*(hub.execute_order(ACCOUNT, scene.rests(name, number)) for name in names))
        if any(result.status != "accepted" for result in results):
            raise AssertionError(f"an order does not rest: {next(r for r in results if r.status != 'accepted')}")


async def _orders(scene: Scene, hub: ExecutionHub, seconds: float) -> list[float]:
    """CPU seconds of each order, of all threads, what else goes on meanwhile included."""
    used, until, number = [], time.perf_counter() + seconds, 0
    names = scene.traded
    while time.perf_counter() < until:
        order = scene.fills(names[number % len(names)], number)
        before = time.process_time()
        result = await hub.execute_order(ACCOUNT, order)
        used.append(time.process_time() - before)
        number += 1
        if result.status != "filled":
            raise AssertionError(f"an order was not filled: {result}")
    return used
