# SPDX-License-Identifier: MIT
"""How an unknown outcome ends: look-ups within a budget, two clean answers late enough, a watch for what appears after all."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import fks_exec_hub.following.unknown
from fks_exec import Account, Alarm, Capabilities, ExecutionResult, OrderRef, PluginError, hookimpl
from fks_exec.testing import (
    CAPABILITIES,
    AcceptThenDrop,
    AcceptThenHang,
    EmptyLookUp,
    EmptyLookUps,
    FailLookUp,
    Fault,
    FaultyVenue,
    LateAppearance,
    Lost,
    Request,
)
from fks_exec_hub import ExecutionHub
from fks_exec_hub.accounts.desk import Desk
from fks_exec_hub.accounts.merging import merge
from fks_exec_hub.following.unknown import Resolver, Schedule
from fks_exec_hub.journal import Key
from fks_exec_hub.orders.lookups import AT_ONCE, Lookups, can_look
from fks_exec_hub.orders.resolve import Word
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.desks import hub_with, table
from fks_exec_simulators.observers import Recorder
from fks_exec_simulators.stage import ACCOUNT, buy, configure, journal_of, leave, sell, until
from fks_exec_simulators.venues import MemoryVenue

SYMBOL = "BTC/USDT"
TTL, DEADLINE, GRACE = 20.0, 10.0, 1.0
OVER = DEADLINE + GRACE + TTL
SHORT = Schedule(delays=(0.01,), slower=(0.01,), watch=(0.05, 0.1))
SILENT = evolve(CAPABILITIES, request_ttl=TTL, publishes=False)


@pytest.fixture(autouse=True)
def schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks often; whether an answer counts is told by the clock, which a test turns by hand."""
    monkeypatch.setattr(fks_exec_hub.following.unknown, "SCHEDULE", SHORT)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def tape() -> Recorder:
    return Recorder()


def hub_at(venue: FaultyVenue, folder: Path, clock: HandClock, *plugins: object, **account: Any) -> ExecutionHub:
    table = {"venue": "faulty", "polls_per_second": 100_000.0, "poll": 1000.0, "deadline": DEADLINE, **account}
    return ExecutionHub.open(configure(folder, account=table), plugins=[venue.plugin, *plugins], clock=clock)


async def become(hub: ExecutionHub, name: str, status: str) -> ExecutionResult:
    async with asyncio.timeout(8):
        while True:
            known = await hub.order(ACCOUNT, name)
            assert known is not None
            if known.status == status:
                return known
            await asyncio.sleep(0.005)


async def look_ups(venue: FaultyVenue, more: int) -> None:
    """Wait for so many further look-ups."""
    before = venue.count("look_up")
    await until(lambda: venue.count("look_up") >= before + more)


async def pass_time(clock: HandClock, condition: Callable[[], object]) -> None:
    """The clock goes on until something holds."""

    def held() -> object:
        clock.move(0.05)
        return condition()

    await until(held)


async def status_of(hub: ExecutionHub, name: str) -> str:
    for lock in list(hub._desks[ACCOUNT]._locks.values()):
        async with lock:  # what is being written is durable, and told
            pass
    known = await hub.order(ACCOUNT, name)
    assert known is not None
    return known.status.value


async def held(hub: ExecutionHub) -> list[str]:
    return [str(p.quantity) for p in await hub.positions(ACCOUNT)]


def alarms(tape: Recorder, code: str) -> list[str]:
    return [event.message for event in tape.events if isinstance(event, Alarm) and event.code == code]


async def not_placed(hub: ExecutionHub, clock: HandClock, venue: FaultyVenue, name: str = "a") -> None:
    """Let the time go by that a conclusion needs."""
    clock.move(OVER)
    await look_ups(venue, 2)
    clock.move(1.0)
    await become(hub, name, "not_placed")


async def test_an_order_that_the_first_look_up_finds_filled_is_booked_once(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue([AcceptThenDrop()], capabilities=SILENT)
    async with hub_at(venue, tmp_path, clock) as hub:
        assert (await hub.execute_order(ACCOUNT, buy("2", client_order_id="a"))).status == "unknown"
        known = await become(hub, "a", "filled")
        assert (known.filled_quantity, known.order_id) == (2, "V1")
        assert await held(hub) == ["2"]
        assert hub._desks[ACCOUNT].unresolved == ()
        await until(lambda: not hub._desks[ACCOUNT].live)
        assert len(await hub.journal.fills(Key(ACCOUNT, "a"))) == 1
    assert (venue.count("place"), venue.count("look_up")) == (1, 1)


async def test_clean_answers_before_the_request_can_have_expired_conclude_nothing(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue([EmptyLookUps(looks=12)], capabilities=SILENT)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        await look_ups(venue, 5)
        clock.move(OVER - 0.01)
        await look_ups(venue, 5)
        assert await status_of(hub, "a") == "unknown"
        await become(hub, "a", "filled")


async def test_two_clean_answers_apart_after_that_conclude_and_one_never_does(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue([Lost()], capabilities=SILENT)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        clock.move(OVER)
        await look_ups(venue, 5)
        assert await status_of(hub, "a") == "unknown"
        clock.move(0.9)
        await look_ups(venue, 5)
        assert await status_of(hub, "a") == "unknown"
        clock.move(0.1)
        known = await become(hub, "a", "not_placed")
        assert (known.code, known.success) == ("NOT_FOUND", False)
        assert hub._desks[ACCOUNT].book.totals(SYMBOL).working_buy == 0
    assert venue.count("place") == 1


async def test_clean_answers_count_only_after_our_own_call_has_ended(tmp_path: Path, clock: HandClock) -> None:
    """A call that swallows its cancellation may place the order long after its deadline."""
    venue = FaultyVenue([Lost()], capabilities=SILENT)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        desk = hub._desks[ACCOUNT]
        call: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        assert desk.account is not None
        desk.account._keep(call, desk.live["a"].venue_client_order_id or "")
        for seconds in (OVER, 1.0, 100.0):
            clock.move(seconds)
            await look_ups(venue, 3)
        call.set_result(None)
        for seconds in (0.0, TTL - 0.01):
            clock.move(seconds)
            await look_ups(venue, 3)
        assert await status_of(hub, "a") == "unknown"
        clock.move(0.1)
        await look_ups(venue, 3)
        clock.move(1.0)
        await become(hub, "a", "not_placed")


async def test_without_a_ttl_a_request_may_be_on_its_way_for_a_minute(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue([Lost()], capabilities=evolve(SILENT, request_ttl=None))
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        clock.move(DEADLINE + GRACE + 59)
        await look_ups(venue, 2)
        clock.move(0.9)
        await look_ups(venue, 2)
        assert await status_of(hub, "a") == "unknown"
        clock.move(0.2)
        await look_ups(venue, 2)
        clock.move(1.0)
        await become(hub, "a", "not_placed")


async def test_look_ups_that_fail_never_conclude_and_a_human_is_told(tmp_path: Path, clock: HandClock, tape: Recorder) -> None:
    venue = FaultyVenue([Lost()], otherwise=_failing, capabilities=SILENT)
    async with hub_at(venue, tmp_path, clock, tape) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        for _ in range(5):
            clock.move(OVER)
            await look_ups(venue, 3)
        assert await status_of(hub, "a") == "unknown"
        await until(lambda: alarms(tape, "UNRESOLVED"))
        assert "failed (ConnectionResetError)" in alarms(tape, "UNRESOLVED")[0]
        assert "orders resolve a" in alarms(tape, "UNRESOLVED")[0]
        clock.move(600)
        await look_ups(venue, 3)
        await until(lambda: len(alarms(tape, "UNRESOLVED")) == 2)


def _failing(request: Request) -> Fault | None:
    return FailLookUp() if request.kind == "look_up" else None


async def test_a_failed_look_up_takes_nothing_back(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue([Lost()], capabilities=SILENT)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        clock.move(OVER)
        await look_ups(venue, 3)
        venue.choose(_failing)
        await look_ups(venue, 2)
        clock.move(1.0)
        await look_ups(venue, 2)
        assert await status_of(hub, "a") == "unknown"
        venue.choose(None)
        before = venue.count("look_up")
        await become(hub, "a", "not_placed")
        assert venue.count("look_up") <= before + 2


async def test_entries_are_denied_meanwhile_and_pass_after(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue([Lost()], capabilities=SILENT)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        refused = await hub.execute_order(ACCOUNT, buy(client_order_id="b"))
        await not_placed(hub, clock, venue)
        passed = await hub.execute_order(ACCOUNT, buy(client_order_id="c"))
    assert (refused.code, passed.status) == ("UNRESOLVED_ORDER", "filled")
    assert venue.count("place") == 2


async def test_another_order_with_the_same_parameters_is_never_taken_for_it(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue([Lost()], capabilities=SILENT)
    stranger = venue.place_foreign(buy("2"))
    venue.fill(stranger)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="a"))
        await not_placed(hub, clock, venue)
        assert await held(hub) == []


class MixedUpVenue(MemoryVenue):
    """Answers each look-up with somebody else's order."""

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult:
        return ExecutionResult(status="filled", client_order_id="another", filled_quantity="1", average_price="100")


async def test_an_answer_that_names_another_order_proves_nothing(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue([Lost()], capabilities=evolve(SILENT, resolution="none"))
    mixed_up = Account("mixed-up", MixedUpVenue(), capabilities=Capabilities(abilities=["fetch_order"], resolution="by_id"))
    async with hub_at(venue, tmp_path, clock) as hub, mixed_up as account:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        desk = hub._desks[ACCOUNT]
        own, desk.account = desk.account, account
        with pytest.raises(PluginError, match="another order"):
            await Lookups(desk).ask(desk.live["a"])
        desk.account = own


@pytest.mark.parametrize("restart", [False, True], ids=["same host", "restarted host"])
async def test_an_order_that_appears_after_all_is_booked_with_an_alarm(
    restart: bool, tmp_path: Path, clock: HandClock, tape: Recorder
) -> None:
    venue = FaultyVenue([LateAppearance()], capabilities=SILENT)
    async with hub_at(venue, tmp_path, clock, tape) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="a"))
        await not_placed(hub, clock, venue)
        await _written(hub)
        venue.happen()
        if not restart:
            await _appears(hub, clock, tape)
    if restart:
        async with hub_at(venue, tmp_path, clock, tape) as again:
            await _appears(again, clock, tape)
    assert venue.count("place") == 1


async def test_what_an_operator_calls_not_placed_is_watched_too(tmp_path: Path, clock: HandClock, tape: Recorder) -> None:
    venue = FaultyVenue([LateAppearance()], capabilities=SILENT)
    async with hub_at(venue, tmp_path, clock, tape) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="a"))
        word = Word(as_="not_placed", because="not on the screen")
        assert (await hub.resolve_order(ACCOUNT, "a", word)).status == "not_placed"
        venue.happen()
        await _appears(hub, clock, tape)


async def _written(hub: ExecutionHub) -> None:
    """The conclusion is durable, and the order is open in the journal."""
    async with asyncio.timeout(8):
        while True:
            recorded = await hub.journal.order(Key(ACCOUNT, "a"))
            assert recorded is not None
            assert not recorded.terminal
            if recorded.status == "not_placed":
                return


async def _appears(hub: ExecutionHub, clock: HandClock, tape: Recorder) -> None:
    live = hub._desks[ACCOUNT].live["a"]
    assert live.watched
    assert alarms(tape, "CORRECTION") == []
    await pass_time(clock, lambda: "a" not in hub._desks[ACCOUNT].live)
    assert await status_of(hub, "a") == "filled"
    assert await held(hub) == ["2"]
    await until(lambda: alarms(tape, "CORRECTION"))
    assert not live.watched


async def test_a_late_order_that_rests_is_followed_again_with_its_reservation(
    tmp_path: Path, clock: HandClock, tape: Recorder
) -> None:
    venue = FaultyVenue([LateAppearance()], capabilities=SILENT)
    async with hub_at(venue, tmp_path, clock, tape) as hub:
        await hub.execute_order(ACCOUNT, buy("2", order_type="limit", price="90", client_order_id="a"))
        await not_placed(hub, clock, venue)
        venue.happen()
        await pass_time(clock, lambda: not hub._desks[ACCOUNT].live["a"].watched)
        assert await status_of(hub, "a") == "accepted"
        assert hub._desks[ACCOUNT].book.totals(SYMBOL).working_buy == 2
        await until(lambda: alarms(tape, "CORRECTION"))


async def test_what_the_venue_pushes_while_an_order_is_watched_is_a_correction_too(
    tmp_path: Path, clock: HandClock, tape: Recorder
) -> None:
    venue = FaultyVenue([LateAppearance()], capabilities=evolve(SILENT, publishes=True))
    async with hub_at(venue, tmp_path, clock, tape) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="a"))
        await not_placed(hub, clock, venue)
        venue.happen()
        await become(hub, "a", "filled")
        await until(lambda: alarms(tape, "CORRECTION"))
        assert await held(hub) == ["2"]


async def test_an_order_that_never_appears_has_ended_after_the_last_look(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue([Lost()], capabilities=SILENT)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        await not_placed(hub, clock, venue)
        venue.choose(_failing)
        before = venue.count("look_up")
        await pass_time(clock, lambda: venue.count("look_up") >= before + 5)
        assert hub._desks[ACCOUNT].live["a"].watched
        venue.choose(None)
        await pass_time(clock, lambda: not hub._desks[ACCOUNT].live)
        recorded = await hub.journal.order(Key(ACCOUNT, "a"))
    assert recorded is not None
    assert (recorded.status, recorded.terminal) == ("not_placed", True)


async def test_a_venue_that_cannot_be_asked_leaves_the_order_unknown_and_says_so_once(
    tmp_path: Path, clock: HandClock, tape: Recorder
) -> None:
    venue = FaultyVenue([Lost(), AcceptThenDrop()], capabilities=evolve(SILENT, resolution="none", publishes=True))
    async with hub_at(venue, tmp_path, clock, tape) as hub:
        assert not can_look(hub._desks[ACCOUNT])
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        await until(lambda: alarms(tape, "UNRESOLVED"))
        clock.move(10_000)
        await hub.execute_order(ACCOUNT, buy(client_order_id="b", symbol="ETH/USDT"))
        await until(lambda: len(alarms(tape, "UNRESOLVED")) == 2)
        assert [await status_of(hub, name) for name in ("a", "b")] == ["unknown", "unknown"]
    assert "cannot be asked" in alarms(tape, "UNRESOLVED")[0]
    assert venue.count("look_up") == 0


async def test_after_a_restart_the_delays_count_in_full(tmp_path: Path, clock: HandClock) -> None:
    await leave(tmp_path, buy(client_order_id="a"), intent=True, time=clock.now())
    venue = FaultyVenue(capabilities=SILENT)
    clock.move(10 * OVER)
    async with hub_at(venue, tmp_path, clock) as hub:
        await look_ups(venue, 3)
        clock.move(OVER - 0.1)
        await look_ups(venue, 3)
        clock.move(0.05)
        await look_ups(venue, 3)
        assert await status_of(hub, "a") == "unknown"
        await not_placed(hub, clock, venue)
    assert venue.count("place") == 0


async def test_an_order_that_a_killed_host_had_sent_is_found_after_the_start(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue([AcceptThenDrop()], otherwise=_failing, capabilities=SILENT)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="a"))
    venue.choose(None)
    async with hub_at(venue, tmp_path, clock) as again:
        await become(again, "a", "filled")
        assert await held(again) == ["2"]
    async with journal_of(tmp_path) as journal:
        recorded = await journal.order(Key(ACCOUNT, "a"))
    assert recorded is not None
    assert (recorded.terminal, len(recorded.attempts)) == (True, 1)


async def test_news_that_overtake_the_conclusion_stand() -> None:
    resting = ExecutionResult(status="accepted", order_id="V1")
    assert merge(resting, ExecutionResult(status="not_placed", code="NOT_FOUND")).status == "accepted"


async def test_an_order_that_filled_in_part_is_never_concluded_as_not_placed(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue([Lost()], capabilities=SILENT)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="a"))
        live = hub._desks[ACCOUNT].live["a"]
        live.result = evolve(live.result, filled_quantity="1", average_price="100")
        clock.move(OVER)
        await look_ups(venue, 3)
        clock.move(5.0)
        await look_ups(venue, 3)
        assert await status_of(hub, "a") == "unknown"


def _resolver(hub: ExecutionHub) -> Resolver:
    desk = hub._desks[ACCOUNT]
    return Resolver(desk, Lookups(desk))


async def test_look_now_does_not_wait_for_the_schedule(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fks_exec_hub.following.unknown, "SCHEDULE", Schedule(delays=(1000.0,)))
    venue = FaultyVenue([AcceptThenDrop()], capabilities=SILENT)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        async with asyncio.timeout(5):
            await _resolver(hub).look_now(hub._desks[ACCOUNT].live["a"], clock.monotonic() + 5)
        assert await status_of(hub, "a") == "filled"


async def test_look_now_ends_when_its_time_is_over(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue([Lost()], capabilities=SILENT)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        live = hub._desks[ACCOUNT].live["a"]
        looking = asyncio.create_task(_resolver(hub).look_now(live, clock.monotonic() + 5))
        await look_ups(venue, 4)
        assert not looking.done()
        clock.move(5.0)
        async with asyncio.timeout(5):
            await looking
        assert await status_of(hub, "a") == "unknown"


@pytest.fixture
async def resting(tmp_path: Path, clock: HandClock) -> AsyncIterator[tuple[FaultyVenue, Desk]]:
    """Twenty orders that rest, at a venue that is asked for nothing by itself, with five look-ups a second."""
    venue = FaultyVenue(capabilities=SILENT)
    async with hub_at(venue, tmp_path, clock, polls_per_second=5.0) as hub:
        for number in range(20):
            await hub.execute_order(ACCOUNT, buy(order_type="limit", price="90", client_order_id=f"o{number}"))
        yield venue, hub._desks[ACCOUNT]


async def test_look_ups_keep_the_accounts_budget(resting: tuple[FaultyVenue, Desk], clock: HandClock) -> None:
    venue, desk = resting
    lookups = Lookups(desk)
    asking = [asyncio.create_task(lookups.ask(live)) for live in desk.live.values()]
    for second in range(1, 4):
        await until(lambda second=second: venue.count("look_up") == 5 * second)  # type: ignore[misc]
        await asyncio.sleep(0.05)
        assert venue.count("look_up") == 5 * second
        clock.move(1.0)
    answers = await asyncio.gather(*asking)
    assert [answer.status for answer in answers if answer is not None] == ["accepted"] * 20


async def test_orders_of_unknown_fate_go_first_when_the_budget_is_short(
    resting: tuple[FaultyVenue, Desk], clock: HandClock
) -> None:
    venue, desk = resting
    lookups = Lookups(desk)
    lives = list(desk.live.values())
    asking = [asyncio.create_task(lookups.ask(live)) for live in lives[:10]]
    await until(lambda: venue.count("look_up") == 5)
    asking.append(asyncio.create_task(lookups.ask(lives[-1], urgent=True)))
    await asyncio.sleep(0)
    clock.move(1.0)
    await until(lambda: venue.count("look_up") == 10)
    assert [request.order_id for request in venue.requests if request.kind == "look_up"][5] == lives[-1].result.order_id
    clock.move(1.0)
    await asyncio.gather(*asking)


async def test_a_look_up_that_somebody_waits_for_goes_before_orders_of_unknown_fate(
    resting: tuple[FaultyVenue, Desk], clock: HandClock
) -> None:
    venue, desk = resting
    lookups = Lookups(desk)
    lives = list(desk.live.values())
    asking = [asyncio.create_task(lookups.ask(live, urgent=True)) for live in lives[:9]]
    await until(lambda: venue.count("look_up") == 5)
    asking.append(asyncio.create_task(lookups.ask(lives[-1], first=True)))
    await asyncio.sleep(0)
    clock.move(1.0)
    await until(lambda: venue.count("look_up") == 10)
    assert [request.order_id for request in venue.requests if request.kind == "look_up"][5] == lives[-1].result.order_id
    await asyncio.gather(*asking)


async def test_few_look_ups_run_at_the_same_time_and_one_that_is_cancelled_gives_its_place(
    resting: tuple[FaultyVenue, Desk], clock: HandClock
) -> None:
    venue, desk = resting
    venue.follow(*[AcceptThenHang(on="look_up")] * AT_ONCE)
    lookups = Lookups(desk)
    asking = [asyncio.create_task(lookups.ask(live)) for live in list(desk.live.values())[: AT_ONCE + 2]]
    await until(lambda: venue.hanging == AT_ONCE)
    clock.move(1.0)
    await asyncio.sleep(0.05)
    assert venue.count("look_up") == AT_ONCE
    asking[0].cancel()
    asking[-1].cancel()
    await until(lambda: venue.count("look_up") == AT_ONCE + 1)
    venue.release()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [isinstance(answer, ExecutionResult) for answer in answers] == [False, *[True] * AT_ONCE, False]


async def test_an_unknown_exit_is_resolved_like_an_entry(tmp_path: Path, clock: HandClock) -> None:
    venue = FaultyVenue(capabilities=SILENT)
    async with hub_at(venue, tmp_path, clock) as hub:
        await hub.execute_order(ACCOUNT, buy("3"))
        venue.follow(AcceptThenDrop(), EmptyLookUp(), EmptyLookUp())
        await hub.execute_order(ACCOUNT, sell("2", client_order_id="x"))
        await become(hub, "x", "filled")
        assert await held(hub) == ["1"]


async def test_a_question_that_is_answered_ends_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when its next look-up would have been due, minutes later."""
    schedule = Schedule(delays=(0.01,), slower=(30.0,), apart=0.05)
    monkeypatch.setattr(fks_exec_hub.following.unknown, "SCHEDULE", schedule)
    venue = FaultyVenue([Lost()], capabilities=evolve(SILENT, request_ttl=0.05))
    async with hub_with(table(tmp_path, deadline=0.1), venue.plugin) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        await until(lambda: hub._desks[ACCOUNT].live["a"].watched)
        await until(lambda: not any("Resolver._follow" in repr(task) for task in asyncio.all_tasks()), 2.0)
