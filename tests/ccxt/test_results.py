# SPDX-License-Identifier: MIT
"""What ccxt's orders and trades are read as: states, quantities, fees and trades, exactly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import ExecutionResult, Fee, Side, Status
from fks_exec_ccxt.reading.results import Told, exact, fills_of_leg, leg_of, read_order, result_of, update_of, with_trades
from fks_exec_ccxt.wire.outcomes import Unsettled


def order(**changes: Any) -> dict[str, Any]:
    """One of ccxt's, that rests."""
    whole = {
        "id": "7",
        "clientOrderId": "abc",
        "symbol": "BTC/USDT",
        "side": "buy",
        "type": "limit",
        "status": "open",
        "amount": 0.02,
        "filled": 0.0,
        "price": 60000.0,
        "timestamp": 1_700_000_000_000,
        "info": {"origQty": "0.02"},
    }
    return {**whole, **changes}


def trade(name: str | None, amount: float, price: float, **changes: Any) -> dict[str, Any]:
    """One of ccxt's, of order 7."""
    whole = {
        "id": name,
        "order": "7",
        "symbol": "BTC/USDT",
        "side": "buy",
        "amount": amount,
        "price": price,
        "timestamp": 1_700_000_001_000,
        "fee": {"cost": 0.00001, "currency": "BTC"},
        "info": {},
    }
    return {**whole, **changes}


def result(**changes: Any) -> ExecutionResult:
    return result_of(read_order(order(**changes)))


@pytest.mark.parametrize(
    ("changes", "status", "filled"),
    [
        ({}, Status.ACCEPTED, "0"),
        ({"filled": 0.01}, Status.PARTIALLY_FILLED, "0.01"),
        ({"filled": 0.02}, Status.FILLED, "0.02"),
        ({"status": "closed", "filled": 0.02}, Status.FILLED, "0.02"),
        ({"status": "closed", "filled": 0.01}, Status.CANCELED, "0.01"),
        ({"status": "closed", "filled": 0.0}, Status.CANCELED, "0"),
        ({"status": "canceled"}, Status.CANCELED, "0"),
        ({"status": "canceled", "filled": 0.01}, Status.CANCELED, "0.01"),
        ({"status": "canceled", "filled": 0.02}, Status.FILLED, "0.02"),
        ({"status": "expired", "filled": 0.01}, Status.EXPIRED, "0.01"),
        ({"status": "canceling"}, Status.ACCEPTED, "0"),
        ({"status": "rejected"}, Status.REJECTED, "0"),
        ({"status": "rejected", "filled": 0.01}, Status.CANCELED, "0.01"),
        ({"status": None, "filled": None}, Status.ACCEPTED, "0"),
        ({"status": None, "filled": 0.01}, Status.PARTIALLY_FILLED, "0.01"),
    ],
)
def test_a_state_follows_from_the_word_and_what_has_filled(changes: dict[str, Any], status: Status, filled: str) -> None:
    told = result(**changes)
    assert (told.status, told.filled_quantity) == (status, Decimal(filled))


@pytest.mark.parametrize("word", ["closed", "canceled", "expired", None])
def test_a_quantity_that_is_not_told_is_not_zero(word: str | None) -> None:
    """An end without it, or no word at all, says nothing: it is looked at again."""
    assert read_order(order(status=word, filled=None)).status is None


def test_a_purchase_for_so_much_quote_currency_is_filled_when_it_is_closed() -> None:
    """What was asked for is no quantity; less than it is no remainder."""
    bought = order(type="market", status="closed", amount=0.0201, filled=0.02, average=60000.0, cost=1200.0)
    assert read_order(bought, by_cost=True).status is Status.FILLED
    assert read_order(bought).status is Status.CANCELED
    assert read_order({**bought, "side": "sell"}, by_cost=True).status is Status.CANCELED


def test_what_was_bought_is_base_units_and_never_the_quote_currency_that_was_spent() -> None:
    """ccxt takes what is left of Gate's amount from it, both in quote currency; elsewhere cost and price must agree."""
    words = {"type": "market", "status": "closed", "amount": 100.0, "filled": 99.5, "average": 50000.0, "cost": 99.5}
    gate = read_order(order(**words, info={"filled_amount": "0.00199"}), by_cost=True)
    assert (gate.filled, gate.status) == (Decimal("0.00199"), Status.FILLED)
    other = read_order(order(**words), by_cost=True)
    assert (other.filled, other.status) == (None, None)
    assert with_trades(other, [trade("1", 0.00199, 50000.0)]).filled == Decimal("0.00199")


@pytest.mark.parametrize("word", ["closed", "canceled", "expired"])
def test_what_has_ended_is_never_told_as_standing(word: str) -> None:
    told = read_order(order(status=word, filled=None))
    with pytest.raises(Unsettled):
        result_of(told)
    with pytest.raises(Unsettled):
        leg_of(told, "stop_loss")


@pytest.mark.parametrize("more", [{"triggerPrice": 50000.0}, {"info": {"algoId": "7"}}])
def test_a_trigger_that_ended_without_firing_has_filled_nothing(more: dict[str, Any]) -> None:
    """OKX tells of an algo order that was cancelled, or that failed, no quantity."""
    told = result(status="canceled", filled=None, **more)
    assert (told.status, told.filled_quantity) == (Status.CANCELED, 0)


def test_a_rejection_afterwards_has_its_reason() -> None:
    told = result(status="rejected", info={"rejectReason": "EC_PostOnlyWillTakeLiquidity"})
    assert told.code == "REJECTED"
    assert "EC_PostOnlyWillTakeLiquidity" in (told.error or "")


def test_trades_that_come_to_what_has_filled_are_its_fills() -> None:
    told = with_trades(read_order(order(filled=0.02)), [trade("2", 0.015, 60000.0), trade("1", 0.005, 59000.0)])
    assert [fill.trade_id for fill in told.fills] == ["BTC/USDT:7:2", "BTC/USDT:7:1"]
    assert told.average == Decimal("59750")
    assert told.fees == (Fee(currency="BTC", amount="0.00002"),)
    assert {fill.side for fill in told.fills} == {Side.BUY}


def test_trades_that_are_not_all_of_them_are_no_fills() -> None:
    """The sum of what is booked would be less than what has filled."""
    told = with_trades(read_order(order(filled=0.02)), [trade("1", 0.005, 59000.0)])
    assert told.fills == ()
    assert told.filled == Decimal("0.02")


def test_trades_beyond_what_was_told_have_filled_since() -> None:
    told = with_trades(read_order(order(filled=0.005)), [trade("1", 0.005, 59000.0), trade("2", 0.015, 60000.0)])
    assert (told.filled, told.status) == (Decimal("0.02"), Status.FILLED)


def test_a_trade_counts_once_and_only_for_its_own_order() -> None:
    trades = [trade("1", 0.02, 59000.0), trade("1", 0.02, 59000.0), trade("3", 0.02, 59000.0, order="8")]
    told = with_trades(read_order(order(filled=0.02)), trades)
    assert [fill.quantity for fill in told.fills] == [Decimal("0.02")]


def test_trades_without_ids_are_no_fills() -> None:
    """A fill is booked once by its id."""
    assert with_trades(read_order(order(filled=0.02)), [trade(None, 0.02, 59000.0)]).fills == ()


def test_both_sides_of_a_trade_with_oneself_are_two_fills() -> None:
    """Binance gives both one number."""
    one = with_trades(read_order(order(filled=0.02)), [trade("1", 0.02, 59000.0)])
    other = with_trades(
        read_order(order(id="8", side="sell", filled=0.02)), [trade("1", 0.02, 59000.0, order="8", side="sell")]
    )
    assert one.fills[0].trade_id != other.fills[0].trade_id


def test_trades_within_an_answer_count() -> None:
    """Binance's FULL answers have them, without the order's id and a time."""
    told = read_order(order(status="closed", filled=0.02, trades=[trade("1", 0.02, 59000.0, order=None, timestamp=None)]))
    assert told.fills[0].timestamp == 1_700_000_000_000
    assert told.fills[0].fee_currency == "BTC"


def test_fees_in_two_currencies_are_two_fees() -> None:
    fees = [{"cost": 0.1, "currency": "USDT"}, {"cost": 0.001, "currency": "BNB"}]
    told = with_trades(read_order(order(filled=0.02)), [trade("1", 0.02, 59000.0, fee=None, fees=fees)])
    assert set(told.fees) == {Fee(currency="USDT", amount="0.1"), Fee(currency="BNB", amount="0.001")}


def test_a_fee_without_a_currency_is_left_out() -> None:
    told = with_trades(read_order(order(filled=0.02)), [trade("1", 0.02, 59000.0, fee={"cost": 0.1, "currency": None})])
    assert (told.fills[0].fee, told.fills[0].fee_currency, told.fees) == (0, None, ())


def test_a_rebate_stays_negative() -> None:
    told = with_trades(read_order(order(filled=0.02)), [trade("1", 0.02, 59000.0, fee={"cost": -0.1, "currency": "USDT"})])
    assert (told.fills[0].fee, told.fees) == (Decimal("-0.1"), (Fee(currency="USDT", amount="-0.1"),))


def test_a_number_too_long_for_a_float_is_the_exchanges_text() -> None:
    text = "123456789.123456789"
    told = read_order(order(amount=float(text), filled=float(text), info={"qty": text}))
    assert (told.quantity, told.filled) == (Decimal(text), Decimal(text))


@given(st.decimals(min_value="0.000000000001", max_value="999999999999", places=6))
def test_a_number_of_usual_length_survives_ccxts_float(number: Decimal) -> None:
    if len(number.normalize().as_tuple().digits) <= 15:
        assert exact(float(str(number))) == number


@pytest.mark.parametrize("value", [None, True, "", "abc", float("nan"), float("inf"), [], {}])
def test_what_is_no_number_is_none(value: object) -> None:
    assert exact(value) is None


def test_a_time_that_is_none_is_none() -> None:
    """Binance tells -1 of a stop that does not work yet."""
    assert read_order(order(timestamp=-1)).time is None


def test_a_leg_tells_its_price_and_its_fills_their_role() -> None:
    told = read_order(
        order(side="sell", status="closed", filled=0.02, triggerPrice=58000.0, trades=[trade("1", 0.02, 58000.0, side="sell")])
    )
    leg = leg_of(told, "stop_loss")
    assert (leg.role, leg.status, leg.trigger_price, leg.filled_quantity) == (
        "stop_loss",
        Status.FILLED,
        Decimal(58000),
        Decimal("0.02"),
    )
    assert [fill.leg for fill in fills_of_leg(told, "stop_loss")] == ["stop_loss"]


def test_an_update_has_both_names() -> None:
    update = update_of(read_order(order()), leg="")
    assert (update.ref.order_id, update.ref.venue_client_order_id, update.ref.symbol) == ("7", "abc", "BTC/USDT")


def test_an_answer_without_an_id_has_none() -> None:
    """HTML with HTTP 200 becomes an order of nothing."""
    told = read_order({"id": None, "info": "<html>", "status": None})
    assert told == Told(order_id=None)


def test_a_trade_of_the_other_side_is_not_this_orders() -> None:
    other = {**trade("2", 0.02, 59000.0), "side": "sell", "order": None}
    told = with_trades(read_order(order(filled=0.02)), [{**trade("1", 0.02, 59000.0), "side": "buy"}, other])
    assert told.filled == Decimal("0.02")
    assert [fill.side for fill in told.fills] == ["buy"]
