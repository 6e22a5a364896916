# SPDX-License-Identifier: MIT
"""Kill -9 a host under load, again and again, at named steps and at random: no order is lost, doubled, or out of order.

Processes: the exchange (fks_exec_simulators.exchange, over HTTP; it takes doubles), the host (host.py: alerts over HTTP, an
ExecutionHub over SQLite), the load (load.py: 32 senders of alerts) and this one, which kills and looks. The exchange is killed
too, the disk fails, the wall clock steps. No operator settles anything: in the end the host knows of every order what became
of it. A kill takes away the process, not the power: what the disk holds after a power failure is tested in
tests/hub/test_journal_disk.py.

    python tests/chaos/chaos.py                                      20 kills, about 30 s
    python tests/chaos/chaos.py --kills 1000 --seed 2026             the long form: rounds of 100 kills, each over a new journal
    python tests/chaos/chaos.py --mutant queue-after-commit --kills 5    a host without one rule: exits 1
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from checks import Findings
from mutants import MUTANTS
from report import Tally, table
from round import Round

ROUND = 100
"""Kills over one journal."""


async def run(arguments: argparse.Namespace, folder: Path) -> bool:
    """All rounds; whether every rule held."""
    began, left, number = time.monotonic(), arguments.kills, 0
    tally, findings = Tally(), Findings()
    while left > 0 and not (arguments.fail_fast and findings):
        place = folder / str(number)
        place.mkdir()
        seed = arguments.seed + number
        one = Round(place, seed, min(left, ROUND), arguments.mutant, arguments.fail_fast, tally, findings)
        await one.run()
        left, number = left - ROUND, number + 1
        if left > 0:
            print(f"{tally.kills} kills, {time.monotonic() - began:.0f} s", *findings.lines(), sep="\n", flush=True)
        if not (findings or arguments.keep):
            shutil.rmtree(place)
    tally.check(findings)
    print("\n".join(table(tally, findings, time.monotonic() - began)))
    return not findings


def parse() -> argparse.Namespace:
    """The arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None, help="of kills, load and the venue's manners; timing stays random")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="a host without one of its rules")
    parser.add_argument("--fail-fast", action="store_true", help="stop at the first violation")
    parser.add_argument("--keep", action="store_true", help="keep journals and records also when all is well")
    arguments = parser.parse_args()
    if arguments.seed is None:
        arguments.seed = int.from_bytes(os.urandom(3))
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
