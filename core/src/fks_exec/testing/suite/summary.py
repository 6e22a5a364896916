# SPDX-License-Identifier: MIT
"""The suite's own part of a pytest run: what the floor demands, what newer tests only warn of, one line for each venue."""

from __future__ import annotations

import contextlib
import warnings
from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest
from attrs import Factory, define

NAME = "fks-exec-suite"
KINDS = ("not declared: ", "not tried: ")
"""How the reasons begin for which a test of the suite may be left out."""

MARK = "fks_exec_suite"
"""The attribute by which a report says whose test it was."""

_NEWER = "newer: "


class SuiteWarning(UserWarning):
    """A test that is newer than the version for which a plugin's tests were written does not pass yet."""


@define
class Tally:
    """What became of the tests of one class of an author.

    Args:
        title: of the venue, guard or journal that is tried.
        floor: tests that have to run.
        passed, failed: ids of tests.
        newer: what is newer than the author's tests and fails; sentences.
        left: ids of tests that were left out, by reason.
    """

    title: str
    floor: frozenset[str] = frozenset()
    passed: list[str] = Factory(list)
    failed: list[str] = Factory(list)
    newer: list[str] = Factory(list)
    left: dict[str, list[str]] = Factory(dict)
    ran: set[str] = Factory(set)

    @property
    def missing(self) -> frozenset[str]:
        """Tests of the floor that were not run: deselected, or the run ended before."""
        return self.floor - self.ran

    def words(self, kind: str) -> list[str]:
        """What was left out, and why; what has the same reason in brackets stands together."""
        groups: dict[str, list[str]] = {}
        for reason in sorted(reason.removeprefix(kind) for reason in self.left if reason.startswith(kind)):
            word, bracket, why = reason.partition(" (")
            groups.setdefault(bracket + why, []).append(word)
        return [", ".join(words) + why for why, words in groups.items()]

    def line(self, title: str) -> str:
        """``acme: 61 passed; not declared: stop_limit, amend_order``."""
        counts = f"{title}: {len(self.passed)} passed"
        counts += f", {len(self.failed)} failed" if self.failed else ""
        counts += f", {len(self.newer)} newer than the tests were written for" if self.newer else ""
        parts = [counts, *(kind + ", ".join(words) for kind in KINDS if (words := self.words(kind)))]
        if self.missing:
            parts.append(f"INCOMPLETE: {len(self.missing)} tests of the floor did not run")
        return "; ".join(parts)


class Summary:
    """A plugin of pytest, registered when tests of the suite are collected."""

    def __init__(self) -> None:
        self.tallies: dict[str, Tally] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """A test of the floor that was left out fails; one that is newer than the author's tests warns."""
        report = yield
        cls = getattr(item, "cls", None)
        if cls is None or not hasattr(cls, "written_for"):
            return report
        test = getattr(item, "function", None)
        version = getattr(test, "since", "")
        expected = vars(report).pop("wasxfail", None) is not None  # nobody may expect the suite to fail
        if report.skipped and (expected or not _allowed(_reason(report))):
            report.outcome, report.longrepr = "failed", f"a test of the suite cannot be left out: {_reason(report)}"
        elif report.skipped and getattr(test, "floor", False):
            report.outcome, report.longrepr = "failed", f"the floor cannot be left out: {_reason(report)}"
        elif report.failed and newer(version, cls.written_for):
            text = f"{item.name}, new in fks-exec {version}, fails: {_sentence(call)}"
            with contextlib.suppress(SuiteWarning):  # where warnings are errors this one stays a warning
                warnings.warn(SuiteWarning(text), stacklevel=1)
            report.outcome, report.longrepr = "skipped", (str(item.path), 0, f"Skipped: {_NEWER}{text}")
        name = getattr(item, "originalname", item.name)
        setattr(report, MARK, {"suite": key_of(cls), "title": _title(item), "test": name, "floor": sorted(floor_of(cls))})
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one; under pytest-xdist the reports of the workers come here too."""
        mark = getattr(report, MARK, None)
        if mark is None:
            return
        tally = self.tallies.setdefault(mark["suite"], Tally(mark["title"], frozenset(mark["floor"])))
        tally.ran.add(mark["test"])
        if report.failed:
            tally.failed.append(report.nodeid)
        elif report.skipped and (reason := _reason(report)).startswith(_NEWER):
            tally.newer.append(reason.removeprefix(_NEWER))
        elif report.skipped:
            tally.left.setdefault(reason, []).append(report.nodeid)
        elif report.when == "call":
            tally.passed.append(report.nodeid)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The line of each venue, and what its author should know."""
        titles = Counter(tally.title for tally in self.tallies.values())
        for key, tally in self.tallies.items():
            alone = titles[tally.title] == 1
            terminalreporter.write_line(tally.line(tally.title if alone else f"{tally.title} ({key.rpartition('.')[2]})"))
            for text in tally.newer:
                terminalreporter.write_line(f"warning: {text}")


def attend(config: pytest.Config) -> Summary:
    """The summary of this run, registered on first use."""
    found: Summary | None = config.pluginmanager.get_plugin(NAME)
    if found is None:
        found = Summary()
        config.pluginmanager.register(found, NAME)
    return found


def key_of(cls: type[Any]) -> str:
    """The name under which an author's class is counted."""
    return f"{cls.__module__}.{cls.__qualname__}"


def floor_of(cls: type[Any]) -> frozenset[str]:
    """The tests of a class that cannot be left out."""
    return frozenset(name for name in dir(cls) if name.startswith("test_") and getattr(getattr(cls, name), "floor", False))


def newer(version: str, written_for: str) -> bool:
    """Whether a test came after the version for which an author's tests were written; empty: they are always up to date."""
    return bool(version and written_for) and _numbers(version) > _numbers(written_for)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]


def _title(item: pytest.Item) -> str:
    cls = getattr(item, "cls", type(item))
    tried = getattr(item, "funcargs", {}).get(getattr(cls, "subject", ""))
    return str(getattr(tried, "title", "") or cls.__name__)


def _allowed(reason: str) -> bool:
    return reason.startswith((*KINDS, _NEWER))


def _reason(report: pytest.TestReport) -> str:
    longrepr = report.longrepr
    text = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
    return text.removeprefix("Skipped: ")


def _sentence(call: pytest.CallInfo[None]) -> str:
    return "" if call.excinfo is None else str(call.excinfo.value).partition("\n")[0]
