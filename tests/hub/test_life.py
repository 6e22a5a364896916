# SPDX-License-Identifier: MIT
"""The life of one order: what is durable before what, what an outcome proves, what a lane refuses."""

import ast
import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import pytest

import fks_exec
import fks_exec_hub
from fks_exec import (
    Capabilities,
    ClosePosition,
    ExecutionResult,
    Fill,
    Instrument,
    NotSent,
    Order,
    OrderRef,
    Status,
    VenueClosed,
    VenueRateLimited,
    VenueRejected,
)
from fks_exec_hub.journal import JournalUnavailable, JournalUncertain, Key
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.disk import DiskJournals, FaultyDisk, io_error
from fks_exec_simulators.stage import ACCOUNT, Held, Stage, accepted, buy, configure, filled, hub_on, sell, until


@pytest.fixture
def disk() -> Iterator[FaultyDisk]:
    disk = FaultyDisk("life")
    yield disk
    disk.unregister()


@asynccontextmanager
async def on_disk(stage: Stage, folder: Path, disk: FaultyDisk) -> AsyncIterator[fks_exec_hub.ExecutionHub]:
    """A hub whose disk is well again when the test ends, so that it can close."""
    async with hub_on(stage, configure(folder, journal="disk:j.db"), DiskJournals(disk)) as hub:
        try:
            yield hub
        finally:
            disk.on_write = disk.on_sync = None
            disk.gate.set()


async def test_an_order_is_acknowledged_only_when_it_is_durable(tmp_path: Path, disk: FaultyDisk) -> None:
    stage = Stage()
    async with on_disk(stage, tmp_path, disk) as hub:
        disk.gate.clear()
        task = asyncio.create_task(hub.submit(ACCOUNT, buy()))
        await asyncio.sleep(0.05)
        assert not task.done()
        assert stage.requests == []
        disk.gate.set()
        await (await task).result()
    assert len(stage.requests) == 1


async def test_the_place_in_the_lane_is_taken_before_the_write_is_durable(tmp_path: Path, disk: FaultyDisk) -> None:
    async with on_disk(Stage(), tmp_path, disk) as hub:
        disk.gate.clear()
        task = asyncio.create_task(hub.submit(ACCOUNT, buy()))
        await asyncio.sleep(0.02)
        assert not hub._intake._lanes[ACCOUNT, "BTC/USDT"].idle
        disk.gate.set()
        await (await task).result()


async def test_the_venue_is_called_only_after_the_intent_is_durable(tmp_path: Path, disk: FaultyDisk) -> None:
    stage = Stage()
    async with on_disk(stage, tmp_path, disk) as hub:
        receipt = await hub.submit(ACCOUNT, buy())
        disk.gate.clear()  # the lane has not begun: it is woken by the commit that acknowledged
        await asyncio.sleep(0.05)
        assert stage.requests == []
        disk.gate.set()
        await receipt.result()
    assert len(stage.requests) == 1


async def test_the_outcome_is_durable_before_anyone_is_told(tmp_path: Path, disk: FaultyDisk) -> None:
    held = Held()
    async with on_disk(Stage(held), tmp_path, disk) as hub:
        receipt = await hub.submit(ACCOUNT, buy(client_order_id="a"))
        await held.reached.wait()
        disk.gate.clear()
        held.go.set()
        with pytest.raises(TimeoutError):
            await receipt.result(timeout=0.05)
        recorded = await hub.journal.order(Key(ACCOUNT, "a"))
        assert recorded is not None
        assert recorded.status == "pending"
        disk.gate.set()
        assert (await receipt.result()).status == "filled"


async def test_cancelling_the_caller_loses_only_the_answer(tmp_path: Path, disk: FaultyDisk) -> None:
    stage = Stage()
    async with on_disk(stage, tmp_path, disk) as hub:
        disk.gate.clear()
        task = asyncio.create_task(hub.execute_order(ACCOUNT, buy(client_order_id="a")))
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.wait({task})
        await asyncio.sleep(0)
        assert hub.status()[0].ready  # the write goes on; nothing has to be repaired
        disk.gate.set()
        await until(lambda: stage.requests)
        result = await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
    assert (result.status, result.duplicate) == ("filled", True)
    assert len(stage.requests) == 1


async def test_a_journal_that_cannot_write_accepts_nothing_and_sends_nothing(tmp_path: Path, disk: FaultyDisk) -> None:
    stage = Stage()
    async with on_disk(stage, tmp_path, disk) as hub:
        disk.on_write = apsw.FullError("simulated")
        with pytest.raises(JournalUnavailable):
            await hub.submit(ACCOUNT, buy(client_order_id="a"))
        assert stage.requests == []
        disk.on_write = None
        await until(lambda: hub.status()[0].ready)
        assert (await hub.execute_order(ACCOUNT, buy(client_order_id="a"))).status == "filled"
    assert len(stage.requests) == 1


async def test_after_an_input_output_error_the_account_is_claimed_again_by_itself(tmp_path: Path, disk: FaultyDisk) -> None:
    stage = Stage()
    async with on_disk(stage, tmp_path, disk) as hub:
        disk.on_sync = io_error(apsw.SQLITE_IOERR_FSYNC)
        with pytest.raises(JournalUncertain):
            await hub.submit(ACCOUNT, buy(client_order_id="a"))
        await until(lambda: not hub.status()[0].ready)
        assert "cannot be written" in hub.status()[0].reason
        disk.on_sync = None
        await until(lambda: hub.status()[0].ready)
        assert (await hub.execute_order(ACCOUNT, buy(client_order_id="a"))).status == "filled"
    assert len(stage.requests) == 1


async def test_an_intent_that_cannot_be_written_is_not_sent_until_it_can(tmp_path: Path, disk: FaultyDisk) -> None:
    stage = Stage()
    async with on_disk(stage, tmp_path, disk) as hub:
        receipt = await hub.submit(ACCOUNT, buy(client_order_id="a"))
        disk.on_write = apsw.FullError("simulated")
        with pytest.raises(TimeoutError):
            await receipt.result(timeout=0.25)
        assert stage.requests == []
        disk.on_write = None
        assert (await receipt.result(timeout=5)).status == "filled"
    assert len(stage.requests) == 1


async def test_an_outcome_that_cannot_be_written_says_so_and_stops_the_account_until_it_is(
    tmp_path: Path, disk: FaultyDisk
) -> None:
    held = Held()
    stage = Stage(held)
    async with on_disk(stage, tmp_path, disk) as hub:
        receipt = await hub.submit(ACCOUNT, buy(client_order_id="a"))
        await held.reached.wait()
        disk.on_write = apsw.FullError("simulated")
        held.go.set()
        result = await receipt.result(timeout=5)
        assert (result.status, result.code) == ("filled", "NOT_RECORDED")
        assert not hub.status()[0].ready
        with pytest.raises(fks_exec.AccountNotReady):
            await hub.submit(ACCOUNT, buy(client_order_id="b"))
        disk.on_write = None
        await until(lambda: hub.status()[0].ready)
        recorded = await hub.journal.order(Key(ACCOUNT, "a"))
        assert recorded is not None
        assert recorded.status == "filled"
        assert [p.quantity for p in await hub.positions(ACCOUNT)] == [1]
    async with on_disk(stage, tmp_path, disk) as hub:
        assert [p.quantity for p in await hub.positions(ACCOUNT)] == [1]
    assert len(stage.requests) == 1


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (VenueRejected("no funds", code="FUNDS"), "rejected", "FUNDS"),
        (VenueClosed("weekend"), "rejected", "CLOSED"),
        (NotSent("refused connection"), "not_placed", "NOT_SENT"),
        (VenueRateLimited("slow down", retry_after=3), "not_placed", "RATE_LIMITED"),
        (ConnectionResetError("secret=hunter2"), "unknown", "UNKNOWN"),
        (None, "unknown", "NO_ANSWER"),
        (ExecutionResult(status="pending"), "unknown", "NO_ANSWER"),
        (accepted, "accepted", None),
        (filled, "filled", None),
    ],
)
async def test_what_the_venue_says_is_recorded_as_what_it_proves(
    tmp_path: Path, answer: object, status: str, code: str | None
) -> None:
    stage = Stage(answer)  # type: ignore[arg-type]
    async with hub_on(stage, configure(tmp_path)) as hub:
        result = await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        recorded = await hub.journal.order(Key(ACCOUNT, "a"))
    assert (result.status, result.code) == (status, code)
    assert recorded is not None
    assert (recorded.status, len(recorded.attempts)) == (status, 1)
    assert "hunter2" not in str(result)
    assert len(stage.requests) == 1


async def test_a_deadline_is_unknown_and_the_lane_then_refuses_entries_but_not_other_lanes(tmp_path: Path) -> None:
    held = Held()
    stage = Stage(held)
    async with hub_on(stage, configure(tmp_path, account={"deadline": 0.05})) as hub:
        first = await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        second = await hub.execute_order(ACCOUNT, buy(client_order_id="b"))
        other = await hub.execute_order(ACCOUNT, buy(symbol="ETH/USDT"))
    assert (first.status, first.code) == ("unknown", "DEADLINE")
    assert (second.status, second.code) == ("denied", "UNRESOLVED_ORDER")
    assert "orders resolve a" in second.denials[0].message
    assert other.status == "filled"
    assert stage.symbols == ["BTC/USDT", "ETH/USDT"]


async def test_beside_an_unknown_order_an_exit_passes_reduce_only_where_the_venue_enforces_it(tmp_path: Path) -> None:
    stage = Stage(filled, ConnectionResetError())
    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        assert (await hub.execute_order(ACCOUNT, buy("1"))).status == "unknown"
        result = await hub.execute_order(ACCOUNT, sell("2"))
    assert result.status == "filled"
    assert stage.requests[-1][0].reduce_only


async def test_beside_an_unknown_order_an_exit_waits_where_the_venue_does_not_enforce_reduce_only(tmp_path: Path) -> None:
    stage = Stage(filled, ConnectionResetError(), capabilities=Capabilities(abilities=Stage().capabilities.abilities))
    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        await hub.execute_order(ACCOUNT, buy("1", client_order_id="a"))
        exit_ = await hub.submit(ACCOUNT, sell("1"))
        with pytest.raises(TimeoutError):
            await exit_.result(0.2)
        assert len(stage.requests) == 2
        stage.publish(OrderRef(client_order_id="a"), ExecutionResult(status="canceled"))
        assert (await exit_.result()).status == "filled"


async def test_an_entry_older_than_its_limit_is_stale_and_a_resting_limit_of_a_program_is_not(tmp_path: Path) -> None:
    clock, stage = HandClock(), Stage()
    old = clock.now() - 31_000
    limit = Order(symbol="BTC/USDT", side="buy", quantity="1", order_type="limit", price="90")
    async with hub_on(stage, configure(tmp_path), clock=clock) as hub:
        stale = await hub.execute_order(ACCOUNT, buy(signal_time=old))
        fresh = await hub.execute_order(ACCOUNT, buy(signal_time=old + 2000))
        resting = await hub.execute_order(ACCOUNT, limit)
        exit_ = await hub.execute_order(ACCOUNT, sell(signal_time=old))
    assert (stale.status, stale.code) == ("denied", "STALE")
    assert (fresh.status, resting.status, exit_.status) == ("filled", "filled", "filled")


async def test_a_close_sells_what_this_strategy_holds_and_nothing_else(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy("2", strategy="one"))
        await hub.execute_order(ACCOUNT, buy("3", strategy="two"))
        closed = await hub.execute_order(ACCOUNT, ClosePosition(symbol="BTCUSDT", strategy="one"))
        again = await hub.execute_order(ACCOUNT, ClosePosition(symbol="BTCUSDT", strategy="one"))
        held = {p.strategy: p.quantity for p in await hub.positions(ACCOUNT)}
    order = stage.requests[-1][0]
    assert (closed.status, order.side, order.quantity, order.reduce_only) == ("filled", "sell", 2, True)
    assert (again.status, again.code) == ("denied", "NOTHING_TO_CLOSE")
    assert held == {"two": 3}


async def test_a_close_of_the_account_takes_every_strategy(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy("2", strategy="one"))
        await hub.execute_order(ACCOUNT, buy("3", strategy="two"))
        await hub.execute_order(ACCOUNT, ClosePosition(symbol="BTCUSDT", scope="account"))
    assert stage.requests[-1][0].quantity == 5


async def test_two_closes_beside_each_other_never_sell_twice(tmp_path: Path) -> None:
    stage = Stage(filled, accepted)
    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        first = await hub.execute_order(ACCOUNT, ClosePosition(symbol="BTC/USDT"))
        second = await hub.execute_order(ACCOUNT, ClosePosition(symbol="BTC/USDT"))
    assert (first.status, second.code) == ("accepted", "NOTHING_TO_CLOSE")


async def test_an_exit_beside_a_resting_exit_of_the_whole_position_counts_as_an_entry(tmp_path: Path) -> None:
    stage = Stage(filled, accepted)
    async with hub_on(stage, configure(tmp_path, guards=["confidence"])) as hub:
        await hub.execute_order(ACCOUNT, buy("2", confidence="0.9"))
        first = await hub.execute_order(ACCOUNT, sell("2"))
        second = await hub.execute_order(ACCOUNT, sell("1"))
    assert (first.status, second.code) == ("accepted", "CONFIDENCE_MISSING")


async def test_what_an_order_through_zero_opens_is_an_entry(tmp_path: Path) -> None:
    async with hub_on(Stage(), configure(tmp_path, guards=["confidence"])) as hub:
        await hub.execute_order(ACCOUNT, buy("2", confidence="0.9"))
        result = await hub.execute_order(ACCOUNT, sell("3"))
        assert (result.filled_quantity, result.code, result.legs[0].status) == (2, "ENTRY_REFUSED", "denied")


async def test_a_quantity_off_the_grid_is_rounded_down_on_spot_and_denied_with_the_nearest_elsewhere(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        spot = await hub.execute_order(ACCOUNT, buy("1.239"))
        dust = await hub.execute_order(ACCOUNT, buy("0.001"))
        stage.instrument = lambda symbol: Instrument(symbol=symbol, kind="linear", quantity_step="0.1", max_quantity="5")
        linear = await hub.execute_order(ACCOUNT, buy("1.25", "ETH/USDT"))
        large = await hub.execute_order(ACCOUNT, buy("7", "ETH/USDT"))
    assert (spot.status, spot.filled_quantity) == ("filled", fks_exec.model.numbers.decimal("1.23"))
    assert (dust.code, dust.denials[0].limit) == ("QUANTITY", "0.01")
    assert (linear.code, linear.denials[0].limit) == ("QUANTITY", "1.2 or 1.3")
    assert (large.code, large.denials[0].limit) == ("QUANTITY", "5")
    assert len(stage.requests) == 1


async def test_the_journal_keeps_what_the_guards_saw_and_the_raw_alert(tmp_path: Path) -> None:
    config = configure(tmp_path, guards=["position_size"])
    async with hub_on(Stage(), config) as hub:
        await (await hub.submit(ACCOUNT, buy(client_order_id="a"), raw=b'{"as": "it came"}')).result()
        recorded = await hub.journal.order(Key(ACCOUNT, "a"))
        assert recorded is not None
        seen = json.loads(recorded.attempts[0].decision)
        limits = await hub.journal.note(ACCOUNT, "limits", seen["limits"])
    assert recorded.raw == b'{"as": "it came"}'
    assert (seen["quote"]["ask"], seen["equity"], seen["position"], seen["reducing"]) == ("100", "100000", "0", False)
    assert limits is not None
    assert json.loads(limits.value)["guards"]["position_size"]["percent"] == "1"


async def test_without_a_quote_an_entry_is_denied_and_an_exit_passes(tmp_path: Path) -> None:
    clock, stage = HandClock(), Stage()
    async with hub_on(stage, configure(tmp_path, guards=["position_size"]), clock=clock) as hub:
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"
        stage.quote = None
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"  # the last look is not too old
        clock.move(6)
        assert (await hub.execute_order(ACCOUNT, buy())).code == "NO_QUOTE"
        assert (await hub.execute_order(ACCOUNT, sell())).status == "filled"


async def test_fills_of_the_answer_are_booked_net_of_a_fee_in_the_base_currency(tmp_path: Path) -> None:
    trade = Fill(trade_id="t1", quantity="1", price="100", fee="0.001", fee_currency="BTC")
    stage = Stage(ExecutionResult(status="filled", filled_quantity="1", average_price="100", fills=[trade]))
    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy())
        assert [str(p.quantity) for p in await hub.positions(ACCOUNT)] == ["0.999"]


def test_execute_order_of_an_account_is_called_in_one_module() -> None:
    callers = set()
    for path in Path(fks_exec_hub.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Attribute):
                continue
            takes_submission = {"execute_order", "cancel_order", "amend_order", "protect_position", "close_position"}
            owner = ast.unparse(node.value)
            if node.attr in takes_submission and not owner.endswith("hub"):
                callers.add((path.name, owner))
    assert {name for name, _ in callers} == {"submit.py"}


def test_a_status_that_needs_following_is_never_terminal() -> None:
    assert [status.value for status in Status if not status.terminal] == ["pending", "accepted", "partially_filled", "unknown"]


async def test_a_fault_of_the_hub_before_the_intent_is_not_placed_and_the_lane_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        with monkeypatch.context() as patch:
            patch.setattr("fks_exec_hub.orders.lane.decide", None)
            result = await hub.execute_order(ACCOUNT, buy())
        assert (result.status, result.code) == ("not_placed", "HUB_FAULT")
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"
    assert len(stage.requests) == 1
