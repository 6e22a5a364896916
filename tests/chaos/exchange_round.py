# SPDX-License-Identifier: MIT
"""One run: a fresh exchange in this process, a host in another; faults, a market that moves, a host that dies; then peace."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

from attrs import asdict, define, field
from exchange_book import Exchange, break_next, make
from exchange_checks import Finding, Stand, Sum, findings, stand_of, sum_of
from exchange_plan import BEYOND, BLINDING, JOURNAL, WOBBLE, Life, Run, Troubles, at
from processes import Child, Nursery

from fks_exec_hub.journal import open_sqlite

PATIENCE = 60.0
"""Seconds for anything that has to end by itself."""
LOOK = 0.4
"""Seconds between two looks whether journal and exchange agree."""
PATIENT = 0.8
"""Seconds in which an order comes by whose answer can be lost."""
BOOK = "exchange.txt"
"""The file with what the exchange had, of a run that found something."""


@define
class Host:
    """A host's process, and what it said.

    Attributes:
        refused: its account rests since the exchange did not take the key.
    """

    child: Child | None = None
    said: set[str] = field(factory=set)
    alarms: Counter[str] = field(factory=Counter)
    refused: bool = False
    news: asyncio.Event = field(factory=asyncio.Event)

    def hear(self, line: dict[str, Any]) -> None:
        """One line."""
        if "alarm" in line:
            self.alarms[line["alarm"]] += 1
        self.refused = line.get("refused", self.refused)
        self.said.update(line)
        self.news.set()

    async def until(self, word: str) -> bool:
        """Wait until it has said something; False: not in time."""
        try:
            async with asyncio.timeout(PATIENCE):
                while word not in self.said:
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            return False
        return True


@define
class Births:
    """The hosts of all runs are forked by one nursery, one after the other."""

    nursery: Nursery
    _one: asyncio.Lock = field(factory=asyncio.Lock)

    async def host(self) -> Host:
        """A new one."""
        host = Host()
        async with self._one:
            host.child = await self.nursery.host(host.hear)
        return host


@define
class Outcome:
    """What came of a run.

    Attributes:
        found: what was not as it must be.
        after: seconds from the end of the faults until journal and exchange agreed.
    """

    run: Run
    sums: Sum = field(factory=Sum)
    found: list[Finding] = field(factory=list)
    faults: Counter[str] = field(factory=Counter)
    alarms: Counter[str] = field(factory=Counter)
    requests: Counter[str] = field(factory=Counter)
    after: float = 0.0


@define
class Playing:
    """One run.

    Args:
        folder: of its journal.
        within: seconds after the faults within which journal and exchange have come to agree.
    """

    run: Run
    folder: Path
    births: Births
    within: float
    _exchange: Exchange = field(init=False)
    _dice: random.Random = field(init=False)
    _outcome: Outcome = field(init=False)
    _lives: int = 0

    async def play(self) -> Outcome:
        """All of it."""
        self._dice, self._outcome = random.Random(f"exchange {self.run.seed}"), Outcome(self.run)
        self._exchange = make(self.run.venue.name)
        self._exchange.server.offset = self._dice.choice((0.0, 0.0, -2.0, 2.0))
        async with self._exchange.server:
            try:
                await self._play()
            except TimeoutError:
                self._outcome.found.append(("host", "a host was not ready, or did not end, in time"))
        self._outcome.requests = self._exchange.seen.kinds
        return self._outcome

    async def _play(self) -> None:
        host = await self._begin()
        troubles = [asyncio.create_task(work) for work in (self._break(), self._blind(), self._market(), self._fill())]
        try:
            host = await self._live(host)
        finally:
            for task in troubles:
                task.cancel()
            await asyncio.gather(*troubles, return_exceptions=True)
        await self._peace()
        await self._calm(host)
        if host.refused:  # a person renews the key and starts the host anew, as it says
            await self._end(host)
            host = await self._begin(calm=True)
            await self._calm(host)
        await self._agree()
        if self._outcome.found:
            host.child.tell(describe=True)
        await self._end(host)

    async def _calm(self, host: Host) -> None:
        host.child.tell(calm=True)
        if not await host.until("calm"):
            raise TimeoutError

    async def _end(self, host: Host) -> None:
        """Cleanly."""
        host.child.end()
        if not await host.child.dead(PATIENCE):
            await host.child.kill()
            raise TimeoutError
        self._outcome.alarms += host.alarms
        if "ended" not in host.said:
            self._outcome.found.append(("host", "a host did not end well"))

    async def _begin(self, *, calm: bool = False) -> Host:
        host = await self.births.host()
        self._lives += 1
        life = Life(
            folder=str(self.folder),
            url=self._exchange.server.url,
            exchange=self.run.venue.name,
            seed=f"{self.run.seed} {self._lives}",
            prefix=f"r{self.run.number}h{self._lives}",
            calm=calm,
        )
        host.child.tell(**asdict(life))
        if not await host.until("ready"):
            raise TimeoutError
        return host

    async def _live(self, host: Host) -> Host:
        """Under faults; the host that is there in the end."""
        began = time.monotonic()
        if self.run.ending:
            await asyncio.sleep(self.run.at)
            if self.run.ending == "kill":
                await host.child.kill()
                self._outcome.alarms += host.alarms
            else:
                await self._end(host)
            host = await self._begin()
        await asyncio.sleep(max(self.run.lasts - (time.monotonic() - began), 0.5))
        return host

    # What befalls the exchange.

    async def _break(self) -> None:
        troubles = Troubles(self._dice, self.run.venue)
        while self.run.rate:
            await asyncio.sleep(self._dice.expovariate(self.run.rate))
            chance = self._dice.random()
            if chance < 0.04:
                await self._away()
            elif chance < 0.08:
                self._clock()
            elif chance < 0.16:
                self._exchange.server.release()
            else:
                fault = troubles.next()
                self._outcome.faults[fault["word"]] += 1
                break_next(self._exchange, fault)

    async def _blind(self) -> None:
        """The answer to an order is lost, and from then on nothing can be looked up for a time."""
        if self.run.blind is None or not self.run.rate:
            return
        await asyncio.sleep(self.run.blind)
        self._outcome.faults["blind"] += 1
        waiting, end = self._exchange.server.faults, time.monotonic() + PATIENT
        lost = [{"word": self._dice.choice(("drop", "garbage")), "on": "place"} for _ in range(3)]
        for fields in lost:
            break_next(self._exchange, fields)
        before = len(waiting.words())
        while len(waiting.words()) >= before and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        break_next(self._exchange, {"word": self._dice.choice(BLINDING), "on": "look_up", "times": 10**9})

    async def _away(self) -> None:
        self._outcome.faults["away"] += 1
        await self._exchange.server.away(True)
        try:
            await asyncio.sleep(self._dice.uniform(0.05, 0.3))
        finally:
            await self._exchange.server.away(False)

    def _clock(self) -> None:
        """The exchange's clock runs ahead further; by more than a request's window it refuses all until its time is asked."""
        self._outcome.faults["clock"] += 1
        self._exchange.server.offset += self._dice.choice((0.3, 3.0))

    async def _market(self) -> None:
        """Each market wobbles; now and then it goes beyond what waits for it, and comes back."""
        while True:
            await asyncio.sleep(self._dice.uniform(0.02, 0.15))
            symbol = self._dice.choice(list(self.run.venue.prices))
            if self._dice.random() < 0.12:
                self._move(symbol, self._dice.choice((-1.0, 1.0)) * float(BEYOND))
                await asyncio.sleep(self._dice.uniform(0.0, 0.1))
            self._move(symbol, self._dice.uniform(-1.0, 1.0) * float(WOBBLE))

    def _move(self, symbol: str, share: float) -> None:
        bid = at(self.run.venue.prices[symbol], type(BEYOND)(share))
        self._verb("price", symbol=symbol, bid=str(bid), ask=str(bid + type(BEYOND)("0.1")))

    async def _fill(self) -> None:
        """Somebody takes a part of what rests."""
        while True:
            await asyncio.sleep(self._dice.uniform(0.1, 0.6))
            resting = [each for each in self._exchange.placed() if each.state == "open" and not each.role]
            if not resting:
                continue
            order = self._dice.choice(resting)
            smallest = self.run.venue.sizes[order.symbol][0]
            steps = int((order.quantity - order.filled) / smallest)
            if steps > 1:
                try:
                    self._verb("fill", order_id=order.order_id, quantity=str(smallest * self._dice.randint(1, steps)))
                except (ValueError, LookupError, ArithmeticError):  # it waits for its trigger
                    continue

    def _verb(self, name: str, **values: str) -> None:
        self._exchange.server.verbs()[name](**values)

    async def _peace(self) -> None:
        """No faults, a market that stands."""
        server = self._exchange.server
        server.faults.clear()
        server.release()
        for symbol in self.run.venue.prices:
            self._move(symbol, 0.0)

    # What is left.

    async def _agree(self) -> None:
        """Wait until journal and exchange say the same, or not longer than a host may need."""
        began = time.monotonic()
        journal = await open_sqlite(self.folder / JOURNAL, read_only=True)
        try:
            while True:
                stand = await stand_of(journal, self._exchange.placed(), self._exchange.positions(), self._exchange.seen)
                found = list(findings(stand))
                if not found or time.monotonic() > began + self.within:
                    break
                await asyncio.sleep(LOOK)
            found += [("verify", sentence) for sentence in await journal.verify()]
        finally:
            await journal.close()
        self._outcome.after = time.monotonic() - began
        self._finish(stand, found)

    def _finish(self, stand: Stand, found: list[Finding]) -> None:
        self._outcome.sums = sum_of(stand)
        self._outcome.found += found
        if found:
            lines = [*map(str, stand.placed), str(stand.positions), str(self._exchange.server.counts)]
            (self.folder / BOOK).write_text("\n".join(lines), "utf-8")
        arrived, named = self._exchange.server.placing, stand.seen.asked.total()
        if self.run.venue.name == "binance" and arrived != named:
            self._outcome.found.append(("requests", f"{arrived} requests to place something arrived, {named} had a name"))
