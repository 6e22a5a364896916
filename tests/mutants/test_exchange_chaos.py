# SPDX-License-Identifier: MIT
"""The runs over simulated exchanges find a plugin that lacks a rule."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXCHANGES = Path(__file__).resolve().parents[1] / "chaos" / "exchanges.py"


@pytest.mark.parametrize(
    ("mutant", "faults"),
    [
        ("timeout-is-not-sent", "4"),
        ("error-is-absence", "0.3"),  # few: what matters are the answers that are lost while nothing can be looked up
    ],
)
def test_the_runs_find_a_plugin_without_a_rule(mutant: str, faults: str) -> None:
    """Silence taken for "not sent", a failed look-up taken for "no such order": what stands is denied, or sent again."""
    arguments = ["--runs", "24", "--seed", "711", "--rate", faults, "--within", "6", "--mutant", mutant]
    done = subprocess.run([sys.executable, EXCHANGES, *arguments], capture_output=True, text=True, timeout=300)
    assert re.search("^(refused|doubled|requests): ", done.stdout, re.MULTILINE), done.stdout + done.stderr
    assert done.returncode == 1
