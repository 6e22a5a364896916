# SPDX-License-Identifier: MIT
"""The way back: after a journal fault, with a venue that is down, from an update under another name; nothing hangs."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import pytest

from fks_exec import (
    ClosePosition,
    Denial,
    ExecutionResult,
    Fee,
    Fill,
    Instrument,
    Order,
    OrderRef,
    Submission,
    VenueAuthError,
    VenueRejected,
    hookimpl,
)
from fks_exec.convert import canonical, digest
from fks_exec_hub import ExecutionHub, HubClosed, sync
from fks_exec_hub.journal import Accept, Key
from fks_exec_hub.orders.repair import repair
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.disk import DiskJournals, FaultyDisk, io_error
from fks_exec_simulators.stage import ACCOUNT, Held, Stage, accepted, buy, configure, filled, hub_on, sell, until


@pytest.fixture
def disk() -> Iterator[FaultyDisk]:
    disk = FaultyDisk("recovery")
    yield disk
    disk.unregister()


@asynccontextmanager
async def on_disk(stage: Stage, folder: Path, disk: FaultyDisk, *guards: str) -> AsyncIterator[ExecutionHub]:
    async with hub_on(stage, configure(folder, guards=guards, journal="disk:j.db"), DiskJournals(disk)) as hub:
        try:
            yield hub
        finally:
            disk.on_write = disk.on_sync = None


async def settled(hub: ExecutionHub) -> None:
    await asyncio.sleep(0.02)
    for follower in [staff.follower for staff in hub._staff.values()]:
        await follower.settle()


async def test_a_fault_of_the_repair_itself_is_tried_again(
    tmp_path: Path, disk: FaultyDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with on_disk(Stage(), tmp_path, disk) as hub:
        with monkeypatch.context() as patch:
            patch.setattr("fks_exec_hub.orders.repair._adopt", None)
            repair(hub._desks[ACCOUNT], "a test")
            await until(lambda: "TypeError" in hub.status()[0].reason)
        await until(lambda: hub.status()[0].ready)
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"


@pytest.mark.parametrize("fault", ["full", "sync"])
async def test_after_a_short_disk_fault_under_load_every_lane_goes_on_and_everything_is_recorded(
    tmp_path: Path, disk: FaultyDisk, fault: str
) -> None:
    stage = Stage()
    symbols = [f"S{number}/USDT" for number in range(16)]
    async with on_disk(stage, tmp_path, disk) as hub:
        receipts = [
            await hub.submit(ACCOUNT, buy(symbol=s, client_order_id=f"{n}-{s[:3].strip('/')}"))
            for n, s in enumerate(symbols * 4)
        ]
        if fault == "full":
            disk.on_write = apsw.FullError("simulated")
        else:
            disk.on_sync = io_error(apsw.SQLITE_IOERR_FSYNC)
        await asyncio.sleep(0.05)
        disk.on_write = disk.on_sync = None
        results = [await receipt.result(timeout=8) for receipt in receipts]
        await until(lambda: hub.status()[0].ready)
        assert {result.status.value for result in results} == {"filled"}
        recorded = [await hub.journal.order(Key(ACCOUNT, receipt.client_order_id)) for receipt in receipts]
        assert {order.status for order in recorded if order is not None} == {"filled"}
        assert sorted(p.quantity for p in await hub.positions(ACCOUNT)) == [4] * 16
        assert await hub.journal.verify() == []
    assert len(stage.requests) == len(receipts)
    async with on_disk(stage, tmp_path, disk) as hub:
        assert sorted(p.quantity for p in await hub.positions(ACCOUNT)) == [4] * 16


class FullDisk:
    """A guard at whose word the disk is full."""

    def __init__(self, disk: FaultyDisk) -> None:
        self.disk = disk

    @hookimpl
    def validate_order(self, order: Order, instrument: Instrument | None) -> Denial:
        self.disk.on_write = apsw.FullError("simulated")
        return Denial(code="NO", message="no")


async def test_a_denial_is_told_only_when_it_is_durable(tmp_path: Path, disk: FaultyDisk) -> None:
    async with hub_on(Stage(), configure(tmp_path, journal="disk:j.db"), DiskJournals(disk), FullDisk(disk)) as hub:
        receipt = await hub.submit(ACCOUNT, buy(client_order_id="low"))
        with pytest.raises(TimeoutError):
            await receipt.result(timeout=0.3)
        disk.on_write = None
        assert (await receipt.result(timeout=8)).code == "NO"
        recorded = await hub.journal.order(Key(ACCOUNT, "low"))
        assert recorded is not None
        assert recorded.status == "denied"


async def test_three_retries_at_once_of_an_order_that_was_accepted_and_forgotten_are_one_order(tmp_path: Path) -> None:
    """What a write leaves that seemed to fail and was stored: the journal knows the order, memory does not."""
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        order = buy(client_order_id="a")
        step = Accept(
            key=Key(ACCOUNT, "a"), lane=order.symbol, digest=digest(order), instruction=canonical(order), time=hub.clock.now()
        )
        await hub.journal.write(step)
        results = await asyncio.gather(*(hub.execute_order(ACCOUNT, order) for _ in range(3)))
        assert (await hub.execute_order(ACCOUNT, buy(client_order_id="b"))).status == "filled"
    assert [result.status.value for result in results] == ["filled"] * 3
    assert stage.ids == ["a", "b"]


async def test_an_exit_that_was_accepted_waits_for_an_account_that_is_down_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fks_exec_hub.accounts.opening.DELAYS", (0.3,))
    stage = Stage(filled, Held())
    monkeypatch.setattr("fks_exec_hub.hub.STOP", 0.01)
    hub = hub_on(stage, configure(tmp_path))
    await hub.start()
    await hub.execute_order(ACCOUNT, buy())
    await hub.submit(ACCOUNT, buy("0.01"))
    receipt = await hub.submit(ACCOUNT, ClosePosition(symbol="BTC/USDT", client_order_id="exit"))
    await hub.close()
    with pytest.raises(HubClosed):
        await receipt.result(timeout=1)
    stage.open_errors.append(VenueRejected("terminal down"))
    async with hub_on(stage, configure(tmp_path)) as again:
        assert not again.status()[0].ready
        await until(lambda: again.status()[0].ready)
        await until(lambda: len(stage.requests) == 3)
    assert stage.requests[-1][0].reduce_only


async def test_refused_credentials_are_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fks_exec_hub.accounts.opening.DELAYS", (0.01,))
    stage = Stage()
    stage.open_errors.append(VenueAuthError("wrong password"))
    async with hub_on(stage, configure(tmp_path)) as hub:
        await asyncio.sleep(0.1)
        assert hub.status()[0].reason == "wrong password"
    assert stage.opened == 1


def test_threads_that_wait_are_told_when_the_synchronous_hub_closes(tmp_path: Path) -> None:
    closes = threading.Event()

    async def answer(order: Order, submission: Submission) -> None:
        await asyncio.to_thread(closes.wait)
        await asyncio.sleep(1)

    stage = Stage(answer)
    hub = sync.ExecutionHub.open(configure(tmp_path), plugins=[stage])
    hub.start()
    ended: list[str] = []

    def trade() -> None:
        try:
            hub.execute_order(ACCOUNT, buy())
        except Exception as error:
            ended.append(type(error).__name__)
        else:
            ended.append("answered")

    threads = [threading.Thread(target=trade) for _ in range(3)]
    for thread in threads:
        thread.start()
    while not stage.requests:
        time.sleep(0.01)
    closes.set()
    hub.close()
    for thread in threads:
        thread.join(5)
    assert sorted(ended) == ["HubClosed", "HubClosed", "answered"]


async def test_a_hub_is_started_once_and_serves_its_own_loop(tmp_path: Path) -> None:
    hub = hub_on(Stage(), configure(tmp_path))
    async with hub:
        with pytest.raises(HubClosed, match="started once"):
            await hub.start()

        def elsewhere() -> None:
            with pytest.raises(HubClosed, match="another event loop"):
                asyncio.run(hub.execute_order(ACCOUNT, buy()))

        await asyncio.to_thread(elsewhere)
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"
    with pytest.raises(HubClosed, match="started once"):
        await hub.start()


def test_a_second_start_of_the_synchronous_hub_leaves_the_first_alone(tmp_path: Path) -> None:
    with sync.ExecutionHub.open(configure(tmp_path), plugins=[Stage()]) as hub:
        with pytest.raises(HubClosed, match="started already"):
            hub.start()
        assert hub.execute_order(ACCOUNT, buy()).status == "filled"


async def test_updates_under_the_venues_own_names_find_their_order_early_and_late(tmp_path: Path) -> None:
    gate = Held(accepted)
    stage = Stage(gate)
    async with hub_on(stage, configure(tmp_path)) as hub:
        receipt = await hub.submit(ACCOUNT, buy("3", client_order_id="a"))
        await gate.reached.wait()
        venue_id = stage.requests[0][1].venue_client_order_id
        order_id = f"v-{venue_id[:8]}"
        one = Fill(trade_id="t1", quantity="1", price="100")
        two = Fill(trade_id="t2", quantity="1", price="100")
        stage.publish(OrderRef(order_id=order_id), ExecutionResult(status="partially_filled", filled_quantity="1", fills=[one]))
        await settled(hub)
        gate.go.set()
        await receipt.result()
        await settled(hub)
        assert [p.quantity for p in await hub.positions(ACCOUNT)] == [1]
        stage.publish(OrderRef(order_id=order_id), ExecutionResult(status="canceled", filled_quantity="1"))
        await settled(hub)
        late = ExecutionResult(status="canceled", filled_quantity="2", fills=[one, two])
        stage.publish(OrderRef(order_id=order_id), late)
        await settled(hub)
        assert [p.quantity for p in await hub.positions(ACCOUNT)] == [2]


async def test_fees_in_the_base_currency_count_once_however_they_are_told(tmp_path: Path) -> None:
    def told(order: Order, submission: Submission) -> ExecutionResult:
        return ExecutionResult(
            status="filled", order_id="1", filled_quantity="1", average_price="100", fees=[Fee(currency="BTC", amount="0.001")]
        )

    stage = Stage(told)
    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        assert [str(p.quantity) for p in await hub.positions(ACCOUNT)] == ["0.999"]
        trade = Fill(trade_id="t1", quantity="1", price="100", fee="0.001", fee_currency="BTC")
        stage.publish(OrderRef(client_order_id="a"), ExecutionResult(status="filled", filled_quantity="1", fills=[trade]))
        await settled(hub)
        assert [str(p.quantity) for p in await hub.positions(ACCOUNT)] == ["0.999"]
        await hub.execute_order(ACCOUNT, buy(symbol="ETH/USDT", client_order_id="b"))
        trade = Fill(trade_id="t2", quantity="1", price="100", fee="0.002", fee_currency="ETH")
        stage.publish(OrderRef(client_order_id="b"), ExecutionResult(status="filled", filled_quantity="1", fills=[trade]))
        await settled(hub)
        assert [str(p.quantity) for p in await hub.positions(ACCOUNT)] == ["0.999", "0.998"]


async def test_a_venue_that_shows_an_order_thought_refused_has_the_last_word(tmp_path: Path) -> None:
    stage = Stage(VenueRejected("no"))
    async with hub_on(stage, configure(tmp_path)) as hub:
        assert (await hub.execute_order(ACCOUNT, buy("2", client_order_id="a"))).status == "rejected"
        stage.publish(OrderRef(client_order_id="a", order_id="x"), ExecutionResult(status="accepted", order_id="x"))
        await settled(hub)
        known = await hub.order(ACCOUNT, "a")
        assert known is not None
        assert known.status == "accepted"
        assert hub._desks[ACCOUNT].book.totals("BTC/USDT").working_buy == 2
        trade = Fill(trade_id="t1", quantity="2", price="100")
        stage.publish(OrderRef(order_id="x"), ExecutionResult(status="filled", filled_quantity="2", fills=[trade]))
        await settled(hub)
        assert [p.quantity for p in await hub.positions(ACCOUNT)] == [2]
        assert hub._desks[ACCOUNT].book.totals("BTC/USDT").working_buy == 0


async def test_an_order_that_only_closes_goes_without_its_legs(tmp_path: Path) -> None:
    """Nothing is opened that they could protect; no guard of entries holds it back. Another strategy's is an entry."""
    stage = Stage()
    async with hub_on(stage, configure(tmp_path, guards=["confidence"])) as hub:
        await hub.execute_order(ACCOUNT, buy("2", confidence="0.9"))
        other = sell("1", stop_loss="500", strategy="other")
        denied = await hub.execute_order(ACCOUNT, other)
        assert [each.code for each in denied.denials] == ["NOT_ITS_OWN", "CONFIDENCE_MISSING"]
        assert (await hub.execute_order(ACCOUNT, sell("1", stop_loss="500"))).status == "filled"
        assert stage.requests[-1][0].stop_loss is None
        assert (await hub.execute_order(ACCOUNT, sell("1"))).status == "filled"


async def test_a_signal_from_the_future_is_not_sent(tmp_path: Path) -> None:
    clock = HandClock()
    async with hub_on(Stage(), configure(tmp_path), clock=clock) as hub:
        assert (await hub.execute_order(ACCOUNT, buy(signal_time=clock.now() + 60_000))).code == "SIGNAL_AHEAD"
        assert (await hub.execute_order(ACCOUNT, buy(signal_time=clock.now() + 3_000))).status == "filled"


async def test_no_digit_is_lost_in_a_host_that_computes_coarsely(tmp_path: Path) -> None:
    import decimal

    with decimal.localcontext(decimal.Context(prec=6)):
        async with hub_on(Stage(), configure(tmp_path)) as hub:
            await hub.execute_order(ACCOUNT, buy("100000.50"))
            assert [str(p.quantity) for p in await hub.positions(ACCOUNT)] == ["100000.50"]
