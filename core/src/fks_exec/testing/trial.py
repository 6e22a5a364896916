# SPDX-License-Identifier: MIT
"""What an author hands to the suite: the venue under trial, and the venue's own side of the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Literal, Protocol, TypeAlias, get_args

from attrs import field, frozen

from ..model.account import Capabilities
from ..model.extension import VenueType
from ..model.numbers import ZERO, Number, to_decimal, to_optional
from ..model.orders import Side

Level: TypeAlias = Literal["offline", "simulator", "sandbox", "live"]
"""What a run proves: ``offline`` nothing left the process, ``simulator`` a simulated venue behind a real connection,
``sandbox`` the venue's own test system, ``live`` real money."""

LEVELS: tuple[Level, ...] = get_args(Level)

Kind: TypeAlias = Literal["place", "protect", "cancel", "amend", "look_up", "positions", "balance"]
"""The request that a fault meets: execute_order, protect_position, cancel_order, amend_order, fetch_order and
fetch_open_orders, fetch_positions, fetch_balance."""

FAULTS = {
    "refuse": "refused for a reason of business, such as too little money; nothing is done",
    "credentials": "our key is not taken; nothing is done",
    "rate_limit": "too many requests; nothing is done",
    "closed": "the market is closed; nothing is done",
    "lost": "the connection breaks before the venue has seen the request; nothing is done",
    "drop": "done, then the connection breaks without an answer",
    "hang": "done, and not answered until `release`, or until the caller goes away",
    "garbage": "done, and answered with something that is no answer: HTML, half a message, a missing id",
    "error": "done, and answered with an error of the server's own that proves nothing: HTTP 500, an unknown code",
    "late": "the connection breaks, look-ups truly find nothing, and a little later it is done",
    "partial": "taken, and half of it fills at once; the rest rests",
    "rest": "taken, and it rests whatever its price, until `fill`",
}
"""What a counterpart may be able to do to the next request of a kind."""

CONTROLS = {
    "placed": "tells every order of its book",
    "requests": "counts the requests to place an order, protective ones too, whatever became of them",
    "set_price": "moves the market; what it reaches fills",
    "fill": "fills an order that rests",
    "away": "cannot be reached: no request arrives, until it is back",
}
"""What else it may be able to do."""


def _words(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


@frozen(kw_only=True)
class Trial:
    """A venue, and how the suite is to drive it.

    Args:
        venue: its VenueType, or what makes a fresh venue object each time it is called.
        config: what ``init`` gets; None: the type's defaults.
        second: the configuration of another account at the same venue; None: one account only.
        one_book: both configurations are keys of one account, or the simulated venue keeps one book for all: what the one
            holds the other holds.
        symbol: canonical, of an instrument that trades now.
        other_symbol: canonical, of a second one; None: the first alone.
        no_symbol: a text that names no instrument there.
        quantity: base units or contracts of one order; None: twice the least that the instrument's rules allow.
        too_much: base units or contracts that the venue refuses for want of money; None: such an order is not tried.
        name: in reports; empty: the type's.
        capabilities: the upper bound for an object; a VenueType has its own.
        distribution: that brings it; empty: the one whose entry point brings this type, if any.
        sdk: import names of the venue's SDK, which may not be imported before ``create``.
        secrets: texts of the configuration that may be shown nowhere.
        level: what a run proves.
        seconds: to wait for the venue at most, for an answer, a fill or a push.
    """

    venue: VenueType | Callable[[], object]
    config: object = None
    second: object = None
    one_book: bool = False
    symbol: str = "BTC/USDT"
    other_symbol: str | None = None
    no_symbol: str = "NO/SUCH"
    quantity: Decimal | None = field(default=None, converter=to_optional)
    too_much: Decimal | None = field(default=None, converter=to_optional)
    name: str = ""
    capabilities: Capabilities | None = None
    distribution: str = ""
    sdk: tuple[str, ...] = field(default=(), converter=_words)
    secrets: tuple[str, ...] = field(default=(), converter=_words, repr=False)
    level: Level = "offline"
    seconds: float = 5.0

    @property
    def title(self) -> str:
        """The name in reports."""
        if self.name:
            return self.name
        return self.venue.name if isinstance(self.venue, VenueType) else getattr(self.venue, "__name__", "venue")

    def make(self) -> object:
        """A fresh venue for one account: the type, or a new object."""
        return self.venue if isinstance(self.venue, VenueType) else self.venue()


@frozen(kw_only=True)
class Placed:
    """One order, as the venue's own book has it.

    Args:
        order_id: the venue's.
        venue_client_order_id: what the sender called it.
        symbol: canonical.
        quantity, filled: base units or contracts.
        open: it may still fill.
        role: ``stop_loss`` or ``take_profit`` of a protective order; empty for others.
    """

    order_id: str
    venue_client_order_id: str
    symbol: str
    side: Side
    quantity: Decimal = field(converter=to_decimal)
    filled: Decimal = field(default=ZERO, converter=to_decimal)
    open: bool = True
    role: str = ""


class Counterpart(Protocol):
    """The venue's own side of the wire, which the suite asks for the truth and tells what to break.

    Not every counterpart can do everything: ``can`` names what this one does, words of :data:`FAULTS` and of
    :data:`CONTROLS`; what is not in it is never called. A sandbox may have nothing but ``placed``.
    """

    @property
    def can(self) -> frozenset[str]:
        """What it is able to do."""

    async def placed(self) -> Sequence[Placed]:
        """Every order of its book, open or ended, in the order of their placing."""

    async def requests(self) -> int:
        """How many requests to place an order have arrived, whatever became of them."""

    async def fault(self, word: str, on: Kind = "place") -> None:
        """The next request of a kind meets a fault."""

    async def set_price(self, symbol: str, bid: Number, ask: Number) -> None:
        """Move the market, quote currency; what it reaches fills."""

    async def fill(self, order_id: str, quantity: Number | None = None) -> None:
        """Fill an order, all of it if None, and tell the account if the venue pushes."""

    async def release(self) -> None:
        """Requests that hang go on."""

    async def away(self, on: bool) -> None:
        """From now on it cannot be reached, or can again: what is asked meanwhile never arrives, and its connection breaks."""
