# SPDX-License-Identifier: MIT
"""What a strategy's alert asks for: its order, or the position that it is in afterwards."""

import json
from decimal import Decimal
from typing import Any

import pytest

from fks_exec import (
    ClosePosition,
    Instruction,
    InvalidOrder,
    Order,
    OrderType,
    ReversePosition,
    Side,
    SizedOrder,
    TargetPosition,
)
from fks_exec_server.tradingview.alert import Alert, read_alert

NOW = "2026-11-22T18:00:00Z"
STRATEGY = {
    "symbol": "BTCUSDT",
    "action": "buy",
    "contracts": "2",
    "market_position": "long",
    "prev_market_position": "flat",
    "position_size": "2",
    "price": "67500",
    "order_id": "Long",
    "timenow": NOW,
    "strategy": "trend",
}


def read(alert: dict[str, Any], **options: Any) -> Alert:
    fields = {name: value for name, value in alert.items() if value is not None}
    return read_alert(json.dumps(fields).encode(), key="tv", **{"accounts": ("main",), **options})


def meant(*, mode: str = "order", **fields: Any) -> Instruction:
    """The strategy's alert with these fields; None takes one out."""
    return read({**STRATEGY, **fields}, mode=mode).instruction


def test_a_strategys_alert_is_its_order() -> None:
    order = meant()
    assert isinstance(order, Order)
    assert (order.symbol, order.side, order.quantity, order.strategy) == ("BTCUSDT", "buy", 2, "trend")


@pytest.mark.parametrize("action", ["sell", "buy", "reverse", "target", "close", None])
@pytest.mark.parametrize("word", ["flat", "FLAT"])
@pytest.mark.parametrize("mode", ["order", "target"])
def test_whose_strategy_is_flat_afterwards_closes_whatever_else_it_says(action: str | None, word: str, mode: str) -> None:
    """As a plain sell it opens a short when the stop was hit already."""
    fields = {"stop_loss": "1", "limit_price": "5", "order_type": "limit", "position_size": "0"}
    found = meant(action=action, market_position=word, prev_market_position="long", mode=mode, **fields)
    assert isinstance(found, ClosePosition)
    assert (found.symbol, found.strategy, found.scope, found.signal_time) == ("BTCUSDT", "trend", "strategy", 1795370400000)


@pytest.mark.parametrize("alias", ["action", "side", "data"])
@pytest.mark.parametrize("word", ["close", "Exit", "FLAT"])
def test_close_exit_and_flat_are_one(alias: str, word: str) -> None:
    found = read({"symbol": "BTCUSDT", alias: word, "strategy": "trend", "timenow": NOW}).instruction
    assert isinstance(found, ClosePosition)


def test_a_reversal_is_one_order_of_the_old_and_the_new_contracts() -> None:
    """The hub splits it at zero."""
    order = meant(action="sell", contracts="4", market_position="short", prev_market_position="long", position_size="-2")
    assert isinstance(order, Order)
    assert (order.side, order.quantity) == ("sell", 4)


def test_reverse_goes_with_a_strategys_fields() -> None:
    found = meant(action="reverse", contracts=None, market_position="short", position_size="-2")
    assert isinstance(found, ReversePosition)


def test_the_strategys_price_is_the_signals_and_never_a_limit() -> None:
    for fields in ({}, {"signal_price": "67500", "price": None}, {"signal_price": "67500", "price": "1"}):
        alert = read({**STRATEGY, **fields})
        assert isinstance(alert.instruction, Order)
        assert (alert.instruction.order_type, alert.instruction.price) == (OrderType.MARKET, None)
        assert alert.signal.price == 67500


@pytest.mark.parametrize(
    "field", ["contracts", "market_position", "position_size", "prev_market_position", "order_id", "strategy"]
)
def test_beside_each_field_of_a_strategy_a_price_is_no_limit(field: str) -> None:
    plain = {"symbol": "BTCUSDT", "action": "buy", "price": "5", "timenow": NOW}
    plain |= {"quantity": "2"} if field != "contracts" else {}
    order = read({**plain, field: STRATEGY[field]}).instruction
    assert isinstance(order, Order)
    assert order.order_type == "market"


def test_the_price_of_a_plain_alert_is_a_limit() -> None:
    alert = read({"symbol": "BTCUSDT", "action": "buy", "quantity": "1", "price": "5", "timenow": NOW})
    assert isinstance(alert.instruction, Order)
    assert (alert.instruction.order_type, alert.instruction.price, alert.signal.price) == ("limit", 5, None)


@pytest.mark.parametrize("fields", [{"limit_price": "5"}, {"order_type": "limit", "limit_price": "5", "price": "5"}])
def test_a_strategy_that_means_a_limit_says_limit(fields: dict[str, str]) -> None:
    order = meant(**fields)
    assert isinstance(order, Order)
    assert (order.order_type, order.price) == ("limit", 5)


@pytest.mark.parametrize(
    ("unit", "more"), [("quote", {}), ("equity_percent", {}), ("risk_percent", {"stop_loss": "60000", "take_profit": "80000"})]
)
def test_a_quantity_has_a_unit(unit: str, more: dict[str, str]) -> None:
    order = meant(contracts=None, quantity="1.5", unit=unit.upper(), **more)
    assert isinstance(order, SizedOrder)
    assert (order.size, order.size_type, order.side, order.strategy) == (Decimal("1.5"), unit, Side.BUY, "trend")
    assert order.stop_loss == (60000 if more else None)


def test_contracts_are_the_unit_of_a_plain_order() -> None:
    order = meant(unit="contracts")
    assert isinstance(order, Order)
    assert order.quantity == 2


def test_a_target_is_the_position_that_the_strategy_is_in() -> None:
    """Whatever its order was: an alert that was lost is made up for by the next one."""
    long = meant(mode="target", contracts="0.5", stop_loss="60000")
    assert isinstance(long, TargetPosition)
    assert (long.quantity, long.stop_loss, long.strategy) == (2, 60000, "trend")
    for size in ("-3", "3"):
        short = meant(mode="target", action="sell", market_position="short", position_size=size)
        assert isinstance(short, TargetPosition)
        assert short.quantity == -3


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"mode": "target", "market_position": None}, 'market_position: is missing; a key with mode = "target" needs it'),
        ({"mode": "target", "position_size": None}, "position_size: is missing"),
        ({"mode": "target", "limit_price": "5"}, "limit_price: does not go with a target"),
        ({"mode": "target", "order_type": "limit"}, "unit: does not go with a target"),
        ({"mode": "target", "unit": "quote"}, "unit: does not go with a target"),
        ({"position_size": "-2"}, "position_size: -2 is not the size of a long position"),
        ({"position_size": "0"}, "position_size: 0 is not the size of a long position"),
        ({"unit": "quote"}, "unit: quote is no unit of contracts"),
        ({"contracts": None, "qty": "1", "unit": "risk_percent"}, "stop_loss: an order that is sized by what is at risk"),
        ({"contracts": None, "qty": "1", "unit": "quote", "reduce_only": True}, "reduce_only: does not go with the unit quote"),
        ({"unit": "lots"}, "unit: 'lots' is not one of contracts, quote"),
        ({"market_position": "up"}, "market_position: 'up' is not one of long, short, flat"),
        ({"sentiment": "bearish"}, "sentiment: differs from market_position"),
        ({"signal_price": "0"}, "signal_price: 0 is not greater than zero"),
        ({"signal_price": "-5"}, "signal_price: -5 is not greater than zero"),
        ({"action": None}, "action: is missing"),
        ({"symbol": "BINANCE:BTCUSDT", "exchange": "BYBIT"}, "exchange: 'BYBIT' differs from the one in symbol"),
        ({"account": "main", "accounts": ["main"]}, "accounts: stands beside account"),
        ({"accounts": []}, "accounts: is not a list of 1 to 100 accounts"),
        ({"accounts": "main"}, "accounts: is not a list"),
        ({"accounts": ["main", "other"]}, "accounts: 'other' is not one that this key may trade"),
        ({"accounts": [["main"]]}, "accounts: holds a list"),
        ({"secret": "word"}, "secret: is not asked for by this key"),
        ({"test": "yes"}, "test: is neither true nor false"),
        ({"order_id": "a\nb"}, "order_id: is not a text"),
    ],
)
def test_what_contradicts_itself_is_refused_with_its_field(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidOrder, match=f"^{sentence}"):
        meant(**fields)


@pytest.mark.parametrize(
    ("fields", "symbol"),
    [
        ({"exchange": "BINANCE"}, "BINANCE:BTCUSDT"),
        ({"exchange": "binance", "symbol": "BINANCE:BTCUSDT"}, "BINANCE:BTCUSDT"),
        ({"symbol": "BTCUSDT.P"}, "BTCUSDT.P"),
        ({"symbol": None, "ticker": "ES1!"}, "ES1!"),
    ],
)
def test_the_exchange_stands_before_the_symbol(fields: dict[str, str], symbol: str) -> None:
    """The account resolves it, and refuses another venue's."""
    assert meant(**fields).symbol == symbol


@pytest.mark.parametrize(
    ("fields", "exits"),
    [
        ({}, False),
        ({"action": "sell"}, True),
        ({"action": "sell", "market_position": "short"}, False),
        ({"action": "buy", "market_position": "short"}, True),
        ({"market_position": "flat"}, True),
        ({"market_position": None}, None),
        ({"market_position": None, "reduce_only": True}, True),
        ({"market_position": None, "action": "target", "contracts": "0"}, True),
        ({"market_position": None, "action": "target", "contracts": "1"}, False),
        ({"market_position": None, "action": "reverse", "contracts": None}, False),
    ],
)
def test_an_alert_says_whether_it_can_only_reduce(fields: dict[str, Any], exits: bool | None) -> None:
    size = {} if fields.get("market_position", "long") == "long" else {"position_size": None}
    assert read({**STRATEGY, **size, **fields}).signal.exits is exits


def test_each_account_of_a_list_is_an_order_with_an_id_of_its_own() -> None:
    alert = read({**STRATEGY, "accounts": ["two", "one", "two"]}, accounts=("one", "two", "three"))
    assert [child.account for child in alert.children] == ["two", "one"]
    assert len({child.instruction.client_order_id for child in alert.children}) == 2
    assert alert.group


def test_a_key_that_spreads_sends_to_each_of_its_accounts() -> None:
    alert = read(STRATEGY, accounts=("one", "two"), spread=True)
    assert [child.account for child in alert.children] == ["one", "two"]
    alone = read({**STRATEGY, "account": "two"}, accounts=("one", "two"), spread=True)
    assert [child.account for child in alone.children] == ["two"]


def test_an_order_id_is_a_label_and_no_key() -> None:
    """It is the Pine entry's name: as a key it would lose the second trade for ever."""
    first, second = meant(), meant(timenow="2026-11-22T18:00:01Z")
    assert first.client_order_id != second.client_order_id
    assert meant(id="1").client_order_id == meant(id="1", order_id="Short").client_order_id
