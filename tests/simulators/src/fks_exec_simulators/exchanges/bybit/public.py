# SPDX-License-Identifier: MIT
"""What anyone may read: time, instruments, prices (docs/v5/market)."""

from __future__ import annotations

from typing import Any

from .asking import Fields, page
from .book import Book


def time(book: Book, _: Fields) -> dict[str, Any]:
    """GET /v5/market/time."""
    now = book.now()
    return {"timeSecond": str(now // 1000), "timeNano": str(now * 1_000_000)}


def instruments_info(book: Book, fields: Fields) -> dict[str, Any]:
    """GET /v5/market/instruments-info: what trades, unless another status is asked for; nothing but linear is listed."""
    category, symbol, status = fields.category, fields.text("symbol"), fields.text("status", "Trading")
    rows = [
        each.row()
        for each in book.instruments.values()
        if category == "linear" and each.status == status and symbol in ("", each.symbol)
    ]
    told, cursor = page(rows, fields, 500, 1000)
    return {"category": category, "list": told, "nextPageCursor": cursor}


def tickers(book: Book, fields: Fields) -> dict[str, Any]:
    """GET /v5/market/tickers."""
    category, symbol = fields.category, fields.text("symbol")
    if symbol and category == "linear":
        book.known(symbol)
    live = [m for m in book.markets.values() if m.instrument.status == "Trading" and symbol in ("", m.instrument.symbol)]
    return {"category": category, "list": [market.row() for market in live] if category == "linear" else []}


def orderbook(book: Book, fields: Fields) -> dict[str, Any]:
    """GET /v5/market/orderbook: one level a side."""
    instrument = book.known(fields.required("symbol"))
    return book.markets[instrument.symbol].book(book.now(), book.seq)
