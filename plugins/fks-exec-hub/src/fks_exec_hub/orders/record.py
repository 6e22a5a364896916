# SPDX-License-Identifier: MIT
"""A result becomes durable: outcome, fills and position in one write; then memory, events and whoever waits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Container, Coroutine
from decimal import localcontext
from typing import Any

from attrs import frozen

from fks_exec.convert import from_json
from fks_exec.model.copying import changed
from fks_exec.model.events import OrderChanged, OrderConcluded, OrderFilled
from fks_exec.model.market import Instrument
from fks_exec.model.numbers import ZERO
from fks_exec.model.results import ExecutionResult, Fill, Status

from ..accounts.booking import Booking, book
from ..accounts.desk import Desk
from ..accounts.live import WAITS, Live
from ..accounts.merging import merge
from ..accounts.sharing import Booked, shares
from ..exits.legs import views
from ..journal.protocol import Exists, FillRecord, JournalError, JournalStep, JournalUnavailable, Written
from ..money import EXACT
from .repair import repair
from .steps import outcome_steps, position_step

log: logging.Logger = logging.getLogger(__name__)

PATIENCE = 0.5
"""Seconds that news wait for a repair that is under way, before they are told as not recorded."""

_RESTING = frozenset({Status.ACCEPTED, Status.PARTIALLY_FILLED})
NOTHING_SENT = frozenset({Status.DENIED, Status.NOT_PLACED})
_STAGES = ("guard", "journal", "venue")


@frozen
class _Change:
    """What one piece of news changes.

    Args:
        positions: those that it changes, before and after.
    """

    before: ExecutionResult
    result: ExecutionResult
    booking: Booking
    positions: tuple[Booked, ...] = ()


async def record(desk: Desk, live: Live, news: ExecutionResult) -> None:
    """Make news about an order durable, then tell.

    A result that cannot be written is kept in memory, the account takes and sends nothing meanwhile, and it is written as soon
    as the journal can be. Whoever waits learns at once what was sent; that nothing was sent is told when it is durable.
    """
    await asyncio.shield(desk.commit(await begin(desk, live, news)))


async def begin(desk: Desk, live: Live, news: ExecutionResult) -> Coroutine[Any, Any, None]:
    """News become memory, and take their place on the way to the disk: from the return on, decisions rest on them.

    Returns:
        To be awaited, always: ends when the news are durable and told. Until then other news of the instrument wait.
    """
    instrument = live.instrument
    if instrument is None and (news.fills or news.filled_quantity):
        instrument = await instrument_of(desk, live.lane)
    if desk.repair is not None:
        await asyncio.wait({desk.repair}, timeout=PATIENCE)
    lock = desk.lock(live.lane)
    await lock.acquire()
    try:
        change = _change(desk, live, _but(news, live.foreign) if live.foreign else news, instrument)
        live.watched = live.watched and change.result.status is Status.NOT_PLACED
        steps = _steps(desk, live, change)
        write = None if desk.unwritable else asyncio.ensure_future(desk.journal.write(*steps, term=desk.term))
        settle(desk, live, change)
    except BaseException:
        lock.release()
        raise
    return _commit(desk, live, news, change, write)


async def _commit(
    desk: Desk, live: Live, news: ExecutionResult, change: _Change, write: asyncio.Future[Written] | None
) -> None:
    again: ExecutionResult | None = None
    try:
        if write is None:
            raise JournalUnavailable(desk.unwritable or "the journal could not be written")
        await write
    except Exists as error:
        undo(desk, live, change)
        again = _without(desk, live, news, error)
    except JournalError as error:
        repair(desk, str(error))
        _unrecorded(desk, live, change, str(error))
    else:
        live.stored.update(fill.trade_id for fill in change.booking.fills)
        _let_go(desk, live)
        _tell(desk, live, change, told=change.result)
    finally:
        desk.lock(live.lane).release()
    if again is not None:
        await record(desk, live, again)


def _change(desk: Desk, live: Live, news: ExecutionResult, instrument: Instrument | None) -> _Change:
    with localcontext(EXACT):
        name = live.key.client_order_id
        result = merge(live.result, news if news.client_order_id == name else changed(news, client_order_id=name))
        if live.cancel_wanted and result.status in _RESTING:
            result = changed(result, code=WAITS)
        if live.plan is not None:
            result = _shielded(live, result)
        booking = book(live, result)
        if not booking.fills and not booking.fees:
            return _Change(live.result, result, booking)
        sided = {fill.trade_id: fill for fill in booking.fills}
        kept = [sided.pop(fill.trade_id, fill) for fill in result.fills]
        result = changed(result, fills=(*kept, *sided.values()))
        positions = shares(desk, live, booking.moves, booking.fees, instrument)
        live.shares.update(after.strategy or "" for _, after in positions)
        return _Change(live.result, result, booking, tuple(positions))


def _shielded(live: Live, result: ExecutionResult) -> ExecutionResult:
    """Whether it is protected is told by what the venue was seen to hold, not by what it claims."""
    legs = views(live) if live.legs_apart else result.legs
    return changed(result, legs=legs, protected=live.protected, unprotected_seconds=live.unprotected)


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
        live.stored.add(trade_id)
        live.fills[trade_id] = stored
    else:
        live.foreign.add(trade_id)
        text = f"the venue gave the trade id {trade_id!a} to two orders; the second fill was not booked"
        desk.alarm("DUPLICATE_TRADE", text, live.key.client_order_id)
    return _but(news, {trade_id})


def _but(news: ExecutionResult, trades: Container[str]) -> ExecutionResult:
    """News without some trades."""
    return changed(news, fills=tuple(fill for fill in news.fills if fill.trade_id not in trades))


def _steps(desk: Desk, live: Live, change: _Change) -> list[JournalStep]:
    now = desk.clock.now()
    steps = outcome_steps(live, change.result, change.booking.fills, now)
    steps += [position_step(desk.name, after, now) for _, after in change.positions]
    return steps


def settle(desk: Desk, live: Live, change: _Change) -> None:
    """Memory follows, in one step: result, fills, position, reservation, open questions, names."""
    with localcontext(EXACT):
        for _, after in change.positions:
            desk.book.store(after)
        live.result = change.result
        live.fills.update({fill.trade_id: fill for fill in change.booking.fills})
        live.booked += change.booking.filled
        moved = sum((move.quantity for move in change.booking.moves), ZERO) if live.role else change.booking.filled
        desk.book.fill(live.token, moved)
        _reserve(desk, live, change)
    if change.booking.moves and desk.account is not None and "day_start" in desk.account.needs:
        desk.equity.forget()  # what was lost by this fill counts for the next decision
    desk.question(live, unknown=live.result.status is Status.UNKNOWN)
    desk.add(live)
    desk.changed(live)


def undo(desk: Desk, live: Live, change: _Change) -> None:
    """A write was refused because of a trade that is booked already: memory as before, and then without that trade."""
    with localcontext(EXACT):
        for before, _ in change.positions:
            desk.book.store(before)
        live.result = change.before
        live.booked -= change.booking.filled
        for fill in change.booking.fills:
            live.fills.pop(fill.trade_id, None)
        desk.book.release(live.token)
        if not change.before.status.terminal:
            _hold(desk, live)


def _let_go(desk: Desk, live: Live) -> None:
    """The journal keeps what has ended."""
    if not live.followed and live.key.client_order_id not in desk.unrecorded:
        desk.drop(live)


def _reserve(desk: Desk, live: Live, change: _Change) -> None:
    """What has ended holds nothing; what was thought ended and is not, holds again what it may still fill."""
    before, now = change.before.status, live.result.status
    if now.terminal:
        desk.book.release(live.token)
    elif before.terminal:
        _hold(desk, live)
    if before.terminal and now is not before:
        text = f"the order was {before.value}, and the venue shows it {now.value}"
        desk.alarm("CORRECTION", text, live.key.client_order_id)


def _hold(desk: Desk, live: Live) -> None:
    """What an order may still fill is reserved."""
    if live.order is not None:
        left = max(live.order.quantity - live.done, ZERO)
        live.token = desk.book.hold(live.order, left, reducing=False, role=live.role)


def _unrecorded(desk: Desk, live: Live, change: _Change, why: str) -> None:
    desk.unrecorded[live.key.client_order_id] = live
    desk.add(live)
    desk.alarm("NOT_RECORDED", f"an outcome could not be written to the journal: {why}", live.key.client_order_id)
    if change.result.status not in NOTHING_SENT and change.result.code != "WITHDRAWN":
        desk.in_doubt = True
        text = f"the outcome is {change.result.status.value}, but the journal could not record it yet: {why}"
        _tell(desk, live, change, told=changed(change.result, code="NOT_RECORDED", error=text))


def tell_recorded(desk: Desk, live: Live) -> None:
    """What could not be told before it was durable."""
    live.told = live.result
    if not live.concluded.done():
        _tell(desk, live, _Change(live.result, live.result, Booking()), told=live.result)


def _tell(desk: Desk, live: Live, change: _Change, told: ExecutionResult) -> None:
    live.told = told
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
        took: dict[str, Any] = {f"{stage}_seconds": getattr(live, f"{stage}_seconds") for stage in _STAGES}
        desk.emit(OrderConcluded(**names, **took, result=change.result, order=live.order))
    elif change.result != change.before:
        desk.emit(OrderChanged(**names, result=change.result))
    for fill in change.booking.fills:
        desk.emit(OrderFilled(**names, fill=fill))
