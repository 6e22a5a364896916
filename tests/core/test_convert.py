# SPDX-License-Identifier: MIT
"""From and to plain data: strict on the way in, canonical on the way out, and a digest that never changes."""

import json
from contextlib import suppress
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import attrs
import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import (
    AccountState,
    Alarm,
    Balance,
    Capabilities,
    Check,
    ClosePosition,
    ConfigError,
    Denial,
    ExecutionResult,
    Fee,
    Fill,
    Health,
    Instrument,
    InvalidOrder,
    Leg,
    MarketData,
    Order,
    OrderAccepted,
    OrderConcluded,
    OrderFilled,
    OrderRef,
    OrderType,
    OrderUpdate,
    Position,
    Secret,
    Side,
    TimeInForce,
    digest,
    from_dict,
    normalize_order,
    parse_json,
    to_dict,
)
from fks_exec.convert import from_config, from_json, to_json

GOOD: dict[str, Any] = {"symbol": "BTC/USDT", "side": "buy", "quantity": "0.01"}

POSITIVE = st.decimals(min_value="0.00000001", max_value="100000000", places=8)
LABELS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=20)
TIMES = st.integers(1, 10**13)
OPTIONS = st.dictionaries(
    st.text("abc_", min_size=1, max_size=5), st.one_of(st.text(max_size=5), st.booleans(), st.integers(-(10**18), 10**18))
)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Any order that can be made; decimal options apart, which come back as texts."""
    kind = draw(st.sampled_from(OrderType))
    force = draw(st.sampled_from(TimeInForce))
    return Order(
        symbol=draw(st.from_regex(r"[!-~]{1,64}", fullmatch=True)),
        side=draw(st.sampled_from(Side)),
        quantity=draw(POSITIVE),
        order_type=kind,
        price=draw(POSITIVE) if kind in ("limit", "stop_limit") else None,
        stop_price=draw(POSITIVE) if kind in ("stop", "stop_limit") else None,
        stop_loss=draw(st.none() | POSITIVE),
        take_profit=draw(st.none() | POSITIVE),
        time_in_force=force,
        expire_at=draw(TIMES) if force is TimeInForce.GTD else None,
        reduce_only=draw(st.booleans()),
        post_only=kind is OrderType.LIMIT and draw(st.booleans()),
        client_order_id=draw(st.none() | st.from_regex(r"[A-Za-z0-9._:-]{1,64}", fullmatch=True)),
        confidence=draw(st.none() | st.decimals(0, 1, places=3)),
        strategy=draw(st.none() | LABELS),
        signal_time=draw(st.none() | TIMES),
        options=draw(OPTIONS),
    )


@given(orders())
def test_an_order_comes_back_as_it_was(order: Order) -> None:
    """Through plain data, through JSON, through compact JSON, and through the strict parser of requests."""
    assert from_dict(Order, to_dict(order)) == order
    assert from_json(Order, to_json(order)) == order
    assert normalize_order(parse_json(json.dumps(to_dict(order)))) == order
    assert to_json(from_json(Order, to_json(order))) == to_json(order)
    assert digest(from_json(Order, to_json(order))) == digest(order)


ORDER = Order(**GOOD, client_order_id="c-1", stop_loss="66000")
RESULT = ExecutionResult(
    status="partially_filled",
    order_id="7",
    filled_quantity="0.005",
    average_price="67500",
    fills=[Fill(trade_id="t", quantity="0.005", price="67500", fee="0.1", fee_currency="USDT", side="buy", timestamp=5)],
    legs=[Leg(role="stop_loss", status="accepted", trigger_price="66000")],
    denials=[Denial(code="A", message="b", limit="1 %", value="2 %")],
    fees=[Fee(currency="USDT", amount="0.1")],
    protected=True,
    retry_after=0.5,
)
RECORDS = [
    ORDER,
    RESULT,
    ClosePosition(symbol="A", strategy="s", scope="account"),
    OrderAccepted(account="a", time=1, client_order_id="c", instruction=ORDER),
    OrderAccepted(account="a", time=1, client_order_id="c", instruction=ClosePosition(symbol="A")),
    OrderConcluded(account="a", time=1, client_order_id="c", symbol="A", result=RESULT, order=ORDER),
    OrderFilled(account="a", time=1, client_order_id="c", symbol="A", fill=RESULT.fills[0]),
    OrderUpdate(ref=OrderRef(order_id="7"), result=RESULT, leg="stop_loss"),
    Alarm(account="a", time=1, code="A", message="b"),
    Capabilities(order_types=["market", "limit"], protection=["oco"], abilities=["cancel_order"], request_ttl=2.5),
    Health([Check(name="a", ok=False, message="b", remedy="c")]),
    AccountState(
        account="a",
        equity="1",
        instrument=Instrument(symbol="A", kind="inverse", order_types=["market"], protection=["oco"]),
        quote=MarketData(symbol="A", bid="1"),
        positions=[Position(symbol="A", quantity="-1")],
        balances=[Balance(currency="A", total="1")],
    ),
]
RECORD_IDS = [f"{index}-{type(record).__name__}" for index, record in enumerate(RECORDS)]


@pytest.mark.parametrize("record", RECORDS, ids=RECORD_IDS)
def test_every_record_comes_back_as_it_was(record: Any) -> None:
    """Also from a text that a later version wrote: what is a default is not written."""
    assert from_dict(type(record), to_dict(record)) == record
    assert from_json(type(record), to_json(record)) == record
    assert json.loads(json.dumps(to_dict(record))) is not None


def plain_types(data: object) -> set[type]:
    """The types of all that stands in plain data."""
    if isinstance(data, dict):
        return set().union(*(plain_types(value) for value in data.values()))
    if isinstance(data, list | tuple):
        return set().union(*(plain_types(value) for value in data))
    return {type(data)}


@pytest.mark.parametrize("record", RECORDS, ids=RECORD_IDS)
def test_plain_data_holds_texts_and_no_members_or_decimals(record: object) -> None:
    """A float may stand only where seconds do."""
    assert plain_types(to_dict(record)) <= {str, int, bool, float, type(None)}


def test_a_result_says_its_success_in_plain_data_and_takes_it_back() -> None:
    """It is derived: what a stranger writes there changes nothing."""
    data = to_dict(RESULT)
    assert data["success"] is True
    assert from_dict(ExecutionResult, {**data, "success": False}) == RESULT
    assert "success" not in json.loads(to_json(RESULT))


def test_a_compact_text_is_canonical_and_has_no_defaults() -> None:
    """Sorted, without blanks: equal records are equal texts."""
    assert to_json(Order(**GOOD)) == '{"quantity":"0.01","side":"buy","symbol":"BTC/USDT"}'


FROZEN = [
    (
        Order(**GOOD),
        "6e4e03eb19377faa93f71287a43e6d922c50c963c50e3922be4b50e940bebdf4",
    ),
    (
        Order(symbol="EURUSD", side="sell", quantity=3, order_type="limit", price="1.0850", time_in_force="ioc"),
        "cccc9c4e7c3db9961ad5e8a7cdf636972430f83e00c43e20be9d97e2cc6bac0a",
    ),
    (
        Order(
            symbol="ES",
            side="buy",
            quantity="2.50",
            order_type="stop_limit",
            price="5000.25",
            stop_price=5000,
            stop_loss="4990",
            take_profit="5050.0",
            time_in_force="gtd",
            expire_at=1_800_000_000_000,
            reduce_only=True,
            confidence="0.80",
            strategy="mean reversion é",
            signal_time=1_700_000_000_000,
            options={"leverage": 5, "isolated": True, "note": "a", "ratio": Decimal("0.50")},
        ),
        "6d1b7ae66662754c9a0e31ac23ba8d0f8dfc43eb1af9d24e3035708cae183600",
    ),
    (
        Order(symbol="A", side="buy", quantity=1, order_type="limit", price=1, post_only=True),
        "d702f14398907be1a8f21c6bdf97985b771801a3eff5591b5014cc68367fc116",
    ),
    (
        ClosePosition(symbol="BTC/USDT"),
        "8be2ae07e3f6401fcd586de84575edec5986b9f668cc037a0cbff372ab4d79b6",
    ),
    (
        ClosePosition(symbol="BTC/USDT", strategy="s", scope="account", signal_time=1),
        "63d41728d000fa88e62379dbc3b784ea372e108f313dff730807d6bd9c907fcf",
    ),
]


@pytest.mark.parametrize(("instruction", "frozen_digest"), FROZEN, ids=range(len(FROZEN)))
def test_a_later_version_gives_the_same_digest(instruction: Order | ClosePosition, frozen_digest: str) -> None:
    """The journal holds them for ever: one that changes turns a retry into ID_REUSED. Never edit this table."""
    assert digest(instruction) == frozen_digest


SPELLINGS: list[dict[str, Any]] = [
    GOOD,
    GOOD | {"quantity": "0.010"},
    GOOD | {"quantity": ".01"},
    GOOD | {"quantity": "1e-2"},
    GOOD | {"quantity": "+0.01"},
    GOOD | {"quantity": Decimal("0.0100")},
    GOOD | {"quantity": 0.01},
    GOOD | {"side": "BUY"},
    GOOD | {"side": Side.BUY},
    GOOD | {"order_type": "Market"},
    GOOD | {"time_in_force": "GTC", "reduce_only": False, "options": {}},
    GOOD | {"client_order_id": "another"},
    GOOD | {"price": None, "strategy": None},
]


@pytest.mark.parametrize("spelling", SPELLINGS, ids=repr)
def test_every_spelling_of_one_order_has_one_digest(spelling: dict[str, Any]) -> None:
    """Else a client that writes 0.010 in its retry is told that the id is used."""
    assert digest(normalize_order(spelling)) == digest(Order(**GOOD))


@pytest.mark.parametrize(
    "other",
    [
        {"symbol": "BTC/USD"},
        {"side": "sell"},
        {"quantity": "0.011"},
        {"order_type": "limit", "price": "1"},
        {"stop_loss": "1"},
        {"take_profit": "1"},
        {"time_in_force": "ioc"},
        {"reduce_only": True},
        {"confidence": "0.9"},
        {"strategy": "s"},
        {"signal_time": 1},
        {"options": {"a": 1}},
    ],
    ids=repr,
)
def test_another_content_has_another_digest(other: dict[str, Any]) -> None:
    """Every field but the id counts."""
    assert digest(Order(**(GOOD | other))) != digest(Order(**GOOD))


def test_a_close_and_an_order_never_share_a_digest() -> None:
    """The kind of instruction is part of it."""
    assert digest(ClosePosition(symbol="A")) != digest(ClosePosition(symbol="A", scope="account"))
    assert digest(ClosePosition(symbol="A", client_order_id="x")) == digest(ClosePosition(symbol="A"))


def test_all_that_is_wrong_is_told_at_once() -> None:
    """With the field, the near miss, and what is known."""
    with pytest.raises(InvalidOrder) as caught:
        normalize_order({"symbol": 5, "sidee": "buy", "quantity": "x", "zzz": 1})
    text = str(caught.value)
    assert "symbol: 5 is not a text" in text
    assert "side: is missing" in text
    assert "quantity: 'x'" in text
    assert "sidee: is unknown; did you mean side?" in text
    assert "zzz: is unknown; known are: symbol, side" in text
    assert caught.value.field == "symbol"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"reduce_only": "true"}, "reduce_only: 'true' is neither true nor false"),
        ({"reduce_only": 1}, "reduce_only: 1 is neither true nor false"),
        ({"signal_time": "1"}, "signal_time: '1' is not a whole number"),
        ({"signal_time": True}, "signal_time: True is not a whole number"),
        ({"symbol": 5}, "symbol: 5 is not a text"),
        ({"side": "up"}, "side: 'up' is not one of buy, sell"),
        ({"options": 5}, "options: 5 is not a table"),
        ({"options": {"x": [1]}}, "options: 'x' is not a text, a bool, an int or a Decimal"),
        ({"quantity": [1]}, "quantity: a list is not taken for a number"),
        ({"quantity": float("nan")}, "quantity: a number must be finite"),
        ({"quantity": True}, "quantity: a bool is not taken for a number"),
        ({"price": "1"}, "price: a market order has none"),
        ({"a-b": 1}, "'a-b': is unknown"),
    ],
)
def test_a_value_of_another_type_is_refused_in_one_sentence(values: dict[str, Any], text: str) -> None:
    """Nothing is converted that nobody asked for."""
    with pytest.raises(InvalidOrder) as caught:
        normalize_order(GOOD | values)
    assert text in str(caught.value)


@pytest.mark.parametrize("data", [None, "abc", b"abc", [], [GOOD], 5, True], ids=repr)
def test_what_is_no_table_is_refused(data: object) -> None:
    """And not with an AttributeError."""
    with pytest.raises(InvalidOrder, match="is not a table of names and values"):
        from_dict(Order, data)


def test_a_fault_deep_inside_is_named_with_its_path() -> None:
    """Field, index, field."""
    with pytest.raises(InvalidOrder) as caught:
        from_dict(ExecutionResult, {"status": "filled", "fills": [{"trade_id": "1", "quantity": "x", "price": "1"}]})
    assert caught.value.field == "fills.0.quantity"


def test_a_float_is_taken_only_by_normalize_order() -> None:
    """Notebooks have floats; the wire does not."""
    assert normalize_order(GOOD | {"quantity": 0.1}).quantity == Decimal("0.1")
    with pytest.raises(InvalidOrder, match="float"):
        from_dict(Order, GOOD | {"quantity": 0.1})


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b'{"a": 1, "a": 2}', "a: stands twice"),
        (b'{"a": {"b": 1, "b": 1}}', "b: stands twice"),
        (b'{"a": NaN}', "NaN is not a number"),
        (b'{"a": -Infinity}', "-Infinity is not a number"),
        (b'{"a": 1e400}', "is not a decimal number"),
        (b'{"a": 123456789012345678901}', "too large a number"),
        (b"\xff{}", "not UTF-8"),
        (b"[1]", "not an object"),
        (b"5", "not an object"),
        (b"{", "not JSON"),
        (b"", "not JSON"),
        (b'{"a": ' + b"[" * 100_000, "nested too deeply"),
    ],
    ids=lambda value: value[:20] if isinstance(value, bytes) else None,
)
def test_a_text_that_is_not_strictly_json_is_refused(raw: bytes, text: str) -> None:
    """Which of two quantities would be meant?"""
    with pytest.raises(InvalidOrder, match=text):
        parse_json(raw)


def test_a_json_number_becomes_a_decimal_and_never_a_float() -> None:
    """0.1 is a tenth, exactly."""
    assert parse_json('{"a": 0.1, "b": 1, "c": "x", "d": null}') == {"a": Decimal("0.1"), "b": 1, "c": "x", "d": None}
    assert isinstance(parse_json(b'{"a": 0.10}')["a"], Decimal)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_table_or_an_invalid_order(raw: bytes) -> None:
    """No other exception comes out."""
    with suppress(InvalidOrder):
        assert isinstance(parse_json(raw), dict)


FIELDS = st.sampled_from([*attrs.fields_dict(Order), "x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.decimals(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(FIELDS, VALUES))
def test_any_table_is_an_order_or_an_invalid_order(table: dict[str, Any]) -> None:
    """No other exception comes out of what a stranger posts."""
    with suppress(InvalidOrder):
        assert isinstance(normalize_order(GOOD | table), Order)


class Mood(Enum):
    """A plain enumeration in a plugin's table."""

    CALM = "calm"
    WILD = "wild"


@frozen(kw_only=True)
class Limits:
    """A table within a table."""

    most: int = 1
    share: float = 0.5


@frozen(kw_only=True)
class Config:
    """A plugin's configuration with one of each."""

    name: str
    key: Secret = field(repr=True)
    percent: Decimal = Decimal(1)
    file: Path = Path("x")
    mood: Mood = Mood.CALM
    symbols: tuple[str, ...] = ()
    limits: Limits = Limits()


def test_a_table_becomes_the_plugins_own_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers exactly, paths from the file's folder, secrets from where they are."""
    monkeypatch.setenv("ACME_KEY", "hunter2")
    table = {
        "name": "n",
        "key": {"env": "ACME_KEY"},
        "percent": Decimal("0.1"),
        "file": "a.txt",
        "mood": "wild",
        "symbols": ["A"],
        "limits": {"most": 3, "share": Decimal("0.25")},
    }
    config = from_config(Config, table, where="accounts.a.config", base=tmp_path)
    assert config.key.reveal() == "hunter2"
    assert (config.percent, config.file, config.mood) == (Decimal("0.1"), tmp_path / "a.txt", Mood.WILD)
    assert config.limits == Limits(most=3, share=0.25)
    assert config.symbols == ("A",)
    assert "hunter2" not in repr(config)
    assert to_dict(config) | {"file": ""} == {
        "name": "n",
        "key": "***",
        "percent": "0.1",
        "file": "",
        "mood": "wild",
        "symbols": ["A"],
        "limits": {"most": 3, "share": 0.25},
    }


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ({"name": "n"}, "accounts.a.config.key: is missing"),
        ({"name": "n", "key": "hunter2"}, "accounts.a.config.key: a secret does not stand in the configuration itself"),
        ({"name": "n", "key": {"env": "NO_SUCH"}}, "accounts.a.config.key: the environment variable NO_SUCH is not set"),
        ({"nme": "n"}, "accounts.a.config.nme: is unknown; did you mean name?"),
        ({"name": 5}, "accounts.a.config.name: 5 is not a text"),
        ({"name": "n", "percent": 0.5}, "accounts.a.config.percent: a float is not taken for a number"),
        ({"name": "n", "mood": "odd"}, "accounts.a.config.mood: 'odd' is not one of calm, wild"),
        ({"name": "n", "limits": {"most": "x"}}, "accounts.a.config.limits.most: 'x' is not a whole number"),
        ({"name": "n", "limits": {"share": True}}, "accounts.a.config.limits.share: True is not a finite number"),
        (5, "accounts.a.config: 5 is not a table"),
    ],
)
def test_a_table_that_cannot_be_used_is_told_with_its_path(table: Any, text: str, tmp_path: Path) -> None:
    """And a secret that stands in the file is not repeated."""
    with pytest.raises(ConfigError) as caught:
        from_config(Config, table, where="accounts.a.config", base=tmp_path)
    assert text in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_config_class_may_refuse_by_itself(tmp_path: Path) -> None:
    """Its sentence gets the table's name in front."""

    @frozen(kw_only=True)
    class Zoned:
        zone: str = field()

        @zone.validator
        def _known(self, attribute: object, value: str) -> None:
            raise ConfigError("zone", "there is no such zone")

    with pytest.raises(ConfigError, match=r"^guards\.w\.zone: there is no such zone$"):
        from_config(Zoned, {"zone": "x"}, where="guards.w", base=tmp_path)


def test_paths_begin_at_the_folder_of_their_own_table(tmp_path: Path) -> None:
    """Whatever was read before, also in vain; what is no configuration has no folder."""

    @frozen(kw_only=True)
    class Kept:
        file: Path
        number: int = 0

    def read(folder: str, **table: object) -> Path:
        return from_config(Kept, table, where="accounts.a.config", base=tmp_path / folder).file

    assert read("a", file="x") == tmp_path / "a" / "x"
    assert read("b", file="x") == tmp_path / "b" / "x"
    with pytest.raises(ConfigError, match="number"):
        read("c", file="x", number="many")
    assert from_dict(Kept, {"file": "x"}).file == Path("x")
