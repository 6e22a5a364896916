# SPDX-License-Identifier: MIT
"""``FaultyVenue``: the simulated venue as an object, with its script, its counts and its controls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..hookspecs import hookimpl
from ..model.account import Capabilities
from ..model.extension import VenueType
from ..model.market import Instrument
from ..model.numbers import Number, decimal
from ..model.orders import Order, OrderRef
from ..model.results import Status
from .book import Book, PlacedOrder
from .call import Fault
from .exchange import Exchange
from .hooks import AsyncConnection, BlockingConnection, Connection
from .requests import Kind, Request
from .script import Chooser, Script

CAPABILITIES = Capabilities(
    order_types=["market", "limit", "stop"],
    time_in_force=["gtc", "ioc", "fok"],
    abilities=[
        "cancel_order",
        "amend_order",
        "fetch_order",
        "fetch_open_orders",
        "fetch_positions",
        "fetch_balance",
        "fetch_instrument",
    ],
    reduce_only=True,
    post_only=True,
    publishes=True,
    resolution="by_id",
    request_ttl=1.0,
)
"""All that it can do; narrow it with ``attrs.evolve(CAPABILITIES, resolution="none")``."""


def default_instrument(symbol: str) -> Instrument:
    """Linear, paid in USDT, in steps of 0.001."""
    base, _, rest = symbol.partition("/")
    quote = rest.partition(":")[0] or "USDT"
    return Instrument(symbol=symbol, kind="linear", base=base, quote=quote, quantity_step="0.001", min_quantity="0.001")


class FaultyVenue:
    """A simulated venue that follows a script of faults, and counts what reached it.

    It is a venue plugin: ``Account("mine", FaultyVenue(...))``, or, in a hub's configuration, the venue ``faulty`` of
    ``ExecutionHub.open(config, plugins=[venue.plugin])``. It outlives the accounts and hubs that open it. It never
    recognises an id that it has seen: an order that is sent twice is placed twice.

    Args:
        script: faults in turn, for each kind of request its own.
        otherwise: a function of the request that chooses when the script is used up, e.g. ``ByChance``; without it
            nothing goes wrong.
        capabilities: what it can do and declares.
        price: of every instrument until it is set, quote currency.
        balance: cash at the start, in ``currency``.
        currency: of cash, fees, profit.
        fee_rate: of a trade's value.
        instrument: the rules of each symbol.
        enforce_reduce_only: whether it does what it declares.
        blocking: its methods are plain; what hangs blocks the account's thread.
        record: a file with one line of JSON per request, read by ``read_requests``.
        prefix: of the ids that it gives to orders and trades.
    """

    def __init__(
        self,
        script: Iterable[Fault] = (),
        *,
        otherwise: Chooser | None = None,
        capabilities: Capabilities = CAPABILITIES,
        price: Number = 100,
        balance: Number = 100_000,
        currency: str = "USDT",
        fee_rate: Number = 0,
        instrument: Callable[[str], Instrument] = default_instrument,
        enforce_reduce_only: bool = True,
        blocking: bool = False,
        record: Path | None = None,
        prefix: str = "",
    ) -> None:
        book = Book(
            price=decimal(price, "price"),
            cash=decimal(balance, "balance"),
            currency=currency,
            fee_rate=decimal(fee_rate, "fee_rate"),
            enforce_reduce_only=enforce_reduce_only,
            prefix=prefix,
        )
        publishing = capabilities.publishes
        self.exchange: Exchange = Exchange(book, Script(script, otherwise), instrument, publishing=publishing, record=record)
        self.declared: Capabilities = capabilities
        self._kind: type[Connection] = BlockingConnection if blocking else AsyncConnection
        self._book = book
        vars(self).update(self._connect().hooks())

    def _connect(self) -> Connection:
        return self._kind(self.exchange, self.declared)

    @property
    def plugin(self) -> FaultyPlugin:
        """What a host passes to ``ExecutionHub.open(plugins=[...])``; each opening is a connection of its own."""
        return FaultyPlugin(self)

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

    def position(self, symbol: str) -> Decimal:
        """Signed, base units or contracts."""
        return self._book.position(symbol)

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
            self._book.trade(symbol, decimal(change, "change"), self._book.price if price is None else decimal(price))

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


class _Face:
    """What a hub opens: one connection's hooks."""

    def __init__(self, hooks: dict[str, Callable[..., Any]]) -> None:
        vars(self).update(hooks)


class FaultyPlugin:
    """Brings the venue type ``faulty``.

    Args:
        venue: the one that every opening connects to.
    """

    def __init__(self, venue: FaultyVenue) -> None:
        self._venue = venue

    @hookimpl
    def fks_exec_venues(self) -> list[VenueType]:
        """One type."""
        kind = VenueType(
            name="faulty",
            create=lambda: _Face(self._venue._connect().hooks()),
            capabilities=self._venue.declared,
            summary="A simulated venue that follows a script of faults",
        )
        return [kind]
