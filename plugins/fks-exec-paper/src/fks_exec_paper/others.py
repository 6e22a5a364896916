# SPDX-License-Identifier: MIT
"""Prices that another account gives: asked for when they are needed, once for all who wait, and every now and then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any

from attrs import evolve

from fks_exec import FksExecError, MarketData
from fks_exec.model.numbers import plain

log: logging.Logger = logging.getLogger(__name__)

PATIENCE = 3.0
"""Seconds that the other account has for one answer."""


class OtherQuotes:
    """Asks another account for quotes and hands each new one on.

    One that does not come is handed on as a quote without prices: what one knew before is no price any more.

    Args:
        account: the other account's name.
        ask: awaitable ``ask(account, symbol)``.
        take: shows a quote to whatever waits for one.
        now: epoch milliseconds; the time of a quote that tells none.
    """

    def __init__(
        self,
        account: str,
        ask: Callable[[str, str], Awaitable[MarketData]],
        take: Callable[[MarketData], None],
        now: Callable[[], int],
    ) -> None:
        self.account: str = account
        self._ask = ask
        self._take = take
        self._now = now
        self._looks: dict[str, MarketData] = {}
        self._asking: dict[str, asyncio.Task[str]] = {}
        self._watching: asyncio.Task[None] | None = None

    async def fresh(self, symbol: str, seconds: float = PATIENCE) -> str:
        """Ask now, or wait for an answer that is on its way; why there is no quote, empty when there is one.

        Args:
            seconds: to wait at most.
        """
        asking = self._asking.get(symbol)
        if asking is None:
            asking = self._asking[symbol] = asyncio.create_task(self._look(symbol))
            asking.add_done_callback(lambda _: self._asking.pop(symbol, None))
        await asyncio.wait({asking}, timeout=seconds)
        if asking.done() and not asking.cancelled():
            return asking.result()
        return self._refused(symbol, f"it did not answer within {min(seconds, PATIENCE):.3g} s")

    async def _look(self, symbol: str) -> str:
        try:
            async with asyncio.timeout(PATIENCE):
                quote = await self._ask(self.account, symbol)
        except TimeoutError:
            cause = f"it did not answer within {PATIENCE:g} s"
        except FksExecError as error:
            cause = str(error)
        except Exception as error:  # its text is left out: an SDK may put a key into it
            log.debug("account %s: no quote of %s", self.account, symbol, exc_info=True)
            cause = f"it raised {type(error).__name__}"
        else:
            cause = _fault(quote) or self._show(symbol, quote)
        return self._lose(symbol, cause) if cause else ""

    def _show(self, symbol: str, quote: MarketData) -> str:
        last = self._looks.get(symbol)
        if quote is last or (quote == last and quote.timestamp is not None):
            return ""  # the same look once more: what was taken of it does not come back
        self._looks[symbol] = quote
        timestamp = self._now() if quote.timestamp is None else quote.timestamp
        try:
            self._take(evolve(quote, symbol=symbol, timestamp=timestamp))
        except (FksExecError, OSError) as error:
            return f"it could not be used: {error}"
        except Exception as error:  # a fault of ours must not end the watch over what rests
            log.exception("account %s: a quote of %s could not be used", self.account, symbol)
            return f"it could not be used: {type(error).__name__}"
        return ""

    def _lose(self, symbol: str, cause: str) -> str:
        if self._looks.pop(symbol, None) is not None:
            with suppress(FksExecError):
                self._take(MarketData(symbol=symbol))
        return self._refused(symbol, cause)

    def _refused(self, symbol: str, cause: str) -> str:
        return f"account {self.account!a} gives no quote of {symbol}: {cause.rstrip('.')}"

    def watch(self, symbols: Callable[[], Iterable[str]], every: float) -> None:
        """Ask for these again and again until the account is closed.

        Args:
            every: seconds between two rounds.
        """
        self._watching = asyncio.create_task(self._watch(symbols, every))

    async def _watch(self, symbols: Callable[[], Iterable[str]], every: float) -> None:
        silent: set[str] = set()
        while True:
            asked = list(symbols())
            causes = await asyncio.gather(*(self.fresh(symbol) for symbol in asked))
            for symbol, cause in zip(asked, causes, strict=True):
                if cause and symbol not in silent:
                    log.warning("%s; what rests of it waits", cause)
            silent = {symbol for symbol, cause in zip(asked, causes, strict=True) if cause}
            await asyncio.sleep(every)

    async def close(self) -> None:
        """Ask no more."""
        tasks: list[asyncio.Task[Any]] = [*self._asking.values(), *([self._watching] if self._watching else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _fault(quote: object) -> str:
    """Why an answer is no quote; empty when it is one."""
    if not isinstance(quote, MarketData):
        return f"it answered a {type(quote).__name__}"
    if quote.bid is not None and quote.ask is not None and quote.bid > quote.ask:
        return f"its bid of {plain(quote.bid)} is above its ask of {plain(quote.ask)}"
    return ""
