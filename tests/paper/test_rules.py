# SPDX-License-Identifier: MIT
"""What the venue refuses at sight, each with its code; and that a refusal changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from fks_exec import VenueRejected

LIMIT = {"order_type": "limit"}
STOP = {"order_type": "stop"}
SPOT = "BTC/USDT"
PERP = "ETH/USDT:USDT"


@pytest.mark.parametrize(
    ("code", "order"),
    [
        ("UNKNOWN_SYMBOL", {"side": "buy", "quantity": 1, "symbol": "BTC/EUR"}),
        ("UNKNOWN_SYMBOL", {"side": "buy", "quantity": 1, "symbol": "BTCUSDT"}),
        ("LOT_SIZE", {"side": "buy", "quantity": "1.0005"}),
        ("MIN_QUANTITY", {"side": "buy", "quantity": "0.001"}),
        ("MAX_QUANTITY", {"side": "buy", "quantity": "1000.001"}),
        ("MIN_NOTIONAL", {"side": "buy", "quantity": "0.049"}),
        ("MIN_NOTIONAL", {"side": "buy", "quantity": "0.05", "price": "99.5", **LIMIT}),
        ("PRICE_TICK", {"side": "buy", "quantity": 1, "price": "90.25", **LIMIT}),
        ("PRICE_TICK", {"side": "buy", "quantity": 1, "stop_price": "110.1", **STOP}),
        ("PRICE_TICK", {"side": "buy", "quantity": 1, "stop_loss": "90.1"}),
        ("PRICE_TICK", {"side": "buy", "quantity": 1, "take_profit": "110.1"}),
        ("TIME_IN_FORCE", {"side": "buy", "quantity": 1, "price": 90, "time_in_force": "day", **LIMIT}),
        (
            "TIME_IN_FORCE",
            {"side": "buy", "quantity": 1, "price": 90, "time_in_force": "gtd", "expire_at": 9, **LIMIT},
        ),
        ("POST_ONLY", {"side": "buy", "quantity": 1, "price": 100, "post_only": True, **LIMIT}),
        ("POST_ONLY", {"side": "sell", "quantity": 1, "price": 9, "post_only": True, "symbol": PERP, **LIMIT}),
        (
            "POST_ONLY",
            {"side": "buy", "quantity": 1, "price": 90, "post_only": True, "time_in_force": "ioc", **LIMIT},
        ),
        ("WOULD_TRIGGER", {"side": "buy", "quantity": 1, "stop_price": 100, **STOP}),
        ("WOULD_TRIGGER", {"side": "sell", "quantity": 1, "stop_price": 9, "symbol": PERP, **STOP}),
        ("STOP_LOSS_SIDE", {"side": "buy", "quantity": 1, "stop_loss": 99}),
        ("STOP_LOSS_SIDE", {"side": "buy", "quantity": 1, "price": 110, "stop_loss": 99, **LIMIT}),
        ("STOP_LOSS_SIDE", {"side": "buy", "quantity": 1, "price": 90, "stop_loss": 90, **LIMIT}),
        ("STOP_LOSS_SIDE", {"side": "sell", "quantity": 1, "stop_loss": 10, "symbol": PERP}),
        ("TAKE_PROFIT_SIDE", {"side": "buy", "quantity": 1, "take_profit": 100}),
        ("TAKE_PROFIT_SIDE", {"side": "sell", "quantity": 1, "take_profit": 9, "symbol": PERP}),
        ("TAKE_PROFIT_SIDE", {"side": "buy", "quantity": 1, "stop_price": 110, "take_profit": 110, **STOP}),
        ("PROTECTION", {"side": "sell", "quantity": 1, "stop_loss": 110}),
        ("PROTECTION", {"side": "buy", "quantity": 1, "take_profit": 20, "reduce_only": True, "symbol": PERP}),
        ("INSUFFICIENT_FUNDS", {"side": "buy", "quantity": 100}),
        ("INSUFFICIENT_FUNDS", {"side": "sell", "quantity": 1}),
        ("INSUFFICIENT_FUNDS", {"side": "sell", "quantity": 1200, "symbol": PERP}),
        ("REDUCE_ONLY", {"side": "sell", "quantity": 1, "reduce_only": True}),
    ],
)
def test_an_order_against_a_rule_is_refused_with_the_rules_code(bench: Any, code: str, order: dict[str, Any]) -> None:
    """A refusal is proof: nothing has changed, no number is used up."""
    with pytest.raises(VenueRejected) as caught:
        bench.send(**order)
    assert caught.value.code == code
    assert not caught.value.retryable
    assert not bench.engine.changes().orders
    assert (bench.engine.counter, bench.cash, bench.held(), bench.held(PERP)) == (0, 10_000, 0, 0)


@pytest.mark.parametrize(
    "order",
    [
        {"side": "buy", "quantity": "0.05"},
        {"side": "buy", "quantity": "0.051", "price": "99.5", **LIMIT},
        {"side": "buy", "quantity": 1, "price": "99.5", "post_only": True, **LIMIT},
        {"side": "buy", "quantity": 1, "stop_price": "100.5", **STOP},
        {"side": "buy", "quantity": 1, "stop_loss": "98.5", "take_profit": "100.5"},
        {"side": "buy", "quantity": 1, "price": 98, "stop_loss": "97.5", "take_profit": "98.5", **LIMIT},
        {"side": "sell", "quantity": 1, "stop_loss": "10.5", "take_profit": "8.5", "symbol": PERP},
        {"side": "buy", "quantity": 1, "stop_price": 110, "stop_loss": 105, "take_profit": 111, **STOP},
        {"side": "buy", "quantity": "99.9"},
    ],
)
def test_an_order_just_within_the_rules_is_taken(bench: Any, order: dict[str, Any]) -> None:
    """The other side of each border."""
    assert bench.send(**order).status in ("filled", "accepted")


def test_a_quantity_grid_counts_from_a_minimum_that_is_off_it(make_bench: Callable[..., Any], make_config: Any) -> None:
    """As some exchanges do: 0.15, 0.25, 0.35."""
    from attrs import evolve

    spot, perp = make_config().instruments
    odd = evolve(spot, quantity_step="0.1", min_quantity="0.15")
    bench = make_bench(instruments=[odd, perp])
    assert bench.send("buy", "0.35").status == "filled"
    with pytest.raises(VenueRejected, match="no multiple"):
        bench.send("buy", "0.3")


@pytest.mark.parametrize("text", ["", "x" * 37, "a b", "ä", "a/b"])
def test_an_id_outside_the_declared_alphabet_is_refused(bench: Any, text: str) -> None:
    """A hub that derives ids wrongly finds out here, not at the exchange."""
    from fks_exec import Order

    with pytest.raises(VenueRejected) as caught:
        bench.engine.place(Order(symbol=SPOT, side="buy", quantity=1), text, 1)
    assert caught.value.code == "BAD_ID"


def test_without_a_quote_nothing_is_taken(bench: Any) -> None:
    """Not even what would rest: the venue does not know whether it would."""
    bench.quote(None, None)
    for more in ({}, {"order_type": "limit", "price": 90}):
        with pytest.raises(VenueRejected) as caught:
            bench.send("buy", 1, **more)
        assert caught.value.code == "NO_QUOTE"


def test_with_one_side_of_the_quote_the_other_side_can_only_rest(bench: Any) -> None:
    """Nobody sells: a buyer may wait, but not take; no other price is taken in its place."""
    bench.quote(99, None)
    with pytest.raises(VenueRejected) as caught:
        bench.send("buy", 1)
    assert caught.value.code == "NO_QUOTE"
    assert bench.send("buy", 1, order_type="limit", price=120, stop_loss=99).status == "accepted"
    assert bench.send("buy", 1, order_type="stop", stop_price=90).status == "accepted"


def test_an_id_is_taken_once_for_ever(bench: Any) -> None:
    """The second sending is refused while the first rests, and after it has ended."""
    from fks_exec import Order

    order = Order(symbol=SPOT, side="buy", quantity=1, order_type="limit", price=90)
    entry = bench.engine.place(order, "once", 1)
    for _ in range(2):
        with pytest.raises(VenueRejected) as caught:
            bench.engine.place(order, "once", 1)
        assert caught.value.code == "DUPLICATE_ID"
        bench.cancel(entry)
    assert len(bench.engine.book.open_items()) == 0


def test_the_id_of_a_refused_order_is_still_free(bench: Any) -> None:
    """A refused order does not exist, so nothing holds its id."""
    from fks_exec import Order

    with pytest.raises(VenueRejected):
        bench.engine.place(Order(symbol=SPOT, side="buy", quantity=1000), "again", 1)
    assert bench.engine.place(Order(symbol=SPOT, side="buy", quantity=1), "again", 1).status == "filled"
