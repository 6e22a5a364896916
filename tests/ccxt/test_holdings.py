# SPDX-License-Identifier: MIT
"""Positions, balances and quotes, as the simulated exchanges and ccxt's dicts tell them; a read that fails is not "nothing"."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from attrs import define, field

from fks_exec import VenueError
from fks_exec_ccxt.reading.holdings import fetch_balance, fetch_positions
from fks_exec_ccxt.reading.quotes import fetch_data
from fks_exec_ccxt.wire.outcomes import Unsettled

BTC = "BTC/USDT:USDT"


@pytest.fixture
def seat(request: pytest.FixtureRequest, name: str) -> Any:
    """The account at one of the two."""
    return request.getfixturevalue(name)


@define(eq=False)
class Line:
    """A connection whose exchange answers with what it was given.

    Args:
        answers: by method.
    """

    answers: dict[str, Any]
    id: str = "okx"
    config: Any = field(factory=lambda: SimpleNamespace(market_type="swap", settle=None))

    @property
    def exchange(self) -> Any:
        """With a method for each answer."""

        async def answer(name: str) -> Any:
            return self.answers[name]

        methods = {name: lambda *words, name=name: answer(name) for name in self.answers}
        linear = {coin: {"settle": coin, "swap": True, "linear": True} for coin in ("USDT", "USDC")}
        markets = {BTC: linear["USDT"], "BTC/USDC:USDC": linear["USDC"]}
        has = {"fetchTicker": "fetch_ticker" in self.answers}
        return SimpleNamespace(id=self.id, has=has, markets=markets, **methods)

    async def call(self, make: Any, **words: Any) -> Any:
        """As it is."""
        return await make()


def position(**changes: Any) -> dict[str, Any]:
    """One of ccxt's."""
    return {
        "symbol": BTC,
        "contracts": 2.0,
        "side": "long",
        "entryPrice": 60000.5,
        "unrealizedPnl": -3.5,
        "info": {},
        **changes,
    }


async def positions(*rows: dict[str, Any]) -> Any:
    return await fetch_positions(cast(Any, Line({"fetch_positions": list(rows)})))


async def test_a_long_is_positive_and_a_short_negative() -> None:
    (long,), (short,) = await positions(position()), await positions(position(side="short"))
    assert (long.quantity, long.average_price, long.unrealized_pnl) == (2, Decimal("60000.5"), Decimal("-3.5"))
    assert short.quantity == -2


async def test_both_sides_of_a_hedged_account_have_their_own_names() -> None:
    found = await positions(position(hedged=True), position(hedged=True, side="short", contracts=1.0))
    assert {each.position_id: each.quantity for each in found} == {f"{BTC}:long": 2, f"{BTC}:short": -1}


async def test_what_is_flat_is_left_out() -> None:
    assert await positions(position(contracts=0.0, side=None), position(contracts=0)) == []


@pytest.mark.parametrize("change", [{"contracts": None}, {"side": None}, {"symbol": None}])
async def test_a_position_that_is_half_told_is_not_flat(change: dict[str, Any]) -> None:
    with pytest.raises(Unsettled):
        await positions(position(**change))


async def test_positions_of_another_settle_currency_are_not_the_accounts() -> None:
    line = Line({"fetch_positions": [position()]})
    line.config.settle = "USDC"
    assert await fetch_positions(cast(Any, line)) == []


async def test_spot_has_no_positions() -> None:
    line = Line({})
    line.config.market_type = "spot"
    assert await fetch_positions(cast(Any, line)) == []


async def test_a_position_follows_what_is_traded(bybit: Any) -> None:
    await bybit.plugin.execute_order(bybit.order("sell", "0.02"), bybit.submission())
    (held,) = await bybit.plugin.fetch_positions()
    assert (held.symbol, held.quantity, held.position_id) == (BTC, Decimal("-0.02"), None)
    assert abs(held.average_price - 67500) < 10


async def test_a_balance_tells_what_is_free(binance: Any) -> None:
    """A sale that rests locks what it sells."""
    await binance.plugin.execute_order(binance.order(), binance.submission())
    await binance.plugin.execute_order(binance.order("sell", "0.005", order_type="limit", price="70000"), binance.submission())
    held = {each.currency: each for each in await binance.plugin.fetch_balance()}
    assert (held["BTC"].total, held["BTC"].free) == (Decimal("0.00999"), Decimal("0.00499"))
    assert (held["USDT"].total, held["USDT"].equity) == (Decimal("99325"), None)


async def test_bybit_tells_what_the_whole_account_is_worth(bybit: Any) -> None:
    await bybit.plugin.execute_order(bybit.order(quantity="1"), bybit.submission())
    await bybit.move("68500")
    (held,) = await bybit.plugin.fetch_balance()
    assert held.currency == "USDT"
    assert 900 < held.equity - held.total < 1100


@pytest.mark.parametrize("word", ["lost", "garbage", "error", "credentials", "rate_limit"])
async def test_holdings_that_cannot_be_read_raise(bybit: Any, word: str) -> None:
    for kind, read in (("positions", bybit.plugin.fetch_positions), ("balance", bybit.plugin.fetch_balance)):
        await bybit.counterpart.fault(word, kind)
        with pytest.raises((VenueError, Unsettled)):
            await read()


async def test_currencies_without_a_balance_are_left_out() -> None:
    told = {"total": {"USDT": 5.0, "BTC": 0.0, "X": None}, "free": {"USDT": 4.0, "BTC": 0.0}, "info": {}}
    (held,) = await fetch_balance(cast(Any, Line({"fetch_balance": told})))
    assert (held.currency, held.total, held.free) == ("USDT", 5, 4)


async def test_each_wallet_is_asked_for_and_what_is_in_two_is_added() -> None:
    """Gate keeps one for each currency that contracts are settled in."""
    told = {"total": {"USDT": 5.0}, "free": {"USDT": 4.0}, "info": {}}
    (held,) = await fetch_balance(cast(Any, Line({"fetch_balance": told}, id="gate")))
    assert (held.total, held.free) == (10, 8)


async def test_a_balance_that_tells_nothing_is_no_balance() -> None:
    with pytest.raises(Unsettled):
        await fetch_balance(cast(Any, Line({"fetch_balance": {"info": "<html>"}})))


@pytest.mark.parametrize("name", ["binance", "bybit"])
async def test_a_quote_has_both_sides_with_their_sizes(seat: Any, name: str) -> None:
    quote = await seat.plugin.fetch_data(seat.symbol)
    assert quote.bid < quote.ask
    assert quote.bid_size > 0
    assert quote.ask_size > 0


async def test_a_ticker_without_bid_and_ask_is_completed_by_the_order_book() -> None:
    ticker = {"bid": None, "ask": None, "last": 5.0, "baseVolume": 7.0, "info": {}}
    book = {"bids": [[4.9, 2.0], [4.8, 1.0]], "asks": [[5.1, 3.0]], "timestamp": 1_700_000_000_000}
    quote = await fetch_data(cast(Any, Line({"fetch_ticker": ticker, "fetch_order_book": book})), BTC)
    assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size) == (Decimal("4.9"), 2, Decimal("5.1"), 3)
    assert (quote.last, quote.volume, quote.timestamp) == (5, 7, 1_700_000_000_000)


async def test_an_empty_side_is_no_price() -> None:
    book: dict[str, Any] = {"bids": [], "asks": [[5.1, 3.0, 1]], "timestamp": None}
    quote = await fetch_data(cast(Any, Line({"fetch_order_book": book})), BTC)
    assert (quote.bid, quote.bid_size, quote.ask) == (None, None, Decimal("5.1"))
    zero = {"bid": 0.0, "ask": 5.1, "bidVolume": 0.0, "last": 0.0, "info": {}}
    quote = await fetch_data(cast(Any, Line({"fetch_ticker": zero})), BTC)
    assert (quote.bid, quote.last) == (None, None)
