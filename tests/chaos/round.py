# SPDX-License-Identifier: MIT
"""One round: venues, a load, and one host after the other over the same journal, until all of it is settled."""

from __future__ import annotations

import asyncio
import json
import random
import time
from pathlib import Path
from typing import Any

from attrs import asdict, define, evolve, field
from checks import Findings, after_kill, at_end, denied_but_there, doubled, lane_order, stories
from guarded import Guards
from memory import Memory
from plan import ACCOUNT, GUARDED, JOURNAL, WITHIN, Life, Schedule
from processes import Child, Nursery
from protection import Stand, open_ends, sent_once, stand_of
from protection import at_end as guarded_at_end
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
LOOK = 0.1
"""Seconds between two looks at what is to become protected."""


@define
class Host:
    """A host's process, and what it said."""

    child: Child | None = None
    said: dict[str, Any] = field(factory=dict)
    ready: asyncio.Event = field(factory=asyncio.Event)
    settled: asyncio.Event = field(factory=asyncio.Event)
    alarms: dict[str, dict[str, set[str]]] = field(factory=lambda: {name: {} for name in GUARDED})

    def hear(self, line: dict[str, Any]) -> None:
        """One line."""
        if "alarm" in line:
            account, order, code = line["alarm"]
            self.alarms[account].setdefault(order, set()).add(code)
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
    _guards: Guards = field(init=False)
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
        self._guards = Guards(self.folder, self.seed)
        await self._guards.start()
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
            await self._guards.close()

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
        places = {"folder": str(self.folder), "venue": self._port, "guarded": self._guards.ports}
        host.child.tell(**asdict(evolve(life, offset=self._offset, **places)))
        return host

    async def _live(self, life: Life, schedule: Schedule) -> None:
        """One life, to its end; then a look at what is left."""
        host = await self._begin(life)
        if life.calm:
            await self._calm(host)
        elif not life.start:
            await self._under_load(host, life)
        elif not await host.child.dead(life.lasts):
            await host.child.kill()
        self._offset = host.said.get("stepped", self._offset)
        if life.point and "killed" not in host.said:
            schedule.missed(life.point)
        self._load.tell(down=True)
        self._note(host)
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

    async def _calm(self, host: Host) -> None:
        """With no load, until all that stands open is protected."""
        try:
            await asyncio.wait_for(host.ready.wait(), PATIENCE)
            await self._protected(host)
        except TimeoutError:
            self.findings.add("host", "a host was not ready in time")
        await host.child.kill()

    async def _protected(self, host: Host) -> dict[str, Stand]:
        """Wait until nothing is as it must not be, at most as long as a host may take; how things stand then."""
        began = time.monotonic()
        async with self._guards.still():
            while True:
                stands = await self._stands()
                ends = [end for name, stand in stands.items() for end in open_ends(stand, host.alarms[name])]
                if not ends or time.monotonic() > began + WITHIN:
                    break
                await asyncio.sleep(LOOK)
        for kind, what in ends:
            self.findings.add(kind, what)
        self.tally.guarded.after.append(time.monotonic() - began)
        return stands

    async def _stands(self) -> dict[str, Stand]:
        journal = await open_sqlite(self.folder / JOURNAL, read_only=True)
        try:
            return {name: await stand_of(journal, name, await self._guards.look(name)) for name in GUARDED}
        finally:
            await journal.close()

    async def _kill_venue(self, life: Life) -> None:
        if life.venue_dies:
            await asyncio.sleep(life.fault_at)
            await self._venue.kill()
            self.tally.faults["exchange killed"] += 1
            await asyncio.sleep(life.fault_for)
            await self._start_venue()

    def _note(self, host: Host) -> None:
        for alarms in host.alarms.values():
            self.tally.guarded.alarms.update(code for codes in alarms.values() for code in codes)

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
                for name in GUARDED:
                    sent_once(self.findings, name, self._guards.requests(name))
        finally:
            await journal.close()

    async def _look_closely(self, journal: Journal) -> None:
        told = stories(await journal.orders(ACCOUNT, limit=10**9), read_record(self.folder / "venue.jsonl"))
        doubled(self.findings, told)
        denied_but_there(self.findings, told)
        lane_order(self.findings, told)

    async def _last(self) -> None:
        """The load finishes; a last kill, and a host that is given all the time it needs; then everything must fit."""
        stands: dict[str, Stand] = {}
        host = await self._begin(Life())
        try:
            await asyncio.wait_for(host.ready.wait(), PATIENCE)
            self._load.tell(port=host.said["ready"])
            self._load.tell(finish=True)
            await asyncio.wait_for(self._heard.get(), PATIENCE)
            await host.child.kill()
            self._note(host)
            await self._guards.rest()
            host = await self._begin(Life(calm=True))
            await asyncio.wait_for(host.ready.wait(), PATIENCE)
            stands = await self._protected(host)
            host.child.tell(settle=True)
            await asyncio.wait_for(host.settled.wait(), PATIENCE)
            host.child.end()
            if not await host.child.dead(PATIENCE) or "ended" not in host.said:
                self.findings.add("host", "the last host did not end well")
        except TimeoutError:
            self.findings.add("host", "the last host did not settle everything in time")
            await host.child.kill()
        self._note(host)
        self.memory.fresh()
        journal = await open_sqlite(self.folder / JOURNAL)
        try:
            for name in stands:
                stand = await stand_of(journal, name, await self._guards.look(name))
                requests = self._guards.requests(name)
                self.tally.protect(await guarded_at_end(self.findings, journal, self.memory, stand, requests))
            counts = await at_end(self.findings, journal, self.memory, read_record(self.folder / "venue.jsonl"))
        finally:
            await journal.close()
        self.tally.end(counts, self.memory)
