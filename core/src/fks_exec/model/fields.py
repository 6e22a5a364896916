# SPDX-License-Identifier: MIT
"""The words of the trade and the rules for the fields of an order: what may be meant, and the sentence when it may not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from ..errors import InvalidOrder
from .numbers import Number, decimal, plain

Option: TypeAlias = str | bool | int | Decimal

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}(?:~[a-z]{2}[0-9]{1,4}){0,3}")
"""An id of a caller; what follows a ``~`` is the hub's, for an order that it makes for another one."""

_SYMBOL = re.compile(r"[!-~]{1,64}")


class _Word(StrEnum):
    """A word of the trade; upper and lower case are the same on input."""

    @classmethod
    def _missing_(cls, value: object) -> _Word | None:
        return next((m for m in cls if isinstance(value, str) and m.value == value.lower()), None)


class Side(_Word):
    """Which way an order goes."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> Side:
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        """1 for buy, -1 for sell."""
        return 1 if self is Side.BUY else -1


class OrderType(_Word):
    """When an order trades: at once, at a price or better, when a price is reached, and then at a price or better."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"


class TimeInForce(_Word):
    """How long an order rests: until cancelled, not at all, all or nothing, until the day's end, until ``expire_at``."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    DAY = "day"
    GTD = "gtd"


class SizeType(_Word):
    """How an order says how large it is: an amount of quote currency, percent of the equity, percent of it at risk."""

    QUOTE = "quote"
    EQUITY_PERCENT = "equity_percent"
    RISK_PERCENT = "risk_percent"


def word(kind: type[_Word], value: str, name: str) -> _Word:
    """A word of an enumeration, any case.

    Raises:
        InvalidOrder: another word; the sentence lists those that are known.
    """
    try:
        return kind(value)
    except ValueError:
        raise InvalidOrder(name, f"{str(value)[:40]!a} is not one of {', '.join(kind)}") from None


def to_side(value: Side | str) -> Side:
    return value if isinstance(value, Side) else Side(word(Side, value, "side"))


def to_order_type(value: OrderType | str) -> OrderType:
    return value if isinstance(value, OrderType) else OrderType(word(OrderType, value, "order_type"))


def to_time_in_force(value: TimeInForce | str) -> TimeInForce:
    return value if isinstance(value, TimeInForce) else TimeInForce(word(TimeInForce, value, "time_in_force"))


def to_size_type(value: SizeType | str) -> SizeType:
    return value if isinstance(value, SizeType) else SizeType(word(SizeType, value, "size_type"))


def to_size(value: Number) -> Decimal:
    return to_positive("size", value)


def to_signed(value: Number) -> Decimal:
    return decimal(value, "quantity")


def to_quantity(value: Number) -> Decimal:
    return to_positive("quantity", value)


def to_new_quantity(value: Number | None) -> Decimal | None:
    return None if value is None else to_positive("quantity", value)


def to_price(value: Number | None) -> Decimal | None:
    return None if value is None else to_positive("price", value)


def to_stop_price(value: Number | None) -> Decimal | None:
    return None if value is None else to_positive("stop_price", value)


def to_stop_loss(value: Number | None) -> Decimal | None:
    return None if value is None else to_positive("stop_loss", value)


def to_take_profit(value: Number | None) -> Decimal | None:
    return None if value is None else to_positive("take_profit", value)


def to_confidence(value: Number | None) -> Decimal | None:
    if value is None:
        return None
    number = decimal(value, "confidence")
    if not 0 <= number <= 1:
        raise InvalidOrder("confidence", f"{number} does not lie between 0 and 1")
    return number


def to_positive(name: str, value: Number) -> Decimal:
    number = decimal(value, name)
    if number <= 0:
        raise InvalidOrder(name, f"{number} is not greater than zero")
    return number


def to_symbol(value: str) -> str:
    if not isinstance(value, str) or not _SYMBOL.fullmatch(value):
        raise InvalidOrder("symbol", f"{str(value)[:40]!a} is not 1 to 64 printable ASCII characters without blanks")
    return value


def to_id(value: str | None) -> str | None:
    if value is not None and (not isinstance(value, str) or not _ID.fullmatch(value)):
        problem = f"{str(value)[:40]!a} is not 1 to 64 of the characters A-Z a-z 0-9 . _ : -"
        raise InvalidOrder("client_order_id", problem)
    return value


def to_label(value: str | None) -> str | None:
    if value is not None and (not isinstance(value, str) or not value.isprintable() or not 1 <= len(value) <= 64):
        raise InvalidOrder("strategy", "is not a text of 1 to 64 printable characters")
    return value


def to_options(value: Mapping[str, Option]) -> Mapping[str, Option]:
    """A Decimal becomes its plain text, as it would in the journal: a plugin sees the same before and after a restart."""
    plainly: dict[str, Option] = {}
    for key, item in value.items():
        if not isinstance(key, str) or not isinstance(item, (str, bool, int, Decimal)):
            raise InvalidOrder("options", f"{str(key)[:40]!a} is not a text, a bool, an int or a Decimal")
        plainly[key] = plain(decimal(item, "options")) if isinstance(item, Decimal) else item
    return MappingProxyType(plainly)


def check_when(name: str, value: int | None) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 10**14):
        raise InvalidOrder(name, f"{str(value)[:40]!a} is not a time in epoch milliseconds")
