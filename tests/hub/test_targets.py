# SPDX-License-Identifier: MIT
"""Through zero in two steps: an exit, and when that is filled an entry for the rest; orders, reverses, target positions."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from fks_exec import ClosePosition, ExecutionResult, Order, ReversePosition, TargetPosition
from fks_exec.clock import Clock
from fks_exec.testing import CAPABILITIES, FaultyVenue, PartialThenCancel, Refuse
from fks_exec_hub import ExecutionHub
from fks_exec_hub.exits.targets import Targets
from fks_exec_hub.journal import Key
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.desks import Heard, hub_with, table
from fks_exec_simulators.stage import ACCOUNT, Held, Stage, buy, configure, hub_on, sell, until

BTC = "BTC/USDT"
CARRIES = evolve(CAPABILITIES, protection=["attached"])
SOFT = evolve(CAPABILITIES, reduce_only=False)


def hub_at(venue: FaultyVenue, folder: Path, *plugins: object, clock: Clock | None = None, **account: Any) -> ExecutionHub:
    return hub_with(table(folder, **{"deadline": 5.0, **account}), venue.plugin, *plugins, clock=clock)


def target(quantity: str, client_order_id: str = "target", **more: Any) -> TargetPosition:
    return TargetPosition(symbol=BTC, quantity=quantity, client_order_id=client_order_id, **more)


def reverse(client_order_id: str = "reverse", **more: Any) -> ReversePosition:
    return ReversePosition(symbol=BTC, client_order_id=client_order_id, **more)


def sent(venue: FaultyVenue) -> list[tuple[str, Decimal, bool]]:
    """Side, quantity and whether reduce-only, of each order that the venue took."""
    return [(placed.order.side.value, placed.order.quantity, placed.order.reduce_only) for placed in venue.placed]


async def held(hub: ExecutionHub, strategy: str | None = None) -> Decimal:
    return hub._desks[ACCOUNT].book.position(BTC, strategy).quantity


async def ended(hub: ExecutionHub, name: str) -> ExecutionResult:
    """How an order stands once nothing more is to be done for it."""
    await until(lambda: name not in hub._desks[ACCOUNT].live)
    result = await hub.order(ACCOUNT, name)
    assert result is not None
    return result


@pytest.mark.parametrize("capabilities", [CAPABILITIES, SOFT], ids=["enforced", "not enforced"])
async def test_an_order_through_zero_is_an_exit_and_then_an_entry(capabilities: Any, tmp_path: Path) -> None:
    venue = FaultyVenue(capabilities=capabilities)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        result = await hub.execute_order(ACCOUNT, sell("5", client_order_id="turn"))
        child = await hub.order(ACCOUNT, "turn~en1")
    assert sent(venue)[1:] == [("sell", 2, capabilities.reduce_only), ("sell", 3, False)]
    assert (result.status, result.filled_quantity, result.code) == ("filled", 2, None)
    assert [(leg.role, leg.client_order_id, leg.status, leg.filled_quantity) for leg in result.legs] == [
        ("entry", "turn~en1", "filled", 3)
    ]
    assert child is not None
    assert child.filled_quantity == 3
    assert venue.position(BTC) == -3


async def test_only_the_strategys_own_part_is_an_exit(tmp_path: Path) -> None:
    """Another strategy's position on the other side: what can be closed is what the account holds."""
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("2", strategy="a"))
        await hub.execute_order(ACCOUNT, sell("1", strategy="b"))
        await hub.execute_order(ACCOUNT, sell("3", strategy="a", client_order_id="turn"))
        assert (await held(hub, "a"), await held(hub, "b")) == (-1, -1)
    assert sent(venue)[2:] == [("sell", 1, True), ("sell", 2, False)]


async def test_the_stop_goes_with_what_is_opened_and_not_with_the_exit(tmp_path: Path) -> None:
    venue = FaultyVenue(capabilities=CARRIES)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        await hub.execute_order(ACCOUNT, sell("3", stop_loss="200", take_profit="50", client_order_id="turn"))
    own = [placed.order for placed in venue.placed if placed.order.client_order_id in ("turn", "turn~en1")]
    assert [(order.stop_loss, order.take_profit) for order in own] == [(None, None), (200, 50)]


async def test_no_guard_denies_the_exit_and_each_judges_the_entry(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path, guards=["confidence"]) as hub:
        await hub.execute_order(ACCOUNT, buy("2", confidence="0.9"))
        denied = await hub.execute_order(ACCOUNT, sell("3", confidence="0.1", client_order_id="timid"))
        await hub.execute_order(ACCOUNT, buy("2", confidence="0.9"))
        passed = await hub.execute_order(ACCOUNT, sell("3", confidence="0.9", client_order_id="bold"))
    assert (denied.code, denied.legs[0].status, denied.filled_quantity) == ("ENTRY_REFUSED", "denied", 2)
    assert (passed.code, passed.legs[0].status) == (None, "filled")


async def test_nothing_is_opened_when_the_exit_is_not_filled_whole(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        venue.follow(PartialThenCancel(share="0.5", at_once=True))
        result = await hub.execute_order(ACCOUNT, sell("5", client_order_id="turn"))
    assert (result.status, result.code, result.legs) == ("canceled", "EXIT_INCOMPLETE", ())
    assert (venue.count(), venue.position(BTC)) == (2, 1)


async def test_a_limit_order_through_zero_opens_when_its_exit_fills(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        order = Order(symbol=BTC, side="sell", quantity="5", order_type="limit", price="1000", client_order_id="turn")
        first = await hub.execute_order(ACCOUNT, order)
        assert (first.status, venue.count()) == ("accepted", 2)
        venue.fill(venue.placed[-1])
        await until(lambda: venue.count() == 3)
        assert (venue.placed[-1].order.price, venue.placed[-1].order.quantity) == (1000, 3)
        venue.fill(venue.placed[-1])
        result = await ended(hub, "turn")
    assert (result.legs[0].status, venue.position(BTC)) == ("filled", -3)


async def test_a_limit_order_through_zero_that_is_cancelled_opens_nothing(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        order = Order(symbol=BTC, side="sell", quantity="5", order_type="limit", price="1000", client_order_id="turn")
        await hub.execute_order(ACCOUNT, order)
        await hub.cancel_order(ACCOUNT, "turn")
        result = await ended(hub, "turn")
    assert (result.status, result.code, venue.count()) == ("canceled", "EXIT_INCOMPLETE", 2)


async def test_what_came_too_late_closes_and_opens_nothing(tmp_path: Path) -> None:
    """The exit passes at any age; the entry is as old as the order that it belongs to."""
    venue, clock = FaultyVenue(), HandClock()
    async with hub_at(venue, tmp_path, clock=clock) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        old = clock.now() - 3_600_000
        result = await hub.execute_order(ACCOUNT, sell("5", signal_time=old, client_order_id="turn"))
        entry = await hub.order(ACCOUNT, "turn~en1")
    assert entry is not None
    assert (result.code, result.filled_quantity, entry.code) == ("ENTRY_REFUSED", 2, "STALE")
    assert venue.position(BTC) == 0


async def test_a_position_is_turned_round(tmp_path: Path) -> None:
    venue = FaultyVenue(capabilities=CARRIES)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("2", strategy="a"))
        result = await hub.execute_order(ACCOUNT, reverse(strategy="a", stop_loss="200"))
        nothing = await hub.execute_order(ACCOUNT, reverse("again", strategy="b"))
        assert await held(hub, "a") == -2
    assert [(leg.role, leg.filled_quantity) for leg in result.legs] == [("entry", 2)]
    assert venue.placed[-1].order.stop_loss == 200 or venue.legs(venue.placed[2])
    assert (nothing.status, nothing.code) == ("denied", "NOTHING_TO_REVERSE")


async def test_the_exit_of_a_reverse_is_carried_through_before_anything_is_opened(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("4"))
        venue.follow(PartialThenCancel(share="0.5", at_once=True))
        result = await hub.execute_order(ACCOUNT, reverse())
    assert [(leg.role, leg.client_order_id) for leg in result.legs] == [("exit", "reverse~ex2"), ("entry", "reverse~en1")]
    assert sent(venue)[1:] == [("sell", 4, True), ("sell", 2, True), ("sell", 4, False)]
    assert venue.position(BTC) == -4


async def test_a_reverse_whose_exit_is_refused_opens_nothing_and_is_told(tmp_path: Path) -> None:
    venue, heard = FaultyVenue(), Heard()
    async with hub_at(venue, tmp_path, heard) as hub:
        await hub.execute_order(ACCOUNT, buy("4"))
        venue.follow(PartialThenCancel(share="0.5", at_once=True), Refuse("only on weekdays"))
        result = await hub.execute_order(ACCOUNT, reverse())
    assert (result.code, [leg.role for leg in result.legs], venue.position(BTC)) == ("EXIT_INCOMPLETE", ["exit"], 2)
    assert heard.alarms.count("EXIT_INCOMPLETE") == 1


async def test_a_target_position_sends_the_difference(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        for number, (quantity, position) in enumerate([("2", 2), ("5", 5), ("3", 3), ("-1", -1), ("-4", -4), ("-2", -2)]):
            result = await hub.execute_order(ACCOUNT, target(quantity, f"t{number}"))
            assert (result.status, venue.position(BTC)) == ("filled", position)
        reached = await hub.execute_order(ACCOUNT, target("-2", "same"))
    assert (reached.status, reached.code) == ("denied", "TARGET_REACHED")
    assert sent(venue) == [
        ("buy", 2, False),
        ("buy", 3, False),
        ("sell", 2, True),
        ("sell", 3, True),
        ("sell", 1, False),
        ("sell", 3, False),
        ("buy", 2, True),
    ]


async def test_guards_judge_what_a_target_position_adds_and_not_what_it_takes_off(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path, guards=["confidence"]) as hub:
        await hub.execute_order(ACCOUNT, buy("2", confidence="0.9"))
        more = await hub.execute_order(ACCOUNT, target("3", "more"))
        less = await hub.execute_order(ACCOUNT, target("1", "less"))
    assert (more.code, less.status, venue.position(BTC)) == ("CONFIDENCE_MISSING", "filled", 1)


async def test_a_target_is_fixed_when_its_turn_comes(tmp_path: Path) -> None:
    """What lies in the lane before it counts; what is held when it was accepted does not."""
    first = Held()
    stage = Stage(first)
    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.submit(ACCOUNT, buy("2"))
        await first.reached.wait()
        receipt = await hub.submit(ACCOUNT, target("3"))
        first.go.set()
        await receipt.result(5)
    assert [order.quantity for order, _ in stage.requests] == [2, 1]


async def test_the_target_is_in_the_journal_with_the_intent(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        await hub.execute_order(ACCOUNT, reverse())
        recorded = await hub.journal.order(Key(ACCOUNT, "reverse"))
    assert recorded is not None
    assert '"target":{"against":"0","chase":true,"entry":"2","exit":"2","older":{}}' in recorded.attempts[0].decision
    assert recorded.terminal


async def test_a_reverse_goes_on_after_a_restart_between_exit_and_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue = FaultyVenue()
    with monkeypatch.context() as before:
        before.setattr(Targets, "changed", lambda self, live: None)  # the host stops before it has looked again
        async with hub_at(venue, tmp_path, deadline=0.1) as hub:
            await hub.execute_order(ACCOUNT, buy("4"))
            await hub.execute_order(ACCOUNT, reverse())
    assert venue.position(BTC) == 0
    async with hub_at(venue, tmp_path) as hub:
        result = await ended(hub, "reverse")
    assert [(leg.client_order_id, leg.status) for leg in result.legs] == [("reverse~en1", "filled")]
    assert (venue.position(BTC), venue.count()) == (-4, 3)


async def test_a_reverse_that_comes_back_too_late_stays_flat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venue, clock = FaultyVenue(), HandClock()
    with monkeypatch.context() as before:
        before.setattr(Targets, "changed", lambda self, live: None)
        async with hub_at(venue, tmp_path, clock=clock, deadline=0.1) as hub:
            await hub.execute_order(ACCOUNT, buy("4"))
            await hub.execute_order(ACCOUNT, reverse())
    clock.move(3600)
    async with hub_at(venue, tmp_path, clock=clock) as hub:
        result = await ended(hub, "reverse")
    assert (result.code, venue.position(BTC)) == ("ENTRY_REFUSED", 0)


async def test_a_close_that_comes_before_the_entry_of_a_reverse_keeps_the_position_flat(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("4"))
        turning = await hub.submit(ACCOUNT, reverse())
        closing = await hub.submit(ACCOUNT, ClosePosition(symbol=BTC, client_order_id="close"))
        turned, closed = await turning.result(5), await closing.result(5)
    assert closed.code == "NOTHING_TO_CLOSE"
    assert (turned.code, venue.position(BTC), venue.count()) == ("ENTRY_REFUSED", 0, 2)


async def test_that_a_close_came_after_a_reverse_is_known_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue = FaultyVenue()
    with monkeypatch.context() as before:
        before.setattr(Targets, "changed", lambda self, live: None)
        async with hub_at(venue, tmp_path, deadline=0.1) as hub:
            await hub.execute_order(ACCOUNT, buy("4"))
            await hub.execute_order(ACCOUNT, reverse())
            await hub.execute_order(ACCOUNT, ClosePosition(symbol=BTC, client_order_id="close"))
    async with hub_at(venue, tmp_path) as hub:
        result = await ended(hub, "reverse")
    assert (result.code, venue.position(BTC)) == ("ENTRY_REFUSED", 0)


async def test_the_same_order_through_zero_again_is_the_same_order(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        order = sell("5", client_order_id="turn")
        await hub.execute_order(ACCOUNT, order)
        again = await hub.execute_order(ACCOUNT, order)
    assert (again.duplicate, again.legs[0].filled_quantity, venue.count()) == (True, 3, 3)
