# SPDX-License-Identifier: MIT
"""The schemas of the OpenAPI document are those of what reads and of what writes."""

import json
import re
from decimal import Decimal
from typing import Any

import attrs
import pytest

from fks_exec import ClosePosition, Denial, ExecutionResult, Fee, Fill, InvalidOrder, Leg, MarketData, OrderType, Position, Side
from fks_exec.model import fields, numbers, results
from fks_exec_hub import HaltAnswer, config
from fks_exec_hub.accounts.halting import HaltedOrder
from fks_exec_server.config import senders
from fks_exec_server.http import patterns
from fks_exec_server.http.openapi import document
from fks_exec_server.http.table import ROUTES
from fks_exec_server.routes.orders import KINDS
from fks_exec_server.tradingview.alert import read_alert
from fks_exec_server.tradingview.fields import FIELDS, NAMES, AlertField
from fks_exec_simulators.hosts import KEY

DOCUMENT = document(ROUTES)
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_schema_has_the_fields_of_its_class(kind: Any) -> None:
    """And of an order its kind and its account beside them; no other is allowed."""
    schema = SCHEMAS[kind.__name__]
    assert set(schema["properties"]) == {field.name for field in attrs.fields(kind)} | {"kind", "account"}
    needed = {field.name for field in attrs.fields(kind) if field.default is attrs.NOTHING}
    assert set(schema["required"]) - {"kind"} == needed
    assert schema["additionalProperties"] is False


def test_words_and_limits_are_those_of_the_classes() -> None:
    """Enumerations, patterns, money as text or number."""
    fields = SCHEMAS["Order"]["properties"]
    for name, kind in (("side", Side), ("order_type", OrderType)):
        words, pattern = fields[name]["anyOf"]
        assert words["enum"] == list(kind)
        assert all(re.search(pattern["pattern"], word) for word in [*kind, *(word.upper() for word in kind)])
        assert not re.search(pattern["pattern"], "iceberg")
    assert (fields["quantity"]["type"], fields["quantity"]["description"]) == (["string", "number"], "greater than zero")
    assert fields["confidence"]["anyOf"][0]["maximum"] == 1


def test_the_patterns_are_those_that_the_readers_match() -> None:
    """Each is written once more here, where it is shown."""
    assert numbers._PATTERN.pattern.replace(r"\d", "[0-9]") == patterns.DECIMAL
    assert (fields._SYMBOL.pattern, fields._ID.pattern) == (patterns.SYMBOL, patterns.ORDER_ID)
    assert results._CODE.pattern == patterns.CODE
    assert config._NAME.pattern == patterns.ACCOUNT
    assert senders._SECRET.pattern == patterns.IN_PATH


def test_an_alert_has_the_fields_that_are_read() -> None:
    """Each under all its names, with what it takes and what it means; no other."""
    alert = SCHEMAS["Alert"]
    assert set(alert["properties"]) == set(NAMES)
    assert alert["additionalProperties"] is False
    for each in FIELDS:
        own = alert["properties"][each.name]
        assert own["description"] == each.about
        assert "null" in own["type"]
        for name in each.also:
            same = {**alert["properties"][name], "description": own["description"]}
            assert (same, NAMES[name]) == (own, NAMES[each.name])


@pytest.mark.parametrize("each", [each for each in FIELDS if each.kind.words], ids=lambda each: each.name)
def test_the_words_of_a_field_are_those_that_its_reader_takes(each: AlertField) -> None:
    """In any case; ASCII only, where other letters become the same small one."""
    words, pattern = {**each.kind.schema, **each.kind.unless_flat}["anyOf"]
    assert words["enum"] == list(each.kind.words)
    for word in each.kind.words:
        assert each.kind.read(each.name, word.upper()) == each.kind.read(each.name, word)
        assert re.search(pattern["pattern"], word.upper())
    assert not any(re.search(pattern["pattern"], wrong) for wrong in ("", "iceberg", each.kind.words[0] + " "))
    for kelvin in ("mar\u212aet", *(word.replace("k", "\u212a") for word in each.kind.words)):
        if not kelvin.isascii():
            with pytest.raises(InvalidOrder, match=r"is not one of|is no word of ASCII letters"):
                each.kind.read(each.name, kelvin)


def test_of_an_alert_that_closes_the_schema_looks_at_no_order() -> None:
    """As its reader: an exit is not refused for what it is not asked."""
    flat, sentiment, order = SCHEMAS["Alert"]["allOf"][2]["anyOf"]
    assert (flat["required"], sentiment["required"]) == (["market_position"], ["sentiment"])
    looked_at = {
        "order_type",
        "time_in_force",
        "limit_price",
        "stop_price",
        "stop_loss",
        "sl",
        "take_profit",
        "tp",
        "confidence",
    }
    assert set(order["properties"]) == looked_at
    alert = {"symbol": "BTC/USDT", "order_type": "?", "time_in_force": "?", "confidence": 7, "limit_price": -1, "id": 1}
    read = read_alert(json.dumps(alert | {"sentiment": "Flat"}).encode(), key="tv", accounts=["main"])
    assert isinstance(read.instruction, ClosePosition)


@pytest.mark.parametrize("kind", [ExecutionResult, Fill, Leg, Fee, Denial, HaltAnswer, HaltedOrder, Position, MarketData])
def test_what_is_sent_is_described_by_its_class(kind: Any) -> None:
    """All its fields, and of a result whether it is one."""
    names = {field.name for field in attrs.fields(kind)} | ({"success"} if kind is ExecutionResult else set())
    assert set(SCHEMAS[kind.__name__]["properties"]) == set(SCHEMAS[kind.__name__]["required"]) == names


def test_money_is_sent_as_a_text() -> None:
    """As ``plain`` writes it."""
    quantity, price = (SCHEMAS["ExecutionResult"]["properties"][name] for name in ("filled_quantity", "average_price"))
    assert price["anyOf"] == [quantity, {"type": "null"}]
    for number in ("0", "-0.10", "1E+5", "1e-30"):
        assert re.search(quantity["pattern"], numbers.plain(Decimal(number)))
    assert not re.search(quantity["pattern"], "1E+5")


def test_what_stands_in_a_path_is_described() -> None:
    """A client can look before it asks."""
    found = {each["name"]: each for item in DOCUMENT["paths"].values() for each in item.get("parameters", ())}
    assert set(found) == {"key", "client_order_id", "account", "symbol"}
    examples = {"key": KEY, "client_order_id": "mine-1~sl1", "account": "main", "symbol": "BTC/USDT"}
    for name, example in examples.items():
        assert re.search(found[name]["schema"]["pattern"], example)
        assert not re.search(found[name]["schema"]["pattern"], example + " ")
