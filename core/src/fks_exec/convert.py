# SPDX-License-Identifier: MIT
"""From and to plain data: the strict converter, ``normalize_order``, ``to_dict`` and ``from_dict``, JSON, the digest.

Money is a text on the wire and Decimal inside; a JSON number becomes a Decimal without passing through a float. Unknown
keys are refused with their names.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from decimal import Decimal
from enum import Enum, StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar, get_args, get_origin

import attrs
from cattrs import (
    BaseValidationError,
    ClassValidationError,
    Converter,
    ForbiddenExtraKeysError,
    IterableValidationError,
)
from cattrs.gen import make_dict_unstructure_fn
from cattrs.strategies import configure_tagged_union

from .errors import ConfigError, InvalidOrder
from .model.numbers import decimal, plain
from .model.orders import Option, Order
from .model.results import ExecutionResult
from .model.targets import Instruction
from .secrets import Secret, read_secret

T = TypeVar("T")


def normalize_order(mapping: Mapping[str, object]) -> Order:
    """An Order from plain data: texts, numbers (also a finite float, through its repr), any case of the words.

    Raises:
        InvalidOrder: the sentence names each field at fault; unknown fields by their names.
    """
    return from_dict(Order, {key: _unfloat(key, value) for key, value in mapping.items()})


def from_dict(kind: type[T], mapping: object) -> T:
    """Any record of the model from plain data, strictly.

    Raises:
        InvalidOrder: with one sentence for each field at fault.
    """
    if attrs.has(kind) and not isinstance(mapping, Mapping):
        raise InvalidOrder("", f"{_show(mapping)} is not a table of names and values")
    try:
        return _strict().structure(_without_derived(kind, mapping), kind)
    except (BaseValidationError, InvalidOrder, ForbiddenExtraKeysError, TypeError, ValueError) as error:
        problems = list(_problems(error, "", kind))
        raise InvalidOrder(problems[0][0], "; ".join(_sentences(problems))) from None


def from_config(kind: type[T], mapping: Mapping[str, object], *, where: str, base: Path) -> T:
    """A plugin's configuration object from its table.

    Args:
        where: the table's name, for errors.
        base: the folder at which relative paths start.

    Raises:
        ConfigError: with one sentence for each key at fault.
    """
    if not isinstance(mapping, Mapping):
        raise ConfigError(where, f"{_show(mapping)} is not a table of names and values")
    before = _base.set(base)
    try:
        return _strict().structure(mapping, kind)
    except ConfigError as error:
        raise ConfigError(f"{where}.{error.where}" if error.where else where, error.problem) from None
    except (BaseValidationError, InvalidOrder, ForbiddenExtraKeysError, TypeError, ValueError) as error:
        problems = list(_problems(error, where, kind))
        raise ConfigError(problems[0][0], "; ".join(_sentences(problems))) from None
    finally:
        _base.reset(before)


def to_dict(record: object) -> dict[str, Any]:
    """Plain data from any record: Decimals as plain texts, words as texts, a secret as ``***``; ready for JSON."""
    data: dict[str, Any] = _full().unstructure(record)
    if isinstance(record, ExecutionResult):
        data["success"] = record.success
    return data


def to_json(record: object) -> str:
    """Canonical JSON of a record without its defaults: equal records give equal texts, also in a later version."""
    return encode(_plain(record))


def _plain(record: object) -> Any:
    """Without defaults; the function that cattrs made for a class is kept."""
    write = _writers.get(type(record))
    if write is None:
        write = _writers[type(record)] = _compact().get_unstructure_hook(type(record))
    return write(record)


_writers: dict[type, Callable[[Any], Any]] = {}


def _encoder() -> Callable[[object], str]:
    """Canonical JSON. The standard encoder builds its C half anew for each call; where there is one, it is built once."""
    standard = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return standard.encode
    write = make(None, standard.default, json.encoder.encode_basestring_ascii, None, ":", ",", True, False, True)
    return lambda data: "".join(write(data, 0))


encode: Callable[[object], str] = _encoder()
"""Plain data (texts, numbers, lists, tables) as canonical JSON."""


def from_json(kind: type[T], text: str) -> T:
    """The record that :func:`to_json` wrote."""
    return from_dict(kind, json.loads(text))


def canonical(instruction: Instruction) -> str:
    """What an instruction says, without its id: its kind and canonical JSON, e.g. ``Order:{"quantity":"1",...}``."""
    data = _plain(instruction)
    data.pop("client_order_id", None)
    return f"{type(instruction).__name__}:{encode(data)}"


def digest(instruction: Instruction) -> str:
    """What an instruction says, without its id: SHA-256, hexadecimal, of :func:`canonical`."""
    return digest_of(canonical(instruction))


def digest_of(text: str) -> str:
    """SHA-256, hexadecimal, of what :func:`canonical` made."""
    return hashlib.sha256(text.encode()).hexdigest()


def parse_json(raw: bytes | str) -> dict[str, Any]:
    """One JSON object, strictly: UTF-8, no duplicate key, no NaN; numbers become int or Decimal.

    Raises:
        InvalidOrder: with the reason.
    """
    try:
        text = raw if isinstance(raw, str) else raw.decode("utf-8")
        data = json.loads(
            text,
            parse_float=decimal,
            parse_int=_integer,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique,
        )
    except InvalidOrder:
        raise
    except RecursionError:
        raise InvalidOrder("", "the JSON is nested too deeply") from None
    except UnicodeDecodeError:
        raise InvalidOrder("", "the text is not UTF-8") from None
    except ValueError as error:
        raise InvalidOrder("", f"the text is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise InvalidOrder("", "the JSON is not an object with fields")
    return data


def _integer(text: str) -> int:
    if len(text) > 20:
        raise InvalidOrder("", f"{text[:20]}... is too large a number")
    return int(text)


def _refuse_constant(text: str) -> object:
    raise InvalidOrder("", f"{text} is not a number")


def _unique(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    data = dict(pairs)
    if len(data) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InvalidOrder(twice[:40], "stands twice; which one is meant?")
    return data


def _unfloat(key: str, value: object) -> object:
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        raise InvalidOrder(key, "a number must be finite")
    return Decimal(repr(value))


def _without_derived(kind: type[Any], mapping: object) -> object:
    if kind is ExecutionResult and isinstance(mapping, Mapping):
        return {key: value for key, value in mapping.items() if key != "success"}
    return mapping


_base: ContextVar[Path] = ContextVar("base", default=Path())
"""The folder at which relative paths start. It is no part of the converter, whose functions for each class are dear to make."""


@cache
def _strict() -> Converter:
    converter = Converter(forbid_extra_keys=True, detailed_validation=True)
    converter.register_structure_hook(Decimal, lambda value, _: decimal(value))
    converter.register_structure_hook(bool, _structure_bool)
    converter.register_structure_hook(int, _structure_int)
    converter.register_structure_hook(float, _structure_float)
    converter.register_structure_hook(str, _structure_str)
    converter.register_structure_hook(StrEnum, _structure_enum)  # else it would be taken for the str that it is
    converter.register_structure_hook(Path, lambda value, _: _base.get() / _structure_str(value, str))
    converter.register_structure_hook(Secret, lambda value, _: read_secret(value, "", _base.get()))
    converter.register_structure_hook(Enum, _structure_enum)  # by class: older cattrs asks its own hook before a predicate
    converter.register_structure_hook_func(_is_options, _structure_options)
    converter.register_structure_hook_func(lambda kind: bool(kind == tuple[str, ...]), _structure_texts)
    converter.register_structure_hook_func(_is_literal, _structure_literal)
    configure_tagged_union(Instruction, converter, tag_name="kind")
    return converter


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _structure_literal(value: object, kind: Any) -> object:
    if value not in get_args(kind):
        raise InvalidOrder("", f"{_show(value)} is not one of {', '.join(map(str, get_args(kind)))}")
    return value


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _is_options(kind: Any) -> bool:
    return get_origin(kind) is not None and Option in get_args(kind)


def _structure_bool(value: object, _: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidOrder("", f"{_show(value)} is neither true nor false")
    return value


def _structure_int(value: object, _: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidOrder("", f"{_show(value)} is not a whole number")
    return value


def _structure_float(value: object, _: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)) or not math.isfinite(value):
        raise InvalidOrder("", f"{_show(value)} is not a finite number")
    return float(value)


def _structure_str(value: object, _: object) -> str:
    if not isinstance(value, str):
        raise InvalidOrder("", f"{_show(value)} is not a text")
    return value


def _structure_texts(value: object, _: object) -> tuple[str, ...]:
    """A text in place of a list would be taken for the list of its letters."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidOrder("", f"{_show(value)} is not a list of texts")
    for index, item in enumerate(value):
        if not isinstance(item, str):
            raise InvalidOrder(str(index), f"{_show(item)} is not a text")
    return tuple(value)


def _structure_options(value: object, _: object) -> dict[str, Option]:
    if not isinstance(value, Mapping):
        raise InvalidOrder("", f"{_show(value)} is not a table of names and values")
    return dict(value)


def _structure_enum(value: object, kind: type[Enum]) -> Enum:
    try:
        return kind(value)
    except ValueError:
        words = ", ".join(str(member.value) for member in kind)
        raise InvalidOrder("", f"{_show(value)} is not one of {words}") from None


def _show(value: object) -> str:
    if isinstance(value, str):
        return f"{value[:40]!a}"
    return str(value)[:40] if isinstance(value, (int, float, Decimal)) else f"a {type(value).__name__}"


@cache
def _full() -> Converter:
    return _writer(omit_defaults=False)


@cache
def _compact() -> Converter:
    return _writer(omit_defaults=True)


def _writer(*, omit_defaults: bool) -> Converter:
    converter = Converter(omit_if_default=omit_defaults)
    converter.register_unstructure_hook(Decimal, plain)
    converter.register_unstructure_hook(Secret, repr)
    converter.register_unstructure_hook(Path, str)
    converter.register_unstructure_hook(frozenset, _write_set)
    converter.register_unstructure_hook_func(_is_frozenset, _write_set)
    converter.register_unstructure_hook_func(_is_enum, lambda member: member.value)
    converter.register_unstructure_hook(StrEnum, lambda member: member.value)  # else cattrs takes it for the str it is
    converter.register_unstructure_hook_func(_is_options, _write_options)
    converter.register_unstructure_hook(MappingProxyType, _write_options)
    converter.register_unstructure_hook_factory(
        attrs.has,
        lambda kind: make_dict_unstructure_fn(kind, converter, _cattrs_omit_if_default=omit_defaults),
    )
    configure_tagged_union(Instruction, converter, tag_name="kind")
    return converter


def _is_frozenset(kind: Any) -> bool:
    return get_origin(kind) is frozenset


def _write_set(words: frozenset[Any]) -> list[Any]:
    return sorted(word.value if isinstance(word, Enum) else word for word in words)


def _write_options(options: Mapping[str, Option]) -> dict[str, object]:
    return {key: plain(value) if isinstance(value, Decimal) else value for key, value in options.items()}


Problem = tuple[str, str]


def _problems(error: BaseException, path: str, kind: type[Any] | None = None) -> Iterator[Problem]:
    """Each leaf of a validation error as (field, sentence)."""
    if isinstance(error, IterableValidationError | ClassValidationError):
        owner = error.cl if isinstance(error, ClassValidationError) else None
        for inner in error.exceptions:
            notes = getattr(inner, "__notes__", ())
            name = next((getattr(n, "name", None) or getattr(n, "index", None) for n in notes), None)
            yield from _problems(inner, _join(path, name), owner)
    elif isinstance(error, ForbiddenExtraKeysError):
        yield from (_unknown(path, key, error.cl) for key in sorted(map(str, error.extra_fields)))
    elif isinstance(error, ConfigError):
        yield _join(path, None if path.endswith(error.where) else error.where), error.problem
    elif isinstance(error, InvalidOrder):
        yield _join(path, None if path.endswith(error.field) else error.field), error.problem
    elif isinstance(error, KeyError):
        yield path or str(error.args[0]), "is missing"
    elif isinstance(error, AttributeError):  # cattrs looks for the keys of what is no table
        yield path, "is not a table of names and values"
    else:
        yield path, f"{error}" or type(error).__name__


def _unknown(path: str, key: str, kind: type[Any]) -> Problem:
    known = [field.name for field in attrs.fields(kind)]
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are: {', '.join(known) or 'none'}"
    return _join(path, f"{key[:40]!a}" if not key.isidentifier() else key[:40]), f"is unknown; {hint}"


def _join(path: str, name: object) -> str:
    return ".".join(part for part in (path, "" if name is None else str(name)) if part)


def _sentences(problems: Sequence[Problem]) -> Iterator[str]:
    """The first problem without its field (the error adds it), the others with theirs."""
    for index, (field, problem) in enumerate(problems):
        yield problem if index == 0 or not field else f"{field}: {problem}"
