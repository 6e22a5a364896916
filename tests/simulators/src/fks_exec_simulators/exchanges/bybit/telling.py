# SPDX-License-Identifier: MIT
"""What an account may read of its trading: orders, fills, positions.

docs/v5/order/open-order, docs/v5/order/order-list, docs/v5/order/execution, docs/v5/position/position.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .account import Account
from .answers import wrong
from .asking import Fields, missing, page
from .book import Book
from .orders import Order

DAY = 86_400_000
RECENT = 500
"""Closed orders that order/realtime still knows."""


def _named(account: Account, fields: Fields, now: int) -> list[Order] | None:
    """By the exchange's id, else by the client's; None if neither is asked for."""
    order_id, link_id = fields.text("orderId"), fields.text("orderLinkId")
    if not (order_id or link_id):
        return None
    order = account.find(order_id, link_id)
    return [] if order is None or order.visible > now else [order]


def _recent(account: Account, order: Order) -> bool:
    """Open, or one of the newest closed ones."""
    newer = 0
    for each in reversed(account.orders):
        if order.open or each is order or newer >= RECENT:
            break
        newer += not each.open
    return newer < RECENT


def _within(orders: Iterable[Order], fields: Fields, book: Book) -> list[Order]:
    """By symbol, else by base coin, else by settlement coin."""
    symbol, base = fields.text("symbol"), fields.text("baseCoin")
    if symbol:
        return [o for o in orders if o.symbol == symbol]
    if base:
        return [o for o in orders if book.instruments[o.symbol].base == base]
    return [o for o in orders if fields.text("settleCoin", "USDT") == "USDT"]


def realtime(book: Book, account: Account, fields: Fields) -> dict[str, Any]:
    """GET /v5/order/realtime: open orders, or the recent closed ones; by an id whatever its status is. Newest first."""
    if fields.category != "linear":
        return {"category": fields.category, "list": [], "nextPageCursor": ""}
    now = book.now()
    named = _named(account, fields, now)
    if named is not None:
        return _orders(book, [order for order in named if _recent(account, order)], fields)
    if not any(name in fields for name in ("symbol", "baseCoin", "settleCoin")):
        missing("symbol, baseCoin or settleCoin")
    closed = fields.integer("openOnly") == 1
    shown = [order for order in account.shown(now) if order.open is not closed]
    found = _within(shown[:RECENT] if closed else shown, fields, book)
    return _orders(book, found, fields)


def history(book: Book, account: Account, fields: Fields) -> dict[str, Any]:
    """GET /v5/order/history: closed orders of seven days, those without a fill of one day. Newest first."""
    now = book.now()
    if fields.category != "linear":
        return {"category": fields.category, "list": [], "nextPageCursor": ""}
    named = _named(account, fields, now)
    found = _within(account.shown(now), fields, book) if named is None else named
    closed = [order for order in found if not order.open and (order.filled or order.updated > now - DAY)]
    if named is None:
        start, end = _window(fields, now)
        status = fields.text("orderStatus")
        closed = [o for o in closed if start <= o.created <= end and status in ("", o.status)]
    return _orders(book, closed, fields)


def _orders(book: Book, found: list[Order], fields: Fields) -> dict[str, Any]:
    only = fields.choice("orderFilter", ("Order", "StopOrder", "tpslOrder", "OcoOrder", "BidirectionalTpslOrder"))
    told, cursor = page([o for o in found if only in ("", o.filter)], fields, 20, 50)
    rows = [order.row(book.instruments[order.symbol]) for order in told]
    return {"category": "linear", "list": rows, "nextPageCursor": cursor}


def _window(fields: Fields, now: int) -> tuple[int, int]:
    """Seven days at most; epoch milliseconds."""
    week = 7 * DAY
    start, end = fields.integer("startTime", -1), fields.integer("endTime", -1)
    if start >= 0 and end >= 0:
        if end - start > week:
            raise wrong("The time range between startTime and endTime cannot exceed 7 days")
        return start, end
    if start >= 0:
        return start, start + week
    end = end if end >= 0 else now
    return end - week, end


def executions(book: Book, account: Account, fields: Fields) -> dict[str, Any]:
    """GET /v5/execution/list: fills, newest first."""
    category, now = fields.category, book.now()
    order_id, link_id, symbol = (fields.text(name) for name in ("orderId", "orderLinkId", "symbol"))
    start, end = _window(fields, now)
    shown = [e for e in reversed(account.executions) if e.order.visible <= now and category == "linear"]
    if order_id or link_id:
        shown = [e for e in shown if (e.order.order_id == order_id if order_id else e.order.link_id == link_id)]
    else:
        shown = [e for e in shown if symbol in ("", e.order.symbol) and start <= e.time <= end]
    told, cursor = page(shown, fields, 50, 100)
    rows = [execution.row(book.instruments[execution.order.symbol]) for execution in told]
    return {"category": category, "list": rows, "nextPageCursor": cursor}


def position_list(book: Book, account: Account, fields: Fields) -> dict[str, Any]:
    """GET /v5/position/list: of a symbol also empty ones, of a settlement coin those that are held."""
    category, symbol = fields.category, fields.text("symbol")
    if category != "linear":
        return {"category": category, "list": [], "nextPageCursor": ""}
    if not symbol and "settleCoin" not in fields:
        missing("symbol or settleCoin")
    if symbol:
        book.known(symbol)
    mine = account.all_positions() if fields.text("settleCoin") == "USDT" else []
    held = account.positions(symbol) if symbol else [position for position in mine if position.size]
    rows = []
    for position in held:
        prices = {leg.leg: leg.trigger for leg in account.exits(position) if leg.mode == "Full" and leg.trigger}
        mark, instrument = book.markets[position.symbol].mark, book.instruments[position.symbol]
        rows.append(position.row(instrument, mark, prices))
    told, cursor = page(rows, fields, 20, 200)
    return {"category": category, "list": told, "nextPageCursor": cursor}
