# SPDX-License-Identifier: MIT
"""A stop that was refused or ended long ago, and stood since, says nothing of the next trouble: that has a time of its own."""

import asyncio
from pathlib import Path

import pytest

from fks_exec.testing import FaultyVenue, RefuseLeg
from fks_exec_hub import ExecutionHub
from fks_exec_simulators.desks import Heard, hub_with, table
from fks_exec_simulators.stage import ACCOUNT, buy, until

WITHIN = 0.3


def standing(hub: ExecutionHub) -> str | None:
    """The id at the venue of the stop that stands, as far as it was seen."""
    entry = hub._desks[ACCOUNT].live.get("one")
    if entry is None:
        return None
    stops = [leg for leg in entry.legs if leg.result.status == "accepted"]
    return stops[-1].result.order_id if stops and entry.protected else None


def looked_at(hub: ExecutionHub) -> bool:
    """Whether a stop stands, and was seen to stand since one was ended last."""
    entry = hub._desks[ACCOUNT].live.get("one")
    bracket = None if entry is None else hub._staff[ACCOUNT].protector.bracket_of(entry)
    if bracket is None or standing(hub) is None:
        return False
    return not bracket.refused or bracket.stood > bracket.refused[-1]


async def ended(hub: ExecutionHub, venue: FaultyVenue, stop: str | None) -> None:
    """The venue ends the stop; another one stands."""
    assert stop is not None
    venue.cancel_by_venue(stop)
    await until(lambda: standing(hub) not in (None, stop) or venue.position("BTC/USDT") == 0)


@pytest.mark.parametrize("first", [True, False], ids=["refused at first", "not refused at first"])
async def test_a_stop_that_was_refused_once_is_tried_again_when_it_is_refused_much_later(tmp_path: Path, first: bool) -> None:
    heard, venue = Heard(), FaultyVenue(protection="reduce_only_pair")
    if first:
        venue.follow(RefuseLeg("CLOCK"))
    async with hub_with(table(tmp_path, deadline=5.0, attempts_within=WITHIN), venue.plugin, heard) as hub:
        await hub.execute_order(ACCOUNT, buy("1", client_order_id="one", stop_loss="90"))
        await until(lambda: standing(hub) is not None)
        await asyncio.sleep(WITHIN * 2)
        venue.follow(RefuseLeg("CLOCK"))
        await ended(hub, venue, standing(hub))
        assert venue.position("BTC/USDT") == 1
        assert "STOP_FAILED" not in heard.alarms


async def test_a_stop_that_the_venue_ends_day_after_day_is_placed_again_each_time(tmp_path: Path) -> None:
    heard, venue = Heard(), FaultyVenue(protection="reduce_only_pair")
    async with hub_with(table(tmp_path, deadline=5.0, attempts_within=WITHIN), venue.plugin, heard) as hub:
        await hub.execute_order(ACCOUNT, buy("1", client_order_id="one", stop_loss="90"))
        for _ in range(4):
            await until(lambda: standing(hub) is not None)
            await asyncio.sleep(WITHIN * 2)
            await ended(hub, venue, standing(hub))
        assert venue.position("BTC/USDT") == 1
        assert "STOP_FAILED" not in heard.alarms


async def test_a_stop_that_the_venue_ends_again_and_again_at_once_is_given_up(tmp_path: Path) -> None:
    heard, venue = Heard(), FaultyVenue(protection="reduce_only_pair")
    async with hub_with(table(tmp_path, deadline=5.0, attempts_within=5.0), venue.plugin, heard) as hub:
        await hub.execute_order(ACCOUNT, buy("1", client_order_id="one", stop_loss="90"))
        await until(lambda: standing(hub) is not None)
        for _ in range(6):
            await until(lambda: looked_at(hub) or venue.position("BTC/USDT") == 0)
            if venue.position("BTC/USDT"):
                await ended(hub, venue, standing(hub))
    assert "STOP_FAILED" in heard.alarms
    assert venue.count("protect") <= 4
