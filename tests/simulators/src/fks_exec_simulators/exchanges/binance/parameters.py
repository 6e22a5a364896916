# SPDX-License-Identifier: MIT
"""The parameters of one request: read by name, checked for their form; what nobody reads is refused with -1104."""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal

from ..wire import Asked
from .refusals import Refused, missing

DECIMAL = "^([0-9]{1,20})(\\.[0-9]{1,20})?$"
INTEGER = "^[0-9]{1,20}$"
CLIENT_ID = "^[a-zA-Z0-9-_]{1,36}$"
PRECISION = 8
"""Decimals of quantities and prices at most; more are refused with -1111."""


class Parameters:
    """What was sent with a request; of a name in both query and body the query's counts.

    Raises:
        Refused: -1101, a name came twice.
    """

    def __init__(self, asked: Asked) -> None:
        in_query, in_form = asked.in_query, asked.in_form
        for pairs in (in_query, in_form):
            if len({name for name, _ in pairs}) < len(pairs):
                raise Refused(-1101, "Duplicate values for a parameter detected.")
        self._sent: dict[str, str] = {**dict(in_form), **dict(in_query)}
        self._read: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._sent

    def text(self, name: str) -> str | None:
        """A text, or None.

        Raises:
            Refused: -1105, it is empty.
        """
        value = self._sent.get(name)
        if value is not None:
            self._read.add(name)
            if not value:
                raise Refused(-1105, f"Parameter '{name}' was empty.")
        return value

    def matching(self, name: str, pattern: str) -> str | None:
        """A text of a form, or None.

        Raises:
            Refused: -1100, of another form.
        """
        value = self.text(name)
        if value is not None and not re.fullmatch(pattern.strip("^$"), value):
            raise Refused(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{pattern}'.")
        return value

    def needed(self, name: str) -> str:
        """A text.

        Raises:
            Refused: -1102, it is missing.
        """
        if not self._sent.get(name):
            raise missing(name)
        return self.text(name) or ""

    def one_of(self, name: str, words: Collection[str], code: int) -> str | None:
        """A word, or None.

        Raises:
            Refused: with the code, another word.
        """
        value = self.text(name)
        if value is not None and value not in words:
            raise Refused(code)
        return value

    def number(self, name: str) -> Decimal | None:
        """A number, or None.

        Raises:
            Refused: -1100, none; -1111, too many decimals.
        """
        value = self.matching(name, DECIMAL)
        if value is None:
            return None
        if len(value.partition(".")[2].rstrip("0")) > PRECISION:
            raise Refused(-1111, f"Parameter '{name}' has too much precision.")
        return Decimal(value)

    def integer(self, name: str) -> int | None:
        """An integer, or None.

        Raises:
            Refused: -1100, none.
        """
        value = self.matching(name, INTEGER)
        return None if value is None else int(value)

    def unwanted(self, *names: str) -> None:
        """Names that this request has no use for.

        Raises:
            Refused: -1106, one was sent.
        """
        for name in names:
            if name in self._sent:
                raise Refused(-1106, f"Parameter '{name}' sent when not required.")

    def finish(self) -> None:
        """Nothing more is read.

        Raises:
            Refused: -1104, something was not read.
        """
        read, sent = len(self._read), len(self._sent)
        if read < sent:
            raise Refused(-1104, f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.")
