# SPDX-License-Identifier: MIT
"""Beside an order of unknown fate an exit passes where it cannot open a position, else it waits; a close is a target."""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import example, given
from hypothesis import strategies as st

import fks_exec_hub.following.unknown
import fks_exec_hub.orders.beside
from fks_exec import ClosePosition, Denial, ExecutionResult, Instrument, Order, Position, Side, Status
from fks_exec.observers import Observers
from fks_exec.testing import CAPABILITIES, AcceptThenDrop, EmptyLookUp, Fault, FaultyVenue, Lost, Request
from fks_exec_hub import ExecutionHub
from fks_exec_hub.accounts.desk import Desk
from fks_exec_hub.accounts.live import Live
from fks_exec_hub.config import AccountConfig
from fks_exec_hub.exits.family import STOP
from fks_exec_hub.following.unknown import Schedule
from fks_exec_hub.journal import Key
from fks_exec_hub.orders.beside import Room, Wait, beside
from fks_exec_hub.orders.concrete import available
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import ACCOUNT, buy, configure, sell, until

SYMBOL = "BTC/USDT"
OVER = 10.0 + 1.0
SOFT = evolve(CAPABILITIES, reduce_only=False, request_ttl=20.0, publishes=False)
"""A venue that does not enforce reduce-only."""


@pytest.fixture(autouse=True)
def pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fks_exec_hub.following.unknown, "SCHEDULE", Schedule(delays=(0.01,), slower=(0.01,)))
    monkeypatch.setattr(fks_exec_hub.orders.beside, "APART", 0.02)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def hub_at(venue: FaultyVenue, folder: Path, clock: HandClock, **account: Any) -> ExecutionHub:
    table = {"venue": "faulty", "polls_per_second": 100_000.0, "poll": 1000.0, "compare_every": 1000.0, "deadline": 10.0}
    config = configure(folder, account={**table, **account})
    return ExecutionHub.open(config, plugins=[venue.plugin], clock=clock)


def blind(request: Request) -> Fault | None:
    """No look-up finds anything."""
    return EmptyLookUp() if request.kind == "look_up" else None


async def more(venue: FaultyVenue, kind: Any, number: int) -> None:
    before = venue.count(kind)
    await until(lambda: venue.count(kind) >= before + number)


async def pass_time(clock: HandClock, condition: Callable[[], object]) -> None:
    """The clock goes on until something holds."""

    def holds() -> object:
        clock.move(0.5)
        return condition()

    await until(holds)


async def test_a_second_exit_beside_an_unknown_one_waits_and_never_turns_the_position(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue(capabilities=SOFT)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy("1"))
        venue.choose(blind)
        venue.follow(AcceptThenDrop())
        assert (await hub.execute_order(ACCOUNT, sell("1"))).status == "unknown"
        second = await hub.submit(ACCOUNT, sell("1", client_order_id="second"))
        clock.move(OVER)
        await more(venue, "positions", 3)
        assert not second.concluded.done()
        venue.choose(None)
        result = await second.result(8)
    assert (result.status, result.code) != ("denied", "UNRESOLVED_ORDER")
    assert venue.count("place", fate="placed") >= 2
    assert [placed.order.side for placed in venue.placed[:2]] == ["buy", "sell"]


async def test_an_exit_that_waited_passes_when_the_unknown_one_was_not_placed(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue([], capabilities=SOFT)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy("1"))
        venue.follow(Lost())
        await hub.execute_order(ACCOUNT, sell("1"))
        second = await hub.submit(ACCOUNT, sell("1"))
        await pass_time(clock, second.concluded.done)
        assert (await second.result()).status == "filled"
    assert venue.position(SYMBOL) == 0


@pytest.mark.parametrize(("fault", "sold"), [(AcceptThenDrop(), 1), (Lost(), 2)], ids=["filled", "not placed"])
async def test_a_close_beside_an_unknown_exit_closes_what_the_resolution_leaves(
    fault: Fault, sold: int, tmp_path: Path, clock: HandClock
) -> None:
    venue = FaultyVenue(capabilities=SOFT)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        venue.choose(blind)
        venue.follow(fault)
        await hub.execute_order(ACCOUNT, sell("1"))
        close = await hub.submit(ACCOUNT, ClosePosition(symbol=SYMBOL))
        clock.move(OVER)
        await more(venue, "positions", 3)
        assert not close.concluded.done()
        venue.choose(None)
        await pass_time(clock, close.concluded.done)
        result = await close.result()
    assert (result.status, result.filled_quantity) == ("filled", sold)
    assert venue.position(SYMBOL) == 0


async def test_a_close_beside_an_unknown_entry_waits_for_what_there_is_to_close(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue([AcceptThenDrop()], otherwise=blind, capabilities=SOFT)
    async with hub_at(venue, tmp_path, clock) as hub:
        assert (await hub.execute_order(ACCOUNT, buy("2"))).status == "unknown"
        close = await hub.submit(ACCOUNT, ClosePosition(symbol=SYMBOL))
        other = await hub.submit(ACCOUNT, ClosePosition(symbol="ETH/USDT"))
        assert (await other.result(8)).code == "NOTHING_TO_CLOSE"
        await more(venue, "look_up", 3)
        assert not close.concluded.done()
        venue.choose(None)
        assert (await close.result(8)).filled_quantity == 2
    assert venue.position(SYMBOL) == 0


async def test_the_close_of_another_strategy_does_not_wait_for_an_unknown_entry(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue([Lost()], otherwise=blind, capabilities=SOFT)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy("2", strategy="s"))
        closed = await hub.execute_order(ACCOUNT, ClosePosition(symbol=SYMBOL, strategy="t"))
    assert closed.code == "NOTHING_TO_CLOSE"


async def test_an_exit_that_fits_the_venues_position_passes_beside_an_unknown_entry(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue(capabilities=SOFT)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        venue.choose(blind)
        venue.follow(Lost())
        await hub.execute_order(ACCOUNT, buy("1"))
        exit_ = await hub.submit(ACCOUNT, sell("2"))
        before = venue.count("positions")
        await more(venue, "look_up", 5)
        assert (exit_.concluded.done(), venue.count("positions")) == (False, before), "the deadline has not passed"
        clock.move(OVER)
        assert (await exit_.result(8)).status == "filled"
        assert hub._desks[ACCOUNT].unresolved != ()
    assert venue.position(SYMBOL) == 0


async def test_an_exit_waits_where_the_venue_holds_less_than_our_book(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue(capabilities=SOFT)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        venue.choose(blind)
        venue.follow(Lost())
        await hub.execute_order(ACCOUNT, buy("1"))
        venue.adjust_position(SYMBOL, "-1")
        exit_ = await hub.submit(ACCOUNT, sell("2"))
        clock.move(OVER)
        await more(venue, "positions", 3)
        assert not exit_.concluded.done()
        venue.adjust_position(SYMBOL, "1")
        assert (await exit_.result(8)).status == "filled"


def spot(symbol: str) -> Instrument:
    return Instrument(symbol=symbol, kind="spot", base="BTC", quote="USDT", quantity_step="0.001")


async def test_on_spot_the_balance_says_what_is_held_and_none_is_no_room(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue(capabilities=SOFT, instrument=spot)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        venue.choose(blind)
        venue.follow(Lost())
        await hub.execute_order(ACCOUNT, buy("1"))
        before = venue.count("positions")
        exit_ = await hub.submit(ACCOUNT, sell("1"))
        clock.move(OVER)
        await more(venue, "balance", 3)
        assert (exit_.concluded.done(), venue.count("positions")) == (False, before)
        await pass_time(clock, exit_.concluded.done)
        assert (await exit_.result()).status == "filled"


async def test_where_the_venue_enforces_reduce_only_a_close_beside_an_unknown_exit_is_sent_at_once(
    tmp_path: Path, clock: HandClock
) -> None:
    venue = FaultyVenue(capabilities=evolve(SOFT, reduce_only=True))
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        venue.choose(blind)
        venue.follow(AcceptThenDrop())
        await hub.execute_order(ACCOUNT, sell("1"))
        result = await hub.execute_order(ACCOUNT, ClosePosition(symbol=SYMBOL))
        assert hub._desks[ACCOUNT].unresolved != ()
    assert result.filled_quantity == 1
    assert venue.placed[-1].order.reduce_only
    assert venue.position(SYMBOL) == 0


async def test_a_close_that_waits_is_never_too_old(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue(capabilities=SOFT)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy("1"))
        venue.choose(blind)
        venue.follow(AcceptThenDrop())
        await hub.execute_order(ACCOUNT, sell("1", client_order_id="first"))
        await hub.submit(ACCOUNT, ClosePosition(symbol=SYMBOL, client_order_id="close"))
        await more(venue, "look_up", 3)
        clock.move(3600)
        await more(venue, "positions", 2)
        asyncio.get_running_loop().call_later(0.1, venue.choose, None)
        async with asyncio.timeout(8):
            known = await hub.execute_order(ACCOUNT, ClosePosition(symbol=SYMBOL, client_order_id="close"))
    assert (known.duplicate, known.code) == (True, "NOTHING_TO_CLOSE")
    assert venue.position(SYMBOL) == 0


QUANTITIES = st.decimals("0.1", "3", places=1)


@frozen
class Unknown:
    """An order of unknown fate, and the truth about it."""

    side: Side
    quantity: Decimal
    placed: bool
    before_reading: bool


UNKNOWN = st.builds(
    Unknown, side=st.sampled_from(Side), quantity=QUANTITIES, placed=st.booleans(), before_reading=st.booleans()
)


LATER = Unknown(Side.SELL, Decimal(1), placed=True, before_reading=False)
"""It fills after the reading; with a position that others have made smaller, our own book alone would not see it."""


def desk_with(held: Decimal, unknown: Sequence[Unknown]) -> Desk:
    """A desk that holds something, and whose orders of unknown fate keep their reservations."""
    nothing: Any = None
    desk = Desk("main", AccountConfig(venue="none", guards=()), nothing, nothing, Observers(), HandClock())
    if held:
        desk.book.store(Position(symbol=SYMBOL, quantity=held))
    for number, one in enumerate(unknown):
        order = Order(symbol=SYMBOL, side=one.side, quantity=one.quantity, client_order_id=f"u{number}")
        live = Live(key=Key("main", f"u{number}"), lane=SYMBOL, instruction=order, digest="", accepted_at=0, order=order)
        live.result = ExecutionResult(status=Status.UNKNOWN)
        live.token = desk.book.reserve(SYMBOL, one.side, one.quantity, reducing=False)
        desk.add(live)
        desk.question(live, unknown=True)
    return desk


@given(
    held=st.decimals("-3", "3", places=1),
    foreign=st.decimals("-2", "2", places=1),
    unknown=st.lists(UNKNOWN, min_size=1, max_size=4),
    side=st.sampled_from(Side),
    quantity=QUANTITIES,
)
@example(held=Decimal(3), foreign=Decimal(-2), unknown=[LATER], side=Side.SELL, quantity=Decimal(1))
async def test_an_exit_that_passes_never_turns_the_true_position_whatever_became_of_the_unknown_orders(
    held: Decimal, foreign: Decimal, unknown: list[Unknown], side: Side, quantity: Decimal
) -> None:
    """Also where the venue's position is another than ours, and whether the reading saw an unknown order's fill or not."""
    desk = desk_with(held, unknown)
    order = Order(symbol=SYMBOL, side=side, quantity=quantity)
    there = [one for one in unknown if one.placed]
    reading = held + foreign + sum(one.quantity * one.side.sign for one in there if one.before_reading)
    reducing = desk.book.reduces(SYMBOL, side, quantity)
    verdict = beside(desk, order, reducing=reducing, enforced=False, room=Room(reading))
    if isinstance(verdict, Order):
        later = sum(one.quantity for one in there if one.side is side and not one.before_reading)
        left = abs(reading) - quantity - later
        assert reading * side.sign < 0
        assert left >= 0
    else:
        assert isinstance(verdict, Wait | Denial)


@given(held=QUANTITIES, unknown=st.lists(UNKNOWN, min_size=1, max_size=4), quantity=QUANTITIES)
async def test_what_only_reduces_is_never_denied_beside_an_unknown_order(
    held: Decimal, unknown: list[Unknown], quantity: Decimal
) -> None:
    desk = desk_with(held, unknown)
    order = Order(symbol=SYMBOL, side=Side.SELL, quantity=min(quantity, held))
    reducing = desk.book.reduces(SYMBOL, Side.SELL, order.quantity)
    soft = beside(desk, order, reducing=reducing, enforced=False, room=None)
    hard = beside(desk, order, reducing=reducing, enforced=True, room=None)
    assert isinstance(soft, Wait)
    assert isinstance(hard, Order)
    assert hard.reduce_only


async def test_an_unknown_order_of_which_the_size_is_not_known_leaves_no_room() -> None:
    desk = desk_with(Decimal(3), [Unknown(Side.BUY, Decimal(1), placed=False, before_reading=False)])
    order = Order(symbol=SYMBOL, side=Side.SELL, quantity="1")
    assert isinstance(beside(desk, order, reducing=True, enforced=False, room=Room(Decimal(3))), Order)
    desk.live["u0"].order = None
    assert isinstance(beside(desk, order, reducing=True, enforced=False, room=Room(Decimal(3))), Wait)


async def test_an_unknown_leg_makes_no_room_for_an_exit() -> None:
    """The book counts legs apart from what works: taken from that, an order that turns the position would seem an exit."""
    desk = desk_with(Decimal(1), [])
    leg = Order(symbol=SYMBOL, side=Side.SELL, quantity="1", order_type="stop", stop_price="90", client_order_id="one~sl1")
    live = Live(key=Key("main", "one~sl1"), lane=SYMBOL, instruction=leg, digest="", accepted_at=0, order=leg, role=STOP)
    live.result = ExecutionResult(status=Status.UNKNOWN)
    live.token = desk.book.hold(leg, Decimal(1), reducing=True, role=STOP)
    desk.add(live)
    desk.question(live, unknown=True)
    order = Order(symbol=SYMBOL, side=Side.SELL, quantity="2")
    assert isinstance(beside(desk, order, reducing=False, enforced=True, room=None), Denial)
    assert available(desk, SYMBOL, Side.SELL) == 1


async def test_an_order_that_carries_legs_is_no_exit() -> None:
    desk = desk_with(Decimal(3), [Unknown(Side.BUY, Decimal(1), placed=False, before_reading=False)])
    order = Order(symbol=SYMBOL, side=Side.SELL, quantity="1", stop_loss="120")
    assert isinstance(beside(desk, order, reducing=False, enforced=True, room=None), Denial)
