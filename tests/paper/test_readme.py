# SPDX-License-Identifier: MIT
"""What the distribution's README shows is true."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from fks_exec.convert import from_config
from fks_exec_paper import PaperConfig

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


def test_the_program_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """And prints the update that it promises."""
    exec(compile(block("python"), str(README), "exec"), {})
    assert "leg='stop_loss'" in capsys.readouterr().out
