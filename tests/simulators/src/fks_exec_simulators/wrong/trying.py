# SPDX-License-Identifier: MIT
"""Every wrong thing against every class of its suite: a file for pytest, and the run of it in processes of its own.

``run`` answers with what each pair of mutant and class came to. A process takes each so-many-th mutant.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from fks_exec.testing.suite.base import Suite
from fks_exec_simulators import wrong

from .matrix import Mutant, classes_of

PART, REPORT, WHOLE = "FKS_EXEC_WRONG_PART", "FKS_EXEC_WRONG_REPORT", "FKS_EXEC_WRONG_WHOLE"
APART = ("__main__", "matrix", "pairs", "trying")


def mutants() -> Iterator[Mutant]:
    """All of them, by module."""
    for module in sorted(found.name for found in pkgutil.iter_modules(wrong.__path__) if found.name not in APART):
        yield from importlib.import_module(f"{wrong.__name__}.{module}").MUTANTS


def witnesses(every: Iterable[Mutant]) -> set[str]:
    """Of each class the first mutant that it catches alone."""
    found: dict[str, str] = {}
    for mutant in every:
        if mutant.alone:
            found.setdefault(mutant.caught_by, mutant.name)
    return set(found.values())


def pairs(part: int, parts: int, *, whole: bool) -> Iterator[tuple[Mutant, type[Any]]]:
    """What one process tries: its share of the mutants, each against the class that must catch it, a witness against all.

    Args:
        whole: every mutant against every class.
    """
    every = list(mutants())
    shown = {mutant.name for mutant in every} if whole else witnesses(every)
    for mutant in every[part::parts]:
        for suite in classes_of(mutant):
            if mutant.name in shown or suite.__name__ == mutant.caught_by:
                yield mutant, suite


def tried(mutant: Mutant, suite: type[Suite]) -> type:
    """A class of the suite over a mutant, named ``MUTANT|CLASS``."""

    async def made(self: object) -> AsyncIterator[dict[str, Any]]:
        async with mutant.make() as given:
            yield given if isinstance(given, dict) else {"venue": given[0], "counterpart": given[1]}

    def fixture(name: str) -> Any:
        return pytest.fixture(lambda self, made: made[name], name=name)

    body: dict[str, Any] = {name: fixture(name) for name in mutant.fixtures}
    body["made"] = pytest_asyncio.fixture(made, name="made")
    body["__module__"] = "wrong"
    return type(f"Test|{mutant.name}|{suite.__name__}", (suite,), body)


class Report:
    """A plugin of pytest: the outcome of each pair.

    Args:
        path: written at the end, as JSON: ``{"mutant|class": {"passed": 3, "failed": ["test"], "left": 1}}``.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pairs: dict[str, dict[str, Any]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """One failure of a class is enough."""
        if self._pairs.get(item.nodeid.split("::", 2)[1].removeprefix("Test|"), {"failed": ()})["failed"]:
            pytest.skip("not tried: the class has caught it already")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one."""
        _, pair, test = report.nodeid.split("::", 2)
        found = self._pairs.setdefault(pair.removeprefix("Test|"), {"passed": 0, "failed": [], "left": 0})
        if report.failed and test not in found["failed"]:
            found["failed"].append(test)
        elif report.skipped:
            found["left"] += 1
        elif report.passed and report.when == "call":
            found["passed"] += 1

    def pytest_sessionfinish(self) -> None:
        """Write."""
        self._path.write_text(json.dumps(self._pairs), "utf-8")


def run(folder: Path, parts: int, *, whole: bool = False) -> dict[str, dict[str, Any]]:
    """What each pair came to, by ``mutant|class``; so many processes share the work.

    Args:
        whole: every mutant against every class; else only the witnesses of each class are.

    Raises:
        RuntimeError: a process ended before its report; the text is what it printed last.
    """
    folders = [folder / str(part) for part in range(parts)]
    processes = [_start(each, f"{part}/{parts}", whole=whole) for part, each in enumerate(folders)]
    for process, each in zip(processes, folders, strict=True):
        process.wait()
        if not (each / "report.json").exists():
            raise RuntimeError((each / "output").read_text("utf-8", "replace")[-3000:])
    return {name: found for each in folders for name, found in json.loads((each / "report.json").read_text("utf-8")).items()}


def _start(folder: Path, part: str, *, whole: bool) -> subprocess.Popen[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    known = {key: value for key, value in os.environ.items() if not key.startswith(("COV", "PYTEST_", "CI"))}
    (folder / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n", "utf-8")
    words = ["-c", str(folder / "pytest.ini"), "--rootdir", str(folder), "--noconftest", "-q", "--tb=line", "-W", "ignore"]
    words += ["-p", "no:cacheprovider", "--import-mode=importlib", "-p", __name__, str(Path(__file__).with_name("pairs.py"))]
    environment = {**known, PART: part, REPORT: str(folder / "report.json"), WHOLE: "1" if whole else ""}
    with (folder / "output").open("wb") as output:
        return subprocess.Popen([sys.executable, "-m", "pytest", *words], env=environment, stdout=output, stderr=output)


def caught(pairs: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """The classes that catch each mutant."""
    found: dict[str, list[str]] = {}
    for pair, outcome in pairs.items():
        mutant, suite = pair.split("|")
        found.setdefault(mutant, []).extend([suite] if outcome["failed"] else [])
    return found


def pytest_configure(config: pytest.Config) -> None:
    """This module is a plugin of the processes that it starts."""
    if REPORT in os.environ:
        config.pluginmanager.register(Report(Path(os.environ[REPORT])))
