"""Zebra as fks-exec calls it: one method for each hook, one request for each method."""

import asyncio

from fks_exec import (
    Balance,
    Check,
    ExecutionResult,
    Health,
    Instrument,
    MarketData,
    NotSent,
    Order,
    OrderRef,
    OrderUpdate,
    Position,
    Submission,
    VenueContext,
    VenueError,
    VenueRejected,
    hookimpl,
)

from . import records
from .api import Api
from .config import ZebraConfig


class Zebra:
    """One account at Zebra."""

    def __init__(self) -> None:
        self._api: Api | None = None

    @property
    def api(self) -> Api:
        """Its connections."""
        if self._api is None:
            raise NotSent("the account is not open; nothing was sent")
        return self._api

    @hookimpl
    async def init(self, config: ZebraConfig, context: VenueContext) -> None:
        """Connect, and see whether the key is taken. Certificates are read: in a thread."""
        self._api = await asyncio.to_thread(Api, config, context)
        await self._look()

    @hookimpl
    async def close(self) -> None:
        """Let the connections go."""
        if self._api is not None:
            await self._api.close()

    @hookimpl
    def name(self) -> str:
        """As people call it."""
        return "Zebra"

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        """Send one order, once; what it raises goes up. CHANGE: the request."""
        body = records.body_of(order, submission.venue_client_order_id)
        seconds = submission.remaining()
        answer = await self.api.call("POST", "/v1/order", body=body, seconds=seconds)
        return records.result_of(answer)

    @hookimpl
    async def cancel_order(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        """Cancel an order; how it stands after that. CHANGE: the request."""
        query, seconds = records.names(ref), submission.remaining()
        answer = await self.api.call("DELETE", "/v1/order", query=query, seconds=seconds)
        return records.result_of(answer)

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        """How an order stands. CHANGE: the request, and the code of "there is no such order"."""
        try:
            answer = await self.api.call("GET", "/v1/order", query=records.names(ref))
        except VenueRejected as error:
            if error.code == "UNKNOWN_ORDER":
                return None  # a clean no; all else goes up, since it proves nothing
            raise
        return records.result_of(answer)

    @hookimpl
    async def fetch_open_orders(self) -> list[OrderUpdate]:
        """All orders that rest. CHANGE: the request; read every page."""
        return [records.update_of(item) for item in await self.api.call("GET", "/v1/orders")]

    @hookimpl
    async def fetch_positions(self) -> list[Position]:
        """All positions that are not flat. CHANGE: the request."""
        return [records.position_of(item) for item in await self.api.call("GET", "/v1/positions")]

    @hookimpl
    async def fetch_balance(self) -> list[Balance]:
        """All currencies. CHANGE: the request."""
        return [records.balance_of(item) for item in await self.api.call("GET", "/v1/balances")]

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        """Bid and ask. CHANGE: the request."""
        query = {"market": records.market_of(symbol)}
        return records.quote_of(symbol, await self.api.call("GET", "/v1/ticker", query=query))

    @hookimpl
    async def fetch_instrument(self, symbol: str) -> Instrument:
        """The rules of a market. CHANGE: the request."""
        query = {"market": records.market_of(symbol)}
        return records.instrument_of(symbol, await self.api.call("GET", "/v1/market", query=query))

    @hookimpl
    async def health_check(self) -> Health:
        """Whether Zebra answers and takes our key; places nothing."""
        try:
            await self._look()
        except VenueError as error:
            remedy = "look at the network, at Zebra's status page, and at the key"
            return Health([Check(name="connection", ok=False, message=str(error), remedy=remedy)])
        return Health([Check(name="connection", ok=True, message="Zebra answers")])

    async def _look(self) -> None:
        """Raises VenueError with a sentence unless Zebra answers and takes our key."""
        try:
            await self.fetch_balance()
        except VenueError:
            raise
        except Exception as error:
            what = f"fetch_balance could not be read: {type(error).__name__}"
            raise VenueError(f"{what}; Zebra is away, or answers as nobody expected") from error
