# SPDX-License-Identifier: MIT
"""A plugin's configuration class as a commented TOML table: keys, types, defaults, what its docstring says."""

from __future__ import annotations

import enum
import json
import re
import textwrap
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import attrs

from fks_exec.errors import ConfigError
from fks_exec.model.numbers import plain
from fks_exec.secrets import Secret

WIDTH = 110

_WORDS: dict[Any, str] = {
    Decimal: "number",
    float: "number",
    int: "whole number",
    str: "text",
    bool: "true or false",
    Path: "path",
    Secret: "secret",
}
_EXAMPLES: dict[Any, str] = {Decimal: "1", float: "1", int: "1", bool: "false"}
_NAME = re.compile(r"[A-Za-z0-9_-]+")


@attrs.frozen(kw_only=True)
class Key:
    """One key of a table.

    Args:
        kind: the type, in words.
        required: the table is refused without it.
        value: the default, or an example where there is none; TOML.
        unset: there is no default and none is needed.
        rows: the keys of each row, for an array of tables.
    """

    name: str
    kind: str
    required: bool
    value: str
    unset: bool = False
    doc: str = ""
    rows: tuple[Key, ...] = ()


def keys_of(kind: type[Any]) -> list[Key]:
    """The keys of a configuration class, in its order."""
    hints, docs, missing = typing.get_type_hints(kind), docs_of(kind), _refused_without(kind)
    return [
        _key(field, hints.get(field.name, field.type or str), docs.get(field.name, ""), required=field.name in missing)
        for field in attrs.fields(kind)
        if field.init
    ]


def render(header: str, keys: Sequence[Key], *, doc: str = "", extra: Sequence[str] = ()) -> str:
    """The table as TOML.

    Args:
        header: the table's name, with dots.
        doc: what stands above it, as a comment.
        extra: lines of the table before its keys.
    """
    lines = [*_comment(doc), f"[{header}]", *extra]
    for key in [key for key in keys if not key.rows]:
        lines += ["", *_comment(_about(key)), _assignment(key)]
    for key in [key for key in keys if key.rows]:
        lines += ["", *_comment(_about(key)), *_rows(f"{header}.{key.name}", key)]
    return "\n".join(lines)


def docs_of(kind: type[Any]) -> dict[str, str]:
    """What the Args section says, by name, a base class's too; ``a, b: text`` says it about both."""
    found: dict[str, str] = {}
    for base in kind.__bases__:
        found |= docs_of(base) if base is not object else {}
    section = re.search(r"^Args:\n((?:[ \t]+.*\n?|\n)*)", _docstring(kind), re.MULTILINE)
    for entry in re.split(r"\n(?=\S)", textwrap.dedent(section[1]).strip() if section else ""):
        names, colon, text = entry.partition(":")
        if colon:
            found |= dict.fromkeys((name.strip() for name in names.split(",")), " ".join(text.split()))
    return found


def summary_of(kind: type[Any]) -> str:
    """The docstring's first paragraph."""
    return " ".join(_docstring(kind).partition("\n\n")[0].split()).replace("``", "")


def quoted(name: str) -> str:
    """A key as TOML spells it."""
    return name if _NAME.fullmatch(name) else json.dumps(name)


def _docstring(kind: type[Any]) -> str:
    return textwrap.dedent("    " + (kind.__doc__ or "")).strip() + "\n"


def _refused_without(kind: type[Any]) -> set[str]:
    """Keys without a default, and the one that the class itself misses when all others have theirs."""
    missing = {field.name for field in attrs.fields(kind) if field.init and field.default is attrs.NOTHING}
    if not missing:
        try:
            kind()
        except ConfigError as error:
            missing.add(error.where)
    return missing


def _key(field: attrs.Attribute[Any], hint: Any, doc: str, *, required: bool) -> Key:
    row = _row_type(hint)
    default = _default(field)
    return Key(
        name=field.name,
        kind=_in_words(hint),
        required=required,
        value=_example(field.name, hint) if default is None or (required and not default) else toml(default),
        unset=default is None and not required,
        doc=doc,
        rows=tuple(keys_of(row)) if row else (),
    )


def _default(field: attrs.Attribute[Any]) -> Any:
    """The default's value; None: none to show."""
    default: Any = field.default
    if default is None or default is attrs.NOTHING:
        return None
    if not hasattr(default, "factory"):
        return default
    return None if default.takes_self else default.factory()


def _row_type(hint: Any) -> type[Any] | None:
    """The class of each row of an array of tables."""
    return next((a for a in get_args(hint) if isinstance(a, type) and attrs.has(a)), None) if _is_list(hint) else None


def _is_list(hint: Any) -> bool:
    origin = get_origin(hint)
    return isinstance(origin, type) and issubclass(origin, Sequence | frozenset | set)


def _in_words(hint: Any) -> str:
    origin, inner = get_origin(hint), [a for a in get_args(hint) if a not in (type(None), Ellipsis)]
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_in_words(a) for a in inner))
    if origin is Literal:
        return "one of " + ", ".join(toml(value) for value in get_args(hint))
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return "one of " + ", ".join(toml(member.value) for member in hint)
    if _is_list(hint):
        return f"list, each a {_in_words(inner[0])}" if inner and not _row_type(hint) else "list of tables"
    return _WORDS.get(hint, "table" if _is_table(hint) else "value")


def _is_table(hint: Any) -> bool:
    kind = get_origin(hint) or hint
    return isinstance(kind, type) and (issubclass(kind, Mapping) or attrs.has(kind))


def _example(name: str, hint: Any) -> str:
    """Something to write over, of the right type."""
    for kind in (hint, *get_args(hint)):
        if kind is Secret:
            return f'{{ env = "{name.upper()}" }}'
        if get_origin(kind) is Literal:
            return toml(get_args(kind)[0])
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return toml(next(iter(kind)).value)
        if _is_list(kind):
            return "[]"
        if _is_table(kind):
            return "{}"
        if kind in _WORDS:
            return _EXAMPLES.get(kind, '"..."')
    return '"..."'


def toml(value: Any) -> str:
    """A value in TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, int | float):
        return str(value)
    if attrs.has(type(value)):
        return toml({field.name: getattr(value, field.name) for field in attrs.fields(type(value))})
    if isinstance(value, Mapping):
        inner = ", ".join(f"{quoted(str(k))} = {toml(v)}" for k, v in value.items() if v is not None)
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, Sequence | frozenset | set) and not isinstance(value, str):
        return f"[{', '.join(sorted(map(toml, value)) if isinstance(value, frozenset | set) else map(toml, value))}]"
    return json.dumps(str(value.value if isinstance(value, enum.Enum) else value), ensure_ascii=False)


def _about(key: Key) -> str:
    doc = key.doc.replace("``", "") or key.name
    need = "; needed" if key.required else "; none unless set" if key.unset else ""
    return f"{doc.rstrip('.')} ({key.kind}{need})"


def _assignment(key: Key) -> str:
    return f"{'' if key.required else '# '}{quoted(key.name)} = {key.value}"


def _rows(header: str, key: Key) -> Iterator[str]:
    mark = "" if key.required else "# "
    yield f"{mark}[[{header}]]"
    for inner in key.rows:
        yield from _comment(_about(inner))
        yield mark + _assignment(inner)


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)]
