# SPDX-License-Identifier: MIT
"""ccxt itself: imported off the event loop, once, when the first account opens; classes by id; the wired subclass of each."""

from __future__ import annotations

import asyncio
import difflib
import importlib
from threading import Lock
from typing import Any

from fks_exec.errors import ConfigError

from ..wire.calls import Wired

_IMPORT = Lock()
_WIRED: dict[type[Any], type[Any]] = {}
_GONE = {
    "bitmex": "ccxt 4.5.90 has dropped BitMEX",
    "bitmart": "ccxt 4.5.90 has dropped BitMart",
    "ascendex": "ccxt 4.5.90 has dropped AscendEX",
    "ftx": "FTX is closed",
    "ftxus": "FTX US is closed",
    "bittrex": "Bittrex is closed",
    "bitvavo_eu": "Bitvavo is `bitvavo`",
}
_RENAMED = {
    "huobi": "htx",
    "okex": "okx",
    "okex5": "okx",
    "gateio": "gate",
    "gdax": "coinbaseexchange",
    "coinbasepro": "coinbaseexchange",
    "coinbaseadvanced": "coinbase",
    "krakenfuture": "krakenfutures",
    "kraken_futures": "krakenfutures",
    "binancefutures": "binance",
    "crypto.com": "cryptocom",
    "crypto_com": "cryptocom",
    "bitfinex2": "bitfinex",
    "kucoin_futures": "kucoin",
}


def import_ccxt() -> Any:
    """``ccxt.async_support``; blocks for some seconds the first time.

    Raises:
        ConfigError: it is not installed, or too broken to be imported.
    """
    with _IMPORT:
        try:
            return importlib.import_module("ccxt.async_support")
        except ImportError as error:
            raise ConfigError("", f"ccxt cannot be imported ({error.name or 'broken'}); run: pip install ccxt") from None


async def load_ccxt() -> Any:
    """:func:`import_ccxt` in a worker thread: other accounts trade on meanwhile."""
    return await asyncio.to_thread(import_ccxt)


def exchange_class(name: str, where: str = "config.exchange") -> type[Any]:
    """The class of ``ccxt.async_support`` by ccxt's id of the exchange.

    Args:
        where: table and field, for errors.

    Raises:
        ConfigError: ccxt has none of that id; names those that may have been meant.
    """
    ccxt = import_ccxt()
    if name in ccxt.exchanges:
        found: type[Any] = getattr(ccxt, name)
        return found
    raise ConfigError(where, _unknown(name, list(ccxt.exchanges), str(ccxt.__version__)))


def _unknown(name: str, known: list[str], version: str) -> str:
    low = name.lower()
    if low in known:
        return f"{name!a} is written {low!a}"
    if low in _RENAMED and _RENAMED[low] in known:
        return f"ccxt {version} knows no exchange {name!a}; it is {_RENAMED[low]!a} there"
    near = difflib.get_close_matches(low, known, n=3, cutoff=0.6)
    if low in _GONE:
        return f"{_GONE[low]}; there is no exchange {name!a} in ccxt {version}; use another exchange"
    hint = f"did you mean {' or '.join(near)}?" if near else "see docs.ccxt.com for the ids"
    return f"ccxt {version} knows no exchange {name[:40]!a}; {hint}"


def wired(cls: type[Any]) -> type[Any]:
    """A subclass whose requests are noted and whose turns are ours; the same one for the same class."""
    if not issubclass(cls, Wired) and cls not in _WIRED:
        _WIRED[cls] = type(cls.__name__, (Wired, cls), {"__module__": __name__})
    return _WIRED.get(cls, cls)
