# SPDX-License-Identifier: MIT
"""``fks-exec trace``: what belongs to an order stands in its life, marked; and an order that was meant is found."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fks_exec_hub.cli.trace_family
from fks_exec import ClosePosition, ExecutionResult, Order, ReversePosition
from fks_exec.convert import canonical, digest_of, to_json
from fks_exec_hub import load_config, open_journal, sync
from fks_exec_hub.cli import run
from fks_exec_hub.cli.trace_family import WINDOW
from fks_exec_hub.journal.protocol import Accept, Intent, JournalStep, Key, Outcome

VENUE = """
venue = "paper"
guards = ["quantity"]
[[accounts.{0}.config.instruments]]
symbol = "BTC/USDT"
kind = "linear"
bid = 59999
ask = 60000
"""
CONFIG = 'journal = "sqlite:fks-exec.db"\n' + "".join(
    f"[accounts.{name}]" + VENUE.format(name) for name in ("paper", "second", "third")
)

START = 1_795_000_000_000
ALERT = b'{"action": "buy", "id": "long-17", "symbol": "BTC/USDT"}'
DOCUMENT = canonical(Order(symbol="BTC/USDT", side="buy", quantity="0.01"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own, as the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FKS_EXEC_CONFIG", raising=False)
    (tmp_path / "fks-exec.toml").write_text(CONFIG, "utf-8")
    return tmp_path


Traced = Callable[..., Any]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Traced:
    """What a command prints, and in ``err`` what it refuses with."""

    def tell(*words: str, code: int = 0) -> Any:
        assert run([*words]) == code
        captured = capsys.readouterr()
        return captured.err if code else json.loads(captured.out) if "--json" in words else captured.out

    return tell


def accept(account: str, name: str, time: int = 0, raw: bytes | None = None) -> Accept:
    """The order is written down."""
    key = Key(account, name)
    return Accept(key=key, lane="BTC/USDT", digest=digest_of(DOCUMENT), instruction=DOCUMENT, raw=raw, time=START + time)


def filled(account: str, name: str, time: int) -> list[JournalStep]:
    """It is sent and filled."""
    key, result = Key(account, name), ExecutionResult(status="filled", order_id=f"at-{account}")
    outcome = Outcome(key=key, status="filled", terminal=True, result=to_json(result), time=START + time + 5)
    return [Intent(key=key, venue_client_order_id=f"Ji-{name}", time=START + time), outcome]


async def write(*steps: JournalStep) -> None:
    """A journal as hosts would have left it."""
    journal = await open_journal(load_config())
    terms = {name: await journal.claim(name) for name in ("paper", "second", "third")}
    for step in steps:
        key = step.key if isinstance(step, Accept | Intent | Outcome) else None
        assert key is not None
        await journal.write(step, term=None if isinstance(step, Accept) else terms[key.account])
    await journal.close()


@pytest.fixture
def written(here: Path) -> Callable[..., None]:
    """Write steps."""
    return lambda *steps: asyncio.run(write(*steps))


def family(document: dict[str, Any]) -> list[tuple[str, str, str, str | None]]:
    """Who belongs to the order: account, id, as what, in which role."""
    return [(each["account"], each["client_order_id"], each["relation"], each["role"]) for each in document["family"]]


def test_the_halves_of_a_reversal_and_their_stop_stand_in_its_life(here: Path, told: Traced) -> None:
    """By a real host: the exit is the order's own, the entry is ``~en1``; a part of that belongs to it too."""
    with sync.ExecutionHub.open(here / "fks-exec.toml") as hub:
        hub.execute_order("paper", Order(symbol="BTC/USDT", side="buy", quantity="0.01", client_order_id="first"))
        turn = ReversePosition(symbol="BTC/USDT", client_order_id="turn")
        hub.execute_order("paper", turn)
        hub.execute_order("paper", ClosePosition(symbol="BTC/USDT", client_order_id="turn-"))
    document = told("trace", "turn", "--json")
    assert family(document) == [("paper", "turn", "itself", None), ("paper", "turn~en1", "part", "entry")]
    steps = [(step["order"], step["what"]) for step in document["steps"]]
    assert steps.index(("turn", "fill")) < steps.index(("turn~en1", "intent")) < steps.index(("turn~en1", "fill"))
    assert [step["time"] for step in document["steps"]] == sorted(step["time"] for step in document["steps"])


def test_a_part_says_where_it_comes_from(written: Callable[..., None], told: Traced) -> None:
    """Up to what had arrived; what else became of those stands in their own lives."""
    written(
        accept("paper", "a", 0, ALERT),
        *filled("paper", "a", 1),
        accept("paper", "a~en1", 10),
        *filled("paper", "a~en1", 11),
        accept("paper", "a~en1~sl1", 20),
    )
    document = told("trace", "a~en1~sl1", "--json")
    assert family(document) == [
        ("paper", "a~en1~sl1", "itself", "stop_loss"),
        ("paper", "a", "origin", None),
        ("paper", "a~en1", "origin", "entry"),
    ]
    steps = [(step["order"], step["what"]) for step in document["steps"]]
    assert steps == [(name, what) for name in ("a", "a~en1", "a~en1~sl1") for what in ("arrived", "read")]
    lines = told("trace", "a~en1~sl1").splitlines()
    assert lines[0] == "paper/a~en1~sl1 (stop_loss of a~en1): pending"
    assert lines[1] == "  a      what it was made for: filled"


def test_what_the_same_alert_made_for_other_accounts_stands_beside_it(written: Callable[..., None], told: Traced) -> None:
    """By the bytes that arrived: nearest in time, of another account, with its own parts; by the time, whatever the account."""
    written(
        accept("paper", "tv-1", 0, ALERT),
        accept("second", "tv-early", -WINDOW + 1, ALERT),
        accept("second", "tv-2", 1, ALERT),
        *filled("second", "tv-2", 2),
        accept("second", "tv-2~sl1", 30),
        accept("third", "tv-3", 1, ALERT + b" "),
        accept("third", "tv-late", WINDOW + 1, ALERT),
        accept("third", "program", 1),
        *filled("paper", "tv-1", 20),
    )
    document = told("trace", "tv-1", "--json")
    assert family(document) == [
        ("paper", "tv-1", "itself", None),
        ("second", "tv-2", "same_alert", None),
        ("second", "tv-2~sl1", "part", "stop_loss"),
    ]
    answers = [(step["account"], step["facts"]["order_id"]) for step in document["steps"] if step["what"] == "answer"]
    assert answers == [("second", "at-second"), ("paper", "at-paper")]
    lines = told("trace", "tv-1").splitlines()
    assert lines[:3] == [
        "paper/tv-1: filled",
        "  second      second/tv-2, of the same alert: filled",
        "  second~sl1  stop_loss of tv-2: pending",
    ]
    columns = {line[38:48].strip() for line in lines[3:]}  # after the time and the gap
    assert columns == {"", "second", "second~sl1"}


def test_a_program_s_orders_are_no_family(written: Callable[..., None], told: Traced) -> None:
    """Nothing had arrived for them."""
    written(accept("paper", "one"), accept("second", "two"))
    assert family(told("trace", "one", "--json")) == [("paper", "one", "itself", None)]


def test_an_order_of_the_same_alert_is_found_behind_many_later_ones(
    written: Callable[..., None], told: Traced, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account's orders are looked through from the newest one back."""
    monkeypatch.setattr(fks_exec_hub.cli.trace_family, "_FIRST", 2)
    later = [accept("second", f"later-{number}", number) for number in range(2, 9)]
    written(accept("paper", "tv-1", 0, ALERT), accept("second", "tv-2", 1, ALERT), *later)
    assert ("second", "tv-2", "same_alert", None) in family(told("trace", "tv-1", "--json"))


def test_an_order_is_found_by_the_name_that_its_venue_was_given(written: Callable[..., None], told: Traced) -> None:
    """It is what the venue's own pages show."""
    written(accept("paper", "tv-1"), *filled("paper", "tv-1", 1))
    assert told("trace", "Ji-tv-1", "--json")["client_order_id"] == "tv-1"


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("tv-abx", "; the nearest ids are tv-abd, tv-abc; "),
        ("program", "; the nearest id is a-program; "),
        ("long-17", "; it stands in what arrived for tv-abc; "),
        ("at-paper", "; it is the venue's id of a-program; "),
        ("zzz", "; 'fks-exec orders list' shows the ids, with --containing TEXT by what an alert said"),
    ],
)
def test_an_id_that_nobody_knows_is_answered_with_those_that_are_near(
    wanted: str, said: str, written: Callable[..., None], told: Traced
) -> None:
    """A mistyped one, a part of one, the id that an alert has given itself, and the one that the venue has given."""
    orders = [accept("paper", "tv-abc", 0, ALERT), accept("paper", "tv-abd"), accept("paper", "a-program")]
    written(*orders, *filled("paper", "a-program", 1))
    assert said in told("trace", wanted, code=2)


def test_orders_are_listed_by_what_an_alert_said(written: Callable[..., None], told: Traced) -> None:
    """All that is recorded is looked through, of each account; newest first."""
    written(
        accept("paper", "tv-1", 0, ALERT),
        *(accept("paper", f"p-{number}", number) for number in range(1, 30)),
        accept("second", "tv-2", 40, ALERT),
        *filled("second", "tv-2", 41),
    )
    assert [each["client_order_id"] for each in told("orders", "list", "--containing", "long-17", "--json")] == ["tv-2", "tv-1"]
    listed = told("orders", "list", "--containing", "long-17", "--account", "paper", "--json")
    assert [each["client_order_id"] for each in listed] == ["tv-1"]
    assert [each["client_order_id"] for each in told("orders", "list", "--containing", "p-29", "--json")] == ["p-29"]
    still = told("orders", "list", "--containing", "long-17", "--open", "--json")
    assert [each["client_order_id"] for each in still] == ["tv-1"]
    newest = told("orders", "list", "--containing", "long-17", "--limit", "1", "--json")
    assert [each["client_order_id"] for each in newest] == ["tv-2"]
    assert told("orders", "list", "--containing", "short-1") == "nothing that is recorded contains it\n"


def test_a_journal_without_orders_holds_nothing(here: Path, told: Traced) -> None:
    """And is not waited for."""
    assert told("orders", "list", "--containing", "x") == "nothing that is recorded contains it\n"
