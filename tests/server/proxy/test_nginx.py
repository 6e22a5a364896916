# SPDX-License-Identifier: MIT
"""The configuration of nginx that we ship, tried with nginx."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from attrs import define, field

from fks_exec_server.proxies.configurations import Blanks
from fks_exec_simulators.nginx import Nginx, nginx, program
from fks_exec_simulators.served import SECRETS, SYMBOL, ServeProcess, serve_process

PATIENCE = 1
"""Seconds for a header in these tests."""
WEBHOOK = "/webhook/tradingview/"


@define
class Upstream:
    """A host that writes down what it gets, and answers 200, or hangs up."""

    port: int = 0
    heads: list[str] = field(factory=list)
    answers: bool = True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head.decode())
            if self.answers:
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def behind(folder: Path, **blanks: bool) -> AsyncIterator[tuple[Upstream, Nginx, httpx.AsyncClient]]:
    """nginx before such a host, and a client that believes its certificate."""
    upstream = Upstream()
    async with await asyncio.start_server(upstream.serve, "127.0.0.1", 0) as server:
        upstream.port = server.sockets[0].getsockname()[1]
        with nginx(folder / "nginx", upstream.port, Blanks(patience=PATIENCE, **blanks)) as front:
            async with httpx.AsyncClient(base_url=front.url, verify=front.context, trust_env=False) as client:
                yield upstream, front, client


@pytest.fixture
def host(tmp_path: Path) -> Iterator[ServeProcess]:
    """A real one, in a process of its own."""
    with serve_process(tmp_path) as host:
        yield host


@pytest.fixture
def front(tmp_path: Path, host: ServeProcess) -> Iterator[Nginx]:
    """nginx before it."""
    with nginx(tmp_path / "nginx", host.port, Blanks(patience=PATIENCE)) as front:
        yield front


def alert(name: str) -> bytes:
    """A market order."""
    return json.dumps({"id": name, "symbol": SYMBOL, "action": "buy", "quantity": "0.01", "timenow": int(time.time())}).encode()


def client(front: Nginx) -> httpx.Client:
    """One that believes its certificate."""
    return httpx.Client(base_url=front.url, verify=front.context, trust_env=False)


def test_an_alert_comes_through_and_no_log_shows_its_secret(host: ServeProcess, front: Nginx) -> None:
    """Neither that of nginx, of a good request, a wrong one, one to a host that is gone; nor that of the host."""
    with client(front) as http:
        answer = http.post(host.path(), content=alert("one"))
        assert (answer.status_code, answer.json()["status"]) == (200, "success")
        name = answer.json()["client_order_id"]
        assert http.get(f"{host.path()}/orders/{name}").json()["client_order_id"] == name
        assert http.post(f"{host.path()}x", content=alert("two")).status_code == 404
        host.end()
        assert http.post(host.path(), content=alert("one")).status_code == 503
    written = front.written(until=f"POST {WEBHOOK}*** 503")
    assert f"POST {WEBHOOK}*** 200" in written
    assert f"GET {WEBHOOK}***/orders/{name} 200" in written
    assert f"POST {WEBHOOK}*** 503" in written
    assert SECRETS[0] not in written + host.said


def test_a_host_that_restarts_is_503_with_a_time_and_then_takes_the_alert(host: ServeProcess, front: Nginx) -> None:
    """Not 502: every sender may send it again. The answer has the form of the host's own; the first try after is served."""
    with client(front) as http:
        assert http.post(host.path(), content=alert("one")).status_code == 200
        host.end()
        answer = http.post(host.path(), content=alert("two"))
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "CLOSING", "5")
        host.start()
        again = http.post(host.path(), content=alert("two"))
        assert (again.status_code, again.json()["result"]["duplicate"]) == (200, False)
        assert set(again.json()) == set(answer.json())


async def test_a_host_that_dies_over_an_alert_is_503_and_not_asked_twice(tmp_path: Path) -> None:
    """Whether to send it again is the sender's business."""
    async with behind(tmp_path) as (upstream, _, http):
        upstream.answers = False
        assert (await http.post(f"{WEBHOOK}x", content=b"{}")).status_code == 503
        assert len(upstream.heads) == 1


async def test_the_address_of_who_connects_stands_right_most(tmp_path: Path) -> None:
    """What the sender wrote there itself stands left of it, where the host does not look."""
    async with behind(tmp_path) as (upstream, _, http):
        await http.post(f"{WEBHOOK}x", content=b"{}", headers={"x-forwarded-for": "52.89.214.238"})
        await http.post(f"{WEBHOOK}x", content=b"{}")
        seen = [line for head in upstream.heads for line in head.splitlines() if line.lower().startswith("x-forwarded-for")]
        assert seen == ["X-Forwarded-For: 52.89.214.238, 127.0.0.1", "X-Forwarded-For: 127.0.0.1"]


async def test_only_the_paths_of_the_webhook_are_shown(tmp_path: Path) -> None:
    """Health, metrics and orders stay inside, however the path is written."""
    paths = ["/", "/health/ready", "/metrics", "/orders", "/halt", "/webhook", "/webhookx", "/webhook/tradingviewx", "//orders"]
    async with behind(tmp_path) as (upstream, _, http):
        codes = {(await http.get(path)).status_code for path in [*paths, f"{WEBHOOK}../../orders", "/%6frders"]}
        assert (codes, upstream.heads) == ({404}, [])
        assert (await http.get(f"{WEBHOOK}x/orders/y")).status_code == 200
        assert (await http.post("/webhook/tradingview")).status_code == 200


async def test_clients_and_operators_are_shown_when_that_is_wanted(tmp_path: Path) -> None:
    """Each apart from the other."""
    async with behind(tmp_path, clients=True) as (_, _, http):
        codes = [(await http.get(path)).status_code for path in ("/orders", "/accounts/paper/positions", "/halt")]
        assert codes == [200, 200, 404]
    (tmp_path / "more").mkdir()
    async with behind(tmp_path / "more", operators=True) as (_, _, http):
        assert [(await http.post(path)).status_code for path in ("/halt", "/resume", "/close", "/orders")] == [
            200,
            200,
            200,
            404,
        ]


async def test_a_large_body_does_not_reach_the_host(tmp_path: Path) -> None:
    """Nor the disk."""
    async with behind(tmp_path) as (upstream, _, http):
        assert (await http.post(f"{WEBHOOK}x", content=b"x" * 8193)).status_code == 413
        assert upstream.heads == []
        assert (await http.post(f"{WEBHOOK}x", content=b"x" * 8192)).status_code == 200


@pytest.mark.parametrize("begun", [b"", b"POST /webhook/tradingview/x HTTP/1.1\r\nhost: x\r\n"])
async def test_300_that_have_begun_do_not_hold_up_an_alert_and_are_closed(
    host: ServeProcess, front: Nginx, begun: bytes
) -> None:
    """Header by header, or nothing at all after the handshake; the host never sees them."""
    opened = [await asyncio.open_connection("127.0.0.1", front.port, ssl=front.context) for _ in range(300)]
    try:
        for _, writer in opened:
            writer.write(begun)
        since = time.monotonic()
        async with httpx.AsyncClient(base_url=front.url, verify=front.context, trust_env=False) as http:
            assert (await http.post(host.path(), content=alert("good"))).status_code == 200
        assert time.monotonic() - since < 1
        async with asyncio.timeout(10):
            ends = await asyncio.gather(*(reader.read() for reader, _ in opened), return_exceptions=True)
        assert all(isinstance(end, ConnectionError) or end == b"" or b" 408 " in end for end in ends)
    finally:
        for _, writer in opened:
            writer.transport.abort()


def test_without_nginx_these_tests_fail_and_say_what_to_install(tmp_path: Path) -> None:
    """A skip would leave the configuration untried."""
    with pytest.raises(AssertionError, match=r"^nginx is not installed, .*; run: apt-get install nginx-light$"):
        program(str(tmp_path))
