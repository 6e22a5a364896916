# SPDX-License-Identifier: MIT
"""One simulated account while it is open: its engine behind a lock, its state, and where its prices come from."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from attrs import evolve, frozen

from fks_exec import (
    Check,
    ConfigError,
    MarketData,
    NotSent,
    Submission,
    UnknownSymbol,
    VenueContext,
    VenueError,
    VenueRejected,
)

from .config import PaperConfig
from .engine import Engine
from .keeping import Keeper, wait
from .others import PATIENCE, OtherQuotes
from .symbols import SymbolTable


@frozen
class Work:
    """What is worked with while the lock is held."""

    engine: Engine
    keeper: Keeper
    now: int


class PaperAccount:
    """An account that is open, or is being opened.

    Args:
        config: of the account.
        context: its folder, clock and updates.
    """

    def __init__(self, config: PaperConfig, context: VenueContext) -> None:
        config.check_account(context.account)
        self.config = config
        self.symbols: SymbolTable = SymbolTable(config.instruments)
        self._clock = context.clock
        self._lock = threading.RLock()
        self._keeper = Keeper(config, context)
        self._engine: Engine | None = None
        self._closed = False
        self._others: OtherQuotes | None = None
        if config.quotes is not None:
            self._others = OtherQuotes(config.quotes, context.quote, self._show, context.clock.now)

    async def open(self) -> None:
        """Read the state of a former run, if there is one, and go on with it.

        Raises:
            VenueError: the state is damaged, is of another account, or does not fit the configuration.
        """
        engine = await asyncio.to_thread(self._keeper.open)
        with self._lock:
            self._engine = engine
            engine.follow_all(self._clock.now())
            written = self._keeper.keep(engine)
        await wait(written)
        if self._others is not None:
            self._others.watch(self._in_play, self.config.quotes_every)

    async def close(self) -> None:
        """Write what is left and let the folder go."""
        self._closed = True
        if self._others is not None:
            await self._others.close()
        await asyncio.to_thread(self._keeper.close, self._lock)

    @contextmanager
    def reading(self) -> Iterator[Work]:
        """Look, and change nothing.

        Raises:
            NotSent: it is not open.
        """
        with self._lock:
            if self._engine is None or self._closed:
                raise not_open()
            yield Work(self._engine, self._keeper, self._clock.now())

    @contextmanager
    def serving(self) -> Iterator[Work]:
        """Change something.

        Raises:
            NotSent: it is not open, or the state cannot be written any more.
        """
        self._keeper.check()
        with self.reading() as work:
            yield work

    def listed(self, symbol: str) -> str:
        """The symbol of an instrument.

        Raises:
            UnknownSymbol: it names none.
        """
        known = tuple(item.symbol for item in self.config.instruments)
        if symbol not in known:
            raise UnknownSymbol(symbol, candidates=known, reason="it is not listed here")
        return symbol

    def set_quote(self, quote: MarketData) -> None:
        """See :meth:`PaperVenue.set_quote`."""
        if self.config.quotes is not None:
            problem = f"the prices come from account {self.config.quotes!a}; leave quotes out to set them by hand"
            raise ConfigError("quotes", problem)
        with self.serving() as work:
            listed = self.listed(self.symbols.resolve(quote.symbol) or quote.symbol)
            timestamp = work.now if quote.timestamp is None else quote.timestamp
            shown = work.engine.set_quote(evolve(quote, symbol=listed, timestamp=timestamp), work.now)
            work.keeper.keep_quote(shown)
            work.keeper.keep(work.engine)

    async def ask(self, symbol: str, submission: Submission) -> None:
        """Before an order: have a fresh quote, where another account gives them.

        Raises:
            VenueRejected: NO_QUOTE, there is none; nothing has changed.
        """
        with self.serving() as work:
            listed = symbol in work.engine.instruments
        if self._others is None or not listed:
            return
        cause = await self._others.fresh(symbol, min(PATIENCE, submission.remaining() / 2))
        if cause:
            raise VenueRejected(f"{cause}; see that it answers, then send the order again", code="NO_QUOTE", retryable=True)

    async def look(self, symbol: str) -> MarketData:
        """The quote, a fresh one where another account gives them.

        Raises:
            VenueError: NO_QUOTE, that account does not answer.
            UnknownSymbol: no such instrument is listed.
        """
        with self.reading():
            listed = self.listed(symbol)
        causes = await self._fresh([listed])
        if causes:
            raise VenueError(f"{causes[0]}; see that it answers", code="NO_QUOTE")
        with self.reading() as work:
            quote = work.engine.quotes[listed]
            if quote.timestamp is not None and (self.config.quotes_age or self._others is not None):
                return quote
            return evolve(quote, timestamp=work.now)

    async def value(self) -> None:
        """Before positions and balances: have a quote of all that is held, where another account gives them."""
        if self._others is not None:
            with self.reading() as work:
                missing = work.engine.without_price()
            await self._fresh(missing)

    def check_valued(self, engine: Engine) -> None:
        """A host would take the cash alone for the equity, and what is held for lost.

        Raises:
            VenueError: NO_QUOTE, the account that gives the quotes gives none of something that is held.
        """
        missing = engine.without_price() if self._others is not None else ()
        if missing:
            text = f"account {self.config.quotes!a} gives no quote of {', '.join(missing)}, so that the equity is not known"
            raise VenueError(f"{text}; see that it answers", code="NO_QUOTE")

    async def check_quotes(self) -> Check:
        """Whether every instrument has a quote."""
        with self.reading() as work:
            listed = tuple(work.engine.instruments)
        causes = await self._fresh(listed)
        with self.reading() as work:
            missing = [quote.symbol for quote in work.engine.quotes.values() if quote.bid is None or quote.ask is None]
        if not missing:
            return Check(name="quotes", ok=True, message="every instrument has a bid and an ask")
        if self._others is None:
            remedy = "set bid and ask in the configuration, or call set_quote"
        else:
            remedy = f"look at the health of account {self._others.account!a}, or leave quotes out and set bid and ask"
        text = "; ".join(causes) or f"no bid or no ask of {', '.join(missing)}"
        return Check(name="quotes", ok=False, message=text, remedy=remedy)

    async def check_state(self) -> Check:
        """Whether the state can be written; it is tried."""
        return await asyncio.to_thread(self._keeper.writable)

    async def _fresh(self, symbols: Iterable[str]) -> list[str]:
        """Ask for these; why there are none of some."""
        if self._others is None:
            return []
        return [cause for cause in await asyncio.gather(*(self._others.fresh(symbol) for symbol in symbols)) if cause]

    def _show(self, quote: MarketData) -> None:
        with self.serving() as work:
            work.engine.set_quote(quote, work.now)
            work.keeper.keep(work.engine)

    def _in_play(self) -> tuple[str, ...]:
        with self.reading() as work:
            return work.engine.in_play()


def not_open() -> NotSent:
    """What is raised before the opening and after the closing."""
    return NotSent("the simulated venue is not open; open the account first", code="NOT_OPEN")
