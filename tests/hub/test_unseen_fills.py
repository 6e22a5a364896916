# SPDX-License-Identifier: MIT
"""What fills while no host runs stands without a stop from the venue's time of the fill on, and is told so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from attrs import evolve

import fks_exec_hub.following.unknown
from fks_exec import ExecutionResult, Order
from fks_exec.testing import CAPABILITIES, AcceptThenHang
from fks_exec.testing import FaultyVenue as Venue
from fks_exec_hub import ExecutionHub
from fks_exec_hub.following.unknown import Schedule
from fks_exec_simulators.lives import Lives
from fks_exec_simulators.stage import ACCOUNT, configure, until

AWAY = 0.5
"""Seconds without a host."""


@pytest.fixture(autouse=True)
def pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fks_exec_hub.following.unknown, "SCHEDULE", Schedule(delays=(0.01,), slower=(0.01,), apart=0.05))


@asynccontextmanager
async def host_at(venue: Venue, lives: Lives, folder: Path) -> AsyncIterator[ExecutionHub]:
    """One life of the host."""
    account = {"venue": "faulty", "deadline": 1.0, "poll": 0.05, "polls_per_second": 200, "compare_every": 3600}
    async with ExecutionHub.open(configure(folder, journal="lives:", account=account), plugins=[venue.plugin, lives]) as hub:
        yield hub


def entry(**more: object) -> Order:
    """A buy with a stop."""
    return Order(symbol="BTC/USDT", side="buy", quantity="1", stop_loss="90", client_order_id="one", **more)  # type: ignore[arg-type]


async def protected(hub: ExecutionHub) -> ExecutionResult:
    """The entry, once its stop was seen."""
    while not (result := await hub.order(ACCOUNT, "one")) or not result.protected:  # noqa: ASYNC110  (a test looks from outside)
        await asyncio.sleep(0.01)
    return result


@pytest.mark.parametrize("kind", ["reduce_only_pair", "attached"])
async def test_the_time_without_a_host_counts_unless_the_venue_keeps_the_stop(kind: str, tmp_path: Path) -> None:
    venue, lives = Venue(protection=kind, capabilities=evolve(CAPABILITIES, request_ttl=0.05)), Lives()
    async with host_at(venue, lives, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry(order_type="limit", price="95"))
    venue.fill(venue.placed[0])
    await asyncio.sleep(AWAY)
    async with host_at(venue, lives, tmp_path) as hub, asyncio.timeout(8):
        seconds = (await protected(hub)).unprotected_seconds
    assert seconds is not None
    assert (seconds >= AWAY) is (kind == "reduce_only_pair"), seconds


async def test_a_host_that_was_killed_before_its_stop_stood_leaves_the_time_since_the_fill(tmp_path: Path) -> None:
    venue, lives = Venue(protection="reduce_only_pair", capabilities=evolve(CAPABILITIES, request_ttl=0.05)), Lives()
    venue.follow(AcceptThenHang(on="protect"))
    async with host_at(venue, lives, tmp_path) as hub:
        await hub.submit(ACCOUNT, entry())
        await venue.arrived("protect")
        lives.kill()
    await asyncio.sleep(AWAY)
    async with host_at(venue, lives, tmp_path) as hub, asyncio.timeout(8):
        known = await hub.order(ACCOUNT, "one")
        assert known is not None
        assert known.protected is False, "nobody has seen its stop"
        assert [(leg.role, leg.status) for leg in known.legs] == [("stop_loss", "unknown")]
        result = await protected(hub)
        assert (result.unprotected_seconds or 0) >= AWAY
        await until(lambda: venue.protected("BTC/USDT") == 1)
