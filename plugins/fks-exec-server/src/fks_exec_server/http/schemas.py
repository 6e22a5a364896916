# SPDX-License-Identifier: MIT
"""JSON schemas of the classes that bodies are read into: types, words, limits."""

from __future__ import annotations

import types
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs

from fks_exec import ClosePosition, Order, ReversePosition, SizedOrder, TargetPosition

_PLACED = (Order, SizedOrder, ClosePosition, TargetPosition, ReversePosition)
_DECIMAL = r"^[+-]?([0-9]{1,30}(\.[0-9]{0,61})?|\.[0-9]{1,61})([eE][+-]?[0-9]{1,2})?$"
_NUMBER = {"anyOf": [{"type": "string", "pattern": _DECIMAL}, {"type": "number"}]}
_TIME = {"type": "integer", "minimum": 1, "maximum": 10**14 - 1, "description": "epoch milliseconds"}
_FIELDS: Mapping[str, dict[str, Any]] = {
    "symbol": {"type": "string", "pattern": "^[!-~]{1,64}$"},
    "client_order_id": {"type": "string", "pattern": r"^[A-Za-z0-9._:-]{1,64}$"},
    "strategy": {"type": "string", "minLength": 1, "maxLength": 64},
    "because": {"type": "string", "minLength": 1, "maxLength": 200},
    "signal_time": _TIME,
    "expire_at": _TIME,
}
"""What is known of a field beyond its type."""


def reference(kind: type[Any]) -> dict[str, Any]:
    """Where the schema of a class stands in the document."""
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def schema_of(kind: type[Any]) -> dict[str, Any]:
    """The schema of an attrs class: a field without a default is required, an unknown one is refused.

    An order further says of which kind it is, and for which account.
    """
    hints = get_type_hints(kind)
    properties = {field.name: _field(field.name, hints[field.name]) for field in attrs.fields(kind)}
    required = [field.name for field in attrs.fields(kind) if field.default is attrs.NOTHING]
    if kind in _PLACED:
        properties |= {"kind": {"const": kind.__name__}, "account": {"type": "string"}}
        required += [] if kind is Order else ["kind"]
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": required} if required else schema


def _field(name: str, kind: Any) -> dict[str, Any]:
    known = _FIELDS.get(name)
    if known is None:
        return _type(kind)
    return {"anyOf": [known, {"type": "null"}]} if type(None) in get_args(kind) else known


def _type(kind: Any) -> dict[str, Any]:
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
        return {"type": "string", "enum": [member.value for member in kind]}
    return dict(_PLAIN[kind])


_PLAIN: Mapping[Any, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    Decimal: _NUMBER,
    type(None): {"type": "null"},
}
