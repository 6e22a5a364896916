# SPDX-License-Identifier: MIT
"""What must not be told: the values of all secrets that a host knows, and whatever stands where a path has its secret."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

import attrs

from fks_exec import ConfigError, FksExecError, Secret

if TYPE_CHECKING:
    from fks_exec_hub import HubConfig

MASK = "***"

LEAST = 6
"""Characters; a shorter secret would blank half of every line, and is refused where it would matter."""

_IN_PATH = re.compile(r"(/webhook/tradingview/)[^/\s\"'?#]+")


class Redactor:
    """Replaces secrets in texts.

    Args:
        secrets: their values; a key of several lines is known by each of them too.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spelt = {form for secret in secrets for form in _forms(secret) if len(form) >= LEAST}
        longest_first = sorted(spelt, key=lambda form: (-len(form), form))
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        """The text without them."""
        text = _IN_PATH.sub(rf"\1{MASK}", text)
        return text if self._known is None else self._known.sub(MASK, text)

    def tree(self, value: object) -> object:
        """The same for every text in plain data, keys of mappings included."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {self(str(name)): self.tree(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.tree(each) for each in value]
        return value if value is None or isinstance(value, int | float) else self(str(value))


def _forms(secret: str) -> Iterator[str]:
    """As it may stand in a text: itself, and as an address, a repr or JSON would write it."""
    for text in {secret, secret.strip(), *(line.strip() for line in secret.splitlines())}:
        yield from (text, quote(text, safe=""), json.dumps(text)[1:-1], repr(text)[1:-1])


def secrets_of(config: HubConfig, *further: object) -> list[str]:
    """The values of all secrets of a host: those of its venues, and those in further records.

    An account whose table is at fault has none here; it does not open, and its own message says why.

    Args:
        further: records such as the server's configuration.
    """
    found = list(further)
    plugins = config.load_plugins()
    for name in config.accounts:
        try:
            found.append(config.venue(name, plugins)[1])
        except (ConfigError, FksExecError):
            continue
    return [secret.reveal() for secret in _within(found)]


def _within(value: object) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
    elif attrs.has(type(value)):
        for name in (field.name for field in attrs.fields(type(value))):  # type: ignore[arg-type] # it has just been asked
            yield from _within(getattr(value, name))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _within(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _within(each)
