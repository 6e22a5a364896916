# SPDX-License-Identifier: MIT
"""At what price an order trades, and when."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

PERP = "ETH/USDT:USDT"


def price_of(entry: Any) -> Decimal:
    """Of the one fill of an order."""
    [fill] = entry.fills
    price: Decimal = fill.price
    return price


def test_a_market_order_buys_at_the_ask_and_sells_at_the_bid(bench: Any) -> None:
    """The spread is paid."""
    assert price_of(bench.send("buy", 2)) == 100
    assert price_of(bench.send("sell", 2)) == 99


def test_slippage_worsens_what_takes_by_ticks(make_bench: Callable[..., Any]) -> None:
    """Two ticks of 0.5."""
    bench = make_bench(slippage_ticks=2)
    assert price_of(bench.send("buy", 2)) == 101
    assert price_of(bench.send("sell", 2)) == 98


def test_slippage_never_passes_a_limit_nor_makes_a_price_of_nothing(make_bench: Callable[..., Any]) -> None:
    """A limit is a promise; a price below one tick is none."""
    bench = make_bench(slippage_ticks=1000)
    assert price_of(bench.send("buy", 1, order_type="limit", price="100.5")) == Decimal("100.5")
    assert price_of(bench.send("sell", 1)) == Decimal("0.5")
    assert price_of(bench.send("sell", 1, PERP, order_type="limit", price="8.5")) == Decimal("8.5")


def test_a_limit_that_is_reached_already_trades_at_the_better_price(bench: Any) -> None:
    """At the ask, not at its own."""
    entry = bench.send("buy", 1, order_type="limit", price=110)
    assert (entry.status, price_of(entry)) == ("filled", 100)


@pytest.mark.parametrize(
    ("side", "price", "near", "far"), [("buy", 90, (91, "91.5"), (80, 81)), ("sell", 11, (9, "10.5"), (20, 21))]
)
def test_a_resting_limit_trades_at_its_own_price(bench: Any, side: str, price: int, near: Any, far: Any) -> None:
    """Whoever comes by pays it; a gap is no gift."""
    symbol = PERP if side == "sell" else "BTC/USDT"
    entry = bench.send(side, 1, symbol, order_type="limit", price=price)
    bench.quote(*near, symbol)
    assert (entry.status, entry.fills) == ("accepted", ())
    bench.quote(*far, symbol)
    assert (entry.status, price_of(entry)) == ("filled", price)


def test_a_limit_trades_when_the_quote_touches_it(bench: Any) -> None:
    """At the price itself, not only beyond."""
    entry = bench.send("buy", 1, order_type="limit", price=90)
    bench.quote(89, 90)
    assert price_of(entry) == 90


def test_a_stop_rests_until_its_price_is_touched_and_then_takes(bench: Any) -> None:
    """A buy looks at the ask, and pays what is asked after a gap."""
    entry = bench.send("buy", 1, order_type="stop", stop_price=105)
    bench.quote(104, "104.5")
    assert entry.status == "accepted"
    bench.quote(107, 108)
    assert (entry.status, price_of(entry)) == ("filled", 108)


def test_a_sell_stop_looks_at_the_bid(bench: Any) -> None:
    """And not at the ask, which comes by first."""
    entry = bench.send("sell", 1, PERP, order_type="stop", stop_price=8)
    bench.quote("8.5", 9, PERP)
    assert entry.status == "accepted"
    bench.quote(8, 9, PERP)
    assert price_of(entry) == 8


def test_a_stop_limit_becomes_a_limit(bench: Any) -> None:
    """Triggered beyond its limit it rests; when the market comes back it trades at its limit."""
    entry = bench.send("buy", 1, order_type="stop_limit", stop_price=105, price=106)
    bench.quote(109, 110)
    assert (entry.status, entry.triggered) == ("accepted", True)
    bench.quote(105, 106)
    assert (entry.status, price_of(entry)) == ("filled", 106)


def test_a_stop_limit_that_can_trade_when_triggered_does(bench: Any) -> None:
    """At the better price."""
    entry = bench.send("buy", 1, order_type="stop_limit", stop_price=105, price=106)
    bench.quote(104, 105)
    assert (entry.status, price_of(entry)) == ("filled", 105)


@pytest.mark.parametrize("time_in_force", ["ioc", "fok"])
def test_what_may_not_rest_expires(bench: Any, time_in_force: str) -> None:
    """With nothing filled; a stop_limit when it is triggered."""
    entry = bench.send("buy", 1, order_type="limit", price=90, time_in_force=time_in_force)
    assert (entry.status, entry.fills) == ("expired", ())
    later = bench.send("buy", 1, order_type="stop_limit", stop_price=105, price=106, time_in_force=time_in_force)
    assert later.status == "accepted"
    bench.quote(109, 110)
    assert (later.status, bench.engine.ledger.reserved_cash) == ("expired", 0)


@pytest.mark.parametrize("time_in_force", ["ioc", "fok"])
def test_what_can_trade_at_once_does_so_whole(bench: Any, time_in_force: str) -> None:
    """No depth is simulated."""
    assert bench.send("buy", 1, order_type="limit", price=100, time_in_force=time_in_force).status == "filled"
    assert bench.send("buy", 1, time_in_force=time_in_force).status == "filled"


def test_of_equal_prices_the_older_order_trades_first(bench: Any) -> None:
    """Price, then time, on both kinds of ladder: the fills are numbered as they happen."""
    for side, price in (("buy", 8), ("sell", 12)):
        entries = [bench.send(side, 1, PERP, order_type="limit", price=price) for _ in range(3)]
        bench.quote(*((7, 8) if side == "buy" else (12, 13)), PERP)
        trades = [int(entry.fills[0].trade_id.rpartition("t")[2]) for entry in entries]
        assert trades == sorted(trades)


def test_of_several_prices_the_best_trades_first(bench: Any) -> None:
    """The highest bid, then the next."""
    low, high = (bench.send("buy", 1, order_type="limit", price=price) for price in (80, 90))
    bench.quote(69, 70)
    numbers = [int(entry.fills[0].trade_id.rpartition("t")[2]) for entry in (high, low)]
    assert numbers == sorted(numbers)


def test_of_one_quote_what_hurts_comes_first(bench: Any) -> None:
    """A stop that sells, then a limit that buys: the other way round the stop would sell what was just bought."""
    stopped = bench.send("buy", 1, PERP, stop_loss=8)
    bought = bench.send("buy", 1, PERP, order_type="limit", price=8)
    bench.quote(8, 8, PERP)
    numbers = [int(fill.trade_id.rpartition("t")[2]) for fill in (stopped.fills[1], bought.fills[0])]
    assert numbers == sorted(numbers)


def test_the_fee_is_a_percentage_of_the_notional_in_the_accounts_currency(bench: Any) -> None:
    """0.1 % of 200."""
    [fill] = bench.send("buy", 2).fills
    assert (fill.fee, fill.fee_currency, fill.timestamp, fill.side) == (Decimal("0.2"), "USDT", 1000, "buy")


def test_an_order_that_rested_pays_the_makers_fee(make_bench: Callable[..., Any]) -> None:
    """One that took at its entry pays the taker's."""
    bench = make_bench(maker_fee_percent="0.05")
    taken = bench.send("buy", 1, order_type="limit", price=100)
    rested = bench.send("buy", 1, order_type="limit", price=90)
    stopped = bench.send("buy", 1, order_type="stop", stop_price=120)
    bench.quote(89, 90)
    bench.quote(119, 120)
    assert [e.fills[0].fee for e in (taken, rested, stopped)] == [Decimal("0.1"), Decimal("0.045"), Decimal("0.12")]


def test_a_cancelled_order_does_not_trade(bench: Any) -> None:
    """And gives back what was set aside for it."""
    entry = bench.send("buy", 1, order_type="limit", price=90)
    bench.cancel(entry)
    bench.quote(79, 80)
    assert (entry.status, entry.fills, bench.engine.ledger.reserved_cash) == ("canceled", (), 0)


def test_a_filled_order_stays_filled_when_it_is_cancelled(bench: Any) -> None:
    """The fill was faster."""
    entry = bench.send("buy", 1)
    bench.cancel(entry)
    assert entry.status == "filled"


def test_order_and_trade_ids_are_unique(bench: Any) -> None:
    """Legs included, all beginning with the account's series."""
    entries = [bench.send("buy", 1, stop_loss=90, take_profit=120) for _ in range(3)]
    bench.quote(80, 81)
    ids = [entry.order_id for entry in entries]
    ids += [leg.order_id for entry in entries for leg in entry.legs]
    ids += [fill.trade_id for entry in entries for fill in entry.fills]
    assert len(set(ids)) == len(ids) == 3 + 6 + 6
    assert all(text.startswith("p1-") for text in ids)
