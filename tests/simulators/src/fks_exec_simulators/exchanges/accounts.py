# SPDX-License-Identifier: MIT
"""Accounts of ``fks-exec-ccxt`` at a simulated exchange, below the hub: what an opening is given."""

from __future__ import annotations

from typing import Any

from fks_exec import MarketData, Secret, VenueContext
from fks_exec_ccxt import CCXTConfig

MARKETS = {"binance": ("spot", "BTC/USDT"), "bybit": ("swap", "BTC/USDT:USDT")}
"""The market type of each simulated exchange, and a symbol there."""

KEYS = {"api_key": Secret("canary-key1"), "secret": Secret("canary-secret1")}
"""Of the first account at each of them."""


async def no_quote(account: str, symbol: str) -> MarketData:
    """No account here may ask another one for its price."""
    raise AssertionError("no other account is asked")


def context(account: str = "mine", **more: Any) -> VenueContext:
    """That of an account; what it publishes is printed."""
    return VenueContext(account=account, publish=print, quote=no_quote, **more)


def config(name: str, url: str | None, key: str = "1", **more: Any) -> CCXTConfig:
    """The configuration of an account.

    Args:
        name: of the exchange.
        url: where it is simulated; None: nowhere.
        key: the number of its key.
    """
    keys = {"api_key": Secret(f"canary-key{key}"), "secret": Secret(f"canary-secret{key}")}
    return CCXTConfig(exchange=name, base_url=url, **{"market_type": MARKETS[name][0], **keys, **more})
