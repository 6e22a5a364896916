# SPDX-License-Identifier: MIT
"""The words in which the commands say what is open, what is protected, what came in, what is not there."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from fks_exec import Denial, ExecutionResult, Leg, Order
from fks_exec_hub import ExecutionHub
from fks_exec_hub.cli import run
from fks_exec_hub.cli.output import one_line
from fks_exec_hub.cli.results import in_words, lookup_advice, result_text
from fks_exec_hub.journal.protocol import Key

KEY = Key("paper", "a1")
PAPER = """
[accounts.paper]
venue = "paper"
guards = []
[[accounts.paper.config.instruments]]
symbol = "BTC/USDT"
bid = 100
ask = 101
price_tick = 0.5
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own, as the current one, with a configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FKS_EXEC_CONFIG", raising=False)
    (tmp_path / "fks-exec.toml").write_text(PAPER, "utf-8")
    return tmp_path


def answer(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    """The JSON document that a command prints."""
    capsys.readouterr()
    assert run([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def buy(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    """A small market order."""
    return answer(capsys, "order", "paper", "BTC/USDT", "buy", "0.01", *words, code=code)


def bare(stop: str | None, status: str, *legs: str, filled: int = 1) -> bool:
    """Whether a result without protection says so."""
    order = Order(symbol="BTC/USDT", side="buy", quantity=1, stop_loss=stop)
    made = [Leg(role=role, status=leg) for role, leg in zip(("stop_loss", "take_profit"), legs, strict=False)]
    result = ExecutionResult(status=status, filled_quantity=filled, legs=made, protected=False)
    return "protected     NO" in result_text(KEY, result, order)


def test_no_protection_is_said_only_where_some_should_be() -> None:
    """An alarm about a position that closed as it should teaches to overlook alarms."""
    assert bare("90", "filled")
    assert bare("90", "accepted", filled=0)
    assert bare("90", "filled", "rejected")
    assert bare("90", "filled", "canceled", "accepted")
    assert not bare("90", "filled", "filled", "canceled")
    assert not bare("90", "filled", "canceled", "canceled")
    assert not bare("90", "rejected", filled=0)
    assert not bare(None, "filled")


def test_what_rests_is_said_in_words() -> None:
    """Beside the status."""
    legs = [Leg(role="stop_loss", status="accepted"), Leg(role="take_profit", status="filled")]
    assert in_words(ExecutionResult(status="filled", legs=legs)) == "filled, stop_loss rests"
    assert in_words(ExecutionResult(status="filled", legs=legs[1:])) == "filled"


def test_an_order_of_unknown_fate_has_its_command() -> None:
    """Nobody looks it up but an operator."""
    said = result_text(KEY, ExecutionResult(status="unknown"))
    assert lookup_advice(KEY) in said
    assert "fks-exec orders resolve a1 --account paper --as not-placed|placed|filled|canceled --because TEXT" in said


def test_a_denial_for_another_unknown_order_says_how_to_settle_it() -> None:
    """The remedy that the operator needs stands below it."""
    denial = Denial(code="UNRESOLVED_ORDER", message="order x is unknown")
    said = result_text(KEY, ExecutionResult(status="denied", code=denial.code, denials=[denial]))
    assert "fks-exec orders list --open" in said
    assert "fks-exec orders resolve ID --account paper" in said


async def test_the_raw_alert_is_shown_on_one_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Escaped: it came from outside."""
    async with ExecutionHub.open() as hub:
        order = Order(symbol="BTC/USDT", side="buy", quantity="0.01", client_order_id="r1")
        await (await hub.submit("paper", order, raw=b'{"a":\n"\x1b[31m\xff"}')).result(timeout=10)
    assert await asyncio.to_thread(run, ["orders", "show", "r1"]) == 0
    assert 'raw {"a":\\n"\\x1b[31m\\xff"}\n' in capsys.readouterr().out
    assert one_line(b"a\r\n") == "a\\r\\n"


def test_a_journal_that_is_not_there_is_not_a_good_one(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1 for a missing file, 2 for one that keeps nothing."""
    assert "there is no journal at" in answer(capsys, "journal", "verify", code=1)["error"]
    (here / "fks-exec.toml").write_text('journal = "memory:"\n' + PAPER, "utf-8")
    assert "keeps nothing" in answer(capsys, "journal", "verify", code=2)["error"]


def test_a_list_says_in_words_what_rests(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And once the legs have ended, nothing about protection."""
    buy(capsys, "--stop-loss", "90", "--take-profit", "120", "--id", "p1", code=3)
    assert run(["orders", "list", "--open"]) == 0
    assert "filled, stop_loss and take_profit rest" in capsys.readouterr().out
    answer(capsys, "order", "paper", "BTC/USDT", "close")
    assert run(["orders", "show", "p1"]) == 0
    assert "protected     NO" not in capsys.readouterr().out
