# SPDX-License-Identifier: MIT
"""What of an exchange's words may be told: shortened, without addresses, signatures, keys, and the account's own secrets."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

_SHORT = 200
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_NAMED = re.compile(
    r"""(?ix) ( [\w-]* (?: sign (?:ature)? | api[-_]?key | secret | pass(?:phrase|word)? | token | auth(?:orization)?
    | access[-_]key | private[-_]?key ) [\w-]* ) (["']? \s* [:=] \s* ["']? (?: bearer \s+ | basic \s+ )? ) [^\s"',;&}<]+ """
)
_LONG = re.compile(r"[A-Za-z0-9+/=_-]{32,}")
_REQUEST = re.compile(r"\b(?:GET|POST|PUT|PATCH|DELETE) https?://\S+")
_WORDS = ("sMsg", "msg", "message", "retMsg", "ret_msg", "err-msg", "errMsg", "error_message", "error_description", "detail")
_MORE = ("preview_failure_reason", "new_order_failure_reason", "failure_reason", "label", "status", "error", "reason")
_CODES = ("sCode", "code", "retCode", "ret_code", "err-code", "errCode", "error_code", "label", "error", "status", "id")


def clean(text: str, secrets: Iterable[str] = ()) -> str:
    """The text in one line of at most 200 characters, without what nobody may read."""
    for secret in sorted(_forms(secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    text = _ADDRESS.sub("(address)", text)
    text = _NAMED.sub(r"\1\2***", text)
    text = _LONG.sub("***", text)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= _SHORT else text[: _SHORT - 3] + "..."


def _forms(secrets: Iterable[str]) -> set[str]:
    """A secret as it may stand in a text: itself, its lines, quoted for a URL, in base64, escaped as JSON."""
    found: set[str] = set()
    for secret in secrets:
        parts = {secret, *(line.strip() for line in secret.splitlines())}
        for part in parts:
            encoded = base64.b64encode(part.encode()).decode()
            found |= {part, quote(part, safe=""), quote_plus(part), encoded, encoded.rstrip("="), json.dumps(part)[1:-1]}
    return {form for form in found if len(form) >= 4}


def body_of(text: str, exchange: str) -> Any:
    """The exchange's answer inside a text of ccxt's, read as JSON; None when there is none."""
    text = text.removeprefix(exchange).strip()
    if text[:1] not in ("{", "["):
        start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=-1)
        text = text[start:] if start >= 0 else ""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def codes_in(body: Any) -> set[str]:
    """Every code in an answer, as text."""
    if isinstance(body, list) and body[:1] == ["error"]:  # Bitfinex: ["error", 10001, "what"]
        return {str(part) for part in body[1:3]}
    return {str(value) for name, value in _pairs(body) if name in _CODES and isinstance(value, str | int) and value != ""}


def words_of(text: str, exchange: str, status: int | None = None) -> str:
    """What the exchange said, out of a text of ccxt's; not yet cleaned. Empty when it said nothing that one can read."""
    body = body_of(text, exchange)
    if isinstance(body, list) and body[:1] == ["error"]:
        return str(body[2]) if len(body) > 2 else ""
    if isinstance(body, dict | list):
        return _words_in(body)
    if _REQUEST.search(text) or "<" in text:  # ccxt's own description of a request, or a page
        return f"HTTP {status}" if status else ""
    return text.removeprefix(exchange).strip(" :")


def _words_in(body: Any) -> str:
    pairs = [(name, value) for name, value in _pairs(body) if isinstance(value, str) and value]
    for names in (_WORDS, _MORE):
        by_name = {name: value for name, value in pairs if name in names}
        found = list(dict.fromkeys(by_name[name] for name in names if name in by_name))
        if found:
            return "; ".join(found[:2])
    return ""


def _pairs(body: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Names and values of all levels; a list's texts have the list's name."""
    if depth > 6:
        return
    items = body.items() if isinstance(body, dict) else (("", one) for one in body) if isinstance(body, list) else ()
    for name, value in items:
        if isinstance(value, dict):
            yield from _pairs(value, depth + 1)
        elif isinstance(value, list):
            yield from ((name, one) for one in value if isinstance(one, str))
            yield from (pair for one in value if isinstance(one, dict | list) for pair in _pairs(one, depth + 1))
        else:
            yield str(name), value
