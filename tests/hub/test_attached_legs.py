# SPDX-License-Identifier: MIT
"""Legs that the venue keeps with an entry are read until they are over, whatever is left of what the entry has filled."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

import fks_exec_hub.exits.attached
import fks_exec_hub.exits.brackets
import fks_exec_hub.following.compare
from fks_exec import (
    Alarm,
    ExecutionResult,
    Fill,
    Leg,
    Order,
    OrderRef,
    OrderUpdate,
    Position,
    Submission,
    VenueType,
    hookimpl,
)
from fks_exec.testing import CAPABILITIES
from fks_exec_hub import ExecutionHub
from fks_exec_hub.journal import Key
from fks_exec_simulators.desks import ACCOUNT, Heard, Types, comparison_of, hub_with, table
from fks_exec_simulators.stage import until
from fks_exec_simulators.venues import MemoryVenue

BTC = "BTC/USDT"
ABLE = evolve(
    CAPABILITIES,
    publishes=False,
    abilities=["fetch_order", "fetch_open_orders", "fetch_positions", "cancel_order"],
    protection=["attached"],
)


class NettingVenue(MemoryVenue):
    """Nets positions, makes a stop of its own for what an attached entry fills, and is read by polling only.

    Orders at the market fill at once, and count nothing here; the entry ``ENTRY`` and its stops are as a test sets them.
    ``fires``: what a stop fills just before it is cancelled.
    """

    def __init__(self) -> None:
        super().__init__()
        self.held = Decimal(0)
        self.fills: list[Fill] = []
        self.over = ""
        self.stops: dict[str, str] = {}
        self.stopped = Decimal(0)
        self.dark = self.unread = False
        self.looks = self.lists = self.readings = 0
        self.cancelled: list[str | None] = []
        self.fires = Decimal(0)
        self._number = 0

    def fill(self, quantity: str, stop: str = "") -> None:
        """The entry fills further, and the venue makes a stop for it."""
        self.fills.append(Fill(trade_id=f"E{len(self.fills)}", quantity=quantity, price="100"))
        self.held += Decimal(quantity)
        if stop:
            self.stops[stop] = "accepted"

    def fire(self, stop: str) -> None:
        """A stop fills, with all that the entry has."""
        self.stops[stop] = "filled"
        self.stopped, self.held = self._filled, Decimal(0)

    @property
    def _filled(self) -> Decimal:
        return sum((fill.quantity for fill in self.fills), Decimal(0))

    def _entry(self) -> ExecutionResult:
        filled, fills = self._filled, list(self.fills)
        if self.stopped:
            fills.append(Fill(trade_id="S1", quantity=self.stopped, price="90", leg="stop_loss"))
        status = self.over or ("filled" if filled == 1 else "partially_filled" if filled else "accepted")
        legs = [Leg(role="stop_loss", status=status, order_id=name) for name, status in self.stops.items()]
        return ExecutionResult(status=status, order_id="ENTRY", filled_quantity=filled, fills=fills, legs=legs)

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        if order.stop_loss is not None:
            return ExecutionResult(status="accepted", order_id="ENTRY")
        self._number += 1
        self.held += order.quantity * order.side.sign
        fill = Fill(trade_id=f"M{self._number}", quantity=order.quantity, price="100")
        return ExecutionResult(status="filled", order_id=f"V{self._number}", filled_quantity=order.quantity, fills=[fill])

    @hookimpl
    async def cancel_order(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        self.cancelled.append(ref.order_id)
        if ref.order_id == "ENTRY":
            self.over = "canceled"
            return self._entry()
        if self.fires and not self.stopped:
            self.stopped = self.fires
            self.held -= self.fires
            self.stops[ref.order_id or ""] = "filled" if self.fires == self._filled else "canceled"
        status = self.stops.setdefault(ref.order_id or "", "canceled")
        if status == "accepted":
            status = self.stops[ref.order_id or ""] = "canceled"
        return ExecutionResult(status=status, order_id=ref.order_id, filled_quantity=self.stopped)

    @hookimpl
    async def fetch_open_orders(self) -> list[OrderUpdate]:
        """The entry without its legs and their fills; each stop under its own name, as an order of its own."""
        self.lists += 1
        entry = self._entry()
        told = (
            []
            if entry.status.terminal
            else [OrderUpdate(ref=OrderRef(order_id="ENTRY"), result=evolve(entry, fills=self.fills, legs=()))]
        )
        stops = [OrderRef(order_id=name, symbol=BTC) for name, status in self.stops.items() if status == "accepted"]
        return told + [OrderUpdate(ref=ref, result=ExecutionResult(status="accepted")) for ref in stops]

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        self.looks += 1
        if self.dark:
            raise RuntimeError("no answer")  # no fault of the transport, so that the account stays open
        return self._entry()

    @hookimpl
    async def fetch_positions(self) -> list[Position]:
        self.readings += 1
        if self.unread:
            raise RuntimeError("no answer")
        return [Position(symbol=BTC, quantity=self.held)] if self.held else []


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def venue() -> NettingVenue:
    return NettingVenue()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried soon."""
    monkeypatch.setattr(fks_exec_hub.exits.brackets, "PAUSES", (0.01,))
    monkeypatch.setattr(fks_exec_hub.following.compare, "AGAIN", 0.01)
    monkeypatch.setattr(fks_exec_hub.exits.attached, "STRAY", 0.05)
    monkeypatch.setattr(fks_exec_hub.exits.attached, "LATE", (0.02, 0.04))


@asynccontextmanager
async def hub_at(venue: NettingVenue, folder: Path, heard: Heard, compare_every: float = 0.02) -> AsyncIterator[ExecutionHub]:
    """A hub that compares often."""
    types = Types(VenueType(name="netting", create=lambda: venue, capabilities=ABLE))
    async with hub_with(table(folder, {ACCOUNT: "types/netting"}, compare_every=compare_every), types, heard) as hub:
        yield hub


async def enter(hub: ExecutionHub) -> None:
    """A limit with a stop, which rests."""
    order = Order(symbol=BTC, side="buy", order_type="limit", price="100", quantity="1", stop_loss="90", client_order_id="a")
    assert (await hub.execute_order(ACCOUNT, order)).status == "accepted"


def position(hub: ExecutionHub) -> Decimal:
    return hub._desks[ACCOUNT].book.totals(BTC).position


def legs(hub: ExecutionHub) -> dict[str | None, str]:
    """The legs of the entry, as they are known."""
    live = hub._desks[ACCOUNT].live.get("a")
    return {} if live is None else {leg.order_id: leg.status.value for leg in live.result.legs}


async def sell(hub: ExecutionHub, quantity: str) -> None:
    await hub.execute_order(ACCOUNT, Order(symbol=BTC, side="sell", quantity=quantity))


@pytest.mark.parametrize("seen", [False, True], ids=["never read", "read before"])
async def test_a_stop_that_fired_unseen_is_no_position_closed_elsewhere(
    seen: bool, tmp_path: Path, venue: NettingVenue, heard: Heard
) -> None:
    """Its legs could not be read while the venue's position was: nothing is concluded until they can."""
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub)
        venue.dark = not seen
        venue.fill("0.4", stop="STOP")
        await until(lambda: position(hub) == Decimal("0.4"))
        await until(lambda: legs(hub) == ({"STOP": "accepted"} if seen else {}))
        venue.dark = True
        venue.fire("STOP")
        await until(lambda: "MISMATCH" in heard.alarms)
        readings = venue.readings
        await until(lambda: venue.readings > readings + 4)
        venue.dark = False
        await until(lambda: position(hub) == 0)
        await until(lambda: legs(hub) == {"STOP": "filled"})
        readings = venue.readings
        await until(lambda: venue.readings > readings + 4)
    assert "FLATTENED_ELSEWHERE" not in heard.alarms


async def test_what_was_closed_elsewhere_is_told_after_its_legs_were_read(
    tmp_path: Path, venue: NettingVenue, heard: Heard
) -> None:
    """The stop rests, and the venue holds nothing: somebody closed it by hand."""
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub)
        venue.fill("1", stop="STOP")
        await until(lambda: legs(hub) == {"STOP": "accepted"})
        looks = venue.looks
        venue.held = Decimal(0)
        await until(lambda: "FLATTENED_ELSEWHERE" in heard.alarms)
        assert venue.looks > looks
        await until(lambda: venue.cancelled == ["STOP"])


@pytest.mark.parametrize(("fires", "status"), [("1", "filled"), ("0.4", "canceled")])
async def test_what_a_stop_filled_before_it_was_cancelled_is_booked(
    fires: str, status: str, tmp_path: Path, venue: NettingVenue, heard: Heard
) -> None:
    """What it protected was closed meanwhile, and the venue had not yet taken it back."""
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub)
        venue.fill("1", stop="STOP")
        await until(lambda: legs(hub) == {"STOP": "accepted"})
        venue.fires = Decimal(fires)
        await sell(hub, "1")
        await until(lambda: position(hub) == -Decimal(fires))
        await until(lambda: not hub._desks[ACCOUNT].live)
        recorded = await hub.order(ACCOUNT, "a")
    assert isinstance(recorded, ExecutionResult)
    assert [leg.status for leg in recorded.legs] == [status]
    assert venue.cancelled == ["STOP"]


async def test_a_fill_that_shows_late_is_booked_though_all_seemed_closed_elsewhere(
    tmp_path: Path, venue: NettingVenue, heard: Heard
) -> None:
    """The venue tells of the stop's fill long after its position and its legs were read."""
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub)
        venue.fill("1", stop="STOP")
        await until(lambda: legs(hub) == {"STOP": "accepted"})
        venue.held = Decimal(0)
        await until(lambda: venue.cancelled == ["STOP"])
        await until(lambda: legs(hub) == {"STOP": "canceled"})
        venue.unread = True  # a position that agrees again would mend it too
        venue.fire("STOP")
        await until(lambda: position(hub) == 0)
        await until(lambda: not hub._desks[ACCOUNT].live)
        assert Decimal((await hub.journal.steps(Key(ACCOUNT, "a")))["flattened"]) == 0
        venue.unread = False
        looks, readings = venue.looks, venue.readings
        await until(lambda: venue.readings > readings + 4)
        assert venue.looks == looks


async def test_legs_of_an_entry_that_rests_are_read_when_the_list_lacks_them(
    tmp_path: Path, venue: NettingVenue, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reverse took what had filled, and the venue took its stop back: nothing but a look-up tells that."""
    monkeypatch.setattr(fks_exec_hub.exits.attached, "STRAY", 3600.0)
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub)
        venue.fill("0.4", stop="STOP")
        await until(lambda: legs(hub) == {"STOP": "accepted"})
        looks, lists = venue.looks, venue.lists
        await until(lambda: venue.lists > lists + 5)
        assert venue.looks == looks  # the list shows the stop
        await sell(hub, "0.4")
        venue.stops["STOP"] = "canceled"
        await until(lambda: legs(hub) == {"STOP": "canceled"})
        looks, lists = venue.looks, venue.lists
        await until(lambda: venue.lists > lists + 5)
        assert venue.looks == looks
    assert not {"FOREIGN_ORDER", "LEGS_STRAY"} & set(heard.alarms)


async def fill_and_read(hub: ExecutionHub, venue: NettingVenue, heard: Heard, quantity: str, stop: str) -> None:
    """The entry fills further: its new stop is read back by one look-up, and told as one that stands for nothing."""
    looks = venue.looks
    venue.fill(quantity, stop)
    await until(lambda: legs(hub).get(stop) == "accepted")
    assert venue.looks <= looks + 1
    await until(lambda: stop in "".join(alarm.message for alarm in heard.of(Alarm)))


async def test_each_new_fill_has_its_legs_read_whatever_is_left_of_it(
    tmp_path: Path, venue: NettingVenue, heard: Heard
) -> None:
    """The entry fills into what was sold: nothing is left of it, and the venue made a stop for it all the same."""
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub)
        await sell(hub, "0.8")
        await fill_and_read(hub, venue, heard, "0.4", "FIRST")
        await fill_and_read(hub, venue, heard, "0.2", "SECOND")
        readings = venue.readings
        await until(lambda: venue.readings > readings + 4)
        assert position(hub) == Decimal("-0.2")
    strays = [alarm.message for alarm in heard.of(Alarm) if alarm.code == "LEGS_STRAY"]
    assert [("FIRST" in text, "SECOND" in text) for text in strays] == [(True, False), (False, True)]
    assert "FOREIGN_ORDER" not in heard.alarms


async def test_a_stop_that_stands_for_what_an_entry_has_closed_is_told_by_name_and_cancelled_in_the_end(
    tmp_path: Path, venue: NettingVenue, heard: Heard
) -> None:
    """While the entry rests it may fill further, and the stop be wanted again."""
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub)
        await sell(hub, "0.8")
        venue.fill("0.4", stop="STOP")
        await until(lambda: "LEGS_STRAY" in heard.alarms)
        stray = next(alarm for alarm in heard.of(Alarm) if alarm.code == "LEGS_STRAY")
        assert (stray.client_order_id, "STOP" in stray.message) == ("a", True)
        looks, lists = venue.looks, venue.lists
        await until(lambda: venue.lists > lists + 5)
        assert (venue.looks, venue.cancelled) == (looks, [])
        await hub.cancel_order(ACCOUNT, "a")
        await until(lambda: venue.cancelled == ["ENTRY", "STOP"])
        await until(lambda: not hub._desks[ACCOUNT].live)
    assert heard.alarms.count("LEGS_STRAY") == 1


async def test_an_order_of_somebody_else_beside_an_entry_that_rests_is_told_at_the_second_comparison(
    tmp_path: Path, venue: NettingVenue, heard: Heard
) -> None:
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub)
        venue.stops["STRANGER"] = "accepted"
        await until(lambda: "FOREIGN_ORDER" in heard.alarms)


async def test_a_leg_that_is_listed_before_its_fill_is_booked_is_no_foreign_order(
    tmp_path: Path, venue: NettingVenue, heard: Heard
) -> None:
    """One list tells the fill and, as an order of its own, the stop that the venue made for it."""
    async with hub_at(venue, tmp_path, heard, compare_every=3600.0) as hub:
        await enter(hub)
        comparison = comparison_of(hub)
        venue.fill("0.4", stop="STOP")
        await comparison.compare()
        await until(lambda: legs(hub) == {"STOP": "accepted"})
        await comparison.compare()
    assert "FOREIGN_ORDER" not in heard.alarms


async def test_a_leg_that_could_not_be_read_yet_is_no_foreign_order(tmp_path: Path, venue: NettingVenue, heard: Heard) -> None:
    async with hub_at(venue, tmp_path, heard) as hub:
        await enter(hub)
        venue.dark = True
        venue.fill("0.4", stop="STOP")
        await until(lambda: position(hub) == Decimal("0.4"))
        readings = venue.readings
        await until(lambda: venue.readings > readings + 4)
        venue.dark = False
        await until(lambda: legs(hub) == {"STOP": "accepted"})
    assert "FOREIGN_ORDER" not in heard.alarms


class Behind(NettingVenue):
    """Tells what a stop has filled sooner than what its entry has: the last fill of that shows from the third look on."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = 0

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        self.looks += 1
        if self.hidden:
            self.hidden -= 1
            if not self.hidden:
                self.fill("0.6")
                self.held -= Decimal("0.6")  # which the stop has sold already
        return self._entry()


async def test_a_stop_that_has_filled_more_than_its_entry_is_asked_for_before_anything_is_taken_back(
    tmp_path: Path, heard: Heard
) -> None:
    """The entry has filled it all; that news was behind. Others keep what they hold meanwhile."""
    venue = Behind()
    async with hub_at(venue, tmp_path, heard, compare_every=3600) as hub:
        await hub.execute_order(ACCOUNT, Order(symbol=BTC, side="buy", quantity="2", strategy="b"))
        await enter(hub)
        venue.fill("0.4", stop="STOP")
        await until(lambda: legs(hub) == {"STOP": "accepted"})
        venue.hidden, venue.stopped, venue.stops["STOP"] = 3, Decimal(1), "filled"
        await until(lambda: venue.hidden == 0 and not hub._desks[ACCOUNT].live)
        held = {each.strategy: each.quantity for each in hub._desks[ACCOUNT].book.positions()}
        recorded = await hub.order(ACCOUNT, "a")
    assert isinstance(recorded, ExecutionResult)
    assert (held, recorded.filled_quantity, heard.alarms) == ({"b": 2}, 1, [])
    assert venue._number == 1  # of B's alone
