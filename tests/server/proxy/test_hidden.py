# SPDX-License-Identifier: MIT
"""No log of a proxy shows the secret of a webhook, however it comes there; and what may be shown is."""

import asyncio
import json
import time
from pathlib import Path

import httpx
import pytest

from fks_exec_server.proxies.configurations import Blanks
from fks_exec_simulators.proxies import Kind, Proxy, narrow, proxy
from fks_exec_simulators.proxies.upstream import PATIENCE, Upstream, behind, raw
from fks_exec_simulators.served import SECRETS, SYMBOL, ServeProcess
from fks_exec_simulators.stage import until

WEBHOOK = "/webhook/tradingview/"
SECRET = "0123456789-abcdefghijklmnopqrstu"
"""As short as one may be."""

ODD = [
    "/webhook/tradingview/S",
    "/webhook/tradingview/S/",
    "/webhook/tradingview/S/orders/x?secret=S",
    "/webhook/tradingview/S/orders/x/S",
    "/webhook/tradingview/S/S",
    "/webhook/tradingview/x/S",
    "/webhook/tradingview/S%0aS",
    "/webhook/tradingview/x%0a/S%0a",
    "//webhook/tradingview/S",
    "/webhook//tradingview/S",
    "/webhook/tradingview//S",
    "/webhook/./tradingview/S",
    "/x/../webhook/tradingview/S",
    "/%77ebhook/tradingview/S",
    "/Webhook/TradingView/S",
    "/webhook/S",
    "/webhook%2Ftradingview%2FS",
    "/webhook/tradingviewS",
    "/webhook/tradingview?key=S",
    "/S",
    "/?S",
    "/%0aS",
    "/orders/S",
    "/accounts/S",
    "https://localhost/webhook/tradingview/S",
    "https://S/webhook/tradingview/x",
]


def request(front: Proxy, path: str, host: str = "", more: str = "") -> bytes:
    """An alert to a path in which S stands for the secret."""
    head = f"POST {path.replace('S', SECRET)} HTTP/1.1\r\nhost: {host or f'localhost:{front.port}'}\r\n{more}"
    return f"{head}referer: https://localhost/{SECRET}\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{{}}".encode()


@pytest.mark.parametrize("state", ["answers", "hangs up", "is gone"])
async def test_no_log_shows_a_secret_wherever_it_stands(kind: Kind, tmp_path: Path, state: str) -> None:
    """In a path that is written oddly, or wrongly; in a header; in what the host answers."""
    async with behind(kind, tmp_path) as (upstream, front, http):
        upstream.answers = state == "answers"
        if state == "is gone":
            with proxy(kind, tmp_path / "alone", 1, Blanks(patience=PATIENCE)) as alone:
                await all_of_them(alone)
        else:
            await all_of_them(front)
            await asked(upstream, http)


async def all_of_them(front: Proxy) -> None:
    """Every odd path, and what is refused before its path counts."""
    for path in ODD:
        assert b"HTTP/1." in await raw(front, request(front, path)), path
    path = ODD[0]
    for bad in (
        request(front, path, host="elsewhere.example"),
        request(front, path, host=SECRET),
        request(front, path, more="a b: c\r\n"),
        request(front, path, more=f"a: {'x' * 50_000}\r\n"),
        request(front, path + "x" * 50_000),
        request(front, path).replace(b"HTTP/1.1", b"HTTP/9.1"),
        request(front, f"{path}\x01"),
        request(front, path).replace(b"{}", b"{"),  # its end is missing
    ):
        await raw(front, bad)
    await raw(front, request(front, "/end"))
    front.served(until="POST /end 404")
    assert SECRET not in front.written()


async def asked(upstream: Upstream, http: httpx.AsyncClient) -> None:
    """The host was reached at all."""
    upstream.answers = True
    assert (await http.post(f"{WEBHOOK}{SECRET}", content=b"{}")).headers["location"] == f"{WEBHOOK}{SECRET}"


async def test_no_log_of_nginx_shows_a_secret_where_its_connections_are_used_up(tmp_path: Path) -> None:
    """Such a line is an alert and holds the request; that they are used up stands in nginx's own log all the same.

    Of ten it listens on one, four requests take two each, and the fifth finds none to the host.
    """
    async with behind(narrow(10), tmp_path, blanks=Blanks(within=60.0)) as (upstream, front, _):
        upstream.waits = 60
        asked = [asyncio.create_task(raw(front, request(front, f"{WEBHOOK}S"))) for _ in range(4)]
        await until(lambda: len(upstream.heads) == 4, 30)
        assert (await raw(front, request(front, f"{WEBHOOK}S"))).startswith(b"HTTP/1.1 500 ")
        front.served(until=f"POST {WEBHOOK}*** 500")
        await idle(front, 2)
        assert "worker_connections are not enough, reusing connections" in front.written()
        assert SECRET not in front.written()
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)


async def idle(front: Proxy, number: int) -> None:
    """Connections on which nothing comes, open at once; those that nginx closes at once too."""
    pairs = [await asyncio.open_connection("127.0.0.1", front.port) for _ in range(number)]
    async with asyncio.timeout(10):
        await asyncio.gather(*(reader.read() for reader, _ in pairs), return_exceptions=True)
    for _, writer in pairs:
        writer.transport.abort()


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/", "/"),
        ("/orders", "/orders"),
        ("/orders/my-7?limit=2", "/orders/my-7"),
        ("/accounts/paper/positions", "/accounts/paper/positions"),
        ("/favicon.ico", "/favicon.ico"),
        (f"{WEBHOOK}x/orders/tv-4be8a1f0c3d85e6b4be8a1f0c3d85e6b", f"{WEBHOOK}***/orders/tv-4be8a1f0c3d85e6b4be8a1f0c3d85e6b"),
        (f"/orders/{SECRET}", "/orders/***"),
        (f"/accounts/{SECRET}/positions", "/accounts/***"),
        (f"/{SECRET}", "***"),
    ],
)
async def test_what_cannot_hold_a_secret_is_shown(kind: Kind, tmp_path: Path, path: str, shown: str) -> None:
    """A log that hides all is of no use; nginx leaves the query out, Caddy shows a short one."""
    async with behind(kind, tmp_path, clients=True) as (_, front, http):
        status = (await http.get(path)).status_code
        wanted = path if kind.name == "caddy" and "?" in path else shown
        assert front.served(until=f"GET {wanted} {status}")


def test_an_alert_comes_through_and_no_log_shows_its_secret(host: ServeProcess, front: Proxy) -> None:
    """Neither that of the proxy, of a good request, a wrong one, one to a host that is gone; nor that of the host."""
    alert = {"id": "one", "symbol": SYMBOL, "action": "buy", "quantity": "0.01", "timenow": int(time.time())}
    with httpx.Client(base_url=front.url, verify=front.context, trust_env=False) as http:
        answer = http.post(host.path(), content=json.dumps(alert))
        assert (answer.status_code, answer.json()["status"]) == (200, "success")
        name = answer.json()["client_order_id"]
        assert http.get(f"{host.path()}/orders/{name}").json()["client_order_id"] == name
        assert http.post(f"{host.path()}x", content=json.dumps(alert)).status_code == 404
        host.end()
        assert http.post(host.path(), content=json.dumps(alert)).status_code == 503
    assert front.served(until=f"POST {WEBHOOK}*** 503") == [
        f"POST {WEBHOOK}*** 200",
        f"GET {WEBHOOK}***/orders/{name} 200",
        f"POST {WEBHOOK}*** 404",
        f"POST {WEBHOOK}*** 503",
    ]
    assert SECRETS[0] not in front.written() + host.said
