# SPDX-License-Identifier: MIT
"""A result becomes durable: outcome, fills and position in one write; then memory, events and whoever waits."""

from __future__ import annotations

import asyncio
import logging
from decimal import localcontext
from typing import Any

from attrs import frozen

from fks_exec.convert import from_json
from fks_exec.model.account import Position
from fks_exec.model.copying import changed
from fks_exec.model.events import OrderChanged, OrderConcluded, OrderFilled
from fks_exec.model.market import Instrument
from fks_exec.model.numbers import ZERO
from fks_exec.model.results import ExecutionResult, Fill, Status

from .book import after
from .booking import Booking, book
from .desk import Desk
from .journal.protocol import Exists, FillRecord, JournalError, JournalStep
from .live import Live, merge
from .money import EXACT
from .repair import repair
from .steps import outcome_steps, position_step

log: logging.Logger = logging.getLogger(__name__)

PATIENCE = 0.5
"""Seconds that news wait for a repair that is under way, before they are told as not recorded."""

NOTHING_SENT = frozenset({Status.DENIED, Status.NOT_PLACED})


@frozen
class _Change:
    """What one piece of news changes."""

    before: ExecutionResult
    result: ExecutionResult
    booking: Booking
    position: Position | None


async def record(desk: Desk, live: Live, news: ExecutionResult) -> None:
    """Make news about an order durable, then tell.

    A result that cannot be written is kept in memory, the account takes and sends nothing meanwhile, and it is written as soon
    as the journal can be. Whoever waits learns at once what was sent; that nothing was sent is told when it is durable.
    """
    instrument = live.instrument
    if instrument is None and (news.fills or news.filled_quantity):
        instrument = await instrument_of(desk, live.lane)
    if desk.repair is not None:
        await asyncio.wait({desk.repair}, timeout=PATIENCE)
    async with desk.lock(live.lane):
        change = _change(desk, live, news, instrument)
        if desk.unwritable:
            _unrecorded(desk, live, change, desk.unwritable)
            return
        try:
            await desk.journal.write(*_steps(desk, live, change), term=desk.term)
        except Exists as error:
            again: ExecutionResult | None = _without(desk, live, news, error)
        except JournalError as error:
            repair(desk, str(error))
            _unrecorded(desk, live, change, str(error))
            return
        else:
            again = None
            live.stored.update(fill.trade_id for fill in change.booking.fills)
            settle(desk, live, change)
            _tell(desk, live, change, told=change.result)
    if again is not None:
        await record(desk, live, again)


def _change(desk: Desk, live: Live, news: ExecutionResult, instrument: Instrument | None) -> _Change:
    with localcontext(EXACT):
        name = live.key.client_order_id
        result = merge(live.result, news if news.client_order_id == name else changed(news, client_order_id=name))
        booking = book(live, result)
        if not booking.fills and not booking.fees:
            return _Change(live.result, result, booking, None)
        sided = {fill.trade_id: fill for fill in booking.fills}
        kept = [sided.pop(fill.trade_id, fill) for fill in result.fills]
        result = changed(result, fills=(*kept, *sided.values()))
        held = desk.book.position(live.lane, live.instruction.strategy)
        position = after(held, booking.moves, booking.fees, instrument)
        return _Change(live.result, result, booking, position)


async def instrument_of(desk: Desk, symbol: str) -> Instrument | None:
    """The rules of an instrument, where they can be had."""
    if desk.account is None:
        return None
    try:
        return await desk.account.fetch_instrument(symbol)
    except Exception as error:  # booking goes on without the instrument's currencies
        log.warning("account %s: no instrument %s: %s", desk.name, symbol, type(error).__name__)
        return None


def _without(desk: Desk, live: Live, news: ExecutionResult, error: Exists) -> ExecutionResult:
    """News without a trade that is booked already."""
    if not isinstance(error.recorded, FillRecord):
        raise error
    trade_id, stored = error.recorded.trade_id, from_json(Fill, error.recorded.fill)
    if error.recorded.key == live.key:
        live.booked += ZERO if stored.leg else stored.quantity
    else:
        text = f"the venue gave the trade id {trade_id!a} to two orders; the second fill was not booked"
        desk.alarm("DUPLICATE_TRADE", text, live.key.client_order_id)
    live.stored.add(trade_id)
    live.fills[trade_id] = stored
    return changed(news, fills=tuple(fill for fill in news.fills if fill.trade_id != trade_id))


def _steps(desk: Desk, live: Live, change: _Change) -> list[JournalStep]:
    now = desk.clock.now()
    steps = outcome_steps(live, change.result, change.booking.fills, now)
    if change.position is not None:
        steps.append(position_step(desk.name, change.position, now))
    return steps


def settle(desk: Desk, live: Live, change: _Change) -> None:
    """Memory follows, in one step: result, fills, position, reservation, open questions, names."""
    with localcontext(EXACT):
        if change.position is not None:
            desk.book.store(change.position)
        live.result = change.result
        live.fills.update({fill.trade_id: fill for fill in change.booking.fills})
        live.booked += change.booking.filled
        desk.book.fill(live.token, change.booking.filled)
        _reserve(desk, live, change)
    desk.question(live, unknown=live.result.status is Status.UNKNOWN)
    if live.followed or desk.unrecorded.get(live.key.client_order_id) is live:
        desk.add(live)
    else:
        desk.drop(live)


def _reserve(desk: Desk, live: Live, change: _Change) -> None:
    """What has ended holds nothing; what was thought ended and is not, holds again what it may still fill."""
    if live.result.status.terminal:
        desk.book.release(live.token)
    elif change.before.status.terminal and live.order is not None:
        left = max(live.order.quantity - live.booked, ZERO)
        live.token = desk.book.reserve(live.lane, live.order.side, left, reducing=False)
        text = f"the order was {change.before.status.value}, and the venue shows it {live.result.status.value}"
        desk.alarm("CORRECTION", text, live.key.client_order_id)


def _unrecorded(desk: Desk, live: Live, change: _Change, why: str) -> None:
    desk.unrecorded[live.key.client_order_id] = live
    settle(desk, live, change)
    desk.alarm("NOT_RECORDED", f"an outcome could not be written to the journal: {why}", live.key.client_order_id)
    if change.result.status not in NOTHING_SENT:
        text = f"the outcome is {change.result.status.value}, but the journal could not record it yet: {why}"
        _tell(desk, live, change, told=changed(change.result, code="NOT_RECORDED", error=text))


def tell_recorded(desk: Desk, live: Live) -> None:
    """What could not be told before it was durable."""
    if not live.concluded.done():
        _tell(desk, live, _Change(live.result, live.result, Booking(), None), told=live.result)


def _tell(desk: Desk, live: Live, change: _Change, told: ExecutionResult) -> None:
    first = not live.concluded.done()
    if first:
        live.concluded.set_result(told)
    if not desk.observers:
        return
    names: dict[str, Any] = {
        "account": desk.name,
        "time": desk.clock.now(),
        "client_order_id": live.key.client_order_id,
        "symbol": live.lane,
    }
    if first:
        desk.emit(OrderConcluded(**names, result=change.result, order=live.order))
    elif change.result != change.before:
        desk.emit(OrderChanged(**names, result=change.result))
    for fill in change.booking.fills:
        desk.emit(OrderFilled(**names, fill=fill))
