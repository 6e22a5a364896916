# SPDX-License-Identifier: MIT
"""Everything that the simulated Bybit holds: instruments, prices, accounts, its clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from attrs import Factory, define

from .account import Account
from .answers import Refused, wrong
from .market import Market
from .rules import Instrument, instruments

PRICES = {"BTCUSDT": ("67500.00", "67500.10"), "ETHUSDT": ("3500.00", "3500.01"), "LUNAUSDT": ("0.001", "0.001")}
"""Bid and ask at first."""


@define(kw_only=True, eq=False)
class Book:
    """The exchange's state.

    Args:
        now: its clock, epoch milliseconds.
        accounts: by API key.
        lag: milliseconds until a new order can be seen and changed.
        enforced: requests beyond the documented rates are refused.
        bound: cancelling one exit of a pair cancels the other too.
    """

    now: Callable[[], int]
    accounts: dict[str, Account]
    instruments: dict[str, Instrument] = Factory(instruments)
    markets: dict[str, Market] = Factory(dict)
    lag: int = 0
    enforced: bool = False
    bound: bool = True
    seq: int = 4_688_002_000

    def next_seq(self) -> int:
        """The number of the next change."""
        self.seq += 1
        return self.seq

    def tradable(self, symbol: str) -> Instrument:
        """An instrument that takes orders.

        Raises:
            Refused: 10001 for a symbol that is not there, 110074 for one that is closed.
        """
        instrument = self.known(symbol)
        if instrument.status != "Trading":
            raise Refused(110074)
        return instrument

    def known(self, symbol: str) -> Instrument:
        """An instrument, closed or not."""
        if symbol not in self.instruments:
            raise wrong("Not supported symbols" if symbol else "params error: symbol invalid")
        return self.instruments[symbol]


def book_of(keys: Iterable[str], now: Callable[[], int]) -> Book:
    """A fresh exchange with an account for each key."""
    book = Book(now=now, accounts={key: Account(key=key, number=number) for number, key in enumerate(keys, 1)})
    for symbol, instrument in book.instruments.items():
        bid, ask = map(Decimal, PRICES[symbol])
        book.markets[symbol] = Market(instrument=instrument, bid=bid, ask=ask, last=ask)
    return book
