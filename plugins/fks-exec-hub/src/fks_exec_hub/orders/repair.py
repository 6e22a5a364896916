# SPDX-License-Identifier: MIT
"""The one way back after a write that failed: claim, read what is stored, write what is not, go on.

While it is under way the account is ``unwritable``: nothing else writes for it, so nothing is fenced and nothing overtakes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from ..accounts.desk import Desk
from ..accounts.halting import trip
from ..accounts.live import Live
from ..journal.protocol import Exists, FillRecord, Halted, JournalError, JournalStep
from .steps import outcome_steps, position_step

log: logging.Logger = logging.getLogger(__name__)

RETRY = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between tries; the last one repeats."""


def repair(desk: Desk, why: str) -> None:
    """Begin, unless it is under way; from this tick on nothing is accepted and nothing is sent for the account."""
    if not desk.unwritable:
        desk.unwritable = f"the journal cannot be written: {why}"
    if desk.repair is None:
        log.warning("account %s: %s", desk.name, desk.unwritable)
        desk.repair = asyncio.get_running_loop().create_task(_repair(desk))
        desk.spawn(desk.repair)


async def write(desk: Desk, *steps: JournalStep) -> None:
    """Store steps of an account; a write that fails begins the way back.

    Raises:
        Exists, Halted: a condition of the journal.
        JournalError: it is not known to be durable.
    """
    try:
        await desk.journal.write(*steps, term=desk.term)
    except (Exists, Halted):
        raise
    except JournalError as error:
        repair(desk, str(error))
        raise


async def _repair(desk: Desk) -> None:
    try:
        for number in range(10**9):
            try:
                await _try(desk)
            except Exception as error:  # whatever stands in the way: an account that nobody repairs is down until a restart
                known = isinstance(error, JournalError)
                if not known:
                    log.exception("account %s: the journal could not be taken up again", desk.name)
                desk.unwritable = f"the journal cannot be written: {error if known else type(error).__name__}"
                await asyncio.sleep(RETRY[min(number, len(RETRY) - 1)])
            else:
                log.warning("account %s: the journal can be written again", desk.name)
                return
    finally:
        desk.repair = None


async def _try(desk: Desk) -> None:
    desk.term = await desk.journal.claim(desk.name)
    await _adopt(desk)
    desk.halt = await desk.journal.halt(desk.name)
    while desk.unrecorded or desk.in_doubt:
        for live in list(desk.unrecorded.values()):
            live.stored = {fill.trade_id for fill in await desk.journal.fills(live.key)}
        if desk.unrecorded:
            await _write(desk, list(desk.unrecorded.values()))
        elif desk.config.after_fault == "reducing":
            desk.in_doubt = False
            await _latch(desk)
        else:
            desk.in_doubt = False
    desk.unwritable = ""
    for live in [live for live in desk.live.values() if live.cancel_wanted]:
        desk.changed(live)


async def _latch(desk: Desk) -> None:
    try:
        await trip(desk, "JOURNAL_FAULT", "the outcome of an order could not be recorded at once")
    except JournalError:
        desk.in_doubt = True
        raise


async def _adopt(desk: Desk) -> None:
    """What was accepted although its caller was told that this is uncertain: it is the hub's, in its place in the lane.

    An intent may be stored with the accept. What this host has sent it knows, so such an order was not sent.
    """
    for recorded in [*await desk.journal.unresolved(desk.name), *await desk.journal.pending(desk.name)]:
        if recorded.key.client_order_id not in desk.live:
            await desk.adopt(recorded)


async def _write(desk: Desk, lives: Sequence[Live]) -> None:
    """All that is known of these orders, as it is in this tick, in one write; news that come meanwhile are written next."""
    written = {live.key.client_order_id: live.result for live in lives}
    fills = {live.key.client_order_id: set(live.fills) for live in lives}
    try:
        await desk.journal.write(*_steps(desk, lives), term=desk.term)
    except Exists as error:
        if not isinstance(error.recorded, FillRecord):
            raise
        _skip(desk, lives, error.recorded)
        return
    for live in lives:
        name = live.key.client_order_id
        live.stored |= fills[name]
        if live.result is written[name] and set(live.fills) == fills[name]:
            _done(desk, live)


def _steps(desk: Desk, lives: Sequence[Live]) -> list[JournalStep]:
    now = desk.clock.now()
    steps: list[JournalStep] = []
    for live in lives:
        news = [fill for fill in live.fills.values() if fill.trade_id not in live.stored]
        steps += outcome_steps(live, live.result, news, now)
    held = {(live.lane, name) for live in lives for name in (live.shares or {live.instruction.strategy or ""})}
    return [*steps, *(position_step(desk.name, desk.book.position(*place), now) for place in sorted(held))]


def _skip(desk: Desk, lives: Sequence[Live], stored: FillRecord) -> None:
    """A trade id that stands for another order's fill: it is not written a second time."""
    text = f"the venue gave the trade id {stored.trade_id!a} to two orders; look at the positions"
    for live in lives:
        if stored.trade_id in live.fills and live.key != stored.key:
            desk.alarm("DUPLICATE_TRADE", text, live.key.client_order_id)
            live.fills.pop(stored.trade_id)


def _done(desk: Desk, live: Live) -> None:
    del desk.unrecorded[live.key.client_order_id]
    if not live.followed:
        desk.drop(live)
    desk.recorded(live)
