# SPDX-License-Identifier: MIT
"""Alerts that come too late, too early, or in the wrong order."""

from pathlib import Path

import pytest

from fks_exec_server import KeyConfig
from fks_exec_server.config import AlertConfig
from fks_exec_server.tradingview.windows import refusal_of
from fks_exec_simulators.alerts import MOMENT, alerting
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import Stage

PLAIN = AlertConfig(accounts=("main",))
OLD = {"max_order_age": 86400}
assert issubclass(KeyConfig, AlertConfig)


@pytest.mark.parametrize(
    ("age", "exits", "behind", "code"),
    [
        (0, False, None, None),
        (60, False, None, None),
        (60.001, False, None, "OUTSIDE_WINDOW"),
        (-5, False, None, None),
        (-5.001, False, None, "OUTSIDE_WINDOW"),
        (86400, True, None, None),
        (-86400, True, None, None),
        (10, False, 0, None),
        (10, False, 0.001, "LATE"),
        (10, False, -1, None),
        (10, True, 5, None),
        (60, True, 5, None),
        (60.001, True, 5, "REPLAYED"),
        (86400, True, 0, None),
    ],
)
def test_entries_are_for_their_moment_and_exits_pass(age: float, exits: bool, behind: float | None, code: str | None) -> None:
    time = MOMENT - round(age * 1000)
    newest = None if behind is None else time + round(behind * 1000)
    found = refusal_of(time, exits=exits, newest=newest, now=MOMENT, config=PLAIN)
    assert (found and found.code) == code


def test_an_alert_without_a_time_has_no_age() -> None:
    assert refusal_of(None, exits=False, newest=MOMENT, now=MOMENT, config=PLAIN) is None


async def test_a_buy_that_comes_after_the_later_sell_is_late_and_its_id_unspent(tmp_path: Path) -> None:
    stage, clock = Stage(), HandClock()
    async with alerting(tmp_path, stage, clock=clock) as sender:
        await sender.send(timenow=MOMENT - 4000)
        await sender.send(timenow=MOMENT - 1000, action="close", quantity=None)
        late = await sender.send(timenow=MOMENT - 2000)
        assert (late.status_code, late.json()["code"], late.json()["status"]) == (422, "LATE", "failed")
        assert late.json()["client_order_id"] is None
        assert len(await sender.hub.orders()) == 2
    assert [order.side for order, _ in stage.requests] == ["buy", "sell"]


async def test_what_is_late_is_known_after_a_restart(tmp_path: Path) -> None:
    stage, clock = Stage(), HandClock()
    async with alerting(tmp_path, stage, clock=clock) as sender:
        await sender.send(timenow=MOMENT - 1000)
    async with alerting(tmp_path, stage, clock=clock) as sender:
        late = await sender.send(timenow=MOMENT - 2000, id="one")
        assert late.json()["code"] == "LATE"
        again = await sender.send(timenow=MOMENT - 1000)
        assert (again.status_code, again.json()["result"]["duplicate"]) == (200, True)
    assert len(stage.requests) == 1


async def test_a_late_exit_is_executed(tmp_path: Path) -> None:
    """What it leaves open costs more than a close too many."""
    stage, clock = Stage(), HandClock()
    async with alerting(tmp_path, stage, clock=clock) as sender:
        await sender.send(timenow=MOMENT - 1000)
        exit_ = await sender.send(timenow=MOMENT - 2000, action="sell", market_position="flat")
    assert exit_.json()["result"]["status"] == "filled"
    assert [order.side for order, _ in stage.requests] == ["buy", "sell"]


async def test_a_late_plain_sell_of_what_is_held_is_an_exit_and_one_of_more_is_not(tmp_path: Path) -> None:
    """An alert that does not say its position is judged by what its strategy holds."""
    stage, clock = Stage(), HandClock()
    async with alerting(tmp_path, stage, clock=clock) as sender:
        await sender.send(timenow=MOMENT - 1000)
        more = await sender.send(timenow=MOMENT - 2000, action="sell", quantity="1.5")
        other = await sender.send(timenow=MOMENT - 2000, action="sell", strategy="other")
        held = await sender.send(timenow=MOMENT - 2000, action="sell")
    assert (more.json()["code"], held.status_code) == ("LATE", 200)
    assert other.json()["code"] == "NOT_ITS_OWN"  # the first alert of its strategy is not late; it holds nothing to sell


async def test_signals_of_one_second_are_taken_in_any_order(tmp_path: Path) -> None:
    """TradingView counts no finer."""
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        answers = [await sender.send(quantity=str(number)) for number in (1, 2, 3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert len(stage.requests) == 3


async def test_strategies_instruments_and_accounts_are_late_each_for_itself(tmp_path: Path) -> None:
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock(), accounts=("one", "two")) as sender:
        first = {"strategy": "s", "symbol": "BTCUSDT", "account": "one"}
        await sender.send(**first)
        for other in ({"strategy": "t"}, {"symbol": "ETHUSDT"}, {"account": "two"}):
            answer = await sender.send(**{**first, **other}, timenow=MOMENT - 2000)
            assert answer.status_code == 200, other
        same = await sender.send(**{**first, "symbol": "BTC/USDT"}, timenow=MOMENT - 2000)
        assert same.json()["code"] == "LATE"  # another spelling is the same instrument


async def test_an_entry_outside_the_window_is_refused_and_an_exit_is_not(tmp_path: Path) -> None:
    stage, clock = Stage(), HandClock()
    async with alerting(tmp_path, stage, clock=clock, account=OLD) as sender:
        await sender.send()
        clock.move(100)
        entry, exit_ = await sender.send(quantity="2"), await sender.send(action="close", quantity=None)
        ahead = await sender.send(timenow=MOMENT + 106_000)
    assert (entry.status_code, entry.json()["code"], ahead.json()["code"]) == (422, "OUTSIDE_WINDOW", "OUTSIDE_WINDOW")
    assert exit_.json()["result"]["status"] == "filled"
    assert [order.side for order, _ in stage.requests] == ["buy", "sell"]


async def test_the_window_is_the_keys_own(tmp_path: Path) -> None:
    clock = HandClock()
    async with alerting(tmp_path, Stage(), clock=clock, account=OLD, key={"max_age": 200}) as sender:
        clock.move(150)
        assert (await sender.send()).status_code == 200
        clock.move(51)
        assert (await sender.send(quantity="2")).json()["code"] == "OUTSIDE_WINDOW"


async def test_an_old_exit_whose_strategy_has_signalled_since_is_replayed(tmp_path: Path) -> None:
    """What it would close is another position."""
    stage, clock = Stage(), HandClock()
    async with alerting(tmp_path, stage, clock=clock) as sender:
        clock.move(100)
        await sender.send(timenow=MOMENT + 100_000)
        replayed = await sender.send(action="close", quantity=None)
    assert (replayed.status_code, replayed.json()["code"]) == (422, "REPLAYED")
    assert len(stage.requests) == 1


async def test_an_alert_is_answered_by_its_id_however_old_it_is(tmp_path: Path) -> None:
    """Dedup for ever: after a year and a restart it is the same order, and not a late one."""
    stage, clock = Stage(), HandClock()
    async with alerting(tmp_path, stage, clock=clock) as sender:
        first = await sender.send()
        await sender.send(timenow=MOMENT + 1000)
    clock.move(365 * 86400)
    async with alerting(tmp_path, stage, clock=clock) as sender:
        again = await sender.send()
    assert (again.status_code, again.json()["result"]["duplicate"]) == (200, True)
    assert again.json()["client_order_id"] == first.json()["client_order_id"]
    assert len(stage.requests) == 2


@pytest.mark.parametrize("restart", [False, True])
async def test_an_exit_of_a_clock_that_is_wrong_makes_nothing_late(tmp_path: Path, restart: bool) -> None:
    """It passes, but its moment is not believed; sent again it is the same exit."""
    stage, clock = Stage(), HandClock()
    far: dict[str, object] = {"action": "close", "quantity": None, "timenow": "2099-01-01T00:00:00Z"}
    async with alerting(tmp_path, stage, clock=clock) as sender:
        await sender.send(timenow=MOMENT - 2000)
        first = await sender.send(**far)
        if not restart:
            entry, again = await sender.send(), await sender.send(**far)
            late = await sender.send(timenow=MOMENT - 1000)
    if restart:
        async with alerting(tmp_path, stage, clock=clock) as sender:
            entry, again = await sender.send(), await sender.send(**far)
            late = await sender.send(timenow=MOMENT - 1000)
    assert [answer.json()["result"]["status"] for answer in (first, entry)] == ["filled", "filled"]
    assert (again.json()["result"]["duplicate"], again.json()["client_order_id"]) == (True, first.json()["client_order_id"])
    assert late.json()["code"] == "LATE"
    assert [order.side for order, _ in stage.requests] == ["buy", "sell", "buy"]


async def test_an_exit_that_was_ahead_is_known_again_when_its_moment_has_come(tmp_path: Path) -> None:
    """Its repetition is answered, and not judged by what was signalled since."""
    stage, clock = Stage(), HandClock()
    ahead: dict[str, object] = {"action": "sell", "prev_market_position": "long", "timenow": MOMENT + 20_000}
    async with alerting(tmp_path, stage, clock=clock, key={"on_gap": "block_entries"}) as sender:
        await sender.send(market_position="long")
        await sender.send(**ahead)
        clock.move(20)
        await sender.send(action="sell", timenow=MOMENT + 19_000, market_position="short")
        again = await sender.send(**ahead)
    assert (again.status_code, again.json()["result"]["duplicate"]) == (200, True)
    assert [order.side for order, _ in stage.requests] == ["buy", "sell", "sell"]
