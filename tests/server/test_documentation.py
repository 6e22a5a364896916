# SPDX-License-Identifier: MIT
"""What docs/webhook.md says is what the server does."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fks_exec import ClosePosition, Order
from fks_exec_hub import ExecutionHub
from fks_exec_server import KeyConfig, ServerConfig
from fks_exec_server.codes import CODES
from fks_exec_server.config import LimitsConfig
from fks_exec_server.http import answers
from fks_exec_server.tradingview import fields
from fks_exec_server.tradingview.alert import read_alert

ROOT = Path(__file__).parents[2]
PAGE, HTTP, ACCESS = ((ROOT / f"docs/{name}.md").read_text("utf-8") for name in ("webhook", "http", "access"))
TEMPLATES = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
RENDERED = {
    "exchange": "BINANCE",
    "ticker": "BTCUSDT",
    "interval": "15",
    "timenow": "2026-11-22T18:00:00Z",
    "strategy.order.action": "sell",
    "strategy.order.contracts": "0.25",
    "strategy.market_position": "short",
    "strategy.prev_market_position": "flat",
    "strategy.position_size": "-0.25",
    "strategy.order.price": "67500",
    "strategy.order.id": "Short",
}


def test_the_table_of_fields_is_that_of_the_reader() -> None:
    """Each field in its place, with its other names, and with all its words."""
    rows = [row.split("|")[1:4] for row in PAGE.partition("| field | also called |")[2].partition("\n\n")[0].splitlines()[2:]]
    shown = [(name.strip(" `"), tuple(re.findall(r"`(\w+)`", also))) for name, also, _ in rows]
    assert shown == [(each.name, each.also) for each in fields.FIELDS]
    for each, (*_, meaning) in zip(fields.FIELDS, rows, strict=True):
        known = re.findall(r"`(\w+)`", meaning)
        if each.name != "prev_market_position":  # whose words are those of the row above
            assert set(each.kind.words) <= set(known), each.name


@pytest.mark.parametrize(
    ("kind", "left_out"),
    [(KeyConfig, {"venues", "sides", "order_types", "max_notional", "orders_a_minute", "reduce_only", "next_sha256"}),
     (ServerConfig, set()), (LimitsConfig, set())],
)  # fmt: skip
def test_every_setting_is_documented(kind: type, left_out: set[str]) -> None:
    """In an example of the configuration, or beside one where a key has many of its like."""
    toml = "".join(re.findall(r"```toml\n(.*?)```", PAGE + HTTP, re.DOTALL))
    for field in kind.__attrs_attrs__:  # type: ignore[attr-defined]
        name = field.name
        assert re.search(rf"^{name} = |plugins\.server\.{name}[.\]]", toml, re.MULTILINE) or name in left_out & set(
            re.findall(r"\w+", toml)
        ), name


@pytest.mark.parametrize("template", TEMPLATES, ids=["strategy", "indicator"])
def test_a_template_is_an_alert_once_it_is_rendered(template: str) -> None:
    """As TradingView renders it."""
    text = re.sub(r"\{\{(.*?)\}\}", lambda found: RENDERED[found[1]], template)
    instruction = read_alert(text.encode(), key="tv", accounts=["paper"]).instruction
    assert isinstance(instruction, Order | ClosePosition)
    assert (instruction.symbol, instruction.signal_time) == ("BINANCE:BTCUSDT", 1795370400000)


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_documented(code: str) -> None:
    """On the page of alerts, of HTTP, or of what a key may do."""
    shown = "`SCOPE_...`" if code.startswith("SCOPE_") else f"`{code}`"
    assert any(shown in page for page in (PAGE, HTTP, ACCESS))


def test_the_example_of_an_answer_has_the_shape_of_one() -> None:
    """Its fields are those of a real one."""
    [shown] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    real = json.loads(answers.refusal(400, "X", "x").body)
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
    rendered |= {"strategy.market_position": "long", "strategy.position_size": "0.01"}
    rendered["timenow"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = re.sub(r"\{\{(.*?)\}\}", lambda found: rendered[found[1]], template)
    instruction = read_alert(text.encode(), key="tv", accounts=["paper"]).instruction
    async with ExecutionHub.open(tmp_path / "fks-exec.toml") as hub:
        result = await hub.execute_order("paper", instruction)
    assert result.status == "filled", result.denials
