# SPDX-License-Identifier: MIT
"""``close_position``: one position, closed in one call, and nothing beyond it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import fks_exec_paper
from fks_exec import Order, OrderRef, Position, VenueRejected
from fks_exec.account import Account

SPOT = "BTC/USDT"
PERP = "ETH/USDT:USDT"
Open = Callable[..., Awaitable[Any]]


async def code_of(call: Awaitable[Any]) -> str | None:
    """Why it was refused."""
    with pytest.raises(VenueRejected) as caught:
        await call
    return caught.value.code


@pytest.mark.parametrize(("side", "price"), [("buy", 9), ("sell", 10)])
async def test_a_position_is_closed_at_the_market(open_desk: Open, side: str, price: int) -> None:
    """A long is sold, a short is bought back; what protected it goes."""
    desk = await open_desk()
    stop = 5 if side == "buy" else 15
    entry = await desk.send(side, 3, PERP, stop_loss=stop)
    [position] = await desk.venue.fetch_positions()
    result = await desk.close(position.quantity)
    assert (result.status, result.filled_quantity, result.average_price) == ("filled", 3, price)
    assert await desk.venue.fetch_positions() == []
    [update] = desk.published
    assert (update.ref.order_id, update.result.legs[0].status) == (entry.order_id, "canceled")


async def test_at_most_what_was_told_of_a_position_is_closed(open_desk: Open) -> None:
    """It may have grown meanwhile, or shrunk: then it ends as a reduce-only order does."""
    desk = await open_desk()
    await desk.send("buy", 3, PERP)
    assert (await desk.close(2)).status == "filled"
    result = await desk.close(2)
    assert (result.status, result.code, result.filled_quantity) == ("canceled", "REDUCE_ONLY", 1)
    assert await code_of(desk.close(2)) == "REDUCE_ONLY"


async def test_no_position_is_opened_or_turned(open_desk: Open) -> None:
    """One of the other side is not this one, and one of nothing is none."""
    desk = await open_desk()
    await desk.send("sell", 3, PERP)
    assert await code_of(desk.close(3)) == "REDUCE_ONLY"
    assert await code_of(desk.close(0)) == "REDUCE_ONLY"
    assert await code_of(desk.close(1, "SOL/USDT")) == "UNKNOWN_SYMBOL"
    assert [position.quantity for position in await desk.venue.fetch_positions()] == [-3]


async def test_a_thin_market_closes_what_it_shows(open_desk: Open) -> None:
    """The caller learns how much."""
    desk = await open_desk()
    await desk.send("buy", 3, PERP)
    desk.venue.set_quote(PERP, bid=9, ask=10, bid_size=1)
    result = await desk.close(3)
    assert (result.status, result.code, result.filled_quantity) == ("canceled", "NO_LIQUIDITY", 1)


@pytest.mark.parametrize(("ticket", "told", "left"), [("long", 5, ("short", -3)), ("short", -3, ("long", 5))])
async def test_one_of_two_sides_is_closed_by_its_ticket(open_desk: Open, ticket: str, told: int, left: Any) -> None:
    """Another's is refused; without a ticket the sign says which."""
    for position_id in (ticket, None):
        desk = await open_desk(hedging=True)
        await desk.send("buy", 5, PERP)
        await desk.send("sell", 3, PERP)
        assert await code_of(desk.close(told, position_id={"long": "short", "short": "long"}[ticket])) == "UNKNOWN_POSITION"
        assert (await desk.close(told, position_id=position_id)).status == "filled"
        assert [(p.position_id, p.quantity) for p in await desk.venue.fetch_positions()] == [left]


async def test_without_hedging_a_ticket_names_nothing(open_desk: Open) -> None:
    """There is one position per instrument."""
    desk = await open_desk()
    await desk.send("buy", 5, PERP)
    assert await code_of(desk.close(5, position_id="long")) == "UNKNOWN_POSITION"


async def test_what_was_bought_on_spot_is_sold_in_whole_steps(open_desk: Open) -> None:
    """Less than a step stays; what a stop has set aside has to be freed first."""
    desk = await open_desk(fee_in="base", fee_percent="0.15", protection="oco")
    await desk.send("buy", 1)
    held = (await desk.venue.fetch_balance())[1].total
    stop = await desk.protect("stop_loss", "0.998", 90)
    assert await code_of(desk.close(held, SPOT)) == "REDUCE_ONLY"
    await desk.cancel(stop.order_id)
    result = await desk.close(held, SPOT)
    assert (held, result.status, result.filled_quantity) == (Decimal("0.9985"), "filled", Decimal("0.998"))
    assert await code_of(desk.close("0.0005", SPOT)) == "MIN_QUANTITY"
    assert await code_of(desk.close("1000.5", SPOT)) == "MAX_QUANTITY"


async def test_a_close_is_an_order_and_its_id_is_taken_once(open_desk: Open, tmp_path: Path) -> None:
    """Found afterwards, also after a restart."""
    desk = await open_desk(tmp_path)
    await desk.send("buy", 3, PERP)
    result = await desk.close(2, id="close")
    assert await code_of(desk.close(1, id="close")) == "DUPLICATE_ID"
    await desk.venue.close()
    desk = await open_desk(tmp_path)
    assert await desk.venue.fetch_order(ref=OrderRef(venue_client_order_id="close")) == result
    assert await code_of(desk.close(1, id="close")) == "DUPLICATE_ID"


async def test_behind_an_account_a_position_is_closed_and_the_outcome_is_a_result(make_config: Callable[..., Any]) -> None:
    """As of an order: refused is rejected."""
    [kind] = fks_exec_paper.fks_exec_venues()
    async with Account("p", kind, make_config()) as account:
        await account.execute_order(Order(symbol=PERP, side="buy", quantity=3))
        [position] = await account.fetch_positions()
        assert (await account.close_position(position)).status == "filled"
        again = await account.close_position(Position(symbol=PERP, quantity=3))
        assert (again.status, again.code) == ("rejected", "REDUCE_ONLY")
