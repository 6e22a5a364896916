# SPDX-License-Identifier: MIT
"""Fewer waits without another order: accept and intent in one write, the next order while the last outcome is committed."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from fks_exec import ClosePosition, ExecutionResult, Order, OrderRef, Submission
from fks_exec.clock import Clock
from fks_exec_hub import ExecutionHub
from fks_exec_hub.journal import HaltState, HaltStep, Key
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.disk import DiskJournals, FaultyDisk, io_error
from fks_exec_simulators.stage import ACCOUNT, Held, Stage, accepted, buy, configure, filled, hub_on, sell, until


@pytest.fixture
def disk() -> Iterator[FaultyDisk]:
    disk = FaultyDisk("overlap")
    yield disk
    disk.unregister()


@asynccontextmanager
async def on_disk(
    stage: Stage, folder: Path, disk: FaultyDisk, clock: Clock | None = None, **more: Any
) -> AsyncIterator[ExecutionHub]:
    """A hub that has traded once, so that the rules of the instrument are at hand."""
    async with hub_on(stage, configure(folder, journal="disk:j.db", **more), DiskJournals(disk), clock=clock) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="first"))
        await until(lambda: not hub._desks[ACCOUNT].commits)
        try:
            yield hub
        finally:
            disk.on_write = disk.on_sync = None
            disk.gate.set()


async def kinds(hub: ExecutionHub, name: str) -> list[str]:
    return [event.kind for event in await hub.journal.history(Key(ACCOUNT, name))]


async def test_on_an_idle_lane_accept_and_intent_are_one_write(tmp_path: Path, disk: FaultyDisk) -> None:
    held = Held()
    stage = Stage(filled, held)
    async with on_disk(stage, tmp_path, disk) as hub:
        before = disk.syncs()
        await hub.submit(ACCOUNT, buy(client_order_id="a"))
        await held.reached.wait()
        assert disk.syncs() == before + 1
        assert await kinds(hub, "a") == ["accept", "intent"]
        held.go.set()


async def test_an_order_behind_another_is_accepted_by_itself(tmp_path: Path, disk: FaultyDisk) -> None:
    held = Held()
    stage = Stage(filled, held)
    async with on_disk(stage, tmp_path, disk) as hub:
        await hub.submit(ACCOUNT, buy(client_order_id="a"))
        receipt = await hub.submit(ACCOUNT, buy(client_order_id="b"))
        assert await kinds(hub, "b") == ["accept"]
        held.go.set()
        await receipt.result()
        assert stage.ids == ["first", "a", "b"]


async def test_what_would_have_to_be_asked_first_is_decided_in_the_lane(tmp_path: Path, disk: FaultyDisk) -> None:
    """Guards that need a quote which is too old: the accept does not wait for it."""
    clock = HandClock()
    async with on_disk(Stage(), tmp_path, disk, clock=clock, guards=["prices"]) as hub:
        for name, begun in (("fresh", True), ("old", False)):
            task = asyncio.create_task(hub.submit(ACCOUNT, buy(client_order_id=name)))
            await asyncio.sleep(0)
            assert (hub._desks[ACCOUNT].live[name].decision is not None) is begun
            await (await task).result()
            clock.move(6)


async def test_a_known_id_stores_no_intent_and_sends_nothing(tmp_path: Path, disk: FaultyDisk) -> None:
    stage = Stage()
    async with on_disk(stage, tmp_path, disk) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        await until(lambda: "a" not in hub._desks[ACCOUNT].live)
        again = await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        other = await hub.execute_order(ACCOUNT, buy("2", client_order_id="a"))
        assert (again.duplicate, again.status, other.code) == (True, "filled", "ID_REUSED")
        assert (await kinds(hub, "a")).count("intent") == 1
        assert hub._desks[ACCOUNT].book.totals("BTC/USDT").open_orders == 0
    assert len(stage.requests) == 2


async def test_a_halt_that_comes_between_refuses_the_intent_and_not_the_instruction(tmp_path: Path, disk: FaultyDisk) -> None:
    stage = Stage()
    async with on_disk(stage, tmp_path, disk) as hub:
        step = HaltStep(account=ACCOUNT, state=HaltState.HALTED, reason="by hand", time=1)
        halted = asyncio.ensure_future(hub.journal.write(step))  # the hub's memory does not know of it yet
        receipt = await hub.submit(ACCOUNT, buy(client_order_id="a"))
        result = await receipt.result()
        await halted
        assert (result.status, result.code) == ("denied", "HALTED")
        assert await kinds(hub, "a") == ["accept", "outcome"]
        assert hub._desks[ACCOUNT].book.totals("BTC/USDT").open_orders == 0
    assert len(stage.requests) == 1


async def test_a_full_disk_stores_neither_accept_nor_intent(tmp_path: Path, disk: FaultyDisk) -> None:
    stage = Stage()
    async with on_disk(stage, tmp_path, disk) as hub:
        disk.on_write = apsw.FullError("simulated")
        with pytest.raises(Exception, match="full"):
            await hub.submit(ACCOUNT, buy(client_order_id="a"))
        assert hub._desks[ACCOUNT].book.totals("BTC/USDT").open_orders == 0
        disk.on_write = None
        await until(lambda: hub.status()[0].ready)
        assert await hub.journal.order(Key(ACCOUNT, "a")) is None
        assert (await hub.execute_order(ACCOUNT, buy(client_order_id="a"))).status == "filled"
    assert stage.ids == ["first", "a"]


async def test_an_uncertain_accept_with_its_intent_is_sent_once_if_it_was_stored(tmp_path: Path, disk: FaultyDisk) -> None:
    """The fsync failed after the frames were written; the claim settles whether they count. This host sent nothing."""
    stage = Stage()
    async with on_disk(stage, tmp_path, disk) as hub:
        disk.on_sync = io_error(apsw.SQLITE_IOERR_FSYNC)
        with pytest.raises(Exception, match="input/output"):
            await hub.submit(ACCOUNT, buy(client_order_id="a"))
        disk.on_sync = None
        await until(lambda: hub.status()[0].ready)
        stored = await hub.journal.order(Key(ACCOUNT, "a"))
        result = await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        assert result.status == "filled"
        assert result.duplicate is (stored is not None)
    assert stage.ids == ["first", "a"]


async def test_the_next_order_begins_while_the_last_outcome_is_committed(tmp_path: Path, disk: FaultyDisk) -> None:
    held = Held()
    stage = Stage(filled, held)
    async with on_disk(stage, tmp_path, disk) as hub:
        first = await hub.submit(ACCOUNT, buy(client_order_id="a"))
        second = await hub.submit(ACCOUNT, buy(client_order_id="b"))
        disk.gate.clear()
        held.go.set()
        await until(lambda: hub._desks[ACCOUNT].live["b"].submitted_at)  # its intent is on its way to the disk
        await asyncio.sleep(0.02)
        assert stage.ids == ["first", "a"]  # nothing is sent before it is durable
        assert not first.concluded.done()  # nobody is told before a's outcome is durable
        disk.gate.set()
        await asyncio.gather(first.result(), second.result())
    assert stage.ids == ["first", "a", "b"]


async def test_the_next_decision_rests_on_an_outcome_that_is_still_being_committed(tmp_path: Path, disk: FaultyDisk) -> None:
    held = Held()
    stage = Stage(filled, held)
    async with on_disk(stage, tmp_path, disk) as hub:
        await hub.submit(ACCOUNT, buy(client_order_id="a"))
        receipt = await hub.submit(ACCOUNT, ClosePosition(symbol="BTC/USDT", client_order_id="close"))
        disk.gate.clear()
        held.go.set()
        await until(lambda: hub._desks[ACCOUNT].live["close"].submitted_at)
        disk.gate.set()
        assert (await receipt.result()).filled_quantity == 2
        assert await hub.positions(ACCOUNT) == []


async def test_after_an_outcome_that_cannot_be_written_the_next_order_is_not_sent(tmp_path: Path, disk: FaultyDisk) -> None:
    """The fault latch: what waits behind a failed commit is refused, then the account only reduces until it is resumed."""
    held = Held()
    stage = Stage(filled, held)
    async with on_disk(stage, tmp_path, disk) as hub:
        first = await hub.submit(ACCOUNT, buy(client_order_id="a"))
        second = await hub.submit(ACCOUNT, buy(client_order_id="b"))
        disk.on_write = apsw.FullError("simulated")
        held.go.set()
        told = await first.result()
        assert (told.status, told.code) == ("filled", "NOT_RECORDED")
        await asyncio.sleep(0.1)
        assert stage.ids == ["first", "a"]
        disk.on_write = None
        result = await second.result()
        assert (result.status, result.code) == ("denied", "HALTED")
        assert hub.status()[0].ready
        exit_ = await hub.execute_order(ACCOUNT, sell("1", client_order_id="out"))
        assert exit_.status == "filled"
        await hub.halt(ACCOUNT, "active", "looked at the disk")
        assert (await hub.execute_order(ACCOUNT, buy(client_order_id="c"))).status == "filled"
    assert stage.ids == ["first", "a", "out", "c"]
    async with hub_on(Stage(), configure(tmp_path, journal="disk:j.db"), DiskJournals(disk)) as hub:
        recorded = await hub.journal.order(Key(ACCOUNT, "a"))
        assert recorded is not None
        assert recorded.status == "filled"


async def test_the_latch_survives_a_restart(tmp_path: Path, disk: FaultyDisk) -> None:
    held = Held()
    stage = Stage(filled, held)
    async with on_disk(stage, tmp_path, disk) as hub:
        receipt = await hub.submit(ACCOUNT, buy(client_order_id="a"))
        await held.reached.wait()
        disk.on_write = apsw.FullError("simulated")
        held.go.set()
        await receipt.result()
        disk.on_write = None
        await until(lambda: hub.status()[0].ready)
    async with hub_on(stage, configure(tmp_path, journal="disk:j.db"), DiskJournals(disk)) as hub:
        assert (await hub.execute_order(ACCOUNT, buy(client_order_id="b"))).code == "HALTED"


async def test_where_the_account_says_so_it_goes_on_by_itself(tmp_path: Path, disk: FaultyDisk) -> None:
    held = Held()
    stage = Stage(filled, held)
    async with on_disk(stage, tmp_path, disk, account={"after_fault": "resume"}) as hub:
        first = await hub.submit(ACCOUNT, buy(client_order_id="a"))
        second = await hub.submit(ACCOUNT, buy(client_order_id="b"))
        disk.on_write = apsw.FullError("simulated")
        held.go.set()
        await first.result()
        disk.on_write = None
        assert (await second.result()).status == "filled"
    assert stage.ids == ["first", "a", "b"]


async def test_the_order_of_a_lane_is_kept_under_load(tmp_path: Path, disk: FaultyDisk) -> None:
    disk.delay = 0.001
    stage = Stage()
    async with on_disk(stage, tmp_path, disk) as hub:
        names = [f"o{number}" for number in range(200)]
        receipts = await asyncio.gather(*(hub.submit(ACCOUNT, buy("0.01", client_order_id=name)) for name in names))
        await asyncio.gather(*(receipt.result() for receipt in receipts))
    assert stage.ids == ["first", *names]


async def test_an_outcome_on_its_way_is_waited_for_at_closing(tmp_path: Path, disk: FaultyDisk) -> None:
    held = Held(accepted)
    async with on_disk(Stage(filled, held), tmp_path, disk) as hub:
        receipt = await hub.submit(ACCOUNT, buy(client_order_id="a"))
        await held.reached.wait()
        disk.gate.clear()
        held.go.set()
        closing = asyncio.create_task(hub.close())
        await asyncio.sleep(0.05)
        disk.gate.set()
        await closing
        assert (await receipt.result()).status == "accepted"


async def test_a_submission_has_the_name_that_its_intent_has(tmp_path: Path, disk: FaultyDisk) -> None:
    seen: list[str] = []

    def look(order: Order, submission: Submission) -> ExecutionResult:
        seen.append(submission.venue_client_order_id)
        return filled(order, submission)

    async with on_disk(Stage(filled, look), tmp_path, disk) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        recorded = await hub.journal.order(Key(ACCOUNT, "a"))
        assert recorded is not None
        assert [attempt.venue_client_order_id for attempt in recorded.attempts] == seen


async def test_an_entry_that_grew_too_old_while_the_disk_was_slow_is_not_sent(tmp_path: Path, disk: FaultyDisk) -> None:
    clock, stage = HandClock(), Stage()
    async with on_disk(stage, tmp_path, disk, clock=clock) as hub:
        disk.gate.clear()
        task = asyncio.create_task(hub.submit(ACCOUNT, buy(client_order_id="a")))
        await until(lambda: "a" in hub._desks[ACCOUNT].live)
        clock.move(31)
        disk.gate.set()
        result = await (await task).result()
        assert (result.status, result.code) == ("denied", "STALE")
        assert hub._desks[ACCOUNT].book.totals("BTC/USDT").open_orders == 0
    assert stage.ids == ["first"]


async def test_news_that_are_not_durable_yet_are_not_shown_to_who_asks(tmp_path: Path, disk: FaultyDisk) -> None:
    stage = Stage(filled, accepted)
    async with on_disk(stage, tmp_path, disk) as hub:
        result = await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        disk.gate.clear()
        stage.publish(OrderRef(order_id=result.order_id), filled(*stage.requests[-1]))
        await until(lambda: hub._desks[ACCOUNT].live["a"].result.status == "filled")
        told, again = await hub.order(ACCOUNT, "a"), await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        assert told is not None
        assert (told.status, again.status, again.duplicate) == ("accepted", "accepted", True)
        disk.gate.set()
        await until(lambda: "a" not in hub._desks[ACCOUNT].live)
        told = await hub.order(ACCOUNT, "a")
        assert told is not None
        assert told.status == "filled"
