# SPDX-License-Identifier: MIT
"""Fees that are taken out of what was bought: less can be sold than was bought."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from fks_exec import VenueRejected
from fks_exec_paper.results import result_of

SPOT = "BTC/USDT"
PERP = "ETH/USDT:USDT"
Make = Callable[..., Any]
Open = Callable[..., Awaitable[Any]]


def test_a_buy_on_spot_pays_in_what_it_buys(make_bench: Make) -> None:
    """Cash pays the price alone; 0.1 % of two is missing."""
    bench = make_bench(fee_in="base")
    entry = bench.send("buy", 2)
    assert (bench.cash, bench.held()) == (9_800, Decimal("1.998"))
    assert [(fill.quantity, fill.fee, fill.fee_currency) for fill in entry.fills] == [(2, Decimal("0.002"), "BTC")]
    assert bench.engine.ledger.holdings[SPOT].cost == 200


def test_what_was_bought_cannot_all_be_sold(make_bench: Make) -> None:
    """What is left after the fee can; the sale pays in cash."""
    bench = make_bench(fee_in="base")
    bench.send("buy", 2)
    with pytest.raises(VenueRejected) as caught:
        bench.send("sell", 2)
    assert caught.value.code == "INSUFFICIENT_FUNDS"
    entry = bench.send("sell", "1.998")
    assert (entry.fills[0].fee_currency, bench.held()) == ("USDT", 0)


def test_a_contract_pays_in_cash_as_ever(make_bench: Make) -> None:
    """There is nothing that it could be taken out of."""
    bench = make_bench(fee_in="base")
    entry = bench.send("buy", 2, PERP)
    assert (entry.fills[0].fee_currency, bench.held(PERP)) == ("USDT", 2)


def test_a_resting_buy_sets_no_fee_aside(make_bench: Make) -> None:
    """It will be taken out of what comes."""
    bench = make_bench(fee_in="base")
    bench.send("buy", 100, order_type="limit", price=90)
    assert bench.engine.ledger.reserved_cash == 9_000


def test_attached_legs_are_as_large_as_what_came_in_whole_steps(make_bench: Make) -> None:
    """The rest is less than a step: dust that no order can sell."""
    bench = make_bench(fee_in="base", fee_percent="0.15")
    entry = bench.send("buy", 1, stop_loss=90, take_profit=120)
    assert [leg.quantity for leg in entry.legs] == [Decimal("0.998"), Decimal("0.998")]
    bench.quote(90, 91)
    assert (entry.fills[1].quantity, bench.held()) == (Decimal("0.998"), Decimal("0.0005"))
    assert result_of(entry).fees[0].currency == "BTC"
    assert {fee.currency: fee.amount for fee in result_of(entry).fees} == {
        "BTC": Decimal("0.0015"),
        "USDT": Decimal("0.134730"),
    }


def test_an_entry_too_small_for_a_leg_claims_no_protection(make_bench: Make) -> None:
    """What is left of the least quantity is below it."""
    bench = make_bench(fee_in="base")
    bench.quote(4_999, 5_000)
    entry = bench.send("buy", "0.002", stop_loss=4_000)
    assert (str(entry.legs[0].status), result_of(entry).protected) == ("canceled", False)


def test_a_reduce_only_order_leaves_the_dust(make_bench: Make) -> None:
    """It is trimmed to whole steps; of dust alone there is nothing to close."""
    bench = make_bench(fee_in="base", fee_percent="0.15")
    bench.send("buy", 1)
    assert bench.send("sell", 1, reduce_only=True).fills[0].quantity == Decimal("0.998")
    with pytest.raises(VenueRejected) as caught:
        bench.send("sell", 1, reduce_only=True)
    assert caught.value.code == "REDUCE_ONLY"


def test_a_leg_for_all_that_was_bought_is_refused(make_bench: Make) -> None:
    """The fee is missing."""
    bench = make_bench(fee_in="base", protection="oco")
    bench.send("buy", 2)
    with pytest.raises(VenueRejected) as caught:
        bench.protect("stop_loss", 2, 90)
    assert caught.value.code == "INSUFFICIENT_FUNDS"
    assert bench.protect("stop_loss", "1.998", 90).status == "accepted"


async def test_the_balance_is_what_is_left(open_desk: Open) -> None:
    """And the equity counts it."""
    desk = await open_desk(fee_in="base")
    result = await desk.send("buy", 2)
    assert (result.filled_quantity, [(fee.currency, fee.amount) for fee in result.fees]) == (2, [("BTC", Decimal("0.002"))])
    usdt, btc = await desk.venue.fetch_balance()
    assert (btc.total, btc.free, usdt.equity) == (Decimal("1.998"), Decimal("1.998"), 9_800 + Decimal("1.998") * 99)
