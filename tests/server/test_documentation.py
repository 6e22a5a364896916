# SPDX-License-Identifier: MIT
"""What docs/webhook.md says is what the server does."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fks_exec import ClosePosition, Order
from fks_exec_hub import ExecutionHub
from fks_exec_server import KeyConfig, ServerConfig, alert, webhook
from fks_exec_server.alert import read_alert

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/webhook.md").read_text("utf-8")
TEMPLATES = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
RENDERED = {
    "exchange": "BINANCE",
    "ticker": "BTCUSDT",
    "interval": "15",
    "timenow": "2026-11-22T18:00:00Z",
    "strategy.order.action": "sell",
    "strategy.order.contracts": "0.25",
}


@pytest.mark.parametrize("name", sorted(alert._FIELDS))
def test_every_field_is_documented(name: str) -> None:
    """In the table of fields, under its own name or beside it."""
    rows = [row for row in PAGE.splitlines() if row.startswith("| `")]
    assert any(f"`{name}`" in "|".join(row.split("|")[:3]) for row in rows)


@pytest.mark.parametrize("kind", [KeyConfig, ServerConfig])
def test_every_setting_is_documented(kind: type) -> None:
    """In the example of the configuration."""
    toml = "".join(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
    for field in kind.__attrs_attrs__:  # type: ignore[attr-defined]
        assert re.search(rf"^{field.name} = |plugins\.server\.{field.name}\.", toml, re.MULTILINE), field.name


@pytest.mark.parametrize("template", TEMPLATES, ids=["strategy", "indicator"])
def test_a_template_is_an_alert_once_it_is_rendered(template: str) -> None:
    """As TradingView renders it."""
    text = re.sub(r"\{\{(.*?)\}\}", lambda found: RENDERED[found[1]], template)
    instruction = read_alert(text.encode(), key="tv", accounts=["paper"]).instruction
    assert isinstance(instruction, Order | ClosePosition)
    assert (instruction.symbol, instruction.signal_time) == ("BINANCE:BTCUSDT", 1795370400000)


def test_every_code_is_documented() -> None:
    """Those that the server itself gives."""
    source = Path(webhook.__file__).read_text("utf-8")
    codes = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+|CLOSING|AMBIGUOUS)"', source))
    assert len(codes) == 11
    assert [code for code in sorted(codes) if f"`{code}`" not in PAGE] == []


def test_the_example_of_an_answer_has_the_shape_of_one() -> None:
    """Its fields are those of a real one."""
    [shown] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    real = json.loads(webhook.answers.refusal(400, "X", "x").body)
    assert set(json.loads(shown)) == set(real)


@pytest.mark.parametrize("template", TEMPLATES, ids=["strategy", "indicator"])
async def test_a_template_is_filled_with_the_guards_that_the_page_names(tmp_path: Path, template: str) -> None:
    """On the README's configuration; the strategy's alert with the guards that suit it."""
    [configuration] = re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    if "confidence" not in template:
        [guards] = re.findall(r"^`(guards = \[.*?\])`", PAGE, re.MULTILINE)
        configuration = re.sub(r"^guards = .*$", guards, configuration, flags=re.MULTILINE)
    (tmp_path / "fks-exec.toml").write_text(configuration, "utf-8")
    rendered = {**RENDERED, "strategy.order.action": "buy", "strategy.order.contracts": "0.01"}
    rendered["timenow"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = re.sub(r"\{\{(.*?)\}\}", lambda found: rendered[found[1]], template)
    instruction = read_alert(text.encode(), key="tv", accounts=["paper"]).instruction
    async with ExecutionHub.open(tmp_path / "fks-exec.toml") as hub:
        result = await hub.execute_order("paper", instruction)
    assert result.status == "filled", result.denials
