# SPDX-License-Identifier: MIT
"""Canaries: secrets that are known when they are seen, however they are written; and the search for them.

Each secret that a test gives to a host, a client, an issuer or a simulated exchange begins with ``MARK``, or stands in
``KNOWN``. This module imports nothing but the standard library: the search runs beside every test.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable
from functools import cache
from urllib.parse import quote

MARK = "canary-"
"""Every canary has it inside; no name of a test has, since a hyphen stands in none."""

KNOWN = ("hunter2", "geheim")
"""Secrets without the mark: what a venue of some test says where it should not."""

SHORTEST = 16
"""Characters of a secret without the mark. What is shorter is found by chance, as is what has blanks."""

LEAST_VARIED = 8
"""Different characters of such a secret: one of equal letters stands in many a file that a test fills with something."""

_ONLY = re.compile(rb"[A-Za-z0-9._~+/-]{1,512}=*")


def canary(name: str) -> str:
    """A secret of 36 characters and its name, which a URL may hold, and which is long enough for a signature."""
    return f"{MARK}{name}-0123456789abcdefghijklmnopqrstuvwxyz"


@cache
def spelt(text: str) -> tuple[bytes, ...]:
    """A text as it may have been written: plain, in JSON, in a URL, in base64 with each shift, as hexadecimal digits."""
    raw = text.encode("utf-8", "surrogatepass")
    forms = [raw, json.dumps(text)[1:-1].encode(), quote(raw, safe="").encode(), *map(_base64, (raw,) * 3, range(3))]
    forms += [form.replace(b"+", b"-").replace(b"/", b"_") for form in forms[-3:]]
    digits = binascii.hexlify(raw)
    return tuple(dict.fromkeys([*forms, digits, digits.upper()]))


def _base64(raw: bytes, shift: int) -> bytes:
    """The digits that come from ``raw`` alone when so many bytes stand before it, whatever they and those after it are."""
    return base64.b64encode(b"x" * shift + raw)[-(-8 * shift // 6) : 8 * (shift + len(raw)) // 6]


def found(data: bytes, secrets: Iterable[str] = ()) -> list[str]:
    """The names of the canaries in there, without the mark, so that the one who tells of them does not show one.

    Args:
        secrets: others that are looked for, as they are: the mark alone is searched for in all its forms, which takes its time.
    """
    names = [_name(data, data.index(form), form) for form in spelt(MARK) if form in data]
    for text in (*KNOWN, *secrets):
        names += [f"{text[:4]}... of {len(text)} characters"] if text.encode("utf-8", "surrogatepass") in data else []
    return list(dict.fromkeys(names))


_BEGINNINGS = (MARK.encode(), _base64(MARK.encode(), 0))


def _name(data: bytes, at: int, form: bytes) -> str:
    if form != MARK.encode():
        return "one that is encoded"
    rest = re.match(rb"[A-Za-z0-9._~-]{0,16}", data[at + len(form) : at + len(form) + 16])
    return repr(rest[0].decode() if rest else "")


def is_secret(data: bytes, secrets: Iterable[str] = ()) -> bool:
    """Nothing but one secret, as in the file from which a host reads it."""
    text = data.strip()
    whole = text.startswith(_BEGINNINGS) and _ONLY.fullmatch(text) is not None
    return whole or any(text == each.strip().encode() for each in (*KNOWN, *secrets))
