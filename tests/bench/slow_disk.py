# SPDX-License-Identifier: MIT
"""Commits that take 5 ms, and 1,000 orders a second, each at its time whatever became of the others."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from fks_exec_hub import ExecutionHub
from fks_exec_simulators.disk import FaultyDisk

from .hosts import ACCOUNT, PLAIN, SLOW, instant, open_hub, plain_order, symbols
from .machine import percentile
from .over_http import ACCEPTED, Client, host
from .profiling import Profiler

DELAY = 0.005
"""Seconds of one fsync."""
RATE = 1000
"""Orders a second."""
LANES = 64


@contextmanager
def slow_commits(seconds: float) -> Iterator[None]:
    """Every commit of a connection that is opened meanwhile takes so much longer, and costs next to nothing else.

    FaultyDisk is a file layer in Python: with it the writer asks for the interpreter at each page of a commit.
    """

    def wait() -> bool:
        time.sleep(seconds)
        return False

    def slow(connection: apsw.Connection) -> None:
        connection.set_commit_hook(wait)

    apsw.connection_hooks.append(slow)
    try:
        yield
    finally:
        apsw.connection_hooks.remove(slow)


class OpenLoop:
    """Sends orders at their times; milliseconds from the time at which each was due.

    Attributes:
        acknowledged: until it was durable.
        concluded: until its outcome was.
        behind: how late it was sent.
    """

    def __init__(self, hub: ExecutionHub) -> None:
        self._hub = hub
        self.acknowledged: list[float] = []
        self.concluded: list[float] = []
        self.behind: list[float] = []

    async def run(self, seconds: float) -> None:
        """All of them; each has to fill."""
        names, began = symbols(LANES), time.perf_counter()
        async with asyncio.TaskGroup() as sending:
            for number in range(int(seconds * RATE)):
                due = began + number / RATE
                if (left := due - time.perf_counter()) > 0:
                    await asyncio.sleep(left)
                sending.create_task(self._order(names[number % LANES], due))

    async def _order(self, symbol: str, due: float) -> None:
        self.behind.append((time.perf_counter() - due) * 1000)
        receipt = await self._hub.submit(ACCOUNT, plain_order(symbol))
        self.acknowledged.append((time.perf_counter() - due) * 1000)
        result = await receipt.result()
        self.concluded.append((time.perf_counter() - due) * 1000)
        if result.status != "filled":
            raise AssertionError(f"an order was not filled: {result}")


async def inside(folder: Path, seconds: float, profiler: Profiler) -> dict[str, Any]:
    """In this process; beside it shorter loads on a disk as it is, and on one that is slow at each fsync (FaultyDisk)."""
    short = min(seconds / 2, 2.0)
    plain = await _inside(folder / "plain", short, Profiler(False))
    vfs = await _on_faulty_disk(folder / "vfs", short)
    with slow_commits(DELAY):
        found = await _inside(folder / "slow", seconds, profiler)
    return found | {
        "plain_p99_ms": plain["value"],
        "vfs_p99_ms": vfs["value"],
        "plain_cpu_us_per_order": plain["cpu_us_per_order"],
        "vfs_cpu_us_per_order": vfs["cpu_us_per_order"],
    }


async def _on_faulty_disk(folder: Path, seconds: float) -> dict[str, Any]:
    disk = FaultyDisk("fks-exec-bench")
    disk.delay = DELAY
    try:
        return await _inside(folder, seconds, Profiler(False), disk)
    finally:
        disk.unregister()


async def _inside(folder: Path, seconds: float, profiler: Profiler, disk: FaultyDisk | None = None) -> dict[str, Any]:
    folder.mkdir()
    async with open_hub(instant(folder, journal=SLOW if disk else PLAIN), disk=disk) as hub:
        await OpenLoop(hub).run(0.3)
        used, load = time.process_time(), OpenLoop(hub)
        with profiler:
            await load.run(seconds)
        used = time.process_time() - used
    return {
        "value": percentile(load.acknowledged, 0.99),
        "count": len(load.concluded),
        "p50_ms": percentile(load.acknowledged, 0.5),
        "outcome_p50_ms": percentile(load.concluded, 0.5),
        "outcome_p99_ms": percentile(load.concluded, 0.99),
        "sent_late_p99_ms": percentile(load.behind, 0.99),
        "cpu_us_per_order": used / len(load.concluded) * 1e6,
    }


async def over_http(folder: Path, seconds: float, profiler: Profiler) -> dict[str, Any]:
    """Over HTTP, answered when the alert is durable; the client does not watch the clock, it shares the machine."""
    with host(folder, profiler, "--respond", "accepted", "--commit", str(DELAY)) as port:
        client = Client(port, expect=ACCEPTED)
        await client.connect(8)
        await client.saturate(0.3)
        await client.steady(RATE * 60, seconds, timer=0)
        client.check()
    return {
        "value": percentile(client.took, 0.99),
        "count": len(client.took),
        "p50_ms": percentile(client.took, 0.5),
        "connections": client.connections,
    }
