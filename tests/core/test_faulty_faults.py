# SPDX-License-Identifier: MIT
"""Every fault of the simulated venue, as an account meets it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from fks_exec import Account, ExecutionResult, Order, OrderChange, OrderRef, OrderUpdate, Status, VenueAuthError
from fks_exec.testing import (
    AcceptThenDrop,
    AcceptThenError,
    AcceptThenHang,
    AnswerTwice,
    BadCredentials,
    CancelMeetsFill,
    Closed,
    EmptyLookUp,
    EmptyLookUps,
    FailLookUp,
    Fault,
    FaultyVenue,
    Fill,
    Garbage,
    LateAppearance,
    LateFill,
    Lost,
    Match,
    PartialFill,
    PartialThenCancel,
    RateLimit,
    Refuse,
    Reorder,
    Rest,
    Slow,
    SwallowCancellation,
    TradeTwice,
    Unsent,
)
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import buy, sell, until

SHORT = 0.05


class Trader:
    """An account at a venue, with what it heard."""

    def __init__(self, account: Account, venue: FaultyVenue, heard: list[OrderUpdate]) -> None:
        self.account = account
        self.venue = venue
        self.heard = heard

    async def send(self, order: Order | None = None, seconds: float = 10.0) -> tuple[ExecutionResult, OrderRef]:
        """An order, a market buy of 1 if None, and how to look it up."""
        submission = self.account.submission(seconds=seconds)
        result = await self.account.execute_order(order or buy(), submission)
        return result, OrderRef(venue_client_order_id=submission.venue_client_order_id, symbol="BTC/USDT")

    @property
    def told(self) -> list[tuple[str, Decimal]]:
        """Status and filled quantity of each update heard."""
        return [(update.result.status.value, update.result.filled_quantity) for update in self.heard]


@asynccontextmanager
async def trading(*script: Fault, **options: Any) -> AsyncIterator[Trader]:
    """An account on a venue with a script."""
    heard: list[OrderUpdate] = []
    clock = options.pop("clock", None)
    venue = FaultyVenue(script, **options)
    async with Account("mine", venue, on_update=heard.append, clock=clock, grace=SHORT) as account:
        yield Trader(account, venue, heard)
        venue.release()


async def test_without_a_script_nothing_goes_wrong() -> None:
    async with trading() as trader:
        result, ref = await trader.send()
        assert (result.status, result.filled_quantity, result.average_price) == ("filled", 1, 100)
        assert await trader.account.fetch_order(ref) == result
        assert [position.quantity for position in await trader.account.fetch_positions()] == [1]
        assert (trader.venue.count(), trader.heard) == (1, [])


async def test_match_leaves_to_the_market_what_it_does_not_reach() -> None:
    async with trading(Match(), Match()) as trader:
        resting, _ = await trader.send(buy(order_type="limit", price="99"))
        reached, _ = await trader.send(buy(order_type="limit", price="101"))
        assert (resting.status, reached.status, reached.average_price) == ("accepted", "filled", 100)


async def test_fill_fills_whatever_the_market_says_in_so_many_trades() -> None:
    async with trading(Fill(price="7", trades=3)) as trader:
        result, _ = await trader.send(buy(order_type="limit", price="50"))
        assert (result.status, result.average_price, len(result.fills)) == ("filled", 7, 3)
        assert sum(fill.quantity for fill in result.fills) == 1
        assert len({fill.trade_id for fill in result.fills}) == 3


async def test_rest_rests_until_it_is_filled_by_hand_and_that_is_published() -> None:
    async with trading(Rest()) as trader:
        result, _ = await trader.send()
        assert result.status == "accepted"
        trader.venue.set_price("BTC/USDT", 100)
        trader.venue.fill(result.order_id or "", "0.4")
        trader.venue.fill(result.order_id or "")
        await until(lambda: len(trader.heard) == 2)
        assert trader.told == [("partially_filled", Decimal("0.4")), ("filled", 1)]


async def test_partial_fill_rests_with_the_rest() -> None:
    async with trading(PartialFill(share="0.25")) as trader:
        result, ref = await trader.send()
        assert (result.status, result.filled_quantity) == ("partially_filled", Decimal("0.25"))
        canceled = await trader.account.cancel_order(ref)
        assert (canceled.status, canceled.filled_quantity) == ("canceled", Decimal("0.25"))


async def test_partial_then_cancel_is_published_or_answered() -> None:
    async with trading(PartialThenCancel(), PartialThenCancel(at_once=True)) as trader:
        result, _ = await trader.send()
        assert result.status == "partially_filled"
        await until(lambda: trader.heard)
        assert trader.told == [("canceled", Decimal("0.5"))]
        result, _ = await trader.send()
        assert (result.status, result.filled_quantity, len(trader.heard)) == ("canceled", Decimal("0.5"), 1)


async def test_accept_then_hang_is_placed_and_unknown_until_it_is_looked_up() -> None:
    async with trading(AcceptThenHang()) as trader:
        result, ref = await trader.send(seconds=SHORT)
        assert (result.status, result.code) == ("unknown", "DEADLINE")
        found = await trader.account.fetch_order(ref)
        assert found is not None
        assert (found.status, trader.venue.hanging) == ("filled", 0)


async def test_what_hangs_answers_when_it_is_released_or_breaks_when_it_is_dropped() -> None:
    async with trading(AcceptThenHang(), AcceptThenHang()) as trader:
        sending = asyncio.ensure_future(trader.send())
        await trader.venue.arrived()
        assert trader.venue.hanging == 1
        trader.venue.release()
        assert (await sending)[0].status == "filled"
        sending = asyncio.ensure_future(trader.send())
        await trader.venue.arrived("place", 2)
        trader.venue.drop_connections()
        assert (await sending)[0].code == "UNKNOWN"


async def test_accept_then_drop_is_placed_and_unknown() -> None:
    async with trading(AcceptThenDrop(rest=True)) as trader:
        result, ref = await trader.send()
        assert (result.status, trader.venue.requests[-1].fate) == ("unknown", "placed")
        found = await trader.account.fetch_order(ref)
        assert found is not None
        assert found.status == "accepted"


async def test_accept_then_error_is_placed_and_unknown_and_the_next_order_works() -> None:
    async with trading(AcceptThenError()) as trader:
        result, ref = await trader.send()
        assert (result.status, result.code, trader.venue.requests[-1].fate) == ("unknown", "UNKNOWN", "placed")
        found = await trader.account.fetch_order(ref)
        assert found is not None
        assert found.status == "filled"
        assert (await trader.send())[0].status == "filled"


async def test_accept_then_error_of_what_is_no_order_is_done_and_proves_nothing() -> None:
    script = [AcceptThenError(on=kind) for kind in ("cancel", "amend", "look_up", "scan", "positions", "balance")]
    async with trading(Rest(), *script) as trader:
        _, ref = await trader.send()
        assert (await trader.account.amend_order(ref, OrderChange(quantity=2))).status == "unknown"
        for read in (
            lambda: trader.account.fetch_order(ref),
            trader.account.fetch_open_orders,
            trader.account.fetch_positions,
            trader.account.fetch_balance,
        ):
            with pytest.raises(RuntimeError, match="an error of its own"):
                await read()
        assert (await trader.account.cancel_order(ref)).status == "unknown"
        [placed] = trader.venue.placed
        assert (placed.order.quantity, placed.status) == (2, "canceled")


async def test_empty_look_ups_hide_the_order_for_so_many_looks() -> None:
    async with trading(EmptyLookUps(looks=2, rest=True)) as trader:
        result, ref = await trader.send()
        assert result.status == "unknown"
        assert await trader.account.fetch_order(ref) is None
        assert await trader.account.fetch_open_orders() == []
        assert await trader.account.fetch_order(ref) is not None


async def test_empty_look_ups_hide_the_order_for_so_many_seconds() -> None:
    clock = HandClock()
    async with trading(EmptyLookUps(looks=0, seconds=5), clock=clock) as trader:
        _, ref = await trader.send()
        assert await trader.account.fetch_order(ref) is None
        clock.move(5)
        assert await trader.account.fetch_order(ref) is not None


async def test_slow_is_placed_at_once_and_answered_late() -> None:
    async with trading(Slow(SHORT)) as trader:
        sending = asyncio.ensure_future(trader.send())
        await trader.venue.arrived()
        assert (len(trader.venue.placed), sending.done()) == (1, False)
        assert (await sending)[0].status == "filled"


@pytest.mark.parametrize("late", [False, True])
async def test_swallow_cancellation_goes_on_after_the_deadline_and_tells_the_truth(late: bool) -> None:
    async with trading(SwallowCancellation(late=late)) as trader:
        result, _ = await trader.send(seconds=SHORT)
        assert (result.code, trader.venue.swallowed) == ("DEADLINE", 1)
        assert (len(trader.venue.placed), trader.venue.hanging) == (0 if late else 1, 1)
        assert trader.venue.requests[-1].fate == ("later" if late else "placed")
        trader.venue.release()
        await until(lambda: trader.heard)
        assert trader.told == [("filled", 1)]


async def test_answer_twice_publishes_what_was_answered() -> None:
    async with trading(AnswerTwice()) as trader:
        result, _ = await trader.send()
        await until(lambda: trader.heard)
        assert [update.result for update in trader.heard] == [result]


async def test_trade_twice_publishes_each_trade_twice_under_one_id() -> None:
    async with trading(TradeTwice()) as trader:
        await trader.send()
        await until(lambda: len(trader.heard) == 2)
        assert [fill.trade_id for update in trader.heard for fill in update.result.fills] == ["T1", "T1"]


@pytest.mark.parametrize("says", ["accepted", "canceled"])
async def test_late_fill_comes_after_an_answer_that_did_not_know_it(says: str) -> None:
    async with trading(LateFill(says=says)) as trader:  # type: ignore[arg-type]
        result, _ = await trader.send()
        assert (result.status, result.filled_quantity) == (says, 0)
        trader.venue.happen()
        await until(lambda: trader.heard)
        assert trader.told == [("filled", 1)]


async def test_late_fill_by_seconds_and_by_look_ups() -> None:
    clock = HandClock()
    async with trading(LateFill(after=3), LateFill(after_looks=2), clock=clock) as trader:
        (_, timed), (_, counted) = await trader.send(), await trader.send()
        looks = [await trader.account.fetch_order(counted) for _ in range(3)]
        assert [look.status for look in looks if look] == ["accepted", "accepted", "filled"]
        clock.move(3)
        found = await trader.account.fetch_order(timed)
        assert found is not None
        assert found.status == "filled"


async def test_late_fill_by_seconds_needs_no_further_request() -> None:
    async with trading(LateFill(after=0.01)) as trader:
        await trader.send()
        await until(lambda: trader.heard)


async def test_reorder_publishes_the_last_trade_first() -> None:
    async with trading(Reorder(trades=2)) as trader:
        result, _ = await trader.send()
        assert result.status == "accepted"
        await until(lambda: len(trader.heard) == 2)
        assert trader.told == [("filled", 1), ("partially_filled", Decimal("0.5"))]
        assert [fill.trade_id for update in trader.heard for fill in update.result.fills] == ["T2", "T1"]


@pytest.mark.parametrize("answer", ["none", "text", "float", "filled", "pending"])
async def test_garbage_is_placed_and_unknown(answer: str) -> None:
    async with trading(Garbage(answer)) as trader:  # type: ignore[arg-type]
        result, _ = await trader.send()
        assert (result.code, len(trader.venue.placed)) == ("NO_ANSWER", 1)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (Refuse("no margin"), Status.REJECTED, "REFUSED"),
        (Refuse("requote", code="REQUOTE", retryable=True), Status.REJECTED, "REQUOTE"),
        (RateLimit(2.5), Status.NOT_PLACED, "RATE_LIMITED"),
        (Unsent(), Status.NOT_PLACED, "NOT_SENT"),
        (Closed(1_700_000_000_000), Status.REJECTED, "CLOSED"),
        (BadCredentials(), Status.REJECTED, "AUTH"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Fault) else str(value),
)
async def test_what_is_refused_is_counted_and_places_nothing(fault: Fault, status: Status, code: str) -> None:
    async with trading(fault) as trader:
        result, ref = await trader.send()
        assert (result.status, result.code) == (status, code)
        assert (trader.venue.count(fate="refused"), trader.venue.placed) == (1, [])
        assert await trader.account.fetch_order(ref) is None


async def test_lost_places_nothing_and_proves_nothing() -> None:
    async with trading(Lost(), Lost(hang=True)) as trader:
        assert (await trader.send())[0].code == "UNKNOWN"
        assert (await trader.send(seconds=SHORT))[0].code == "DEADLINE"
        assert (trader.venue.count(fate="lost"), trader.venue.placed) == (2, [])


async def test_late_appearance_is_not_there_and_then_it_is() -> None:
    clock = HandClock()
    async with trading(LateAppearance(2.0), clock=clock) as trader:
        result, ref = await trader.send()
        assert (result.status, trader.venue.requests[-1].fate) == ("unknown", "later")
        assert await trader.account.fetch_order(ref) is None
        assert await trader.account.fetch_positions() == []
        clock.move(2)
        found = await trader.account.fetch_order(ref)
        assert found is not None
        assert (found.status, trader.venue.position("BTC/USDT")) == ("filled", 1)
        await until(lambda: trader.heard)
        assert trader.told == [("filled", 1)]


async def test_late_appearance_by_look_ups_while_the_call_hangs() -> None:
    async with trading(LateAppearance(after_looks=1, hang=True)) as trader:
        result, ref = await trader.send(seconds=SHORT)
        assert result.code == "DEADLINE"
        assert await trader.account.fetch_order(ref) is None
        assert await trader.account.fetch_order(ref) is not None


async def test_an_order_that_appears_late_may_be_refused_then() -> None:
    async with trading(LateAppearance()) as trader:
        await trader.send(sell(reduce_only=True))
        trader.venue.happen()
        assert trader.venue.placed == []


async def test_look_ups_fail_so_many_times() -> None:
    async with trading(*[FailLookUp()] * 2, FailLookUp(on="positions"), FailLookUp(on="scan")) as trader:
        _, ref = await trader.send()
        for read in (lambda: trader.account.fetch_order(ref),) * 2 + (
            trader.account.fetch_positions,
            trader.account.fetch_open_orders,
        ):
            with pytest.raises(ConnectionResetError):
                await read()
        assert await trader.account.fetch_order(ref) is not None
        assert await trader.account.fetch_positions() != []


async def test_a_look_up_lies_once() -> None:
    async with trading(EmptyLookUp(), EmptyLookUp(on="positions")) as trader:
        _, ref = await trader.send()
        assert await trader.account.fetch_order(ref) is None
        assert await trader.account.fetch_positions() == []
        assert await trader.account.fetch_order(ref) is not None


@pytest.mark.parametrize(("answer", "status"), [("rejected", "rejected"), ("filled", "filled")])
async def test_a_cancel_meets_the_fill(answer: str, status: str) -> None:
    async with trading(Rest(), CancelMeetsFill(answer, publish=True)) as trader:  # type: ignore[arg-type]
        _, ref = await trader.send()
        assert (await trader.account.cancel_order(ref)).status == status
        await until(lambda: trader.heard)
        assert (trader.told, trader.venue.count("cancel")) == ([("filled", 1)], 1)


@pytest.mark.parametrize("answer", ["rejected", "filled"])
async def test_a_cancel_that_comes_after_the_end_of_the_order_meets_no_fill(answer: str) -> None:
    async with trading(Rest(), CancelMeetsFill(answer, publish=True)) as trader:  # type: ignore[arg-type]
        _, ref = await trader.send()
        trader.venue.cancel_by_venue(trader.venue.placed[0])
        assert (await trader.account.cancel_order(ref)).status == "canceled"
        assert (trader.venue.placed[0].filled, trader.venue.position("BTC/USDT")) == (0, 0)


async def test_a_cancel_hangs_and_is_done_all_the_same() -> None:
    async with trading(Rest(), AcceptThenHang(on="cancel", publish=True)) as trader:
        _, ref = await trader.send()
        result = await trader.account.cancel_order(ref, trader.account.submission(seconds=SHORT))
        assert (result.code, trader.venue.placed[0].status) == ("DEADLINE", "canceled")
        await until(lambda: trader.heard)


async def test_a_cancel_is_lost_and_not_done() -> None:
    async with trading(Rest(), Lost(on="cancel")) as trader:
        _, ref = await trader.send()
        assert (await trader.account.cancel_order(ref)).status == "unknown"
        assert trader.venue.placed[0].open


async def test_an_amend_is_refused() -> None:
    async with trading(Rest(), Refuse("too small a change", on="amend")) as trader:
        _, ref = await trader.send(buy(order_type="limit", price="90"))
        change = OrderChange(price="91")
        assert (await trader.account.amend_order(ref, change)).status == "rejected"
        assert (await trader.account.amend_order(ref, change)).status == "accepted"
        assert trader.venue.placed[0].order.price == 91


async def test_an_account_that_is_refused_at_opening_does_not_open() -> None:
    venue = FaultyVenue([BadCredentials(on="open")])
    with pytest.raises(VenueAuthError):
        await Account("mine", venue).open()
    assert venue.count("open") == 1


async def test_a_blocking_venue_blocks_the_accounts_thread_and_places_all_the_same() -> None:
    async with trading(AcceptThenHang(), blocking=True) as trader:
        result, _ = await trader.send(seconds=SHORT)
        assert (result.code, trader.account.ready, trader.venue.hanging) == ("DEADLINE", False, 1)
        trader.venue.release()
        await until(lambda: trader.account.ready)
        await until(lambda: trader.heard)
        assert (trader.told, trader.venue.count()) == ([("filled", 1)], 1)


async def test_a_blocking_venue_does_all_that_the_other_does() -> None:
    async with trading(Rest(), Slow(0.001), blocking=True) as trader:
        _, ref = await trader.send(buy(order_type="limit", price="90"))
        assert (await trader.account.amend_order(ref, OrderChange(price="91"))).status == "accepted"
        assert len(await trader.account.fetch_open_orders()) == 1
        assert (await trader.account.cancel_order(ref)).status == "canceled"
        found = await trader.account.fetch_order(ref)
        assert found is not None
        assert (await trader.send())[0].status == "filled"
        assert [position.quantity for position in await trader.account.fetch_positions()] == [1]
        assert (await trader.account.fetch_balance())[0].total == 100_000
        assert (await trader.account.fetch_data("X")).bid == 100
        assert await trader.account.fetch_instrument("X")
        assert await trader.account.health_check()


@pytest.mark.parametrize("blocking", [False, True])
async def test_an_order_that_is_sent_twice_is_placed_twice(blocking: bool) -> None:
    async with trading(blocking=blocking) as trader:
        for _ in range(2):
            await trader.account.execute_order(buy(), trader.account.submission("SAME"))
        assert [placed.venue_client_order_id for placed in trader.venue.placed] == ["SAME", "SAME"]
        assert (trader.venue.count(), trader.venue.position("BTC/USDT")) == (2, 2)
