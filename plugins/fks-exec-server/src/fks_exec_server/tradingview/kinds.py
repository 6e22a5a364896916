# SPDX-License-Identifier: MIT
"""What a field of an alert takes: each kind with what reads it and with what JSON Schema says of it. Pure.

A schema takes all that its reader takes. What it cannot say (that a text is the number 0, that a day exists) the reader
refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from attrs import field, frozen

from fks_exec import InvalidOrder, OrderType
from fks_exec.model.numbers import decimal

from ..http.patterns import POSITIVE, SIGNED, SYMBOL, any_case, printable, whole

Scalar: TypeAlias = str | int | Decimal
Reader: TypeAlias = Callable[[str, Any], object]
"""What a field's value means: its name as the alert spells it, and a text or number that is not empty. Raises InvalidOrder."""

_DAY = r"2[0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_ISO = rf"{_DAY}T{_CLOCK}:[0-5][0-9](?:\.[0-9]{{1,9}})?(?:Z|[+-]{_CLOCK})"
_EPOCH_TEXT = r"[1-9][0-9]{9,13}(?:\.[0-9]{1,9})?"
_FIRST_SECOND, _FIRST_MILLISECOND, _END = 10**9, 10**11, 10**14
_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
_LONGEST_ID, _LONGEST_LABEL = 200, 64
_MOST_ACCOUNTS = 100
_iso, _epoch_text, _ticker = re.compile(_ISO), re.compile(_EPOCH_TEXT), re.compile(SYMBOL)
HIDDEN = "***"
"""What stands in place of a body secret."""


@frozen(kw_only=True)
class Kind:
    """What a field takes.

    Args:
        read: its reader.
        schema: what JSON Schema says of it, null apart.
        words: those that it takes, where they are few; in any case.
        unless_flat: what JSON Schema says further, where the alert does not say that its strategy is flat: such an alert is a
            close, and what an order would be is not looked at.
    """

    read: Reader
    schema: Mapping[str, Any] = field(hash=False)
    words: tuple[str, ...] = ()
    unless_flat: Mapping[str, Any] = field(factory=dict, hash=False)


def scalar(name: str, value: object) -> Scalar:
    """A value that is one, and was filled in."""
    if isinstance(value, str):
        if not value:
            raise InvalidOrder(name, "is empty; fill it in, or leave it out")
        if "{{" in value:
            raise not_rendered(name, value)
        return value
    if isinstance(value, (int, Decimal)):
        return value
    raise InvalidOrder(name, "holds a list or an object; it takes one text or number")


def not_rendered(name: str, text: str) -> InvalidOrder:
    """TradingView leaves a placeholder that it does not know as it is."""
    return InvalidOrder(name, f"the alert's placeholder {text[:60]!a} was not rendered; check its spelling in the message")


def read_list(name: str, value: object) -> tuple[str, ...]:
    """The one kind that is neither text nor number."""
    if not isinstance(value, list) or not value or len(value) > _MOST_ACCOUNTS:
        raise InvalidOrder(name, f'is not a list of 1 to {_MOST_ACCOUNTS} accounts, such as ["one", "two"]')
    return tuple(dict.fromkeys(_text(name, scalar(name, each)) for each in value))


def _words(known: Mapping[str, str]) -> Kind:
    """Words, each with the one that means the same."""
    shown = tuple(known)

    def read(name: str, value: Scalar) -> str:
        word = _text(name, value)
        meant = known.get(word) or known.get(word.lower() if word.isascii() else "")
        if meant is None:
            raise InvalidOrder(name, f"{word.lower()[:40]!a} is not one of {', '.join(shown)}")
        return meant

    return Kind(read=read, schema={"type": ["string"], **_any_of(shown)}, words=shown)


def _any_of(words: Sequence[str]) -> dict[str, Any]:
    return {"anyOf": [{"enum": list(words)}, {"pattern": whole(any_case(words))}]}


def _later(*words: str) -> Kind:
    """Words that are looked at where an order is made."""
    return Kind(read=_word, schema=_texts(r"[\u0000-\u007f]+"), words=words, unless_flat=_any_of(words))


def _word(name: str, value: Scalar) -> str:
    word = _text(name, value)
    if not word.isascii():
        raise InvalidOrder(name, f"{word[:40]!a} is no word of ASCII letters")
    return word.lower()


def _text(name: str, value: Scalar) -> str:
    if not isinstance(value, str):
        raise InvalidOrder(name, f"{value} is not a text; put it into quotes")
    return value


def _venue(name: str, value: Scalar) -> str:
    if not _ticker.fullmatch(_text(name, value)):
        raise InvalidOrder(name, f"{str(value)[:40]!a} is not 1 to 64 printable ASCII characters without blanks")
    return str(value)


def _id(name: str, value: Scalar) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(name, value)
    if len(text) > _LONGEST_ID or not text.isprintable():
        raise InvalidOrder(name, f"is not a text of 1 to {_LONGEST_ID} printable characters")
    return text


def _number(name: str, value: Scalar) -> Decimal:
    return decimal(value, name)


def _price(name: str, value: Scalar) -> Decimal:
    price = decimal(value, name)
    if price <= 0:
        raise InvalidOrder(name, f"{str(value)[:40]} is not greater than zero")
    return price


def _flag(name: str, value: Scalar) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value.lower() not in ("true", "false"):
        raise InvalidOrder(name, "is neither true nor false")
    return value.lower() == "true"


def _time(name: str, value: Scalar) -> int:
    """Epoch milliseconds from ISO 8601 with its zone, as TradingView renders it, or from epoch seconds or milliseconds."""
    if isinstance(value, str) and _iso.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise InvalidOrder(name, f"{value!a} is not a date and time that exists") from None
        return (moment - _EPOCH) // _MILLISECOND
    if isinstance(value, bool) or (isinstance(value, str) and not _epoch_text.fullmatch(value)):
        raise _no_time(name, value)
    number = Decimal(value)
    if not _FIRST_SECOND <= number < _END:
        raise _no_time(name, value)
    return int(number * 1000 if number < _FIRST_MILLISECOND else number)


def _no_time(name: str, value: Scalar) -> InvalidOrder:
    return InvalidOrder(name, f"{str(value)[:40]!a} is not a time such as 2026-11-22T18:00:00Z, or epoch seconds")


def _hidden(name: str, value: Scalar) -> str:
    if value != HIDDEN:
        raise InvalidOrder(name, "is not asked for by this key; leave it out, a message that others may see is no place for it")
    return HIDDEN


def _texts(pattern: str) -> dict[str, Any]:
    return {"type": ["string"], "pattern": whole(pattern)}


_NUMBER: dict[str, Any] = {"type": ["string", "number"]}
_IDS = _texts(printable(_LONGEST_ID)) | {"type": ["string", "integer"], "minimum": 1 - 10**19, "maximum": 10**20 - 1}
_NAME: dict[str, Any] = {"type": "string", "minLength": 1}

ACTION = _words({word: word for word in ("buy", "sell", "close", "target", "reverse")} | {"exit": "close", "flat": "close"})
POSITION = _words({"long": "long", "short": "short", "flat": "flat", "bullish": "long", "bearish": "short"})
UNIT = _words({word: word for word in ("contracts", "quote", "equity_percent", "risk_percent")})
ORDER_TYPE = _later(*(word.value for word in OrderType))
TIME_IN_FORCE = _later("gtc", "ioc", "fok", "day")
INSTRUMENT = Kind(read=_text, schema=_texts(SYMBOL))
EXCHANGE = Kind(read=_venue, schema=_texts(SYMBOL))
NUMBER = Kind(read=_number, schema=_NUMBER | SIGNED)
LEVEL = Kind(read=_number, schema=NUMBER.schema, unless_flat=POSITIVE)
SHARE = Kind(read=_number, schema=NUMBER.schema, unless_flat={"minimum": 0, "maximum": 1})
PRICE = Kind(read=_price, schema=_NUMBER | POSITIVE)
LABEL = Kind(read=_text, schema=_texts(printable(_LONGEST_LABEL)))
ID = Kind(read=_id, schema=_IDS)
TIME = Kind(
    read=_time,
    schema=_texts(f"{_ISO}|{_EPOCH_TEXT}") | {"type": ["string", "number"], "minimum": _FIRST_SECOND, "exclusiveMaximum": _END},
)
NAME = Kind(read=_text, schema=_NAME | {"type": ["string"]})
NAMES = Kind(read=read_list, schema={"type": ["array"], "items": _NAME, "minItems": 1, "maxItems": _MOST_ACCOUNTS})
FLAG = Kind(read=_flag, schema=_texts(any_case(["true", "false"])) | {"type": ["boolean", "string"]})
SECRET = Kind(read=_hidden, schema=_NAME | {"type": ["string"], "writeOnly": True})
