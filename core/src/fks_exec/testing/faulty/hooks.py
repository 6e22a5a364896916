# SPDX-License-Identifier: MIT
"""One connection to the simulated venue: its hooks, asynchronous and plain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from ...errors import VenueError
from ...hookspecs import hookimpl
from ...model.account import ABILITIES, Balance, Capabilities, Check, Health, Position, Protection
from ...model.events import OrderUpdate
from ...model.extension import VenueContext
from ...model.market import Instrument, MarketData
from ...model.orders import Order, OrderChange, OrderRef, Submission
from ...model.results import ExecutionResult
from .exchange import Exchange, Listener
from .requests import ACCOUNT, Asked

FIVE = ("init", "execute_order", "fetch_data", "name", "health_check", "close", "capabilities")


class Connection:
    """What asynchronous and plain connections share.

    Args:
        exchange: the venue.
        capabilities: what the account can do.
    """

    def __init__(self, exchange: Exchange, capabilities: Capabilities) -> None:
        self.exchange: Exchange = exchange
        self.account: str = ACCOUNT
        self._capabilities = capabilities
        self._publish: Listener | None = None

    def opened(self, context: VenueContext, loop: asyncio.AbstractEventLoop | None) -> None:
        """From now on updates go to this context."""
        self.account, self._publish = context.account, context.publish
        self.exchange.listen(context.account, context.publish, context.clock, loop)

    def let_go(self) -> None:
        """No further updates; what hangs breaks."""
        if self._publish is not None:
            self.exchange.leave(self.account, self._publish)

    def hooks(self) -> dict[str, Callable[..., Any]]:
        """The five and the abilities that are declared."""
        return {name: getattr(self, name) for name in (*FIVE, *(ABILITIES & self._capabilities.abilities))}

    @hookimpl
    def name(self) -> str:
        """The display name."""
        return "Faulty venue"

    @hookimpl
    def capabilities(self) -> Capabilities:
        """As the venue was made."""
        return self._capabilities


def placing(order: Order, submission: Submission) -> Asked:
    """The request for an order."""
    return Asked(kind="place", account=submission.account, order=order, venue_client_order_id=submission.venue_client_order_id)


def protecting(protection: Protection, submission: Submission) -> Asked:
    """The request for a protective order."""
    name = submission.venue_client_order_id
    return Asked(kind="protect", account=submission.account, protection=protection, venue_client_order_id=name)


def cancelling(ref: OrderRef, submission: Submission) -> Asked:
    """The request to cancel one."""
    name = submission.venue_client_order_id
    return Asked(kind="cancel", account=submission.account, ref=ref, venue_client_order_id=name)


def amending(ref: OrderRef, change: OrderChange, submission: Submission) -> Asked:
    """The request to change one."""
    name = submission.venue_client_order_id
    return Asked(kind="amend", account=submission.account, ref=ref, change=change, venue_client_order_id=name)


HEALTH = Health([Check(name="venue", ok=True, message="simulated")])
UNREACHED = "the venue broke the connection while the account was opened; is it running?"
AWAY = Health([Check(name="venue", ok=False, message="it cannot be reached", remedy="start it, or look at the connection")])


class AsyncConnection(Connection):
    """Every hook is a coroutine function."""

    @hookimpl
    async def init(self, config: Any, context: VenueContext) -> None:
        """Connect."""
        try:
            await self.exchange.carry_out(Asked(kind="open", account=context.account))
        except OSError:
            raise VenueError(UNREACHED, code="AWAY") from None
        self.opened(context, asyncio.get_running_loop())

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        """As the script says."""
        return cast(ExecutionResult, await self.exchange.carry_out(placing(order, submission)))

    @hookimpl
    async def protect_position(self, protection: Protection, submission: Submission) -> ExecutionResult:
        """One protective order, or two that are linked."""
        return cast(ExecutionResult, await self.exchange.carry_out(protecting(protection, submission)))

    @hookimpl
    async def cancel_order(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        """The order's state after the request."""
        return cast(ExecutionResult, await self.exchange.carry_out(cancelling(ref, submission)))

    @hookimpl
    async def amend_order(self, ref: OrderRef, change: OrderChange, submission: Submission) -> ExecutionResult:
        """The order's state after the request."""
        return cast(ExecutionResult, await self.exchange.carry_out(amending(ref, change, submission)))

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        """By the venue's id or ours."""
        return cast("ExecutionResult | None", await self._read(Asked(kind="look_up", account=self.account, ref=ref)))

    @hookimpl
    async def fetch_open_orders(self) -> list[OrderUpdate]:
        """Ours and foreign ones."""
        return cast("list[OrderUpdate]", await self._read(Asked(kind="scan", account=self.account)))

    @hookimpl
    async def fetch_positions(self) -> list[Position]:
        """All that are not flat."""
        return cast("list[Position]", await self._read(Asked(kind="positions", account=self.account)))

    @hookimpl
    async def fetch_balance(self) -> list[Balance]:
        """One currency."""
        return cast("list[Balance]", await self._read(Asked(kind="balance", account=self.account)))

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        """Bid and ask."""
        return cast(MarketData, await self._read(Asked(kind="quote", account=self.account, symbol=symbol)))

    @hookimpl
    async def fetch_instrument(self, symbol: str) -> Instrument:
        """The rules of a symbol."""
        return cast(Instrument, await self._read(Asked(kind="instrument", account=self.account, symbol=symbol)))

    async def _read(self, asked: Asked) -> object:
        return await self.exchange.carry_out(asked)

    @hookimpl
    async def health_check(self) -> Health:
        """Well, if it answers."""
        try:
            await self._read(Asked(kind="health", account=self.account))
        except (VenueError, OSError):
            return AWAY
        return HEALTH

    @hookimpl
    async def close(self) -> None:
        """Let go."""
        self.let_go()


class BlockingConnection(Connection):
    """Every hook is plain, as around a blocking SDK: what hangs blocks the account's thread."""

    @hookimpl
    def init(self, config: Any, context: VenueContext) -> None:
        """Connect."""
        try:
            self._ask(Asked(kind="open", account=context.account))
        except OSError:
            raise VenueError(UNREACHED, code="AWAY") from None
        self.opened(context, None)

    @hookimpl
    def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        """As the script says."""
        return cast(ExecutionResult, self._ask(placing(order, submission)))

    @hookimpl
    def protect_position(self, protection: Protection, submission: Submission) -> ExecutionResult:
        """One protective order, or two that are linked."""
        return cast(ExecutionResult, self._ask(protecting(protection, submission)))

    @hookimpl
    def cancel_order(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        """The order's state after the request."""
        return cast(ExecutionResult, self._ask(cancelling(ref, submission)))

    @hookimpl
    def amend_order(self, ref: OrderRef, change: OrderChange, submission: Submission) -> ExecutionResult:
        """The order's state after the request."""
        return cast(ExecutionResult, self._ask(amending(ref, change, submission)))

    @hookimpl
    def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        """By the venue's id or ours."""
        return cast("ExecutionResult | None", self._ask(Asked(kind="look_up", account=self.account, ref=ref)))

    @hookimpl
    def fetch_open_orders(self) -> list[OrderUpdate]:
        """Ours and foreign ones."""
        return cast("list[OrderUpdate]", self._ask(Asked(kind="scan", account=self.account)))

    @hookimpl
    def fetch_positions(self) -> list[Position]:
        """All that are not flat."""
        return cast("list[Position]", self._ask(Asked(kind="positions", account=self.account)))

    @hookimpl
    def fetch_balance(self) -> list[Balance]:
        """One currency."""
        return cast("list[Balance]", self._ask(Asked(kind="balance", account=self.account)))

    @hookimpl
    def fetch_data(self, symbol: str) -> MarketData:
        """Bid and ask."""
        return cast(MarketData, self._ask(Asked(kind="quote", account=self.account, symbol=symbol)))

    @hookimpl
    def fetch_instrument(self, symbol: str) -> Instrument:
        """The rules of a symbol."""
        return cast(Instrument, self._ask(Asked(kind="instrument", account=self.account, symbol=symbol)))

    def _ask(self, asked: Asked) -> object:
        return self.exchange.carry_out_blocking(asked)

    @hookimpl
    def health_check(self) -> Health:
        """Well, if it answers."""
        try:
            self._ask(Asked(kind="health", account=self.account))
        except (VenueError, OSError):
            return AWAY
        return HEALTH

    @hookimpl
    def close(self) -> None:
        """Let go."""
        self.let_go()
