# SPDX-License-Identifier: MIT
"""What an instruction may be worth at most, in the instrument's quote currency; None when nobody can tell.

What can only reduce a position is worth nothing here: a limit that keeps a key from closing what it opened protects nobody.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Context, Decimal, localcontext

from attrs import frozen

from fks_exec import (
    ClosePosition,
    Instruction,
    Instrument,
    Kind,
    MarketData,
    Order,
    ReversePosition,
    Side,
    SizedOrder,
    SizeType,
    TargetPosition,
)
from fks_exec.model.numbers import ZERO
from fks_exec_hub.guards.valuation import dearest_price, entry_price

_WIDE = Context(prec=100, rounding=ROUND_CEILING)
"""Products are exact in it; what a division leaves over makes an order dearer, never cheaper."""

_ONE = Decimal(1)


@frozen(kw_only=True)
class Market:
    """What is known of an instrument when an instruction comes; None is not known."""

    instrument: Instrument | None = None
    quote: MarketData | None = None


def reduces(instruction: Instruction) -> bool:
    """Whether it can do nothing but reduce what is held: a reduce-only order, a close, the target 0."""
    if isinstance(instruction, Order):
        return instruction.reduce_only
    if isinstance(instruction, TargetPosition):
        return instruction.quantity == 0
    return isinstance(instruction, ClosePosition)


def worth(instruction: Instruction, market: Market) -> Decimal | None:
    """What it may add to a position at most, quote currency; None when that cannot be told, as of a reversal.

    An order counts at the dearest price at which it may fill: a sell with a limit far below the market at the market. A target
    counts whole, whatever is held.
    """
    if reduces(instruction):
        return ZERO
    if isinstance(instruction, ClosePosition | ReversePosition) or market.instrument is None:
        return None
    with localcontext(_WIDE):
        if isinstance(instruction, SizedOrder):
            return _of_sized(instruction, market.instrument, market.quote)
        if isinstance(instruction, TargetPosition):
            instruction = _entry(instruction)
        return _of_order(instruction, market.instrument, market.quote)


def needs_quote(instruction: Instruction, market: Market) -> bool:
    """Whether its worth is not known, and a quote would tell it."""
    if market.instrument is None or isinstance(instruction, ClosePosition | ReversePosition):
        return False
    if isinstance(instruction, SizedOrder) and instruction.size_type is not SizeType.QUOTE:
        return False
    return worth(instruction, market) is None


def _entry(target: TargetPosition) -> Order:
    """The largest order that can open or enlarge a position on the way to a target."""
    side = Side.BUY if target.quantity > 0 else Side.SELL
    return Order(symbol=target.symbol, side=side, quantity=abs(target.quantity))


def _of_order(order: Order, instrument: Instrument, quote: MarketData | None) -> Decimal | None:
    amount = order.quantity * instrument.contract_size
    if instrument.kind is Kind.INVERSE:  # a contract is worth its size in quote currency at any price
        return amount
    price = dearest_price(order, quote, instrument)
    return None if price is None else amount * price


def _of_sized(sized: SizedOrder, instrument: Instrument, quote: MarketData | None) -> Decimal | None:
    """A size in quote currency is divided by the price at which the order says that it enters, and may fill at a dearer one."""
    if sized.size_type is not SizeType.QUOTE:
        return None
    if instrument.kind is Kind.INVERSE:
        return sized.size
    order = sized.order(_ONE)
    entry, dearest = entry_price(order, quote), dearest_price(order, quote, instrument)
    return None if entry is None or dearest is None else max(sized.size, sized.size * dearest / entry)
