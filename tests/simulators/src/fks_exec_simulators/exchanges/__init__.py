# SPDX-License-Identifier: MIT
"""Simulated crypto exchanges: real HTTP servers on loopback, written from the exchanges' documents, for unmodified ccxt."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .serving import ExchangeServer

KNOWN: dict[str, str] = {
    "binance": "fks_exec_simulators.exchanges.binance:BinanceExchange",
    "bybit": "fks_exec_simulators.exchanges.bybit:BybitExchange",
}
"""Where the class of each is, by ccxt's id."""


def make(name: str) -> ExchangeServer:
    """A fresh exchange that does not listen yet.

    Raises:
        KeyError: there is none of this name.
    """
    module, _, kind = KNOWN[name].partition(":")
    made: ExchangeServer = getattr(import_module(module), kind)()
    return made
