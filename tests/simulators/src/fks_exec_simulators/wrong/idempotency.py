# SPDX-License-Identifier: MIT
"""Wrong venues that send more than one order, or under another id than they were given."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import evolve

from fks_exec import ExecutionResult, Order, OrderChange, OrderRef, Submission, hookimpl
from fks_exec.testing import Counterpart, RemoteFaultyVenue, Trial

from .matrix import Mutant, over_http

_SHORT = 28


class Renaming(RemoteFaultyVenue):
    """Calls orders by another name, the same one each time."""

    def rename(self, name: str) -> str:
        """The other name."""
        return name

    def _submission(self, submission: Submission) -> Submission:
        return evolve(submission, venue_client_order_id=self.rename(submission.venue_client_order_id))

    def _ref(self, ref: OrderRef) -> OrderRef:
        name = ref.venue_client_order_id
        return ref if name is None else evolve(ref, venue_client_order_id=self.rename(name))

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        return await super().execute_order(order, self._submission(submission))

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        return await super().fetch_order(self._ref(ref))

    @hookimpl
    async def cancel_order(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        return await super().cancel_order(self._ref(ref), submission)

    @hookimpl
    async def amend_order(self, ref: OrderRef, change: OrderChange, submission: Submission) -> ExecutionResult:
        return await super().amend_order(self._ref(ref), change, submission)


class CutsIds(Renaming):
    def rename(self, name: str) -> str:
        return name[:_SHORT]


class SmallLetters(Renaming):
    def rename(self, name: str) -> str:
        return name.lower()


class SendsTheCallersId(RemoteFaultyVenue):
    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        name = order.client_order_id or submission.venue_client_order_id
        return await super().execute_order(order, evolve(submission, venue_client_order_id=name))


class SendsTwo(RemoteFaultyVenue):
    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        await super().execute_order(order, submission)
        return await super().execute_order(order, submission)


class AnswersTheFirst(RemoteFaultyVenue):
    """Takes an id that it has seen for answered, though it sends the order again."""

    def __init__(self) -> None:
        super().__init__()
        self._answered: dict[str, ExecutionResult] = {}

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        answer = await super().execute_order(order, submission)
        return self._answered.setdefault(submission.venue_client_order_id, answer)


@asynccontextmanager
async def _unwatched() -> AsyncIterator[tuple[Trial, Counterpart | None]]:
    """Without a counterpart, that would show the shortened ids in the venue's book."""
    async with over_http(CutsIds)() as (trial, _):
        yield trial, None


class AnswersOneThatIsLikeIt(RemoteFaultyVenue):
    """Keeps what it has answered by the first letters of the id; it can look nothing up."""

    def __init__(self) -> None:
        super().__init__()
        self._answered: dict[str, ExecutionResult] = {}

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        name = submission.venue_client_order_id[:_SHORT]
        if name not in self._answered:
            self._answered[name] = await super().execute_order(order, submission)
        return self._answered[name]


MUTANTS = [
    Mutant("cuts-ids", "shortens long ids, so that two may become one", _unwatched, "Idempotency", alone=True),
    Mutant("small-letters", "sends ids in small letters", over_http(SmallLetters), "Idempotency"),
    Mutant("sends-the-callers-id", "sends the caller's id instead of the given", over_http(SendsTheCallersId), "Idempotency"),
    Mutant("sends-two", "sends each order twice, to be on the safe side", over_http(SendsTwo), "Idempotency"),
    Mutant(
        "answers-the-first",
        "answers a second order of an id with the first, though both are placed",
        over_http(AnswersTheFirst),
        "Idempotency",
        alone=True,
    ),
    Mutant(
        "answers-one-that-is-like-it",
        "takes an order for one that it has sent, since their ids begin alike",
        over_http(AnswersOneThatIsLikeIt),
        "Idempotency",
    ),
]
