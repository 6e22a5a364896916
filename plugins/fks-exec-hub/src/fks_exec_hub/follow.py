# SPDX-License-Identifier: MIT
"""What a venue publishes after the answer is booked, once: fills, states, legs."""

from __future__ import annotations

import asyncio
import logging

from attrs import evolve

from fks_exec.model.events import OrderUpdate

from .desk import Desk
from .journal.protocol import JournalError, Key
from .live import Live, merge
from .record import record
from .restore import revive

log: logging.Logger = logging.getLogger(__name__)

UNMATCHED = 1_000
"""So many updates of orders that are not known yet are held."""


class Follower:
    """Handles the updates of one account, one at a time, in the order in which they came.

    Args:
        desk: the account at work.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._updates: asyncio.Queue[OrderUpdate] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._unmatched: list[OrderUpdate] = []

    def take(self, update: OrderUpdate) -> None:
        """An update came; called on the event loop."""
        self._updates.put_nowait(update)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def settle(self) -> None:
        """Wait until what came is handled."""
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=10)

    async def _run(self) -> None:
        while not self._updates.empty():
            update = self._updates.get_nowait()
            try:
                await self._handle(update)
            except Exception:  # one strange update must not silence the others
                log.exception("account %s: an update of order %s could not be booked", self._desk.name, update.ref)
                self._desk.alarm("UPDATE_FAILED", "an update of the venue could not be booked; see the log")

    async def _handle(self, update: OrderUpdate) -> None:
        live = self._desk.find(update.ref) or await self._from_journal(update)
        if live is None and self._hold(update):
            return
        if live is None:
            text = f"the venue tells of an order that is not ours ({update.ref.order_id}); it was left alone"
            self._desk.alarm("FOREIGN_ORDER", text)
        elif not live.concluded.done():
            self._after_conclusion(live, update)
        else:
            await self._book(live, update)

    def _hold(self, update: OrderUpdate) -> bool:
        """It may be of an order whose answer, and so the venue's name for it, is still to come: it is looked at again then."""
        waiting = [live for live in self._desk.live.values() if live.submitted_at and not live.concluded.done()]
        if not waiting or len(self._unmatched) >= UNMATCHED:
            return False
        self._unmatched.append(update)
        for live in waiting:
            live.concluded.add_done_callback(self._look_again)
        return True

    def _look_again(self, _: object) -> None:
        unmatched, self._unmatched = self._unmatched, []
        for update in unmatched:
            self.take(update)

    def _after_conclusion(self, live: Live, update: OrderUpdate) -> None:
        """The venue was faster than its own answer: the answer is recorded first."""
        if not live.waiting:
            live.concluded.add_done_callback(lambda _: self._release(live))
        live.waiting.append(update)

    def _release(self, live: Live) -> None:
        waiting, live.waiting = live.waiting, []
        for update in waiting:
            self.take(update)

    async def _from_journal(self, update: OrderUpdate) -> Live | None:
        """An order that had ended: a late fill is a correction."""
        name = self._desk.ended(update.ref)
        if name is None:
            return None
        try:
            recorded = await self._desk.journal.order(Key(self._desk.name, name))
        except JournalError:
            log.exception("account %s: the journal cannot be read", self._desk.name)
            return None
        if recorded is None or not recorded.attempts:
            return None
        live = await revive(self._desk, recorded)
        return self._desk.live.get(name) or live

    async def _book(self, live: Live, update: OrderUpdate) -> None:
        ended = not live.followed
        result = evolve(update.result, client_order_id=live.key.client_order_id)
        if merge(live.result, result) == live.result and all(f.trade_id in live.fills for f in result.fills):
            return
        if ended:
            text = f"order {live.key.client_order_id} had ended as {live.result.status.value}, then more came; it was booked"
            self._desk.alarm("LATE_UPDATE", text, live.key.client_order_id)
        await record(self._desk, live, result)
