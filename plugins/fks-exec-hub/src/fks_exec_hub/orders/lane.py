# SPDX-License-Identifier: MIT
"""A lane: a queue, nothing else. One per (account, symbol): what is put in first is handled first, one at a time."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, TypeVar

from attrs import define, frozen

from fks_exec.convert import to_json
from fks_exec.model.results import Denial, ExecutionResult, Status

from ..accounts.desk import Desk
from ..accounts.live import Decision, Live
from ..journal.protocol import Exists, JournalError, Outcome, Written
from .attempts import Last, pause, time_left
from .beside import Wait
from .decide import decide, exits, stale, too_late
from .record import NOTHING_SENT, begin, record
from .repair import repair
from .standing import done_at_once
from .submit import denied, not_sent, send, withdrawn, write_intent

log: logging.Logger = logging.getLogger(__name__)
T = TypeVar("T")

LOOK = 0.05
"""Seconds between two looks whether the account can be used again."""

OVERLAP = True
"""The next order begins while the outcome of the last becomes durable; a bench turns it off."""


class Lane(Generic[T]):
    """Handles items in the order in which they were put in.

    Args:
        handle: awaited for one item at a time.
    """

    def __init__(self, handle: Callable[[T], Awaitable[None]]) -> None:
        self._handle = handle
        self._items: deque[T] = deque()
        self._in_hand: list[T] = []
        self._task: asyncio.Task[None] | None = None
        self._stopped = False

    def __len__(self) -> int:
        return len(self._items)

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is handled."""
        return self._task is None and not self._items

    def in_order(self) -> list[T]:
        """What is handled and what waits, the first first."""
        return [*self._in_hand, *self._items]

    def put(self, item: T) -> None:
        """Take a place, in this tick."""
        self._items.append(item)
        if self._task is None and not self._stopped:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._items and not self._stopped:
                await self._one(self._items.popleft())
        finally:
            self._task = None

    async def _one(self, item: T) -> None:
        self._in_hand.append(item)
        try:
            await self._handle(item)
        except Exception:  # whatever becomes of one item, the next ones are handled
            log.exception("a lane could not handle an item")
        finally:
            self._in_hand.clear()

    async def stop(self, seconds: float) -> list[T]:
        """Take nothing further; the item in hand has so many seconds, then it is cancelled.

        Returns:
            What was not begun.
        """
        self._stopped = True
        task = self._task
        if task is not None:
            _, late = await asyncio.wait({task}, timeout=seconds)
            if late:
                task.cancel()
                await asyncio.wait({task})
        return list(self._items)


@frozen
class Place:
    """An order's place in its lane.

    Args:
        write: of the accept with which the place was taken; None for one that the journal knew.
    """

    live: Live
    write: asyncio.Future[Written] | None


async def work(desk: Desk, place: Place) -> None:
    """What a lane does with one order: wait until it is durable, decide, submit, record."""
    live = place.live
    if not await _durable(place) or live.first_sent is not None or live.concluded.done():
        return
    try:
        await _carry_out(desk, live)
    except Exception:  # a fault of ours: the order is in the journal, the next ones must not wait for it
        log.exception("account %s: order %s could not be handled", desk.name, live.key.client_order_id)
        desk.alarm("HUB_FAULT", "an order could not be handled; see the log", live.key.client_order_id)
        fault = _fault(live)
        done_at_once(live, fault)
        await record(desk, live, fault)
    finally:
        desk.unclaim(live)


async def _durable(place: Place) -> bool:
    """Whether the order was accepted, and has no later place."""
    if place.write is not None:
        try:
            await asyncio.shield(place.write)
        except JournalError:
            return False
    return place.live.write is place.write


def _fault(live: Live) -> ExecutionResult:
    """Before its intent nothing of an order was sent; after it, it may exist."""
    if live.submitted_at is None:
        text = "a fault of the hub, before anything was sent; see the log"
        return ExecutionResult(status=Status.NOT_PLACED, code="HUB_FAULT", error=text)
    text = "a fault of the hub; the order may exist at the venue: see the log"
    return ExecutionResult(status=Status.UNKNOWN, code="HUB_FAULT", error=text)


async def _carry_out(desk: Desk, live: Live) -> None:
    """Attempt by attempt; the result of the last one is recorded, and the lane goes on while it becomes durable."""
    before: ExecutionResult | None = None
    while True:
        attempt = await _attempt(desk, live)
        if attempt is None and before is None:
            return
        result, sent = attempt or (before or live.result, False)
        if before is not None and not sent and result.status in NOTHING_SENT:
            result = before  # a further attempt may not be made: what the venue said stands
        seconds = pause(desk, live, result) if sent else None
        if seconds is None or not await _end_attempt(desk, live, result):
            break
        before = result
        await asyncio.sleep(seconds)
    desk.book.unclaim(live.key.client_order_id)
    given_up = "CLOSE_INCOMPLETE" if done_at_once(live, result) else _failed(live, result)
    commit = await begin(desk, live, result)
    if given_up:
        commit = _alarmed(desk, live, commit, given_up)
    if OVERLAP:
        desk.commit(commit)
    else:
        await commit


def _failed(live: Live, result: ExecutionResult) -> str:
    """The alarm of an exit by itself that was sent and is not at the venue; empty: there is none.

    Of one that belongs to another order, that order's alarm tells.
    """
    alone = live.reducing and not live.role and live.target is None
    in_vain = result.status in (Status.REJECTED, Status.NOT_PLACED) and not result.filled_quantity
    return "EXIT_FAILED" if alone and in_vain and live.submitted_at is not None else ""


async def _alarmed(desk: Desk, live: Live, commit: Coroutine[Any, Any, None], code: str) -> None:
    """The venue would not have an exit: that is told as soon as it is written down."""
    await commit
    why = live.result.error or live.result.code or live.result.status
    tries = f" after {live.attempt} attempts" if live.attempt > 1 else ""
    text = f"nothing of {live.lane} could be closed{tries}: {why}; close it again, or by hand"
    desk.alarm(code, text, live.key.client_order_id)


async def _end_attempt(desk: Desk, live: Live, result: ExecutionResult) -> bool:
    """The attempt is over without effect; whether that is durable. Only then may there be another one."""
    outcome = Outcome(
        key=live.key,
        attempt=live.attempt,
        status=result.status.value,
        terminal=not live.reducing,  # should this host end now, the next one finds the exit that was to be tried again
        result=to_json(result),
        time=desk.clock.now(),
    )
    try:
        await desk.journal.write(outcome, term=desk.term)
    except JournalError as error:
        repair(desk, str(error))
        return False
    desk.book.release(live.token)
    live.over = True
    return True


async def _attempt(desk: Desk, live: Live) -> tuple[ExecutionResult, bool] | None:
    """Decide and submit, once. Nothing is sent before its intent is durable; while journal or venue cannot, the lane waits.

    Returns:
        The result, and whether the order was handed to the venue; None: the hub closes, the next start takes it up.
    """
    patience = Patience(desk, live)
    while not desk.closing:
        refusal = await _until_possible(desk, live, patience)
        if refusal is not None:
            return refusal, False
        try:
            verdict = await _verdict(desk, live)
            if isinstance(verdict, Decision):
                late = None if live.reducing else too_late(desk, live)  # a commit may have taken its time
                return (await send(desk, live, verdict.order), True) if late is None else (denied(late), False)
            if isinstance(verdict, ExecutionResult):
                return verdict, False
            if isinstance(verdict, Wait):
                if (late := patience.lose(verdict)) is not None:
                    return denied(late), False
            else:
                await asyncio.sleep(LOOK)
        except Exists:
            desk.book.release(live.token)
            text = "its intent was stored by a write that seemed to fail; nothing was sent"
            await _end_attempt(desk, live, not_sent("NOT_SENT", text, retryable=True))
        except JournalError as error:
            desk.book.release(live.token)
            repair(desk, str(error))
    return None


@define
class Patience:
    """What has to wait does so for the account's deadline; then of an exit a human is told, once, and an entry is denied.

    Args:
        since: monotonic seconds.
    """

    desk: Desk
    live: Live
    since: float | None = None
    told: bool = False

    def lose(self, wait: Wait) -> Denial | None:
        """The order has waited once more; the denial of an entry that has waited long enough: others stand behind it."""
        now, lane = self.desk.clock.monotonic(), self.live.lane
        self.since = now if self.since is None else self.since
        if self.told or now - self.since < self.desk.config.deadline:
            return None
        if not wait.exit:
            self.desk.in_vain[lane] = set(self.desk.orphans.get(lane, ()))
            return wait.in_vain()
        self.told = True
        text = f"an exit of {self.live.lane} cannot be sent yet: {wait.why}; it goes on waiting: look at the venue"
        self.desk.alarm("EXIT_WAITS", text, self.live.key.client_order_id)
        return None


async def _verdict(desk: Desk, live: Live) -> Decision | ExecutionResult | Wait | None:
    """What may be sent, its intent durable; or why not; None: decide again, as after a Wait."""
    if live.decision is not None:
        decision, live.decision = live.decision, None
        return decision
    verdict = withdrawn() if live.cancel_wanted else await decide(desk, live)
    if not isinstance(verdict, Decision):
        return verdict
    if live.first_sent is not None and not verdict.reducing and live.attempt >= desk.config.entry_attempts:
        desk.book.release(live.token)
        text = "another attempt could open a position; the answer to the last one stands"
        return denied(Denial(code="NO_FURTHER_ATTEMPT", message=text))
    refusal = await _intended(desk, live, verdict)
    if refusal is not None and refusal.code == "ACCOUNT_NOT_READY" and verdict.reducing:
        desk.book.release(live.token)
        return None  # the account was lost since the look at it: an exit waits for it, as one that comes now does
    return refusal or verdict


async def _intended(desk: Desk, live: Live, decision: Decision) -> ExecutionResult | None:
    """As :func:`write_intent`; without an intent on record the last attempt that has one is still the last."""
    last = Last.of(live)
    _number(desk, live)
    stored = False
    try:
        refusal = await write_intent(desk, live, decision)
        stored = refusal is None
    except Exists:
        stored = True  # by a write that seemed to fail: the number is spent
        raise
    finally:
        if not stored:
            last.again(desk, live)
    return refusal


def _number(desk: Desk, live: Live) -> None:
    """A further attempt has a number and a name of its own."""
    if live.over:
        desk.retire(live)
        live.attempt += 1
        live.venue_client_order_id = None
        live.over = False


async def _until_possible(desk: Desk, live: Live, patience: Patience) -> ExecutionResult | None:
    """Wait for the account and its journal; an entry that grows too old meanwhile is denied, of an exit a human is told."""
    while desk.not_ready and not live.cancel_wanted and not desk.closing:
        if live.first_sent is not None and not desk.unwritable and time_left(desk, live) <= 0:
            return not_sent("ACCOUNT_NOT_READY", f"account {desk.name!r} is not ready: {desk.not_ready}")
        denial = None if desk.unwritable else stale(desk, live)
        if denial is not None:
            return denied(denial)
        if exits(desk, live):
            patience.lose(Wait(f"the account is not ready ({desk.not_ready})"))
        await asyncio.sleep(LOOK)
    return None
