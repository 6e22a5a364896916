# SPDX-License-Identifier: MIT
"""``python -m tests.bench``: a table in Markdown and a JSON of what the hub costs on this machine.

Times are goals, not tests: they depend on the disk and on what else runs, so both stand beside each figure. Counts and
ratios are asserted: every order that is measured has to fill, and a ratio of one run has to lie within wide bounds. A row
above twice its goal comes with a profile.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from .rows import ROWS, Measured, Row

ROOT = Path(__file__).resolve().parents[2]
QUICK = 0.25
"""Share of the time, and one run, for a short look."""


def run_once(row: Row, place: Path, seconds: float, *, profile: bool = False) -> dict[str, Any]:
    """One run in a process and a folder of its own."""
    with tempfile.TemporaryDirectory(dir=place, prefix="fks-exec-bench-") as folder:
        command = [sys.executable, "-m", "tests.bench.worker", row.measure, folder, "--seconds", str(seconds)]
        command += ["--profile"] if profile else []
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=seconds * 20 + 120, check=False)
    if done.returncode:
        raise SystemExit(f"{row.title}: the measurement failed, see above")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure(row: Row, place: Path, *, quick: bool) -> Measured:
    """All runs of a row."""
    seconds = row.seconds if not quick else row.seconds * QUICK if row.quick is None else row.quick
    return Measured(row, [run_once(row, place, seconds) for _ in range(1 if quick else row.runs)])


def number(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def line(found: Measured) -> str:
    """A row of the table."""
    if found.not_built:
        cells = (found.row.title, f"not built: {found.not_built}", *["-"] * (len(HEADINGS) - 2))
        return f"| {' | '.join(cells)} |"
    row, middle = found.row, found.middle
    goal = "-" if found.goal is None else f"{row.sense} {number(found.goal)}"
    goal += f", {row.second[0]} at most {row.second[1]:g}" if row.second else ""
    held = "-" if found.goal is None else "yes" if found.excess <= 1 else f"{found.excess:.1f} x"
    each = ", ".join(number(run["value"]) for run in found.runs)
    beside = ", ".join(f"{name} {number(middle[name])}" for name in row.show)
    disk = f"{middle['fdatasync_p50_ms']:.2f} / {middle['fdatasync_p99_ms']:.2f}"
    cells = (row.title, f"{number(found.value)} {row.unit}", each, goal, held, beside, disk, f"{middle['load']:.1f}")
    return f"| {' | '.join(cells)} |"


HEADINGS = ("what", "median", "runs", "goal", "held", "beside", "fdatasync p50 / p99 ms", "load")


def arguments() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short run of each row: an impression, not a figure")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench.json", help="default: build/bench.json")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="on the disk that is to be measured")
    parser.add_argument("--only", action="append", choices=[row.measure for row in ROWS], help="this row; may be repeated")
    parser.add_argument("--profile", action="store_true", help="a profile of every row")
    return parser.parse_args()


def profiles(all_found: list[Measured], place: Path, *, every: bool) -> dict[str, list[str]]:
    """Of the event loop's thread, for what is far from its goal; in runs of their own, since a profile costs time."""
    return {
        found.row.title: run_once(found.row, place, min(found.row.seconds, 3), profile=True)["profile"]
        for found in all_found
        if every or found.excess > 2
    }


def main() -> None:
    """Measure, print, write."""
    options = arguments()
    began = time.monotonic()
    cpus, system = os.cpu_count(), f"{platform.system()} {platform.machine()}"
    print(f"Python {platform.python_version()}, {cpus} CPUs, {system}, journal on {options.folder}\n")
    print(f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}", flush=True)
    all_found = []
    for row in ROWS:
        if not options.only or row.measure in options.only:
            all_found.append(measure(row, options.folder, quick=options.quick))
            print(line(all_found[-1]), flush=True)
    for note in [f"{found.row.title}: {found.row.note}" for found in all_found if found.row.note and not found.not_built]:
        print(f"\n{note}")
    slow = profiles(all_found, options.folder, every=options.profile)
    for title, lines in slow.items():
        print(f"\n{title}, profile of the event loop's thread (own time first; profiling slows it down):\n")
        print("\n".join(lines))
    document = {"python": platform.python_version(), "cpus": cpus, "quick": options.quick}
    document |= {"rows": [found.as_json() for found in all_found], "profiles": slow}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"\n{options.json} written; {time.monotonic() - began:.0f} s")
    if broken := [found.broken for found in all_found if found.broken]:
        raise SystemExit("\n".join(broken))


if __name__ == "__main__":
    main()
