# SPDX-License-Identifier: MIT
"""The demo shows what it says, and fails where the host does something else."""

import shutil
import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parents[2] / "docs/examples/demo"


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    """The demo, from this folder."""
    return subprocess.run([sys.executable, str(folder / "demo.py")], capture_output=True, text=True, timeout=60)


def test_the_demo_runs() -> None:
    """Five alerts, three of them booked, a journal that verifies."""
    found = run(DEMO)
    assert (found.returncode, found.stderr.count("Traceback")) == (0, 0), found.stdout + found.stderr
    assert [line.split()[1] for line in found.stdout.splitlines() if line.startswith("   answered")] == [
        "200",
        "200",
        "422",
        "422",
        "200",
    ]
    assert "everything is as it was written" in found.stdout


def test_the_demo_fails_where_a_guard_lets_too_much_through(tmp_path: Path) -> None:
    """With another limit the fourth alert is executed; a demo that still said "as it should be" would show nothing."""
    shutil.copytree(DEMO, tmp_path / "demo", ignore=shutil.ignore_patterns("__pycache__"))
    config = tmp_path / "demo/fks-exec.toml"
    config.write_text(config.read_text("utf-8").replace("percent = 1.0", "percent = 90"), "utf-8")
    found = run(tmp_path / "demo")
    assert found.returncode == 1
    assert "NOT as it should be" in found.stderr
    assert "Traceback" not in found.stderr
