# SPDX-License-Identifier: MIT
"""A stop and a target in one request at the simulated Binance: both told, found, filled, cancelled together."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from fks_exec import Protection, Side, Status, VenueRejected
from fks_exec_ccxt.reading.orderlists import derived, request
from fks_exec_ccxt.wire.outcomes import Unsettled

LIST = "POST /api/v3/orderList/oco"
MARKET = {"id": "BTCUSDT"}


@pytest.fixture
async def held(binance: Any) -> Any:
    """The account, that holds something."""
    await binance.plugin.execute_order(binance.order(), binance.submission())
    return binance


async def protect(seat: Any, **more: Any) -> tuple[Any, Any]:
    """The answer to a pair, and its submission."""
    submission = seat.submission()
    leg = seat.leg("stop_loss", "66000", target_price="69000", **more)
    return await seat.plugin.protect_position(leg, submission), submission


async def test_both_are_told_and_stand_under_our_names(held: Any) -> None:
    told, submission = await protect(held)
    stop, target = (await held.counterpart.placed())[-2:]
    assert (told.status, told.order_id) == (Status.ACCEPTED, stop.order_id)
    assert [(leg.role, leg.status, leg.order_id, leg.trigger_price) for leg in told.legs] == [
        ("take_profit", Status.ACCEPTED, target.order_id, Decimal(69000))
    ]
    assert (stop.venue_client_order_id, stop.role) == (submission.venue_client_order_id, "stop_loss")
    assert (target.venue_client_order_id, target.role) == (told.legs[0].venue_client_order_id, "take_profit")
    assert await held.hits(LIST) == 1


async def test_the_stop_is_found_by_its_name_with_its_target(held: Any) -> None:
    told, submission = await protect(held)
    found = await held.plugin.fetch_order(held.ref(name=submission.venue_client_order_id))
    assert (found.status, found.order_id, found.legs) == (told.status, told.order_id, told.legs)


async def test_the_target_is_found_by_its_id_with_its_stop(held: Any) -> None:
    told, _ = await protect(held)
    found = await held.plugin.fetch_order(held.ref(told.legs[0].order_id))
    assert [(leg.role, leg.order_id) for leg in found.legs] == [("stop_loss", told.order_id)]


async def test_a_target_that_fills_takes_its_stop_along(held: Any) -> None:
    """Binance calls the stop expired; its fill is no fill of the stop."""
    told, _ = await protect(held)
    await held.move("69100")
    found = await held.plugin.fetch_order(held.ref(told.order_id))
    assert (found.status, found.filled_quantity) == (Status.CANCELED, 0)
    assert [(leg.status, leg.filled_quantity) for leg in found.legs] == [(Status.FILLED, Decimal("0.009"))]
    assert [(fill.leg, fill.side, fill.quantity) for fill in found.fills] == [("take_profit", Side.SELL, Decimal("0.009"))]


async def test_a_stop_that_fires_takes_its_target_along(held: Any) -> None:
    told, _ = await protect(held)
    await held.move("65900")
    found = await held.plugin.fetch_order(held.ref(told.order_id))
    assert (found.status, found.filled_quantity) == (Status.FILLED, Decimal("0.009"))
    assert [leg.status for leg in found.legs] == [Status.CANCELED]
    assert {fill.leg for fill in found.fills} == {""}


async def test_cancelling_the_stop_cancels_both(held: Any) -> None:
    """Binance answers with the list, which is no order."""
    told, submission = await protect(held)
    answer = await held.plugin.cancel_order(held.ref(name=submission.venue_client_order_id), held.submission())
    assert (answer.status, answer.order_id) == (Status.CANCELED, told.order_id)
    assert [leg.status for leg in answer.legs] == [Status.CANCELED]
    assert not [each for each in await held.counterpart.placed() if each.open]


async def test_both_are_among_the_open_orders_with_their_roles(held: Any) -> None:
    told, _ = await protect(held)
    listed = {update.ref.order_id: update.leg for update in await held.plugin.fetch_open_orders()}
    assert listed == {told.order_id: "stop_loss", told.legs[0].order_id: "take_profit"}


async def test_the_stop_is_listed_with_its_target(held: Any) -> None:
    """Whoever lost the answer learns of both here, and each of two pairs has its own."""
    await held.plugin.execute_order(held.order(), held.submission())
    pairs = [(await protect(held))[0] for _ in range(2)]
    listed = {update.ref.order_id: update.result for update in await held.plugin.fetch_open_orders()}
    for told in pairs:
        assert listed[told.order_id].legs == told.legs
        assert listed[told.legs[0].order_id].legs == ()


@pytest.mark.parametrize("word", ["drop", "garbage", "missing_id", "error"])
async def test_a_pair_without_an_answer_is_unsettled_and_found(held: Any, word: str) -> None:
    submission = held.submission()
    await held.counterpart.fault(word, "protect")
    with pytest.raises(Unsettled):
        await held.plugin.protect_position(held.leg("stop_loss", "66000", target_price="69000"), submission)
    found = await held.plugin.fetch_order(held.ref(name=submission.venue_client_order_id))
    assert (found.status, len(found.legs)) == (Status.ACCEPTED, 1)
    assert await held.hits(LIST) == 1


async def test_a_pair_that_is_refused_leaves_nothing(held: Any) -> None:
    """The stop lies above the market already."""
    with pytest.raises(VenueRejected):
        await held.plugin.protect_position(held.leg("stop_loss", "68000", target_price="69000"), held.submission())
    assert not [each for each in await held.counterpart.placed() if each.open]


async def test_a_pair_off_the_grid_is_refused_here(held: Any) -> None:
    for leg in (
        held.leg("stop_loss", "66000.001", target_price="69000"),
        held.leg("stop_loss", "66000", target_price="69000.001"),
        held.leg("stop_loss", "66000", "0.0090000001", target_price="69000"),
    ):
        with pytest.raises(VenueRejected):
            await held.plugin.protect_position(leg, held.submission())
    assert await held.hits(LIST) == 0


async def test_a_stop_with_a_limit_rests_at_its_limit(held: Any) -> None:
    """Where the market leaps over both, it does not trade."""
    told, _ = await protect(held, limit_price="65950")
    await held.move("65000")
    assert (await held.plugin.fetch_order(held.ref(told.order_id))).filled_quantity == 0
    await held.move("65960")
    assert (await held.plugin.fetch_order(held.ref(told.order_id))).status is Status.FILLED


def test_the_stop_of_a_purchase_lies_above() -> None:
    leg = Protection(
        role="stop_loss", symbol="BTC/USDT", side=Side.BUY, quantity="0.01", trigger_price="69000", target_price="66000"
    )
    asked = request(leg, "abc", MARKET)
    assert (asked["aboveType"], asked["aboveStopPrice"]) == ("STOP_LOSS", "69000")
    assert (asked["belowType"], asked["belowPrice"]) == ("LIMIT_MAKER", "66000")


@pytest.mark.parametrize("length", [1, 32, 36])
def test_a_derived_id_fits_and_is_always_the_same(length: int) -> None:
    made = {derived("x" * length, part) for part in ("l", "t", "l", "t")}
    assert len(made) == 2
    assert all(len(name) <= 36 for name in made)
