# SPDX-License-Identifier: MIT
"""What is known of an exchange from its documentation: :func:`traits`.

One record per exchange and market type; the tables with their sources are in ``exchanges``. An exchange that is not in them
gets cautious ones: orders at the market and with a limit, and whatever the probe proves beyond doubt.
"""

from __future__ import annotations

from attrs import evolve

from .exchanges import ALIASES, NAMES, TABLES
from .known import DIGITS, LETTERS, Traits

__all__ = ["DIGITS", "LETTERS", "Traits", "named", "traits"]


def traits(exchange_id: str, market_type: str = "spot") -> Traits:
    """The traits of one market type of an exchange; cautious ones where it is not known here.

    Args:
        exchange_id: ccxt's id.
        market_type: ``spot`` or ``swap``.
    """
    known = TABLES.get(ALIASES.get(exchange_id, exchange_id), {}).get(market_type)
    if known is None:
        return Traits(exchange=exchange_id, names=[exchange_id.upper()], reduce_only=market_type == "swap")
    return known if known.exchange == exchange_id else evolve(known, exchange=exchange_id)


def named(prefix: str) -> frozenset[str]:
    """The exchanges that an alert's prefix can mean, by ccxt's ids; empty: none that is known.

    Args:
        prefix: in capitals, e.g. ``BINANCE``.
    """
    return NAMES.get(prefix, frozenset())
