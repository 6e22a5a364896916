# SPDX-License-Identifier: MIT
"""``CCXTPlugin``: one account at a crypto exchange; each hook delegates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fks_exec import (
    Balance,
    Capabilities,
    ExecutionResult,
    Health,
    Instrument,
    MarketData,
    NotSent,
    Order,
    OrderChange,
    OrderRef,
    OrderUpdate,
    Position,
    Protection,
    Submission,
    VenueContext,
    hookimpl,
)

from .config import CCXTConfig
from .manager import ExchangeManager
from .reading import holdings
from .reading.lookups import Lookups
from .reading.quotes import fetch_data
from .reading.reader import market_of
from .requests.capabilities import UPPER
from .requests.instruments import instrument
from .session import health, modes
from .session.connection import Connection
from .trading.changing import Changer
from .trading.placing import Trader


class CCXTPlugin:
    """One account: one exchange, one market type, one key.

    Args:
        manager: what owns the exchange instances; None: one of its own.
    """

    def __init__(self, manager: ExchangeManager | None = None) -> None:
        self._manager = manager or ExchangeManager()
        self._account = ""
        self._opened: Connection | None = None

    @property
    def connection(self) -> Connection:
        """The opened account.

        Raises:
            NotSent: it was not opened, or is closed.
        """
        if self._opened is None:
            raise NotSent("the account is not connected to its exchange; nothing was sent")
        return self._opened

    @hookimpl
    async def init(self, config: CCXTConfig, context: VenueContext) -> None:
        """Connect, load the markets, check key, clock and modes, find out what can be done."""
        self._account = context.account
        self._opened = await self._manager.open(context.account, config, context)

    @hookimpl
    def name(self) -> str:
        """The exchange's own name, and what is traded there."""
        if self._opened is None:
            return "CCXT"
        return f"{self._opened.exchange.name} {self._opened.config.market_type}"

    @hookimpl
    def capabilities(self) -> Capabilities:
        """What the probe found."""
        return UPPER if self._opened is None else self._opened.capabilities

    @hookimpl
    def resolve_symbol(self, text: str) -> str | None:
        """The canonical symbol of any spelling."""
        return self.connection.symbols.resolve(text)

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        """Send one order, once."""
        return await Trader(self.connection).place(order, submission)

    @hookimpl
    async def protect_position(self, protection: Protection, submission: Submission) -> ExecutionResult:
        """Send one protective order, once."""
        return await Trader(self.connection).protect(protection, submission)

    @hookimpl
    async def cancel_order(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        """Cancel a resting order."""
        return await Trader(self.connection).cancel(ref, submission)

    @hookimpl
    async def amend_order(self, ref: OrderRef, change: OrderChange, submission: Submission) -> ExecutionResult:
        """Change a resting order in place."""
        return await Changer(self.connection).amend(ref, change, submission)

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        """Look an order up, by any of its names."""
        return await Lookups(connection=self.connection).find(ref)

    @hookimpl
    async def fetch_open_orders(self) -> Sequence[OrderUpdate]:
        """All that rests."""
        return await Lookups(connection=self.connection).open_orders()

    @hookimpl
    async def fetch_positions(self) -> Sequence[Position]:
        """All that is not flat."""
        return await holdings.fetch_positions(self.connection)

    @hookimpl
    async def fetch_balance(self) -> Sequence[Balance]:
        """All that is not zero."""
        return await holdings.fetch_balance(self.connection)

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        """Bid, ask, last price."""
        return await fetch_data(self.connection, symbol)

    @hookimpl
    async def fetch_instrument(self, symbol: str) -> Instrument:
        """The rules of one instrument, from memory; where it can differ, what its leverage is set to is asked for."""
        opened = self.connection
        market = market_of(opened, symbol)
        await modes.ahead(opened, symbol)
        return instrument(opened.exchange, market, opened.probed(symbol))

    @hookimpl
    async def health_check(self) -> Health:
        """Session, time, authentication, markets, rate."""
        return await health.health(self._opened)

    @hookimpl
    async def close(self) -> None:
        """Let the session go."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await self._manager.close(self._account)

    def __repr__(self) -> str:
        exchange: Any = None if self._opened is None else self._opened.config.exchange
        return f"CCXTPlugin({exchange or 'not opened'})"
