# SPDX-License-Identifier: MIT
"""``RemoteFaultyVenue``: the plugin for the simulated venue that runs in a process of its own, over real connections."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from attrs import field, frozen

from ...clock import SystemClock
from ...convert import from_dict, to_dict
from ...errors import NotSent, VenueError
from ...hookspecs import hookimpl
from ...model.account import Balance, Capabilities, Health, Position, Protection
from ...model.events import OrderUpdate
from ...model.extension import VenueContext, VenueType
from ...model.market import Instrument, MarketData
from ...model.orders import Order, OrderChange, OrderRef, Submission
from ...model.results import ExecutionResult
from ...secrets import Secret
from .declared import ALL
from .hooks import AWAY, HEALTH, amending, cancelling, placing, protecting
from .placing import ServerError
from .requests import ACCOUNT, Asked
from .wire import HOST, Message, read_message, request_bytes, unpack, unpack_error


@frozen(kw_only=True)
class RemoteConfig:
    """How the venue is reached.

    Args:
        port: of the loopback address.
        key: of the signatures.
    """

    port: int
    key: Secret = field(repr=False)


class Client:
    """Signed questions over connections that are kept.

    Args:
        config: port and key.
    """

    def __init__(self, config: RemoteConfig) -> None:
        self._config = config
        self._clock = SystemClock()
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, path: str, data: object) -> Any:
        """One question, once.

        Raises:
            NotSent: no connection could be made.
            VenueError: the venue's refusal.
            Exception: whatever else proves nothing.
        """
        reader, writer = await self._connection()
        try:
            writer.write(request_bytes(self._config.key.reveal(), path, data, self._clock.now()))
            await writer.drain()
            answer = await read_message(reader)
            if answer is None:
                raise ConnectionResetError("the venue closed the connection without an answer")
        except BaseException:  # also a cancellation: half a conversation is not used again
            writer.transport.abort()
            raise
        self._idle.append((reader, writer))
        return _content(answer)

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not (reader.at_eof() or writer.is_closing()):
                return reader, writer
            writer.close()
        try:
            return await asyncio.open_connection(HOST, self._config.port)
        except OSError as error:
            raise NotSent(f"no connection to the venue ({type(error).__name__}); nothing was sent") from None

    def close(self) -> None:
        """Let the connections go."""
        while self._idle:
            self._idle.pop()[1].close()


def _content(answer: Message) -> Any:
    data = answer.data()
    if answer.first[1] == "200":
        return data
    if isinstance(data, dict) and "error" in data:
        raise unpack_error(data)
    kind = ServerError if answer.first[1] == "500" else RuntimeError
    raise kind(f"the venue answered {answer.first[1]}: {data}")


class RemoteFaultyVenue:
    """One account at the venue; sends each request once, and an answer that does not come proves nothing."""

    def __init__(self) -> None:
        self._account = ACCOUNT
        self._capabilities = ALL
        self._client: Client | None = None
        self._listening: asyncio.Task[None] | None = None

    @hookimpl
    async def init(self, config: RemoteConfig, context: VenueContext) -> None:
        """Connect, learn what the venue can do, begin to listen."""
        self._account, self._client = context.account, Client(config)
        try:
            answer = await self._client.ask("/request", to_dict(Asked(kind="open", account=self._account)))
        except OSError as error:
            self._client.close()
            text = f"the venue broke the connection while the account was opened ({type(error).__name__}); is it running?"
            raise VenueError(text, code="AWAY") from None
        self._capabilities = from_dict(Capabilities, answer["capabilities"])
        self._listening = asyncio.ensure_future(self._listen(self._client, context, answer["after"]))

    async def _listen(self, client: Client, context: VenueContext, after: int) -> None:
        """Fetch updates until it is cancelled; while the venue is away, try again."""
        while True:
            try:
                news = await client.ask("/updates", {"account": self._account, "after": after})
            except (NotSent, OSError):
                await asyncio.sleep(0.1)
                continue
            for packed in news["updates"]:
                context.publish(cast(OrderUpdate, unpack(packed)))
            after = news["after"]

    async def _ask(self, asked: Asked) -> Any:
        if self._client is None:
            raise NotSent("the venue was not opened")
        return unpack(await self._client.ask("/request", to_dict(asked)))

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        """Send it, once."""
        return cast(ExecutionResult, await self._ask(placing(order, submission)))

    @hookimpl
    async def protect_position(self, protection: Protection, submission: Submission) -> ExecutionResult:
        """Send it, once."""
        return cast(ExecutionResult, await self._ask(protecting(protection, submission)))

    @hookimpl
    async def cancel_order(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        """The order's state after the request."""
        return cast(ExecutionResult, await self._ask(cancelling(ref, submission)))

    @hookimpl
    async def amend_order(self, ref: OrderRef, change: OrderChange, submission: Submission) -> ExecutionResult:
        """The order's state after the request."""
        return cast(ExecutionResult, await self._ask(amending(ref, change, submission)))

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        """By the venue's id or ours."""
        return cast("ExecutionResult | None", await self._ask(Asked(kind="look_up", account=self._account, ref=ref)))

    @hookimpl
    async def fetch_open_orders(self) -> list[OrderUpdate]:
        """Ours and foreign ones."""
        return cast("list[OrderUpdate]", await self._ask(Asked(kind="scan", account=self._account)))

    @hookimpl
    async def fetch_positions(self) -> list[Position]:
        """All that are not flat."""
        return cast("list[Position]", await self._ask(Asked(kind="positions", account=self._account)))

    @hookimpl
    async def fetch_balance(self) -> list[Balance]:
        """One currency."""
        return cast("list[Balance]", await self._ask(Asked(kind="balance", account=self._account)))

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        """Bid and ask."""
        return cast(MarketData, await self._ask(Asked(kind="quote", account=self._account, symbol=symbol)))

    @hookimpl
    async def fetch_instrument(self, symbol: str) -> Instrument:
        """The rules of a symbol."""
        return cast(Instrument, await self._ask(Asked(kind="instrument", account=self._account, symbol=symbol)))

    @hookimpl
    def name(self) -> str:
        """The display name."""
        return "Faulty venue over HTTP"

    @hookimpl
    def capabilities(self) -> Capabilities:
        """As the venue told."""
        return self._capabilities

    @hookimpl
    async def health_check(self) -> Health:
        """Well, if it answers."""
        try:
            await self._ask(Asked(kind="health", account=self._account))
        except (VenueError, OSError, EOFError):
            return AWAY
        return HEALTH

    @hookimpl
    async def close(self) -> None:
        """Let the connections go."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        if self._client is not None:
            self._client.close()


class RemotePlugin:
    """What a host passes to ``ExecutionHub.open(plugins=[...])`` to have the venue ``faulty-http``."""

    @hookimpl
    def fks_exec_venues(self) -> list[VenueType]:
        """One type."""
        return [REMOTE]


REMOTE = VenueType(
    name="faulty-http",
    create=RemoteFaultyVenue,
    config=RemoteConfig,
    capabilities=ALL,
    summary="A simulated venue in a process of its own, over HTTP",
    simulated=True,
)
"""The type: ``Account("mine", REMOTE, process.config)``."""
