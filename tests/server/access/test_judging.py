# SPDX-License-Identifier: MIT
"""What a caller may do, asked of a running hub: the scope's questions answered from accounts, quotes and the journal."""

from pathlib import Path
from typing import Any

import pytest

from fks_exec import (
    AccountNotReady,
    ClosePosition,
    Instruction,
    MarketData,
    Order,
    OrderChange,
    SizedOrder,
    TargetPosition,
    UnknownSymbol,
    VenueError,
    hookimpl,
)
from fks_exec.testing import FaultyVenue
from fks_exec_hub import ExecutionHub
from fks_exec_server.access.judging import Judge
from fks_exec_server.access.scopes import Caller, Scope
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.hosts import TheVenue, host_config
from fks_exec_simulators.stage import until
from fks_exec_simulators.venues import FULL, FullVenue, MemoryVenue


def order(**fields: Any) -> Order:
    """Buy 1 at the market."""
    return Order(**{"symbol": "BTC/USDT", "side": "buy", "quantity": 1, **fields})


def caller(name: str = "desk", **scope: Any) -> Caller:
    return Caller(name=name, scope=Scope(**{"accounts": ["main"], **scope}), kind="hmac")


async def verdict(judge: Judge, who: Caller, instruction: Instruction | None = None, account: str = "main") -> str:
    """The denial's code, or nothing."""
    denial = await judge.permit(who, account, instruction or order())
    return "" if denial is None else denial.code


def hub_of(base: Path, venue: object, **config: Any) -> ExecutionHub:
    capabilities = FULL if isinstance(venue, FullVenue) else getattr(venue, "declared", None)
    return ExecutionHub.open(host_config(base, **config), plugins=[TheVenue(venue, capabilities)])


async def test_the_scope_is_asked_about_the_canonical_symbol_and_the_accounts_venue(tmp_path: Path) -> None:
    """In whatever spelling the order comes; one that the account does not know is told as such."""
    async with hub_of(tmp_path, FullVenue()) as hub:
        judge, spelled = Judge(hub), order(symbol="btcusdt")
        assert await verdict(judge, caller(symbols=["BTC/USDT"], venues=["fake"]), spelled) == ""
        assert await verdict(judge, caller(symbols=["btcusdt"]), spelled) == "SCOPE_SYMBOL"
        assert await verdict(judge, caller(venues=["other"]), spelled) == "SCOPE_VENUE"
        with pytest.raises(UnknownSymbol):
            await verdict(judge, caller(), order(symbol="BTC"))


async def test_an_account_that_is_not_the_callers_is_not_asked(tmp_path: Path) -> None:
    """Nor is one that does not exist told apart from it."""
    async with hub_of(tmp_path, MemoryVenue()) as hub:
        for account in ("other", "nowhere"):
            assert await verdict(Judge(hub), caller(), account=account) == "SCOPE_ACCOUNT"


async def test_the_market_is_asked_only_where_an_amount_is_limited(tmp_path: Path) -> None:
    """A look at the market costs a call to the venue, or a wait for it."""
    venue = FullVenue()
    async with hub_of(tmp_path, venue) as hub:
        judge, before = Judge(hub), len(venue.asked)
        assert await verdict(judge, caller()) == ""
        assert await verdict(judge, caller(max_notional=1), ClosePosition(symbol="BTC/USDT")) == ""
        assert await verdict(judge, caller(max_notional=1, sides=["sell"])) == "SCOPE_SIDE"
        assert len(venue.asked) == before
        assert await verdict(judge, caller(max_notional=1)) == "SCOPE_NOTIONAL"
        assert len(venue.asked) > before


async def test_the_pace_is_each_keys_own_and_a_minute_long(tmp_path: Path) -> None:
    """What was refused does not count."""
    clock = HandClock()
    async with hub_of(tmp_path, MemoryVenue()) as hub:
        judge, slow = Judge(hub, clock=clock), caller(orders_a_minute=2)
        assert await verdict(judge, caller(orders_a_minute=2, sides=["sell"])) == "SCOPE_SIDE"
        assert [await verdict(judge, slow) for _ in range(4)] == ["", "", "SCOPE_PACE", "SCOPE_PACE"]
        assert await verdict(judge, caller("other", orders_a_minute=1)) == ""
        clock.move(59.9)
        assert await verdict(judge, slow) == "SCOPE_PACE"
        clock.move(0.2)
        assert await verdict(judge, slow) == ""


async def test_an_order_that_is_known_counts_once(tmp_path: Path) -> None:
    """Also at the end of its pace: who repeats himself is answered as before, and by a host that does not remember it."""
    async with hub_of(tmp_path, MemoryVenue()) as hub:
        judge, slow = Judge(hub), caller(orders_a_minute=1)
        mine = order(client_order_id="mine")
        assert await verdict(judge, slow, mine) == ""
        await hub.execute_order("main", mine)
        assert [await verdict(judge, slow, mine) for _ in range(3)] == [""] * 3
        assert await verdict(judge, slow, order(client_order_id="second")) == "SCOPE_PACE"
        later = Judge(hub)
        assert await verdict(later, slow, order(client_order_id="second")) == ""
        assert await verdict(later, slow, mine) == ""


async def touch(judge: Judge, who: Caller, name: str = "mine", **change: Any) -> str:
    """Whether it may cancel an order, or change it."""
    denial = await judge.may_touch(who, "main", name, OrderChange(**change) if change else None)
    return "" if denial is None else denial.code


async def test_what_a_key_could_not_have_sent_it_neither_cancels_nor_changes(tmp_path: Path) -> None:
    """A key for buys takes back no sell, which may be the exit of another; an unknown order is nobody's secret."""
    async with hub_of(tmp_path, MemoryVenue()) as hub:
        judge = Judge(hub)
        await hub.execute_order("main", order(side="sell", client_order_id="mine"))
        assert await touch(judge, caller()) == await touch(judge, caller(sides=["sell"])) == ""
        assert await touch(judge, caller(sides=["buy"])) == await touch(judge, caller(sides=["buy"]), price=5) == "SCOPE_SIDE"
        assert await touch(judge, caller(reduce_only=True)) == "SCOPE_REDUCE_ONLY"
        assert await touch(judge, caller(actions=["read"])) == "SCOPE_ACTION"
        assert await touch(judge, caller(accounts=["other"])) == "SCOPE_ACCOUNT"
        assert await touch(judge, caller(sides=["buy"]), "unknown") == ""


async def test_an_order_does_not_outgrow_the_limit_by_a_change(tmp_path: Path) -> None:
    """Neither by its quantity nor by its price; a cancel is always less."""
    async with hub_of(tmp_path, FullVenue()) as hub:
        judge, small = Judge(hub), caller(max_notional=100)
        await hub.execute_order("main", order(order_type="limit", price=50, quantity=2, client_order_id="mine"))
        assert await touch(judge, small) == await touch(judge, small, price=40) == await touch(judge, small, price=50) == ""
        assert await touch(judge, small, price=51) == await touch(judge, small, quantity=3) == "SCOPE_NOTIONAL"
        assert await touch(judge, small, quantity=4, price=25) == ""


async def test_no_pace_keeps_a_position_open(tmp_path: Path) -> None:
    """What can only reduce is neither refused for its number nor counted."""
    exits = [
        ClosePosition(symbol="BTC/USDT"),
        TargetPosition(symbol="BTC/USDT", quantity=0),
        order(side="sell", reduce_only=True),
    ]
    async with hub_of(tmp_path, MemoryVenue()) as hub:
        judge, slow = Judge(hub), caller(orders_a_minute=1)
        assert [await verdict(judge, slow, each) for each in exits * 2] == [""] * 6
        assert await verdict(judge, slow) == ""
        assert await verdict(judge, slow) == "SCOPE_PACE"
        assert [await verdict(judge, slow, each) for each in exits] == [""] * 3


async def test_an_order_that_could_not_be_taken_counts_once_with_its_repetitions(tmp_path: Path) -> None:
    """Its sender was told to send it again."""
    clock = HandClock()
    async with hub_of(tmp_path, MemoryVenue()) as hub:
        judge, slow = Judge(hub, clock=clock), caller(orders_a_minute=2)
        mine = order(client_order_id="mine")
        assert [await verdict(judge, slow, mine) for _ in range(5)] == [""] * 5
        assert [await verdict(judge, slow) for _ in range(2)] == ["", "SCOPE_PACE"]
        assert await verdict(judge, slow, mine) == ""
        assert await verdict(judge, slow, order(client_order_id="third")) == "SCOPE_PACE"


async def test_a_rehearsal_is_judged_and_does_not_count(tmp_path: Path) -> None:
    """A test of an alert keeps no alert out."""
    async with hub_of(tmp_path, MemoryVenue()) as hub:
        judge, slow = Judge(hub), caller(orders_a_minute=1)
        tests = [await judge.permit(slow, "main", order(), rehearsed=True) for _ in range(3)]
        assert tests == [None] * 3
        assert await verdict(judge, slow) == ""
        denial = await judge.permit(slow, "main", order(), rehearsed=True)
        assert denial is not None


class MuteVenue(FullVenue):
    """It tells its rules, and gives no quote at the moment."""

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        raise VenueError("busy")


async def test_where_a_quote_would_tell_the_worth_the_order_may_come_again(tmp_path: Path) -> None:
    """What no quote would make allowed, or forbidden, is told at once."""
    async with hub_of(tmp_path, MuteVenue()) as hub:
        judge, small = Judge(hub), caller(max_notional=100)
        for each in (order(), order(side="sell", order_type="limit", price=50), sized(size_type="quote")):
            with pytest.raises(AccountNotReady):
                await verdict(judge, small, each)
        assert await verdict(judge, small, order(order_type="limit", price=50)) == ""
        assert await verdict(judge, small, order(order_type="limit", price=500)) == "SCOPE_NOTIONAL"
        assert await verdict(judge, small, sized(size_type="equity_percent")) == "SCOPE_NOTIONAL"


def sized(**fields: Any) -> SizedOrder:
    """Buy for 10 at the market."""
    return SizedOrder(**{"symbol": "BTC/USDT", "side": "buy", "size": 10, **fields})


async def test_the_legs_of_an_order_are_touched_by_whom_may_touch_the_order(tmp_path: Path) -> None:
    """A stop reduces, but taking it away does not."""
    async with hub_of(tmp_path, FaultyVenue(protection="reduce_only_pair")) as hub:
        judge = Judge(hub)
        await hub.execute_order("main", order(stop_loss=50, client_order_id="mine"))
        await until(lambda: "mine~sl1" in hub._desks["main"].live)
        for restricted in ({"reduce_only": True}, {"sides": ["sell"]}):
            assert await touch(judge, caller(**restricted), "mine~sl1") != ""
            assert await touch(judge, caller(**restricted), "mine~sl1", stop_price=10) != ""
        assert await touch(judge, caller(), "mine~sl1", stop_price=10) == ""


async def test_a_stop_of_a_sized_order_moves_under_a_limit(tmp_path: Path) -> None:
    """It enlarges nothing."""
    async with hub_of(tmp_path, FullVenue()) as hub:
        judge, small = Judge(hub), caller(max_notional=100)
        await hub.execute_order("main", sized(size_type="quote", stop_loss=50, client_order_id="mine"))
        assert await touch(judge, small, stop_loss=60) == await touch(judge, small, take_profit=500) == ""
        assert await touch(judge, small, price=60) == "SCOPE_NOTIONAL"
