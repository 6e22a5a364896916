# SPDX-License-Identifier: MIT
"""A configuration that cannot be used says which field and what to write instead; nothing is opened."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from fks_exec import ConfigError
from fks_exec_hub import ExecutionHub, load_config
from fks_exec_hub.config import find_config

GOOD = """
journal = "sqlite:fks-exec.db"
state = "state"

[accounts.paper]
venue = "paper"
currency = "USDT"
capital = 100000
guards = ["confidence", "tight"]

[accounts.paper.config]
currency = "USDT"
cash = 100000

[[accounts.paper.config.instruments]]
symbol = "BTC/USDT"
bid = 67499.99
ask = 67500

[guards.tight]
type = "position_size"
percent = 0.25

[plugins.server]
bind = "127.0.0.1:8080"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "fks-exec.toml"
    path.write_text(text, encoding="utf-8")
    return path


async def started(path: Path) -> None:
    async with ExecutionHub.open(path):
        pass


async def test_a_good_configuration_starts_and_paths_begin_at_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    path = write(folder, GOOD)
    monkeypatch.chdir(tmp_path)
    await started(path)
    assert (folder / "fks-exec.db").exists()
    assert (folder / "state" / "paper").is_dir()
    config = load_config(path)
    assert config.accounts["paper"].capital == Decimal(100000)
    assert config.plugins["server"]["bind"] == "127.0.0.1:8080"


def test_the_file_is_found_by_argument_then_variable_then_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FKS_EXEC_CONFIG", raising=False)
    assert find_config() == Path("fks-exec.toml")
    monkeypatch.setenv("FKS_EXEC_CONFIG", "/etc/fks.toml")
    assert find_config() == Path("/etc/fks.toml")
    assert find_config("mine.toml") == Path("mine.toml")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('state = "state"', 'stat = "state"', r"^stat: is unknown; did you mean state\?"),
        ('venue = "paper"', 'venu = "paper"', r"accounts\.paper\.venu: is unknown; did you mean venue\?"),
        ('venue = "paper"', 'venue = "acme"', r"accounts\.paper\.venue: .*no plugin named 'acme' is installed"),
        ('venue = "paper"', 'venue = "mt5"', r"pip install fks-exec-mt5"),
        ('venue = "paper"', 'venue = "paper/other"', r"brings paper/paper, not a venue 'other'"),
        ("cash = 100000", "cahs = 100000", r"accounts\.paper\.config\.cahs: is unknown; did you mean cash\?"),
        ("cash = 100000", 'cash = "plenty"', r"accounts\.paper\.config\.cash: .*not a decimal number"),
        ('guards = ["confidence", "tight"]', "", r"accounts\.paper\.guards: is missing; write guards = \[\"confidence\""),
        (
            '"tight"]',
            '"tigth"]',
            r"guards\.tight: no account lists this guard, but accounts\.paper\.guards has tigth; write both",
        ),
        ("percent = 0.25", "percent = -1", r"guards\.tight\.percent"),
        ("percent = 0.25", "per_cent = 1", r"guards\.tight\.per_cent: is unknown; did you mean percent\?"),
        ('type = "position_size"', 'type = "weekend"', r"no plugin named 'weekend' is installed"),
        ("capital = 100000", "capital = 0", r"accounts\.paper\.capital: 0 is not greater than zero"),
        ("capital = 100000", "deadline = 0", r"accounts\.paper\.deadline: .* greater than zero"),
        ("capital = 100000", 'quantize = "up"', r"accounts\.paper\.quantize"),
        ("capital = 100000", 'live = "yes"', r"accounts\.paper\.live: 'yes' is neither true nor false"),
        ("[accounts.paper]", '[accounts."a b"]', r"a name is made of letters"),
        ("[guards.tight]", "[guards]\nx = 1\n[other]", r"^other: is unknown"),
        ("[plugins.server]", "[observers.tape]", r"observers\.tape: .*no plugin named 'tape'"),
        (
            'journal = "sqlite:fks-exec.db"',
            'require = ["fks-exec-mt5>=1"]',
            r"require: fks-exec-mt5 is not installed; run: pip",
        ),
        ('journal = "sqlite:fks-exec.db"', 'require = ["fks-exec>=99"]', r"run: pip install --upgrade 'fks-exec>=99'"),
        ('journal = "sqlite:fks-exec.db"', 'require = ["fks-exec~=1"]', r"is not of the form"),
        ('journal = "sqlite:fks-exec.db"', 'block = ["paper"]', r"plugin 'paper' .* is blocked: the configuration's block"),
        ('journal = "sqlite:fks-exec.db"', 'allow = ["ccxt"]', r"is not allowed: the configuration's allow"),
        ('journal = "sqlite:fks-exec.db"', "journal = 3", r"^journal: 3 is not a text"),
        ('journal = "sqlite:fks-exec.db"', "journal = ", r"is not TOML"),
    ],
)
async def test_a_configuration_that_cannot_be_used_says_where_and_what_to_do(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert GOOD.count(old) >= 1
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ConfigError, match=sentence) as caught:
        await started(path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "fks-exec.db").exists()


async def test_allow_needs_not_name_the_hub_itself(tmp_path: Path) -> None:
    await started(write(tmp_path, 'allow = ["paper"]\n' + GOOD))


async def test_no_account_no_file_and_no_text_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no configuration .*; write one"):
        load_config(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match=r"accounts: there is none; write \[accounts\.paper\]"):
        load_config(write(tmp_path, ""))
    with pytest.raises(ConfigError, match="accounts: is not a table"):
        load_config(write(tmp_path, "accounts = 1"))
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path)
    (tmp_path / "fks-exec.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(tmp_path / "fks-exec.toml")


async def test_a_journal_in_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    from fks_exec_hub.journal import JournalUnavailable

    path = write(tmp_path, GOOD.replace("sqlite:fks-exec.db", "sqlite:none/fks-exec.db"))
    with pytest.raises(JournalUnavailable, match="none"):
        await started(path)
    assert os.listdir(tmp_path) == ["fks-exec.toml"]
