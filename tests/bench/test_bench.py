# SPDX-License-Identifier: MIT
"""The bench itself: ``pytest tests/bench -m bench``. Counts and ratios, no times."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fks_exec_hub.guards import GUARD_TYPES

from .hosts import LIMITS

pytestmark = pytest.mark.bench

ROOT = Path(__file__).resolve().parents[2]
COUNTED = (
    "alerts-burst",
    "alerts-one-key",
    "slow-disk",
    "slow-disk-http",
    "restart",
    "resting",
    "guarded",
    "overlap",
    "merge",
)


def bench(*options: str) -> subprocess.CompletedProcess[str]:
    """The command, in its short form."""
    command = [sys.executable, "-m", "tests.bench", "--quick", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a short look at the counted rows finds; the bench exits with an error when a count or a ratio does not hold."""
    place = tmp_path_factory.mktemp("bench")
    only = [option for name in COUNTED for option in ("--only", name)]
    done = bench("--folder", str(place), "--json", str(place / "bench.json"), *only)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((place / "bench.json").read_text("utf-8"))
    return found


def row(document: dict[str, Any], word: str) -> dict[str, Any]:
    """The one run of a row, by a word of its title."""
    (found,) = [row for row in document["rows"] if word in row["title"]]
    (run,) = found["runs"]
    return dict(run)


def test_every_row_was_measured(document: dict[str, Any]) -> None:
    assert [row["title"] for row in document["rows"] if "not_built" in row] == []
    assert len(document["rows"]) == len(COUNTED)


def test_a_burst_over_five_keys_is_booked_whole(document: dict[str, Any]) -> None:
    """At default limits; the measurement itself compares the journal with the answers."""
    found = row(document, "over five keys")
    assert (found["count"], found["booked"]) == (1000, 1000)


def test_of_a_burst_on_one_key_each_alert_is_booked_or_named(document: dict[str, Any]) -> None:
    """Two hundred at once, and what the seconds of the repetitions let in."""
    found = row(document, "on one key")
    assert found["booked"] + found["value"] == found["count"] == 1000
    assert 200 <= found["booked"] < 300


def test_at_a_slow_disk_every_order_is_acknowledged_and_fills(document: dict[str, Any]) -> None:
    found = row(document, "acknowledgement")
    assert found["count"] == 2000
    assert found["value"] > 5


def test_the_venue_is_looked_at_while_many_orders_rest(document: dict[str, Any]) -> None:
    for name in ("resting ones", "every guard, 10 positions"):
        found = row(document, name)
        assert found["resting"] == 1000
        assert found["lists"] >= 1


def test_every_built_in_guard_is_among_those_that_are_measured() -> None:
    """A new guard has to be given limits there."""
    assert set(LIMITS) == {kind.name for kind in GUARD_TYPES}


def test_a_killed_host_finds_all_that_was_open(document: dict[str, Any]) -> None:
    assert row(document, "ready after kill")["count"] == 50_000
