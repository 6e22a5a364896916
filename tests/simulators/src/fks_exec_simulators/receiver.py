# SPDX-License-Identifier: MIT
"""A receiver of alerts that answers by a script and writes down what it was sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from attrs import define, field

SILENT = 0
"""In a script: no answer, the connection stays."""
GONE = -1
"""In a script: the connection is closed without an answer."""


@define
class Receiver:
    """Its script's codes one after the other, the last one for ever.

    Attributes:
        requests: head and body of each.
        times: when each came; seconds of a monotonic clock.
    """

    script: Sequence[int]
    body: bytes = b""
    url: str = ""
    requests: list[tuple[str, bytes]] = field(factory=list)
    times: list[float] = field(factory=list)

    def headers(self, number: int = 0) -> dict[str, str]:
        """Of one request; the names in small letters."""
        lines = self.requests[number][0].strip().splitlines()[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = int(head.lower().partition("content-length:")[2].partition("\r\n")[0])
            code = self.script[min(len(self.requests), len(self.script) - 1)]
            self.times.append(time.monotonic())
            self.requests.append((head, await reader.readexactly(length)))
            if code == SILENT:
                await reader.read()
            elif code != GONE:
                writer.write(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n" % (code, len(self.body)) + self.body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving(*script: int, body: bytes = b"") -> AsyncIterator[Receiver]:
    """One that listens on loopback."""
    receiver = Receiver(script, body)
    async with await asyncio.start_server(receiver.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        receiver.url = f"http://127.0.0.1:{port}/webhook/tradingview/canary-0123456789abcdefghijklmnopqrstuvwxyz"
        yield receiver
