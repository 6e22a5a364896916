# SPDX-License-Identifier: MIT
"""Attached legs become smaller by what is closed beside them: a stop sells what its own entry has left, and nobody else's."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import fks_exec_hub.exits.brackets
from fks_exec import Alarm, ClosePosition, Order
from fks_exec.testing import AcceptThenDrop, AcceptThenHang, Fault, Lost, Refuse, Rest, Slow
from fks_exec.testing import FaultyVenue as Venue
from fks_exec.testing.faulty.declared import CAPABILITIES
from fks_exec_simulators.desks import Heard
from fks_exec_simulators.lives import Lives
from fks_exec_simulators.stage import ACCOUNT, until
from fks_exec_simulators.two_strategies import (
    BTC,
    LEFT,
    books,
    close_a_part,
    enter,
    hub_at,
    settled,
    stopped,
    stops,
    targets,
    trade,
)

OTHERS = ["oco", "reduce_only_pair", "stop_only"]
QUIET = evolve(CAPABILITIES, publishes=False)
"""Of a venue that tells only what it is asked."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried soon."""
    monkeypatch.setattr(fks_exec_hub.exits.brackets, "PAUSES", (0.01, 0.02, 0.05))


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.mark.parametrize("target", [None, "120"])
async def test_attached_legs_are_changed_in_place(target: str | None, tmp_path: Path, heard: Heard) -> None:
    """They stand all the while."""
    venue = Venue(protection="attached")
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub, take_profit=target)
        await close_a_part(hub)
        await until(lambda: stops(venue) == [LEFT] and settled(hub))
        assert targets(venue) == ([LEFT] if target else [])
        asked = venue.count("amend")
        await stopped(hub, venue)
    assert (venue.count("cancel"), venue.count("protect"), heard.alarms) == (0, 0, [])
    assert venue.count("amend") == asked <= 2


async def test_an_entry_waits_until_the_legs_beside_it_are_small_enough(
    tmp_path: Path, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes while the host is at it: the first request is lost, and made again a little later."""
    monkeypatch.setattr(fks_exec_hub.exits.brackets, "PAUSES", (0.1,))
    venue = Venue([Lost(on="amend")], protection="attached")
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub)
        await close_a_part(hub)
        assert (await trade(hub, "buy", "0.2", "c")).status == "filled"
        kinds = [request.kind for request in venue.requests if request.kind in ("place", "amend")]
        assert kinds == ["place", "place", "place", "amend", "amend", "place"]
    assert not heard.alarms


async def test_legs_that_the_venue_makes_smaller_itself_are_left_alone(tmp_path: Path, heard: Heard) -> None:
    """Where A alone holds something, the venue has cut its stop to that by the time it is looked at."""
    venue = Venue(protection="attached", capabilities=QUIET)
    async with hub_at(venue, tmp_path, heard) as hub:
        await trade(hub, "buy", "1", "a", stop_loss="90", client_order_id="one")
        looked = venue.count("look_up")
        await close_a_part(hub)
        await until(lambda: venue.count("look_up") > looked and settled(hub))
        await trade(hub, "buy", "0.1", "b")  # which waits until nothing is left to be done about A's legs
        assert stops(venue) == [LEFT]
    assert (venue.count("amend"), heard.alarms) == (0, [])


async def test_an_entry_of_the_same_moment_waits_until_they_are_smaller(tmp_path: Path, heard: Heard) -> None:
    """Else A's stop could sell what it buys."""
    venue = Venue(protection="attached")
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub)
        await asyncio.gather(close_a_part(hub), trade(hub, "buy", "0.1", "b"))
        kinds = [request.kind for request in venue.requests if request.kind in ("place", "amend")]
    assert kinds == ["place", "place", "place", "amend", "place"]


async def test_legs_of_an_entry_that_rests_become_smaller_too(tmp_path: Path, heard: Heard) -> None:
    """And grow with what it fills later."""
    venue = Venue(protection="attached")
    async with hub_at(venue, tmp_path, heard) as hub:
        await trade(hub, "buy", "0.6", "b")
        venue.follow(Rest())
        await trade(hub, "buy", "2", "a", order_type="limit", price="100", stop_loss="90", client_order_id="one")
        entry = next(placed for placed in venue.placed if placed.order.client_order_id == "one")
        venue.fill(entry, 1)
        await until(lambda: books(hub).get("a") == 1)
        await close_a_part(hub)
        await until(lambda: stops(venue) == [LEFT] and settled(hub))
        venue.fill(entry, 1)
        await until(lambda: stops(venue) == [LEFT + 1] and settled(hub))
    assert not heard.alarms


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("amend", [True, False], ids=["refused", "not known"])
async def test_where_they_cannot_be_changed_others_take_their_place(
    amend: bool, kind: str, tmp_path: Path, heard: Heard
) -> None:
    """In the account's other way: the old ones go first, so that no more is under stops than is left."""
    venue = Venue([Refuse(on="amend")], protection=["attached", kind], amend=amend)
    target = None if kind == "stop_only" else "120"
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub, take_profit=target)
        await close_a_part(hub)
        await until(lambda: stops(venue) == [LEFT] and settled(hub))
        await until(lambda: targets(venue) == ([LEFT] if target else []))
        await until(lambda: hub._desks[ACCOUNT].live["one"].result.legs[0].client_order_id == "one~sl1")
        assert hub._desks[ACCOUNT].live["one"].plan.kind == kind  # type: ignore[union-attr]
        await stopped(hub, venue)
    assert (venue.count("amend"), heard.alarms) == (int(amend), [])


@pytest.mark.parametrize("amend", [True, False], ids=["refused", "not known"])
async def test_where_nothing_can_be_done_a_human_is_told_once_and_no_entry_goes_beside_them(
    amend: bool, tmp_path: Path, heard: Heard
) -> None:
    """Exits go; when all of it is closed the legs are cancelled, and entries go again."""
    venue = Venue([Refuse(on="amend")], protection="attached", amend=amend)
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub)
        await close_a_part(hub)
        await until(lambda: "LEGS_TOO_LARGE" in heard.alarms)
        refused = await trade(hub, "buy", "0.2", "c")
        assert (refused.status, refused.code) == ("denied", "LEGS_STAND")
        assert (venue.count("amend"), stops(venue)) == (int(amend), [Decimal(1)])
        [alarm] = [alarm for alarm in heard.of(Alarm) if alarm.code == "LEGS_TOO_LARGE"]
        assert "stands for 1 of BTC/USDT, of which it has only 0.4 left" in alarm.message
        closed = await hub.execute_order(ACCOUNT, ClosePosition(symbol=BTC, strategy="a"))
        assert closed.status == "filled"
        await until(lambda: stops(venue) == [])
        assert (await trade(hub, "buy", "0.2", "c")).status == "filled"
    assert venue.position(BTC) == Decimal("0.8")


async def test_what_a_stop_sells_of_others_is_taken_from_their_positions_and_told(tmp_path: Path, heard: Heard) -> None:
    """Nobody is short of what nobody lent; nothing is bought back."""
    venue = Venue(protection="attached", amend=False)
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub)
        await close_a_part(hub)
        await until(lambda: "LEGS_TOO_LARGE" in heard.alarms)
        venue.trigger(BTC, "89")
        await until(lambda: "OTHERS_CLOSED" in heard.alarms)
        assert (books(hub), venue.position(BTC)) == ({}, 0)
        await until(lambda: not hub._desks[ACCOUNT].live)
        orders = venue.count("place")
    [alarm] = [alarm for alarm in heard.of(Alarm) if alarm.code == "OTHERS_CLOSED"]
    assert "closed 0.6 of BTC/USDT more than it had left; that was held by the strategies b" in alarm.message
    assert (orders, "BOTH_LEGS" in heard.alarms) == (3, False)
    async with hub_at(venue, tmp_path) as hub:
        assert books(hub) == {}


async def test_what_cannot_be_taken_back_is_told_once(tmp_path: Path, heard: Heard) -> None:
    """The first word says what is begun, the last one that it did not come about."""
    venue = Venue(protection="reduce_only_pair", enforce_reduce_only=False)
    async with hub_at(venue, tmp_path, heard) as hub:
        await trade(hub, "buy", "1", "a", stop_loss="90", take_profit="120", client_order_id="one")
        await until(lambda: settled(hub))
        venue.follow(*(Refuse() for _ in range(9)))
        stop, target = venue.legs("one")
        venue.fill(stop)
        venue.fill(target)
        await until(lambda: "EXCESS_STANDS" in heard.alarms)
        await until(lambda: "one" not in hub._desks[ACCOUNT].live)
    texts = {alarm.code: alarm.message for alarm in heard.of(Alarm)}
    assert "taken back" not in texts["BOTH_LEGS"]
    assert "3 orders were refused" in texts["EXCESS_STANDS"]
    assert [heard.alarms.count(code) for code in ("BOTH_LEGS", "EXCESS_STANDS", "NAKED_POSITION")] == [1, 1, 0]


LOST = [Lost(on="amend"), AcceptThenDrop(on="amend")]


@pytest.mark.parametrize("fault", LOST, ids=["never there", "done"])
async def test_a_change_without_an_answer_is_looked_for(fault: Fault, tmp_path: Path, heard: Heard) -> None:
    """And made again if it was not made."""
    venue = Venue([fault], protection="attached")
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub)
        await close_a_part(hub)
        await until(lambda: stops(venue) == [LEFT] and settled(hub))
        await stopped(hub, venue)
    assert venue.count("amend") == (2 if isinstance(fault, Lost) else 1)


STEPS = [
    (["attached"], AcceptThenHang(on="amend")),
    (["attached"], Lost(on="amend", hang=True)),
    (["attached", "oco"], AcceptThenHang(on="cancel")),
    (["attached", "oco"], Lost(on="cancel", hang=True)),
    (["attached", "oco"], AcceptThenHang(on="protect")),
    (["attached", "oco"], Lost(on="protect", hang=True)),
    (["attached", "reduce_only_pair"], AcceptThenHang(on="cancel")),
    (["attached", "stop_only"], AcceptThenHang(on="cancel")),
    (["attached", "reduce_only_pair"], Lost(on="protect", hang=True)),
]


@pytest.mark.parametrize(
    ("kinds", "fault"), STEPS, ids=lambda value: "-".join(value) if isinstance(value, list) else str(value)
)
async def test_a_host_that_ends_at_any_step_is_followed_by_one_that_goes_on(
    kinds: list[Any], fault: Any, tmp_path: Path, heard: Heard
) -> None:
    """In the end one stop stands for what is left, whatever of the last request came about."""
    venue, lives = Venue([fault], protection=kinds, amend=len(kinds) == 1), Lives()
    target = None if "stop_only" in kinds else "120"
    async with hub_at(venue, tmp_path, lives, journal="lives:") as hub:
        await enter(hub, take_profit=target)
        await close_a_part(hub)
        await venue.arrived(fault.on)
        lives.kill()
    async with hub_at(venue, tmp_path, lives, heard, journal="lives:") as hub:
        await until(lambda: stops(venue) == [LEFT] and targets(venue) == ([LEFT] if target else []) and settled(hub))
        await stopped(hub, venue)
    assert not {"STOP_FAILED", "LEGS_TOO_LARGE", "OTHERS_CLOSED", "BOTH_LEGS"} & set(heard.alarms)


async def test_an_entry_that_waited_for_one_host_waits_for_the_next_one_too(tmp_path: Path, heard: Heard) -> None:
    """It is taken up as soon as the account is open."""
    venue, lives = Venue([Lost(on="amend", hang=True), Slow(0.1, on="amend")], protection="attached"), Lives()
    async with hub_at(venue, tmp_path, lives, journal="lives:") as hub:
        await enter(hub)
        await close_a_part(hub)
        order = Order(symbol=BTC, side="buy", quantity="0.2", strategy="c", client_order_id="late")
        await hub.submit(ACCOUNT, order)
        await venue.arrived("amend")
        lives.kill()
    before = len(venue.requests)
    async with hub_at(venue, tmp_path, lives, heard, journal="lives:") as hub:
        await until(lambda: books(hub).get("c") == Decimal("0.2"))
        kinds = [request.kind for request in venue.requests[before:] if request.kind in ("place", "amend")]
        assert kinds == ["amend", "place"]
    assert not heard.alarms
