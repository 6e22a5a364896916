# SPDX-License-Identifier: MIT
"""What an answer or an exception of a venue proves; and what an account does not declare."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from fks_exec import (
    Capabilities,
    ExecutionResult,
    Fill,
    FksExecError,
    Instrument,
    InvalidOrder,
    NotSent,
    NotSupported,
    Order,
    Status,
    UnknownSymbol,
    VenueAuthError,
    VenueClosed,
    VenueError,
    VenueRateLimited,
    VenueRejected,
)
from fks_exec.calls import Ended
from fks_exec.outcomes import check_published, outcome_of, where
from fks_exec.support import narrowed, unsupported

GOOD: dict[str, Any] = {"symbol": "BTC/USDT", "side": "buy", "quantity": "0.01"}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (VenueRejected("no"), "rejected", "REJECTED"),
        (VenueRejected("no", code="-2010", retryable=True), "rejected", "-2010"),
        (VenueAuthError("no"), "rejected", "AUTH"),
        (VenueClosed("no", until=5), "rejected", "CLOSED"),
        (NotSent("no"), "not_placed", "NOT_SENT"),
        (VenueRateLimited("no", retry_after=2.5), "not_placed", "RATE_LIMITED"),
        (VenueError("no"), "unknown", "UNKNOWN"),
        (InvalidOrder("quantity", "no"), "unknown", "UNKNOWN"),
        (FksExecError("no"), "unknown", "UNKNOWN"),
        (ValueError("no"), "unknown", "UNKNOWN"),
        (ConnectionResetError("no"), "unknown", "UNKNOWN"),
        (TimeoutError("no"), "unknown", "DEADLINE"),
        (asyncio.CancelledError(), "unknown", "UNKNOWN"),
        (KeyboardInterrupt(), "unknown", "UNKNOWN"),
    ],
    ids=repr,
)
def test_only_a_proof_is_an_outcome(error: BaseException, status: str, code: str) -> None:
    """Anything else that is raised means that the order may exist."""
    result = outcome_of(error, "c-1")
    assert (result.status, result.code, result.client_order_id) == (status, code, "c-1")
    assert result.error
    assert result.retry_after == getattr(error, "retry_after", None)
    assert not result.success


def test_a_refusal_keeps_the_venues_words() -> None:
    """The plugin's author wrote them for the caller."""
    assert outcome_of(VenueRejected("insufficient balance")).error == "insufficient balance"


def test_the_text_of_an_unlisted_exception_is_left_out() -> None:
    """SDKs put signed addresses and keys into it; where it was raised is told."""
    try:
        raise RuntimeError("GET /order?signature=hunter2")
    except RuntimeError as error:
        result = outcome_of(error)
    assert "hunter2" not in repr(result)
    assert result.error is not None
    assert "RuntimeError in test_the_text_of_an_unlisted_exception_is_left_out (test_outcomes.py:" in result.error


@pytest.mark.parametrize("answer", [None, 5, "filled", {"status": "filled"}, True, Status.FILLED], ids=repr)
def test_what_is_no_result_is_unknown(answer: object) -> None:
    """None first of all."""
    result = outcome_of(answer)
    assert (result.status, result.code) == ("unknown", "NO_ANSWER")
    assert result.error is not None
    assert "instead of an outcome" in result.error


@pytest.mark.parametrize("status", ["pending", "denied"])
def test_a_venue_does_not_speak_for_the_hub(status: str) -> None:
    """``denied`` would mean that nothing was sent, and it was."""
    result = outcome_of(ExecutionResult(status=status), "c-1")
    assert (result.status, result.code, result.client_order_id) == ("unknown", "NO_ANSWER", "c-1")


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.PENDING, Status.DENIED}))
def test_a_venues_result_is_taken_with_our_id(status: Status) -> None:
    """Whatever id it wrote there."""
    answer = ExecutionResult(status=status, client_order_id="theirs", order_id="7", filled_quantity=1)
    assert outcome_of(answer) is answer
    assert outcome_of(answer, "theirs") is answer
    assert outcome_of(answer, "ours") == evolve(answer, client_order_id="ours")


FILL = Fill(trade_id="1", quantity="1", price="0")


@pytest.mark.parametrize("status", ["filled", "partially_filled"])
def test_a_fill_without_its_quantity_is_unknown(status: str) -> None:
    """How much of it is held? The fills tell it too."""
    result = outcome_of(ExecutionResult(status=status, order_id="7"), "c-1")
    assert (result.status, result.code, result.client_order_id) == ("unknown", "NO_ANSWER", "c-1")
    assert result.error == f"the venue plugin answered '{status}' without a filled quantity; the order may exist at the venue"
    told = ExecutionResult(status=status, fills=[FILL])
    assert outcome_of(told) is told


@pytest.mark.parametrize("status", ["pending", "denied", "unknown", "filled", "partially_filled"])
def test_what_tells_nothing_of_an_order_is_not_published(status: str) -> None:
    """The publisher hears it, since it is her mistake."""
    with pytest.raises(InvalidOrder, match=f"'{status}'"):
        check_published(ExecutionResult(status=status))


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.PENDING, Status.DENIED, Status.UNKNOWN}))
def test_a_state_of_an_order_is_published(status: Status) -> None:
    """By its quantity or its fills."""
    check_published(ExecutionResult(status=status, filled_quantity=1))
    check_published(ExecutionResult(status=status, fills=[FILL]))


def test_a_sentence_of_ours_that_proves_nothing_is_told() -> None:
    """Who reads "unknown" wants to know why; only foreign texts may hold secrets."""
    result = outcome_of(FksExecError("acme was asked, and the connection broke"))
    assert (result.status, result.code) == ("unknown", "UNKNOWN")
    assert result.error == "acme was asked, and the connection broke; the order may exist at the venue"


def raised(call: Callable[[], object]) -> Exception:
    """What a call raises, with its places."""
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def test_the_place_is_the_innermost_that_an_author_can_repair() -> None:
    """Neither Python's own modules nor ours; what is neither is named, however deep it lies."""

    def acme() -> object:
        return json.loads("{")

    def ours() -> object:
        return ExecutionResult(status="filled", filled_quantity="-1")

    line = acme.__code__.co_firstlineno + 1
    assert where(raised(acme)) == f" in acme (test_outcomes.py:{line})"
    assert where(raised(ours)) == f" in ours (test_outcomes.py:{ours.__code__.co_firstlineno + 1})"


def test_without_such_a_place_it_is_the_last() -> None:
    """Better than none."""
    error = raised(lambda: json.loads("{"))
    inner = error.__traceback__
    while inner is not None and "json" not in inner.tb_frame.f_code.co_filename:
        inner = inner.tb_next
    assert " in raw_decode (decoder.py:" in where(error.with_traceback(inner))
    assert where(ValueError()) == ""


def test_what_ends_the_process_keeps_its_name() -> None:
    """In the account's thread it is an answer like any other."""
    result = outcome_of(Ended(SystemExit(1)))
    assert result.error == "the venue plugin raised SystemExit; the order may exist at the venue"


def codes(order: dict[str, Any], declared: Capabilities, instrument: Instrument | None = None) -> list[str]:
    """The codes of what is not declared."""
    return [denial.code for denial in unsupported(Order(**(GOOD | order)), declared, instrument)]


ALL = Capabilities(
    order_types=["market", "limit", "stop", "stop_limit"],
    time_in_force=["gtc", "ioc", "fok", "day", "gtd"],
    protection=["oco"],
    reduce_only=True,
    post_only=True,
)
STOPS = Capabilities(protection=["stop_only"])
LIMIT = {"order_type": "limit", "price": "1"}


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (LIMIT, "UNSUPPORTED_ORDER_TYPE"),
        ({"time_in_force": "ioc"}, "UNSUPPORTED_TIME_IN_FORCE"),
        ({"reduce_only": True}, "UNSUPPORTED_REDUCE_ONLY"),
        ({"stop_loss": "1"}, "UNSUPPORTED_PROTECTION"),
        ({"take_profit": "1"}, "UNSUPPORTED_PROTECTION"),
    ],
    ids=repr,
)
def test_what_is_not_declared_is_denied(order: dict[str, Any], code: str) -> None:
    """By an account that declares nothing; one that declares all denies nothing."""
    assert codes(order, Capabilities()) == [code]
    assert codes(order, ALL) == []


LEAVES = [
    ({"order_types": ["market", "stop"]}, LIMIT),
    ({"time_in_force": ["gtc"]}, {"time_in_force": "ioc"}),
    ({"protection": []}, {"stop_loss": "1"}),
    ({"reduce_only": False}, {"reduce_only": True}),
]


@pytest.mark.parametrize(("rules", "order"), LEAVES, ids=repr)
def test_what_an_instrument_leaves_of_an_account_is_what_is_not_denied_there(rules: dict[str, Any], order: Any) -> None:
    """A rule that it does not have takes nothing away."""
    assert narrowed(ALL, Instrument(symbol="X")) == ALL
    instrument = Instrument(symbol="X", **rules)
    [code] = codes(order, ALL, instrument)
    assert codes(order, narrowed(ALL, instrument)) == [code]
    assert not codes({}, narrowed(ALL, instrument))


def test_every_part_that_is_not_declared_is_told() -> None:
    """All at once, with what would be served."""
    order = {**LIMIT, "time_in_force": "fok", "reduce_only": True, "post_only": True, "stop_loss": "1"}
    found = unsupported(Order(**(GOOD | order)), Capabilities())
    assert [denial.code.removeprefix("UNSUPPORTED_") for denial in found] == [
        "ORDER_TYPE",
        "TIME_IN_FORCE",
        "REDUCE_ONLY",
        "POST_ONLY",
        "PROTECTION",
    ]
    assert (found[0].limit, found[0].value) == ("market", "limit")
    assert "it declares: market" in found[0].message


def test_a_target_is_denied_where_only_a_stop_can_rest() -> None:
    """A stop is taken there."""
    assert codes({"stop_loss": "1"}, STOPS) == []
    assert codes({"take_profit": "1"}, STOPS) == ["UNSUPPORTED_PROTECTION"]
    assert codes({"stop_loss": "1", "take_profit": "1"}, STOPS) == ["UNSUPPORTED_PROTECTION"]


@pytest.mark.parametrize(
    ("order", "narrow"),
    [
        (LIMIT, {"order_types": ["market"]}),
        ({"time_in_force": "ioc"}, {"time_in_force": ["gtc"]}),
        ({"reduce_only": True}, {"reduce_only": False}),
        ({"stop_loss": "1"}, {"protection": []}),
        ({"take_profit": "1"}, {"protection": ["stop_only"]}),
    ],
    ids=repr,
)
def test_an_instrument_narrows_what_its_account_declares(order: dict[str, Any], narrow: dict[str, Any]) -> None:
    """And never widens it, reduce-only apart, which is the instrument's own to say."""
    assert codes(order, ALL, Instrument(symbol="BTC/USDT")) == []
    assert len(codes(order, ALL, Instrument(symbol="BTC/USDT", **narrow))) == 1
    wide = Instrument(symbol="BTC/USDT", order_types=["limit"], time_in_force=["ioc"], protection=["oco"])
    if "reduce_only" not in order:
        assert codes(order, Capabilities(), wide) != []


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (UnknownSymbol("btc", candidates=("BTC/USDT", "BTC/EUR")), "unknown symbol 'btc'; did you mean BTC/USDT or BTC/EUR?"),
        (UnknownSymbol("btc", reason="no such"), "unknown symbol 'btc': no such"),
        (InvalidOrder("", "no"), "no"),
        (NotSupported("no"), "no"),
    ],
)
def test_an_error_is_one_sentence(error: FksExecError, text: str) -> None:
    """With the cause and the remedy."""
    assert str(error) == text


def test_errors_fit_into_pythons_own_families() -> None:
    """A caller may catch what she knows."""
    assert isinstance(UnknownSymbol("x"), LookupError)
    assert isinstance(InvalidOrder("x", "y"), ValueError)
    assert VenueClosed("x", until=5).until == 5
    assert VenueRejected("x", retryable=True).retryable
    assert not VenueRejected("x").retryable
