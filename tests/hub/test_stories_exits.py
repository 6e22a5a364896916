# SPDX-License-Identifier: MIT
"""Failure stories of others about getting out, played with this hub; docs/stories.md has the whole table."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fks_exec import ExecutionResult, Order, OrderChange
from fks_exec.model.events import Alarm, ProtectionChanged
from fks_exec.testing import AcceptThenDrop, FaultyVenue, LateCancel, Refuse, RefuseLeg
from fks_exec_hub import ExecutionHub
from fks_exec_simulators.desks import Heard
from fks_exec_simulators.stage import ACCOUNT, configure, until

SYMBOL = "BTC/USDT"


def hub_at(venue: FaultyVenue, folder: Path, *plugins: object, **account: Any) -> ExecutionHub:
    """A hub with one account on this venue."""
    config = configure(folder, account={"venue": "faulty", "deadline": 1, "poll": 0.05, "polls_per_second": 50, **account})
    return ExecutionHub.open(config, plugins=[venue.plugin, *plugins])


def entry(name: str = "one", **more: Any) -> Order:
    """A buy of 1 at the market, 100, with a stop at 90."""
    return Order(symbol=SYMBOL, side="buy", quantity="1", client_order_id=name, stop_loss="90", **more)


def stops(venue: FaultyVenue) -> list[Decimal | None]:
    """The prices of the stops that rest."""
    return [placed.order.stop_price for placed in venue.placed if placed.open and placed.order.stop_price is not None]


async def protected(hub: ExecutionHub, name: str = "one") -> ExecutionResult:
    """Wait until an entry is told as protected."""
    async with asyncio.timeout(5):
        while True:
            result = await hub.order(ACCOUNT, name)
            if result is not None and result.protected:
                return result
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("kind", ["oco", "reduce_only_pair", "stop_only"])
async def test_what_cannot_have_a_stop_is_closed(kind: str, tmp_path: Path) -> None:
    """4: the stop is refused, the position stays naked."""
    venue, heard = FaultyVenue(protection=kind), Heard()
    venue.follow(RefuseLeg("MARGIN"))
    async with hub_at(venue, tmp_path, heard) as hub:
        result = await hub.execute_order(ACCOUNT, entry())
        assert (result.status, result.protected) == ("filled", False)
        await until(lambda: venue.position(SYMBOL) == 0)
        await until(lambda: not hub._desks[ACCOUNT].live)
        assert await hub.positions(ACCOUNT) == []
        assert [event.code for event in heard.of(Alarm)] == ["STOP_FAILED"]
    assert venue.count("place") == 2


async def test_a_stop_that_is_refused_once_is_no_reason_to_close(tmp_path: Path) -> None:
    """4: closing too violently is hated as well."""
    venue = FaultyVenue(protection="reduce_only_pair")
    venue.follow(RefuseLeg("MARGIN"))
    async with hub_at(venue, tmp_path, protection={"on_failure": "retry_then_close"}) as hub:
        await hub.execute_order(ACCOUNT, entry())
        await protected(hub)
        assert (venue.position(SYMBOL), stops(venue)) == (1, [90])


async def test_the_new_stop_stands_before_the_old_one_goes(tmp_path: Path) -> None:
    """6: a stop is moved by cancel and create, with a window without protection."""
    venue, heard = FaultyVenue(protection="reduce_only_pair", amend=False), Heard()
    async with hub_at(venue, tmp_path, heard) as hub:
        await hub.execute_order(ACCOUNT, entry())
        await protected(hub)
        venue.follow(RefuseLeg("BEYOND_THE_MARKET"))
        refused = await hub.amend_order(ACCOUNT, "one", OrderChange(stop_loss="99"))
        assert (refused.code, stops(venue)) == ("MOVE_REFUSED", [90])
        moved = await hub.amend_order(ACCOUNT, "one", OrderChange(stop_loss="95"))
        assert (moved.code, stops(venue)) == (None, [95])
        told = heard.of(ProtectionChanged)
        assert [event.protected for event in told] in ([True], [False, True]), "it never stood without one"


async def test_a_venue_that_cannot_move_a_stop_without_a_gap_is_not_asked_to(tmp_path: Path) -> None:
    """6: unless the gap is allowed; then its seconds are in the result."""
    venue = FaultyVenue(protection="stop_only", kind="spot", amend=False)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry())
        await protected(hub)
        result = await hub.amend_order(ACCOUNT, "one", OrderChange(stop_loss="95"))
        assert (result.code, stops(venue), venue.count("cancel")) == ("MOVE_NEEDS_GAP", [90], 0)


async def test_an_entry_waits_until_the_sibling_is_known_to_be_gone(tmp_path: Path) -> None:
    """7: the bracket is called done before the sibling's cancel is confirmed; the old target closes the new position."""
    venue = FaultyVenue(protection="reduce_only_pair")
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, entry(take_profit="120"))
        await protected(hub)
        venue.follow(LateCancel(), LateCancel(), LateCancel())
        venue.trigger(SYMBOL, "89")
        await until(lambda: venue.count("cancel") > 0)
        await until(lambda: bool(hub._desks[ACCOUNT].orphans))
        waiting = asyncio.create_task(hub.execute_order(ACCOUNT, Order(symbol=SYMBOL, side="buy", quantity="2")))
        await asyncio.sleep(0.2)
        assert venue.count("place") == 1
        venue.happen()
        assert (await waiting).status == "filled"
        venue.trigger(SYMBOL, "121")
        assert venue.position(SYMBOL) == 2
    assert venue.count("place") == 2


async def test_an_entry_that_filled_after_its_caller_gave_up_has_its_stop(tmp_path: Path) -> None:
    """9: the entry filled, the client timed out and placed no stop."""
    venue = FaultyVenue(protection="reduce_only_pair")
    venue.follow(AcceptThenDrop())
    async with hub_at(venue, tmp_path) as hub:
        result = await hub.execute_order(ACCOUNT, entry())
        assert result.status == "unknown"
        await protected(hub)
        assert (venue.position(SYMBOL), stops(venue)) == (1, [90])


async def test_refusals_of_one_order_block_no_other(tmp_path: Path) -> None:
    """14: a breaker too eager: one margin error locks the venue."""
    venue = FaultyVenue()
    venue.follow(*(Refuse("MARGIN") for _ in range(10)))
    async with hub_at(venue, tmp_path, breaker={"faults": 2}) as hub:
        for number in range(10):
            order = Order(symbol=SYMBOL, side="buy", quantity=str(number + 1))
            assert (await hub.execute_order(ACCOUNT, order)).status == "rejected"
        assert (await hub.execute_order(ACCOUNT, Order(symbol=SYMBOL, side="buy", quantity="1"))).status == "filled"
