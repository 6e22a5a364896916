# SPDX-License-Identifier: MIT
"""What a venue pushes is booked once: from any thread, twice, early, late, strange."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fks_exec import Alarm, Event, ExecutionResult, Fill, Order, OrderRef, Submission, hookimpl
from fks_exec.errors import VenueRejected
from fks_exec_hub import ExecutionHub
from fks_exec_hub.journal import Key
from fks_exec_simulators.stage import ACCOUNT, Held, Stage, accepted, buy, configure, hub_on, until


class Tape:
    """Hears everything."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    @hookimpl
    def observe(self, event: Event) -> None:
        self.events.append(event)

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    def alarms(self) -> list[str]:
        return [event.code for event in self.events if isinstance(event, Alarm)]


def trade(number: int, quantity: str = "1", **more: object) -> Fill:
    return Fill(trade_id=f"t{number}", quantity=quantity, price="100", **more)  # type: ignore[arg-type]


def state(status: str, filled: str, *fills: Fill) -> ExecutionResult:
    return ExecutionResult(status=status, filled_quantity=filled, fills=fills)


async def settle(hub: ExecutionHub) -> None:
    await asyncio.sleep(0.02)
    for follower in [staff.follower for staff in hub._staff.values()]:
        await follower.settle()


@pytest.fixture
def tape() -> Tape:
    return Tape()


@pytest.fixture
def stage() -> Stage:
    return Stage(accepted)


@pytest.fixture
async def hub(stage: Stage, tape: Tape, tmp_path: Path) -> AsyncIterator[ExecutionHub]:
    async with hub_on(stage, configure(tmp_path), tape) as hub:
        yield hub


async def held(hub: ExecutionHub) -> list[str]:
    return [str(p.quantity) for p in await hub.positions(ACCOUNT)]


async def test_a_fill_pushed_from_a_thread_is_booked_once_however_often_it_comes(hub: ExecutionHub, stage: Stage) -> None:
    await hub.execute_order(ACCOUNT, buy("3", client_order_id="a"))
    update = state("partially_filled", "1", trade(1))
    threads = [threading.Thread(target=stage.publish, args=(OrderRef(client_order_id="a"), update)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join)
    await settle(hub)
    known = await hub.order(ACCOUNT, "a")
    assert known is not None
    assert (known.status, known.filled_quantity) == ("partially_filled", 1)
    assert await held(hub) == ["1"]
    assert len(await hub.journal.fills(Key(ACCOUNT, "a"))) == 1


async def test_cumulative_quantities_never_go_back_and_an_end_stays_an_end(hub: ExecutionHub, stage: Stage) -> None:
    await hub.execute_order(ACCOUNT, buy("3", client_order_id="a"))
    ref = OrderRef(client_order_id="a")
    for update in (
        state("partially_filled", "2", trade(1), trade(2)),
        state("partially_filled", "1", trade(1)),
        state("accepted", "0"),
        state("canceled", "2"),
        state("partially_filled", "1"),
    ):
        stage.publish(ref, update)
    await settle(hub)
    known = await hub.order(ACCOUNT, "a")
    assert known is not None
    assert (known.status, known.filled_quantity) == ("canceled", 2)
    assert await held(hub) == ["2"]
    assert hub._desks[ACCOUNT].book.totals("BTC/USDT").working_buy == 0


async def test_a_fill_that_comes_before_the_answer_waits_for_it(tmp_path: Path) -> None:
    gate = Held(accepted)
    stage = Stage(gate)
    async with hub_on(stage, configure(tmp_path)) as hub:
        receipt = await hub.submit(ACCOUNT, buy("1", client_order_id="a"))
        await gate.reached.wait()
        venue_id = stage.requests[0][1].venue_client_order_id
        stage.publish(OrderRef(venue_client_order_id=venue_id), state("filled", "1", trade(1)))
        await settle(hub)
        assert await held(hub) == []
        gate.go.set()
        assert (await receipt.result()).status == "accepted"
        await settle(hub)
        known = await hub.order(ACCOUNT, "a")
        assert known is not None
        assert known.status == "filled"
        assert await held(hub) == ["1"]


async def test_trades_after_a_cumulative_quantity_do_not_count_twice(hub: ExecutionHub, stage: Stage) -> None:
    await hub.execute_order(ACCOUNT, buy("3", client_order_id="a"))
    ref = OrderRef(client_order_id="a")
    stage.publish(ref, ExecutionResult(status="partially_filled", filled_quantity="2", average_price="100"))
    stage.publish(ref, state("partially_filled", "2", trade(1), trade(2)))
    stage.publish(ref, state("filled", "3", trade(1), trade(2), trade(3)))
    await settle(hub)
    assert await held(hub) == ["3"]


async def test_a_late_fill_after_the_end_is_a_correction_with_an_alarm(hub: ExecutionHub, stage: Stage, tape: Tape) -> None:
    await hub.execute_order(ACCOUNT, buy("3", client_order_id="a"))
    ref = OrderRef(client_order_id="a")
    stage.publish(ref, state("canceled", "0"))
    await settle(hub)
    assert hub._desks[ACCOUNT].live == {}
    stage.publish(ref, state("canceled", "1", trade(1)))
    stage.publish(ref, state("canceled", "1", trade(1)))
    await settle(hub)
    known = await hub.order(ACCOUNT, "a")
    assert known is not None
    assert (known.status, known.filled_quantity) == ("canceled", 1)
    assert await held(hub) == ["1"]
    await asyncio.sleep(0.05)
    assert tape.alarms() == ["LATE_UPDATE"]


async def test_a_late_fill_after_a_restart_is_a_correction_too(tmp_path: Path, tape: Tape) -> None:
    """The venue names the order as it was told to; nothing in memory knows it."""
    stage = Stage(accepted)
    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy("3", client_order_id="a"))
        venue_id = stage.requests[0][1].venue_client_order_id
        stage.publish(OrderRef(venue_client_order_id=venue_id), state("canceled", "0"))
        await settle(hub)
    async with hub_on(stage, configure(tmp_path), tape) as hub:
        stage.publish(OrderRef(order_id=f"v-{venue_id[:8]}"), state("canceled", "1", trade(1)))
        await settle(hub)
        assert await held(hub) == []  # a name that only the venue gave, of an order that nobody remembers
        ref = OrderRef(venue_client_order_id=venue_id)
        for _ in range(2):
            stage.publish(ref, state("canceled", "1", trade(1)))
        await settle(hub)
        known = await hub.order(ACCOUNT, "a")
        assert known is not None
        assert (known.status, known.filled_quantity) == ("canceled", 1)
        assert await held(hub) == ["1"]
        await asyncio.sleep(0.05)
    assert tape.alarms() == ["FOREIGN_ORDER", "LATE_UPDATE"]


async def test_other_words_for_what_is_known_are_no_news(hub: ExecutionHub, stage: Stage, tape: Tape) -> None:
    """A list that is a little older than the end of an order raises no alarm and writes nothing."""
    await hub.execute_order(ACCOUNT, buy("3", client_order_id="a"))
    ref = OrderRef(client_order_id="a")
    stage.publish(ref, ExecutionResult(status="canceled", code="USER", error="by hand"))
    stage.publish(ref, state("accepted", "0"))
    await settle(hub)
    known = await hub.order(ACCOUNT, "a")
    assert known is not None
    assert (known.status, known.code) == ("canceled", "USER")
    await asyncio.sleep(0.05)
    assert tape.alarms() == []


async def test_an_update_resolves_an_unknown_order_and_opens_its_lane(tmp_path: Path) -> None:
    stage = Stage(ConnectionResetError())
    async with hub_on(stage, configure(tmp_path)) as hub:
        assert (await hub.execute_order(ACCOUNT, buy(client_order_id="a"))).status == "unknown"
        venue_id = stage.requests[0][1].venue_client_order_id
        stage.publish(OrderRef(venue_client_order_id=venue_id), state("filled", "1", trade(1)))
        await settle(hub)
        assert (await hub.execute_order(ACCOUNT, buy(client_order_id="b"))).status == "filled"


async def test_an_order_that_is_not_ours_is_reported_and_left_alone(hub: ExecutionHub, stage: Stage, tape: Tape) -> None:
    stage.publish(OrderRef(order_id="foreign"), state("filled", "1", trade(1)))
    stage.publish(OrderRef(client_order_id="foreign"), state("filled", "1", trade(2)))
    await settle(hub)
    await asyncio.sleep(0.05)
    assert tape.alarms() == ["FOREIGN_ORDER", "FOREIGN_ORDER"]
    assert await held(hub) == []


async def test_one_trade_id_for_two_orders_is_booked_once_and_alarmed(tmp_path: Path, tape: Tape) -> None:
    async def fills(order: Order, submission: Submission) -> ExecutionResult:
        return ExecutionResult(status="filled", filled_quantity="1", fills=[trade(1)])

    stage = Stage(fills, fills)
    async with hub_on(stage, configure(tmp_path), tape) as hub:
        await hub.execute_order(ACCOUNT, buy())
        second = await hub.execute_order(ACCOUNT, buy())
        assert second.status == "filled"
        await asyncio.sleep(0.05)
    assert "DUPLICATE_TRADE" in tape.alarms()


async def test_a_trade_that_is_booked_already_leaves_position_and_reservation_as_they_are(tmp_path: Path, tape: Tape) -> None:
    """The journal refuses the write: memory goes back, then has what the journal has, with the other trades."""
    stage = Stage(state("filled", "1", trade(1)), state("partially_filled", "2", trade(1), trade(2)))
    for _ in range(2):
        async with hub_on(stage, configure(tmp_path), tape) as hub:
            await hub.execute_order(ACCOUNT, buy("1", client_order_id="a"))
            await hub.execute_order(ACCOUNT, buy("5", client_order_id="b"))
            totals = hub._desks[ACCOUNT].book.totals("BTC/USDT")
            assert (totals.position, totals.working_buy, totals.open_orders) == (3, 3, 1)
            assert "t2" in [fill.trade_id for fill in await hub.journal.fills(Key(ACCOUNT, "b"))]


async def test_observers_hear_the_life_of_an_order_after_it_is_durable(hub: ExecutionHub, stage: Stage, tape: Tape) -> None:
    await hub.execute_order(ACCOUNT, buy("1", client_order_id="a"))
    stage.publish(OrderRef(client_order_id="a"), state("filled", "1", trade(1)))
    await settle(hub)
    await asyncio.sleep(0.05)
    assert tape.names() == ["AccountReadiness", "OrderAccepted", "OrderSent", "OrderConcluded", "OrderChanged", "OrderFilled"]


async def test_the_refusal_of_an_earlier_attempt_says_nothing_of_the_last_one(tmp_path: Path, tape: Tape) -> None:
    stage = Stage(state("filled", "1", trade(1)))
    async with hub_on(stage, configure(tmp_path), tape) as hub:
        await hub.execute_order(ACCOUNT, buy("1"))
        stage.answers.extend([VenueRejected("requote", retryable=True), accepted])
        out = Order(symbol="BTC/USDT", side="sell", quantity=1, order_type="limit", price=110, client_order_id="out")
        assert (await hub.execute_order(ACCOUNT, out)).status == "accepted"
        first = OrderRef(venue_client_order_id=stage.requests[1][1].venue_client_order_id, order_id="v1")
        stage.publish(first, ExecutionResult(status="rejected", order_id="v1"))
        await settle(hub)
        assert hub._desks[ACCOUNT].live["out"].result.status == "accepted"
        assert tape.alarms() == []
    async with hub_on(stage, configure(tmp_path), tape) as hub:
        stage.publish(first, state("filled", "1", trade(2)))
        await settle(hub)
        assert hub._desks[ACCOUNT].live["out"].result.status == "accepted"
        assert await held(hub) == []
        await asyncio.sleep(0.05)
    assert tape.alarms() == ["CORRECTION"]


async def test_the_oldest_held_update_gives_way_and_ours_is_booked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fks_exec_hub.following.follow.UNMATCHED", 3)
    gate = Held(lambda order, submission: ExecutionResult(status="accepted", order_id="mine"))
    stage = Stage(gate)
    async with hub_on(stage, configure(tmp_path)) as hub:
        receipt = await hub.submit(ACCOUNT, buy("1", client_order_id="a"))
        await gate.reached.wait()
        for name in ("f1", "f2", "f3", "mine"):
            stage.publish(OrderRef(order_id=name), state("filled", "1", trade(1)))
        await settle(hub)
        gate.go.set()
        await receipt.result()
        await settle(hub)
        known = await hub.order(ACCOUNT, "a")
        assert known is not None
        assert known.status == "filled"


async def test_a_late_fill_is_booked_although_its_id_is_being_sent_again(tmp_path: Path) -> None:
    """The second instruction waits for the journal's word when the push comes."""
    stage = Stage(accepted)
    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        ref = OrderRef(client_order_id="a")
        stage.publish(ref, ExecutionResult(status="canceled"))
        await until(lambda: "a" not in hub._desks[ACCOUNT].live)
        again = asyncio.create_task(hub.submit(ACCOUNT, buy(client_order_id="a")))
        await asyncio.sleep(0)
        assert "a" in hub._desks[ACCOUNT].live
        stage.publish(ref, ExecutionResult(status="filled", filled_quantity="1", average_price="100"))
        assert (await (await again).result()).duplicate
        await until(lambda: [p.quantity for p in hub._desks[ACCOUNT].book.positions()] == [1])
