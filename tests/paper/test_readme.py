# SPDX-License-Identifier: MIT
"""What the distribution's README shows is true."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest
from attrs import fields

from fks_exec.convert import from_config
from fks_exec_paper import PaperConfig, PaperInstrument
from fks_exec_paper.config import ProtectionWord

README = Path(__file__).parents[2] / "plugins" / "fks-exec-paper" / "README.md"


def block(language: str) -> str:
    """The one block of a language."""
    [text] = re.findall(rf"```{language}\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    return str(text)


def config_of(text: str) -> PaperConfig:
    """The venue's own table of a configuration, read as a host reads it."""
    table = tomllib.loads(text, parse_float=Decimal)["accounts"]["paper"]
    assert table["venue"] == "paper"
    return from_config(PaperConfig, table["config"], where="accounts.paper.config", base=Path())


def taken_in(text: str) -> str:
    """The table with the keys that are shown as comments."""
    return re.sub(r"^# (?=\w+ = )", "", text, flags=re.MULTILINE)


def test_the_configuration_is_one() -> None:
    """As it stands, and with the prices of another account in the place of its own."""
    config = config_of(block("toml"))
    assert (config.slippage_ticks, config.instruments[0].symbol, config.quotes) == (1, "BTC/USDT", None)
    other = config_of(re.sub(r"^(bid|ask)\w* = .*\n", "", taken_in(block("toml")), flags=re.MULTILINE))
    assert (other.quotes, other.quotes_every, other.instruments[0].bid) == ("binance", 1, None)


def test_every_key_is_shown() -> None:
    """With its default, but for the examples that show another value."""
    table = tomllib.loads(taken_in(block("toml")), parse_float=Decimal)["accounts"]["paper"]["config"]
    assert set(table) == {each.name for each in fields(PaperConfig)}
    assert set(table["instruments"][0]) == {each.name for each in fields(PaperInstrument)} - {"kind"}


def test_every_kind_of_protection_is_explained() -> None:
    """In a row of its own."""
    rows = re.findall(r"^\| `(\w+)` \|", README.read_text("utf-8"), re.MULTILINE)
    assert rows == list(get_args(ProtectionWord))


def test_the_program_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """And prints the update that it promises."""
    exec(compile(block("python"), str(README), "exec"), {})
    assert "leg='stop_loss'" in capsys.readouterr().out
