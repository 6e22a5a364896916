# SPDX-License-Identifier: MIT
"""A close is a standing target: entries out of the way, an exit, and further exits until nothing of its scope is left."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import fks_exec_hub.following.unknown
import fks_exec_hub.orders.beside
from fks_exec import ClosePosition, ExecutionResult, Instrument, InvalidOrder, Order, TargetPosition
from fks_exec.clock import Clock
from fks_exec.testing import (
    CAPABILITIES,
    AcceptThenDrop,
    CancelMeetsFill,
    EmptyLookUp,
    Fault,
    FaultyVenue,
    Lost,
    PartialThenCancel,
    Refuse,
    Request,
    Slow,
)
from fks_exec_hub import ExecutionHub
from fks_exec_hub.exits.targets import Targets
from fks_exec_hub.following.unknown import Schedule
from fks_exec_hub.journal import Key
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.desks import Heard, hub_with, table
from fks_exec_simulators.stage import ACCOUNT, Held, Stage, buy, configure, filled, hub_on, sell, until

BTC = "BTC/USDT"
SOFT = evolve(CAPABILITIES, reduce_only=False, request_ttl=20.0)
"""A venue that does not enforce reduce-only."""


@pytest.fixture(autouse=True)
def pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fks_exec_hub.following.unknown, "SCHEDULE", Schedule(delays=(0.01,), slower=(0.01,)))
    monkeypatch.setattr(fks_exec_hub.orders.beside, "APART", 0.02)


@pytest.fixture
def heard() -> Heard:
    return Heard()


def hub_at(venue: FaultyVenue, folder: Path, *plugins: object, clock: Clock | None = None, **account: Any) -> ExecutionHub:
    return hub_with(table(folder, **{"deadline": 5.0, **account}), venue.plugin, *plugins, clock=clock)


def close(client_order_id: str = "close", **more: Any) -> ClosePosition:
    return ClosePosition(symbol=BTC, client_order_id=client_order_id, **more)


def limit(quantity: str, name: str, **more: Any) -> Order:
    """A buy far below the market."""
    return Order(symbol=BTC, side="buy", quantity=quantity, order_type="limit", price="10", client_order_id=name, **more)


def legs(result: ExecutionResult) -> list[tuple[str, str | None, str, int]]:
    """What was made for an order: role, id, status, filled."""
    return [(leg.role, leg.client_order_id, leg.status.value, int(leg.filled_quantity)) for leg in result.legs]


async def ended(hub: ExecutionHub, name: str) -> ExecutionResult:
    """How an order stands once nothing more is to be done for it."""
    await until(lambda: name not in hub._desks[ACCOUNT].live)
    result = await hub.order(ACCOUNT, name)
    assert result is not None
    return result


async def test_the_rest_of_a_close_that_the_venue_cut_short_is_closed_too(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("4"))
        venue.follow(PartialThenCancel(share="0.5", at_once=True), PartialThenCancel(share="0.5", at_once=True))
        result = await hub.execute_order(ACCOUNT, close())
        positions = await hub.positions(ACCOUNT)
    assert (result.status, result.filled_quantity, result.code) == ("canceled", 2, None)
    assert legs(result) == [("exit", "close~ex2", "canceled", 1), ("exit", "close~ex3", "filled", 1)]
    assert all(placed.order.reduce_only for placed in venue.placed[1:])
    assert (venue.position(BTC), positions) == (0, [])


async def test_a_rest_that_shows_only_later_is_closed_too(tmp_path: Path) -> None:
    """The answer says partially filled; that the venue cancels the rest comes after it."""
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("4"))
        venue.follow(PartialThenCancel(share="0.5"))
        await hub.execute_order(ACCOUNT, close())
        result = await ended(hub, "close")
    assert legs(result) == [("exit", "close~ex2", "filled", 2)]
    assert venue.position(BTC) == 0


async def test_more_than_one_order_may_have_is_closed_in_parts(tmp_path: Path) -> None:
    rules = Instrument(symbol=BTC, kind="linear", base="BTC", quote="USDT", quantity_step="0.1", max_quantity="2")
    venue = FaultyVenue(instrument=lambda symbol: rules)
    async with hub_at(venue, tmp_path) as hub:
        for _ in range(3):
            await hub.execute_order(ACCOUNT, buy("2"))
        result = await hub.execute_order(ACCOUNT, close())
    assert (result.filled_quantity, [leg.filled_quantity for leg in result.legs]) == (2, [2, 2])
    assert venue.position(BTC) == 0


async def test_a_close_that_the_venue_refuses_to_end_is_told_with_what_is_left(tmp_path: Path, heard: Heard) -> None:
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path, heard) as hub:
        await hub.execute_order(ACCOUNT, buy("4"))
        venue.follow(PartialThenCancel(share="0.5", at_once=True), Refuse("only on weekdays"))
        result = await hub.execute_order(ACCOUNT, close())
        recorded = await hub.journal.order(Key(ACCOUNT, "close"))
    assert (result.code, result.filled_quantity) == ("CLOSE_INCOMPLETE", 2)
    assert result.error is not None
    assert "2 of BTC/USDT are still held: only on weekdays" in result.error
    assert recorded is not None
    assert recorded.terminal
    assert heard.alarms.count("CLOSE_INCOMPLETE") == 1


async def test_exits_that_fill_nothing_end_after_the_accounts_attempts(tmp_path: Path, heard: Heard) -> None:
    stage = Stage(filled, *[ExecutionResult(status="canceled")] * 9)
    async with hub_on(stage, configure(tmp_path), heard) as hub:
        await hub.execute_order(ACCOUNT, buy("4"))
        result = await hub.execute_order(ACCOUNT, close())
    assert (result.code, stage.ids[1:]) == ("CLOSE_INCOMPLETE", ["close", "close~ex2", "close~ex3"])
    assert heard.alarms.count("CLOSE_INCOMPLETE") == 1


def coarse(symbol: str) -> Instrument:
    return Instrument(symbol=symbol, kind="spot", base="BTC", quote="USDT", quantity_step="0.01", min_quantity="0.1")


async def test_less_than_the_venue_takes_is_dust_and_never_called_closed(tmp_path: Path) -> None:
    venue = FaultyVenue(instrument=coarse)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("1"))
        venue.follow(PartialThenCancel(share="0.95", at_once=True))
        result = await hub.execute_order(ACCOUNT, close())
        again = await hub.execute_order(ACCOUNT, close("again"))
        held = (await hub.positions(ACCOUNT))[0].quantity
    assert (result.code, result.filled_quantity, held) == ("DUST", Decimal("0.95"), Decimal("0.05"))
    assert (again.status, again.code, again.denials[0].limit) == ("denied", "DUST", "0.1")
    assert venue.count() == 2


async def test_entries_that_wait_before_a_close_are_not_sent(tmp_path: Path) -> None:
    first = Held()
    stage = Stage(first)
    async with hub_on(stage, configure(tmp_path)) as hub:
        one = await hub.submit(ACCOUNT, buy("1", client_order_id="one"))
        await first.reached.wait()
        queued = await hub.submit(ACCOUNT, buy("2", client_order_id="queued"))
        other = await hub.submit(ACCOUNT, buy("3", client_order_id="other", strategy="other"))
        closing = await hub.submit(ACCOUNT, close())
        later = await hub.submit(ACCOUNT, buy("4", client_order_id="later"))
        first.go.set()
        results = [await receipt.result(5) for receipt in (one, queued, other, closing, later)]
    assert [result.status for result in results] == ["filled", "denied", "filled", "filled", "filled"]
    assert (results[1].code, results[1].denials[0].value) == ("SUPERSEDED", "close")
    assert results[3].filled_quantity == 1
    assert stage.ids == ["one", "other", "close", "later"]


async def test_a_close_that_comes_again_supersedes_nothing(tmp_path: Path) -> None:
    first = Held()
    stage = Stage(Held(), first)
    async with hub_on(stage, configure(tmp_path)) as hub:
        stage.answers.popleft()
        stage.answers.clear()
        await hub.execute_order(ACCOUNT, buy("1"))
        await hub.execute_order(ACCOUNT, close())
        stage.answers.append(first)
        running = await hub.submit(ACCOUNT, buy("1"))
        await first.reached.wait()
        queued = await hub.submit(ACCOUNT, buy("2"))
        again = await hub.submit(ACCOUNT, close())
        first.go.set()
        assert again.duplicate
        assert [(await receipt.result(5)).status for receipt in (running, queued)] == ["filled", "filled"]


async def test_after_a_restart_a_close_supersedes_what_was_accepted_before_it(tmp_path: Path) -> None:
    first = Held()
    stage = Stage(first)
    async with hub_on(stage, configure(tmp_path, account={"deadline": 0.05})) as hub:
        await hub.submit(ACCOUNT, buy("1", client_order_id="one"))
        await first.reached.wait()
        await hub.submit(ACCOUNT, buy("2", client_order_id="queued"))
        await hub.submit(ACCOUNT, close())
        hub._desks[ACCOUNT].closing = True
        first.go.set()
    async with hub_on(stage, configure(tmp_path)) as hub:
        await until(lambda: "close" not in hub._desks[ACCOUNT].live)
        queued, closed = await hub.order(ACCOUNT, "queued"), await hub.order(ACCOUNT, "close")
    assert queued is not None
    assert closed is not None
    assert (queued.code, closed.filled_quantity) == ("SUPERSEDED", 1)


async def test_entries_that_rest_are_cancelled_before_the_exit_is_sent(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("1"))
        await hub.execute_order(ACCOUNT, limit("5", "mine"))
        await hub.execute_order(ACCOUNT, limit("5", "theirs", strategy="other"))
        await hub.execute_order(ACCOUNT, close())
        mine, theirs = await hub.order(ACCOUNT, "mine"), await hub.order(ACCOUNT, "theirs")
    assert [request.kind for request in venue.requests if request.kind in ("place", "cancel")][-2:] == ["cancel", "place"]
    assert mine is not None
    assert theirs is not None
    assert (mine.status, theirs.status) == ("canceled", "accepted")


async def test_entries_stay_where_that_is_asked_for(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("1"))
        await hub.execute_order(ACCOUNT, limit("5", "mine"))
        closed = await hub.execute_order(ACCOUNT, close(keep_entries=True))
        nothing = await hub.execute_order(ACCOUNT, close("again", keep_entries=True))
        mine = await hub.order(ACCOUNT, "mine")
    assert mine is not None
    assert (mine.status, closed.code, nothing.code) == ("accepted", None, "NOTHING_TO_CLOSE")
    assert venue.count("cancel") == 0


async def test_an_entry_that_fills_before_its_cancel_is_closed_with_the_rest(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("1"))
        await hub.execute_order(ACCOUNT, limit("5", "mine"))
        venue.follow(CancelMeetsFill(answer="filled"))
        result = await hub.execute_order(ACCOUNT, close())
    assert (result.filled_quantity, venue.position(BTC)) == (6, 0)


async def test_an_entry_that_cannot_be_cancelled_is_told(tmp_path: Path, heard: Heard) -> None:
    venue = FaultyVenue(capabilities=evolve(CAPABILITIES, abilities=CAPABILITIES.abilities - {"cancel_order"}))
    async with hub_at(venue, tmp_path, heard) as hub:
        await hub.execute_order(ACCOUNT, buy("1"))
        await hub.execute_order(ACCOUNT, limit("5", "mine"))
        result = await hub.execute_order(ACCOUNT, close())
        nothing = await hub.execute_order(ACCOUNT, close("again"))
    assert (result.status, result.filled_quantity, result.code) == ("filled", 1, "CLOSE_INCOMPLETE")
    assert nothing.error is not None
    assert "mine could not be cancelled" in nothing.error
    assert heard.alarms.count("CLOSE_INCOMPLETE") == 2


async def test_a_close_of_nothing_waits_for_an_entry_whose_cancel_is_not_confirmed(tmp_path: Path) -> None:
    """The first cancel is lost, and the entry fills before the second one arrives: later than the deadline."""
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path, deadline=0.05) as hub:
        await hub.execute_order(ACCOUNT, limit("5", "mine"))
        venue.follow(Lost(on="cancel"), CancelMeetsFill(answer="filled"))
        result = await hub.execute_order(ACCOUNT, close())
    assert (result.status, result.filled_quantity, venue.position(BTC)) == ("filled", 5, 0)


def blind(request: Request) -> Fault | None:
    """No look-up finds anything."""
    return EmptyLookUp() if request.kind == "look_up" else None


@pytest.mark.parametrize(("fault", "closed"), [(AcceptThenDrop(), 3), (Lost(), 0)], ids=["filled", "not placed"])
async def test_what_an_unknown_entry_brings_is_closed_when_it_is_known(fault: Fault, closed: int, tmp_path: Path) -> None:
    """The venue enforces reduce-only, so that the close is sent at once, and stands until the entry is settled."""
    venue, clock = FaultyVenue(), HandClock()
    async with hub_at(venue, tmp_path, clock=clock) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        venue.choose(blind)
        venue.follow(fault)
        assert (await hub.execute_order(ACCOUNT, buy("3", client_order_id="entry"))).status == "unknown"
        result = await hub.execute_order(ACCOUNT, close())
        assert (result.status, result.filled_quantity) == ("filled", 2)
        assert hub._desks[ACCOUNT].live["close"].standing
        venue.choose(None)

        def settled() -> bool:
            clock.move(0.5)
            return "close" not in hub._desks[ACCOUNT].live

        await until(settled)
        result = await ended(hub, "close")
    assert sum(leg.filled_quantity for leg in result.legs) == closed
    assert (venue.position(BTC), result.code) == (0, None)


async def test_a_close_of_unknown_fate_that_was_not_placed_is_sent_again(tmp_path: Path) -> None:
    venue, clock = FaultyVenue(), HandClock()
    async with hub_at(venue, tmp_path, clock=clock) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        venue.follow(Lost())
        await hub.execute_order(ACCOUNT, close())

        def flat() -> bool:
            clock.move(0.5)
            return venue.position(BTC) == 0

        await until(flat)
        await until(lambda: hub._desks[ACCOUNT].live["close"].told.legs)
        result = await hub.order(ACCOUNT, "close")
    assert result is not None
    assert legs(result) == [("exit", "close~ex2", "filled", 2)]


async def test_a_close_goes_on_after_a_restart_between_its_exit_and_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue = FaultyVenue()
    with monkeypatch.context() as before:
        before.setattr(Targets, "changed", lambda self, live: None)  # the host stops before it has looked again
        async with hub_at(venue, tmp_path, deadline=0.1) as hub:
            await hub.execute_order(ACCOUNT, buy("4"))
            venue.follow(PartialThenCancel(share="0.5", at_once=True))
            assert (await hub.execute_order(ACCOUNT, close())).filled_quantity == 2
    assert venue.position(BTC) == 2
    async with hub_at(venue, tmp_path) as hub:
        result = await ended(hub, "close")
    assert legs(result) == [("exit", "close~ex2", "filled", 2)]
    assert (venue.position(BTC), venue.count()) == (0, 3)


async def test_a_restart_after_the_rest_was_closed_sends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = FaultyVenue()

    async def stop(self: Targets, aim: object, done: object) -> None:
        raise OSError("the host stops here")

    with monkeypatch.context() as before:
        before.setattr(Targets, "_done", stop)
        async with hub_at(venue, tmp_path, deadline=0.1) as hub:
            await hub.execute_order(ACCOUNT, buy("4"))
            venue.follow(PartialThenCancel(share="0.5", at_once=True))
            await hub.execute_order(ACCOUNT, close())
            await until(lambda: venue.position(BTC) == 0)
    async with hub_at(venue, tmp_path) as hub:
        result = await ended(hub, "close")
    assert legs(result) == [("exit", "close~ex2", "filled", 2)]
    assert venue.count() == 3


async def test_a_further_exit_sells_no_more_than_a_later_order_has_left(tmp_path: Path) -> None:
    """Before the rest of a close has its turn, an order that waited behind it sells some of it."""
    venue = FaultyVenue(capabilities=SOFT)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("9", strategy="other"))
        await hub.execute_order(ACCOUNT, buy("4"))
        venue.follow(PartialThenCancel(share="0.25", at_once=True), Slow(after=0.2))  # the rest is in its place meanwhile
        waiting = hub.submit(ACCOUNT, close()), hub.submit(ACCOUNT, sell("1", client_order_id="queued"))
        closing, queued = await asyncio.gather(*waiting)  # both have their places before the first is sent
        await queued.result(5)
        await closing.result(5)
        result = await ended(hub, "close")
        held = {position.strategy: position.quantity for position in await hub.positions(ACCOUNT)}
    assert held == {"other": 9}
    assert sum(placed.order.quantity for placed in venue.placed if placed.order.side == "sell") >= 4
    assert result.code is None


async def test_a_target_of_nothing_is_a_close(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("4"))
        await hub.execute_order(ACCOUNT, limit("5", "mine"))
        target = TargetPosition(symbol=BTC, quantity="0", client_order_id="flat")
        venue.follow(PartialThenCancel(share="0.5", at_once=True))
        result = await hub.execute_order(ACCOUNT, target)
        mine = await hub.order(ACCOUNT, "mine")
    assert legs(result) == [("exit", "flat~ex2", "filled", 2)]
    assert mine is not None
    assert mine.status == "canceled"
    assert venue.position(BTC) == 0


async def test_no_caller_gives_the_id_of_an_order_that_the_hub_makes(tmp_path: Path) -> None:
    async with hub_at(FaultyVenue(), tmp_path) as hub:
        with pytest.raises(InvalidOrder, match=r"client_order_id.*marks the orders that the hub makes"):
            await hub.submit(ACCOUNT, buy("1", client_order_id="mine~ex2"))
        assert await hub.order(ACCOUNT, "mine~ex2") is None


async def test_an_exit_that_waits_for_longer_than_the_deadline_is_told_once(tmp_path: Path, heard: Heard) -> None:
    venue, clock = FaultyVenue(capabilities=SOFT), HandClock()
    async with hub_at(venue, tmp_path, heard, clock=clock) as hub:
        await hub.execute_order(ACCOUNT, buy("1"))
        venue.choose(blind)
        venue.follow(AcceptThenDrop())
        await hub.execute_order(ACCOUNT, sell("1"))
        await hub.submit(ACCOUNT, close())
        await asyncio.sleep(0.1)
        assert "EXIT_WAITS" not in heard.alarms
        clock.move(6.0)
        await until(lambda: "EXIT_WAITS" in heard.alarms)
        clock.move(6.0)
        await asyncio.sleep(0.1)
        assert heard.alarms.count("EXIT_WAITS") == 1
        venue.choose(None)


@pytest.mark.parametrize("kind", ["oco", "reduce_only_pair", "stop_only"])
@pytest.mark.parametrize("enforced", [True, False])
async def test_a_close_beside_legs_waits_until_they_have_made_room(kind: Any, enforced: bool, tmp_path: Path) -> None:
    """Where the venue does not keep a reduce-only order from opening a position, the stop goes first; else the exit does."""
    venue = FaultyVenue(protection=kind, reduce_only=enforced)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("2", stop_loss="90", client_order_id="entry"))
        await until(lambda: venue.protected(BTC) == 2)
        result = await hub.execute_order(ACCOUNT, close())
        await until(lambda: not any(placed.open for placed in venue.placed))
        await until(lambda: not hub._desks[ACCOUNT].live)
        totals = hub._desks[ACCOUNT].book.totals(BTC)
    assert (result.status, result.filled_quantity, venue.position(BTC)) == ("filled", 2, 0)
    assert (totals.claimed_sell, totals.stops_sell, totals.working_sell) == (0, 0, 0)
    kinds = [request.kind for request in venue.requests if request.kind in ("place", "protect", "cancel")]
    assert kinds == ["place", "protect", *(["place", "cancel"] if enforced else ["cancel", "place"])]


async def test_a_stop_stays_while_a_close_waits_for_an_unknown_order_and_makes_room_then(tmp_path: Path) -> None:
    """Nothing is left without its stop for an exit that may not be sent yet."""
    venue, clock = FaultyVenue(protection="stop_only", reduce_only=False), HandClock()
    async with hub_at(venue, tmp_path, clock=clock) as hub:
        await hub.execute_order(ACCOUNT, buy("2", stop_loss="90", client_order_id="entry"))
        await until(lambda: venue.protected(BTC) == 2)
        venue.choose(blind)
        venue.follow(Lost())
        assert (await hub.execute_order(ACCOUNT, buy("1"))).status == "unknown"
        closing = await hub.submit(ACCOUNT, close())
        await asyncio.sleep(0.1)
        assert venue.protected(BTC) == 2

        def flat() -> bool:
            clock.move(0.5)
            return bool(venue.position(BTC) == 0)

        await until(flat)
        result = await closing.result(5)
    assert (result.status, result.filled_quantity) == ("filled", 2)


async def test_what_a_close_leaves_is_protected_again(tmp_path: Path) -> None:
    """The stop made room for a close that the venue refused."""
    venue = FaultyVenue(protection="reduce_only_pair", reduce_only=False)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("2", stop_loss="90", client_order_id="entry"))
        await until(lambda: venue.protected(BTC) == 2)
        venue.follow(Refuse("only on weekdays"))
        assert (await hub.execute_order(ACCOUNT, close())).status == "rejected"
        await until(lambda: venue.protected(BTC) == 2)
    assert venue.position(BTC) == 2


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell", "close"]),
        st.sampled_from(["a", "b"]),
        st.integers(1, 5),
        st.sampled_from([None, "0.25", "0.5", "0.75", "drop"]),
    ),
    min_size=2,
    max_size=10,
)


@given(steps=STEPS, enforced=st.booleans())
@settings(max_examples=25)
async def test_a_close_never_turns_a_position_and_leaves_nothing_of_its_strategy(
    steps: list[tuple[str, str, int, str | None]], enforced: bool
) -> None:
    """Beside the positions of another strategy, with exits that fill in parts and answers that are lost."""
    venue = FaultyVenue(capabilities=evolve(CAPABILITIES, reduce_only=enforced, request_ttl=0.1))
    config = table(Path(), journal="memory:", deadline=0.5)
    async with hub_with(config, venue.plugin) as hub:
        book = hub._desks[ACCOUNT].book
        for number, (action, strategy, quantity, fault) in enumerate(steps):
            if fault is not None and action == "close":
                venue.follow(AcceptThenDrop() if fault == "drop" else PartialThenCancel(share=fault, at_once=True))
            before, total = book.position(BTC, strategy).quantity, venue.position(BTC)
            if action != "close":
                order = Order(symbol=BTC, side=action, quantity=quantity, strategy=strategy, client_order_id=f"o{number}")
                await hub.execute_order(ACCOUNT, order)
            else:
                await hub.execute_order(ACCOUNT, close(f"o{number}", strategy=strategy))
            await until(lambda: not hub._desks[ACCOUNT].live)
            after = book.position(BTC, strategy).quantity
            assert book.totals(BTC).position == venue.position(BTC)
            if action == "close":
                assert after * before >= 0
                assert venue.position(BTC) * total >= 0
                assert after == 0 or total * before <= 0 or abs(total) < abs(before)


async def test_a_close_of_the_whole_account_closes_each_strategys_own(tmp_path: Path) -> None:
    """Also what protects each of them ends with it, and nothing of it comes alive for a later entry."""
    venue = FaultyVenue(protection="reduce_only_pair")
    config = configure(tmp_path, account={"venue": "faulty", "deadline": 1})
    async with ExecutionHub.open(config, plugins=[venue.plugin]) as hub:
        for name in ("a", "b"):
            order = Order(symbol="BTC/USDT", side="buy", quantity="2", strategy=name, stop_loss="90", client_order_id=name)
            assert (await hub.execute_order(ACCOUNT, order)).protected
        closed = await hub.execute_order(ACCOUNT, ClosePosition(symbol="BTC/USDT", scope="account"))
        assert (closed.status, closed.filled_quantity) == ("filled", 4)
        assert await hub.positions(ACCOUNT) == []
        await until(lambda: not any(placed.open for placed in venue.placed))
        await until(lambda: not hub._desks[ACCOUNT].live)
    async with ExecutionHub.open(config, plugins=[venue.plugin]) as hub:
        assert await hub.positions(ACCOUNT) == []


async def test_an_order_that_no_guard_is_asked_about_opens_nothing_after_a_trade_by_hand(tmp_path: Path) -> None:
    """By our own book it reduces; the venue holds nothing any more, and is told that it may not open anything."""
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path, compare_every=3600) as hub:
        assert (await hub.execute_order(ACCOUNT, buy("1"))).status == "filled"
        venue.adjust_position(BTC, "-1")
        assert (await hub.execute_order(ACCOUNT, sell("1"))).code == "REDUCE_ONLY"
    assert venue.position(BTC) == 0
