# SPDX-License-Identifier: MIT
"""What a connection may ask for besides one request after the other: other protocols, trailers, many requests at once."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fks_exec_hub import ExecutionHub
from fks_exec_server.access.signatures import sign
from fks_exec_server.http.malformed import EVERY, LINE, NowAndThen
from fks_exec_server.http.protocol import HEAD_LIMIT, PIPELINE
from fks_exec_simulators.hosts import KEY, Host, TheVenue, host_config, served
from fks_exec_simulators.venues import MemoryVenue

TARGET = f"/webhook/tradingview/{KEY}"
ALERT = json.dumps({"symbol": "BTC/USDT", "action": "buy", "quantity": "0.01", "id": "one"}).encode()
NOWHERE = b"GET /nowhere HTTP/1.1\r\nhost: h\r\n\r\n"


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    """A patient host, that answers strangers however many they are."""
    limits = {"strangers": 10000, "head_timeout": 30}
    config = host_config(tmp_path, limits=limits, body_timeout=30, body_limit=2 * HEAD_LIMIT)
    async with served(ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())])) as host:
        yield host


async def ask(host: Host, *parts: bytes, wait: float = 0.05) -> bytes:
    """Send the parts; what comes back until the server closes."""
    reader, writer = await asyncio.open_connection(host.alerts.host, host.alerts.port)
    try:
        for part in parts:
            writer.write(part)
            await asyncio.sleep(wait)  # so that each part is read by itself
        async with asyncio.timeout(5):
            return await reader.read()
    except ConnectionError:  # bytes that nobody read
        return b""
    finally:
        writer.close()


def post(path: str, body: bytes, *headers: str) -> tuple[bytes, bytes]:
    """Head and body of a request."""
    return "\r\n".join([f"POST {path} HTTP/1.1", "host: h", f"content-length: {len(body)}", *headers, "", ""]).encode(), body


UPGRADES = [
    ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AA"),
    ("Upgrade: websocket", "Connection: keep-alive, Upgrade"),
    ("Connection: Upgrade", "Upgrade: anything"),
]


@pytest.mark.parametrize("headers", UPGRADES)
@pytest.mark.parametrize("apart", [False, True])
async def test_a_body_after_a_wish_for_another_protocol_is_a_body(host: Host, headers: tuple[str, ...], apart: bool) -> None:
    """Java's client wishes for h2c with each request; the alert is executed."""
    head, body = post(TARGET, ALERT, *headers)
    parts = (head, body) if apart else (head + body,)
    answer = await ask(host, *parts)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"filled"' in answer
    assert b"connection: close" in answer


@pytest.mark.parametrize("headers", UPGRADES)
@pytest.mark.parametrize("length", ["plain", "chunked"])
async def test_a_body_after_a_wish_for_another_protocol_is_never_a_request(
    host: Host, headers: tuple[str, ...], length: str
) -> None:
    """Behind a proxy its answer would go to somebody else."""
    head, body = post("/nowhere", NOWHERE, *headers)
    if length == "chunked":
        head = head.replace(b"content-length: %d" % len(NOWHERE), b"transfer-encoding: chunked")
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(NOWHERE), NOWHERE)
    answer = await ask(host, head, body[:9], body[9:] + NOWHERE)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith(b"HTTP/1.1 404 ")


async def test_a_tunnel_is_refused(host: Host) -> None:
    """Its head never has a body, so it cannot be read as any other request."""
    answer = await ask(host, b"CONNECT h:1 HTTP/1.1\r\nhost: h:1\r\n\r\n", NOWHERE)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_a_line_after_the_last_chunk_proves_nothing(tmp_path: Path) -> None:
    """It comes when the request is judged already, and proxies do not check it."""
    secret = "canary-desk-0123456789abcdefghijklmnopqrstuvwxyz"
    (tmp_path / "desk").touch(0o600)
    (tmp_path / "desk").write_text(secret, "utf-8")
    config = host_config(tmp_path, clients={"desk": {"secrets": [{"file": "desk"}], "accounts": ["main"]}})
    body = json.dumps({"symbol": "BTC/USDT", "side": "buy", "quantity": "0.01"}).encode()
    proof = sign("POST", "/orders", body, key="desk", secret=secret)
    lines = "".join(f"{name}: {value}\r\n" for name, value in proof.items()).encode()
    head = b"POST /orders HTTP/1.1\r\nhost: h\r\nconnection: close\r\ntransfer-encoding: chunked\r\n"
    chunks = b"%x\r\n%s\r\n0\r\n" % (len(body), body)
    async with served(ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())])) as host:
        late = await ask(host, head + b"\r\n" + chunks + lines + b"\r\n")
        assert late.startswith(b"HTTP/1.1 401 ")
        early = await ask(host, head + lines + b"\r\n" + chunks + b"x-trailer: 1\r\n\r\n")
        assert early.startswith(b"HTTP/1.1 200 ")


BESIDE = {
    "lines after the last chunk": (b"0\r\n", b"x-trailer: 1\r\n"),
    "one line after the last chunk": (b"0\r\nx-trailer: ", b"1" * 16),
    "an extension of a chunk": (b"1;x=", b"1" * 16),
}


@pytest.mark.parametrize("way", BESIDE)
async def test_what_is_beside_a_body_has_a_size(host: Host, way: str) -> None:
    """All of it is counted, however it is cut; the connection ends long before the deadline of the body."""
    first, more = BESIDE[way]
    head = f"POST {TARGET} HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    half = more * (HEAD_LIMIT // len(more) // 2)
    assert await ask(host, head + first, half, half, half) == b""


async def test_a_body_in_the_smallest_chunks_is_one(host: Host) -> None:
    """What stands around a chunk is no line after the last."""
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in ALERT + b" " * HEAD_LIMIT)
    head = f"POST {TARGET} HTTP/1.1\r\nhost: h\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    answer = await ask(host, head, chunks + b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_a_long_body_before_the_next_request_is_no_part_of_its_head(host: Host) -> None:
    """They may come in one packet."""
    head, body = post(TARGET, ALERT + b" " * HEAD_LIMIT)
    last = NOWHERE.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
    answer = await ask(host, head + body + last[:20], last[20:])
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"404"]


async def test_some_requests_may_come_ahead_of_their_answers(host: Host) -> None:
    """They are answered in turn."""
    last = NOWHERE.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
    assert (await ask(host, NOWHERE * PIPELINE + last)).count(b"HTTP/1.1 404 ") == PIPELINE + 1


async def test_a_connection_with_very_many_requests_ahead_is_closed(host: Host) -> None:
    """At once, and without reading the rest: a packet holds thousands, and all others would wait for them."""
    reader, writer = await asyncio.open_connection(host.alerts.host, host.alerts.port)
    writer.write(NOWHERE * 1000)
    try:
        async with asyncio.timeout(5):
            answers = await reader.read()
    except ConnectionError:
        answers = b""
    finally:
        writer.close()
    assert answers.count(b"HTTP/1.1 ") <= 1
    assert (await ask(host, *post(TARGET, ALERT, "connection: close"))).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("before", [b"", NOWHERE])
async def test_a_head_without_its_body_makes_room(tmp_path: Path, before: bytes) -> None:
    """Also as the second request of its connection; who only promises a body would hold all places."""
    limits = {"connections_per_address": 20, "head_timeout": 30, "strangers": 10000}
    config = host_config(tmp_path, limits=limits, body_timeout=30)
    head, _ = post(TARGET, ALERT)
    async with served(ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())])) as host:
        pairs = [await asyncio.open_connection(host.alerts.host, host.alerts.port) for _ in range(20)]
        for reader, writer in pairs:
            writer.write(before + head)
            if before:
                await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.1)
        assert (await ask(host, *post(TARGET, ALERT, "connection: close"))).startswith(b"HTTP/1.1 200 ")
        for _, writer in pairs:
            writer.close()


async def test_what_is_no_http_is_told_once_however_often_it_comes(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    """Else anybody could fill the disk."""
    for _ in range(20):
        assert b" 400 " in await ask(host, b"\x16\x03\x01 no HTTP\r\n\r\n", wait=0)
    assert len([record for record in caplog.records if "Invalid HTTP" in record.getMessage()]) <= 1


def test_the_next_line_tells_how_many_came_meanwhile() -> None:
    """After a minute; other lines are let through as they are."""
    now = 0.0
    paced = NowAndThen(lambda: now)

    def told(text: str) -> str | None:
        record = logging.LogRecord("uvicorn.error", logging.WARNING, "", 0, text, (), None)
        return record.getMessage() if paced.filter(record) else None

    assert [told(LINE), told(LINE), told("else"), told(LINE)] == [LINE, None, "else", None]
    now = EVERY
    assert told(LINE) == f"{LINE} 2 more like it since it was told last."
    assert told(LINE) is None
