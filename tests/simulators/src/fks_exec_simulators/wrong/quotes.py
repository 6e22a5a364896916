# SPDX-License-Identifier: MIT
"""Wrong venues whose quotes are not the market's, or not of what was asked for."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from fks_exec import Instrument, MarketData, hookimpl
from fks_exec.testing import RemoteFaultyVenue

from .matrix import Mutant, over_http


class TellsSeconds(RemoteFaultyVenue):
    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        quote = await super().fetch_data(symbol)
        return evolve(quote, timestamp=(quote.timestamp or 0) // 1000)


class TellsLocalTime(RemoteFaultyVenue):
    """The terminal's clock, as if it were UTC."""

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        quote = await super().fetch_data(symbol)
        return evolve(quote, timestamp=(quote.timestamp or 0) + 2 * 3600 * 1000)


class TellsNewYorkTime(RemoteFaultyVenue):
    """The exchange's clock, as if it were UTC."""

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        quote = await super().fetch_data(symbol)
        return evolve(quote, timestamp=(quote.timestamp or 0) - 5 * 3600 * 1000)


class SwapsBidAndAsk(RemoteFaultyVenue):
    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        quote = await super().fetch_data(symbol)
        return evolve(quote, bid=quote.ask, ask=quote.bid)


class GoesThroughFloats(RemoteFaultyVenue):
    """``Decimal(message["bid"])``, where JSON made a float of it."""

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        quote = await super().fetch_data(symbol)
        return evolve(quote, bid=_floated(quote.bid), ask=_floated(quote.ask))


def _floated(price: Decimal | None) -> Decimal | None:
    return None if price is None else Decimal(float(price))


class AnswersInItsOwnSpelling(RemoteFaultyVenue):
    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        return evolve(await super().fetch_data(symbol), symbol=symbol.replace("/", ""))


class KeepsItsFirstQuote(RemoteFaultyVenue):
    def __init__(self) -> None:
        super().__init__()
        self._quotes: dict[str, MarketData] = {}

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        if symbol not in self._quotes:
            self._quotes[symbol] = await super().fetch_data(symbol)
        return self._quotes[symbol]


class TripsOverAnUnknownSymbol(RemoteFaultyVenue):
    """Looks it up in a table of its own."""

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        known = {"BTC/USDT": "BTCUSDT", "ETH/USDT": "ETHUSDT"}
        assert known[symbol]
        return await super().fetch_data(symbol)


class TellsAnotherTick(RemoteFaultyVenue):
    """The tick of another instrument."""

    @hookimpl
    async def fetch_instrument(self, symbol: str) -> Instrument:
        return evolve(await super().fetch_instrument(symbol), price_tick="0.5")


MUTANTS = [
    Mutant("tells-seconds", "tells a quote's time in seconds", over_http(TellsSeconds), "Quotes", alone=True),
    Mutant("tells-local-time", "tells a quote's time in a zone of its own", over_http(TellsLocalTime), "Quotes", alone=True),
    Mutant("tells-new-york-time", "tells a quote's time in a zone behind UTC", over_http(TellsNewYorkTime), "Quotes"),
    Mutant("swaps-bid-and-ask", "takes the bid for the ask", over_http(SwapsBidAndAsk), "Quotes"),
    Mutant(
        "goes-through-floats",
        "lets prices go through floats",
        over_http(GoesThroughFloats, price="100.1"),
        "Quotes",
        alone=True,
    ),
    Mutant(
        "answers-in-its-own-spelling",
        "answers with its own spelling of the symbol",
        over_http(AnswersInItsOwnSpelling),
        "Quotes",
        alone=True,
    ),
    Mutant("keeps-its-first-quote", "answers every quote with its first one", over_http(KeepsItsFirstQuote), "Quotes"),
    Mutant(
        "trips-over-an-unknown-symbol",
        "raises KeyError for a symbol that it does not know",
        over_http(TripsOverAnUnknownSymbol),
        "Quotes",
        alone=True,
    ),
    Mutant(
        "tells-another-tick",
        "tells a price tick on which its own quotes do not lie",
        over_http(TellsAnotherTick, price="100.1"),
        "Quotes",
    ),
]
