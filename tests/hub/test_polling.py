# SPDX-License-Identifier: MIT
"""Open orders are followed by looking, where the venue does not push: rarely, cheaply, and each fill is booked once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from attrs import evolve

from fks_exec import (
    Alarm,
    ExecutionResult,
    Fill,
    Leg,
    Order,
    OrderChanged,
    OrderRef,
    OrderUpdate,
    Submission,
    VenueType,
    hookimpl,
)
from fks_exec.testing import CAPABILITIES, AcceptThenHang, EmptyLookUp, FailLookUp, FaultyVenue
from fks_exec_hub import ExecutionHub
from fks_exec_hub.following.polling import PART, SLOWEST, Pace, in_parts
from fks_exec_hub.journal import Key
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.desks import ACCOUNT, Heard, Types, hub_with, poller_of, table, type_of
from fks_exec_simulators.stage import until
from fks_exec_simulators.venues import MemoryVenue

SILENT = evolve(CAPABILITIES, publishes=False)
NO_LIST = evolve(SILENT, abilities=SILENT.abilities - {"fetch_open_orders"})
NO_LOOK_UP = evolve(SILENT, abilities=SILENT.abilities - {"fetch_order"}, resolution="none")
BLIND = evolve(SILENT, abilities=["fetch_instrument"], resolution="none")
BTC = "BTC/USDT"


def resting(name: str, quantity: str = "2", symbol: str = BTC) -> Order:
    return Order(symbol=symbol, side="buy", quantity=quantity, order_type="limit", price="90", client_order_id=name)


async def rest(hub: ExecutionHub, *names: str) -> None:
    """Orders that the venue takes, and that rest there."""
    for name in names:
        assert (await hub.execute_order(ACCOUNT, resting(name))).status == "accepted"


async def state(hub: ExecutionHub, name: str = "a") -> tuple[str, str]:
    async with hub._desks[ACCOUNT].lock(BTC):  # what is being written is durable, and told
        known = await hub.order(ACCOUNT, name)
    assert known is not None
    return known.status.value, str(known.filled_quantity)


def position(hub: ExecutionHub, symbol: str = BTC) -> str:
    return str(hub._desks[ACCOUNT].book.totals(symbol).position)


@pytest.fixture
def venue() -> FaultyVenue:
    return FaultyVenue(capabilities=SILENT)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def hub(venue: FaultyVenue, heard: Heard, tmp_path: Path) -> AsyncIterator[ExecutionHub]:
    async with hub_with(table(tmp_path), venue.plugin, heard) as hub:
        yield hub


async def test_a_resting_order_that_fills_is_seen_without_a_push(hub: ExecutionHub, venue: FaultyVenue) -> None:
    await rest(hub, "a")
    venue.fill(venue.placed[0], "0.5")
    await until(lambda: position(hub) == "0.5")
    assert await state(hub) == ("partially_filled", "0.5")
    venue.fill(venue.placed[0])
    await until(lambda: position(hub) == "2.0")
    await until(lambda: "a" not in hub._desks[ACCOUNT].live)
    assert await state(hub) == ("filled", "2")
    assert venue.count("place") == 1


async def test_what_is_pushed_and_polled_is_booked_once(hub: ExecutionHub, venue: FaultyVenue) -> None:
    await rest(hub, "a")
    venue.publishing = True
    venue.fill(venue.placed[0], "0.5")
    scans = venue.count("scan")
    await venue.arrived("scan", scans + 2)
    venue.fill(venue.placed[0])
    await until(lambda: "a" not in hub._desks[ACCOUNT].live)
    assert position(hub) == "2.0"
    assert len(await hub.journal.fills(Key(ACCOUNT, "a"))) == 2


async def test_an_order_that_the_list_lacks_is_looked_up_once(hub: ExecutionHub, venue: FaultyVenue) -> None:
    await rest(hub, "a", "b")
    venue.fill(venue.placed[0])
    await until(lambda: position(hub) == "2")
    await venue.arrived("scan", venue.count("scan") + 2)
    assert [request.order_id for request in venue.requests if request.kind == "look_up"] == [venue.placed[0].order_id]


@pytest.mark.parametrize(("end", "expected"), [("fill", ("partially_filled", "0.5")), ("cancel", ("canceled", "0"))])
async def test_an_older_list_takes_nothing_back(tmp_path: Path, heard: Heard, end: str, expected: tuple[str, str]) -> None:
    venue = FaultyVenue()
    async with hub_with(table(tmp_path), venue.plugin, heard) as hub:
        await venue.arrived("scan")
        await rest(hub, "a")
        venue.follow(AcceptThenHang(on="scan"))
        reading = asyncio.create_task(poller_of(hub).round())
        await until(lambda: venue.hanging)
        if end == "fill":
            venue.fill(venue.placed[0], "0.5")
        else:
            venue.cancel_by_venue(venue.placed[0])
        await until(lambda: heard.of(OrderChanged))
        venue.release()
        for stranger in await reading:
            hub._staff[ACCOUNT].follower.take(stranger)  # as the comparison does with an order of ours that has ended
        await hub._staff[ACCOUNT].follower.settle()
        assert await state(hub) == expected
        changes = [event.result for event in heard.of(OrderChanged)]
        assert [(result.status.value, str(result.filled_quantity)) for result in changes] == [expected]
        assert heard.alarms == []


async def test_an_order_that_changed_while_the_list_was_read_is_not_looked_up(tmp_path: Path) -> None:
    venue = FaultyVenue(capabilities=SILENT)
    async with hub_with(table(tmp_path, poll=3600.0), venue.plugin) as hub:
        await rest(hub, "a")
        poller = poller_of(hub)
        venue.follow(AcceptThenHang(on="scan"))
        reading = asyncio.create_task(poller.round())
        await until(lambda: venue.hanging)
        await rest(hub, "b")
        venue.release()
        await reading
        await asyncio.sleep(0.05)
        assert venue.count("look_up") == 0


async def test_one_list_serves_all_open_orders(tmp_path: Path) -> None:
    venue = FaultyVenue(capabilities=SILENT)
    async with hub_with(table(tmp_path, journal="memory:", poll=3600.0), venue.plugin) as hub:
        poller = poller_of(hub)
        await asyncio.gather(*(rest(hub, f"o{number}") for number in range(PART + 1)))
        lists = venue.count("scan")
        assert await poller.round() == []
        await asyncio.sleep(0.05)
        assert (venue.count("scan") - lists, venue.count("look_up")) == (1, 0)


async def test_a_long_list_leaves_the_event_loop_its_turns() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    numbers = [number async for number in in_parts(range(10 * PART))]
    counting.cancel()
    assert (numbers, turns) == (list(range(10 * PART)), 10)


def test_the_wait_grows_while_nothing_changes_and_starts_again_after_a_change() -> None:
    pace = Pace(2.0)
    waits = [pace.next() for _ in range(10)]
    assert waits[:4] == [2.0, 3.0, 4.5, 6.75]
    assert waits[-1] == SLOWEST
    pace.reset()
    assert pace.next() == 2.0
    slow = Pace(60.0)
    assert [slow.next(), slow.next()] == [60.0, 60.0]


class NotedPace(Pace):
    """Keeps the waits."""

    def __init__(self) -> None:
        super().__init__(0.01)
        self.waits: list[float] = []

    def next(self) -> float:
        self.waits.append(super().next())
        return self.waits[-1]


async def test_the_rounds_come_closer_again_after_a_fill(tmp_path: Path) -> None:
    venue = FaultyVenue(capabilities=SILENT)
    async with hub_with(table(tmp_path, poll=3600.0), venue.plugin) as hub:
        await rest(hub, "a")
        pace = NotedPace()
        running = asyncio.create_task(poller_of(hub, pace=pace).run())
        await until(lambda: len(pace.waits) > 3)
        assert pace.waits[1:4] == [0.01 * 1.5, 0.01 * 1.5**2, 0.01 * 1.5**3]
        venue.fill(venue.placed[0], "0.5")
        await until(lambda: position(hub) == "0.5")
        since = len(pace.waits)
        await until(lambda: len(pace.waits) > since)
        assert 0.01 in pace.waits[since - 1 :]
        running.cancel()


async def test_nothing_is_asked_while_nothing_is_open(hub: ExecutionHub, venue: FaultyVenue) -> None:
    await venue.arrived("scan")  # the comparison at the opening
    await hub.execute_order(ACCOUNT, Order(symbol=BTC, side="buy", quantity="1"))
    await asyncio.sleep(0.1)
    assert venue.count("scan") == 1
    await rest(hub, "a")
    await venue.arrived("scan", 4)
    venue.cancel_by_venue(venue.placed[1])
    await until(lambda: not hub._desks[ACCOUNT].live)
    lists = venue.count("scan")
    await asyncio.sleep(0.1)
    assert venue.count("scan") <= lists + 1  # one may have been on its way


async def test_a_venue_that_pushes_is_not_polled(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_with(table(tmp_path), venue.plugin) as hub:
        await venue.arrived("scan")
        await rest(hub, "a")
        await asyncio.sleep(0.1)
        assert (venue.count("scan"), venue.count("look_up")) == (1, 0)


async def test_without_a_list_orders_are_looked_up_in_turn(tmp_path: Path) -> None:
    venue = FaultyVenue(capabilities=NO_LIST)
    async with hub_with(table(tmp_path, poll=3600.0), venue.plugin) as hub:
        await rest(hub, "a", "b", "c")
        poller = poller_of(hub)
        for looks in (3, 6):
            await poller.round()
            await venue.arrived("look_up", looks)
        looked_at = [request.order_id for request in venue.requests if request.kind == "look_up"]
        assert looked_at == [order.order_id for order in venue.placed] * 2
        venue.fill(venue.placed[1])
        await poller.round()
        await until(lambda: position(hub) == "2")
        assert venue.count("scan") == 0


async def test_without_list_and_look_up_a_human_is_told_once(tmp_path: Path, heard: Heard) -> None:
    venue = FaultyVenue(capabilities=BLIND)
    async with hub_with(table(tmp_path), venue.plugin, heard) as hub:
        await rest(hub, "a", "b")
        await until(lambda: heard.alarms)
        await asyncio.sleep(0.1)
        assert heard.alarms == ["NOT_FOLLOWED"]


@pytest.mark.parametrize("capabilities", [SILENT, NO_LIST, NO_LOOK_UP], ids=["both", "no list", "no look-up"])
async def test_an_order_that_is_gone_stays_open_and_is_told_once(capabilities: object, tmp_path: Path, heard: Heard) -> None:
    """Nothing proves how it ended: an operator looks, and settles it."""
    venue, clock = FaultyVenue(capabilities=capabilities), HandClock()  # type: ignore[arg-type]
    async with hub_with(table(tmp_path), venue.plugin, heard, clock=clock) as hub:
        await rest(hub, "a")
        venue.placed[0].hidden_until = float("inf")
        requests = len(venue.requests)
        await until(lambda: len(venue.requests) > requests)
        await asyncio.sleep(0.05)
        assert heard.alarms == []  # the clock has stood still: one answer is none
        for _ in range(3):
            clock.move(6)
            await asyncio.sleep(0.05)
        await until(lambda: heard.alarms)
        clock.move(3000)
        await asyncio.sleep(0.1)
        assert heard.alarms == ["ORDER_GONE"]
        assert heard.of(Alarm)[0].client_order_id == "a"
        assert await state(hub) == ("accepted", "0")
        assert hub._desks[ACCOUNT].book.totals(BTC).working_buy == 2
        venue.placed[0].hidden_until = 0.0
        venue.fill(venue.placed[0], "1")
        clock.move(3000)
        await until(lambda: position(hub) == "1")


async def test_a_look_that_fails_proves_nothing_and_is_made_again(hub: ExecutionHub, venue: FaultyVenue, heard: Heard) -> None:
    venue.follow(FailLookUp(on="scan"), FailLookUp(on="scan"), FailLookUp(), FailLookUp())
    await rest(hub, "a")
    venue.fill(venue.placed[0])
    await until(lambda: position(hub) == "2")
    assert venue.count("look_up") == 3
    assert heard.alarms == []


async def test_an_empty_list_alone_ends_no_order(hub: ExecutionHub, venue: FaultyVenue, heard: Heard) -> None:
    venue.follow(*(EmptyLookUp(on="scan") for _ in range(4)))
    await rest(hub, "a")
    await venue.arrived("scan", 5)
    assert await state(hub) == ("accepted", "0")
    assert heard.alarms == []


@pytest.mark.parametrize("publishes", [True, False])
async def test_what_filled_while_the_host_was_down_is_seen_when_it_is_back(tmp_path: Path, publishes: bool) -> None:
    venue = FaultyVenue(capabilities=evolve(CAPABILITIES, publishes=publishes))
    config = table(tmp_path, poll=3600.0)
    async with hub_with(config, venue.plugin) as hub:
        await rest(hub, "a", "b")
    venue.fill(venue.placed[0])
    async with hub_with(config, venue.plugin) as hub:
        await until(lambda: position(hub) == "2")
        assert await state(hub, "b") == ("accepted", "0")
        assert venue.count("place") == 2


async def test_an_account_that_opens_late_is_polled_from_then_on(tmp_path: Path) -> None:
    venue = FaultyVenue(capabilities=SILENT)
    config = table(tmp_path)
    async with hub_with(config, venue.plugin) as hub:
        await rest(hub, "a")
    venue.follow(FailLookUp(on="open"))
    async with hub_with(config, venue.plugin) as hub:
        assert not hub.status()[0].ready
        await until(lambda: hub.status()[0].ready)
        scans = venue.count("scan")
        await until(lambda: venue.count("scan") > scans + 3)


async def test_what_the_list_shows_again_is_not_looked_up_any_more(tmp_path: Path) -> None:
    """A list that was empty by mistake must not cost a look-up of every order."""
    venue = FaultyVenue(capabilities=SILENT)
    async with hub_with(table(tmp_path, poll=3600.0, polls_per_second=1.0), venue.plugin) as hub:
        await rest(hub, "a", "b", "c")
        poller = poller_of(hub)
        venue.follow(EmptyLookUp(on="scan"), AcceptThenHang(on="look_up"))
        await poller.round()
        await until(lambda: venue.hanging)
        await poller.round()
        venue.release()
        await until(lambda: poller._looking is not None and poller._looking.done())
        assert venue.count("look_up") == 1


class LegVenue(MemoryVenue):
    """Fills an entry; its stop rests under a name of its own, until it fills."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped = False
        self.looks = 0
        self.lists = 0

    def _result(self) -> ExecutionResult:
        stop = Leg(role="stop_loss", status="filled" if self.stopped else "accepted", order_id="STOP")
        fills = [Fill(trade_id="t1", quantity="1", price="100")]
        if self.stopped:
            fills.append(Fill(trade_id="t2", quantity="1", price="90", leg="stop_loss"))
        return ExecutionResult(status="filled", order_id="ENTRY", filled_quantity="1", fills=fills, legs=[stop])

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        return self._result()

    @hookimpl
    async def fetch_open_orders(self) -> list[OrderUpdate]:
        self.lists += 1
        rests = OrderUpdate(ref=OrderRef(order_id="STOP"), result=ExecutionResult(status="accepted"))
        return [] if self.stopped else [rests]

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        self.looks += 1
        return self._result()


async def test_an_open_leg_keeps_its_order_followed(tmp_path: Path, heard: Heard) -> None:
    venue = LegVenue()
    able = evolve(SILENT, abilities=["fetch_order", "fetch_open_orders"], protection=["attached"])
    types = Types(VenueType(name="legs", create=lambda: venue, capabilities=able))
    async with hub_with(table(tmp_path, {ACCOUNT: "types/legs"}), types, heard) as hub:
        order = Order(symbol=BTC, side="buy", quantity="1", stop_loss="90", client_order_id="a")
        assert (await hub.execute_order(ACCOUNT, order)).status == "filled"
        before = venue.lists
        await until(lambda: venue.lists > before + 3)
        assert venue.looks == 1  # its stop was read back, once; then the leg is in the list, under its own name
        venue.stopped = True
        await until(lambda: position(hub) == "0")
        await until(lambda: "a" not in hub._desks[ACCOUNT].live)
        assert heard.alarms == []


class PartVenue(LegVenue):
    """Fills a part of an entry, under a stop in the list; the rest fills, and no list shows the entry any more."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = False

    def _result(self) -> ExecutionResult:
        stop = Leg(role="stop_loss", status="accepted", order_id="STOP")
        fills = [Fill(trade_id="t1", quantity="0.4", price="100")]
        if self.whole:
            fills.append(Fill(trade_id="t2", quantity="0.6", price="100"))
        told = ("filled", "1") if self.whole else ("partially_filled", "0.4")
        return ExecutionResult(status=told[0], order_id="ENTRY", filled_quantity=told[1], fills=fills, legs=[stop])

    @hookimpl
    async def fetch_open_orders(self) -> list[OrderUpdate]:
        entry = OrderUpdate(ref=OrderRef(order_id="ENTRY"), result=self._result())
        return [*([] if self.whole else [entry]), *await super().fetch_open_orders()]


async def test_an_entry_that_still_fills_is_asked_for_though_its_legs_are_in_the_list(tmp_path: Path) -> None:
    """Its legs stand for the part that has filled; they say nothing of the rest."""
    venue = PartVenue()
    able = evolve(SILENT, abilities=["fetch_order", "fetch_open_orders"], protection=["attached"])
    types = Types(VenueType(name="legs", create=lambda: venue, capabilities=able))
    async with hub_with(table(tmp_path, {ACCOUNT: "types/legs"}), types) as hub:
        order = Order(
            symbol=BTC, side="buy", order_type="limit", price="100", quantity="1", stop_loss="90", client_order_id="a"
        )
        assert (await hub.execute_order(ACCOUNT, order)).status == "partially_filled"
        before = venue.lists
        await until(lambda: venue.lists > before + 3)
        venue.whole = True
        await until(lambda: position(hub) == "1.0")


async def test_two_accounts_with_equal_names_at_their_venues_do_not_mix(tmp_path: Path) -> None:
    """Order ids and trade ids are each venue's own: both count V1 and T1."""
    first, second = FaultyVenue(capabilities=SILENT), FaultyVenue(capabilities=SILENT)
    types = Types(type_of(first, "one"), type_of(second, "two"))
    config = table(tmp_path, {"one": "types/one", "two": "types/two"})
    async with hub_with(config, types) as hub:
        for account in ("one", "two"):
            assert (await hub.execute_order(account, resting("a"))).order_id == "V1"
        second.fill("V1", "0.5")
        await until(lambda: hub._desks["two"].book.totals(BTC).position)
        first.fill("V1")
        await until(lambda: hub._desks["one"].book.totals(BTC).position)
        for staff in hub._staff.values():
            await staff.follower.settle()
        totals = {name: str(desk.book.totals(BTC).position) for name, desk in hub._desks.items()}
        assert totals == {"one": "2", "two": "0.5"}
        assert [fill.trade_id for fill in await hub.journal.fills(Key("one", "a"))] == ["T1"]
        assert [fill.trade_id for fill in await hub.journal.fills(Key("two", "a"))] == ["T1"]


async def test_a_fill_that_came_before_a_cancel_took_effect_is_found_without_a_push(
    hub: ExecutionHub, venue: FaultyVenue
) -> None:
    """The venue told that it is cancelled, and books a fill after that; it is looked at once more."""
    await rest(hub, "a")
    assert (await hub.cancel_order(ACCOUNT, "a")).status == "canceled"
    venue.fill(venue.placed[0], "0.5")
    await until(lambda: position(hub) == "0.5")
    assert (await hub.order(ACCOUNT, "a")) is not None
