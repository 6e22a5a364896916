# SPDX-License-Identifier: MIT
"""One round: an exchange, a load, and one host after the other over the same journal, until all of it is settled."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import Any

from attrs import asdict, define, evolve, field
from checks import Findings, after_kill, at_end, denied_but_there, doubled, lane_order, stories
from memory import Memory
from plan import ACCOUNT, JOURNAL, Life, Schedule
from processes import Child, Nursery
from report import Tally

from fks_exec_hub.journal import Journal, JournalUnavailable, open_sqlite
from fks_exec_simulators.exchange import Manners
from fks_exec_simulators.exchange_book import read_record

HERE = Path(__file__).parent
MANNERS = Manners(
    delay=0.02,
    rejects=0.02,
    requotes=0.03,
    limits=0.03,
    vanishes=0.004,
    breaks=0.006,
    loses=0.004,
    lingers=0.01,
    rests=1.0,
    cancels=0.3,
    blind=0.1,
)
PATIENCE = 60.0
"""Seconds for anything that has to end by itself."""


@define
class Host:
    """A host's process, and what it said."""

    child: Child | None = None
    said: dict[str, Any] = field(factory=dict)
    ready: asyncio.Event = field(factory=asyncio.Event)
    settled: asyncio.Event = field(factory=asyncio.Event)

    def hear(self, line: dict[str, Any]) -> None:
        """One line."""
        self.said.update(line)
        if "ready" in line:
            self.ready.set()
        if "settled" in line:
            self.settled.set()


@define
class Round:
    """So many kills over one journal.

    Args:
        folder: of the journal and the records.
        mutant: the rule that the hosts lack; None: they lack none.
        fail_fast: stop at the first violation.
    """

    folder: Path
    seed: int
    kills: int
    mutant: str | None
    fail_fast: bool
    tally: Tally
    findings: Findings
    memory: Memory = field(init=False)
    _random: random.Random = field(init=False)
    _venue: Child | None = None
    _load: Child | None = None
    _nursery: Nursery = field(init=False)
    _port: int = 0
    _offset: int = 0
    _heard: asyncio.Queue[dict[str, Any]] = field(factory=asyncio.Queue)

    async def run(self) -> None:
        """All of it."""
        self.memory = Memory(self.folder / "load.jsonl")
        self._random = random.Random(f"kills {self.seed}")
        schedule = Schedule(self.kills, self._random)
        await self._start_venue()
        arguments = (HERE / "load.py", self.memory.path, "--seed", self.seed)
        self._load = await Child.start(*arguments, hear=self._heard.put_nowait)
        self._nursery = Nursery(self.folder)
        await self._nursery.open(HERE / "host.py", *(("--mutant", self.mutant) if self.mutant else ()))
        try:
            while len(schedule) and not self._over:
                await self._live(schedule.next(), schedule)
            if not self._over:
                await self._last()
        finally:
            await self._nursery.close()
            await self._load.kill()
            await self._venue.kill()

    @property
    def _over(self) -> bool:
        """There is nothing more to find."""
        return self.fail_fast and bool(self.findings)

    async def _start_venue(self) -> None:
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._venue = await Child.start(
            "-m",
            "fks_exec_simulators.exchange",
            self.folder / "venue.jsonl",
            *("--seed", self.seed, "--manners", json.dumps(asdict(MANNERS)), "--port", self._port),
            hear=port.set_result,
        )
        self._port = await asyncio.wait_for(port, PATIENCE)

    async def _begin(self, life: Life) -> Host:
        """The next host."""
        host = Host()
        host.child = await self._nursery.host(host.hear)
        host.child.tell(**asdict(evolve(life, folder=str(self.folder), venue=self._port, offset=self._offset)))
        return host

    async def _live(self, life: Life, schedule: Schedule) -> None:
        """One life, to its end; then a look at what is left."""
        host = await self._begin(life)
        if not life.start:
            await self._under_load(host, life)
        elif not await host.child.dead(life.lasts):
            await host.child.kill()
        self._offset = host.said.get("stepped", self._offset)
        if life.point and "killed" not in host.said:
            schedule.missed(life.point)
        self._load.tell(down=True)
        flying = (await asyncio.wait_for(self._heard.get(), PATIENCE))["flying"]
        await self._look(life, host, flying)

    async def _under_load(self, host: Host, life: Life) -> None:
        """Until it kills itself, or its time is over."""
        ending = asyncio.create_task(host.child.dead(PATIENCE))
        listening = asyncio.create_task(host.ready.wait())
        await asyncio.wait({ending, listening}, timeout=PATIENCE, return_when="FIRST_COMPLETED")
        listening.cancel()
        if host.ready.is_set():
            self._load.tell(port=host.said["ready"])
            trouble = asyncio.create_task(self._kill_venue(life))
            await asyncio.wait({ending}, timeout=life.lasts)
            await trouble
        elif not ending.done():
            self.findings.add("host", "a host was not ready in time")
        alive = not ending.done()
        await host.child.kill()
        await ending
        if not alive and "killed" not in host.said:
            self.findings.add("host", "a host ended by itself")

    async def _kill_venue(self, life: Life) -> None:
        if life.venue_dies:
            await asyncio.sleep(life.fault_at)
            await self._venue.kill()
            self.tally.faults["exchange killed"] += 1
            await asyncio.sleep(life.fault_for)
            await self._start_venue()

    async def _look(self, life: Life, host: Host, flying: int) -> None:
        """With the host dead: is everything as it was told?"""
        answers = self.memory.fresh()
        try:
            journal = await open_sqlite(self.folder / JOURNAL, read_only=True)
        except JournalUnavailable as error:  # killed before it had made one
            self.tally.kill(life, host.said, flying, [], [])
            if self.memory.answers:
                self.findings.add("verify", str(error))
            return
        try:
            self.tally.kill(life, host.said, flying, await journal.pending(ACCOUNT), await journal.unresolved(ACCOUNT))
            await after_kill(self.findings, journal, answers, self.memory)
            if self.fail_fast:
                await self._look_closely(journal)
        finally:
            await journal.close()

    async def _look_closely(self, journal: Journal) -> None:
        told = stories(await journal.orders(ACCOUNT, limit=10**9), read_record(self.folder / "venue.jsonl"))
        doubled(self.findings, told)
        denied_but_there(self.findings, told)
        lane_order(self.findings, told)

    async def _last(self) -> None:
        """A host that is given all the time it needs; then everything must fit."""
        host = await self._begin(Life())
        try:
            await asyncio.wait_for(host.ready.wait(), PATIENCE)
            self._load.tell(port=host.said["ready"])
            self._load.tell(finish=True)
            await asyncio.wait_for(self._heard.get(), PATIENCE)
            host.child.tell(settle=True)
            await asyncio.wait_for(host.settled.wait(), PATIENCE)
            host.child.end()
            if not await host.child.dead(PATIENCE) or "ended" not in host.said:
                self.findings.add("host", "the last host did not end well")
        except TimeoutError:
            self.findings.add("host", "the last host did not settle everything in time")
            await host.child.kill()
        self.memory.fresh()
        journal = await open_sqlite(self.folder / JOURNAL)
        try:
            counts = await at_end(self.findings, journal, self.memory, read_record(self.folder / "venue.jsonl"))
        finally:
            await journal.close()
        self.tally.end(counts, self.memory)
