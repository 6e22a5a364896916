# SPDX-License-Identifier: MIT
"""The server as the network sees it: bytes on a real socket, good and bad."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fks_exec_hub import ExecutionHub
from fks_exec_server import CannotListen
from fks_exec_server.config import Address
from fks_exec_simulators.hosts import KEY, Host, TheVenue, host_config, served
from fks_exec_simulators.stage import until
from fks_exec_simulators.venues import MemoryVenue, SilentVenue

SLOW = 0.3
"""Seconds that a body may take in these tests."""


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    """A host whose body deadline is short."""
    config = host_config(tmp_path, body_timeout=SLOW, limits={"strangers": 10000})
    async with served(ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())])) as host:
        yield host


def alert() -> bytes:
    """A market order, as of now."""
    return json.dumps({"symbol": "BTC/USDT", "action": "buy", "quantity": "0.01", "timenow": int(time.time() * 1000)}).encode()


def post(body: bytes, *headers: str, path: str = f"/webhook/tradingview/{KEY}", method: str = "POST") -> bytes:
    """The bytes of a request."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "host: host", *headers, "", ""]).encode("latin-1") + body


async def ask(address: Address, *parts: bytes, wait: float = 0.0, eof: bool = False) -> bytes:
    """Send the parts, one after the other, and read until the server closes."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(wait)
        if eof:
            writer.write_eof()
        async with asyncio.timeout(15):
            return await reader.read()
    finally:
        writer.close()


def status(answer: bytes) -> int:
    """The HTTP code of the first answer."""
    return int(answer.split(b" ", 2)[1])


async def test_an_alert_comes_through(host: Host) -> None:
    """As TradingView sends it: the text's type, no header of our own."""
    body = alert()
    raw = post(body, f"content-length: {len(body)}", "content-type: text/plain; charset=utf-8", "connection: close")
    answer = await ask(host.alerts, raw)
    assert status(answer) == 200
    assert b"server:" not in answer.lower()


async def test_an_alert_in_chunks_comes_through(host: Host) -> None:
    """A proxy may send it so."""
    body = alert()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:10], body[10:])) + b"0\r\n\r\n"
    assert status(await ask(host.alerts, post(chunks, "transfer-encoding: chunked", "connection: close"))) == 200


async def test_a_slow_body_is_answered_and_closed_at_the_deadline(host: Host) -> None:
    """With a code that TradingView does not repeat."""
    started = time.monotonic()
    parts = [post(b"", "content-length: 1000"), *[b"x"] * 10]
    answer = await ask(host.alerts, *parts, wait=0.01)
    assert status(answer) == 408
    assert b"connection: close" in answer
    assert SLOW <= time.monotonic() - started < SLOW + 5


async def test_slow_senders_do_not_hold_up_a_good_alert(host: Host) -> None:
    """300 that have begun and go no further; the good one is answered meanwhile, and they are closed."""
    pairs = [await asyncio.open_connection(host.alerts.host, host.alerts.port) for _ in range(300)]
    try:
        for _, writer in pairs:
            writer.write(post(b"x", "content-length: 1000"))
        body, started = alert(), time.monotonic()
        answer = await ask(host.alerts, post(body, f"content-length: {len(body)}", "connection: close"))
        assert (status(answer), time.monotonic() - started < 1) == (200, True)
        async with asyncio.timeout(10):
            answers = await asyncio.gather(*(reader.read() for reader, _ in pairs))
        assert {status(each) for each in answers} == {408}
    finally:
        for _, writer in pairs:
            writer.close()


async def test_a_slow_body_to_nowhere_is_closed_too(host: Host) -> None:
    """It is answered as any other: 404."""
    parts = [post(b"", "content-length: 1000", path="/webhook/tradingview/wrong"), *[b"x"] * 10]
    answer = await ask(host.alerts, *parts, wait=0.01)
    assert status(answer) == 404
    assert b"connection: close" in answer


async def test_ten_megabytes_are_refused(host: Host) -> None:
    """And the sender, who first sends all of it, gets to see why."""
    body = b"x" * 10_000_000
    async with httpx.AsyncClient() as client:
        answer = await client.post(host.url, content=body)
        assert (answer.status_code, answer.json()["code"]) == (413, "TOO_LARGE")
        again = await client.post(host.url, content=alert())
        assert again.status_code == 200


async def test_endless_chunks_are_refused(host: Host) -> None:
    """Without a Content-Length that could be looked at."""
    head = post(b"", "transfer-encoding: chunked")
    answer = await ask(host.alerts, head, *[b"1000\r\n" + b"x" * 4096 + b"\r\n"] * 40, wait=0.0)
    assert status(answer) == 413
    assert b"connection: close" in answer


async def test_a_length_that_says_too_little_lets_nothing_more_in(host: Host) -> None:
    """The rest is no part of the alert, and no request either."""
    body = alert()
    raw = post(body, f"content-length: {len(body) - 1}")
    assert status(await ask(host.alerts, raw)) == 400


@pytest.mark.parametrize("length", ["-1", "1, 2", "0x10", "９", "99999999999999999999999999"])
async def test_a_length_that_is_no_number_is_refused(host: Host, length: str) -> None:
    """By whoever reads it first."""
    raw = post(alert(), f"content-length: {length}".encode().decode("latin-1"))
    assert status(await ask(host.alerts, raw)) in (400, 413)


async def test_two_lengths_are_refused(host: Host) -> None:
    """What a proxy and the server read differently smuggles a request."""
    body = alert()
    both = ["transfer-encoding: chunked", f"content-length: {len(body)}"]
    assert status(await ask(host.alerts, post(body, *both))) == 400
    assert status(await ask(host.alerts, post(body, "content-length: 5", f"content-length: {len(body)}"))) == 400


@pytest.mark.parametrize(
    ("path", "lines"),
    [(f"/webhook/tradingview/{KEY}", ["POST /webhook/tradingview/*** gone, from tv"]), ("/nowhere", [])],
    ids=["an alert", "nothing"],
)
async def test_a_sender_that_hangs_up_sends_nothing(
    host: Host, path: str, lines: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Half an alert is none; nothing is logged as a fault, but that a key's alert was cut off is told."""
    body = alert()
    _, writer = await asyncio.open_connection(host.alerts.host, host.alerts.port)
    writer.write(post(body[:-1], f"content-length: {len(body)}", path=path))
    await writer.drain()
    writer.close()

    def warned() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]

    await until(lambda: len(warned()) >= len(lines))
    async with httpx.AsyncClient() as client:
        assert (await client.post(host.url, content=alert())).status_code == 200
    assert warned() == lines


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.binary(max_size=60), tail=st.sampled_from([b"", b"/orders/tv-1", KEY.encode(), KEY[1:].encode()]))
async def test_any_bytes_in_the_place_of_the_secret_are_404_or_400(host: Host, text: bytes, tail: bytes) -> None:
    """Percent-encoded and raw, 0x00 to 0xFF: never 500, which TradingView would send again."""
    for piece in (quote(text, safe="").encode(), text):
        if piece + tail == KEY.encode():
            continue
        raw = b"POST /webhook/tradingview/" + piece + tail + b" HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n"
        answer = await ask(host.alerts, raw, eof=True)
        assert answer == b"" or status(answer) in (400, 404), raw


def dateless(answer: bytes) -> bytes:
    """Without the one header that changes with time."""
    return b"\r\n".join(line for line in answer.split(b"\r\n") if not line.startswith(b"date:"))


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS", "DELETE"])
async def test_a_wrong_secret_and_an_unknown_path_are_the_same_bytes(host: Host, method: str) -> None:
    """On the wire, too."""
    body = alert()
    answers = {
        dateless(
            await ask(host.alerts, post(body, f"content-length: {len(body)}", "connection: close", path=path, method=method))
        )
        for path in ("/", "/nowhere", f"/webhook/tradingview/{KEY[:-1]}", f"/webhook/tradingview/{KEY[:-1]}/orders/tv-1")
    }
    assert len(answers) == 1
    assert status(answers.pop()) == 404


async def test_each_listener_serves_its_own_routes_only(host: Host) -> None:
    """Health is not told to the world, and alerts are not taken by the operations."""
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"http://{host.operations}/health/live")).json() == {"status": "live"}
        assert (await client.get(f"http://{host.operations}/health/ready")).status_code == 200
        assert (await client.get(f"http://{host.alerts}/health/live")).status_code == 404
        assert (await client.post(host.url.replace(str(host.alerts), str(host.operations)))).status_code == 404


async def test_an_address_that_is_taken_is_a_sentence(host: Host, tmp_path: Path) -> None:
    """And the journal is not opened."""
    config = host_config(tmp_path, journal="sqlite:taken.db", bind=str(host.alerts))
    with pytest.raises(CannotListen, match=rf"cannot listen on {host.alerts}: address already in use; stop what listens"):
        async with served(ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())])):
            pass
    assert not (tmp_path / "taken.db").exists()


async def test_what_is_under_way_is_answered_when_the_host_stops(tmp_path: Path) -> None:
    """The order is durable, its outcome is not known: 202, and the connection ends after it."""
    config = host_config(tmp_path, key={"wait": 0.5}, account={"deadline": 1})
    async with served(ExecutionHub.open(config, plugins=[TheVenue(SilentVenue())])) as host, httpx.AsyncClient() as client:
        asked = asyncio.create_task(client.post(host.url, content=alert()))
        await asyncio.sleep(0.1)
        host.stop.set()
        assert (await asked).status_code == 202
        with pytest.raises(httpx.ConnectError):
            await client.post(host.url, content=alert())


async def test_half_an_alert_does_not_hold_up_a_stop(tmp_path: Path) -> None:
    """It was never taken; whoever sent it gets no answer, and sends it again."""
    config = host_config(tmp_path, key={"wait": 0.1}, body_timeout=60)
    async with served(ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())])) as host:
        reader, writer = await asyncio.open_connection(host.alerts.host, host.alerts.port)
        writer.write(post(b"x", "content-length: 1000"))
        await asyncio.sleep(0.1)
        started = time.monotonic()
    assert time.monotonic() - started < 10
    assert b" 200 " not in await reader.read()
    writer.close()


@pytest.mark.parametrize(
    ("bind", "remedy"),
    [
        ("203.0.113.7:80", "this machine has no such address; name one of its own in plugins.server, such as 127.0.0.1"),
        (f"{'a' * 70}.example:80", "look at the address in plugins.server"),
    ],
)
async def test_an_address_that_is_not_ours_is_a_sentence(tmp_path: Path, bind: str, remedy: str) -> None:
    """Whatever the system says about it; nobody is sent to look for another process."""
    config = host_config(tmp_path, bind=bind)
    with pytest.raises(CannotListen, match=rf"^cannot listen on .*; {remedy}$"):
        async with served(ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())])):
            pass


async def test_nothing_is_logged_about_a_good_alert(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An access log would show the secret, whatever the level is."""
    caplog.set_level(logging.NOTSET)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    async with served(ExecutionHub.open(host_config(tmp_path), plugins=[TheVenue(MemoryVenue())])) as host:
        caplog.set_level(logging.DEBUG, logger="uvicorn.access")
        async with httpx.AsyncClient() as client:
            assert (await client.post(host.url, content=alert())).status_code == 200
            assert (await client.post(f"{host.url}x", content=alert())).status_code == 404
        await ask(host.alerts, post(b"", path=f"/webhook/tradingview/{KEY}\xff"))
    assert KEY not in caplog.text
