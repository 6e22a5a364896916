# SPDX-License-Identifier: MIT
"""Quotes and equity with an age: what is too old is asked for again, once for all who wait."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Generic, TypeVar

from fks_exec.account import Account
from fks_exec.clock import Clock
from fks_exec.model.account import Balance
from fks_exec.model.market import MarketData

log: logging.Logger = logging.getLogger(__name__)
T = TypeVar("T")

SKEW = 5.0
"""Seconds that a venue's clock may be behind ours: a quote may be so much older by its own time than it may be by ours."""

LASTING = 0.8
"""Of the age that is allowed. What is older is asked for again: else it is too old by the time that all else is at hand."""


class Fresh(Generic[T]):
    """One value and when it was asked for.

    Args:
        fetch: asks the venue.
        clock: for the age.
        stamp: the venue's own time of a value, epoch milliseconds, where it tells one.
    """

    def __init__(
        self, fetch: Callable[[], Awaitable[T]], clock: Clock, stamp: Callable[[T], int | None] = lambda value: None
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._stamp = stamp
        self._value: T | None = None
        self._at = float("-inf")
        self._least = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    async def get(self, max_age: float) -> T | None:
        """The value, at most so many seconds old; None when the venue does not tell. What will soon be older is asked for."""
        if self.age() <= max_age * LASTING:
            return self._value
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        await asyncio.shield(self._asking)
        return self._value if self.age() <= max_age else None

    def known(self, max_age: float) -> T | None:
        """The value without asking; None when it is too old."""
        return self._value if self.age() <= max_age else None

    def age(self) -> float:
        """Seconds since the value was asked for; by the venue's own time of it, less SKEW, if that is more."""
        if self._at < self._least:
            return float("inf")
        asked = self._clock.monotonic() - self._at
        told = None if self._value is None else self._stamp(self._value)
        return asked if told is None else max(asked, (self._clock.now() - told) / 1000 - SKEW)

    def forget(self) -> None:
        """What was asked for until now is too old for whatever comes."""
        self._least = self._clock.monotonic()

    async def _ask(self) -> None:
        asked = self._clock.monotonic()
        try:
            self._value, self._at = await self._fetch(), asked
        except Exception as error:  # no value is an answer: entries are denied for it
            log.warning("no fresh value: %s", type(error).__name__)
            log.debug("no fresh value", exc_info=True)
        finally:
            self._asking = None


class Quotes:
    """The quotes of one account, as its venue gives them: a side that is missing stays missing.

    Args:
        account: whom to ask.
        seconds: to wait for one answer.
    """

    def __init__(self, account: Account, seconds: float) -> None:
        self._account = account
        self._seconds = seconds
        self._fresh: dict[str, Fresh[MarketData]] = {}

    async def get(self, symbol: str, max_age: float) -> MarketData | None:
        """A quote at most so many seconds old; None when there is none."""
        fresh = self._fresh.get(symbol)
        if fresh is None:
            fresh = self._fresh[symbol] = Fresh(lambda: self._ask(symbol), self._account.clock, _timestamp)
        return await fresh.get(max_age)

    def known(self, symbol: str, max_age: float) -> MarketData | None:
        """A quote that is at hand, at most so many seconds old."""
        fresh = self._fresh.get(symbol)
        return None if fresh is None else fresh.known(max_age)

    async def _ask(self, symbol: str) -> MarketData:
        return await self._account.fetch_data(symbol, seconds=self._seconds)


def _timestamp(quote: MarketData) -> int | None:
    return quote.timestamp


class Equity:
    """What an account is worth, and what of it is free, in its currency.

    Args:
        account: whom to ask.
        currency: of the answer.
        capital: a fixed figure instead of the venue's equity.
    """

    def __init__(self, account: Account, currency: str | None, capital: Decimal | None) -> None:
        self._account = account
        self._currency = currency
        self._capital = capital
        self._fresh: Fresh[Balance | None] = Fresh(self._ask, account.clock)

    async def get(self, max_age: float) -> Decimal | None:
        """Equity at most so many seconds old; None when the venue does not tell or the currency is not given."""
        return self._capital if self._capital is not None else _worth(await self.balance(max_age))

    def known(self, max_age: float) -> Decimal | None:
        """Equity that is at hand, at most so many seconds old."""
        return self._capital if self._capital is not None else _worth(self._fresh.known(max_age))

    def forget(self) -> None:
        """Something of ours was filled: what the account was worth before says little of now."""
        self._fresh.forget()

    def free(self, max_age: float) -> Decimal | None:
        """What is not bound by orders and positions, where that is at hand and at most so many seconds old."""
        balance = self._fresh.known(max_age)
        return None if balance is None else balance.free

    async def balance(self, max_age: float) -> Balance | None:
        """What the venue says of the account's currency, at most so many seconds old."""
        if self._currency is None or "fetch_balance" not in self._account.capabilities.abilities:
            return None
        return await self._fresh.get(max_age)

    async def _ask(self) -> Balance | None:
        balances = await self._account.fetch_balance()
        return next((balance for balance in balances if balance.currency == self._currency), None)


def _worth(balance: Balance | None) -> Decimal | None:
    if balance is None:
        return None
    return balance.total if balance.equity is None else balance.equity
