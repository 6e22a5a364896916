# SPDX-License-Identifier: MIT
"""What the venue refuses at sight: an order off the instrument's grid, without a quote, or with a stop on the wrong side.

Codes are the venue's own words in capitals; as at a real one the first broken rule is the answer.
"""

from __future__ import annotations

from decimal import Decimal

from fks_exec import Instrument, Kind, MarketData, Order, OrderType, Side, TimeInForce, VenueRejected
from fks_exec.model.numbers import plain

from .declared import CAPABILITIES

_LETTERS = frozenset(CAPABILITIES.id_alphabet)


def refuse(code: str, problem: str, *values: object) -> VenueRejected:
    """A refusal to raise; the values go into the sentence's braces, numbers without exponent and idle zeros."""
    texts = (plain(value) if isinstance(value, Decimal) else str(value) for value in values)
    return VenueRejected(problem.format(*texts), code=code)


def check_id(text: str) -> None:
    """An id that the venue would not take."""
    if not 1 <= len(text) <= CAPABILITIES.id_length or not _LETTERS.issuperset(text):
        problem = "the id {} is not 1 to {} letters, digits or - _ . :"
        raise refuse("BAD_ID", problem, ascii(text[:64]), CAPABILITIES.id_length)


def check_order(order: Order, instrument: Instrument, quote: MarketData, *, leg: bool = False) -> None:
    """Refuse an order that the instrument's rules, or the market, do not allow.

    Args:
        leg: it protects a position by itself; its take_profit is the target that it is linked with.

    Raises:
        VenueRejected: with the rule's code.
    """
    _check_words(order)
    check_quantity(order.quantity, instrument)
    check_ticks(order, instrument)
    price = _check_market(order, quote)
    worth, least = order.quantity * price, instrument.min_notional
    if least is not None and worth < least and not order.reduce_only:
        raise refuse("MIN_NOTIONAL", "the order is worth {}, the least is {}; raise the quantity", worth, least)
    if leg:
        _check_target(order, quote)
    else:
        _check_protection(order, instrument, quote, price)


def _check_words(order: Order) -> None:
    if order.time_in_force not in CAPABILITIES.time_in_force:
        known = ", ".join(sorted(CAPABILITIES.time_in_force))
        raise refuse("TIME_IN_FORCE", "time_in_force {} is not served; use one of {}", order.time_in_force, known)
    if order.post_only and order.time_in_force is not TimeInForce.GTC:
        problem = "a post-only order rests, {} does not; leave out one of them"
        raise refuse("POST_ONLY", problem, order.time_in_force)


def check_quantity(quantity: Decimal, instrument: Instrument) -> None:
    """Refuse a quantity, base units, that is too small, too large or between two steps."""
    least, most = instrument.min_quantity, instrument.max_quantity
    if least is not None and quantity < least:
        raise refuse("MIN_QUANTITY", "the quantity {} is below the least, {}", quantity, least)
    if most is not None and quantity > most:
        raise refuse("MAX_QUANTITY", "the quantity {} is above the most, {}", quantity, most)
    if instrument.quantity_up(quantity) != quantity:
        raise refuse("LOT_SIZE", "the quantity {} is no multiple of {}", quantity, instrument.quantity_step)


def check_ticks(order: Order, instrument: Instrument) -> None:
    """Refuse a price between two ticks."""
    for name in ("price", "stop_price", "stop_loss", "take_profit"):
        value: Decimal | None = getattr(order, name)
        if value is not None and not instrument.price_on_tick(value):
            raise refuse("PRICE_TICK", "{} {} is no multiple of the tick {}", name, value, instrument.price_tick)


def _check_market(order: Order, quote: MarketData) -> Decimal:
    """Refuse what the market does not allow now; else the price at which the order is worth what it is."""
    now, sign = quote.price_for(order.side), order.side.sign
    if (quote.bid is None and quote.ask is None) or (order.order_type is OrderType.MARKET and now is None):
        problem = "there is no quote of {} to {} at; set one, or configure bid and ask"
        raise refuse("NO_QUOTE", problem, order.symbol, order.side)
    if order.stop_price is not None and now is not None and (now - order.stop_price) * sign >= 0:
        problem = "the stop price {} is already reached, the market is at {}; send a market order"
        raise refuse("WOULD_TRIGGER", problem, order.stop_price, now)
    if order.post_only and takes(order.side, order.price, now):
        raise refuse("POST_ONLY", "the order would take at {}; move the price or leave out post_only", now)
    price = order.price or order.stop_price or now
    assert price is not None  # noqa: S101  (a market order has its quote by now, the others a price)
    return price


def takes(side: Side, limit: Decimal | None, now: Decimal | None) -> bool:
    """Whether an order with that limit, or none, trades at once."""
    return now is not None and (limit is None or (limit - now) * side.sign >= 0)


def _check_target(order: Order, quote: MarketData) -> None:
    now = quote.price_for(order.side)
    if order.take_profit is not None and takes(order.side, order.take_profit, now):
        problem = "the target {} is already reached, the market is at {}; close the position"
        raise refuse("WOULD_TRIGGER", problem, order.take_profit, now)


def _check_protection(order: Order, instrument: Instrument, quote: MarketData, price: Decimal) -> None:
    if order.stop_loss is None and order.take_profit is None:
        return
    if order.reduce_only or (instrument.kind is Kind.SPOT and order.side is Side.SELL):
        raise refuse("PROTECTION", "stop_loss and take_profit go with an order that opens; leave them out of this one")
    sign = order.side.sign
    below, above = ("below", "above") if sign > 0 else ("above", "below")
    worst = _closing_price(order, quote, price)
    problem = "the {} {} of a {} order must lie {} {}"
    if order.stop_loss is not None and (worst - order.stop_loss) * sign <= 0:
        raise refuse("STOP_LOSS_SIDE", problem, "stop_loss", order.stop_loss, order.side, below, worst)
    if order.take_profit is not None and (order.take_profit - price) * sign <= 0:
        raise refuse("TAKE_PROFIT_SIDE", problem, "take_profit", order.take_profit, order.side, above, price)


def _closing_price(order: Order, quote: MarketData, price: Decimal) -> Decimal:
    """What the stop is measured against: for an order that trades now, the price at which it could be closed again."""
    closing = quote.price_for(order.side.opposite)
    now = order.stop_price is None and takes(order.side, order.price, quote.price_for(order.side))
    if not now or closing is None:
        return price
    return min(price, closing) if order.side is Side.BUY else max(price, closing)
