# SPDX-License-Identifier: MIT
"""A skipped test is a failure in CI, and only there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SKIPS = """
import pytest

def test_that_skips():
    pytest.skip("something is missing")

@pytest.mark.xfail(strict=True)
def test_that_is_known_to_fail():
    assert False
"""


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_a_skip_fails_in_ci_and_nowhere_else(tmp_path: Path, ci: str, code: int) -> None:
    """The conftest of this folder, in a run of its own; an expected failure stays what it is."""
    (tmp_path / "conftest.py").write_text((Path(__file__).with_name("conftest.py")).read_text("utf-8"), "utf-8")
    (tmp_path / "test_skips.py").write_text(SKIPS, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(tmp_path)]
    run = subprocess.run([*command, str(tmp_path)], env={**os.environ, "CI": ci}, capture_output=True, text=True, timeout=60)
    assert run.returncode == code, run.stdout
    assert "xfailed" in run.stdout


def test_a_module_that_skips_itself_fails_in_ci(tmp_path: Path) -> None:
    """As ``pytest.importorskip`` at the head of a module does."""
    (tmp_path / "conftest.py").write_text((Path(__file__).with_name("conftest.py")).read_text("utf-8"), "utf-8")
    (tmp_path / "test_module.py").write_text("import pytest\npytest.importorskip('no_such_module')\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(tmp_path)]
    run = subprocess.run([*command, str(tmp_path)], env={**os.environ, "CI": "true"}, capture_output=True, timeout=60)
    assert run.returncode in (1, 2)
