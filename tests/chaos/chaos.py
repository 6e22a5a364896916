# SPDX-License-Identifier: MIT
"""Kill -9 a host at random under load, again and again: no order is lost, doubled, or out of its lane's order.

Three kinds of processes: the venue (fks_exec_simulators.exchange, over HTTP; it takes doubles), the host (host.py: an
ExecutionHub over SQLite) and this one, the client. A kill takes away the process, not the power: what the disk holds
after a power failure is tested in tests/hub/test_journal_disk.py.

    python tests/chaos/chaos.py                                      20 kills, well under 90 s
    python tests/chaos/chaos.py --kills 1000 --seed 7                the long form
    python tests/chaos/chaos.py --mutant queue-after-commit --kills 5    a host without one rule: exits 1
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from attrs import asdict, define, field
from checks import Findings, after_kill, at_end, lane_order
from client import Client
from host import ACCOUNT, JOURNAL
from mutants import MUTANTS
from processes import Child
from report import table

from fks_exec_hub.journal import Recorded, open_sqlite
from fks_exec_hub.journal.sqlite import SqliteJournal
from fks_exec_hub.resolve import resolve_order
from fks_exec_simulators.exchange import PRICE, Manners, Request, read_record
from fks_exec_simulators.remote import Connection

HERE = Path(__file__).parent
MANNERS = Manners(delay=0.006, rejects=0.03, vanishes=0.005, breaks=0.008, loses=0.005)
IN_FLIGHT = 32
LONGEST_LIFE = 0.9
"""Seconds under load before a kill, at most."""
START = 0.6
"""Seconds after the start within which a host is killed that is not given the time to start."""
NERVOUS = 0.5
"""Share of orders without an outcome that the client sends again although they were acknowledged."""
PATIENCE = 30.0
"""Seconds for anything that has to end by itself."""


@define
class Tally:
    """What happened, for the table."""

    kills: int = 0
    early: int = 0
    in_flight: list[int] = field(factory=list)
    open_intents: int = 0
    open_and_placed: int = 0
    settled: Counter[str] = field(factory=Counter)


@define
class Run:
    """One run."""

    folder: Path
    seed: int
    mutant: str | None
    fail_fast: bool
    random: random.Random
    client: Client
    port: int = 0
    tally: Tally = field(factory=Tally)
    findings: Findings = field(factory=Findings)

    @property
    def over(self) -> bool:
        """There is nothing more to find."""
        return self.fail_fast and bool(self.findings)

    @property
    def requests(self) -> list[Request]:
        """What reached the venue."""
        return read_record(self.folder / "venue.jsonl")

    async def start_venue(self) -> Child:
        """In a process of its own, for the whole run."""
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        venue = await Child.start(
            "-m",
            "fks_exec_simulators.exchange",
            self.folder / "venue.jsonl",
            *("--seed", self.seed, "--manners", json.dumps(asdict(MANNERS))),
            hear=lambda line: port.set_result(int(line)),
        )
        self.port = await asyncio.wait_for(port, PATIENCE)
        return venue

    async def start_host(self) -> tuple[Child, asyncio.Event]:
        """A new life over the same journal, and the event of its being ready."""
        ready = asyncio.Event()

        def hear(line: bytes) -> None:
            self.client.hear(line)
            if line.startswith(b'{"ready"'):
                ready.set()

        mutant = ("--mutant", self.mutant) if self.mutant else ()
        return await Child.start(HERE / "host.py", self.folder, self.port, *mutant, hear=hear), ready

    async def life(self) -> None:
        """Start a host, load it, kill it at a random moment, look at what is left."""
        host, ready = await self.start_host()
        self.client.attach(host, nervous=NERVOUS)
        if self.random.random() < 0.15:
            self.tally.early += 1
            await asyncio.sleep(self.random.random() * START)
        else:
            await asyncio.wait_for(ready.wait(), PATIENCE)
            load = asyncio.create_task(self.client.load(host))
            await asyncio.sleep(self.random.random() * LONGEST_LIFE)
            load.cancel()
        await host.kill()
        self.tally.kills += 1
        self.tally.in_flight.append(len(self.client.flying))
        await self.look(settle=self.random.random() < 0.6)

    async def look(self, *, settle: bool) -> None:
        """With the host stopped: check; and settle what is unknown, or leave it to the next life."""
        if not (self.folder / JOURNAL).exists():
            return
        await self._quiet()
        journal = await open_sqlite(self.folder / JOURNAL)
        try:
            heard = [self.client.orders[name] for name in self.client.fresh]
            await after_kill(self.findings, journal, heard, self.requests)
            if self.fail_fast:
                lane_order(self.findings, await journal.orders(ACCOUNT, limit=10**9), self.requests)
            unresolved = await journal.unresolved(ACCOUNT)
            self._count(unresolved)
            for recorded in unresolved if settle else ():
                await self._settle(journal, recorded)
        finally:
            await journal.close()

    async def _quiet(self) -> None:
        """Wait until the venue has read all that the dead host sent: then ours is its only connection."""
        venue = await Connection.open(self.port)
        try:
            until = time.monotonic() + PATIENCE
            while (await venue.ask("GET", "/connections"))[1]["open"] > 1:
                if time.monotonic() > until:
                    raise TimeoutError("the venue still holds connections of the dead host")
                await asyncio.sleep(0.005)
        finally:
            venue.close()

    def _count(self, unresolved: list[Recorded]) -> None:
        """Of the orders whose host died between intent and outcome: how many really are at the venue?"""
        placed = {request.id for request in self.requests if request.fate == "filled"}
        for recorded in unresolved:
            if recorded.result is None:
                self.tally.open_intents += 1
                self.tally.open_and_placed += recorded.attempts[-1].venue_client_order_id in placed

    async def _settle(self, journal: SqliteJournal, recorded: Recorded) -> None:
        """As an operator would, by the venue's record."""
        names = {attempt.venue_client_order_id for attempt in recorded.attempts}
        there = next((r for r in self.requests if r.id in names and r.fate == "filled"), None)
        self.tally.settled["filled" if there else "not_placed"] += 1
        await resolve_order(
            journal,
            recorded.key,
            as_="filled" if there else "not_placed",
            because="the venue's record",
            time=time.time_ns() // 1_000_000,
            price=PRICE if there else None,
            order_id=f"X{there.arrival}" if there else None,
        )

    async def last_life(self) -> list[Recorded]:
        """A host that is given all the time it needs; then everything must fit."""
        host, ready = await self.start_host()
        self.client.attach(host, nervous=1)
        try:
            await asyncio.wait_for(ready.wait(), PATIENCE)
            await asyncio.wait_for(self.client.idle(), PATIENCE)
            code = await host.end(PATIENCE)
            if code:
                self.findings.add("host", f"the last host ended with code {code}")
        except TimeoutError:
            self.findings.add("host", f"the last host did not finish {len(self.client.flying)} orders")
            await host.kill()
        await self.look(settle=True)
        journal = await open_sqlite(self.folder / JOURNAL)
        try:
            return await at_end(self.findings, journal, self.client.orders, self.requests)
        finally:
            await journal.close()

    def check_load(self, sent: int) -> None:
        """A run that did nothing proves nothing."""
        for refusal in self.client.refused:
            self.findings.add("refused", refusal)
        if self.tally.kills >= 5 and sent < 20 * self.tally.kills:
            self.findings.add("load", f"only {sent} orders reached the venue")
        loaded = sum(count >= 8 for count in self.tally.in_flight)
        if loaded < self.tally.kills / 2:
            self.findings.add("load", f"only {loaded} of {self.tally.kills} kills met 8 orders in flight")


async def run(arguments: argparse.Namespace, folder: Path) -> bool:
    """All of it; whether every rule held."""
    began = time.monotonic()
    kills, load = random.Random(f"kills {arguments.seed}"), random.Random(f"load {arguments.seed}")
    chaos = Run(folder, arguments.seed, arguments.mutant, arguments.fail_fast, kills, Client(load, IN_FLIGHT))
    venue = await chaos.start_venue()
    recorded: list[Recorded] = []
    try:
        while chaos.tally.kills < arguments.kills and not chaos.over:
            await chaos.life()
        if not chaos.over:
            recorded = await chaos.last_life()
            chaos.check_load(len(chaos.requests))
    finally:
        await venue.kill()
    print("\n".join(table(chaos.tally, chaos.client, recorded, chaos.requests, chaos.findings, time.monotonic() - began)))
    return not chaos.findings


def parse() -> argparse.Namespace:
    """The arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None, help="of kills, load and the venue's manners; timing stays random")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="a host without one of its rules")
    parser.add_argument("--fail-fast", action="store_true", help="stop at the first violation")
    parser.add_argument("--keep", action="store_true", help="keep journal and record also when all is well")
    arguments = parser.parse_args()
    if arguments.seed is None:
        arguments.seed = int.from_bytes(os.urandom(4))
    return arguments


def main() -> int:
    """0: every rule held."""
    arguments = parse()
    print(f"seed {arguments.seed}, {arguments.kills} kills{f', mutant {arguments.mutant}' if arguments.mutant else ''}")
    sys.stdout.flush()
    folder = Path(tempfile.mkdtemp(prefix="fks-exec-chaos-"))
    held = asyncio.run(run(arguments, folder))
    if arguments.keep or not (held or arguments.mutant):
        print(f"journal and record: {folder}")
    else:
        shutil.rmtree(folder)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
