# SPDX-License-Identifier: MIT
"""What a venue publishes after the answer is booked, once: fills, states, legs."""

from __future__ import annotations

import asyncio
import logging

from attrs import evolve

from fks_exec.model.events import OrderUpdate
from fks_exec.model.orders import OrderRef
from fks_exec.model.results import ExecutionResult

from ..accounts.desk import Desk
from ..accounts.live import Live
from ..accounts.merging import merge, merge_legs
from ..journal.protocol import Key, Recorded
from ..orders.record import record
from ..orders.restore import revive
from .earlier import correction, earlier_of
from .unmatched import Unmatched

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
        self._updates: asyncio.Queue[tuple[OrderUpdate, bool]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._unmatched = Unmatched(UNMATCHED)
        self._full = False

    def take(self, update: OrderUpdate) -> None:
        """An update came; called on the event loop."""
        self._put(update)

    def changed(self, live: Live) -> None:
        """Memory of an order has changed, so its names at the venue may be known now; a listener of the desk."""
        if self._unmatched:
            self._look_again(live)

    def dropped(self, live: Live) -> None:
        """An order has left memory: what waits for its answer is of the order that the journal knows by its name."""
        self._release(live)
        if self._unmatched:
            self._look_again(live)

    def _put(self, update: OrderUpdate, *, last: bool = False) -> None:
        self._updates.put_nowait((update, last))
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def settle(self) -> None:
        """Wait until what came is handled."""
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=10)

    async def _run(self) -> None:
        while not self._updates.empty():
            update, last = self._updates.get_nowait()
            try:
                await self._handle(update, last)
            except Exception:  # one strange update must not silence the others
                log.exception("account %s: an update of order %s could not be booked", self._desk.name, update.ref)
                self._desk.alarm("UPDATE_FAILED", "an update of the venue could not be booked; see the log")

    async def _handle(self, update: OrderUpdate, last: bool) -> None:
        live = await self.ours(update.ref) or self._desk.find(update.ref)
        if live is None and not last and self._desk.flying:
            self._hold(update)
            return
        if live is None:
            text = f"the venue tells of an order that is not ours ({update.ref.order_id}); it was left alone"
            self._desk.alarm("FOREIGN_ORDER", text)
        elif not live.concluded.done():
            self._after_conclusion(live, update)
        else:
            await self._book(live, update)

    def _hold(self, update: OrderUpdate) -> None:
        """It may be of an order that flies, whose answer, and so the venue's name for it, is still to come."""
        evicted = self._unmatched.put(update, next(reversed(self._desk.flying.values())))
        if evicted is None:
            return
        if not self._full:
            log.warning("account %s: more than %d updates of unknown orders; the oldest give way", self._desk.name, UNMATCHED)
        self._full = True
        self._put(evicted, last=True)

    def _look_again(self, live: Live) -> None:
        """What bears a name of this order, and what can be of none any more, is handled now."""
        for update in self._unmatched.named((live.venue_client_order_id, live.result.order_id)):
            self._put(update)
        for update in self._unmatched.before(next(iter(self._desk.flying.values()), None)):
            self._put(update, last=True)
        self._full = self._full and bool(self._unmatched)

    def _after_conclusion(self, live: Live, update: OrderUpdate) -> None:
        """The venue was faster than its own answer: the answer is recorded first."""
        if not live.waiting:
            live.concluded.add_done_callback(lambda _: self._release(live))
        live.waiting.append(update)

    def _release(self, live: Live) -> None:
        waiting, live.waiting = live.waiting, []
        for update in waiting:
            self._put(update)

    async def ours(self, ref: OrderRef) -> Live | None:
        """An order of ours by any of its names, also one that has ended, here or before a restart.

        A name that only the venue gave, of an order that ended before this host started, is nobody's.

        Raises:
            JournalError: the journal cannot be read.
        """
        live = self._desk.find(ref)
        if live is not None:
            return live
        recorded = await self._recorded(ref)
        if recorded is None or not recorded.attempts:
            return None
        revived = await revive(self._desk, recorded)
        return self._desk.live.get(recorded.key.client_order_id) or revived

    async def _recorded(self, ref: OrderRef) -> Recorded | None:
        desk, name = self._desk, self._desk.ended(ref)
        recorded = await desk.journal.order(Key(desk.name, name)) if name is not None else None
        if recorded is None and ref.venue_client_order_id is not None:
            recorded = await desk.journal.by_venue_id(desk.name, ref.venue_client_order_id)
        return recorded

    async def _book(self, live: Live, update: OrderUpdate) -> None:
        earlier = earlier_of(self._desk, live, update)
        if earlier is not None:
            news = correction(self._desk, live, earlier, update.result)
            if news is not None:
                await record(self._desk, live, news)
            return
        ended = not live.followed
        result = evolve(update.result, client_order_id=live.key.client_order_id)
        if not tells(live, merge(live.result, result)):
            return
        if ended:
            text = f"order {live.key.client_order_id} had ended as {live.result.status.value}, then more came; it was booked"
            self._desk.alarm("LATE_UPDATE", text, live.key.client_order_id)
        await record(self._desk, live, result)


def tells(live: Live, news: ExecutionResult) -> bool:
    """Whether a result says more of an order than is known: a state, a quantity, a name, a trade; other words do not count."""
    known = live.result
    return (
        news.status is not known.status
        or news.filled_quantity != known.filled_quantity
        or (news.average_price is not None and news.average_price != known.average_price)
        or (news.order_id is not None and news.order_id != known.order_id)
        or merge_legs(known.legs, news.legs) != known.legs
        or (bool(news.fees) and news.fees != known.fees)
        or (news.protected is not None and news.protected is not known.protected)
        or any(fill.trade_id not in live.fills for fill in news.fills)
    )
