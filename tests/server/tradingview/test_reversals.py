# SPDX-License-Identifier: MIT
"""Reversals: one order of a strategy's old and new contracts. What is opened by them, and what is left where it may not be."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from fks_exec import MarketData, Order
from fks_exec_simulators.alerts import MOMENT, Sender, alerting
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import Held, Stage, until

OLD: dict[str, Any] = {
    "market_position": "long",
    "prev_market_position": "flat",
    "position_size": "1",
    "timenow": MOMENT - 2000,
}
TURN: dict[str, Any] = {"action": "sell", "quantity": "2", "market_position": "short", "prev_market_position": "long"}


async def turn(sender: Sender, size: str | None = "-1", **fields: Any) -> httpx.Response:
    return await sender.send(**{**TURN, "position_size": size, **fields})


async def stopped(sender: Sender) -> None:
    """What the strategy holds is sold by something else than its alerts."""
    order = Order(symbol="BTC/USDT", side="sell", quantity="1", strategy="s", reduce_only=True)
    assert (await sender.hub.execute_order("main", order)).success


def said(stage: Stage) -> list[str]:
    return [f"{order.side} {order.quantity}" for order, _ in stage.requests]


@pytest.mark.parametrize("size", ["-1", None])
async def test_a_reversal_closes_the_old_and_opens_the_new(tmp_path: Path, size: str | None) -> None:
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        await sender.send(**OLD)
        assert (await turn(sender, size)).json()["status"] == "success"
    assert said(stage) == ["buy 1", "sell 1", "sell 1"]


@pytest.mark.parametrize("fields", [{}, {"prev_market_position": None}, {"order_type": "limit", "limit_price": "90"}])
async def test_a_reversal_after_the_stop_was_hit_opens_only_the_new(tmp_path: Path, fields: dict[str, Any]) -> None:
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        await sender.send(**OLD)
        await stopped(sender)
        assert (await turn(sender, **fields)).json()["status"] == "success"
        [held] = await sender.hub.positions("main")
    assert held.quantity == -1
    assert said(stage) == ["buy 1", "sell 1", "sell 1"]
    assert stage.requests[2][0].order_type == fields.get("order_type", "market")


async def test_a_reversal_without_position_size_after_the_stop_was_hit_opens_nothing(tmp_path: Path) -> None:
    """Nobody knows how much of its quantity is new."""
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        await sender.send(**OLD)
        await stopped(sender)
        refused = await turn(sender, None)
    assert (refused.status_code, refused.json()["code"]) == (422, "SIGNAL_GAP")
    assert "position_size" in refused.json()["message"]
    assert said(stage) == ["buy 1", "sell 1"]


async def test_a_reversal_to_what_is_held_already_sends_nothing(tmp_path: Path) -> None:
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        await sender.send(action="sell", timenow=MOMENT - 2000)
        assert (await turn(sender)).json()["code"] == "SIGNAL_GAP"
    assert said(stage) == ["sell 1"]


async def test_a_quantity_of_its_own_is_taken_as_it_is(tmp_path: Path) -> None:
    """No more than the strategy holds afterwards: it is not of old and new contracts."""
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        assert (await turn(sender, "-10")).json()["status"] == "success"
    assert said(stage) == ["sell 2"]


async def test_a_reversal_waits_for_the_entry_that_is_under_way(tmp_path: Path) -> None:
    """What is held is known when that is filled."""
    slow = Held()
    stage = Stage(slow)
    async with alerting(tmp_path, stage, clock=HandClock(), key={"respond": "accepted"}) as sender:
        await sender.send(**OLD)
        await slow.reached.wait()
        reversal = asyncio.create_task(turn(sender))
        done, _ = await asyncio.wait({reversal}, timeout=0.1)
        assert not done
        slow.go.set()
        await reversal
        await until(lambda: len(stage.requests) == 3)
    assert said(stage) == ["buy 1", "sell 1", "sell 1"]


KEYS: list[tuple[dict[str, Any], str]] = [
    ({"collar_percent": "1"}, "SIGNAL_COLLAR"),
    ({"collar_percent": "1", "mode": "target"}, "SIGNAL_COLLAR"),
    ({"max_notional": "150"}, "SCOPE_NOTIONAL"),
    ({"orders_a_minute": 1}, "SCOPE_PACE"),
]


@pytest.mark.parametrize(("key", "code"), KEYS)
async def test_where_the_entry_of_a_reversal_is_refused_its_exit_is_not(tmp_path: Path, key: dict[str, Any], code: str) -> None:
    """It is told, also to its repetition; what follows does not follow, as the strategy is flat."""
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock(), key={**key, "on_gap": "block_entries"}) as sender:
        await sender.send(**OLD, signal_price="100")
        stage.quote = MarketData(symbol="any", bid="97", ask="98")
        answers = [await turn(sender, signal_price="110") for _ in range(2)]
        next_ = await turn(sender, "-2", quantity="1", prev_market_position="short", timenow=MOMENT + 1000)
        assert await sender.hub.positions("main") == []
    for answer in answers:
        content = answer.json()
        assert (answer.status_code, content["status"], content["code"]) == (200, "success", code)
        assert [each["code"] for each in content["denials"]] == [code]
        assert content["result"]["filled_quantity"] == "1"
    assert answers[1].json()["result"]["duplicate"]
    assert next_.json()["code"] == "SIGNAL_GAP"
    assert said(stage) == ["buy 1", "sell 1"]


@pytest.mark.parametrize("key", [{"collar_percent": "1"}, {"max_notional": "1000"}])
async def test_without_a_quote_a_reversal_closes(tmp_path: Path, key: dict[str, Any]) -> None:
    stage, clock = Stage(), HandClock()
    async with alerting(tmp_path, stage, clock=clock, key=key) as sender:
        await sender.send(**OLD, signal_price="100")
        stage.quote = None
        clock.move(10)
        answer = await turn(sender, signal_price="100")
        entry = await sender.send(timenow=MOMENT + 1000, signal_price="100")
    assert (answer.status_code, answer.json()["code"]) == (200, "NO_QUOTE")
    assert entry.status_code == 503
    assert said(stage) == ["buy 1", "sell 1"]


async def test_a_key_that_may_only_reduce_closes_by_a_reversal(tmp_path: Path) -> None:
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock(), key={"reduce_only": True}) as sender:
        await sender.hub.execute_order("main", Order(symbol="BTC/USDT", side="buy", quantity="1", strategy="s"))
        assert (await turn(sender)).json()["code"] == "SCOPE_REDUCE_ONLY"
    assert said(stage) == ["buy 1", "sell 1"]


async def test_a_refused_reversal_closes_what_is_under_way(tmp_path: Path) -> None:
    slow = Held()
    stage = Stage(slow)
    key = {"respond": "accepted", "orders_a_minute": 1}
    async with alerting(tmp_path, stage, clock=HandClock(), key=key) as sender:
        await sender.send(**OLD)
        await slow.reached.wait()
        assert (await turn(sender)).status_code == 202
        slow.go.set()
        await until(lambda: len(stage.requests) == 2)
    assert said(stage) == ["buy 1", "sell 1"]


async def test_a_refused_limit_order_through_zero_closes_nothing(tmp_path: Path) -> None:
    """What is held is not meant to be sold at the market."""
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock(), key={"max_notional": "150"}) as sender:
        await sender.send(timenow=MOMENT - 1000)
        answer = await sender.send(action="sell", quantity="2", order_type="limit", limit_price="200")
    assert (answer.status_code, answer.json()["code"]) == (403, "SCOPE_NOTIONAL")
    assert said(stage) == ["buy 1"]
