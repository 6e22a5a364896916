# SPDX-License-Identifier: MIT
"""Wrong venues that block the loop, or mix what happens at the same time: orders, accounts, keys."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from attrs import evolve

from fks_exec import ExecutionResult, Order, Submission, VenueContext, hookimpl
from fks_exec.testing import FaultyVenue, RemoteConfig, RemoteFaultyVenue, Trial

from .matrix import Mutant, Tried, over_http


class BlocksTheLoop(RemoteFaultyVenue):
    """Keeps to the venue's rate with a sleep that is not awaited."""

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        time.sleep(0.001)
        return await super().execute_order(order, submission)


class KeepsOneOrderAtATime(RemoteFaultyVenue):
    """Notes the order at itself, and looks at the note later."""

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        self._order = order
        await asyncio.sleep(0)
        return await super().execute_order(self._order, submission)


class AnswersWithTheLast(RemoteFaultyVenue):
    """Waits until the connection is idle, and takes the answer that came last."""

    def __init__(self) -> None:
        super().__init__()
        self._running = 0
        self._last: ExecutionResult | None = None

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        self._running += 1
        try:
            self._last = await super().execute_order(order, submission)
        finally:
            self._running -= 1
        await asyncio.sleep(0.002 if self._running else 0)
        return self._last


class TakesItsTurn(RemoteFaultyVenue):
    """One request after the other, however long one takes."""

    def __init__(self) -> None:
        super().__init__()
        self._turn = asyncio.Lock()

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        async with self._turn:
            return await super().execute_order(order, submission)


def tells_whoever_came_last() -> Callable[[], object]:
    """``publish`` at the class; the class is new for each trial."""

    class TellsWhoeverCameLast(RemoteFaultyVenue):
        publish: ClassVar[Any] = None

        @hookimpl
        async def init(self, config: RemoteConfig, context: VenueContext) -> None:
            type(self).publish = context.publish
            await super().init(config, evolve(context, publish=lambda update: type(self).publish(update)))

    return TellsWhoeverCameLast


def signs_with_the_last_key() -> Callable[[], object]:
    """The key at the class; the class is new for each trial."""

    class SignsWithTheLastKey(RemoteFaultyVenue):
        key: ClassVar[Any] = None

        @hookimpl
        async def init(self, config: RemoteConfig, context: VenueContext) -> None:
            type(self).key = config.key
            await super().init(config, context)

        async def _ask(self, asked: Any) -> Any:
            client: Any = self._client
            client._config = evolve(client._config, key=self.key)
            return await super()._ask(asked)

    return SignsWithTheLastKey


def _new(make: Callable[[], Callable[[], object]]) -> Any:
    """A trial of a class of its own."""

    @asynccontextmanager
    async def made() -> AsyncIterator[Tried]:
        async with over_http(make())() as tried:
            yield tried

    return made


@asynccontextmanager
async def _one_book() -> AsyncIterator[Tried]:
    """One object for two configurations."""
    shared = FaultyVenue()
    yield Trial(venue=lambda: shared, config="one", second="two", seconds=2.0), None


MUTANTS = [
    Mutant("blocks-the-loop", "blocks the event loop before each order", over_http(BlocksTheLoop), "Concurrency", alone=True),
    Mutant(
        "keeps-one-order-at-a-time",
        "sends the order that came last under the ids of those before it",
        over_http(KeepsOneOrderAtATime),
        "Concurrency",
        alone=True,
    ),
    Mutant(
        "answers-with-the-last",
        "gives overlapping orders one answer",
        over_http(AnswersWithTheLast),
        "Concurrency",
        alone=True,
    ),
    Mutant(
        "takes-its-turn",
        "lets every order wait for one that hangs",
        over_http(TakesItsTurn),
        "Concurrency",
    ),
    Mutant(
        "tells-whoever-came-last",
        "tells the fills of all accounts to the one that was opened last",
        _new(tells_whoever_came_last),
        "Concurrency",
        alone=True,
    ),
    Mutant(
        "signs-with-the-last-key",
        "signs the requests of all accounts with the key of the one that was opened last",
        _new(signs_with_the_last_key),
        "Concurrency",
        alone=True,
    ),
    Mutant("keeps-one-book", "keeps what two accounts hold in one book", _one_book, "Concurrency"),
]
