# SPDX-License-Identifier: MIT
"""An order is cancelled: beside its lane, after its fate is known, and with the truth about a fill that came first."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from fks_exec.errors import AccountNotReady, FksExecError
from fks_exec.model.copying import changed
from fks_exec.model.results import ExecutionResult, Status

from ..accounts.desk import Desk
from ..accounts.live import WAITS, Live
from ..journal.protocol import JournalError, JournalUnavailable, NamedStep
from .lookups import Lookups, can_look
from .record import record
from .repair import repair, write
from .steps import CANCEL, WANTED, act_outcome
from .submit import submit_cancel, withdrawn

log: logging.Logger = logging.getLogger(__name__)

TRIES = 3
"""So often the venue is asked to cancel; a cancel that comes twice cancels once."""

PAUSES = (0.1, 0.5, 1.0)
"""Seconds between two of them, unless the venue asks for more."""

_OPEN = frozenset({Status.ACCEPTED, Status.PARTIALLY_FILLED})
_NO_STATE = frozenset({Status.REJECTED, Status.NOT_PLACED, Status.UNKNOWN, Status.DENIED, Status.PENDING})
"""Answers to a cancel that say nothing of where the order stands."""


class Canceller:
    """Cancels the orders of one account.

    Args:
        desk: the account at work.
        lookups: its budget.
        look_now: looks an order of unknown fate up, until the monotonic time.
    """

    def __init__(self, desk: Desk, lookups: Lookups, look_now: Callable[[Live, float], Awaitable[None]]) -> None:
        self._desk = desk
        self._lookups = lookups
        self._look_now = look_now

    def take(self, live: Live) -> None:
        """An order has changed: one that was to be cancelled, and is now known to rest, is cancelled."""
        there = self._desk.account is not None
        if there and live.cancel_wanted and live.result.status in _OPEN and not live.act.locked():
            self._desk.spawn(asyncio.get_running_loop().create_task(self._wished(live)))

    def opened(self) -> None:
        """The venue is there: what was to be cancelled is cancelled now."""
        for live in list(self._desk.live.values()):
            self.take(live)

    async def _wished(self, live: Live) -> None:
        try:
            while not await self._carried_out(live):
                log.info("account %s: the cancel of %s waits for the journal", self._desk.name, live.key.client_order_id)
        except FksExecError as error:
            text = f"it was to be cancelled, and that failed: {error}; cancel it again"
            self._desk.alarm("CANCEL_FAILED", text, live.key.client_order_id)

    async def _carried_out(self, live: Live) -> bool:
        """As soon as the journal can be written; False: it failed meanwhile."""
        while (under_way := self._desk.repair) is not None:
            await asyncio.wait({under_way})
        async with live.act:
            try:
                if live.cancel_wanted and live.result.status in _OPEN:
                    await self._ask(live)
            except (JournalError, AccountNotReady):
                if self._desk.repair is None:
                    raise
                return False
        return True

    async def cancel(self, live: Live) -> ExecutionResult:
        """Cancel an order; see ``ExecutionHub.cancel_order``. It goes on when the caller is cancelled."""
        return await self._desk.apart(self._cancel(live))

    async def _cancel(self, live: Live) -> ExecutionResult:
        ended = live.result.status.terminal
        async with live.act:
            status = live.result.status
            unsent = live.first_sent is None and not live.concluded.done()
            if unsent and (status is Status.PENDING or status.terminal):
                await self._withdraw(live)
                return await self._durable(live)
            if not live.concluded.done():
                live.cancel_wanted = True  # no further attempt is made to place it
                await asyncio.shield(live.concluded)
                live.cancel_wanted = False
            if live.result.status is Status.UNKNOWN:
                await self._wish(live)
                await self._look_now(live, self._desk.clock.monotonic() + self._desk.config.deadline)
            if live.result.status is Status.UNKNOWN:
                return _waiting(live)
            if live.result.status in _OPEN:
                return _told(live, await self._ask(live))
            if live.watched:
                await self._wish(live)  # should it appear after all
        return _ended(live) if ended else _told(live)

    async def _withdraw(self, live: Live) -> None:
        """The lane does not send it any more; as soon as it is accepted for certain, its end is recorded."""
        live.cancel_wanted = True
        while (accept := live.write) is not None:
            try:
                await asyncio.shield(accept)
                break
            except JournalError:
                if live.write is accept:
                    raise
        if live.result.status is Status.PENDING:
            await record(self._desk, live, withdrawn())

    async def _durable(self, live: Live) -> ExecutionResult:
        """That nothing was sent is told when no restart can send it."""
        try:
            await asyncio.wait_for(asyncio.shield(live.concluded), self._desk.config.deadline)
        except TimeoutError:
            text = "the order is not sent while this host runs, but that is not written down yet; ask again"
            raise JournalUnavailable(f"{self._desk.unwritable or 'the journal is slow'}: {text}") from None
        return live.told

    async def _wish(self, live: Live, data: str = WANTED) -> None:
        """That it is to be cancelled, or is not any more, survives a restart."""
        if live.cancel_wanted is (data == WANTED):
            return
        step = NamedStep(key=live.key, name=CANCEL, data=data, time=self._desk.clock.now())
        await write(self._desk, step)
        live.cancel_wanted = data == WANTED

    async def _ask(self, live: Live) -> ExecutionResult:
        """Ask the venue until the order has ended, or the answer stands."""
        self._desk.ready_account().require("cancel_order")
        for number in range(TRIES):
            live.cancels += 1
            answer = await submit_cancel(self._desk, live, live.cancels)
            await self._heard(live, answer)
            if live.result.status not in _OPEN or (answer.status is Status.REJECTED and not answer.retryable):
                break
            if number + 1 < TRIES:
                await asyncio.sleep(max(answer.retry_after or 0.0, PAUSES[number]))
                if not await self._still_open(live):
                    break
        if live.result.status in _OPEN:
            await self._wish(live, "")
            if live.result.code == WAITS:
                await record(self._desk, live, changed(live.result, code=None, error=None))
        live.cancel_wanted = False
        return answer

    async def _heard(self, live: Live, answer: ExecutionResult) -> None:
        """The answer is journalled; where it does not say how the order stands, the order is looked up."""
        outcome = act_outcome(live, CANCEL, live.cancels, answer, self._desk.clock.now())
        try:
            await self._desk.journal.write(outcome, term=self._desk.term)
        except JournalError as error:
            repair(self._desk, str(error))
        news: ExecutionResult | None = answer
        if answer.status in _NO_STATE:
            news = await self._look(live)
        if news is not None:
            await record(self._desk, live, changed(news, code=None, error=None))

    async def _still_open(self, live: Live) -> bool:
        """A cancel that was taken may take effect later than its answer."""
        if live.result.status in _OPEN and (news := await self._look(live)) is not None:
            await record(self._desk, live, news)
        return live.result.status in _OPEN

    async def _look(self, live: Live) -> ExecutionResult | None:
        if not can_look(self._desk):
            return None
        try:
            async with asyncio.timeout(self._desk.config.deadline):
                return await self._lookups.ask(live, first=True)
        except Exception as error:  # it proves nothing; the order is followed all the same
            log.warning("account %s: a look-up after a cancel failed: %s", self._desk.name, type(error).__name__)
            return None


def _waiting(live: Live) -> ExecutionResult:
    text = "it is not known yet whether the order exists; it is looked up, and cancelled as soon as it is known to rest"
    return changed(live.result, code=WAITS, error=text)


def _ended(live: Live) -> ExecutionResult:
    """The order had ended when its cancel was asked for."""
    if live.result.status is Status.FILLED:
        return changed(live.result, code="FILLED_FIRST", error="the order was filled before its cancel was asked for")
    text = f"the order had ended as {live.result.status.value} before its cancel was asked for"
    if live.watched:
        text += "; should it appear at the venue after all, it is cancelled"
    return changed(live.result, code="ENDED_BEFORE", error=text, denials=())


def _told(live: Live, answer: ExecutionResult | None = None) -> ExecutionResult:
    """How the order stands after a cancel; None: the venue was not asked to."""
    result = live.result
    if result.status is Status.FILLED:
        return changed(result, code="FILLED_FIRST", error="the order was filled before the cancel reached the venue")
    if result.status in _OPEN:
        why = f": {answer.error}" if answer is not None and answer.error else ""
        text = f"the order still rests; the venue did not confirm the cancel{why}"
        return changed(result, code="CANCEL_FAILED", error=text)
    return result
