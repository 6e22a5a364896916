# SPDX-License-Identifier: MIT
"""JSON schemas of what is taken: the classes that bodies are read into, the fields of an alert, what stands in a path."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs

from fks_exec import ClosePosition, Order, OrderType, ReversePosition, Side, SizedOrder, TargetPosition, TimeInForce
from fks_exec.model import fields as rules
from fks_exec.model.fields import SizeType

from ..tradingview.fields import FIELDS, AlertField
from . import patterns
from .patterns import whole

Schema = dict[str, Any]

_PLACED = (Order, SizedOrder, ClosePosition, TargetPosition, ReversePosition)
_IN_ANY_CASE = (Side, OrderType, TimeInForce, SizeType)
_NUMBER = {"type": ["string", "number"], **patterns.SIGNED}
_POSITIVE = {"type": ["string", "number"], **patterns.POSITIVE, "description": "greater than zero"}
_SHARE = {**_NUMBER, "minimum": 0, "maximum": 1, "description": "0 to 1"}
_ABOVE_ZERO = (
    *(rules.to_size, rules.to_quantity, rules.to_new_quantity, rules.to_price, rules.to_stop_price),
    *(rules.to_stop_loss, rules.to_take_profit),
)
_CONVERTED: Mapping[Callable[..., Any], Schema] = {rules.to_confidence: _SHARE} | dict.fromkeys(_ABOVE_ZERO, _POSITIVE)
"""What is known of a number by what reads it."""

_TIME = {"type": "integer", "minimum": 1, "maximum": 10**14 - 1, "description": "epoch milliseconds"}
_NAMED: Mapping[str, Schema] = {
    "symbol": {"type": "string", "pattern": whole(patterns.SYMBOL)},
    "client_order_id": {"type": "string", "pattern": whole(patterns.OWN_ID)},
    "strategy": {"type": "string", "pattern": whole(patterns.printable(64))},
    "because": {"type": "string", "pattern": whole(patterns.printable(200))},
    "signal_time": _TIME,
    "expire_at": _TIME,
}
"""What is known of a field by its name."""

_IN_PATH: Mapping[str, tuple[str, str]] = {
    "key": (patterns.IN_PATH, "the secret of a key"),
    "client_order_id": (patterns.ORDER_ID, "what the order is known by"),
    "account": (patterns.ACCOUNT, "the name of an account"),
    "symbol": (patterns.SYMBOL, "an instrument, in any spelling that the account resolves; may hold slashes"),
}

_ALERT = (
    "What TradingView sends: one JSON object, whatever its content type says. null is the same as leaving a field out; names "
    "of one field that stand side by side must say the same. A text must not hold {{, which is a placeholder that was not "
    "rendered. Without id and timenow an alert is refused, unless the key has a dedup_window. Where market_position is flat, "
    "what an order would be is not looked at."
)
_FILLED_IN: Schema = {"not": {"type": "null"}}
_FLAT: Schema = {"type": "string", "pattern": whole(patterns.any_case(["flat"]))}
_ASKS = ("action", "market_position")
"""The fields of which an alert has one at least."""


def reference(name: str) -> Schema:
    """Where a schema stands in the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def one_of(schemas: list[Schema]) -> Schema:
    """Any of these; the schema itself where it is one."""
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def in_path(name: str) -> Schema:
    """The parameter of a path."""
    pattern, about = _IN_PATH.get(name, ("", ""))
    schema = {"type": "string", "minLength": 1} | ({"pattern": whole(pattern)} if pattern else {})
    return {"name": name, "in": "path", "required": True, "schema": schema} | ({"description": about} if about else {})


def alert_schema() -> Schema:
    """The schema of an alert, made of the table that reads one."""
    properties = {name: _alert_field(each, name) for each in FIELDS for name in each.names}
    needed = [{"anyOf": _present("symbol")}, {"anyOf": [has for name in _ASKS for has in _present(name)]}]
    found = {"type": "object", "description": _ALERT, "properties": properties, "additionalProperties": False}
    return {**found, "allOf": [*needed, {"anyOf": [*_present("market_position", _FLAT), _looked_at()]}]}


def _looked_at() -> Schema:
    """Of what an order would be: what holds unless the alert closes because its strategy is flat."""
    return {
        "properties": {name: dict(each.kind.unless_flat) for each in FIELDS if each.kind.unless_flat for name in each.names}
    }


def _alert_field(each: AlertField, name: str) -> Schema:
    about = each.about if name == each.name else f"the same as {each.name}: {each.about}"
    return {**each.kind.schema, "type": [*each.kind.schema["type"], "null"], "description": about}


def _present(name: str, what: Schema = _FILLED_IN) -> list[Schema]:
    """The schemas of an alert that has a field, under one of its names."""
    [names] = [each.names for each in FIELDS if each.name == name]
    return [{"required": [each], "properties": {each: what}} for each in names]


def schema_of(kind: type[Any]) -> Schema:
    """The schema of an attrs class: a field without a default is required, an unknown one is refused.

    An order further says of which kind it is, and for which account.
    """
    hints = get_type_hints(kind)
    properties = {field.name: _field(field, hints[field.name]) for field in attrs.fields(kind)}
    required = [field.name for field in attrs.fields(kind) if field.default is attrs.NOTHING]
    if kind in _PLACED:
        properties |= {"kind": {"const": kind.__name__}, "account": {"type": ["string", "null"], "minLength": 1}}
        required += [] if kind is Order else ["kind"]
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": required} if required else schema


def _field(field: attrs.Attribute[Any], kind: Any) -> Schema:
    known = _CONVERTED.get(field.converter) if callable(field.converter) else None
    known = known or _NAMED.get(field.name)
    if known is None:
        return _type(kind)
    return {"anyOf": [known, {"type": "null"}]} if type(None) in get_args(kind) else known


def _type(kind: Any) -> Schema:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_type(each) for each in inner]}
    if origin is Literal:
        return {"type": "string", "enum": list(inner)}
    if origin is tuple:
        return {"type": "array", "items": _type(inner[0]), "minItems": 1, "uniqueItems": True}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _type(inner[1])}
    if issubclass(kind, Enum):
        return _enumeration(kind)
    return dict(_PLAIN[kind])


def _enumeration(kind: type[Enum]) -> Schema:
    words = [member.value for member in kind]
    if kind not in _IN_ANY_CASE:
        return {"type": "string", "enum": words}
    return {"type": "string", "anyOf": [{"enum": words}, {"pattern": whole(patterns.any_case(words))}]}


_PLAIN: Mapping[Any, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    Decimal: _NUMBER,
    type(None): {"type": "null"},
}
