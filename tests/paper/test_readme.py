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


def test_the_configuration_is_one() -> None:
    """It is read as a host reads it."""
    table = tomllib.loads(block("toml"), parse_float=Decimal)["accounts"]["paper"]
    config = from_config(PaperConfig, table["config"], where="accounts.paper.config", base=Path())
    assert (table["venue"], config.slippage_ticks, config.instruments[0].symbol) == ("paper", 1, "BTC/USDT")


def test_every_key_is_shown() -> None:
    """With its default, but for the examples that show another value."""
    table = tomllib.loads(block("toml"), parse_float=Decimal)["accounts"]["paper"]["config"]
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
