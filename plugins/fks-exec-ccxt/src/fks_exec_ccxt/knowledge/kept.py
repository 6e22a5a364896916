# SPDX-License-Identifier: MIT
"""How long exchanges keep orders that have ended, where they are looked up: :func:`kept`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .exchanges import ALIASES

_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000

ASSUMED = _DAY
"""Milliseconds, where no document was at hand: Coinbase, Kraken, Crypto.com, MEXC, WOO, and what is not known here.

Bitget too: it tells of 90 days, but no document at hand says that this is so of what was cancelled without a fill.
"""

_KEPT: Mapping[tuple[str, str], int | None] = MappingProxyType(
    {
        # Assumed, the shortest that is known: 3 days of what ended without a fill, 90 of the rest (USDS-M, Query Order).
        ("binance", "spot"): 3 * _DAY,
        ("binance", "swap"): 3 * _DAY,
        # Two hours of what was cancelled without a fill (docs-v5, Order details); from memory, the shorter span.
        **{(name, kind): 2 * _HOUR for name in ("okx", "okxus", "myokx") for kind in ("spot", "swap")},
        # Two days of what was cancelled (spot), 7 days by clientOid (futures): docs-new, Get Order Details.
        ("kucoin", "spot"): 2 * _DAY,
        ("kucoin", "swap"): 7 * _DAY,
        # Ten minutes of what was cancelled without a fill (gateapi, List futures orders); assumed of spot.
        ("gate", "spot"): 10 * _MINUTE,
        ("gate", "swap"): 10 * _MINUTE,
        # The last two weeks (docs.bitfinex.com, orders/hist).
        ("bitfinex", "spot"): 14 * _DAY,
        ("bitfinex", "swap"): 14 * _DAY,
        # Historical records persist indefinitely (docs.deribit.com, Accessing historical trades and orders).
        ("deribit", "spot"): None,
        ("deribit", "swap"): None,
    }
)
"""Of what has ended, the shortest of its kinds: whoever looks an order up does not know how it ended."""


def kept(exchange_id: str, market_type: str) -> int | None:
    """Milliseconds for which an order is found after it was sent, however it ended; None: for ever.

    An older one that is not found may have been there.

    Args:
        exchange_id: ccxt's id.
        market_type: ``spot`` or ``swap``.
    """
    return _KEPT.get((ALIASES.get(exchange_id, exchange_id), market_type), ASSUMED)
