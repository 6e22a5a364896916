# SPDX-License-Identifier: MIT
"""A simulated Binance spot exchange."""

from .server import BinanceExchange

__all__ = ["BinanceExchange"]
