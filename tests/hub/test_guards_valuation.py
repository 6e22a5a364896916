# SPDX-License-Identifier: MIT
"""The prices at which guards count an order."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import AccountState, Instrument, MarketData, Order
from fks_exec_hub.guards import valuation

QUOTE = MarketData(symbol="X", bid=8, ask=10, last=9)
SPOT = Instrument(symbol="X")
INVERSE = Instrument(symbol="X", kind="inverse")
MARKET: dict[str, object] = {}
LIMIT = {"order_type": "limit", "price": 9}
STOP = {"order_type": "stop", "stop_price": 12}
STOP_LIMIT = {"order_type": "stop_limit", "stop_price": 12, "price": 13}


def order(side: str, **fields: object) -> Order:
    """An order for one."""
    return Order(symbol="X", side=side, quantity=1, **fields)


@pytest.mark.parametrize(
    ("side", "fields", "entry", "best", "dearest", "inverse"),
    [
        ("buy", MARKET, 10, 10, 10, 10),
        ("sell", MARKET, 8, 8, 8, 8),
        ("buy", LIMIT, 9, 9, 9, 9),
        ("sell", LIMIT, 9, 9, 9, 9),
        ("buy", LIMIT | {"price": 11}, 11, 10, 11, 10),
        ("sell", LIMIT | {"price": 7}, 7, 8, 8, 7),
        ("buy", STOP, 12, 12, 12, 10),
        ("sell", STOP | {"stop_price": 6}, 6, 6, 8, 6),
        ("buy", STOP_LIMIT, 13, 12, 13, 10),
        ("sell", {"order_type": "stop_limit", "stop_price": 6, "price": 5}, 5, 6, 8, 5),
    ],
)
def test_the_prices_of_an_order(
    side: str, fields: dict[str, object], entry: int, best: int, dearest: int, inverse: int
) -> None:
    """With a bid of 8 and an ask of 10."""
    asked = order(side, **fields)
    assert valuation.entry_price(asked, QUOTE) == entry
    assert valuation.best_price(asked, QUOTE) == best
    assert valuation.dearest_price(asked, QUOTE, SPOT) == dearest
    assert valuation.dearest_price(asked, QUOTE, INVERSE) == inverse


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize(
    "quote",
    [None, MarketData(symbol="X", last=9), MarketData(symbol="X", bid=0, ask=0), MarketData(symbol="X", bid=-8, ask=-8)],
)
def test_nothing_stands_in_for_a_missing_quote(side: str, quote: MarketData | None) -> None:
    """Not the last price, and not zero."""
    assert valuation.entry_price(order(side), quote) is None
    assert valuation.best_price(order(side), quote) is None
    assert valuation.dearest_price(order(side), quote, SPOT) is None


prices = st.integers(1, 1000).map(Decimal)


@given(st.sampled_from(["buy", "sell"]), prices, prices, prices, st.sampled_from([SPOT, INVERSE]))
def test_no_fill_of_a_limit_is_worth_more_than_at_the_dearest_price(
    side: str, limit: Decimal, bid: Decimal, ask: Decimal, instrument: Instrument
) -> None:
    """It fills at its limit, or at the quote where that is better for it."""
    asked, quote = order(side, order_type="limit", price=limit), MarketData(symbol="X", bid=bid, ask=ask)
    dearest = valuation.dearest_price(asked, quote, instrument)
    fills = {limit, valuation.best_price(asked, quote)}
    assert all(instrument.notional(1, fill) <= instrument.notional(1, dearest) for fill in fills)


@pytest.mark.parametrize(
    ("kind", "settle", "currency"),
    [
        ("spot", None, "USD"),
        ("linear", None, "USD"),
        ("linear", "USD", "USD"),
        ("linear", "BTC", None),
        ("linear", "EUR", None),
        ("inverse", None, "BTC"),
        ("inverse", "BTC", "BTC"),
        ("inverse", "USD", None),
    ],
)
def test_what_settles_in_a_third_currency_has_no_notional(kind: str, settle: str | None, currency: str | None) -> None:
    """Quantity times price is quote currency, and nothing here converts it."""
    instrument = Instrument(symbol="BTC/USD", kind=kind, base="BTC", quote="USD", settle=settle)
    assert valuation.notional_currency(instrument) == currency


@pytest.mark.parametrize(
    ("currency", "rates", "expected"),
    [
        ("USD", {}, 1),
        ("USD", {"USD": Decimal(2)}, 1),
        (None, {}, 1),
        ("EUR", {"USD": Decimal("0.8")}, Decimal("0.8")),
        ("EUR", {"BTC": Decimal(9)}, None),
        ("EUR", {"USD": Decimal(0)}, None),
        ("EUR", {}, None),
    ],
)
def test_a_worth_is_converted_by_a_rate_above_zero_or_not_at_all(
    currency: str | None, rates: dict[str, Decimal], expected: object
) -> None:
    """What is counted in the account's currency already needs none."""
    account = AccountState(account="paper", currency=currency, rates=rates)
    assert valuation.conversion(Instrument(symbol="BTC/USD", base="BTC", quote="USD"), account) == expected


@pytest.mark.parametrize(
    ("side", "fields", "worst"),
    [
        ("buy", MARKET, 10),
        ("sell", MARKET, 8),
        ("buy", LIMIT, 9),
        ("sell", LIMIT, 9),
        ("buy", STOP, 12),
        ("buy", STOP | {"stop_price": 7}, 10),
        ("sell", STOP | {"stop_price": 6}, 6),
        ("sell", STOP, 8),
        ("buy", STOP_LIMIT, 13),
    ],
)
def test_the_worst_price_is_the_highest_for_a_buy_and_the_lowest_for_a_sell(
    side: str, fields: dict[str, object], worst: int
) -> None:
    """With a bid of 8 and an ask of 10; only a limit needs no quote."""
    assert valuation.worst_price(order(side, **fields), QUOTE) == worst
    blind = valuation.worst_price(order(side, **fields), None)
    assert blind == (worst if "price" in fields else None)
