# SPDX-License-Identifier: MIT
"""Attached stops of the simulated venue behind a hub: they never sell more than what their own entry still holds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import fks_exec_hub.exits.brackets
import fks_exec_hub.exits.patience
import fks_exec_paper
from fks_exec import ClosePosition, ExecutionResult, Order, VenueType, hookimpl
from fks_exec_hub import ExecutionHub
from fks_exec_hub.config import parse_config
from fks_exec_paper import PaperVenue
from fks_exec_simulators.desks import Heard
from fks_exec_simulators.stage import until

SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"
BOTH = pytest.mark.parametrize("symbol", [SPOT, PERP])
OpenHub = Callable[..., AbstractAsyncContextManager[ExecutionHub]]


class Market:
    """A plugin whose simulated venue a test can get at; it outlives the host."""

    __name__ = "market"

    def __init__(self) -> None:
        self.venue = PaperVenue()

    @hookimpl
    def fks_exec_venues(self) -> list[VenueType]:
        """One type; each host opens the account's state anew."""
        return [evolve(fks_exec_paper.fks_exec_venues()[0], name="market", create=self._create)]

    def _create(self) -> PaperVenue:
        self.venue = PaperVenue()
        return self.venue

    def show(self, symbol: str, bid: int) -> None:
        """Move the market."""
        self.venue.set_quote(symbol, bid=bid, ask=bid + 1)

    def held(self, symbol: str) -> Decimal:
        """What the venue holds."""
        return Decimal(self.venue._open._engine.ledger.quantity(symbol))

    def standing(self, role: str = "stop_loss") -> list[Decimal]:
        """The quantities of the legs of a role that rest."""
        items = self.venue._open._engine.book.open_items()
        return sorted(item.leg.quantity for item in items if item.leg is not None and item.leg.role == role)


@pytest.fixture
def market() -> Market:
    return Market()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def open_hub(tmp_path: Path, market: Market, heard: Heard) -> OpenHub:
    """Opens a host on one account, as README configures it; what is said is of the account's ``config``."""

    @asynccontextmanager
    async def open_one(**config: Any) -> AsyncIterator[ExecutionHub]:
        rules = {"quantity_step": "0.0001", "price_tick": "0.01", "bid": 67499, "ask": 67500}
        instruments = [{"symbol": SPOT, **rules}, {"symbol": PERP, "kind": "linear", **rules}]
        account = {
            "venue": "market/market",
            "currency": "USDT",
            "guards": [],
            "deadline": 1,
            "poll": 0.02,
            "config": {"instruments": instruments, **config},
        }
        table = {"journal": "sqlite:fks-exec.db", "state": "state", "accounts": {"paper": account}}
        async with ExecutionHub.open(parse_config(table, tmp_path), plugins=[market, heard]) as hub:
            yield hub

    return open_one


async def trade(hub: ExecutionHub, side: str, quantity: str, strategy: str, symbol: str, **more: Any) -> ExecutionResult:
    """A market order of a strategy."""
    return await hub.execute_order("paper", Order(symbol=symbol, side=side, quantity=quantity, strategy=strategy, **more))


def books(hub: ExecutionHub) -> dict[str, Decimal]:
    """What each strategy holds."""
    return {position.strategy or "": position.quantity for position in hub._desks["paper"].book.positions()}


@BOTH
async def test_a_stop_does_not_sell_what_another_strategy_bought_after_a_part_was_closed(
    symbol: str, open_hub: OpenHub, market: Market, heard: Heard
) -> None:
    """A holds 0.004 under its stop, B 0.006 without one: the stop sells 0.004."""
    async with open_hub() as hub:
        await trade(hub, "buy", "0.01", "a", symbol, stop_loss=67000, take_profit=69000)
        await trade(hub, "sell", "0.006", "a", symbol)
        bought = await trade(hub, "buy", "0.006", "b", symbol)
        assert (bought.status, market.standing()) == ("filled", [Decimal("0.004")])
        assert market.standing("take_profit") == [Decimal("0.004")]
        market.show(symbol, 66900)
        await until(lambda: books(hub) == {"b": Decimal("0.006")})
        assert market.held(symbol) == Decimal("0.006")
        closed = await hub.execute_order("paper", ClosePosition(symbol=symbol, strategy="b"))
        assert (closed.status, market.held(symbol)) == ("filled", 0)
    assert not heard.alarms


@BOTH
async def test_a_re_entry_is_sold_by_its_own_stop_alone(symbol: str, open_hub: OpenHub, market: Market) -> None:
    """The older stop is for what is left of the older entry."""
    async with open_hub() as hub:
        await trade(hub, "buy", "0.01", "a", symbol, stop_loss=67000)
        await trade(hub, "sell", "0.006", "a", symbol)
        await trade(hub, "buy", "0.006", "a", symbol, stop_loss=66000)
        market.show(symbol, 66900)
        await until(lambda: books(hub) == {"a": Decimal("0.006")})
        assert (market.held(symbol), market.standing()) == (Decimal("0.006"), [Decimal("0.006")])
        market.show(symbol, 65900)
        await until(lambda: not books(hub))
    assert market.held(symbol) == 0


async def test_what_a_fee_leaves_below_a_step_is_no_stop_that_failed(
    open_hub: OpenHub, market: Market, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The legs are for whole steps of what is left; in the end there is too little for any."""
    monkeypatch.setattr(fks_exec_hub.exits.patience, "SPACES", (0.0,) * 5)
    monkeypatch.setattr(fks_exec_hub.exits.brackets, "PAUSES", (0.001,))
    async with open_hub(fee_in="base", fee_percent="0.1") as hub:
        await trade(hub, "buy", "0.05", "b", SPOT)
        await trade(hub, "buy", "0.01", "a", SPOT, stop_loss=67000, take_profit=69000)
        await trade(hub, "sell", "0.006", "a", SPOT)
        await until(lambda: market.standing() == market.standing("take_profit") == [Decimal("0.0039")])
        await trade(hub, "sell", "0.0039", "a", SPOT)
        await until(lambda: not market.standing() and not hub._desks["paper"].live)
    assert heard.alarms == ["BELOW_MINIMUM"]


@BOTH
async def test_legs_that_the_venue_does_not_change_are_told_and_what_they_sell_is_taken_from_whose_it_was(
    symbol: str, open_hub: OpenHub, market: Market, heard: Heard
) -> None:
    """No order is sent to take it back, and nobody is short."""
    async with open_hub(amend=False) as hub:
        await trade(hub, "buy", "0.006", "b", symbol)
        await trade(hub, "buy", "0.01", "a", symbol, stop_loss=67000)
        await trade(hub, "sell", "0.006", "a", symbol)
        await until(lambda: "LEGS_TOO_LARGE" in heard.alarms)
        assert (await trade(hub, "buy", "0.001", "c", symbol)).code == "LEGS_STAND"
        market.show(symbol, 66900)
        await until(lambda: "OTHERS_CLOSED" in heard.alarms)
        assert (books(hub), market.held(symbol)) == ({}, 0)
    assert heard.alarms == ["LEGS_TOO_LARGE", "OTHERS_CLOSED"]
