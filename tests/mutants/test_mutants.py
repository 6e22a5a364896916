# SPDX-License-Identifier: MIT
"""A test that would pass against a broken implementation is a defect: each mutant here must be caught by its test.

One table per distribution, ``NAME.toml`` in this folder: ``source`` and ``package`` say what is mutated, ``preload`` which
foreign modules its tests import; each ``[[mutant]]`` has a ``name``, a ``file`` below the package, the text ``old`` that
stands there exactly once, the text ``new``, and the ``tests`` (their ids) of which one must fail.
"""

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fks_exec_simulators.mutation import Mutation

ROOT = Path(__file__).resolve().parents[2]
TABLES = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted(Path(__file__).parent.glob("*.toml"))}
MUTANTS = [(table, mutant) for table in TABLES.values() for mutant in table["mutant"]]
IDS = [f"{name}-{mutant['name']}" for name, table in TABLES.items() for mutant in table["mutant"]]


@pytest.fixture(scope="module")
def mutation() -> Iterator[Mutation]:
    """The process that runs the tests, with the tools loaded."""
    running = Mutation({name for table in TABLES.values() for name in table.get("preload", ())})
    yield running
    running.close()


def copied(table: dict[str, Any], folder: Path) -> Path:
    """A copy of a package, in a folder to be put on the path."""
    package = table["package"]
    shutil.copytree(ROOT / table["source"] / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def mutate(table: dict[str, Any], mutant: dict[str, Any], source: Path) -> None:
    """One text in the copy is replaced, and what comes out is Python."""
    path = source / table["package"] / mutant["file"]
    text = path.read_text("utf-8")
    count = text.count(mutant["old"])
    assert count == 1, f"`old` stands {count} times in {mutant['file']}, not once; renew the table"
    text = text.replace(mutant["old"], mutant["new"])
    compile(text, str(path), "exec")
    path.write_text(text, "utf-8")


@pytest.mark.parametrize(("table", "mutant"), MUTANTS, ids=IDS)
def test_a_mutant_is_caught(table: dict[str, Any], mutant: dict[str, Any], mutation: Mutation, tmp_path: Path) -> None:
    """Exit code 1: the tests ran against the copy, and one failed."""
    source = copied(table, tmp_path / "source")
    mutate(table, mutant, source)
    code = mutation.run(source, table["package"], mutant["tests"], tmp_path / "output")
    assert code == 1, f"not caught ({code}) by {mutant['tests']}:\n{(tmp_path / 'output').read_text('utf-8')[-3000:]}"


@pytest.mark.parametrize("name", TABLES)
def test_a_copy_without_a_mutation_passes_the_same_tests(name: str, mutation: Mutation, tmp_path: Path) -> None:
    """Else any mutant would be caught."""
    table = TABLES[name]
    tests = sorted({test for mutant in table["mutant"] for test in mutant["tests"]})
    code = mutation.run(copied(table, tmp_path / "source"), table["package"], tests, tmp_path / "output")
    assert code == 0, (tmp_path / "output").read_text("utf-8")[-4000:]


def test_the_installed_source_is_not_taken_for_the_copy(mutation: Mutation, tmp_path: Path) -> None:
    """Editable installs put the real source on the path too; a run over it would prove nothing."""
    code = mutation.run(tmp_path, "fks_exec", ["tests/core/test_numbers.py"], tmp_path / "output")
    assert code == 4
    assert "is tested instead of the mutated copy" in (tmp_path / "output").read_text("utf-8")
