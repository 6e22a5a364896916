# SPDX-License-Identifier: MIT
"""Bybit's instruments, and the rules that an order's numbers and ids keep.

docs/v5/market/instrument, docs/v5/order/create-order.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from attrs import define

from .answers import Refused, plain, wrong

TAKER = Decimal("0.00055")
"""Of the value, in USDT."""

MAKER = Decimal("0.0002")
"""Of the value, in USDT."""

ACTIVE_ORDERS = 500
CONDITIONAL_ORDERS = 10
"""At most so many of a symbol at a time."""

_LINK_ID = re.compile(r"[0-9A-Za-z_-]{1,36}", re.ASCII)


@define(kw_only=True)
class Instrument:
    """One linear perpetual. Quantities in coins (a contract is one coin), prices and values in USDT.

    Args:
        symbol: Bybit's.
        tick, step: of a price, of a quantity.
        least, most, most_at_market: quantity of one order.
        least_value: of one order.
        status: ``Trading``, or ``Closed`` for what was delisted.
    """

    symbol: str
    base: str
    tick: Decimal
    step: Decimal
    least: Decimal
    most: Decimal
    most_at_market: Decimal
    least_value: Decimal = Decimal(5)
    highest_leverage: Decimal = Decimal(100)
    status: str = "Trading"
    number: int = 0

    @property
    def canonical(self) -> str:
        """As ccxt calls it."""
        return f"{self.base}/USDT:USDT"

    def row(self) -> dict[str, Any]:
        """As instruments-info tells it."""
        return {
            "symbol": self.symbol,
            "symbolId": self.number,
            "contractType": "LinearPerpetual",
            "status": self.status,
            "baseCoin": self.base,
            "quoteCoin": "USDT",
            "launchTime": "1585526400000",
            "deliveryTime": "0",
            "deliveryFeeRate": "",
            "priceScale": str(-int(self.tick.as_tuple().exponent)),
            "leverageFilter": {"minLeverage": "1", "maxLeverage": plain(self.highest_leverage), "leverageStep": "0.01"},
            "priceFilter": {"minPrice": plain(self.tick), "maxPrice": "1999999.80", "tickSize": plain(self.tick)},
            "lotSizeFilter": {
                "maxOrderQty": plain(self.most),
                "minOrderQty": plain(self.least),
                "qtyStep": plain(self.step),
                "postOnlyMaxOrderQty": plain(self.most),
                "maxMktOrderQty": plain(self.most_at_market),
                "minNotionalValue": plain(self.least_value),
            },
            "unifiedMarginTrade": True,
            "fundingInterval": 480,
            "settleCoin": "USDT",
            "copyTrading": "both",
            "upperFundingRate": "0.00375",
            "lowerFundingRate": "-0.00375",
            "isPreListing": False,
            "preListingInfo": None,
            "riskParameters": {"priceLimitRatioX": "0.01", "priceLimitRatioY": "0.02"},
            "symbolType": "",
        }


def instruments() -> dict[str, Instrument]:
    """Fresh records of what is listed, by Bybit's symbol, the delisted one too."""
    listed = (
        ("BTCUSDT", "BTC", "0.10", "0.001", "0.001", "1190.000", "500.000", "Trading"),
        ("ETHUSDT", "ETH", "0.01", "0.01", "0.01", "7240.00", "3000.00", "Trading"),
        ("LUNAUSDT", "LUNA", "0.001", "0.1", "0.1", "10000.0", "5000.0", "Closed"),
    )
    return {
        symbol: Instrument(
            symbol=symbol,
            base=base,
            tick=Decimal(tick),
            step=Decimal(step),
            least=Decimal(least),
            most=Decimal(most),
            most_at_market=Decimal(at_market),
            status=status,
            number=number,
        )
        for number, (symbol, base, tick, step, least, most, at_market, status) in enumerate(listed, 5)
    }


def check_link_id(link_id: str) -> None:
    """A client's id: at most 36 of digits, letters, dashes and underscores; none is fine too."""
    if link_id and not _LINK_ID.fullmatch(link_id):
        raise wrong("params error: OrderLinkId invalid")


def check_price(instrument: Instrument, price: Decimal, name: str = "price") -> Decimal:
    """A price on the tick.

    Raises:
        Refused: it is none.
    """
    if price <= 0 or price > Decimal("1999999.80"):
        raise Refused(110003)
    if price % instrument.tick:
        raise wrong(f"params error: {name} invalid, the tick is {instrument.tick}")
    return price


def check_quantity(instrument: Instrument, quantity: Decimal, *, at_market: bool) -> Decimal:
    """A quantity on the step, and between least and most.

    Raises:
        Refused: it is none.
    """
    most = instrument.most_at_market if at_market else instrument.most
    if quantity % instrument.step:
        raise wrong("Qty invalid")
    if quantity < instrument.least:
        raise wrong("The number of contracts exceeds minimum limit allowed")
    if quantity > most:
        sizes = f"order_qty:{int(quantity * 10**8)} > max_qty:{int(most * 10**8)}"
        raise wrong(f"The number of contracts exceeds maximum limit allowed: too large, {sizes}")
    return quantity


def check_value(instrument: Instrument, value: Decimal) -> None:
    """A value of at least the least; what reduces a position may be worth less."""
    if value < instrument.least_value:
        raise Refused(110094, f"Order does not meet minimum order value {plain(instrument.least_value)}USDT")
