# SPDX-License-Identifier: MIT
"""What an alert means, and what is no alert."""

import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import ClosePosition, InvalidOrder, Order, OrderType, ReversePosition, Side, TargetPosition, TimeInForce, digest
from fks_exec_server.tradingview.alert import Alert, NoDedupKey, read_alert

NOW = "2026-11-22T18:00:00Z"
BUY = {"symbol": "BTC/USDT", "action": "buy", "quantity": "0.01", "timenow": NOW}


def read(alert: dict[str, Any] | bytes, *, key: str = "tv", accounts: tuple[str, ...] = ("main",)) -> Alert:
    """The alert, read."""
    raw = alert if isinstance(alert, bytes) else json.dumps(alert).encode()
    return read_alert(raw, key=key, accounts=accounts)


def order(**fields: Any) -> Order:
    """The order of the usual alert with these fields; None takes one out."""
    instruction = read({key: value for key, value in {**BUY, **fields}.items() if value is not None}).instruction
    assert isinstance(instruction, Order)
    return instruction


def test_every_field_of_an_order_arrives() -> None:
    """A field that were read and lost would make another order than was meant."""
    alert = {
        "symbol": "BINANCE:BTCUSDT",
        "action": "sell",
        "quantity": "0.25",
        "order_type": "stop_limit",
        "price": "50000.5",
        "stop_price": "50001",
        "stop_loss": "51000",
        "take_profit": "48000",
        "time_in_force": "IOC",
        "confidence": 0.8,
        "strategy": "Golden Cross",
        "id": "alert 7",
        "timenow": NOW,
        "account": "other",
        "reduce_only": True,
    }
    found = read(alert, accounts=("main", "other"))
    assert found.account == "other"
    assert found.instruction == Order(
        symbol="BINANCE:BTCUSDT",
        side=Side.SELL,
        quantity=Decimal("0.25"),
        order_type=OrderType.STOP_LIMIT,
        price=Decimal("50000.5"),
        stop_price=Decimal(50001),
        stop_loss=Decimal(51000),
        take_profit=Decimal(48000),
        time_in_force=TimeInForce.IOC,
        confidence=Decimal("0.8"),
        strategy="Golden Cross",
        client_order_id=found.instruction.client_order_id,
        signal_time=1795370400000,
        reduce_only=True,
    )


def test_a_close_has_no_quantity_of_its_own() -> None:
    """It closes what is held when its turn comes."""
    instruction = read({"ticker": "BTCUSDT", "action": "Close", "strategy": "trend", "timenow": NOW}).instruction
    assert isinstance(instruction, ClosePosition)
    assert (instruction.symbol, instruction.strategy, instruction.scope) == ("BTCUSDT", "trend", "strategy")
    assert instruction.signal_time == 1795370400000


@pytest.mark.parametrize("field", ["quantity", "qty", "stop_loss", "confidence", "reduce_only", "order_type", "limit_price"])
def test_a_close_that_says_more_is_refused(field: str) -> None:
    """Half a position is not the whole one: who writes a quantity means it."""
    value: object = {"reduce_only": True, "order_type": "limit"}.get(field, "0.5")
    with pytest.raises(InvalidOrder, match=f"^{field}: does not go with close"):
        read({"symbol": "BTC/USDT", "action": "close", "timenow": NOW, field: value})


def test_a_position_is_turned_round_or_brought_to_a_target() -> None:
    """A target is signed; its stop is for what is opened."""
    turned = read({"symbol": "BTC/USDT", "action": "reverse", "sl": "90", "strategy": "trend", "timenow": NOW}).instruction
    assert isinstance(turned, ReversePosition)
    assert (turned.strategy, turned.stop_loss, turned.signal_time) == ("trend", 90, 1795370400000)
    target = read({"symbol": "BTC/USDT", "action": "target", "quantity": -2, "timenow": NOW}).instruction
    assert isinstance(target, TargetPosition)
    assert target.quantity == -2
    with pytest.raises(InvalidOrder, match=r"^quantity: is missing"):
        read({"symbol": "BTC/USDT", "action": "target", "timenow": NOW})
    with pytest.raises(InvalidOrder, match=r"^qty: does not go with reverse"):
        read({"symbol": "BTC/USDT", "action": "reverse", "qty": "1", "timenow": NOW})


def test_a_number_of_json_keeps_its_digits() -> None:
    """0.1 + 0.2 through a float is an order for 0.30000000000000004."""
    raw = b'{"symbol":"BTC/USDT","action":"buy","quantity":0.30000000000000004,"limit_price":12345.678901234567890,"id":1}'
    instruction = read(raw).instruction
    assert isinstance(instruction, Order)
    assert instruction.quantity == Decimal("0.30000000000000004")
    assert instruction.price == Decimal("12345.678901234567890")


SAME = [
    '{"symbol":"BTC/USDT","action":"BUY","quantity":"0.01","timenow":"2026-11-22T18:00:00Z","id":"one"}',
    '{"symbol":"BTC/USDT","action":"buy","quantity":0.01,"timenow":"2026-11-22T18:00:00Z","id":"one"}',
    '{"symbol":"BTC/USDT","action":"buy","quantity":"0.0100","timenow":"2026-11-22T18:00:00Z","id":"one"}',
    '{"symbol":"BTC/USDT","action":"buy","quantity":1e-2,"timenow":"2026-11-22T18:00:00Z","id":"one"}',
    '{"symbol":"BTC/USDT","action":"buy","qty":".01","timenow":"2026-11-22T18:00:00Z","id":"one"}',
    '{"symbol":"BTC/USDT","action":"buy","contracts":"+0.01","quantity":0.010,"timestamp":1795370400,"id":"one"}',
    '{"ticker":"BTC/USDT","side":"Buy","quantity":"0.01","timenow":"2026-11-22T19:00:00.000+01:00","id":"one"}',
    '{"id":"one", "timenow":1795370400, "quantity":"0.01", "action":"buy", "symbol":"BTC/USDT"}',
    '{\n  "id": "one",\n  "timenow": "1795370400000",\n  "qty": 0.01,\n  "side": "buy",\n  "ticker": "BTC/USDT"\n}\n',
    '{"symbol":"BTC\\u002fUSDT","action":"buy","quantity":0.01,"timenow":"2026-11-22T18:00:00Z","id":"on\\u0065"}',
    '{"symbol":"BTC/USDT","action":"buy","quantity":"0.01","timenow":1795370400000,"id":"one","order_type":"Market"}',
    '{"symbol":"BTC/USDT","action":"buy","quantity":"0.01","timenow":1795370400000,"id":"one","strategy":null,"sl":null}',
]


@pytest.mark.parametrize("text", SAME)
def test_another_spelling_under_one_id_is_the_same_instruction(text: str) -> None:
    """The hub compares what was meant; here it must come out equal, and under the same id."""
    first, second = read({**BUY, "id": "one"}), read(text.encode())
    assert second.instruction.client_order_id == first.instruction.client_order_id
    assert digest(second.instruction) == digest(first.instruction)


def test_another_moment_under_one_id_is_another_instruction() -> None:
    """A constant id is the user's mistake: the hub then says ID_REUSED, instead of answering with last week's fill."""
    first, second = order(id="one"), order(id="one", timenow="2026-11-29T18:00:00Z")
    assert first.client_order_id == second.client_order_id
    assert digest(first) != digest(second)


def test_the_body_is_the_id_where_none_is_given() -> None:
    """TradingView sends the same bytes again; the next bar has another timenow."""
    assert order().client_order_id == order().client_order_id
    assert order().client_order_id != order(timenow="2026-11-22T18:00:01Z").client_order_id
    assert order().client_order_id != order(quantity="0.02").client_order_id


def test_the_id_counts_before_the_body() -> None:
    """The same id and another quantity must meet, so that the hub can refuse it."""
    assert order(id="one").client_order_id == order(id="one", quantity="0.02").client_order_id
    assert order(id="one").client_order_id != order(id="two").client_order_id


def test_an_id_belongs_to_a_key_and_an_account() -> None:
    """Two senders, or two accounts, must not spend each other's ids."""
    both = ("main", "other")
    ids = {
        read({**BUY, "id": "one", "account": account}, key=key, accounts=both).instruction.client_order_id
        for key in ("a", "b")
        for account in both
    }
    assert len(ids) == 4


def test_an_id_is_no_body() -> None:
    """An id that spells out another alert's body is not that alert."""
    body = json.dumps(BUY).encode()
    assert len(body) <= 200
    assert read(body).instruction.client_order_id != order(id=body.decode()).client_order_id


def test_neither_id_nor_timenow_is_refused_with_the_remedy() -> None:
    """Next week's equal alert would be answered with this week's result."""
    with pytest.raises(NoDedupKey, match=r'"timenow": "\{\{timenow\}\}"'):
        order(timenow=None)
    assert order(timenow=None, id="one").signal_time is None


@pytest.mark.parametrize(
    ("fields", "order_type", "price"),
    [
        ({}, "market", None),
        ({"limit_price": "5"}, "limit", "5"),
        ({"order_type": "limit", "price": "5"}, "limit", "5"),
        ({"order_type": "LIMIT", "limit_price": "5", "price": 5.0}, "limit", "5"),
        ({"order_type": "stop", "stop_price": "6"}, "stop", None),
        ({"order_type": "stop_limit", "stop_price": "6", "limit_price": "5"}, "stop_limit", "5"),
    ],
)
def test_a_limit_price_makes_a_limit_order(fields: dict[str, Any], order_type: str, price: str | None) -> None:
    """And nothing else does."""
    found = order(**fields)
    assert found.order_type == order_type
    assert found.price == (None if price is None else Decimal(price))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"price": "60000", "order_type": "market"}, "price: a market order has none; for a limit order call it limit_price"),
        ({"price": "60000", "order_type": "stop", "stop_price": "5"}, "price: a stop order has none"),
        ({"limit_price": "5", "order_type": "market"}, "limit_price: a market order has none"),
        ({"limit_price": "5", "price": "6", "order_type": "limit"}, "price: differs from limit_price"),
        ({"limit_price": "5", "stop_price": "6"}, "stop_price: a limit order has none"),
        ({"stop_price": "6"}, "stop_price: a market order has none"),
        ({"order_type": "limit"}, "price: a limit order needs it"),
        ({"order_type": "mar\u212aet"}, "order_type: 'mar"),
        ({"time_in_force": "gtd"}, "expire_at: goes with"),
        ({"exchange": "\u00df", "symbol": "SS:BTCUSDT"}, "exchange: "),
        ({"order_type": "iceberg"}, "order_type: 'iceberg' is not one of market, limit, stop, stop_limit"),
        ({"symbol": None}, "symbol: is missing"),
        ({"action": None}, "action: is missing"),
        ({"quantity": None}, "quantity: is missing"),
        ({"action": "long"}, "action: 'long' is not one of buy, sell, close"),
        ({"action": True}, "action: True is not a text"),
        ({"symbol": ""}, "symbol: is empty"),
        ({"symbol": 700}, "symbol: 700 is not a text"),
        ({"symbol": "BTC\nUSDT"}, "symbol: "),
        ({"symbol": "ＢＴＣ"}, "symbol: "),
        ({"symbol": ["BTC/USDT"]}, "symbol: holds a list or an object"),
        ({"quantity": {"value": 1}}, "quantity: holds a list or an object"),
        ({"quantity": "１２"}, r"quantity: '\\uff11\\uff12' is not a decimal number"),
        ({"quantity": "-0.01"}, "quantity: -0.01 is not greater than zero"),
        ({"quantity": 0}, "quantity: 0 is not greater than zero"),
        ({"quantity": " 1 "}, "quantity: ' 1 ' is not a decimal number"),
        ({"quantity": "1_000"}, "quantity: '1_000' is not a decimal number"),
        ({"quantity": "NaN"}, "quantity: 'NaN' is not a decimal number"),
        ({"quantity": "1E+999999999"}, "quantity: '1E\\+999999999' is not a decimal number"),
        ({"quantity": True}, "quantity: a bool is not taken for a number"),
        ({"quantity": "10%"}, "quantity: '10%' is not a decimal number"),
        ({"quantity": None, "qty": "-1"}, "qty: -1 is not greater than zero"),
        ({"quantity": "1", "qty": "2"}, "qty: differs from quantity, which means the same"),
        ({"ticker": "ETH/USDT"}, "ticker: differs from symbol"),
        ({"sl": "1", "stop_loss": "2"}, "(sl|stop_loss): differs from"),
        ({"confidence": 1.5}, "confidence: 1.5 does not lie between 0 and 1"),
        ({"strategy": ""}, "strategy: is empty"),
        ({"strategy": "a\nb"}, "strategy: "),
        ({"id": ""}, "id: is empty"),
        ({"id": "a\x00b"}, "id: is not a text of 1 to 200 printable characters"),
        ({"id": "x" * 201}, "id: is not a text of 1 to 200"),
        ({"id": 1.5}, "id: 1.5 is not a text"),
        ({"account": "other"}, "account: 'other' is not one that this key may trade: main"),
        ({"reduce_only": "yes"}, "reduce_only: is neither true nor false"),
        ({"timenow": "yesterday"}, "timenow: 'yesterday' is not a time"),
        ({"timenow": "2026-02-30T18:00:00Z"}, "timenow: '2026-02-30T18:00:00Z' is not a date and time that exists"),
        ({"timenow": "2026-13-41T18:00:00Z"}, "timenow: '2026-13-41T18:00:00Z' is not a time"),
        ({"timenow": "1e9"}, "timenow: '1e9' is not a time"),
        ({"timenow": True}, "timenow: 'True' is not a time"),
        ({"timenow": "2026-11-22T18:00:00"}, "timenow: '2026-11-22T18:00:00' is not a time"),
        ({"timenow": 5}, "timenow: '5' is not a time"),
        ({"timenow": "0001-01-01T00:00:00+23:59"}, "timenow: "),
        ({"Symbol": "BTC/USDT"}, "Symbol: is unknown; did you mean symbol\\?"),
        ({"passphrase": "x", "zzz": 1}, "passphrase: is unknown; known are: account, accounts, action, .*; unknown too: zzz"),
        ({"a\x1b[31m": 1}, r"'a\\x1b\[31m': is unknown"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_field(fields: dict[str, Any], sentence: str) -> None:
    """By the name that the alert uses, and with what would be right."""
    with pytest.raises(InvalidOrder, match=f"^{sentence}"):
        order(**fields)


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "the text is not JSON"),
        (b"buy BTC", "the text is not JSON"),
        (b"[]", "the JSON is not an object"),
        (b'"buy"', "the JSON is not an object"),
        (b"\xff\xfe", "the text is not UTF-8"),
        (b'{"quantity": NaN}', "NaN is not a number"),
        (b'{"quantity": -Infinity}', "-Infinity is not a number"),
        (b'{"quantity": 1e999}', "'1e999' is not a decimal number"),
        (b'{"quantity": %s}' % (b"9" * 5000), "99999999999999999999... is too large a number"),
        (b'{"symbol": "a", "symbol": "b"}', "symbol: stands twice"),
        (b"[" * 1000, ""),
        (b'{"symbol":' + b"[" * 1000 + b"]" * 1000 + b"}", ""),
        (b'{"a":' * 1000 + b"1" + b"}" * 1000, ""),
        (b'{"quantity": {{strategy.order.contracts}}}', "quantity: the alert's placeholder '{{strategy.order.contracts}}' was"),
        (b'{"quantity": "{{qty}}", "timenow": 1', "quantity: the alert's placeholder '{{qty}}' was not rendered"),
        (b"{{strategy.order.action}} BTC", "the alert's placeholder '{{strategy.order.action}}' was not rendered"),
    ],
)
def test_what_is_no_alert_is_refused(raw: bytes, sentence: str) -> None:
    """With one sentence, whatever the standard parser would make of it."""
    with pytest.raises(InvalidOrder) as refused:
        read(raw)
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize("field", ["symbol", "action", "quantity", "strategy", "timenow", "id", "account"])
def test_a_placeholder_that_was_not_rendered_is_refused_by_the_field_that_holds_it(field: str) -> None:
    """TradingView leaves a misspelt placeholder as it is; sent on, it would be a symbol, or an id that never changes."""
    with pytest.raises(InvalidOrder, match=rf"^{field}: the alert's placeholder '\{{\{{tickr\}}\}}' was not rendered"):
        order(**{field: "{{tickr}}"})


def test_a_key_with_several_accounts_asks_which() -> None:
    """And takes none by chance."""
    with pytest.raises(InvalidOrder, match=r"^account: is missing; this key may trade: main, other"):
        read(BUY, accounts=("main", "other"))
    assert read({**BUY, "account": "other"}, accounts=("main", "other")).account == "other"


@given(st.datetimes(datetime(2002, 1, 1), datetime(2100, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_every_rendering_of_a_moment_is_that_moment(moment: datetime, minutes: int) -> None:
    """To the millisecond, in any zone."""
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    local = moment.astimezone(timezone(timedelta(minutes=minutes)))
    for rendered in (moment.isoformat(), local.isoformat(), milliseconds, str(milliseconds)):
        assert order(timenow=rendered).signal_time == milliseconds


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_an_alert_or_refused(raw: bytes) -> None:
    """Nothing else is raised."""
    with pytest.raises(InvalidOrder):
        read(raw)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40)
NAMES = st.sampled_from([*BUY, "side", "qty", "price", "limit_price", "sl", "tp", "id", "timestamp", "account", "reduce_only"])


@given(st.dictionaries(NAMES | st.text(max_size=10), SCALARS | st.lists(SCALARS, max_size=2), max_size=6))
def test_any_json_is_an_alert_or_refused(fields: dict[str, Any]) -> None:
    """As above, with JSON (and with what Python's writer takes for JSON)."""
    with contextlib.suppress(InvalidOrder):
        assert read({**BUY, **fields}).account == "main"
