# SPDX-License-Identifier: MIT
"""The simulated venue's protective orders, by what it declares: attached, oco, reduce_only_pair, stop_only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from fks_exec import (
    Account,
    ExecutionResult,
    Instrument,
    NotSupported,
    Order,
    OrderChange,
    OrderRef,
    OrderUpdate,
    Protection,
    Side,
)
from fks_exec.testing import CAPABILITIES, FaultyVenue, Rest, default_instrument
from fks_exec_simulators.stage import buy, sell, until

BTC = "BTC/USDT"
ENTRY = OrderRef(client_order_id="entry")


class Trader:
    """An account at a venue, with what it heard."""

    def __init__(self, account: Account, venue: FaultyVenue, heard: list[OrderUpdate]) -> None:
        self.account = account
        self.venue = venue
        self.heard = heard

    async def enter(self, quantity: str = "1", **more: Any) -> ExecutionResult:
        """A buy with the client's id ``entry``."""
        return await self.account.execute_order(buy(quantity, client_order_id="entry", **more))

    async def protect(self, role: Any, price: str, quantity: str = "1", **more: Any) -> ExecutionResult:
        """A protective order that sells."""
        protection = Protection(
            role=role, symbol=BTC, side=Side.SELL, quantity=quantity, trigger_price=price, entry=ENTRY, **more
        )
        return await self.account.protect_position(protection)

    async def stop(self, price: str = "90", quantity: str = "1", **more: Any) -> ExecutionResult:
        return await self.protect("stop_loss", price, quantity, **more)

    async def target(self, price: str = "120", quantity: str = "1", **more: Any) -> ExecutionResult:
        return await self.protect("take_profit", price, quantity, **more)

    async def amend(self, name: str | None, **change: Any) -> ExecutionResult:
        return await self.account.amend_order(OrderRef(order_id=name), OrderChange(**change))

    async def cancel(self, name: str | None) -> ExecutionResult:
        return await self.account.cancel_order(OrderRef(order_id=name))

    async def look(self, name: str | None) -> str | None:
        found = await self.account.fetch_order(OrderRef(order_id=name))
        return None if found is None else found.status.value

    async def told(self, number: int) -> OrderUpdate:
        """The last update, when so many came."""
        await until(lambda: len(self.heard) >= number)
        assert len(self.heard) == number
        return self.heard[-1]

    @property
    def legs(self) -> list[tuple[str, Decimal, str]]:
        """Role, quantity and status of each leg of the entry."""
        return [(leg.role, leg.order.quantity, leg.status.value) for leg in self.venue.legs("entry")]


@asynccontextmanager
async def trading(protection: Any, *script: Any, **options: Any) -> AsyncIterator[Trader]:
    heard: list[OrderUpdate] = []
    venue = FaultyVenue(script, protection=protection, **options)
    async with Account("mine", venue, on_update=heard.append) as account:
        yield Trader(account, venue, heard)
        venue.release()


@pytest.mark.parametrize("blocking", [False, True])
@pytest.mark.parametrize("kind", ["attached", "oco", "reduce_only_pair", "stop_only"])
async def test_what_protects_is_declared_and_the_ability_with_it(kind: str, blocking: bool) -> None:
    async with trading(kind, blocking=blocking, amend=False) as trader:
        assert trader.account.capabilities.protection == {kind}
        assert ("protect_position" in trader.account.capabilities.abilities) is (kind != "attached")
        with pytest.raises(NotSupported):
            await trader.amend("V1", quantity=1)


async def test_without_protection_nothing_of_it_is_there() -> None:
    async with trading(None) as trader:
        assert trader.account.capabilities == CAPABILITIES
        with pytest.raises(NotSupported):
            await trader.stop()


async def test_capabilities_may_say_it_as_well() -> None:
    async with trading(None, capabilities=evolve(CAPABILITIES, protection=["oco", "attached"])) as trader:
        assert "protect_position" in trader.account.capabilities.abilities


@pytest.mark.parametrize("blocking", [False, True])
async def test_attached_legs_appear_as_far_as_the_entry_fills(blocking: bool) -> None:
    async with trading("attached", Rest(), blocking=blocking) as trader:
        entry = await trader.enter("2", stop_loss="90", take_profit="120")
        assert (entry.legs, trader.legs, trader.venue.count(), trader.venue.protected(BTC)) == ((), [], 1, 0)
        trader.venue.fill(entry.order_id or "", "0.5")
        trader.venue.fill(entry.order_id or "", "1")
        update = await trader.told(2)
        assert [(leg.role, leg.trigger_price, leg.quantity) for leg in update.result.legs] == [
            ("stop_loss", 90, Decimal("1.5")),
            ("take_profit", 120, Decimal("1.5")),
        ]
        assert (trader.venue.protected(BTC), len({leg.order_id for leg in update.result.legs})) == (Decimal("1.5"), 2)
        listed = [update.ref.order_id for update in await trader.account.fetch_open_orders()]
        assert listed == [entry.order_id, *(leg.order_id for leg in update.result.legs)]


async def test_an_entry_that_ends_without_a_fill_has_no_legs_and_one_with_some_keeps_them() -> None:
    async with trading("attached", Rest(), Rest()) as trader:
        unfilled, partly = await trader.enter(stop_loss="90"), await trader.enter(stop_loss="90")
        assert (await trader.cancel(unfilled.order_id)).legs == ()
        trader.venue.fill(partly.order_id or "", "0.4")
        canceled = await trader.cancel(partly.order_id)
        assert (canceled.status, [leg.status for leg in canceled.legs]) == ("canceled", ["accepted"])
        assert trader.venue.protected(BTC) == Decimal("0.4")


@pytest.mark.parametrize(("price", "hit", "other"), [("89", "stop_loss", "take_profit"), ("121", "take_profit", "stop_loss")])
async def test_an_attached_leg_that_fills_cancels_the_other_and_is_told_under_the_entrys_names(
    price: str, hit: str, other: str
) -> None:
    async with trading("attached") as trader:
        entry = await trader.enter(stop_loss="90", take_profit="120")
        trader.venue.trigger(BTC, price)
        update = await trader.told(1)
        assert (update.ref.order_id, update.ref.client_order_id, update.leg) == (entry.order_id, "entry", hit)
        assert {leg.role: leg.status for leg in update.result.legs} == {hit: "filled", other: "canceled"}
        assert (update.result.status, update.result.filled_quantity, update.result.average_price) == ("filled", 1, 100)
        own, leg = update.result.fills
        assert (own.leg, leg.leg, leg.side, leg.price) == ("", hit, "sell", Decimal(price))
        assert trader.venue.position(BTC) == 0


async def test_attached_legs_shrink_with_each_other_and_follow_the_position_down() -> None:
    async with trading("attached") as trader:
        await trader.enter("2", stop_loss="90", take_profit="120")
        trader.venue.fill(trader.venue.legs("entry")[1], "0.5")
        assert trader.legs == [("stop_loss", Decimal("1.5"), "accepted"), ("take_profit", 2, "partially_filled")]
        await trader.account.execute_order(sell("1", reduce_only=True))
        assert trader.venue.protected(BTC) == trader.venue.position(BTC) == Decimal("0.5")
        trader.venue.adjust_position(BTC, "-0.5")
        assert [status for *_, status in trader.legs] == ["canceled", "canceled"]
        assert (await trader.told(5)).leg == "take_profit"


async def test_of_two_entries_the_newest_legs_give_way_first() -> None:
    async with trading("attached") as trader:
        await trader.enter("1", stop_loss="90")
        await trader.account.execute_order(buy("1", client_order_id="later", stop_loss="95"))
        trader.venue.adjust_position(BTC, "-0.5")
        assert [leg.remaining for name in ("entry", "later") for leg in trader.venue.legs(name)] == [1, Decimal("0.5")]


async def test_attached_legs_are_moved_by_a_change_of_the_entry_or_by_their_own_name() -> None:
    async with trading("attached") as trader:
        entry = await trader.enter(stop_loss="90", take_profit="120")
        moved = await trader.amend(entry.order_id, stop_loss="95", take_profit="130")
        assert [leg.trigger_price for leg in moved.legs] == [95, 130]
        beyond = await trader.amend(entry.order_id, stop_loss="101")
        assert (beyond.code, [leg.trigger_price for leg in trader.venue.legs("entry")]) == ("STOP_TRIGGERED", [95, 130])
        stop, target = (leg.order_id for leg in moved.legs)
        assert (await trader.amend(stop, stop_price="96")).status == "accepted"
        assert (await trader.told(1)).result.legs[0].trigger_price == 96
        assert (await trader.cancel(stop)).status == "canceled"
        assert (await trader.told(2)).leg == "stop_loss"
        assert (await trader.look(stop), await trader.look(target)) == ("canceled", "accepted")
        assert (await trader.amend(entry.order_id, stop_loss="97")).code == "NOT_OPEN"


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (buy(stop_loss="100"), "STOP_TRIGGERED"),
        (buy(take_profit="100"), "TARGET_TRIGGERED"),
        (sell(stop_loss="99"), "STOP_TRIGGERED"),
        (buy(order_type="limit", price="80", stop_loss="85"), "STOP_TRIGGERED"),
    ],
)
async def test_an_entry_whose_legs_would_trigger_at_once_is_refused(order: Order, code: str) -> None:
    async with trading("attached") as trader:
        assert (await trader.account.execute_order(order)).code == code
        assert trader.venue.placed == []


async def test_what_an_order_carries_is_left_alone_where_nothing_can_be_attached() -> None:
    async with trading("reduce_only_pair") as trader:
        entry = await trader.enter(stop_loss="100")
        assert (entry.status, entry.legs, trader.venue.legs("entry")) == ("filled", (), [])


@pytest.mark.parametrize("blocking", [False, True])
async def test_an_oco_is_placed_in_one_call_and_answered_as_the_stop_with_its_target(blocking: bool) -> None:
    async with trading("oco", blocking=blocking) as trader:
        await trader.enter()
        stop = await trader.stop(target_price="120")
        [leg] = stop.legs
        assert (stop.status, leg.role, leg.status, leg.trigger_price, leg.quantity) == (
            "accepted",
            "take_profit",
            "accepted",
            120,
            1,
        )
        assert (trader.venue.count("protect"), len(trader.legs), trader.venue.protected(BTC)) == (1, 2, 1)
        trader.venue.trigger(BTC, "121")
        update = await trader.told(1)
        assert (update.ref.order_id, update.leg, update.result.status) == (stop.order_id, "take_profit", "canceled")
        [fill] = update.result.fills
        assert (fill.leg, fill.side, fill.quantity, update.result.filled_quantity) == ("take_profit", "sell", 1, 0)
        assert await trader.look(leg.order_id) == "filled"


async def test_when_the_stop_of_an_oco_fills_its_target_is_canceled() -> None:
    async with trading("oco") as trader:
        await trader.enter()
        await trader.stop(target_price="120")
        trader.venue.trigger(BTC, "80")
        update = await trader.told(1)
        assert (update.leg, update.result.status, update.result.legs[0].status) == ("", "filled", "canceled")


@pytest.mark.parametrize("which", [0, 1])
async def test_the_cancel_of_either_order_of_an_oco_ends_both(which: int) -> None:
    async with trading("oco") as trader:
        await trader.enter()
        stop = await trader.stop(target_price="120")
        await trader.cancel([stop.order_id, stop.legs[0].order_id][which])
        assert [status for *_, status in trader.legs] == ["canceled", "canceled"]
        assert len(trader.heard) <= which


async def test_an_oco_is_moved_and_resized_as_one() -> None:
    async with trading("oco") as trader:
        await trader.enter("2")
        stop = await trader.stop(target_price="120")
        moved = await trader.amend(stop.order_id, stop_price="95", take_profit="110", quantity="2")
        assert (trader.venue.placed[1].trigger_price, moved.legs[0].trigger_price, moved.legs[0].quantity) == (95, 110, 2)
        assert (await trader.amend(stop.order_id, take_profit="99")).code == "TARGET_TRIGGERED"


@pytest.mark.parametrize("blocking", [False, True])
async def test_a_pair_is_not_linked_and_the_sibling_rests_after_the_position_has_gone(blocking: bool) -> None:
    async with trading("reduce_only_pair", blocking=blocking) as trader:
        await trader.enter()
        stop, target = await trader.stop(), await trader.target()
        assert (trader.venue.count("protect"), trader.venue.protected(BTC)) == (2, 1)
        trader.venue.trigger(BTC, "90")
        update = await trader.told(1)
        assert (update.ref.order_id, update.result.status, update.result.average_price) == (stop.order_id, "filled", 90)
        assert (await trader.look(target.order_id), trader.venue.position(BTC)) == ("accepted", 0)
        trader.venue.trigger(BTC, "125")
        assert (await trader.told(2)).result.status == "canceled"
        assert trader.venue.position(BTC) == 0


async def test_protective_orders_are_orders_that_are_found_listed_changed_and_canceled() -> None:
    async with trading("reduce_only_pair") as trader:
        await trader.enter("2")
        submission = trader.account.submission("STOP1")
        protection = Protection(role="stop_loss", symbol=BTC, side=Side.SELL, quantity=1, trigger_price=90)
        stop = await trader.account.protect_position(protection, submission)
        found = await trader.account.fetch_order(OrderRef(venue_client_order_id="STOP1"))
        assert found is not None
        assert (found.order_id, found.status) == (stop.order_id, "accepted")
        [listed] = await trader.account.fetch_open_orders()
        assert listed.ref.venue_client_order_id == "STOP1"
        await trader.amend(stop.order_id, stop_price="95", quantity="2")
        assert (trader.venue.placed[1].trigger_price, trader.venue.protected(BTC)) == (95, 2)
        assert (await trader.cancel(stop.order_id)).status == "canceled"
        assert trader.venue.protected(BTC) == 0


async def test_a_request_to_protect_is_recorded_with_its_role_and_its_entry() -> None:
    async with trading("reduce_only_pair") as trader:
        await trader.enter()
        stop = await trader.stop(quantity="0.5")
        request = trader.venue.requests[-1]
        assert (request.kind, request.role, request.entry, request.fate) == ("protect", "stop_loss", "entry", "placed")
        assert (request.order_id, request.quantity, request.side, request.symbol) == (
            stop.order_id,
            Decimal("0.5"),
            "sell",
            BTC,
        )


def coarse(symbol: str) -> Instrument:
    """Ticks of 0.5."""
    return evolve(default_instrument(symbol), price_tick=Decimal("0.5"))


@pytest.mark.parametrize(
    ("price", "quantity", "code"),
    [
        ("100", "1", "STOP_TRIGGERED"),
        ("90", "0.0005", "MIN_QUANTITY"),
        ("90", "0.0015", "QUANTITY"),
        ("90.2", "1", "TICK"),
    ],
)
async def test_a_stop_against_the_venues_rules_is_refused(price: str, quantity: str, code: str) -> None:
    async with trading("reduce_only_pair", instrument=coarse) as trader:
        await trader.enter()
        assert (await trader.stop(price, quantity)).code == code
        assert trader.venue.legs("entry") == []


async def test_a_leg_without_a_position_is_refused() -> None:
    async with trading("reduce_only_pair") as trader:
        assert (await trader.stop()).code == "REDUCE_ONLY"


async def test_a_stop_that_is_moved_beyond_the_market_is_refused_and_stays() -> None:
    async with trading("reduce_only_pair") as trader:
        await trader.enter()
        stop = await trader.stop()
        assert (await trader.amend(stop.order_id, stop_price="100")).code == "STOP_TRIGGERED"
        assert trader.venue.placed[1].trigger_price == 90


async def test_a_stop_with_a_limit_triggers_first_and_fills_at_its_price_or_better() -> None:
    async with trading("reduce_only_pair") as trader:
        await trader.enter()
        stop = await trader.stop(limit_price="89")
        trader.venue.trigger(BTC, "85")
        assert await trader.look(stop.order_id) == "accepted"
        trader.venue.trigger(BTC, "91")
        assert (await trader.told(1)).result.average_price == 91


@pytest.mark.parametrize(
    ("kind", "role", "more"),
    [
        ("stop_only", "take_profit", {}),
        ("reduce_only_pair", "stop_loss", {"target_price": "120"}),
        ("reduce_only_pair", "take_profit", {"limit_price": "119"}),
    ],
)
async def test_what_the_venue_does_not_serve_is_refused(kind: str, role: str, more: dict[str, str]) -> None:
    async with trading(kind) as trader:
        await trader.enter()
        price = "90" if role == "stop_loss" else "120"
        assert (await trader.protect(role, price, **more)).code == "UNSUPPORTED"


async def test_protected_counts_stops_that_close_and_never_more_than_there_is() -> None:
    async with trading("reduce_only_pair") as trader:
        await trader.enter("2")
        await trader.stop(quantity="2")
        await trader.stop(quantity="1")
        await trader.target(quantity="2")
        assert (trader.venue.protected(BTC), trader.venue.protected("ETH/USDT")) == (2, 0)
        trader.venue.adjust_position(BTC, "-4")
        assert trader.venue.protected(BTC) == 0


async def test_an_oco_that_is_partly_filled_is_moved_without_growing() -> None:
    async with trading("oco") as trader:
        await trader.enter()
        stop = await trader.stop(target_price="120")
        target = stop.legs[0].order_id
        trader.venue.fill(target or "", "0.4")
        await trader.amend(target, price="130")
        assert [leg.remaining for leg in trader.venue.legs("entry")] == [Decimal("0.6")] * 2
        await trader.amend(target, quantity="0.5")
        assert [leg.remaining for leg in trader.venue.legs("entry")] == [Decimal("0.1")] * 2


async def test_a_change_that_is_refused_changes_nothing_of_it() -> None:
    async with trading("attached") as trader:
        entry = await trader.enter(stop_loss="90", take_profit="120")
        assert (await trader.amend(entry.order_id, stop_loss="95", take_profit="99")).code == "TARGET_TRIGGERED"
        assert [leg.trigger_price for leg in trader.venue.legs("entry")] == [90, 120]
        assert trader.venue.placed[0].order.stop_loss == 90


async def test_a_gap_over_the_stop_while_the_entry_rests_closes_what_fills_at_once() -> None:
    async with trading("attached", Rest()) as trader:
        entry = await trader.enter(stop_loss="90", take_profit="120")
        trader.venue.trigger(BTC, "80")
        trader.venue.fill(entry.order_id or "")
        assert [status for *_, status in trader.legs] == ["filled", "canceled"]
        assert trader.venue.position(BTC) == 0


async def test_an_entry_that_fills_on_after_its_stop_has_fired_gets_a_new_one() -> None:
    async with trading("attached", Rest()) as trader:
        entry = await trader.enter("2", stop_loss="90")
        trader.venue.fill(entry.order_id or "", "1")
        trader.venue.trigger(BTC, "89")
        trader.venue.trigger(BTC, "95")
        trader.venue.fill(entry.order_id or "", "1")
        assert trader.legs == [("stop_loss", 1, "filled"), ("stop_loss", 1, "accepted")]
        assert trader.venue.protected(BTC) == trader.venue.position(BTC) == 1


async def test_the_prices_of_an_entry_that_rests_are_changed_before_its_legs_appear() -> None:
    async with trading("attached", Rest()) as trader:
        entry = await trader.enter(stop_loss="90")
        await trader.amend(entry.order_id, stop_loss="95", take_profit="130")
        trader.venue.fill(entry.order_id or "")
        assert [leg.trigger_price for leg in trader.venue.legs("entry")] == [95, 130]


async def test_an_attached_leg_cannot_be_made_larger_than_the_position() -> None:
    async with trading("attached") as trader:
        entry = await trader.enter(stop_loss="90")
        grown = await trader.amend(entry.legs[0].order_id, quantity="3")
        assert (grown.status, trader.legs) == ("accepted", [("stop_loss", 1, "accepted")])
