# SPDX-License-Identifier: MIT
"""The venue's market: what it is, and what of it is told: all, one side, something old, nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

from attrs import Factory, define, field

from ...errors import VenueRejected
from ...model.market import MarketData
from ...model.numbers import decimal
from ...model.orders import Side

Half: TypeAlias = Literal["bid", "ask"]


NO_SUCH = "NO/SUCH"
"""The one symbol that the venue does not list; every other text is an instrument."""


@define(kw_only=True, eq=False)
class Market:
    """Bid and ask of every instrument.

    Args:
        price: of every instrument until it is set, quote currency.
        ages: by symbol, how old what is told is, in seconds.
        halves: by symbol, the one side that is told.
        silent: symbols of which nothing is told.
    """

    price: Decimal = field(converter=decimal)
    ages: dict[str, float] = Factory(dict)
    halves: dict[str, Half] = Factory(dict)
    silent: set[str] = Factory(set)
    _quotes: dict[str, tuple[Decimal, Decimal]] = Factory(dict)

    def set(self, symbol: str, bid: Decimal, ask: Decimal) -> None:
        """Move it."""
        self._quotes[symbol] = bid, ask

    def both(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Bid and ask, as they are."""
        return self._quotes.get(symbol, (self.price, self.price))

    def price_for(self, symbol: str, side: Side) -> Decimal:
        """What one pays or gets."""
        bid, ask = self.both(symbol)
        return ask if side is Side.BUY else bid

    def told(self, symbol: str, time: int) -> MarketData:
        """What the venue tells.

        Raises:
            VenueRejected: nothing.
        """
        check_listed(symbol)
        if symbol in self.silent:
            raise VenueRejected(f"there is no quote of {symbol}", code="NO_QUOTE")
        (bid, ask), half = self.both(symbol), self.halves.get(symbol)
        return MarketData(
            symbol=symbol,
            bid=None if half == "ask" else bid,
            ask=None if half == "bid" else ask,
            last=bid,
            timestamp=time - round(self.ages.get(symbol, 0.0) * 1000),
        )


def check_listed(symbol: str) -> None:
    """Raises VenueRejected for what the venue does not list."""
    if symbol == NO_SUCH:
        raise VenueRejected(f"there is no instrument {symbol}; look at the spelling", code="UNKNOWN_SYMBOL")
