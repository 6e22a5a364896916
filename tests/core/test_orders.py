# SPDX-License-Identifier: MIT
"""Order, ClosePosition, OrderChange, OrderRef, Submission: what can be meant."""

from decimal import Decimal
from typing import Any

import attrs
import pytest

from fks_exec import ClosePosition, InvalidOrder, Order, OrderChange, OrderRef, OrderType, Side, Submission, TimeInForce
from fks_exec_simulators.clocks import HandClock

GOOD: dict[str, Any] = {"symbol": "BTC/USDT", "side": "buy", "quantity": "0.01"}


def test_an_order_needs_a_symbol_a_side_and_a_quantity() -> None:
    """The rest has defaults."""
    order = Order(**GOOD)
    assert (order.symbol, order.side, order.quantity) == ("BTC/USDT", Side.BUY, Decimal("0.01"))
    assert order.order_type is OrderType.MARKET
    assert order.time_in_force is TimeInForce.GTC


def test_words_are_the_same_in_any_case() -> None:
    """Alerts are written by people."""
    order = Order(symbol="A", side="BUY", quantity=1, order_type="Limit", price=1, time_in_force="IoC")  # type: ignore[arg-type]
    assert (order.side, order.order_type, order.time_in_force) == (Side.BUY, OrderType.LIMIT, TimeInForce.IOC)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("symbol", {"symbol": ""}),
        ("symbol", {"symbol": "A B"}),
        ("symbol", {"symbol": "x" * 65}),
        ("symbol", {"symbol": "ΒTC"}),
        ("symbol", {"symbol": "BTC\n"}),
        ("symbol", {"symbol": 5}),
        ("side", {"side": "up"}),
        ("side", {"side": None}),
        ("order_type", {"order_type": "oco"}),
        ("time_in_force", {"time_in_force": "tomorrow"}),
        ("quantity", {"quantity": "0"}),
        ("quantity", {"quantity": "-1"}),
        ("quantity", {"quantity": 0.1}),
        ("quantity", {"quantity": True}),
        ("quantity", {"quantity": "NaN"}),
        ("price", {"price": "1"}),
        ("price", {"order_type": "limit"}),
        ("price", {"order_type": "limit", "price": "0"}),
        ("price", {"order_type": "stop", "stop_price": 1, "price": 1}),
        ("stop_price", {"stop_price": "1"}),
        ("stop_price", {"order_type": "stop"}),
        ("stop_price", {"order_type": "stop_limit", "price": "1"}),
        ("stop_loss", {"stop_loss": "-1"}),
        ("take_profit", {"take_profit": "0"}),
        ("confidence", {"confidence": "1.01"}),
        ("confidence", {"confidence": "-0.01"}),
        ("confidence", {"confidence": 0.9}),
        ("client_order_id", {"client_order_id": ""}),
        ("client_order_id", {"client_order_id": "a b"}),
        ("client_order_id", {"client_order_id": "x" * 65}),
        ("client_order_id", {"client_order_id": "é"}),
        ("strategy", {"strategy": ""}),
        ("strategy", {"strategy": "a\nb"}),
        ("strategy", {"strategy": "x" * 65}),
        ("reduce_only", {"reduce_only": 1}),
        ("post_only", {"post_only": "yes"}),
        ("post_only", {"post_only": True}),
        ("expire_at", {"time_in_force": "gtd"}),
        ("expire_at", {"expire_at": 1_700_000_000_000}),
        ("expire_at", {"time_in_force": "gtd", "expire_at": "tomorrow"}),
        ("signal_time", {"signal_time": True}),
        ("signal_time", {"signal_time": 0}),
        ("signal_time", {"signal_time": 10**14}),
        ("signal_time", {"signal_time": 1.5}),
        ("options", {"options": {"x": 0.5}}),
        ("options", {"options": {"x": None}}),
        ("options", {"options": {1: "x"}}),
        ("options", {"options": {"x": Decimal("NaN")}}),
        ("options", {"options": {"x": Decimal("1e99")}}),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_field(field: str, values: dict[str, Any]) -> None:
    """One sentence that names the field."""
    with pytest.raises(InvalidOrder) as caught:
        Order(**(GOOD | values))
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")


@pytest.mark.parametrize(
    "values",
    [
        {"order_type": "limit", "price": "1", "post_only": True},
        {"order_type": "stop", "stop_price": "1"},
        {"order_type": "stop_limit", "stop_price": "1", "price": "1"},
        {"time_in_force": "gtd", "expire_at": 1_700_000_000_000},
        {"confidence": 0},
        {"confidence": 1},
        {"client_order_id": "A-z.0_9:x"},
        {"strategy": "mean reversion é"},
        {"options": {"a": "b", "c": 1, "d": True, "e": Decimal("0.5")}},
        {"symbol": "x" * 64},
        {"stop_loss": "1", "take_profit": "2", "reduce_only": True},
    ],
)
def test_what_can_be_meant_is_taken(values: dict[str, Any]) -> None:
    """The other side of each bound."""
    assert Order(**(GOOD | values))


def test_an_order_cannot_be_changed_after_it_was_made() -> None:
    """Guards, journal and venue see the same one."""
    source = {"leverage": 5}
    order = Order(**GOOD, options=source)
    source["leverage"] = 50
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        order.quantity = Decimal(5)  # type: ignore[misc]
    with pytest.raises(TypeError):
        order.options["leverage"] = 50  # type: ignore[index]
    assert order.options["leverage"] == 5
    assert not hasattr(order, "__dict__")


def test_orders_are_compared_and_hashed_by_what_they_say() -> None:
    """An order with options has a hash too."""
    assert Order(**GOOD, options={"a": 1}) == Order(**GOOD, options={"a": 1})
    assert Order(**GOOD, options={"a": 1}) != Order(**GOOD)
    assert len({Order(**GOOD), Order(**(GOOD | {"quantity": "0.010"}))}) == 1
    assert hash(Order(**GOOD, options={"a": 1}))


def test_a_side_knows_its_opposite_and_its_sign() -> None:
    """Buy adds, sell takes away."""
    assert (Side.BUY.opposite, Side.BUY.sign) == (Side.SELL, 1)
    assert (Side.SELL.opposite, Side.SELL.sign) == (Side.BUY, -1)


@pytest.mark.parametrize("values", [{"scope": "all"}, {"symbol": " "}, {"signal_time": -1}, {"strategy": ""}])
def test_a_close_is_checked_like_an_order(values: dict[str, Any]) -> None:
    """It moves as much money."""
    with pytest.raises(InvalidOrder):
        ClosePosition(**({"symbol": "BTC/USDT"} | values))


def test_a_change_leaves_alone_what_it_does_not_name() -> None:
    """And refuses a quantity of zero."""
    change = OrderChange(price="10", stop_price=1, stop_loss="2", take_profit="3")
    assert (change.quantity, change.price) == (None, 10)
    with pytest.raises(InvalidOrder):
        OrderChange(quantity=0)


def test_what_remains_until_the_deadline_is_never_negative() -> None:
    """By the monotonic clock of the submission, which its repr leaves out."""
    clock = HandClock(monotonic=100)
    submission = Submission(account="a", venue_client_order_id="v", deadline=110, clock=clock)
    assert submission.remaining() == 10
    clock.move(60)
    assert submission.remaining() == 0
    assert "clock" not in repr(submission)


def test_a_reference_may_know_any_of_an_orders_names() -> None:
    """None of them is needed."""
    assert OrderRef(order_id="7").client_order_id is None
