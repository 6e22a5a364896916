# SPDX-License-Identifier: MIT
"""The simulated venue behind a hub: prices of another of its accounts, and thin markets that it has to go on with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import fks_exec_paper
from fks_exec import ClosePosition, ExecutionResult, Order, OrderRef, VenueType, hookimpl
from fks_exec.testing import FaultyVenue
from fks_exec_hub import ExecutionHub
from fks_exec_hub.config import parse_config
from fks_exec_paper import PaperVenue
from fks_exec_paper.book import Wait
from fks_exec_simulators.desks import Types, type_of
from fks_exec_simulators.stage import until

SPOT = "BTC/USDT"
PERP = "ETH/USDT:USDT"
FAST = {"guards": [], "currency": "USDT", "max_quote_age": 0.02, "poll": 0.01, "compare_every": 3600.0}
SPOT_RULES = {"symbol": SPOT, "quantity_step": "0.001", "price_tick": "0.5"}
PERP_RULES = {"symbol": PERP, "kind": "linear", "quantity_step": "0.1", "price_tick": "0.5"}
OpenHub = Callable[..., AbstractAsyncContextManager[ExecutionHub]]


@pytest.fixture
def market() -> FaultyVenue:
    """A venue whose prices are looked at: 100 for everything."""
    return FaultyVenue()


@pytest.fixture
def open_hub(tmp_path: Path, market: FaultyVenue) -> OpenHub:
    """Opens a hub with the accounts ``market`` and ``paper``; what is said is the configuration of the latter's venue."""

    @asynccontextmanager
    async def open_one(
        *plugins: object, account: Mapping[str, Any] | None = None, **config: Any
    ) -> AsyncIterator[ExecutionHub]:
        paper = {"venue": "paper", **FAST, **(account or {}), "config": {"durable": False, **config}}
        accounts = {"market": {"venue": "types/market", **FAST}, "paper": paper}
        table = parse_config({"journal": "sqlite:fks-exec.db", "state": "state", "accounts": accounts}, tmp_path)
        async with ExecutionHub.open(table, plugins=[Types(type_of(market, "market")), *plugins]) as hub:
            yield hub

    return open_one


def quoted(**more: Any) -> dict[str, Any]:
    """The configuration of a venue that takes the prices of the other account."""
    return {"quotes": "market", "quotes_every": 0.01, "instruments": [SPOT_RULES, PERP_RULES], **more}


def order(side: str, quantity: Any, symbol: str = SPOT, **more: Any) -> Order:
    """A market order unless more is said."""
    return Order(symbol=symbol, side=side, quantity=quantity, **more)


async def test_orders_trade_at_the_prices_of_the_other_account(open_hub: OpenHub, market: FaultyVenue) -> None:
    """No order reaches that one."""
    market.set_price(SPOT, 99, 100)
    async with open_hub(**quoted()) as hub:
        assert (await hub.execute_order("paper", order("buy", 1))).average_price == 100
        market.set_price(SPOT, 119, 120)
        await asyncio.sleep(0.05)  # longer than the hub keeps a look
        assert (await hub.execute_order("paper", order("sell", 1))).average_price == 119
        assert (await hub.quote("paper", SPOT)).bid == 119
        assert (await hub.health())["paper"]
    assert market.count("place") == 0


async def test_what_rests_fills_when_the_other_accounts_market_comes_to_it(open_hub: OpenHub, market: FaultyVenue) -> None:
    """And its stop when it falls through; the hub hears of both."""
    market.set_price(SPOT, 99, 100)
    async with open_hub(**quoted()) as hub:
        placed = await hub.execute_order(
            "paper", order("buy", 1, order_type="limit", price=95, stop_loss=90, client_order_id="a")
        )
        assert placed.status == "accepted"
        market.set_price(SPOT, 94, 95)
        await filled(hub, "a")
        live = hub._desks["paper"].live["a"]
        market.set_price(SPOT, 88, 89)
        await until(lambda: not hub._desks["paper"].book.positions() and len(live.told.fills) == 2)
        assert [(fill.leg, fill.price) for fill in live.told.fills] == [("", 95), ("stop_loss", 88)]


async def test_without_the_other_account_orders_are_refused_and_nothing_moves(open_hub: OpenHub, market: FaultyVenue) -> None:
    """What rests waits, health says why, and all goes on when it answers again."""
    market.set_price(SPOT, 99, 100)
    async with open_hub(**quoted()) as hub:
        await hub.execute_order("paper", order("buy", 1, order_type="limit", price=95, client_order_id="a"))
        market.no_quotes(SPOT)
        market.no_quotes(PERP)
        refused = await until_refused(hub)
        assert (refused.code, refused.filled_quantity) == ("NO_QUOTE", 0)
        assert "account 'market' gives no quote of BTC/USDT" in str(refused.error)
        checks = {check.name: check for check in (await hub.health())["paper"].checks}
        assert not checks["quotes"].ok
        market.set_price(SPOT, 94, 95)
        standing = await hub.order("paper", "a")
        assert standing is not None
        assert standing.status == "accepted"
        market.no_quotes(SPOT, False)
        await filled(hub, "a")


async def until_refused(hub: ExecutionHub) -> ExecutionResult:
    """The first answer after the last look that was still good; a hub keeps one for a moment."""
    results: list[ExecutionResult] = []
    for _ in range(100):
        results.append(await hub.execute_order("paper", order("buy", "0.001")))
        if results[-1].status == "rejected":
            return results[-1]
    raise AssertionError(results[-1])


async def filled(hub: ExecutionHub, name: str) -> ExecutionResult:
    """An order, as soon as it is filled."""
    live = hub._desks["paper"].live[name]
    await until(lambda: live.result.status == "filled")
    return live.result


async def test_an_account_whose_prices_come_from_one_that_is_not_there_says_so(open_hub: OpenHub) -> None:
    """It is open, and refuses."""
    async with open_hub(**quoted(quotes="binance")) as hub:
        refused = await hub.execute_order("paper", order("buy", 1))
        assert (refused.status, refused.code) == ("rejected", "NO_QUOTE")
        assert "there is no account 'binance'; configured are: market, paper" in str(refused.error)


async def test_an_account_that_quotes_itself_does_not_open(open_hub: OpenHub) -> None:
    """Its reason says what to write instead."""
    async with open_hub(**quoted(quotes="paper")) as hub:
        [status] = [status for status in hub.status() if status.name == "paper"]
        assert (status.ready, "cannot ask itself for quotes" in status.reason) == (False, True)


class ByHand:
    """A plugin whose simulated venues a test can get at."""

    __name__ = "hand"

    def __init__(self) -> None:
        self.venues: list[PaperVenue] = []

    @hookimpl
    def fks_exec_venues(self) -> list[VenueType]:
        """One type."""
        return [evolve(fks_exec_paper.fks_exec_venues()[0], name="hand", create=self._create)]

    def _create(self) -> PaperVenue:
        self.venues.append(PaperVenue())
        return self.venues[-1]

    def show(self, bid: Any, ask: Any, symbol: str = PERP, **sizes: Any) -> None:
        """Move the market."""
        self.venues[-1].set_quote(symbol, bid=bid, ask=ask, **sizes)


def by_hand(**more: Any) -> dict[str, Any]:
    """The configuration of a venue whose prices are set: 9/10 for the contract."""
    instruments = [{**SPOT_RULES, "bid": 99, "ask": 100}, {**PERP_RULES, "bid": 9, "ask": 10}]
    return {"instruments": instruments, **more}


def held(hub: ExecutionHub) -> Decimal:
    """What the hub counts of the contract."""
    return sum((p.quantity for p in hub._desks["paper"].book.positions() if p.symbol == PERP), Decimal(0))


@pytest.mark.parametrize("protection", ["attached", "oco", "reduce_only_pair", "stop_only"])
async def test_what_fills_in_parts_is_protected_and_stopped_in_parts(open_hub: OpenHub, protection: str) -> None:
    """Nothing that was filled stands without its stop, nothing is counted twice, and in the end nothing is held or rests."""
    hand, stop_only = ByHand(), protection == "stop_only"
    legs = {"stop_loss": 8} if stop_only else {"stop_loss": 8, "take_profit": 15}
    async with open_hub(hand, account={"venue": "hand/hand"}, **by_hand(protection=protection)) as hub:
        hand.show(9, 10, ask_size=1)
        entry = order("buy", 4, PERP, order_type="limit", price=10, client_order_id="a", **legs)
        placed = await hub.execute_order("paper", entry)
        assert (placed.status, placed.filled_quantity) == ("partially_filled", 1)
        live = hub._desks["paper"].live["a"]
        for shown in (1, 2):
            hand.show(9, 10, ask_size=shown)
            await until(lambda: held(hub) == protected(hand) == real(hand) == live.result.filled_quantity)
        assert (live.result.status, real(hand)) == ("filled", 4)
        for shown in (1, "1.5", 9):
            hand.show(7, 8, bid_size=shown)
            await until(lambda: held(hub) == real(hand))
        assert real(hand) == 0
        await until(lambda: not opened(hand))


def real(hand: ByHand) -> Decimal:
    """What is held of the contract at the venue."""
    return engine(hand).ledger.quantity(PERP)


def engine(hand: ByHand) -> Any:
    """The venue's own."""
    return hand.venues[-1]._open._engine


def opened(hand: ByHand) -> list[Any]:
    """What rests at the venue."""
    return list(engine(hand).book.open_items())


def protected(hand: ByHand) -> Decimal:
    """What the venue's resting stops cover."""
    stops = [item for item in opened(hand) if item.wait is Wait.STOP]
    return sum(((i.leg.quantity if i.leg else i.entry.order.quantity) for i in stops), Decimal(0))


@pytest.mark.parametrize("protection", ["attached", "oco", "reduce_only_pair"])
async def test_a_target_that_fills_in_parts_leaves_what_is_left_under_its_stop(open_hub: OpenHub, protection: str) -> None:
    """Until the stop is reached."""
    hand = ByHand()
    async with open_hub(hand, account={"venue": "hand/hand"}, **by_hand(protection=protection)) as hub:
        entry = order("buy", 4, PERP, client_order_id="a", stop_loss=8, take_profit=15)
        assert (await hub.execute_order("paper", entry)).protected
        hand.show(15, 16, bid_size=1)
        await until(lambda: held(hub) == real(hand) == 3)
        await until(lambda: protected(hand) == 3 or protection == "reduce_only_pair")
        hand.show(8, 9)
        await until(lambda: held(hub) == real(hand) == 0)
        await until(lambda: not opened(hand))


async def test_a_close_in_a_thin_market_goes_on_until_nothing_is_held(open_hub: OpenHub) -> None:
    """By orders of the hub's own, whether or not the venue can close by itself."""
    hand = ByHand()
    async with open_hub(hand, account={"venue": "hand/hand"}, **by_hand()) as hub:
        await hub.execute_order("paper", order("buy", 4, PERP))
        hand.show(9, 10, bid_size=1)
        closing = await hub.submit("paper", ClosePosition(symbol=PERP, client_order_id="c"))
        await until(lambda: real(hand) == 3)
        hand.show(9, 10)
        result = await closing.result(timeout=10)
        assert (real(hand), held(hub), result.filled_quantity) == (0, 0, 1)
        assert sum(leg.filled_quantity for leg in result.legs) == 3
        venue = hand.venues[-1]
        assert await venue.fetch_order(ref=OrderRef(order_id=result.order_id)) is not None
