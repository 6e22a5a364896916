# SPDX-License-Identifier: MIT
"""The venue behind its connections: takes requests, records them, lets the script act, publishes to who listens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TextIO

from attrs import evolve

from ...clock import Clock
from ...errors import VenueError
from ...model.account import ProtectionKind
from ...model.events import OrderUpdate
from ...model.market import Instrument
from .book import Book
from .call import Call, Fault
from .floor import Floor
from .requests import Asked, Fate, Kind, Request, request_of, to_line
from .script import Script
from .waiting import Held, Waits

Listener = Callable[[OrderUpdate], None]


class Exchange:
    """One venue; any number of connections, one at a time for each account.

    Args:
        book: where the truth stands.
        script: which fault a request meets.
        instrument: the rules of each symbol.
        publishing: whether changes are published.
        record: a file that grows by one line per request, written when it arrives and flushed.
        kinds: how it serves stops and targets.
    """

    def __init__(
        self,
        book: Book,
        script: Script,
        instrument: Callable[[str], Instrument],
        *,
        publishing: bool = True,
        record: Path | None = None,
        kinds: frozenset[ProtectionKind] = frozenset(),
    ) -> None:
        self.lock: threading.RLock = threading.RLock()
        self.script: Script = script
        self.waits: Waits = Waits()
        self.requests: list[Request] = []
        self.publishing: bool = publishing
        self.away: bool = False
        self.floor: Floor = Floor(book, self._publish, self._wake, instrument, kinds)
        self._listeners: dict[str, Listener] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._record: TextIO | None = record.open("a", encoding="utf-8") if record else None
        self._watchers: list[tuple[Kind, int, Future[None]]] = []

    def count(self, kind: Kind = "place") -> int:
        """How many requests of a kind arrived."""
        return sum(request.kind == kind for request in self.requests)

    def listen(self, account: str, listener: Listener, clock: Clock, loop: asyncio.AbstractEventLoop | None) -> None:
        """An account opens a connection; its clock is the venue's from now on."""
        with self.lock:
            self._listeners[account], self.floor.clock, self._loop = listener, clock, loop

    def leave(self, account: str, listener: Listener) -> None:
        """An account closes its connection; calls that still hang on it break."""
        with self.lock:
            if self._listeners.get(account) == listener:
                del self._listeners[account]
        self.waits.drop()

    async def carry_out(self, asked: Asked, fault: Fault | None = None) -> object:
        """One request, on an event loop; a fault goes before the script."""
        answer = self._receive(asked, fault)
        while isinstance(answer, Held):
            await self.waits.wait(answer)
            answer = self._go_on(answer)
        return answer

    def carry_out_blocking(self, asked: Asked) -> object:
        """One request, in a thread that it blocks where it hangs."""
        answer = self._receive(asked)
        while isinstance(answer, Held):
            self.waits.block(answer)
            answer = self._go_on(answer)
        return answer

    def _receive(self, asked: Asked, given: Fault | None = None) -> object:
        """From the arrival to the answer, or to the first wait; nothing comes between."""
        if self.away:
            raise ConnectionResetError("the venue cannot be reached")
        with self.lock:
            self.floor.advance()
            request = request_of(asked, len(self.requests) + 1, self.floor.clock.now())
            fault = given or self.script.next(request)
            call = Call(asked, self.floor)
            outcome: object = None
            try:
                outcome = fault.act(call)
                return outcome
            except BaseException as error:
                outcome = error
                raise
            finally:
                order_id = call.placed.order_id if call.placed else request.order_id
                fate = _fate(call, outcome)
                self._keep(evolve(request, fault=type(fault).__name__, fate=fate, order_id=order_id))

    def _go_on(self, held: Held) -> object:
        with self.lock:
            self.floor.advance()
            return held.then()

    def _keep(self, request: Request) -> None:
        self.requests.append(request)
        if self._record is not None:
            self._record.write(to_line(request))
            self._record.flush()
        for watcher in list(self._watchers):
            kind, number, future = watcher
            if self.count(kind) >= number:
                self._watchers.remove(watcher)
                future.set_result(None)

    async def arrived(self, kind: Kind, number: int) -> None:
        """Wait until so many requests of a kind have arrived, those that came before included."""
        future: Future[None] = Future()
        with self.lock:
            if self.count(kind) >= number:
                return
            self._watchers.append((kind, number, future))
        await asyncio.shield(asyncio.wrap_future(future))

    def advance(self) -> None:
        """Do what is due by the venue's clock."""
        with self.lock:
            self.floor.advance()

    def close(self) -> None:
        """Close the record."""
        if self._record is not None:
            self._record.close()
            self._record = None

    def _publish(self, account: str, update: OrderUpdate) -> None:
        listener = self._listeners.get(account)
        if self.publishing and listener is not None:
            listener(update)

    def _wake(self, seconds: float) -> None:
        """A moment later than due, so that the clock has certainly passed it."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.call_later, seconds + 0.001, self.advance)


def _fate(call: Call, outcome: object) -> Fate:
    if call.fate != "open":
        return call.fate
    if isinstance(outcome, VenueError):
        return "refused"
    return "later" if isinstance(outcome, Held) else "lost"
