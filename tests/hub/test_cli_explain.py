# SPDX-License-Identifier: MIT
"""``fks-exec explain``: what a code says, from whom it comes, what to do; what nobody lists is a usage error."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fks_exec.codes import STATUSES
from fks_exec_hub.cli import run
from fks_exec_hub.codes import CODES
from fks_exec_paper.codes import CODES as PAPER


def bring(folder: Path, target: str, source: str) -> dict[str, str]:
    """Install a distribution that lists codes, as pip would leave it; returns the environment that sees it."""
    info = folder / "fks_exec_acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fks-exec-acme\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[fks_exec.codes]\ncurfew = {target}\n", "utf-8")
    (folder / "acme_codes.py").write_text(source, "utf-8")
    return {**os.environ, "PYTHONPATH": str(folder)}


def explain(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    probe = "import sys; from fks_exec_hub.cli import run; sys.exit(run(['explain', *sys.argv[1:]]))"
    return subprocess.run([sys.executable, "-c", probe, *words], env=environment, capture_output=True, text=True, timeout=60)


def test_a_code_is_explained_with_its_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    """Where it stands, from whom it comes, what it says, what to do."""
    assert run(["explain", "STALE"]) == 0
    stale = CODES["STALE"]
    assert capsys.readouterr().out == f"STALE: denial, from fks-exec-hub\n  {stale.meaning}\n  {stale.remedy}\n"


def test_every_meaning_of_a_word_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A guard's denial and a venue's refusal have the same code; the guards that share one are told together."""
    assert run(["explain", "no_quote"]) == 0
    texts = capsys.readouterr().out.split("\n\n")
    [guards] = [text for text in texts if "from fks-exec-hub (exposure), fks-exec-hub (margin)" in text]
    assert guards.startswith("NO_QUOTE: denial")
    [venue] = [text for text in texts if text.startswith("NO_QUOTE: result, from fks-exec-paper\n")]
    assert PAPER["NO_QUOTE"].remedy in venue


def test_a_status_is_explained_beside_the_code_of_that_name(capsys: pytest.CaptureFixture[str]) -> None:
    """In capitals or not."""
    assert run(["explain", "Unknown"]) == 0
    status, code = capsys.readouterr().out.split("\n\n")
    assert status == f"unknown: status\n  {STATUSES['unknown']}"
    assert code.startswith("UNKNOWN: result, from fks-exec\n")


def test_an_unknown_code_is_a_usage_error_with_what_is_near(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2; and where to look for a venue's own code."""
    assert run(["explain", "UNRESOLVD_ORDER"]) == 2
    told = capsys.readouterr().err
    assert "did you mean UNRESOLVED_ORDER" in told
    assert "the venue's own" in told
    assert run(["explain", "-2010"]) == 2
    assert run(["explain", "51008"]) == 2
    assert "'fks-exec explain' lists all" in capsys.readouterr().err


def test_all_are_listed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Statuses first; one document."""
    assert run(["explain", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [each["code"] for each in listed[: len(STATUSES)]] == list(STATUSES)
    assert {"CONFIDENCE_TOO_LOW", "NOT_RECORDED", "REJECTED", *CODES, *PAPER} <= {each["code"] for each in listed}
    [stale] = [each for each in listed if each["code"] == "STALE"]
    assert stale["kinds"] == ["denial"]
    assert stale["origins"] == ["fks-exec-hub"]
    assert run(["explain"]) == 0
    assert capsys.readouterr().out.startswith("code ")


def test_a_strangers_codes_are_explained_too(tmp_path: Path) -> None:
    """Listed in a class or a module, named by an entry point."""
    source = "from fks_exec.codes import denial\nclass Curfew:\n    codes = {'NIGHT': denial('It is night.', 'Wait.')}\n"
    done = explain(bring(tmp_path, "acme_codes:Curfew.codes", source), "night")
    assert (done.returncode, done.stdout) == (0, "NIGHT: denial, from fks-exec-acme (curfew)\n  It is night.\n  Wait.\n")


@pytest.mark.parametrize("source", ["raise ImportError('secret')", "CODES = 7"], ids=["broken", "no mapping"])
def test_a_strangers_broken_table_hides_no_other(tmp_path: Path, source: str) -> None:
    """It is told in a line of the log, without the exception's text."""
    done = explain(bring(tmp_path, "acme_codes:CODES", source), "STALE")
    assert done.returncode == 0
    assert done.stdout.startswith("STALE: denial")
    assert "the codes of fks-exec-acme (curfew)" in done.stderr
    assert "secret" not in done.stderr
