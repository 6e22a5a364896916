# SPDX-License-Identifier: MIT
"""Prices and instruments: MarketData, Instrument."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from enum import StrEnum

from attrs import field, frozen

from ..errors import InvalidOrder
from .numbers import ZERO, Number, decimal, to_decimal, to_optional
from .orders import OrderType, Side, TimeInForce


@frozen(kw_only=True)
class MarketData:
    """One look at the market; what the venue does not know is None.

    Args:
        symbol: canonical.
        bid: best price at which one can sell, quote currency.
        ask: best price at which one can buy, quote currency.
        last: price of the last trade, quote currency.
        volume: traded in 24 hours, base units.
        timestamp: the venue's time, epoch milliseconds.
        bid_size: how much can be sold at the bid, base units or contracts; None: not told, which is not the same as 0.
        ask_size: how much can be bought at the ask, base units or contracts; None: not told.
    """

    symbol: str
    bid: Decimal | None = field(default=None, converter=to_optional)
    ask: Decimal | None = field(default=None, converter=to_optional)
    last: Decimal | None = field(default=None, converter=to_optional)
    volume: Decimal | None = field(default=None, converter=to_optional)
    timestamp: int | None = None
    bid_size: Decimal | None = field(default=None, converter=to_optional)
    ask_size: Decimal | None = field(default=None, converter=to_optional)

    def price_for(self, side: Side) -> Decimal | None:
        """What one would pay or get now: buy at the ask, sell at the bid; None if there is no such price above zero.

        No other price is taken in its place.
        """
        price = self.ask if side is Side.BUY else self.bid
        return price if price is not None and price > 0 else None

    def size_for(self, side: Side) -> Decimal | None:
        """How much is shown at the price of :meth:`price_for`, base units or contracts; None if it is not told."""
        return self.ask_size if side is Side.BUY else self.bid_size


_WIDE = Context(prec=100)
"""Numbers have up to 31 digits on either side of the point: no quotient of two is ever rounded before it is floored."""


class Kind(StrEnum):
    """How an instrument is worth what it is: the thing itself, a contract paid in quote, a contract paid in base."""

    SPOT = "spot"
    LINEAR = "linear"
    INVERSE = "inverse"


def _kind(value: Kind | str) -> Kind:
    return Kind(value)


def _types(value: Iterable[OrderType | str] | None) -> frozenset[OrderType] | None:
    return None if value is None else frozenset(OrderType(v) for v in value)


def _tifs(value: Iterable[TimeInForce | str] | None) -> frozenset[TimeInForce] | None:
    return None if value is None else frozenset(TimeInForce(v) for v in value)


def _words(value: Iterable[str] | None) -> frozenset[str] | None:
    return None if value is None else frozenset(value)


@frozen(kw_only=True)
class Instrument:
    """One instrument's rules; None means that the venue has no such rule, or that the account's capabilities hold.

    Args:
        symbol: canonical.
        kind: ``spot``, ``linear`` or ``inverse``.
        base, quote: currencies.
        settle: the currency of profit and margin; quote for spot and linear, base for inverse, if not given.
        contract_size: base units per contract (spot: 1); for ``inverse``, quote units per contract.
        quantity_step: quantities are multiples of it (counted from ``min_quantity`` where that is off the grid).
        price_tick: prices are multiples of it.
        min_quantity, max_quantity: base units or contracts.
        min_notional: quote currency.
        order_types, time_in_force, protection: what this instrument allows of the account's capabilities.
        reduce_only: whether the venue enforces reduce-only here.
    """

    symbol: str
    kind: Kind = field(default=Kind.SPOT, converter=_kind)
    base: str | None = None
    quote: str | None = None
    settle: str | None = None
    contract_size: Decimal = field(default=Decimal(1), converter=to_decimal)
    quantity_step: Decimal | None = field(default=None, converter=to_optional)
    price_tick: Decimal | None = field(default=None, converter=to_optional)
    min_quantity: Decimal | None = field(default=None, converter=to_optional)
    max_quantity: Decimal | None = field(default=None, converter=to_optional)
    min_notional: Decimal | None = field(default=None, converter=to_optional)
    order_types: frozenset[OrderType] | None = field(default=None, converter=_types)
    time_in_force: frozenset[TimeInForce] | None = field(default=None, converter=_tifs)
    protection: frozenset[str] | None = field(default=None, converter=_words)
    reduce_only: bool | None = None

    def __attrs_post_init__(self) -> None:
        for name in ("contract_size", "quantity_step", "price_tick"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise InvalidOrder(name, f"{value} of {self.symbol} is not greater than zero; leave it out where there is none")

    @property
    def settle_currency(self) -> str | None:
        """The currency in which :meth:`notional` is counted."""
        return self.settle or (self.base if self.kind is Kind.INVERSE else self.quote)

    def notional(self, quantity: Number, price: Number) -> Decimal:
        """What a quantity is worth at a price, in :attr:`settle_currency`; the sign of the quantity is kept.

        Spot and linear: quantity x price x contract size. Inverse: quantity x contract size / price.
        """
        amount = decimal(quantity, "quantity") * self.contract_size
        if self.kind is Kind.INVERSE:
            return amount / decimal(price, "price")
        return amount * decimal(price, "price")

    def quantity_down(self, quantity: Decimal) -> Decimal:
        """The nearest valid quantity toward zero; zero when that is below the minimum."""
        if self.max_quantity is not None and quantity > self.max_quantity:
            quantity = self.max_quantity
        floor = self._grid(quantity, ROUND_FLOOR)
        return ZERO if self.min_quantity is not None and floor < self.min_quantity else floor

    def quantity_up(self, quantity: Decimal) -> Decimal:
        """The nearest valid quantity away from zero; at least the minimum."""
        if self.min_quantity is not None and quantity < self.min_quantity:
            return self.min_quantity
        return self._grid(quantity, ROUND_CEILING)

    def _grid(self, quantity: Decimal, rounding: str) -> Decimal:
        if not self.quantity_step:
            return quantity
        start = ZERO
        if self.min_quantity is not None and _WIDE.remainder(self.min_quantity, self.quantity_step):
            start = self.min_quantity
        steps = _WIDE.divide(_WIDE.subtract(quantity, start), self.quantity_step).to_integral_value(rounding)
        return _WIDE.add(start, _WIDE.multiply(steps, self.quantity_step))

    def price_on_tick(self, price: Decimal) -> bool:
        """Whether a price is a multiple of the tick."""
        return not self.price_tick or _WIDE.remainder(price, self.price_tick) == 0
