# SPDX-License-Identifier: MIT
"""``RemoteVenue``: a venue plugin for the exchange of :mod:`fks_exec_simulators.exchange`, over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from attrs import frozen

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
    Submission,
    VenueContext,
    VenueRejected,
    VenueType,
    hookimpl,
)

from .exchange import BLANK_LINE, PRICE

HOST = "127.0.0.1"


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

    async def ask(self, method: str, path: str, content: object = None) -> tuple[int, dict[str, Any]]:
        """The status and the JSON of the answer. Whatever it raises, the question may have been heard."""
        body = b"" if content is None else json.dumps(content).encode()
        self._writer.write(f"{method} {path} HTTP/1.1\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
        await self._writer.drain()
        head = (await self._reader.readuntil(BLANK_LINE)).decode("ascii")
        length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
        return int(head.split(" ")[1]), json.loads(await self._reader.readexactly(length))

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
        self._idle.append(await Connection.open(self._port))

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        content = {
            "id": submission.venue_client_order_id,
            "symbol": order.symbol,
            "side": order.side.value,
            "quantity": str(order.quantity),
            "sequence": order.options.get("sequence", 0),
        }
        status, answer = await self.ask("POST", "/orders", content)
        return _result(status, answer)

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        status, answer = await self.ask("GET", f"/orders/{ref.venue_client_order_id}")
        if status == 404:
            return None
        return _result(status, answer) if answer["fate"] == "filled" else ExecutionResult(status="rejected")

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

    async def ask(self, method: str, path: str, content: object = None) -> tuple[int, dict[str, Any]]:
        """One question, over a connection of its own or an idle one.

        Raises:
            NotSent: no connection could be made.
        """
        connection = await self._take()
        try:
            answer = await connection.ask(method, path, content)
        except BaseException:  # also a cancellation: half a conversation is not used again
            connection.close()
            raise
        self._idle.append(connection)
        return answer

    async def _take(self) -> Connection:
        if self._idle:
            return self._idle.pop()
        try:
            return await Connection.open(self._port)
        except OSError as error:
            raise NotSent(f"no connection to the exchange ({type(error).__name__}); nothing was sent") from None


def _result(status: int, answer: dict[str, Any]) -> ExecutionResult:
    if status == 422:
        raise VenueRejected("the exchange refused the order", code="REFUSED")
    fill = Fill(trade_id=f"T{answer['order_id']}", quantity=answer["quantity"], price=answer["price"])
    return ExecutionResult(
        status="filled",
        order_id=answer["order_id"],
        filled_quantity=fill.quantity,
        average_price=fill.price,
        fills=[fill],
    )


class RemotePlugin:
    """What a host passes to ``ExecutionHub.open(plugins=[...])`` to have the venue ``remote``."""

    @hookimpl
    def fks_exec_venues(self) -> Sequence[VenueType]:
        """One type."""
        capabilities = Capabilities(abilities=["fetch_order"], resolution="by_id")
        return [VenueType(name="remote", create=RemoteVenue, config=RemoteConfig, capabilities=capabilities)]
