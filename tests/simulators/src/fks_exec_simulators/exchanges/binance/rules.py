# SPDX-License-Identifier: MIT
"""The symbols and their filters (filters.md of Binance's spot documents)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import define, field

from .records import ALGORITHMIC, SpotOrder, fixed
from .refusals import filtered

ORDER_TYPES = ("LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")
UP, DOWN = 5, Decimal("0.2")
"""Of PERCENT_PRICE_BY_SIDE: a limit price may be so many times the last price at most, and at least."""


@define(kw_only=True)
class Symbol:
    """One symbol.

    Args:
        name: such as ``BTCUSDT``.
        base, quote: assets.
        tick: of prices, quote.
        step: of quantities, base.
        least, most: quantity, base.
        market_most: quantity of a market order, base.
        least_notional, most_notional: price times quantity, quote.
        most_orders, most_algorithmic: open at once, for an account.
        status: ``TRADING`` or ``BREAK``.
    """

    name: str
    base: str
    quote: str
    tick: Decimal = field(converter=Decimal)
    step: Decimal = field(converter=Decimal)
    least: Decimal = field(converter=Decimal)
    most: Decimal = field(default=Decimal(9000), converter=Decimal)
    market_most: Decimal = field(default=Decimal(100), converter=Decimal)
    least_notional: Decimal = field(default=Decimal(5), converter=Decimal)
    most_notional: Decimal = field(default=Decimal(9_000_000), converter=Decimal)
    most_orders: int = 200
    most_algorithmic: int = 5
    status: str = "TRADING"

    @property
    def canonical(self) -> str:
        """Base and quote with a slash."""
        return f"{self.base}/{self.quote}"

    def down(self, quantity: Decimal) -> Decimal:
        """A quantity on the grid, not above; base."""
        return quantity // self.step * self.step

    def check(self, order: SpotOrder, last: Decimal) -> None:
        """An order passes every filter.

        Args:
            last: price, quote.

        Raises:
            Refused: -1013, it does not.
        """
        for price in (order.price, order.stop_price):
            if price is not None and (price <= 0 or price % self.tick):
                raise filtered("PRICE_FILTER")
        if order.price is not None and not last * DOWN <= order.price <= last * UP:
            raise filtered("PERCENT_PRICE_BY_SIDE")
        if not self.least <= order.quantity <= self.most or order.quantity % self.step:
            raise filtered("LOT_SIZE")
        if order.type == "MARKET" and order.quantity > self.market_most:
            raise filtered("MARKET_LOT_SIZE")
        notional = order.quantity * (order.price or order.stop_price or last)
        if not self.least_notional <= notional <= self.most_notional:
            raise filtered("NOTIONAL")

    def check_count(self, standing: list[SpotOrder], more: list[SpotOrder]) -> None:
        """An account may have so many more orders open.

        Raises:
            Refused: -1013, it may not.
        """
        if len(standing) + len(more) > self.most_orders:
            raise filtered("MAX_NUM_ORDERS")
        algorithmic = [order for order in more if order.type in ALGORITHMIC]
        if algorithmic and sum(each.type in ALGORITHMIC for each in standing) + len(algorithmic) > self.most_algorithmic:
            raise filtered("MAX_NUM_ALGO_ORDERS")

    def told(self) -> dict[str, Any]:
        """As exchangeInfo has it."""
        digits = {"baseAssetPrecision": 8, "quotePrecision": 8, "quoteAssetPrecision": 8}
        commission = {"baseCommissionPrecision": 8, "quoteCommissionPrecision": 8}
        allowed = ("icebergAllowed", "otoAllowed", "opoAllowed", "allowTrailingStop", "cancelReplaceAllowed", "amendAllowed")
        return {
            "symbol": self.name,
            "status": self.status,
            "baseAsset": self.base,
            "quoteAsset": self.quote,
            **digits,
            **commission,
            "orderTypes": list(ORDER_TYPES),
            **dict.fromkeys(allowed, False),
            "ocoAllowed": True,
            "quoteOrderQtyMarketAllowed": True,
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "filters": self._filters(),
            "permissions": [],
            "permissionSets": [["SPOT"]],
            "defaultSelfTradePreventionMode": "NONE",
            "allowedSelfTradePreventionModes": ["NONE"],
        }

    def _filters(self) -> list[dict[str, Any]]:
        lot = {"minQty": fixed(self.least), "maxQty": fixed(self.most), "stepSize": fixed(self.step)}
        market_lot = {"minQty": fixed(0), "maxQty": fixed(self.market_most), "stepSize": fixed(0)}
        price = {"minPrice": fixed(self.tick), "maxPrice": fixed(1_000_000), "tickSize": fixed(self.tick)}
        percent = {
            f"{side}Multiplier{way}": str(value) for side in ("bid", "ask") for way, value in (("Up", UP), ("Down", DOWN))
        }
        notional = {"minNotional": fixed(self.least_notional), "maxNotional": fixed(self.most_notional)}
        return [
            {"filterType": "PRICE_FILTER", **price},
            {"filterType": "LOT_SIZE", **lot},
            {"filterType": "MARKET_LOT_SIZE", **market_lot},
            {"filterType": "PERCENT_PRICE_BY_SIDE", **percent, "askMultiplierDown": str(DOWN), "avgPriceMins": 0},
            {"filterType": "NOTIONAL", **notional, "applyMinToMarket": True, "applyMaxToMarket": False, "avgPriceMins": 0},
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": self.most_orders},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": self.most_algorithmic},
        ]


def listed() -> dict[str, Symbol]:
    """What is listed at the start; FTTUSDT does not trade."""
    made = (
        Symbol(name="BTCUSDT", base="BTC", quote="USDT", tick="0.01", step="0.00001", least="0.00001"),
        Symbol(name="ETHUSDT", base="ETH", quote="USDT", tick="0.01", step="0.0001", least="0.0001", market_most=3000),
        Symbol(name="BNBUSDT", base="BNB", quote="USDT", tick="0.01", step="0.001", least="0.001", market_most=1000),
        Symbol(name="ETHBTC", base="ETH", quote="BTC", tick="0.00001", step="0.0001", least="0.0001", least_notional="0.0001"),
        Symbol(name="FTTUSDT", base="FTT", quote="USDT", tick="0.0001", step="0.01", least="0.01", status="BREAK"),
    )
    return {symbol.name: symbol for symbol in made}
