# SPDX-License-Identifier: MIT
"""What a caller asks for: Order, ClosePosition, OrderChange; and how an order is named: OrderRef, Submission."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from attrs import Factory, field, frozen

from ..clock import Clock, SystemClock
from ..errors import InvalidOrder
from .fields import Option as Option
from .fields import OrderType as OrderType
from .fields import Side as Side
from .fields import TimeInForce as TimeInForce
from .fields import (
    check_when,
    to_confidence,
    to_id,
    to_label,
    to_new_quantity,
    to_options,
    to_order_type,
    to_price,
    to_quantity,
    to_side,
    to_stop_loss,
    to_stop_price,
    to_symbol,
    to_take_profit,
    to_time_in_force,
)
from .fields import word as word


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

    symbol: str = field(converter=to_symbol)
    side: Side = field(converter=to_side)
    quantity: Decimal = field(converter=to_quantity)
    order_type: OrderType = field(default=OrderType.MARKET, converter=to_order_type)
    price: Decimal | None = field(default=None, converter=to_price)
    stop_price: Decimal | None = field(default=None, converter=to_stop_price)
    stop_loss: Decimal | None = field(default=None, converter=to_stop_loss)
    take_profit: Decimal | None = field(default=None, converter=to_take_profit)
    time_in_force: TimeInForce = field(default=TimeInForce.GTC, converter=to_time_in_force)
    expire_at: int | None = None
    reduce_only: bool = False
    post_only: bool = False
    client_order_id: str | None = field(default=None, converter=to_id)
    confidence: Decimal | None = field(default=None, converter=to_confidence)
    strategy: str | None = field(default=None, converter=to_label)
    signal_time: int | None = None
    options: Mapping[str, Option] = field(default=Factory(dict), converter=to_options, hash=False)

    def __attrs_post_init__(self) -> None:
        self._check_prices()
        for name, value in (("reduce_only", self.reduce_only), ("post_only", self.post_only)):
            if not isinstance(value, bool):
                raise InvalidOrder(name, "is neither true nor false")
        check_when("signal_time", self.signal_time)
        check_when("expire_at", self.expire_at)
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

    symbol: str = field(converter=to_symbol)
    strategy: str | None = field(default=None, converter=to_label)
    scope: Literal["strategy", "account"] = "strategy"
    client_order_id: str | None = field(default=None, converter=to_id)
    signal_time: int | None = None
    keep_entries: bool = False

    def __attrs_post_init__(self) -> None:
        check_when("signal_time", self.signal_time)
        if self.scope not in ("strategy", "account"):
            raise InvalidOrder("scope", f"{str(self.scope)[:40]!a} is neither 'strategy' nor 'account'")
        if not isinstance(self.keep_entries, bool):
            raise InvalidOrder("keep_entries", "is neither true nor false")


@frozen(kw_only=True)
class OrderChange:
    """What to change about a resting order; None leaves a field as it is. Quantities and prices as in :class:`Order`."""

    quantity: Decimal | None = field(default=None, converter=to_new_quantity)
    price: Decimal | None = field(default=None, converter=to_price)
    stop_price: Decimal | None = field(default=None, converter=to_stop_price)
    stop_loss: Decimal | None = field(default=None, converter=to_stop_loss)
    take_profit: Decimal | None = field(default=None, converter=to_take_profit)


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
