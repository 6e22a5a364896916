# SPDX-License-Identifier: MIT
"""What is demanded of an order's numbers: quantity, price and trades agree, and none has been through a float."""

from __future__ import annotations

from ...model.numbers import ZERO
from ...model.results import ExecutionResult, Fill, Status
from .desk import Desk, Sent, told

_DIGITS = 30
"""A number that went through a float has about fifty; no venue has more than this."""

_DAY = 86_400_000


async def check_filled(desk: Desk, sent: Sent) -> None:
    """All of an order is filled, at a price of this market."""
    result, quantity = sent.result, sent.order.quantity
    assert result.status is Status.FILLED, told(sent)
    text = f"{told(sent)} with filled_quantity {result.filled_quantity}; all of it is {quantity}"
    assert result.filled_quantity == quantity, text
    assert result.average_price, f"{told(sent)} without an average_price, in quote currency"
    now = await desk.price(sent.order.side)
    text = f"{told(sent)} at {result.average_price}, and the market is at {now}; average_price is per unit, in quote currency"
    assert now / 2 < result.average_price < now * 2, text
    check_trades(desk, sent, result)


def check_trades(desk: Desk, sent: Sent, result: ExecutionResult) -> None:
    """The trades of an order's state are its own, each there once, and come to its quantity and price."""
    fills = [fill for fill in result.fills if not fill.leg]
    ids = [fill.trade_id for fill in fills]
    assert all(ids), f"{told(sent)} with a fill that has no trade_id; it is what a fill is booked by, once"
    assert len(set(ids)) == len(ids), f"{told(sent)} with the trade ids {ids}; each trade has its own, and is told once"
    numbers = [result.filled_quantity, result.average_price or ZERO]
    for number in (*numbers, *(n for fill in fills for n in (fill.quantity, fill.price, fill.fee))):
        text = f"{told(sent)} with the number {number}, which went through a float; read Decimal from the venue's text"
        assert len(number.as_tuple().digits) <= _DIGITS, text
    for fill in fills:
        _check_fill(desk, sent, fill)
    if fills:
        _check_sums(sent, result, fills)


def _check_fill(desk: Desk, sent: Sent, fill: Fill) -> None:
    text = f"{told(sent)} with a fill of the side {fill.side}; it is the order's own, or None"
    assert fill.side in (None, sent.order.side), text
    now = desk.account.clock.now()
    text = f"{told(sent)} with a fill at the time {fill.timestamp}; it is now {now}, in epoch milliseconds"
    assert fill.timestamp is None or abs(fill.timestamp - now) < _DAY, text


def _check_sums(sent: Sent, result: ExecutionResult, fills: list[Fill]) -> None:
    quantity = sum((fill.quantity for fill in fills), ZERO)
    text = f"{told(sent)} with fills of {quantity} in all; filled_quantity says {result.filled_quantity}"
    assert quantity == result.filled_quantity, text
    paid = sum((fill.quantity * fill.price for fill in fills), ZERO) / quantity
    average = result.average_price or ZERO
    text = f"{told(sent)} with the average_price {average}; its fills come to {paid}, without the fees"
    assert abs(paid - average) * 1_000_000 <= paid, text


def check_price(sent: Sent, result: ExecutionResult) -> None:
    """What was paid is the order's limit or better."""
    average, limit = result.average_price, sent.order.price
    assert average is not None, f"{told(sent)} without an average_price"
    assert limit is not None
    assert sent.order.side.sign * (limit - average) >= 0, f"{told(sent)}, and filled at {average}: worse than its limit"


def check_order_of_news(desk: Desk, sent: Sent) -> None:
    """What was pushed of an order only goes forward."""
    filled, ended = ZERO, False
    for update in (update for update in desk.heard(sent) if not update.leg):
        now = update.result
        assert now.filled_quantity >= filled, f"pushes of {told(sent)} went from {filled} filled back to {now.filled_quantity}"
        assert now.status.terminal or not ended, f"pushes of {told(sent)} went on to {now.status} after it had ended"
        filled, ended = now.filled_quantity, now.status.terminal
