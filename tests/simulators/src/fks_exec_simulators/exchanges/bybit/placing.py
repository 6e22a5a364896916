# SPDX-License-Identifier: MIT
"""POST /v5/order/create: the request's fields, their checks, margin, and the new order's first meeting with the market."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from ..wire import Manner
from . import legs, matching
from .account import Account
from .answers import Refused, scaled, wrong
from .asking import Fields
from .book import Book
from .orders import ZERO, Order, Side
from .rules import (
    ACTIVE_ORDERS,
    CONDITIONAL_ORDERS,
    Instrument,
    check_link_id,
    check_price,
    check_quantity,
    check_value,
)

_TIMES = ("GTC", "IOC", "FOK", "PostOnly")


def create(book: Book, account: Account, fields: Fields, manner: Manner = "") -> dict[str, Any]:
    """Take an order; the answer has its ids and says nothing of what became of it.

    Raises:
        Refused: it is not taken, and nothing is done.
    """
    instrument = book.tradable(fields.required("symbol"))
    order = _read(book, account, fields, instrument)
    order.manner = manner
    _check_ids(account, order)
    _check_numbers(book, account, order, instrument)
    _check_targets(book, order)
    _check_trigger(book, order)
    _check_room(account, order)
    _add(book, account, order)
    if not order.waiting:
        matching.enter(book, account, order)
    return {"orderId": order.order_id, "orderLinkId": order.link_id}


def _read(book: Book, account: Account, fields: Fields, instrument: Instrument) -> Order:
    now = book.now()
    kind = fields.choice("orderType", ("Market", "Limit"))
    side = cast(Side, fields.choice("side", ("Buy", "Sell")))
    if not (kind and side):
        raise wrong("params error: Side or OrderType invalid")
    mode = fields.choice("tpslMode", ("Full", "Partial"), "Full")
    targets = legs.read_targets(fields, instrument, mode)
    trigger = fields.number("triggerPrice")
    return Order(
        symbol=instrument.symbol,
        side=side,
        kind="Market" if kind == "Market" else "Limit",
        quantity=_quantity(account, fields, instrument, side),
        price=None if kind == "Market" else _price(fields, instrument),
        link_id=fields.text("orderLinkId"),
        time_in_force="IOC" if kind == "Market" else fields.choice("timeInForce", _TIMES, "GTC"),
        reduce_only=fields.flag("reduceOnly") or fields.flag("closeOnTrigger") or _closes(fields, side),
        close_on_trigger=fields.flag("closeOnTrigger"),
        position_idx=fields.integer("positionIdx"),
        trigger=trigger or None,
        direction=fields.integer("triggerDirection") if trigger else 0,
        trigger_by=fields.choice("triggerBy", ("LastPrice", "MarkPrice", "IndexPrice"), "LastPrice") if trigger else "",
        stop_type="Stop" if trigger else "",
        status="Untriggered" if trigger else "New",
        targets=targets,
        mode=mode if targets else "",
        created=now,
        updated=now,
        visible=now + book.lag,
        last_price=book.markets[instrument.symbol].last,
    )


def _closes(fields: Fields, side: Side) -> bool:
    """In hedge mode the opposite side of an index only closes."""
    return (fields.integer("positionIdx"), side) in ((1, "Sell"), (2, "Buy"))


def _price(fields: Fields, instrument: Instrument) -> Decimal:
    price = fields.number("price")
    if price is None:
        raise wrong("params error: price is required for a Limit order")
    return check_price(instrument, price)


def _quantity(account: Account, fields: Fields, instrument: Instrument, side: Side) -> Decimal:
    """What is asked for; 0 with reduceOnly and closeOnTrigger is all of the position."""
    asked = fields.number("qty")
    if asked is None:
        raise wrong("params error: qty is required")
    if not asked and fields.flag("reduceOnly") and fields.flag("closeOnTrigger"):
        room = account.reducing(instrument.symbol, fields.integer("positionIdx"), side)
        return min(room, instrument.most_at_market) or instrument.least
    return asked


def _check_ids(account: Account, order: Order) -> None:
    check_link_id(order.link_id)
    account.check_idx(order.symbol, order.position_idx)
    if order.link_id in account.links:
        raise Refused(110072)


def _check_numbers(book: Book, account: Account, order: Order, instrument: Instrument) -> None:
    """Quantity and value; an order that reduces is cut to what there is to reduce, and may be worth little."""
    check_quantity(instrument, order.quantity, at_market=order.kind == "Market")
    if order.trigger is not None:
        check_price(instrument, order.trigger, "triggerPrice")
    if not order.reduce_only:
        check_value(instrument, order.quantity * (order.price or order.trigger or book.markets[order.symbol].last))
        return
    room = account.reducing(order.symbol, order.position_idx, order.side)
    if not room:
        held = account.position(order.symbol, order.position_idx).size
        raise Refused(110017, "Reduce-only rule not satisfied" if held else None)
    if not order.waiting:
        order.quantity = min(order.quantity, room)


def _check_targets(book: Book, order: Order) -> None:
    if order.targets and order.reduce_only:
        raise wrong("params error: takeProfit and stopLoss cannot be set for a reduceOnly order")
    base = order.price or order.trigger or book.markets[order.symbol].last
    legs.check_targets(order.side, order.targets, base)


def _check_trigger(book: Book, order: Order) -> None:
    """A trigger on the far side of the market: above it to be risen to, below it to be fallen to."""
    if order.trigger is None:
        return
    if order.direction not in (1, 2):
        raise wrong("params error: TriggerDirection invalid")
    check_direction(order.trigger, order.direction, book.markets[order.symbol].last)


def check_direction(trigger: Decimal, direction: int, last: Decimal) -> None:
    """Raises Refused, 110092 or 110093, for a trigger that the market has passed."""
    word, sign, code = ("Rising", "<=", 110092) if direction == 1 else ("Falling", ">=", 110093)
    if trigger == last or (trigger < last) is (direction == 1):
        raise Refused(code, f"expect {word}, but trigger_price[{scaled(trigger)}] {sign} current[{scaled(last)}]??LastPrice")


def _check_room(account: Account, order: Order) -> None:
    """How many orders may stand (docs/v5/order/create-order)."""
    standing = account.open_orders(order.symbol)
    if order.waiting and sum(each.waiting and not each.is_exit for each in standing) >= CONDITIONAL_ORDERS:
        raise Refused(110009)
    if not order.waiting and sum(each.active for each in standing) >= ACTIVE_ORDERS:
        raise Refused(110020)


def _add(book: Book, account: Account, order: Order) -> None:
    """Into the account, if its money is enough."""
    account.position(order.symbol, order.position_idx)
    before = account.available(book.markets)
    account.add(order)
    after = account.available(book.markets)
    if after < ZERO and after < before:
        account.discard(order)
        raise Refused(110007)
    if order.link_id:
        account.links.add(order.link_id)
