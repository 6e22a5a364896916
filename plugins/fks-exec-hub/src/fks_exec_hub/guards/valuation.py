# SPDX-License-Identifier: MIT
"""At which price an order counts, and what it is worth: one truth for all guards.

Each price is on the order's own side of the quote: a buy pays the ask, a sell gets the bid, and nothing (no last price, no
other side) stands in for a missing one.

- :func:`entry_price`: where the order says that it enters: the limit, else the trigger, else the quote.
- :func:`best_price`: the best at which it may fill: a limit that crosses the market fills at the quote.
- :func:`dearest_price`: of all at which it may fill, the one at which it is worth most.
- :func:`worst_price`: of all at which it may fill, the one from which most is lost on the way to a stop.

Amounts are compared in the account's currency: :func:`conversion`.
"""

from __future__ import annotations

from decimal import Decimal

from fks_exec import AccountState, Instrument, Kind, MarketData, Order, OrderType, Side


def quoted_price(order: Order, quote: MarketData | None) -> Decimal | None:
    """The quote on the order's side; None when it is not known.

    Zero counts as not known: venues send it for an empty side, and at zero an order of any size would be worth nothing.
    """
    price = None if quote is None else quote.price_for(order.side)
    return None if price is None or price <= 0 else price


def entry_price(order: Order, quote: MarketData | None) -> Decimal | None:
    """The limit price, else the trigger price, else the quote; None for a market order without a quote."""
    if order.price is not None:
        return order.price
    return quoted_price(order, quote) if order.stop_price is None else order.stop_price


def best_price(order: Order, quote: MarketData | None) -> Decimal | None:
    """The best price at which the order may fill, as far as is known: the lowest for a buy, the highest for a sell."""
    if order.price is None:
        return entry_price(order, quote)
    # A stop_limit fills from its trigger on, not at today's quote.
    other = quoted_price(order, quote) if order.order_type is OrderType.LIMIT else order.stop_price
    if other is None:
        return order.price
    return min(order.price, other) if order.side is Side.BUY else max(order.price, other)


def dearest_price(order: Order, quote: MarketData | None, instrument: Instrument) -> Decimal | None:
    """The price at which a fill of the order is worth most; None when that takes a quote and there is none.

    A linear buy with a limit is bounded by it. A linear sell is not: it gets the bid when that is higher. An inverse
    contract is worth more at a lower price, so there it is the sell that its limit bounds. A stop counts at its trigger or
    at the quote, whichever is worth more.
    """
    bounded = (order.side is Side.BUY) is not (instrument.kind is Kind.INVERSE)
    if bounded and order.price is not None:
        return order.price
    quoted = quoted_price(order, quote)
    return None if quoted is None else dearer(instrument, quoted, order.price, order.stop_price)


def dearer(instrument: Instrument, *prices: Decimal | None) -> Decimal:
    """Of the prices that are known, the one at which a quantity is worth most."""
    known = [price for price in prices if price is not None]
    return min(known) if instrument.kind is Kind.INVERSE else max(known)


def worst_price(order: Order, quote: MarketData | None) -> Decimal | None:
    """The highest price that a buy may pay, the lowest that a sell may get; None when that takes a quote and there is none.

    A limit bounds it. A stop fills from its trigger on, or at the quote where that lies beyond it already.
    """
    if order.price is not None:
        return order.price
    quoted = quoted_price(order, quote)
    return None if quoted is None else worse(order.side, quoted, order.stop_price)


def worse(side: Side, *prices: Decimal | None) -> Decimal:
    """Of the prices that are known, the one at which one would like least to enter."""
    known = [price for price in prices if price is not None]
    return max(known) if side is Side.BUY else min(known)


def quote_value(order: Order, quote: MarketData | None, instrument: Instrument) -> Decimal | None:
    """What the order is worth at its entry price in the *quote* currency, in which ``min_notional`` is stated.

    An inverse contract is worth its size in quote currency at any price. None when that takes a quote and there is none.
    """
    size = order.quantity * instrument.contract_size
    if instrument.kind is Kind.INVERSE:
        return size
    price = entry_price(order, quote)
    return None if price is None else size * price


def notional_currency(instrument: Instrument) -> str | None:
    """The currency of ``instrument.notional``; None when it is not known.

    An instrument that settles in a third currency (a quanto) has no notional in that currency without a rate.
    """
    own = instrument.base if instrument.kind is Kind.INVERSE else instrument.quote
    settle = instrument.settle_currency
    return settle if own is None or own == settle else None


def account_currency(instrument: Instrument, account: AccountState) -> str | None:
    """The currency of the account's limits, for an order of the instrument; None when it is not known."""
    return account.currency or instrument.settle_currency


def known_leverage(account: AccountState, configured: Decimal | None) -> Decimal | None:
    """What the venue tells, else what is configured; None when neither is there."""
    told = account.leverage
    return told if told is not None and told > 0 else configured


def conversion(instrument: Instrument, account: AccountState) -> Decimal | None:
    """What one unit of ``instrument.notional`` is worth in the account's currency; None when there is no fresh rate."""
    own = notional_currency(instrument)
    if own == account_currency(instrument, account):
        return Decimal(1)
    rate = None if own is None else account.rates.get(own)
    return None if rate is None or rate <= 0 else rate
