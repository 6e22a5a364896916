# SPDX-License-Identifier: MIT
"""Line 18: a wrong secret and an unknown path cannot be told apart: byte for byte, also when there were too many."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fks_exec_hub import ExecutionHub
from fks_exec_server.config import Address
from fks_exec_simulators.clients import client_table
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.hosts import KEY, TheVenue, host_config, served
from fks_exec_simulators.venues import MemoryVenue

UNKNOWN = "/no/such/path"
WRONG = [
    f"/webhook/tradingview/{KEY[:-1]}",
    f"/webhook/tradingview/{KEY}x",
    f"/webhook/tradingview/{KEY[:-1]}%",
    f"/webhook/tradingview/{KEY.upper()}",
    f"/webhook/tradingview/{KEY}/",
    f"/webhook/tradingview/{KEY}/orders",
    f"/webhook/tradingview/{KEY[:-1]}/orders/tv-1",
    f"/webhook/tradingview/{'x' * 4000}",
    "/webhook/tradingview/%00",
    "/webhook/tradingview/%F0%28%8C%28",
]


async def bytes_of(address: Address, method: str, path: str, body: bytes) -> bytes:
    """The whole answer, without what is another one each time: the date and the request's id."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    head = f"{method} {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    return b"\r\n".join(line for line in answer.split(b"\r\n") if not line.startswith((b"date:", b"x-request-id:")))


def table(base: Path, **server: Any) -> Mapping[str, Any]:
    """A host with all its routes."""
    return {"clients": client_table(base), **server}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("body", [b"", b'{"symbol":"BTC/USDT"}', b"x" * 20_000], ids=["no body", "an alert", "too large"])
async def test_the_answers_are_the_same_bytes(tmp_path: Path, method: str, body: bytes) -> None:
    """Whatever the method and the body are."""
    config = host_config(tmp_path, **table(tmp_path, limits={"strangers": 1000}))
    async with served(ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())])) as host:
        unknown = await bytes_of(host.alerts, method, UNKNOWN, body)
        assert unknown.startswith(b"HTTP/1.1 404 Not Found\r\n")
        for path in WRONG:
            assert await bytes_of(host.alerts, method, path, body) == unknown, path


async def test_they_are_the_same_bytes_when_there_were_too_many(tmp_path: Path) -> None:
    """All strangers of an address are counted together, by one number."""
    config, clock = host_config(tmp_path, **table(tmp_path, limits={"strangers": 1})), HandClock()
    async with served(ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())], clock=clock)) as host:
        for first, second in ((UNKNOWN, WRONG[0]), (WRONG[0], UNKNOWN), (WRONG[0], WRONG[-1])):
            await bytes_of(host.alerts, "POST", first, b"")
            limited = await bytes_of(host.alerts, "POST", second, b"")
            assert limited.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
            assert limited == await bytes_of(host.alerts, "POST", first, b"")
            clock.move(1.1)  # until one more is allowed


async def test_a_right_secret_from_a_wrong_address_is_an_unknown_path(tmp_path: Path) -> None:
    """Who has found the secret does not learn that it is one."""
    config = host_config(tmp_path, **table(tmp_path, key={"addresses": ["203.0.113.9"]}))
    async with served(ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())])) as host:
        unknown = await bytes_of(host.alerts, "POST", UNKNOWN, b"{}")
        assert await bytes_of(host.alerts, "POST", f"/webhook/tradingview/{KEY}", b"{}") == unknown


async def test_a_right_secret_is_not_limited_by_the_wrong_ones(tmp_path: Path) -> None:
    """Else whoever shares an address with TradingView's could stop all alerts."""
    config = host_config(tmp_path, **table(tmp_path, limits={"strangers": 1}))
    async with served(ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())])) as host:
        for path in WRONG:
            await bytes_of(host.alerts, "POST", path, b"")
        answer = await bytes_of(host.alerts, "POST", f"/webhook/tradingview/{KEY}", b"{")
    assert answer.startswith(b"HTTP/1.1 400 ")
