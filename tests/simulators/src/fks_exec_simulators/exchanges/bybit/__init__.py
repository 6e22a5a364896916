# SPDX-License-Identifier: MIT
"""A simulated Bybit, v5 API, linear perpetuals, written from its documents; docs/exchanges-bybit.md lists what is assumed."""

from __future__ import annotations

from .server import BybitExchange as BybitExchange

__all__ = ["BybitExchange"]
