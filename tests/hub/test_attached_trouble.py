# SPDX-License-Identifier: MIT
"""Attached legs that cannot become smaller as they should: a halt, refusals, a venue that forgets, fills that come too late."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import fks_exec_hub.exits.brackets
from fks_exec import Alarm, Instrument
from fks_exec.model.market import Kind
from fks_exec.testing import AcceptThenHang, EmptyLookUp, Lost, PartialThenCancel, Refuse, Rest, Slow
from fks_exec.testing import FaultyVenue as Venue
from fks_exec.testing.faulty.declared import CAPABILITIES
from fks_exec.testing.faulty.placing import Match
from fks_exec_hub import ExecutionHub
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


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried soon."""
    monkeypatch.setattr(fks_exec_hub.exits.brackets, "PAUSES", (0.01, 0.02, 0.05))


@pytest.fixture
def heard() -> Heard:
    return Heard()


def text_of(heard: Heard, code: str) -> str:
    """What the one alarm of a code says."""
    [alarm] = [alarm for alarm in heard.of(Alarm) if alarm.code == code]
    return alarm.message


async def close_a_part_in_a_halt(hub: ExecutionHub, venue: Venue) -> None:
    """The exit rested before the account was halted, and fills in the halt."""
    venue.follow(Rest())
    await trade(hub, "sell", "0.6", "a", order_type="limit", price="120", client_order_id="part")
    await hub.halt(ACCOUNT, "halted", "lunch")
    venue.fill(venue.placed[-1])


@pytest.mark.parametrize(
    ("kinds", "account"),
    [(["attached", "reduce_only_pair"], {"protect_when_halted": False}), (["attached"], {})],
    ids=["replaced", "changed"],
)
async def test_a_stop_stands_for_as_long_as_a_halt_lets_none_take_its_place(
    kinds: Any, account: dict[str, Any], tmp_path: Path, heard: Heard
) -> None:
    """A human is told that it is too large; it is made smaller when the account is resumed."""
    venue = Venue(protection=kinds, amend=len(kinds) == 1)
    async with hub_at(venue, tmp_path, heard, cancel_on_halt=False, **account) as hub:
        await enter(hub)
        await close_a_part_in_a_halt(hub, venue)
        await until(lambda: "LEGS_TOO_LARGE" in heard.alarms)
        assert "the account is halted" in text_of(heard, "LEGS_TOO_LARGE")
        assert (stops(venue), venue.count("cancel"), venue.count("amend")) == ([Decimal(1)], 0, 0)
        await hub.halt(ACCOUNT, "active", "back")
        await until(lambda: stops(venue) == [LEFT] and settled(hub))


async def test_the_stop_goes_last_and_a_cancel_that_is_refused_is_told(tmp_path: Path, heard: Heard) -> None:
    """While the venue does not cancel the target the stop stands; then both are replaced."""
    venue = Venue([Refuse(on="cancel") for _ in range(12)], protection=["attached", "oco"], amend=False)
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub, take_profit="120")
        await close_a_part(hub)
        await until(lambda: "LEG_STUCK" in heard.alarms)
        assert (stops(venue), targets(venue)) == ([Decimal(1)], [Decimal(1)])
        assert "does not cancel the target of one" in text_of(heard, "LEG_STUCK")
        await until(lambda: stops(venue) == [LEFT] and targets(venue) == [LEFT] and settled(hub))


@pytest.mark.parametrize(
    ("kinds", "amend"), [(["attached"], True), (["attached", "oco"], False), (["attached"], False)], ids=str
)
async def test_legs_of_an_entry_that_the_venue_has_forgotten_are_changed_by_what_is_known(
    kinds: Any, amend: bool, tmp_path: Path, heard: Heard
) -> None:
    """Or a human is told."""
    venue = Venue(protection=kinds, amend=amend, capabilities=evolve(CAPABILITIES, publishes=False))
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub)
        venue.choose(lambda request: EmptyLookUp() if request.kind == "look_up" else Match(on=request.kind))
        await close_a_part(hub)
        if amend:
            await until(lambda: stops(venue) == [LEFT] and settled(hub))
            assert venue.count("amend") == 1
        elif len(kinds) == 2:
            await until(lambda: stops(venue) == [LEFT])
        else:
            await until(lambda: "LEGS_TOO_LARGE" in heard.alarms)


async def test_legs_of_a_forgotten_entry_are_cancelled_when_all_of_it_is_closed(tmp_path: Path, heard: Heard) -> None:
    """By the names that are known."""
    venue = Venue(protection="attached")
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub)
        venue.choose(lambda request: EmptyLookUp() if request.kind == "look_up" else Match(on=request.kind))
        await trade(hub, "sell", "1", "a")
        await until(lambda: stops(venue) == [])


async def double(hub: ExecutionHub, venue: Venue, *faults: Any) -> None:
    """Both legs of an entry fill; what is to take that back meets faults."""
    await trade(hub, "buy", "1", "a", stop_loss="90", take_profit="120", client_order_id="one")
    await until(lambda: settled(hub))
    venue.follow(*faults)
    stop, target = venue.legs("one")
    venue.fill(stop)
    venue.fill(target)


async def test_what_an_order_left_of_an_excess_is_taken_back_by_another_one(tmp_path: Path, heard: Heard) -> None:
    """It is known what the first one filled."""
    venue = Venue(protection="reduce_only_pair", enforce_reduce_only=False)
    async with hub_at(venue, tmp_path, heard) as hub:
        await double(hub, venue, PartialThenCancel(share="0.4", at_once=True))
        await until(lambda: books(hub) == {} and "one" not in hub._desks[ACCOUNT].live)
    assert [placed.order.quantity for placed in venue.placed[-2:]] == [Decimal(1), Decimal("0.6")]
    assert (heard.alarms, venue.position(BTC)) == (["BOTH_LEGS"], 0)


async def test_an_excess_of_which_orders_leave_something_every_time_is_told(tmp_path: Path, heard: Heard) -> None:
    """After three of them, with what is left."""
    venue = Venue(protection="reduce_only_pair", enforce_reduce_only=False)
    async with hub_at(venue, tmp_path, heard) as hub:
        await double(hub, venue, *(PartialThenCancel(share="0.5", at_once=True) for _ in range(9)))
        await until(lambda: "EXCESS_STANDS" in heard.alarms)
        await until(lambda: "one" not in hub._desks[ACCOUNT].live)
        assert books(hub) == {"a": Decimal("-0.125")}
    assert text_of(heard, "EXCESS_STANDS").startswith("0.125 of")


@pytest.mark.parametrize("kind", ["reduce_only_pair", "attached"])
async def test_what_a_stop_sells_of_others_after_all_was_done_is_told(kind: Any, tmp_path: Path, heard: Heard) -> None:
    """It fills late, at a venue that had called it cancelled."""
    venue = Venue(protection=kind, enforce_reduce_only=False)
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub)
        [stop] = venue.legs("one")
        await trade(hub, "sell", "1", "a")
        await until(lambda: stops(venue) == [] and "one" not in hub._desks[ACCOUNT].live)
        assert "OTHERS_CLOSED" not in heard.alarms
        venue.fill(stop, "0.25")
        await until(lambda: "OTHERS_CLOSED" in heard.alarms)
        assert books(hub) == {"b": Decimal("0.35")}
    assert "a leg of one filled late, and closed of BTC/USDT what the strategies b held" in text_of(heard, "OTHERS_CLOSED")


def dear(symbol: str) -> Instrument:
    """Of which no order may be worth less than 1."""
    return Instrument(symbol=symbol, kind=Kind.LINEAR, base="BTC", quote="USDT", quantity_step="0.001", min_notional=1)


async def test_a_rest_that_is_worth_less_than_an_order_is_told_and_left(tmp_path: Path, heard: Heard) -> None:
    """No stop could be placed for it, and nobody asked to close it."""
    venue = Venue(protection="attached", instrument=dear)
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub)
        await trade(hub, "sell", "0.995", "a")
        await until(lambda: "BELOW_MINIMUM" in heard.alarms)
        await until(lambda: stops(venue) == [])
        assert books(hub) == {"a": Decimal("0.005"), "b": Decimal("0.6")}
    assert heard.alarms == ["BELOW_MINIMUM"]


@pytest.mark.parametrize("fault", [AcceptThenHang(on="cancel"), Lost(on="cancel", hang=True)], ids=["done", "never there"])
async def test_a_target_alone_is_replaced_by_the_next_host_too(fault: Any, tmp_path: Path, heard: Heard) -> None:
    """The first one ended between its cancel and the new one."""
    venue, lives = Venue([fault], protection=["attached", "reduce_only_pair"], amend=False), Lives()
    async with hub_at(venue, tmp_path, lives, journal="lives:") as hub:
        await trade(hub, "buy", "0.6", "b")
        await trade(hub, "buy", "1", "a", take_profit="120", client_order_id="one")
        await until(lambda: targets(venue) == [Decimal(1)])
        await close_a_part(hub)
        await venue.arrived("cancel")
        lives.kill()
    async with hub_at(venue, tmp_path, lives, heard, journal="lives:") as hub:
        await until(lambda: targets(venue) == [LEFT])


def spans(results: Sequence[Any]) -> list[tuple[str, str]]:
    return [(result.status, result.code) for result in results]


async def test_entries_behind_one_that_waited_in_vain_are_denied_at_once(tmp_path: Path, heard: Heard) -> None:
    """An exit that stands behind them goes soon; when the legs are gone entries wait and go as before."""
    venue = Venue(protection="attached", amend=False)
    async with hub_at(venue, tmp_path, heard, deadline=1.5) as hub:
        await enter(hub)
        await close_a_part(hub)
        await until(lambda: "LEGS_TOO_LARGE" in heard.alarms)
        clock = hub._desks[ACCOUNT].clock
        first = await trade(hub, "buy", "0.2", "c")
        began = clock.monotonic()
        more = [await trade(hub, "buy", "0.2", "c") for _ in range(3)]
        took = clock.monotonic() - began
        assert spans([first, *more]) == [("denied", "LEGS_STAND")] * 4
        assert took < 3
        venue.follow(Slow(0.2, on="cancel"))
        await trade(hub, "sell", "0.4", "a")
        assert (await trade(hub, "buy", "0.2", "c")).status == "filled"
        assert stops(venue) == []
        assert hub._desks[ACCOUNT].in_vain == {}


async def test_the_stop_that_is_left_sells_only_what_a_has(tmp_path: Path, heard: Heard) -> None:
    """After a cancel that was refused for a while."""
    venue = Venue([Refuse(on="cancel")], protection=["attached", "oco"], amend=False)
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub, take_profit="120")
        await close_a_part(hub)
        await until(lambda: stops(venue) == [LEFT] and settled(hub))
        await stopped(hub, venue)
    assert not heard.alarms
