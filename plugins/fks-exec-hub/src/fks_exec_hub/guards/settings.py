# SPDX-License-Identifier: MIT
"""What the guards' configuration classes share: checks of a number's range, of a word, of what is said at all."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias

from attrs import Attribute

from fks_exec import ConfigError

Check: TypeAlias = Callable[[Any, "Attribute[Any]", Any], None]


def above_zero(instance: object, attribute: Attribute[Any], value: Decimal | None) -> None:
    """A validator: the number is greater than zero, or is absent."""
    if value is not None and value <= 0:
        raise ConfigError(attribute.name, f"{value} is not greater than zero; write {attribute.name} = 1, say")


def percentage(instance: object, attribute: Attribute[Any], value: Decimal | None) -> None:
    """A validator: the number is greater than zero and at most a hundred, or is absent."""
    above_zero(instance, attribute, value)
    if value is not None and value > 100:
        raise ConfigError(attribute.name, f"{value} is more than 100 percent; write {attribute.name} = 100 or less")


def count(instance: object, attribute: Attribute[int], value: int) -> None:
    """A validator: a whole number, 1 or more."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(attribute.name, f"{str(value)[:40]} is no whole number above zero; write {attribute.name} = 1, say")


def share(instance: object, attribute: Attribute[Any], value: Decimal | None) -> None:
    """A validator: the number lies between 0 and 1, or is absent."""
    if value is not None and not 0 <= value <= 1:
        raise ConfigError(attribute.name, f"{value} does not lie between 0 and 1; write {attribute.name} = 0.6, say")


def one_of(*words: str) -> Check:
    """A validator: the word is one of these."""

    def check(instance: object, attribute: Attribute[Any], value: object) -> None:
        if value not in words:
            known = " or ".join(f'{attribute.name} = "{word}"' for word in words)
            raise ConfigError(attribute.name, f"{str(value)[:40]!a} is not known here; write {known}")

    return check


def at_least_one(config: object, **examples: str) -> None:
    """One of the keys is said, else the guard would guard nothing.

    Args:
        examples: by key, a value as TOML spells it.
    """
    if not any(getattr(config, name) for name in examples):
        known = " or ".join(f"{name} = {value}" for name, value in examples.items())
        raise ConfigError("", f"nothing is limited; write {known}, say")
