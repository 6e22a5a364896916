# SPDX-License-Identifier: MIT
"""One look at the market: the ticker, and the order book where the ticker has no bid or ask."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fks_exec import MarketData

from .results import exact

if TYPE_CHECKING:
    from ..session.connection import Connection

_DEPTH = 5
"""Levels of the order book that are asked for."""


async def fetch_data(connection: Connection, symbol: str, *, deadline: float | None = None) -> MarketData:
    """Bid and ask with their sizes, the last price and the volume.

    Args:
        symbol: canonical.
        deadline: on the clock's monotonic time, seconds; None: none.

    Raises:
        VenueError: nothing was read.
    """
    exchange = connection.exchange
    if not exchange.has.get("fetchTicker"):
        return await _book(connection, symbol, {}, deadline)
    ticker = await connection.call(lambda: exchange.fetch_ticker(symbol), deadline=deadline, reading=True)
    if ticker.get("bid") is None or ticker.get("ask") is None:
        return await _book(connection, symbol, ticker, deadline)
    return _data(symbol, ticker, (ticker["bid"], ticker.get("bidVolume")), (ticker["ask"], ticker.get("askVolume")))


async def _book(connection: Connection, symbol: str, ticker: Mapping[str, Any], deadline: float | None) -> MarketData:
    exchange = connection.exchange
    limit = _DEPTH if exchange.id in _ANY_DEPTH else None
    book = await connection.call(lambda: exchange.fetch_order_book(symbol, limit), deadline=deadline, reading=True)
    bids, asks = book.get("bids") or [], book.get("asks") or []
    none = (None, None)
    told = {**ticker, "timestamp": book.get("timestamp") or ticker.get("timestamp")}
    return _data(symbol, told, tuple(bids[0][:2]) if bids else none, tuple(asks[0][:2]) if asks else none)


_ANY_DEPTH = frozenset({"binance", "binanceus", "binanceusdm", "binancecoinm", "bybit", "gate", "htx", "woo"})
"""Exchanges that answer with so few levels; others refuse a number that is not one of theirs."""


def _data(symbol: str, ticker: Mapping[str, Any], bid: tuple[Any, ...], ask: tuple[Any, ...]) -> MarketData:
    info = ticker.get("info")
    time = ticker.get("timestamp")
    return MarketData(
        symbol=symbol,
        bid=_above_zero(bid[0], info),
        ask=_above_zero(ask[0], info),
        last=_above_zero(ticker.get("last"), info),
        volume=exact(ticker.get("baseVolume"), info),
        timestamp=int(time) if isinstance(time, int | float) and time > 0 else None,
        bid_size=exact(bid[1], info),
        ask_size=exact(ask[1], info),
    )


def _above_zero(value: object, info: object) -> Decimal | None:
    """An empty side of the book is told as 0 by some."""
    number = exact(value, info)
    return number if number is not None and number > 0 else None
