# SPDX-License-Identifier: MIT
"""The venue without faults: it places, matches, cancels, amends, looks up, and publishes what changes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from attrs import evolve

from ...clock import Clock, SystemClock
from ...errors import VenueRejected
from ...model.account import Protection, ProtectionKind
from ...model.events import OrderUpdate
from ...model.market import Instrument
from ...model.numbers import ZERO
from ...model.orders import Order, OrderChange, OrderRef, Side, TimeInForce
from ...model.results import ExecutionResult, Status
from .book import Book
from .later import Later
from .market import check_listed
from .placed import PlacedOrder
from .protection import Legs
from .requests import Asked

Publish = Callable[[str, OrderUpdate], None]


class Floor:
    """An honest venue.

    Args:
        book: where the truth stands.
        publish: takes (account, update) of each change that no answer tells.
        wake: asked to call :meth:`advance` in so many seconds.
        instrument: the rules of each symbol.
        kinds: how it serves stops and targets.
    """

    def __init__(
        self,
        book: Book,
        publish: Publish,
        wake: Callable[[float], None],
        instrument: Callable[[str], Instrument],
        kinds: frozenset[ProtectionKind] = frozenset(),
    ) -> None:
        self.book: Book = book
        self.clock: Clock = SystemClock()
        self.legs: Legs = Legs(book, kinds, instrument, self._enter, self.tell)
        self._publish = publish
        self._wake = wake
        self._instrument = instrument
        self._later = Later()

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
            "balance": self.book.balances,
            "quote": lambda: self.book.quote(asked.symbol, self.clock.now()),
            "instrument": lambda: self._listed(asked.symbol),
            "health": lambda: None,
        }
        return actions[asked.kind]()

    def place(self, order: Order, name: str, account: str, *, resting: bool = False, **more: Any) -> PlacedOrder:
        """Put an order into the book and let the market have it; nothing is published.

        Args:
            more: further fields of :class:`PlacedOrder`.

        Raises:
            VenueRejected: a reduce-only order with nothing to reduce, a post-only one that would take, a sale of what is not
                free, an attached price that would trigger at once.
        """
        placed = self.book.make(order, name, account, self.clock.now(), resting=resting, **more)
        self._check(placed)
        self.legs.check_entry(placed)
        self._enter(placed)
        if placed.open and not resting and order.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
            placed.status = Status.CANCELED
        return placed

    def protect(
        self, protection: Protection, name: str, account: str, *, resting: bool = False, loose: bool = False
    ) -> PlacedOrder:
        """Put one protective order, or two that are linked, into the book.

        Args:
            loose: the link takes effect only when the script says so.

        Returns:
            The one that the sender named.

        Raises:
            VenueRejected: the venue's rules do not allow one of them; none is placed.
        """
        made = self.legs.make(protection, name, account, self.clock.now(), resting=resting)
        for placed in made:
            self._check(placed)
            self.legs.check(placed)
        made[0].loose = loose
        for placed in made:
            self._enter(placed)
        return made[0]

    def _listed(self, symbol: str) -> Instrument:
        check_listed(symbol)
        return self._instrument(symbol)

    def _check(self, placed: PlacedOrder) -> None:
        order = placed.order
        check_listed(order.symbol)
        if self.book.owned and order.side is Side.SELL and placed.remaining > self.book.free(order.symbol):
            raise VenueRejected("less than that is held and free", code="INSUFFICIENT")
        if not self.book.may_fill(placed):
            raise VenueRejected("there is no position to reduce", code="REDUCE_ONLY")
        if order.post_only and self.book.market_price(placed) is not None:
            raise VenueRejected("a post-only order would have traded at once", code="POST_ONLY")

    def _enter(self, placed: PlacedOrder) -> None:
        self.book.add(placed)
        self._match(placed)

    def _match(self, placed: PlacedOrder) -> bool:
        """Whether the market took some of it."""
        if placed.resting or not placed.open:
            return False
        self.book.trigger(placed)
        price = self.book.market_price(placed)
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
        """Fill some of an order, all that may fill if None; one that has nothing left to close is canceled."""
        possible = self.book.may_fill(placed)
        amount = possible if quantity is None else min(quantity, possible)
        if amount > 0:
            paid = price or placed.order.price or self.book.market.price_for(placed.order.symbol, placed.order.side)
            self.legs.filled(placed, self.book.fill(placed, amount, paid, self.clock.now()))
        if placed.open and not self.book.may_fill(placed):
            placed.status = Status.CANCELED
            self.legs.ended(placed)

    def fill_share(self, placed: PlacedOrder, share: Decimal, price: Decimal | None = None) -> None:
        """Fill a share of what remains, on the instrument's grid; all of it where the share is too small for that."""
        part = self._instrument(placed.order.symbol).quantity_down(placed.remaining * share)
        self.fill(placed, part if share < 1 and part > ZERO else None, price)

    def cross(self, symbol: str) -> None:
        """Fill and publish the resting orders that the market reaches."""
        for placed in list(self.book.orders):
            if placed.order.symbol == symbol and self._match(placed):
                self.tell(placed)

    def end(self, placed: PlacedOrder, status: Status, *, tell: bool = False) -> None:
        """Cancel or expire an order that is open."""
        if placed.open:
            placed.status = status
            self.legs.ended(placed)
            if tell or placed.parent is not None:
                self.tell(placed)

    def cancel(self, ref: OrderRef) -> ExecutionResult:
        """The order's state after the request; one that has ended stays as it is."""
        placed = self.known(ref)
        self.end(placed, Status.CANCELED)
        return placed.result

    def amend(self, ref: OrderRef, change: OrderChange) -> ExecutionResult:
        """Change quantity, price or stop price of an open order, or the prices of its legs."""
        placed = self.known(ref)
        values: dict[str, Any] = {"quantity": change.quantity, "price": change.price, "stop_price": change.stop_price}
        values = {name: value for name, value in values.items() if value is not None}
        if not placed.open and (values or not placed.legs):
            raise VenueRejected(f"the order is {placed.status}; it cannot be changed", code="NOT_OPEN")
        if change.quantity is not None:
            self._check_quantity(placed, change.quantity)
        before = [(order, order.order) for order in (placed, *placed.siblings, *placed.legs)]
        try:
            self._change(placed, change, values)
        except VenueRejected:
            for order, terms in before:
                order.order = terms
            raise
        self._match(placed)
        self.legs.follow(placed.order.symbol)
        if placed.parent is not None:
            self.tell(placed)
        return placed.result

    def _change(self, placed: PlacedOrder, change: OrderChange, values: dict[str, Any]) -> None:
        self.legs.move(placed, change)
        if placed.role:
            self.legs.reprice(placed, evolve(placed.order, **values))
        else:
            placed.order = evolve(placed.order, **values)

    def _check_quantity(self, placed: PlacedOrder, quantity: Decimal) -> None:
        order = placed.order
        if quantity <= placed.filled:
            raise VenueRejected("more than the new quantity is filled already", code="TOO_SMALL")
        if self.book.owned and order.side is Side.SELL and quantity - placed.filled > self.book.free(order.symbol, placed):
            raise VenueRejected("less than that is held and free", code="INSUFFICIENT")

    def known(self, ref: OrderRef) -> PlacedOrder:
        """Raises VenueRejected for an order that is not there."""
        placed = self.book.find(ref)
        if placed is None:
            raise VenueRejected("there is no such order", code="UNKNOWN_ORDER")
        return placed

    def look_up(self, ref: OrderRef) -> ExecutionResult | None:
        """The order's state; None while it is not there, or hidden."""
        placed = self.book.find(ref)
        self._later.looked({ref.venue_client_order_id, ref.order_id, placed.venue_client_order_id if placed else None})
        placed = placed or self.book.find(ref)
        return placed.result if placed is not None and self._seen(placed.parent or placed) else None

    def scan(self) -> list[OrderUpdate]:
        """All open orders, also foreign ones; it counts as a look-up of each that is hidden or held back."""
        self._later.looked(self._later.names)
        shown = [placed for placed in self.book.orders if placed.open]
        seen = {head.order_id: self._seen(head) for head in {placed.parent or placed: None for placed in shown}}
        return [placed.update for placed in shown if seen[(placed.parent or placed).order_id]]

    def _seen(self, placed: PlacedOrder) -> bool:
        if placed.hidden_looks > 0:
            placed.hidden_looks -= 1
            return False
        return self.clock.monotonic() >= placed.hidden_until

    def tell(self, placed: PlacedOrder) -> None:
        """Publish where an order stands, of a leg its parent; foreign ones are nobody's news."""
        for _ in range((placed.parent or placed).repeats):
            self.tell_update(placed, placed.news)

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
        self._later.add(action, name, due=due, looks=looks)
        if seconds is not None:
            self._wake(seconds)

    def advance(self) -> None:
        """Do what is due by the clock."""
        self._later.advance(self.clock.monotonic())

    def happen(self) -> None:
        """Do at once all that is held back."""
        self._later.happen()
