# SPDX-License-Identifier: MIT
"""What docs/guards.md shows of each guard, made from its class: the keys of its table, the codes of its denials."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from code_tables import table

from fks_exec.model.extension import GuardType
from fks_exec_hub.cli.template import Key, keys_of
from fks_exec_hub.guards import GUARD_TYPES


def guard(kind: GuardType) -> str:
    """Both tables; without keys only that of the codes."""
    rows = list(_keys(keys_of(kind.config)))
    keys = table(("key", "is a", "default", "meaning"), rows) if rows else "It has no keys.\n"
    codes = [(f"`{code}`", said.meaning, said.remedy) for code, said in kind.create.codes.items()]
    return f"{keys}\n{table(('denial', 'meaning', 'what to do'), codes)}"


GUARDS: Mapping[str, Callable[[], str]] = {kind.name: partial(guard, kind) for kind in GUARD_TYPES}
"""What the directive ``guard-table`` takes."""


def _keys(keys: list[Key], above: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Those of the rows of an array of tables below their own."""
    for key in keys:
        default = "needed" if key.required else "none" if key.unset else f"`{key.value}`"
        yield f"`{above}{key.name}`", key.kind, default, key.doc
        yield from _keys(list(key.rows), f"{key.name}.")
