# SPDX-License-Identifier: MIT
"""Wrong venues that tell more of an order than they know, send it again, or lose their head when a call is cut short."""

from __future__ import annotations

import asyncio
from typing import Any

from fks_exec import (
    ExecutionResult,
    NotSent,
    Order,
    OrderRef,
    Submission,
    VenueAuthError,
    VenueContext,
    VenueError,
    VenueRateLimited,
    VenueRejected,
    hookimpl,
)
from fks_exec.testing import RemoteConfig, RemoteFaultyVenue
from fks_exec.testing.faulty.placing import ServerError
from fks_exec.testing.faulty.remote import Client, _content
from fks_exec.testing.faulty.wire import read_message, request_bytes

from .matrix import Mutant, over_http


class RetriesABreak(RemoteFaultyVenue):
    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        try:
            return await super().execute_order(order, submission)
        except OSError:
            return await super().execute_order(order, submission)


class RetriesARateLimit(RemoteFaultyVenue):
    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        try:
            return await super().execute_order(order, submission)
        except VenueRateLimited:
            await asyncio.sleep(0.01)
            return await super().execute_order(order, submission)


class SendsAgainWhenItIsBack(RemoteFaultyVenue):
    """Keeps what was not answered in an outbox, and empties it at the next order."""

    def __init__(self) -> None:
        super().__init__()
        self._outbox: list[tuple[Order, Submission]] = []

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        while self._outbox:
            await super().execute_order(*self._outbox.pop())
        try:
            return await super().execute_order(order, submission)
        except OSError:
            self._outbox.append((order, submission))
            raise


class AnyErrorIsRejected(RemoteFaultyVenue):
    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        try:
            return await super().execute_order(order, submission)
        except VenueError:
            raise
        except Exception as error:
            return ExecutionResult(status="rejected", error=type(error).__name__)


class CancelledIsRejected(RemoteFaultyVenue):
    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        try:
            return await super().execute_order(order, submission)
        except asyncio.CancelledError:
            raise VenueRejected("the order was cancelled", code="CANCELLED") from None


class OwnLimitIsNotSent(RemoteFaultyVenue):
    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        try:
            return await asyncio.wait_for(super().execute_order(order, submission), 5)
        except TimeoutError:
            raise NotSent("the venue did not answer within 5 s") from None


class GoesOnWaiting(RemoteFaultyVenue):
    """Will not be cancelled, since an order is at stake; and waits on."""

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        sending = asyncio.ensure_future(super().execute_order(order, submission))
        while True:
            try:
                return await asyncio.shield(sending)
            except asyncio.CancelledError:
                if sending.cancelled():
                    raise


class NotFoundIsNotSent(RemoteFaultyVenue):
    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        try:
            return await super().execute_order(order, submission)
        except OSError:
            name = submission.venue_client_order_id
            found = await super().fetch_order(OrderRef(venue_client_order_id=name, symbol=order.symbol))
            if found is None:
                raise NotSent("the venue does not know the order") from None
            return found


class GarbageIsAFill(RemoteFaultyVenue):
    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        answer: Any = await super().execute_order(order, submission)
        if isinstance(answer, ExecutionResult):
            return answer
        price = order.price or (await self.fetch_data(order.symbol)).price_for(order.side)
        return ExecutionResult(status="filled", filled_quantity=order.quantity, average_price=price)


class CredentialsAreARefusal(RemoteFaultyVenue):
    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        try:
            return await super().execute_order(order, submission)
        except VenueAuthError as error:
            raise VenueRejected(str(error), code=error.code) from None


class FailedLookUpIsNone(RemoteFaultyVenue):
    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        try:
            return await super().fetch_order(ref)
        except Exception:  # as those do who write `except: pass`
            return None


class ServerErrorIsNone(RemoteFaultyVenue):
    """Takes whatever is not an order for the answer that there is none."""

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        try:
            return await super().fetch_order(ref)
        except ServerError:
            return None


class ServerErrorIsRejected(RemoteFaultyVenue):
    """Looks at the status of an answer alone: what is not 200 was not done."""

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        try:
            return await super().execute_order(order, submission)
        except ServerError as error:
            raise VenueRejected(str(error), code="SERVER") from None


class RetriesAServerError(RemoteFaultyVenue):
    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        try:
            return await super().execute_order(order, submission)
        except ServerError:
            return await super().execute_order(order, submission)


class ResolvesByParameters(RemoteFaultyVenue):
    """Takes the newest order of the symbol for the one that is meant, where it does not know the id."""

    def __init__(self) -> None:
        super().__init__()
        self._newest: dict[str, OrderRef] = {}

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        answer = await super().execute_order(order, submission)
        self._newest[order.symbol] = OrderRef(order_id=answer.order_id, symbol=order.symbol)
        return answer

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        found = await super().fetch_order(ref)
        newest = self._newest.get(ref.symbol or "")
        return found if found is not None or newest is None else await super().fetch_order(newest)


class KeepsItsLock(RemoteFaultyVenue):
    def __init__(self) -> None:
        super().__init__()
        self._lock = asyncio.Lock()

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        await self._lock.acquire()
        try:
            answer = await super().execute_order(order, submission)
        except Exception:
            self._lock.release()
            raise
        self._lock.release()
        return answer


class OneConversation(Client):
    """Reads each answer to the end, unless it is cancelled: then the next question gets it."""

    async def ask(self, path: str, data: object) -> Any:
        if path != "/request":
            return await super().ask(path, data)
        reader, writer = await self._connection()
        try:
            writer.write(request_bytes(self._config.key.reveal(), path, data, self._clock.now()))
            answer = await read_message(reader)
            if answer is None:
                raise ConnectionResetError("the venue closed the connection without an answer")
        except Exception:
            writer.transport.abort()
            raise
        except asyncio.CancelledError:
            self._idle.append((reader, writer))
            raise
        self._idle.append((reader, writer))
        return _content(answer)


class ReusesHalfAConversation(RemoteFaultyVenue):
    @hookimpl
    async def init(self, config: RemoteConfig, context: VenueContext) -> None:
        await super().init(config, context)
        if self._client is not None:
            self._client.close()
        self._client = OneConversation(config)


def _wrong(name: str, wrong: str, venue: type[RemoteFaultyVenue], *, alone: bool = False, **options: Any) -> Mutant:
    return Mutant(name, wrong, over_http(venue, **options), "Outcomes", alone=alone)


MUTANTS = [
    _wrong("retries-a-break", "sends an order again when the connection breaks", RetriesABreak),
    _wrong("retries-a-rate-limit", "waits and sends again when it was too fast", RetriesARateLimit, alone=True),
    _wrong("empties-an-outbox", "sends what was not answered again, later", SendsAgainWhenItIsBack),
    _wrong("any-error-is-rejected", "calls an order rejected when no answer comes", AnyErrorIsRejected),
    _wrong("cancelled-is-rejected", "calls an order rejected when its call is cancelled", CancelledIsRejected),
    _wrong("own-limit-is-not-sent", "says that nothing was sent when its own limit has run out", OwnLimitIsNotSent, alone=True),
    _wrong("swallows-cancellation", "goes on waiting when its call is cancelled", GoesOnWaiting),
    _wrong("not-found-is-not-sent", "takes a look-up that finds nothing for a proof", NotFoundIsNotSent),
    _wrong("garbage-is-a-fill", "takes an answer that it cannot read for a fill", GarbageIsAFill, alone=True),
    _wrong("credentials-are-a-refusal", "goes on when its key is refused", CredentialsAreARefusal),
    _wrong("failed-look-up-is-none", "says that there is no such order when a look-up fails", FailedLookUpIsNone, alone=True),
    _wrong("server-error-is-none", "reads a server error as no such order", ServerErrorIsNone, alone=True),
    _wrong("server-error-is-rejected", "reads a server error as a refusal", ServerErrorIsRejected, alone=True),
    _wrong("retries-a-server-error", "sends an order again after a server error", RetriesAServerError, alone=True),
    _wrong("resolves-by-parameters", "finds another order of the same kind in place of the one", ResolvesByParameters),
    _wrong("keeps-its-lock", "never lets its lock go when a call is cancelled", KeepsItsLock),
    _wrong(
        "reuses-half-a-conversation", "reads the answer to the last order, cut short, as the next's", ReusesHalfAConversation
    ),
]
