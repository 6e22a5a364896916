# SPDX-License-Identifier: MIT
"""Legs that a killed host may have sent: where the venue knows no reduce-only, no exit goes beside one of unknown fate."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

import fks_exec_hub.following.unknown
import fks_exec_hub.orders.beside
from fks_exec import ClosePosition, ExecutionResult, Order
from fks_exec.testing import CAPABILITIES, AcceptThenHang, FailLookUp, Fault, Lost, PlacedOrder, Request, Slow
from fks_exec.testing import FaultyVenue as Venue
from fks_exec_hub import ExecutionHub
from fks_exec_hub.following.unknown import Schedule
from fks_exec_simulators.desks import Heard
from fks_exec_simulators.lives import Lives
from fks_exec_simulators.stage import ACCOUNT, configure, until

BTC = "BTC/USDT"
KINDS = ["stop_only", "reduce_only_pair"]


@pytest.fixture(autouse=True)
def pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fks_exec_hub.following.unknown, "SCHEDULE", Schedule(delays=(0.01,), slower=(0.01,), apart=0.05))
    monkeypatch.setattr(fks_exec_hub.orders.beside, "APART", 0.02)


@pytest.fixture
def heard() -> Heard:
    return Heard()


def venue_of(kind: str) -> Venue:
    """A venue that does not keep an order from opening a position, and soon drops what it has not handled."""
    return Venue(protection=kind, reduce_only=False, capabilities=evolve(CAPABILITIES, request_ttl=0.05))


@asynccontextmanager
async def host_at(venue: Venue, lives: Lives, folder: Path, *plugins: object) -> AsyncIterator[ExecutionHub]:
    """One life of the host."""
    account = {"venue": "faulty", "deadline": 0.3, "poll": 0.05, "polls_per_second": 200, "compare_every": 3600}
    async with ExecutionHub.open(
        configure(folder, journal="lives:", account=account), plugins=[venue.plugin, lives, *plugins]
    ) as hub:
        yield hub


CLOSE = ClosePosition(symbol=BTC, client_order_id="close")


def entry(kind: str) -> Order:
    """A buy at the market with a stop, and with a target where the venue takes one."""
    target = "120" if kind == "reduce_only_pair" else None
    return Order(symbol=BTC, side="buy", quantity="1", stop_loss="90", take_profit=target, client_order_id="one")


async def leave(venue: Venue, lives: Lives, folder: Path, kind: str, fault: Fault) -> None:
    """A host is killed while the entry's stop hangs; the fill is on record, and a close is accepted."""
    venue.follow(fault)
    async with host_at(venue, lives, folder) as hub:
        await hub.submit(ACCOUNT, entry(kind))
        await venue.arrived("protect")
        await hub.submit(ACCOUNT, CLOSE)
        lives.kill()
    assert venue.count() == 1


async def leave_unrecorded(venue: Venue, lives: Lives, folder: Path, kind: str, fault: Fault, *closes: ClosePosition) -> None:
    """A host cannot write any more when its entry fills: the stop is sent all the same, and hangs when the host is killed."""
    venue.follow(Slow(after=0.1), fault)
    async with host_at(venue, lives, folder) as hub:
        await hub.submit(ACCOUNT, entry(kind))
        await venue.arrived("place")
        for order in closes:
            await hub.submit(ACCOUNT, order)
        lives.kill()
        await venue.arrived("protect")
    assert venue.count() == 1


def blind(request: Request) -> Fault | None:
    """No look-up is answered."""
    return FailLookUp(on=request.kind) if request.kind in ("look_up", "scan") else None


def sold(venue: Venue) -> Decimal:
    """By all orders together."""
    return sum((placed.filled for placed in venue.placed if placed.order.side == "sell"), Decimal(0))


def stop_of(venue: Venue) -> PlacedOrder:
    """As the venue has it."""
    return next(placed for placed in venue.placed if placed.order.order_type == "stop")


async def closed(hub: ExecutionHub) -> ExecutionResult:
    """How the close ended, once nothing more is to be done for it."""
    await until(lambda: "close" not in hub._desks[ACCOUNT].live)
    result = await hub.order(ACCOUNT, "close")
    assert result is not None
    return result


def asked(venue: Venue) -> list[str]:
    """What was placed and cancelled."""
    return [request.kind for request in venue.requests if request.kind in ("place", "protect", "cancel")]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_close_waits_until_it_is_known_that_the_stop_rests_and_goes_after_its_cancel(
    kind: str, heard: Heard, tmp_path: Path
) -> None:
    venue, lives = venue_of(kind), Lives()
    await leave(venue, lives, tmp_path, kind, AcceptThenHang(on="protect"))
    venue.choose(blind)
    async with host_at(venue, lives, tmp_path, heard) as hub:
        await until(lambda: "EXIT_WAITS" in heard.alarms)
        assert (asked(venue), venue.protected(BTC)) == (["place", "protect"], 1)
        venue.choose(None)
        result = await closed(hub)
    assert (result.status, result.filled_quantity) == ("filled", 1)
    assert (asked(venue), sold(venue)) == (["place", "protect", "cancel", "place"], 1)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_close_does_not_turn_the_position_when_the_stop_has_filled_meanwhile(
    kind: str, heard: Heard, tmp_path: Path
) -> None:
    venue, lives = venue_of(kind), Lives()
    await leave(venue, lives, tmp_path, kind, AcceptThenHang(on="protect"))
    venue.choose(blind)
    async with host_at(venue, lives, tmp_path, heard) as hub:
        await until(lambda: "EXIT_WAITS" in heard.alarms)
        venue.publishing = False
        venue.fill(stop_of(venue))
        venue.choose(None)
        result = await closed(hub)
        assert await hub.positions(ACCOUNT) == []
    assert (result.status, result.code) == ("denied", "NOTHING_TO_CLOSE")
    assert (sold(venue), venue.position(BTC)) == (1, 0)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_close_goes_when_it_is_known_that_the_stop_never_came(kind: str, heard: Heard, tmp_path: Path) -> None:
    venue, lives = venue_of(kind), Lives()
    await leave(venue, lives, tmp_path, kind, Lost(on="protect", hang=True))
    async with host_at(venue, lives, tmp_path, heard) as hub:
        await until(lambda: "EXIT_WAITS" in heard.alarms)
        assert venue.count() == 1
        result = await closed(hub)
        stop = await hub.order(ACCOUNT, "one~sl1")
    assert stop is not None
    assert (stop.status, stop.code) == ("not_placed", "NOT_FOUND")
    assert (result.status, result.filled_quantity) == ("filled", 1)
    assert (asked(venue), sold(venue)) == (["place", "protect", "place"], 1)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_close_waits_for_the_stop_of_an_entry_whose_fill_was_not_on_record(
    kind: str, heard: Heard, tmp_path: Path
) -> None:
    """It is not known to have been sent, and it is there; what stands without a stop meanwhile is told."""
    venue, lives = venue_of(kind), Lives()
    await leave_unrecorded(venue, lives, tmp_path, kind, AcceptThenHang(on="protect"), CLOSE)
    stop = stop_of(venue).venue_client_order_id

    def hide(request: Request) -> Fault | None:
        return blind(request) if request.kind == "scan" or request.venue_client_order_id == stop else None

    venue.choose(hide)
    async with host_at(venue, lives, tmp_path, heard) as hub:
        await until(lambda: {"EXIT_WAITS", "NAKED_POSITION"} <= set(heard.alarms))
        assert asked(venue) == ["place", "protect"]
        venue.choose(None)
        result = await closed(hub)
    assert (result.status, result.filled_quantity) == ("filled", 1)
    assert (asked(venue), sold(venue)) == (["place", "protect", "cancel", "place"], 1)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_stop_that_a_host_sent_and_could_not_write_down_is_not_sent_again(kind: str, tmp_path: Path) -> None:
    venue, lives = venue_of(kind), Lives()
    await leave_unrecorded(venue, lives, tmp_path, kind, AcceptThenHang(on="protect"))
    async with host_at(venue, lives, tmp_path) as hub:
        await until(lambda: hub._desks[ACCOUNT].live["one"].protected)
        totals = hub._desks[ACCOUNT].book.totals(BTC)
    assert [placed.role for placed in venue.placed if placed.order.side == "sell"].count("stop_loss") == 1
    assert (venue.protected(BTC), totals.stops_sell) == (1, 1)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_stop_that_is_not_there_takes_no_room_from_the_one_that_is_sent(kind: str, tmp_path: Path) -> None:
    venue, lives = venue_of(kind), Lives()
    await leave_unrecorded(venue, lives, tmp_path, kind, Lost(on="protect", hang=True))
    async with host_at(venue, lives, tmp_path) as hub:
        await until(lambda: hub._desks[ACCOUNT].live["one"].protected)
        assert (venue.protected(BTC), hub._desks[ACCOUNT].book.totals(BTC).stops_sell) == (1, 1)
        result = await hub.execute_order(ACCOUNT, CLOSE)
    assert (result.filled_quantity, sold(venue)) == (1, 1)
