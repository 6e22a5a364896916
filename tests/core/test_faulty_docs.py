# SPDX-License-Identifier: MIT
"""The page about the simulated venue: its blocks run and print what they say, its tables are those of the code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fks_exec.testing import FAULTS, FaultyVenue

PAGE = (Path(__file__).resolve().parents[2] / "docs/testing.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("code", "printed"), BLOCKS, ids=["in process", "by choice", "protection", "over HTTP"])
def test_the_blocks_print_what_the_page_says(code: str, printed: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == (printed, 0), done.stderr


def test_the_table_of_faults_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| `([A-Z]\w+)` \| (.*) \|$", PAGE, re.MULTILINE)
    assert rows == [(name, " ".join((kind.__doc__ or "").split("\n\n")[0].split())) for name, kind in FAULTS.items()]


def test_every_control_of_the_page_is_there() -> None:
    [table] = re.findall(r"## The controls\n(.*?)\n\n`Faulty", PAGE, re.DOTALL)
    names = re.findall(r"`(?:await )?(\w+)", table)
    assert len(names) > 15
    assert [name for name in names if not hasattr(FaultyVenue(), name)] == []
