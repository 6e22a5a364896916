# SPDX-License-Identifier: MIT
"""What happens between two attempts of an exit: the position goes, the journal or the account does, trading is halted."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fks_exec import Alarm, ClosePosition, ExecutionResult, Fill, Leg, NotSent, OrderRef, VenueAuthError
from fks_exec_hub import ExecutionHub
from fks_exec_hub.journal import Intent, JournalUnavailable, Key
from fks_exec_simulators.desks import Heard
from fks_exec_simulators.stage import ACCOUNT, Stage, buy, configure, filled, hub_on, sell, until

GONE = NotSent("the exchange cannot be reached")


def stop(status: str) -> Leg:
    return Leg(role="stop_loss", status=status, order_id="leg-1", trigger_price="90", quantity="2")  # type: ignore[arg-type]


PROTECTED = ExecutionResult(status="filled", order_id="e-1", filled_quantity="2", average_price="100", legs=[stop("accepted")])


def stop_fills(stage: Stage, quantity: str = "2") -> None:
    fill = Fill(trade_id="t1", quantity=quantity, price="90", leg="stop_loss")
    legs = [stop("filled" if quantity == "2" else "partially_filled")]
    result = ExecutionResult(status="filled", order_id="e-1", filled_quantity="2", average_price="100", fills=[fill], legs=legs)
    stage.publish(OrderRef(order_id="e-1"), result)


def fails_once(hub: ExecutionHub, monkeypatch: pytest.MonkeyPatch, then: Callable[[], None]) -> None:
    """The write of the second attempt's intent fails, 0.2 s after something else has happened."""
    store = type(hub._desks[ACCOUNT].journal)
    real, failed = store.write, list[bool]()

    def write(self: object, *steps: object, **more: object) -> object:
        if not failed and any(isinstance(s, Intent) and s.purpose == "order" and s.attempt == 2 for s in steps):
            failed.append(True)
            then()
            answer = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_later(0.2, answer.set_exception, JournalUnavailable("the disk is full"))
            return answer
        return real(self, *steps, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "write", write)


def lost_during_the_second_decision(hub: ExecutionHub, stage: Stage) -> None:
    account = hub._desks[ACCOUNT].account
    assert account is not None
    real, lost = account.fetch_instrument, list[bool]()

    async def fetch_instrument(symbol: str) -> object:
        found = await real(symbol)
        if len(stage.requests) == 2 and not lost:
            lost.append(True)
            account.on_refused = None
            account._heed(VenueAuthError("revoked"))
        return found

    account.fetch_instrument = fetch_instrument  # type: ignore[method-assign,assignment]


async def attempts(hub: ExecutionHub) -> list[int]:
    recorded = await hub.journal.order(Key(ACCOUNT, "exit"))
    assert recorded is not None
    return [attempt.attempt for attempt in recorded.attempts]


async def test_an_exit_whose_stop_filled_while_its_intent_could_not_be_written_opens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, heard = Stage(PROTECTED, GONE), Heard()
    async with hub_on(stage, configure(tmp_path), heard) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="entry", stop_loss="90"))
        fails_once(hub, monkeypatch, lambda: stop_fills(stage))
        result = await hub.execute_order(ACCOUNT, sell("2", client_order_id="exit"))
        assert (result.status, result.code) == ("not_placed", "NOT_SENT")
        assert len(stage.requests) == 2
        assert await hub.positions(ACCOUNT) == []
        assert await attempts(hub) == [1]
    [alarm] = [alarm for alarm in heard.of(Alarm) if alarm.code == "EXIT_FAILED"]
    assert "attempts" not in alarm.message  # there was one, whatever was to follow


async def test_an_exit_whose_stop_filled_while_the_account_was_lost_opens_nothing(tmp_path: Path) -> None:
    stage, heard = Stage(PROTECTED, GONE), Heard()
    async with hub_on(stage, configure(tmp_path), heard) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="entry", stop_loss="90"))
        lost_during_the_second_decision(hub, stage)
        receipt = await hub.submit(ACCOUNT, sell("2", client_order_id="exit"))
        account = hub._desks[ACCOUNT].account
        assert account is not None
        await until(lambda: bool(account.reason))
        stop_fills(stage)
        await until(lambda: not hub._desks[ACCOUNT].book.positions())
        account.trust()
        assert (await receipt.result()).status == "not_placed"
        assert len(stage.requests) == 2
        assert await hub.positions(ACCOUNT) == []


async def test_an_exit_waits_for_a_lost_account_no_longer_than_its_attempts_may_last(tmp_path: Path) -> None:
    stage, heard = Stage(PROTECTED, GONE), Heard()
    async with hub_on(stage, configure(tmp_path, account={"attempts_within": 0.3}), heard) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="entry", stop_loss="90"))
        lost_during_the_second_decision(hub, stage)
        async with asyncio.timeout(5):
            result = await hub.execute_order(ACCOUNT, sell("2", client_order_id="exit"))
        assert (result.status, result.code) == ("not_placed", "NOT_SENT")
    assert "EXIT_FAILED" in heard.alarms


async def test_an_exit_that_a_halt_ends_is_told(tmp_path: Path) -> None:
    stage, heard = Stage(filled, *[GONE] * 50), Heard()
    async with hub_on(stage, configure(tmp_path), heard) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="entry"))
        receipt = await hub.submit(ACCOUNT, sell("2", client_order_id="exit"))
        await until(lambda: len(stage.requests) == 3)
        await hub.halt(ACCOUNT, "halted", "by hand")
        assert (await receipt.result()).status == "not_placed"
        await until(lambda: "EXIT_FAILED" in heard.alarms)


async def test_what_a_stop_closed_of_an_exit_between_its_attempts_is_not_opened_on_the_other_side(tmp_path: Path) -> None:
    stage = Stage(PROTECTED)

    async def refuse(order: object, submission: object) -> ExecutionResult:
        stop_fills(stage, "1")
        await until(lambda: hub._desks[ACCOUNT].book.positions()[0].quantity == 1)
        raise GONE

    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="entry", stop_loss="90"))
        stage.answers.append(refuse)
        await hub.execute_order(ACCOUNT, sell("2", client_order_id="exit"))
        await until(lambda: not hub._desks[ACCOUNT].book.positions())
        await asyncio.sleep(0.2)
        assert [order.quantity for order, _ in stage.requests] == [2, 2, 1]
        assert await hub.positions(ACCOUNT) == []


@pytest.mark.parametrize("told", ["EXIT_FAILED", "CLOSE_INCOMPLETE"])
async def test_an_exit_whose_host_ended_between_its_attempts_is_told_by_the_next_one(tmp_path: Path, told: str) -> None:
    """A copy of the journal, made in the pause, is what a killed host leaves behind."""
    exit_ = sell("2", client_order_id="exit")
    if told == "CLOSE_INCOMPLETE":
        exit_ = ClosePosition(symbol="BTC/USDT", client_order_id="exit")  # type: ignore[assignment]
    stage, first, left = Stage(filled, *[GONE] * 50), tmp_path / "first", tmp_path / "left"
    first.mkdir()
    async with hub_on(stage, configure(first)) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="entry"))
        await hub.submit(ACCOUNT, exit_)
        await until(lambda: len(stage.requests) == 4)
        await until(lambda: hub._desks[ACCOUNT].live["exit"].over)
        shutil.copytree(first, left)
    heard, later = Heard(), Stage()
    async with hub_on(later, configure(left), heard) as hub:
        await until(lambda: told in heard.alarms)
        assert later.requests == []
        assert "exit" not in hub._desks[ACCOUNT].live
    silent = Heard()
    async with hub_on(Stage(), configure(left), silent):
        await asyncio.sleep(0.1)
    assert told not in silent.alarms
