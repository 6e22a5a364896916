# SPDX-License-Identifier: MIT
"""Market data: quotes, the rules of instruments, the spellings of symbols."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import attrs
import pytest

from ...errors import FksExecError, UnknownSymbol
from ...model.market import Instrument, MarketData
from .base import Suite, floor
from .desk import Desk, not_tried

PRICES = ("bid", "ask", "last", "volume")
RULES = ("quantity_step", "price_tick", "min_quantity", "max_quantity", "min_notional", "contract_size")
DIGITS = 17
"""A float needs no more to be written; a Decimal that equals one and has more came through it."""

EARLIEST, LATEST = 10**11, 10**14
"""What lies between is a time in milliseconds: seconds are less, micro- and nanoseconds are more."""

AHEAD = 300_000
"""Milliseconds by which a venue's clock may be ahead of ours."""

BEHIND = 2 * 3_600_000
"""Milliseconds to which the quote of an instrument that trades may be old; the zones of New York and Chicago are more."""

ODD = ("", " ", "/", ":", "a" * 300, "BTC USDT", "BTC/USDT/BTC", "\0", "☃/USDT", "' OR 1=1 --", "../etc", "NaN", "0")


class Quotes(Suite):
    """A quote is what the market asks and bids now, in exact numbers, of the instrument that was asked for."""

    @floor
    async def test_a_quote_tells_a_price(self, desk: Desk) -> None:
        quote = await desk.account.fetch_data(desk.symbol)
        prices = [price for price in (quote.bid, quote.ask, quote.last) if price is not None]
        assert prices, f"fetch_data({desk.symbol!r}) tells neither bid nor ask nor last"
        assert min(prices) > 0, f"{_told(quote)}: a price is greater than zero; None stands for one that is not known"

    @floor
    async def test_the_bid_is_not_above_the_ask(self, desk: Desk) -> None:
        quote = await desk.account.fetch_data(desk.symbol)
        if quote.bid is not None and quote.ask is not None:
            assert quote.bid <= quote.ask, f"{_told(quote)}: one buys at the ask and sells at the bid; are they swapped?"

    @floor
    async def test_a_quote_is_of_the_symbol_that_was_asked_for(self, desk: Desk) -> None:
        for symbol in (desk.symbol, desk.trial.other_symbol or desk.symbol):
            quote = await desk.account.fetch_data(symbol)
            assert quote.symbol == symbol, f"fetch_data({symbol!r}) answers with the symbol {quote.symbol!r}; it is canonical"

    async def test_quotes_of_two_symbols_do_not_mix(self, desk: Desk) -> None:
        """Asked for at the same time."""
        other = desk.trial.other_symbol or not_tried("a second symbol (the trial has none)")
        symbols = [desk.symbol, other] * 5
        quotes = await asyncio.gather(*(desk.account.fetch_data(symbol) for symbol in symbols))
        told = [quote.symbol for quote in quotes]
        assert told == symbols, f"asked for {symbols} at the same time, the quotes that came were of {told}"

    @floor
    async def test_a_quotes_numbers_are_exact(self, desk: Desk) -> None:
        """Decimals, made of the venue's text: one that was a float in between is not the venue's number any more."""
        quote = await desk.account.fetch_data(desk.symbol)
        _check_exact(quote, PRICES, "fetch_data")

    @floor
    async def test_a_quotes_time_is_in_milliseconds(self, desk: Desk) -> None:
        """Since 1970, UTC, as the venue tells it; None where it tells none."""
        time = (await desk.account.fetch_data(desk.symbol)).timestamp
        if time is None:
            return
        assert type(time) is int, f"the time of a quote is a {type(time).__name__}, not an int"
        text = f"the time of a quote is {time}, no time in epoch milliseconds; seconds count times 1000"
        assert EARLIEST < time < LATEST, text
        ahead = time - desk.account.clock.now()
        assert ahead < AHEAD, f"the time of a quote lies {ahead / 1000:.0f} s ahead of now; is it in a zone of its own?"
        text = f"the time of a quote lies {-ahead / 1000:.0f} s behind; is it in a zone of its own, or the market shut?"
        assert -ahead < BEHIND, text

    @floor
    async def test_a_quote_of_an_unknown_symbol_is_refused_with_a_sentence(self, desk: Desk) -> None:
        """``Trial.no_symbol`` names no instrument."""
        await _check_unknown(desk, "fetch_data")

    async def test_a_quote_follows_the_market(self, desk: Desk) -> None:
        """Both sides, each where it belongs, to the last digit."""
        market = desk.tries("set_price")
        bid = await desk.away(desk.order("buy").side, 2)
        ask = await desk.away(desk.order("buy").side, 1)
        await market.set_price(desk.symbol, bid, ask)

        async def both() -> tuple[Decimal | None, Decimal | None]:
            quote = await desk.account.fetch_data(desk.symbol)
            return quote.bid, quote.ask

        await desk.until(both, lambda told: told == (bid, ask), f"a quote with bid {bid} and ask {ask}, as the market moved")

    async def test_a_quote_lies_on_the_tick(self, desk: Desk) -> None:
        desk.needs("fetch_instrument")
        quote = await desk.account.fetch_data(desk.symbol)
        off = [price for price in (quote.bid, quote.ask) if price is not None and not desk.instrument.price_on_tick(price)]
        assert not off, f"{_told(quote)} is off the price_tick {desk.instrument.price_tick} of the instrument's own rules"

    async def test_the_rules_of_an_instrument_are_its_own(self, desk: Desk) -> None:
        desk.needs("fetch_instrument")
        for symbol in (desk.symbol, desk.trial.other_symbol or desk.symbol):
            rules = await desk.account.fetch_instrument(symbol)
            told = rules.symbol if rules else None
            assert told == symbol, f"fetch_instrument({symbol!r}) answers the rules of {told!r}"

    async def test_the_rules_of_an_instrument_are_exact_and_can_be_met(self, desk: Desk) -> None:
        desk.needs("fetch_instrument")
        rules: Instrument = desk.instrument
        _check_exact(rules, RULES, "fetch_instrument")
        least, most = rules.min_quantity, rules.max_quantity
        if least is not None and most is not None:
            assert least <= most, f"the min_quantity {least} of {rules.symbol} is above its max_quantity {most}"
        quantity = desk.quantity
        assert rules.quantity_down(quantity) == quantity, f"the quantity {quantity} on trial is not on the grid of {rules}"

    async def test_the_rules_of_an_unknown_symbol_are_refused_with_a_sentence(self, desk: Desk) -> None:
        desk.needs("fetch_instrument")
        await _check_unknown(desk, "fetch_instrument")

    async def test_a_canonical_symbol_resolves_to_itself(self, desk: Desk) -> None:
        """And what any spelling resolves to is canonical."""
        desk.needs("resolve_symbol")
        for symbol in (desk.symbol, desk.trial.other_symbol or desk.symbol):
            once = desk.account.resolve_symbol(symbol)
            assert once == symbol, f"resolve_symbol({symbol!r}) is {once!r}; a canonical symbol resolves to itself"

    async def test_a_text_that_names_nothing_resolves_to_nothing(self, desk: Desk) -> None:
        """Whatever it is made of: alerts are written by strangers."""
        desk.needs("resolve_symbol")
        for text in (desk.trial.no_symbol, *ODD):
            try:
                symbol = desk.account.resolve_symbol(text)
            except UnknownSymbol:
                continue
            except Exception as error:
                remedy = "answer None for a text that names no instrument, or raise UnknownSymbol"
                pytest.fail(f"resolve_symbol({text!a:.40}) failed: {error}; {remedy}", pytrace=False)
            assert text != desk.trial.no_symbol, f"resolve_symbol({text!r}) is {symbol!r}, and no instrument is meant by it"
            again = desk.account.resolve_symbol(symbol)
            assert again == symbol, f"resolve_symbol({text!a}) is {symbol!r}, which resolves to {again!r}"


async def _check_unknown(desk: Desk, hook: str) -> None:
    """What names no instrument is refused by a question, with a sentence."""
    symbol = desk.trial.no_symbol
    remedy = "raise UnknownSymbol or VenueRejected"
    try:
        answer = await getattr(desk.account, hook)(symbol)
    except FksExecError as error:
        if len(str(error).split()) < 3:
            pytest.fail(f"{hook}({symbol!r}) is refused with {str(error)!r}, which is no sentence", pytrace=False)
    except Exception as error:
        pytest.fail(f"{hook}({symbol!r}) raised {type(error).__name__}: {error}; {remedy}", pytrace=False)
    else:
        pytest.fail(f"{hook}({symbol!r}), which names no instrument, was answered: {answer}; {remedy}", pytrace=False)


def _check_exact(record: MarketData | Instrument, names: tuple[str, ...], hook: str) -> None:
    for name, value in attrs.asdict(record, recurse=False).items():
        if name not in names or value is None:
            continue
        assert isinstance(value, Decimal), f"{hook}: {name} is a {type(value).__name__}, not a Decimal"
        digits = len(value.as_tuple().digits)
        float_before = digits > DIGITS and Decimal(float(value)) == value
        assert not float_before, f"{hook}: {name} is {value}, which was a float before; make the Decimal of the venue's text"


def _told(quote: MarketData) -> str:
    return f"the quote of {quote.symbol} (bid {quote.bid}, ask {quote.ask}, last {quote.last})"
