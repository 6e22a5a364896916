# SPDX-License-Identifier: MIT
"""How orders fill: at the other side's price as they come, at their own when the market comes to them, at their trigger."""

from __future__ import annotations

from decimal import Decimal

from . import legs
from .account import Account
from .book import Book
from .orders import ZERO, Execution, Order
from .rules import MAKER, TAKER


def enter(book: Book, account: Account, order: Order) -> None:
    """A new order, or one whose trigger was reached, meets the market."""
    market = book.markets[order.symbol]
    if order.manner == "rest":
        return
    price, size = market.taken(order.side)
    crossing = order.price is None or market.crossed(order.side, order.price)
    if crossing and order.time_in_force == "PostOnly":
        order.end(book.now(), reason="EC_PostOnlyWillTakeLiquidity")
    elif order.manner == "partial":
        fill(book, account, order, _half(book, order), price if crossing else order.price or price, maker=not crossing)
    else:
        _take(book, account, order, price, size if crossing else ZERO)
    watch(book, order.symbol)


def _half(book: Book, order: Order) -> Decimal:
    step = book.instruments[order.symbol].step
    return max(step, order.quantity / 2 // step * step)


def _take(book: Book, account: Account, order: Order, price: Decimal, size: Decimal) -> None:
    """Take what is displayed; what is left of an order that does not rest is cancelled."""
    at_once = order.price is None or order.time_in_force in ("IOC", "FOK")
    if order.time_in_force == "FOK" and size < order.leaves:
        order.end(book.now(), reason="EC_CancelForNoFullFill")
        return
    if size:
        fill(book, account, order, min(order.leaves, size), price, maker=False)
    if order.open and at_once:
        order.end(book.now(), reason="EC_NoImmediateQtyToFill")


def fill(book: Book, account: Account, order: Order, quantity: Decimal, price: Decimal, *, maker: bool) -> None:
    """One fill: money, position, exits.

    Args:
        quantity: coins, at most what the order has left.
        price: USDT.
    """
    now, rate = book.now(), MAKER if maker else TAKER
    position, fee = account.position(order.symbol, order.position_idx), quantity * price * rate
    flat = not position.size
    closed, result = position.take(order.side, quantity, price)
    position.book(result - fee, opened=flat)
    account.usdt += result - fee
    account.realised += result - fee
    order.filled, order.value, order.fee = order.filled + quantity, order.value + quantity * price, order.fee + fee
    order.status, order.updated = ("Filled" if order.filled == order.quantity else "PartiallyFilled"), now
    position.seq, position.updated = book.next_seq(), now
    position.created = position.created or now
    account.executions.append(
        Execution(
            order=order,
            quantity=quantity,
            price=price,
            fee=fee,
            maker=maker,
            rate=rate,
            closed=closed,
            leaves=order.leaves,
            time=now,
            seq=position.seq,
        )
    )
    legs.follow(account, position, now)  # before: what is attached may belong to a position of the other side
    legs.attach(account, order, quantity, book.markets[order.symbol].last, now)


def set_off(book: Book, account: Account, order: Order) -> None:
    """A trigger was reached: the other exit of the pair goes, and the order meets the market."""
    now = book.now()
    legs.drop_twin(order, now)
    order.status, order.updated = "New", now  # "Triggered" is an instant that nobody sees
    if order.reduce_only:
        legs.cut(order, account.reducing(order.symbol, order.position_idx, order.side), now)
    elif account.available(book.markets) < 0:
        order.end(now, reason="EC_Others")
    if order.active:
        enter(book, account, order)


def watch(book: Book, symbol: str, *, moved: bool = False) -> None:
    """Set off whatever has its trigger reached, oldest first, until nothing more has."""
    market = book.markets[symbol]
    for account in book.accounts.values():
        for order in account.open_orders(symbol):
            if order.waiting and order.trigger is not None and market.reached(order.trigger, order.direction, moved=moved):
                set_off(book, account, order)


def move(book: Book, symbol: str, bid: Decimal, ask: Decimal) -> None:
    """The market moves; orders that rest fill at their own price, up to what is displayed, and triggers are watched."""
    market = book.markets[symbol]
    market.move(bid, ask)
    for account in book.accounts.values():
        for order in account.open_orders(symbol):
            if order.active and not order.manner and order.price is not None and market.crossed(order.side, order.price):
                size = market.taken(order.side)[1]
                fill(book, account, order, min(order.leaves, size), order.price, maker=True)
    watch(book, symbol, moved=True)


def fill_now(book: Book, account: Account, order: Order, quantity: Decimal | None) -> None:
    """Fill an order that rests, whatever the market says; one that waits for its trigger is set off first.

    Raises:
        ValueError: it has less left.
    """
    if order.waiting:
        order.manner = "rest"
        set_off(book, account, order)
    amount = order.leaves if quantity is None else quantity
    if not ZERO < amount <= order.leaves:
        raise ValueError(f"order {order.order_id} has {order.leaves} left, not {amount}")
    price = book.markets[order.symbol].taken(order.side)[0] if order.price is None else order.price
    fill(book, account, order, amount, price, maker=order.price is not None)
    watch(book, order.symbol)
