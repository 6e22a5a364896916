# SPDX-License-Identifier: MIT
"""Orders placed, cancelled and changed at the simulated exchanges: one request each, and the truth about what came of it."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest

from fks_exec import (
    NotSent,
    OrderChange,
    Status,
    VenueAuthError,
    VenueRateLimited,
    VenueRejected,
)
from fks_exec_ccxt.wire.outcomes import Unsettled

PLACE = {"binance": "POST /api/v3/order", "bybit": "POST /v5/order/create"}

EACH = pytest.mark.parametrize("name", ["binance", "bybit"])


@pytest.fixture
def seat(request: pytest.FixtureRequest, name: str) -> Any:
    """The account at one of the two."""
    return request.getfixturevalue(name)


@EACH
async def test_a_market_order_is_answered_with_its_trades_and_fees(seat: Any, name: str) -> None:
    """Bybit answers with an id alone: the rest is looked up before the answer."""
    told = await seat.plugin.execute_order(seat.order(), seat.submission())
    assert (told.status, told.filled_quantity) == (Status.FILLED, Decimal("0.01"))
    assert sum(fill.quantity for fill in told.fills) == Decimal("0.01")
    assert [(fee.currency, fee.amount > 0) for fee in told.fees] == [("BTC" if name == "binance" else "USDT", True)]
    assert await seat.hits(PLACE[name]) == 1


@EACH
async def test_a_resting_order_is_accepted_under_our_name(seat: Any, name: str) -> None:
    submission = seat.submission()
    told = await seat.plugin.execute_order(seat.order(order_type="limit", price="60000"), submission)
    placed = (await seat.counterpart.placed())[-1]
    assert told.status is Status.ACCEPTED
    assert (placed.order_id, placed.venue_client_order_id) == (told.order_id, submission.venue_client_order_id)


@EACH
@pytest.mark.parametrize(
    "word", ["drop", "garbage", "error", "truncated", "missing_id", "html_before", "unavailable", "reset_after"]
)
async def test_an_order_without_an_answer_is_unsettled_and_sent_once(seat: Any, name: str, word: str) -> None:
    await seat.counterpart.fault(word)
    with pytest.raises(Unsettled):
        await seat.plugin.execute_order(seat.order(), seat.submission())
    assert await seat.hits(PLACE[name]) == 1


@EACH
@pytest.mark.parametrize(
    ("word", "kind"),
    [("refuse", VenueRejected), ("credentials", VenueAuthError), ("rate_limit", VenueRateLimited), ("closed", VenueRejected)],
)
async def test_a_refusal_is_raised_and_nothing_stands(seat: Any, name: str, word: str, kind: type[Exception]) -> None:
    await seat.counterpart.fault(word)
    with pytest.raises(kind):
        await seat.plugin.execute_order(seat.order(), seat.submission())
    assert not await seat.counterpart.placed()


@EACH
async def test_an_exchange_that_is_away_was_sent_nothing(seat: Any, name: str) -> None:
    await seat.counterpart.away(True)
    with pytest.raises(NotSent):
        await seat.plugin.execute_order(seat.order(), seat.submission())
    await seat.counterpart.away(False)
    assert await seat.hits(PLACE[name]) == 0


@EACH
async def test_an_order_whose_name_the_exchange_has_already_is_ours(seat: Any, name: str) -> None:
    """The first one's answer was lost, and it was sent again all the same: it is looked up, and is one order."""
    submission, order = seat.submission(), seat.order(order_type="limit", price="60000")
    first = await seat.plugin.execute_order(order, submission)
    again = await seat.plugin.execute_order(order, submission)
    assert (again.order_id, again.status) == (first.order_id, Status.ACCEPTED)
    assert len(await seat.counterpart.placed()) == 1


@EACH
async def test_a_deadline_that_has_ended_sends_nothing(seat: Any, name: str) -> None:
    with pytest.raises(NotSent):
        await seat.plugin.execute_order(seat.order(), seat.submission(seconds=-1))
    assert await seat.hits(PLACE[name]) == 0


@EACH
async def test_a_look_up_after_the_order_that_fails_does_not_make_it_unknown(seat: Any, name: str) -> None:
    """The exchange took it; that is told."""
    await seat.counterpart.fault("error", "look_up", times=50)
    told = await seat.plugin.execute_order(seat.order(order_type="limit", price="60000"), seat.submission())
    assert told.status is Status.ACCEPTED
    assert told.order_id


@EACH
async def test_an_order_of_an_unknown_symbol_is_refused_here(seat: Any, name: str) -> None:
    seat.symbol = "NO/SUCH"
    with pytest.raises(VenueRejected):
        await seat.plugin.execute_order(seat.order(), seat.submission())
    assert await seat.hits(PLACE[name]) == 0


@EACH
@pytest.mark.parametrize("by", ["order_id", "name"])
async def test_an_order_is_cancelled_by_either_name(seat: Any, name: str, by: str) -> None:
    submission = seat.submission()
    told = await seat.plugin.execute_order(seat.order(order_type="limit", price="60000"), submission)
    ref = seat.ref(told.order_id) if by == "order_id" else seat.ref(name=submission.venue_client_order_id)
    answer = await seat.plugin.cancel_order(ref, seat.submission())
    assert (answer.status, answer.order_id) == (Status.CANCELED, told.order_id)
    assert not (await seat.counterpart.placed())[-1].open


@EACH
async def test_a_cancel_tells_what_had_filled_with_its_trades(seat: Any, name: str) -> None:
    told = await seat.plugin.execute_order(seat.order(quantity="0.02", order_type="limit", price="60000"), seat.submission())
    await seat.counterpart.fill(told.order_id, "0.01")
    answer = await seat.plugin.cancel_order(seat.ref(told.order_id), seat.submission())
    assert (answer.status, answer.filled_quantity) == (Status.CANCELED, Decimal("0.01"))
    assert [fill.quantity for fill in answer.fills] == [Decimal("0.01")]
    assert answer.average_price == 60000


@EACH
async def test_a_cancel_that_comes_too_late_is_answered_with_the_fill(seat: Any, name: str) -> None:
    told = await seat.plugin.execute_order(seat.order(), seat.submission())
    answer = await seat.plugin.cancel_order(seat.ref(told.order_id), seat.submission())
    assert (answer.status, answer.filled_quantity) == (Status.FILLED, Decimal("0.01"))


@EACH
async def test_a_cancel_of_nothing_is_refused(seat: Any, name: str) -> None:
    with pytest.raises(VenueRejected) as refused:
        await seat.plugin.cancel_order(seat.ref(name="nosuchorder"), seat.submission())
    assert refused.value.code == "UNKNOWN_ORDER"


@pytest.mark.parametrize("fault", [{"word": "refuse"}, {"word": "code", "code": "-2011"}])
async def test_a_cancel_that_is_refused_while_the_order_rests_is_no_end(binance: Any, fault: dict[str, str]) -> None:
    """Not now, or "there is none": what a look-up shows resting was not cancelled."""
    told = await binance.plugin.execute_order(binance.order(order_type="limit", price="60000"), binance.submission())
    await binance.counterpart.fault(on="cancel", **fault)
    with pytest.raises(VenueRejected):
        await binance.plugin.cancel_order(binance.ref(told.order_id), binance.submission())


@EACH
async def test_a_cancel_whose_state_cannot_be_looked_up_is_not_called_refused(seat: Any, name: str) -> None:
    """The exchange was asked, and a look-up that met a rate limit proves nothing about the cancel."""
    told = await seat.plugin.execute_order(seat.order(), seat.submission())
    await seat.counterpart.fault("rate_limit", "look_up", times=50)
    with pytest.raises(Unsettled):
        await seat.plugin.cancel_order(seat.ref(told.order_id), seat.submission())


async def test_a_change_is_of_the_same_order(bybit: Any) -> None:
    told = await bybit.plugin.execute_order(bybit.order(order_type="limit", price="60000"), bybit.submission())
    change = OrderChange(price="60100", quantity="0.02")
    answer = await bybit.plugin.amend_order(bybit.ref(told.order_id), change, bybit.submission())
    placed = await bybit.counterpart.placed()
    assert (answer.order_id, answer.status) == (told.order_id, Status.ACCEPTED)
    assert [(each.order_id, each.quantity) for each in placed] == [(told.order_id, Decimal("0.02"))]
    assert await bybit.hits(PLACE["bybit"]) == 1


@pytest.mark.parametrize("change", [{"price": "60000.05"}, {"quantity": "0.0125"}])
async def test_a_change_off_the_grid_is_refused_here(bybit: Any, change: dict[str, str]) -> None:
    """ccxt would round it in secret."""
    told = await bybit.plugin.execute_order(bybit.order(order_type="limit", price="60000"), bybit.submission())
    with pytest.raises(VenueRejected) as refused:
        await bybit.plugin.amend_order(bybit.ref(told.order_id), OrderChange(**change), bybit.submission())
    assert refused.value.code in ("PRICE_TICK", "LOT_SIZE")
    assert await bybit.hits("POST /v5/order/amend") == 0


async def test_what_has_ended_cannot_be_changed(bybit: Any) -> None:
    told = await bybit.plugin.execute_order(bybit.order(), bybit.submission())
    with pytest.raises(VenueRejected) as refused:
        await bybit.plugin.amend_order(bybit.ref(told.order_id), OrderChange(quantity="0.02"), bybit.submission())
    assert refused.value.code == "NOT_OPEN"


async def test_a_change_of_an_unknown_order_is_refused(bybit: Any) -> None:
    with pytest.raises(VenueRejected) as refused:
        await bybit.plugin.amend_order(bybit.ref(name="nosuchorder"), OrderChange(price="60000"), bybit.submission())
    assert refused.value.code == "UNKNOWN_ORDER"


async def test_a_stop_of_a_position_waits_at_its_price_and_is_moved_and_made_smaller(bybit: Any) -> None:
    await bybit.plugin.execute_order(bybit.order(), bybit.submission())
    leg = await bybit.plugin.protect_position(bybit.leg("stop_loss", "66000", "0.01"), bybit.submission())
    ref = bybit.ref(leg.order_id)
    for change in (OrderChange(stop_price="66500"), OrderChange(quantity="0.005")):
        assert (await bybit.plugin.amend_order(ref, change, bybit.submission())).status is Status.ACCEPTED
    await bybit.move("66400")
    told = await bybit.plugin.fetch_order(ref)
    assert (told.status, told.filled_quantity) == (Status.FILLED, Decimal("0.005"))
    positions = await bybit.plugin.fetch_positions()
    assert [position.quantity for position in positions] == [Decimal("0.005")]


async def test_a_target_of_a_position_is_moved_by_its_price(bybit: Any) -> None:
    await bybit.plugin.execute_order(bybit.order(), bybit.submission())
    leg = await bybit.plugin.protect_position(bybit.leg("take_profit", "69000", "0.01"), bybit.submission())
    answer = await bybit.plugin.amend_order(bybit.ref(leg.order_id), OrderChange(price="70000"), bybit.submission())
    assert answer.status is Status.ACCEPTED
    await bybit.move("69500")
    assert (await bybit.plugin.fetch_order(bybit.ref(leg.order_id))).status is Status.ACCEPTED
    await bybit.move("70100")
    assert (await bybit.plugin.fetch_order(bybit.ref(leg.order_id))).status is Status.FILLED


async def test_an_exit_that_reduces_only_opens_nothing(bybit: Any) -> None:
    order = bybit.order("sell", reduce_only=True)
    with pytest.raises(VenueRejected):
        await bybit.plugin.execute_order(order, bybit.submission())
    assert await bybit.plugin.fetch_positions() == []


async def test_a_change_whose_order_cannot_be_looked_up_first_was_not_sent(bybit: Any) -> None:
    told = await bybit.plugin.execute_order(bybit.order(order_type="limit", price="60000"), bybit.submission())
    await bybit.counterpart.fault("error", "look_up", times=50)
    with pytest.raises(NotSent, match="the order that is to be changed could not be looked up"):
        await bybit.plugin.amend_order(bybit.ref(told.order_id), OrderChange(price="60100"), bybit.submission())
    assert await bybit.hits("POST /v5/order/amend") == 0


@EACH
async def test_an_order_of_our_name_and_the_other_side_is_not_ours(seat: Any, name: str) -> None:
    submission = seat.submission()
    await seat.plugin.execute_order(seat.order("buy", order_type="limit", price="60000"), submission)
    with pytest.raises(Unsettled, match="of the other side"):
        await seat.plugin.execute_order(seat.order("sell", order_type="limit", price="90000"), submission)
    assert len(await seat.counterpart.placed()) == 1


async def test_a_sale_on_spot_goes_before_what_is_no_exit(binance: Any) -> None:
    """Nothing is sold there that is not held; the last tenth of the rate limit is kept for it."""
    await binance.plugin.execute_order(binance.order("buy", "0.02"), binance.submission())
    throttler = binance.plugin.connection.exchange.throttler
    spent = 0.95 * throttler.config["maxWeight"]
    throttler.timestamps.append({"timestamp": time.time() * 1000, "cost": spent})
    with pytest.raises(NotSent, match="before its turn at the exchange's rate limit"):
        await binance.plugin.execute_order(binance.order("buy"), binance.submission(seconds=0.5))
    sold = await binance.plugin.execute_order(binance.order("sell"), binance.submission(seconds=2))
    assert sold.order_id
    assert [placed.side for placed in await binance.counterpart.placed()] == ["buy", "sell"]
