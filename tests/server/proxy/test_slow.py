# SPDX-License-Identifier: MIT
"""Senders that begin and do not go on: the proxy closes them, and the host never sees them."""

import asyncio
import json
import time
from pathlib import Path

import httpx
import pytest

from fks_exec_server.proxies.configurations import Blanks
from fks_exec_simulators.proxies import Kind, Proxy
from fks_exec_simulators.proxies.upstream import PATIENCE, behind, raw
from fks_exec_simulators.served import SYMBOL, ServeProcess

HEAD = b"POST /webhook/tradingview/x HTTP/1.1\r\nhost: localhost\r\n"
BEGUN = {
    "nothing, not even a handshake": None,
    "nothing": b"",
    "half a header": HEAD,
    "half a body": HEAD + b"content-length: 100\r\n\r\n{",
}


async def opened(front: Proxy, begun: bytes | None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which a request has begun."""
    if begun is None:
        return await asyncio.open_connection("127.0.0.1", front.port)
    reader, writer = await asyncio.open_connection("127.0.0.1", front.port, ssl=front.context, server_hostname="localhost")
    writer.write(begun)
    return reader, writer


@pytest.mark.parametrize("begun", BEGUN.values(), ids=list(BEGUN))
async def test_300_that_have_begun_do_not_hold_up_an_alert_and_are_closed(
    host: ServeProcess, front: Proxy, begun: bytes | None
) -> None:
    """None of them is told that it had succeeded."""
    pairs = [await opened(front, begun) for _ in range(300)]
    try:
        since = time.monotonic()
        alert = {"id": "good", "symbol": SYMBOL, "action": "buy", "quantity": "0.01", "timenow": int(time.time())}
        async with httpx.AsyncClient(base_url=front.url, verify=front.context, trust_env=False) as http:
            assert (await http.post(host.path(), content=json.dumps(alert))).status_code == 200
        assert time.monotonic() - since < 1
        async with asyncio.timeout(10):
            ends = await asyncio.gather(*(reader.read() for reader, _ in pairs), return_exceptions=True)
        assert all(isinstance(end, ConnectionError) or end == b"" or b" 408 " in end for end in ends)
    finally:
        for _, writer in pairs:
            writer.transport.abort()


@pytest.mark.parametrize(
    "begun",
    [
        HEAD + b"content-length: 100\r\n\r\n",
        HEAD + b"content-length: 100\r\n\r\n{",
        HEAD + b"content-length: 8192\r\n\r\n" + b"x" * 8191,
        HEAD + b"content-length: 100\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n",
    ],
)
async def test_a_body_that_does_not_end_is_no_success_and_does_not_reach_the_host(
    kind: Kind, tmp_path: Path, begun: bytes
) -> None:
    """Caddy 2.6 would say 200 by itself: the sender would take its alert for booked."""
    async with behind(kind, tmp_path) as (upstream, front, _):
        async with asyncio.timeout(10 * PATIENCE):
            got = await raw(front, begun)
        assert got.split(b" ")[1:2] in ([], [b"400"], [b"408"], [b"411"]), got
        assert upstream.heads == []


@pytest.mark.parametrize("rest", [b"a: b\r\n", b"x"], ids=["headers", "a header"])
async def test_a_header_that_drips_is_closed_all_the_same(kind: Kind, tmp_path: Path, rest: bytes) -> None:
    """Its time counts from its beginning, not from its last byte."""
    async with behind(kind, tmp_path) as (_, front, _):
        reader, writer = await opened(front, HEAD)
        try:
            async with asyncio.timeout(10 * PATIENCE):
                reading = asyncio.create_task(reader.read())
                while not reading.done():
                    writer.write(rest)
                    await asyncio.wait([reading], timeout=PATIENCE / 5)
                await asyncio.gather(reading, return_exceptions=True)
        finally:
            writer.transport.abort()


async def test_an_alert_is_answered_503_before_tradingview_gives_it_up(kind: Kind, tmp_path: Path) -> None:
    """Else a frozen host would cost it: without an answer within 3 s it never comes again. Orders may take longer."""
    async with behind(kind, tmp_path, clients=True) as (upstream, _, http):
        upstream.waits = 2 * PATIENCE
        assert (await http.post("/webhook/tradingview/x", content=b"{}")).status_code == 200
        upstream.waits = 3.2
        since = time.monotonic()
        alert, order = (http.post(path, content=b"{}", timeout=10) for path in ("/webhook/tradingview/x", "/orders"))
        order_task = asyncio.create_task(order)
        answer = await alert
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert 2.4 < time.monotonic() - since < 3
        assert (await order_task).status_code == 200
        assert len(upstream.heads) == 3


PLACES = {
    "within": ("/webhook/tradingview/x", "/webhook/tradingview/", "/webhook/tradingview/x/orders/y"),
    "signed": ("/webhook/tradingview", "/webhook/tradingview?x=1"),
    "orders": ("/orders", "/orders/x", "/accounts", "/orders/webhook/tradingview"),
}


@pytest.mark.parametrize("patient", PLACES)
async def test_who_signs_and_who_orders_and_a_keys_alert_have_times_of_their_own(
    kind: Kind, tmp_path: Path, patient: str
) -> None:
    """A client that waits for twenty seconds must not make TradingView wait."""
    blanks = Blanks(**{name: 20.0 if name == patient else 0.5 for name in PLACES})
    async with behind(kind, tmp_path, clients=True, blanks=blanks) as (upstream, _, http):
        upstream.waits = 2.0
        paths = {path: name for name, each in PLACES.items() for path in each}
        answers = await asyncio.gather(*(http.post(path, content=b"{}", timeout=20) for path in paths))
        found = {path: answer.status_code for path, answer in zip(paths, answers, strict=True)}
        assert found == {path: 200 if name == patient else 503 for path, name in paths.items()}
