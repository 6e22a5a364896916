# SPDX-License-Identifier: MIT
"""On spot nobody is short: what another strategy bought is not sold by an order that is not its own."""

from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

from fks_exec import ClosePosition, ExecutionResult, TargetPosition
from fks_exec.testing import CAPABILITIES, FaultyVenue, Lost
from fks_exec_hub import ExecutionHub
from fks_exec_simulators.desks import hub_with, table
from fks_exec_simulators.stage import ACCOUNT, buy, sell, until
from fks_exec_simulators.truth import Truth

BTC = "BTC/USDT"


def hub_at(venue: FaultyVenue, folder: Path) -> ExecutionHub:
    return hub_with(table(folder, deadline=5.0), venue.plugin)


def spot() -> FaultyVenue:
    return FaultyVenue(protection="stop_only", kind="spot")


async def held(hub: ExecutionHub) -> dict[str | None, int]:
    return {position.strategy: int(position.quantity) for position in await hub.positions(ACCOUNT)}


@pytest.mark.parametrize("reduce_only", [False, True])
@pytest.mark.parametrize("strategy", ["x", None])
async def test_a_strategy_that_holds_nothing_sells_nothing_of_anothers(
    tmp_path: Path, strategy: str | None, *, reduce_only: bool
) -> None:
    venue = spot()
    async with hub_at(venue, tmp_path) as hub:
        bought = await hub.execute_order(ACCOUNT, buy("2", strategy="a", stop_loss="90", client_order_id="a"))
        assert bought.protected
        denied = await hub.execute_order(ACCOUNT, sell("1", strategy=strategy, reduce_only=reduce_only))
        now = await hub.order(ACCOUNT, "a")
        assert await held(hub) == {"a": 2}
    assert (denied.status, denied.code) == ("denied", "NOT_ITS_OWN")
    assert "2 by strategy 'a'" in (denied.error or "")
    assert isinstance(now, ExecutionResult)
    assert now.protected
    assert venue.count("cancel") == venue.count("amend") == 0  # the stop did not make room
    assert venue.position(BTC) == 2


async def test_what_a_strategy_holds_itself_is_sold_and_not_more(tmp_path: Path) -> None:
    venue = spot()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("2", strategy="a"))
        await hub.execute_order(ACCOUNT, buy("1", strategy="x"))
        sold = await hub.execute_order(ACCOUNT, sell("3", strategy="x", client_order_id="through"))
        await until(lambda: not hub._desks[ACCOUNT].live)
        result = await hub.order(ACCOUNT, "through")
        assert await held(hub) == {"a": 2}
    assert isinstance(result, ExecutionResult)
    assert (sold.filled_quantity, result.code, result.legs[0].status) == (1, "ENTRY_REFUSED", "denied")
    assert venue.position(BTC) == 2


async def test_a_target_below_nothing_is_not_sold_out_of_anothers(tmp_path: Path) -> None:
    venue = spot()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("2", strategy="a"))
        below = await hub.execute_order(ACCOUNT, TargetPosition(symbol=BTC, quantity="-1", strategy="x"))
    assert below.code == "NOT_ITS_OWN"
    assert venue.position(BTC) == 2


async def test_what_nobody_bought_here_may_be_sold(tmp_path: Path) -> None:
    """Coins that were there before, where no strategy holds any."""
    venue = spot()
    Truth(venue).by_hand(BTC, Decimal(5))
    async with hub_at(venue, tmp_path) as hub:
        assert (await hub.execute_order(ACCOUNT, sell("1", strategy="x"))).status == "filled"


async def test_a_close_of_the_whole_account_passes(tmp_path: Path) -> None:
    venue = spot()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("2", strategy="a"))
        closed = await hub.execute_order(ACCOUNT, ClosePosition(symbol=BTC, scope="account", strategy="x"))
        assert await held(hub) == {}
    assert closed.status == "filled"


async def test_where_a_short_can_be_held_strategies_may_stand_against_each_other(tmp_path: Path) -> None:
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("2", strategy="a"))
        assert (await hub.execute_order(ACCOUNT, sell("1", strategy="x"))).status == "filled"
        assert await held(hub) == {"a": 2, "x": -1}


async def test_while_it_is_unknown_what_it_bought_itself_that_is_what_is_told(tmp_path: Path) -> None:
    venue = FaultyVenue(capabilities=evolve(CAPABILITIES, request_ttl=20.0), kind="spot")
    async with hub_with(table(tmp_path, deadline=0.2), venue.plugin) as hub:
        await hub.execute_order(ACCOUNT, buy("2", strategy="a"))
        venue.follow(Lost())
        await hub.execute_order(ACCOUNT, buy("1", strategy="x"))
        denied = await hub.execute_order(ACCOUNT, sell("1", strategy="x"))
    assert denied.code == "UNRESOLVED_ORDER"
