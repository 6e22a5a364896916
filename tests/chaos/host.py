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
from kills import Killer, KillingGuards, KillingJournals, KillingVenue
from mutants import MUTANTS
from plan import ACCOUNT, GUARDED, JOURNAL, KEYS, LEVELS, NEARER, OPERATOR, SECRETS, TABLE, Life
from processes import fork, say

from fks_exec import Alarm, Event, FksExecError, Order, OrderChange, ReversePosition, hookimpl
from fks_exec_hub import ExecutionHub, HubConfig
from fks_exec_hub.config import parse_config
from fks_exec_hub.instructions import read_instruction
from fks_exec_hub.journal import HaltState
from fks_exec_server import serve
from fks_exec_simulators.disk import FaultyDisk
from fks_exec_simulators.remote import RemotePlugin

MOVES = 0.3
"""Share of moves of a stop, of what is done to what is held."""


def configuration(life: Life) -> HubConfig:
    """One account at the exchange, with two senders of alerts, and those whose entries have a stop and a target."""
    base = Path(life.folder)
    keys = {}
    for name, secret in SECRETS.items():
        file = base / f"{name}.key"
        file.touch(0o600)
        file.write_text(secret, "utf-8")
        respond = name if name in KEYS else "outcome"
        account = name if name in GUARDED else ACCOUNT
        keys[name] = {"secret": {"file": file.name}, "accounts": [account], "respond": respond, "wait": 1.0}
    server = {"bind": "127.0.0.1:0", "operations": "127.0.0.1:0", "keys": keys}
    accounts = {ACCOUNT: {**TABLE, "config": {"port": life.venue}}}
    for name, port in life.guarded.items():
        place = {"port": port, "key": {"file": f"{name}/key"}}
        accounts[name] = {**TABLE, "venue": "guarded", "config": place}
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
            for account in (ACCOUNT, *GUARDED):
                if (await hub.journal.halt(account)).state is not HaltState.ACTIVE:
                    await hub.halt(account, HaltState.ACTIVE, "the disk is well again")
            orders = await hub.journal.open(ACCOUNT)
            if orders:
                await hub.cancel_order(ACCOUNT, random.choice(orders).key.client_order_id)


async def turn(hub: ExecutionHub) -> None:
    """Turn a position round now and then, and move a stop."""
    while True:
        await asyncio.sleep(0.4 * random.random())
        account = random.choice(tuple(GUARDED))
        with contextlib.suppress(FksExecError):  # while the disk fails, or there is nothing to move
            if random.random() < MOVES:
                await move(hub, account)
            else:
                await reverse(hub, account)


async def reverse(hub: ExecutionHub, account: str) -> None:
    """What is held of one instrument."""
    held = [position for position in await hub.positions(account) if position.quantity]
    if held:
        position = random.choice(held)
        stop, target = LEVELS["sell" if position.quantity > 0 else "buy"]
        name = f"{OPERATOR}{random.randbytes(8).hex()}"
        order = ReversePosition(symbol=position.symbol, stop_loss=stop, take_profit=target, client_order_id=name)
        await hub.submit(account, order)


async def move(hub: ExecutionHub, account: str) -> None:
    """The stop of one entry nearer to the market, or back."""
    known = [(each.key.client_order_id, read_instruction(each.instruction)) for each in await hub.journal.open(account)]
    entries = [(name, order.side) for name, order in known if isinstance(order, Order) and order.stop_loss is not None]
    if entries:
        name, side = random.choice(entries)
        change = OrderChange(stop_loss=random.choice((LEVELS[side][0], NEARER[side])))
        await hub.amend_order(account, name, change)


class Alarms:
    """Tells the conductor what the hub says that a human should look at."""

    @hookimpl
    def observe(self, event: Event) -> None:
        """One event."""
        if isinstance(event, Alarm) and event.account in GUARDED:
            say(alarm=[event.account, event.client_order_id, event.code])


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
    journals = KillingJournals(killer, disk.name if disk else None)
    plugins = [RemotePlugin(lambda: KillingVenue(killer)), KillingGuards(killer), journals, Alarms()]
    hub, stop = ExecutionHub.open(configuration(life), plugins=plugins, clock=clock), asyncio.Event()
    tasks = []

    def ready(alerts: object, operations: object) -> None:
        say(ready=alerts.port)
        tasks.append(asyncio.create_task(listen(reader, hub, stop)))
        tasks.append(asyncio.create_task(befall(clock, disk, life)))
        tasks.append(asyncio.create_task(operate(hub)))
        if not life.calm:
            tasks.append(asyncio.create_task(turn(hub)))

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
