# SPDX-License-Identifier: MIT
"""The suite's own part of a pytest run: what the floor demands, what newer tests only warn of, one line for each venue."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterable
from typing import Any

import pytest
from attrs import Factory, define

import fks_exec

NAME = "fks-exec-suite"


class SuiteWarning(UserWarning):
    """A test that is newer than the version for which a plugin's tests were written does not pass yet."""


@define
class Tally:
    """What became of the tests of one venue."""

    passed: list[str] = Factory(list)
    failed: list[str] = Factory(list)
    newer: list[str] = Factory(list)
    left: dict[str, list[str]] = Factory(dict)
    unrun: set[str] = Factory(set)

    def line(self, title: str) -> str:
        """``acme: 61 passed; not declared: stop_limit, amend``."""
        parts = [f"{title}: {len(self.passed)} passed"]
        parts[0] += f", {len(self.failed)} failed" if self.failed else ""
        parts[0] += f", {len(self.newer)} newer than the plugin's tests" if self.newer else ""
        reasons = sorted(self.left)
        for kind in ("not declared: ", "not tried: "):
            words = [reason.removeprefix(kind) for reason in reasons if reason.startswith(kind)]
            parts += [kind + ", ".join(words)] if words else []
        parts += [f"INCOMPLETE: {len(self.unrun)} tests of the floor did not run"] if self.unrun else []
        return "; ".join(parts)


class Summary:
    """A plugin of pytest, registered by the first suite that runs."""

    def __init__(self) -> None:
        self.tallies: dict[str, Tally] = {}
        self._owners: dict[str, tuple[str, str]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """A test of the floor that was left out fails; one that is newer than the plugin's tests warns."""
        report = yield
        test = getattr(item, "function", None)
        owner = _owner(item)
        if owner is None:
            return report
        if report.skipped and getattr(test, "floor", False):
            report.outcome, report.longrepr = "failed", f"the floor cannot be left out: {_reason(report)}"
        elif report.failed and newer(getattr(test, "since", ""), written_for(item)):
            text = f"{item.name}, new in fks-exec {getattr(test, 'since', '')}, fails: {_sentence(call)}"
            warnings.warn(SuiteWarning(text), stacklevel=1)
            report.outcome, report.longrepr = "skipped", (str(item.path), 0, f"Skipped: newer: {text}")
        self._count(owner, item, report)
        return report

    def _count(self, owner: str, item: pytest.Item, report: pytest.TestReport) -> None:
        tally = self.tallies.setdefault(owner, Tally())
        tally.unrun.discard(item.name)
        if report.failed:
            tally.failed.append(item.nodeid)
        elif report.skipped and (reason := _reason(report)).startswith("newer: "):
            tally.newer.append(item.nodeid)
        elif report.skipped:
            tally.left.setdefault(reason, []).append(item.nodeid)
        elif report.when == "call":
            tally.passed.append(item.nodeid)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The line of each venue."""
        for title, tally in self.tallies.items():
            terminalreporter.write_line(tally.line(title))


def attend(config: pytest.Config) -> Summary:
    """The summary of this run, registered on first use."""
    found = config.pluginmanager.get_plugin(NAME)
    if found is None:
        found = Summary()
        config.pluginmanager.register(found, NAME)
    assert isinstance(found, Summary)
    return found


def _owner(item: pytest.Item) -> str | None:
    """The title of the venue that a test tries; None for a test that is none of the suite's."""
    cls = getattr(item, "cls", None)
    if cls is None or not hasattr(cls, "written_for"):
        return None
    trial = getattr(item, "funcargs", {}).get("venue")
    title = getattr(trial, "title", "")
    return title or str(cls.__name__)


def written_for(item: pytest.Item) -> str:
    """The version for which the suite's subclass was written; empty: this one."""
    return str(getattr(getattr(item, "cls", None), "written_for", ""))


def newer(version: str, written: str) -> bool:
    """Whether a test came after the version for which a plugin's tests were written."""
    return bool(version and written) and _numbers(version) > _numbers(written)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]


def _reason(report: pytest.TestReport) -> str:
    longrepr = report.longrepr
    text = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
    return text.removeprefix("Skipped: ")


def _sentence(call: pytest.CallInfo[None]) -> str:
    return "" if call.excinfo is None else str(call.excinfo.value).partition("\n")[0]


__all__ = ["Iterable", "SuiteWarning", "Summary", "Tally", "attend", "fks_exec", "newer"]
