# SPDX-License-Identifier: MIT
"""``InstantVenue``: fills every order at once and keeps nothing, so that what is measured around it is ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fks_exec import (
    ExecutionResult,
    Health,
    MarketData,
    Order,
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
