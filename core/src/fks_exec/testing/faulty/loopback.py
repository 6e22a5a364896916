# SPDX-License-Identifier: MIT
"""Connections of HTTP/1.1 on the loopback address: what breaks, what hangs and what goes on when a client has left."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import Any

from .wire import HOST, Message, read_message


class Loopback(ABC):
    """Serves requests, each connection one at a time; a subclass answers them."""

    def __init__(self) -> None:
        self._dropping = False
        self._connections: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[bytes]] = set()
        self._server: asyncio.Server | None = None

    @abstractmethod
    async def respond(self, message: Message) -> bytes:
        """The whole answer; empty: the connection breaks instead."""

    async def start(self, port: int = 0) -> int:
        """Listen on a port of the loopback address, a free one if 0, and return it."""
        self._server = await asyncio.start_server(self._connected, HOST, port, backlog=512)
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    async def stop(self) -> None:
        """Break all connections, end all calls."""
        if self._server is not None:
            self._server.close()
        self.drop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def drop(self, but: asyncio.StreamWriter | None = None) -> None:
        """Break all connections but one; what was placed stays placed, and what is still at work goes on."""
        for writer in self._connections - {but}:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while (message := await read_message(reader)) is not None:
                answer = await self._answer(message, reader)
                if self._dropping:
                    self._dropping = False
                    self.drop(but=writer)
                if not answer:
                    writer.transport.abort()
                    break
                writer.write(answer)
                await writer.drain()
        except (OSError, ValueError, asyncio.LimitOverrunError):
            writer.transport.abort()
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _answer(self, message: Message, reader: asyncio.StreamReader) -> bytes:
        """The answer; empty: the connection is to break.

        A caller that goes away ends nothing: as at a real venue, the request is at work without it.
        """
        task = self._spawn(self.respond(message))
        gone = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else b""
        finally:
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, bytes]) -> asyncio.Task[bytes]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[bytes]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()
