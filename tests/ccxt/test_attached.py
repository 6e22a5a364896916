# SPDX-License-Identifier: MIT
"""Stops and targets that the simulated Bybit keeps with their entry: read back and tied to it, moved, filled, gone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from fks_exec import OrderChange, Side, Status, VenueError, VenueRejected
from fks_exec_ccxt.reading.attached import asked_of
from fks_exec_ccxt.reading.results import Told


async def enter(seat: Any, **more: Any) -> Any:
    """The answer to an entry with a stop and a target."""
    order = seat.order(**{"stop_loss": "66000", "take_profit": "69000", **more})
    return await seat.plugin.execute_order(order, seat.submission())


def told_of(result: Any) -> list[tuple[str, Status, Decimal]]:
    return [(leg.role, leg.status, leg.quantity) for leg in result.legs]


async def test_the_answer_to_an_entry_that_fills_tells_both_legs(bybit: Any) -> None:
    """From the exchange's own book, not from what was asked for."""
    told = await enter(bybit)
    amount = Decimal("0.01")
    assert told.status is Status.FILLED
    assert told_of(told) == [("stop_loss", Status.ACCEPTED, amount), ("take_profit", Status.ACCEPTED, amount)]
    assert [leg.trigger_price for leg in told.legs] == [66000, 69000]
    standing = {each.order_id for each in await bybit.counterpart.placed() if each.role}
    assert {leg.order_id for leg in told.legs} == standing


async def test_a_stop_alone_is_one_leg(bybit: Any) -> None:
    assert told_of(await enter(bybit, take_profit=None)) == [("stop_loss", Status.ACCEPTED, Decimal("0.01"))]


async def test_the_legs_of_two_entries_do_not_mix(bybit: Any) -> None:
    """One position, two entries: each tells its own."""
    first, second = await enter(bybit), await enter(bybit, quantity="0.02", stop_loss="65000", take_profit="70000")
    for told, price, amount in ((first, 66000, "0.01"), (second, 65000, "0.02")):
        found = await bybit.plugin.fetch_order(bybit.ref(told.order_id))
        assert (found.legs[0].trigger_price, found.legs[0].quantity) == (price, Decimal(amount))


async def test_an_entry_that_rests_has_no_legs_yet(bybit: Any) -> None:
    told = await enter(bybit, order_type="limit", price="67000")
    assert (told.status, told.legs) == (Status.ACCEPTED, ())


async def test_legs_grow_with_what_the_entry_fills(bybit: Any) -> None:
    told = await enter(bybit, order_type="limit", price="67000", quantity="0.02")
    for filled in ("0.01", "0.02"):
        await bybit.counterpart.fill(told.order_id, "0.01")
        found = await bybit.plugin.fetch_order(bybit.ref(told.order_id))
        stops = [leg.quantity for leg in found.legs if leg.role == "stop_loss" and leg.status is Status.ACCEPTED]
        assert sum(stops) == Decimal(filled)


async def test_a_leg_that_fires_tells_its_fills_and_the_other_goes(bybit: Any) -> None:
    told = await enter(bybit)
    await bybit.move("65900")
    found = await bybit.plugin.fetch_order(bybit.ref(told.order_id))
    amount = Decimal("0.01")
    assert told_of(found) == [("stop_loss", Status.FILLED, amount), ("take_profit", Status.CANCELED, amount)]
    assert [(fill.side, fill.quantity) for fill in found.fills if fill.leg == "stop_loss"] == [(Side.SELL, amount)]
    assert found.filled_quantity == amount
    assert await bybit.plugin.fetch_positions() == []


@pytest.mark.parametrize(("field", "role"), [("stop_loss", "stop_loss"), ("take_profit", "take_profit")])
async def test_a_leg_is_moved_through_its_entry(bybit: Any, field: str, role: str) -> None:
    told = await enter(bybit)
    price = "66500" if role == "stop_loss" else "70000"
    answer = await bybit.plugin.amend_order(bybit.ref(told.order_id), OrderChange(**{field: price}), bybit.submission())
    assert [leg.trigger_price for leg in answer.legs if leg.role == role] == [Decimal(price)]
    assert [leg.order_id for leg in answer.legs] == [leg.order_id for leg in told.legs]
    assert answer.success


async def test_a_leg_is_made_smaller_by_its_own_name_and_the_other_with_it(bybit: Any) -> None:
    """After a part of the position was closed that is more than the legs' own: Bybit cuts them to the position, no further."""
    await bybit.plugin.execute_order(bybit.order(quantity="0.006"), bybit.submission())
    told = await enter(bybit)
    await bybit.plugin.execute_order(bybit.order("sell", quantity="0.006"), bybit.submission())
    stop = next(leg for leg in told.legs if leg.role == "stop_loss")
    found = await bybit.plugin.fetch_order(bybit.ref(told.order_id))
    assert {leg.quantity for leg in found.legs} == {Decimal("0.01")}
    change = OrderChange(quantity="0.004")
    assert (await bybit.plugin.amend_order(bybit.ref(stop.order_id), change, bybit.submission())).success
    found = await bybit.plugin.fetch_order(bybit.ref(told.order_id))
    assert told_of(found) == [(role, Status.ACCEPTED, Decimal("0.004")) for role in ("stop_loss", "take_profit")]
    await bybit.move("65900")
    [position] = await bybit.plugin.fetch_positions()
    assert position.quantity == Decimal("0.006")


async def test_the_legs_of_an_entry_that_rests_are_made_smaller_too(bybit: Any) -> None:
    """What it fills later comes on top."""
    await bybit.plugin.execute_order(bybit.order(quantity="0.006"), bybit.submission())
    told = await enter(bybit, order_type="limit", price="67000", quantity="0.02")
    await bybit.counterpart.fill(told.order_id, "0.01")
    found = await bybit.plugin.fetch_order(bybit.ref(told.order_id))
    stop = next(leg for leg in found.legs if leg.role == "stop_loss")
    change = OrderChange(quantity="0.004")
    assert (await bybit.plugin.amend_order(bybit.ref(stop.order_id), change, bybit.submission())).success
    await bybit.counterpart.fill(told.order_id, "0.01")
    found = await bybit.plugin.fetch_order(bybit.ref(told.order_id))
    stops = [leg.quantity for leg in found.legs if leg.role == "stop_loss" and leg.status is Status.ACCEPTED]
    assert sum(stops) == Decimal("0.014")


async def test_the_prices_of_an_entry_that_rests_are_moved_on_it(bybit: Any) -> None:
    """The legs that come to be have them."""
    told = await enter(bybit, order_type="limit", price="67000")
    change = OrderChange(stop_loss="65000")
    assert (await bybit.plugin.amend_order(bybit.ref(told.order_id), change, bybit.submission())).status is Status.ACCEPTED
    await bybit.counterpart.fill(told.order_id)
    found = await bybit.plugin.fetch_order(bybit.ref(told.order_id))
    assert [leg.trigger_price for leg in found.legs if leg.role == "stop_loss"] == [65000]


async def test_a_stop_is_not_moved_by_halves(bybit: Any) -> None:
    """A part has filled and has its legs, and Bybit does not change what the rest will have: nothing is changed."""
    told = await enter(bybit, order_type="limit", price="67000", quantity="0.02")
    await bybit.counterpart.fill(told.order_id, "0.01")
    with pytest.raises(VenueRejected) as refused:
        await bybit.plugin.amend_order(bybit.ref(told.order_id), OrderChange(stop_loss="65000"), bybit.submission())
    assert refused.value.code == "PARTLY_FILLED"
    found = await bybit.plugin.fetch_order(bybit.ref(told.order_id))
    assert {leg.trigger_price for leg in found.legs if leg.role == "stop_loss"} == {Decimal(66000)}
    assert await bybit.hits("POST /v5/order/amend") == 0


async def test_legs_that_cannot_be_read_fail_the_look_up(bybit: Any) -> None:
    """Told without them, the entry would stand there unprotected; nothing is known."""
    told = await enter(bybit)
    await bybit.counterpart.fault("error", "look_up", after=1)
    with pytest.raises(VenueError):
        await bybit.plugin.fetch_order(bybit.ref(told.order_id))


async def test_legs_are_among_the_open_orders_with_their_roles(bybit: Any) -> None:
    told = await enter(bybit)
    listed = {update.ref.order_id: update.leg for update in await bybit.plugin.fetch_open_orders()}
    assert listed == {leg.order_id: leg.role for leg in told.legs}


def test_a_price_of_zero_is_no_leg() -> None:
    """Bybit tells "", "0" or "0.00" of what was not asked for."""
    for nothing in ("", "0", "0.00", None):
        assert asked_of(Told(order_id="1", info={"stopLoss": nothing, "takeProfit": nothing})) == frozenset()
    assert asked_of(Told(order_id="1", info={"stopLoss": "66000.00", "takeProfit": ""})) == {"stop_loss"}
