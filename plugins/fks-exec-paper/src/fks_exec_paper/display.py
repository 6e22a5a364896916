# SPDX-License-Identifier: MIT
"""What the market shows: bid and ask of each instrument, and how much of them is left to be taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from attrs import evolve, field, frozen

from fks_exec import InvalidOrder, MarketData, Side
from fks_exec.model.numbers import plain, to_decimal

from .records import ZERO


@frozen(kw_only=True)
class Shown:
    """A quote as it was set, and what was taken of it since. It is also what stands in the state files.

    Args:
        quote: as it was set, or as it is configured.
        number: which of the quotes that were set; 0 for a configured one.
        bid_taken, ask_taken: base units or contracts.
    """

    quote: MarketData
    number: int = 0
    bid_taken: Decimal = field(default=ZERO, converter=to_decimal)
    ask_taken: Decimal = field(default=ZERO, converter=to_decimal)

    @property
    def left(self) -> MarketData:
        """The quote with the sizes that are left."""
        if not self.bid_taken and not self.ask_taken:
            return self.quote
        sizes = _less(self.quote.bid_size, self.bid_taken), _less(self.quote.ask_size, self.ask_taken)
        return evolve(self.quote, bid_size=sizes[0], ask_size=sizes[1])


class Display:
    """The quotes of one account's instruments.

    Args:
        quotes: the configured ones.
        steps: by symbol, what quantities are multiples of.

    Attributes:
        quotes: as they are now, by symbol: sizes less what was taken.
    """

    def __init__(self, quotes: Iterable[MarketData], steps: Mapping[str, Decimal | None]) -> None:
        self._shown: dict[str, Shown] = {quote.symbol: Shown(quote=quote) for quote in quotes}
        self._steps = steps
        self._number = 0
        self._taken: set[str] = set()
        self.quotes: dict[str, MarketData] = {symbol: shown.left for symbol, shown in self._shown.items()}

    def set(self, quote: MarketData) -> Shown:
        """Show another quote."""
        self._number += 1
        shown = Shown(quote=quote, number=self._number)
        self._show(shown)
        return shown

    def restore(self, quotes: Iterable[Shown], taken: Mapping[str, Shown]) -> None:
        """Go on with what a former run left.

        Args:
            quotes: those that were set last; of instruments that are not listed any more they are left out.
            taken: what was taken, by symbol; of another quote than the one that is shown it counts no more.
        """
        for each in quotes:
            self._number = max(self._number, each.number)
            if each.quote.symbol in self._shown:
                self._show(each)
        for symbol, each in taken.items():
            now = self._shown.get(symbol)
            if now is not None and (now.number, now.quote) == (each.number, each.quote):
                self._show(each)

    def _show(self, shown: Shown) -> None:
        self._shown[shown.quote.symbol] = shown
        self.quotes[shown.quote.symbol] = shown.left

    def available(self, symbol: str, side: Side, wanted: Decimal) -> Decimal:
        """How much of a quantity an order of that side can have: all of it, or the whole steps that are shown."""
        size = self.quotes[symbol].size_for(side)
        return wanted if size is None or wanted <= size else self._whole(symbol, size)

    def empty(self, symbol: str, side: Side) -> bool:
        """Whether less than a step is left for orders of that side."""
        size = self.quotes[symbol].size_for(side)
        return size is not None and not self._whole(symbol, size)

    def _whole(self, symbol: str, size: Decimal) -> Decimal:
        step = self._steps[symbol]
        return max(ZERO, size - size % step if step else size)

    def take(self, symbol: str, side: Side, quantity: Decimal) -> None:
        """So much is gone until another quote is set."""
        shown = self._shown[symbol]
        if shown.quote.size_for(side) is None:
            return
        if side is Side.BUY:
            shown = evolve(shown, ask_taken=shown.ask_taken + quantity)
        else:
            shown = evolve(shown, bid_taken=shown.bid_taken + quantity)
        self._show(shown)
        self._taken.add(symbol)

    def changes(self) -> tuple[Shown, ...]:
        """The quotes of which something was taken since this was last asked."""
        changed = tuple(self._shown[symbol] for symbol in sorted(self._taken))
        self._taken.clear()
        return changed


def _less(size: Decimal | None, taken: Decimal) -> Decimal | None:
    return None if size is None else max(ZERO, size - taken)


def checked(quote: MarketData) -> MarketData:
    """A quote that somebody sets.

    Raises:
        InvalidOrder: a price that is no price, a size below zero, or a bid above the ask.
    """
    for name in ("bid", "ask", "last"):
        value = getattr(quote, name)
        if value is not None and value <= 0:
            raise InvalidOrder(name, f"{plain(value)} is not greater than zero; None says that there is no price")
    for name in ("bid_size", "ask_size"):
        value = getattr(quote, name)
        if value is not None and value < 0:
            raise InvalidOrder(name, f"{plain(value)} is less than zero; None says that there is as much as one likes")
    if quote.bid is not None and quote.ask is not None and quote.bid > quote.ask:
        raise InvalidOrder("bid", f"{plain(quote.bid)} is above the ask of {plain(quote.ask)}; swap them")
    return quote
