# SPDX-License-Identifier: MIT
"""Fills become position, each once: by trade id, and by cumulative quantity where a venue gives no trades; fees likewise."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from attrs import field, frozen

from fks_exec.model.copying import changed
from fks_exec.model.numbers import ZERO
from fks_exec.model.orders import Order
from fks_exec.model.results import ExecutionResult, Fill

from ..money import rounded
from .live import GAP, Live, is_gap


@frozen
class Booking:
    """What a result adds to what is booked.

    Args:
        fills: to be journalled, each with its side.
        moves: what becomes position; a part of ``fills`` where a cumulative quantity was booked before.
        filled: how much of the order itself is booked by these moves.
        fees: what was paid since, by currency.
    """

    fills: tuple[Fill, ...] = ()
    moves: tuple[Fill, ...] = ()
    filled: Decimal = ZERO
    fees: Mapping[str, Decimal] = field(factory=dict)


def book(live: Live, result: ExecutionResult) -> Booking:
    """What is new in a result (already merged into what is known)."""
    order = live.order
    if order is None:
        return Booking()
    news = [_sided(fill, order) for fill in result.fills if fill.trade_id not in live.fills]
    room = max(result.filled_quantity - live.booked, ZERO)
    if not news and not room and result.fees == live.result.fees:
        return Booking()
    moves: list[Fill] = []
    booked = ZERO
    for fill in news:
        part = fill.quantity if fill.leg else min(fill.quantity, room - booked)
        if not fill.leg:
            booked += part
        if part > 0:
            moves.append(fill if part == fill.quantity else changed(fill, quantity=part))
    if room > booked:
        gap = _gap(live, result, room - booked, order)
        news.append(gap)
        moves.append(gap)
        booked = room
    return Booking(tuple(news), tuple(moves), booked, _fees(live, result, news))


def _fees(live: Live, result: ExecutionResult, news: list[Fill]) -> dict[str, Decimal]:
    """What was paid more than was known: the sum that the venue tells, or that of the trades, whichever is larger."""
    before = _paid(live.result, live.fills)
    after = _paid(result, {**live.fills, **{fill.trade_id: fill for fill in news}})
    return {currency: paid - before.get(currency, ZERO) for currency, paid in after.items() if paid != before.get(currency)}


def _paid(result: ExecutionResult, fills: Mapping[str, Fill]) -> dict[str, Decimal]:
    trades: dict[str, Decimal] = {}
    for fill in fills.values():
        if fill.fee_currency is not None:
            trades[fill.fee_currency] = trades.get(fill.fee_currency, ZERO) + fill.fee
    told = {fee.currency: fee.amount for fee in result.fees}
    return {currency: max(trades.get(currency, ZERO), told.get(currency, ZERO)) for currency in {*trades, *told}}


def _sided(fill: Fill, order: Order) -> Fill:
    if fill.side is not None:
        return fill
    return changed(fill, side=order.side.opposite if fill.leg else order.side)


def _gap(live: Live, result: ExecutionResult, quantity: Decimal, order: Order) -> Fill:
    """A fill for what the venue says was filled without telling the trades; its id says up to where."""
    total = live.booked + quantity
    trade_id = f"{GAP}{live.venue_client_order_id or live.key.client_order_id}:{result.filled_quantity:f}"
    price = result.average_price
    if price is not None and not live.fills and not result.fills:
        return Fill(trade_id=trade_id, quantity=quantity, price=price, side=order.side)
    own = [fill for fill in live.fills.values() if not fill.leg]
    if sum((fill.quantity for fill in own), ZERO) > live.booked:
        own = [fill for fill in own if not is_gap(fill)]
    known = sum((fill.quantity * fill.price for fill in own), ZERO)
    news = sum((f.quantity * f.price for f in result.fills if not f.leg and f.trade_id not in live.fills), ZERO)
    if price is not None and (rest := price * total - known - news) > 0:
        price = rounded(rest / quantity)
    return Fill(trade_id=trade_id, quantity=quantity, price=price or order.price or ZERO, side=order.side)
