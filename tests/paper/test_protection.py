# SPDX-License-Identifier: MIT
"""Attached stop-loss and take-profit, and reduce-only: what closes never opens."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from fks_exec import OrderRef
from fks_exec_paper.results import result_of

SPOT = "BTC/USDT"
PERP = "ETH/USDT:USDT"


def legs(entry: Any) -> dict[str, str]:
    """The status of each leg."""
    return {leg.role: str(leg.status) for leg in entry.legs}


def protected(bench: Any, **more: Any) -> Any:
    """Two BTC at 100 with a stop at 90 and a target at 120."""
    return bench.send("buy", 2, **{"stop_loss": 90, "take_profit": 120, **more})


def test_the_legs_rest_when_the_entry_fills(bench: Any) -> None:
    """With its quantity; the result says that the position stands with its stop."""
    result = result_of(protected(bench))
    assert [(leg.role, leg.status, leg.trigger_price, leg.quantity) for leg in result.legs] == [
        ("stop_loss", "accepted", 90, 2),
        ("take_profit", "accepted", 120, 2),
    ]
    assert result.protected is True


def test_the_legs_of_a_resting_entry_wait_for_it(bench: Any) -> None:
    """There is nothing to protect yet."""
    entry = protected(bench, order_type="limit", price=95)
    assert (legs(entry), result_of(entry).protected) == ({"stop_loss": "pending", "take_profit": "pending"}, False)
    bench.quote(94, 95)
    assert (legs(entry), result_of(entry).protected) == ({"stop_loss": "accepted", "take_profit": "accepted"}, True)


def test_an_entry_without_a_stop_claims_no_protection(bench: Any) -> None:
    """None was asked for, whether or not there is a target."""
    assert result_of(bench.send("buy", 1)).protected is None
    assert result_of(bench.send("buy", 1, take_profit=120)).protected is None


def test_the_stop_sells_at_the_bid_and_cancels_the_target(bench: Any) -> None:
    """In the same step; the entry itself stays filled."""
    entry = protected(bench)
    bench.quote(88, 89)
    assert legs(entry) == {"stop_loss": "filled", "take_profit": "canceled"}
    fill = entry.fills[1]
    assert (fill.leg, fill.side, fill.price, fill.quantity) == ("stop_loss", "sell", 88, 2)
    result = result_of(entry)
    assert (result.status, result.filled_quantity, result.average_price, result.protected) == ("filled", 2, 100, False)
    assert result.fees[0].amount == sum(f.fee for f in entry.fills) == Decimal("0.2") + Decimal("0.176")
    assert bench.held() == 0


def test_the_target_sells_at_its_price_and_cancels_the_stop(bench: Any) -> None:
    """It rested, so a gap is no gift, and the fee is the maker's."""
    entry = protected(bench)
    bench.quote(125, 126)
    assert legs(entry) == {"stop_loss": "canceled", "take_profit": "filled"}
    assert entry.fills[1].price == 120
    bench.quote(80, 81)
    assert len(entry.fills) == 2


def test_the_stop_suffers_slippage_and_the_takers_fee_the_target_neither(make_bench: Callable[..., Any]) -> None:
    """A stop takes what there is."""
    first, second = (make_bench(slippage_ticks=2, maker_fee_percent=0) for _ in range(2))
    stopped, reached = protected(first), protected(second)
    first.quote(90, 91)
    second.quote(120, 121)
    assert (stopped.fills[1].price, stopped.fills[1].fee) == (89, Decimal("0.178"))
    assert (reached.fills[1].price, reached.fills[1].fee) == (120, 0)


def test_the_legs_of_a_short_look_at_the_ask(bench: Any) -> None:
    """They buy."""
    entry = bench.send("sell", 2, PERP, stop_loss=12, take_profit=7)
    bench.quote("11.5", "11.5", PERP)
    assert legs(entry) == {"stop_loss": "accepted", "take_profit": "accepted"}
    bench.quote("11.5", 12, PERP)
    assert (legs(entry)["stop_loss"], entry.fills[1].price, entry.fills[1].side) == ("filled", 12, "buy")


def test_a_stop_that_is_passed_when_the_entry_fills_trades_at_once(bench: Any) -> None:
    """The market fell through the entry and the stop in one gap."""
    entry = protected(bench, order_type="limit", price=95)
    bench.quote(80, 81)
    assert [(f.leg, f.price) for f in entry.fills] == [("", 95), ("stop_loss", 80)]


def test_a_target_that_is_passed_when_the_entry_fills_trades_at_the_market(bench: Any) -> None:
    """A stop entry after a gap upward: the target is sent into a market that pays more."""
    entry = protected(bench, order_type="stop", stop_price=110, take_profit=115, stop_loss=105)
    bench.quote(130, 131)
    assert [(f.leg, f.price) for f in entry.fills] == [("", 131), ("take_profit", 130)]
    assert legs(entry) == {"stop_loss": "canceled", "take_profit": "filled"}
    bench.quote(50, 51)
    assert len(entry.fills) == 2


def test_a_position_closed_otherwise_takes_its_legs_along(bench: Any) -> None:
    """A leg that has nothing to close would open."""
    entry = protected(bench)
    bench.send("sell", 2)
    assert legs(entry) == {"stop_loss": "canceled", "take_profit": "canceled"}


def test_a_position_reduced_otherwise_keeps_its_legs_trimmed_to_what_is_held(bench: Any) -> None:
    """The stop closes what is there, not what was there."""
    entry = protected(bench)
    bench.send("sell", "1.5")
    assert legs(entry)["stop_loss"] == "accepted"
    bench.quote(90, 91)
    assert (entry.fills[1].quantity, entry.legs[0].quantity, bench.held()) == (Decimal("0.5"), Decimal("0.5"), 0)


def test_a_position_turned_round_takes_its_legs_along(bench: Any) -> None:
    """The legs of a long would enlarge the short."""
    entry = bench.send("buy", 2, PERP, stop_loss=7)
    bench.send("sell", 5, PERP)
    assert legs(entry) == {"stop_loss": "canceled"}


def test_legs_belong_to_their_order(bench: Any) -> None:
    """Two entries, two stops, each with its quantity; the last takes the rest."""
    first = bench.send("buy", 2, stop_loss=90)
    second = bench.send("buy", 1, stop_loss=80)
    bench.quote(85, 86)
    assert (legs(first)["stop_loss"], legs(second)["stop_loss"], bench.held()) == ("filled", "accepted", 1)


def test_an_entry_that_leaves_nothing_to_protect_has_its_legs_cancelled(bench: Any) -> None:
    """It bought back a short; there is no long."""
    bench.send("sell", 5, PERP)
    entry = bench.send("buy", 2, PERP, stop_loss=7, take_profit=12)
    assert (legs(entry), result_of(entry).protected) == ({"stop_loss": "canceled", "take_profit": "canceled"}, False)


def test_cancelling_a_resting_entry_cancels_its_legs(bench: Any) -> None:
    """They were never active."""
    entry = protected(bench, order_type="limit", price=95)
    bench.cancel(entry)
    assert legs(entry) == {"stop_loss": "canceled", "take_profit": "canceled"}


def test_one_leg_can_be_cancelled_by_its_own_id(bench: Any) -> None:
    """The other stays; a second time changes nothing."""
    entry = protected(bench)
    item = bench.engine.book.find(OrderRef(order_id=entry.legs[0].order_id))
    bench.engine.cancel(item)
    bench.engine.cancel(item)
    assert legs(entry) == {"stop_loss": "canceled", "take_profit": "accepted"}
    assert result_of(entry).protected is False
    bench.quote(80, 81)
    assert bench.held() == 2


def test_a_stop_has_precedence_over_a_resting_sell(bench: Any) -> None:
    """What was set aside for the sell is gone; the sell is cancelled when it is reached."""
    entry = bench.send("buy", 2, stop_loss=90)
    sell = bench.send("sell", 2, order_type="limit", price=120)
    bench.quote(90, 91)
    assert (legs(entry)["stop_loss"], sell.status) == ("filled", "accepted")
    bench.quote(120, 121)
    assert (sell.status, sell.code, bench.held()) == ("canceled", "INSUFFICIENT_FUNDS", 0)


@pytest.mark.parametrize("symbol", [SPOT, PERP])
def test_a_reduce_only_order_is_trimmed_to_the_position(bench: Any, symbol: str) -> None:
    """It ends cancelled, with what it closed: filled would claim all of it."""
    bench.send("buy", 1, symbol)
    entry = bench.send("sell", 5, symbol, reduce_only=True)
    assert (entry.status, entry.code, entry.fills[0].quantity) == ("canceled", "REDUCE_ONLY", 1)
    assert result_of(entry).success
    assert bench.held(symbol) == 0


def test_a_reduce_only_order_on_spot_leaves_what_is_set_aside(bench: Any) -> None:
    """It closes only what is free."""
    bench.send("buy", 3)
    bench.send("sell", 2, order_type="limit", price=120)
    assert bench.send("sell", 3, reduce_only=True).fills[0].quantity == 1


def test_a_resting_reduce_only_order_goes_with_the_position(bench: Any) -> None:
    """It would open what it was to close."""
    bench.send("buy", 1, PERP)
    entry = bench.send("sell", 1, PERP, order_type="limit", price=20, reduce_only=True)
    assert entry.status == "accepted"
    bench.send("sell", 1, PERP)
    assert (entry.status, entry.code) == ("canceled", "REDUCE_ONLY")


def test_a_resting_reduce_only_order_that_is_free_again_sells_what_is_left(bench: Any) -> None:
    """Set aside meanwhile by a resting sell, it finds nothing free and is cancelled."""
    bench.send("buy", 1)
    entry = bench.send("sell", 1, order_type="limit", price=120, reduce_only=True)
    bench.send("sell", 1, order_type="limit", price=130)
    bench.quote(120, 121)
    assert (entry.status, entry.code, bench.held()) == ("canceled", "REDUCE_ONLY", 1)


def test_a_reduce_only_order_below_the_least_notional_is_taken(bench: Any) -> None:
    """What is left can always be closed."""
    bench.send("buy", "0.05")
    assert bench.send("sell", "0.002", reduce_only=True).status == "filled"
