# SPDX-License-Identifier: MIT
"""``fks-exec conformance``: what is tried, what is asked before, what is written, and what an account makes of it."""

import asyncio
import io
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from fks_exec import Capabilities, Secret, VenueType
from fks_exec.testing import FaultyVenue, Refuse, default_instrument
from fks_exec.testing.record import read_record
from fks_exec_hub import ExecutionHub, load_config
from fks_exec_hub.cli import run
from fks_exec_hub.cli.conformance import conformance, evidence, secrets_in
from fks_exec_hub.config import parse_config
from fks_exec_hub.control import serve_control
from fks_exec_simulators.stage import buy, sell
from fks_exec_simulators.stranger import PLUGIN, Stranger, StrangerConfig, installed

CONFIG = """
[accounts.test]
venue = "stranger"
guards = []
deadline = 0.5
config = { host = "sandbox", key = { env = "STRANGER_KEY" } }

[accounts.main]
venue = "stranger"
guards = []
live = true
deadline = 0.5
require_record = "sandbox"
record_may_differ = ["host"]
config = { host = "live", key = { env = "STRANGER_KEY" } }
"""

PAPER = """
[accounts.paper]
venue = "paper"
guards = []
require_record = "simulator"
[[accounts.paper.config.instruments]]
symbol = "BTC/USDT"
bid = 100
ask = 101
price_tick = 0.01
quantity_step = 0.01
"""

PLAIN = Capabilities(
    order_types=["market", "limit", "stop"],
    abilities=["cancel_order", "fetch_instrument", "fetch_positions", "fetch_open_orders"],
    reduce_only=True,
)
"""Of a venue that is tried quickly."""


class Terminal(io.StringIO):
    """Somebody sits there and types."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own, as the current one, with a configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FKS_EXEC_CONFIG", raising=False)
    monkeypatch.setenv("STRANGER_KEY", "hush-hush")
    (tmp_path / "fks-exec.toml").write_text(CONFIG, "utf-8")
    return tmp_path


@pytest.fixture
def stranger(here: Path) -> Iterator[Stranger]:
    with installed(here / "site") as found:
        yield found


@pytest.fixture
def plain(here: Path) -> Iterator[Stranger]:
    with installed(here / "site", FaultyVenue(capabilities=PLAIN)) as found:
        yield found


def tried(*words: str) -> int:
    return run(["conformance", *words])


def configure(folder: Path, old: str, new: str) -> None:
    file = folder / "fks-exec.toml"
    assert old in file.read_text("utf-8")
    file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")


def test_a_record_of_the_sandbox_lets_the_live_account_trade_until_an_upgrade(
    here: Path, stranger: Stranger, capsys: pytest.CaptureFixture[str]
) -> None:
    """From nothing to an order, by the command that the account's own denial names."""

    async def sent(*orders: Any) -> list[Any]:
        async with ExecutionHub.open(load_config()) as hub:
            return [await hub.execute_order("main", order) for order in orders]

    [denied] = asyncio.run(sent(buy()))
    assert denied.code == "NO_RECORD"
    assert "run: fks-exec conformance test --record " in denied.error
    words = denied.error.partition("run: fks-exec conformance ")[2].partition(", and")[0].replace("SYMBOL", "BTC/USDT")
    before = len(stranger.live)
    assert tried(*words.split()) == 0
    assert set(stranger.live[before:]) == {False}
    output = capsys.readouterr()
    assert f"record: {here / 'conformance/main.json'} (sandbox, {PLUGIN} 1.0)" in output.out
    [line] = [line for line in output.out.splitlines() if line.startswith("test: ")]
    assert " passed; not declared: " in line
    assert "hush-hush" not in output.out + output.err
    entry, post_only, exit_ = asyncio.run(
        sent(buy(), buy(order_type="limit", price="50", post_only=True, time_in_force="gtc"), sell())
    )
    assert (entry.status, exit_.status) == ("filled", "filled")
    assert post_only.status == "accepted"
    stranger.upgrade(PLUGIN, "1.1")
    [denied] = asyncio.run(sent(buy()))
    assert f"it is of {PLUGIN} 1.0, and 1.1 is installed" in denied.error


def test_a_simulation_is_evidence_of_a_simulator_whatever_it_trades(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It needs no symbol, and says where the orders go."""
    (here / "fks-exec.toml").write_text(PAPER, "utf-8")
    assert tried("paper", "--record", "conformance/paper.json", "--json") == 0
    output = capsys.readouterr()
    assert "orders go to a simulated venue" in output.err
    document = json.loads(output.out)
    assert (document["passed"], document["level"], document["account"]) == (True, "simulator", "paper")
    assert {"market", "limit", "cancel_order", "attached"} <= set(document["proved"])
    record = read_record(here / "conformance/paper.json")
    assert record.level == "simulator"
    assert record.binding.plugin == "fks-exec-paper"
    assert run(["check"]) == 0
    assert run(["health"]) == 0
    assert "proved: " in capsys.readouterr().out


def test_check_and_health_fail_without_the_record(here: Path, plain: Stranger, capsys: pytest.CaptureFixture[str]) -> None:
    """With the way out; the accounts are opened all the same."""
    file = here / "conformance/main.json"
    assert run(["check", "--json", "--open"]) == 1
    steps = [step for step in json.loads(capsys.readouterr().out)["steps"] if step["what"] == "account main, record"]
    assert len(steps) == 2
    for step in steps:
        assert not step["ok"]
        assert f"there is no record {file}; run: fks-exec conformance test --record {file}" in step["message"]
    assert run(["health", "main", "--json"]) == 1
    checks = json.loads(capsys.readouterr().out)["main"]["checks"]
    assert [check["ok"] for check in checks if check["name"] == "record"] == [False]
    assert run(["health", "test"]) == 0


def test_a_failure_is_told_without_secrets(here: Path, plain: Stranger, capsys: pytest.CaptureFixture[str]) -> None:
    plain.venue = FaultyVenue(otherwise=lambda request: Refuse("hush-hush is poor") if request.kind == "place" else None)
    assert tried("test", "--symbol", "BTC/USDT", "--only", "Orders") == 1
    output = capsys.readouterr()
    assert "FAILED Orders.test_a_market_order_fills" in output.out
    assert "*** is poor" in output.out
    assert "hush-hush" not in output.out + output.err


def test_what_is_left_at_the_sandbox_is_an_exit_code_of_its_own(
    here: Path, plain: Stranger, capsys: pytest.CaptureFixture[str]
) -> None:
    """All tests pass, and the venue refuses every cancel; somebody has to look."""
    plain.venue = FaultyVenue(otherwise=lambda request: Refuse("no", on="cancel") if request.kind == "cancel" else None)
    assert tried("test", "--symbol", "BTC/USDT", "--only", "orders", "--json") == 3
    output = capsys.readouterr()
    document = json.loads(output.out)
    assert document["failed"] == []
    assert document["left_behind"][0].startswith("the order ")
    assert not document["passed"]
    assert f"LEFT BEHIND {document['left_behind'][0]}" in output.err


REFUSED: dict[str, tuple[list[str], str]] = {
    "a live account": (["main", "--symbol", "BTC/USDT"], "account 'main' is live: the suite would send real orders"),
    "said once": (["main", "--symbol", "BTC/USDT", "--live"], "say --account-at-risk main too; nothing was sent"),
    "another name": (
        ["main", "--symbol", "BTC/USDT", "--live", "--account-at-risk", "test"],
        "--account-at-risk says 'test', and 'main' is to be tried",
    ),
    "the name alone": (["main", "--symbol", "BTC/USDT", "--account-at-risk", "main"], "account 'main' is live"),
    "not live": (["test", "--symbol", "BTC/USDT", "--live"], "account 'test' is not live"),
    "no symbol": (["test"], "say with --symbol what is to be traded"),
    "no account": (["tset", "--symbol", "BTC/USDT"], "there is no account 'tset'"),
    "nothing": (["test", "--symbol", "BTC/USDT", "--quantity", "0"], "0 is not greater than zero"),
    "no number": (["test", "--symbol", "BTC/USDT", "--quantity", "much"], "much"),
    "the live one as second": (["test", "--symbol", "BTC/USDT", "--second", "main"], "--second main is no other account"),
    "itself as second": (["test", "--symbol", "BTC/USDT", "--second", "test"], "--second test is no other account"),
}


@pytest.mark.parametrize(("words", "reason"), REFUSED.values(), ids=list(REFUSED))
def test_it_is_refused_before_anything_is_sent(
    here: Path, plain: Stranger, capsys: pytest.CaptureFixture[str], words: list[str], reason: str
) -> None:
    assert tried(*words) == 2
    assert reason in capsys.readouterr().err
    assert plain.venue.count() == 0


@pytest.mark.parametrize("typed", ["test\n", "\n", "MAIN\n"])
def test_another_name_typed_sends_nothing(
    here: Path, plain: Stranger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert tried("main", "--symbol", "BTC/USDT", "--live") != 0
    assert plain.venue.count() == 0
    assert "THE LIVE ACCOUNT, FOR REAL MONEY" in capsys.readouterr().err


def test_a_live_account_is_tried_when_its_name_is_typed(
    here: Path, plain: Stranger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After what will be sent was said, with its worth."""
    monkeypatch.setattr(sys, "stdin", Terminal("main\n"))
    assert tried("main", "--symbol", "BTC/USDT", "--live", "--quantity", "0.004", "--only", "Orders") == 0
    said = capsys.readouterr().err
    assert said.index("each of 0.004 BTC/USDT, worth about 0.4 USDT, a few of some times that; up to 20 at") < said.index(
        "Type the name"
    )
    assert set(plain.live) == {True}
    assert "0.004" in {str(each.order.quantity) for each in plain.venue.placed if each.order is not None}


def test_the_default_quantity_is_worth_what_the_venue_takes(
    here: Path, plain: Stranger, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twice the least, in quantity and in worth."""
    plain.venue = FaultyVenue(
        capabilities=PLAIN, instrument=lambda symbol: evolve(default_instrument(symbol), min_notional="5")
    )
    assert tried("test", "--symbol", "BTC/USDT", "--only", "Orders") == 0
    assert "each of 0.1 BTC/USDT, worth about 10 USDT" in capsys.readouterr().err
    assert "0.1" in {str(each.order.quantity) for each in plain.venue.placed if each.order is not None}


@pytest.mark.parametrize("exclusive", [True, False])
async def test_a_host_beside_it_is_told_of_and_stops_an_exclusive_venue(
    here: Path, capsys: pytest.CaptureFixture[str], *, exclusive: bool
) -> None:
    configure(here, CONFIG[CONFIG.index("[accounts.main]") :], "")
    venue = FaultyVenue(capabilities=PLAIN)
    with installed(here / "site", venue, exclusive=exclusive):
        async with ExecutionHub.open(load_config()) as hub, serve_control(hub):
            code = await asyncio.to_thread(tried, "test", "--symbol", "BTC/USDT", "--only", "Quotes")
    said = capsys.readouterr().err
    if exclusive:
        assert code == 1
        assert "a host runs and has test open, and the venue serves one account at a time; stop the host first" in said
    else:
        assert code == 0
        assert "a host serves account test meanwhile" in said


def test_a_part_of_the_suite_leaves_no_record(here: Path, plain: Stranger, capsys: pytest.CaptureFixture[str]) -> None:
    assert tried("test", "--symbol", "BTC/USDT", "--only", "Orders", "--record", "r.json") == 78
    assert "a record is of the whole suite" in capsys.readouterr().err
    assert plain.venue.count() == 0


def test_the_evidence_is_what_the_type_and_the_account_say() -> None:
    kinds = {simulated: VenueType(name="x", create=object, simulated=simulated) for simulated in (True, False)}
    assert evidence(kinds[True], live=False) == "simulator"
    assert evidence(kinds[True], live=True) == "simulator"
    assert evidence(kinds[False], live=False) == "sandbox"
    assert evidence(kinds[False], live=True) == "live"


def test_secrets_are_found_wherever_they_are() -> None:
    config = StrangerConfig(key=Secret("a"))
    assert list(secrets_in({"x": (config, [Secret("b")]), "y": "c"})) == ["a", "b"]


def test_the_documentation_has_every_option_and_no_other() -> None:
    """In its table."""
    page = (Path(__file__).resolve().parents[2] / "docs/conformance.md").read_text("utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `--")]
    known = {name for parameter in conformance.params for name in parameter.opts if name.startswith("--")}
    assert set(re.findall(r"--[a-z-]+", " ".join(rows))) == known - {"--json"}


def test_the_keys_of_the_documentation_are_taken(tmp_path: Path) -> None:
    """With what is a comment there taken in."""
    page = (Path(__file__).resolve().parents[2] / "docs/conformance.md").read_text("utf-8")
    [block] = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    config = parse_config(tomllib.loads(block.replace("\n# record", "\nrecord")), tmp_path)
    account = config.accounts["main"]
    assert (account.require_record, account.record_may_differ) == ("sandbox", ("login", "host"))
    assert config.record_file("main") == tmp_path / "conformance/main.json"
