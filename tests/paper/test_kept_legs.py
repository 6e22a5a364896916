# SPDX-License-Identifier: MIT
"""What a halt tells of the stops that the simulated venue keeps with an entry: they rest on, and are named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fks_exec import Order
from fks_exec_hub import ExecutionHub
from fks_exec_hub.cli import run

CONFIG = """
[accounts.paper]
venue = "paper"
guards = []
[[accounts.paper.config.instruments]]
symbol = "BTC/USDT"
bid = 59999
ask = 60000
"""
LEGS = [("first", "accepted", "its stop_loss at 59000"), ("first", "accepted", "its take_profit at 69000")]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A simulated account that has not traded."""
    path = tmp_path / "fks-exec.toml"
    path.write_text(CONFIG, "utf-8")
    return path


def entry(name: str = "first", **more: str) -> Order:
    """A buy with a stop and a target."""
    table = {"symbol": "BTC/USDT", "side": "buy", "quantity": "0.01", "stop_loss": "59000", "take_profit": "69000", **more}
    return Order(client_order_id=name, **table)  # type: ignore[arg-type]


async def test_a_halt_names_the_stops_that_the_venue_keeps(config: Path) -> None:
    """Of what is filled; an entry that only rests has none yet, and one that was closed has none any more."""
    async with ExecutionHub.open(config) as hub:
        await hub.execute_order("paper", entry())
        await hub.execute_order("paper", entry("rests", order_type="limit", price="58500", stop_loss="58000"))
        answer = await hub.halt("paper", "halted", "a test")
        named = [(each.client_order_id, each.status.value, each.reason.partition(",")[0]) for each in answer.before]
        assert named == LEGS
        assert [each.client_order_id for each in answer.cancelled] == ["rests"]


def test_so_does_one_without_a_host(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As text, and as JSON."""
    order = ["order", "paper", "BTC/USDT", "buy", "0.01", "--stop-loss", "59000", "--take-profit", "69000", "--id", "first"]
    assert run(["--config", str(config), *order]) == 3
    capsys.readouterr()
    assert run(["--config", str(config), "halt", "paper", "--because", "a test"]) == 0
    assert (
        "open before  paper/first: accepted (its stop_loss at 59000, which the venue keeps with it)" in capsys.readouterr().out
    )
    assert run(["--config", str(config), "halt", "paper", "--because", "a test", "--json"]) == 0
    before = json.loads(capsys.readouterr().out)["before"]
    assert [(each["client_order_id"], each["status"], each["reason"].partition(",")[0]) for each in before] == LEGS
