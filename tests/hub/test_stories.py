# SPDX-License-Identifier: MIT
"""What went wrong for others, played again with this hub: the stories of docs/stories.md, at a venue that is as unkind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import fks_exec_hub.following.unknown
from fks_exec import Account, ClosePosition, ExecutionResult, Instrument, Mismatch, Order, OrderRef, OrderUpdate, Submission
from fks_exec.clock import Clock, SystemClock
from fks_exec.testing import (
    CAPABILITIES,
    AcceptThenDrop,
    AcceptThenHang,
    AnswerTwice,
    EmptyLookUp,
    EmptyLookUps,
    FailLookUp,
    Fault,
    FaultyVenue,
    Lost,
    Match,
    RateLimit,
    Refuse,
    Request,
    Rest,
    TradeTwice,
    Unsent,
)
from fks_exec_hub import ExecutionHub
from fks_exec_hub.following.unknown import Schedule
from fks_exec_hub.journal import Key, Recorded
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.desks import Heard, Types, hub_with, table
from fks_exec_simulators.stage import ACCOUNT, buy, leave, sell, until

BTC = "BTC/USDT"
SILENT = evolve(CAPABILITIES, publishes=False, request_ttl=30.0)
"""The hub learns only from what it asks for, and has time to ask."""
BRISK = evolve(SILENT, request_ttl=0.1)
OPEN = evolve(SILENT, reduce_only=False)
"""Nothing but the hub keeps a second exit from opening a position."""
QUICK = Schedule(delays=(0.01,), slower=(0.05,), apart=0.1, watch=tuple(number / 5 for number in range(1, 100)))
YEAR = 365 * 86_400.0


@pytest.fixture(autouse=True)
def schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order of unknown fate is looked up often."""
    monkeypatch.setattr(fks_exec_hub.following.unknown, "SCHEDULE", QUICK)


@pytest.fixture
def heard() -> Heard:
    return Heard()


def hub_at(venue: FaultyVenue, folder: Path, *plugins: object, clock: Clock | None = None, **account: Any) -> ExecutionHub:
    """A host on the venue; opened again on the same folder, it is the host after its restart."""
    return hub_with(table(folder, **{"deadline": 5.0, **account}), venue.plugin, *plugins, clock=clock)


def failing(request: Request) -> Fault | None:
    """The venue does not answer look-ups."""
    return FailLookUp() if request.kind == "look_up" else None


def empty(request: Request) -> Fault | None:
    """The venue finds no order."""
    return EmptyLookUp() if request.kind == "look_up" else None


async def become(hub: ExecutionHub, name: str, status: str, account: str = ACCOUNT) -> ExecutionResult:
    """Wait until an order stands so in the journal, and is told so."""
    async with asyncio.timeout(8):
        while True:
            stored, known = await hub.journal.order(Key(account, name)), await hub.order(account, name)
            if stored is not None and stored.status == status and known is not None and known.status == status:
                return known
            await asyncio.sleep(0.005)


async def held(hub: ExecutionHub, account: str = ACCOUNT) -> dict[str, str]:
    return {p.symbol: f"{p.quantity.normalize():f}" for p in await hub.positions(account)}


async def recorded(hub: ExecutionHub, name: str) -> Recorded:
    known = await hub.journal.order(Key(ACCOUNT, name))
    assert known is not None
    return known


async def attempts(hub: ExecutionHub) -> int:
    """To place orders, as the journal has them."""
    orders = await hub.orders(ACCOUNT)
    return sum(attempt.purpose in ("order", "close") for order in orders for attempt in order.attempts)


async def trades(hub: ExecutionHub, name: str, account: str = ACCOUNT) -> list[str]:
    return [fill.trade_id for fill in await hub.journal.fills(Key(account, name))]


async def compared(venue: FaultyVenue, times: int = 3) -> None:
    """Wait until the host has compared itself with its venue so often."""
    await venue.arrived("balance", venue.count("balance") + times)


async def settled(hub: ExecutionHub, account: str = ACCOUNT) -> None:
    """What the venue has published is booked."""
    await asyncio.sleep(0)
    await hub._staff[account].follower.settle()


async def test_an_order_that_timed_out_and_is_sent_again_fills_once(tmp_path: Path) -> None:
    """1: the caller takes the timeout for a failure, and so does everybody who repeats its alert."""
    venue = FaultyVenue([AcceptThenHang()], otherwise=failing, capabilities=SILENT)
    alert = buy("2", client_order_id="alert-1")
    async with hub_at(venue, tmp_path, deadline=0.1) as hub:
        assert (await hub.execute_order(ACCOUNT, alert)).status == "unknown"
        for _ in range(3):
            again = await (await hub.submit(ACCOUNT, alert, raw=b'{"id": "alert-1"}')).result()
            assert (again.status, again.duplicate) == ("unknown", True)
        impatient = await hub.execute_order(ACCOUNT, buy("2", client_order_id="alert-1b"))
        assert (impatient.status, impatient.code) == ("denied", "UNRESOLVED_ORDER")
    async with hub_at(venue, tmp_path, deadline=0.1) as hub:
        assert (await hub.execute_order(ACCOUNT, alert)).status == "unknown"
        venue.choose(None)
        await become(hub, "alert-1", "filled")
        again = await hub.execute_order(ACCOUNT, alert)
        assert (again.status, again.duplicate) == ("filled", True)
        assert await held(hub) == {BTC: "2"}
    assert (venue.count("place"), venue.position(BTC)) == (1, 2)


@pytest.mark.parametrize("restart", [False, True], ids=["same host", "restarted host"])
async def test_an_order_accepted_during_an_outage_ends_as_filled(tmp_path: Path, heard: Heard, restart: bool) -> None:
    """2: the answer is lost, then look-ups fail, then they find nothing; the order is there all the time."""
    outage = [EmptyLookUps(looks=4), *[FailLookUp()] * 4]
    venue = FaultyVenue(outage, capabilities=SILENT)
    async with hub_at(venue, tmp_path, heard) as hub:
        assert (await hub.execute_order(ACCOUNT, buy("2", client_order_id="a"))).status == "unknown"
        if not restart:
            await become(hub, "a", "filled")
            assert await held(hub) == {BTC: "2"}
    async with hub_at(venue, tmp_path, heard) as hub:
        await become(hub, "a", "filled")
        assert await held(hub) == {BTC: "2"}
        assert await trades(hub, "a") == ["T1"]
    assert venue.count("place") == 1
    assert venue.count("look_up") > 8
    assert heard.alarms == []


@pytest.mark.parametrize("restart", [False, True], ids=["same host", "restarted host"])
async def test_an_order_that_a_long_outage_hid_is_not_dropped(tmp_path: Path, heard: Heard, restart: bool) -> None:
    """2: the venue says for so long that there is no such order that the hub believes it; it goes on looking."""
    venue = FaultyVenue([AcceptThenDrop()], otherwise=empty, capabilities=BRISK)
    async with hub_at(venue, tmp_path, heard, deadline=0.1) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="a"))
        await become(hub, "a", "not_placed")
        assert await held(hub) == {}
        if not restart:
            venue.choose(None)
            await become(hub, "a", "filled")
    venue.choose(None)
    async with hub_at(venue, tmp_path, heard, deadline=0.1) as hub:
        await become(hub, "a", "filled")
        assert await held(hub) == {BTC: "2"}
    assert venue.count("place") == 1
    assert "CORRECTION" in heard.alarms


async def test_an_instruction_posted_by_two_layers_at_once_is_one_request(tmp_path: Path) -> None:
    """3: under the client, something retries while the first call is still on its way; and again after a restart."""
    venue = FaultyVenue([AcceptThenHang()], capabilities=SILENT)
    order = buy("2", client_order_id="a")
    async with hub_at(venue, tmp_path) as hub:
        posts = [asyncio.create_task(hub.execute_order(ACCOUNT, order)) for _ in range(8)]
        await venue.arrived("place")
        posts += [asyncio.create_task(hub.execute_order(ACCOUNT, order)) for _ in range(8)]
        await asyncio.sleep(0)
        venue.release()
        results = await asyncio.gather(*posts)
        assert {result.status.value for result in results} == {"filled"}
        assert [result.duplicate for result in results].count(False) == 1
    async with hub_at(venue, tmp_path) as hub:
        results = await asyncio.gather(*(hub.execute_order(ACCOUNT, order) for _ in range(8)))
        assert all(result.duplicate for result in results)
        assert await attempts(hub) == venue.count("place") == 1
        assert await held(hub) == {BTC: "2"}


async def test_the_venue_sees_as_many_requests_as_the_journal_has_attempts(tmp_path: Path) -> None:
    """3: whatever the venue does, nothing between the journal and the venue sends by itself."""
    kinds = [Match(), AcceptThenDrop(), Lost(), AcceptThenHang(), Refuse(), Refuse(retryable=True), RateLimit(), Unsent()]
    faults: dict[str, Fault] = {str(number): fault for number, fault in enumerate([*kinds, AnswerTwice(), TradeTwice()])}
    faults |= {"exit-8": Refuse(retryable=True), "exit-9": Unsent()}
    venue = FaultyVenue(
        capabilities=SILENT,
        otherwise=lambda request: faults.pop(request.client_order_id, None) if request.kind == "place" else None,
    )
    entries = [buy(symbol=f"C{number}/USDT", client_order_id=str(number)) for number in range(10)]
    exits = [sell(symbol=f"C{number}/USDT", client_order_id=f"exit-{number}") for number in (8, 9)]
    async with hub_at(venue, tmp_path, deadline=0.2, entry_attempts=2) as hub:
        for orders in (entries, exits):
            await asyncio.gather(*(hub.execute_order(ACCOUNT, order) for order in orders for _ in range(3)))
    async with hub_at(venue, tmp_path, deadline=0.2, entry_attempts=2) as hub:
        await asyncio.gather(*(hub.execute_order(ACCOUNT, order) for order in entries + exits))
        names = [request.venue_client_order_id for request in venue.requests if request.kind == "place"]
        again = 5  # a requote, a rate limit, and one that never left; of the exits two
        assert await attempts(hub) == len(names) == len(set(names)) == len(entries) + len(exits) + again


async def test_a_stop_that_is_posted_again_stands_once(tmp_path: Path) -> None:
    """5: the venue knows no idempotency key, and would take the second stop; both filled, the long would be a short."""
    venue = FaultyVenue([Match(), AcceptThenHang()], otherwise=failing, capabilities=OPEN)
    stop = sell("2", order_type="stop", stop_price="90", client_order_id="stop")
    async with hub_at(venue, tmp_path, deadline=0.1) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        assert (await hub.execute_order(ACCOUNT, stop)).status == "unknown"
        assert (await hub.execute_order(ACCOUNT, stop)).duplicate
    async with hub_at(venue, tmp_path, deadline=0.1) as hub:
        assert (await hub.execute_order(ACCOUNT, stop)).duplicate
        venue.choose(None)
        await become(hub, "stop", "accepted")
        assert (await hub.execute_order(ACCOUNT, stop)).duplicate
        assert [placed.order.order_type.value for placed in venue.placed if placed.open] == ["stop"]
        venue.set_price(BTC, "89")
        await become(hub, "stop", "filled")
        assert await held(hub) == {}
    assert venue.position(BTC) == 0


async def test_an_alert_with_the_id_of_another_is_refused(tmp_path: Path) -> None:
    """5: equal content under one id is the same order, other content under it is none, also after a restart."""
    venue = FaultyVenue(capabilities=SILENT)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="a"))
        assert (await hub.execute_order(ACCOUNT, buy("2.0", client_order_id="a"))).duplicate
        assert (await hub.execute_order(ACCOUNT, buy("3", client_order_id="a"))).code == "ID_REUSED"
    async with hub_at(venue, tmp_path) as hub:
        assert (await hub.execute_order(ACCOUNT, buy("2.00", client_order_id="a"))).duplicate
        assert (await hub.execute_order(ACCOUNT, buy("3", client_order_id="a"))).code == "ID_REUSED"
        assert await held(hub) == {BTC: "2"}
    assert venue.count("place") == 1


async def test_a_close_that_is_asked_for_again_closes_once(tmp_path: Path) -> None:
    """5: the answer to a close is lost and the caller closes again, under another id: the second waits, and finds nothing."""
    venue = FaultyVenue([Match(), AcceptThenHang()], otherwise=failing, capabilities=OPEN)
    async with hub_at(venue, tmp_path, deadline=0.1) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        assert (await hub.execute_order(ACCOUNT, ClosePosition(symbol=BTC, client_order_id="one"))).status == "unknown"
        second = asyncio.create_task(hub.execute_order(ACCOUNT, ClosePosition(symbol=BTC, client_order_id="two")))
        await venue.arrived("look_up", 5)
        assert not second.done()
        venue.choose(None)
        assert (await second).code == "NOTHING_TO_CLOSE"
        assert await held(hub) == {}
    assert (venue.count("place"), venue.position(BTC)) == (2, 0)


@pytest.mark.parametrize("patience", ["cancelled", "timed out"])
async def test_an_entry_whose_caller_has_gone_is_booked(tmp_path: Path, patience: str) -> None:
    """9: the caller's end loses the answer, nothing else; the stop comes from whoever asks then."""
    venue = FaultyVenue([AcceptThenHang()], capabilities=SILENT)
    entry = buy("2", client_order_id="entry")
    async with hub_at(venue, tmp_path) as hub:
        if patience == "cancelled":
            caller = asyncio.create_task(hub.execute_order(ACCOUNT, entry))
            await venue.arrived("place")
            caller.cancel()
            with pytest.raises(asyncio.CancelledError):
                await caller
        else:
            receipt = await hub.submit(ACCOUNT, entry)
            with pytest.raises(TimeoutError):
                await receipt.result(timeout=0.05)
        venue.release()
        await become(hub, "entry", "filled")
        assert await held(hub) == {BTC: "2"}
    async with hub_at(venue, tmp_path) as hub:
        assert (await hub.execute_order(ACCOUNT, entry)).status == "filled"
        stop = await hub.execute_order(ACCOUNT, sell("2", order_type="stop", stop_price="90"))
        assert (stop.status, await held(hub)) == ("accepted", {BTC: "2"})
    assert venue.count("place") == 2


async def test_an_entry_that_filled_although_the_venue_timed_out_is_booked(tmp_path: Path) -> None:
    """9: nobody waits, the call to the venue has ended without an answer, and the host restarts: the fill is found."""
    venue = FaultyVenue([AcceptThenHang()], otherwise=failing, capabilities=SILENT)
    async with hub_at(venue, tmp_path, deadline=0.1) as hub:
        await hub.submit(ACCOUNT, buy("2", client_order_id="entry"))
        await become(hub, "entry", "unknown")
    venue.choose(None)
    async with hub_at(venue, tmp_path, deadline=0.1) as hub:
        await until(lambda: hub._desks[ACCOUNT].book.totals(BTC).position)
        assert await held(hub) == {BTC: "2"}
    assert venue.count("place") == 1


async def test_restarts_leave_a_position_and_its_stop_alone(tmp_path: Path, heard: Heard) -> None:
    """10: each start reads the venue's orders, positions and balances, and compares again and again."""
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path, heard) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        await hub.execute_order(ACCOUNT, sell("2", order_type="stop", stop_price="90", client_order_id="stop"))
    for _ in range(3):
        async with hub_at(venue, tmp_path, heard, compare_every=0.02, mismatch_tolerance="0") as hub:
            await compared(venue)
            assert await held(hub) == {BTC: "2"}
            assert (await become(hub, "stop", "accepted")).filled_quantity == 0
    assert (venue.count("place"), venue.count("cancel"), venue.position(BTC)) == (2, 0, 2)
    assert (heard.of(Mismatch), heard.alarms) == ([], [])


@pytest.mark.parametrize("change", ["-2", "2", "-3"], ids=["flat", "doubled", "turned"])
async def test_a_position_that_differs_at_a_restart_is_told_and_not_traded(tmp_path: Path, heard: Heard, change: str) -> None:
    """10: somebody traded by hand while the host was down; to make both sides equal is nobody's order."""
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
    venue.adjust_position(BTC, change)
    for _ in range(2):
        async with hub_at(venue, tmp_path, heard, compare_every=0.02) as hub:
            await compared(venue)
            assert await held(hub) == {BTC: "2"}
    assert (venue.count("place"), venue.count("cancel")) == (1, 0)
    told = [(event.kind, event.ours, event.venues) for event in heard.of(Mismatch)]
    assert told == [("position", "2", f"{venue.position(BTC):f}")] * 2


@pytest.mark.parametrize("arrived", [True, False], ids=["it had arrived", "it had not"])
async def test_an_exit_that_a_killed_host_was_sending_is_settled_and_not_sent_again(tmp_path: Path, arrived: bool) -> None:
    """10: the next host finds the intent without an outcome; the venue says which of the two it was."""
    venue = FaultyVenue(capabilities=evolve(BRISK, reduce_only=False))
    exit_order = sell("2", client_order_id="exit")
    async with hub_at(venue, tmp_path, deadline=0.1) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
    await leave(tmp_path, exit_order, intent=True, time=SystemClock().now())
    if arrived:
        await _send(venue, exit_order, "Vexit")
    sent = venue.count("place")
    async with hub_at(venue, tmp_path, deadline=0.1, compare_every=0.02) as hub:
        await become(hub, "exit", "filled" if arrived else "not_placed")
        await compared(venue)
        assert await held(hub) == ({} if arrived else {BTC: "2"})
    assert (venue.count("place"), venue.position(BTC)) == (sent, 0 if arrived else 2)


async def _send(venue: FaultyVenue, order: Order, name: str) -> None:
    """What the killed host had put on its way."""
    clock = SystemClock()
    async with Account(ACCOUNT, venue) as account:
        submission = Submission(account=ACCOUNT, venue_client_order_id=name, deadline=clock.monotonic() + 5, clock=clock)
        await account.execute_order(order, submission)


@asynccontextmanager
async def two_accounts(
    folder: Path, venues: dict[str, FaultyVenue], *plugins: object, **account: Any
) -> AsyncIterator[ExecutionHub]:
    kinds = [evolve(venue.plugin.fks_exec_venues()[0], name=name) for name, venue in venues.items()]
    config = table(folder, {name: f"types/{name}" for name in venues}, deadline=0.1, **account)
    async with hub_with(config, Types(*kinds), *plugins) as hub:
        yield hub


def fill_tersely(venue: FaultyVenue, order_id: str, quantity: str) -> None:
    """A fill whose update names the order only as the venue does."""
    venue.publishing = False
    venue.fill(order_id, quantity)
    venue.publishing = True
    placed = venue.order(order_id)
    venue.exchange.floor.tell_update(placed, OrderUpdate(ref=OrderRef(order_id=order_id), result=placed.result))


async def test_two_accounts_with_equal_names_at_their_venues_never_mix(tmp_path: Path, heard: Heard) -> None:
    """11: both venues count V1, V2 and T1, T2, both callers say a and b; one of the orders is unknown over a restart."""
    venues = {
        "one": FaultyVenue([Rest(), Match()]),
        "two": FaultyVenue([Rest(), AcceptThenDrop()], otherwise=failing),
    }
    async with two_accounts(tmp_path, venues, heard) as hub:
        for account, quantity in (("one", "1"), ("two", "5")):
            assert (await hub.execute_order(account, buy(quantity, client_order_id="a"))).order_id == "V1"
        fill_tersely(venues["one"], "V1", "0.4")
        await until(lambda: hub._desks["one"].book.totals(BTC).position)
        assert (await hub.execute_order("one", buy("1", client_order_id="b"))).status == "filled"
        assert (await hub.execute_order("two", buy("7", client_order_id="b"))).status == "unknown"
        assert await held(hub, "two") == {}
    venues["two"].choose(None)
    async with two_accounts(tmp_path, venues, heard, compare_every=0.02) as hub:
        await become(hub, "b", "filled", "two")
        fill_tersely(venues["two"], "V1", "2")
        await until(lambda: hub._desks["two"].book.totals(BTC).position == 9)
        venues["one"].cancel_by_venue("V1")
        await become(hub, "a", "canceled", "one")
        for venue in venues.values():
            await compared(venue)
        assert [await held(hub, account) for account in venues] == [{BTC: "1.4"}, {BTC: "9"}]
        assert [await trades(hub, "a", account) for account in venues] == [["T1"], ["T2"]]
        assert [await trades(hub, "b", account) for account in venues] == [["T2"], ["T1"]]
        assert (await become(hub, "a", "partially_filled", "two")).filled_quantity == 2
    assert [venue.count("place") for venue in venues.values()] == [2, 2]
    assert [f"{venue.position(BTC):f}" for venue in venues.values()] == ["1.4", "9"]
    assert (heard.of(Mismatch), heard.alarms) == ([], [])


@pytest.mark.parametrize("part", ["2", "0.5"], ids=["whole", "part"])
async def test_a_fill_that_the_stream_never_told_is_found(tmp_path: Path, part: str) -> None:
    """12: the stream tells of other orders, before and after; of this one it says nothing."""
    venue = FaultyVenue([Rest(), Rest(), Rest()])
    async with hub_at(venue, tmp_path, compare_every=0.05) as hub:
        for name, symbol in (("a", BTC), ("b", "ETH/USDT"), ("c", "SOL/USDT")):
            await hub.execute_order(ACCOUNT, buy("2", symbol=symbol, client_order_id=name))
        venue.fill("V2")
        venue.publishing = False
        venue.fill("V1", part)
        venue.publishing = True
        venue.fill("V3")
        await become(hub, "b", "filled")
        await become(hub, "c", "filled")
        await become(hub, "a", "filled" if part == "2" else "partially_filled")
        assert await held(hub) == {BTC: part, "ETH/USDT": "2", "SOL/USDT": "2"}
        await compared(venue)
        assert await trades(hub, "a") == ["T2"]
    assert venue.count("place") == 3


async def test_a_refusal_is_an_end_and_is_not_repeated(tmp_path: Path) -> None:
    """13: the venue would refuse this order for ever; the hub asks once for each instruction, and for no other reason."""
    venue = FaultyVenue(otherwise=lambda request: Refuse("no margin") if request.kind == "place" else None)
    async with hub_at(venue, tmp_path, compare_every=0.02, entry_attempts=3) as hub:
        for name in ("a", "b"):
            result = await hub.execute_order(ACCOUNT, buy(client_order_id=name))
            assert (result.status, result.error) == ("rejected", "no margin")
        for _ in range(3):
            assert (await hub.execute_order(ACCOUNT, buy(client_order_id="a"))).duplicate
        await compared(venue)
        assert (await recorded(hub, "a")).terminal
    async with hub_at(venue, tmp_path, compare_every=0.02, entry_attempts=3) as hub:
        await compared(venue)
        assert (await hub.execute_order(ACCOUNT, buy(client_order_id="a"))).status == "rejected"
        assert await attempts(hub) == venue.count("place") == 2


async def test_an_exit_that_is_refused_again_and_again_ends_after_its_attempts(tmp_path: Path) -> None:
    """13: a requote may be followed by another attempt, as many as are configured, each in the journal; then it is told."""
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path, compare_every=0.02, exit_attempts=3) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        venue.choose(lambda request: Refuse("the price has moved", retryable=True) if request.kind == "place" else None)
        close = ClosePosition(symbol=BTC, client_order_id="close")
        assert (await hub.execute_order(ACCOUNT, close)).status == "rejected"
        kinds = [event.kind for event in await hub.journal.history(Key(ACCOUNT, "close"))]
        assert kinds == ["accept", *["intent", "outcome"] * 3]
        await compared(venue)
    async with hub_at(venue, tmp_path, compare_every=0.02) as hub:
        assert (await hub.execute_order(ACCOUNT, close)).duplicate
        await compared(venue)
        assert await attempts(hub) == venue.count("place") == 4
        venue.choose(None)
        assert (await hub.execute_order(ACCOUNT, ClosePosition(symbol=BTC, client_order_id="next"))).status == "filled"
        assert await held(hub) == {}


async def test_an_old_alert_is_stale_before_and_after_a_restart(tmp_path: Path) -> None:
    """18: a queue on the way delivers at last what was meant for a market of an hour ago."""
    venue, clock = FaultyVenue(capabilities=SILENT), HandClock()
    old = clock.now() - 3_600_000
    for name in ("first", "second"):
        async with hub_at(venue, tmp_path, clock=clock) as hub:
            result = await hub.execute_order(ACCOUNT, buy(client_order_id=name, signal_time=old))
            assert (result.status, result.code) == ("denied", "STALE")
            again = await hub.execute_order(ACCOUNT, buy(client_order_id="first", signal_time=old))
            assert (again.code, again.duplicate) == ("STALE", True)
    assert venue.count("place") == 0


async def test_an_alert_that_waited_for_its_host_too_long_is_stale(tmp_path: Path) -> None:
    """18: it was taken, the host went down before it was sent and came back a day later."""
    venue, clock = FaultyVenue(capabilities=SILENT), HandClock()
    await leave(tmp_path, buy(client_order_id="a", signal_time=clock.now()), intent=False, time=clock.now())
    clock.move(86_400)
    async with hub_at(venue, tmp_path, clock=clock) as hub:
        assert (await become(hub, "a", "denied")).code == "STALE"
        assert await hub.journal.pending(ACCOUNT) == []
    assert venue.count("place") == 0


async def test_an_alert_that_comes_again_years_later_is_known(tmp_path: Path) -> None:
    """18: an id is never forgotten; many orders and restarts lie between."""
    venue, clock = FaultyVenue(capabilities=SILENT), HandClock()
    fresh = buy("2", client_order_id="tv-1")
    async with hub_at(venue, tmp_path, clock=clock) as hub:
        assert (await hub.execute_order(ACCOUNT, fresh)).status == "filled"
    for year in range(5):
        clock.move(YEAR)
        async with hub_at(venue, tmp_path, clock=clock) as hub:
            again = await hub.execute_order(ACCOUNT, fresh)
            assert (again.status, again.duplicate) == ("filled", True)
            await hub.execute_order(ACCOUNT, buy("1", symbol="ETH/USDT", client_order_id=f"tv-eth-{year}"))
            assert (await held(hub))[BTC] == "2"
    assert venue.count("place", symbol=BTC) == 1


async def test_a_fill_told_in_every_way_is_counted_once(tmp_path: Path, heard: Heard) -> None:
    """19: pushed twice, seen in the list, told while the host was down, pushed again after the end and after a restart."""
    venue = FaultyVenue([TradeTwice(rest=True)])
    order = buy("2", client_order_id="a")
    async with hub_at(venue, tmp_path, heard, compare_every=0.02) as hub:
        await hub.execute_order(ACCOUNT, order)
        venue.fill("V1", "0.5")
        await compared(venue)
        assert await held(hub) == {BTC: "0.5"}
    venue.fill("V1", "0.7")
    async with hub_at(venue, tmp_path, heard, compare_every=0.02) as hub:
        await until(lambda: hub._desks[ACCOUNT].book.totals(BTC).position > 1)
        venue.exchange.floor.tell(venue.placed[0])
        await settled(hub)
        assert await held(hub) == {BTC: "1.2"}
        venue.fill("V1")
        await become(hub, "a", "filled")
        venue.exchange.floor.tell(venue.placed[0])
        await settled(hub)
    async with hub_at(venue, tmp_path, heard, compare_every=0.02) as hub:
        venue.exchange.floor.tell(venue.placed[0])
        await settled(hub)
        await compared(venue)
        assert (await hub.execute_order(ACCOUNT, order)).filled_quantity == 2
        assert await held(hub) == {BTC: "2"}
        assert await trades(hub, "a") == ["T1", "T2", "T3"]
    assert (heard.of(Mismatch), heard.alarms) == ([], [])


async def test_a_fill_found_by_a_look_up_and_pushed_is_counted_once(tmp_path: Path, heard: Heard) -> None:
    """19: the answer is lost, the look-up finds the fill, then the stream tells it, twice."""
    venue = FaultyVenue([AcceptThenDrop()], capabilities=evolve(CAPABILITIES, request_ttl=30.0))
    async with hub_at(venue, tmp_path, heard) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="a"))
        await become(hub, "a", "filled")
        for _ in range(2):
            venue.exchange.floor.tell(venue.placed[0])
        await settled(hub)
        assert (await held(hub), await trades(hub, "a")) == ({BTC: "2"}, ["T1"])
    assert heard.alarms == []


def _spot(symbol: str) -> Instrument:
    base, _, quote = symbol.partition("/")
    return Instrument(symbol=symbol, kind="spot", base=base, quote=quote, quantity_step="0.1", min_quantity="0.1")


async def test_a_fee_in_the_base_currency_makes_the_exit_smaller(tmp_path: Path) -> None:
    """19: of 1000 bought 999 are there; an exit for 1000 would be refused, or sell what we did not buy."""
    able = evolve(OPEN, abilities=OPEN.abilities - {"fetch_positions"})
    venue = FaultyVenue(capabilities=able, price=1, currency="DOGE", fee_rate="0.001", instrument=_spot)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("1000", symbol="DOGE/USDT"))
        assert await held(hub) == {"DOGE/USDT": "999"}
    venue.exchange.floor.book.currency = "USDT"  # a sale's fee is paid from what it brings
    async with hub_at(venue, tmp_path) as hub:
        result = await hub.execute_order(ACCOUNT, ClosePosition(symbol="DOGE/USDT"))
        assert (result.status, result.filled_quantity) == ("filled", 999)
        assert await held(hub) == {}
    assert [f"{request.quantity:f}" for request in venue.requests if request.kind == "place"] == ["1000", "999"]
