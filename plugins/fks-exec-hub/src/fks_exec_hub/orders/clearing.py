# SPDX-License-Identifier: MIT
"""Before a close is sent, the entries of its scope are out of the way: those that rest are cancelled, queued ones marked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from fks_exec.model.orders import ClosePosition
from fks_exec.model.results import Status

from ..accounts.desk import Desk
from ..accounts.live import Live
from ..exits.family import LEGS
from ..journal.protocol import JournalError, JournalStep, NamedStep
from .scope import CLOSERS, Scope, closes

log: logging.Logger = logging.getLogger(__name__)

SUPERSEDED = "superseded"
"""The named step of an order that was to open something after its exit: the id of a close that came after it."""

_OPEN = frozenset({Status.ACCEPTED, Status.PARTIALLY_FILLED})
_UNKNOWN = frozenset({Status.PENDING, Status.UNKNOWN})


def resting_entries(desk: Desk, live: Live, scope: Scope) -> list[Live]:
    """The entries of a close's scope that the venue has and that are to go."""
    if _keeps(live):
        return []
    return [other for other in _entries(desk, live, scope) if other.result.status in _OPEN]


def _keeps(live: Live) -> bool:
    return isinstance(live.instruction, ClosePosition) and live.instruction.keep_entries


def going(live: Live) -> bool:
    """Whether a cancel of an order is on its way."""
    return live.act.locked() or live.cancel_wanted


def _entries(desk: Desk, live: Live, scope: Scope) -> list[Live]:
    return [
        other
        for other in desk.in_lane(live.lane)
        if other.submitted_at is not None
        and not other.reducing
        and other.role not in LEGS | CLOSERS
        and other is not live
        and scope.has(other)
    ]


async def clear(desk: Desk, live: Live, scope: Scope) -> None:
    """Have the entries of a scope cancelled, once; wait for those that rest, at most the account's deadline.

    One of unknown fate is cancelled as soon as it is known to rest.
    """
    if live.swept or _keeps(live):
        return
    live.swept = True
    found = _entries(desk, live, scope)
    for other in found:
        if other.result.status in _UNKNOWN:
            _cancel(desk, other)
    resting = [_cancel(desk, other) for other in found if other.result.status in _OPEN]
    if resting:
        await asyncio.wait(resting, timeout=desk.config.deadline)


def _cancel(desk: Desk, live: Live) -> asyncio.Task[None]:
    task = asyncio.get_running_loop().create_task(_cancelled(desk, live))
    desk.spawn(task)
    return task


async def _cancelled(desk: Desk, live: Live) -> None:
    try:
        await desk.cancel(live)
    except Exception as error:  # the exit is sent all the same; what is left is told when it is done
        log.warning("account %s: %s could not be cancelled: %s", desk.name, live.key.client_order_id, error)
    desk.changed(live)  # whoever waits for its end learns that nobody cancels it any more


def supersede(desk: Desk, live: Live, queued: Iterable[Live]) -> list[JournalStep]:
    """A close takes its place: the entries of its scope that wait before it are not sent any more.

    Returns:
        What has to be stored with it: that what is closing already, and was to open something after that, opens nothing.
    """
    scope = closes(live.instruction)
    if scope is None:
        return []
    steps: list[JournalStep] = []
    for other in _before(desk, live, queued):
        if closes(other.instruction) is None and other.role not in CLOSERS and scope.has(other) and not other.superseded:
            other.superseded = live.key.client_order_id
            if other.target is not None and other.target.entry:
                data = live.key.client_order_id
                steps.append(NamedStep(key=other.key, name=SUPERSEDED, data=data, time=desk.clock.now()))
    return steps


def restore_queued(desk: Desk, live: Live, queued: Iterable[Live]) -> None:
    """The close was not accepted: what waited before it is as it was."""
    if closes(live.instruction) is None:
        return
    for other in _before(desk, live, queued):
        if other.superseded == live.key.client_order_id:
            other.superseded = ""


def _before(desk: Desk, live: Live, queued: Iterable[Live]) -> list[Live]:
    """What waits in a lane, and what has left it and stands for more."""
    standing = [other for other in desk.in_lane(live.lane) if other.target is not None and other.standing]
    return [other for other in (*queued, *standing) if other is not live]


async def accepted(desk: Desk, close: str) -> None:
    """Wait until it is known whether a close was accepted."""
    live = desk.live.get(close)
    if live is not None and live.write is not None and not live.write.done():
        try:
            await asyncio.shield(live.write)
        except JournalError:
            return
