# SPDX-License-Identifier: MIT
"""Strategies of one account: on spot nobody sells what another one bought; where a short can be held they may stand against
each other, and the venue holds only the sum."""

from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

from fks_exec import ClosePosition, ExecutionResult, Instruction, ReversePosition, TargetPosition
from fks_exec.testing import CAPABILITIES, FaultyVenue, Lost, PartialThenCancel
from fks_exec_hub import ExecutionHub
from fks_exec_hub.exits.targets import Targets
from fks_exec_simulators.desks import Heard, hub_with, table
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


async def opposed(hub: ExecutionHub) -> None:
    """The one is long 3 and the other is short 2: the venue holds 1."""
    await hub.execute_order(ACCOUNT, buy("3", strategy="a"))
    await hub.execute_order(ACCOUNT, sell("2", strategy="b"))


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_close_says_what_is_left_because_another_strategy_stands_against_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, restarted: bool
) -> None:
    """It takes what the venue has; the rest is not closed, and a success without a word would be believed."""
    venue, heard = FaultyVenue(), Heard()
    close = ClosePosition(symbol=BTC, strategy="a", client_order_id="close")
    with monkeypatch.context() as before:
        if restarted:
            before.setattr(Targets, "changed", lambda self, live: None)  # the host stops before it has looked again
        async with hub_with(table(tmp_path, deadline=0.1), venue.plugin, heard) as hub:
            await opposed(hub)
            told = await hub.execute_order(ACCOUNT, close)
    async with hub_with(table(tmp_path, deadline=5.0), venue.plugin, heard) as hub:
        await until(lambda: not hub._desks[ACCOUNT].live)
        result = await hub.order(ACCOUNT, "close")
        again = await hub.execute_order(ACCOUNT, evolve(close, client_order_id="again"))
        sold = await hub.execute_order(ACCOUNT, sell("2", strategy="a"))
        assert await held(hub) == {"b": -2}
    assert isinstance(result, ExecutionResult)
    assert restarted or told == result
    assert (result.status, result.filled_quantity, result.code) == ("filled", 1, "CLOSE_INCOMPLETE")
    assert "2 of BTC/USDT are still held by strategy 'a'" in (result.error or "")
    assert "send a sell of 2 for it" in (result.error or "")
    assert (again.code, again.denials[0].message) == ("NOTHING_TO_CLOSE", result.error)
    assert (sold.status, heard.alarms) == ("filled", ["CLOSE_INCOMPLETE"])


@pytest.mark.parametrize(
    ("close", "code", "left"),
    [
        (ClosePosition(symbol=BTC, strategy="b"), "NOTHING_TO_CLOSE", {"a": 3, "b": -2}),
        (TargetPosition(symbol=BTC, quantity=0, strategy="a"), "CLOSE_INCOMPLETE", {"a": 2, "b": -2}),
        (ReversePosition(symbol=BTC, strategy="a"), None, {"a": -3, "b": -2}),
    ],
    ids=["of the smaller side", "as a target", "a reverse"],
)
async def test_what_becomes_of_strategies_that_stand_against_each_other(
    tmp_path: Path, close: Instruction, code: str | None, left: dict[str | None, int]
) -> None:
    """A reverse gets where it was to get: what its exit cannot take, its entry does."""
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        await opposed(hub)
        result = await hub.execute_order(ACCOUNT, close)
        assert await held(hub) == left
    assert result.code == code


async def test_a_rest_that_something_else_took_meanwhile_is_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was sold of it before the close was through."""
    venue = FaultyVenue()
    with monkeypatch.context() as before:
        before.setattr(Targets, "changed", lambda self, live: None)
        async with hub_with(table(tmp_path, deadline=0.1), venue.plugin) as hub:
            await opposed(hub)
            await hub.execute_order(ACCOUNT, ClosePosition(symbol=BTC, strategy="a", client_order_id="close"))
            await hub.execute_order(ACCOUNT, sell("2", strategy="a"))
    async with hub_at(venue, tmp_path) as hub:
        await until(lambda: not hub._desks[ACCOUNT].live)
        result = await hub.order(ACCOUNT, "close")
        assert await held(hub) == {"b": -2}
    assert isinstance(result, ExecutionResult)
    assert (result.status, result.code) == ("filled", None)


async def test_a_rest_against_which_another_strategy_turns_meanwhile_is_told_too(tmp_path: Path) -> None:
    """The venue cuts the exit short, and before a further one another strategy sells more than is left."""
    venue = FaultyVenue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, buy("4", strategy="a"))
        venue.follow(PartialThenCancel(share="0.5", at_once=True))
        closing = await hub.submit(ACCOUNT, ClosePosition(symbol=BTC, strategy="a"))
        await hub.execute_order(ACCOUNT, sell("3", strategy="b"))
        result = await closing.result(5)
        assert await held(hub) == {"a": 2, "b": -3}
    assert result.code == "CLOSE_INCOMPLETE"
    assert "2 of BTC/USDT are still held by strategy 'a'" in (result.error or "")


async def test_while_it_is_unknown_what_it_bought_itself_that_is_what_is_told(tmp_path: Path) -> None:
    venue = FaultyVenue(capabilities=evolve(CAPABILITIES, request_ttl=20.0), kind="spot")
    async with hub_with(table(tmp_path, deadline=0.2), venue.plugin) as hub:
        await hub.execute_order(ACCOUNT, buy("2", strategy="a"))
        venue.follow(Lost())
        await hub.execute_order(ACCOUNT, buy("1", strategy="x"))
        denied = await hub.execute_order(ACCOUNT, sell("1", strategy="x"))
    assert denied.code == "UNRESOLVED_ORDER"
