# SPDX-License-Identifier: MIT
"""The host that is killed: a hub over SQLite that takes alerts over HTTP, as ``fks-exec serve`` does.

Forked by a nursery that has imported all it needs; hears of its life (plan.Life) as a line of JSON. It ends, cleanly, with its
standard input; a further line is answered when nothing is open any more.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import random
import sys
from pathlib import Path

from faults import SteppedClock, trouble
from kills import Killer, KillingJournals, KillingVenue
from mutants import MUTANTS
from plan import ACCOUNT, JOURNAL, KEYS, TABLE, Life
from processes import fork, say

from fks_exec import FksExecError
from fks_exec_hub import ExecutionHub, HubConfig
from fks_exec_hub.config import parse_config
from fks_exec_hub.journal import HaltState
from fks_exec_server import serve
from fks_exec_simulators.disk import FaultyDisk
from fks_exec_simulators.remote import RemotePlugin


def configuration(life: Life) -> HubConfig:
    """One account at the exchange, two senders of alerts."""
    base = Path(life.folder)
    keys = {}
    for respond, secret in KEYS.items():
        file = base / f"{respond}.key"
        file.touch(0o600)
        file.write_text(secret, "utf-8")
        keys[respond] = {"secret": {"file": file.name}, "accounts": [ACCOUNT], "respond": respond, "wait": 1.0}
    server = {"bind": "127.0.0.1:0", "operations": "127.0.0.1:0", "keys": keys}
    accounts = {ACCOUNT: {**TABLE, "config": {"port": life.venue}}}
    return parse_config({"journal": f"chaos:{JOURNAL}", "accounts": accounts, "plugins": {"server": server}}, base)


async def settled(hub: ExecutionHub) -> None:
    """Wait until every order has ended; one that is known not to be placed may be watched for longer."""
    while True:
        open_orders = [order for order in await hub.journal.open(ACCOUNT) if order.status != "not_placed"]
        if not (open_orders or await hub.journal.pending(ACCOUNT) or await hub.journal.unresolved(ACCOUNT)):
            return
        await asyncio.sleep(0.05)


async def befall(clock: SteppedClock, disk: FaultyDisk | None, life: Life) -> None:
    """The life's fault."""
    await asyncio.sleep(life.fault_at)
    if life.step_to is not None:
        clock.step(life.step_to)
    if disk is not None:
        await trouble(disk, life.disk, life.fault_for)


async def operate(hub: ExecutionHub) -> None:
    """As people do: let an account go on that a fault of the journal has halted, cancel an order now and then."""
    while True:
        await asyncio.sleep(0.2 * random.random())
        with contextlib.suppress(FksExecError):  # while the disk fails
            if (await hub.journal.halt(ACCOUNT)).state is not HaltState.ACTIVE:
                await hub.halt(ACCOUNT, HaltState.ACTIVE, "the disk is well again")
            orders = await hub.journal.open(ACCOUNT)
            if orders:
                await hub.cancel_order(ACCOUNT, random.choice(orders).key.client_order_id)


async def listen(reader: asyncio.StreamReader, hub: ExecutionHub, stop: asyncio.Event) -> None:
    """The conductor has one wish, and then that we end."""
    if await reader.readline():
        await settled(hub)
        say(settled=True)
        await reader.read()
    stop.set()


async def run() -> None:
    """Hear what befalls this life; serve until the input ends, or the step is reached at which it dies."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    life = Life(**json.loads(await reader.readline()))
    killer, clock = Killer(life.point, life.passes), SteppedClock(life.offset)
    disk = FaultyDisk("chaos") if life.disk else None
    plugins = [RemotePlugin(lambda: KillingVenue(killer)), KillingJournals(killer, disk.name if disk else None)]
    hub, stop = ExecutionHub.open(configuration(life), plugins=plugins, clock=clock), asyncio.Event()
    tasks = []

    def ready(alerts: object, operations: object) -> None:
        say(ready=alerts.port)
        tasks.append(asyncio.create_task(listen(reader, hub, stop)))
        tasks.append(asyncio.create_task(befall(clock, disk, life)))
        tasks.append(asyncio.create_task(operate(hub)))

    await serve(hub, ready=ready, stop=stop)
    for task in tasks:
        task.cancel()


def main() -> None:
    """Started by chaos.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nursery", help="the socket to report at")
    parser.add_argument("--mutant", choices=sorted(MUTANTS))
    arguments = parser.parse_args()
    if arguments.mutant:
        MUTANTS[arguments.mutant]()
    logging.getLogger("fks_exec_hub").setLevel(logging.CRITICAL)  # what is measured here would fill the screen
    logging.getLogger("fks_exec_server").setLevel(logging.CRITICAL)
    fork(arguments.nursery)
    asyncio.run(run())
    say(ended=True)


if __name__ == "__main__":
    main()
