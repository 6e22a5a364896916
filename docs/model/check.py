# SPDX-License-Identifier: MIT
"""Search the model with Spin: the right one keeps every property, each wrong variant breaks the one that is named."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

MODEL = Path(__file__).with_name("protocol.pml")

#: In the order of their numbers in the model.
PROPERTIES = ("ONE_ATTEMPT", "IN_ORDER", "NONE_LOST", "DURABLE_FIRST", "TRUE_ENDS")

#: The settings under which the right model is searched, all of it.
RIGHT = {
    "one lane": (),
    "a venue that shows late": ("LATE",),
    "two lanes, one kill": ("LANES=2", "KILLS=1"),
}

#: How Spin searches: for broken properties, for the shortest way to one, for something that goes on for ever.
STATES, SHORTEST, CYCLES = ("-O2", "-DSAFETY"), ("-O1", "-DSAFETY", "-DBFS"), ("-O2", "-DNP")

#: Wrong variant -> the properties that it breaks, each shown by a search that asserts nothing else.
VARIANTS = {
    "QUEUE_AFTER_COMMIT": ("IN_ORDER",),
    "RETRY_ON_TIMEOUT": ("ONE_ATTEMPT",),
    "RESOLVE_BY_PARAMETERS": ("TRUE_ENDS",),
    "INTENT_AFTER_CALL": ("DURABLE_FIRST", "ONE_ATTEMPT"),
    "CRASH_MEANS_NOT_PLACED": ("TRUE_ENDS", "IN_ORDER"),
    "NOT_PLACED_AT_ONCE": ("TRUE_ENDS", "IN_ORDER"),
    "ONE_CLEAN_ANSWER": ("TRUE_ENDS",),
    "OVERLAP_WITHOUT_LATCH": ("DURABLE_FIRST", "IN_ORDER"),
    "ENTRY_BESIDE_UNKNOWN": ("IN_ORDER",),
    "ACK_BEFORE_COMMIT": ("NONE_LOST",),
    "TELL_BEFORE_COMMIT": ("DURABLE_FIRST",),
    "NO_ADOPTION": ("NONE_LOST",),
    "OUTCOME_FORGOTTEN": ("NONE_LOST",),
    "NO_WATCH": ("TRUE_ENDS",),
}

#: What a variant needs beside its own name.
BESIDE = {"NO_WATCH": ("LATE",)}

MEGABYTES = 2048
LONGEST = 900
"""Seconds for one search; on an idle machine the longest takes some twenty."""

INCOMPLETE = ("Search not completed", "max search depth too small", "out of memory", "hash table full")


class CannotSearch(Exception):
    """A tool is missing, or refuses the model."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """What Spin's searcher printed."""

    text: str
    seconds: float

    def number(self, pattern: str) -> int:
        """The number in the first match; 0 if there is none."""
        found = re.search(pattern, self.text)
        return int(float(found[1])) if found else 0

    @property
    def states(self) -> int:
        return self.number(r"(\d+) states, stored")

    @property
    def depth(self) -> int:
        return self.number(r"depth reached (\d+)")

    @property
    def megabytes(self) -> int:
        return self.number(r"([\d.]+)\s+total actual memory usage")

    @property
    def faults(self) -> list[str]:
        """Why it does not show that every property holds."""
        found = [_named(words) for words in re.findall(r"^pan:\d+: (.+)$", self.text, re.MULTILINE)]
        found += [words for words in INCOMPLETE if words in self.text]
        found += [f"never reached: line {line}" for line, what in self._unreached() if what != "-end-"]
        if "errors: 0" not in self.text and not found:
            found.append("the search ended without a result")
        return found

    def _unreached(self) -> list[tuple[str, str]]:
        return re.findall(r"^\s+\S*\.pml:(\d+), state \d+, \"(.*)\"$", self.text, re.MULTILINE)

    def breaks(self, number: int) -> bool:
        """Whether the assertion of this property failed, and not something else."""
        return f"assertion violated ((({number}!=0)&&({number}!={number}))" in self.text


def _named(words: str) -> str:
    """What the searcher found, with the property's name for the number that stands in its assertion."""
    asserted = re.search(r"assertion violated \(\(\(0!=0\)&&\(0!=(\d)\)\)", words)
    depth = re.search(r"\(at depth \d+\)$", words)
    return f"breaks {PROPERTIES[int(asserted[1]) - 1]} {depth[0] if depth else ''}".rstrip() if asserted else words


def main(arguments: list[str] | None = None) -> int:
    """The whole check, or the story of one variant; 0 if the model holds, 1 if not, 2 without the tools."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--story", metavar="VARIANT", choices=sorted(VARIANTS), help="how a variant goes wrong, move by move")
    chosen = parser.parse_args(arguments)
    try:
        need("spin", "gcc")
        return story(chosen.story) if chosen.story else check()
    except CannotSearch as error:
        print(error, file=sys.stderr)
        return 2


def need(*tools: str) -> None:
    """Say what to install if a tool is missing."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        raise CannotSearch(f"{' and '.join(missing)} cannot be found: apt-get install spin gcc libc6-dev (Debian, Ubuntu)")


def check() -> int:
    """Search everything and print the tables."""
    bad = [*check_right(), *check_variants()]
    for sentence in bad:
        print(sentence, file=sys.stderr)
    return 1 if bad else 0


def check_right() -> list[str]:
    """Sentences about what does not hold in the right model."""
    bad = []
    print(f"{'right model':26}{'states':>12}{'depth':>7}{'seconds':>9}{'MB':>7}")
    searches = [(name, settings, STATES) for name, settings in RIGHT.items()]
    for name, settings, how in [*searches, ("one lane: does it end?", RIGHT["one lane"], CYCLES)]:
        found = search(settings, how)
        print(f"{name:26}{found.states:>12,}{found.depth:>7}{found.seconds:>9.1f}{found.megabytes:>7}", flush=True)
        bad += [f"right model, {name}: {fault}" for fault in found.faults]
    return bad


def check_variants() -> list[str]:
    """Sentences about wrong variants that nothing caught."""
    bad = []
    print(f"\n{'wrong variant':26}{'breaks':16}{'depth':>7}{'seconds':>9}")
    for name, broken in VARIANTS.items():
        for wanted in broken:
            found = search(settings_of(name, wanted), SHORTEST)
            caught = found.breaks(1 + PROPERTIES.index(wanted))
            depth = str(found.depth) if caught else "missed"
            print(f"{name:26}{wanted:16}{depth:>7}{found.seconds:>9.1f}", flush=True)
            if not caught:
                bad.append(f"wrong variant {name}: nothing shows that it breaks {wanted}")
    return bad


def settings_of(name: str, wanted: str) -> tuple[str, ...]:
    """The model's settings for a wrong variant of which one property is asserted."""
    return (name, *BESIDE.get(name, ()), f"ONLY={1 + PROPERTIES.index(wanted)}")


def story(name: str) -> int:
    """Print the shortest way in which a variant goes wrong."""
    settings = settings_of(name, VARIANTS[name][0])
    with tempfile.TemporaryDirectory() as folder:
        search(settings, SHORTEST, Path(folder))
        replay = run(["spin", "-t", "-T", *defines((*settings, "IN_BREADTH")), MODEL.name], Path(folder))
    moves = [line for line in replay.splitlines() if line.startswith(("order ", "killed", "repaired"))]
    print("\n".join([*moves, f"and so {VARIANTS[name][0]} is broken"]))
    return 0


def search(settings: tuple[str, ...], how: tuple[str, ...], folder: Path | None = None) -> Search:
    """Search all that can happen under some settings of the model, in one of the three ways."""
    if folder is None:
        with tempfile.TemporaryDirectory() as made:
            return search(settings, how, Path(made))
    shutil.copy(MODEL, folder)
    started = time.monotonic()
    run(["spin", "-a", *defines((*settings, "IN_BREADTH") if how is SHORTEST else settings), MODEL.name], folder)
    run(["gcc", "-w", *how, f"-DMEMLIM={MEGABYTES}", "-DNOREDUCE", "-o", "pan", "pan.c"], folder)
    cycles = ["-l"] if how is CYCLES else []
    text = run([str(folder / "pan"), "-m200000", "-w23", *cycles], folder, may_fail=True)
    return Search(text=text, seconds=time.monotonic() - started)


def defines(settings: tuple[str, ...]) -> list[str]:
    """The settings as the preprocessor takes them."""
    return [f"-D{setting}" for setting in settings]


def run(command: list[str], folder: Path, *, may_fail: bool = False) -> str:
    """What a tool prints."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        raise CannotSearch(f"{Path(command[0]).name} took longer than {LONGEST} s") from None
    if done.returncode and not may_fail:
        raise CannotSearch(f"{Path(command[0]).name} refuses the model:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


if __name__ == "__main__":
    sys.exit(main())
