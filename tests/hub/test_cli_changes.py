# SPDX-License-Identifier: MIT
"""``orders cancel``, ``orders amend``, ``orders resolve``, ``halt``, ``resume``: alone, and handed to a host that runs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fks_exec import ExecutionResult, Order, OrderChange
from fks_exec.testing.faulty.process import key_of
from fks_exec_hub import sync
from fks_exec_hub.cli import run
from fks_exec_hub.cli.failures import explain
from fks_exec_hub.cli.halt import NO_HOST
from fks_exec_hub.cli.results import exit_code_of_amend, exit_code_of_cancel
from fks_exec_hub.control import HostRefused, NoReply
from fks_exec_hub.orders.resolve import CannotResolve, Word
from fks_exec_simulators.distributions import install

CONFIG = """
[accounts.main]
venue = "remote/faulty-http"
guards = []
config = { port = PORT, key = { file = "venue/key" } }
"""

PLUGIN = """
from fks_exec import hookimpl
from fks_exec.testing import REMOTE

@hookimpl
def fks_exec_venues():
    return [REMOTE]
"""

HOST = """
import asyncio, sys
from fks_exec_hub import ExecutionHub
from fks_exec_hub.control import serve_control
async def main():
    async with ExecutionHub.open() as hub, serve_control(hub):
        print("up", flush=True)
        await asyncio.to_thread(sys.stdin.read)
asyncio.run(main())
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of the test's own, as the current one, with an account at a simulated venue in a process of its own."""
    outside, pipe = tmp_path.with_name(f"{tmp_path.name}-outside"), subprocess.PIPE
    install(outside, "acme-remote", "1.0", {"remote": "acme_remote"}, {"acme_remote.py": PLUGIN})
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FKS_EXEC_CONFIG", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(outside))
    monkeypatch.syspath_prepend(outside)
    (tmp_path / "venue").mkdir()
    key_of(tmp_path / "venue")
    words = [sys.executable, "-m", "fks_exec.testing", str(tmp_path / "venue")]
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as venue:
        assert venue.stdout
        port = json.loads(venue.stdout.readline())["port"]
        (tmp_path / "fks-exec.toml").write_text(CONFIG.replace("PORT", str(port)), "utf-8")
        yield tmp_path
        venue.communicate("")


def start() -> subprocess.Popen[str]:
    """A host that takes commands, in a process of its own; it ends with its input."""
    pipe = subprocess.PIPE
    child = subprocess.Popen([sys.executable, "-c", HOST], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert child.stdout
    assert child.stdout.readline() == "up\n"
    return child


@pytest.fixture(params=["alone", pytest.param("beside a host", marks=pytest.mark.skipif(sys.platform == "win32", reason="-"))])
def resting(here: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Iterator[str]:
    """The id of a limit order that rests at the venue; with and without a host that runs."""
    words = ("order", "main", "BTC/USDT", "buy", "1", "--type", "limit", "--price", "90", "--id", "l1", "--wait", "0")
    answer(capsys, *words, code=3)
    if request.param == "alone":
        yield "l1"
        return
    with start() as child:
        yield "l1"
        _, log = child.communicate("")
        assert (child.returncode, "Traceback" in log) == (0, False), log


def answer(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    """The JSON document that a command prints."""
    capsys.readouterr()
    assert run([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_an_order_is_cancelled(resting: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0; a second time it had ended before, and that is as well."""
    document = answer(capsys, "orders", "cancel", resting)
    assert (document["account"], document["client_order_id"]) == ("main", "l1")
    assert (document["status"], document["code"], document["open"]) == ("canceled", None, [])
    assert answer(capsys, "orders", "cancel", resting)["code"] == "ENDED_BEFORE"
    assert answer(capsys, "orders", "list", "--open") == []


def test_what_was_asked_is_shown(resting: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The attempt with its purpose, the outcome with it; nothing was decided for a cancel."""
    assert run(["orders", "amend", resting, "--price", "89.5"]) == 0
    assert run(["orders", "cancel", resting]) == 0
    capsys.readouterr()
    assert run(["orders", "show", resting]) == 0
    shown = capsys.readouterr().out
    assert shown.count("attempt 1 (") == 3
    assert "outcome of amend 1: accepted" in shown
    assert "outcome of cancel 1: canceled" in shown
    assert "intent to cancel, attempt 1" in shown
    assert "outcome: canceled" in shown
    assert "decided on {}" not in shown


def test_what_an_order_is_after_its_changes_is_shown(resting: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By the change itself, by the list and by the order; what was asked for first stands there as well."""
    now = "buy 0.5 BTC/USDT limit price 89.5"
    document = answer(capsys, "orders", "amend", resting, "--quantity", "0.5", "--price", "89.5")
    assert document["now"] == now
    assert answer(capsys, "orders", "list")[0]["instruction"] == now
    shown = answer(capsys, "orders", "show", resting)
    assert (shown["asked"], shown["instruction"]) == ("buy 1 BTC/USDT limit price 90", now)
    assert run(["orders", "amend", resting, "--price", "89"]) == 0
    assert "now           buy 0.5 BTC/USDT limit price 89\n" in capsys.readouterr().out
    refused = answer(capsys, "orders", "amend", resting, "--quantity", "0.00005", code=1)
    assert refused["now"] == "buy 0.5 BTC/USDT limit price 89"


def test_an_order_is_changed(resting: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is typed is what the venue gets."""
    document = answer(capsys, "orders", "amend", resting, "--quantity", "0.5", "--price", "89.5", "--account", "main")
    assert (document["status"], document["code"]) == ("accepted", None)
    assert "nothing" in answer(capsys, "orders", "amend", resting, "--price", "89.50", code=2)["error"]
    denied = answer(capsys, "orders", "amend", resting, "--quantity", "0.00005", code=1)
    assert (denied["status"], denied["code"]) == ("denied", "QUANTITY")
    filled = answer(capsys, "orders", "amend", resting, "--price", "101")
    assert (filled["status"], filled["filled_quantity"]) == ("filled", "0.5")
    assert answer(capsys, "orders", "amend", resting, "--price", "90", code=1)["code"] == "NOT_OPEN"
    late = answer(capsys, "orders", "cancel", resting, code=1)
    assert (late["status"], late["code"]) == ("filled", "FILLED_FIRST")


def test_an_account_is_halted_and_resumed(resting: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is told with every denial, and by health; cancels pass."""
    document = answer(capsys, "halt", "main", "--because", "maintenance", "--keep-entries")
    assert (document["states"], document["because"]) == ({"main": "halted"}, "maintenance")
    health = answer(capsys, "health")["main"]
    assert (health["ok"], health["checks"][-1]["message"]) == (True, "the account is halted: maintenance")
    refused = answer(capsys, "orders", "amend", resting, "--price", "89.5", code=1)
    assert (refused["code"], "maintenance" in refused["error"]) == ("HALTED", True)
    less = answer(capsys, "halt", "main", "--reducing", "--because", "less", "--keep-entries")
    assert less["states"] == {"main": "reducing"}
    assert answer(capsys, "orders", "amend", resting, "--quantity", "0.5")["code"] is None
    assert run(["resume", "main", "--because", "it is over"]) == 0
    assert capsys.readouterr().out == "main is active: it is over\n"
    assert answer(capsys, "orders", "amend", resting, "--price", "89.5")["code"] is None
    assert [check["name"] for check in answer(capsys, "health")["main"]["checks"]].count("halt") == 0
    answer(capsys, "halt", "main", "--because", "again", "--keep-entries")
    assert answer(capsys, "orders", "cancel", resting)["status"] == "canceled"


def test_resolve_takes_no_word_about_an_order_that_the_venue_shows(
    resting: str, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    """A host knows that it rests; without one, nobody does, and the operator's word stands."""
    because = ("--because", "seen in the terminal")
    filled = ("orders", "resolve", resting, "--as", "filled", *because)
    if "beside" in request.node.callspec.id:
        assert "cancel it" in answer(capsys, *filled, "--price", "90", code=1)["error"]
        assert answer(capsys, "positions") == []
        return
    assert "--price" in answer(capsys, *filled, code=2)["error"]
    settled = answer(capsys, *filled, "--price", "90")
    assert (settled["status"], settled["code"]) == ("filled", "RESOLVED")
    ended = answer(capsys, "orders", "resolve", resting, "--as", "not-placed", *because, code=1)
    assert "has ended" in ended["error"]
    [position] = answer(capsys, "positions")
    assert position["quantity"] == "1"


def test_a_halt_tells_what_became_of_what_rested(
    resting: str, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    """A host cancels it; without one nobody asks the venue, and exit 3 and the answer say that it may still fill."""
    if "beside" in request.node.callspec.id:
        document = answer(capsys, "halt", "--all", "--because", "a test")
        assert [(each["client_order_id"], each["status"]) for each in document["cancelled"]] == [(resting, "canceled")]
        assert (document["unconfirmed"], document["before"]) == ([], [])
        return
    document = answer(capsys, "halt", "main", "--because", "a test", code=3)
    assert (document["states"], document["cancelled"]) == ({"main": "halted"}, [])
    [left] = document["unconfirmed"]
    assert (left["client_order_id"], left["status"], left["reason"]) == (resting, "accepted", NO_HOST)
    assert run(["halt", "main", "--because", "a test"]) == 3
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["main is halted: a test", f"  MAY FILL     main/{resting}: accepted ({NO_HOST})"]
    assert f"orders cancel {resting}" in said[2]
    kept = answer(capsys, "halt", "main", "--because", "a test", "--keep-entries")
    assert (kept["unconfirmed"], [each["client_order_id"] for each in kept["before"]]) == ([], [resting])


def test_a_halt_holds_for_the_host_that_starts_next(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer(capsys, "halt", "main", "--because", "a test")
    denied = answer(capsys, "order", "main", "BTC/USDT", "buy", "1", code=1)
    assert (denied["code"], "a test" in denied["error"]) == ("HALTED", True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["orders", "cancel", "nobody"], "orders list"),
        (["orders", "cancel", "l1", "--account", "mian"], "the configuration has: main"),
        (["orders", "amend", "nobody", "--price", "1"], "orders list"),
        (["orders", "amend", "l1"], "say what to change: --quantity, --price"),
        (["orders", "amend", "l1", "--stop-price", "-1"], "--stop-price: -1 is not greater"),
        (["orders", "amend", "l1", "--quantity", "nan"], "--quantity: "),
        (["halt", "mian", "--because", "x"], "the configuration has: main"),
        (["halt", "main", "--because", " "], "say why"),
        (["halt", "main"], "--because"),
        (["halt", "--because", "x"], "name the accounts, or say --all"),
        (["resume", "main", "--all", "--because", "x"], "name the accounts, or say --all"),
        (["halt", "main", "--because", "x", "--keep-entries", "--cancel-entries"], "the opposite"),
        (["resume", "main"], "--because"),
    ],
)
def test_a_command_that_cannot_be_meant_is_a_usage_error(
    here: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is opened for it."""
    assert says in answer(capsys, *words, code=2)["error"]
    assert not (here / "fks-exec.db").exists()


def test_a_journal_that_keeps_nothing_cannot_be_halted(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "fks-exec.toml").write_text('journal = "memory:"\n' + (here / "fks-exec.toml").read_text("utf-8"), "utf-8")
    assert "keeps nothing" in answer(capsys, "halt", "main", "--because", "x", code=2)["error"]


@pytest.mark.parametrize(
    ("status", "code", "of_cancel", "of_amend"),
    [
        ("canceled", None, 0, 0),
        ("canceled", "WITHDRAWN", 0, 1),
        ("canceled", "ENDED_BEFORE", 0, 1),
        ("filled", "FILLED_FIRST", 1, 1),
        ("rejected", "ENDED_BEFORE", 1, 1),
        ("accepted", "CANCEL_FAILED", 1, 1),
        ("accepted", "AMEND_REFUSED", 1, 1),
        ("accepted", None, 1, 0),
        ("partially_filled", None, 1, 0),
        ("accepted", "AMEND_UNKNOWN", 1, 3),
        ("filled", "MOVE_WAITS", 1, 3),
        ("filled", "MOVE_REFUSED", 1, 1),
        ("unknown", "CANCEL_WAITS", 3, 3),
        ("unknown", "UNRESOLVED_ORDER", 3, 3),
        ("canceled", "NOT_RECORDED", 3, 3),
        ("denied", "QUANTITY", 1, 1),
    ],
)
def test_the_exit_code_says_whether_it_was_done(status: str, code: str | None, of_cancel: int, of_amend: int) -> None:
    result = ExecutionResult(status=status, code=code, filled_quantity=1 if "filled" in status else 0)
    assert (exit_code_of_cancel(result), exit_code_of_amend(result)) == (of_cancel, of_amend)


@pytest.mark.parametrize(
    ("error", "code", "exit_code"),
    [
        (HostRefused("x", "UNKNOWN_ORDER"), "UNKNOWN_ORDER", 2),
        (HostRefused("x", "JOURNAL_UNCERTAIN"), "JOURNAL_UNCERTAIN", 3),
        (HostRefused("x", "NOT_SUPPORTED"), "NOT_SUPPORTED", 1),
        (HostRefused("x", "A_NEW_WORD"), "A_NEW_WORD", 1),
        (NoReply("x"), "IN_DOUBT", 3),
    ],
)
def test_what_a_host_answers_ends_as_if_done_here(error: Exception, code: str, exit_code: int) -> None:
    failure = explain(error)
    assert (failure.code, failure.exit_code) == (code, exit_code)


def test_the_synchronous_face_can_do_the_same(here: Path) -> None:
    """For a program without an event loop."""

    with sync.ExecutionHub.open() as hub:
        order = Order(symbol="BTC/USDT", side="buy", quantity=1, order_type="limit", price=90, client_order_id="l1")
        hub.execute_order("main", order)
        assert hub.halt("main", "reducing", "a test", cancel_entries=False).before[0].client_order_id == "l1"
        assert [(each.halt, each.halt_reason) for each in hub.status()] == [("reducing", "a test")]
        assert hub.amend_order("main", "l1", OrderChange(quantity="0.5")).status == "accepted"
        assert hub.cancel_order("main", "l1").status == "canceled"
        with pytest.raises(CannotResolve, match="has ended"):
            hub.resolve_order("main", "l1", Word(as_="placed", because="a test"))
