# SPDX-License-Identifier: MIT
"""The guard ``price_collar``: prices near the market, and no market order where there is hardly a market."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_UP, Context, Decimal
from typing import ClassVar

from attrs import field, frozen

from fks_exec import AccountState, Answer, Denial, MarketData, Order, OrderType, Side, hookimpl
from fks_exec.codes import Code, denial
from fks_exec.model.numbers import plain, to_optional

from .denials import NO_QUOTE, no_quote
from .settings import above_zero, at_least_one
from .valuation import quoted_price

_NAMES = ("price", "stop_price")
_SHORT = Context(prec=4, rounding=ROUND_UP)
"""For showing a percentage: rounded up, so that 5.0001 is not shown as 5 beside a limit of 5."""


@frozen(kw_only=True)
class PriceCollarConfig:
    """The table of a guard of type ``price_collar``.

    Args:
        percent: of the quote, by which a limit or trigger price may differ from it, on either side.
        spread_percent: of the middle between bid and ask, by which these may differ for a market order.
    """

    percent: Decimal | None = field(default=None, converter=to_optional, validator=above_zero)
    spread_percent: Decimal | None = field(default=None, converter=to_optional, validator=above_zero)

    def __attrs_post_init__(self) -> None:
        at_least_one(self, percent="5", spread_percent="1")


@frozen(eq=False)
class PriceCollar:
    """Denies a price too far from the quote, and a market order when the spread is too wide; exactly the limits pass.

    The quote is the ask for a buy, the bid for a sell. Stop loss and take profit are not judged: they are meant to be away.
    """

    config: PriceCollarConfig

    codes: ClassVar[Mapping[str, Code]] = {
        "PRICE_COLLAR": denial(
            "A limit or trigger price is farther from the quote than configured.",
            "Look at the price's digits; send one within the range that the denial names, or raise the guard's percent.",
        ),
        "SPREAD": denial(
            "Bid and ask are farther apart than configured, so a market order may fill anywhere.",
            "Send a limit order, wait until the market is quoted closer, or raise the guard's spread_percent.",
        ),
        "NO_QUOTE": NO_QUOTE,
    }

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> Answer:
        """A market order by the spread, any other by its prices."""
        if order.order_type is OrderType.MARKET:
            return self._spread(order, account.quote)
        return tuple(self._prices(order, account.quote))

    def _prices(self, order: Order, quote: MarketData | None) -> Iterator[Denial]:
        percent = self.config.percent
        if percent is None:
            return
        quoted = quoted_price(order, quote)
        if quoted is None:
            yield no_quote(order)
            return
        for name in _NAMES:
            price: Decimal | None = getattr(order, name)
            if price is not None and abs(price - quoted) * 100 > quoted * percent:
                yield _far(order, name, price, quoted, percent)

    def _spread(self, order: Order, quote: MarketData | None) -> Denial | None:
        limit = self.config.spread_percent
        if limit is None:
            return None
        bid, ask = (None if quote is None else quote.price_for(side) for side in (Side.SELL, Side.BUY))
        if bid is None or ask is None:
            return _one_sided(order)
        spread = abs(ask - bid)  # where the bid is above the ask, one of the two is wrong
        if spread * 200 <= (ask + bid) * limit:
            return None
        value = _SHORT.divide(spread * 200, ask + bid)
        return Denial(
            code="SPREAD",
            message=f"bid {plain(bid)} and ask {plain(ask)} of {order.symbol} are {plain(value)} % apart, more than "
            f"{plain(limit)} %, so a market order may fill anywhere; send a limit order, or wait for a closer quote",
            limit=f"{plain(limit)} %",
            value=f"{plain(value)} %",
        )


def _far(order: Order, name: str, price: Decimal, quoted: Decimal, percent: Decimal) -> Denial:
    low, high = max(quoted * (100 - percent) / 100, Decimal(0)), quoted * (100 + percent) / 100
    return Denial(
        code="PRICE_COLLAR",
        message=f"the {name} {plain(price)} of a {order.side} of {order.symbol} is more than {plain(percent)} % from the "
        f"quote, {plain(quoted)}; look at its digits, or send one from {plain(low)} to {plain(high)}",
        limit=f"{plain(low)} to {plain(high)}",
        value=plain(price),
    )


def _one_sided(order: Order) -> Denial:
    message = (
        f"there are not both a fresh bid and a fresh ask for {order.symbol}, so its spread is not known; "
        "send it again when the market is quoted, or send a limit order"
    )
    return Denial(code="NO_QUOTE", message=message)
