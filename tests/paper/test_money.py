# SPDX-License-Identifier: MIT
"""Cash, holdings, margin: what an account has, what is set aside, what it is worth."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from fks_exec import VenueRejected

SPOT = "BTC/USDT"
PERP = "ETH/USDT:USDT"


def refused(bench: Any, *order: Any, **more: Any) -> bool:
    """Whether the account lacks the means."""
    try:
        bench.send(*order, **more)
    except VenueRejected as error:
        return error.code == "INSUFFICIENT_FUNDS"
    return False


def test_buying_on_spot_turns_cash_into_things_and_a_fee(bench: Any) -> None:
    """And selling turns them back."""
    bench.send("buy", 2)
    assert (bench.cash, bench.held()) == (Decimal("9799.8"), 2)
    bench.send("sell", 2)
    assert (bench.cash, bench.held()) == (Decimal("9997.602"), 0)


def test_a_resting_buy_sets_cash_aside_with_its_fee(bench: Any) -> None:
    """What is set aside buys nothing else; a cancel gives it back."""
    entry = bench.send("buy", 100, order_type="limit", price=90)
    assert bench.engine.free_cash() == Decimal("991")
    assert refused(bench, "buy", 10)
    bench.cancel(entry)
    assert not refused(bench, "buy", 10)


def test_a_resting_sell_sets_things_aside(bench: Any) -> None:
    """They cannot be sold twice."""
    bench.send("buy", 2)
    bench.send("sell", "1.5", order_type="limit", price=120)
    assert bench.engine.ledger.free_base(SPOT) == Decimal("0.5")
    assert refused(bench, "sell", 1)
    assert not refused(bench, "sell", "0.5")
    bench.quote(120, 121)
    assert (bench.held(), bench.engine.ledger.reserved_base[SPOT]) == (0, 0)


def test_the_higher_of_the_two_fees_is_set_aside(make_bench: Callable[..., Any]) -> None:
    """A venue may take more from makers."""
    bench = make_bench(maker_fee_percent=1)
    bench.send("buy", 10, order_type="limit", price=90)
    assert bench.engine.ledger.reserved_cash == 909


def test_a_stop_that_has_become_too_dear_is_cancelled_when_it_triggers(bench: Any) -> None:
    """Money was set aside for the stop price; after a gap it is not enough."""
    entry = bench.send("buy", 90, order_type="stop", stop_price=110)
    bench.quote(119, 120)
    assert (entry.status, entry.code, bench.cash) == ("canceled", "INSUFFICIENT_FUNDS", 10_000)
    assert entry.error.startswith("it needs 10810.8 USDT, free are 10000;")


def test_a_contract_can_be_sold_short_and_moves_cash_only_when_closed(bench: Any) -> None:
    """Profit is booked on what is closed; fees at once."""
    bench.send("sell", 10, PERP)
    assert (bench.held(PERP), bench.cash) == (-10, Decimal("9999.91"))
    bench.quote(7, 8, PERP)
    assert bench.engine.equity() == Decimal("10009.91")
    bench.send("buy", 4, PERP)
    holding = bench.engine.ledger.holdings[PERP]
    assert (holding.quantity, holding.average_price, holding.realized) == (-6, 9, 4)
    assert bench.cash == Decimal("9999.91") + 4 - Decimal("0.032")


def test_an_order_through_zero_closes_and_opens(bench: Any) -> None:
    """The rest has the new price alone as its average."""
    bench.send("buy", 10, PERP)
    bench.quote(12, 13, PERP)
    bench.send("sell", 15, PERP)
    holding = bench.engine.ledger.holdings[PERP]
    assert (holding.quantity, holding.average_price, holding.realized) == (-5, 12, 20)


def test_the_average_price_weighs_the_entries(bench: Any) -> None:
    """And a part that is closed leaves it as it is."""
    bench.send("buy", 1, PERP)
    bench.quote(19, 20, PERP)
    bench.send("buy", 3, PERP)
    assert bench.engine.ledger.holdings[PERP].average_price == Decimal("17.5")
    bench.send("sell", 2, PERP)
    assert bench.engine.ledger.holdings[PERP].average_price == Decimal("17.5")


@pytest.mark.parametrize(("leverage", "most"), [(1, "998.9"), (10, "9989"), ("0.5", "499")])
def test_margin_bounds_contracts_by_equity_times_leverage(make_bench: Callable[..., Any], leverage: Any, most: str) -> None:
    """10,000 of equity at 10 a piece, less the fee."""
    bench = make_bench(leverage=leverage)
    fee = Decimal("0.001")
    limit = Decimal(10_000) / (10 / Decimal(leverage) + 10 * fee)
    assert refused(bench, "buy", limit.quantize(Decimal("0.1")) + Decimal("0.1"), PERP)
    assert not refused(bench, "buy", limit.quantize(Decimal("0.1")) - Decimal("0.1"), PERP)
    assert abs(limit - Decimal(most)) < Decimal(100)


def test_margin_and_open_losses_are_not_free(bench: Any) -> None:
    """They serve the position."""
    bench.send("buy", 100, PERP)
    assert bench.engine.free_cash() == 10_000 - 1 - 1000 - 100
    bench.quote(4, 5, PERP)
    assert bench.engine.free_cash() == 10_000 - 1 - 1000 - 600


def test_an_open_profit_is_margin_but_buys_nothing(bench: Any) -> None:
    """It is not money yet."""
    bench.send("buy", 900, PERP)
    bench.quote(100, 101, PERP)
    assert bench.engine.free_cash() > 80_000
    assert refused(bench, "buy", 110)
    assert not refused(bench, "buy", 200, PERP)


def test_what_only_closes_needs_no_margin(bench: Any) -> None:
    """An exit passes when there is nothing left to pay with."""
    bench.send("buy", 990, PERP)
    bench.quote("0.5", 1, PERP)
    assert bench.engine.free_cash() < 0
    assert refused(bench, "buy", 1, PERP)
    assert not refused(bench, "sell", 990, PERP)


def test_a_flip_of_the_same_size_needs_no_further_margin(bench: Any) -> None:
    """Only what is enlarged does."""
    bench.send("buy", 600, PERP)
    assert not refused(bench, "sell", 1200, PERP)
    assert bench.held(PERP) == -600


def test_a_resting_contract_order_sets_margin_aside(bench: Any) -> None:
    """With the fee."""
    bench.send("buy", 100, PERP, order_type="limit", price=8)
    assert bench.engine.ledger.reserved_cash == Decimal("800.8")


def test_a_resting_limit_whose_money_was_lost_is_cancelled_when_it_is_reached(bench: Any) -> None:
    """A loss on contracts can eat what was set aside."""
    entry = bench.send("buy", 50, order_type="limit", price=90)
    bench.send("buy", 500, PERP)
    bench.quote("0.5", 1, PERP)
    bench.send("sell", 500, PERP)
    bench.quote(89, 90)
    assert entry.status == "filled"
    again = bench.send("buy", 5, order_type="limit", price=80)
    bench.engine.ledger.cash = Decimal(399)
    bench.quote(79, 80)
    assert (again.status, again.code) == ("canceled", "INSUFFICIENT_FUNDS")


def test_equity_counts_things_at_the_bid_and_shorts_at_the_ask(bench: Any) -> None:
    """What the account would have if it left the market now, before fees."""
    bench.send("buy", 1)
    bench.send("sell", 1, PERP)
    paid = Decimal("0.1") + Decimal("0.009")
    assert bench.engine.equity() == 10_000 - 1 - 1 - paid


def test_without_a_quote_the_equity_is_unknown(bench: Any) -> None:
    """No old price is taken in its place."""
    bench.send("buy", 1)
    bench.quote(None, 100)
    assert bench.engine.equity() is None
