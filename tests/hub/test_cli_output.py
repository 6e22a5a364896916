# SPDX-License-Identifier: MIT
"""What the commands share for printing: tables, JSON, times, text that cannot steer a terminal, log lines."""

import json
import logging
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import Denial, ExecutionResult, Fill, Leg, Order
from fks_exec_hub.cli.output import logging_to_stderr, printable, table, to_text, when
from fks_exec_hub.cli.results import exit_code, instruction_text, result_document, result_text, still_open
from fks_exec_hub.journal.protocol import Key

KEY = Key("paper", "a1")


@given(st.text())
def test_no_text_can_steer_a_terminal(text: str) -> None:
    """A venue's message or an alert's strategy name may hold escape sequences."""
    assert all(char.isprintable() or char == "\n" for char in printable(text))


def test_ordinary_text_stays_as_it_is() -> None:
    """Also beyond ASCII."""
    assert printable("größer als\n1 €") == "größer als\n1 €"


def test_a_table_aligns_its_columns_and_has_a_sentence_for_nothing() -> None:
    """None is a dash, a Decimal is plain."""
    text = table(("a", "b"), [("long one", None), ("x", Decimal("1.500"))], empty="nothing")
    assert text.splitlines() == ["a         b", "long one  -", "x         1.5"]
    assert table(("a",), [], empty="nothing") == "nothing"


def test_json_holds_records_decimals_and_paths() -> None:
    """Money is a text."""
    document = json.loads(to_text({"fill": Fill(trade_id="t", quantity="0.10", price=1), "d": Decimal("2.0"), "p": Path("x")}))
    assert document["fill"]["quantity"] == "0.1"
    assert document["d"] == "2"
    assert document["p"] == "x"


def test_times_are_utc_with_milliseconds() -> None:
    """And a dash where there is none."""
    assert when(1_700_000_000_007) == "2023-11-14 22:13:20.007Z"
    assert when(None) == "-"


def test_warnings_are_lines_without_a_trace(capsys: pytest.CaptureFixture[str]) -> None:
    """An exception that the hub logs shows its place only with --verbose."""
    with logging_to_stderr(verbose=False):
        try:
            raise ValueError("inner")
        except ValueError:
            logging.getLogger("fks_exec_hub.x").exception("account %s: strange", "a")
        logging.getLogger("fks_exec_hub.x").debug("not shown")
    assert capsys.readouterr().err == "fks-exec: error: account a: strange\n"
    with logging_to_stderr(verbose=True):
        logging.getLogger("fks_exec_hub.x").debug("shown")
    assert "shown" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "filled", "expected"),
    [
        ("filled", "1", 0),
        ("canceled", "1", 0),
        ("canceled", "0", 1),
        ("expired", "0", 1),
        ("denied", "0", 1),
        ("rejected", "0", 1),
        ("not_placed", "0", 1),
        ("accepted", "0", 3),
        ("partially_filled", "1", 3),
        ("pending", "0", 3),
        ("unknown", "0", 3),
    ],
)
def test_the_exit_code_of_each_status(status: str, filled: str, expected: int) -> None:
    """0 taken and over; 1 nothing came of it; 3 someone must still look."""
    assert exit_code(ExecutionResult(status=status, filled_quantity=filled)) == expected


def test_a_resting_leg_keeps_a_filled_order_open() -> None:
    """The position lives on."""
    legs = [Leg(role="stop_loss", status="accepted", trigger_price=90), Leg(role="take_profit", status="canceled")]
    result = ExecutionResult(status="filled", filled_quantity=1, average_price=100, legs=legs, protected=True)
    assert exit_code(result) == 3
    assert still_open(result) == ["stop_loss"]
    assert "open at the venue: the stop_loss;" in result_text(KEY, result)
    assert result_document(KEY, result)["open"] == ["stop_loss"]


def test_an_outcome_that_was_not_recorded_is_no_success() -> None:
    """It was filled, but a restart would not know."""
    result = ExecutionResult(status="filled", filled_quantity=1, code="NOT_RECORDED", error="the disk is full")
    assert exit_code(result) == 3
    assert "could not record" in result_text(KEY, result)


def test_an_unknown_order_is_not_to_be_sent_again() -> None:
    """Story 1: a timeout is treated as a failure and the order is sent again."""
    text = result_text(KEY, ExecutionResult(status="unknown", code="DEADLINE", error="no answer"))
    assert "do not send it again under another id" in text
    assert "fks-exec orders show a1 --account paper" in text


def test_every_denial_is_printed_with_its_guard() -> None:
    """The sentence and the code."""
    denials = [Denial(code="CONFIDENCE_MISSING", message="send one", guard="strict"), Denial(code="STALE", message="too old")]
    text = result_text(KEY, ExecutionResult(status="denied", denials=denials))
    assert "CONFIDENCE_MISSING (strict): send one" in text
    assert "STALE: too old" in text


def test_an_unprotected_position_shouts() -> None:
    """The one word in capitals."""
    assert "protected     NO" in result_text(KEY, ExecutionResult(status="filled", filled_quantity=1, protected=False))


def test_an_instruction_in_a_few_words() -> None:
    """What the list shows."""
    order = Order(symbol="BTC/USDT", side="sell", quantity="0.10", order_type="limit", price="7", post_only=True)
    assert instruction_text(order) == "sell 0.1 BTC/USDT limit price 7 post_only"
