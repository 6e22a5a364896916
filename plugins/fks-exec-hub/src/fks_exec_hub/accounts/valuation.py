# SPDX-License-Identifier: MIT
"""What all that an account holds is worth at most, in its currency; rates come from the quotes of configured instruments.

A rate is always the dearer one, so that a limit is never passed by a spread: one unit of the base of a pair counts at its ask,
one unit of the quote currency at one by its bid. A side that is missing is no rate.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from decimal import ROUND_CEILING, Context, Decimal, localcontext

from attrs import frozen

from fks_exec.account import Account
from fks_exec.model.market import Instrument, Kind, MarketData
from fks_exec.model.numbers import ZERO
from fks_exec.model.orders import Side

from ..money import EXACT
from .book import Book, Working
from .quotes import LASTING, Quotes

log: logging.Logger = logging.getLogger(__name__)

_ONE = Decimal(1)
_UP = Context(prec=28, rounding=ROUND_CEILING)


@frozen
class Hop:
    """One step from a currency to another.

    Args:
        symbol: whose quote is taken.
        inverted: from its quote currency to its base.
        to: the currency in which the step ends.
    """

    symbol: str
    inverted: bool
    to: str

    def rate(self, quote: MarketData | None) -> Decimal | None:
        """The dearer side; None when it is missing."""
        price = None if quote is None else quote.price_for(Side.SELL if self.inverted else Side.BUY)
        return price if price is None or not self.inverted else _UP.divide(_ONE, price)


class Rates:
    """What one unit of a currency is worth in the account's, by at most two configured instruments.

    Args:
        account: tells the instruments' currencies.
        quotes: of the account.
        symbols: instruments of the account, in any spelling.
        currency: the account's; None: nothing is converted.
        max_age: seconds, of a quote.
    """

    def __init__(self, account: Account, quotes: Quotes, symbols: Iterable[str], currency: str | None, max_age: float) -> None:
        self._account = account
        self._quotes = quotes
        self._symbols = tuple(symbols)
        self._currency = currency
        self._max_age = max_age
        self._hops: dict[str, list[Hop]] | None = None if self._symbols else {}
        self._missing = set(self._symbols)

    def known(self, currency: str | None, *, share: float = 1) -> Decimal | None:
        """The rate by quotes that are at hand and fresh; None when there is none. Of the account's own currency: one.

        Args:
            share: of the age that is allowed.
        """
        if currency is not None and currency == self._currency:
            return _ONE
        rate = _ONE
        path = self._path(currency)
        for hop in path:
            step = hop.rate(self._quotes.known(hop.symbol, self._max_age * share))
            if step is None:
                return None
            rate = _UP.multiply(rate, step)
        return rate if path else None

    async def ask(self, currencies: Iterable[str | None]) -> None:
        """Have the quotes at hand that turn these currencies into the account's; all are asked for at once."""
        wanted = {currency for currency in currencies if currency not in (None, self._currency)}
        if not wanted or not self._symbols or self._currency is None:
            return
        if self._missing:
            await asyncio.gather(*(self._learn(symbol) for symbol in sorted(self._missing)))
        symbols = {hop.symbol for currency in wanted for hop in self._path(currency)}
        await asyncio.gather(*(self._quotes.get(symbol, self._max_age) for symbol in sorted(symbols)))

    def _path(self, currency: str | None) -> tuple[Hop, ...]:
        """The steps to the account's currency, as few as there are; empty when there is no way."""
        hops = self._hops or {}
        steps = hops.get(currency or "", ())
        direct = next((hop for hop in steps if hop.to == self._currency), None)
        if direct is not None:
            return (direct,)
        return next(((one, two) for one in steps for two in hops.get(one.to, ()) if two.to == self._currency), ())

    async def _learn(self, text: str) -> None:
        try:
            symbol = self._account.resolve_symbol(text)
            instrument = await self._account.fetch_instrument(symbol)
        except Exception as error:  # a rate that is missing is an answer; it is asked for again
            log.warning("account %s: conversions: no instrument %s: %s", self._account.name, text, type(error).__name__)
            return
        if text not in self._missing:
            return
        self._missing.discard(text)
        base, quote = _currencies(symbol, instrument)
        hops = self._hops = self._hops or {}
        hops.setdefault(base, []).append(Hop(symbol, False, quote))
        hops.setdefault(quote, []).append(Hop(symbol, True, base))


def _currencies(symbol: str, instrument: Instrument | None) -> tuple[str, str]:
    """Base and quote of an instrument; by its canonical symbol where the venue tells no rules."""
    base, _, rest = symbol.partition("/")
    if instrument is None:
        return base, rest.partition(":")[0]
    return instrument.base or base, instrument.quote or rest.partition(":")[0]


@frozen
class _Valued:
    """What an instrument was worth when it was last worked out, and by what."""

    instrument: Instrument
    quoted: bool
    quote: MarketData | None
    worth: Decimal


class Valuation:
    """The worst case of all positions of one account.

    Args:
        account, book, quotes, rates: of the same account.
        currency: of the sum; None: the settle currency that all instruments share.
        max_age: seconds, of a quote.
    """

    def __init__(
        self, account: Account, book: Book, quotes: Quotes, rates: Rates, currency: str | None, max_age: float
    ) -> None:
        self._account = account
        self._book = book
        self._quotes = quotes
        self._rates = rates
        self._currency = currency
        self._max_age = max_age
        self._resting: dict[str, Decimal] = {}
        self._total = ZERO
        self._moving: dict[str, _Valued | None] = {}
        book.touched |= book.symbols()

    async def ask(self) -> None:
        """Have at hand what :meth:`exposure` takes: rules, quotes and rates of what is held; asked for at once."""
        with localcontext(EXACT):
            self._refresh()
        missing = [symbol for symbol in sorted(self._moving) if not self._at_hand(symbol)]
        if missing:
            await asyncio.gather(*(self._ask(symbol) for symbol in missing))

    def _at_hand(self, symbol: str) -> bool:
        instrument = self._account.known_instrument(symbol)
        quoted = not _needs_quote(self._book, symbol) or self._quotes.known(symbol, self._max_age * LASTING) is not None
        return instrument is not None and quoted and self._rated(instrument)

    def _rated(self, instrument: Instrument) -> bool:
        return self._currency is None or self._rates.known(worth_currency(instrument), share=LASTING) is not None

    def _refresh(self) -> None:
        """What only rests, in the account's own currency, is added up when it changes, not when it is looked at."""
        for symbol in self._book.touched:
            self._total -= self._resting.pop(symbol, ZERO)
            self._moving.pop(symbol, None)
            if self._book.concerns(symbol) and not self._add(symbol):
                self._moving[symbol] = None
        self._book.touched.clear()

    def _add(self, symbol: str) -> bool:
        instrument = self._account.known_instrument(symbol)
        if instrument is None or self._currency is None or worth_currency(instrument) != self._currency:
            return False
        worth = None if _needs_quote(self._book, symbol) else self._worth(instrument, symbol)
        if worth is None:
            return False
        self._resting[symbol] = worth
        self._total += worth
        return True

    async def _ask(self, symbol: str) -> None:
        try:
            instrument = await self._account.fetch_instrument(symbol)
        except Exception as error:  # then the exposure is not known
            log.warning("account %s: no instrument %s: %s", self._account.name, symbol, type(error).__name__)
            return
        if instrument is None:
            return
        asked = [self._rates.ask([worth_currency(instrument)])] if self._currency is not None else []
        quoted = [self._quotes.get(symbol, self._max_age)] if _needs_quote(self._book, symbol) else []
        await asyncio.gather(*asked, *quoted)

    def exposure(self) -> Decimal | None:
        """What all positions are worth at most, working entries filled, each sign counted as positive; by what is at hand.

        Returns:
            None when a part cannot be valued.
        """
        with localcontext(EXACT):
            return self._exposure()

    def _exposure(self) -> Decimal | None:
        self._refresh()
        total, currency = self._total, self._currency
        for symbol, last in self._moving.items():
            instrument = self._account.known_instrument(symbol)
            own = None if instrument is None else worth_currency(instrument)
            currency = currency or own
            rate = _ONE if own == currency else self._rates.known(own)
            worth = None if instrument is None or own is None or rate is None else self._again(instrument, symbol, last)
            if worth is None or rate is None:
                return None
            total += worth * rate
        return total

    def _again(self, instrument: Instrument, symbol: str, last: _Valued | None) -> Decimal | None:
        """Worked out anew only when the book, the quote or the rules have changed: the cost of a decision is that of a look."""
        quoted = _needs_quote(self._book, symbol) if last is None else last.quoted
        quote = self._quotes.known(symbol, self._max_age) if quoted else None
        if last is not None and last.quote is quote and last.instrument is instrument:
            return last.worth
        worth = self._worth(instrument, symbol, quote)
        self._moving[symbol] = None if worth is None else _Valued(instrument, quoted, quote, worth)
        return worth

    def _worth(self, instrument: Instrument, symbol: str, quote: MarketData | None = None) -> Decimal | None:
        """The larger of what it is worth with all buys filled, and with all sells."""
        position = self._book.totals(symbol).position
        sides = [_side_worth(instrument, quote, position, self._book.working(symbol, side), side) for side in Side]
        known = [worth for worth in sides if worth is not None]
        return max(known) if len(known) == len(sides) else None


def worth_currency(instrument: Instrument) -> str | None:
    """The currency in which an instrument is worth something: its quote currency, of an inverse contract its base."""
    own = instrument.base if instrument.kind is Kind.INVERSE else instrument.quote
    return own or instrument.settle_currency


def _needs_quote(book: Book, symbol: str) -> bool:
    """A position, or an order at the market; the others count at their own prices."""
    working = (book.working(symbol, side) for side in Side)
    return bool(book.totals(symbol).position) or any(row.at_market for row in working)


def _side_worth(
    instrument: Instrument, quote: MarketData | None, position: Decimal, working: Working, side: Side
) -> Decimal | None:
    """What the position is worth on one side, all orders of that side filled: zero where they do not lead there.

    What is held counts at the price at which it can be closed, an order at its own price, or at the quote of its side.
    """
    held = position * side.sign
    if held + working.quantity <= 0:
        return ZERO
    ordered = _ordered(instrument, quote, working, side)
    if held < 0 and ordered is not None:  # a part of the orders only closes
        return ordered * (held + working.quantity) / working.quantity
    price = quote.price_for(side.opposite) if held and quote is not None else None
    if ordered is None or (held and price is None):
        return None
    return ordered if price is None else ordered + instrument.notional(held, price)


def _ordered(instrument: Instrument, quote: MarketData | None, working: Working, side: Side) -> Decimal | None:
    own = working.quotient if instrument.kind is Kind.INVERSE else working.product
    worth = own * instrument.contract_size
    if not working.at_market:
        return worth
    price = None if quote is None else quote.price_for(side)
    return None if price is None else worth + instrument.notional(working.at_market, price)
