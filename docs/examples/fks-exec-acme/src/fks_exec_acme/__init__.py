# SPDX-License-Identifier: MIT
"""The Acme exchange: a venue plugin in its smallest useful form; it keeps its book in memory and sends nothing."""

from decimal import Decimal

from attrs import frozen

from fks_exec import Side, VenueRejected, hookimpl
from fks_exec.model import ExecutionResult, Fill, Health, MarketData, Order, OrderType, Submission, VenueContext, VenueType


@frozen(kw_only=True)
class AcmeConfig:
    """The ``[accounts.NAME.config]`` table.

    Args:
        symbols: canonical, what Acme trades.
        bid, ask: its prices, quote currency.
    """

    symbols: tuple[str, ...] = ("BTC/USDT",)
    bid: Decimal = Decimal(67499)
    ask: Decimal = Decimal(67500)


class Acme:
    """One account at Acme. ``create`` makes it and connects to nothing; ``init`` opens it."""

    @hookimpl
    async def init(self, config: AcmeConfig, context: VenueContext) -> None:
        self.config, self.clock = config, context.clock
        self.book: dict[str, ExecutionResult] = {}

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        if order.order_type is not OrderType.MARKET:  # not declared, so core does not send it; nor is it taken for another
            raise VenueRejected(f"Acme takes no {order.order_type} orders", code="ORDER_TYPE")
        number = submission.venue_client_order_id
        if number not in self.book:  # the same id is the same order: it fills once
            quote = await self.fetch_data(order.symbol)
            price, size = self.config.ask if order.side is Side.BUY else self.config.bid, order.quantity
            fill = Fill(trade_id=f"t-{number}", quantity=size, price=price, timestamp=quote.timestamp)
            self.book[number] = ExecutionResult(
                status="filled", order_id=f"acme-{number}", fills=[fill], filled_quantity=size, average_price=price
            )
        return self.book[number]

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        if symbol not in self.config.symbols:
            raise VenueRejected(f"Acme does not trade {symbol}", code="UNKNOWN_SYMBOL")
        return MarketData(symbol=symbol, bid=self.config.bid, ask=self.config.ask, timestamp=self.clock.now())

    @hookimpl
    def name(self) -> str:
        return "Acme"

    @hookimpl
    async def health_check(self) -> Health:
        return Health()


@hookimpl
def fks_exec_venues() -> list[VenueType]:
    return [VenueType(name="acme", create=Acme, config=AcmeConfig, summary="The Acme exchange, in memory", simulated=True)]
