# SPDX-License-Identifier: MIT
"""The order book of one account: every order by each of its names, and what rests, sorted by the price that it waits for.

To add, to remove and to find what a quote reaches costs the logarithm of what rests.
"""

from __future__ import annotations

import json
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

from attrs import frozen

from fks_exec import MarketData, OrderRef, Side
from fks_exec.convert import from_json

from .records import ZERO, PaperLeg, PaperOrder


class Wait(Enum):
    """What something waits for; of one quote the first of these comes first, so that what hurts does."""

    MARKET = 1
    """A quote that shows anything: its stop was reached, and it is not done."""

    STOP = 2
    """The market to move against its side."""

    LIMIT = 3
    """The market to come to it."""


@frozen
class Item:
    """What rests: an order, or a leg of one."""

    entry: PaperOrder
    leg: PaperLeg | None = None

    @property
    def side(self) -> Side:
        """Of the execution that it waits for."""
        return self.entry.leg_side if self.leg else self.entry.order.side

    @property
    def wait(self) -> Wait:
        """What it waits for."""
        if self.entry.at_market if self.leg is None else self.leg.triggered:
            return Wait.MARKET
        stop = self.entry.waiting_for_stop if self.leg is None else self.leg.role == "stop_loss"
        return Wait.STOP if stop else Wait.LIMIT

    @property
    def price(self) -> Decimal:
        """What it waits for, quote currency; zero where any price will do."""
        if self.wait is Wait.MARKET:
            return ZERO
        if self.leg:
            return self.leg.trigger_price
        order = self.entry.order
        price = order.stop_price if self.entry.waiting_for_stop else order.price
        assert price is not None  # noqa: S101  (a market order never rests)
        return price

    @property
    def goes_with_position(self) -> bool:
        """It may not open or enlarge a position, and is cancelled when there is none to close."""
        stays = self.entry.stays and self.wait is not Wait.MARKET  # what was reached must not lie in wait for the next one
        return not stays and (self.leg is not None or self.entry.order.reduce_only)

    @property
    def key(self) -> str:
        """The id at the venue."""
        return self.leg.order_id if self.leg else self.entry.order_id


Waiting = tuple[Decimal, int, str]


class Resting:
    """What rests of one instrument, by side and what it waits for, each sorted by price, then age."""

    def __init__(self) -> None:
        self._ladders: dict[tuple[Wait, Side], list[Waiting]] = {(wait, side): [] for wait in Wait for side in Side}
        self._items: dict[str, Item] = {}
        self._reducers: dict[str, Item] = {}

    def add(self, item: Item) -> None:
        """Let it wait."""
        insort(self._ladders[item.wait, item.side], _waiting(item))
        self._items[item.key] = item
        if item.goes_with_position:
            self._reducers[item.key] = item

    def remove(self, item: Item) -> None:
        """It waits no more; it must be as it was when it was added."""
        if self._items.pop(item.key, None) is not None:
            ladder, place = self._ladders[item.wait, item.side], _waiting(item)
            del ladder[bisect_left(ladder, place)]
            self._reducers.pop(item.key, None)

    def reached(self, quote: MarketData, empty: Callable[[Side], bool]) -> Item | None:
        """The next that the quote has reached.

        Args:
            empty: whether nothing is left for orders of a side; stops are reached all the same.
        """
        return next(self._reached(quote, empty), None)

    def _reached(self, quote: MarketData, empty: Callable[[Side], bool]) -> Iterator[Item]:
        for (wait, side), ladder in self._ladders.items():
            now = quote.price_for(side) if ladder else None
            if now is None or (wait is not Wait.STOP and empty(side)):
                continue
            rising = _rising(wait, side)
            price, _, key = ladder[0] if rising else ladder[-1]
            if wait is Wait.MARKET or price == now or (price < now) is rising:
                yield self._items[key]

    def reducers(self) -> tuple[Item, ...]:
        """Legs and reduce-only orders that go with the position."""
        return tuple(self._reducers.values())

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(tuple(self._items.values()))


def _rising(wait: Wait, side: Side) -> bool:
    """Whether the lowest price is reached first: the market rises to it."""
    return wait is Wait.MARKET or (side is Side.BUY) is (wait is Wait.STOP)


def _waiting(item: Item) -> Waiting:
    """Sorted so that of equal prices the older is reached first, from whichever end the ladder is read."""
    number = item.entry.number
    return item.price, number if _rising(item.wait, item.side) else -number, item.key


class OrderBook:
    """All orders of an account, for ever: an id is never free again."""

    def __init__(self, symbols: Iterable[str]) -> None:
        self.resting: dict[str, Resting] = {symbol: Resting() for symbol in symbols}
        self._orders: dict[str, PaperOrder | str] = {}
        self._by_id: dict[str, str] = {}
        self._by_caller: dict[str, str] = {}
        self._legs: dict[str, str] = {}

    def add(self, entry: PaperOrder) -> None:
        """Take a new order in, or one of a former run; what is active of it rests."""
        self._orders[entry.order_id] = entry
        self._by_id[entry.venue_client_order_id] = entry.order_id
        if entry.order.client_order_id is not None:
            self._by_caller[entry.order.client_order_id] = entry.order_id
        for leg in entry.legs:
            self._legs[leg.order_id] = entry.order_id

    def archive(self, raw: Mapping[str, Any]) -> None:
        """Remember a finished order of a former run, as the text that it is in the state file."""
        order_id = raw["order_id"]
        self._orders[order_id] = json.dumps(raw, separators=(",", ":"))
        self._by_id[raw["venue_client_order_id"]] = order_id
        if "client_order_id" in raw["order"]:
            self._by_caller[raw["order"]["client_order_id"]] = order_id
        for leg in raw.get("legs", ()):
            self._legs[leg["order_id"]] = order_id

    def rest(self, item: Item) -> None:
        """Let an order or a leg wait for its price."""
        self.resting[item.entry.order.symbol].add(item)

    def remove(self, item: Item) -> None:
        """It waits no more."""
        self.resting[item.entry.order.symbol].remove(item)

    def knows(self, venue_client_order_id: str) -> bool:
        """Whether the id was used before."""
        return venue_client_order_id in self._by_id

    def find(self, ref: OrderRef) -> Item | None:
        """An order, or a leg, by any of its names."""
        owner = self._legs.get(ref.order_id or "")
        if owner is not None:
            entry = self._order(owner)
            return Item(entry, next(leg for leg in entry.legs if leg.order_id == ref.order_id))
        names = (
            ref.order_id,
            self._by_id.get(ref.venue_client_order_id or ""),
            self._by_caller.get(ref.client_order_id or ""),
        )
        found = next((name for name in names if name in self._orders), None)
        return None if found is None else Item(self._order(found))

    def _order(self, order_id: str) -> PaperOrder:
        entry = self._orders[order_id]
        return from_json(PaperOrder, entry) if isinstance(entry, str) else entry

    def open_items(self) -> list[Item]:
        """Everything that rests, oldest first, an order before its legs."""
        items = [item for resting in self.resting.values() for item in resting]
        return sorted(items, key=lambda item: (item.entry.number, item.entry.legs.index(item.leg) if item.leg else -1))


def active(entry: PaperOrder) -> list[Item]:
    """What of an order should rest."""
    items = [] if entry.status.terminal else [Item(entry)]
    return items + [Item(entry, leg) for leg in entry.legs if leg.rests]
