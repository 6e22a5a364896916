# SPDX-License-Identifier: MIT
"""What a key's limits do to alerts: nothing to what can only reduce, and who may not trade an instrument leaves no trace."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from fks_exec import ExecutionResult, Instrument, Order
from fks_exec_simulators.alerts import MOMENT, Alarms, Sender, alerting
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import CAPABILITIES, Held, Stage, accepted, filled

LIMITS: list[dict[str, Any]] = [{"max_notional": "250"}, {"orders_a_minute": 1}, {"reduce_only": True}]
PART = {"action": "sell", "market_position": "long", "prev_market_position": "long"}


def plain_stage() -> Stage:
    """A venue that knows no reduce-only."""
    return Stage(capabilities=evolve(CAPABILITIES, reduce_only=False))


def perpetual(symbol: str) -> Instrument:
    """Strategies share its position at the venue, and any of them may be short."""
    return Instrument(symbol=symbol, base="BTC", quote="USDT", kind="linear", quantity_step="0.01")


async def bought(sender: Sender, quantity: str = "5") -> None:
    order = Order(symbol="BTC/USDT", side="buy", quantity=quantity, strategy="s")
    assert (await sender.hub.execute_order("main", order)).success


def said(stage: Stage) -> list[str]:
    return [f"{order.side} {order.quantity}" for order, _ in stage.requests]


@pytest.mark.parametrize("key", LIMITS)
@pytest.mark.parametrize("fields", [PART, {"action": "sell"}])
async def test_what_is_covered_by_what_is_held_has_no_limit(
    tmp_path: Path, key: dict[str, Any], fields: dict[str, str]
) -> None:
    """Also where no venue keeps it from opening a position. Its repetition is answered."""
    stage = plain_stage()
    async with alerting(tmp_path, stage, clock=HandClock(), key=key) as sender:
        await bought(sender)
        for number in ("1", "2"):
            assert (await sender.send(**fields, quantity="2.4", order_id=number)).json()["code"] is None
        again = await sender.send(**fields, quantity="2.4", order_id="1")
    assert again.json()["result"]["duplicate"] is True
    assert said(stage) == ["buy 5", "sell 2.4", "sell 2.4"]


async def test_an_exit_past_a_limit_is_held_to_reducing_by_the_venue_that_can(tmp_path: Path) -> None:
    """What is held may be sold by something else before its turn comes."""
    slow = Held(lambda order, submission: ExecutionResult(status="rejected"))
    stage = Stage(filled, slow)
    stage.instrument = perpetual
    async with alerting(tmp_path, stage, clock=HandClock(), key={"reduce_only": True}) as sender:
        await bought(sender)
        await sender.hub.submit("main", Order(symbol="BTC/USDT", side="buy", quantity="9", strategy="t"))
        await slow.reached.wait()
        await sender.hub.submit("main", Order(symbol="BTC/USDT", side="sell", quantity="5", strategy="s"))
        exit_ = asyncio.create_task(sender.send(action="sell", quantity="3"))
        done, _ = await asyncio.wait({exit_}, timeout=0.3)
        assert not done  # it waits in the lane
        slow.go.set()
        await exit_
    assert said(stage)[:3] == ["buy 5", "buy 9", "sell 5"]
    assert all(order.reduce_only for order, _ in stage.requests[3:])


@pytest.mark.parametrize(
    "fields", [{"order_type": "limit", "limit_price": "120"}, {"unit": "quote", "quantity": "300", **PART}]
)
async def test_what_may_come_to_open_something_has_its_limits(tmp_path: Path, fields: dict[str, str]) -> None:
    """A second one that rests beside it would sell what the first one sold."""
    stage = Stage(capabilities=evolve(CAPABILITIES, reduce_only=False))
    async with alerting(tmp_path, stage, clock=HandClock(), key={"max_notional": "250"}) as sender:
        await bought(sender)
        stage.answers.append(accepted)
        refused = await sender.send(**{"action": "sell", "quantity": "5", **fields})
    assert (refused.status_code, refused.json()["code"]) == (403, "SCOPE_NOTIONAL")
    assert said(stage) == ["buy 5"]


async def test_an_exit_beside_one_that_is_under_way_has_its_limits(tmp_path: Path) -> None:
    """What the first one sells the second one would sell again."""
    slow = Held()
    stage = Stage(filled, slow, capabilities=evolve(CAPABILITIES, reduce_only=False))
    async with alerting(tmp_path, stage, clock=HandClock(), key={"reduce_only": True}) as sender:
        await bought(sender)
        first = asyncio.create_task(sender.send(action="sell", quantity="4"))
        await slow.reached.wait()
        second = await sender.send(action="sell", quantity="4", order_id="second")
        slow.go.set()
        await first
    assert second.json()["code"] == "SCOPE_REDUCE_ONLY"
    assert said(stage) == ["buy 5", "sell 4"]


@pytest.mark.parametrize("key", [{}, {"on_gap": "block_entries"}, {"orders_a_minute": 1}, {"collar_percent": "1"}])
async def test_a_target_below_what_is_held_is_an_exit(tmp_path: Path, key: dict[str, Any]) -> None:
    """However old it is, whatever is missing before it, however far the market went."""
    stage, clock = Stage(), HandClock()
    long = {"market_position": "long", "position_size": "3", "quantity": "3", "prev_market_position": "flat"}
    async with alerting(tmp_path, stage, clock=clock, key={**key, "mode": "target"}) as sender:
        await sender.send(**long, timenow=MOMENT, signal_price="100")
        clock.move(70)
        less = await sender.send(**PART, position_size="1", timenow=MOMENT + 1000, signal_price="200")
        clock.move(70)
        more = await sender.send(**{**long, "position_size": "2"}, timenow=MOMENT + 2000)
        [held] = await sender.hub.positions("main")
    assert less.json()["result"]["status"] == "filled"
    assert more.json()["code"] == "OUTSIDE_WINDOW"
    assert held.quantity == 1
    assert said(stage) == ["buy 3", "sell 2"]


@pytest.mark.parametrize("key", [{"symbols": ["ETH/USDT"]}, {"sides": ["buy"]}, {"order_types": ["limit"]}])
async def test_an_alert_that_its_key_may_not_send_says_nothing_of_the_strategy(tmp_path: Path, key: dict[str, Any]) -> None:
    """It holds back no entry of another key, makes none late, and raises no alarm."""
    stage, clock, alarms = Stage(), HandClock(), Alarms()
    follows = {"market_position": "long", "prev_market_position": "flat"}
    async with alerting(tmp_path, stage, alarms, clock=clock, key={"on_gap": "block_entries"}) as sender:
        await sender.send(**follows)
    async with alerting(tmp_path, stage, alarms, clock=clock, key={**key, "on_gap": "block_entries"}) as sender:
        gap = {"action": "sell", "market_position": "short", "prev_market_position": "flat", "timenow": MOMENT + 4000}
        assert (await sender.send(**gap)).status_code == 403
        turn = await sender.send(**{**gap, "prev_market_position": "long", "strategy": "t"})
        assert turn.json()["code"].startswith("SCOPE_")  # and nothing of what is held
    async with alerting(tmp_path, stage, alarms, clock=clock, key={"on_gap": "block_entries"}) as sender:
        assert (await sender.send(**{**follows, "prev_market_position": "long"}, timenow=MOMENT + 1000)).status_code == 200
    assert alarms.codes == []
    assert said(stage) == ["buy 1", "buy 1"]
