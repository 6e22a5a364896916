# SPDX-License-Identifier: MIT
"""Broken hosts: each function takes one rule away from the hub of its own process. chaos.py must catch every one."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

from attrs import evolve

from fks_exec import Status
from fks_exec_hub import hub
from fks_exec_hub.exits import bracket
from fks_exec_hub.following import unknown
from fks_exec_hub.journal.protocol import Accept, Intent, JournalStep, Outcome, Term, Written
from fks_exec_hub.journal.sqlite import SqliteJournal
from fks_exec_hub.orders import decide, intake, lane, restore
from fks_exec_simulators.remote import RemoteVenue

LATE = 0.02
"""Seconds by which a write comes after it was reported."""


def acknowledge_before_durable() -> None:
    """Write-behind: the caller is told that an order is accepted, then it is written down."""
    _write_late(Accept)


def send_before_intent() -> None:
    """The venue is called while its intent is on the way to the disk."""
    _write_late(Intent)


def tell_before_outcome() -> None:
    """Whoever waits learns of an outcome before it is written down."""
    _write_late(Outcome)


def _write_late(kind: type) -> None:
    """A write with a step of this kind is reported at once and stored later; those that follow it wait their turn."""
    write = SqliteJournal.write
    turn: list[asyncio.Future[Any]] = []

    async def later(before: asyncio.Future[Any] | None, store: Callable[[], Awaitable[Written]], seconds: float) -> Written:
        if before is not None:
            await asyncio.wait({before})
        await asyncio.sleep(seconds)
        return await store()

    def mutant(self: SqliteJournal, *steps: JournalStep, term: Term | None = None) -> Awaitable[Written]:
        late = any(isinstance(step, kind) for step in steps)
        before = turn[-1] if turn else None
        stored = asyncio.ensure_future(later(before, lambda: write(self, *steps, term=term), LATE * random.random() * late))
        turn[:] = [stored]
        if not late:
            return stored
        reported: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        reported.set_result(Written(0))
        return reported

    SqliteJournal.write = mutant


def resend_after_restart() -> None:
    """A crash is taken for "not placed": what had an intent and no outcome is sent again."""

    async def restored(desk: Any) -> list[Any]:
        pending = await original(desk)
        for recorded in again:
            live = await restore.revive(desk, recorded)
            live.over, live.accepted_at = True, desk.clock.now()
            desk.add(live)
            pending.append(live)
        return sorted(pending, key=lambda live: live.accepted_at)

    async def take_up(desk: Any, recorded: Any) -> Any:
        if recorded.result is not None:
            return await original_take_up(desk, recorded)
        again.append(recorded)
        # Nothing is written of it.
        return SimpleNamespace(key=recorded.key, result=recorded, plan=None, role="", booked=0, reducing=False)

    again: list[Any] = []
    original, original_take_up = restore.restore, restore._take_up
    restore._take_up, hub.restore = take_up, restored


def forget_after_restart() -> None:
    """A crash is taken for "not placed": what had an intent and no outcome is recorded so, at once."""
    original = restore.record

    async def recorded(desk: Any, live: Any, news: Any) -> None:
        await original(desk, live, evolve(news, status=Status.NOT_PLACED) if news.status is Status.UNKNOWN else news)

    restore.record = recorded


def queue_after_commit() -> None:
    """The place in the lane is taken when the order is durable and a look-up is done, not in the tick of the write."""

    def enter(self: Any, desk: Any, *arguments: Any) -> Any:
        self._lane = lambda *place: _NoLane()
        try:
            live = original(self, desk, *arguments)
        finally:
            del self._lane
        desk.spawn(asyncio.create_task(put_later(self, desk, live)))
        return live

    async def put_later(self: Any, desk: Any, live: Any) -> None:
        await asyncio.wait({live.write})
        await asyncio.sleep(random.random() * 0.005)  # the look-up
        self.put(desk, live)

    original = intake.Intake._enter
    intake.Intake._enter = enter


class _NoLane:
    """A lane that takes nothing."""

    idle = False

    def in_order(self) -> list[Any]:
        """Nothing waits."""
        return []

    def put(self, item: Any) -> None:
        """Leave it to ``put_later``."""


def lanes_in_parallel() -> None:
    """A lane does not wait for the order before: several of one symbol are on their way at once."""

    def put(self: Any, item: Any) -> None:
        if not self._stopped:
            tasks.add(asyncio.get_running_loop().create_task(self._handle(item)))

    tasks: set[Any] = set()
    lane.Lane.put = put


def client_retries() -> None:
    """A layer under the venue plugin posts again when the answer does not come."""
    original = RemoteVenue.ask

    async def ask(self: Any, method: str, path: str, content: object = None) -> Any:
        try:
            return await original(self, method, path, content)
        except (OSError, asyncio.IncompleteReadError):
            return await original(self, method, path, content)

    RemoteVenue.ask = ask


def failure_is_refusal() -> None:
    """An answer that did not come is recorded as the venue's refusal."""
    _answers(lambda result: evolve(result, status=Status.REJECTED) if result.status is Status.UNKNOWN else result)


def retry_on_timeout() -> None:
    """An answer that did not come is taken for proof that nothing was placed: an exit is sent again."""
    no_proof = {"status": Status.NOT_PLACED, "retryable": True}
    _answers(lambda result: evolve(result, **no_proof) if result.status is Status.UNKNOWN else result)


def _answers(change: Callable[[Any], Any]) -> None:
    """What comes of each attempt is changed before anyone sees it."""
    original = lane._attempt

    async def attempt(desk: Any, live: Any) -> Any:
        result, sent = await original(desk, live)
        return change(result), sent

    lane._attempt = attempt


def first_look_decides() -> None:
    """One clean "no such order" is enough, whenever it comes."""
    original, begin = unknown.Resolver._clean, unknown.Resolver.__init__

    async def clean(self: Any, question: Any, asked: float) -> None:
        question.clean = asked
        await original(self, question, asked)

    def begun(self: Any, desk: Any, lookups: Any, _: Any = None) -> None:
        begin(self, desk, lookups, unknown.Schedule(apart=0.0))

    unknown.Resolver.__init__, unknown.Resolver._clean, unknown.Resolver._due = begun, clean, lambda self, live: 0.0


def no_age() -> None:
    """An entry is sent however old it is."""
    decide._stale = lambda *_, **__: []


def forget_legs() -> None:
    """A restart does not know which stops and targets an earlier host has placed."""

    async def gather(desk: Any, begun: Any, waiting: Any) -> None:
        await original(desk, begun, waiting)
        for entry in begun:
            entry.legs.clear()

    original = restore.gather
    restore.gather = gather


def legs_again_after_restart() -> None:
    """A leg whose answer was not recorded is sent again after a restart, without a look-up."""

    async def gather(desk: Any, begun: Any, waiting: Any) -> None:
        await original(desk, begun, waiting)
        for leg in waiting:
            leg.inherited = False

    original = restore.gather
    restore.gather, restore.legs_in_question = gather, lambda entries: []


def answer_is_evidence() -> None:
    """What the venue answered to a stop is believed; nobody looks whether it holds it."""
    bracket.Bracket.seen = lambda self, leg: bracket.left(leg)


MUTANTS: dict[str, Callable[[], None]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        acknowledge_before_durable,
        send_before_intent,
        tell_before_outcome,
        resend_after_restart,
        forget_after_restart,
        queue_after_commit,
        lanes_in_parallel,
        client_retries,
        failure_is_refusal,
        retry_on_timeout,
        first_look_decides,
        no_age,
        forget_legs,
        legs_again_after_restart,
        answer_is_evidence,
    )
}
