# SPDX-License-Identifier: MIT
"""Nothing is sent before its intent is durable: also one that shared its accept's write, was refused, or seemed to fail."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from attrs import evolve

from fks_exec_hub import ExecutionHub
from fks_exec_hub.journal import HaltState, HaltStep, Intent, JournalUncertain, Key, Recorded, Written
from fks_exec_hub.orders.repair import repair
from fks_exec_simulators.disk import DiskJournals, FaultyDisk
from fks_exec_simulators.seen import see
from fks_exec_simulators.stage import ACCOUNT, Stage, buy, configure, hub_on, until


@pytest.fixture
def disk() -> Iterator[FaultyDisk]:
    disk = FaultyDisk("intents")
    yield disk
    disk.unregister()


@asynccontextmanager
async def on_disk(stage: Stage, folder: Path, disk: FaultyDisk) -> AsyncIterator[ExecutionHub]:
    """A hub that has traded once: the rules of the instrument are at hand, so that accept and intent can share a write."""
    async with hub_on(stage, configure(folder, journal="disk:j.db"), DiskJournals(disk)) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="first"))
        await until(lambda: not hub._desks[ACCOUNT].commits)
        try:
            yield hub
        finally:
            disk.on_write = disk.on_sync = None
            disk.gate.set()


async def recorded(hub: ExecutionHub, name: str) -> Recorded:
    order = await hub.journal.order(Key(ACCOUNT, name))
    assert order is not None
    return order


def switched(hub: ExecutionHub, state: HaltState) -> asyncio.Future[Written]:
    """The switch, written past the hub's memory."""
    return asyncio.ensure_future(hub.journal.write(HaltStep(account=ACCOUNT, state=state, reason="by hand", time=1)))


async def test_nothing_is_sent_before_the_write_of_accept_and_intent_is_durable(tmp_path: Path, disk: FaultyDisk) -> None:
    stage = Stage()
    async with on_disk(stage, tmp_path, disk) as hub:
        disk.gate.clear()
        task = asyncio.create_task(hub.submit(ACCOUNT, buy(client_order_id="a")))
        await until(lambda: "a" in hub._desks[ACCOUNT].live)
        assert hub._desks[ACCOUNT].live["a"].decision is not None
        await asyncio.sleep(0.05)
        assert stage.ids == ["first"]
        disk.gate.set()
        assert (await (await task).result()).status == "filled"


async def test_an_order_whose_intent_was_refused_takes_a_new_place_behind_those_that_came_meanwhile(
    tmp_path: Path, disk: FaultyDisk
) -> None:
    """The lane's order is that of the accepts in the journal, and the refused order was accepted last."""
    stage = Stage()
    async with on_disk(stage, tmp_path, disk) as hub:
        halted = switched(hub, HaltState.HALTED)
        orders = [asyncio.create_task(hub.execute_order(ACCOUNT, buy(client_order_id=name))) for name in ("a", "b")]
        await asyncio.sleep(0)
        await asyncio.gather(halted, switched(hub, HaltState.ACTIVE))
        assert [result.status.value for result in await asyncio.gather(*orders)] == ["filled", "filled"]
        assert (await recorded(hub, "b")).position < (await recorded(hub, "a")).position
    assert stage.ids == ["first", "b", "a"]


async def test_an_accept_with_its_intent_that_was_stored_after_all_is_sent_as_a_further_attempt(
    tmp_path: Path, disk: FaultyDisk
) -> None:
    """This host knows that it sent nothing; the stored attempt ends as not sent, and its name is not used again."""

    async def uncertain() -> None:
        raise JournalUncertain("an input/output error; what was being written may be stored or not")

    stage = Stage()
    async with on_disk(stage, tmp_path, disk) as hub:
        desk = hub._desks[ACCOUNT]
        see(desk, Intent, uncertain)
        with pytest.raises(JournalUncertain):
            await hub.submit(ACCOUNT, buy(client_order_id="a"))
        await until(lambda: stage.ids == ["first", "a"])
        await until(lambda: "a" not in desk.live)
        order = await recorded(hub, "a")
        assert [attempt.attempt for attempt in order.attempts] == [1, 2]
        assert order.attempts[1].venue_client_order_id == stage.requests[-1][1].venue_client_order_id
        outcomes = [event.kind for event in await hub.journal.history(order.key) if event.kind in ("intent", "outcome")]
        assert outcomes == ["intent", "outcome", "intent", "outcome"]


async def test_what_fails_while_an_intent_becomes_durable_keeps_it_from_being_sent(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        desk = hub._desks[ACCOUNT]

        async def fault() -> None:
            repair(desk, "an outcome could not be recorded")

        see(desk, Intent, fault)
        assert (await hub.execute_order(ACCOUNT, buy(client_order_id="a"))).status == "filled"
        order = await recorded(hub, "a")
        assert desk.book.totals("BTC/USDT").open_orders == 0  # each try gave its reservation back
    assert [attempt.attempt for attempt in order.attempts] == [1, 2]
    assert [s.venue_client_order_id for _, s in stage.requests] == [order.attempts[1].venue_client_order_id]


async def test_nothing_is_sent_after_the_claim_on_the_account_ran_out(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        desk = hub._desks[ACCOUNT]
        desk.term = evolve(desk.term, hold=0.0)
        result = await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
    assert (result.status, result.code) == ("not_placed", "FENCED")
    assert stage.requests == []
