# SPDX-License-Identifier: MIT
"""Line 10: X-Forwarded-For counts only from configured proxies, by its right-most untrusted hop; ``*`` is refused at start."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from fks_exec import ConfigError
from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_server.config import read_config
from fks_exec_simulators.clients import SigningClient, client_table
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.hosts import KEY, TheVenue, host_config
from fks_exec_simulators.venues import MemoryVenue

ALERT = {"symbol": "BTC/USDT", "action": "buy", "quantity": "0.01"}
TRADINGVIEW = "52.89.214.238"


@asynccontextmanager
async def behind(base: Path, peer: str, **server: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose connection comes from ``peer``; time stands still: eleven requests are within a second."""
    config, clock = host_config(base, clients=client_table(base), **server), HandClock(now=time.time_ns() // 1_000_000)
    async with ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())], clock=clock) as hub:
        transport = httpx.ASGITransport(create_app(hub), client=(peer, 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as http:
            yield http


@pytest.mark.parametrize("proxies", [["*"], ["127.0.0.1", "*"], ["0.0.0.0/0"], ["::/0"], ["proxy.example"], ["10.0.0.1/8"]])
def test_trusting_everybody_or_nobody_in_particular_is_refused_at_the_start(tmp_path: Path, proxies: list[str]) -> None:
    """With the reason: every sender could say that it is another one."""
    with pytest.raises(ConfigError) as refused:
        read_config({"trusted_proxies": proxies, "clients": client_table(tmp_path)}, accounts=["main"], base=tmp_path)
    assert str(refused.value).startswith("plugins.server.trusted_proxies: trusted_proxies ")
    assert any(words in str(refused.value) for words in ("name the addresses", "is not an address or a network"))


async def test_who_is_no_proxy_cannot_hide_behind_others(tmp_path: Path) -> None:
    """The eleventh wrong secret is one too many, whatever addresses it is said to come from."""
    async with behind(tmp_path, "203.0.113.9") as http:
        codes = [
            (await http.post("/webhook/tradingview/wrong", headers={"X-Forwarded-For": f"198.51.100.{n}"})).status_code
            for n in range(11)
        ]
    assert codes == [404] * 10 + [429]


async def test_behind_a_proxy_each_sender_is_counted_by_itself(tmp_path: Path) -> None:
    """What a sender writes before the proxy's word changes nothing."""
    async with behind(tmp_path, "127.0.0.1", trusted_proxies=["127.0.0.1"]) as http:
        codes = []
        for n in range(11):
            forwarded = {"X-Forwarded-For": f"10.9.8.{n}, 198.51.100.1"}
            codes.append((await http.post("/webhook/tradingview/wrong", headers=forwarded)).status_code)
        other = await http.post("/webhook/tradingview/wrong", headers={"X-Forwarded-For": "198.51.100.2"})
    assert codes == [404] * 10 + [429]
    assert other.status_code == 404


async def test_a_whole_64_of_ipv6_is_one_sender(tmp_path: Path) -> None:
    """Else anybody has 2^64 addresses; an IPv4 address within IPv6 is itself."""
    async with behind(tmp_path, "127.0.0.1", trusted_proxies=["127.0.0.1"]) as http:

        async def code(address: str) -> int:
            return (await http.post("/webhook/tradingview/wrong", headers={"X-Forwarded-For": address})).status_code

        assert [await code(f"2001:db8:0:1::{n:x}") for n in range(11)] == [404] * 10 + [429]
        assert await code("2001:db8:0:2::1") == 404
        mapped = [await code(f"{'::ffff:' if n % 2 else ''}198.51.100.1") for n in range(11)]
        assert mapped == [404] * 10 + [429]


async def test_a_key_with_an_address_list_knows_its_senders_through_the_proxy_only(tmp_path: Path) -> None:
    """Who writes TradingView's address into the header itself is an unknown path."""
    key, forwarded = {"addresses": [TRADINGVIEW]}, {"X-Forwarded-For": TRADINGVIEW}
    path = f"/webhook/tradingview/{KEY}"
    async with behind(tmp_path, "127.0.0.1", trusted_proxies=["127.0.0.1"], key=key) as http:
        good = await http.post(path, json={**ALERT, "id": "1"}, headers=forwarded)
        bad = await http.post(path, json={**ALERT, "id": "2"}, headers={"X-Forwarded-For": f"{TRADINGVIEW}, 203.0.113.9"})
    async with behind(tmp_path, "203.0.113.9", trusted_proxies=["127.0.0.1"], key=key) as http:
        worse = await http.post(path, json={**ALERT, "id": "3"}, headers=forwarded)
    assert [good.status_code, bad.status_code, worse.status_code] == [200, 404, 404]


async def test_the_eleventh_order_of_an_address_in_a_second_is_429_with_retry_after(tmp_path: Path) -> None:
    """Another address is not concerned, nor are cancels."""
    order = {"symbol": "BTC/USDT", "side": "buy", "quantity": "0.01"}
    async with behind(tmp_path, "127.0.0.1", trusted_proxies=["127.0.0.1"]) as http:
        ask, first = SigningClient(http), {"X-Forwarded-For": "198.51.100.1"}
        answers = [await ask("POST", "/orders", {**order, "client_order_id": f"a{n}"}, headers=first) for n in range(11)]
        other = await ask("POST", "/orders", {**order, "client_order_id": "b"}, headers={"X-Forwarded-For": "198.51.100.2"})
        cancel = await ask("DELETE", "/orders/no-such", headers=first)
    assert [each.status_code for each in answers] == [200] * 10 + [429]
    assert (answers[10].headers["retry-after"], answers[10].json()["code"]) == ("1", "TOO_MANY")
    assert (other.status_code, cancel.status_code) == (200, 404)


async def test_too_many_alerts_of_a_key_are_503_and_never_429(tmp_path: Path) -> None:
    """TradingView sends again what is answered 5xx, and loses what is answered 4xx."""
    async with behind(tmp_path, "127.0.0.1", key={"rate": 1, "burst": 3}) as http:
        answers = [await http.post(f"/webhook/tradingview/{KEY}", json={**ALERT, "id": str(n)}) for n in range(5)]
    assert [each.status_code for each in answers] == [200, 200, 200, 503, 503]
    assert answers[4].headers["retry-after"] == "1"


async def test_a_flood_of_wrong_secrets_does_not_keep_out_who_has_the_right_one(tmp_path: Path) -> None:
    """TradingView's four addresses are all its users'."""
    async with behind(tmp_path, TRADINGVIEW) as http:
        for _ in range(50):
            await http.post("/webhook/tradingview/wrong", json=ALERT)
            await http.post("/orders", json=ALERT)
        alert = await http.post(f"/webhook/tradingview/{KEY}", json={**ALERT, "id": "1"})
        order = await SigningClient(http)("GET", "/accounts")
    assert (alert.status_code, order.status_code) == (200, 200)


async def test_failed_proofs_of_an_address_are_429_after_ten(tmp_path: Path) -> None:
    """On the routes of clients too."""
    async with behind(tmp_path, "203.0.113.9") as http:
        codes = [
            (await http.post("/orders", json={}, headers={"Authorization": "Bearer x.y.z"})).status_code for _ in range(11)
        ]
    assert codes == [401] * 10 + [429]


async def test_one_request_too_many_at_once_is_503_and_a_cancel_is_let_through(tmp_path: Path) -> None:
    """It may be sent again; who wants out is not kept waiting."""
    async with behind(tmp_path, "127.0.0.1") as http:
        app = http._transport.app  # type: ignore[attr-defined]
        crowd = app.routes[0].endpoint.door.crowd
        crowd.inside = 1024
        full = await http.post(f"/webhook/tradingview/{KEY}", json={**ALERT, "id": "1"})
        cancel = await http.delete(f"/webhook/tradingview/{KEY}/orders/x")
        crowd.inside = 0
        again = await http.post(f"/webhook/tradingview/{KEY}", json={**ALERT, "id": "1"})
    assert (full.status_code, full.json()["code"], full.headers["retry-after"]) == (503, "BUSY", "1")
    assert (cancel.status_code, again.status_code) == (404, 200)
