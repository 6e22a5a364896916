# SPDX-License-Identifier: MIT
"""The one thread that writes: takes everything queued, has it stored, resolves the whole group with one wake-up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

from attrs import frozen

from .codec import account_of, encode_all
from .protocol import (
    Accept,
    JournalError,
    JournalStep,
    JournalUnavailable,
    Term,
    Written,
)
from .store import Store, Write


@frozen
class Claim:
    """A claim on its way; ordered with the writes."""

    future: asyncio.Future[Term]
    account: str


@frozen
class Stop:
    """The last thing in the queue."""

    future: asyncio.Future[None]


class Writer:
    """Lives on the loop; its thread owns the store.

    Args:
        accepted: called on the loop with the accounts that have new orders.
        max_pending: steps that may wait; beyond it writes are refused at once. A write that finds none waiting may be larger.
    """

    def __init__(
        self,
        store: Store,
        loop: asyncio.AbstractEventLoop,
        accepted: Callable[[set[str]], None],
        max_pending: int,
    ) -> None:
        self._store = store
        self._loop = loop
        self._accepted = accepted
        self._max_pending = max_pending
        self._waiting = 0
        self._stopping: asyncio.Future[None] | None = None
        self._queue: SimpleQueue[Write | Claim | Stop] = SimpleQueue()
        threading.Thread(target=self._run, name="fks-exec journal", daemon=True).start()

    def write(self, steps: Sequence[JournalStep], term: Term | None) -> asyncio.Future[Written]:
        """Take the place in the order; see the protocol."""
        bodies = encode_all(steps)
        future: asyncio.Future[Written] = self._loop.create_future()
        if self._stopping is not None:
            future.set_exception(JournalUnavailable("nothing stored: the journal is closed"))
        elif self._waiting and self._waiting + len(steps) > self._max_pending:
            future.set_exception(
                JournalUnavailable(
                    f"nothing stored: {self._waiting} steps wait for the disk and {self._max_pending} may; try later"
                )
            )
        else:
            self._waiting += len(steps)
            self._queue.put(Write(future, steps, bodies, term))
        return future

    def claim(self, account: str) -> asyncio.Future[Term]:
        """A newer term, in its place among the writes."""
        future: asyncio.Future[Term] = self._loop.create_future()
        if self._stopping is not None:
            future.set_exception(JournalUnavailable("the journal is closed"))
        else:
            self._queue.put(Claim(future, account))
        return future

    def stop(self) -> asyncio.Future[None]:
        """Refuse what comes from now on; done when everything queued is stored."""
        if self._stopping is None:
            self._stopping = self._loop.create_future()
            self._queue.put(Stop(self._stopping))
        return self._stopping

    def _run(self) -> None:
        while True:
            writes: list[Write] = []
            items = [self._queue.get()]
            items += [self._queue.get_nowait() for _ in range(self._queue.qsize())]
            for item in items:
                if isinstance(item, Write):
                    writes.append(item)
                    continue
                self._store_group(writes)
                writes = []
                if isinstance(item, Stop):
                    self._tell([(item.future, None)], 0, set())
                    return
                self._claim(item)
            self._store_group(writes)

    def _store_group(self, writes: list[Write]) -> None:
        if not writes:
            return
        results = self._store.store(writes)
        accounts = {
            account_of(write.steps[0])
            for write, result in zip(writes, results, strict=True)
            if isinstance(result, Written) and any(isinstance(step, Accept) for step in write.steps)
        }
        answers = [(write.future, result) for write, result in zip(writes, results, strict=True)]
        self._tell(answers, sum(len(write.steps) for write in writes), accounts)

    def _claim(self, item: Claim) -> None:
        try:
            answer: Term | JournalError = self._store.claim(item.account)
        except JournalError as error:
            answer = error
        self._tell([(item.future, answer)], 0, set())

    def _tell(
        self,
        answers: Sequence[tuple[asyncio.Future[Any], object]],
        steps: int,
        accounts: set[str],
    ) -> None:
        try:
            self._loop.call_soon_threadsafe(self._resolve, answers, steps, accounts)
        except RuntimeError:
            return  # the loop was closed without `close`: nobody waits for the answer, the steps are stored

    def _resolve(self, answers: Sequence[tuple[asyncio.Future[Any], object]], steps: int, accounts: set[str]) -> None:
        self._waiting -= steps
        for future, answer in answers:
            if future.done():  # the caller was cancelled; that takes away the answer, not the write
                continue
            if isinstance(answer, JournalError):
                future.set_exception(answer)
            else:
                future.set_result(answer)
        if accounts:
            self._accepted(accounts)
