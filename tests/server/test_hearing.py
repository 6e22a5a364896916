# SPDX-License-Identifier: MIT
"""What is read of a request whose sender has hung up before the application turned to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from fks_exec_server.http.body import SenderGone, read_body
from fks_exec_server.http.protocol import PatientProtocol
from fks_exec_server.limits.addresses import Addresses
from fks_exec_server.limits.connections import Connections

ALERT = b'{"symbol": "BTC/USDT"}'
PLAIN = b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: %d\r\n\r\n%s" % (len(ALERT), ALERT)
CHUNKED = b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(ALERT), ALERT)


class SlowHost:
    """An application that turns to a request only when its sender is gone, and keeps what it reads then, twice."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.read: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.gone.wait()
        for _ in range(2):
            try:
                await self.read.put(await read_body(scope, receive, limit=8192, seconds=5))
            except SenderGone:
                await self.read.put(None)


class Watched(PatientProtocol):
    """Tells when its sender is gone."""

    host: SlowHost

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.host.gone.set()


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[SlowHost, int]]:
    """Such a host, and its port."""
    Watched.host = host = SlowHost()
    config = uvicorn.Config(host, lifespan="off", log_config=None)
    config.load()
    ours = {"connections": Connections(9, 9), "addresses": Addresses(()), "head_timeout": 5.0}
    made = partial(Watched, config=config, server_state=ServerState(), app_state={}, **ours)
    async with await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0) as server:
        yield host, server.sockets[0].getsockname()[1]


async def hung_up(port: int, sent: bytes) -> None:
    """A sender that does not wait for its answer."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("sent", [PLAIN, CHUNKED], ids=["plain", "chunked"])
async def test_what_is_here_as_a_whole_is_read_once_though_its_sender_is_gone(sent: bytes) -> None:
    """The host stood still while TradingView waited its three seconds: it does not send that alert again."""
    async with listening() as (host, port), asyncio.timeout(20):
        await hung_up(port, sent)
        assert [await host.read.get(), await host.read.get()] == [ALERT, None]


@pytest.mark.parametrize("sent", [PLAIN, CHUNKED], ids=["plain", "chunked"])
async def test_half_a_body_whose_sender_is_gone_is_none(sent: bytes) -> None:
    """Even where that half could be understood."""
    async with listening() as (host, port), asyncio.timeout(20):
        await hung_up(port, sent[:-1])
        assert [await host.read.get(), await host.read.get()] == [None, None]
