# SPDX-License-Identifier: MIT
"""What a request asks for: its parameters, read one by one, and pages of what it is told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

from .answers import wrong

CATEGORIES = ("linear", "inverse", "spot", "option")

_NUMBER = re.compile(r"\d{1,20}(\.\d{1,20})?", re.ASCII)
_WHOLE = re.compile(r"\d{1,15}", re.ASCII)
_CURSOR = re.compile(r"page_token(?:%3A|:)(\d{1,9})", re.ASCII)

T = TypeVar("T")


def missing(name: str) -> NoReturn:
    """A parameter that has to be there is not."""
    raise wrong(f"params error: {name} is required")


class Fields:
    """The parameters of a request, read one by one.

    Args:
        values: from the query, all texts, or from the body's JSON.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) not in (None, "")

    def text(self, name: str, default: str = "") -> str:
        """A text; what the documents call a string is refused as a JSON number."""
        value = self._values.get(name)
        if value is None or value == "":
            return default
        if not isinstance(value, str):
            raise wrong(f"params error: {name} must be a string")
        return value

    def required(self, name: str) -> str:
        """A text that may not be missing."""
        return self.text(name) or missing(name)

    def choice(self, name: str, of: tuple[str, ...], default: str = "") -> str:
        """A text of a few."""
        value = self.text(name, default)
        if value not in of and value != default:
            raise wrong(f"params error: {name} invalid")
        return value

    @property
    def category(self) -> str:
        """The product type that is asked for."""
        return self.choice("category", CATEGORIES) or missing("category")

    def integer(self, name: str, default: int = 0) -> int:
        """A whole number, as a JSON number or as a text."""
        value = self._values.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, bool) or not _WHOLE.fullmatch(str(value)):
            raise wrong(f"params error: {name} invalid")
        return int(value)

    def flag(self, name: str) -> bool:
        """True or false, a JSON boolean."""
        value = self._values.get(name)
        if value not in (None, True, False):
            raise wrong(f"params error: {name} must be a boolean")
        return bool(value)

    def number(self, name: str) -> Decimal | None:
        """A number that is not negative, written as a text; None if it is missing."""
        text = self.text(name)
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            raise wrong(f"params error: {name} invalid")
        return Decimal(text)


def page(rows: Sequence[T], fields: Fields, default: int, most: int) -> tuple[Sequence[T], str]:
    """One page, and the cursor of the next one; empty on the last.

    A cursor is opaque to clients; it is escaped already, as Bybit's are, and taken as it is told or once decoded.
    """
    size, cursor = fields.integer("limit", default), fields.text("cursor")
    if not 1 <= size <= most:
        raise wrong("params error: limit invalid")
    match = _CURSOR.fullmatch(cursor)
    if cursor and match is None:
        raise wrong("params error: cursor invalid")
    first = int(match[1]) if match else 0
    following = first + size
    return rows[first:following], f"page_token%3A{following}" if following < len(rows) else ""
