# SPDX-License-Identifier: MIT
"""How long a host needs until it is ready after kill -9, with a long journal; ``python -m tests.bench.restart`` is the host."""

import asyncio
import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from fks_exec import ExecutionResult, Fill
from fks_exec.convert import canonical, digest_of, to_json
from fks_exec_hub import ExecutionHub
from fks_exec_hub.journal import Accept, FillStep, Intent, JournalStep, Key, Outcome, Recorded, open_sqlite
from fks_exec_simulators.instant import SILENT

from .hosts import ACCOUNT, FILE, limit_order, open_hub, plain_order, resting, symbols
from .profiling import Profiler

PER_SECOND = 50_000
"""Finished orders in the journal for each second of the row."""
ROUNDS = 3
OPEN, UNKNOWN, PENDING = 50, 50, 200
"""What a host leaves that is killed: orders that rest, orders without an answer, and orders that wait behind those."""
TOGETHER, AHEAD = 250, 16
"""Orders in one write, and writes that wait for the disk."""
PATIENCE = 60.0


async def ready_after_kill(folder: Path, seconds: float, profiler: Profiler) -> dict[str, Any]:
    """Seconds from ``start`` to ready, the median of some kills."""
    count = int(seconds * PER_SECOND)
    began = time.perf_counter()
    await fill(folder / FILE, count)
    built = time.perf_counter() - began
    rounds = []
    for number in range(ROUNDS):
        await _leave(folder, number)
        left = await _left(folder / FILE)
        if left != (OPEN, UNKNOWN, PENDING):
            raise AssertionError(f"{(OPEN, UNKNOWN, PENDING)} orders were to be open, unknown and pending; there are {left}")
        with host(folder, "--profile" if profiler.wanted and number == ROUNDS - 1 else "") as process:
            rounds.append(await _line(process))
        await _finish(folder / FILE)
    profiler.found = rounds[-1].pop("profile")
    return {
        "value": median(found["hub"] for found in rounds),
        "count": count,
        "worst_s": max(found["hub"] for found in rounds),
        "process_s": median(found["process"] for found in rounds),
        "journal_mb": (folder / FILE).stat().st_size / 1e6,
        "built_s": built,
    }


async def fill(place: Path, count: int) -> None:
    """So many orders that were filled, through the engine, many in one transaction."""
    journal = await open_sqlite(place)
    try:
        term = await journal.claim(ACCOUNT)
        waiting: list[Any] = []
        for first in range(0, count, TOGETHER):
            steps = [step for number in range(first, min(first + TOGETHER, count)) for step in _filled(number)]
            waiting.append(journal.write(*steps, term=term))
            if len(waiting) >= AHEAD:
                await waiting.pop(0)
        for write in waiting:
            await write
    finally:
        await journal.close()


ORDER = plain_order("S0/USDT")
INSTRUCTION = canonical(ORDER)
DIGEST = digest_of(INSTRUCTION)
FILL = to_json(Fill(trade_id="-", quantity="0.1", price="100", side="buy"))
RESULT = to_json(ExecutionResult(status="filled", client_order_id="-", filled_quantity="0.1", average_price="100"))


def _filled(number: int) -> list[JournalStep]:
    name, now = f"fx-0123456789abcdef0123-{number}", 1_790_000_000_000 + number
    key, lane = Key(ACCOUNT, name), f"S{number % 32}/USDT"
    return [
        Accept(key=key, lane=lane, digest=DIGEST, instruction=INSTRUCTION, time=now),
        Intent(key=key, venue_client_order_id=f"V{number:031d}", time=now),
        Outcome(key=key, status="filled", terminal=True, result=RESULT.replace('"-"', f'"{name}"'), time=now),
        FillStep(key=key, trade_id=f"cumulative:V{number:031d}:0.1", fill=FILL, time=now),
    ]


async def _leave(folder: Path, number: int) -> None:
    """A host takes orders and is killed."""
    with host(folder) as process:
        await _line(process)
        process.stdin.write(f"{number}\n")
        process.stdin.flush()
        await _line(process)


async def _left(place: Path) -> tuple[int, int, int]:
    """Open, unknown and pending orders, as a reader sees them."""
    journal = await open_sqlite(place, read_only=True)
    try:
        return (
            len(await journal.open(ACCOUNT)),
            len(await journal.unresolved(ACCOUNT)),
            len(await journal.pending(ACCOUNT)),
        )
    finally:
        await journal.close()


async def _finish(place: Path) -> None:
    """End what was left, so that the next round begins as this one did."""
    journal = await open_sqlite(place)
    try:
        term = await journal.claim(ACCOUNT)
        left: list[Recorded] = []
        for read in (journal.open, journal.unresolved, journal.pending):
            left += await read(ACCOUNT)
        steps = [
            Outcome(key=one.key, attempt=len(one.attempts), status="canceled", terminal=True, result=_canceled(one), time=1)
            for one in left
        ]
        if steps:
            await journal.write(*steps, term=term)
    finally:
        await journal.close()


def _canceled(recorded: Recorded) -> str:
    return to_json(ExecutionResult(status="canceled", client_order_id=recorded.key.client_order_id))


@contextmanager
def host(folder: Path, *options: str) -> Iterator[Any]:
    """A process that starts a hub; it is killed at the end."""
    options = tuple(option for option in options if option)
    command = [sys.executable, "-m", "tests.bench.restart", str(folder), str(time.time()), *options]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def _line(process: Any) -> dict[str, Any]:
    """What the host says next."""
    line = await asyncio.wait_for(asyncio.to_thread(process.stdout.readline), PATIENCE)
    found: dict[str, Any] = json.loads(line)
    return found


async def run(folder: Path, since: float, profiler: Profiler) -> None:
    """The host: says when it is ready; told a number, it takes orders that end up open, unknown and pending, and says so."""
    hub = open_hub(resting(folder))
    began = time.perf_counter()
    with profiler:
        await hub.start()
        while not hub.ready:  # noqa: ASYNC110  (there is nothing that tells)
            await asyncio.sleep(0.001)
    print(
        json.dumps({"hub": time.perf_counter() - began, "process": time.time() - since, "profile": profiler.lines()}),
        flush=True,
    )
    number = await asyncio.to_thread(sys.stdin.readline)
    await _take_orders(hub, number.strip())
    print("{}", flush=True)
    await asyncio.Event().wait()


async def _take_orders(hub: ExecutionHub, number: str) -> None:
    await asyncio.gather(*(hub.execute_order(ACCOUNT, limit_order(name)) for name in symbols(OPEN)))
    silent = [f"{SILENT}{number}-{lane}/USDT" for lane in range(UNKNOWN)]
    for _ in range(1 + PENDING // UNKNOWN):
        await asyncio.gather(*(hub.submit(ACCOUNT, plain_order(name)) for name in silent))
    while len(await hub.journal.unresolved(ACCOUNT)) < UNKNOWN:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)  # that orders are unknown is what is wanted here
    asyncio.run(run(Path(sys.argv[1]), float(sys.argv[2]), Profiler("--profile" in sys.argv)))
