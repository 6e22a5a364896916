# SPDX-License-Identifier: MIT
"""Orders whose quantity is worked out in their turn: by size, by target, round; and all that a host takes for an account."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias

from attrs import Factory, field, fields_dict, frozen

from ..errors import InvalidOrder
from .fields import (
    Option,
    OrderType,
    Side,
    SizeType,
    TimeInForce,
    check_when,
    to_confidence,
    to_id,
    to_label,
    to_options,
    to_order_type,
    to_price,
    to_side,
    to_signed,
    to_size,
    to_size_type,
    to_stop_loss,
    to_stop_price,
    to_symbol,
    to_take_profit,
    to_time_in_force,
)
from .numbers import Number, decimal
from .orders import ClosePosition, Order


@frozen(kw_only=True)
class SizedOrder:
    """An order whose quantity is worked out when its turn comes, once, and rounded down.

    Args:
        size: greater than zero; in quote currency, or in percent of the account's equity.
        size_type: ``quote``: worth so much, at the limit price, else the trigger, else the quote on the order's side;
            ``equity_percent``: worth so many percent of the equity; ``risk_percent``: so many percent of the equity are lost
            when the stop is hit at its price, fees apart.

    The other arguments are those of :class:`~fks_exec.model.orders.Order`.

    Raises:
        InvalidOrder: a field that cannot be meant; the sentence names it.
    """

    symbol: str = field(converter=to_symbol)
    side: Side = field(converter=to_side)
    size: Decimal = field(converter=to_size)
    size_type: SizeType = field(converter=to_size_type)
    order_type: OrderType = field(default=OrderType.MARKET, converter=to_order_type)
    price: Decimal | None = field(default=None, converter=to_price)
    stop_price: Decimal | None = field(default=None, converter=to_stop_price)
    stop_loss: Decimal | None = field(default=None, converter=to_stop_loss)
    take_profit: Decimal | None = field(default=None, converter=to_take_profit)
    time_in_force: TimeInForce = field(default=TimeInForce.GTC, converter=to_time_in_force)
    expire_at: int | None = None
    post_only: bool = False
    client_order_id: str | None = field(default=None, converter=to_id)
    confidence: Decimal | None = field(default=None, converter=to_confidence)
    strategy: str | None = field(default=None, converter=to_label)
    signal_time: int | None = None
    options: Mapping[str, Option] = field(default=Factory(dict), converter=to_options, hash=False)

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

    symbol: str = field(converter=to_symbol)
    quantity: Decimal = field(converter=to_signed)
    stop_loss: Decimal | None = field(default=None, converter=to_stop_loss)
    take_profit: Decimal | None = field(default=None, converter=to_take_profit)
    strategy: str | None = field(default=None, converter=to_label)
    client_order_id: str | None = field(default=None, converter=to_id)
    confidence: Decimal | None = field(default=None, converter=to_confidence)
    signal_time: int | None = None

    def __attrs_post_init__(self) -> None:
        check_when("signal_time", self.signal_time)


@frozen(kw_only=True)
class ReversePosition:
    """Turn a strategy's position in an instrument round: close it, and open as much on the other side.

    What is held when the turn comes is the measure; of nothing there is no other side, and the order is denied. The
    arguments are those of :class:`TargetPosition`.
    """

    symbol: str = field(converter=to_symbol)
    stop_loss: Decimal | None = field(default=None, converter=to_stop_loss)
    take_profit: Decimal | None = field(default=None, converter=to_take_profit)
    strategy: str | None = field(default=None, converter=to_label)
    client_order_id: str | None = field(default=None, converter=to_id)
    confidence: Decimal | None = field(default=None, converter=to_confidence)
    signal_time: int | None = None

    def __attrs_post_init__(self) -> None:
        check_when("signal_time", self.signal_time)


Instruction: TypeAlias = Order | SizedOrder | ClosePosition | TargetPosition | ReversePosition
"""What a host takes for an account; each kind has symbol, strategy, client_order_id and signal_time."""
