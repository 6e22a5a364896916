# SPDX-License-Identifier: MIT
"""What a test sees of the simulated venue, and does at it by hand."""

from __future__ import annotations

from decimal import Decimal

from ...model.numbers import Number, decimal
from ...model.orders import Order, OrderRef
from ...model.results import Status
from .book import Book
from .call import Fault
from .exchange import Exchange
from .holdings import Ticket
from .market import Half
from .placed import PlacedOrder
from .requests import Kind, Request
from .script import Chooser


class Controls:
    """The record, the book, the market and the script of a venue.

    Args:
        exchange: the venue.
        book: where its truth stands.
    """

    def __init__(self, exchange: Exchange, book: Book) -> None:
        self.exchange: Exchange = exchange
        self._book = book

    @property
    def requests(self) -> list[Request]:
        """All that reached it, in the order of arrival."""
        return self.exchange.requests

    def count(self, kind: Kind = "place", *, symbol: str = "", fate: str = "") -> int:
        """How many requests of a kind reached it, of a symbol and with a fate if given."""
        return sum(
            request.kind == kind and symbol in ("", request.symbol) and fate in ("", request.fate) for request in self.requests
        )

    @property
    def placed(self) -> list[PlacedOrder]:
        """The orders in its book, in the order in which they were placed; foreign ones too."""
        return self._book.orders

    def position(self, symbol: str, ticket: Ticket | None = None) -> Decimal:
        """Signed, base units or contracts; with hedging both together, or the ``long`` or the ``short``."""
        return self._book.position(symbol, ticket)

    def legs(self, order: PlacedOrder | str) -> list[PlacedOrder]:
        """The protective orders of an order, by its client's id or one of its others, in the order of their placing."""
        if isinstance(order, PlacedOrder):
            return [placed for placed in self.placed if placed.belongs_to(order.order_id)]
        return [placed for placed in self.placed if placed.belongs_to(order)]

    def protected(self, symbol: str) -> Decimal:
        """How much of what is held is covered by resting stops, whoever placed them; base units or contracts."""
        return self._book.protected(symbol)

    async def arrived(self, kind: Kind = "place", number: int = 1) -> None:
        """Wait until so many requests of a kind have arrived."""
        await self.exchange.arrived(kind, number)

    def follow(self, *faults: Fault) -> None:
        """Further faults, behind those that are still to come."""
        with self.exchange.lock:
            self.exchange.script.add(*faults)

    def choose(self, otherwise: Chooser | None) -> None:
        """Another chooser for when the script is used up; None: nothing goes wrong."""
        with self.exchange.lock:
            self.exchange.script.otherwise = otherwise

    def set_price(self, symbol: str, bid: Number, ask: Number | None = None) -> None:
        """Move the market, in quote currency; resting orders that it reaches fill and are published."""
        with self.exchange.lock:
            self._book.set_price(symbol, bid, ask)
            self.exchange.floor.cross(symbol)

    def trigger(self, symbol: str, price: Number) -> None:
        """Move bid and ask to one price, so that stops and targets fire."""
        self.set_price(symbol, price)

    def stale_quotes(self, symbol: str, seconds: float) -> None:
        """From now on the quotes of a symbol are so old; 0: fresh again."""
        with self.exchange.lock:
            self._book.market.ages[symbol] = seconds

    def one_sided(self, symbol: str, half: Half | None) -> None:
        """From now on quotes tell one side only, ``bid`` or ``ask``; None: both again. What fills does not change."""
        with self.exchange.lock:
            self._book.market.halves.pop(symbol, None)
            self._book.market.halves.update({symbol: half} if half else {})

    def no_quotes(self, symbol: str, on: bool = True) -> None:
        """From now on a question for a quote is refused (``NO_QUOTE``), or not any more. What fills does not change."""
        with self.exchange.lock:
            (self._book.market.silent.add if on else self._book.market.silent.discard)(symbol)

    def fill(self, order: PlacedOrder | str, quantity: Number | None = None, price: Number | None = None) -> None:
        """Fill some of an order, all if None, and publish it; an order that has ended fills as well: a late fill.

        Args:
            order: as in :attr:`placed`, or one of its ids.
            price: quote currency; the order's own, or the market's, if None.
        """
        placed = self.order(order)
        amount = None if quantity is None else decimal(quantity, "quantity")
        with self.exchange.lock:
            self.exchange.floor.fill(placed, amount, None if price is None else decimal(price, "price"))
            self.exchange.floor.tell(placed)

    def cancel_by_venue(self, order: PlacedOrder | str) -> None:
        """The venue cancels an open order of its own accord, and publishes it."""
        with self.exchange.lock:
            self.exchange.floor.end(self.order(order), Status.CANCELED, tell=True)

    def expire(self, order: PlacedOrder | str) -> None:
        """An open order expires; it is published."""
        with self.exchange.lock:
            self.exchange.floor.end(self.order(order), Status.EXPIRED, tell=True)

    def place_foreign(self, order: Order) -> PlacedOrder:
        """Somebody else places an order in the same account: a hand at the venue's own screen; it rests."""
        with self.exchange.lock:
            return self.exchange.floor.place(order, "", "", resting=True)

    def adjust_position(self, symbol: str, change: Number, price: Number | None = None) -> None:
        """A trade by hand: a position changes by a signed quantity, and nobody is told."""
        with self.exchange.lock:
            paid = self._book.market.both(symbol)[0] if price is None else decimal(price, "price")
            self._book.trade(symbol, decimal(change, "change"), paid)
            self.exchange.floor.legs.follow(symbol)

    def order(self, order: PlacedOrder | str) -> PlacedOrder:
        """An order of the book by one of its ids.

        Raises:
            VenueRejected: there is none.
        """
        if isinstance(order, PlacedOrder):
            return order
        known = self._book.find(OrderRef(order_id=order))
        return known or self.exchange.floor.known(OrderRef(venue_client_order_id=order))

    @property
    def publishing(self) -> bool:
        """Whether changes are published; turn it off and they are lost without a word."""
        return self.exchange.publishing

    @publishing.setter
    def publishing(self, on: bool) -> None:
        self.exchange.publishing = on

    @property
    def away(self) -> bool:
        """Whether it cannot be reached; requests never arrive then, and what hangs breaks."""
        return self.exchange.away

    @away.setter
    def away(self, on: bool) -> None:
        self.exchange.away = on
        if on:
            self.exchange.waits.drop()

    @property
    def hanging(self) -> int:
        """How many calls wait to be released."""
        return len(self.exchange.waits)

    @property
    def swallowed(self) -> int:
        """How many cancellations were swallowed."""
        return self.exchange.waits.swallowed

    def release(self) -> None:
        """Let all calls go on that hang."""
        self.exchange.waits.release()

    def drop_connections(self) -> None:
        """Break the connections of all calls that hang."""
        self.exchange.waits.drop()

    def happen(self) -> None:
        """What the script holds back (late fills, late appearances) happens now."""
        with self.exchange.lock:
            self.exchange.floor.happen()

    def advance(self) -> None:
        """What is due by the account's clock happens now; without this, at the next request."""
        self.exchange.advance()
