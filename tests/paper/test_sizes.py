# SPDX-License-Identifier: MIT
"""A market that shows sizes: what takes trades at most what is shown, what rests fills by as much as each quote shows."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from fks_exec import VenueRejected
from fks_exec_paper.results import result_of

SPOT = "BTC/USDT"
PERP = "ETH/USDT:USDT"
Make = Callable[..., Any]


def thin(bench: Any, symbol: str = SPOT, *, bid: Any = None, ask: Any = None) -> Any:
    """The bench, whose market shows so much on each side at the prices of the configuration."""
    prices = (99, 100) if symbol == SPOT else (9, 10)
    bench.quote(*prices, symbol, bid_size=bid, ask_size=ask)
    return bench


def trades(entry: Any) -> list[tuple[Any, Any]]:
    """Quantity and price of each fill of an order itself."""
    return [(fill.quantity, fill.price) for fill in entry.fills if not fill.leg]


def code_of(call: Callable[..., Any], *args: Any, **more: Any) -> str | None:
    """Why it was refused."""
    with pytest.raises(VenueRejected) as caught:
        call(*args, **more)
    return caught.value.code


def test_the_rest_of_a_market_order_is_cancelled_with_what_was_filled_told(bench: Any) -> None:
    """As on a thin book; success, since something was filled."""
    result = result_of(thin(bench, ask=2).send("buy", 5))
    assert (result.status, result.code, result.filled_quantity, result.success) == ("canceled", "NO_LIQUIDITY", 2, True)
    assert result.error == "only 2 of 5 was shown; the rest was cancelled"
    assert (bench.held(), bench.engine.ledger.reserved_cash) == (2, 0)


def test_what_was_taken_is_gone_until_another_quote_is_set(bench: Any) -> None:
    """The same quote once more is another; each side has its own size; what is left is told."""
    thin(bench, bid=1, ask=3)
    assert bench.send("buy", 2).status == "filled"
    assert (bench.engine.quotes[SPOT].bid_size, bench.engine.quotes[SPOT].ask_size) == (1, 1)
    assert trades(bench.send("buy", 2)) == [(1, 100)]
    nothing = bench.send("buy", 2)
    assert (nothing.status, nothing.code, nothing.fills) == ("canceled", "NO_LIQUIDITY", ())
    assert bench.send("sell", 1).status == "filled"
    assert trades(thin(bench, ask=3).send("buy", 2)) == [(2, 100)]


def test_a_size_that_is_not_told_bounds_nothing(bench: Any) -> None:
    """Not on one side alone either."""
    assert thin(bench, bid=0).send("buy", 50).status == "filled"


def test_only_whole_steps_are_traded(bench: Any) -> None:
    """What is less than one is nothing."""
    assert trades(thin(bench, ask="0.0125").send("buy", 1)) == [(Decimal("0.012"), 100)]
    assert thin(bench, ask="0.0009").send("buy", 1).fills == ()


def test_the_rest_of_a_limit_order_rests_and_fills_by_as_much_as_each_quote_shows(make_bench: Make) -> None:
    """It took first, and rested then; each execution is a trade of its own, and the average weighs them."""
    bench = make_bench(maker_fee_percent=0)
    entry = thin(bench, ask=2).send("buy", 6, order_type="limit", price=102)
    assert (entry.status, trades(entry)) == ("partially_filled", [(2, 100)])
    thin(bench, ask=1)
    bench.quote(102, 103, ask_size=9)
    bench.quote(101, 102, ask_size="0.5")
    assert trades(entry) == [(2, 100), (1, 102), (Decimal("0.5"), 102)]
    bench.quote(101, 102)
    result = result_of(entry)
    assert (result.status, result.filled_quantity, result.average_price) == ("filled", 6, Decimal("101.333333333333"))
    assert [fill.fee for fill in result.fills] == [Decimal("0.2"), 0, 0, 0]
    assert len({fill.trade_id for fill in result.fills}) == 4
    assert (bench.held(), bench.engine.ledger.reserved_cash) == (6, 0)


def test_what_is_set_aside_shrinks_with_the_rest(make_bench: Make) -> None:
    """At the limit, since that is what the rest may cost."""
    bench = thin(make_bench(fee_percent=0), ask=2)
    entry = bench.send("buy", 6, order_type="limit", price=110)
    assert (bench.cash, bench.engine.ledger.reserved_cash) == (9_800, 440)
    thin(bench, ask=1)
    assert (bench.cash, bench.engine.ledger.reserved_cash) == (9_690, 330)
    bench.cancel(entry)
    assert (entry.status, entry.filled(), bench.engine.free_cash()) == ("canceled", 3, 9_690)


def test_an_order_whose_rest_could_not_be_paid_is_refused(make_bench: Make) -> None:
    """What it would take now is not all that it may cost."""
    bench = thin(make_bench(fee_percent=0, cash=1_050), ask=1)
    assert code_of(bench.send, "buy", 10, order_type="limit", price=110) == "INSUFFICIENT_FUNDS"
    assert thin(bench, ask=10).send("buy", 10, order_type="limit", price=110).status == "filled"


def test_a_resting_sell_binds_what_is_left_of_it(bench: Any) -> None:
    """What it has sold is gone."""
    bench.send("buy", 5)
    bench.send("sell", 4, order_type="limit", price=110)
    bench.quote(110, 111, bid_size=3)
    ledger = bench.engine.ledger
    assert (bench.held(), ledger.reserved_base[SPOT], ledger.free_base(SPOT)) == (2, 1, 1)


def test_immediate_or_cancel_leaves_nothing(bench: Any) -> None:
    """What was there is taken."""
    entry = thin(bench, ask=2).send("buy", 5, order_type="limit", price=100, time_in_force="ioc")
    assert (entry.status, entry.filled(), bench.engine.ledger.reserved_cash) == ("expired", 2, 0)


def test_fill_or_kill_trades_whole_or_not_at_all(bench: Any) -> None:
    """As a limit order, as a market order, as a stop that is reached; and takes nothing away when it does not."""
    for words in ({}, {"order_type": "limit", "price": 100}):
        entry = thin(bench, ask=2).send("buy", "2.001", time_in_force="fok", **words)
        assert (entry.status, entry.fills) == ("expired", ())
        assert bench.send("buy", 2, time_in_force="fok", **words).status == "filled"
    stops = [bench.send("buy", size, order_type="stop", stop_price=110, time_in_force="fok") for size in (3, 2)]
    bench.quote(109, 110, ask_size=2)
    assert [(str(stop.status), stop.filled()) for stop in stops] == [("expired", 0), ("filled", 2)]


def test_several_orders_share_a_quote_by_price_then_age(bench: Any) -> None:
    """The better price first, of equal ones the older."""
    entries = [bench.send("buy", 2, order_type="limit", price=price) for price in (90, 95, 90, 95)]
    bench.quote(89, 90, ask_size=5)
    assert [entry.filled() for entry in entries] == [1, 2, 0, 2]
    bench.quote(89, 90, ask_size=2)
    assert [entry.filled() for entry in entries] == [2, 2, 1, 2]


def test_a_new_order_finds_what_the_resting_ones_left(bench: Any) -> None:
    """Nothing, where they are not done."""
    older = bench.send("buy", 5, order_type="limit", price=95)
    bench.quote(94, 95, ask_size=3)
    newer = bench.send("buy", 1, order_type="limit", price=96)
    assert (older.filled(), newer.filled(), str(newer.status)) == (3, 0, "accepted")
    bench.quote(94, 95, ask_size=2)
    assert (older.filled(), newer.filled()) == (4, 1)  # the newer one pays more


def test_a_post_only_order_fills_in_parts_as_a_maker(make_bench: Make) -> None:
    """It never takes."""
    bench = make_bench(maker_fee_percent=0)
    assert code_of(thin(bench, ask=0).send, "buy", 2, order_type="limit", price=100, post_only=True) == "POST_ONLY"
    entry = bench.send("buy", 2, order_type="limit", price=95, post_only=True)
    bench.quote(94, 95, ask_size="1.5")
    assert (str(entry.status), [fill.fee for fill in entry.fills]) == ("partially_filled", [0])


def test_a_stop_that_is_reached_goes_on_until_it_is_done(bench: Any) -> None:
    """At whatever each quote asks, also where the market has come back."""
    entry = bench.send("buy", 5, order_type="stop", stop_price=105)
    bench.quote(104, 105, ask_size=0)
    assert (str(entry.status), entry.triggered) == ("accepted", True)
    bench.quote(107, 108, ask_size=2)
    bench.quote(None, None)
    bench.quote(99, 100, ask_size=1)
    assert (str(entry.status), trades(entry)) == ("partially_filled", [(2, 108), (1, 100)])
    bench.quote(110, 111)
    assert (str(entry.status), entry.filled(), bench.engine.ledger.reserved_cash) == ("filled", 5, 0)


def test_a_stop_that_may_not_rest_takes_what_is_shown_when_it_is_reached(bench: Any) -> None:
    """The rest expires."""
    entry = bench.send("buy", 5, order_type="stop", stop_price=105, time_in_force="ioc")
    bench.quote(104, 105, ask_size=2)
    assert (str(entry.status), entry.filled()) == ("expired", 2)


def test_a_stop_limit_that_is_reached_rests_with_what_is_left(bench: Any) -> None:
    """At its limit."""
    entry = bench.send("buy", 5, order_type="stop_limit", stop_price=105, price=106)
    bench.quote(104, 105, ask_size=2)
    bench.quote(106, 107)
    bench.quote(105, 106)
    assert trades(entry) == [(2, 105), (3, 106)]


def test_a_stop_that_was_reached_comes_before_one_that_is_and_both_before_limits(bench: Any) -> None:
    """What hurts comes first; of those that take, the older."""
    limit = bench.send("sell", 2, PERP, order_type="limit", price=11)
    late = bench.send("sell", 2, PERP, order_type="stop", stop_price=7)
    early = bench.send("sell", 2, PERP, order_type="stop", stop_price=8)
    bench.quote(8, 9, PERP, bid_size=1)
    bench.quote(7, 8, PERP, bid_size=2)
    assert [entry.filled() for entry in (early, late, limit)] == [2, 1, 0]
    bench.quote(12, 13, PERP, bid_size=2)
    assert [entry.filled() for entry in (early, late, limit)] == [2, 2, 1]


def test_a_stop_that_has_become_too_dear_ends_with_what_it_has(make_bench: Make) -> None:
    """The next part is measured when it comes."""
    bench = make_bench(cash=1_000, fee_percent=0)
    entry = bench.send("buy", 9, order_type="stop", stop_price=110)
    bench.quote(109, 110, ask_size=5)
    bench.quote(199, 200, ask_size=3)
    assert (str(entry.status), entry.code, entry.filled()) == ("canceled", "INSUFFICIENT_FUNDS", 5)
    assert bench.engine.free_cash() == bench.cash == 450


def test_a_reduce_only_order_rests_with_what_is_not_shown(bench: Any) -> None:
    """Trimmed to the position it is when there is no more of that."""
    bench.send("buy", 4, PERP)
    entry = thin(bench, PERP, bid=1).send("sell", 6, PERP, order_type="limit", price=9, reduce_only=True)
    assert (str(entry.status), entry.filled()) == ("partially_filled", 1)
    thin(bench, PERP, bid=2)
    assert entry.filled() == 3
    thin(bench, PERP, bid=2)
    assert (str(entry.status), entry.code, entry.filled(), bench.held(PERP)) == ("canceled", "REDUCE_ONLY", 4, 0)
    assert entry.error == "only 4 of 6 was there to be closed; the rest was cancelled"


def test_a_resting_reduce_only_order_goes_with_the_position_when_it_has_filled_in_part(bench: Any) -> None:
    """With what it has closed told."""
    bench.send("buy", 4, PERP)
    entry = thin(bench, PERP, bid=1).send("sell", 4, PERP, order_type="limit", price=9, reduce_only=True)
    thin(bench, PERP, bid=0)
    bench.quote(8, "8.5", PERP)
    bench.send("sell", 3, PERP)
    assert (str(entry.status), entry.code, entry.filled(), bench.held(PERP)) == ("canceled", "REDUCE_ONLY", 1, 0)


def test_hedging_sides_fill_in_parts_on_their_own(make_bench: Make) -> None:
    """What closes the long leaves the short."""
    bench = make_bench(hedging=True)
    bench.send("buy", 5, PERP)
    bench.send("sell", 3, PERP)
    entry = thin(bench, PERP, bid=2).send("sell", 9, PERP, order_type="limit", price=9, reduce_only=True)
    held = bench.engine.ledger.holdings
    assert (entry.filled(), held[f"{PERP} long"].quantity, held[f"{PERP} short"].quantity) == (2, 3, -3)
    thin(bench, PERP, bid=8)
    assert (str(entry.status), entry.filled(), held[f"{PERP} short"].quantity) == ("canceled", 5, -3)


def test_an_order_that_has_filled_in_part_is_changed_to_more_than_that(bench: Any) -> None:
    """A smaller quantity would leave nothing."""
    entry = thin(bench, ask=2).send("buy", 6, order_type="limit", price=100)
    assert code_of(bench.amend, entry, quantity=2) == "AMEND"
    bench.amend(entry, quantity=3, price=99)
    assert (str(entry.status), bench.engine.ledger.reserved_cash) == ("partially_filled", Decimal("99.099"))
    bench.quote(98, 99)
    assert (str(entry.status), trades(entry)) == ("filled", [(2, 100), (1, 99)])


def test_a_change_measures_only_what_is_left(make_bench: Make) -> None:
    """What was filled is paid."""
    bench = thin(make_bench(cash=1_000, fee_percent=0), ask=8)
    entry = bench.send("buy", 9, order_type="limit", price=100)
    bench.amend(entry, quantity=10)
    assert code_of(bench.amend, entry, quantity=11) == "INSUFFICIENT_FUNDS"


def test_a_stop_that_was_reached_can_be_made_smaller_but_has_no_price(bench: Any) -> None:
    """It is a market order by then."""
    entry = bench.send("buy", 5, order_type="stop", stop_price=105)
    bench.quote(104, 105, ask_size=2)
    assert code_of(bench.amend, entry, stop_price=110) == "AMEND"
    assert code_of(bench.amend, entry, price=110) == "AMEND"
    bench.amend(entry, quantity=3)
    bench.quote(119, 120)
    assert (str(entry.status), trades(entry)) == ("filled", [(2, 105), (1, 120)])
