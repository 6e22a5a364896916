# SPDX-License-Identifier: MIT
"""``positions``: what our own fills built up and brought, read from a real journal; prices only when asked for."""

import json
from pathlib import Path
from typing import Any

import pytest

from fks_exec_hub.cli import run

PAPER = """
[accounts.paper]
venue = "paper"
guards = []
[[accounts.paper.config.instruments]]
symbol = "BTC/USDT"
bid = 100
ask = 101
quantity_step = 0.001
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration, where the commands run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fks-exec.toml").write_text(PAPER, encoding="utf-8")
    return tmp_path


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert run([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def trade(capsys: pytest.CaptureFixture[str], side: str, quantity: str) -> None:
    assert answer(capsys, "order", "paper", "BTC/USDT", side, quantity)["status"] == "filled"


def test_a_position_is_shown_with_what_it_brought_and_with_quotes_what_closing_would_bring(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trade(capsys, "buy", "2")
    trade(capsys, "sell", "1")
    [position] = answer(capsys, "positions")
    assert (position["quantity"], float(position["realized_pnl"]) < 0) == ("1", True)
    assert position["unrealized_pnl"] is None
    [position] = answer(capsys, "positions", "--quotes")
    assert position["unrealized_pnl"] == "-1"
    assert run(["positions", "--quotes"]) == 0
    assert "open" in capsys.readouterr().out.splitlines()[0]


def test_a_flat_position_that_cost_something_is_still_shown(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trade(capsys, "buy", "1")
    trade(capsys, "sell", "1")
    [position] = answer(capsys, "positions")
    assert (position["quantity"], float(position["realized_pnl"]) <= -1) == ("0", True)
    assert "-1" in position["realized_pnl"]
