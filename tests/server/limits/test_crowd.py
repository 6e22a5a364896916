# SPDX-License-Identifier: MIT
"""Who counts as one of the crowd: a request until its order is written down, not while it waits for the venue."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_simulators.clients import SigningClient, client_table
from fks_exec_simulators.disk import FaultyDisk
from fks_exec_simulators.hosts import KEY, JournalOnDisk, TheVenue, host_config
from fks_exec_simulators.stage import until
from fks_exec_simulators.venues import StubbornVenue

PATIENT = {"wait": 30}
WAYS = ("alert", "order")


@asynccontextmanager
async def host_for_one(base: Path, venue: StubbornVenue, disk: FaultyDisk) -> AsyncIterator[httpx.AsyncClient]:
    """A host that works one request at a time, on a disk of the test's own."""
    clients = client_table(base, **PATIENT)
    config = host_config(base, journal=f"disk:{base}/journal.db", key=PATIENT, clients=clients, concurrency=1)
    async with ExecutionHub.open(config, plugins=[TheVenue(venue), JournalOnDisk(disk.name)]) as hub:
        transport = httpx.ASGITransport(create_app(hub), client=("127.0.0.1", 4711))
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://host") as http:
                yield http
        finally:
            venue.release.set()
            disk.gate.set()


@pytest.fixture
def disk(request: pytest.FixtureRequest) -> Any:
    """One that waits while its gate is shut."""
    disk = FaultyDisk(f"crowd-{request.node.name}")
    yield disk
    disk.gate.set()
    disk.unregister()


async def sent(http: httpx.AsyncClient, way: str, number: int) -> httpx.Response:
    """An order of a strategy of its own, by the key or by the client."""
    body = {"symbol": f"S{number}/USDT", "quantity": "0.01", "strategy": f"s{number}"}  # each in a lane of its own
    if way == "alert":
        return await http.post(f"/webhook/tradingview/{KEY}", json={**body, "action": "buy", "id": f"{number}"})
    order = {**body, "side": "buy", "client_order_id": f"{number}"}
    return await SigningClient(http)("POST", "/orders", order)


async def seen(venue: StubbornVenue, waiting: list[asyncio.Task[httpx.Response]]) -> None:
    """Until the orders of all of them are at the venue; none has an answer before that."""
    async with asyncio.timeout(20):
        while len(venue.seen) < len(waiting):
            assert [each.result().text for each in waiting if each.done()] == []
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("way", WAYS)
async def test_who_waits_for_the_venue_keeps_nobody_out(tmp_path: Path, disk: FaultyDisk, way: str) -> None:
    """A bar closes: hundreds of alerts wait for a venue that takes its time, and all are taken."""
    venue = StubbornVenue()
    async with host_for_one(tmp_path, venue, disk) as http:
        waiting: list[asyncio.Task[httpx.Response]] = []
        for number in range(3):
            waiting.append(asyncio.create_task(sent(http, way, number)))
            await seen(venue, waiting)
        venue.release.set()
        assert [(await each).status_code for each in waiting] == [200, 200, 200]


@pytest.mark.parametrize("way", WAYS)
async def test_who_waits_for_the_disk_keeps_others_out(tmp_path: Path, disk: FaultyDisk, way: str) -> None:
    """With 503, which is sent again: what a disk cannot write does not pile up. The next is taken."""
    venue = StubbornVenue()
    venue.release.set()
    async with host_for_one(tmp_path, venue, disk) as http:
        assert (await sent(http, way, 0)).status_code == 200
        before = len(disk.record)
        disk.gate.clear()
        first = asyncio.create_task(sent(http, way, 1))
        await until(lambda: len(disk.record) > before)
        busy = await sent(http, way, 2)
        disk.gate.set()
        assert (busy.status_code, busy.json()["code"]) == (503, "BUSY")
        assert (await first).status_code == 200
        assert (await sent(http, way, 2)).status_code == 200
