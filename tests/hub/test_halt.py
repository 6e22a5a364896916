# SPDX-License-Identifier: MIT
"""A halt is durable at once, cancels what works, leaves exits and stops alone, and says what is still missing."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from attrs import evolve

from fks_exec import Order, OrderChange
from fks_exec.guarding import Listed
from fks_exec.model.events import AccountHalted
from fks_exec.testing import (
    CAPABILITIES,
    AcceptThenDrop,
    AcceptThenHang,
    FailLookUp,
    FaultyVenue,
    Fill,
    Lost,
    PartialFill,
    Refuse,
    Rest,
)
from fks_exec_hub import ExecutionHub, HaltAnswer, HaltedOrder
from fks_exec_hub.accounts.halting import is_entry, trip
from fks_exec_hub.accounts.live import Live
from fks_exec_hub.accounts.losses import LossWatch
from fks_exec_hub.config import parse_config
from fks_exec_hub.guards.daily_loss import DailyLoss, DailyLossConfig
from fks_exec_hub.journal import (
    HaltState,
    HaltStep,
    Journal,
    JournalStep,
    JournalUnavailable,
    JournalUncertain,
    Key,
    NamedStep,
    Outcome,
    Term,
    Written,
)
from fks_exec_hub.orders.repair import repair
from fks_exec_hub.orders.steps import CANCEL, WANTED
from fks_exec_simulators.desks import ACCOUNT, Heard, hub_with, table
from fks_exec_simulators.seen import see
from fks_exec_simulators.stage import Stage, accepted, buy, hub_on, journal_of, sell, until


@asynccontextmanager
async def hub_at(venue: FaultyVenue, folder: Path, *plugins: object, **account: Any) -> AsyncIterator[ExecutionHub]:
    """A hub with one account on this venue."""
    account.setdefault("deadline", 1.0)
    async with hub_with(table(folder, **account), venue.plugin, *plugins) as hub:
        yield hub


def limit(name: str, price: str = "50", **more: Any) -> Order:
    """A buy far below the market."""
    return buy(order_type="limit", price=price, client_order_id=name, **more)


def shown(orders: tuple[HaltedOrder, ...]) -> dict[str, str]:
    return {order.client_order_id: order.status.value for order in orders}


def resting(venue: FaultyVenue) -> list[str | None]:
    return [placed.order.client_order_id for placed in venue.placed if not placed.status.terminal]


async def test_it_cancels_the_entries_that_work_and_leaves_exits_alone(tmp_path: Path) -> None:
    """The answer has each entry with its end, what it had filled, and what was begun before and is still open."""
    venue, heard = FaultyVenue([Fill(), PartialFill(share="0.25"), Rest()]), Heard()
    async with hub_at(venue, tmp_path, heard) as hub:
        await hub.execute_order(ACCOUNT, buy("3", client_order_id="held"))
        await hub.execute_order(ACCOUNT, limit("part"))
        await hub.execute_order(ACCOUNT, limit("rests"))
        exit_order = sell("1", order_type="limit", price="200", client_order_id="exit", reduce_only=True)
        await hub.execute_order(ACCOUNT, exit_order)
        await hub.execute_order(ACCOUNT, sell("1", order_type="limit", price="210", client_order_id="exit-2"))
        answer = await hub.halt(ACCOUNT, "reducing", "a test")
        assert answer.states == {ACCOUNT: HaltState.REDUCING}
        assert shown(answer.cancelled) == {"part": "canceled", "rests": "canceled"}
        assert [order.filled_quantity for order in answer.cancelled if order.client_order_id == "part"] == [Decimal("0.25")]
        assert (answer.unconfirmed, answer.failed) == ((), {})
        assert shown(answer.before) == {"exit": "accepted", "exit-2": "accepted"}
        assert resting(venue) == ["exit", "exit-2"]
        record = await hub.journal.halt(ACCOUNT)
        assert (record.state, record.reason) == ("reducing", "a test")
        denied = await hub.execute_order(ACCOUNT, limit("late"))
        assert (denied.status, denied.code, "a test" in (denied.error or "")) == ("denied", "HALTED", True)
        assert (await hub.execute_order(ACCOUNT, sell("1", client_order_id="out"))).status == "filled"
        assert await hub.halt(ACCOUNT, "active", "over") == HaltAnswer(states={ACCOUNT: HaltState.ACTIVE})
        assert (await hub.execute_order(ACCOUNT, limit("again"))).status == "accepted"
    assert [(event.state, event.reason) for event in heard.of(AccountHalted)] == [("reducing", "a test"), ("active", "over")]


async def test_the_stops_of_what_is_filled_stay(tmp_path: Path) -> None:
    """The rest of an entry is cancelled; what it has filled keeps its stop and its target, which the answer names."""
    venue = FaultyVenue([PartialFill(share="0.5")], protection="reduce_only_pair")
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit("one", stop_loss="40", take_profit="200"))
        legs = {"one~sl1": "accepted", "one~tp1": "accepted"}
        live = hub._desks[ACCOUNT].live
        await until(lambda: {name: str(live[name].result.status) for name in legs if name in live} == legs)
        answer = await hub.halt(ACCOUNT, "halted", "a test")
        assert (shown(answer.cancelled), shown(answer.before)) == ({"one": "canceled"}, legs)
        assert len(resting(venue)) == 2
        assert venue.count("cancel") == 1


@pytest.mark.parametrize(
    ("configured", "asked", "kept"), [(True, False, True), (False, None, True), (False, True, False), (True, None, False)]
)
async def test_entries_are_kept_where_that_is_said(tmp_path: Path, configured: bool, asked: bool | None, kept: bool) -> None:
    """With the call, or for the account; the answer lists them among what was begun before."""
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path, cancel_on_halt=configured) as hub:
        await hub.execute_order(ACCOUNT, limit("rests"))
        answer = await hub.halt(ACCOUNT, "halted", "a test", cancel_entries=asked)
        assert (shown(answer.before), shown(answer.cancelled)) == (
            ({"rests": "accepted"}, {}) if kept else ({}, {"rests": "canceled"})
        )
        assert venue.count("cancel") == (0 if kept else 1)


async def test_what_is_on_its_way_is_waited_for_and_what_is_queued_is_denied(tmp_path: Path) -> None:
    """The order whose call is running has its intent before the halt; the one behind it in the lane has none."""
    venue = FaultyVenue([AcceptThenHang(rest=True)])
    async with hub_at(venue, tmp_path, deadline=5.0) as hub:
        first = await hub.submit(ACCOUNT, limit("first"))
        await venue.arrived()
        second = await hub.submit(ACCOUNT, limit("second"))
        halting = asyncio.create_task(hub.halt(ACCOUNT, "reducing", "a test"))
        await until(lambda: hub.status()[0].halt == "reducing")
        assert not halting.done()
        venue.release()
        answer = await halting
        assert (shown(answer.cancelled), shown(answer.before)) == ({"first": "canceled"}, {})
        assert (await first.result()).status == "accepted"
        assert (await second.result()).code == "HALTED"
    assert (venue.count("place"), resting(venue)) == (1, [])


async def test_an_order_that_fills_first_is_told_as_filled(tmp_path: Path) -> None:
    venue = FaultyVenue([AcceptThenHang()])
    async with hub_at(venue, tmp_path, deadline=5.0) as hub:
        await hub.submit(ACCOUNT, buy(client_order_id="market"))
        await venue.arrived()
        halting = asyncio.create_task(hub.halt(ACCOUNT, "reducing", "a test"))
        await until(lambda: hub.status()[0].halt == "reducing")
        venue.release()
        assert shown((await halting).cancelled) == {"market": "filled"}


async def test_a_cancel_that_the_venue_refuses_is_told_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fks_exec_hub.orders.sweep.AGAIN", (0.01, 0.01))
    venue, heard = FaultyVenue([Refuse("not now", on="cancel")] * 2), Heard()
    async with hub_at(venue, tmp_path, heard) as hub:
        await hub.execute_order(ACCOUNT, limit("rests"))
        answer = await hub.halt(ACCOUNT, "halted", "a test")
        [order] = answer.unconfirmed
        assert (order.client_order_id, order.status, "not now" in order.reason) == ("rests", "accepted", True)
        assert shown(answer.before) == {"rests": "accepted"}
        assert answer.cancelled == ()
        await until(lambda: resting(venue) == [])
    assert venue.count("cancel") == 3
    assert heard.alarms == ["CANCEL_FAILED"]


async def test_a_resumed_account_cancels_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fks_exec_hub.orders.sweep.AGAIN", (0.05,))
    venue = FaultyVenue([Refuse("not now", on="cancel")])
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit("rests"))
        await hub.halt(ACCOUNT, "halted", "a test")
        await hub.halt(ACCOUNT, "active", "over")
        await asyncio.sleep(0.15)
        assert (venue.count("cancel"), resting(venue)) == (1, ["rests"])


async def test_an_order_of_unknown_fate_is_cancelled_when_it_is_known_to_rest(tmp_path: Path) -> None:
    """The answer does not wait for ever, and says that it may still fill; the wish outlasts a restart."""
    failing: Any = lambda request: FailLookUp() if request.kind == "look_up" else None  # noqa: E731
    venue = FaultyVenue([AcceptThenDrop(rest=True)], otherwise=failing)
    async with hub_at(venue, tmp_path, deadline=0.2) as hub:
        assert (await hub.execute_order(ACCOUNT, limit("lost"))).status == "unknown"
        answer = await hub.halt(ACCOUNT, "halted", "a test")
        assert (shown(answer.unconfirmed), shown(answer.before)) == ({"lost": "unknown"}, {"lost": "unknown"})
        assert "as soon as it is known to rest" in answer.unconfirmed[0].reason
    venue.choose(None)
    async with hub_at(venue, tmp_path) as hub:
        await until(lambda: resting(venue) == [])
        await until(lambda: not hub._desks[ACCOUNT].live)
        known = await hub.order(ACCOUNT, "lost")
        assert known is not None
        assert known.status == "canceled"


async def test_an_answer_does_not_wait_for_a_venue_that_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fks_exec_hub.orders.sweep.PATIENCE", 0.05)
    venue = FaultyVenue([Lost(on="cancel", hang=True)])
    async with hub_at(venue, tmp_path, deadline=0.5) as hub:
        await hub.execute_order(ACCOUNT, limit("rests"))
        answer = await hub.halt(ACCOUNT, "halted", "a test")
        assert [order.reason for order in answer.unconfirmed] == ["the venue has not answered yet; it is being cancelled"]
        await until(lambda: resting(venue) == [])  # the second try


async def test_while_the_venue_is_down_the_halt_is_durable_and_the_cancels_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the host stops before the venue is back."""
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit("rests"))
    down = Refuse("the terminal is down", on="open")
    venue.follow(down)
    async with hub_at(venue, tmp_path) as hub:
        assert hub.status()[0].ready is False
        answer = await hub.halt(ACCOUNT, "halted", "a test")
        assert answer.states == {ACCOUNT: HaltState.HALTED}
        [order] = answer.unconfirmed
        assert (order.client_order_id, order.status) == ("rests", "accepted")
        assert "it is cancelled when the account opens" in order.reason
        known = await hub.order(ACCOUNT, "rests")
        assert known is not None
        assert known.code == "CANCEL_WAITS"
    monkeypatch.setattr("fks_exec_hub.accounts.opening.DELAYS", (0.01,))
    venue.follow(down)
    async with hub_at(venue, tmp_path):
        await until(lambda: resting(venue) == [])


async def test_a_host_that_died_between_halt_and_cancel_leaves_the_cancel_to_the_next(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit("rests"))
        await hub.execute_order(ACCOUNT, limit("kept", "60"))
    async with journal_of(tmp_path) as journal:
        term = await journal.claim(ACCOUNT)
        wish = NamedStep(key=Key(ACCOUNT, "rests"), name=CANCEL, data=WANTED, time=1)
        await journal.write(HaltStep(account=ACCOUNT, state=HaltState.HALTED, reason="a test", time=1))
        await journal.write(wish, term=term)
    async with hub_at(venue, tmp_path):
        await until(lambda: resting(venue) == ["kept"])


async def test_a_venue_that_cannot_cancel_is_not_asked(tmp_path: Path) -> None:
    able = evolve(CAPABILITIES, abilities=CAPABILITIES.abilities - {"cancel_order"})
    venue = FaultyVenue([Rest()], capabilities=able)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit("rests"))
        answer = await hub.halt(ACCOUNT, "halted", "a test")
        assert [order.reason for order in answer.unconfirmed] == ["the venue cannot cancel orders"]


class FullOnce:
    """A journal whose disk is full for the first halt.

    Args:
        journal: takes all else.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal, self._full = journal, True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def write(self, *steps: JournalStep, term: Term | None = None) -> Written:
        """Store the steps, or raise."""
        if self._full and isinstance(steps[0], HaltStep):
            self._full = False
            raise JournalUnavailable("the disk is full")
        return await self._journal.write(*steps, term=term)


async def test_all_accounts_are_halted_and_those_that_are_not_are_named(tmp_path: Path) -> None:
    """One write for each; one that fails keeps none of the others from being halted."""
    venue = FaultyVenue()
    config = table(tmp_path, {"one": "faulty", "two": "faulty", "three": "faulty"}, deadline=1.0)

    async with hub_with(config, venue.plugin) as hub:
        for name in ("one", "two", "three"):
            await hub.execute_order(name, limit("rests"))
        desk = hub._desks["two"]
        desk.journal = cast(Journal, FullOnce(desk.journal))
        answer = await hub.halt(None, "halted", "all of it")
        assert answer.states == {"one": HaltState.HALTED, "three": HaltState.HALTED}
        assert answer.failed == {"two": "the disk is full"}
        assert [(order.account, order.status.value) for order in answer.cancelled] == [
            ("one", "canceled"),
            ("three", "canceled"),
        ]
        assert [(await hub.journal.halt(name)).state.value for name in ("one", "two", "three")] == [
            "halted",
            "active",
            "halted",
        ]
        await until(lambda: all(each.ready for each in hub.status()))
        again = await hub.halt(None, "halted", "all of it")
        assert (len(again.states), again.failed) == (3, {})
        assert [order.account for order in again.cancelled] == ["two"]


async def test_a_trip_cancels_too_and_loosens_no_halt(tmp_path: Path) -> None:
    venue, heard = FaultyVenue(), Heard()
    async with hub_at(venue, tmp_path, heard) as hub:
        desk = hub._desks[ACCOUNT]
        await hub.execute_order(ACCOUNT, limit("rests"))
        await trip(desk, "MISMATCH", "positions differ")
        assert (desk.halt.state, desk.halt.reason) == (HaltState.REDUCING, "positions differ")
        await until(lambda: resting(venue) == [])
        await hub.halt(ACCOUNT, "halted", "stop")
        await trip(desk, "MISMATCH", "positions differ more")
        assert (desk.halt.state, (await hub.journal.halt(ACCOUNT)).reason) == (HaltState.HALTED, "stop")
    assert heard.alarms == ["MISMATCH", "MISMATCH"]
    assert [event.state for event in heard.of(AccountHalted)] == ["reducing", "halted"]


async def test_a_trip_leaves_entries_where_the_account_says_so(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path, cancel_on_halt=False) as hub:
        await hub.execute_order(ACCOUNT, limit("rests"))
        await trip(hub._desks[ACCOUNT], "MISMATCH", "positions differ")
        await asyncio.sleep(0.05)
        assert resting(venue) == ["rests"]


async def test_a_fault_of_the_journal_cancels_what_works_once_the_journal_is_back(tmp_path: Path) -> None:
    venue, heard = FaultyVenue(), Heard()

    async def uncertain() -> None:
        raise JournalUncertain("an input/output error; what was being written may be stored or not")

    async with hub_at(venue, tmp_path, heard) as hub:
        await hub.execute_order(ACCOUNT, limit("rests"))
        see(hub._desks[ACCOUNT], Outcome, uncertain)
        await hub.execute_order(ACCOUNT, buy(client_order_id="market"))
        await until(lambda: resting(venue) == [])
        assert hub.status()[0].halt == "reducing"
    assert "JOURNAL_FAULT" in heard.alarms


async def test_a_halted_order_is_changed_only_where_it_reduces(tmp_path: Path) -> None:
    """An entry that was kept does not grow."""
    async with hub_at(FaultyVenue(), tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit("rests"))
        await hub.halt(ACCOUNT, "reducing", "a test", cancel_entries=False)
        assert (await hub.amend_order(ACCOUNT, "rests", OrderChange(quantity="2"))).code == "HALTED"


@pytest.mark.parametrize(
    ("name", "fields", "entry"),
    [
        ("a", {}, True),
        ("a~en1", {}, True),
        ("a~sl1", {}, False),
        ("a~tp1", {}, False),
        ("a~ex2", {}, False),
        ("a~fl1", {}, False),
        ("a~xs1", {}, False),
        ("a", {"reduce_only": True}, False),
    ],
)
def test_only_what_may_open_a_position_is_an_entry(name: str, fields: Mapping[str, Any], entry: bool) -> None:
    """Not a leg, an exit, a failure's close; whatever the book said when it was sent."""
    order = buy(**fields)
    live = Live.__new__(Live)
    live.key, live.reducing, live.instruction, live.order = Key(ACCOUNT, name), False, order, order
    assert is_entry(live) is entry
    live.reducing = True
    assert is_entry(live) is False


LOSING = Listed(name="daily", plugin=DailyLoss(DailyLossConfig(percent="3", amount="1000")))


async def test_a_days_loss_that_reaches_the_limit_halts_once(tmp_path: Path) -> None:
    """The smaller limit counts; who resumes on the same day has the guard still, and is not halted again."""
    venue, heard = FaultyVenue(), Heard()
    async with hub_at(venue, tmp_path, heard) as hub:
        desk = hub._desks[ACCOUNT]
        watch = LossWatch(desk, [LOSING], repair)
        await hub.execute_order(ACCOUNT, limit("rests"))
        watch.take(Decimal("299.99"), Decimal(10_000))
        assert not watch._running
        watch.take(Decimal(300), Decimal(10_000))
        watch.take(Decimal(310), Decimal(10_000))
        await until(lambda: resting(venue) == [])
        assert (desk.halt.state, desk.halt.reason) == (
            HaltState.REDUCING,
            "the day has cost 300 USDT, and 300 is the limit",
        )
        await hub.halt(ACCOUNT, "active", "I know")
        watch.take(Decimal(320), Decimal(10_000))
        await asyncio.sleep(0.02)
        assert desk.halt.state is HaltState.ACTIVE
        watch.take(Decimal(0), Decimal(10_000))  # the next day begins with what this one did
        watch.take(Decimal(300), Decimal(10_000))
        await until(lambda: desk.halt.state is HaltState.REDUCING)
    assert heard.alarms == ["DAILY_LOSS", "DAILY_LOSS"]


async def test_an_account_that_lists_the_guard_is_watched(tmp_path: Path) -> None:
    """From the venue's balance to the halt, without an order that would ask the guard."""
    stage = Stage(accepted)
    account = {"venue": "stage", "guards": ["daily_loss"], "currency": "USDT", "max_equity_age": 0.02}
    top = {"accounts": {ACCOUNT: account}, "guards": {"daily_loss": {"percent": 10}}}
    async with hub_on(stage, parse_config({"journal": "sqlite:fks-exec.db", **top}, tmp_path)) as hub:
        await until(lambda: hub._desks[ACCOUNT].day.start() is not None)
        stage.equity = "90000"
        await until(lambda: hub.status()[0].halt == "reducing")
        assert hub.status()[0].halt_reason == "the day has cost 10000 USDT, and 10000 is the limit"
        assert (await hub.execute_order(ACCOUNT, buy())).code == "DAILY_LOSS"


async def test_without_that_guard_no_loss_halts(tmp_path: Path) -> None:
    async with hub_at(FaultyVenue(), tmp_path) as hub:
        watch = LossWatch(hub._desks[ACCOUNT], [], repair)
        watch.take(Decimal(10_000), Decimal(10_000))
        assert not watch._running


async def test_a_loss_whose_halt_cannot_be_written_is_heard_again(tmp_path: Path) -> None:
    async with hub_at(FaultyVenue(), tmp_path) as hub:
        desk, told = hub._desks[ACCOUNT], list[str]()
        watch = LossWatch(desk, [LOSING], lambda desk, why: told.append(why))

        desk.journal = cast(Journal, FullOnce(desk.journal))
        watch.take(Decimal(300), Decimal(10_000))
        await until(lambda: told == ["the disk is full"])
        watch.take(Decimal(300), Decimal(10_000))
        await until(lambda: desk.halt.state is HaltState.REDUCING)


async def test_an_exit_is_left_alone_where_the_venue_knows_no_reduce_only(tmp_path: Path) -> None:
    """By what our own orders built up it only reduces."""
    venue = FaultyVenue([Fill()], reduce_only=False)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("3", client_order_id="held"))
        await hub.execute_order(ACCOUNT, sell("1", order_type="limit", price="210", client_order_id="exit"))
        assert shown((await hub.halt(ACCOUNT, "reducing", "a test")).cancelled) == {}
        assert resting(venue) == ["exit"]
