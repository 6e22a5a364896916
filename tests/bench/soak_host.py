# SPDX-License-Identifier: MIT
"""The host of the soak: alerts over HTTP, an exchange over HTTP; each second it prints what it holds. Ends with its input."""

import argparse
import asyncio
import json
import os
import sys
import threading
import time
from pathlib import Path

import uvloop

from fks_exec_hub import ExecutionHub, HubConfig
from fks_exec_hub.config import parse_config
from fks_exec_server import serve
from fks_exec_server.config import Address
from fks_exec_simulators.remote import RemotePlugin

from .hosts import ACCOUNT, FILE, KEYS
from .machine import resident_bytes

EVERY = 1.0
"""Seconds between samples."""
FOLLOWING = {
    "poll": 0.5,
    "polls_per_second": 20.0,
    "compare_every": 2.0,
    "deadline": 2.0,
    "breaker": {"seconds": 0.5, "hold": 2.0},
}
"""The account follows its orders oftener than by default, so that the loops have turned often in a short run too; and after an
absence of the exchange it soon takes entries again."""


def configuration(folder: Path, exchange: int) -> HubConfig:
    """One account at the exchange of a port, one key for alerts, which no limit holds up."""
    secret = folder / "secret"
    secret.touch(0o600)
    secret.write_text(KEYS[0])
    key = {"secret": {"file": "secret"}, "accounts": [ACCOUNT], "rate": 10_000, "burst": 100_000}
    server = {"bind": "127.0.0.1:0", "operations": "127.0.0.1:0", "trusted_proxies": ["127.0.0.1"], "keys": {"soak": key}}
    account = {"venue": "remote", "guards": [], "config": {"port": exchange}, **FOLLOWING}
    return parse_config({"journal": f"sqlite:{FILE}", "accounts": {ACCOUNT: account}, "plugins": {"server": server}}, folder)


def say(**content: object) -> None:
    """One line of JSON."""
    print(json.dumps(content), flush=True)


async def sample() -> None:
    """For ever: the time, memory, open files, tasks and processor seconds of this process."""
    while True:
        files = len(os.listdir("/proc/self/fd"))
        held = {"memory": resident_bytes(), "files": files, "tasks": len(asyncio.all_tasks())}
        say(time=time.monotonic(), cpu=time.process_time(), **held)
        await asyncio.sleep(EVERY)


async def run(folder: Path, exchange: int) -> None:
    """Until a line on standard input, or its end."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def hear() -> None:
        sys.stdin.readline()
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=hear, daemon=True).start()  # which holds up no end, as a pool's would that of a host at fault
    sampling = asyncio.create_task(sample())

    def ready(alerts: Address, operations: Address) -> None:
        say(port=alerts.port)

    await serve(ExecutionHub.open(configuration(folder, exchange), plugins=[RemotePlugin()]), ready=ready, stop=stop)
    sampling.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--exchange", type=int, required=True, help="its port")
    arguments = parser.parse_args()
    uvloop.run(run(arguments.folder, arguments.exchange))
