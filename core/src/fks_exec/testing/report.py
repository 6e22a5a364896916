# SPDX-License-Identifier: MIT
"""What came of a run of the suite: test by test, what it proves, and what a record of it says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from attrs import field, frozen

from ..model.account import Capabilities
from .record import ClassResults, Record
from .trial import Level

SHOWN = 3
"""So many tests are named in one line."""

Outcome: TypeAlias = Literal["passed", "failed", "left out"]


def _words(value: Iterable[str]) -> frozenset[str]:
    return frozenset(value)


OF_EVERY_ORDER = frozenset({"Idempotency", "Outcomes", "Concurrency", "Configuration", "ThroughTheHub"})
"""Classes whose tests are of no one kind of order: that an order is one, that its outcome is true, that no key is shown."""


@frozen(kw_only=True)
class Tried:
    """One test.

    Args:
        suite: the class of the suite that it stands in.
        name: with its parameters.
        reason: why it failed, or was left out; the first line.
        floor: it may not be left out.
        touched: what is not proved if it failed: the words that it asked for, and those of the orders that it sent.
        shown: those that it proves if it passed: what it asked for, and the words of the orders that the venue took.
    """

    suite: str
    name: str
    outcome: Outcome
    reason: str = ""
    floor: bool = False
    touched: frozenset[str] = field(default=frozenset(), converter=_words)
    shown: frozenset[str] = field(default=frozenset(), converter=_words)

    @property
    def title(self) -> str:
        """How it is called."""
        return f"{self.suite}.{self.name}"


@frozen(kw_only=True)
class Report:
    """A run of the suite.

    Args:
        title: of the venue.
        line: the summary.
        missing: tests of the floor that did not run.
        capabilities: as declared after ``init``; None: no account could be opened.
        left_behind: what is not at the venue as it was before, in sentences; of a sandbox and of a live account.
        record: what was written.
        file: where.
        unrecorded: why nothing was written, where a record was asked for.
    """

    title: str
    level: Level
    line: str
    tried: tuple[Tried, ...]
    missing: tuple[str, ...] = ()
    capabilities: Capabilities | None = None
    left_behind: tuple[str, ...] = ()
    record: Record | None = None
    file: Path | None = None
    unrecorded: str = ""

    @property
    def failed(self) -> tuple[Tried, ...]:
        """The tests that failed."""
        return tuple(test for test in self.tried if test.outcome == "failed")

    @property
    def passed(self) -> bool:
        """All that ran passed, all of the floor ran, and the record that was asked for is written."""
        return bool(self.tried) and not self.failed and not self.missing and not self.unrecorded

    @property
    def proved(self) -> tuple[str, ...]:
        """The words that a test which passed has shown, and that no test which failed has touched; none below the floor."""
        if self.below_floor:
            return ()
        shown = {word for test in self.tried if test.outcome == "passed" for word in test.shown}
        return tuple(sorted(shown - {word for test in self.failed for word in test.touched}))

    @property
    def below_floor(self) -> str:
        """Why there can be no record: the floor, or what holds for every order, did not pass; empty: they did."""
        failed = [test for test in self.failed if test.floor]
        if failed:
            return f"the floor, which every venue has to pass, failed: {_shortened(failed)}"
        common = [test for test in self.failed if test.suite in OF_EVERY_ORDER]
        if common:
            return f"what holds for every order failed: {_shortened(common)}"
        if self.missing:
            return f"tests of the floor did not run: {', '.join(self.missing)}"
        return "" if any(test.outcome == "passed" for test in self.tried) else "no test passed"

    def by_class(self) -> dict[str, ClassResults]:
        """The tests of each class, in the order in which they ran."""
        found: dict[str, list[Tried]] = {}
        for test in self.tried:
            found.setdefault(test.suite, []).append(test)
        return {name: _results(tests) for name, tests in found.items()}

    def lines(self) -> Iterator[str]:
        """All of it as text, what is wrong first; what was left behind is told by itself."""
        yield from self._failures()
        yield self.line
        yield f"proved: {', '.join(self.proved) or 'nothing'}"
        if self.unrecorded:
            yield f"no record is written: {self.unrecorded}"
        elif self.record is not None:
            yield f"record: {self.file} ({self.level}, {self.record.binding.plugin} {self.record.binding.version})"

    def _failures(self) -> Iterator[str]:
        """What failed for one reason stands in one line."""
        reasons: dict[str, list[Tried]] = {}
        for test in self.failed:
            reasons.setdefault(test.reason, []).append(test)
        for reason, tests in reasons.items():
            yield f"FAILED {_shortened(tests)}: {reason}"


def _shortened(tests: Sequence[Tried]) -> str:
    """The first ones by their names."""
    names = ", ".join(test.title for test in tests[:SHOWN])
    return names + (f" and {len(tests) - SHOWN} more" if len(tests) > SHOWN else "")


def _results(tests: list[Tried]) -> ClassResults:
    left: dict[str, tuple[str, ...]] = {}
    for test in tests:
        if test.outcome == "left out":
            left[test.reason] = (*left.get(test.reason, ()), test.name)
    return ClassResults(
        passed=tuple(test.name for test in tests if test.outcome == "passed"),
        failed=tuple(test.name for test in tests if test.outcome == "failed"),
        left_out=left,
    )
