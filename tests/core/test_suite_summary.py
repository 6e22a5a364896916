# SPDX-License-Identifier: MIT
"""What the suite makes of a pytest run of an author's: nothing of it can be left out unseen, and the end says what was."""

import subprocess
import sys
from pathlib import Path

import pytest

AUTHORS = """
import pytest
from fks_exec.testing import FaultyVenue, Trial
from fks_exec.testing.suite import Conformance, floor, since
from fks_exec.testing.suite.desk import not_declared


class Promises(Conformance):
    subject = "venue"

    @floor
    def test_of_the_floor(self, venue):
        if venue.symbol == "less":
            not_declared("everything")

    def test_what_is_declared(self, venue):
        not_declared("amend_order")

    @since("0.9")
    def test_what_is_new(self, venue):
        raise AssertionError("it is not there yet")


class Fixtures:
    written_for = "0.1"

    @pytest.fixture
    def venue(self):
        return Trial(venue=FaultyVenue, name="acme", symbol=SYMBOL)


SYMBOL = "BTC/USDT"
"""


def run(folder: Path, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Pytest over what an author wrote, with strict settings of her own."""
    (folder / "pytest.ini").write_text(
        "[pytest]\nfilterwarnings = error\nasyncio_default_fixture_loop_scope = function\n", "utf-8"
    )
    (folder / "test_acme.py").write_text(AUTHORS + text, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


PLAIN = "class TestAcme(Fixtures, Promises): ...\n"
LINE = "acme: 1 passed, 1 newer than the tests were written for; not declared: amend_order"


@pytest.mark.parametrize("words", [(), ("-n", "1")], ids=["alone", "by xdist"])
def test_the_end_says_what_passed_and_what_was_not_declared(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = run(tmp_path, PLAIN, *words)
    assert done.returncode == 0, done.stdout
    assert LINE in done.stdout
    assert "warning: test_what_is_new, new in fks-exec 0.9, fails: it is not there yet" in done.stdout


def test_the_floor_cannot_be_skipped(tmp_path: Path) -> None:
    done = run(tmp_path, PLAIN + "SYMBOL = 'less'\n")
    assert done.returncode == 1
    assert "the floor cannot be left out: not declared: everything" in done.stdout


@pytest.mark.parametrize("mark", ["skip(reason='no time')", "xfail", "skipif(True, reason='no time')"])
def test_no_mark_switches_the_suite_off(tmp_path: Path, mark: str) -> None:
    done = run(tmp_path, f"@pytest.mark.{mark}\n{PLAIN}")
    assert done.returncode == 1, done.stdout
    assert "a test of the suite cannot be left out" in done.stdout


def test_a_test_of_the_suite_cannot_be_replaced(tmp_path: Path) -> None:
    own = "class TestAcme(Fixtures, Promises):\n    def test_of_the_floor(self): ...\n"
    mixin = f"class Mixin:\n    def test_of_the_floor(self): ...\n\n\n{PLAIN.replace('Fixtures, ', 'Mixin, Fixtures, ')}"
    for text in (own, mixin):
        done = run(tmp_path, text)
        assert done.returncode != 0
        assert "test_of_the_floor replaces a test of the suite, which cannot be left out; rename yours" in done.stdout


def test_what_was_deselected_is_told(tmp_path: Path) -> None:
    done = run(tmp_path, PLAIN, "-k", "declared")
    assert "INCOMPLETE: 1 tests of the floor did not run" in done.stdout


def test_two_classes_of_one_venue_have_a_line_each(tmp_path: Path) -> None:
    done = run(tmp_path, PLAIN + PLAIN.replace("TestAcme", "TestAgain"))
    assert "acme (TestAcme): 1 passed" in done.stdout
    assert "acme (TestAgain): 1 passed" in done.stdout
