# SPDX-License-Identifier: MIT
"""The host of a run: a hub over SQLite with one account at a simulated exchange, which does what its script says.

Forked by a nursery that has imported all it needs; hears of its life (exchange_plan.Life) as a line of JSON. A further line
ends its script; it ends, cleanly, with its standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import io
import json
import logging
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from exchange_mutants import MUTANTS
from exchange_plan import ACCOUNT, JOURNAL, KEY, SECRET, TABLE, VENUES, WINDOW, Life
from exchange_script import Script
from processes import fork, say

from fks_exec import Alarm, Event, hookimpl
from fks_exec_hub import ExecutionHub, HubConfig
from fks_exec_hub.config import parse_config
from fks_exec_hub.following import polling, unknown

log: logging.Logger = logging.getLogger(__name__)

NEEDED = ("fks_exec_ccxt.venue", "fks_exec_ccxt.manager", "fks_exec_ccxt.requests.probing", "fks_exec_ccxt.knowledge.symbols")
FASTER = 10
"""How many times as many requests ccxt's limiter lets pass: the exchanges here have lifted their limits too."""
LOG = "host.log"
QUICK = unknown.Schedule(delays=(0.1, 0.2, 0.4), slower=(0.5, 1.0), apart=0.3)
"""When the exchange is asked about orders of unknown fate, seconds."""
SLOWEST = 0.5
"""Seconds between two looks at open orders, at most."""


def configuration(life: Life) -> HubConfig:
    """One account."""
    base, venue = Path(life.folder), VENUES[life.exchange]
    for name, text in (("api_key", KEY), ("secret", SECRET)):
        file = base / name
        file.touch(0o600)
        file.write_text(text, "utf-8")
    config = {
        "exchange": venue.name,
        "market_type": venue.market_type,
        "base_url": life.url,
        "api_key": {"file": "api_key"},
        "secret": {"file": "secret"},
        "fill_wait": 0.1,
        "options": {"recvWindow": int(WINDOW * 1000)},
    }
    accounts = {ACCOUNT: {**TABLE, "config": config}}
    return parse_config({"journal": f"sqlite:{JOURNAL}", "allow": ["ccxt"], "accounts": accounts}, base)


def hurry() -> None:
    """Classes of ccxt whose limiter lets more pass."""
    for name in VENUES:
        kind = getattr(importlib.import_module("ccxt.async_support"), name)
        kind.describe = _faster(kind.describe)


def _faster(describe: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    def described(exchange: Any) -> dict[str, Any]:
        told = describe(exchange)
        return {**told, "rateLimit": told["rateLimit"] / FASTER}

    return described


class Telling:
    """Tells the conductor what the hub says that a human should look at."""

    @hookimpl
    def observe(self, event: Event) -> None:
        """One event."""
        if isinstance(event, Alarm):
            say(alarm=event.code)


def describe(hub: ExecutionHub) -> None:
    """Where everything stands, for who looks for what went wrong."""
    log.warning("%s", hub.status())
    for live in hub._desks[ACCOUNT].live.values():
        if not live.result.status.terminal:
            log.warning("%s: %s", live.key.client_order_id, live.result)
    for task in asyncio.all_tasks():
        stack = io.StringIO()
        task.print_stack(file=stack)
        log.warning("%s", stack.getvalue())


async def run() -> None:
    """Hear of this life; do what the script says until a line comes; then look after what stands until the input ends."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    life = Life(**json.loads(await reader.readline()))
    logging.basicConfig(filename=Path(life.folder, LOG), level=logging.WARNING, format="%(asctime)s %(process)d %(message)s")
    async with ExecutionHub.open(configuration(life), plugins=[Telling()]) as hub:
        say(ready=True)
        script = Script(hub, VENUES[life.exchange], random.Random(life.seed), life.prefix)
        playing = None if life.calm else asyncio.create_task(script.run())
        line = await reader.readline()
        if playing is not None:
            playing.cancel()
            await asyncio.wait({playing})
        if line:
            await script.end()
            say(calm=True, refused="key" in hub.status()[0].reason)
            while await reader.readline():
                describe(hub)


def main() -> None:
    """Started by exchanges.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nursery", help="the socket to report at")
    parser.add_argument("--mutant", choices=sorted(MUTANTS))
    arguments = parser.parse_args()
    for name in NEEDED:
        importlib.import_module(name)
    hurry()
    if arguments.mutant:
        MUTANTS[arguments.mutant]()
    unknown.SCHEDULE, polling.SLOWEST = QUICK, SLOWEST
    gc.freeze()  # what is imported by now is shared by all hosts
    fork(arguments.nursery)
    asyncio.run(run())
    say(ended=True)


if __name__ == "__main__":
    main()
