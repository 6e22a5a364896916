# SPDX-License-Identifier: MIT
"""The configurations that we ship, tried with nginx and with Caddy: what they pass on and what they answer."""

import time
from pathlib import Path

import httpx
import pytest

from fks_exec_server.proxies.configurations import Blanks
from fks_exec_simulators.proxies import Kind, Proxy, program
from fks_exec_simulators.proxies.upstream import behind, raw
from fks_exec_simulators.served import SYMBOL, ServeProcess

WEBHOOK = "/webhook/tradingview/"


def alert(name: str) -> dict[str, object]:
    """A market order."""
    return {"id": name, "symbol": SYMBOL, "action": "buy", "quantity": "0.01", "timenow": int(time.time())}


def test_a_host_that_restarts_is_503_with_a_time_and_then_takes_the_alert(host: ServeProcess, front: Proxy) -> None:
    """Not 502: every sender may send it again. The answer has the form of the host's own; the first try after is served."""
    with httpx.Client(base_url=front.url, verify=front.context, trust_env=False) as http:
        assert http.post(host.path(), json=alert("one")).status_code == 200
        host.end()
        answer = http.post(host.path(), json=alert("two"))
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "CLOSING", "5")
        host.start()
        again = http.post(host.path(), json=alert("two"))
        assert (again.status_code, again.json()["result"]["duplicate"]) == (200, False)
        assert set(again.json()) == set(answer.json())


@pytest.mark.parametrize("before", [0, 1], ids=["on a new connection", "on one that has served"])
async def test_a_host_that_dies_over_a_request_is_503_and_not_asked_twice(kind: Kind, tmp_path: Path, before: int) -> None:
    """Whether to send it again is the sender's business; also where the method, or a header, says that it were harmless."""
    async with behind(kind, tmp_path) as (upstream, _, http):
        for method, body, headers in (("POST", b"{}", {}), ("GET", b"", {}), ("POST", b"", {"idempotency-key": "1"})):
            upstream.answers = True
            upstream.heads.clear()
            for _ in range(before):
                assert (await http.request(method, f"{WEBHOOK}x", content=body, headers=headers)).status_code == 200
            upstream.answers = False
            assert (await http.request(method, f"{WEBHOOK}x", content=body, headers=headers)).status_code == 503
            assert len(upstream.heads) == before + 1, method


async def test_the_address_of_who_connects_stands_right_most(kind: Kind, tmp_path: Path) -> None:
    """What the sender wrote there itself is gone, or stands left of it, where the host does not look."""
    async with behind(kind, tmp_path) as (upstream, _, http):
        await http.post(f"{WEBHOOK}x", content=b"{}", headers={"x-forwarded-for": "52.89.214.238"})
        await http.post(f"{WEBHOOK}x", content=b"{}", headers=[("x-forwarded-for", "1.2.3.4"), ("X-FORWARDED-FOR", "5.6.7.8")])
        await http.post(f"{WEBHOOK}x", content=b"{}")
        for head in upstream.heads:
            seen = [line for line in head.splitlines() if line.lower().startswith("x-forwarded-for")]
            assert len(seen) == 1, head
            assert seen[0].split(" ")[-1] == "127.0.0.1"


HIDDEN = [
    "/",
    "/health/ready",
    "/metrics",
    "/orders",
    "/orders/x",
    "/accounts",
    "/halt",
    "/webhook",
    "/webhookx",
    "/webhook/tradingviewx",
    "//orders",
    "/%6frders",
    "/./orders",
    "/webhook/tradingview/../../orders",
    "/webhook/tradingview/x/../../../orders",
    "/webhook/tradingview/%2e%2e/%2e%2e/orders",
    "/webhook/tradingview/..%2f..%2forders",
    "/orders/..//orders",
    "/WEBHOOK/TRADINGVIEW/x",
    "https://localhost/orders",
]


async def test_only_the_paths_of_the_webhook_are_shown(kind: Kind, tmp_path: Path) -> None:
    """Health, metrics and orders stay inside, however the path is written; a request is the bytes of its sender."""
    async with behind(kind, tmp_path) as (upstream, front, http):
        for path in HIDDEN:
            got = await raw(front, f"GET {path} HTTP/1.1\r\nhost: localhost:{front.port}\r\nconnection: close\r\n\r\n".encode())
            assert got.split(b" ")[1] == b"404", path
        assert upstream.heads == []
        assert (await http.get(f"{WEBHOOK}x/orders/y")).status_code == 200
        assert (await http.post("/webhook/tradingview")).status_code == 200


async def test_a_path_is_passed_on_as_it_was_written(kind: Kind, tmp_path: Path) -> None:
    """With its query: a signature covers both."""
    async with behind(kind, tmp_path, clients=True) as (upstream, front, _):
        paths = ["/orders/a%20b", "/orders/a%2Fb?x=1&y=%41", "/orders/%c3%a9", "/orders?limit=2"]
        for path in paths:
            await raw(front, f"GET {path} HTTP/1.1\r\nhost: localhost:{front.port}\r\nconnection: close\r\n\r\n".encode())
        assert [head.split(" ")[1] for head in upstream.heads] == paths


async def test_clients_and_operators_are_shown_when_that_is_wanted(kind: Kind, tmp_path: Path) -> None:
    """Each apart from the other."""
    async with behind(kind, tmp_path, clients=True) as (_, _, http):
        codes = [(await http.get(path)).status_code for path in ("/orders", "/accounts/paper/positions", "/halt")]
        assert codes == [200, 200, 404]
    (tmp_path / "more").mkdir()
    async with behind(kind, tmp_path / "more", operators=True) as (_, _, http):
        codes = [(await http.post(path)).status_code for path in ("/halt", "/resume", "/close", "/orders")]
        assert codes == [200, 200, 200, 404]


async def test_a_large_body_does_not_reach_the_host(kind: Kind, tmp_path: Path) -> None:
    """Nor the disk. To the byte what the host takes, whatever the bytes are."""
    async with behind(kind, tmp_path) as (upstream, _, http):
        for length in (8193, 8200, 8999, 9000, 10_000, 81_920, 1_000_000):
            assert (await http.post(f"{WEBHOOK}x", content=b"x" * length)).status_code == 413
        assert upstream.heads == []
        whole = [b"x" * 8192, b"x" * 999, b"", b"\xff\x00\xc3\xa9" * 2000]
        for body in whole:
            assert (await http.post(f"{WEBHOOK}x", content=body)).status_code == 200
        assert upstream.bodies == whole


@pytest.mark.parametrize("limit", [100, 1024 * 1024])
async def test_a_body_is_as_large_as_the_configuration_says(kind: Kind, tmp_path: Path, limit: int) -> None:
    """To the byte, up to the largest that a host takes; nor does it lie in a file on its way."""
    async with behind(kind, tmp_path, blanks=Blanks(body=limit)) as (upstream, front, http):
        files = front.folder / "temp" / "body"
        before = files.stat().st_mtime_ns if files.exists() else 0
        for length, status in ((limit, 200), (limit + 1, 413), (limit + 100_000, 413), (0, 200), (limit - 1, 200)):
            assert (await http.post(f"{WEBHOOK}x", content=b"x" * length)).status_code == status
        assert [len(body) for body in upstream.bodies] == [limit, 0, limit - 1]
        assert before == (files.stat().st_mtime_ns if files.exists() else 0)
        for digits in (f"{limit + 1:018}", "9" * 18):
            head = f"POST {WEBHOOK}x HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {digits}\r\n\r\n{{}}"
            assert (await raw(front, head.encode())).split(b" ")[1] == b"413"


@pytest.mark.parametrize(
    "header",
    [
        "content-length: 2\r\ncontent-length: 3",
        "content-length: 2\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 2",
        "transfer-encoding: x",
        "content-length: -2",
        "content-length: +2",
        "content-length: 2, 3",
    ],
)
async def test_a_body_of_two_lengths_is_refused(kind: Kind, tmp_path: Path, header: str) -> None:
    """Else the proxy and the host could take different bytes for the next request."""
    async with behind(kind, tmp_path) as (upstream, front, _):
        inner = b"0\r\n\r\nGET /orders HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        head = f"POST {WEBHOOK}x HTTP/1.1\r\nhost: localhost:{front.port}\r\n{header}\r\nconnection: close\r\n\r\n"
        got = await raw(front, head.encode() + inner)
        assert got.split(b" ")[1][:1] in {b"4", b"5"}, got
        assert upstream.heads == []


def test_without_the_program_these_tests_fail_and_say_what_to_install(kind: Kind, tmp_path: Path) -> None:
    """A skip would leave the configuration untried."""
    with pytest.raises(AssertionError, match=rf"^{kind.name} is not installed, .*; run: apt-get install {kind.package}$"):
        program(kind, str(tmp_path))
