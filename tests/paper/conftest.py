# SPDX-License-Identifier: MIT
"""A desk: one simulated account with shortcuts, opened by the tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field, frozen

from fks_exec import (
    Balance,
    ExecutionResult,
    MarketData,
    Order,
    OrderChange,
    OrderRef,
    OrderUpdate,
    Position,
    Protection,
    Side,
    Submission,
    SystemClock,
    VenueContext,
)
from fks_exec.model.numbers import Number
from fks_exec_paper import PaperConfig, PaperInstrument, PaperVenue
from fks_exec_paper.engine import Engine
from fks_exec_paper.records import PaperOrder

SPOT = "BTC/USDT"
PERP = "ETH/USDT:USDT"


_ids = count()
"""Of submissions: two desks over one folder are one account."""


def paper_config(**changes: Any) -> PaperConfig:
    """Spot BTC at 99/100 and an ETH contract at 9/10, 10,000 USDT, a fee of 0.1 %."""
    instruments = [
        PaperInstrument(
            symbol=SPOT,
            aliases=["BINANCE:BTCUSDT"],
            quantity_step="0.001",
            price_tick="0.5",
            min_quantity="0.002",
            max_quantity=1000,
            min_notional=5,
            bid=99,
            ask=100,
        ),
        PaperInstrument(symbol=PERP, kind="linear", quantity_step="0.1", price_tick="0.5", bid=9, ask=10),
    ]
    return PaperConfig(**{"cash": 10_000, "durable": False, "instruments": instruments, **changes})


@frozen
class Bench:
    """An engine without a venue around it; every order gets an id of its own."""

    engine: Engine
    ids: count[int] = field(factory=count)

    def send(self, side: str, quantity: Number, symbol: str = SPOT, **more: Any) -> PaperOrder:
        """Place an order; a market order unless more is said."""
        order = Order(symbol=symbol, side=side, quantity=quantity, **more)
        return self.engine.place(order, f"id-{next(self.ids)}", 1_000)

    def quote(self, bid: Number | None, ask: Number | None, symbol: str = SPOT, **sizes: Any) -> None:
        """Move the market; it shows as much as one likes unless sizes are said."""
        self.engine.set_quote(MarketData(symbol=symbol, bid=bid, ask=ask, **sizes), 2_000)

    def protect(self, role: str, quantity: Number, trigger: Number, symbol: str = SPOT, **more: Any) -> PaperOrder:
        """Place a leg; one that sells unless more is said."""
        words = {"side": Side.SELL, **more}
        protection = Protection(role=role, symbol=symbol, quantity=quantity, trigger_price=trigger, **words)
        return self.engine.protect(protection, f"id-{next(self.ids)}", 1_500)

    def amend(self, entry: PaperOrder, leg: str = "", **change: Any) -> None:
        """Change an order, or one leg of it by the leg's id."""
        order_id = next((each.order_id for each in entry.legs if each.role == leg), entry.order_id)
        item = self.engine.book.find(OrderRef(order_id=order_id))
        assert item is not None
        self.engine.amend(item, OrderChange(**change), 1_800)

    def cancel(self, entry: PaperOrder) -> None:
        """Cancel an order."""
        item = self.engine.book.find(OrderRef(order_id=entry.order_id))
        assert item is not None
        self.engine.cancel(item)

    @property
    def cash(self) -> Decimal:
        """What the account holds of its currency."""
        return self.engine.ledger.cash

    def held(self, symbol: str = SPOT) -> Decimal:
        """What the account holds of an instrument."""
        return self.engine.ledger.quantity(symbol)


@define
class Desk:
    """An open venue and what it has published."""

    venue: PaperVenue
    published: list[OrderUpdate] = field(factory=list)

    async def send(self, side: str, quantity: Number, symbol: str = SPOT, **more: Any) -> ExecutionResult:
        """Place an order through the hook; ``id`` is the one at the venue."""
        submission = Submission(account="paper", venue_client_order_id=more.pop("id", f"d{next(_ids)}"), deadline=1e12)
        return await self.venue.execute_order(
            order=Order(symbol=symbol, side=side, quantity=quantity, **more), submission=submission
        )

    async def protect(
        self, role: Any, quantity: Number, trigger: Number, symbol: str = SPOT, *, id: str | None = None, **more: Any
    ) -> ExecutionResult:
        """Place a leg through the hook; one that sells unless more is said."""
        submission = Submission(account="paper", venue_client_order_id=id or f"d{next(_ids)}", deadline=1e12)
        words = {"side": Side.SELL, **more}
        protection = Protection(role=role, symbol=symbol, quantity=quantity, trigger_price=trigger, **words)
        return await self.venue.protect_position(protection=protection, submission=submission)

    async def close(self, quantity: Number, symbol: str = PERP, *, id: str | None = None, **more: Any) -> ExecutionResult:
        """Close a position through the hook."""
        submission = Submission(account="paper", venue_client_order_id=id or f"d{next(_ids)}", deadline=1e12)
        position = Position(symbol=symbol, quantity=quantity, **more)
        return await self.venue.close_position(position=position, submission=submission)

    async def amend(self, order_id: str | None, **change: Any) -> ExecutionResult:
        """Change by the venue's id."""
        submission = Submission(account="paper", venue_client_order_id="amend", deadline=1e12)
        return await self.venue.amend_order(
            ref=OrderRef(order_id=order_id), change=OrderChange(**change), submission=submission
        )

    async def cancel(self, order_id: str | None) -> ExecutionResult:
        """Cancel by the venue's id."""
        submission = Submission(account="paper", venue_client_order_id="cancel", deadline=1e12)
        return await self.venue.cancel_order(ref=OrderRef(order_id=order_id), submission=submission)

    async def money(self) -> Balance:
        """The balance in the account's currency."""
        return (await self.venue.fetch_balance())[0]

    async def everything(self) -> object:
        """All that the venue says of itself."""
        return (
            await self.venue.fetch_balance(),
            await self.venue.fetch_positions(),
            await self.venue.fetch_open_orders(),
            {symbol: evolve(quote, timestamp=None) for symbol, quote in self.venue.quotes.items()},
        )


async def _no_quote(account: str, symbol: str) -> MarketData:
    raise AssertionError("the simulated venue looks at no other account")


@pytest.fixture(scope="session")
def make_config() -> Callable[..., PaperConfig]:
    """Makes a configuration; see :func:`paper_config`."""
    return paper_config


@pytest.fixture(scope="session")
def make_bench() -> Callable[..., Bench]:
    """Makes an engine with shortcuts."""
    return lambda **changes: Bench(Engine(paper_config(**changes), "p1"))


@pytest.fixture
def bench() -> Bench:
    """An engine with shortcuts."""
    return Bench(Engine(paper_config(), "p1"))


@pytest.fixture
async def open_desk() -> AsyncIterator[Callable[..., Awaitable[Desk]]]:
    """Opens venues, and closes them after the test."""
    opened: list[Desk] = []

    async def open_one(state_dir: Path | None = None, config: PaperConfig | None = None, **changes: Any) -> Desk:
        desk = Desk(PaperVenue())
        opened.append(desk)
        context = VenueContext(
            account="paper",
            state_dir=state_dir,
            publish=changes.pop("publish", desk.published.append),
            quote=changes.pop("quote", _no_quote),
            clock=changes.pop("clock", SystemClock()),
        )
        await desk.venue.init(config=config or paper_config(**changes), context=context)
        return desk

    yield open_one
    for desk in opened:
        await desk.venue.close()


@pytest.fixture
async def desk(open_desk: Callable[..., Awaitable[Desk]]) -> Desk:
    """An open venue that keeps nothing."""
    return await open_desk()
