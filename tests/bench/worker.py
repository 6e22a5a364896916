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

from . import alerts, exchange, inside, over_http, restart, resting, slow_disk, switches
from .hosts import instant, open_hub
from .machine import surroundings
from .profiling import Profiler
from .switches import NotBuilt

MEASURES = {
    "hook": inside.hook_call,
    "one": inside.one_in_flight,
    "lanes-32": partial(inside.throughput, lanes=32),
    "lanes-1": partial(inside.throughput, lanes=1),
    "paper": partial(inside.throughput, lanes=32, venue="paper"),
    "memory": inside.memory,
    "steady": over_http.steady,
    "saturation": over_http.saturation,
    "alerts-minute": partial(alerts.measured, load=alerts.MINUTE),
    "alerts-500": partial(alerts.measured, load=alerts.HUNDREDS),
    "alerts-burst": partial(alerts.measured, load=alerts.BURST, keys=5, limited=True),
    "alerts-one-key": partial(alerts.measured, load=alerts.BURST, limited=True, repeat_after=0.2),
    "slow-disk": slow_disk.inside,
    "slow-disk-http": slow_disk.over_http,
    "restart": restart.ready_after_kill,
    "resting": resting.flatness,
    "guarded": partial(resting.flatness, scene=resting.GUARDED),
    "overlap": switches.overlap,
    "merge": switches.merge,
    "exchange": partial(exchange.added, of="plugin"),
    "exchange-hub": partial(exchange.added, of="hub"),
}
HTTP = ("serve", "steady", "saturation", "slow-disk-http", "alerts-minute", "alerts-500", "alerts-burst", "alerts-one-key")


async def serve_until_told(folder: Path, profiler: Profiler, respond: str, commit: float, *, limited: bool) -> dict[str, Any]:
    """A host; its port goes to standard output, a line on standard input ends it.

    Args:
        respond: when it answers, ``outcome`` or ``accepted``.
        commit: seconds that each commit takes longer than on the disk as it is.
        limited: with the limits that a sender has by default.
    """
    stop = asyncio.Event()
    told = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    told.add_done_callback(lambda _: stop.set())

    def ready(alerts: Address, operations: Address) -> None:
        print(alerts.port, flush=True)

    with profiler, slow_disk.slow_commits(commit):
        await serve(open_hub(instant(folder, server=respond, limited=limited)), ready=ready, stop=stop)
    return {}


async def measure(name: str, folder: Path, seconds: float, profiler: Profiler) -> dict[str, Any]:
    """One figure, and the machine of that minute."""
    machine = surroundings(folder)
    try:
        found = await MEASURES[name](folder, seconds, profiler)
    except NotBuilt as error:
        found = {"not_built": str(error)}
    return found | machine


def main() -> None:
    """Started by the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("measure", choices=[*MEASURES, "serve"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--respond", default="outcome", help="when a host that serves answers")
    parser.add_argument("--commit", type=float, default=0.0, help="seconds that a commit of a host that serves takes longer")
    parser.add_argument("--limited", action="store_true", help="a host that serves limits each sender as it does by default")
    parser.add_argument("--uvloop", action="store_true", help="always so for what serves HTTP")
    arguments = parser.parse_args()
    profiler = Profiler(arguments.profile)
    run = uvloop.run if arguments.uvloop or arguments.measure in HTTP else asyncio.run
    if arguments.measure == "serve":
        found = run(
            serve_until_told(arguments.folder, profiler, arguments.respond, arguments.commit, limited=arguments.limited)
        )
    else:
        found = run(measure(arguments.measure, arguments.folder, arguments.seconds, profiler))
    print(json.dumps(found | {"profile": profiler.lines()}))


if __name__ == "__main__":
    main()
