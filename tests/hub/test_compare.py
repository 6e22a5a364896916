# SPDX-License-Identifier: MIT
"""What the venue holds is compared with what our orders built up: told once, trusted twice, never mended by itself."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve, frozen

from fks_exec import Alarm, Balance, Instrument, Mismatch, Order, Position
from fks_exec.testing import (
    CAPABILITIES,
    AcceptThenHang,
    FailLookUp,
    Fault,
    FaultyVenue,
    LateAppearance,
    Rest,
    SwallowCancellation,
)
from fks_exec.testing.faulty.call import Call
from fks_exec_hub import ExecutionHub
from fks_exec_hub.following.holdings import Pair, Readings, Subject, pairs
from fks_exec_hub.journal import HaltState
from fks_exec_simulators.desks import ACCOUNT, Heard, Types, comparison_of, hub_with, table, type_of
from fks_exec_simulators.stage import buy, sell, until

BTC, ETH = "BTC/USDT", "ETH/USDT"


@pytest.fixture
def venue() -> FaultyVenue:
    return FaultyVenue()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def hub(venue: FaultyVenue, heard: Heard, tmp_path: Path) -> AsyncIterator[ExecutionHub]:
    async with hub_with(table(tmp_path), venue.plugin, heard) as hub:
        await until(lambda: venue.count("positions"))
        yield hub


def told(heard: Heard) -> list[tuple[str, str, str, str]]:
    return [(event.kind, event.symbol, event.ours, event.venues) for event in heard.of(Mismatch)]


async def settled(hub: ExecutionHub, heard: Heard) -> None:
    """What was told has reached the observers, who hear in a thread of their own."""
    events = len(heard.events)
    hub._desks[ACCOUNT].alarm("TEST", "everything before this was heard")
    await until(lambda: len(heard.events) > events and heard.alarms[-1:] == ["TEST"])
    heard.events.pop()


async def test_a_fill_that_the_stream_lost_is_found_by_the_comparison(hub: ExecutionHub, venue: FaultyVenue) -> None:
    """The stream lives, one fill never comes (Lean.Brokerages.TradeStation#101)."""
    venue.follow(Rest(), Rest())
    await hub.execute_order(ACCOUNT, buy("2", client_order_id="a"))
    await hub.execute_order(ACCOUNT, buy("2", client_order_id="b"))
    venue.publishing = False
    venue.fill(venue.placed[0])
    venue.fill(venue.placed[1], "0.5")
    venue.publishing = True
    await comparison_of(hub).compare()
    await until(lambda: hub._desks[ACCOUNT].book.totals(BTC).position == Decimal("2.5"))
    assert venue.count("look_up") == 1


async def test_a_mismatch_is_told_when_it_was_seen_twice_and_then_once(
    hub: ExecutionHub, venue: FaultyVenue, heard: Heard
) -> None:
    await hub.execute_order(ACCOUNT, buy("2"))
    comparison = comparison_of(hub)
    venue.adjust_position(BTC, "1")
    await comparison.compare()
    await settled(hub, heard)
    assert told(heard) == []
    for _ in range(3):
        await comparison.compare()
    await settled(hub, heard)
    assert told(heard) == [("position", BTC, "2", "3")]
    assert heard.alarms == ["MISMATCH"]
    assert "nothing is changed by itself" in heard.of(Alarm)[0].message
    assert (venue.count("place"), venue.position(BTC), hub._desks[ACCOUNT].book.totals(BTC).position) == (1, 3, 2)
    venue.adjust_position(BTC, "1")
    await comparison.compare()
    venue.adjust_position(BTC, "-2")
    for _ in range(3):
        await comparison.compare()
    venue.adjust_position(BTC, "1")
    await comparison.compare()
    await comparison.compare()
    await settled(hub, heard)
    assert told(heard)[1:] == [("position", BTC, "2", "4"), ("position", BTC, "2", "3")]


async def test_a_fill_between_two_comparisons_begins_the_count_again(
    hub: ExecutionHub, venue: FaultyVenue, heard: Heard
) -> None:
    await hub.execute_order(ACCOUNT, buy("2"))
    comparison = comparison_of(hub)
    venue.adjust_position(BTC, "1")
    await comparison.compare()
    await hub.execute_order(ACCOUNT, buy("1"))
    await comparison.compare()
    await settled(hub, heard)
    assert told(heard) == []
    await comparison.compare()
    await settled(hub, heard)
    assert told(heard) == [("position", BTC, "3", "4")]


async def test_a_fill_while_the_venue_is_read_is_no_mismatch(hub: ExecutionHub, venue: FaultyVenue, heard: Heard) -> None:
    await hub.execute_order(ACCOUNT, buy("2"))
    comparison = comparison_of(hub)
    for _ in range(3):
        venue.follow(SwallowCancellation(on="positions", late=True))
        comparing = asyncio.create_task(comparison.compare())
        await until(lambda: venue.hanging)
        await hub.execute_order(ACCOUNT, buy("1"))
        venue.release()
        await comparing
    await settled(hub, heard)
    assert told(heard) == []


async def test_an_instrument_with_an_open_question_or_an_order_on_its_way_is_left_out(
    hub: ExecutionHub, venue: FaultyVenue, heard: Heard
) -> None:
    comparison = comparison_of(hub)
    venue.follow(LateAppearance(), AcceptThenHang())
    await hub.execute_order(ACCOUNT, buy("1", client_order_id="lost"))
    receipt = await hub.submit(ACCOUNT, buy("1", symbol=ETH))
    await venue.arrived("place", 2)
    venue.adjust_position(BTC, "1")
    for _ in range(3):
        await comparison.compare()
    await settled(hub, heard)
    assert told(heard) == []
    venue.release()
    await receipt.result()
    venue.happen()
    await until(lambda: not hub._desks[ACCOUNT].unresolved)
    await comparison.compare()
    await comparison.compare()
    await settled(hub, heard)
    assert told(heard) == [("position", BTC, "1", "2")]


async def test_above_the_tolerance_entries_are_denied_and_exits_pass(tmp_path: Path, heard: Heard) -> None:
    venue = FaultyVenue()
    async with hub_with(table(tmp_path, mismatch_tolerance=10), venue.plugin, heard) as hub:
        await hub.execute_order(ACCOUNT, buy("10"))
        comparison = comparison_of(hub)
        venue.adjust_position(BTC, "1")
        await comparison.compare()
        await comparison.compare()
        assert hub._desks[ACCOUNT].halt.state is HaltState.ACTIVE  # ten percent is not more than ten percent
        venue.adjust_position(BTC, "0.001")
        await comparison.compare()
        assert hub._desks[ACCOUNT].halt.state is HaltState.REDUCING
        await settled(hub, heard)
        assert heard.alarms == ["MISMATCH", "MISMATCH"]
        denied = await hub.execute_order(ACCOUNT, buy("1"))
        assert (denied.status, denied.code) == ("denied", "HALTED")
        assert (await hub.execute_order(ACCOUNT, sell("4"))).status == "filled"


async def test_a_position_where_we_have_none_is_above_any_tolerance_below_a_hundred(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_with(table(tmp_path, mismatch_tolerance=99), venue.plugin) as hub:
        comparison = comparison_of(hub)
        venue.adjust_position(ETH, "-0.001")
        await comparison.compare()
        await comparison.compare()
        assert hub._desks[ACCOUNT].halt.state is HaltState.REDUCING


async def test_foreign_orders_are_reported_once_and_left_alone(hub: ExecutionHub, venue: FaultyVenue, heard: Heard) -> None:
    first = venue.place_foreign(Order(symbol=BTC, side="buy", quantity="1", order_type="limit", price="1"))
    second = venue.place_foreign(Order(symbol=ETH, side="buy", quantity="1", order_type="limit", price="1"))
    comparison = comparison_of(hub)
    for _ in range(3):
        await comparison.compare()
    await settled(hub, heard)
    assert told(heard) == [("order", BTC, "", first.order_id), ("order", ETH, "", second.order_id)]
    assert heard.alarms == ["FOREIGN_ORDER"]
    venue.place_foreign(Order(symbol=BTC, side="sell", quantity="1", order_type="limit", price="999"))
    await comparison.compare()
    await settled(hub, heard)
    assert heard.alarms == ["FOREIGN_ORDER", "FOREIGN_ORDER"]
    assert (first.open, second.open, venue.count("cancel"), venue.count("place")) == (True, True, 0, 0)


async def test_an_order_of_unknown_fate_is_not_taken_for_a_foreign_one(
    hub: ExecutionHub, venue: FaultyVenue, heard: Heard
) -> None:
    """The venue shows an order of the instrument under a name of its own only; it may be the one that was lost."""
    venue.follow(LateAppearance())
    await hub.execute_order(ACCOUNT, buy("1"))
    foreign = venue.place_foreign(Order(symbol=BTC, side="buy", quantity="1", order_type="limit", price="1"))
    comparison = comparison_of(hub)
    await comparison.compare()
    await settled(hub, heard)
    assert told(heard) == []
    venue.happen()
    await until(lambda: not hub._desks[ACCOUNT].unresolved)
    await comparison.compare()
    await settled(hub, heard)
    assert told(heard) == [("order", BTC, "", foreign.order_id)]


async def test_an_order_that_ended_and_is_still_shown_is_ours(tmp_path: Path, heard: Heard) -> None:
    """Also after a restart, by the name that the venue was given."""
    venue = FaultyVenue([Rest()])
    config = table(tmp_path)
    async with hub_with(config, venue.plugin) as hub:
        await hub.execute_order(ACCOUNT, buy("1", client_order_id="a"))
        venue.cancel_by_venue(venue.placed[0])
        await until(lambda: not hub._desks[ACCOUNT].live)
    venue.placed[0].status = type(venue.placed[0].status)("accepted")
    venue.placed[0].order = evolve(venue.placed[0].order, client_order_id=None)
    async with hub_with(config, venue.plugin, heard) as hub:
        comparison = comparison_of(hub)
        await comparison.compare()
        await comparison.compare()
        await settled(hub, heard)
        assert (told(heard), heard.alarms) == ([], [])
        known = await hub.order(ACCOUNT, "a")
        assert known is not None
        assert known.status == "canceled"


async def test_a_reading_that_fails_proves_nothing(hub: ExecutionHub, venue: FaultyVenue, heard: Heard) -> None:
    await hub.execute_order(ACCOUNT, buy("2"))
    comparison = comparison_of(hub)
    venue.follow(*(FailLookUp(on="positions") for _ in range(3)), FailLookUp(on="scan"), FailLookUp(on="balance"))
    for _ in range(3):
        await comparison.compare()
    await settled(hub, heard)
    assert (told(heard), heard.alarms) == ([], [])


async def test_a_restart_flattens_and_doubles_nothing(tmp_path: Path, heard: Heard) -> None:
    """A restart's reconciliation flattened or doubled live positions elsewhere (nautilus#4736, #3176)."""
    venue = FaultyVenue()
    config = table(tmp_path, compare_every=0.02)
    async with hub_with(config, venue.plugin) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
    venue.adjust_position(BTC, "-2")
    venue.adjust_position(ETH, "5")
    async with hub_with(config, venue.plugin, heard) as hub:
        await until(lambda: len(heard.of(Mismatch)) == 2)
        await venue.arrived("positions", venue.count("positions") + 3)
        assert told(heard) == [("position", BTC, "2", "0"), ("position", ETH, "0", "5")]
        assert [(p.symbol, p.quantity) for p in await hub.positions(ACCOUNT)] == [(BTC, 2)]
        assert (venue.count("place"), venue.count("cancel")) == (1, 0)
        assert (venue.position(BTC), venue.position(ETH)) == (0, 5)


async def test_two_accounts_are_compared_each_with_its_own_venue(tmp_path: Path, heard: Heard) -> None:
    """Accounts were mixed in reconciliation elsewhere (nautilus#4013)."""
    venues = {"one": FaultyVenue(), "two": FaultyVenue()}
    types = Types(*(type_of(venue, name) for name, venue in venues.items()))
    async with hub_with(table(tmp_path, {name: f"types/{name}" for name in venues}), types, heard) as hub:
        for name, quantity in (("one", "2"), ("two", "-3")):
            order = buy(quantity, client_order_id="a") if quantity[0] != "-" else sell(quantity[1:], client_order_id="a")
            assert (await hub.execute_order(name, order)).order_id == "V1"
        comparisons = [comparison_of(hub, name) for name in venues]
        venues["two"].adjust_position(BTC, "1")
        for comparison in comparisons * 2:
            await comparison.compare()
        await until(lambda: heard.alarms)
        assert [(event.account, event.ours, event.venues) for event in heard.of(Mismatch)] == [("two", "-3", "-2")]


@frozen
class Holds(Fault):
    """The balance is what it says."""

    currency: str = "BTC"
    total: str = "0"

    def act(self, call: Call) -> object:
        return [Balance(currency="USDT", total="1"), Balance(currency=self.currency, total=self.total)]


def spot(symbol: str) -> Instrument:
    return Instrument(symbol=symbol, base=symbol.partition("/")[0], quote="USDT", quantity_step="0.001")


async def test_on_spot_what_we_bought_has_to_be_there_and_more_is_not_ours(tmp_path: Path, heard: Heard) -> None:
    able = evolve(CAPABILITIES, abilities=CAPABILITIES.abilities - {"fetch_positions"})
    venue = FaultyVenue(capabilities=able, instrument=spot)
    async with hub_with(table(tmp_path, mismatch_tolerance=0), venue.plugin, heard) as hub:
        comparison = comparison_of(hub)
        await hub.execute_order(ACCOUNT, buy("2"))
        venue.choose(lambda request: Holds(total="5", on="balance") if request.kind == "balance" else None)
        for _ in range(3):
            await comparison.compare()
        await hub.execute_order(ACCOUNT, buy("1"))
        venue.choose(lambda request: Holds(total="6", on="balance") if request.kind == "balance" else None)
        for _ in range(3):
            await comparison.compare()
        await settled(hub, heard)
        assert (told(heard), heard.alarms) == ([("balance", "BTC", "2", "5")], [])  # three more than ours, both times
        assert hub._desks[ACCOUNT].halt.state is HaltState.ACTIVE
        venue.choose(lambda request: Holds(total="2.999", on="balance") if request.kind == "balance" else None)
        await comparison.compare()
        await comparison.compare()
        await settled(hub, heard)
        assert (told(heard)[1:], heard.alarms) == ([("balance", "BTC", "3", "2.999")], ["MISMATCH"])
        assert hub._desks[ACCOUNT].halt.state is HaltState.REDUCING


def compared(told: tuple[Subject, ...] = (), **readings: object) -> list[tuple[str, str, Decimal, Decimal]]:
    both = {"ours": {}, "positions": None, "balances": None, "bases": {}, **readings}
    found = pairs(Readings(**both), told, lambda symbol: None if symbol == "busy" else 1)  # type: ignore[arg-type]
    return [(*pair.subject, pair.ours, pair.venues) for pair in found]


def test_several_tickets_of_an_instrument_are_one_position() -> None:
    tickets = [Position(symbol="EURUSD", quantity=quantity, position_id=quantity) for quantity in ("2", "-0.5", "1")]
    one = compared(ours={"EURUSD": Decimal("2.5")}, positions=tickets, bases={"EURUSD": None})
    assert one == [("position", "EURUSD", Decimal("2.5"), Decimal("2.5"))]


def test_instruments_with_the_same_base_share_its_balance() -> None:
    ours = {"BTC/USDT": Decimal(2), "BTC/EUR": Decimal("-0.5"), "ETH/USDT": Decimal(-1), "busy": Decimal(1)}
    bases = {"BTC/USDT": "BTC", "BTC/EUR": "BTC", "ETH/USDT": "ETH", "busy": "SOL"}
    balances = [Balance(currency="BTC", total="1"), Balance(currency="BTC", total="0.25")]
    assert compared(ours=ours, bases=bases, balances=balances) == [
        ("balance", "BTC", Decimal("1.5"), Decimal("1.25")),
        ("balance", "ETH", Decimal(-1), Decimal(-1)),  # less than nothing was not bought: no balance says anything about it
    ]


def test_what_could_not_be_read_is_not_compared() -> None:
    ours = {"BTC/USDT": Decimal(2), "XAUUSD": Decimal(1), "nobody knows": Decimal(1)}
    bases = {"BTC/USDT": "BTC", "XAUUSD": None}
    assert compared(ours=ours, bases=bases) == []
    assert compared(ours=ours, bases=bases, positions=[]) == [("position", "XAUUSD", Decimal(1), Decimal(0))]
    assert compared(ours=ours, bases=bases, balances=[]) == [("balance", "BTC", Decimal(2), Decimal(0))]


def test_what_agrees_again_is_seen_too() -> None:
    before: tuple[Subject, ...] = (("position", "XAUUSD"), ("balance", "BTC"))
    zero = Decimal(0)
    assert compared(before, positions=[], balances=[]) == [("position", "XAUUSD", zero, zero), ("balance", "BTC", zero, zero)]


@pytest.mark.parametrize(
    ("ours", "venues", "percent", "above"),
    [
        ("100", "105", "5", False),
        ("100", "105.1", "5", True),
        ("-100", "-94", "5", True),
        ("100", "-100", "150", True),
        ("0", "1", "99.9", True),
        ("0", "1", "100", False),
        ("1", "1", "0", False),
        ("1", "0", "0", True),
    ],
)
def test_the_tolerance_is_a_share_of_our_position(ours: str, venues: str, percent: str, above: bool) -> None:
    pair = Pair(subject=("position", BTC), ours=Decimal(ours), venues=Decimal(venues), marks=())
    assert pair.above(Decimal(percent)) is above
