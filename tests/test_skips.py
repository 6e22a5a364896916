# SPDX-License-Identifier: MIT
"""A skipped test is a failure in CI, and only there; what a venue does not declare may be left out."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SKIPS = """
import pytest

def test_skips():
    pytest.skip("something is missing")

@pytest.fixture
def missing():
    pytest.skip("something is missing: not declared: it says so too late")

def test_fixture_skips(missing):
    pass

@pytest.mark.skip(reason="not yet")
def test_marked():
    pass

@pytest.mark.xfail(strict=True)
def test_known_to_fail():
    assert False

class TestSuite:
    @pytest.fixture
    def limit(self):
        pytest.skip("not declared: limit")

    def test_not_declared(self):
        pytest.skip("not declared: stop_limit")

    def test_not_declared_by_a_fixture(self, limit):
        pass

    def test_not_tried(self):
        pytest.skip("not tried: it needs a live account")
"""
# As `pytest.importorskip` at the head of a module does; no suite skips so.
MODULES = {
    "test_absent.py": "import pytest\npytest.importorskip('no_such_module')\n",
    "test_undeclared.py": "import pytest\npytest.skip('not declared: a whole module', allow_module_level=True)\n",
}


def outcomes(folder: Path, ci: str) -> tuple[int, dict[str, str]]:
    """Pytest's exit code over the tests above and the conftest of this folder; each test's and module's outcome."""
    shown = Path(__file__).with_name("conftest.py").read_text("utf-8")
    for name, text in {"conftest.py": shown, "test_tests.py": SKIPS, **MODULES}.items():
        (folder / name).write_text(text, "utf-8")
    options = ["-v", "-ra", "--no-fold-skipped", "--continue-on-collection-errors", "-p", "no:cacheprovider", "-c", os.devnull]
    command = [sys.executable, "-m", "pytest", *options, "--rootdir", str(folder)]
    env = {**{key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}, "CI": ci}
    run = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=60)
    found = re.findall(r"^([A-Z]+) (?:\[1\] )?(test_\w+\.py)(?:::(?:TestSuite::)?(\w+))?", run.stdout, re.MULTILINE)
    return run.returncode, {test or module: outcome for outcome, module, test in found}


@pytest.fixture(scope="module")
def in_ci(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, str]]:
    """One run for all facts about CI."""
    return outcomes(tmp_path_factory.mktemp("ci"), "true")


def test_a_skip_fails_in_ci(in_ci: tuple[int, dict[str, str]]) -> None:
    """Also one of a fixture or of a mark, and one that only mentions what is not declared."""
    code, found = in_ci
    assert code == 1
    for name in ("test_skips", "test_fixture_skips", "test_marked"):
        assert found[name] in ("FAILED", "ERROR")


def test_what_is_not_declared_or_not_tried_may_be_left_out_in_ci(in_ci: tuple[int, dict[str, str]]) -> None:
    """The conformance suite says so; a venue's capabilities, not a missing tool, decide."""
    for name in ("test_not_declared", "test_not_declared_by_a_fixture", "test_not_tried"):
        assert in_ci[1][name] == "SKIPPED"


def test_an_expected_failure_stays_what_it_is_in_ci(in_ci: tuple[int, dict[str, str]]) -> None:
    """Pytest reports it as skipped."""
    assert in_ci[1]["test_known_to_fail"] == "XFAIL"


@pytest.mark.parametrize("module", MODULES)
def test_a_module_that_skips_itself_fails_in_ci(in_ci: tuple[int, dict[str, str]], module: str) -> None:
    """Whatever reason it gives."""
    assert in_ci[1][module] == "ERROR"


def test_a_skip_is_one_elsewhere(tmp_path: Path) -> None:
    """Who has no git or no compiler can run the rest."""
    code, found = outcomes(tmp_path, "")
    assert code == 0
    assert set(found.values()) == {"SKIPPED", "XFAIL"}
    assert len(found) == 9
