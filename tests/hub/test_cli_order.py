# SPDX-License-Identifier: MIT
"""``order``, ``orders``, ``positions``, ``quote``, ``health``, ``journal``: a paper account, a real journal, real processes."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fks_exec_hub.cli import run
from fks_exec_simulators.distributions import install

PAPER = """
[accounts.paper]
venue = "paper"
guards = ["quantity"]
deadline = 2
[[accounts.paper.config.instruments]]
symbol = "BTC/USDT"
aliases = ["BTCUSDT"]
bid = 100
ask = 101
price_tick = 0.5
quantity_step = 0.001
"""

SLOW = """
[accounts.slow]
venue = "slow"
guards = []
deadline = 1
config = { tag = "called" }
"""

SLOW_MODULE = """
import pathlib
from attrs import frozen
from fks_exec import Secret, VenueType, hookimpl
from fks_exec_simulators.venues import MemoryVenue, SilentVenue, VenueConfig

class Slow(SilentVenue):
    @hookimpl
    async def execute_order(self, order, submission):
        with open(self.config.tag, "a") as file:
            file.write(order.client_order_id + "\\n")
        return await super().execute_order(order, submission)

class Mute(MemoryVenue):
    @hookimpl
    async def execute_order(self, order, submission):
        return None

class Down(MemoryVenue):
    @hookimpl
    async def init(self, config, context):
        raise RuntimeError("https://venue/?key=geheim")

@frozen
class VaultConfig:
    key: Secret

@hookimpl
def fks_exec_venues():
    return [
        VenueType(name="slow", create=Slow, config=VenueConfig),
        VenueType(name="mute", create=Mute, config=VenueConfig),
        VenueType(name="down", create=Down, config=VenueConfig),
        VenueType(name="vault", create=MemoryVenue, config=VaultConfig),
    ]
"""

HOST = """
import asyncio
from fks_exec_hub import ExecutionHub
async def main():
    async with ExecutionHub.open():
        print("up", flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own, as the current one, with a paper account and a stranger's slow venue."""
    outside = tmp_path.with_name(f"{tmp_path.name}-outside")
    install(outside, "acme-slow", "1.0", {"slow": "acme_slow"}, {"acme_slow.py": SLOW_MODULE})
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FKS_EXEC_CONFIG", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(outside))
    monkeypatch.syspath_prepend(outside)
    (tmp_path / "fks-exec.toml").write_text(PAPER, "utf-8")
    return tmp_path


@pytest.fixture
def host(here: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that owns the journal."""
    child = subprocess.Popen([sys.executable, "-c", HOST], stdout=subprocess.PIPE, text=True)
    assert child.stdout
    with child:
        assert child.stdout.readline() == "up\n"
        yield child
        child.kill()


def script() -> str:
    """The console script of this environment."""
    found = shutil.which("fks-exec", path=sysconfig.get_path("scripts"))
    assert found
    return found


def fks_exec(*words: str) -> subprocess.CompletedProcess[str]:
    """The console script in a process of its own; whatever happens, there is no trace."""
    done = subprocess.run([script(), *words], capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stdout + done.stderr
    return done


def answer(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    """The JSON document that a command prints, in this process."""
    capsys.readouterr()
    assert run([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def text(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command prints for a reader."""
    capsys.readouterr()
    assert run(list(words)) == 0
    return capsys.readouterr().out


def buy(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    """A small market order."""
    return answer(capsys, "order", "paper", "BTC/USDT", "buy", "0.01", *words, code=code)


def test_an_order_is_sent_and_its_fill_is_printed(here: Path) -> None:
    """From the console script; exit 0, since nothing is open any more."""
    done = fks_exec("order", "paper", "btcusdt", "BUY", "0.01", "--id", "a1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("filled\n")
    assert "a1" in done.stdout
    assert "0.01 at 101" in done.stdout


def test_the_same_id_is_sent_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second run gets the first one's result; another content under the id is denied."""
    first, second = buy(capsys, "--id", "a1"), buy(capsys, "--id", "a1")
    assert (first["duplicate"], second["duplicate"]) == (False, True)
    assert first["order_id"] == second["order_id"]
    other = answer(capsys, "order", "paper", "BTC/USDT", "sell", "0.01", "--id", "a1", code=1)
    assert other["code"] == "ID_REUSED"
    [position] = answer(capsys, "positions")
    assert position["quantity"] == "0.01"


def test_a_denied_order_is_exit_1_with_its_reason(here: Path) -> None:
    """The guard, the code and what would be right."""
    done = fks_exec("order", "paper", "BTC/USDT", "buy", "0.0001")
    assert done.returncode == 1
    assert "the nearest are 0.001" in done.stdout
    assert done.stdout.startswith("denied\n")


def test_a_resting_order_is_exit_3_and_says_what_is_open(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After --wait seconds."""
    words = ("--type", "limit", "--price", "90", "--id", "l1", "--wait", "0")
    assert buy(capsys, *words, code=3)["open"] == ["order"]
    done = fks_exec("order", "paper", "BTC/USDT", "buy", "0.01", *words[:4], "--id", "l2", "--wait", "1")
    assert done.returncode == 3
    assert "open at the venue: the order" in done.stdout
    assert "fks-exec orders show l2 --account paper" in done.stdout


def test_a_protected_entry_is_exit_3_and_names_its_legs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It does not wait for legs that may rest for weeks."""
    started = time.monotonic()
    document = buy(capsys, "--stop-loss", "90", "--take-profit", "120", "--wait", "60", code=3)
    assert document["status"] == "filled"
    assert document["protected"] is True
    assert document["open"] == ["stop_loss", "take_profit"]
    assert time.monotonic() - started < 30


def test_close_takes_no_quantity_and_closes_what_we_hold(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By strategy."""
    buy(capsys, "--strategy", "s")
    closed = answer(capsys, "order", "paper", "BTC/USDT", "close", "--strategy", "s")
    assert (closed["status"], closed["filled_quantity"]) == ("filled", "0.01")
    assert [row["quantity"] for row in answer(capsys, "positions")] in ([], ["0"])


def test_a_size_stands_in_place_of_a_quantity(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """At the ask of 101: 0.1 are worth 10.1."""
    document = answer(capsys, "order", "paper", "BTCUSDT", "buy", "--quote-amount", "10.15", "--id", "o1")
    assert (document["status"], document["filled_quantity"]) == ("filled", "0.1")
    shown = text(capsys, "orders", "show", "o1")
    assert "buy BTC/USDT worth 10.15 market" in shown


def test_a_position_is_brought_to_a_target_and_turned_round(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is an order with a result; what is opened after an exit stands among its legs."""
    rules = PAPER.replace('symbol = "BTC/USDT"', 'symbol = "BTC/USDT"\nkind = "linear"')
    (here / "fks-exec.toml").write_text(rules, "utf-8")
    answer(capsys, "order", "paper", "BTC/USDT", "target", "0.02")
    answer(capsys, "order", "paper", "BTC/USDT", "target", "-0.01", "--id", "down")
    assert answer(capsys, "positions")[0]["quantity"] == "-0.01"
    document = answer(capsys, "order", "paper", "BTC/USDT", "reverse", "--id", "turn")
    assert [(leg["role"], leg["client_order_id"], leg["status"]) for leg in document["legs"]] == [
        ("entry", "turn~en1", "filled")
    ]
    assert "leg           entry: filled, 0.01 of 0.01, as turn~en1" in text(capsys, "orders", "show", "turn")


def test_an_order_of_unknown_outcome_is_exit_3_and_can_be_resolved(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The operator's word is recorded with its reason; the position follows."""
    (here / "fks-exec.toml").write_text(SLOW.replace('"slow"\ng', '"slow/mute"\ng'), "utf-8")
    done = fks_exec("order", "slow", "BTC/USDT", "buy", "2", "--id", "u1", "--wait", "1")
    assert done.returncode == 3
    assert "do not send it again" in done.stdout
    assert "fks-exec orders resolve u1 --account slow --as" in done.stdout
    assert "looks it up" not in done.stdout
    assert answer(capsys, "orders", "list", "--open")[0]["status"] == "unknown"
    because = ("--because", "seen in the terminal")
    assert "--price" in answer(capsys, "orders", "resolve", "u1", "--as", "filled", *because, code=2)["error"]
    settled = fks_exec("orders", "resolve", "u1", "--as", "filled", "--price", "50", *because)
    assert settled.returncode == 0
    assert settled.stdout.startswith("filled\n")
    assert "seen in the terminal" in json.dumps(answer(capsys, "orders", "show", "u1")["history"])
    [position] = answer(capsys, "positions")
    assert (position["quantity"], position["average_price"]) == ("2", "50")
    assert answer(capsys, "journal", "verify")["ok"] is True


def test_resolve_refuses_what_has_ended_and_what_is_not_there(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1 for an order that has ended, 2 for an id that nobody gave."""
    buy(capsys, "--id", "a1")
    words = ("--as", "not-placed", "--because", "x")
    assert "has ended" in answer(capsys, "orders", "resolve", "a1", *words, code=1)["error"]
    assert "orders list" in answer(capsys, "orders", "resolve", "zz", *words, code=2)["error"]
    assert run(["orders", "resolve", "a1", "--as", "not-placed"]) == 2


def test_orders_are_listed_newest_first_and_shown_whole(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Instruction, attempts with what the decision saw, outcome, fills, history."""
    assert answer(capsys, "orders", "list") == []
    buy(capsys, "--id", "a1")
    buy(capsys, "--id", "a2", "--type", "limit", "--price", "90", "--wait", "0", code=3)
    assert [order["client_order_id"] for order in answer(capsys, "orders", "list")] == ["a2", "a1"]
    assert [order["client_order_id"] for order in answer(capsys, "orders", "list", "--open")] == ["a2"]
    assert len(answer(capsys, "orders", "list", "--limit", "1", "--account", "paper")) == 1
    shown = answer(capsys, "orders", "show", "a1")
    assert shown["instruction"] == "buy 0.01 BTC/USDT market"
    assert shown["attempts"][0]["decision"]["quote"]["ask"] == "101"
    assert shown["result"]["status"] == "filled"
    assert shown["fills"][0]["price"] == "101"
    assert [event["kind"] for event in shown["history"]][:2] == ["accept", "intent"]
    assert run(["orders", "show", "a1"]) == 0
    assert "attempt 1 (order)" in capsys.readouterr().out
    assert answer(capsys, "orders", "show", "nope", code=2)["code"] == "USAGE"


def test_an_id_that_two_accounts_have_needs_the_account(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An id is unique within an account only."""
    (here / "fks-exec.toml").write_text(PAPER + PAPER.replace("accounts.paper", "accounts.second"), "utf-8")
    buy(capsys, "--id", "a1")
    answer(capsys, "order", "second", "BTC/USDT", "buy", "0.02", "--id", "a1")
    assert "--account" in answer(capsys, "orders", "show", "a1", code=2)["error"]
    assert answer(capsys, "orders", "show", "a1", "--account", "second")["account"] == "second"


def test_quote_and_health_leave_no_trace_on_the_disk(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They open the account without the journal and without its files."""
    assert answer(capsys, "quote", "paper", "BTCUSDT")["ask"] == "101"
    assert run(["quote", "paper", "BTC/USDT"]) == 0
    assert "bid 100  ask 101" in capsys.readouterr().out
    assert answer(capsys, "health")["paper"]["ok"] is True
    assert [path.name for path in here.iterdir()] == ["fks-exec.toml"]
    assert answer(capsys, "quote", "paper", "XRP/USDT", code=2)["code"] == "UNKNOWN_SYMBOL"


def test_an_account_that_is_down_fails_its_health_and_no_other(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1; the venue's own text, which may hold a key, is not shown."""
    (here / "fks-exec.toml").write_text(PAPER + SLOW.replace('"slow"\ng', '"slow/down"\ng'), "utf-8")
    done = fks_exec("health")
    assert done.returncode == 1
    assert "FAILED" in done.stdout
    assert "every instrument has" in done.stdout
    assert run(["order", "slow", "BTC/USDT", "buy", "1"]) == 1
    out, err = capsys.readouterr()
    assert "not ready" in err
    assert "geheim" not in done.stdout + done.stderr + out + err
    assert run(["quote", "slow", "BTC/USDT"]) == 1
    assert "geheim" not in capsys.readouterr().err


def test_beside_a_host_an_order_is_refused_with_its_pid_and_reading_works(
    here: Path, host: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is sent and nothing is lost; the sentence says where to post the order."""
    done = fks_exec("order", "paper", "BTC/USDT", "buy", "0.01")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"process {host.pid}" in done.stderr
    assert "over HTTP" in done.stderr
    refused = json.loads(fks_exec("halt", "paper", "--because", "x", "--json").stdout)
    assert refused["code"] == "JOURNAL_IN_USE"
    assert f"process {host.pid}" in refused["error"]
    assert "takes no commands" in refused["error"]
    assert answer(capsys, "orders", "list") == []
    assert answer(capsys, "positions") == []
    assert answer(capsys, "journal", "verify")["ok"] is True
    assert answer(capsys, "check")["ok"] is True


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_says_what_may_be_open(here: Path) -> None:
    """Exit 130, the order's id, no trace; it was sent once and the journal knows."""
    (here / "fks-exec.toml").write_text(SLOW, "utf-8")
    child = subprocess.Popen(
        [script(), "order", "slow", "BTC/USDT", "buy", "1", "--id", "c1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with child:
        deadline = time.monotonic() + 30
        while not (here / "called").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=30)
    assert child.returncode == 130
    assert b"order c1 may be at the venue" in err
    assert b"Traceback" not in err
    [recorded] = json.loads(fks_exec("orders", "list", "--open", "--json").stdout)
    assert (recorded["client_order_id"], recorded["status"]) == ("c1", "unknown")
    assert (here / "called").read_text() == "c1\n"


def test_a_changed_journal_is_found(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1, with a sentence for each fault."""
    buy(capsys)
    assert run(["journal", "verify"]) == 0
    with sqlite3.connect(here / "fks-exec.db") as connection:
        connection.execute("DELETE FROM events WHERE position = 2")
    connection.close()
    document = answer(capsys, "journal", "verify", code=1)
    assert document["ok"] is False
    assert document["found"]


@pytest.mark.parametrize(
    "quantity", ["nan", "NaN", "inf", "-1", "-.5", "0", "１", "1_000", "1e99", "0x10", "", " 1", "1,5", "abc"]
)
def test_a_quantity_that_cannot_be_meant_is_a_usage_error_that_names_it(
    here: Path, quantity: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is opened: there is no journal afterwards."""
    assert answer(capsys, "order", "paper", "BTC/USDT", "buy", quantity, code=2)["error"].startswith("QUANTITY: ")
    assert not (here / "fks-exec.db").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["hold", "1"], "buy, sell, close"),
        (["buy"], "QUANTITY: is missing"),
        (["close", "1"], "QUANTITY: goes with buy and sell"),
        (["close", "--price", "1"], "--price: goes with buy and sell"),
        (["close", "--scope", "world"], "--scope: "),
        (["buy", "1", "--scope", "account"], "--scope: goes with close"),
        (["buy", "1", "--keep-entries"], "--keep-entries: goes with close"),
        (["buy", "1", "--quote-amount", "5"], "--quote-amount: stands beside another size"),
        (["buy", "--quote-amount", "5", "--risk-percent", "1"], "stands beside another size"),
        (["buy", "--equity-percent", "0"], "--equity-percent: 0 is not greater than zero"),
        (["buy", "--risk-percent", "1"], "--stop-loss: an order that is sized by what is at risk needs it"),
        (["buy", "--quote-amount", "5", "--reduce-only"], "--reduce-only: goes with a QUANTITY"),
        (["target"], "QUANTITY: is missing; write what is to be held"),
        (["target", "1", "--price", "5"], "--price: goes with buy and sell; target and reverse take"),
        (["reverse", "1"], "QUANTITY: goes with buy and sell"),
        (["buy", "1", "--type", "iceberg"], "--type: "),
        (["buy", "1", "--type", "limit"], "--price: a limit order needs it"),
        (["buy", "1", "--price", "-5", "--type", "limit"], "--price: -5 is not greater"),
        (["buy", "1", "--tif", "gtd"], "--expire-at: "),
        (["buy", "1", "--tif", "gtd", "--expire-at", "2026-11-30"], "--expire-at: "),
        (["buy", "1", "--tif", "gtd", "--expire-at", "tomorrow"], "--expire-at: "),
        (["buy", "1", "--confidence", "2"], "--confidence: "),
        (["buy", "1", "--id", "a b"], "--id: "),
        (["buy", "1", "--option", "x"], "--option: 'x' is not of the form NAME=VALUE"),
        (["buy", "1", "--live"], "is not live"),
        (["buy", "1", "--wait", "-1"], "--wait"),
        (["buy", "1", "--prize", "1"], "--price"),
    ],
)
def test_an_order_that_cannot_be_meant_is_a_usage_error(
    here: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence names the option as it is typed."""
    assert says in answer(capsys, "order", "paper", "BTC/USDT", *words, code=2)["error"]
    assert not (here / "fks-exec.db").exists()


def test_real_money_needs_a_word_of_its_own(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``live = true`` in the configuration and ``--live`` on the command line."""
    (here / "fks-exec.toml").write_text(PAPER.replace('venue = "paper"', 'venue = "paper"\nlive = true'), "utf-8")
    error = answer(capsys, "order", "paper", "BTC/USDT", "buy", "0.01", code=2)["error"]
    assert "real money" in error
    assert "--live" in error
    assert not (here / "fks-exec.db").exists()


def test_options_reach_the_venue_with_their_types(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """TOML's words, else the text itself."""
    options = ["--option", "flag=true", "--option", "n=5", "--option", "d=0.50", "--option", "t=abc", "--option", "x=nan"]
    buy(capsys, "--id", "o1", *options)
    decision = answer(capsys, "orders", "show", "o1")["history"][0]["body"]
    instruction = decision["instruction"].partition(":")[2]
    assert json.loads(instruction)["options"] == {"flag": True, "n": 5, "d": "0.5", "t": "abc", "x": "nan"}


VAULT = '[accounts.v]\nvenue = "slow/vault"\nguards = []\nconfig.key'

FAULTS = {
    "unknown key": ('jornal = "x"\n' + PAPER, "jornal"),
    "unknown key of an account": (PAPER.replace("deadline", "dead_line"), "dead_line"),
    "unknown key of a venue": (PAPER.replace("bid =", "bidd ="), "bidd"),
    "unknown venue": (PAPER.replace('"paper"', '"papper"'), "accounts.paper.venue"),
    "first-party venue that is not installed": (PAPER.replace('"paper"', '"mt5"'), "pip install fks-exec-mt5"),
    "unknown guard": (PAPER.replace('"quantity"', '"quantities"'), "accounts.paper.guards"),
    "no guards": (PAPER.replace("guards", "# guards"), "accounts.paper.guards"),
    "missing secret": (PAPER + VAULT + '.env = "NO_SUCH"', "NO_SUCH"),
    "secret in the file": (
        PAPER + VAULT + ' = "abc"',
        "accounts.v.config",
    ),
    "readable secret file": (PAPER + VAULT + '.file = "key"', "chmod 600"),
    "not TOML": ("[accounts", "is not TOML"),
    "empty": ("", "accounts"),
    "required distribution": ('require = ["fks-exec-ccxt>=9"]\n' + PAPER, "pip install"),
    "journal in no folder": ('journal = "sqlite:no/such/place.db"\n' + PAPER, "journal: "),
    "journal that is a folder": ('journal = "sqlite:."\n' + PAPER, "journal: "),
    "journal that is something else": ('journal = "sqlite:key"\n' + PAPER, "journal: "),
    "journal of an unknown engine": ('journal = "paper:x"\n' + PAPER, "journal: "),
}


def put(here: Path, fault: str) -> str:
    """Write a faulty configuration; returns what the sentence must hold."""
    text, says = FAULTS[fault]
    (here / "fks-exec.toml").write_text(text, "utf-8")
    (here / "key").write_text("a secret that is no journal\n" * 100, "utf-8")
    os.chmod(here / "key", 0o644)
    return says


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.skipif(sys.platform == "win32", reason="file modes")
def test_a_faulty_configuration_is_a_sentence_with_field_and_remedy(
    here: Path, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 78, nothing on stdout, no trace, no order anywhere."""
    says = put(here, fault)
    assert run(["order", "paper", "BTC/USDT", "buy", "0.01"]) == 78
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert "Traceback" not in err
    assert not (here / "state").exists()
    assert not (here / "fks-exec.db").exists() or os.path.getsize(here / "fks-exec.db") == 0


@pytest.mark.parametrize("fault", ["unknown venue", "readable secret file", "journal in no folder"])
@pytest.mark.skipif(sys.platform == "win32", reason="file modes")
def test_so_it_is_in_a_process_of_its_own_and_with_json(here: Path, fault: str) -> None:
    """The exit code of the console script; with --json the sentence is on stdout and nothing on stderr."""
    says = put(here, fault)
    told, document = (fks_exec("order", "paper", "BTC/USDT", "buy", "0.01", *more) for more in ([], ["--json"]))
    assert (told.returncode, told.stdout, document.returncode, document.stderr) == (78, "", 78, "")
    assert says in told.stderr
    assert says in json.loads(document.stdout)["error"]


@pytest.mark.parametrize(
    "words", [["order", "papr", "BTC/USDT", "buy", "1"], ["quote", "papr", "X"], ["positions", "papr"], ["health", "papr"]]
)
def test_an_unknown_account_is_a_usage_error_that_lists_the_known_ones(
    here: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """For every command that takes one."""
    assert run(words) == 2
    assert "'papr'; the configuration has: paper" in capsys.readouterr().err


def test_without_a_configuration_the_sentence_says_where_it_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--config, the variable, the file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FKS_EXEC_CONFIG", raising=False)
    done = fks_exec("check")
    assert done.returncode == 78
    assert "--config" in done.stderr
    assert "FKS_EXEC_CONFIG" in done.stderr
    (tmp_path / "other.toml").write_text(PAPER, "utf-8")
    assert fks_exec("--config", "other.toml", "check").returncode == 0


def test_check_finds_a_journal_that_cannot_be_written(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before an order does; the system's answer is made up, since root may write everywhere."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    failed = {step["what"]: step["message"] for step in answer(capsys, "check", code=78)["steps"] if not step["ok"]}
    assert list(failed) == ["state", "journal"]
    assert "cannot be made, since" in failed["state"]
    assert "cannot be written: make the file and its folder writable" in failed["journal"]
