# SPDX-License-Identifier: MIT
"""What a restart finds: open questions, open orders, positions, what was accepted and not begun; and how they are settled."""

import asyncio
from pathlib import Path

import pytest

from fks_exec import ExecutionResult, Fill, Leg, Order, OrderRef
from fks_exec_hub import ExecutionHub
from fks_exec_hub.accounts.halting import trip
from fks_exec_hub.journal import Key
from fks_exec_hub.orders.resolve import CannotResolve, Word, resolve_order
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import ACCOUNT, Stage, accepted, buy, configure, filled, hub_on, journal_of, leave, sell, until

NOW = 1_700_000_000_000


async def test_an_intent_without_an_outcome_is_unknown_and_its_lane_refuses_entries(tmp_path: Path) -> None:
    await leave(tmp_path, buy(client_order_id="a"), intent=True, time=NOW)
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        known = await hub.order(ACCOUNT, "a")
        again = await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        refused = await hub.execute_order(ACCOUNT, buy(client_order_id="b"))
        other = await hub.execute_order(ACCOUNT, buy(symbol="ETH/USDT"))
    assert known is not None
    assert (known.status, known.code) == ("unknown", "HOST_STOPPED")
    assert (again.status, again.duplicate) == ("unknown", True)
    assert (refused.code, other.status) == ("UNRESOLVED_ORDER", "filled")
    assert stage.symbols == ["ETH/USDT"]


async def test_an_unknown_order_keeps_its_worst_case_reserved_over_a_restart(tmp_path: Path) -> None:
    stage = Stage(filled, ConnectionResetError())
    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy("5"))
        await hub.execute_order(ACCOUNT, sell("3"))
    async with hub_on(stage, configure(tmp_path)) as hub:
        totals = hub._desks[ACCOUNT].book.totals("BTC/USDT")
    assert (totals.position, totals.working_sell, totals.open_orders) == (5, 3, 1)


async def test_what_was_accepted_and_not_begun_is_sent_once_at_the_next_start_in_order(tmp_path: Path) -> None:
    clock, stage = HandClock(NOW + 5_000), Stage()
    for name in ("a", "b", "c"):
        await leave(tmp_path, buy(client_order_id=name), intent=False, time=NOW)
    async with hub_on(stage, configure(tmp_path), clock=clock) as hub:
        results = [await hub.execute_order(ACCOUNT, buy(client_order_id=name)) for name in ("a", "b", "c")]
    assert [(result.status, result.duplicate) for result in results] == [("filled", True)] * 3
    assert stage.ids == ["a", "b", "c"]


async def test_fridays_alert_is_not_sent_on_monday(tmp_path: Path) -> None:
    clock, stage = HandClock(NOW + 3 * 86_400_000), Stage()
    await leave(tmp_path, buy(client_order_id="a"), intent=False, time=NOW)
    async with hub_on(stage, configure(tmp_path), clock=clock) as hub:
        result = await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
    assert (result.status, result.code) == ("denied", "STALE")
    assert stage.requests == []


async def test_an_open_order_is_followed_after_a_restart(tmp_path: Path) -> None:
    stage = Stage(accepted)
    async with hub_on(stage, configure(tmp_path)) as hub:
        opened = await hub.execute_order(ACCOUNT, buy("2", client_order_id="a"))
    async with hub_on(stage, configure(tmp_path)) as hub:
        assert hub._desks[ACCOUNT].book.totals("BTC/USDT").working_buy == 2
        fill = Fill(trade_id="t1", quantity="2", price="100")
        stage.publish(OrderRef(order_id=opened.order_id), ExecutionResult(status="filled", filled_quantity="2", fills=[fill]))
        await _settled(hub)
        assert hub._desks[ACCOUNT].book.totals("BTC/USDT").working_buy == 0
        assert [p.quantity for p in await hub.positions(ACCOUNT)] == [2]


async def test_a_filled_order_with_a_resting_leg_is_followed_after_a_restart(tmp_path: Path) -> None:
    leg = Leg(role="stop_loss", status="accepted", order_id="leg-1", trigger_price="90", quantity="1")
    entry = ExecutionResult(status="filled", order_id="e-1", filled_quantity="1", average_price="100", legs=[leg])
    stage = Stage(entry)
    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy(stop_loss="90", client_order_id="a"))
    async with hub_on(stage, configure(tmp_path)) as hub:
        stop = Fill(trade_id="t9", quantity="1", price="89", leg="stop_loss")
        done = ExecutionResult(
            status="filled",
            filled_quantity="1",
            fills=[stop],
            legs=[Leg(role="stop_loss", status="filled", order_id="leg-1", trigger_price="90", quantity="1")],
        )
        stage.publish(OrderRef(client_order_id="a"), done)
        stage.publish(OrderRef(client_order_id="a"), done)
        async with asyncio.timeout(10):
            while hub._desks[ACCOUNT].live:
                await _settled(hub)
        assert await hub.positions(ACCOUNT) == []


async def _settled(hub: ExecutionHub) -> None:
    await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    for follower in [staff.follower for staff in hub._staff.values()]:
        await follower.settle()


async def unknown(folder: Path, order: Order, *first: Order) -> Stage:
    stage = Stage(*[filled] * len(first), ConnectionResetError())
    async with hub_on(stage, configure(folder)) as hub:
        for earlier in first:
            await hub.execute_order(ACCOUNT, earlier)
        assert (await hub.execute_order(ACCOUNT, order)).status == "unknown"
    return stage


@pytest.mark.parametrize(
    ("settlement", "extra", "status", "position", "working"),
    [
        ("not_placed", {}, "not_placed", [], 0),
        ("placed", {"order_id": "v1"}, "accepted", [], 2),
        ("placed", {"quantity": "0.5", "price": "101"}, "accepted", ["0.5"], "1.5"),
        ("filled", {"price": "101"}, "filled", ["2"], 0),
        ("canceled", {"quantity": "0.5", "price": "101"}, "canceled", ["0.5"], 0),
        ("canceled", {}, "canceled", [], 0),
    ],
)
async def test_an_operator_settles_an_unknown_order_and_the_lane_opens_again(
    tmp_path: Path, settlement: str, extra: dict[str, str], status: str, position: list[str], working: object
) -> None:
    stage = await unknown(tmp_path, buy("2", client_order_id="a"))
    async with journal_of(tmp_path) as journal:
        key = Key(ACCOUNT, "a")
        word = Word(as_=settlement, because="seen at the venue", **extra)  # type: ignore[arg-type]
        result = await resolve_order(journal, key, word, NOW)
        assert result.status == status
        assert "seen at the venue" in (await journal.steps(key))["resolved"]
        assert await journal.verify() == []
    async with hub_on(stage, configure(tmp_path)) as hub:
        assert [str(p.quantity) for p in await hub.positions(ACCOUNT)] == position
        assert str(hub._desks[ACCOUNT].book.totals("BTC/USDT").working_buy) == str(working)
        assert (await hub.execute_order(ACCOUNT, buy(client_order_id="b"))).status == "filled"


async def test_a_settled_exit_reduces_the_position_of_its_strategy(tmp_path: Path) -> None:
    stage = await unknown(tmp_path, sell("2", strategy="s", client_order_id="x"), buy("3", strategy="s"))
    async with journal_of(tmp_path) as journal:
        await resolve_order(journal, Key(ACCOUNT, "x"), Word(as_="filled", price="99", because="seen"), NOW)
    async with hub_on(stage, configure(tmp_path)) as hub:
        assert [(p.strategy, p.quantity) for p in await hub.positions(ACCOUNT)] == [("s", 1)]


@pytest.mark.parametrize(
    ("settlement", "extra", "sentence"),
    [
        ("filled", {}, "average price"),
        ("filled", {"price": "0"}, "greater than zero"),
        ("filled", {"quantity": "3", "price": "1"}, "the order was for 2"),
        ("not_placed", {"quantity": "1", "price": "1"}, "filled nothing"),
        ("not_placed", {"because": "  "}, "--because"),
    ],
)
async def test_a_settlement_that_cannot_be_is_refused_with_the_remedy(
    tmp_path: Path, settlement: str, extra: dict[str, str], sentence: str
) -> None:
    await unknown(tmp_path, buy("2", client_order_id="a"))
    arguments = {"because": "seen", **extra}
    async with journal_of(tmp_path) as journal:
        with pytest.raises(CannotResolve, match=sentence):
            await resolve_order(journal, Key(ACCOUNT, "a"), Word(as_=settlement, **arguments), NOW)  # type: ignore[arg-type]
        recorded = await journal.order(Key(ACCOUNT, "a"))
    assert recorded is not None
    assert recorded.status == "unknown"


async def test_only_what_is_open_can_be_settled(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="done"))
    await leave(tmp_path, buy(client_order_id="unbegun"), intent=False, time=NOW)
    async with journal_of(tmp_path) as journal:
        for name, sentence in (("none", "no order"), ("done", "has ended as filled"), ("unbegun", "never sent")):
            with pytest.raises(CannotResolve, match=sentence):
                await resolve_order(journal, Key(ACCOUNT, name), Word(as_="not_placed", because="x"), NOW)


async def test_a_halt_outlasts_a_restart_and_no_fault_loosens_it(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.halt(ACCOUNT, "halted", "by hand")
    async with hub_on(stage, configure(tmp_path)) as hub:
        assert (hub.status()[0].halt, hub.status()[0].halt_reason) == ("halted", "by hand")
        await trip(hub._desks[ACCOUNT], "JOURNAL_FAULT", "a test")
        assert (await hub.journal.halt(ACCOUNT)).state == "halted"
        assert (await hub.execute_order(ACCOUNT, buy())).code == "HALTED"
    assert stage.requests == []


async def test_an_order_that_the_venue_shows_is_not_settled_by_a_word(tmp_path: Path) -> None:
    async with hub_on(Stage(accepted), configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        for settlement in ("filled", "not_placed", "canceled"):
            word = Word(as_=settlement, because="so I think", price="1")  # type: ignore[arg-type]
            with pytest.raises(CannotResolve, match="cancel it: fks-exec orders cancel"):
                await hub.resolve_order(ACCOUNT, "a", word)
        hub._desks[ACCOUNT].live["a"].gone = True  # it was shown, and is not any more
        with pytest.raises(CannotResolve, match="it was placed"):
            await hub.resolve_order(ACCOUNT, "a", Word(as_="not_placed", because="gone"))
        assert (await hub.resolve_order(ACCOUNT, "a", Word(as_="canceled", because="gone"))).status == "canceled"


async def test_a_hub_that_takes_nothing_up_sends_nothing_that_was_queued(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        now = hub.clock.now()
    await leave(tmp_path, buy(client_order_id="queued"), intent=False, time=now)
    async with ExecutionHub.open(configure(tmp_path), plugins=[stage], take_up=False) as hub:
        assert (await hub.order(ACCOUNT, "queued")) is not None
        assert (await hub.cancel_order(ACCOUNT, "queued")).code == "WITHDRAWN"
    await leave(tmp_path, buy(client_order_id="other"), intent=False, time=now)
    async with ExecutionHub.open(configure(tmp_path), plugins=[stage], take_up=False) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="own"))
    assert stage.ids == ["own"]
    async with hub_on(stage, configure(tmp_path)):
        await until(lambda: stage.ids == ["own", "other"])


async def test_every_alarm_stands_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with hub_on(Stage(), configure(tmp_path)) as hub:
        hub._desks[ACCOUNT].alarm("MISMATCH", "look at it", "a")
    assert "account main: MISMATCH, order a: look at it" in caplog.text
