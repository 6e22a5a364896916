# SPDX-License-Identifier: MIT
"""``client``: unmodified ccxt, every address of it re-hosted to a simulated exchange."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from .serving import KEYS

OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "binance": {"fetchCurrencies": False, "fetchMargins": False, "fetchMarkets": {"types": ["spot"]}},
    "bybit": {"fetchCurrencies": False, "fetchMarkets": {"types": ["linear"]}, "defaultType": "swap"},
}
"""What ccxt may load, so that loading the markets asks nothing but the simulated market."""


def rehosted(address: Any, url: str) -> Any:
    """An address, or a tree of them, with another host.

    Args:
        url: scheme, host and port.
    """
    if isinstance(address, Mapping):
        return {name: rehosted(each, url) for name, each in address.items()}
    return re.sub(r"^https?://[^/]+", url, address) if isinstance(address, str) else address


@asynccontextmanager
async def client(
    name: str,
    url: str,
    key: str = "canary-key1",
    secret: str | None = None,
    *,
    timeout: float = 10.0,
    limiter: bool = False,
    **options: Any,
) -> AsyncIterator[Any]:
    """ccxt's class of an exchange, with its markets loaded.

    Args:
        url: of the simulated exchange.
        secret: None: that of the key.
        timeout: seconds.
        limiter: ccxt's own is on.
        options: ccxt's.
    """
    kind = getattr(import_module("ccxt.async_support"), name)
    secret = KEYS.get(key, "") if secret is None else secret
    settings = {"timeout": int(timeout * 1000), "enableRateLimit": limiter}
    made = kind({"apiKey": key, "secret": secret, **settings, "options": {**OPTIONS[name], **options}})
    made.urls["api"] = rehosted(made.urls["api"], url)
    made.timeout_on_exit = 0  # it would sleep 250 ms upon its close, for TLS
    made.enableLastHttpResponse = made.enableLastResponseHeaders = True
    try:
        await made.load_markets()
        yield made
    finally:
        await made.close()
