# SPDX-License-Identifier: MIT
"""The host that is killed: an ExecutionHub over SQLite; orders come as lines of JSON, acknowledgements go back so.

For each order one line when it is durable and one with its outcome. Ends, cleanly, with its standard input.
"""

import argparse
import asyncio
import json
import logging
import os
import sys
from pathlib import Path

from mutants import MUTANTS

from fks_exec import FksExecError, Order
from fks_exec.model.numbers import plain
from fks_exec_hub import ExecutionHub, HubConfig
from fks_exec_hub.config import AccountConfig
from fks_exec_simulators.remote import RemotePlugin

ACCOUNT = "chaos"
JOURNAL = "journal.db"
DEADLINE = 0.5
"""Seconds that the venue has for one call; short, so that silence costs a run little."""


def configuration(folder: Path, port: int) -> HubConfig:
    """One account at the exchange that listens on this port."""
    account = AccountConfig(venue="remote", guards=(), deadline=DEADLINE, required=True, config={"port": port})
    return HubConfig(base=folder, journal=f"sqlite:{JOURNAL}", state=folder / "state", accounts={ACCOUNT: account})


def say(**content: object) -> None:
    """One whole line; what a killed process said before is still in the pipe."""
    os.write(1, json.dumps(content).encode() + b"\n")


async def take(hub: ExecutionHub, asked: dict[str, str]) -> None:
    """One order, from its line to its outcome."""
    name = asked["id"]
    order = Order(
        symbol=asked["symbol"],
        side=asked["side"],
        quantity=asked["quantity"],
        client_order_id=name,
        options={"sequence": asked["sequence"]},
    )
    try:
        receipt = await hub.submit(ACCOUNT, order)
        say(id=name, accepted=True, duplicate=receipt.duplicate)
        result = await receipt.result()
    except FksExecError as error:
        say(id=name, refused=str(error))
    else:
        say(id=name, status=result.status.value, code=result.code, filled=plain(result.filled_quantity))


async def lines() -> asyncio.StreamReader:
    """Standard input, without blocking."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def run(folder: Path, port: int) -> None:
    """Serve until the input ends."""
    reader = await lines()
    async with ExecutionHub.open(configuration(folder, port), plugins=[RemotePlugin()]) as hub:
        say(ready=True)
        tasks: set[asyncio.Task[None]] = set()
        while line := await reader.readline():
            task = asyncio.create_task(take(hub, json.loads(line)))
            tasks.add(task)
            task.add_done_callback(tasks.discard)


def main() -> None:
    """Started by chaos.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--mutant", choices=sorted(MUTANTS))
    arguments = parser.parse_args()
    if arguments.mutant:
        MUTANTS[arguments.mutant]()
    logging.getLogger("fks_exec_hub").setLevel(logging.ERROR)  # that orders are unknown after a kill is what is measured
    asyncio.run(run(arguments.folder, arguments.port))


if __name__ == "__main__":
    main()
