# SPDX-License-Identifier: MIT
"""One instrument's prices: bid and ask with their sizes, and the last trade, which triggers watch."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import define

from .answers import plain
from .orders import Side
from .rules import Instrument


@define(kw_only=True, eq=False)
class Market:
    """Prices in USDT, sizes in coins.

    Args:
        bid_size, ask_size: what is displayed, and so what one order takes at most at once; it is there again for the next one.
        last: the last trade; the mark and the index price are the same.
    """

    instrument: Instrument
    bid: Decimal
    ask: Decimal
    last: Decimal
    bid_size: Decimal = Decimal(1000)
    ask_size: Decimal = Decimal(1000)

    @property
    def mark(self) -> Decimal:
        """Mark price."""
        return self.last

    def move(self, bid: Decimal, ask: Decimal) -> None:
        """New prices; on its way the market trades at both, at the one it moved towards last."""
        if bid <= 0 or ask < bid:
            raise ValueError(f"a bid of {bid} and an ask of {ask} make no market")
        self.last = bid if bid + ask < self.bid + self.ask else ask
        self.bid, self.ask = bid, ask

    def taken(self, side: Side) -> tuple[Decimal, Decimal]:
        """Price and size that an order of a side takes."""
        return (self.ask, self.ask_size) if side == "Buy" else (self.bid, self.bid_size)

    def crossed(self, side: Side, price: Decimal) -> bool:
        """A limit order would fill at once."""
        return price >= self.ask if side == "Buy" else price <= self.bid

    def reached(self, trigger: Decimal, direction: int, *, moved: bool) -> bool:
        """A trigger is touched: by the last trade or, while the market moves, by a trade at the bid or the ask."""
        high, low = (max(self.last, self.ask), min(self.last, self.bid)) if moved else (self.last, self.last)
        return high >= trigger if direction == 1 else low <= trigger

    def row(self) -> dict[str, Any]:
        """As tickers tells it."""
        tick, step = self.instrument.tick, self.instrument.step
        last = plain(self.last, tick)
        return {
            "symbol": self.instrument.symbol,
            **{name: last for name in ("lastPrice", "indexPrice", "markPrice", "prevPrice24h", "prevPrice1h")},
            **{name: last for name in ("highPrice24h", "lowPrice24h")},
            "price24hPcnt": "0",
            "openInterest": "100000",
            "openInterestValue": "0",
            "turnover24h": "0",
            "volume24h": "0",
            "fundingRate": "0.0001",
            "nextFundingTime": "0",
            "deliveryTime": "0",
            "bid1Price": plain(self.bid, tick),
            "bid1Size": plain(self.bid_size, step),
            "ask1Price": plain(self.ask, tick),
            "ask1Size": plain(self.ask_size, step),
            "fundingIntervalHour": "8",
            "fundingCap": "0.005",
            **{name: "" for name in ("predictedDeliveryPrice", "basisRate", "deliveryFeeRate", "basis", "preOpenPrice")},
        }

    def book(self, time: int, seq: int) -> dict[str, Any]:
        """As orderbook tells it: one level a side."""
        tick, step = self.instrument.tick, self.instrument.step
        return {
            "s": self.instrument.symbol,
            "b": [[plain(self.bid, tick), plain(self.bid_size, step)]],
            "a": [[plain(self.ask, tick), plain(self.ask_size, step)]],
            "ts": time,
            "u": seq,
            "seq": seq,
            "cts": time,
        }
