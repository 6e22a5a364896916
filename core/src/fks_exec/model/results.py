# SPDX-License-Identifier: MIT
"""What became of an order: ExecutionResult, Fill, Leg, Denial, the statuses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Any

from attrs import Attribute, field, frozen

from ..errors import InvalidOrder
from .numbers import ZERO, Number, decimal, to_decimal, to_optional
from .orders import Side


class Status(StrEnum):
    """Where an order stands; ``fks_exec.codes.STATUSES`` says what each means."""

    PENDING = "pending"
    DENIED = "denied"
    REJECTED = "rejected"
    NOT_PLACED = "not_placed"
    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"

    @property
    def terminal(self) -> bool:
        """No further change is expected. ``unknown`` is not terminal."""
        return self not in _OPEN


_OPEN = frozenset({Status.PENDING, Status.ACCEPTED, Status.PARTIALLY_FILLED, Status.UNKNOWN})
_TAKEN = frozenset({Status.ACCEPTED, Status.PARTIALLY_FILLED, Status.FILLED})
_ENDED = frozenset({Status.CANCELED, Status.EXPIRED})


def _status(value: Status | str) -> Status:
    return value if isinstance(value, Status) else Status(value)


def _side(value: Side | str | None) -> Side | None:
    return None if value is None else Side(value)


_CODE = re.compile(r"[A-Z][A-Z0-9_]*", re.ASCII)


def _check_code(_: object, attribute: Attribute[str], value: object) -> None:
    if not (isinstance(value, str) and _CODE.fullmatch(value)):
        raise InvalidOrder(attribute.name, f"{value!a:.40} is not a word in capitals such as CONFIDENCE_TOO_LOW")


def _check_message(_: object, attribute: Attribute[str], value: object) -> None:
    if not (isinstance(value, str) and value.strip()):
        raise InvalidOrder(attribute.name, "a denial says why in a sentence; write the cause and the remedy")


def _check_text(_: object, attribute: Attribute[Any], value: object) -> None:
    """What no file and no wire can hold would be lost where the fact itself must not be."""
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidOrder(attribute.name, f"{value!a:.60} is no text that can be stored; decode it properly") from None


def _executed(value: Number) -> Decimal:
    number = decimal(value, "quantity")
    if number <= 0:
        raise InvalidOrder("quantity", "a fill's quantity is greater than 0; leave out a fill of nothing")
    return number


def _paid(value: Number) -> Decimal:
    number = decimal(value, "price")
    if number < 0:
        raise InvalidOrder("price", "a fill's price is not negative; its direction is told by side")
    return number


def _average(value: Number | None) -> Decimal | None:
    number = None if value is None else decimal(value, "average_price")
    if number is not None and number < 0:
        raise InvalidOrder("average_price", "it is not negative; write None when nothing was filled")
    return number


def _filled(value: Number) -> Decimal:
    number = decimal(value, "filled_quantity")
    if number < 0:
        raise InvalidOrder("filled_quantity", "it is not negative, for a sell neither; write 0 when nothing was filled")
    return number


@frozen(kw_only=True)
class Denial:
    """One reason why an order was not sent.

    Args:
        code: a word of capitals, digits and underscores, e.g. ``CONFIDENCE_TOO_LOW``.
        message: a sentence with the cause and the remedy.
        guard: the configured name of the guard that said no; empty when the hub or core did.
        limit: what would have been allowed, as a text with its unit.
        value: what the order had.
    """

    code: str = field(validator=_check_code)
    message: str = field(validator=_check_message)
    guard: str = ""
    limit: str | None = None
    value: str | None = None


@frozen(kw_only=True)
class Fill:
    """One execution.

    Args:
        trade_id: the venue's, unique within the account; a fill is booked once per trade id.
        quantity: base units or contracts, positive.
        price: quote currency, not negative.
        fee: in ``fee_currency``, positive when paid.
        timestamp: the venue's time, epoch milliseconds.
        leg: empty for the order itself, else the leg's role.
        side: of the execution; None: the order's own (or the opposite for a leg).
    """

    trade_id: str = field(validator=_check_text)
    quantity: Decimal = field(converter=_executed)
    price: Decimal = field(converter=_paid)
    fee: Decimal = field(default=ZERO, converter=to_decimal)
    fee_currency: str | None = field(default=None, validator=_check_text)
    timestamp: int | None = None
    leg: str = field(default="", validator=_check_text)
    side: Side | None = field(default=None, converter=_side)


@frozen(kw_only=True)
class Leg:
    """An order that belongs to another one: a protective order of an entry, or what follows upon an exit.

    Args:
        role: ``stop_loss``, ``take_profit``; ``exit`` for a further exit, ``entry`` for what an order opened after its exit.
        status: as of an order.
        order_id: the venue's id.
        trigger_price: quote currency.
        quantity: base units or contracts; None when it follows the position.
        client_order_id: under which the host's journal keeps it; None where the venue placed it with the entry.
        filled_quantity: base units or contracts, as far as it is told here.
    """

    role: str = field(validator=_check_text)
    status: Status = field(converter=_status)
    order_id: str | None = field(default=None, validator=_check_text)
    venue_client_order_id: str | None = field(default=None, validator=_check_text)
    trigger_price: Decimal | None = field(default=None, converter=to_optional)
    quantity: Decimal | None = field(default=None, converter=to_optional)
    client_order_id: str | None = None
    filled_quantity: Decimal = field(default=ZERO, converter=_filled)


@frozen(kw_only=True)
class Fee:
    """What was paid in one currency; positive when paid."""

    currency: str
    amount: Decimal = field(converter=to_decimal)


def _denials(value: Iterable[Denial]) -> tuple[Denial, ...]:
    return tuple(value)


def _fills(value: Iterable[Fill]) -> tuple[Fill, ...]:
    return tuple(value)


def _legs(value: Iterable[Leg]) -> tuple[Leg, ...]:
    return tuple(value)


def _fees(value: Iterable[Fee]) -> tuple[Fee, ...]:
    return tuple(value)


@frozen(kw_only=True)
class ExecutionResult:
    """What became of an order, as far as it is known.

    Args:
        status: see :class:`Status`.
        order_id: the venue's id.
        client_order_id: the caller's.
        filled_quantity: base units or contracts; never goes back.
        average_price: quote currency; None when nothing was filled.
        error: a sentence, when something went wrong.
        code: a word in capitals, or the venue's own code.
        denials: all reasons, when denied.
        fills: the executions that are known.
        legs: the protective orders.
        protected: whether the position stands with its stop; None when none was asked for.
        duplicate: this key was seen before; nothing was sent for this call.
        fees: what was paid, by currency.
        retry_after: seconds, when the venue said so.
        retryable: the proof of no effect is of the moment (nothing was sent, a rate limit, a requote): the same order may
            be sent again.
        until: epoch milliseconds at which a closed venue opens again, when it said so.
        unprotected_seconds: for how long something that was filled stood without its stop; None when none was asked for.
    """

    status: Status = field(converter=_status)
    order_id: str | None = field(default=None, validator=_check_text)
    client_order_id: str | None = None
    filled_quantity: Decimal = field(default=ZERO, converter=_filled)
    average_price: Decimal | None = field(default=None, converter=_average)
    error: str | None = None
    code: str | None = None
    denials: tuple[Denial, ...] = field(default=(), converter=_denials)
    fills: tuple[Fill, ...] = field(default=(), converter=_fills)
    legs: tuple[Leg, ...] = field(default=(), converter=_legs)
    protected: bool | None = None
    duplicate: bool = False
    fees: tuple[Fee, ...] = field(default=(), converter=_fees)
    retry_after: float | None = None
    retryable: bool = False
    until: int | None = None
    unprotected_seconds: float | None = None

    @property
    def success(self) -> bool:
        """The venue took it; for a cancelled or expired order, that something was filled before."""
        return self.status in _TAKEN or (self.status in _ENDED and self.filled_quantity > 0)
