# SPDX-License-Identifier: MIT
"""A strategy that trades: its position before and after each alert, so that its alerts make an unbroken chain."""

from __future__ import annotations

from decimal import Decimal

from fks_exec.model.numbers import plain

SCRIPT = (1, 0, -1, 1, -1, 0)
"""The position after each alert, in units of the size; then from the beginning: entries, exits, and reversals both ways."""


class Strategy:
    """One strategy on one chart.

    Args:
        symbol: as ``EXCHANGE:TICKER``; what has no colon is a ticker.
        size: base units or contracts of one position.
    """

    def __init__(self, name: str, symbol: str, size: Decimal) -> None:
        self.name = name
        self.symbol = symbol
        self._size = size
        self._step = 0

    def next(self) -> dict[str, str]:
        """The values of the placeholders of its next alert."""
        before, after = SCRIPT[self._step - 1], SCRIPT[self._step]
        self._step = (self._step + 1) % len(SCRIPT)
        exchange, _, ticker = self.symbol.rpartition(":")
        label = {1: "Long", 0: "Exit", -1: "Short"}[after]
        return {
            "exchange": exchange,
            "ticker": ticker,
            "strategy.order.action": "buy" if after > before else "sell",
            "strategy.order.contracts": self._times(abs(after - before)),
            "strategy.order.id": label,
            "strategy.order.comment": label,
            "strategy.position_size": self._times(after),
            "strategy.market_position": _side(after),
            "strategy.market_position_size": self._times(abs(after)),
            "strategy.prev_market_position": _side(before),
            "strategy.prev_market_position_size": self._times(abs(before)),
            "emulated.symbol": self.symbol,
            "emulated.strategy": self.name,
        }

    def _times(self, units: int) -> str:
        return plain(self._size * units)


def _side(units: int) -> str:
    return "long" if units > 0 else "short" if units < 0 else "flat"
