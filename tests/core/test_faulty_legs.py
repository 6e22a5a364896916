# SPDX-License-Identifier: MIT
"""Faults of protective orders and of cancels at the simulated venue, as an account meets them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fks_exec import Account, ExecutionResult, OrderRef, OrderUpdate, Protection, Side
from fks_exec.testing import (
    AcceptThenDrop,
    AcceptThenHang,
    AnswerTwice,
    CancelMeetsFill,
    EmptyLookUps,
    Fault,
    FaultyVenue,
    LateAppearance,
    LateCancel,
    LooseLink,
    Lost,
    Refuse,
    RefuseLeg,
    Rest,
    Slow,
    TradeTwice,
    Vanish,
)
from fks_exec_simulators.stage import buy, until

BTC = "BTC/USDT"
SHORT = 0.2


class Protector:
    """Holds 1 BTC at a venue, and protects it."""

    def __init__(self, account: Account, venue: FaultyVenue, heard: list[OrderUpdate]) -> None:
        self.account = account
        self.venue = venue
        self.heard = heard

    async def stop(self, seconds: float = 10.0, **more: Any) -> tuple[ExecutionResult, OrderRef]:
        """A stop at 90, and how to look it up."""
        submission = self.account.submission(seconds=seconds)
        stop = Protection(role="stop_loss", symbol=BTC, side=Side.SELL, quantity=1, trigger_price=90, **more)
        result = await self.account.protect_position(stop, submission)
        return result, OrderRef(venue_client_order_id=submission.venue_client_order_id)


@asynccontextmanager
async def holding(*script: Fault, protection: Any = "reduce_only_pair", **options: Any) -> AsyncIterator[Protector]:
    heard: list[OrderUpdate] = []
    venue = FaultyVenue(script, protection=protection, **options)
    async with Account("mine", venue, on_update=heard.append, grace=SHORT) as account:
        venue.adjust_position(BTC, 1)
        yield Protector(account, venue, heard)
        venue.release()


@pytest.mark.parametrize("retryable", [False, True])
async def test_a_leg_is_refused(retryable: bool) -> None:
    async with holding(RefuseLeg("NO_STOPS", retryable=retryable)) as protector:
        refused, _ = await protector.stop()
        assert (refused.status, refused.code, refused.retryable) == ("rejected", "NO_STOPS", retryable)
        assert (protector.venue.placed, protector.venue.requests[-1].fate) == ([], "refused")
        assert (await protector.stop())[0].status == "accepted"


async def test_attached_legs_are_refused_and_the_entry_is_taken() -> None:
    async with holding(RefuseLeg(on="place"), protection="attached") as protector:
        entry = await protector.account.execute_order(buy(stop_loss="90", take_profit="120"))
        assert (entry.status, [leg.status for leg in entry.legs]) == ("filled", ["rejected", "rejected"])
        assert protector.venue.protected(BTC) == 0


async def test_a_leg_is_accepted_and_is_not_there() -> None:
    async with holding(Vanish(), Vanish(drop=True)) as protector:
        for status in ("accepted", "unknown"):
            result, ref = await protector.stop()
            assert result.status == status
            assert await protector.account.fetch_order(ref) is None
            assert await protector.account.fetch_open_orders() == []
            assert protector.venue.protected(BTC) == 0


async def test_attached_legs_vanish_and_the_entry_stays() -> None:
    async with holding(Vanish(on="place"), protection="attached") as protector:
        entry = await protector.account.execute_order(buy(stop_loss="90"))
        assert [leg.status for leg in entry.legs] == ["accepted"]
        found = await protector.account.fetch_order(OrderRef(order_id=entry.order_id))
        assert found is not None
        assert (found.status, found.legs, protector.venue.protected(BTC)) == ("filled", (), 0)


@pytest.mark.parametrize("fault", [AcceptThenDrop(on="protect"), AcceptThenHang(on="protect")])
async def test_a_leg_is_placed_and_its_answer_lost(fault: Fault) -> None:
    async with holding(fault) as protector:
        result, ref = await protector.stop(seconds=SHORT if fault == AcceptThenHang(on="protect") else 10)
        assert result.status == "unknown"
        found = await protector.account.fetch_order(ref)
        assert found is not None
        assert (found.status, protector.venue.protected(BTC)) == ("accepted", 1)


async def test_a_leg_is_lost_or_refused_by_the_faults_of_orders() -> None:
    async with holding(Lost(on="protect"), Refuse(on="protect", code="BUSY", retryable=True)) as protector:
        assert (await protector.stop())[0].status == "unknown"
        assert (await protector.stop())[0].retryable
        assert protector.venue.placed == []


async def test_a_leg_appears_after_it_was_looked_for() -> None:
    async with holding(LateAppearance(on="protect", after_looks=1), EmptyLookUps(on="protect", looks=1)) as protector:
        for _ in range(2):
            result, ref = await protector.stop()
            assert result.status == "unknown"
            assert await protector.account.fetch_order(ref) is None
            assert await protector.account.fetch_order(ref) is not None


async def test_a_leg_that_appears_late_is_refused_when_there_is_nothing_left_to_close() -> None:
    async with holding(LateAppearance(on="protect")) as protector:
        await protector.stop()
        protector.venue.adjust_position(BTC, -1)
        protector.venue.happen()
        assert protector.venue.placed == []


async def test_a_linked_pair_is_hidden_as_a_whole() -> None:
    async with holding(EmptyLookUps(on="protect", looks=2), protection="oco") as protector:
        await protector.stop(target_price=120)
        assert await protector.account.fetch_open_orders() == []
        assert await protector.account.fetch_open_orders() == []
        assert len(await protector.account.fetch_open_orders()) == 2


async def test_a_slow_leg_is_placed_at_once_and_answered_late() -> None:
    async with holding(Slow(SHORT, on="protect")) as protector:
        sending = asyncio.ensure_future(protector.stop())
        await protector.venue.arrived("protect")
        assert (protector.venue.protected(BTC), sending.done()) == (1, False)
        assert (await sending)[0].status == "accepted"


async def test_an_update_of_a_leg_comes_twice() -> None:
    async with holding(TradeTwice(on="protect"), AnswerTwice(on="protect")) as protector:
        await protector.stop()
        await until(lambda: len(protector.heard) == 2)
        await protector.stop()
        await until(lambda: len(protector.heard) == 3)
        protector.venue.trigger(BTC, 89)
        await until(lambda: len(protector.heard) == 6)
        first, again, _ = protector.heard[3:]
        assert first == again
        assert [fill.trade_id for fill in first.result.fills] == ["T1"]


async def test_a_leg_that_rests_is_filled_by_hand_only() -> None:
    async with holding(Rest(on="protect")) as protector:
        result, _ = await protector.stop()
        protector.venue.trigger(BTC, 80)
        assert protector.venue.position(BTC) == 1
        protector.venue.fill(result.order_id or "")
        assert protector.venue.position(BTC) == 0


@pytest.mark.parametrize(("protection", "on"), [("oco", "protect"), ("attached", "place")])
async def test_a_loose_link_lets_the_other_leg_fill_as_well(protection: str, on: Any) -> None:
    fault = LooseLink() if on == "protect" else LooseLink(on="place")
    async with holding(fault, protection=protection, reduce_only=False) as protector:
        if on == "protect":
            await protector.stop(target_price=120)
        else:
            await protector.account.execute_order(buy(stop_loss="90", take_profit="120"))
        before = protector.venue.position(BTC)
        protector.venue.trigger(BTC, 89)
        protector.venue.trigger(BTC, 121)
        assert protector.venue.position(BTC) == before - 2


@pytest.mark.parametrize(("protection", "on"), [("oco", "protect"), ("attached", "place")])
async def test_a_loose_link_takes_effect_when_it_is_called_for_and_is_published(protection: str, on: Any) -> None:
    async with holding(LooseLink(on=on), protection=protection) as protector:
        if on == "protect":
            await protector.stop(target_price=120)
        else:
            protector.venue.adjust_position(BTC, -1)
            await protector.account.execute_order(buy(stop_loss="90", take_profit="120"))
        protector.venue.trigger(BTC, 89)
        await until(lambda: len(protector.heard) == 1)
        assert protector.heard[-1].result.legs[-1].status == "accepted"
        protector.venue.happen()
        await until(lambda: len(protector.heard) == 2)
        assert protector.heard[-1].result.legs[-1].status == "canceled"
        assert protector.venue.position(BTC) == 0


async def test_a_cancel_is_confirmed_late() -> None:
    async with holding(LateCancel(after_looks=1), LateCancel()) as protector:
        for number, happen in ((1, False), (2, True)):
            stop, ref = await protector.stop()
            answer = await protector.account.cancel_order(ref)
            assert (answer.status, protector.venue.requests[-1].fate) == ("accepted", "later")
            found = await protector.account.fetch_order(ref)
            assert found is not None
            assert found.status == "accepted"
            if happen:
                protector.venue.happen()
            else:
                await protector.account.fetch_order(ref)
            await until(lambda wanted=number: len(protector.heard) == wanted)
            assert (protector.heard[-1].ref.order_id, protector.heard[-1].result.status) == (stop.order_id, "canceled")


async def test_the_order_may_fill_before_its_late_cancel_and_then_stays_filled() -> None:
    async with holding(LateCancel()) as protector:
        _, ref = await protector.stop()
        await protector.account.cancel_order(ref)
        protector.venue.trigger(BTC, 89)
        protector.venue.happen()
        await until(lambda: protector.heard)
        assert [update.result.status for update in protector.heard] == ["filled"]


async def test_the_cancel_of_a_sibling_comes_after_its_fill() -> None:
    async with holding(CancelMeetsFill("filled"), reduce_only=False) as protector:
        first, second = (await protector.stop())[1], (await protector.stop())[1]
        protector.venue.fill((await protector.account.fetch_order(first)).order_id)  # type: ignore[union-attr,arg-type]
        assert (await protector.account.cancel_order(second)).status == "filled"
        assert protector.venue.position(BTC) == -1


async def test_a_cancel_that_meets_a_leg_with_nothing_to_close_finds_it_canceled() -> None:
    async with holding(CancelMeetsFill()) as protector:
        _, ref = await protector.stop()
        protector.venue.adjust_position(BTC, -1)
        assert (await protector.account.cancel_order(ref)).status == "canceled"


async def test_legs_that_vanish_do_not_come_back_when_the_entry_fills_on() -> None:
    async with holding(Vanish(on="place", rest=True), protection="attached") as protector:
        entry = await protector.account.execute_order(buy("2", stop_loss="90"))
        protector.venue.fill(entry.order_id or "", 1)
        assert (protector.venue.legs(protector.venue.placed[0]), protector.venue.protected(BTC)) == ([], 0)
