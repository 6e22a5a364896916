# SPDX-License-Identifier: MIT
"""The venue without faults: it places, matches, cancels, amends, looks up, and publishes what changes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from attrs import define, evolve

from ..clock import Clock, SystemClock
from ..errors import VenueRejected
from ..model.events import OrderUpdate
from ..model.market import Instrument
from ..model.numbers import ZERO
from ..model.orders import Order, OrderChange, OrderRef, TimeInForce
from ..model.results import ExecutionResult, Status
from .book import Book, PlacedOrder
from .requests import Asked

Publish = Callable[[str, OrderUpdate], None]


@define(eq=False)
class _Later:
    """Something that the script holds back: until a time, for a number of look-ups, or until it is called for."""

    action: Callable[[], None]
    due: float | None
    looks: int | None
    name: str


class Floor:
    """An honest venue.

    Args:
        book: where the truth stands.
        publish: takes (account, update) of each change that no answer tells.
        wake: asked to call :meth:`advance` in so many seconds.
        instrument: the rules of each symbol.
    """

    def __init__(
        self,
        book: Book,
        publish: Publish,
        wake: Callable[[float], None],
        instrument: Callable[[str], Instrument],
    ) -> None:
        self.book: Book = book
        self.clock: Clock = SystemClock()
        self._publish = publish
        self._wake = wake
        self._instrument = instrument
        self._later: list[_Later] = []

    def perform(self, asked: Asked) -> object:
        """What is asked for but placing, done as it should be."""
        ref, change = asked.ref or OrderRef(), asked.change or OrderChange()
        actions: dict[str, Callable[[], object]] = {
            "open": lambda: None,
            "cancel": lambda: self.cancel(ref),
            "amend": lambda: self.amend(ref, change),
            "look_up": lambda: self.look_up(ref),
            "scan": self.scan,
            "positions": self.book.positions,
            "balance": lambda: [self.book.balance()],
            "quote": lambda: self.book.quote(asked.symbol, self.clock.now()),
            "instrument": lambda: self._instrument(asked.symbol),
        }
        return actions[asked.kind]()

    def place(self, order: Order, name: str, account: str, *, resting: bool = False) -> PlacedOrder:
        """Put an order into the book and let the market have it; nothing is published.

        Raises:
            VenueRejected: a reduce-only order with nothing to reduce, a post-only one that would take.
        """
        placed = self.book.make(order, name, account, self.clock.now(), resting=resting)
        self._check(placed)
        self.book.add(placed)
        self._match(placed)
        if placed.open and not resting and order.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
            placed.status = Status.CANCELED
        return placed

    def _check(self, placed: PlacedOrder) -> None:
        if not self.book.may_fill(placed):
            raise VenueRejected("there is no position to reduce", code="REDUCE_ONLY")
        if placed.order.post_only and self.book.market_price(placed) is not None:
            raise VenueRejected("a post-only order would have traded at once", code="POST_ONLY")

    def _match(self, placed: PlacedOrder) -> bool:
        """Whether the market took some of it."""
        price = None if placed.resting or not placed.open else self.book.market_price(placed)
        if price is None:
            return False
        self.fill(placed, price=price)
        return True

    def fill(
        self,
        placed: PlacedOrder,
        quantity: Decimal | None = None,
        price: Decimal | None = None,
    ) -> None:
        """Fill some of an order, all that may fill if None; a reduce-only one that has nothing left to reduce is canceled."""
        possible = self.book.may_fill(placed)
        amount = possible if quantity is None else min(quantity, possible)
        if amount > 0:
            quote = self.book.quote(placed.order.symbol, self.clock.now())
            paid = price or placed.order.price or quote.price_for(placed.order.side) or self.book.price
            self.book.fill(placed, amount, paid, self.clock.now())
        if placed.open and not self.book.may_fill(placed):
            placed.status = Status.CANCELED

    def fill_share(self, placed: PlacedOrder, share: Decimal, price: Decimal | None = None) -> None:
        """Fill a share of what remains, on the instrument's grid; all of it where the share is too small for that."""
        part = self._instrument(placed.order.symbol).quantity_down(placed.remaining * share)
        self.fill(placed, part if share < 1 and part > ZERO else None, price)

    def cross(self, symbol: str) -> None:
        """Fill and publish the resting orders that the market reaches."""
        for placed in self.book.orders:
            if placed.order.symbol == symbol and self._match(placed):
                self.tell(placed)

    def end(self, placed: PlacedOrder, status: Status, *, tell: bool = False) -> None:
        """Cancel or expire an order that is open."""
        if placed.open:
            placed.status = status
            if tell:
                self.tell(placed)

    def cancel(self, ref: OrderRef) -> ExecutionResult:
        """The order's state after the request; one that has ended stays as it is."""
        placed = self.known(ref)
        self.end(placed, Status.CANCELED)
        return placed.result

    def amend(self, ref: OrderRef, change: OrderChange) -> ExecutionResult:
        """Change quantity, price or stop price of an open order."""
        placed = self.known(ref)
        if not placed.open:
            raise VenueRejected(f"the order is {placed.status}; it cannot be changed", code="NOT_OPEN")
        if change.quantity is not None and change.quantity <= placed.filled:
            raise VenueRejected("more than the new quantity is filled already", code="TOO_SMALL")
        values: dict[str, Any] = {"quantity": change.quantity, "price": change.price, "stop_price": change.stop_price}
        placed.order = evolve(placed.order, **{name: value for name, value in values.items() if value is not None})
        self._match(placed)
        return placed.result

    def known(self, ref: OrderRef) -> PlacedOrder:
        """Raises VenueRejected for an order that is not there."""
        placed = self.book.find(ref)
        if placed is None:
            raise VenueRejected("there is no such order", code="UNKNOWN_ORDER")
        return placed

    def look_up(self, ref: OrderRef) -> ExecutionResult | None:
        """The order's state; None while it is not there, or hidden."""
        placed = self.book.find(ref)
        self._looked({ref.venue_client_order_id, ref.order_id, placed.venue_client_order_id if placed else None})
        placed = placed or self.book.find(ref)
        return placed.result if placed is not None and self._seen(placed) else None

    def scan(self) -> list[OrderUpdate]:
        """All open orders, also foreign ones; it counts as a look-up of each that is hidden or held back."""
        self._looked({later.name for later in self._later})
        return [placed.update for placed in self.book.orders if placed.open and self._seen(placed)]

    def _seen(self, placed: PlacedOrder) -> bool:
        if placed.hidden_looks > 0:
            placed.hidden_looks -= 1
            return False
        return self.clock.monotonic() >= placed.hidden_until

    def _looked(self, names: set[str | None]) -> None:
        for later in [later for later in self._later if later.looks is not None and later.name in names]:
            if not later.looks:
                self._happens(later)
            else:
                later.looks -= 1

    def tell(self, placed: PlacedOrder) -> None:
        """Publish where an order stands; foreign ones are nobody's news."""
        for _ in range(placed.repeats):
            self.tell_update(placed, placed.update)

    def tell_update(self, placed: PlacedOrder, update: OrderUpdate) -> None:
        """Publish one update."""
        if not placed.foreign:
            self._publish(placed.account, update)

    def later(self, action: Callable[[], None], name: str, *, seconds: float | None = None, looks: int | None = None) -> None:
        """Do something after so many seconds, or after so many look-ups of an order that did not see it.

        Args:
            name: the sender's or the venue's id of the order.
            seconds, looks: both None: when :meth:`happen` is called.
        """
        due = None if seconds is None else self.clock.monotonic() + seconds
        self._later.append(_Later(action, due, looks, name))
        if seconds is not None:
            self._wake(seconds)

    def advance(self) -> None:
        """Do what is due by the clock."""
        now = self.clock.monotonic()
        for later in [later for later in self._later if later.due is not None and later.due <= now]:
            self._happens(later)

    def happen(self) -> None:
        """Do at once all that is held back."""
        for later in list(self._later):
            self._happens(later)

    def _happens(self, later: _Later) -> None:
        self._later.remove(later)
        later.action()
