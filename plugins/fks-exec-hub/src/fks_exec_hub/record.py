# SPDX-License-Identifier: MIT
"""A result becomes durable: outcome, fills and position in one write; then memory, events and whoever waits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from attrs import frozen

from fks_exec.convert import to_json
from fks_exec.model.account import Position
from fks_exec.model.copying import changed
from fks_exec.model.events import OrderChanged, OrderConcluded, OrderFilled
from fks_exec.model.market import Instrument
from fks_exec.model.results import ExecutionResult, Fill, Status

from .booking import Booking, book
from .desk import Desk
from .journal.protocol import Exists, FillRecord, FillStep, JournalError, JournalStep, Outcome, PositionStep
from .live import Live, merge, needs_following

log: logging.Logger = logging.getLogger(__name__)

RETRY = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between tries to write what could not be written; the last one repeats."""


@frozen
class _Change:
    """What one piece of news changes."""

    before: ExecutionResult
    result: ExecutionResult
    booking: Booking


async def record(desk: Desk, live: Live, news: ExecutionResult) -> None:
    """Make news about an order durable, then tell.

    A result that cannot be written is kept in memory, the account refuses orders meanwhile, whoever waits learns that the
    order was sent, and writing is tried again.
    """
    instrument = await instrument_of(desk, live.lane) if news.fills or news.filled_quantity else None
    change = _change(live, news)
    _move(desk, live, change.booking.moves, instrument)
    try:
        await desk.journal.write(*_steps(desk, live, change), term=desk.term)
    except Exists as error:
        _move(desk, live, [_reversed(fill) for fill in change.booking.moves], instrument)
        await record(desk, live, _without(desk, live, news, error))
    except JournalError as error:
        _settle(desk, live, change)
        _keep(desk, live, change.result, error)
        _tell(desk, live, change, told=_not_recorded(change.result, error))
    else:
        _settle(desk, live, change)
        _tell(desk, live, change, told=change.result)


def _change(live: Live, news: ExecutionResult) -> _Change:
    name = live.key.client_order_id
    result = merge(live.result, news if news.client_order_id == name else changed(news, client_order_id=name))
    booking = book(live, result)
    if not booking.fills:
        return _Change(live.result, result, booking)
    sided = {fill.trade_id: fill for fill in booking.fills}
    kept = [sided.get(fill.trade_id, fill) for fill in result.fills]
    added = [fill for fill in booking.fills if fill.trade_id not in {f.trade_id for f in result.fills}]
    return _Change(live.result, changed(result, fills=(*kept, *added)), booking)


async def instrument_of(desk: Desk, symbol: str) -> Instrument | None:
    """The rules of an instrument, where they can be had."""
    if desk.account is None:
        return None
    try:
        return await desk.account.fetch_instrument(symbol)
    except Exception as error:  # booking goes on without the instrument's currencies
        log.warning("account %s: no instrument %s: %s", desk.name, symbol, type(error).__name__)
        return None


def _move(desk: Desk, live: Live, moves: Sequence[Fill], instrument: Instrument | None) -> None:
    """In the same tick as the write: positions follow each other in the order of the journal."""
    if moves:
        desk.book.store(desk.book.moved(live.lane, live.instruction.strategy, moves, instrument))


def _reversed(fill: Fill) -> Fill:
    return changed(fill, side=fill.side.opposite if fill.side else None, fee=-fill.fee)


def _without(desk: Desk, live: Live, news: ExecutionResult, error: Exists) -> ExecutionResult:
    """News without a trade that is booked already."""
    if not isinstance(error.recorded, FillRecord):
        raise error
    trade_id = error.recorded.trade_id
    if error.recorded.key != live.key:
        text = f"the venue gave the trade id {trade_id!a} to two orders; the second fill was not booked"
        desk.alarm("DUPLICATE_TRADE", text, live.key.client_order_id)
    live.fills[trade_id] = next(fill for fill in news.fills if fill.trade_id == trade_id)
    return changed(news, fills=tuple(fill for fill in news.fills if fill.trade_id != trade_id))


def _steps(desk: Desk, live: Live, change: _Change) -> list[JournalStep]:
    now = desk.clock.now()
    outcome = Outcome(
        key=live.key,
        attempt=live.attempt,
        status=change.result.status.value,
        terminal=not needs_following(change.result),
        result=to_json(change.result),
        time=now,
    )
    fills = [
        FillStep(key=live.key, trade_id=fill.trade_id, leg=fill.leg, fill=to_json(fill), time=now)
        for fill in change.booking.fills
    ]
    if not change.booking.moves:
        return [outcome, *fills]
    return [outcome, *fills, position_step(desk.name, desk.book.position(live.lane, live.instruction.strategy), now)]


def position_step(account: str, position: Position, now: int) -> PositionStep:
    """A position as the journal keeps it."""
    return PositionStep(
        account=account,
        lane=position.symbol,
        strategy=position.strategy or "",
        position=to_json(position) if position.quantity else "",
        time=now,
    )


def _settle(desk: Desk, live: Live, change: _Change) -> None:
    live.result = change.result
    live.fills.update({fill.trade_id: fill for fill in change.booking.fills})
    live.booked += change.booking.filled
    desk.book.fill(live.token, change.booking.filled)
    if live.result.status.terminal:
        desk.book.release(live.token)
    desk.question(live, unknown=live.result.status is Status.UNKNOWN)
    if live.followed:
        desk.name_order(live)
    else:
        desk.drop(live)


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


def _not_recorded(result: ExecutionResult, error: JournalError) -> ExecutionResult:
    text = f"the outcome is {result.status.value}, but the journal could not record it yet: {error}"
    return changed(result, code="NOT_RECORDED", error=text)


def _keep(desk: Desk, live: Live, result: ExecutionResult, error: JournalError) -> None:
    """Nothing further is sent for this account until what happened is written."""
    desk.fault = f"an outcome could not be written to the journal: {error}"
    log.error("account %s: %s", desk.name, desk.fault)
    desk.alarm("NOT_RECORDED", desk.fault, live.key.client_order_id)
    desk.spawn(asyncio.create_task(_write_later(desk, live)))


async def _write_later(desk: Desk, live: Live) -> None:
    """Write everything that is known of the order, as it is then, until it is stored."""
    for number in range(10**9):
        await asyncio.sleep(RETRY[min(number, len(RETRY) - 1)])
        try:
            desk.term = await desk.journal.claim(desk.name)
            stored = {fill.trade_id for fill in await desk.journal.fills(live.key)}
            fills = tuple(fill for fill in live.fills.values() if fill.trade_id not in stored)
            change = _Change(live.result, live.result, Booking(fills=fills, moves=fills))
            await desk.journal.write(*_steps(desk, live, change), term=desk.term)
        except JournalError as error:
            desk.fault = f"an outcome could not be written to the journal: {error}"
        else:
            break
    if len(desk.tasks) == 1:
        desk.fault = ""
