# SPDX-License-Identifier: MIT
"""Venues that cost nothing, so that what is measured around them is ours: one fills at once, one has orders that rest, one
tells besides all that guards look at."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

from attrs import evolve

from fks_exec import (
    Balance,
    Capabilities,
    ExecutionResult,
    Health,
    Instrument,
    Kind,
    MarketData,
    Order,
    OrderRef,
    OrderType,
    OrderUpdate,
    Submission,
    VenueContext,
    VenueType,
    hookimpl,
)

PRICE = "100"
CURRENCY = "USDT"


class InstantVenue:
    """The five methods, one line each."""

    @hookimpl
    async def init(self, config: Any, context: VenueContext) -> None:
        self.context = context

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        return ExecutionResult(status="filled", filled_quantity=order.quantity, average_price=PRICE)

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        return MarketData(symbol=symbol, bid=PRICE, ask=PRICE, last=PRICE)

    @hookimpl
    def name(self) -> str:
        return "Instant"

    @hookimpl
    async def health_check(self) -> Health:
        return Health()


class InstantPlugin:
    """What a host passes to ``ExecutionHub.open(plugins=[...])`` to have the venue ``instant``."""

    @hookimpl
    def fks_exec_venues(self) -> Sequence[VenueType]:
        """One type."""
        return [VenueType(name="instant", create=InstantVenue)]


RESTING = Capabilities(order_types=["market", "limit"], abilities=["fetch_order", "fetch_open_orders"], resolution="by_id")
SILENT = "SILENT"
"""How instruments are called whose orders are never answered."""


class RestingVenue(InstantVenue):
    """Market orders fill at once, limit orders rest for ever and are listed.

    Attributes:
        resting: by the venue's id.
        lists: how often the open orders were asked for.
        looks: how often one order was asked for.
        capabilities: of its type.
    """

    capabilities: ClassVar[Capabilities] = RESTING

    def __init__(self) -> None:
        self.resting: dict[str, OrderUpdate] = {}
        self.lists = 0
        self.looks = 0

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        """Fill, rest, or never answer."""
        if order.symbol.startswith(SILENT):
            await asyncio.Event().wait()
        if order.order_type is not OrderType.LIMIT:
            return ExecutionResult(status="filled", filled_quantity=order.quantity, average_price=PRICE)
        name = submission.venue_client_order_id
        result = ExecutionResult(status="accepted", order_id=f"v-{name}")
        ref = OrderRef(order_id=result.order_id, venue_client_order_id=name, symbol=order.symbol)
        self.resting[name] = OrderUpdate(ref=ref, result=result)
        return result

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        """A resting order, as it was."""
        self.looks += 1
        update = self.resting.get(ref.venue_client_order_id or "")
        return None if update is None else update.result

    @hookimpl
    async def fetch_open_orders(self) -> Sequence[OrderUpdate]:
        """All that rest."""
        self.lists += 1
        return list(self.resting.values())


class TellingVenue(RestingVenue):
    """One that tells rules, quotes and a balance too, from memory: whatever the symbol, a linear contract in one currency.

    Attributes:
        quotes: how often a quote was asked for.
        balances: how often the balance was asked for.
    """

    capabilities: ClassVar[Capabilities] = evolve(RESTING, abilities=RESTING.abilities | {"fetch_balance", "fetch_instrument"})

    def __init__(self) -> None:
        super().__init__()
        self.quotes = 0
        self.balances = 0

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        """The same for all."""
        self.quotes += 1
        return MarketData(symbol=symbol, bid="99.9", ask=PRICE, last=PRICE)

    @hookimpl
    async def fetch_balance(self) -> Sequence[Balance]:
        """Much, and nearly all of it free."""
        self.balances += 1
        return [Balance(currency=CURRENCY, total="1000000000", free="900000000", equity="1000000000")]

    @hookimpl
    async def fetch_instrument(self, symbol: str) -> Instrument:
        """With all rules that a guard looks at."""
        return Instrument(
            symbol=symbol,
            kind=Kind.LINEAR,
            base=symbol.partition("/")[0],
            quote=CURRENCY,
            quantity_step="0.001",
            price_tick="0.01",
            min_quantity="0.001",
            max_quantity="1000",
            min_notional="1",
        )


class RestingPlugin:
    """What a host passes to ``ExecutionHub.open(plugins=[...])`` to have the venue ``resting``.

    Args:
        venue: the one that every account of this type gets, so that whoever holds it can look at it.
    """

    def __init__(self, venue: RestingVenue) -> None:
        self._venue = venue

    @hookimpl
    def fks_exec_venues(self) -> Sequence[VenueType]:
        """One type."""
        return [VenueType(name="resting", create=lambda: self._venue, capabilities=self._venue.capabilities)]
