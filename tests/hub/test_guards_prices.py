# SPDX-License-Identifier: MIT
"""The guard ``prices``."""

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import AccountState, Answer, Denial, Instrument, MarketData, Order
from fks_exec_hub.guards.prices import Prices

QUOTE = MarketData(symbol="BTC/USDT", bid="99", ask="101")
TICKED = Instrument(symbol="BTC/USDT", price_tick="0.05")
MARKET = {"order_type": "market"}
LIMIT = {"order_type": "limit", "price": "100"}
STOP = {"order_type": "stop", "stop_price": "110"}
STOP_LIMIT = {"order_type": "stop_limit", "stop_price": "110", "price": "111"}


def buy(**fields: object) -> Order:
    """A buy of one BTC."""
    return Order(**{"symbol": "BTC/USDT", "side": "buy", "quantity": 1} | fields)


def state(quote: MarketData | None = QUOTE) -> AccountState:
    """An account that sees the quote."""
    return AccountState(account="paper", quote=quote)


def codes(answer: Answer) -> list[str]:
    """The codes of an answer."""
    return [each.code for each in ([answer] if isinstance(answer, Denial) else answer or ())]


def judged(order: Order, quote: MarketData | None = QUOTE) -> list[str]:
    """The codes of the check of sides."""
    return codes(Prices().check_risk(order, state(quote)))


def test_prices_on_the_tick_pass() -> None:
    """How many zeros a number has does not matter."""
    order = buy(**STOP_LIMIT, stop_loss="99.05", take_profit="1.2E+2")
    assert codes(Prices().validate_order(order, TICKED)) == []


@pytest.mark.parametrize("name", ["price", "stop_price", "stop_loss", "take_profit"])
def test_each_price_off_the_tick_is_denied_by_name(name: str) -> None:
    """With the nearest two that are on it."""
    order = buy(**STOP_LIMIT | {"stop_loss": "99", "take_profit": "120", name: "100.07"})
    (no,) = Prices().validate_order(order, TICKED)
    assert (no.code, no.limit, no.value) == ("PRICE_TICK", "100.05 or 100.1", "100.07")
    assert no.message.startswith(f"{name} 100.07")


def test_every_price_off_the_tick_is_told() -> None:
    """Not one at a time."""
    order = buy(**STOP_LIMIT | {"price": "0.01"}, stop_loss="99.01", take_profit="119.99")
    assert [no.limit for no in Prices().validate_order(order, TICKED)] == ["0.05", "99 or 99.05", "119.95 or 120"]


@pytest.mark.parametrize(("price", "expected"), [("1e30", []), (f"{'9' * 30}.05", []), (f"{'9' * 30}.01", ["PRICE_TICK"])])
def test_a_price_of_thirty_digits_is_judged(price: str, expected: list[str]) -> None:
    """Python's remainder raises when the quotient has more than 28 digits."""
    assert codes(Prices().validate_order(buy(order_type="limit", price=price), TICKED)) == expected


@pytest.mark.parametrize("instrument", [None, Instrument(symbol="BTC/USDT")])
def test_without_a_tick_every_price_is_on_it(instrument: Instrument | None) -> None:
    """The venue has the last word on it."""
    assert codes(Prices().validate_order(buy(order_type="limit", price="0.123456789"), instrument)) == []


@pytest.mark.parametrize(
    ("kind", "loss", "profit"),
    [
        (MARKET, "101", "101"),  # the ask
        (LIMIT, "100", "100"),  # the limit
        (STOP, "110", "110"),  # the trigger
        (STOP_LIMIT, "110", "111"),  # the fill lies between trigger and limit
        (LIMIT | {"price": "105"}, "101", "105"),  # a limit above the ask fills at the ask
    ],
)
def test_a_stop_loss_lies_below_the_fill_of_a_buy_and_a_take_profit_above(kind: dict[str, str], loss: str, profit: str) -> None:
    """Strictly: at the fill itself, the stop would trigger at once and the target be worth nothing."""
    tiny = Decimal("0.000001")
    assert judged(buy(**kind, stop_loss=loss)) == ["STOP_LOSS_SIDE"]
    assert judged(buy(**kind, stop_loss=Decimal(loss) - tiny)) == []
    assert judged(buy(**kind, take_profit=profit)) == ["TAKE_PROFIT_SIDE"]
    assert judged(buy(**kind, take_profit=Decimal(profit) + tiny)) == []


def test_a_sell_has_its_stop_loss_above_and_its_take_profit_below() -> None:
    """The reverse of a buy, from the bid."""
    assert judged(buy(side="sell", stop_loss="99.01", take_profit="98.99")) == []
    assert judged(buy(side="sell", stop_loss="99", take_profit="99")) == ["STOP_LOSS_SIDE", "TAKE_PROFIT_SIDE"]


def test_a_denial_says_where_the_price_belongs() -> None:
    """In words and as the limit."""
    (no,) = Prices().check_risk(buy(stop_loss="102"), state())
    assert (no.limit, no.value) == ("below 101", "102")
    assert "must lie below 101" in no.message
    (no,) = Prices().check_risk(buy(side="sell", **STOP), state())
    assert (no.limit, no.value) == ("below 99", "110")


@pytest.mark.parametrize("kind", [STOP, STOP_LIMIT])
@pytest.mark.parametrize(
    ("side", "trigger", "passes"),
    [
        ("buy", "101.01", True),
        ("buy", "101", False),
        ("buy", "100", False),
        ("sell", "98.99", True),
        ("sell", "99", False),
        ("sell", "100", False),
    ],
)
def test_a_trigger_lies_beyond_the_market(kind: dict[str, str], side: str, trigger: str, passes: bool) -> None:
    """Above the ask for a buy, below the bid for a sell; at the quote it would trigger at once."""
    order = buy(**kind | {"side": side, "stop_price": trigger})
    assert judged(order) == ([] if passes else ["STOP_PRICE_SIDE"])


@pytest.mark.parametrize("quote", [None, attrs.evolve(QUOTE, ask=None, last="100"), attrs.evolve(QUOTE, ask=0)])
def test_only_a_market_order_with_legs_needs_the_quote(quote: MarketData | None) -> None:
    """Its own side of it: neither the bid nor the last price stands in for the ask."""
    legs = {"stop_loss": "90", "take_profit": "120"}
    assert judged(buy(**legs), quote) == ["NO_QUOTE"]
    assert judged(buy(), quote) == []
    for kind in (LIMIT, STOP, STOP_LIMIT):
        assert judged(buy(**kind, **legs), quote) == []


def test_a_limit_far_from_the_quote_is_not_judged_here() -> None:
    """That is the price collar's business."""
    assert judged(buy(order_type="limit", price="0.01")) == []
    assert judged(buy(order_type="limit", price="999999")) == []


prices = st.integers(1, 199).map(Decimal)
SHAPES = {"market": (), "limit": ("price",), "stop": ("stop_price",), "stop_limit": ("price", "stop_price")}


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Any order with prices from 1 to 199."""
    kind = draw(st.sampled_from(sorted(SHAPES)))
    fields = {name: draw(prices) for name in SHAPES[kind]}
    legs = {name: draw(st.none() | prices) for name in ("stop_loss", "take_profit")}
    return buy(side=draw(st.sampled_from(["buy", "sell"])), order_type=kind, **fields, **legs)


def mirrored(price: Decimal | None) -> Decimal | None:
    """The price on the other side of 100."""
    return None if price is None else 200 - price


@given(orders(), st.none() | st.builds(MarketData, symbol=st.just("BTC/USDT"), bid=prices, ask=prices))
def test_a_mirrored_sell_is_judged_as_the_buy(order: Order, quote: MarketData | None) -> None:
    """Every price on the other side of 100, bid and ask exchanged."""
    names = (*SHAPES[order.order_type], "stop_loss", "take_profit")
    other = attrs.evolve(order, side=order.side.opposite, **{name: mirrored(getattr(order, name)) for name in names})
    seen = quote and attrs.evolve(quote, bid=mirrored(quote.ask), ask=mirrored(quote.bid))
    assert judged(order, quote) == judged(other, seen)


@given(orders(), prices, prices)
def test_legs_that_pass_are_right_wherever_the_order_fills(order: Order, bid: Decimal, ask: Decimal) -> None:
    """Between its limit and the quote, or its trigger: the stop would lose and the target would win."""
    quote = MarketData(symbol="BTC/USDT", bid=bid, ask=ask)
    if judged(order, quote):
        return
    market = quote.price_for(order.side)
    fills = {"market": [market], "limit": [order.price, market], "stop": [order.stop_price]}
    for fill in fills.get(order.order_type, [order.price, order.stop_price]):
        worse_than_limit = order.price is not None and (fill - order.price) * order.side.sign > 0
        if not worse_than_limit:
            assert order.stop_loss is None or (fill - order.stop_loss) * order.side.sign > 0
            assert order.take_profit is None or (order.take_profit - fill) * order.side.sign > 0


@given(st.integers(1, 10**12), st.integers(1, 10**6), st.integers(-8, 4))
def test_the_nearest_prices_are_on_the_tick(price: int, tick: int, exponent: int) -> None:
    """What a denial proposes passes; on the tick is what whole numbers say."""
    instrument = Instrument(symbol="BTC/USDT", price_tick=Decimal(tick).scaleb(exponent))
    answer = Prices().validate_order(buy(order_type="limit", price=Decimal(price).scaleb(exponent)), instrument)
    assert (codes(answer) == []) is (price % tick == 0)
    for no in answer:
        for near in no.limit.split(" or "):
            assert codes(Prices().validate_order(buy(order_type="limit", price=near), instrument)) == []
            assert abs(Decimal(near) - Decimal(no.value)) < instrument.price_tick
