# SPDX-License-Identifier: MIT
"""Line 9: 300 half-open connections; a good alert is answered within 1 s, the half-open ones are closed within 10 s."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from fks_exec_hub import ExecutionHub
from fks_exec_server.config import Address
from fks_exec_simulators.hosts import KEY, TheVenue, host_config, served
from fks_exec_simulators.venues import MemoryVenue

TARGET = f"/webhook/tradingview/{KEY}"
PAIR = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def alert(name: str) -> bytes:
    """A good one, as a whole request that ends its connection."""
    body = json.dumps({"symbol": "BTC/USDT", "action": "buy", "quantity": "0.01", "id": name}).encode()
    return f"POST {TARGET} HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


async def answered(address: Address, request: bytes) -> int:
    """The code of its answer; 0 without one."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(request)
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    return int(answer.split(b" ")[1]) if answer else 0


async def silent(writer: asyncio.StreamWriter) -> None:
    """Opens, and says nothing."""


async def half_a_line(writer: asyncio.StreamWriter) -> None:
    """Stops within the first line."""
    writer.write(b"POST /webhook/trad")


async def dripping(writer: asyncio.StreamWriter) -> None:
    """One header after the other, without an end."""
    writer.write(f"POST {TARGET} HTTP/1.1\r\nhost: h\r\n".encode())
    while not writer.is_closing():
        await asyncio.sleep(0.3)
        writer.write(b"x-drip: 1\r\n")


async def blank_lines(writer: asyncio.StreamWriter) -> None:
    """Which a parser skips before a request."""
    while not writer.is_closing():
        writer.write(b"\r\n")
        await asyncio.sleep(0.3)


async def half_a_body(writer: asyncio.StreamWriter) -> None:
    """The head is whole, and the secret right."""
    writer.write(f"POST {TARGET} HTTP/1.1\r\nhost: h\r\ncontent-length: 1000\r\n\r\n{{".encode())


async def half_a_body_to_nowhere(writer: asyncio.StreamWriter) -> None:
    """The head is whole, the path is not there."""
    writer.write(b"POST /nowhere HTTP/1.1\r\nhost: h\r\ncontent-length: 1000\r\n\r\n{")


async def after_an_answer(writer: asyncio.StreamWriter) -> None:
    """One good request, then half of another."""
    writer.write(b"GET /nowhere HTTP/1.1\r\nhost: h\r\n\r\nGET /nowh")


WAYS: list[Callable[[asyncio.StreamWriter], Awaitable[None]]] = [
    silent, half_a_line, dripping, blank_lines, half_a_body, half_a_body_to_nowhere, after_an_answer,
]  # fmt: skip


async def closed(reader: asyncio.StreamReader) -> None:
    """Reads until the server ends the connection."""
    try:
        while await reader.read(4096):
            pass
    except ConnectionError:
        pass


async def test_300_half_open_connections_hold_up_nobody_and_are_closed(tmp_path: Path) -> None:
    """In all ways of being slow, with the limits that nobody has touched."""
    config = host_config(tmp_path, journal="memory:")
    async with served(ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())])) as host:
        pairs = [await asyncio.open_connection(host.alerts.host, host.alerts.port) for _ in range(300)]
        started = time.monotonic()
        senders = [asyncio.ensure_future(WAYS[n % len(WAYS)](writer)) for n, (_, writer) in enumerate(pairs)]
        await asyncio.sleep(0.2)
        asked = time.monotonic()
        assert await answered(host.alerts, alert("one")) == 200
        assert time.monotonic() - asked < 1
        async with asyncio.timeout(10 - (time.monotonic() - started)):
            await asyncio.gather(*(closed(reader) for reader, _ in pairs))
        for sender in senders:
            sender.cancel()
        await asyncio.gather(*senders, return_exceptions=True)
        for _, writer in pairs:
            writer.close()


@pytest.mark.parametrize("way", [silent, half_a_body])
async def test_more_of_one_address_than_it_may_have_hold_up_nobody_else_of_it(
    tmp_path: Path, way: Callable[[asyncio.StreamWriter], Awaitable[None]]
) -> None:
    """Who has sent no whole request makes room, long before its deadline."""
    limits = {"connections_per_address": 20, "head_timeout": 30}
    config = host_config(tmp_path, limits=limits, body_timeout=30)
    async with served(ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())])) as host:
        pairs: list[PAIR] = []
        for _ in range(20):
            pairs.append(await asyncio.open_connection(host.alerts.host, host.alerts.port))
            await way(pairs[-1][1])
        assert await answered(host.alerts, alert("one")) == 200
        assert any(reader.at_eof() for reader, _ in pairs)
        for _, writer in pairs:
            writer.close()


async def test_a_head_that_is_too_large_ends_its_connection(tmp_path: Path) -> None:
    """Long before its deadline."""
    config = host_config(tmp_path, limits={"head_timeout": 30})
    async with served(ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())])) as host:
        reader, writer = await asyncio.open_connection(host.alerts.host, host.alerts.port)
        started = time.monotonic()
        writer.write(f"POST {TARGET} HTTP/1.1\r\nhost: h\r\n".encode() + b"x-long: 1\r\n" * 20_000)
        async with asyncio.timeout(5):
            await closed(reader)
        assert time.monotonic() - started < 5
        assert await answered(host.alerts, alert("one")) == 200
        writer.close()


async def test_a_slow_answer_is_no_slow_sender(tmp_path: Path) -> None:
    """The deadline is one of the head; the next request of the connection may already have begun."""
    config = host_config(tmp_path, limits={"head_timeout": 0.2}, key={"wait": 1})
    async with served(ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())])) as host:
        reader, writer = await asyncio.open_connection(host.alerts.host, host.alerts.port)
        first = alert("one").replace(b"connection: close\r\n", b"")
        for part in (first, alert("two")):
            writer.write(part)
        async with asyncio.timeout(5):
            answers = await reader.read()
        writer.close()
    assert answers.count(b"HTTP/1.1 200") == 2
