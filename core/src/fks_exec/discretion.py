# SPDX-License-Identifier: MIT
"""What a venue says, without the secrets of its account's configuration: Discretion.

A venue repeats what it was asked with, and an SDK puts keys and signed addresses into its errors. The contract wants sentences
without secrets; a plugin that forgets it must not bring a key into a journal, an answer or a log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar
from urllib.parse import quote

import attrs

from .errors import FksExecError
from .model.copying import changed
from .model.events import OrderUpdate
from .model.results import ExecutionResult
from .secrets import Secret

E = TypeVar("E", bound=BaseException)

MASK = "***"

LEAST = 6
"""Characters; a shorter secret would blank half of every line, and is refused where it would matter."""

BEGINNING = 16
"""Characters by which a secret of at least twice as many is known where a text was cut off within it."""


class Discretion:
    """Blanks the values of secrets.

    Args:
        records: where the secrets stand, at any depth of attrs classes, mappings and sequences.
    """

    def __init__(self, *records: object) -> None:
        self._known = pattern_of(secret.reveal() for secret in secrets_within(records))

    def text(self, text: str) -> str:
        """Without them."""
        return text if self._known is None else self._known.sub(MASK, text)

    def error(self, error: E) -> E:
        """The same error; one of ours, whose text is repeated, says its sentence without them from now on."""
        if self._known is not None and isinstance(error, FksExecError) and self._known.search(f"{error} {vars(error)}"):
            error.args = tuple(self.text(each) if isinstance(each, str) else each for each in error.args)
            for name, value in vars(error).items():
                if isinstance(value, str):
                    setattr(error, name, self.text(value))
        return error

    def result(self, result: ExecutionResult) -> ExecutionResult:
        """The same result, its error without them."""
        if self._known is None or result.error is None:
            return result
        text = self.text(result.error)
        return result if text == result.error else changed(result, error=text)

    def update(self, update: OrderUpdate) -> OrderUpdate:
        """The same update, its result's error without them."""
        result = self.result(update.result)
        return update if result is update.result else attrs.evolve(update, result=result)


def pattern_of(secrets: Iterable[str]) -> re.Pattern[str] | None:
    """What finds each of these secrets in a text, also cut off after its beginning; None where there is nothing to find."""
    spelt = {form for secret in secrets for form in _spellings(secret) if len(form) >= LEAST}
    longest_first = sorted(spelt, key=lambda form: (-len(form), form))
    cut = (_beginning(form) for form in longest_first if len(form) >= 2 * BEGINNING)
    return re.compile("|".join([*map(re.escape, longest_first), *cut])) if longest_first else None


def _beginning(form: str) -> str:
    return re.escape(form[:BEGINNING]) + "[A-Za-z0-9._~-]*"


def _spellings(secret: str) -> Iterator[str]:
    """How a secret may stand in a text: as it is, each of its lines, and as an address, a repr or JSON would write it."""
    for text in {secret, secret.strip(), *(line.strip() for line in secret.splitlines())}:
        yield from (text, quote(text, safe=""), json.dumps(text)[1:-1], repr(text)[1:-1])


def secrets_within(value: object) -> Iterator[Secret]:
    """Every secret of a record."""
    if isinstance(value, Secret):
        yield value
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):  # type: ignore[arg-type]  # it has just been asked
            yield from secrets_within(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from secrets_within(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from secrets_within(each)
