# SPDX-License-Identifier: MIT
"""What the repair of a journal fault finds: an outcome that was stored after all, and news that came while it wrote."""

import asyncio
from pathlib import Path

import apsw
import pytest

from fks_exec import ExecutionResult, OrderRef, VenueRejected
from fks_exec_hub import Word
from fks_exec_hub.accounts.halting import halt, trip
from fks_exec_hub.journal import HaltState, JournalUncertain, Key, Outcome
from fks_exec_hub.orders.record import begin
from fks_exec_simulators.disk import DiskJournals, FaultyDisk
from fks_exec_simulators.seen import see
from fks_exec_simulators.stage import ACCOUNT, Held, Stage, accepted, buy, configure, hub_on, journal_of, leave, until


async def uncertain() -> None:
    raise JournalUncertain("an input/output error; what was being written may be stored or not")


async def test_an_outcome_that_was_stored_after_all_is_booked_once(tmp_path: Path) -> None:
    stage = Stage()
    for _ in range(2):
        async with hub_on(stage, configure(tmp_path)) as hub:
            see(hub._desks[ACCOUNT], Outcome, uncertain)
            result = await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
            assert result.status == "filled"
            await until(lambda: hub.status()[0].ready)
            assert len(await hub.journal.fills(Key(ACCOUNT, "a"))) == 1
            assert [p.quantity for p in await hub.positions(ACCOUNT)] == [1]
    assert len(stage.requests) == 1


async def test_news_that_come_while_the_repair_writes_are_written_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fks_exec_hub.orders.record.PATIENCE", 0.0)
    stage, codes = Stage(accepted), list[object]()
    async with hub_on(stage, configure(tmp_path)) as hub:
        desk = hub._desks[ACCOUNT]

        async def news() -> None:
            told = await hub.order(ACCOUNT, "a")
            codes.append(told and told.code)
            stage.publish(OrderRef(client_order_id="a"), ExecutionResult(status="filled", filled_quantity="1"))
            await until(lambda: desk.live["a"].result.status == "filled")

        async def fault() -> None:
            see(desk, Outcome, news)
            await uncertain()

        see(desk, Outcome, fault)
        assert (await hub.execute_order(ACCOUNT, buy(client_order_id="a"))).code == "NOT_RECORDED"
        await until(lambda: hub.status()[0].ready)
        assert codes == ["NOT_RECORDED"]
        known = await hub.journal.order(Key(ACCOUNT, "a"))
        assert known is not None
        assert (known.status, known.terminal) == ("filled", True)
    async with hub_on(stage, configure(tmp_path)) as hub:
        assert [p.quantity for p in await hub.positions(ACCOUNT)] == [1]


async def test_a_hub_closes_at_once_while_an_order_waits_for_its_venue(tmp_path: Path) -> None:
    stage = Stage()
    stage.open_errors.append(VenueRejected("terminal down"))
    hub = hub_on(stage, configure(tmp_path))
    await leave(tmp_path, buy(client_order_id="a"), intent=False, time=hub.clock.now())
    await hub.start()
    async with asyncio.timeout(3):
        await hub.close()
    assert stage.requests == []


async def test_news_that_met_a_repair_at_its_very_end_begin_another_one(tmp_path: Path) -> None:
    """They were not written because the account was unwritable; the repair ended before anybody knew of them."""
    async with hub_on(Stage(accepted), configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        desk = hub._desks[ACCOUNT]
        desk.unwritable = "the journal cannot be written: simulated"
        news = ExecutionResult(status="filled", filled_quantity="1", average_price="100")
        commit = await begin(desk, desk.live["a"], news)
        desk.unwritable = ""
        await commit
        await until(lambda: hub.status()[0].ready and not desk.unrecorded)
        known = await hub.journal.order(Key(ACCOUNT, "a"))
        assert known is not None
        assert known.status == "filled"


async def test_a_hub_that_closes_gives_a_repair_its_time(tmp_path: Path) -> None:
    """What is known is written, although the disk was full just before."""
    disk = FaultyDisk("closing")
    held = Held()
    hub = hub_on(Stage(held), configure(tmp_path, journal="disk:fks-exec.db"), DiskJournals(disk))
    await hub.start()
    receipt = await hub.submit(ACCOUNT, buy(client_order_id="a"))
    await held.reached.wait()
    disk.on_write = apsw.FullError("simulated")
    held.go.set()
    assert (await receipt.result()).code == "NOT_RECORDED"

    def heal() -> None:
        disk.on_write = None

    asyncio.get_running_loop().call_later(0.3, heal)
    await hub.close()
    disk.unregister()
    async with journal_of(tmp_path) as journal:
        assert await journal.unresolved(ACCOUNT) == []


async def test_a_mismatch_does_not_weaken_what_an_operator_halts_in_the_same_moment(tmp_path: Path) -> None:
    async with hub_on(Stage(), configure(tmp_path)) as hub:
        desk = hub._desks[ACCOUNT]
        await asyncio.gather(halt(desk, HaltState.HALTED, "stop everything"), trip(desk, "MISMATCH", "a mismatch"))
        assert (desk.halt.state, (await hub.journal.halt(ACCOUNT)).state) == ("halted", "halted")


async def test_an_operators_word_counts_although_he_stops_waiting(tmp_path: Path) -> None:
    stage = Stage(TimeoutError())
    async with hub_on(stage, configure(tmp_path)) as hub:
        assert (await hub.execute_order(ACCOUNT, buy(client_order_id="a"))).status == "unknown"
        word = Word(as_="filled", because="seen at the venue", price="100")
        waiting = asyncio.create_task(hub.resolve_order(ACCOUNT, "a", word))
        await asyncio.sleep(0)
        waiting.cancel()
        await until(lambda: "a" not in hub._desks[ACCOUNT].live)
        known = await hub.journal.order(Key(ACCOUNT, "a"))
        assert known is not None
        assert known.status == "filled"
        assert [p.quantity for p in await hub.positions(ACCOUNT)] == [1]
