# SPDX-License-Identifier: MIT
"""Venues that cost nothing, so that what is measured around them is ours: one fills at once, one has orders that rest."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from fks_exec import (
    Capabilities,
    ExecutionResult,
    Health,
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
    """

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
        return [VenueType(name="resting", create=lambda: self._venue, capabilities=RESTING)]
