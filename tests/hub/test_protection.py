# SPDX-License-Identifier: MIT
"""What is filled is protected: stop first, as much as is filled and not closed, as the venue is seen to hold it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw
import pytest
from attrs import evolve

import fks_exec_hub.exits.patience
import fks_exec_hub.exits.watching
from fks_exec import ClosePosition, ExecutionResult, Instrument, NotSupported, Order, OrderChange, hookimpl
from fks_exec.model.events import Alarm, Event
from fks_exec.testing import (
    CAPABILITIES,
    AcceptThenDrop,
    AcceptThenHang,
    LooseLink,
    Refuse,
    RefuseLeg,
    Request,
    Rest,
    Slow,
    Vanish,
)
from fks_exec.testing import FaultyVenue as Venue
from fks_exec_hub import ExecutionHub
from fks_exec_hub.journal import Key
from fks_exec_simulators.disk import FaultyDisk
from fks_exec_simulators.hosts import JournalOnDisk
from fks_exec_simulators.lives import Lives
from fks_exec_simulators.stage import ACCOUNT, configure, until

KINDS = ["attached", "oco", "reduce_only_pair", "stop_only"]
SYMBOL = "BTC/USDT"
ABLE = {*CAPABILITIES.abilities, "protect_position"}


@asynccontextmanager
async def hub_at(venue: Venue, folder: Path, *plugins: object, **account: Any) -> AsyncIterator[ExecutionHub]:
    """A hub with one account on this venue."""
    config = configure(folder, account={"venue": "faulty", "deadline": 1, "poll": 0.05, "polls_per_second": 50, **account})
    async with ExecutionHub.open(config, plugins=[venue.plugin, *plugins]) as hub:
        yield hub


class Recorder:
    """Hears the alarms."""

    def __init__(self) -> None:
        self.heard: list[Event] = []

    @hookimpl
    def observe(self, event: Event) -> None:
        """One event."""
        self.heard.append(event)

    def alarms(self, code: str) -> list[Alarm]:
        """With this code."""
        return [event for event in self.heard if isinstance(event, Alarm) and event.code == code]


def entry(name: str = "one", quantity: str = "1", **more: Any) -> Order:
    """A buy at the market, 100, with a stop at 90 and a target at 120."""
    fields: dict[str, Any] = {"stop_loss": "90", "take_profit": "120", **more}
    return Order(symbol=SYMBOL, side="buy", quantity=quantity, client_order_id=name, **fields)


def entry_for(kind: str, **more: Any) -> Order:
    """An entry with what the kind of protection serves."""
    return entry(**{**({"take_profit": None} if kind == "stop_only" else {}), **more})


def venue_of(kind: str, **more: Any) -> Venue:
    """A venue with one kind of protection; stops alone are on spot."""
    return Venue(protection=kind, **({"kind": "spot"} if kind == "stop_only" else {}), **more)


async def result_of(hub: ExecutionHub, name: str = "one") -> ExecutionResult:
    """How an order stands."""
    result = await hub.order(ACCOUNT, name)
    assert result is not None
    return result


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that has to be asked for."""
    async with asyncio.timeout(5):
        while not await condition():  # noqa: ASYNC110 -- it has to be asked for, nobody tells
            await asyncio.sleep(0.005)


async def protected(hub: ExecutionHub, name: str = "one", told: bool = True) -> ExecutionResult:
    """Wait until an entry is told as protected, or as not protected."""

    async def is_told() -> bool:
        return (await result_of(hub, name)).protected is told

    await eventually(is_told)
    return await result_of(hub, name)


def flat(hub: ExecutionHub, venue: Venue) -> Callable[[], bool]:
    """Nothing is held and nothing is worked at."""
    return lambda: venue.position(SYMBOL) == 0 and not hub._desks[ACCOUNT].live


def resting(venue: Venue) -> list[tuple[str, Decimal]]:
    """The orders that rest at the venue: type and what is left."""
    return sorted((str(o.order.order_type), o.remaining) for o in venue.placed if o.open)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_filled_entry_is_told_protected_when_the_venue_holds_its_stop(kind: str, tmp_path: Path) -> None:
    """By the venue's own book; and when the stop has filled nothing is left at the venue."""
    venue = venue_of(kind)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for(kind))
        result = await protected(hub)
        assert venue.protected(SYMBOL) == 1
        assert result.unprotected_seconds is not None
        assert result.unprotected_seconds < 1
        venue.trigger(SYMBOL, "89")
        await until(flat(hub, venue))
        assert await hub.positions(ACCOUNT) == []
    assert resting(venue) == []
    assert venue.count("protect") == {"attached": 0, "oco": 1, "reduce_only_pair": 2, "stop_only": 1}[kind]


@pytest.mark.parametrize("kind", ["attached", "oco", "reduce_only_pair"])
async def test_a_filled_target_ends_the_stop(kind: str, tmp_path: Path) -> None:
    """The sibling's end is the venue's work, or ours and confirmed."""
    venue = venue_of(kind)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for(kind))
        await protected(hub)
        venue.trigger(SYMBOL, "121")
        await until(flat(hub, venue))
        assert await hub.positions(ACCOUNT) == []
    assert resting(venue) == []
    assert venue.count("cancel") == (1 if kind == "reduce_only_pair" else 0)


async def test_stops_follow_the_fills_of_an_entry_that_fills_in_parts(tmp_path: Path) -> None:
    """Each part is under a stop at once; the sum is never more than what is filled."""
    venue = venue_of("reduce_only_pair", amend=False)
    venue.follow(Rest())
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for("reduce_only_pair", order_type="limit", price="95", quantity="3"))
        for filled in (1, 2, 3):
            venue.fill(venue.placed[0], 1)
            await until(lambda filled=filled: venue.protected(SYMBOL) == filled)
            await protected(hub)
        assert sum(part for kind, part in resting(venue) if kind == "stop") == 3
        assert sum(part for kind, part in resting(venue) if kind == "limit") <= 3
        venue.trigger(SYMBOL, "80")
        await until(flat(hub, venue))
    assert resting(venue) == []


async def test_a_part_below_the_minimum_is_merged_into_the_next(tmp_path: Path) -> None:
    """It stands uncovered for as long as no stop of its size can be placed, and is told so."""
    rules = {"quantity_step": "0.1", "min_quantity": "1"}
    venue = venue_of(
        "stop_only", amend=False, instrument=lambda symbol: Instrument(symbol=symbol, base="BTC", quote="USDT", **rules)
    )
    venue.follow(Rest())
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for("stop_only", order_type="limit", price="95", quantity="2"))
        venue.fill(venue.placed[0], "0.4")
        await protected(hub, told=False)
        assert venue.count("protect") == 0
        venue.fill(venue.placed[0], "0.8")
        await until(lambda: venue.protected(SYMBOL) == Decimal("1.2"))
        await protected(hub)


async def test_the_stop_is_for_what_is_left_after_fees_in_the_base_currency(tmp_path: Path) -> None:
    """freqtrade#1371: a stop for what was bought sells more than there is, and is refused."""
    venue = venue_of(
        "stop_only",
        fee_in_base=True,
        fee_rate="0.001",
        instrument=lambda s: Instrument(symbol=s, base="BTC", quote="USDT", quantity_step="0.01", min_quantity="0.01"),
    )
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for("stop_only"))
        await protected(hub)
    assert resting(venue) == [("stop", Decimal("0.99"))]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_close_ends_the_legs_and_leaves_nothing(kind: str, tmp_path: Path) -> None:
    """Beside the legs where reduce-only is enforced, after them where it is not."""
    venue = venue_of(kind)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for(kind))
        await protected(hub)
        closed = await hub.execute_order(ACCOUNT, ClosePosition(symbol=SYMBOL, client_order_id="close"))
        assert (closed.status, closed.filled_quantity) == ("filled", 1)
        await until(flat(hub, venue))
    assert resting(venue) == []


@pytest.mark.parametrize("kind", ["oco", "reduce_only_pair", "stop_only"])
async def test_a_refused_stop_closes_what_it_was_to_protect(kind: str, tmp_path: Path) -> None:
    """freqtrade#1557: the position stayed naked."""
    venue = venue_of(kind)
    venue.follow(RefuseLeg("NO_STOPS"))
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for(kind))
        await until(flat(hub, venue))
        assert await hub.positions(ACCOUNT) == []
        child = await result_of(hub, "one~fl1")
        assert (child.status, child.filled_quantity) == ("filled", 1)
    assert resting(venue) == []


async def test_an_attached_stop_that_the_venue_refused_is_seen_by_reading_back(tmp_path: Path) -> None:
    """The entry's answer claims success; the legs tell otherwise."""
    venue = venue_of("attached")
    venue.follow(RefuseLeg("NO_STOPS", on="place"))
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for("attached"))
        await until(flat(hub, venue))
        assert (await result_of(hub)).protected is not None


async def test_kept_and_told_a_naked_entry_stays_open(tmp_path: Path) -> None:
    """As configured: closing too violently is hated as well (freqtrade#4999)."""
    venue = venue_of("reduce_only_pair")
    venue.follow(RefuseLeg("NO_STOPS"))
    heard = Recorder()
    async with hub_at(venue, tmp_path, heard, protection={"on_failure": "keep_and_alert"}) as hub:
        result = await hub.execute_order(ACCOUNT, entry_for("reduce_only_pair"))
        assert result.protected is False
        await until(lambda: bool(heard.alarms("STOP_FAILED")))
    assert venue.position(SYMBOL) == 1


async def test_a_stop_refused_for_the_moment_is_tried_again(tmp_path: Path) -> None:
    """Each time after proof, under a name of its own."""
    venue = venue_of("reduce_only_pair")
    venue.follow(RefuseLeg("BUSY", retryable=True), RefuseLeg("BUSY", retryable=True))
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for("reduce_only_pair"))
        await protected(hub)
        assert venue.protected(SYMBOL) == 1
        names = [leg.client_order_id for leg in (await result_of(hub)).legs if leg.role == "stop_loss"]
        assert names == ["one~sl1", "one~sl2", "one~sl3"]


async def test_a_stop_whose_answer_was_lost_is_looked_up_not_sent_again(tmp_path: Path) -> None:
    """It is there: one request, one stop."""
    venue = venue_of("reduce_only_pair")
    venue.follow(AcceptThenDrop(on="protect"))
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for("reduce_only_pair", take_profit=None))
        await protected(hub)
    assert venue.count("protect") == 1
    assert resting(venue) == [("stop", Decimal(1))]


async def test_a_stop_that_was_taken_and_is_not_there_is_never_told_as_protection(tmp_path: Path) -> None:
    """Where reduce-only is enforced another one is placed."""
    venue = venue_of("reduce_only_pair")
    venue.follow(Vanish(on="protect"))
    async with hub_at(venue, tmp_path) as hub:
        task = asyncio.create_task(hub.execute_order(ACCOUNT, entry_for("reduce_only_pair", take_profit=None)))
        while venue.protected(SYMBOL) != 1:
            known = await hub.order(ACCOUNT, "one") if venue.placed else None
            assert known is None or known.protected is not True
            await asyncio.sleep(0.01)
        await task
        await protected(hub)


@pytest.mark.parametrize("amend", [True, False])
@pytest.mark.parametrize("kind", ["attached", "oco", "reduce_only_pair", "stop_only"])
async def test_a_stop_is_moved_without_a_gap_or_not_at_all(kind: str, amend: bool, tmp_path: Path) -> None:
    """freqtrade#5451: moved by cancel and create, with a window without protection."""
    venue = venue_of(kind, amend=amend)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for(kind))
        await protected(hub)
        lowest = watch(venue)
        if kind == "attached" and not amend:
            with pytest.raises(NotSupported):
                await hub.amend_order(ACCOUNT, "one", OrderChange(stop_loss="95"))
            return
        result = await hub.amend_order(ACCOUNT, "one", OrderChange(stop_loss="95"))
        moved = amend or kind != "stop_only"
        assert result.code == (None if moved else "MOVE_NEEDS_GAP")
        told = [leg.trigger_price for leg in result.legs if leg.role == "stop_loss" and not leg.status.terminal]
        assert told == [Decimal(95 if moved else 90)]
        assert venue.protected(SYMBOL) == 1
        assert min(lowest) == 1
        stops = [o.order.stop_price for o in venue.placed if o.open and o.order.stop_price]
        assert stops == [Decimal(95 if moved else 90)]


async def test_a_move_with_a_gap_is_measured(tmp_path: Path) -> None:
    """Only where the configuration allows it."""
    venue = venue_of("stop_only", amend=False)
    async with hub_at(venue, tmp_path, protection={"move_with_gap": True}) as hub:
        await hub.execute_order(ACCOUNT, entry_for("stop_only"))
        before = (await protected(hub)).unprotected_seconds or 0
        result = await hub.amend_order(ACCOUNT, "one", OrderChange(stop_loss="95"))
        assert result.code is None
        assert ((await protected(hub)).unprotected_seconds or 0) > before
    assert [o.order.stop_price for o in venue.placed if o.open] == [Decimal(95)]


async def test_a_move_that_the_venue_refuses_leaves_the_old_stop(tmp_path: Path) -> None:
    """A stop beyond the market is no reason to close the position."""
    venue = venue_of("reduce_only_pair", amend=False)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for("reduce_only_pair"))
        await protected(hub)
        result = await hub.amend_order(ACCOUNT, "one", OrderChange(stop_loss="150"))
        assert result.code == "MOVE_REFUSED"
        assert venue.protected(SYMBOL) == 1
        assert [o.order.stop_price for o in venue.placed if o.open and o.order.stop_price] == [Decimal(90)]
        await protected(hub)


async def test_a_position_that_was_closed_elsewhere_loses_its_legs(tmp_path: Path) -> None:
    """A stop that nobody needs opens a position."""
    venue = venue_of("reduce_only_pair")
    async with hub_at(venue, tmp_path, compare_every=0.05) as hub:
        await hub.execute_order(ACCOUNT, entry_for("reduce_only_pair"))
        await protected(hub)
        venue.adjust_position(SYMBOL, -1)
        await until(lambda: resting(venue) == [])


async def test_a_manual_exit_of_a_part_shrinks_the_stop(tmp_path: Path) -> None:
    """What is closed needs no stop."""
    venue = venue_of("reduce_only_pair")
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for("reduce_only_pair", quantity="3"))
        await protected(hub)
        await hub.execute_order(ACCOUNT, Order(symbol=SYMBOL, side="sell", quantity="1", reduce_only=True))
        await until(lambda: resting(venue) == [("limit", Decimal(2)), ("stop", Decimal(2))])
        await protected(hub)


@pytest.mark.parametrize("kind", KINDS)
async def test_protection_goes_on_after_a_restart(kind: str, tmp_path: Path) -> None:
    """What rests is known, what fills meanwhile is booked, the sibling is cancelled."""
    venue = venue_of(kind)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for(kind))
        await protected(hub)
    before = venue.count("protect")
    venue.trigger(SYMBOL, "89")
    async with hub_at(venue, tmp_path) as hub:
        await until(flat(hub, venue))
        assert await hub.positions(ACCOUNT) == []
        assert (await result_of(hub)).protected is True
    assert resting(venue) == []
    assert venue.count("protect") == before


async def test_an_entry_that_fills_after_a_restart_is_protected(tmp_path: Path) -> None:
    """Its legs were made with its intent, and never sent."""
    venue = Venue(capabilities=evolve(CAPABILITIES, abilities=ABLE, protection=["reduce_only_pair"], request_ttl=0.05))
    venue.follow(Rest())
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for("reduce_only_pair", order_type="limit", price="95"))
    async with hub_at(venue, tmp_path) as hub:
        venue.fill(venue.placed[0])
        await protected(hub)
        assert venue.protected(SYMBOL) == 1


async def test_an_entry_without_a_fill_leaves_no_legs(tmp_path: Path) -> None:
    """What was made for it is over with it, and the journal has no question left."""
    venue = venue_of("reduce_only_pair")
    venue.follow(Refuse())
    async with hub_at(venue, tmp_path) as hub:
        result = await hub.execute_order(ACCOUNT, entry_for("reduce_only_pair"))
        assert (result.status, result.protected) == ("rejected", None)
        await until(lambda: not hub._desks[ACCOUNT].live)
        for name in ("one~sl1", "one~tp1"):
            assert (await result_of(hub, name)).code == "WITHDRAWN"
        assert await hub.journal.pending(ACCOUNT) == []
    assert venue.count("protect") == 0


async def test_legs_that_both_filled_are_taken_back_once(tmp_path: Path) -> None:
    """A venue that does not keep its word about reduce-only."""
    venue = venue_of("reduce_only_pair", enforce_reduce_only=False)
    heard = Recorder()
    async with hub_at(venue, tmp_path, heard) as hub:
        await hub.execute_order(ACCOUNT, entry_for("reduce_only_pair"))
        await protected(hub)
        stop, target = venue.legs("one")
        venue.fill(stop)
        venue.fill(target)
        await until(lambda: venue.position(SYMBOL) == 0 and bool(heard.alarms("BOTH_LEGS")))
        await until(flat(hub, venue))
        assert await hub.positions(ACCOUNT) == []
    assert venue.position(SYMBOL) == 0


def watch(venue: Venue) -> list[Decimal]:
    """What is under stops, after each change."""
    seen: list[Decimal] = [venue.protected(SYMBOL)]
    floor = venue.exchange.floor
    before = floor.perform

    def perform(asked: Any) -> object:
        try:
            return before(asked)
        finally:
            seen.append(venue.protected(SYMBOL))

    floor.perform = perform
    return seen


async def test_a_target_that_the_venue_does_not_take_is_watched_where_configured(tmp_path: Path) -> None:
    """The stop makes room for the exit, and nothing is left."""
    venue = venue_of("stop_only")
    async with hub_at(venue, tmp_path, protection={"watch_targets": True, "watch_every": 0.02}) as hub:
        await hub.execute_order(ACCOUNT, entry_for("stop_only", take_profit="120"))
        await protected(hub)
        venue.set_price(SYMBOL, "119")
        await asyncio.sleep(0.1)
        assert venue.position(SYMBOL) == 1
        venue.set_price(SYMBOL, "121")
        await until(flat(hub, venue))
        assert (await result_of(hub, "one~ex1")).filled_quantity == 1
    assert resting(venue) == []


async def test_a_target_that_nobody_takes_is_denied_before_anything_is_sent(tmp_path: Path) -> None:
    """A venue with stops only."""
    venue = venue_of("stop_only")
    async with hub_at(venue, tmp_path) as hub:
        result = await hub.execute_order(ACCOUNT, entry_for("stop_only", take_profit="120"))
        assert (result.status, result.code) == ("denied", "UNSUPPORTED_PROTECTION")
    assert venue.count("place") == 0


@pytest.mark.parametrize("kind", ["reduce_only_pair", "stop_only"])
async def test_a_stop_can_be_given_up_by_its_own_id(kind: str, tmp_path: Path) -> None:
    """It is not placed again, and the entry is told as not protected."""
    venue = venue_of(kind)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for(kind))
        await protected(hub)
        cancelled = await hub.cancel_order(ACCOUNT, "one~sl1")
        assert cancelled.status == "canceled"
        assert (await result_of(hub)).protected is False
        await asyncio.sleep(0.1)
        assert venue.protected(SYMBOL) == 0
        assert venue.position(SYMBOL) == 1


def of_the_position(**more: Any) -> Venue:
    """A venue whose stops belong to the whole position."""
    declared = evolve(CAPABILITIES, abilities=ABLE, protection=["reduce_only_pair"], protection_scope="position")
    return Venue(capabilities=declared, **more)


async def test_an_entry_beside_the_stop_of_a_whole_position_is_denied(tmp_path: Path) -> None:
    """What it would mean for the stop that stands has to be said."""
    venue = of_the_position()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry())
        await protected(hub)
        result = await hub.execute_order(ACCOUNT, entry("two", stop_loss="95"))
        assert (result.status, result.code) == ("denied", "POSITION_PROTECTED")
        closed = await hub.execute_order(ACCOUNT, ClosePosition(symbol=SYMBOL))
        assert closed.status == "filled"


async def test_a_further_entry_replaces_the_prices_of_the_position_where_configured(tmp_path: Path) -> None:
    """All of it stands under the newest stop."""
    venue = of_the_position()
    async with hub_at(venue, tmp_path, protection={"further_entries": "replace"}) as hub:
        await hub.execute_order(ACCOUNT, entry())
        await protected(hub)
        await hub.execute_order(ACCOUNT, entry("two", stop_loss="95", take_profit="130"))
        await protected(hub, "two")
        prices = {Decimal(95), Decimal(130)}
        await until(lambda: {o.order.stop_price or o.order.price for o in venue.placed if o.open} == prices)
        assert venue.protected(SYMBOL) == 2


async def test_a_fill_is_protected_although_the_journal_cannot_be_written(tmp_path: Path) -> None:
    """The leg's intent went with the entry's: the disk may be full by then."""
    venue, disk = venue_of("reduce_only_pair"), FaultyDisk("full-at-the-fill")
    heard = Recorder()
    config = configure(tmp_path, journal="disk:fks-exec.db", account={"venue": "faulty", "deadline": 1})
    async with ExecutionHub.open(config, plugins=[venue.plugin, JournalOnDisk(disk.name), heard]) as hub:
        venue.follow(Slow(0.1))
        receipt = await hub.submit(ACCOUNT, entry_for("reduce_only_pair", take_profit=None))
        await venue.arrived()
        disk.on_write = apsw.FullError("simulated")
        await until(lambda: venue.protected(SYMBOL) == 1)
        disk.on_write = None
        await receipt.result()
        await protected(hub)
    disk.unregister()
    assert venue.count("protect") == 1


async def test_a_halted_account_protects_what_it_has_filled(tmp_path: Path) -> None:
    """A stop makes the position safer; a halt is no reason to leave it naked."""
    venue = venue_of("reduce_only_pair")
    venue.follow(Rest())
    async with hub_at(venue, tmp_path, cancel_on_halt=False) as hub:
        await hub.execute_order(ACCOUNT, entry_for("reduce_only_pair", order_type="limit", price="95"))
        await hub.halt(ACCOUNT, "halted", "lunch")
        venue.fill(venue.placed[0])
        await protected(hub)
        assert venue.protected(SYMBOL) == 1


async def test_a_halt_that_holds_protection_back_is_configured(tmp_path: Path) -> None:
    """It comes when the account is resumed."""
    venue = venue_of("reduce_only_pair")
    venue.follow(Rest())
    async with hub_at(venue, tmp_path, cancel_on_halt=False, protect_when_halted=False) as hub:
        await hub.execute_order(ACCOUNT, entry_for("reduce_only_pair", order_type="limit", price="95"))
        await hub.halt(ACCOUNT, "halted", "lunch")
        venue.fill(venue.placed[0])
        await protected(hub, told=False)
        assert venue.protected(SYMBOL) == 0
        await hub.halt(ACCOUNT, "active", "back")
        await protected(hub)


def at_requests(venue: Venue, look: Callable[[str], None]) -> None:
    """Have a look whenever a request arrives, before anything comes of it."""

    def arrives(request: Request) -> None:
        look(request.kind)

    venue.choose(arrives)


@asynccontextmanager
async def host_of(venue: Venue, lives: Lives, folder: Path) -> AsyncIterator[ExecutionHub]:
    """A hub whose commits take time, and outlive it."""
    config = configure(folder, journal="lives:", account={"venue": "faulty", "deadline": 1, "poll": 0.05})
    async with ExecutionHub.open(config, plugins=[venue.plugin, lives]) as hub:
        yield hub


async def test_a_stop_goes_when_its_fill_is_on_record(tmp_path: Path) -> None:
    """A later host knows by the fill that the stop may be there."""
    venue, lives = venue_of("reduce_only_pair"), Lives(delay=0.02)
    stored: list[bool] = []
    async with host_of(venue, lives, tmp_path) as hub:
        live = hub._desks[ACCOUNT].live

        def look(kind: str) -> None:
            if kind == "protect":
                stored.append(live["one"].stored >= set(live["one"].fills) > set())

        at_requests(venue, look)
        await hub.execute_order(ACCOUNT, entry_for("reduce_only_pair"))
        await protected(hub)
    assert stored == [True, True]


async def test_an_exit_that_is_decided_while_a_stop_is_written_waits_for_it(tmp_path: Path) -> None:
    """Where reduce-only is not enforced no more may be sold than is held, whatever fills."""
    venue, lives = venue_of("stop_only"), Lives(delay=0.02)
    venue.follow(Rest())
    beside: list[tuple[str, Decimal]] = []
    async with host_of(venue, lives, tmp_path) as hub:
        book = hub._desks[ACCOUNT].book

        def look(kind: str) -> None:
            totals = book.totals(SYMBOL)
            if kind in ("place", "protect"):
                beside.append((kind, totals.working_sell * totals.stops_sell))

        await hub.execute_order(ACCOUNT, entry_for("stop_only", order_type="limit", price="95", quantity="2"))
        at_requests(venue, look)
        venue.fill(venue.placed[0], 1)
        await until(lambda: book.totals(SYMBOL).position == 1)
        close = ClosePosition(symbol=SYMBOL, keep_entries=True, client_order_id="close")
        assert (await hub.execute_order(ACCOUNT, close)).filled_quantity == 1
    assert beside == [("protect", 0), ("place", 0)]


async def test_a_stop_that_a_killed_host_was_sending_is_looked_up_and_not_sent_again(tmp_path: Path) -> None:
    """It rests; the next host finds its intent, and a fill, and no outcome."""
    venue, lives = venue_of("reduce_only_pair"), Lives()
    venue.follow(AcceptThenHang(on="protect"))
    async with host_of(venue, lives, tmp_path) as hub:
        await hub.submit(ACCOUNT, entry_for("reduce_only_pair", take_profit=None))
        await venue.arrived("protect")
        lives.kill()
    async with host_of(venue, lives, tmp_path) as hub:
        await protected(hub)
        assert resting(venue) == [("stop", Decimal(1))]
    assert venue.count("protect") == 1


async def test_an_excess_is_released_once_whoever_sees_it(tmp_path: Path) -> None:
    """Two entries closed by one exit: each of them looks, and nothing is bought back."""
    venue, lives = venue_of("reduce_only_pair"), Lives(delay=0.01)
    async with host_of(venue, lives, tmp_path) as hub:
        for name in ("one", "two"):
            await hub.execute_order(ACCOUNT, entry(name))
            await protected(hub, name)
        await hub.execute_order(ACCOUNT, Order(symbol=SYMBOL, side="sell", quantity="2", reduce_only=True))
        await until(flat(hub, venue))
        for name in ("one", "two"):
            assert (await hub.journal.steps(Key(ACCOUNT, name)))["released"] == "1"
    assert (venue.count("place"), resting(venue)) == (3, [])


async def test_what_was_closed_by_others_needs_no_stop_after_a_restart(tmp_path: Path) -> None:
    """Also when as much was bought again since, by an order without a stop."""
    venue = venue_of("reduce_only_pair")
    venue.follow(Rest())
    resting_entry = entry_for("reduce_only_pair", order_type="limit", price="95", quantity="4", take_profit=None)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, resting_entry)
        venue.fill(venue.placed[0], 3)
        await protected(hub)
        await hub.execute_order(ACCOUNT, Order(symbol=SYMBOL, side="sell", quantity="1", reduce_only=True))
        await until(lambda: resting(venue)[-1] == ("stop", Decimal(2)))
        await hub.execute_order(ACCOUNT, Order(symbol=SYMBOL, side="buy", quantity="1"))
    async with hub_at(venue, tmp_path) as hub:
        venue.fill(venue.placed[0])
        await until(lambda: venue.protected(SYMBOL) >= 3)
        await eventually(lambda: filled(hub))
        await protected(hub)
        assert sum(part for _, part in resting(venue)) == 3


async def filled(hub: ExecutionHub) -> bool:
    """The entry has filled."""
    return (await result_of(hub)).status == "filled"


async def test_a_stop_that_was_moved_stays_there_after_a_restart(tmp_path: Path) -> None:
    """What fills then is protected at the new price too."""
    venue = venue_of("reduce_only_pair")
    venue.follow(Rest())
    async with hub_at(venue, tmp_path) as hub:
        order = entry_for("reduce_only_pair", order_type="limit", price="98", quantity="2", take_profit=None)
        await hub.execute_order(ACCOUNT, order)
        venue.fill(venue.placed[0], 1)
        await protected(hub)
        await hub.amend_order(ACCOUNT, "one", OrderChange(stop_loss="95"))
    async with hub_at(venue, tmp_path) as hub:
        venue.fill(venue.placed[0])
        await until(lambda: venue.protected(SYMBOL) == 2)
        await eventually(lambda: filled(hub))
        await protected(hub)
        assert {o.order.stop_price for o in venue.placed if o.open} == {Decimal(95)}


@pytest.mark.parametrize("amend", [True, False])
async def test_the_target_of_a_linked_pair_is_moved(amend: bool, tmp_path: Path) -> None:
    """It is not an order of its own: it goes with its stop."""
    venue = venue_of("oco", amend=amend)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for("oco"))
        await protected(hub)
        result = await hub.amend_order(ACCOUNT, "one", OrderChange(take_profit="130"))
        assert result.code is None
        assert venue.protected(SYMBOL) == 1
        assert [o.order.price for o in venue.placed if o.open and o.order.stop_price is None] == [Decimal(130)]


async def test_what_closes_for_want_of_a_stop_can_only_reduce(tmp_path: Path) -> None:
    """Somebody may have closed it by hand meanwhile."""
    venue = venue_of("reduce_only_pair")
    venue.follow(RefuseLeg("NO_STOPS"))
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for("reduce_only_pair"))
        await until(flat(hub, venue))
    assert [o.order.reduce_only for o in venue.placed] == [False, True]


async def test_a_stop_refused_for_the_moment_again_and_again_ends_with_a_close(tmp_path: Path) -> None:
    """After as many attempts as the account has for an exit."""
    venue = venue_of("reduce_only_pair")
    venue.follow(*(RefuseLeg("BUSY", retryable=True) for _ in range(9)))
    async with hub_at(venue, tmp_path, exit_attempts=2) as hub:
        await hub.execute_order(ACCOUNT, entry_for("reduce_only_pair", take_profit=None))
        await until(flat(hub, venue))
    assert (venue.count("protect"), resting(venue)) == (2, [])


async def test_an_excess_is_taken_back_again_only_after_proof_of_no_effect(tmp_path: Path) -> None:
    """Refused, it is tried again; it stands open all the while."""
    venue = venue_of("reduce_only_pair", enforce_reduce_only=False)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for("reduce_only_pair"))
        await protected(hub)
        stop, target = venue.legs("one")
        venue.follow(Refuse(), Slow(0.1))
        venue.fill(stop)
        venue.fill(target)
        await until(lambda: venue.position(SYMBOL) == 0)
        await until(flat(hub, venue))
        assert [(await result_of(hub, f"one~xs{n}")).status for n in (1, 2)] == ["rejected", "filled"]
        assert await hub.order(ACCOUNT, "one~xs3") is None
    assert venue.count("place") == 3


async def test_with_a_linked_stop_that_vanished_its_target_has_ended_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the entry would be followed for ever."""
    monkeypatch.setattr(fks_exec_hub.exits.patience, "SPACES", (0.0, 0.01))
    venue = venue_of("oco")
    venue.follow(Vanish(on="protect"))
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for("oco"))
        await until(lambda: venue.protected(SYMBOL) == 1)
        venue.trigger(SYMBOL, "89")
        await until(flat(hub, venue))
        vanished = await result_of(hub, "one~sl1")
    assert (vanished.code, {leg.status for leg in vanished.legs}) == ("LEG_VANISHED", {"canceled"})


async def test_an_attached_leg_that_rests_on_is_cancelled(tmp_path: Path) -> None:
    """The venue did not link it: when the target has filled, the stop would open a position."""
    venue = venue_of("attached")
    venue.follow(LooseLink(on="place"))
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for("attached"))
        await protected(hub)
        venue.trigger(SYMBOL, "121")
        await until(flat(hub, venue))
    assert (resting(venue), venue.count("cancel")) == ([], 1)


async def test_a_leg_that_the_venue_does_not_cancel_is_told_once(tmp_path: Path) -> None:
    """It is tried again all the while, and goes in the end."""
    venue, heard = venue_of("reduce_only_pair"), Recorder()
    async with hub_at(venue, tmp_path, heard) as hub:
        await hub.execute_order(ACCOUNT, entry_for("reduce_only_pair"))
        await protected(hub)
        venue.follow(*(Refuse(on="cancel") for _ in range(4)))
        venue.trigger(SYMBOL, "121")
        await until(flat(hub, venue))
        assert [alarm.client_order_id for alarm in heard.alarms("LEG_STUCK")] == ["one"]
    assert (resting(venue), venue.count("cancel")) == ([], 5)


async def test_an_entry_that_cannot_have_a_stop_fills_no_further(tmp_path: Path) -> None:
    """Else the next part would stand naked too."""
    venue = venue_of("reduce_only_pair")
    venue.follow(Rest(), RefuseLeg("NO_STOPS"))
    async with hub_at(venue, tmp_path) as hub:
        order = entry_for("reduce_only_pair", order_type="limit", price="95", quantity="2", take_profit=None)
        await hub.execute_order(ACCOUNT, order)
        venue.fill(venue.placed[0], 1)
        await until(flat(hub, venue))
        assert ((await result_of(hub)).status, (await result_of(hub)).filled_quantity) == ("canceled", 1)


async def test_what_stands_naked_for_longer_than_a_call_may_take_is_told(tmp_path: Path) -> None:
    """While it is still tried, and whatever the reason."""
    venue, heard = venue_of("reduce_only_pair"), Recorder()
    venue.follow(*(RefuseLeg("BUSY", retryable=True) for _ in range(4)))
    patient = {"on_failure": "retry_then_close", "retry_seconds": 30}
    async with hub_at(venue, tmp_path, heard, deadline=0.3, protection=patient) as hub:
        await hub.execute_order(ACCOUNT, entry_for("reduce_only_pair", take_profit=None))
        await protected(hub)
        assert [alarm.client_order_id for alarm in heard.alarms("NAKED_POSITION")] == ["one"]
    assert venue.position(SYMBOL) == 1


async def test_what_seemed_closed_elsewhere_and_was_not_is_protected_again(tmp_path: Path) -> None:
    """The venue's position came back: a reading that was wrong costs no more than the time until the next one."""
    venue = venue_of("reduce_only_pair")
    async with hub_at(venue, tmp_path, compare_every=0.05) as hub:
        await hub.execute_order(ACCOUNT, entry_for("reduce_only_pair"))
        await protected(hub)
        venue.adjust_position(SYMBOL, -1)
        await until(lambda: resting(venue) == [])
        await protected(hub, told=False)
        venue.adjust_position(SYMBOL, 1)
        await until(lambda: venue.protected(SYMBOL) == 1)
        await protected(hub)


async def test_a_watched_target_whose_exit_is_refused_is_given_up_after_some_attempts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stop stands."""
    monkeypatch.setattr(fks_exec_hub.exits.watching, "WAIT", 0.01)
    venue, heard = venue_of("stop_only"), Recorder()
    watching = {"watch_targets": True, "watch_every": 0.02}
    async with hub_at(venue, tmp_path, heard, exit_attempts=2, protection=watching) as hub:
        await hub.execute_order(ACCOUNT, entry_for("stop_only", take_profit="120"))
        await protected(hub)
        venue.follow(*(Refuse() for _ in range(9)))
        venue.set_price(SYMBOL, "121")
        await until(lambda: bool(heard.alarms("TARGET_REFUSED")))
        await until(lambda: venue.protected(SYMBOL) == 1)
        assert (venue.count("place"), len(heard.alarms("TARGET_REFUSED"))) == (3, 1)


async def test_a_stop_that_the_venue_ends_again_and_again_counts_as_refused(tmp_path: Path) -> None:
    """Once it is placed again; a venue that ends each of them gets no endless row of stops."""
    venue = venue_of("reduce_only_pair")
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry_for("reduce_only_pair", take_profit=None))
        for number in (1, 2, 3):
            await until(lambda number=number: venue.protected(SYMBOL) == 1 and venue.count("protect") == number)
            venue.cancel_by_venue(next(placed for placed in venue.placed if placed.open))
        await until(flat(hub, venue))
        assert (await result_of(hub, "one~fl1")).filled_quantity == 1
    assert venue.count("protect") == 3
