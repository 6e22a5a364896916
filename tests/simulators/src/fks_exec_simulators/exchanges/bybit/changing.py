# SPDX-License-Identifier: MIT
"""What changes orders and positions later: amend, cancel, cancel-all, trading-stop, set-leverage, switch-mode."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import evolve

from . import legs, matching
from .account import Account
from .answers import Refused, wrong
from .asking import Fields
from .book import Book
from .orders import ZERO, Leg, Order, Target
from .placing import check_direction
from .positions import Position
from .rules import Instrument, check_price, check_quantity

_UNCHANGED = "The order remains unchanged as the parameters entered match the existing ones."


def _asked(book: Book, account: Account, fields: Fields) -> tuple[Order, Instrument]:
    instrument = book.known(fields.required("symbol"))
    order = account.known(fields.text("orderId"), fields.text("orderLinkId"), instrument.symbol, book.now())
    return order, instrument


def _ids(order: Order) -> dict[str, Any]:
    return {"orderId": order.order_id, "orderLinkId": order.link_id}


def cancel(book: Book, account: Account, fields: Fields) -> dict[str, Any]:
    """POST /v5/order/cancel; of a bound pair of exits both go.

    Raises:
        Refused: 110001, there is nothing to cancel.
    """
    order, _ = _asked(book, account, fields)
    _end(book, order)
    return _ids(order)


def _end(book: Book, order: Order) -> None:
    now, twin = book.now(), order.twin if book.bound else None
    order.end(now, "CancelByUser")
    if twin is not None and twin.open:
        twin.end(now, "CancelByUser")


def cancel_all(book: Book, account: Account, fields: Fields) -> dict[str, Any]:
    """POST /v5/order/cancel-all: by symbol, base coin or settlement coin."""
    symbol, base, settle = (fields.text(name) for name in ("symbol", "baseCoin", "settleCoin"))
    if not (symbol or base or settle):
        raise wrong("params error: symbol, baseCoin or settleCoin is required")
    only, stops = fields.text("orderFilter"), fields.text("stopOrderType")
    gone = []
    for order in [each for each in account.orders if each.open and each.visible <= book.now()]:
        instrument = book.instruments[order.symbol]
        of_it = order.symbol == symbol if symbol else instrument.base == base if base else settle == "USDT"
        if of_it and only in ("", order.filter) and (not stops or order.stop_type == stops) and order.open:
            _end(book, order)
            gone.append(_ids(order))
    return {"list": gone, "success": "1"}


def amend(book: Book, account: Account, fields: Fields) -> dict[str, Any]:
    """POST /v5/order/amend: quantity, price, trigger, attached exits.

    Raises:
        Refused: the order keeps what it was.
    """
    order, instrument = _asked(book, account, fields)
    quantity = _new_quantity(fields, order, instrument)
    price = _new_price(fields, order, instrument)
    trigger = _new_trigger(book, fields, order, instrument)
    targets = _new_targets(book, fields, order, instrument, price)
    if (quantity, price, trigger, targets) == (order.quantity, order.price, order.trigger, order.targets):
        raise wrong(_UNCHANGED)
    before, available = (order.quantity, order.price), account.available(book.markets)
    order.quantity, order.price = quantity, price
    if account.available(book.markets) < min(available, ZERO):
        order.quantity, order.price = before
        raise Refused(110007)
    if order.twin is not None and order.twin.waiting:
        order.twin.quantity = quantity
    order.trigger, order.targets, order.updated = trigger, targets, book.now()
    if order.active and order.price is not None:
        matching.enter(book, account, order)
    return _ids(order)


def _new_quantity(fields: Fields, order: Order, instrument: Instrument) -> Decimal:
    asked = fields.number("qty")
    if asked is None or asked == order.quantity:
        return order.quantity
    if order.is_exit and order.mode == "Full":
        raise Refused(110060)
    if asked <= order.filled:
        raise Refused(110064)
    return check_quantity(instrument, asked, at_market=order.kind == "Market")


def _new_price(fields: Fields, order: Order, instrument: Instrument) -> Decimal | None:
    asked = fields.number("price")
    if asked is None or order.price is None:
        return order.price
    return check_price(instrument, asked)


def _new_trigger(book: Book, fields: Fields, order: Order, instrument: Instrument) -> Decimal | None:
    asked = fields.number("triggerPrice")
    if asked is None or asked == order.trigger:
        return order.trigger
    if not order.waiting:
        raise wrong("params error: the order has no trigger that is still waited for")
    check_direction(check_price(instrument, asked, "triggerPrice"), order.direction, book.markets[order.symbol].last)
    return asked


def _new_targets(book: Book, fields: Fields, order: Order, instrument: Instrument, price: Decimal | None) -> dict[Leg, Target]:
    """Attached exits; ``0`` takes one away."""
    if "takeProfit" not in fields and "stopLoss" not in fields:
        return order.targets
    if order.filled:
        raise Refused(110059)
    if order.reduce_only:
        raise wrong("params error: takeProfit and stopLoss cannot be set for a reduceOnly order")
    targets = dict(order.targets)
    for leg, name in legs.NAMES.items():
        asked = fields.number(name)
        if asked == 0:
            targets.pop(leg, None)
        elif asked is not None:
            trigger = check_price(instrument, asked, name)
            targets[leg] = evolve(targets[leg], trigger=trigger) if leg in targets else Target(trigger=trigger)
    legs.check_targets(order.side, targets, price or order.trigger or book.markets[order.symbol].last)
    order.mode = order.mode or "Full"
    return targets


def trading_stop(book: Book, account: Account, fields: Fields) -> dict[str, Any]:
    """POST /v5/position/trading-stop: set, change or take away the exits of a position.

    Raises:
        Refused: 10001 for a position that is empty, 34040 if nothing would change.
    """
    instrument = book.tradable(fields.required("symbol"))
    idx, mode = fields.integer("positionIdx"), fields.choice("tpslMode", ("Full", "Partial"), "Full")
    account.check_idx(instrument.symbol, idx)
    position, market = account.position(instrument.symbol, idx), book.markets[instrument.symbol]
    if position.side is None:
        raise wrong("can not set tp/sl/ts for zero position")
    if "trailingStop" in fields and fields.number("trailingStop"):
        raise wrong("params error: a trailing stop is not simulated")
    targets = legs.read_targets(fields, instrument, mode)
    legs.check_targets(position.side, targets, market.last)
    if mode == "Partial":
        quantity = min(_size(fields, instrument), abs(position.size))
        legs.add_partial(account, position, targets, quantity, market.last, book.now())
    else:
        _set_full(book, account, fields, position, targets)
    return {}


def _set_full(book: Book, account: Account, fields: Fields, position: Position, targets: dict[Leg, Target]) -> None:
    standing = {leg.leg: leg for leg in account.exits(position) if leg.mode == "Full" and leg.waiting}
    taken = [leg for leg in standing.values() if fields.number(legs.NAMES[leg.leg]) == 0]
    if not taken and all(leg in standing and standing[leg].trigger == target.trigger for leg, target in targets.items()):
        raise Refused(34040)
    for leg in taken:
        leg.end(book.now(), "CancelByUser")
    legs.set_full(account, position, targets, book.markets[position.symbol].last, book.now())


def _size(fields: Fields, instrument: Instrument) -> Decimal:
    sizes = {fields.number(name) for name in ("tpSize", "slSize") if name in fields}
    if len(sizes) != 1:
        raise wrong("params error: tpSize and slSize must be given and equal")
    size = sizes.pop()
    if not size or size % instrument.step:
        raise wrong("Qty invalid")
    return size


def set_leverage(book: Book, account: Account, fields: Fields) -> dict[str, Any]:
    """POST /v5/position/set-leverage, the same for both sides."""
    instrument = book.known(fields.required("symbol"))
    buy, sell = fields.number("buyLeverage"), fields.number("sellLeverage")
    if buy is None or buy != sell or not 1 <= buy <= instrument.highest_leverage:
        raise wrong("leverage invalid")
    positions = account.positions(instrument.symbol)
    if all(position.leverage == buy for position in positions):
        raise Refused(110043)
    for position in positions:
        position.leverage = buy
    return {}


def switch_mode(book: Book, account: Account, fields: Fields) -> dict[str, Any]:
    """POST /v5/position/switch-mode: 0 one-way, 3 hedge, by symbol or for all of a coin."""
    hedged = {0: False, 3: True}.get(fields.integer("mode", -1))
    if hedged is None:
        raise wrong("params error: mode invalid")
    symbols = [fields.text("symbol")] if "symbol" in fields else list(book.instruments)
    for symbol in symbols:
        book.known(symbol)
        if any(position.size for position in account.positions(symbol)):
            raise Refused(110024)
        if account.open_orders(symbol):
            raise Refused(110028)
    if all(bool(account.hedged.get(symbol)) is hedged for symbol in symbols):
        raise Refused(110025)
    account.hedged.update(dict.fromkeys(symbols, hedged))
    return {}
