# SPDX-License-Identifier: MIT
"""``RemoteVenue``: a venue plugin for the exchange of :mod:`fks_exec_simulators.exchange`, over HTTP."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from attrs import evolve, frozen

from fks_exec import (
    Capabilities,
    Check,
    ExecutionResult,
    Fill,
    Health,
    MarketData,
    NotSent,
    Order,
    OrderRef,
    OrderUpdate,
    Position,
    Protection,
    Submission,
    VenueContext,
    VenueError,
    VenueRateLimited,
    VenueRejected,
    VenueType,
    hookimpl,
)

from .exchange import BLANK_LINE
from .exchange_book import PRICE

HOST = "127.0.0.1"
REQUEST_TTL = 1.0
"""Seconds after which the exchange drops a request that it has not placed. The moment is told by the exchange's own clock,
which plugins of real exchanges ask for when they open; here both run on one machine."""


@frozen
class RemoteConfig:
    """Where the exchange listens, on the loopback address."""

    port: int


class Connection:
    """One connection that is kept alive; one question at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Connection:
        """Raises OSError: there is none, and nothing was sent."""
        return cls(*await asyncio.open_connection(HOST, port))

    async def ask(self, method: str, path: str, content: object = None) -> tuple[int, Any]:
        """The status and the JSON of the answer. Whatever it raises, the question may have been heard."""
        await self.send(method, path, content)
        return await self.receive()

    async def send(self, method: str, path: str, content: object = None) -> None:
        """The first half: the question is on its way."""
        body = b"" if content is None else json.dumps(content).encode()
        head = f"{method} {path} HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        await self._writer.drain()

    async def receive(self) -> tuple[int, Any]:
        """The second half: the answer."""
        head = (await self._reader.readuntil(BLANK_LINE)).decode("ascii")
        length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
        return int(head.split(" ")[1]), json.loads(await self._reader.readexactly(length))

    @property
    def usable(self) -> bool:
        """The other side has not closed it, as far as is known here."""
        return not (self._reader.at_eof() or self._writer.is_closing())

    def close(self) -> None:
        """Let it go."""
        self._writer.close()


class RemoteVenue:
    """Sends each order once; an answer that does not come proves nothing."""

    def __init__(self) -> None:
        self._port = 0
        self._idle: list[Connection] = []

    @hookimpl
    async def init(self, config: RemoteConfig, context: VenueContext) -> None:
        self._port = config.port
        self._idle.append(await self._connect())

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        return await self.place(order, submission, price=order.price, reduce_only=order.reduce_only)

    async def place(self, what: Order | Protection, submission: Submission, **more: Decimal | bool | None) -> ExecutionResult:
        """One request for an order, once.

        Args:
            more: ``price`` of a limit, ``stop`` (the trigger price) of a stop, ``reduce_only``.
        """
        sent = time.time_ns() // 1_000_000
        content = {
            "id": submission.venue_client_order_id,
            "symbol": what.symbol,
            "side": what.side.value,
            "quantity": str(what.quantity),
            "sent": sent,
            "expires": sent + round(REQUEST_TTL * 1000),
            **{name: str(value) if isinstance(value, Decimal) else value for name, value in more.items() if value is not None},
        }
        status, answer = await self.ask("POST", "/orders", content)
        if status == 429:
            raise VenueRateLimited("the exchange has too many requests", retry_after=0.02)
        if status != 200:
            retryable = answer["fate"] == "requoted"
            raise VenueRejected(f"the exchange {answer['fate']} the order", code="REFUSED", retryable=retryable)
        return _result(answer)

    @hookimpl
    async def cancel_order(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        status, answer = await self.ask("DELETE", f"/orders/{ref.venue_client_order_id}")
        if status == 404:
            raise VenueRejected("the exchange has no such order", code="NO_ORDER")
        return _result(answer)

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        status, answer = await self.ask("GET", f"/orders/{ref.venue_client_order_id}")
        return None if status == 404 else _result(_clean(status, answer))

    @hookimpl
    async def fetch_open_orders(self) -> list[OrderUpdate]:
        answer = _clean(*await self.ask("GET", "/orders"))
        return [OrderUpdate(ref=_ref(order), result=_result(order)) for order in answer]

    @hookimpl
    async def fetch_positions(self) -> list[Position]:
        answer = _clean(*await self.ask("GET", "/positions"))
        return [Position(symbol=symbol, quantity=quantity) for symbol, quantity in answer.items()]

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        return MarketData(symbol=symbol, bid=PRICE, ask=PRICE, last=PRICE)

    @hookimpl
    def name(self) -> str:
        return "Simulated exchange"

    @hookimpl
    async def health_check(self) -> Health:
        return Health([Check(name="exchange", ok=bool(self._port))])

    @hookimpl
    async def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    async def ask(self, method: str, path: str, content: object = None) -> tuple[int, Any]:
        """One question, over a connection of its own or an idle one.

        Raises:
            NotSent: no connection could be made.
        """
        connection = await self._take()
        try:
            answer = await self.talk(connection, method, path, content)
        except BaseException:  # also a cancellation: half a conversation is not used again
            connection.close()
            raise
        self._idle.append(connection)
        return answer

    async def talk(self, connection: Connection, method: str, path: str, content: object) -> tuple[int, Any]:
        """Question and answer."""
        return await connection.ask(method, path, content)

    async def _take(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
            connection.close()
        return await self._connect()

    async def _connect(self) -> Connection:
        try:
            return await Connection.open(self._port)
        except OSError as error:
            raise NotSent(f"no connection to the exchange ({type(error).__name__}); nothing was sent") from None


class ProtectingVenue(RemoteVenue):
    """Places stops and targets, each reduce-only, one in each call."""

    @hookimpl
    async def protect_position(self, protection: Protection, submission: Submission) -> ExecutionResult:
        kind = "stop" if protection.role == "stop_loss" else "price"
        return await self.place(protection, submission, reduce_only=True, **{kind: protection.trigger_price})


def _clean(status: int, answer: Any) -> Any:
    if status != 200:
        raise VenueError(f"the exchange answered with an error ({status})", code="NO_LOOK")
    return answer


def _ref(answer: dict[str, Any]) -> OrderRef:
    return OrderRef(venue_client_order_id=answer["id"], order_id=answer["order_id"], symbol=answer["symbol"])


def _result(answer: dict[str, Any]) -> ExecutionResult:
    fills = [Fill(trade_id=trade["trade_id"], quantity=trade["quantity"], price=answer["price"]) for trade in answer["trades"]]
    state = answer["state"]
    if state == "open":
        state = "partially_filled" if fills else "accepted"
    return ExecutionResult(
        status=state,
        order_id=answer["order_id"],
        filled_quantity=answer["filled"],
        average_price=answer["price"] if fills else None,
        fills=fills,
    )


CAPABILITIES = Capabilities(
    abilities=["cancel_order", "fetch_order", "fetch_open_orders", "fetch_positions"],
    order_types=["market", "limit"],
    resolution="by_id",
    request_ttl=REQUEST_TTL,
)


PROTECTING = evolve(
    CAPABILITIES,
    abilities=CAPABILITIES.abilities | {"protect_position"},
    protection=["reduce_only_pair"],
    reduce_only=True,
)
"""Of :class:`ProtectingVenue`."""


class RemotePlugin:
    """What a host passes to ``ExecutionHub.open(plugins=[...])`` to have the venue ``remote``.

    Args:
        create: makes the venue of an account.
        capabilities: what it can do.
    """

    def __init__(self, create: Callable[[], object] = RemoteVenue, capabilities: Capabilities = CAPABILITIES) -> None:
        self._create = create
        self._capabilities = capabilities

    @hookimpl
    def fks_exec_venues(self) -> Sequence[VenueType]:
        """One type."""
        return [VenueType(name="remote", create=self._create, config=RemoteConfig, capabilities=self._capabilities)]
