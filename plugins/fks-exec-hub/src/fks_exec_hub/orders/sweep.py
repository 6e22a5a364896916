# SPDX-License-Identifier: MIT
"""An account is halted: its working entries are cancelled, confirmed, and what is still missing is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from fks_exec.errors import FksExecError
from fks_exec.model.copying import changed
from fks_exec.model.results import Status

from ..accounts.desk import Desk
from ..accounts.halting import HaltAnswer, HaltedOrder, halt, is_entry, kept_legs
from ..accounts.live import WAITS, Live
from ..journal.protocol import HaltState, JournalError, NamedStep
from .cancel import Canceller
from .record import record
from .repair import repair, write
from .steps import CANCEL, WANTED

log: logging.Logger = logging.getLogger(__name__)

PATIENCE = 15.0
"""Seconds after which an answer lists what is not confirmed yet; the cancels go on."""

AT_ONCE = 8
"""So many cancels of one account are under way at the same time."""

AGAIN = (5.0, 15.0, 60.0)
"""Seconds after which a cancel that was not confirmed is tried again while the account is halted."""

_OPEN = frozenset({Status.ACCEPTED, Status.PARTIALLY_FILLED})


class Sweeper:
    """Halts one account with all that belongs to it.

    Args:
        desk: the account at work.
        canceller: cancels its orders.
    """

    def __init__(self, desk: Desk, canceller: Canceller) -> None:
        self._desk = desk
        self._canceller = canceller
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def halt(self, state: HaltState, because: str, cancel_entries: bool | None) -> HaltAnswer:
        """Set the state, then cancel what was working; see ``ExecutionHub.halt``.

        Raises:
            JournalError: the state is not durable.
        """
        desk = self._desk
        try:
            before = await halt(desk, state, because)
        except JournalError as error:
            repair(desk, str(error))
            raise
        if state is HaltState.ACTIVE:
            return HaltAnswer(states={desk.name: state})
        cancels = desk.config.cancel_on_halt if cancel_entries is None else cancel_entries
        reasons = await self._sweep(before) if cancels else {}
        ended = [live for live in reasons if live.result.status.terminal]
        return HaltAnswer(
            states={desk.name: state},
            cancelled=tuple(self._told(live) for live in ended),
            unconfirmed=tuple(self._told(live, why) for live, why in reasons.items() if not live.result.status.terminal),
            before=(
                *(self._told(live) for live in before if not live.result.status.terminal),
                *(leg for live in desk.live.values() for leg in kept_legs(live.key, live.result)),
            ),
        )

    def tripped(self, before: list[Live]) -> None:
        """A fault has halted the account; the cancels go on by themselves."""
        if self._desk.config.cancel_on_halt:
            self._desk.spawn(asyncio.get_running_loop().create_task(self._after_trip(before)))

    async def _after_trip(self, before: list[Live]) -> None:
        while (under_way := self._desk.repair) is not None:  # the journal's fault tripped it
            await asyncio.wait({under_way})
        reasons = await self._sweep(before)
        ended = [live.key.client_order_id for live in reasons if live.result.status.terminal]
        log.warning(
            "account %s: of %d working entries %d have ended: %s", self._desk.name, len(reasons), len(ended), ended[:20]
        )

    async def _sweep(self, before: Iterable[Live]) -> dict[Live, str]:
        """Cancel the entries of these; each with the reason why that is not confirmed."""
        entries = [live for live in before if is_entry(live) and not live.result.status.terminal]
        entries.sort(key=lambda live: live.result.status not in _OPEN)  # those that rest do not wait for those that are asked
        if not entries:
            return {}
        account = self._desk.account
        if account is not None and "cancel_order" not in account.capabilities.abilities:
            return dict.fromkeys(entries, "the venue cannot cancel orders")
        await self._wish(entries)
        if account is None:
            return {live: await self._later(live) for live in entries}
        tasks = {live: asyncio.get_running_loop().create_task(self._cancel(live)) for live in entries}
        for task in tasks.values():
            self._desk.spawn(task)
        await asyncio.wait(tasks.values(), timeout=PATIENCE)
        return {live: _reason(task) for live, task in tasks.items()}

    async def _wish(self, entries: list[Live]) -> None:
        """In one write: that they are to be cancelled survives a restart, and no further attempt places them."""
        new = [live for live in entries if not live.cancel_wanted]
        for live in new:
            live.cancel_wanted = True
        now = self._desk.clock.now()
        if not new:
            return
        try:
            await write(self._desk, *(NamedStep(key=live.key, name=CANCEL, data=WANTED, time=now) for live in new))
        except JournalError as error:  # as soon as the journal can be written again they are cancelled
            log.warning("account %s: the cancels of its entries wait for the journal: %s", self._desk.name, error)

    async def _later(self, live: Live) -> str:
        """The venue is not there: the order says that it waits for its cancel, and the opening takes it up."""
        text = f"the venue is not there ({self._desk.reason}); it is cancelled when the account opens"
        if live.result.status in _OPEN:
            await record(self._desk, live, changed(live.result, code=WAITS, error=text))
        return text

    async def _cancel(self, live: Live) -> str:
        async with self._turns:
            reason = await self._ask(live)
        if live.result.status in _OPEN:
            self._desk.alarm(
                "CANCEL_FAILED",
                f"the account is {self._desk.halt.state.value}, and a working entry could not be cancelled: {reason}",
                live.key.client_order_id,
            )
            self._desk.spawn(asyncio.get_running_loop().create_task(self._insist(live)))
        return reason

    async def _ask(self, live: Live) -> str:
        """Why it is not confirmed that nothing more can fill; empty when it is."""
        try:
            result = await self._canceller.cancel(live)
        except FksExecError as error:
            return str(error)
        return "" if result.status.terminal else result.error or result.status.value

    async def _insist(self, live: Live) -> None:
        """A few times more, while the account is halted and the order still rests."""
        for seconds in AGAIN:
            await asyncio.sleep(seconds)
            if self._desk.halt.state is HaltState.ACTIVE or live.result.status not in _OPEN:
                return
            log.warning("account %s: %s is cancelled once more", self._desk.name, live.key.client_order_id)
            await self._ask(live)

    def _told(self, live: Live, reason: str = "") -> HaltedOrder:
        result = live.result
        return HaltedOrder(
            account=self._desk.name,
            client_order_id=live.key.client_order_id,
            status=result.status,
            filled_quantity=result.filled_quantity,
            reason=reason,
        )


def _reason(task: asyncio.Task[str]) -> str:
    if not task.done():
        return "the venue has not answered yet; it is being cancelled"
    return "the hub has closed" if task.cancelled() else task.result()
