# SPDX-License-Identifier: MIT
"""Line 5: a body has at most 8 KiB, counted while it comes in, whatever its Content-Length says and however long it goes on."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp, Message, Scope

from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_server.access.signatures import sign, sign_alert
from fks_exec_server.http.table import ROUTES
from fks_exec_simulators.clients import CLIENT_SECRET, SigningClient, client_table
from fks_exec_simulators.hosts import KEY, TheVenue, host_config, served
from fks_exec_simulators.venues import MemoryVenue

LIMIT = 8192
WITH_BODY = [
    (method, spec.path.replace("{key}", KEY).replace("{client_order_id}", "x"))
    for spec in ROUTES
    for method, operation in spec.methods.items()
    if operation.bodies or operation.does == "alert"
]


@asynccontextmanager
async def app_on(base: Path) -> AsyncIterator[tuple[ASGIApp, MemoryVenue]]:
    """The application, and the venue that its orders would go to."""
    venue = MemoryVenue()
    config = host_config(base, clients=client_table(base))
    async with ExecutionHub.open(config, plugins=[TheVenue(venue)]) as hub:
        yield create_app(hub), venue


class Stream:
    """A sender that goes on for ever, in chunks of 1 KiB, and counts what was taken from it."""

    def __init__(self, app: ASGIApp, method: str, target: str, *headers: tuple[bytes, bytes]) -> None:
        proved = sign_alert(b"", secret=CLIENT_SECRET) | sign(method, target, key="bot", secret=CLIENT_SECRET)
        if target.startswith("/webhook"):
            proved = sign_alert(b"", secret=CLIENT_SECRET)
        signed = [(name.lower().encode(), value.encode()) for name, value in proved.items()]
        self.scope: Scope = {
            "type": "http", "method": method, "path": target, "raw_path": target.encode(), "query_string": b"",
            "headers": [*signed, *headers], "client": ("127.0.0.1", 1), "root_path": "",
        }  # fmt: skip
        self._app = app
        self.taken = 0
        self.taken_at_answer = -1
        self.status = 0

    async def run(self) -> int:
        """The code of the answer."""
        await self._app(self.scope, self._receive, self._send)
        return self.status

    async def _receive(self) -> Message:
        self.taken += 1024
        return {"type": "http.request", "body": b"x" * 1024, "more_body": True}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
async def test_a_body_without_an_end_is_refused(tmp_path: Path, method: str, path: str) -> None:
    """On every route that takes one; the sender is listened to for a while, and nothing of it is kept."""
    async with app_on(tmp_path) as (app, venue):
        stream = Stream(app, method, path)
        async with asyncio.timeout(5):
            assert await stream.run() == 413
    assert stream.taken <= 16 * 1024 * 1024 + LIMIT + 2048
    assert venue.seen == []


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
@pytest.mark.parametrize("said", [b"8193", b"99999999999999999999", b"-1", b"0x10", b"1e3", b"\xb2"])
async def test_a_length_that_is_too_large_or_no_number_is_enough(tmp_path: Path, method: str, path: str, said: bytes) -> None:
    """Nothing is collected first."""
    async with app_on(tmp_path) as (app, _):
        assert await Stream(app, method, path, (b"content-length", said)).run() == 413


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
async def test_a_length_that_says_too_little_does_not_help(tmp_path: Path, method: str, path: str) -> None:
    """The bytes are counted, not the word."""
    async with app_on(tmp_path) as (app, _):
        assert await Stream(app, method, path, (b"content-length", b"10")).run() == 413


async def test_8192_bytes_are_taken_and_one_more_is_not(tmp_path: Path) -> None:
    """The limit itself is allowed."""
    order = {"symbol": "BTC/USDT", "side": "buy", "quantity": "0.01", "client_order_id": "a"}
    async with (
        app_on(tmp_path) as (app, venue),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://h") as http,
    ):
        ask, body = SigningClient(http), json.dumps(order).encode()
        over = await ask("POST", "/orders", body.ljust(LIMIT + 1))
        assert venue.seen == []
        full = await ask("POST", "/orders", body.ljust(LIMIT))
    assert (over.status_code, full.status_code) == (413, 200)


async def test_what_follows_a_body_that_was_said_to_be_shorter_is_no_request_of_its_own(tmp_path: Path) -> None:
    """On a real connection: a second request smuggled into the first has no proof of its own, and is not served."""
    body = b'{"symbol":"BTC/USDT"}'
    smuggled = b"DELETE /orders/x HTTP/1.1\r\nhost: h\r\n\r\n"
    config = host_config(tmp_path, clients=client_table(tmp_path))
    async with served(ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())])) as host:
        reader, writer = await asyncio.open_connection(host.alerts.host, host.alerts.port)
        head = f"POST /webhook/tradingview/{KEY} HTTP/1.1\r\nhost: h\r\ncontent-length: {len(body)}\r\n\r\n".encode()
        writer.write(head + body + smuggled)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
    assert re.findall(rb"HTTP/1\.1 ([0-9]{3})", answer) == [b"422", b"401"]
