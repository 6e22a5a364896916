# SPDX-License-Identifier: MIT
"""Failure stories of others about sizes and closing, played with this hub; docs/stories.md has the whole table."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from fks_exec import ClosePosition, Instrument, Order, SizedOrder
from fks_exec.testing import CAPABILITIES, FaultyVenue, PartialFill, PartialThenCancel, Slow
from fks_exec_hub import ExecutionHub
from fks_exec_simulators.desks import hub_with, table
from fks_exec_simulators.stage import ACCOUNT, buy, sell, until

BTC = "BTC/USDT"


def hub_at(venue: FaultyVenue, folder: Path, **account: Any) -> ExecutionHub:
    return hub_with(table(folder, **{"deadline": 5.0, **account}), venue.plugin)


def close(name: str = "close") -> ClosePosition:
    return ClosePosition(symbol=BTC, client_order_id=name)


def placed(venue: FaultyVenue) -> list[tuple[str, Decimal]]:
    """Side and quantity of each order that reached the venue."""
    return [(order.order.side.value, order.order.quantity) for order in venue.placed]


async def test_an_exit_is_as_large_as_what_was_filled(tmp_path: Path) -> None:
    """8: the entry filled in part; an exit for all of it was refused, or opened a position on the other side."""
    venue = FaultyVenue(capabilities=evolve(CAPABILITIES, reduce_only=False))
    async with hub_at(venue, tmp_path) as hub:
        venue.follow(PartialFill(share="0.3"))
        entry = await hub.execute_order(ACCOUNT, buy("10", client_order_id="entry"))
        assert (entry.status, entry.filled_quantity) == ("partially_filled", 3)
        closed = await hub.execute_order(ACCOUNT, close())
        stopped = await hub.order(ACCOUNT, "entry")
    assert stopped is not None
    assert (stopped.status, closed.filled_quantity) == ("canceled", 3)
    assert (placed(venue), venue.position(BTC)) == ([("buy", 10), ("sell", 3)], 0)


async def test_an_exit_that_filled_in_part_is_followed_by_one_for_the_rest(tmp_path: Path) -> None:
    """8: after a partial exit the next one was for the whole position again."""
    venue = FaultyVenue(capabilities=evolve(CAPABILITIES, reduce_only=False))
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("10"))
        venue.follow(PartialThenCancel(share="0.3"))
        await hub.execute_order(ACCOUNT, close())
        await until(lambda: "close" not in hub._desks[ACCOUNT].live)
    assert placed(venue) == [("buy", 10), ("sell", 10), ("sell", 7)]
    assert venue.position(BTC) == 0


def strict(symbol: str) -> Instrument:
    rules = {"quantity_step": "0.001", "min_quantity": "0.01", "min_notional": "10", "price_tick": "0.5"}
    return Instrument(symbol=symbol, kind="linear", base="BTC", quote="USDT", **rules)


@pytest.mark.parametrize(
    ("order", "code", "limit"),
    [
        (SizedOrder(symbol=BTC, side="buy", size="0.5", size_type="quote"), "SIZE_TOO_SMALL", "0.01"),
        (SizedOrder(symbol=BTC, side="buy", size="2", size_type="quote"), "MIN_NOTIONAL", "10 USDT"),
        (buy("0.05"), "MIN_NOTIONAL", "10 USDT"),
        (buy("0.0004"), "QUANTITY", "0.01"),
        (buy("0.1004"), "QUANTITY", "0.1 or 0.101"),
    ],
    ids=["too small an amount", "an amount below the least", "a quantity below the least", "nothing", "off the grid"],
)
async def test_what_is_too_small_is_denied_with_what_would_do(
    order: Order | SizedOrder, code: str, limit: str, tmp_path: Path
) -> None:
    """15: lot and minimum were refused by the venue with a wrong message, or the quantity was cut to zero without a word."""
    venue = FaultyVenue(instrument=strict)
    async with hub_at(venue, tmp_path, guards=["quantity"]) as hub:
        result = await hub.execute_order(ACCOUNT, order)
    assert (result.status, result.denials[0].code, result.denials[0].limit) == ("denied", code, limit)
    assert venue.count() == 0


async def test_a_stop_off_the_tick_is_placed_on_it(tmp_path: Path) -> None:
    """15: a stop between two ticks was refused; it is placed on the one that is nearer to the market."""
    venue = FaultyVenue(instrument=strict, capabilities=evolve(CAPABILITIES, protection=["attached"]))
    async with hub_at(venue, tmp_path, guards=["prices", "quantity"]) as hub:
        result = await hub.execute_order(ACCOUNT, buy("1", stop_loss="90.3", take_profit="120.3"))
    assert result.status == "filled"
    assert (venue.placed[0].order.stop_loss, venue.placed[0].order.take_profit) == (Decimal("90.5"), 120)


@pytest.mark.parametrize("first", ["close", "open"])
async def test_a_close_and_an_open_alert_that_come_together_never_mix(first: str, tmp_path: Path) -> None:
    """17: which of the two came first decides; the close takes off what was there before it, never what came after."""
    venue = FaultyVenue(capabilities=evolve(CAPABILITIES, reduce_only=False))
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        venue.follow(Slow(0.05))
        running = await hub.submit(ACCOUNT, buy("1", client_order_id="running"))
        pair = [close(), sell("4", client_order_id="open")]
        receipts = [await hub.submit(ACCOUNT, order) for order in (pair if first == "close" else reversed(pair))]
        for receipt in (running, *receipts):
            await receipt.result(5)
        opened = await hub.order(ACCOUNT, "open")
    assert opened is not None
    if first == "close":
        assert (opened.status, venue.position(BTC)) == ("filled", -4)
    else:
        assert (opened.code, venue.position(BTC)) == ("SUPERSEDED", 0)


@pytest.mark.parametrize("enforced", [True, False])
async def test_a_second_close_opens_nothing(enforced: bool, tmp_path: Path) -> None:
    """17: the second of two closes sold what the first had sold."""
    venue = FaultyVenue(capabilities=evolve(CAPABILITIES, reduce_only=enforced))
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        venue.follow(Slow(0.05))
        receipts = [await hub.submit(ACCOUNT, close(name)) for name in ("one", "two", "three")]
        results = [await receipt.result(5) for receipt in receipts]
    assert [(result.status, result.code) for result in results] == [
        ("filled", None),
        ("denied", "NOTHING_TO_CLOSE"),
        ("denied", "NOTHING_TO_CLOSE"),
    ]
    assert (venue.count(), venue.position(BTC)) == (2, 0)
