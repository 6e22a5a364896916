# SPDX-License-Identifier: MIT
"""The chaos run finds a host that lacks a rule. Some of its mutants, shortly; `python tests/chaos/chaos.py --help` has all."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

CHAOS = Path(__file__).resolve().parents[1] / "chaos" / "chaos.py"


@pytest.mark.parametrize(
    ("mutant", "finding"),
    [
        ("resend-after-restart", "^(doubled|fills): "),
        ("queue-after-commit", "^inversions: "),
        ("forget-legs", "^(naked|legs|unsettled): "),
    ],
)
def test_chaos_finds_a_host_without_a_rule(mutant: str, finding: str) -> None:
    """A crash taken for "not placed" doubles orders; a place in the lane taken after the commit lets later ones overtake; who
    forgets his legs leaves positions without a stop. A machine that is busy may give one run no occasion: there are three.
    """
    for seed in ("711", "712", "713"):
        arguments = ["--kills", "12", "--seed", seed, "--fail-fast", "--mutant", mutant]
        done = subprocess.run([sys.executable, CHAOS, *arguments], capture_output=True, text=True, timeout=300)
        if done.returncode:
            break
    assert re.search(finding, done.stdout, re.MULTILINE), done.stdout + done.stderr
    assert done.returncode == 1
