# SPDX-License-Identifier: MIT
"""What is refused here, before anything is sent, since the exchange would refuse it, or make something else of it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from fks_exec import Instrument, Kind, Order, OrderType, VenueRejected
from fks_exec.model.numbers import plain

from ..knowledge.traits import Traits

UNSUPPORTED = "UNSUPPORTED"


def refuse(code: str, problem: str, *values: object) -> VenueRejected:
    """A refusal to raise; the values go into the sentence's braces, numbers without exponent and idle zeros."""
    texts = (plain(value) if isinstance(value, Decimal) else str(value) for value in values)
    return VenueRejected(problem.format(*texts), code=code)


def check_quantity(quantity: Decimal, rules: Instrument) -> None:
    """Refuse a quantity (base units or contracts) that is too small, too large or between two steps.

    ccxt cuts off what is between two steps, so that another quantity would go out, or none.

    Raises:
        VenueRejected: MIN_QUANTITY, MAX_QUANTITY or LOT_SIZE.
    """
    least, most, step = rules.min_quantity, rules.max_quantity, rules.quantity_step
    if least is not None and quantity < least:
        raise refuse("MIN_QUANTITY", "the quantity {} of {} is below the least, {}", quantity, rules.symbol, least)
    if most is not None and quantity > most:
        raise refuse("MAX_QUANTITY", "the quantity {} of {} is above the most, {}", quantity, rules.symbol, most)
    if step is not None and quantity % step:
        raise refuse("LOT_SIZE", "the quantity {} of {} is no multiple of {}", quantity, rules.symbol, step)


def check_prices(prices: Iterable[tuple[str, Decimal | None]], rules: Instrument, known: Traits) -> None:
    """Refuse a price (quote currency) between two ticks, or with more digits than the exchange takes: ccxt would round it.

    Raises:
        VenueRejected: PRICE_TICK.
    """
    for name, price in prices:
        if price is None:
            continue
        if not rules.price_on_tick(price):
            raise refuse("PRICE_TICK", "{} {} of {} is no multiple of the tick {}", name, price, rules.symbol, rules.price_tick)
        if known.price_digits is not None and len(price.normalize().as_tuple().digits) > known.price_digits:
            problem = "{} {} of {} has more than the {} significant digits that the exchange takes; round it"
            raise refuse("PRICE_TICK", problem, name, price, rules.symbol, known.price_digits)


def check_order(order: Order, rules: Instrument, known: Traits, ask: Decimal | None = None) -> None:
    """Refuse an order that the instrument's rules do not allow.

    Args:
        ask: what a unit costs now, where that is known: what an order at the market is valued at.

    Raises:
        VenueRejected: with the rule's code.
    """
    check_quantity(order.quantity, rules)
    names = ("price", "stop_price", "stop_loss", "take_profit")
    check_prices([(name, getattr(order, name)) for name in names], rules, known)
    price = order.price or order.stop_price or (ask if order.order_type is OrderType.MARKET else None)
    # An order that only reduces is let through: exchanges exempt it, and an exit must not fail for a guess.
    if rules.min_notional is None or price is None or order.reduce_only or rules.kind is Kind.INVERSE:
        return
    worth = rules.notional(order.quantity, price)
    if worth < rules.min_notional:
        problem = "the order is worth {} {}, the least for {} is {}; raise the quantity"
        raise refuse("MIN_NOTIONAL", problem, worth, rules.quote or "", rules.symbol, rules.min_notional)
