# SPDX-License-Identifier: MIT
"""Line 4, later: what the journal keeps of a nonce outlives its time window, a restart and a clock that is set back."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_server.access.proof import Once
from fks_exec_server.access.signatures import sign
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.hosts import TheVenue, host_config
from fks_exec_simulators.signed import CLIENT_SECRET, clients
from fks_exec_simulators.venues import MemoryVenue

PAGE = (Path(__file__).parents[3] / "docs/access.md").read_text("utf-8")
ORDER = b'{"symbol":"BTC/USDT","side":"buy","quantity":"1"}'
LARGER = ORDER.replace(b'"1"', b'"9"')
HALT = b'{"because":"a test"}'
NONCE = "a-nonce-0123456789"


@asynccontextmanager
async def host(base: Path, venue: object, clock: HandClock) -> AsyncIterator[httpx.AsyncClient]:
    """A host over the journal file of this folder; what comes after it is a restart."""
    table = clients(base, actions=["read", "trade", "halt", "resume"])
    config = host_config(base, journal="sqlite:journal.db", clients=table)
    async with ExecutionHub.open(config, plugins=[TheVenue(venue)], clock=clock) as hub:
        transport = httpx.ASGITransport(create_app(hub))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            yield client


def signed(method: str, target: str, body: bytes, now: int) -> dict[str, str]:
    """With one and the same nonce."""
    return sign(method, target, body, key="desk", secret=CLIENT_SECRET, nonce=NONCE, now=now)


async def test_a_clock_that_is_set_back_makes_no_order_come_again(tmp_path: Path) -> None:
    """A year later the request is too old; where the clock then says that it is not, its nonce is known all the same."""
    clock, venue = HandClock(), MemoryVenue()
    now = clock.now()
    first, other = signed("POST", "/orders", ORDER, now), signed("POST", "/orders", LARGER, now)
    async with host(tmp_path, venue, clock) as client:
        told = [(await client.post("/orders", content=ORDER, headers=first)).status_code]
    clock.move(365 * 86400)
    async with host(tmp_path, venue, clock) as client:
        told.append((await client.post("/orders", content=ORDER, headers=first)).status_code)
    clock.move(-365 * 86400)
    async with host(tmp_path, venue, clock) as client:
        told.append((await client.post("/orders", content=LARGER, headers=other)).status_code)
    async with host(tmp_path, venue, clock) as client:
        again = await client.post("/orders", content=ORDER, headers=first)
    assert told == [200, 401, 401]
    assert again.json()["result"]["duplicate"]
    assert len(venue.seen) == 1


async def test_a_clock_that_is_set_back_brings_no_halt_again(tmp_path: Path) -> None:
    """Nor a resume, which would take back the next halt."""
    clock = HandClock()
    headers, told = signed("POST", "/resume", HALT, clock.now()), []
    for seconds in (0, 86400, -86400):
        clock.move(seconds)
        async with host(tmp_path, MemoryVenue(), clock) as client:
            told.append((await client.post("/resume", content=HALT, headers=headers)).status_code)
    assert told == [200, 401, 401]


@pytest.mark.parametrize(("seconds", "expected"), [(29, 200), (31, 401)])
async def test_a_look_is_answered_once_more_after_a_restart_within_its_time(
    tmp_path: Path, seconds: int, expected: int
) -> None:
    """It is not written down, as the page says: within one host it is taken once, and it changes nothing."""
    clock = HandClock()
    headers, told = signed("GET", "/accounts", b"", clock.now()), []
    async with host(tmp_path, MemoryVenue(), clock) as client:
        told += [(await client.get("/accounts", headers=headers)).status_code for _ in range(2)]
    clock.move(seconds)
    async with host(tmp_path, MemoryVenue(), clock) as client:
        told += [(await client.get("/accounts", headers=headers)).status_code for _ in range(2)]
    assert told == [200, 401, expected, 401]


async def test_the_note_of_a_nonce_takes_no_more_than_the_page_says(tmp_path: Path) -> None:
    """In the file of the journal, its events and its index."""
    clock, notes, sizes = HandClock(), 500, []
    for begin in (0, notes):
        config = host_config(tmp_path, journal="sqlite:journal.db")
        async with ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())], clock=clock) as hub:
            for number in range(begin, begin + notes):
                once = Once(key="hmac:desk", value=f"{number:020}", digest=f"{number:064}", until=clock.now())
                await hub.write_note(once.note("main", clock.now()))
        sizes.append(os.path.getsize(tmp_path / "journal.db"))
    [said] = re.findall(r"(\d+) bytes of the journal", PAGE)
    assert 0.8 * int(said) < (sizes[1] - sizes[0]) / notes <= int(said)  # the most where orders stand between the notes
