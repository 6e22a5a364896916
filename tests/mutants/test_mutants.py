# SPDX-License-Identifier: MIT
"""A test that would pass against a broken implementation is a defect: each mutant here must be caught by its test.

One table per distribution, ``NAME.toml`` in this folder: ``source`` and ``package`` say what is mutated, ``preload`` which
modules its tests import that do not import that package; each ``[[mutant]]`` has a ``name``, a ``file`` below the package,
the text ``old`` that stands there exactly once, the text ``new``, and the ``tests`` (their ids) of which one must fail.
"""

import compileall
import os
import shutil
import tomllib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from fks_exec_simulators.mutation import Mutation

pytestmark = pytest.mark.shows_secret("mutants leak: their own runs are searched, what those leave behind is not")

ROOT = Path(__file__).resolve().parents[2]
TABLES = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted(Path(__file__).parent.glob("*.toml"))}


@frozen
class Run:
    """Some tests over a copy of a table's package.

    Args:
        mutant: what is replaced in the copy; None: nothing.
    """

    name: str
    table: dict[str, Any]
    tests: list[str]
    mutant: dict[str, Any] | None = None


def _unbroken(name: str, table: dict[str, Any]) -> list[Run]:
    tests = sorted({test for mutant in table["mutant"] for test in mutant["tests"]})
    files = sorted({test.partition("::")[0] for test in tests})
    return [Run(f"{name}-{Path(f).stem}", table, [test for test in tests if test.partition("::")[0] == f]) for f in files]


UNBROKEN = [run for name, table in TABLES.items() for run in _unbroken(name, table)]
MUTANTS = [Run(f"{name}-{m['name']}", table, m["tests"], m) for name, table in TABLES.items() for m in table["mutant"]]


class Runs:
    """Runs what the selected tests will ask for: one at once for each processor, and one more, since many only wait.

    Args:
        folder: for the copies and what pytest prints.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._threads = ThreadPoolExecutor(1 + (os.cpu_count() or 1))
        self._idle: dict[str, list[Mutation]] = {table["package"]: [] for table in TABLES.values()}
        self._begun: dict[str, Future[tuple[int, str]]] = {}
        for table in TABLES.values():
            compiled(table, self._unbroken(table))

    def begin(self, run: Run) -> None:
        """As soon as a process is idle."""
        self._begun[run.name] = self._threads.submit(self._run, run, self._folder / str(len(self._begun)))

    def result(self, run: Run) -> tuple[int, str]:
        """Pytest's exit code, and what it printed."""
        return self._begun[run.name].result()

    def _unbroken(self, table: dict[str, Any]) -> Path:
        return self._folder / "unbroken" / table["package"]

    def _run(self, run: Run, folder: Path) -> tuple[int, str]:
        source, package = folder / "source", run.table["package"]
        shutil.copytree(self._unbroken(run.table), source, copy_function=os.link)
        if run.mutant is not None:
            mutate(run.table, run.mutant, source)
        process = self._process(run.table)
        try:
            code = process.run(source, package, run.tests, folder / "output")
        finally:
            self._idle[package].append(process)
        return code, (folder / "output").read_text("utf-8")

    def _process(self, table: dict[str, Any]) -> Mutation:
        try:
            return self._idle[table["package"]].pop()
        except IndexError:
            return Mutation(table.get("preload", ()))

    def close(self) -> None:
        """Begin nothing further."""
        self._threads.shutdown(cancel_futures=True)
        for process in (process for idle in self._idle.values() for process in idle):
            process.close()


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Those of the selected tests, begun ahead of them."""
    running = Runs(tmp_path_factory.mktemp("mutants"))
    for item in request.session.items:
        wanted = item.callspec.params.get("run") if hasattr(item, "callspec") else None
        if isinstance(wanted, Run):
            running.begin(wanted)
    yield running
    running.close()


def compiled(table: dict[str, Any], folder: Path) -> None:
    """A copy of a package, in a folder to be put on the path; compiled once for all runs."""
    package = table["package"]
    shutil.copytree(ROOT / table["source"] / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(folder, quiet=1)


def mutate(table: dict[str, Any], mutant: dict[str, Any], source: Path) -> None:
    """One text in the copy is replaced, and what was Python is Python. All other files are links to the unbroken ones."""
    path = source / table["package"] / mutant["file"]
    text = path.read_text("utf-8")
    count = text.count(mutant["old"])
    assert count == 1, f"`old` stands {count} times in {mutant['file']}, not once; renew the table"
    text = text.replace(mutant["old"], mutant["new"])
    if path.suffix == ".py":
        compile(text, str(path), "exec")
    path.unlink()
    path.write_text(text, "utf-8")
    Path(cache_from_source(str(path))).unlink(missing_ok=True)


@pytest.mark.parametrize("run", UNBROKEN, ids=lambda run: run.name)
def test_a_copy_without_a_mutation_passes_the_same_tests(run: Run, runs: Runs) -> None:
    """Else any mutant would be caught."""
    code, output = runs.result(run)
    assert code == 0, output[-4000:]


@pytest.mark.parametrize("run", MUTANTS, ids=lambda run: run.name)
def test_a_mutant_is_caught(run: Run, runs: Runs) -> None:
    """Exit code 1: the tests ran against the copy, and one failed."""
    code, output = runs.result(run)
    assert code == 1, f"not caught ({code}) by {run.tests}:\n{output[-3000:]}"


def test_the_installed_source_is_not_taken_for_the_copy(tmp_path: Path) -> None:
    """Editable installs put the real source on the path too; a run over it would prove nothing."""
    mutation = Mutation()
    code = mutation.run(tmp_path, "fks_exec", ["tests/core/test_numbers.py"], tmp_path / "output")
    mutation.close()
    assert code == 4
    assert "is tested instead of the mutated copy" in (tmp_path / "output").read_text("utf-8")
