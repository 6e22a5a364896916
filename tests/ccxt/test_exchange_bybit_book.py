# SPDX-License-Identifier: MIT
"""What holds in the simulated Bybit whatever is traded there: fills, positions, money and exits always fit together."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from fks_exec_simulators.exchanges.bybit import changing, matching, placing, telling
from fks_exec_simulators.exchanges.bybit.account import Account
from fks_exec_simulators.exchanges.bybit.answers import Refused
from fks_exec_simulators.exchanges.bybit.asking import Fields
from fks_exec_simulators.exchanges.bybit.book import Book, book_of

START = Decimal(100_000)
SYMBOL = "BTCUSDT"

SIDES = st.sampled_from(["Buy", "Sell"])
PRICES = st.integers(660, 690).map(lambda hundreds: f"{hundreds}00")
ORDERS = st.fixed_dictionaries(
    {"side": SIDES, "orderType": st.sampled_from(["Market", "Limit"]), "qty": st.integers(1, 40).map(lambda n: f"0.{n:03}")},
    optional={
        "price": PRICES,
        "timeInForce": st.sampled_from(["GTC", "IOC", "FOK", "PostOnly"]),
        "reduceOnly": st.booleans(),
        "triggerPrice": PRICES,
        "triggerDirection": st.sampled_from([1, 2]),
        "stopLoss": PRICES,
        "takeProfit": PRICES,
        "tpslMode": st.sampled_from(["Full", "Partial"]),
    },
)
STEPS = st.lists(
    st.one_of(
        ORDERS,
        PRICES,
        st.integers(0, 20),
        st.fixed_dictionaries({"tpslMode": st.just("Full")}, optional={"stopLoss": PRICES, "takeProfit": PRICES}),
    ),
    max_size=25,
)


def step(book: Book, account: Account, what: object) -> None:
    """An order, a move of the market, a cancel of one of the orders, or exits for the position."""
    if isinstance(what, str):
        matching.move(book, SYMBOL, Decimal(what), Decimal(what) + Decimal("0.1"))
    elif isinstance(what, int):
        order_id = account.orders[what % len(account.orders)].order_id if account.orders else "none"
        changing.cancel(book, account, Fields({"symbol": SYMBOL, "orderId": order_id}))
    elif isinstance(what, dict) and "side" in what:
        placing.create(book, account, Fields({"symbol": SYMBOL, **what}))
    elif isinstance(what, dict):
        changing.trading_stop(book, account, Fields({"symbol": SYMBOL, **what}))


def check(book: Book, account: Account) -> None:
    """Money is what fills say, sizes add up, nothing that reduces is larger than what there is to reduce."""
    position = account.position(SYMBOL, 0)
    signed = [each.quantity if each.order.side == "Buy" else -each.quantity for each in account.executions]
    assert position.size == sum(signed, Decimal(0))
    spent = sum((amount * each.price for amount, each in zip(signed, account.executions, strict=True)), Decimal(0))
    fees = sum((each.fee for each in account.executions), Decimal(0))
    assert abs(account.usdt - (START - spent - fees + position.size * position.average)) < Decimal("0.000001")
    for order in account.orders:
        assert order.filled == sum((each.quantity for each in account.executions if each.order is order), Decimal(0))
        assert order.filled <= order.quantity
        assert (order.status == "Filled") is (order.filled == order.quantity)
        if order.open and order.is_exit:
            assert order.quantity <= position.room(order.side)
        if order.active and order.reduce_only:
            assert order.leaves <= position.room(order.side)
        if order.twin is not None:
            assert order.twin.twin is order
            assert order.open


@settings(max_examples=150)
@given(STEPS)
def test_fills_positions_money_and_exits_fit_together(steps: list[object]) -> None:
    """Refusals change nothing."""
    book = book_of(["canary-key1"], lambda: 1_700_000_000_000)
    account = book.accounts["canary-key1"]
    for what in steps:
        before = len(account.orders), len(account.executions), account.usdt
        try:
            step(book, account, what)
        except Refused:
            assert (len(account.orders), len(account.executions), account.usdt) == before
        check(book, account)


def test_realtime_knows_the_newest_500_closed_orders_and_the_history_all() -> None:
    """docs/v5/order/open-order."""
    book = book_of(["canary-key1"], lambda: 1_700_000_000_000)
    account = book.accounts["canary-key1"]
    order = {"symbol": SYMBOL, "orderType": "Market", "qty": "0.001"}
    for number in range(501):
        placing.create(book, account, Fields({**order, "side": ("Buy", "Sell")[number % 2]}))
    first, second = (Fields({"category": "linear", "orderId": each.order_id}) for each in account.orders[:2])
    assert telling.realtime(book, account, first)["list"] == []
    assert len(telling.realtime(book, account, second)["list"]) == 1
    assert len(telling.history(book, account, first)["list"]) == 1
