# SPDX-License-Identifier: MIT
"""What a text must look like, for its reader and for the document of the routes: ASCII, and of any dialect of expressions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

DECIMAL = r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,61})?|\.[0-9]{1,61})(?:[eE][+-]?[0-9]{1,2})?"
"""A number as a text."""

NO_MINUS = DECIMAL.replace("[+-]", "[+]", 1)
"""The same of one that is not negative."""

NOT_ZERO = "^[+]?[0.]*[1-9]"
"""How such a text begins, if it is greater than zero."""

PLAIN = r"-?[0-9]+(?:\.[0-9]+)?"
"""A number as we write it."""

SYMBOL = "[!-~]{1,64}"
"""An instrument, in any spelling."""

OWN_ID = "[A-Za-z0-9._:-]{1,64}"
"""What a sender calls its order."""

ORDER_ID = OWN_ID + "(?:~[a-z]{2}[0-9]{1,4}){0,3}"
"""What an order is known by; what follows a ``~`` is the host's, for an order that it makes for another one."""

ACCOUNT = "[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
"""The name of an account."""

IN_PATH = "[A-Za-z0-9._~-]{32,256}"
"""What stands in the path of a key."""

CODE = "[A-Z][A-Z0-9_]*"
"""A word that says why."""


_LEAST, _BEYOND = 1e-30, 1e31
SIGNED: dict[str, Any] = {
    "pattern": f"^(?:{DECIMAL})$",
    "exclusiveMinimum": -_BEYOND,
    "exclusiveMaximum": _BEYOND,
    "anyOf": [{"maximum": -_LEAST}, {"const": 0}, {"minimum": _LEAST}],
}
"""What JSON Schema says of a number, and of a text that is one: its size."""

POSITIVE: dict[str, Any] = {
    "pattern": f"^(?:{NO_MINUS})$",
    "minimum": _LEAST,
    "exclusiveMaximum": _BEYOND,
    "allOf": [{"pattern": NOT_ZERO}],
}
"""The same of one that is greater than zero."""


def whole(pattern: str) -> str:
    """The same for who would also be content with a part of the text."""
    return f"^(?:{pattern})$"


def any_case(words: Iterable[str]) -> str:
    """These words, in capitals or not."""
    return "|".join("".join(f"[{c.upper()}{c}]" if c.isalpha() else c for c in word) for word in words)


def printable(most: int) -> str:
    """A text of so many characters at most, none of which controls a terminal."""
    return rf"[^\u0000-\u001f\u007f-\u009f]{{1,{most}}}"
