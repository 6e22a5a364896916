# SPDX-License-Identifier: MIT
"""``python -m fks_exec`` in a process of its own, and what an import of fks_exec brings with it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fks_exec.__main__ import main, table
from fks_exec_simulators.distributions import install

HEAVY = {"apsw", "click", "starlette", "uvicorn", "httpx", "pytest", "ccxt", "MetaTrader5", "clr", "numpy"}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with a folder on its path."""
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, *arguments]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two distributions: one that loads, one that would end the process."""
    good = "from fks_exec import VenueType, hookimpl\n@hookimpl\ndef fks_exec_venues():\n    return []\n"
    install(tmp_path, "acme-good", "1.0", {"acmegood": "acme_good"}, {"acme_good.py": good})
    install(tmp_path, "acme-bad", "2.0", {"acmebad": "acme_bad"}, {"acme_bad.py": "raise RuntimeError('broken')\n"})
    return tmp_path


def test_the_list_imports_no_plugin(folder: Path) -> None:
    """Each with status, distribution and version."""
    done = run(folder, "-m", "fks_exec", "--json")
    assert done.returncode == 0, done.stderr
    infos = {info["name"]: info for info in json.loads(done.stdout)}
    assert infos["acmegood"] == {
        "name": "acmegood",
        "status": "installed",
        "reason": "",
        "distribution": "acme-good",
        "version": "1.0",
        "target": "acme_good",
    }
    assert infos["acmebad"]["status"] == "installed"


def test_loading_shows_what_became_of_each(folder: Path) -> None:
    """In a table for people; the broken one with its reason, and no trace."""
    done = run(folder, "-m", "fks_exec", "--load")
    assert done.returncode == 0, done.stderr
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert lines["acmegood"].split() == ["acmegood", "loaded", "acme-good", "1.0"]
    assert "failed" in lines["acmebad"]
    assert "acme_bad raised RuntimeError: broken; reinstall or remove acme-bad" in lines["acmebad"]
    assert "Traceback" not in done.stdout + done.stderr


def test_an_unknown_argument_is_a_usage_error(folder: Path) -> None:
    """Exit code 2, with those that are known."""
    done = run(folder, "-m", "fks_exec", "--jason")
    assert done.returncode == 2
    assert "unknown argument '--jason'; known are --json and --load" in done.stderr


def test_the_main_function_prints_and_returns(capsys: pytest.CaptureFixture[str]) -> None:
    """As a host may call it."""
    assert main(["--json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), list)
    assert main([]) == 0
    assert main(["x"]) == 2


def test_without_plugins_the_table_says_how_to_get_one() -> None:
    """The first thing that a newcomer sees."""
    assert "pip install fks-exec-paper" in table([])


def test_an_import_of_fks_exec_brings_nothing_heavy(tmp_path: Path) -> None:
    """A venue plugin inherits what the core imports: no store, no server, no SDK, no test tool."""
    done = run(tmp_path, "-c", f"import fks_exec, sys; print(sorted({HEAVY!r} & set(sys.modules)))")
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_an_import_of_fks_exec_imports_no_plugin(folder: Path) -> None:
    """Not even their names are looked up."""
    done = run(folder, "-c", "import fks_exec, sys; print({'acme_good', 'acme_bad', 'fks_exec_hub'} & set(sys.modules))")
    assert (done.stdout.strip(), done.returncode) == ("set()", 0), done.stderr


def test_the_public_names_are_sorted_and_there() -> None:
    """``from fks_exec import *`` is what the documentation lists."""
    import fks_exec
    from fks_exec import model

    own = [name for name in fks_exec.__all__ if name not in model.__all__]
    assert own == sorted(own)
    assert model.__all__ == sorted(model.__all__)
    assert len(set(fks_exec.__all__)) == len(fks_exec.__all__)
    assert all(hasattr(fks_exec, name) for name in fks_exec.__all__)
