# SPDX-License-Identifier: MIT
"""A journal that outlives its hosts: commits take time, and a killed host loses what it had queued."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, cast

from fks_exec import hookimpl
from fks_exec_hub.journal import Journal, JournalStep, JournalType, JournalUnavailable, MemoryJournal, Term, Written


class Lives:
    """The plugin ``lives:``: one journal, and a handle on it for each life of a host.

    Args:
        delay: seconds that a commit takes.
    """

    def __init__(self, delay: float = 0.002) -> None:
        self.stored: MemoryJournal = MemoryJournal()
        self.delay = delay
        self.failing = 0
        self.handle: Handle | None = None

    @hookimpl
    def fks_exec_journals(self) -> list[JournalType]:
        """The one scheme."""
        return [JournalType(scheme="lives", open=self._open)]

    async def _open(self, place: str, *, read_only: bool = False) -> Journal:
        del place, read_only
        self.handle = Handle(self)
        return cast(Journal, self.handle)

    def kill(self) -> None:
        """The host of this life is gone: what it had queued was never stored, and nothing that it does counts."""
        if self.handle is not None:
            self.handle.end()


class Handle:
    """What one life holds of the journal; what is not a write goes straight through."""

    def __init__(self, lives: Lives) -> None:
        self._lives = lives
        self._latched: set[str] = set()
        self._queue: list[tuple[tuple[JournalStep, ...], Term | None, asyncio.Future[Written]]] = []
        self._flushing = False
        self.cut = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lives.stored, name)

    def write(self, *steps: JournalStep, term: Term | None = None) -> Awaitable[Written]:
        """Take the place in the order; durable after the delay."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Written] = loop.create_future()
        self._queue.append((steps, term, future))
        if self.cut:
            self.end()
        elif not self._flushing:
            self._flushing = True
            loop.call_later(self._lives.delay, self._flush)
        return future

    def end(self) -> None:
        """Nothing is stored any more."""
        self.cut = True
        queue, self._queue = self._queue, []
        for _, _, future in queue:
            self._answer(future, JournalUnavailable("the host is dead"))

    def _flush(self) -> None:
        """One group: each write stored or refused, all answered at once; those that came meanwhile are the next group."""
        self._flushing = False
        if self.cut:
            return
        group, self._queue = self._queue, []
        failing = self._lives.failing > 0
        self._lives.failing -= failing
        for steps, term, future in group:
            account = getattr(steps[0], "account", None) or steps[0].key.account  # type: ignore[union-attr]
            if failing:
                self._latched.add(account)
            if account in self._latched:
                self._answer(future, JournalUnavailable("nothing stored: simulated"))
            else:
                self._store(steps, term, future)

    def _store(self, steps: tuple[JournalStep, ...], term: Term | None, future: asyncio.Future[Written]) -> None:
        done = asyncio.ensure_future(self._lives.stored.write(*steps, term=term))
        self._answer(future, done.exception() or done.result())

    def _answer(self, future: asyncio.Future[Written], answer: Written | BaseException) -> None:
        if future.done():
            return
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(answer)

    async def claim(self, account: str) -> Term:
        """A newer term; the account may write again."""
        if self.cut:
            raise JournalUnavailable("the host is dead")
        self._latched.discard(account)
        return await self._lives.stored.claim(account)

    async def close(self) -> None:
        """The journal itself goes on."""
        if self._queue and not self.cut:
            await asyncio.wait([future for _, _, future in self._queue])
