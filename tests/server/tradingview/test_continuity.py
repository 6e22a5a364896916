# SPDX-License-Identifier: MIT
"""Alerts that do not follow from the one before them: what is told, and what becomes of them."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import evolve

from fks_exec import Order
from fks_exec_simulators.alerts import MOMENT, Alarms, Sender, alerting
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import CAPABILITIES, Stage, until


async def signal(sender: Sender, at: int, before: str, after: str, size: str | None = "1", **more: Any) -> httpx.Response:
    """A strategy's alert, so many seconds after the first; 1 BTC is what it trades, 2 where it turns round."""
    buys = after == "long" or (before, after) == ("short", "flat")
    fields = {"prev_market_position": before, "market_position": after, "position_size": size}
    quantity = "2" if {before, after} == {"long", "short"} else "1"
    side = "buy" if buys else "sell"
    return await sender.send(**{**fields, "action": side, "quantity": quantity, "timenow": MOMENT + at * 1000, **more})


def said(stage: Stage) -> list[str]:
    return [f"{order.side} {order.quantity}" for order, _ in stage.requests]


async def test_alerts_that_follow_one_another_raise_no_alarm(tmp_path: Path) -> None:
    stage, alarms = Stage(), Alarms()
    async with alerting(tmp_path, stage, alarms, clock=HandClock()) as sender:
        for at, (before, after) in enumerate([("flat", "long"), ("long", "short"), ("short", "flat"), ("flat", "long")]):
            await signal(sender, at, before, after)
        await signal(sender, 0, "flat", "long", symbol="ETHUSDT")
        await signal(sender, 0, "flat", "long", strategy="other")
    assert alarms.codes == []
    assert said(stage)[:4] == ["buy 1", "sell 1", "sell 1", "buy 1"]  # the turn is two orders, through zero


@pytest.mark.parametrize("restart", [False, True])
async def test_a_missing_alert_raises_an_alarm_and_is_taken(tmp_path: Path, restart: bool) -> None:
    stage, alarms = Stage(), Alarms()
    async with alerting(tmp_path, stage, alarms, clock=HandClock()) as sender:
        await signal(sender, 0, "flat", "long")
        if not restart:
            await signal(sender, 2, "flat", "long")  # its exit is missing
            await until(lambda: alarms.codes)
    if restart:
        async with alerting(tmp_path, stage, alarms, clock=HandClock()) as sender:
            await signal(sender, 2, "flat", "long")
            await until(lambda: alarms.codes)
    assert alarms.codes == ["SIGNAL_GAP"]
    assert said(stage) == ["buy 1", "buy 1"]


async def test_an_alert_that_was_overtaken_is_no_gap_itself(tmp_path: Path) -> None:
    """The one that overtook it was told already."""
    alarms = Alarms()
    async with alerting(tmp_path, Stage(), alarms, clock=HandClock()) as sender:
        await signal(sender, 0, "flat", "long")
        await signal(sender, 2, "flat", "short")
        await signal(sender, 1, "long", "flat")
        await signal(sender, 3, "short", "flat")
    assert alarms.codes == ["SIGNAL_GAP"]


async def test_a_repetition_is_no_gap(tmp_path: Path) -> None:
    alarms, stage = Alarms(), Stage()
    async with alerting(tmp_path, stage, alarms, clock=HandClock()) as sender:
        for _ in range(3):
            assert (await signal(sender, 0, "flat", "long")).status_code == 200
    assert (alarms.codes, len(stage.requests)) == ([], 1)


async def test_blocked_entries_wait_until_the_strategy_is_flat(tmp_path: Path) -> None:
    """Also after a restart; exits pass."""
    stage, clock, key = Stage(), HandClock(), {"on_gap": "block_entries"}
    async with alerting(tmp_path, stage, clock=clock, key=key) as sender:
        await signal(sender, 0, "flat", "long")
        refused = await signal(sender, 2, "flat", "long")
        assert (refused.status_code, refused.json()["code"]) == (422, "SIGNAL_GAP")
    async with alerting(tmp_path, stage, clock=clock, key=key) as sender:
        more = await signal(sender, 3, "long", "long", "2")
        assert more.json()["code"] == "SIGNAL_GAP"
        assert (await signal(sender, 4, "long", "flat")).status_code == 200
        assert (await signal(sender, 5, "flat", "short")).status_code == 200
    assert said(stage) == ["buy 1", "sell 1", "sell 1"]


async def test_a_reversal_while_entries_are_blocked_only_closes(tmp_path: Path) -> None:
    """The same alert sent again is the same close."""
    stage, key = Stage(), {"on_gap": "block_entries"}
    async with alerting(tmp_path, stage, clock=HandClock(), key=key) as sender:
        await signal(sender, 0, "flat", "long")
        await signal(sender, 2, "flat", "long")
        answers = [await signal(sender, 3, "long", "short") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200] * 3
        assert (await signal(sender, 4, "short", "long")).status_code == 422  # there is nothing to close
    assert said(stage) == ["buy 1", "sell 1"]


@pytest.mark.parametrize("fields", [{"action": "close", "quantity": None}, {"action": "target", "quantity": "0"}])
async def test_a_close_that_does_not_say_its_position_leaves_the_strategy_flat(tmp_path: Path, fields: dict[str, Any]) -> None:
    """It releases the entries, and the next alert is to follow on flat."""
    stage, key = Stage(), {"on_gap": "block_entries"}
    async with alerting(tmp_path, stage, clock=HandClock(), key=key) as sender:
        await signal(sender, 0, "flat", "long")
        assert (await signal(sender, 2, "flat", "long")).json()["code"] == "SIGNAL_GAP"
        await sender.send(timenow=MOMENT + 3000, **fields)
        assert (await signal(sender, 4, "flat", "long")).status_code == 200
        await sender.send(timenow=MOMENT + 4500, **fields)
        assert (await signal(sender, 5, "long", "long", "2")).json()["code"] == "SIGNAL_GAP"
    assert said(stage) == ["buy 1", "sell 1", "buy 1", "sell 1"]


@pytest.mark.parametrize("restart", [False, True])
async def test_an_entry_that_comes_after_its_own_exit_of_the_same_second_is_late(tmp_path: Path, restart: bool) -> None:
    """The exit said which position it left, and nothing had led there."""
    stage, clock = Stage(), HandClock()
    async with alerting(tmp_path, stage, clock=clock) as sender:
        await signal(sender, 0, "flat", "long")
        await signal(sender, 1, "long", "flat")
        await signal(sender, 3, "long", "flat")
        if not restart:
            late = await signal(sender, 3, "flat", "long")
            other = await signal(sender, 3, "flat", "short")
    if restart:
        async with alerting(tmp_path, stage, clock=clock) as sender:
            late = await signal(sender, 3, "flat", "long")
            other = await signal(sender, 3, "flat", "short")
    assert (late.status_code, late.json()["code"]) == (422, "LATE")
    assert other.status_code == 200
    assert said(stage) == ["buy 1", "sell 1", "sell 1"]


async def test_resync_brings_the_position_to_what_the_strategy_holds(tmp_path: Path) -> None:
    """Its own order would add to what a lost exit has left."""
    stage, key = Stage(), {"on_gap": "resync"}
    async with alerting(tmp_path, stage, clock=HandClock(), key=key) as sender:
        await signal(sender, 0, "flat", "long")
        answers = [await signal(sender, 2, "flat", "long", "3", quantity="3") for _ in range(2)]
        assert [answer.json()["result"]["status"] for answer in answers] == ["filled", "filled"]
        [held] = await sender.hub.positions("main")
        assert held.quantity == 3
    assert said(stage) == ["buy 1", "buy 2"]


async def test_resync_without_a_size_refuses_the_entry(tmp_path: Path) -> None:
    stage, key = Stage(), {"on_gap": "resync"}
    async with alerting(tmp_path, stage, clock=HandClock(), key=key) as sender:
        await signal(sender, 0, "flat", "long")
        refused = await signal(sender, 2, "flat", "long", None)
        assert (refused.status_code, refused.json()["code"]) == (422, "SIGNAL_GAP")
        assert "position_size" in refused.json()["message"]
        assert (await signal(sender, 3, "flat", "flat", None, action="sell")).status_code == 200
    assert said(stage) == ["buy 1", "sell 1"]


async def test_target_mode_reconciles_what_was_missed(tmp_path: Path) -> None:
    stage, key = Stage(), {"mode": "target"}
    async with alerting(tmp_path, stage, clock=HandClock(), key=key) as sender:
        await signal(sender, 0, "flat", "long")
        await signal(sender, 2, "flat", "long", "3", quantity="3")  # its exit is missing
        await signal(sender, 3, "long", "short", "-1")
        [held] = await sender.hub.positions("main")
        assert held.quantity == -1
    orders: list[Order] = [order for order, _ in stage.requests]
    assert sum(order.quantity * order.side.sign for order in orders) == -1


async def test_a_repeated_buy_after_a_later_sell_does_not_reopen_in_target_mode(tmp_path: Path) -> None:
    stage, key = Stage(), {"mode": "target"}
    async with alerting(tmp_path, stage, clock=HandClock(), key=key) as sender:
        await signal(sender, 0, "flat", "long")
        await signal(sender, 2, "long", "flat")
        late = await signal(sender, 1, "long", "long", "2")
    assert late.json()["code"] == "LATE"
    assert said(stage) == ["buy 1", "sell 1"]


@pytest.mark.parametrize("stop", [None, "1"])
async def test_a_part_of_an_exit_opens_nothing_where_the_stop_was_hit_before(tmp_path: Path, stop: str | None) -> None:
    """A strategy that sells and stays long: the venue is told that it may only reduce."""
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        await signal(sender, 0, "flat", "long", "2", quantity="2")
        for _ in range(2):
            answer = await signal(sender, 1, "long", "long", stop_loss=stop, quantity="1", action="sell")
            assert answer.status_code == 200
    [_, (order, _)] = stage.requests
    assert (order.side, order.reduce_only, order.stop_loss) == ("sell", True, None)


async def test_a_part_of_an_exit_is_plain_where_the_venue_knows_no_reduce_only(tmp_path: Path) -> None:
    stage = Stage(capabilities=evolve(CAPABILITIES, reduce_only=False))
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        await signal(sender, 0, "flat", "long", "2", quantity="2")
        assert (await signal(sender, 1, "long", "long", quantity="1", action="sell")).status_code == 200
    assert said(stage) == ["buy 2", "sell 1"]
    assert not any(order.reduce_only for order, _ in stage.requests)


@pytest.mark.parametrize("mode", ["order", "target"])
async def test_a_reversal_that_is_too_old_closes_and_opens_nothing(tmp_path: Path, mode: str) -> None:
    """What it leaves open is not wanted any more; the next alert does not follow, as nothing was opened."""
    stage, clock, alarms = Stage(), HandClock(), Alarms()
    async with alerting(tmp_path, stage, alarms, clock=clock, key={"on_gap": "block_entries", "mode": mode}) as sender:
        await signal(sender, 0, "flat", "long")
        clock.move(100)
        for _ in range(2):
            assert (await signal(sender, 10, "long", "short")).json()["result"]["status"] == "filled"
        more = await signal(sender, 99, "short", "short", "2")
    assert (more.status_code, more.json()["code"]) == (422, "SIGNAL_GAP")
    assert said(stage) == ["buy 1", "sell 1"]


async def test_an_old_reversal_that_was_overtaken_or_has_nothing_to_close_is_refused(tmp_path: Path) -> None:
    stage, clock = Stage(), HandClock()
    async with alerting(tmp_path, stage, clock=clock) as sender:
        clock.move(100)
        nothing = await signal(sender, 1, "long", "short")
        await signal(sender, 99, "flat", "long")
        overtaken = await signal(sender, 10, "long", "short")
        await signal(sender, 99, "flat", "long", strategy="t")
        assert said(stage) == ["buy 1", "buy 1"]
    assert [answer.json()["code"] for answer in (nothing, overtaken)] == ["OUTSIDE_WINDOW"] * 2
