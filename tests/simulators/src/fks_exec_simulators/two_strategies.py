# SPDX-License-Identifier: MIT
"""A hub on a faulty venue, where A's entry stands under attached legs, and B holds some of the same instrument without any."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from fks_exec import ExecutionResult, Order
from fks_exec.testing import FaultyVenue
from fks_exec_hub import ExecutionHub

from .stage import ACCOUNT, configure, until

BTC = "BTC/USDT"
LEFT = Decimal("0.4")
"""What A has after :func:`close_a_part`, base units."""


@asynccontextmanager
async def hub_at(
    venue: FaultyVenue, folder: Path, *plugins: object, journal: str = "sqlite:fks-exec.db", **account: Any
) -> AsyncIterator[ExecutionHub]:
    """One life of a host."""
    table = {"venue": "faulty", "deadline": 0.5, "poll": 0.05, "polls_per_second": 200, "compare_every": 3600, **account}
    config = configure(folder, journal=journal, account=table)
    async with ExecutionHub.open(config, plugins=[venue.plugin, *plugins]) as hub:
        yield hub


async def trade(hub: ExecutionHub, side: str, quantity: str, strategy: str, **more: Any) -> ExecutionResult:
    """An order of a strategy, at the market unless more is said."""
    return await hub.execute_order(ACCOUNT, Order(symbol=BTC, side=side, quantity=quantity, strategy=strategy, **more))


async def enter(hub: ExecutionHub, **more: Any) -> None:
    """B holds 0.6 without a stop, A 1 under its stop."""
    await trade(hub, "buy", "0.6", "b")
    await trade(hub, "buy", "1", "a", **{"stop_loss": "90", "client_order_id": "one", **more})
    await until(lambda: hub._desks[ACCOUNT].live["one"].result.protected)


async def close_a_part(hub: ExecutionHub) -> None:
    """A has 0.4 left."""
    assert (await trade(hub, "sell", "0.6", "a", client_order_id="part")).status == "filled"


def stops(venue: FaultyVenue) -> list[Decimal]:
    """What the stops that rest at the venue are for."""
    return [placed.remaining for placed in venue.placed if placed.role == "stop_loss" and placed.open]


def targets(venue: FaultyVenue) -> list[Decimal]:
    """What the targets that rest at the venue are for."""
    return [placed.remaining for placed in venue.placed if placed.role == "take_profit" and placed.open]


def books(hub: ExecutionHub) -> dict[str, Decimal]:
    """What each strategy holds."""
    return {position.strategy or "": position.quantity for position in hub._desks[ACCOUNT].book.positions()}


def settled(hub: ExecutionHub) -> bool:
    """A's entry stands under its stop, and nothing is worked at."""
    live = hub._desks[ACCOUNT].live["one"]
    return bool(live.protected) and not hub._desks[ACCOUNT].orphans


async def stopped(hub: ExecutionHub, venue: FaultyVenue) -> None:
    """The market falls through A's stop: that sells what A has, and B keeps what it has."""
    venue.trigger(BTC, "89")
    await until(lambda: books(hub) == {"b": Decimal("0.6")})
    assert venue.position(BTC) == Decimal("0.6")
    await until(lambda: "one" not in hub._desks[ACCOUNT].live)
