# SPDX-License-Identifier: MIT
"""What a caller asks for: orders, sized orders, targets, changes; and how an order is named: OrderRef, Submission."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, TypeAlias

from attrs import Factory, field, fields_dict, frozen

from ..clock import Clock, SystemClock
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


def _side(value: Side | str) -> Side:
    return value if isinstance(value, Side) else Side(word(Side, value, "side"))


def _order_type(value: OrderType | str) -> OrderType:
    return value if isinstance(value, OrderType) else OrderType(word(OrderType, value, "order_type"))


def _time_in_force(value: TimeInForce | str) -> TimeInForce:
    return value if isinstance(value, TimeInForce) else TimeInForce(word(TimeInForce, value, "time_in_force"))


def _size_type(value: SizeType | str) -> SizeType:
    return value if isinstance(value, SizeType) else SizeType(word(SizeType, value, "size_type"))


def _size(value: Number) -> Decimal:
    return _positive("size", value)


def _signed(value: Number) -> Decimal:
    return decimal(value, "quantity")


def _quantity(value: Number) -> Decimal:
    return _positive("quantity", value)


def _new_quantity(value: Number | None) -> Decimal | None:
    return None if value is None else _positive("quantity", value)


def _price(value: Number | None) -> Decimal | None:
    return None if value is None else _positive("price", value)


def _stop_price(value: Number | None) -> Decimal | None:
    return None if value is None else _positive("stop_price", value)


def _stop_loss(value: Number | None) -> Decimal | None:
    return None if value is None else _positive("stop_loss", value)


def _take_profit(value: Number | None) -> Decimal | None:
    return None if value is None else _positive("take_profit", value)


def _confidence(value: Number | None) -> Decimal | None:
    if value is None:
        return None
    number = decimal(value, "confidence")
    if not 0 <= number <= 1:
        raise InvalidOrder("confidence", f"{number} does not lie between 0 and 1")
    return number


def _positive(name: str, value: Number) -> Decimal:
    number = decimal(value, name)
    if number <= 0:
        raise InvalidOrder(name, f"{number} is not greater than zero")
    return number


def _symbol(value: str) -> str:
    if not isinstance(value, str) or not _SYMBOL.fullmatch(value):
        raise InvalidOrder("symbol", f"{str(value)[:40]!a} is not 1 to 64 printable ASCII characters without blanks")
    return value


def _id(value: str | None) -> str | None:
    if value is not None and (not isinstance(value, str) or not _ID.fullmatch(value)):
        problem = f"{str(value)[:40]!a} is not 1 to 64 of the characters A-Z a-z 0-9 . _ : -"
        raise InvalidOrder("client_order_id", problem)
    return value


def _label(value: str | None) -> str | None:
    if value is not None and (not isinstance(value, str) or not value.isprintable() or not 1 <= len(value) <= 64):
        raise InvalidOrder("strategy", "is not a text of 1 to 64 printable characters")
    return value


def _options(value: Mapping[str, Option]) -> Mapping[str, Option]:
    """A Decimal becomes its plain text, as it would in the journal: a plugin sees the same before and after a restart."""
    plainly: dict[str, Option] = {}
    for key, item in value.items():
        if not isinstance(key, str) or not isinstance(item, (str, bool, int, Decimal)):
            raise InvalidOrder("options", f"{str(key)[:40]!a} is not a text, a bool, an int or a Decimal")
        plainly[key] = plain(decimal(item, "options")) if isinstance(item, Decimal) else item
    return MappingProxyType(plainly)


def _when(name: str, value: int | None) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 10**14):
        raise InvalidOrder(name, f"{str(value)[:40]!a} is not a time in epoch milliseconds")


@frozen(kw_only=True)
class Order:
    """One order, as a caller means it.

    Args:
        symbol: the account's spelling of the instrument, e.g. ``BTC/USDT``; any spelling that the account resolves.
        side: ``buy`` or ``sell``.
        order_type: ``market``, ``limit``, ``stop`` or ``stop_limit``.
        quantity: base units, or contracts where the instrument has a contract size; a Decimal, an int or a text.
        price: limit price, in quote currency; needed by limit and stop_limit, refused for the others.
        stop_price: trigger price, in quote currency; needed by stop and stop_limit, refused for the others.
        stop_loss: trigger price of a protective stop, in quote currency.
        take_profit: price of the target, in quote currency.
        time_in_force: how long it rests; ``gtd`` needs ``expire_at``.
        expire_at: epoch milliseconds.
        reduce_only: the venue must not let it open or enlarge a position.
        post_only: the venue must not let it take liquidity; limit orders only.
        client_order_id: the idempotency key within an account; the hub makes one if absent.
        confidence: 0 to 1.
        strategy: whose position it is.
        signal_time: when the signal was made, epoch milliseconds; what the order's age is counted from.
        options: further words for one venue, in that venue's terms.

    Raises:
        InvalidOrder: a field that cannot be meant; the sentence names it.
    """

    symbol: str = field(converter=_symbol)
    side: Side = field(converter=_side)
    quantity: Decimal = field(converter=_quantity)
    order_type: OrderType = field(default=OrderType.MARKET, converter=_order_type)
    price: Decimal | None = field(default=None, converter=_price)
    stop_price: Decimal | None = field(default=None, converter=_stop_price)
    stop_loss: Decimal | None = field(default=None, converter=_stop_loss)
    take_profit: Decimal | None = field(default=None, converter=_take_profit)
    time_in_force: TimeInForce = field(default=TimeInForce.GTC, converter=_time_in_force)
    expire_at: int | None = None
    reduce_only: bool = False
    post_only: bool = False
    client_order_id: str | None = field(default=None, converter=_id)
    confidence: Decimal | None = field(default=None, converter=_confidence)
    strategy: str | None = field(default=None, converter=_label)
    signal_time: int | None = None
    options: Mapping[str, Option] = field(default=Factory(dict), converter=_options, hash=False)

    def __attrs_post_init__(self) -> None:
        self._check_prices()
        for name, value in (("reduce_only", self.reduce_only), ("post_only", self.post_only)):
            if not isinstance(value, bool):
                raise InvalidOrder(name, "is neither true nor false")
        _when("signal_time", self.signal_time)
        _when("expire_at", self.expire_at)
        if (self.time_in_force is TimeInForce.GTD) != (self.expire_at is not None):
            raise InvalidOrder("expire_at", "goes with time_in_force 'gtd', and 'gtd' needs it")
        if self.post_only and self.order_type is not OrderType.LIMIT:
            raise InvalidOrder("post_only", f"goes with a limit order, not with {self.order_type}")

    def _check_prices(self) -> None:
        has_limit = self.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT)
        has_stop = self.order_type in (OrderType.STOP, OrderType.STOP_LIMIT)
        for name, value, wanted in (("price", self.price, has_limit), ("stop_price", self.stop_price, has_stop)):
            if wanted and value is None:
                raise InvalidOrder(name, f"a {self.order_type} order needs it")
            if value is not None and not wanted:
                raise InvalidOrder(name, f"a {self.order_type} order has none; leave it out or change order_type")


@frozen(kw_only=True)
class SizedOrder:
    """An order whose quantity is worked out when its turn comes, once, and rounded down.

    Args:
        size: greater than zero; in quote currency, or in percent of the account's equity.
        size_type: ``quote``: worth so much, at the limit price, else the trigger, else the quote on the order's side;
            ``equity_percent``: worth so many percent of the equity; ``risk_percent``: so many percent of the equity are lost
            when the stop is hit at its price, fees apart.

    The other arguments are those of :class:`Order`.

    Raises:
        InvalidOrder: a field that cannot be meant; the sentence names it.
    """

    symbol: str = field(converter=_symbol)
    side: Side = field(converter=_side)
    size: Decimal = field(converter=_size)
    size_type: SizeType = field(converter=_size_type)
    order_type: OrderType = field(default=OrderType.MARKET, converter=_order_type)
    price: Decimal | None = field(default=None, converter=_price)
    stop_price: Decimal | None = field(default=None, converter=_stop_price)
    stop_loss: Decimal | None = field(default=None, converter=_stop_loss)
    take_profit: Decimal | None = field(default=None, converter=_take_profit)
    time_in_force: TimeInForce = field(default=TimeInForce.GTC, converter=_time_in_force)
    expire_at: int | None = None
    post_only: bool = False
    client_order_id: str | None = field(default=None, converter=_id)
    confidence: Decimal | None = field(default=None, converter=_confidence)
    strategy: str | None = field(default=None, converter=_label)
    signal_time: int | None = None
    options: Mapping[str, Option] = field(default=Factory(dict), converter=_options, hash=False)

    def __attrs_post_init__(self) -> None:
        self.order(Decimal(1))  # the rules for its other fields are those of an order
        if self.size_type is SizeType.RISK_PERCENT and self.stop_loss is None:
            raise InvalidOrder("stop_loss", "an order that is sized by what is at risk needs it")

    def order(self, quantity: Number) -> Order:
        """The order, with a quantity in base units or contracts."""
        fields = {name: getattr(self, name) for name in fields_dict(Order) if name in fields_dict(SizedOrder)}
        return Order(quantity=decimal(quantity, "quantity"), **fields)


@frozen(kw_only=True)
class TargetPosition:
    """Bring a strategy's position in an instrument to a quantity, at the market; through zero as exit, its fill, then entry.

    Args:
        symbol: any spelling that the account resolves.
        quantity: signed, base units or contracts: positive long, negative short, 0 flat.
        stop_loss, take_profit: for what is opened or added, quote currency.
        strategy: whose position; None is the position of orders without a strategy.
        client_order_id: the idempotency key within an account; the hub makes one if absent.
        confidence: 0 to 1; judged for what is opened or added.
        signal_time: epoch milliseconds.
    """

    symbol: str = field(converter=_symbol)
    quantity: Decimal = field(converter=_signed)
    stop_loss: Decimal | None = field(default=None, converter=_stop_loss)
    take_profit: Decimal | None = field(default=None, converter=_take_profit)
    strategy: str | None = field(default=None, converter=_label)
    client_order_id: str | None = field(default=None, converter=_id)
    confidence: Decimal | None = field(default=None, converter=_confidence)
    signal_time: int | None = None

    def __attrs_post_init__(self) -> None:
        _when("signal_time", self.signal_time)


@frozen(kw_only=True)
class ReversePosition:
    """Turn a strategy's position in an instrument round: close it, and open as much on the other side.

    What is held when the turn comes is the measure; of nothing there is no other side, and the order is denied. The
    arguments are those of :class:`TargetPosition`.
    """

    symbol: str = field(converter=_symbol)
    stop_loss: Decimal | None = field(default=None, converter=_stop_loss)
    take_profit: Decimal | None = field(default=None, converter=_take_profit)
    strategy: str | None = field(default=None, converter=_label)
    client_order_id: str | None = field(default=None, converter=_id)
    confidence: Decimal | None = field(default=None, converter=_confidence)
    signal_time: int | None = None

    def __attrs_post_init__(self) -> None:
        _when("signal_time", self.signal_time)


@frozen(kw_only=True)
class ClosePosition:
    """Close what we hold of an instrument, whatever its side and size are when the turn comes.

    Entries of the same scope that came before it are not sent any more, and those that rest are cancelled, unless
    ``keep_entries`` is said.

    Args:
        symbol: any spelling that the account resolves.
        strategy: whose position; None is the position of orders without a strategy.
        scope: ``strategy`` closes that strategy's position, ``account`` all that the hub's orders built up.
        client_order_id: the idempotency key within an account; the hub makes one if absent.
        signal_time: epoch milliseconds.
        keep_entries: entries that rest stay.
    """

    symbol: str = field(converter=_symbol)
    strategy: str | None = field(default=None, converter=_label)
    scope: Literal["strategy", "account"] = "strategy"
    client_order_id: str | None = field(default=None, converter=_id)
    signal_time: int | None = None
    keep_entries: bool = False

    def __attrs_post_init__(self) -> None:
        _when("signal_time", self.signal_time)
        if self.scope not in ("strategy", "account"):
            raise InvalidOrder("scope", f"{str(self.scope)[:40]!a} is neither 'strategy' nor 'account'")
        if not isinstance(self.keep_entries, bool):
            raise InvalidOrder("keep_entries", "is neither true nor false")


Instruction: TypeAlias = Order | SizedOrder | ClosePosition | TargetPosition | ReversePosition
"""What a host takes for an account; each kind has symbol, strategy, client_order_id and signal_time."""


@frozen(kw_only=True)
class OrderChange:
    """What to change about a resting order; None leaves a field as it is. Quantities and prices as in :class:`Order`."""

    quantity: Decimal | None = field(default=None, converter=_new_quantity)
    price: Decimal | None = field(default=None, converter=_price)
    stop_price: Decimal | None = field(default=None, converter=_stop_price)
    stop_loss: Decimal | None = field(default=None, converter=_stop_loss)
    take_profit: Decimal | None = field(default=None, converter=_take_profit)


@frozen(kw_only=True)
class OrderRef:
    """All names of one order.

    Args:
        client_order_id: the caller's.
        venue_client_order_id: the one that the venue was given, in its own alphabet.
        order_id: the venue's own; None until it told.
        symbol: canonical.
        submitted_at: epoch milliseconds of the first call.
    """

    client_order_id: str | None = None
    venue_client_order_id: str | None = None
    order_id: str | None = None
    symbol: str | None = None
    submitted_at: int | None = None


@frozen(kw_only=True)
class Submission:
    """One attempt at the venue.

    Args:
        account: the account's name.
        venue_client_order_id: the id to give to the venue; unique, in the venue's alphabet.
        deadline: on the monotonic clock, seconds; an answer after it is not waited for.
    """

    account: str
    venue_client_order_id: str
    deadline: float
    clock: Clock = field(factory=SystemClock, repr=False, eq=False)

    def remaining(self) -> float:
        """Seconds until the deadline; never negative."""
        return max(0.0, self.deadline - self.clock.monotonic())
