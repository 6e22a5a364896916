# SPDX-License-Identifier: MIT
"""The exchanges that the installed ccxt has, without importing it (seconds), and what is meant by one that it has not."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

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


@cache
def installed() -> frozenset[str]:
    """All of them: one file each in its folder; empty where ccxt is not installed, or has another shape than we know."""
    found = find_spec("ccxt")
    folders = [] if found is None else [Path(place) / "async_support" for place in found.submodule_search_locations or ()]
    names = (file.stem for folder in folders if folder.is_dir() for file in folder.glob("*.py"))
    return frozenset(name for name in names if name != "__init__")


def ccxt_version() -> str:
    """Of the installed one; empty where there is none."""
    try:
        return version("ccxt")
    except PackageNotFoundError:
        return ""


def unknown(name: str, known: Collection[str], version: str) -> str:
    """What to say of an id that ccxt does not have: what it may have been meant as, what became of it."""
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
