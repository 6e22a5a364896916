# SPDX-License-Identifier: MIT
"""``capabilities``: what an opened account can do, beside what its type can do at most, and what an instrument leaves of it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from fks_exec import Capabilities, Instrument
from fks_exec.convert import to_dict
from fks_exec.testing import CAPABILITIES, AcceptThenDrop, FaultyVenue, Refuse
from fks_exec_hub.cli import run
from fks_exec_simulators.stranger import installed

CONFIG = """
[accounts.test]
venue = "stranger"
guards = []
config = { host = "sandbox", key = { env = "STRANGER_KEY" } }
"""

NOW = evolve(CAPABILITIES, order_types=["market", "limit"], protection=["attached"], id_alphabet="0123456789ab", id_length=18)
WIDE = evolve(NOW, order_types=["market", "limit", "stop"], hedging=True, request_ttl=None)


def linear(symbol: str) -> Instrument:
    """Takes market orders alone, and no reduce-only."""
    return Instrument(
        symbol=symbol,
        kind="linear",
        base="BTC",
        quote="USDT",
        quantity_step="0.001",
        min_notional="5",
        order_types=["market"],
        protection=[],
        reduce_only=False,
    )


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own, as the current one, with a configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FKS_EXEC_CONFIG", raising=False)
    monkeypatch.setenv("STRANGER_KEY", "hush-hush")
    (tmp_path / "fks-exec.toml").write_text(CONFIG, "utf-8")
    return tmp_path


def answer(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    """The one JSON document of a run."""
    assert run(["capabilities", *words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def lines(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, list[str]]:
    """What stands in each line behind its first column."""
    assert run(["capabilities", *words]) == 0
    cells = [re.split(r"  +", line) for line in capsys.readouterr().out.splitlines() if line]
    return {first: rest for first, *rest in cells}


def test_what_the_account_can_do_now_stands_beside_what_its_type_can_do_at_most(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with installed(here / "site", FaultyVenue(capabilities=NOW), capabilities=WIDE):
        document = answer(capsys, "test")
        shown = lines(capsys, "test")
    assert {name: document[name] for name in ("account", "venue")} == {"account": "test", "venue": "stranger"}
    assert {"now": document["now"], "at_most": document["at_most"]} == json.loads(_plain(now=NOW, at_most=WIDE))
    assert "instrument" not in document
    assert shown[""] == ["now", "at most"]
    assert (shown["order type limit"], shown["order type stop"]) == (["yes", "yes"], ["no", "yes"])
    assert (shown["time in force ioc"], shown["protection attached"]) == (["yes", "yes"], ["yes", "yes"])
    assert (shown["ability cancel_order"], shown["hedging"]) == (["yes", "yes"], ["no", "yes"])
    assert (shown["reduce-only"], shown["post-only"]) == (["yes", "yes"], ["yes", "yes"])
    assert shown["orders are looked up"] == ["by_id", "by_id"]
    assert shown["a request is dropped after"] == ["1 s", "never"]
    assert (shown["letters of an id"], shown["length of an id"]) == (["0-9 ab", "0-9 ab"], ["18", "18"])


def test_a_symbol_shows_what_its_own_rules_leave(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its steps and minima too; a rule that it does not have is a dash."""
    with installed(here / "site", FaultyVenue(capabilities=NOW, instrument=linear), capabilities=WIDE):
        found = answer(capsys, "test", "--symbol", "BTC/USDT")["instrument"]
        shown = lines(capsys, "test", "--symbol", "BTC/USDT")
    can = found.pop("capabilities")
    assert (can["order_types"], can["protection"], can["reduce_only"], can["post_only"]) == (["market"], [], False, True)
    assert can["abilities"] == sorted(NOW.abilities)
    assert (found["symbol"], found["kind"]) == ("BTC/USDT", "linear")
    assert (found["quantity_step"], found["min_notional"]) == ("0.001", "5")
    assert "order_types" not in found
    assert shown[""] == ["BTC/USDT", "now", "at most"]
    assert (shown["order type limit"], shown["order type market"]) == (["no", "yes", "yes"], ["yes", "yes", "yes"])
    assert (shown["protection attached"], shown["reduce-only"]) == (["no", "yes", "yes"], ["no", "yes", "yes"])
    assert "rules of BTC/USDT" in shown
    assert (shown["kind"], shown["min notional"], shown["price tick"]) == (["linear"], ["5"], ["-"])


def test_no_order_is_sent_and_nothing_is_written(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with installed(here / "site", FaultyVenue(capabilities=NOW)) as stranger:
        lines(capsys, "test", "--symbol", "BTC/USDT")
        assert {request.kind for request in stranger.venue.requests} == {"open", "instrument"}
    assert sorted(path.name for path in here.iterdir()) == ["fks-exec.toml", "site"]


def test_a_venue_that_tells_no_instruments_has_no_symbols_to_show(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    silent = evolve(NOW, abilities=NOW.abilities - {"fetch_instrument"})
    with installed(here / "site", FaultyVenue(capabilities=silent)):
        said = answer(capsys, "test", "--symbol", "BTC/USDT", code=1)
    assert said["code"] == "NOT_SUPPORTED"
    assert "does not declare fetch_instrument" in said["error"]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["nope"], 2, "there is no account 'nope'; the configuration has: test"),
        (["test", "--symbol", "NO/SUCH"], 1, "there is no instrument NO/SUCH; look at the spelling"),
        ([], 2, "Missing argument 'ACCOUNT'"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence(
    here: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, sentence: str
) -> None:
    with installed(here / "site", FaultyVenue(capabilities=NOW)):
        assert run(["capabilities", *words]) == code
    said = capsys.readouterr()
    assert sentence in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


@pytest.mark.parametrize("fault", [Refuse("it rests until noon", on="open"), AcceptThenDrop(on="open")])
def test_an_account_that_cannot_be_opened_is_a_sentence(
    here: Path, capsys: pytest.CaptureFixture[str], fault: Refuse | AcceptThenDrop
) -> None:
    with installed(here / "site", FaultyVenue([fault], capabilities=NOW)):
        assert run(["capabilities", "test"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("fks-exec: ")
    assert said.count("\n") == 1
    assert "hush-hush" not in said


def _plain(**columns: Capabilities) -> str:
    """As ``--json`` writes them."""
    return json.dumps({name: to_dict(can) for name, can in columns.items()})
