# SPDX-License-Identifier: MIT
"""Sizes: an amount, a percentage, a risk; worked out once, in the order's turn, rounded down, with what they came from."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import AccountState, Denial, ExecutionResult, Instrument, MarketData, Order, SizedOrder, Submission
from fks_exec_hub.journal import Key
from fks_exec_hub.orders.sizing import Sized, on_ticks, size
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import ACCOUNT, Held, Stage, buy, configure, hub_on

SYMBOL = "BTC/USDT"


def instrument(kind: str = "linear", **more: Any) -> Instrument:
    rules = {"quantity_step": "0.001", "min_quantity": "0.001", "base": "BTC", "quote": "USDT"}
    return Instrument(symbol=SYMBOL, kind=kind, **{**rules, **more})


def state(rules: Instrument | None = None, **more: Any) -> AccountState:
    """An account of 10,000 USDT at a market of 99 to 100."""
    quote = MarketData(symbol=SYMBOL, bid="99", ask="100")
    fields = {"equity": "10000", "currency": "USDT", "quote": quote, "instrument": rules or instrument()}
    return AccountState(account="main", **{**fields, **more})


def sized(amount: str, kind: str = "quote", side: str = "buy", **more: Any) -> SizedOrder:
    return SizedOrder(symbol=SYMBOL, side=side, size=amount, size_type=kind, **more)


def quantity(made: Sized | Denial) -> Decimal:
    assert isinstance(made, Sized), made
    return made.order.quantity


def code(made: Sized | Denial) -> str:
    assert isinstance(made, Denial), made
    return made.code


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (sized("1000"), "10"),
        (sized("1000", side="sell"), "10.101"),
        (sized("1000", order_type="limit", price="80"), "12.5"),
        (sized("1000", order_type="stop", stop_price="125"), "8"),
        (sized("2", "equity_percent"), "2"),
        (sized("1", "risk_percent", stop_loss="95"), "20"),
        (sized("1", "risk_percent", side="sell", stop_loss="104"), "20"),
        (sized("1", "risk_percent", order_type="limit", price="90", stop_loss="85"), "20"),
    ],
    ids=["ask", "bid", "limit", "trigger", "percent", "risk", "risk of a sell", "risk from the limit"],
)
def test_a_size_becomes_a_quantity(order: SizedOrder, expected: str) -> None:
    assert quantity(size(order, state())) == Decimal(expected)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (sized("1000"), "10"),
        (sized("2", "equity_percent"), "5"),
        (sized("1", "risk_percent", stop_loss="80"), "10"),
    ],
    ids=["amount", "percent", "risk"],
)
def test_an_inverse_contract_is_worth_its_size_in_quote_and_loses_by_the_difference_of_inverses(
    order: SizedOrder, expected: str
) -> None:
    """100 USD a contract, paid in BTC: 1 BTC each at 100; from 100 to 80 it loses 0.25 BTC."""
    rules = instrument("inverse", contract_size="100", quantity_step="1", min_quantity="1", settle="BTC")
    assert quantity(size(order, state(rules, currency="BTC", equity="250"))) == Decimal(expected)


def test_a_percentage_is_turned_into_the_instruments_currency() -> None:
    rules = instrument(quote="JPY")
    seen = state(rules, rates={"JPY": Decimal("0.008")}, quote=MarketData(symbol=SYMBOL, bid="9900", ask="10000"))
    made = size(sized("4", "equity_percent"), seen)
    assert quantity(made) == 5
    assert isinstance(made, Sized)
    assert made.inputs == {"size": "5", "price": "10000", "equity": "10000", "rate": "0.008"}


@pytest.mark.parametrize(
    ("order", "seen", "expected"),
    [
        (sized("1000"), state(quote=None), "NO_QUOTE"),
        (sized("1000"), state(quote=MarketData(symbol=SYMBOL, bid="99")), "NO_QUOTE"),
        (sized("1", "equity_percent"), state(equity=None), "NO_EQUITY"),
        (sized("1", "equity_percent"), state(equity="-3"), "NO_EQUITY"),
        (sized("1", "equity_percent"), state(currency="EUR"), "NO_CONVERSION"),
        (sized("1", "risk_percent", stop_loss="100"), state(), "STOP_LOSS_SIDE"),
        (sized("1", "risk_percent", stop_loss="120"), state(), "STOP_LOSS_SIDE"),
        (sized("1000"), AccountState(account="main"), "NO_INSTRUMENT"),
    ],
    ids=["no quote", "one side", "no equity", "in debt", "no rate", "no risk", "wrong side", "no rules"],
)
def test_without_a_figure_there_is_no_order(order: SizedOrder, seen: AccountState, expected: str) -> None:
    assert code(size(order, seen)) == expected


def test_an_amount_needs_neither_equity_nor_a_rate() -> None:
    assert quantity(size(sized("1000"), state(equity=None, currency="EUR"))) == 10


def test_too_little_is_denied_with_the_minimum_and_never_becomes_nothing() -> None:
    made = size(sized("5"), state(instrument(min_quantity="0.1")))
    assert isinstance(made, Denial)
    assert (made.code, made.limit, made.value) == ("SIZE_TOO_SMALL", "0.1", "0.05")
    assert "5 of quote currency are 0.05 of BTC/USDT, less than the minimum of 0.1" in made.message
    assert code(size(sized("0.01"), state())) == "SIZE_TOO_SMALL"


def test_too_much_for_one_order_is_denied_with_the_maximum() -> None:
    made = size(sized("1000"), state(instrument(max_quantity="9")))
    assert isinstance(made, Denial)
    assert (made.code, made.limit, made.value) == ("QUANTITY", "9", "10")


def test_without_a_step_a_quantity_has_twelve_places() -> None:
    rules = Instrument(symbol=SYMBOL, kind="linear", base="BTC", quote="USDT")
    assert quantity(size(sized("100", order_type="limit", price="3"), state(rules))) == Decimal("33.333333333333")


NUMBERS = st.decimals("0.01", "1000000", places=4)


@given(amount=NUMBERS, price=NUMBERS, step=st.sampled_from(["1", "0.5", "0.001", "0.00000001"]), inverse=st.booleans())
def test_a_quantity_is_never_worth_more_than_was_said_and_one_step_more_would_be(
    amount: Decimal, price: Decimal, step: str, inverse: bool
) -> None:
    rules = instrument("inverse" if inverse else "linear", quantity_step=step, min_quantity=None, contract_size="0.1")
    order = sized(str(amount), order_type="limit", price=price)
    made = size(order, state(rules))
    worth = Fraction("0.1") if inverse else Fraction("0.1") * Fraction(price)
    if isinstance(made, Denial):
        assert worth * Fraction(step) > Fraction(amount)
        return
    assert Fraction(made.order.quantity) * worth <= Fraction(amount)
    assert (Fraction(made.order.quantity) + Fraction(step)) * worth > Fraction(amount)


@given(
    price=NUMBERS, share=st.decimals("0.01", "0.99", places=2), percent=st.decimals("0.1", "5", places=1), inverse=st.booleans()
)
def test_no_more_is_lost_at_the_stop_than_was_said(price: Decimal, share: Decimal, percent: Decimal, inverse: bool) -> None:
    rules = instrument("inverse" if inverse else "linear", quantity_step="0.0001", min_quantity=None)
    stop = price * share
    order = sized(str(percent), "risk_percent", order_type="limit", price=price, stop_loss=stop)
    made = size(order, state(rules, currency=None))
    entry, exit_ = Fraction(price), Fraction(stop)
    loss = 1 / exit_ - 1 / entry if inverse else entry - exit_
    said = Fraction(10000) * Fraction(percent) / 100
    if isinstance(made, Denial):
        assert loss * Fraction("0.0001") > said
    else:
        assert Fraction(made.order.quantity) * loss <= said


@pytest.mark.parametrize(
    ("side", "stop", "target"),
    [("buy", ("90.3", "90.5"), ("110.3", "110")), ("sell", ("110.3", "110"), ("90.3", "90.5"))],
)
def test_stop_and_target_are_rounded_toward_the_market(side: str, stop: tuple[str, str], target: tuple[str, str]) -> None:
    order = Order(symbol=SYMBOL, side=side, quantity="1", stop_loss=stop[0], take_profit=target[0])
    made = on_ticks(order, instrument(price_tick="0.5"))
    assert (made.stop_loss, made.take_profit) == (Decimal(stop[1]), Decimal(target[1]))
    assert on_ticks(made, instrument(price_tick="0.5")) is made
    assert on_ticks(order, instrument()) is order


def test_the_risk_is_measured_to_the_stop_as_it_is_placed() -> None:
    made = size(sized("1", "risk_percent", stop_loss="94.9"), state(instrument(price_tick="0.5")))
    assert isinstance(made, Sized)
    assert (made.order.stop_loss, made.order.quantity) == (95, 20)


async def test_a_size_is_worked_out_in_its_turn_and_its_inputs_are_journalled(tmp_path: Path) -> None:
    first, clock = Held(), HandClock()
    stage = Stage(first)
    async with hub_on(stage, configure(tmp_path), clock=clock) as hub:
        await hub.submit(ACCOUNT, buy("1"))
        await first.reached.wait()
        receipt = await hub.submit(ACCOUNT, sized("1000", "quote", client_order_id="sized"))
        stage.quote = MarketData(symbol=SYMBOL, bid="199", ask="200")
        clock.move(10)
        first.go.set()
        result = await receipt.result(5)
        again = await hub.execute_order(ACCOUNT, sized("1000", "quote", client_order_id="sized"))
        other = await hub.execute_order(ACCOUNT, sized("1001", "quote", client_order_id="sized"))
        recorded = await hub.journal.order(Key(ACCOUNT, "sized"))
    assert (result.status, result.filled_quantity) == ("filled", 5)
    assert (again.duplicate, other.code) == (True, "ID_REUSED")
    assert recorded is not None
    decision = json.loads(recorded.attempts[0].decision)
    assert decision["sizing"] == {"size": "5", "price": "200"}
    assert decision["order"]["quantity"] == "5"
    assert [order.quantity for order, _ in stage.requests] == [1, 5]


async def test_a_further_attempt_keeps_the_quantity(tmp_path: Path) -> None:
    clock = HandClock()

    def late(order: Order, submission: Submission) -> ExecutionResult:
        """Nothing was sent, and the price has doubled meanwhile."""
        stage.quote = MarketData(symbol=SYMBOL, bid="199", ask="200")
        clock.move(10)
        return ExecutionResult(status="not_placed", code="LIMIT", retryable=True)

    stage = Stage(late)
    account = {"entry_attempts": 2, "attempts_within": 60.0}
    async with hub_on(stage, configure(tmp_path, account=account), clock=clock) as hub:
        result = await hub.execute_order(ACCOUNT, sized("1000", "quote"))
    assert result.status == "filled"
    assert [order.quantity for order, _ in stage.requests] == [10, 10]


async def test_a_size_through_zero_closes_first(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy("2"))
        result = await hub.execute_order(ACCOUNT, sized("990", side="sell", client_order_id="turn"))
    assert [(order.side, order.quantity) for order, _ in stage.requests] == [("buy", 2), ("sell", 2), ("sell", 8)]
    assert result.legs[0].filled_quantity == 8
