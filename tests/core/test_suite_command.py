# SPDX-License-Identifier: MIT
"""``python -m fks_exec.testing --venue``: what it takes for a venue, and the sentences for what it does not."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from fks_exec import ConfigError, Secret, VenueType
from fks_exec.testing import REMOTE, FaultyVenue, RemoteConfig, Trial
from fks_exec.testing.command import _careful, arguments, main
from fks_exec.testing.finding import configured, found

HERE = "fks_exec.testing"
KEYS = '{"port": 1, "key": {"env": "PATH"}}'


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path with a module of a stranger's."""
    text = """
from fks_exec import VenueType
from fks_exec.testing import FaultyCounterpart, FaultyVenue, Trial

class Venue(FaultyVenue):
    pass

number = 7
trial = Trial(venue=FaultyVenue, name="mine")
one = lambda: [VenueType(name="one", create=FaultyVenue)]
two = lambda: [VenueType(name="one", create=FaultyVenue), VenueType(name="two", create=FaultyVenue)]
both = lambda: (trial, FaultyCounterpart(FaultyVenue()))
nothing = lambda: None
wants = lambda more: more
"""
    (tmp_path / "strangers_module.py").write_text(text, "utf-8")
    (tmp_path / "broken_module.py").write_text("import nobody_has_this", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "strangers_module", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "title"),
    [("Venue", "Venue"), ("trial", "mine"), ("one", "one"), ("both", "mine"), ("trial.__class__.__name__", "")],
)
def test_a_type_a_trial_or_what_makes_one_is_a_venue(stranger: Path, name: str, title: str) -> None:
    if not title:
        with pytest.raises(ConfigError, match="it is a str"):
            found(f"strangers_module:{name}")
        return
    trial, counterpart = found(f"strangers_module:{name}")
    assert trial.title == title
    assert (counterpart is not None) is (name == "both")


def test_a_venue_type_by_name_is_one() -> None:
    assert found(f"{HERE}:REMOTE")[0].venue is REMOTE


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("strangers_module", "no colon"),
        ("nobody_has_this:x", "cannot be imported (ModuleNotFoundError"),
        ("broken_module:x", "cannot be imported (ModuleNotFoundError"),
        ("strangers_module:missing", "strangers_module has no missing"),
        ("strangers_module:number", "it is a int, nothing that a venue is made by"),
        ("strangers_module:nothing", "it makes a NoneType without execute_order"),
        ("strangers_module:wants", "calling it without arguments raised TypeError"),
        ("strangers_module:two", "it makes 2"),
    ],
)
def test_what_is_no_venue_is_said_with_a_remedy(
    stranger: Path, capsys: pytest.CaptureFixture[str], text: str, sentence: str
) -> None:
    assert main(["--venue", text]) == 78
    said = capsys.readouterr().err
    assert said.startswith(f"error: {text}: ")
    assert sentence in said
    assert "module:name" in said or "cannot be imported" in said or "name a function" in said
    assert "Traceback" not in said


def test_a_configuration_is_read_as_strictly_as_a_file() -> None:
    key = {"env": "PATH"}
    trial = configured(Trial(venue=REMOTE), {"port": 1, "key": key}, symbol="ETH/USDT", quantity=None)
    assert isinstance(trial.config, RemoteConfig)
    assert isinstance(trial.config.key, Secret)
    assert (trial.symbol, trial.quantity) == ("ETH/USDT", None)
    with pytest.raises(ConfigError, match=r"config\.porte"):
        configured(Trial(venue=REMOTE), {"porte": 1})
    with pytest.raises(ConfigError, match="only a VenueType has a configuration"):
        configured(Trial(venue=FaultyVenue), {})


def test_without_pytest_there_is_a_sentence(tmp_path: Path) -> None:
    code = "import sys; sys.modules['pytest'] = None; from fks_exec.testing.command import main; sys.exit(main(sys.argv[1:]))"
    words: list[Any] = [sys.executable, "-c", code, "--venue", f"{HERE}:FaultyVenue"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (78, "error: pytest cannot be imported; run: pip install 'fks-exec[testing]'\n")


def test_one_class_of_it_can_be_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(REMOTE, VenueType)
    words = [sys.executable, "-m", HERE, "--venue", f"{HERE}:FaultyVenue", "--only", "Quotes"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("FaultyVenue: ")


def test_real_money_is_said_twice(stranger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--venue", "strangers_module:one", "--level", "live"]) == 78
    assert "if that is meant, write --at-risk one" in capsys.readouterr().err


def test_what_goes_to_a_venue_with_a_secret_is_announced(stranger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It may be somebody's account; one without anything to authenticate with is nobody's."""
    options = arguments(["--venue", "x:y"])
    guarded = _careful(Trial(venue=evolve(REMOTE, simulated=False)), options)
    assert guarded.level == "sandbox"
    assert "orders of twice the smallest quantity of BTC/USDT go to faulty-http (sandbox)" in capsys.readouterr().err
    assert _careful(Trial(venue=VenueType(name="memory", create=FaultyVenue)), options).level == "offline"
    assert _careful(Trial(venue=REMOTE), options).level == "simulator"


def test_a_simulation_is_no_evidence_of_a_live_account(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--venue", f"{HERE}:REMOTE", "--config", KEYS, "--level", "live"]) == 78
    assert "faulty-http is simulated; what it shows is no evidence of the level live" in capsys.readouterr().err
