# SPDX-License-Identifier: MIT
"""Trade at simulated exchanges through ccxt while everything fails: in the end journal and exchange say the same.

Processes: this one, with a fresh simulated exchange for each run (real HTTP on loopback: Binance spot, Bybit linear, in turn),
and a host for each run (exchange_host.py: an ExecutionHub over SQLite, one account of fks-exec-ccxt with a deadline of 200 ms),
which is killed in the middle of half of them. Every word of fks_exec_simulators.exchanges.faults meets every kind of request.
When the faults are over nobody settles anything: within 45 s there is no open question, each attempt of the journal is one
request or provably none, and orders, states, fills, legs and positions are those of the exchange's own book.

    python tests/chaos/exchanges.py                                  50 runs
    python tests/chaos/exchanges.py --runs 1000 --seed 2026          the long form
    python tests/chaos/exchanges.py --only bybit --first 17 --runs 1 --seed 2026 --keep    one of them again
    python tests/chaos/exchanges.py --mutant error-is-absence --runs 20     a plugin without one rule: exits 1
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from attrs import define, evolve, field
from exchange_mutants import MUTANTS
from exchange_plan import VENUES, WITHIN, Run, runs
from exchange_report import Tally, table
from exchange_round import Births, Playing
from processes import Nursery

HERE = Path(__file__).parent
AT_ONCE = 4
"""Runs at the same time, for each processor: most of one is waiting."""
TELL = 100
"""So many runs lie between two lines about how far it is."""


@define
class Runs:
    """All of them.

    Args:
        folder: for the journals.
    """

    arguments: argparse.Namespace
    folder: Path
    tally: Tally = field(factory=Tally)
    _began: float = field(factory=time.monotonic)

    async def run(self) -> bool:
        """Whether every rule held."""
        nursery = Nursery(self.folder)
        options = ("--mutant", self.arguments.mutant) if self.arguments.mutant else ()
        await nursery.open(HERE / "exchange_host.py", *options)
        births, waiting = Births(nursery), iter(self._chosen())
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.arguments.parallel):
                    group.create_task(self._some(waiting, births))
        finally:
            await nursery.close()
        if not (self.arguments.mutant or self.arguments.first or self.arguments.rate is not None):
            self.tally.check()
        print("\n".join(table(self.tally, time.monotonic() - self._began)))
        return self.tally.clean

    def _chosen(self) -> list[Run]:
        first, count = self.arguments.first, self.arguments.runs
        chosen, rate = list(runs(first + count, self.arguments.seed, self.arguments.only))[first:], self.arguments.rate
        return chosen if rate is None else [evolve(run, rate=rate) for run in chosen]

    async def _some(self, waiting: object, births: Births) -> None:
        """One after the other, until there is none left, or one has found something and that is enough."""
        for run in waiting:  # type: ignore[attr-defined]
            if self.arguments.fail_fast and not self.tally.clean:
                return
            place = self.folder / str(run.number)
            place.mkdir()
            outcome = await Playing(run, place, births, self.arguments.within).play()
            self.tally.add(outcome)
            for kind, what in outcome.found if not self.arguments.mutant else ():
                print(f"run {run.number} ({run.venue.name}, {run.ending or 'lives on'}): {kind}: {what}", flush=True)
            if not (outcome.found or self.arguments.keep):
                shutil.rmtree(place)
            if self.tally.runs.total() % TELL == 0:
                print(f"{self.tally.runs.total()} runs, {time.monotonic() - self._began:.0f} s", flush=True)


def parse() -> argparse.Namespace:
    """The arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", "--exchanges", type=int, default=50)
    parser.add_argument("--seed", default=None, help="of faults, scripts and deaths; timing stays random")
    parser.add_argument("--only", choices=sorted(VENUES))
    parser.add_argument("--first", type=int, default=0, help="leave out so many")
    parser.add_argument("--parallel", type=int, default=AT_ONCE * (os.cpu_count() or 1))
    parser.add_argument("--rate", type=float, help="faults a second; 0: none; left out: by chance")
    parser.add_argument("--within", type=float, default=WITHIN, help="seconds that a host has to settle everything")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="a plugin without one of its rules")
    parser.add_argument("--fail-fast", action="store_true", help="begin no further run after the first violation")
    parser.add_argument("--keep", action="store_true", help="keep journals and logs also when all is well")
    arguments = parser.parse_args()
    if arguments.seed is None:
        arguments.seed = str(int.from_bytes(os.urandom(3)))
    return arguments


def main() -> int:
    """0: every rule held."""
    arguments = parse()
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # a host that dies, or gives up, while it is answered
    mutant = f", mutant {arguments.mutant}" if arguments.mutant else ""
    print(f"seed {arguments.seed}, {arguments.runs} runs{mutant}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="fks-exec-exchanges-"))
    held = asyncio.run(Runs(arguments, folder).run())
    if arguments.keep or not (held or arguments.mutant):
        print(f"journals, and what the hosts logged: {folder}")
    else:
        shutil.rmtree(folder)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
