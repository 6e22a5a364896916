# SPDX-License-Identifier: MIT
"""Sizes through the hooks: what is published, what is told of the market, what a restart in the middle remembers."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fks_exec import InvalidOrder, OrderRef, Side, VenueError
from fks_exec_paper import PaperInstrument
from fks_exec_paper.journal import rewrite

SPOT = "BTC/USDT"
PERP = "ETH/USDT:USDT"
Open = Callable[..., Awaitable[Any]]


async def test_each_part_is_published_with_the_whole_state(desk: Any) -> None:
    """Of the order itself, and of a leg."""
    desk.venue.set_quote(SPOT, bid=99, ask=100, ask_size=1)
    placed = await desk.send("buy", 4, order_type="limit", price=100, stop_loss=90)
    assert (placed.status, placed.filled_quantity, placed.protected, desk.published) == ("partially_filled", 1, True, [])
    desk.venue.set_quote(SPOT, bid=99, ask=100, ask_size=2)
    desk.venue.set_quote(SPOT, bid=99, ask=100)
    desk.venue.set_quote(SPOT, bid=90, ask=91, bid_size=3)
    desk.venue.set_quote(SPOT, bid=90, ask=91, bid_size=3)
    told = [(u.leg, str(u.result.status), u.result.filled_quantity, u.result.legs[0].filled_quantity) for u in desk.published]
    assert told == [
        ("", "partially_filled", 3, 0),
        ("", "filled", 4, 0),
        ("stop_loss", "filled", 4, 3),
        ("stop_loss", "filled", 4, 4),
    ]
    assert [len(update.result.fills) for update in desk.published] == [2, 3, 4, 5]
    assert [update.result.legs[0].status for update in desk.published[2:]] == ["partially_filled", "filled"]


async def test_an_order_that_takes_from_another_is_answered_and_the_other_published(desk: Any) -> None:
    """One fill is told once."""
    desk.venue.set_quote(PERP, bid=9, ask=10, ask_size=3)
    await desk.send("buy", 2, PERP)
    last = await desk.send("buy", 2, PERP)
    assert (last.status, last.code, last.filled_quantity) == ("canceled", "NO_LIQUIDITY", 1)
    assert desk.published == []


async def test_what_is_left_is_told(desk: Any) -> None:
    """By the look at the market and by the venue's own quotes."""
    desk.venue.set_quote(SPOT, bid=99, ask=100, bid_size=5, ask_size="2.5")
    await desk.send("buy", 2)
    look = await desk.venue.fetch_data(symbol=SPOT)
    assert (look.bid, look.ask, look.bid_size, look.ask_size) == (99, 100, 5, Decimal("0.5"))
    assert look.size_for(Side.SELL) == desk.venue.quotes[SPOT].bid_size == 5


async def test_a_size_below_zero_is_refused(desk: Any) -> None:
    """Nothing shown is zero, and is taken."""
    with pytest.raises(InvalidOrder, match="bid_size: -1 is less than zero"):
        desk.venue.set_quote(SPOT, bid=99, ask=100, bid_size=-1)
    desk.venue.set_quote(SPOT, bid=99, ask=100, bid_size=0, ask_size=0)
    assert (await desk.send("buy", 1)).code == "NO_LIQUIDITY"


def small(**changes: Any) -> list[PaperInstrument]:
    """A market that is configured to show four of BTC."""
    words = {"quantity_step": "0.001", "bid": 99, "ask": 100, "bid_size": 4, "ask_size": 4}
    return [PaperInstrument(symbol=SPOT, **{**words, **changes})]


@pytest.mark.parametrize("durable", [True, False])
async def test_a_restart_in_the_middle_goes_on_where_it_stood(open_desk: Open, tmp_path: Path, durable: bool) -> None:
    """An order that has filled in part, a stop that goes on, what is left of the quote; nothing is filled twice."""
    first = await open_desk(tmp_path, durable=durable)
    stopped = await first.send("buy", 4, stop_loss=90, take_profit=130)
    resting = await first.send("buy", 5, order_type="limit", price=95)
    first.venue.set_quote(SPOT, bid=89, ask=95, bid_size=1, ask_size=2)
    assert (await first.send("buy", 1, order_type="limit", price=96)).filled_quantity == 0
    everything = await first.everything()
    orders = [await first.venue.fetch_order(ref=OrderRef(order_id=each.order_id)) for each in (stopped, resting)]
    assert [order.filled_quantity for order in orders] == [4, 2]
    await first.venue.close()
    second = await open_desk(tmp_path, durable=durable)
    assert await second.everything() == everything
    assert [await second.venue.fetch_order(ref=OrderRef(order_id=each.order_id)) for each in orders] == orders
    assert second.published == []
    second.venue.set_quote(SPOT, bid=97, ask=98, bid_size=5)
    await second.everything()
    [update] = second.published
    assert (update.leg, update.result.legs[0].status, update.result.legs[0].filled_quantity) == ("stop_loss", "filled", 4)
    trades = [fill.trade_id for order in (*orders, update.result) for fill in order.fills]
    assert len(set(trades)) == 4


async def test_what_was_taken_of_a_configured_quote_stays_taken(open_desk: Open, tmp_path: Path) -> None:
    """Over any number of starts; a configuration that says another quote sets it anew."""
    for left in (2, 0):
        desk = await open_desk(tmp_path, instruments=small())
        await desk.send("buy", 2)
        assert desk.venue.quotes[SPOT].ask_size == left
        await desk.venue.close()
    desk = await open_desk(tmp_path, instruments=small())
    assert (await desk.send("buy", 2)).code == "NO_LIQUIDITY"
    await desk.venue.close()
    desk = await open_desk(tmp_path, instruments=small(ask_size=5))
    assert desk.venue.quotes[SPOT].ask_size == 5
    assert (await desk.send("buy", 2)).status == "filled"


@pytest.mark.parametrize("between", [True, False])
async def test_of_two_equal_quotes_each_has_its_own_size(open_desk: Open, tmp_path: Path, between: bool) -> None:
    """What was taken of the first is not taken of the second, whether or not another run has set that."""
    desk = await open_desk(tmp_path, instruments=small())
    desk.venue.set_quote(SPOT, bid=99, ask=100, ask_size=3, timestamp=5)
    await desk.send("buy", 1)
    if between:
        await desk.venue.close()
        desk = await open_desk(tmp_path, instruments=small())
        assert desk.venue.quotes[SPOT].ask_size == 2
    desk.venue.set_quote(SPOT, bid=99, ask=100, ask_size=3, timestamp=5)
    await desk.venue.close()
    desk = await open_desk(tmp_path, instruments=small())
    assert desk.venue.quotes[SPOT].ask_size == 3


async def test_outdated_lines_are_dropped_and_what_was_taken_is_kept(open_desk: Open, tmp_path: Path) -> None:
    """The last line says it."""
    desk = await open_desk(tmp_path, instruments=small())
    await desk.send("buy", 1)
    for number in range(200):
        placed = await desk.send("buy", 1, order_type="limit", price=90, id=f"old{number}")
        await desk.cancel(placed.order_id)
    await desk.venue.close()
    for _ in range(2):
        desk = await open_desk(tmp_path, instruments=small())
        assert desk.venue.quotes[SPOT].ask_size == 3
        await desk.venue.close()


EARLIER = Path(__file__).with_name("earlier")
"""The folder of an account as the first format wrote it: a filled order with its stop, a limit, a short, a stop_limit."""


async def test_the_files_of_an_earlier_version_are_gone_on_with(open_desk: Open, tmp_path: Path) -> None:
    """They are of this version afterwards, and an earlier one refuses them by their first line."""
    shutil.copytree(EARLIER, tmp_path, dirs_exist_ok=True)
    for _ in range(2):
        desk = await open_desk(tmp_path)
        assert b"fks-exec-paper state 2" in (tmp_path / "orders.jsonl").read_bytes().splitlines()[0]
        quote = desk.venue.quotes[SPOT]
        assert (quote.bid, quote.ask, quote.bid_size) == (98, 99, None)
        usdt, btc = await desk.venue.fetch_balance()
        assert (usdt.total, btc.total) == (Decimal("9799.773"), 2)
        assert [position.quantity for position in await desk.venue.fetch_positions()] == [-3]
        assert [(u.leg, str(u.result.status)) for u in await desk.venue.fetch_open_orders()] == [
            ("stop_loss", "filled"),
            ("", "accepted"),
            ("", "accepted"),
        ]
        await desk.venue.close()
    desk = await open_desk(tmp_path)
    desk.venue.set_quote(SPOT, bid=89, ask=90, bid_size=1, ask_size="0.5")
    stopped, limit = [await desk.venue.fetch_order(ref=OrderRef(venue_client_order_id=name)) for name in ("old1", "old2")]
    assert (stopped.legs[0].status, stopped.legs[0].filled_quantity) == ("partially_filled", 1)
    assert (limit.status, limit.filled_quantity, limit.legs[0].status) == ("partially_filled", Decimal("0.5"), "accepted")


async def test_a_damaged_quote_is_refused_whatever_its_format(open_desk: Open, tmp_path: Path) -> None:
    """The bare one of an earlier version, or one with a number."""
    shutil.copytree(EARLIER, tmp_path, dirs_exist_ok=True)
    for text in ('{"symbol":"BTC/USDT","quote":1}', '{"symbol":1}', '{"quote":{"symbol":"BTC/USDT"},"numbers":1}', "[]"):
        rewrite(tmp_path / "quotes.jsonl", [text])
        with pytest.raises(VenueError, match="a quote is not what it should be"):
            await open_desk(tmp_path)
