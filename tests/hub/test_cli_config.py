# SPDX-License-Identifier: MIT
"""``plugins``, ``config`` and ``check``: what is installed, how it is configured, whether the configuration holds."""

import json
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import pytest
from attrs import Factory, field, frozen

from fks_exec import ConfigError, Secret
from fks_exec.convert import from_config
from fks_exec.model.numbers import to_decimal
from fks_exec_hub.cli import run
from fks_exec_hub.cli.template import docs_of, keys_of, render, summary_of
from fks_exec_hub.config import load_config
from fks_exec_hub.guards import GUARD_TYPES
from fks_exec_paper import PaperConfig

PAPER = """
[accounts.paper]
venue = "paper"
guards = ["quantity"]
[[accounts.paper.config.instruments]]
symbol = "BTC/USDT"
bid = 100
ask = 101
"""


class Speed(StrEnum):
    """A word."""

    SLOW = "slow"
    FAST = "fast"


@frozen
class Row:
    """One row.

    Args:
        name: of the row.
    """

    name: str
    size: int = 3


@frozen(kw_only=True)
class AcmeConfig:
    """The table of an ``acme`` account,
    in two lines.

    Args:
        host: where it listens,
            host and port.
        key, secret: from the API page.
        speed: of the connection.

    Raises:
        ConfigError: never.
    """

    host: str
    key: Secret
    secret: Secret | None = None
    speed: Speed = Speed.SLOW
    mode: Literal["a", "b"] = "b"
    percent: Decimal = field(default=Decimal("1.50"), converter=to_decimal)
    seconds: float | None = None
    retries: int = 2
    quiet: bool = True
    folder: Path = Path("here")
    words: frozenset[str] = frozenset({"b", "a"})
    extra: Mapping[str, str] = Factory(dict)
    rows: tuple[Row, ...] = ()
    hidden: int = field(init=False, default=1)


class NarrowerConfig(AcmeConfig):
    """The table of some accounts.

    Args:
        key: of its own.
    """


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own, as the current one, with a configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FKS_EXEC_CONFIG", raising=False)
    (tmp_path / "fks-exec.toml").write_text(PAPER, "utf-8")
    return tmp_path


def read_json(capsys: pytest.CaptureFixture[str]) -> Any:
    """The one document on stdout."""
    return json.loads(capsys.readouterr().out)


def uncommented(text: str) -> str:
    """The table with every optional key taken in."""
    return re.sub(r"^# (?=[\w\"-]+ = |\[)", "", text, flags=re.MULTILINE)


def test_a_table_with_its_defaults_taken_in_means_the_defaults(tmp_path: Path) -> None:
    """What is printed is TOML, and each value has the type that the class takes."""
    text = render("accounts.acme.config", keys_of(AcmeConfig))
    table = tomllib.loads(uncommented(text), parse_float=Decimal)["accounts"]["acme"]["config"]
    assert table.pop("key") == {"env": "KEY"}
    table["key"] = Secret("k")
    table["secret"] = Secret("s")
    made = from_config(AcmeConfig, table, where="x", base=tmp_path)
    expected = AcmeConfig(
        host="...",
        key=Secret("k"),
        secret=Secret("s"),
        seconds=1.0,
        folder=tmp_path / "here",
        rows=(Row(name="..."),),
        extra={},
    )
    assert made == expected


def test_needed_keys_stand_and_the_others_are_comments() -> None:
    """Uncommenting is the whole work."""
    text = render("accounts.acme.config", keys_of(AcmeConfig))
    assert set(tomllib.loads(text)["accounts"]["acme"]["config"]) == {"host", "key"}
    assert "hidden" not in text


def test_the_comments_say_meaning_type_and_need() -> None:
    """From the docstring's Args section, whose names may be joined by commas."""
    lines = render("a", keys_of(AcmeConfig), doc=summary_of(AcmeConfig)).splitlines()
    assert lines[0] == "# The table of an acme account, in two lines."
    assert "# where it listens, host and port (text; needed)" in lines
    assert '# of the connection (one of "slow", "fast")' in lines
    assert '# mode (one of "a", "b")' in lines
    assert "# percent (number)" in lines
    assert "# seconds (number; none unless set)" in lines
    assert docs_of(AcmeConfig)["key"] == docs_of(AcmeConfig)["secret"] == "from the API page."
    assert "Raises" not in docs_of(AcmeConfig)


def test_a_key_of_a_base_class_has_the_words_of_the_base_class() -> None:
    """Unless the class says it anew."""
    assert docs_of(NarrowerConfig) == docs_of(AcmeConfig) | {"key": "of its own."}


def test_the_paper_venue_can_be_opened_after_filling_in_its_one_need(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``fks-exec config paper > fks-exec.toml``, the symbol filled in, is a configuration."""
    assert run(["config", "paper"]) == 0
    text = capsys.readouterr().out.replace('symbol = "..."', 'symbol = "BTC/USDT"')
    (here / "fks-exec.toml").write_text(text, "utf-8")
    config = load_config(here / "fks-exec.toml")
    kind, made = config.venue("paper", config.load_plugins())
    assert kind.name == "paper"
    assert isinstance(made, PaperConfig)
    assert made == PaperConfig(instruments=made.instruments)


@pytest.mark.parametrize("name", [kind.name for kind in GUARD_TYPES])
def test_every_guard_of_the_hub_has_its_table(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Under the name by which accounts list it."""
    assert run(["config", name]) == 0
    assert f"[guards.{name}]" in capsys.readouterr().out


def test_without_a_name_config_lists_what_can_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Venues and guards, with their summaries."""
    assert run(["config", "--json"]) == 0
    found = {(item["name"], item["role"]) for item in read_json(capsys)}
    assert {("paper", "venue"), ("position_size", "guard")} <= found


def test_config_as_json_has_the_keys_and_the_toml(capsys: pytest.CaptureFixture[str]) -> None:
    """For a form, say."""
    assert run(["config", "confidence", "--json"]) == 0
    [document] = read_json(capsys)
    assert document["role"] == "guard"
    assert document["keys"][0]["name"] == "minimum"
    assert document["keys"][0]["required"] is False
    assert tomllib.loads(document["toml"]) == {"guards": {"confidence": {}}}


@pytest.mark.parametrize(
    ("name", "says"),
    [("mt5", "pip install fks-exec-mt5"), ("papr", "did you mean paper?"), ("nope", "installed: "), ("paper/x", "brings")],
)
def test_config_of_what_is_not_there_says_what_to_do(name: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 78."""
    assert run(["config", name]) == 78
    assert says in capsys.readouterr().err


def test_plugins_are_listed_without_being_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--load loads them; no configuration is needed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FKS_EXEC_CONFIG", raising=False)
    assert run(["plugins", "--json"]) == 0
    assert {info["name"]: info["status"] for info in read_json(capsys)}["paper"] == "installed"
    assert run(["plugins", "--load", "--json"]) == 0
    assert {info["name"]: info["status"] for info in read_json(capsys)}["paper"] == "loaded"


def test_the_configuration_decides_what_may_be_loaded(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its block, and its reason."""
    (here / "fks-exec.toml").write_text('block = ["paper"]\n' + PAPER, "utf-8")
    assert run(["plugins", "--load"]) == 0
    assert re.search(r"paper +blocked +fks-exec-paper \S+ +the configuration's block names it", capsys.readouterr().out)


def test_check_tries_every_part(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And makes no journal."""
    assert run(["check", "--json"]) == 0
    document = read_json(capsys)
    assert document["ok"] is True
    assert [step["what"] for step in document["steps"]] == [
        "configuration",
        "plugins",
        "account paper",
        "account paper, guards",
        "state",
        "journal",
    ]
    assert [path.name for path in here.iterdir()] == ["fks-exec.toml"]


def test_check_open_asks_the_accounts(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A step for each of the venue's own checks; the account's files are not touched."""
    assert run(["check", "--open"]) == 0
    assert "account paper, quotes" in capsys.readouterr().out
    assert not (here / "state").exists()


def test_check_reports_every_fault_at_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 78; one round of repairs is enough."""
    text = 'journal = "sqlite:no/such/folder.db"\n' + PAPER.replace('"quantity"', '"absent"').replace("bid = 100", "bidd = 100")
    (here / "fks-exec.toml").write_text(text, "utf-8")
    assert run(["check", "--json"]) == 78
    wrong = {step["what"]: step["message"] for step in read_json(capsys)["steps"] if not step["ok"]}
    assert set(wrong) == {"account paper", "account paper, guards", "journal"}
    assert "bidd" in wrong["account paper"]
    assert "absent" in wrong["account paper, guards"]
    assert "does not exist" in wrong["journal"]


def test_check_finds_a_table_that_nobody_reads(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the nearest name; a table of a host would else be missed in silence."""
    (here / "fks-exec.toml").write_text(PAPER + "[plugins.sever]\nbind = 'x'\n[plugins.zzzz]\n", "utf-8")
    assert run(["check", "--json"]) == 78
    wrong = {step["what"]: step["message"] for step in read_json(capsys)["steps"] if not step["ok"]}
    assert set(wrong) == {"plugins.sever", "plugins.zzzz"}
    assert "did you mean plugins.server?" in wrong["plugins.sever"]
    assert "the tables that are read: server" in wrong["plugins.zzzz"]


def test_check_says_that_real_money_is_at_stake(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In capitals."""
    (here / "fks-exec.toml").write_text(PAPER.replace('venue = "paper"', 'venue = "paper"\nlive = true'), "utf-8")
    run(["check"])
    assert "REAL MONEY" in capsys.readouterr().out


def test_a_class_that_needs_what_its_defaults_lack_shows_it() -> None:
    """PaperConfig has a default for every key, and refuses to be made without instruments."""
    with pytest.raises(ConfigError):
        PaperConfig()
    assert {key.name for key in keys_of(PaperConfig) if key.required} == {"instruments"}
