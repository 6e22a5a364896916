# SPDX-License-Identifier: MIT
"""Stops and targets in a market that shows sizes: what has filled is protected at once, and never loses its stop."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from fks_exec import OrderRef, VenueRejected
from fks_exec_paper.results import leg_result_of, result_of

SPOT = "BTC/USDT"
PERP = "ETH/USDT:USDT"
Make = Callable[..., Any]


def legs(entry: Any) -> list[tuple[str, Any, Any]]:
    """Status, quantity and what is filled of each leg."""
    return [(str(leg.status), leg.quantity, entry.filled(leg.role)) for leg in entry.legs]


def entered(bench: Any, shown: Any, **more: Any) -> Any:
    """Four BTC at 100 with a stop at 90 and a target at 120, of which so much is shown; the rest rests."""
    bench.quote(99, 100, ask_size=shown)
    words = {"order_type": "limit", "price": 100, "stop_loss": 90, "take_profit": 120, **more}
    return bench.send("buy", 4, **words)


def test_what_an_entry_has_filled_is_protected_while_the_rest_waits(bench: Any) -> None:
    """Its legs grow with each fill."""
    entry = entered(bench, 1)
    assert (str(entry.status), legs(entry)) == ("partially_filled", [("accepted", 1, 0)] * 2)
    assert result_of(entry).protected is True
    bench.quote(99, 100, ask_size="1.5")
    assert legs(entry) == [("accepted", Decimal("2.5"), 0)] * 2
    bench.quote(99, 100)
    assert (str(entry.status), legs(entry)) == ("filled", [("accepted", 4, 0)] * 2)
    bench.quote(90, 91)
    assert (bench.held(), legs(entry)) == (0, [("filled", 4, 4), ("canceled", 4, 0)])


def test_fees_in_the_base_asset_are_taken_from_the_sum_of_the_parts(make_bench: Make) -> None:
    """Rounded once, not once per part."""
    bench = make_bench(fee_in="base")
    entry = entered(bench, "0.005")
    bench.quote(99, 100, ask_size="1.995")
    assert entry.legs[0].quantity == Decimal("1.998")
    bench.quote(90, 91)
    assert bench.held() == 0


def test_an_entry_that_is_cancelled_keeps_the_legs_of_what_it_has_filled(bench: Any) -> None:
    """As one that expires, or whose rest is not shown, does."""
    cancelled = entered(bench, 1)
    bench.cancel(cancelled)
    expired = entered(bench, 1, time_in_force="ioc")
    market = entered(bench, 1, order_type="market", price=None)
    for entry, status in ((cancelled, "canceled"), (expired, "expired"), (market, "canceled")):
        assert (str(entry.status), legs(entry)) == (status, [("accepted", 1, 0)] * 2)
        assert result_of(entry).protected is True
    bench.quote(90, 91)
    assert bench.held() == 0


def test_an_entry_that_ends_before_a_leg_could_be_made_has_none(bench: Any) -> None:
    """Nothing was filled."""
    entry = entered(bench, 0)
    assert legs(entry) == [("pending", 4, 0)] * 2
    bench.cancel(entry)
    assert legs(entry) == [("canceled", 4, 0)] * 2


def test_a_leg_that_is_reached_ends_the_rest_of_its_entry(bench: Any) -> None:
    """What has been stopped is not entered any more, and what would come later had no stop."""
    for quote in ((90, 91), (120, 121)):
        entry = entered(bench, 1)
        bench.quote(*quote, ask_size=0)
        assert (str(entry.status), entry.code, entry.filled(), bench.held()) == ("canceled", "LEG_REACHED", 1, 0)
        assert bench.engine.ledger.reserved_cash == 0


def test_a_stop_that_meets_too_little_goes_on_with_the_next_quotes(bench: Any) -> None:
    """The position never loses its stop; its target is gone when it is reached."""
    entry = entered(bench, 4)
    bench.quote(89, 90, bid_size=1)
    assert legs(entry) == [("partially_filled", 4, 1), ("canceled", 4, 0)]
    assert result_of(entry).protected is True
    bench.quote(85, 86, bid_size=0)
    bench.quote(95, 96, bid_size=2)
    assert legs(entry)[0] == ("partially_filled", 4, 3)
    bench.quote(80, 81, bid_size=7)
    result, leg = result_of(entry), leg_result_of(entry, entry.legs[0])
    assert [(fill.quantity, fill.price) for fill in leg.fills] == [(1, 89), (2, 95), (1, 80)]
    assert (leg.status, leg.filled_quantity, leg.average_price) == ("filled", 4, Decimal("89.75"))
    assert (result.legs[0].filled_quantity, result.protected, bench.held()) == (4, False, 0)
    assert bench.engine.quotes[SPOT].bid_size == 6


def test_a_stop_is_reached_also_where_nothing_is_shown(bench: Any) -> None:
    """It sells with the first quote that shows something."""
    entry = entered(bench, 4)
    bench.quote(90, 91, bid_size=0)
    assert legs(entry) == [("accepted", 4, 0), ("canceled", 4, 0)]
    bench.quote(97, 98)
    assert (bench.held(), entry.fills[1].price) == (0, 97)


def test_a_target_that_fills_in_part_leaves_the_stop_of_the_rest(bench: Any) -> None:
    """Which shrinks by as much."""
    entry = entered(bench, 4)
    bench.quote(120, 121, bid_size=1)
    assert legs(entry) == [("accepted", 3, 0), ("partially_filled", 4, 1)]
    bench.quote(125, 126, bid_size=1)
    assert legs(entry) == [("accepted", 2, 0), ("partially_filled", 4, 2)]
    assert {fill.price for fill in entry.fills if fill.leg} == {120}
    bench.quote(90, 91)
    assert (legs(entry), bench.held()) == ([("filled", 2, 2), ("canceled", 4, 2)], 0)


def test_a_leg_that_was_made_smaller_shrinks_no_further_than_its_sibling_leaves(bench: Any) -> None:
    """A stop of one beside a target of four: only the last one of these is its."""
    entry = entered(bench, 4)
    bench.amend(entry, "stop_loss", quantity=1)
    bench.quote(120, 121, bid_size=2)
    assert legs(entry)[0] == ("accepted", 1, 0)
    bench.quote(120, 121, bid_size="1.5")
    assert legs(entry)[0] == ("accepted", Decimal("0.5"), 0)


def test_the_legs_of_an_entry_wait_again_when_its_position_was_closed(bench: Any) -> None:
    """They come back for what it fills later, and for that alone."""
    entry = entered(bench, 1)
    bench.send("sell", 1)
    assert legs(entry) == [("pending", 4, 0)] * 2
    bench.quote(99, 100, ask_size=2)
    assert legs(entry) == [("accepted", 2, 0)] * 2
    bench.quote(90, 91, ask_size=0)
    assert (bench.held(), legs(entry)[0]) == (0, ("filled", 2, 2))


def test_a_leg_that_was_cancelled_stays_so_whatever_its_entry_fills(bench: Any) -> None:
    """Before and after the first fill."""
    entry = entered(bench, 0)
    bench.engine.cancel(bench.engine.book.find(OrderRef(order_id=entry.legs[0].order_id)))
    bench.quote(99, 100)
    assert [str(leg.status) for leg in entry.legs] == ["canceled", "accepted"]


def test_an_entry_that_turns_a_position_is_protected_from_where_it_opens(bench: Any) -> None:
    """The first part only closes."""
    bench.send("sell", 2, PERP)
    bench.quote(9, 10, PERP, ask_size=1)
    entry = bench.send("buy", 5, PERP, order_type="limit", price=10, stop_loss=7)
    assert legs(entry) == [("pending", 5, 0)]
    bench.quote(9, 10, PERP, ask_size=2)
    assert (str(entry.legs[0].status), bench.held(PERP)) == ("accepted", 1)
    bench.quote(7, 8, PERP, ask_size=0)
    assert bench.held(PERP) == 0


def test_a_target_that_the_market_has_passed_trades_what_is_shown_and_rests(bench: Any) -> None:
    """A stop entry after a gap."""
    entry = bench.send("buy", 4, order_type="stop", stop_price=110, take_profit=115, stop_loss=105)
    bench.quote(130, 131, bid_size=1)
    assert [(f.leg, f.price, f.quantity) for f in entry.fills] == [("", 131, 4), ("take_profit", 130, 1)]
    assert legs(entry) == [("accepted", 3, 0), ("partially_filled", 4, 1)]


def test_the_legs_of_an_open_entry_follow_its_fills_and_can_be_moved(bench: Any) -> None:
    """Their size is the entry's."""
    entry = entered(bench, 1)
    with pytest.raises(VenueRejected, match="follows what its entry fills"):
        bench.amend(entry, "stop_loss", quantity=2)
    bench.amend(entry, "stop_loss", stop_price=95)
    bench.amend(entry, quantity=5, take_profit=110)
    assert [(leg.trigger_price, leg.quantity) for leg in entry.legs] == [(95, 1), (110, 1)]
    bench.quote(95, 96, ask_size=0)
    assert bench.held() == 0


def test_the_legs_of_an_open_entry_are_made_smaller_and_grow_by_what_it_fills_later(bench: Any) -> None:
    """A part of it was sold; each leg by itself, until the entry fills further."""
    entry = entered(bench, 3)
    bench.amend(entry, "stop_loss", quantity=1, stop_price=95)
    assert [(leg.trigger_price, leg.quantity) for leg in entry.legs] == [(95, 1), (120, 3)]
    bench.quote(99, 100, ask_size=1)
    assert [(leg.trigger_price, leg.quantity) for leg in entry.legs] == [(95, 2), (120, 2)]
    bench.quote(95, 96, ask_size=0)
    assert bench.held() == 2


def test_a_stop_that_was_reached_is_not_moved_any_more(bench: Any) -> None:
    """It has no price; smaller it can be."""
    entry = entered(bench, 4)
    bench.quote(90, 91, bid_size=1)
    for leg, change in (("stop_loss", {"stop_price": 80}), ("", {"stop_loss": 80}), ("stop_loss", {"quantity": 1})):
        with pytest.raises(VenueRejected) as caught:
            bench.amend(entry, leg, **change)
        assert caught.value.code == "AMEND"
    bench.amend(entry, "stop_loss", quantity=3)
    bench.quote(80, 81)
    assert (legs(entry)[0], bench.held()) == (("filled", 3, 3), 1)


def linked(make_bench: Make, symbol: str = SPOT) -> Any:
    """A bench that holds four, with a linked stop and target."""
    bench = make_bench(protection="oco")
    bench.send("buy", 4, symbol)
    low, high = (90, 120) if symbol == SPOT else (8, 15)
    return bench, bench.protect("stop_loss", 4, low, symbol, target_price=high), low, high


@pytest.mark.parametrize("symbol", [SPOT, PERP])
def test_a_linked_target_that_fills_in_part_leaves_a_stop_for_the_rest(make_bench: Make, symbol: str) -> None:
    """What is set aside follows; the target's fills are told with its leg, and are none of the stop's own."""
    bench, stop, low, high = linked(make_bench, symbol)
    bench.quote(high, high + 1, symbol, bid_size=1)
    result = result_of(stop)
    assert (result.status, result.filled_quantity, stop.order.quantity) == ("accepted", 0, 3)
    assert [(leg.status, leg.quantity, leg.filled_quantity) for leg in result.legs] == [("partially_filled", 4, 1)]
    assert bench.engine.ledger.reserved_base[symbol] == (3 if symbol == SPOT else 0)
    bench.quote(low, low + 1, symbol)
    assert (str(stop.status), stop.filled(), legs(stop), bench.held(symbol)) == ("filled", 3, [("canceled", 4, 1)], 0)


@pytest.mark.parametrize("symbol", [SPOT, PERP])
def test_a_linked_stop_that_is_reached_takes_the_target_along_and_goes_on(make_bench: Make, symbol: str) -> None:
    """It stays until all is sold."""
    bench, stop, low, high = linked(make_bench, symbol)
    bench.quote(low, low + 1, symbol, bid_size=1)
    assert (str(stop.status), legs(stop), bench.held(symbol)) == ("partially_filled", [("canceled", 4, 0)], 3)
    assert bench.engine.ledger.reserved_base[symbol] == (3 if symbol == SPOT else 0)
    bench.quote(high, high + 1, symbol, bid_size=1)
    bench.quote(low, low + 1, symbol)
    assert (str(stop.status), stop.filled(), bench.held(symbol)) == ("filled", 4, 0)


def test_what_is_linked_keeps_one_size_when_a_part_is_filled(make_bench: Make) -> None:
    """Whichever is changed: the target counts what it has filled, the stop what is left."""
    bench, stop, _, high = linked(make_bench)
    bench.quote(high, high + 1, bid_size=1)
    bench.amend(stop, stop_price=95)
    bench.amend(stop, quantity=2)
    assert (stop.order.quantity, stop.legs[0].quantity) == (2, 3)
    bench.quote(110, 111)
    bench.amend(stop, "take_profit", quantity="2.5", price=115)
    assert (stop.order.quantity, stop.legs[0].quantity, bench.engine.ledger.reserved_base[SPOT]) == (
        Decimal("1.5"),
        Decimal("2.5"),
        Decimal("1.5"),
    )
    with pytest.raises(VenueRejected, match="1 are filled already"):
        bench.amend(stop, "take_profit", quantity=1)
    bench.quote(115, 116)
    assert (str(stop.legs[0].status), bench.held()) == ("filled", Decimal("1.5"))


@pytest.mark.parametrize("kind", ["reduce_only_pair", "stop_only"])
def test_a_stop_alone_goes_on_before_all_that_waits_for_a_price(make_bench: Make, kind: str) -> None:
    """It takes whatever is shown first."""
    bench = make_bench(protection=kind)
    bench.send("buy", 4, PERP)
    stop = bench.protect("stop_loss", 4, 8, PERP)
    limit = bench.send("sell", 2, PERP, order_type="limit", price=12, reduce_only=True)
    bench.quote(8, 9, PERP, bid_size=1)
    bench.quote(12, 13, PERP, bid_size=2)
    assert (str(stop.status), stop.filled(), limit.filled()) == ("partially_filled", 3, 0)
    bench.quote(12, 13, PERP, bid_size=2)
    assert (str(stop.status), str(limit.status), bench.held(PERP)) == ("filled", "canceled", 0)


@pytest.mark.parametrize("kind", ["reduce_only_pair", "stop_only"])
def test_a_stop_that_was_reached_does_not_lie_in_wait_for_the_next_position(make_bench: Make, kind: str) -> None:
    """One that was not stays, as ever; this one would sell what is bought next."""
    bench = make_bench(protection=kind)
    bench.send("buy", 4, PERP)
    first, second, third = (bench.protect("stop_loss", 4, price, PERP) for price in (8, 7, 5))
    bench.quote(7, 8, PERP, bid_size=3)
    bench.quote(7, 8, PERP, bid_size=1)
    assert (str(first.status), str(second.status), str(third.status)) == ("filled", "canceled", "accepted")
    assert (second.code, second.filled(), bench.held(PERP)) == ("REDUCE_ONLY", 0, 0)
    bench.send("buy", 1, PERP)
    bench.quote(7, 8, PERP)
    assert bench.held(PERP) == 1
