# SPDX-License-Identifier: MIT
"""JSON schemas of what is sent: of the classes that ``fks_exec.to_dict`` writes, each by its fields."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs

from fks_exec import ExecutionResult

from .patterns import PLAIN, whole
from .schemas import Schema, reference

_DERIVED: Mapping[type[Any], Mapping[str, Any]] = {ExecutionResult: {"success": bool}}
"""What is written of a class beside its fields."""

_PLAIN: Mapping[Any, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Decimal: {"type": "string", "pattern": whole(PLAIN)},
    type(None): {"type": "null"},
}


def classes(kinds: Iterable[type[Any]]) -> dict[str, Schema]:
    """The schemas of these classes and of all that stand in their fields, by name."""
    found: dict[str, Schema] = {}
    waiting = list(kinds)
    while waiting:
        kind = waiting.pop()
        if kind.__name__ not in found:
            found[kind.__name__] = record(_fields(kind))
            waiting += [inner for hint in _fields(kind).values() for inner in _classes_in(hint)]
    return dict(sorted(found.items()))


def some_fields(kind: type[Any], names: Iterable[str]) -> Schema:
    """The schema of a part of a class."""
    hints = _fields(kind)
    return record({name: hints[name] for name in names})


def record(fields: Mapping[str, Any]) -> Schema:
    """The schema of an object that always has all of these; each is a type, or a schema."""
    properties = {name: kind if isinstance(kind, dict) else _type(kind) for name, kind in fields.items()}
    return {"type": "object", "required": list(properties), "properties": properties}


def listed(kind: type[Any]) -> Schema:
    """The schema of a list of a class."""
    return {"type": "array", "items": reference(kind.__name__)}


def _fields(kind: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in attrs.fields(kind)} | dict(_DERIVED.get(kind, {}))


def _classes_in(hint: Any) -> Iterator[type[Any]]:
    if isinstance(hint, type) and attrs.has(hint):
        yield hint
    for inner in get_args(hint):
        yield from _classes_in(inner)


def _type(kind: Any) -> Schema:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _union([_type(each) for each in inner])
    if origin is tuple:
        return {"type": "array", "items": _type(inner[0])}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _type(inner[1])}
    if attrs.has(kind):
        return reference(kind.__name__)
    if issubclass(kind, Enum):
        return {"type": "string", "enum": [member.value for member in kind]}
    return dict(_PLAIN[kind])


def _union(choices: list[Schema]) -> Schema:
    """Plain types without further rules are written shortly."""
    if all(set(choice) == {"type"} for choice in choices):
        return {"type": [choice["type"] for choice in choices]}
    return {"anyOf": choices}
