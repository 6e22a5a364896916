# SPDX-License-Identifier: MIT
"""Which HTTP code and which words each outcome has."""

import json
from typing import Any

import pytest

from fks_exec import Denial, ExecutionResult, Fill, Leg, Status
from fks_exec_server.http import answers
from fks_exec_server.http.answers import Answer


def read(answer: Answer) -> dict[str, Any]:
    """The body."""
    content = json.loads(answer.body)
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize(
    ("result", "http", "word"),
    [
        (ExecutionResult(status="filled", filled_quantity=1), 200, "success"),
        (ExecutionResult(status="partially_filled", filled_quantity=1), 200, "success"),
        (ExecutionResult(status="accepted"), 200, "success"),
        (ExecutionResult(status="rejected", code="FUNDS", error="no funds"), 200, "failed"),
        (ExecutionResult(status="not_placed", code="NOT_SENT"), 200, "failed"),
        (ExecutionResult(status="canceled"), 200, "failed"),
        (ExecutionResult(status="canceled", filled_quantity=1), 200, "success"),
        (ExecutionResult(status="expired"), 200, "failed"),
        (ExecutionResult(status="denied", code="STALE"), 422, "failed"),
        (ExecutionResult(status="denied", code="ID_REUSED"), 409, "failed"),
        (ExecutionResult(status="pending"), 202, "pending"),
        (ExecutionResult(status="unknown"), 202, "pending"),
        (ExecutionResult(status="filled", filled_quantity=1, code="NOT_RECORDED"), 202, "pending"),
        (ExecutionResult(status="rejected", code="NOT_RECORDED"), 202, "pending"),
        (ExecutionResult(status="denied", code="NOT_RECORDED"), 202, "pending"),
        (ExecutionResult(status="not_placed", code="NOT_RECORDED"), 202, "pending"),
    ],
    ids=lambda value: f"{value.status} {value.code} {value.filled_quantity}" if isinstance(value, ExecutionResult) else None,
)
def test_an_outcome_has_its_code_and_its_word(result: ExecutionResult, http: int, word: str) -> None:
    """202 is all that is not known; 5xx never, since TradingView would send it again."""
    answer = answers.outcome(result)
    content = read(answer)
    assert (answer.http, content["status"]) == (http, word)
    assert content["result"]["status"] == result.status
    assert content["message"]


def test_every_status_has_an_answer() -> None:
    """A new one would otherwise be found by a user."""
    for status in Status:
        assert answers.outcome(ExecutionResult(status=status)).http in (200, 202, 422)


def test_an_answer_has_all_its_fields() -> None:
    """The same ones whatever happened, so that a client reads one shape."""
    fields = {"status", "order_id", "client_order_id", "message", "code", "denials", "result"}
    assert set(read(answers.outcome(ExecutionResult(status="filled")))) == fields
    assert set(read(answers.refusal(400, "INVALID_ALERT", "no"))) == fields


def test_money_is_a_text() -> None:
    """A JSON number would lose digits in the reader's float."""
    result = ExecutionResult(
        status="filled",
        order_id="7",
        client_order_id="tv-1",
        filled_quantity="0.30000000000000004",
        average_price="60000.10",
        fills=[Fill(trade_id="1", quantity="0.30000000000000004", price="60000.1", fee="0.5")],
        legs=[Leg(role="stop_loss", status="accepted", trigger_price="59000")],
    )
    content = read(answers.outcome(result))
    assert (content["order_id"], content["client_order_id"]) == ("7", "tv-1")
    assert content["result"]["filled_quantity"] == "0.30000000000000004"
    assert content["result"]["fills"][0]["price"] == "60000.1"
    assert content["result"]["legs"][0]["trigger_price"] == "59000"
    assert content["message"] == "filled, 0.30000000000000004 at 60000.1"


def test_all_reasons_of_a_denial_are_told() -> None:
    """One at a time would cost one alert each."""
    denials = [Denial(code="A", message="first"), Denial(code="B", message="second", limit="1", value="2")]
    content = read(answers.outcome(ExecutionResult(status="denied", code="A", error="first", denials=denials)))
    assert content["message"] == "first; second"
    assert [each["code"] for each in content["denials"]] == ["A", "B"]
    assert content["denials"][1]["limit"] == "1"


def test_an_unknown_outcome_is_never_called_a_refusal() -> None:
    """Who reads "failed" sends another order, and then there are two."""
    content = read(answers.outcome(ExecutionResult(status="unknown", client_order_id="tv-1", error="timeout")))
    assert content["status"] == "pending"
    assert "may or may not exist" in content["message"]
    assert "do not send another" in content["message"]
    assert "fks-exec orders resolve tv-1 --as" in content["message"]


def test_what_could_not_be_recorded_does_not_name_the_journal() -> None:
    """The hub's sentence has the file's path."""
    result = ExecutionResult(status="filled", code="NOT_RECORDED", error="/var/lib/secret/fks-exec.db is full")
    assert b"/var/lib" not in answers.outcome(result).body


def test_how_an_order_stands_is_always_200() -> None:
    """Who asks about an order that is there is answered; the body says how it stands."""
    for status in Status:
        assert answers.state(ExecutionResult(status=status)).http == 200
