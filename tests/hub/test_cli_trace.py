# SPDX-License-Identifier: MIT
"""``fks-exec trace``: the life of one order, from a journal that a host has left."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from fks_exec import ExecutionResult, Fill, Leg, Order
from fks_exec.convert import canonical, digest_of, to_json
from fks_exec_hub import load_config, open_journal, sync
from fks_exec_hub.cli import run
from fks_exec_hub.journal.protocol import Accept, FillStep, Intent, JournalStep, Key, NamedStep, Note, Outcome

CONFIG = """
journal = "sqlite:fks-exec.db"
[accounts.paper]
venue = "paper"
guards = ["quantity"]
[[accounts.paper.config.instruments]]
symbol = "BTC/USDT"
bid = 59999
ask = 60000
"""

START = 1_795_000_000_000
SECRET = "hidden-in-the-body"
RAW = b'{"symbol": "BTC/USDT", "secret": "%s"}' % SECRET.encode()
ORDER = Order(symbol="BTC/USDT", side="buy", quantity="0.01", signal_time=START - 250)
LIMITS = json.dumps({"account": {}, "guards": {"position_size": {"max_quantity": "2"}}})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own, as the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FKS_EXEC_CONFIG", raising=False)
    (tmp_path / "fks-exec.toml").write_text(CONFIG, "utf-8")
    return tmp_path


def accept(name: str, time: int, raw: bytes | None = None) -> Accept:
    """The order is written down."""
    document = canonical(ORDER)
    key = Key("paper", name)
    return Accept(key=key, lane="BTC/USDT", digest=digest_of(document), instruction=document, raw=raw, time=START + time)


def intent(name: str, time: int, purpose: str = "order", attempt: int = 1, **seen: object) -> Intent:
    """The venue is about to be asked."""
    venue_id, decision = f"v-{name}-{purpose}{attempt}", json.dumps(seen)
    key = Key("paper", name)
    return Intent(
        key=key, purpose=purpose, attempt=attempt, venue_client_order_id=venue_id, decision=decision, time=START + time
    )


def outcome(name: str, time: int, result: ExecutionResult, purpose: str = "order") -> Outcome:
    """What is known then."""
    text, terminal = to_json(result), result.status.terminal
    key = Key("paper", name)
    return Outcome(key=key, purpose=purpose, status=result.status.value, terminal=terminal, result=text, time=START + time)


def write(*writes: JournalStep) -> None:
    """A journal as a host would have left it; one write for each step."""
    asyncio.run(_write(writes))


async def _write(writes: Sequence[JournalStep]) -> None:
    journal = await open_journal(load_config())
    term = await journal.claim("paper")
    for step in writes:
        await journal.write(step, term=None if isinstance(step, Accept) else term)
    await journal.close()


Traced = Callable[..., Any]


@pytest.fixture
def traced(capsys: pytest.CaptureFixture[str]) -> Traced:
    """What the command prints."""

    def trace(*words: str, code: int = 0) -> Any:
        assert run(["trace", *words]) == code
        out = capsys.readouterr().out
        return json.loads(out) if "--json" in words else out

    return trace


def unknown_then_filled() -> None:
    """An alert whose call got no answer; a look-up found the order filled, with its stop as an order of its own."""
    unknown = ExecutionResult(status="unknown", code="DEADLINE", error="no answer")
    stop = Leg(role="stop_loss", status="accepted", trigger_price=50000, quantity="0.01", client_order_id="alert~sl2")
    filled = ExecutionResult(status="filled", order_id="77", filled_quantity="0.01", average_price=60000, legs=[stop])
    fill = to_json(Fill(trade_id="t1", quantity="0.01", price=60000, timestamp=START + 900))
    write(
        Note(account="paper", namespace="limits", name="d1", value=LIMITS, time=START),
        accept("alert", 0, RAW),
        intent("alert", 2, position="0.5", equity="1000", limits="d1"),
        outcome("alert", 32, unknown),
        accept("alert~sl2", 1000),
        outcome("alert", 1032, filled),
        FillStep(key=Key("paper", "alert"), trade_id="t1", fill=fill, time=START + 1032),
        outcome("alert", 1040, filled),
        NamedStep(key=Key("paper", "alert"), name="resolved", data="seen by hand", time=START + 1050),
    )


def test_every_step_stands_in_the_order_of_writing_with_its_milliseconds(here: Path, traced: Traced) -> None:
    """Also those of an order that the hub made for this one; a number that a failed write has spent is no end."""
    unknown_then_filled()
    document = traced("alert", "--json")
    steps = [(step["order"], step["what"], step["milliseconds"]) for step in document["steps"]]
    assert steps == [
        ("alert", "arrived", 0),
        ("alert", "read", 0),
        ("alert", "decided", 2),
        ("alert", "intent", 0),
        ("alert", "request", 0),
        ("alert", "answer", 30),
        ("alert~sl2", "arrived", 968),
        ("alert~sl2", "read", 0),
        ("alert", "learned", 32),
        ("alert", "leg", 0),
        ("alert", "fill", 0),
        ("alert", "learned", 8),
        ("alert", "step", 10),
    ]
    assert (document["account"], document["client_order_id"], document["status"]) == ("paper", "alert", "filled")


def test_the_steps_say_what_was_seen_asked_and_answered(here: Path, traced: Traced) -> None:
    """By their facts: guard values and limits, names, digests, the venue's id."""
    unknown_then_filled()
    facts: dict[str, Any] = {}
    for step in traced("alert", "--json")["steps"]:
        assert step["account"] == "paper"
        facts.setdefault(step["what"], step["facts"])
    assert facts["arrived"] == {"bytes": len(RAW), "sha256": hashlib.sha256(RAW).hexdigest()}
    assert facts["read"]["signal_time"] == START - 250
    assert facts["decided"]["seen"]["equity"] == "1000"
    assert facts["decided"]["limits"]["guards"] == {"position_size": {"max_quantity": "2"}}
    assert facts["intent"] == {"purpose": "order", "attempt": 1, "venue_client_order_id": "v-alert-order1"}
    assert len(facts["request"]["digest"]) == 64
    assert facts["answer"] == {"status": "unknown", "code": "DEADLINE", "error": "no answer", "purpose": "order"}
    assert facts["learned"] == {"status": "filled", "order_id": "77", "purpose": "order"}
    assert facts["fill"] == {"trade_id": "t1", "quantity": "0.01", "price": "60000"}


def test_the_text_says_the_same_in_a_line_each(here: Path, traced: Traced) -> None:
    """Absolute times, gaps, whose step it is."""
    unknown_then_filled()
    lines = traced("alert").splitlines()
    assert lines[0] == "paper/alert: filled"
    assert lines[1] == "  ~sl2  stop_loss of alert: pending"
    assert len(lines) == 16
    assert "signalled 250 ms before" in lines[3]
    assert "position 0.5" in lines[4]
    assert "guards position_size (max_quantity 2)" in lines[4]
    assert "+30 ms        answer    unknown, DEADLINE: no answer" in lines[7]
    assert "+968 ms  ~sl2  arrived   made by the hub: stop_loss" in lines[8]
    assert "stop_loss at 50000: accepted" in lines[11]
    assert lines[15].startswith("not recorded: alert: no look-up is recorded")


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_what_arrived_is_never_shown(here: Path, traced: Traced, form: tuple[str, ...]) -> None:
    """It may hold a secret: only its digest is told."""
    unknown_then_filled()
    told = json.dumps(traced("alert", *form))
    assert SECRET not in told
    assert hashlib.sha256(RAW).hexdigest() in told


def test_another_name_or_another_order_is_another_request(here: Path, traced: Traced) -> None:
    """Else the digest would tell nothing; the same request has the same one."""
    write(
        accept("a", 0),
        intent("a", 1),
        intent("a", 2, attempt=2),
        intent("a", 3, purpose="cancel"),
        accept("b", 4),
        intent("b", 5),
    )

    def digests() -> list[str]:
        return [
            step["facts"]["digest"]
            for name in ("a", "b")
            for step in traced(name, "--json")["steps"]
            if step["what"] == "request"
        ]

    assert len(set(digests())) == 4
    assert digests() == digests()


def test_what_became_of_a_cancel_is_its_answer(here: Path, traced: Traced) -> None:
    """And not a look-up of the order."""
    rests, gone = ExecutionResult(status="accepted", order_id="7"), ExecutionResult(status="canceled", order_id="7")
    write(
        accept("a", 0),
        intent("a", 1),
        outcome("a", 2, rests),
        intent("a", 3, purpose="cancel"),
        outcome("a", 4, gone, purpose="cancel"),
        outcome("a", 5, gone),
    )
    told = [(step["what"], step["text"]) for step in traced("a", "--json")["steps"]]
    assert ("answer", "cancel 1: canceled, the venue's id 7") in told
    assert told[-1] == ("learned", "canceled, the venue's id 7")


def test_control_characters_do_not_reach_the_terminal(here: Path, traced: Traced) -> None:
    """A venue's sentence is one line of the text."""
    said = ExecutionResult(status="rejected", error="no\n2026 forged line\x1b[2J")
    write(accept("a", 0), intent("a", 1), outcome("a", 2, said))
    text = traced("a")
    assert len(text.splitlines()) == 6
    assert "\x1b" not in text
    assert "\\x1b[2J" in text


def test_an_order_of_a_real_host_is_traced(here: Path, traced: Traced) -> None:
    """From its instruction to its fill, with the guards of the configuration."""
    with sync.ExecutionHub.open(here / "fks-exec.toml") as hub:
        hub.execute_order("paper", Order(symbol="BTC/USDT", side="buy", quantity="0.01", client_order_id="real"))
    steps = traced("real", "--json")["steps"]
    assert [step["what"] for step in steps] == ["arrived", "read", "decided", "intent", "request", "answer", "fill"]
    assert steps[2]["facts"]["limits"]["guards"] == {"quantity": {}}


def test_an_order_that_nobody_knows_is_a_usage_error(here: Path, traced: Traced) -> None:
    """Exit 2."""
    traced("nope", code=2)
