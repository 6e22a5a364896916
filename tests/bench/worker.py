# SPDX-License-Identifier: MIT
"""One measurement in a process of its own: ``python -m tests.bench.worker MEASURE FOLDER`` prints it as JSON."""

import argparse
import asyncio
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from fks_exec_server import serve
from fks_exec_server.config import Address

from . import inside, over_http
from .hosts import instant, open_hub
from .machine import surroundings
from .profiling import Profiler

MEASURES = {
    "hook": inside.hook_call,
    "one": inside.one_in_flight,
    "lanes-32": partial(inside.throughput, lanes=32),
    "lanes-1": partial(inside.throughput, lanes=1),
    "paper": partial(inside.throughput, lanes=32, venue="paper"),
    "memory": inside.memory,
    "steady": over_http.steady,
    "saturation": over_http.saturation,
}


async def serve_until_told(folder: Path, profiler: Profiler) -> dict[str, Any]:
    """A host; its port goes to standard output, a line on standard input ends it."""
    stop = asyncio.Event()
    told = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    told.add_done_callback(lambda _: stop.set())

    def ready(alerts: Address, operations: Address) -> None:
        print(alerts.port, flush=True)

    with profiler:
        await serve(open_hub(instant(folder, server=True)), ready=ready, stop=stop)
    return {}


async def measure(name: str, folder: Path, seconds: float, profiler: Profiler) -> dict[str, Any]:
    """One figure, and the machine of that minute."""
    if name == "serve":
        return await serve_until_told(folder, profiler)
    machine = surroundings(folder)
    return await MEASURES[name](folder, seconds, profiler) | machine


def main() -> None:
    """Started by the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("measure", choices=[*MEASURES, "serve"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--uvloop", action="store_true", help="always so for what serves HTTP")
    arguments = parser.parse_args()
    profiler = Profiler(arguments.profile)
    run = uvloop.run if arguments.uvloop or arguments.measure in ("serve", "steady", "saturation") else asyncio.run
    found = run(measure(arguments.measure, arguments.folder, arguments.seconds, profiler))
    print(json.dumps(found | {"profile": profiler.lines()}))


if __name__ == "__main__":
    main()
