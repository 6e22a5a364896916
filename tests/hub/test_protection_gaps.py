# SPDX-License-Identifier: MIT
"""What protects goes on where something stands in the way: a journal that fails, a venue that ends a stop, a trade by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

import fks_exec_hub.orders.beside
from fks_exec import Order, ProtectionChanged, Side
from fks_exec.testing import FaultyVenue as Venue
from fks_exec.testing import Request
from fks_exec_hub import ExecutionHub
from fks_exec_hub.journal import Key
from fks_exec_simulators.desks import Heard
from fks_exec_simulators.lives import Lives
from fks_exec_simulators.stage import ACCOUNT, configure, until

BTC = "BTC/USDT"


@pytest.fixture
def heard() -> Heard:
    return Heard()


@asynccontextmanager
async def hub_at(venue: Venue, folder: Path, *plugins: object, journal: str = "memory:") -> AsyncIterator[ExecutionHub]:
    """A hub that compares often."""
    account = {"venue": "faulty", "deadline": 1, "poll": 0.05, "polls_per_second": 200, "compare_every": 0.05}
    config = configure(folder, journal=journal, account=account)
    async with ExecutionHub.open(config, plugins=[venue.plugin, *plugins]) as hub:
        yield hub


def entry(name: str = "one", quantity: str = "1") -> Order:
    """A buy at the market with a stop."""
    return Order(symbol=BTC, side="buy", quantity=quantity, stop_loss="90", client_order_id=name)


def exit_of(quantity: str, *, reduce_only: bool = False) -> Order:
    """A sale at the market."""
    return Order(symbol=BTC, side="sell", quantity=quantity, reduce_only=reduce_only, client_order_id="exit")


async def protected(hub: ExecutionHub, name: str = "one") -> None:
    """Wait until an entry is told as protected."""
    async with asyncio.timeout(5):
        while (result := await hub.order(ACCOUNT, name)) is None or not result.protected:  # noqa: ASYNC110 -- nobody tells
            await asyncio.sleep(0.005)


def at_sale(then: Callable[[], None]) -> Callable[[Request], None]:
    """Do something when a sale arrives at the venue."""

    def arrives(request: Request) -> None:
        if request.kind == "place" and request.side is Side.SELL:
            then()

    return arrives


@pytest.mark.parametrize("kind", ["spot", "linear"])
async def test_what_others_closed_is_written_down_as_soon_as_the_journal_can_be_written(kind: str, tmp_path: Path) -> None:
    """A later host would put it under a stop again, at the cost of what was bought since.

    On spot the stop made room for the exit before, and nothing else is left to be done for its entry.
    """
    venue, lives = Venue(protection="stop_only", kind=kind), Lives()
    async with hub_at(venue, tmp_path, lives, journal="lives:") as hub:
        await hub.execute_order(ACCOUNT, entry())
        await protected(hub)
        venue.choose(at_sale(lambda: setattr(lives, "failing", 1)))
        await hub.execute_order(ACCOUNT, exit_of("1", reduce_only=kind == "linear"))
        await until(lambda: not hub._desks[ACCOUNT].live)
    steps = await lives.stored.steps(Key(ACCOUNT, "one"))
    assert (lives.failing, Decimal(steps["released"])) == (0, 1)


async def test_a_stop_that_the_venue_ended_is_told_as_gone_until_another_one_stands(heard: Heard, tmp_path: Path) -> None:
    """Nobody is told protected, and no second goes uncounted, while the next stop waits for its turn."""
    venue = Venue(protection="stop_only")
    async with hub_at(venue, tmp_path, heard) as hub:
        await hub.execute_order(ACCOUNT, entry())
        await protected(hub)
        venue.cancel_by_venue(next(placed for placed in venue.placed if placed.open))
        await until(lambda: venue.protected(BTC) == 1)
        await until(lambda: len(heard.of(ProtectionChanged)) == 3)
        result = await hub.order(ACCOUNT, "one")
    assert [(event.protected, event.uncovered) for event in heard.of(ProtectionChanged)] == [(True, 0), (False, 1), (True, 0)]
    assert result is not None
    assert result.unprotected_seconds is not None
    assert result.unprotected_seconds > 0.04


async def test_an_exit_does_not_wait_for_ever_for_the_stop_of_what_somebody_else_has_sold(
    heard: Heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The venue holds less than our orders built up: the exit and the stop never fit beside each other, and the exit goes."""
    monkeypatch.setattr(fks_exec_hub.orders.beside, "APART", 0.02)
    venue = Venue(protection="stop_only", kind="spot")
    async with hub_at(venue, tmp_path, heard) as hub:
        await hub.execute_order(ACCOUNT, entry())
        await protected(hub)
        await hub.execute_order(ACCOUNT, Order(symbol=BTC, side="buy", quantity="2"))
        venue.adjust_position(BTC, -1)
        await until(lambda: "MISMATCH" in heard.alarms)
        result = await (await hub.submit(ACCOUNT, exit_of("2"))).result(5)
    assert (result.status, result.filled_quantity, venue.position(BTC)) == ("filled", 2, 0)
