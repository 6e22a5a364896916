# SPDX-License-Identifier: MIT
"""A host that writes down what a proxy passes on."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from attrs import define, evolve, field

from fks_exec_server.proxies.configurations import Blanks

from .running import Kind, Proxy, proxy

PATIENCE = 1
"""Seconds for a header in tests."""
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


@define
class Upstream:
    """It answers 200 with an empty document, or hangs up. Its connections stay open, as those of a host.

    Args:
        heads: of what came.
        bodies: of the same.
        answers: or else it hangs up.
        waits: seconds before it answers.
    """

    heads: list[str] = field(factory=list)
    bodies: list[bytes] = field(factory=list)
    answers: bool = True
    waits: float = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while await self._request(reader):
                path = self.heads[-1].split(" ")[1].encode()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nlocation: " + path + b"\r\n\r\n{}")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _request(self, reader: asyncio.StreamReader) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head.decode())
        found = _LENGTH.search(head)
        self.bodies.append(await reader.readexactly(int(found[1]) if found else 0))
        await asyncio.sleep(self.waits)
        return self.answers


async def raw(front: Proxy, request: bytes) -> bytes:
    """The head of the answer to a request that no client would write so; what there is of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", front.port, ssl=front.context, server_hostname="localhost")
    try:
        writer.write(request)
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        return error.partial
    except ConnectionError:
        return b""
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)  # it is closed by the loop, for which a caller that reads files would leave no time


@asynccontextmanager
async def behind(
    kind: Kind, folder: Path, *, clients: bool = False, operators: bool = False, blanks: Blanks | None = None
) -> AsyncIterator[tuple[Upstream, Proxy, httpx.AsyncClient]]:
    """Such a host behind a proxy, and a client that believes its certificate.

    Args:
        blanks: what else is filled into the configuration.
    """
    upstream = Upstream()
    async with await asyncio.start_server(upstream.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        filled = evolve(blanks or Blanks(), patience=PATIENCE, clients=clients, operators=operators)
        with proxy(kind, folder / kind.name, port, filled) as front:
            async with httpx.AsyncClient(base_url=front.url, verify=front.context, trust_env=False) as client:
                yield upstream, front, client
