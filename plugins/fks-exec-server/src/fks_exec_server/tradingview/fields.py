# SPDX-License-Identifier: MIT
"""The fields of an alert: their names and aliases, what each takes, and how a wrong one is told. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from attrs import field, frozen

from fks_exec import InvalidOrder, parse_json
from fks_exec.model.numbers import decimal

Scalar: TypeAlias = str | int | Decimal
Reader: TypeAlias = Callable[[str, Scalar], object]

_RENDERED = re.compile(rb'(?:"([A-Za-z_]{1,40})"\s*:\s*"?)?(\{\{[^{}"\x00-\x1f]{0,60}\}\})')
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_FIRST_SECOND, _FIRST_MILLISECOND, _END = 10**9, 10**11, 10**14
_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
_LONGEST_LABEL = 200
_MOST_ACCOUNTS = 100
_ACTIONS = {"exit": "close", "flat": "close"} | {word: word for word in ("buy", "sell", "close", "target", "reverse")}
_POSITIONS = {"long": "long", "bullish": "long", "short": "short", "bearish": "short", "flat": "flat"}
_UNITS = {word: word for word in ("contracts", "quote", "equity_percent", "risk_percent")}
HIDDEN = "***"
"""What stands in place of a body secret."""


@frozen
class Fields:
    """What an alert says.

    Args:
        values: by each field's own name.
        spelled: how the alert spells that name.
    """

    values: dict[str, Any] = field(factory=dict)
    spelled: dict[str, str] = field(factory=dict)

    def named(self, name: str, default: Any = None) -> Any:
        """A field's value."""
        return self.values.get(name, default)

    def spelling(self, name: str) -> str:
        """How the alert calls a field."""
        return self.spelled.get(name, name)


def read_fields(raw: bytes) -> Fields:
    """What each field of an alert means.

    Raises:
        InvalidOrder: no JSON object, a field that is none, stands twice, or cannot be meant.
    """
    data = _parse(raw)
    found = Fields()
    for name, value in data.items():
        if name not in NAMES:
            raise _unknown([other for other in data if other not in NAMES])
        if value is None:
            continue
        known, read = NAMES[name]
        meant = _accounts(name, value) if read is _list else read(name, _scalar(name, value))
        if known in found.values and found.values[known] != meant:
            raise InvalidOrder(name, f"differs from {found.spelled[known]}, which means the same; leave one of them out")
        found.values[known], found.spelled[known] = meant, name
    return found


def _parse(raw: bytes) -> Mapping[str, object]:
    try:
        return parse_json(raw)
    except InvalidOrder:
        found = _RENDERED.search(raw)
        if found is not None:
            raise _not_rendered((found[1] or b"").decode(), found[2].decode("utf-8", "replace")) from None
        raise


def _scalar(name: str, value: object) -> Scalar:
    if isinstance(value, str):
        if not value:
            raise InvalidOrder(name, "is empty; fill it in, or leave it out")
        if "{{" in value:
            raise _not_rendered(name, value)
        return value
    if isinstance(value, (int, Decimal)):
        return value
    raise InvalidOrder(name, "holds a list or an object; it takes one text or number")


def _list(name: str, value: Scalar) -> object:
    raise TypeError(f"{name} is a list")  # marks the one field that is none of texts and numbers


def _accounts(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or len(value) > _MOST_ACCOUNTS:
        raise InvalidOrder(name, f'is not a list of 1 to {_MOST_ACCOUNTS} accounts, such as ["one", "two"]')
    return tuple(dict.fromkeys(_text(name, _scalar(name, each)) for each in value))


def _word(name: str, value: Scalar) -> str:
    return _text(name, value).lower()


def _one_of(known: Mapping[str, str], shown: str) -> Reader:
    def read(name: str, value: Scalar) -> str:
        word = _word(name, value)
        if word not in known:
            raise InvalidOrder(name, f"{word[:40]!a} is not one of {shown}")
        return known[word]

    return read


def _text(name: str, value: Scalar) -> str:
    if not isinstance(value, str):
        raise InvalidOrder(name, f"{value} is not a text; put it into quotes")
    return value


def _id(name: str, value: Scalar) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(name, value)
    if len(text) > _LONGEST_LABEL or not text.isprintable():
        raise InvalidOrder(name, f"is not a text of 1 to {_LONGEST_LABEL} printable characters")
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
    if isinstance(value, str) and _ISO.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise InvalidOrder(name, f"{value!a} is not a date and time that exists") from None
        number = Decimal((moment - _EPOCH) // _MILLISECOND)
    else:
        number = _epoch(name, value)
    if not _FIRST_MILLISECOND <= number < _END:
        raise _no_time(name, value)
    return int(number)


def _epoch(name: str, value: Scalar) -> Decimal:
    try:
        number = decimal(value)
    except InvalidOrder:
        raise _no_time(name, value) from None
    return number * 1000 if _FIRST_SECOND <= number < _FIRST_MILLISECOND else number


def _hidden(name: str, value: Scalar) -> str:
    if value != HIDDEN:
        raise InvalidOrder(name, "is not asked for by this key; leave it out, a message that others may see is no place for it")
    return HIDDEN


def _no_time(name: str, value: Scalar) -> InvalidOrder:
    return InvalidOrder(name, f"{str(value)[:40]!a} is not a time such as 2026-11-22T18:00:00Z, or epoch seconds")


def _not_rendered(name: str, text: str) -> InvalidOrder:
    return InvalidOrder(name, f"the alert's placeholder {text[:60]!a} was not rendered; check its spelling in the message")


def _unknown(names: Sequence[str]) -> InvalidOrder:
    near = difflib.get_close_matches(names[0][:40].lower(), NAMES, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are: {', '.join(sorted(NAMES))}"
    others = f"; unknown too: {', '.join(_shown(name) for name in names[1:6])}" if len(names) > 1 else ""
    return InvalidOrder(_shown(names[0]), f"is unknown; {hint}{others}")


def _shown(name: str) -> str:
    return name if name.isidentifier() and name.isascii() and len(name) <= 40 else f"{name[:40]!a}"


_ACTION = _one_of(_ACTIONS, "buy, sell, close, target, reverse, exit, flat")
_POSITION = _one_of(_POSITIONS, "long, short, flat")
_UNIT = _one_of(_UNITS, "contracts, quote, equity_percent, risk_percent")

NAMES: dict[str, tuple[str, Reader]] = {
    "symbol": ("symbol", _text),
    "ticker": ("symbol", _text),
    "exchange": ("exchange", _text),
    "action": ("action", _ACTION),
    "side": ("action", _ACTION),
    "data": ("action", _ACTION),
    "sentiment": ("position", _POSITION),
    "market_position": ("position", _POSITION),
    "prev_market_position": ("before", _POSITION),
    "position_size": ("position_size", _number),
    "market_position_size": ("position_size", _number),
    "quantity": ("quantity", _number),
    "qty": ("quantity", _number),
    "contracts": ("quantity", _number),
    "unit": ("unit", _UNIT),
    "order_type": ("order_type", _word),
    "price": ("price", _number),
    "limit_price": ("limit_price", _number),
    "stop_price": ("stop_price", _number),
    "signal_price": ("signal_price", _price),
    "stop_loss": ("stop_loss", _number),
    "sl": ("stop_loss", _number),
    "take_profit": ("take_profit", _number),
    "tp": ("take_profit", _number),
    "time_in_force": ("time_in_force", _word),
    "confidence": ("confidence", _number),
    "strategy": ("strategy", _text),
    "id": ("id", _id),
    "order_id": ("order_id", _id),
    "timenow": ("timenow", _time),
    "timestamp": ("timenow", _time),
    "account": ("account", _text),
    "accounts": ("accounts", _list),
    "reduce_only": ("reduce_only", _flag),
    "test": ("test", _flag),
    "secret": ("secret", _hidden),
}
"""By each name that an alert may use: the field that it means, and what reads it."""
