# SPDX-License-Identifier: MIT
"""What ``new-venue``, ``new-guard`` and ``new-observer`` write passes mypy --strict as it is written. Run by `nox -s types`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fks_exec_hub.cli import run


@pytest.mark.parametrize("role", ["venue", "guard", "observer"])
def test_a_new_project_passes_mypy(tmp_path: Path, role: str) -> None:
    """With its own settings, which are strict; the source is found as an installation would have it."""
    assert run([f"new-{role}", "my-own", "--into", str(tmp_path)]) == 0
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache")]
    folder = tmp_path / "fks-exec-my-own"
    environment = {**os.environ, "MYPYPATH": os.pathsep.join(["src", "tests"])}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
