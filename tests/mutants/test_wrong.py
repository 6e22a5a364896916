# SPDX-License-Identifier: MIT
"""The suite catches every wrong venue, guard, observer and journal; each of its classes catches one that no other does."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from fks_exec_simulators.wrong.matrix import Mutant, classes_of
from fks_exec_simulators.wrong.trying import caught, mutants, run, witnesses

pytestmark = pytest.mark.shows_secret("wrong venues leak: the suite that catches them prints what they say")
MUTANTS = list(mutants())
TABLE = Path(__file__).resolve().parents[2] / "docs/_data/wrong.json"


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return run(tmp_path_factory.mktemp("wrong"), os.cpu_count() or 1)


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_a_mutant_is_caught_by_its_class(mutant: Mutant, pairs: dict[str, dict[str, Any]]) -> None:
    found = caught(pairs)[mutant.name]
    assert mutant.caught_by in found
    if mutant.alone and mutant.name in witnesses(MUTANTS):
        assert found == [mutant.caught_by], {name: pair["failed"] for name, pair in pairs.items() if mutant.name in name}


def test_there_are_at_least_twenty() -> None:
    counted = Counter(mutant.name for mutant in MUTANTS)
    assert len(counted) >= 20
    assert max(counted.values()) == 1


def test_every_class_is_the_only_one_to_catch_some_mutant() -> None:
    """Which ones those are is held against a run by the test above."""
    every = {suite.__name__ for mutant in MUTANTS for suite in classes_of(mutant)}
    assert every == {mutant.caught_by for mutant in MUTANTS if mutant.alone}


def test_the_table_of_the_docs_is_of_these_mutants_and_classes() -> None:
    """Renew it with ``python -m fks_exec_simulators.wrong docs/_data/wrong.json``, which runs every pair."""
    rows = json.loads(TABLE.read_text("utf-8"))
    said = {mutant.name: (mutant.wrong, [suite.__name__ for suite in classes_of(mutant)]) for mutant in MUTANTS}
    assert {row["mutant"]: (row["wrong"], row["tried_by"]) for row in rows} == said
    for mutant, row in zip(MUTANTS, rows, strict=True):
        assert mutant.caught_by in row["caught_by"]
        assert not mutant.alone or row["caught_by"] == [mutant.caught_by]
