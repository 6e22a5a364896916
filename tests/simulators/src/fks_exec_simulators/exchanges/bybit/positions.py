# SPDX-License-Identifier: MIT
"""A position, and what an account is worth: average price, realised and unrealised result, initial margin by leverage.

docs/v5/position, docs/v5/account/wallet-balance; cross margin, one settlement coin (USDT).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from attrs import define

from .answers import plain
from .orders import CENTS, OPPOSITE, ZERO, Leg, Order, Side
from .rules import TAKER, Instrument

MAINTENANCE = Decimal("0.005")
"""Of a position's value."""


@define(kw_only=True, eq=False)
class Position:
    """One position. Size in coins, below zero for a short one; prices and results in USDT.

    Args:
        idx: 0 one-way, 1 and 2 the buy and the sell side of hedge mode.
        current: realised since it was opened, fees included.
        total: realised for ever.
    """

    symbol: str
    idx: int = 0
    size: Decimal = ZERO
    average: Decimal = ZERO
    leverage: Decimal = Decimal(10)
    current: Decimal = ZERO
    total: Decimal = ZERO
    created: int = 0
    updated: int = 0
    seq: int = -1

    @property
    def side(self) -> Side | None:
        """Long, short, or empty."""
        if not self.size:
            return None
        return "Buy" if self.size > 0 else "Sell"

    def room(self, side: Side) -> Decimal:
        """How much an order of a side can close."""
        return ZERO if self.side in (None, side) else abs(self.size)

    def take(self, side: Side, quantity: Decimal, price: Decimal) -> tuple[Decimal, Decimal]:
        """A fill: how much it closed, and the result of that without fees. What is left over opens the other side."""
        signed = quantity if side == "Buy" else -quantity
        closed = min(quantity, self.room(side))
        result = (price - self.average) * closed * (1 if self.size > 0 else -1)
        if not closed:
            self.average = (self.average * abs(self.size) + price * quantity) / (abs(self.size) + quantity)
        elif quantity > closed:
            self.average = price
        self.size += signed
        if not self.size:
            self.average = ZERO
        return closed, result

    def book(self, result: Decimal, *, opened: bool) -> None:
        """A result, fees included."""
        self.current = result if opened else self.current + result
        self.total += result

    def value(self, mark: Decimal) -> Decimal:
        """At the mark price."""
        return abs(self.size) * mark

    def profit(self, mark: Decimal) -> Decimal:
        """Unrealised."""
        return (mark - self.average) * self.size

    def margin(self, mark: Decimal) -> Decimal:
        """Initial margin."""
        return self.value(mark) / self.leverage

    def row(self, instrument: Instrument, mark: Decimal, exits: Mapping[Leg, Decimal]) -> dict[str, Any]:
        """As position/list tells it; ``exits`` are the triggers of its own exits."""
        initial, kept = self.margin(mark).quantize(CENTS), (self.value(mark) * MAINTENANCE).quantize(CENTS)
        return {
            "positionIdx": self.idx,
            "riskId": 1,
            "riskLimitValue": "2000000",
            "symbol": self.symbol,
            "side": self.side or "",
            "size": plain(abs(self.size), instrument.step),
            "avgPrice": plain(self.average.quantize(CENTS)) if self.size else "0",
            "positionValue": plain((abs(self.size) * self.average).quantize(CENTS)) if self.size else "",
            "tradeMode": 0,
            "positionStatus": "Normal",
            "autoAddMargin": 0,
            "adlRankIndicator": 2 if self.size else 0,
            "leverage": plain(self.leverage),
            "positionBalance": plain(initial),
            "markPrice": plain(mark, instrument.tick),
            "liqPrice": "",
            "bustPrice": "",
            "breakEvenPrice": "",
            "positionIM": plain(initial) if self.size else "",
            "positionIMByMp": plain(initial) if self.size else "",
            "positionMM": plain(kept) if self.size else "",
            "positionMMByMp": plain(kept) if self.size else "",
            "tpslMode": "Full",
            "takeProfit": plain(exits.get("TakeProfit"), instrument.tick),
            "stopLoss": plain(exits.get("StopLoss"), instrument.tick),
            "trailingStop": "0.00",
            "sessionAvgPrice": "",
            "unrealisedPnl": plain(self.profit(mark).quantize(CENTS)) if self.size else "",
            "curRealisedPnl": plain(self.current.quantize(CENTS)),
            "cumRealisedPnl": plain(self.total.quantize(CENTS)),
            "isReduceOnly": False,
            "mmrSysUpdatedTime": "",
            "leverageSysUpdatedTime": "",
            "createdTime": str(self.created),
            "updatedTime": str(self.updated),
            "seq": self.seq,
        }


def order_margin(position: Position, orders: list[Order], price: Decimal) -> Decimal:
    """Initial margin of the active orders of a position, the fee of their fills included.

    What closes the position needs none: its orders of the other side cover it, oldest first.

    Args:
        price: what a market order counts with.
    """
    needed = ZERO
    rooms = {side: position.room(side) for side in OPPOSITE}
    for order in orders:
        if order.reduce_only or not order.active:
            continue
        covered = min(order.leaves, rooms[order.side])
        rooms[order.side] -= covered
        value = (order.leaves - covered) * (price if order.price is None else order.price)
        needed += value / position.leverage + value * TAKER
    return needed
