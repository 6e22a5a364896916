# SPDX-License-Identifier: MIT
"""One request on its way through a fault; what all faults have in common."""

from __future__ import annotations

from collections.abc import Callable

from attrs import field, frozen

from .floor import Floor
from .placed import PlacedOrder
from .requests import Asked, Fate, Kind

PLACES: frozenset[Kind] = frozenset({"place", "protect"})
"""The kinds of requests that bring an order into the book."""


class Call:
    """One request, and what a fault may do with it.

    Args:
        asked: what is asked for.
        floor: the honest venue.
    """

    def __init__(self, asked: Asked, floor: Floor) -> None:
        self.asked: Asked = asked
        self.floor: Floor = floor
        self.fate: Fate = "open"
        self.placed: PlacedOrder | None = None

    def place(self, *, resting: bool = False, refuse_legs: bool = False, loose: bool = False) -> PlacedOrder:
        """Put the order, or the protective order, into the book.

        Args:
            resting: the market does not touch it.
            refuse_legs: what is attached to it is refused when its turn comes.
            loose: what is linked with it gives way only when it is called for.

        Raises:
            VenueRejected: the venue's rules do not allow it.
        """
        asked, name, account = self.asked, self.asked.venue_client_order_id, self.asked.account
        if asked.protection is not None:
            self.placed = self.floor.protect(asked.protection, name, account, resting=resting, loose=loose)
        elif asked.order is not None:
            more = {"refuses_legs": refuse_legs, "loose": loose}
            self.placed = self.floor.place(asked.order, name, account, resting=resting, **more)
        else:
            raise TypeError(f"this fault is for orders; a request of the kind {asked.kind!r} has none")
        self.fate = "placed"
        return self.placed

    def perform(self) -> object:
        """Do what is asked, as an honest venue; the answer."""
        if self.asked.kind in PLACES:
            return self.place().result
        answer = self.floor.perform(self.asked)
        self.fate = "done"
        return answer

    def soon(self, action: Callable[[], None]) -> None:
        """Do something after the answer: in a millisecond, or at the next request."""
        self.later(action, seconds=0.0)

    def later(self, action: Callable[[], None], *, seconds: float | None = None, looks: int | None = None) -> None:
        """Do something after so many seconds, after so many look-ups of this order, or when it is called for."""
        self.floor.later(action, self.asked.venue_client_order_id, seconds=seconds, looks=looks)


@frozen
class Fault:
    """What becomes of one request.

    Args:
        on: the kind of request that it is for.
    """

    on: Kind = field(default="place", kw_only=True)

    def act(self, call: Call) -> object:
        """Answer, raise, or return Held."""
        return call.perform()


@frozen(kw_only=True)
class Placing(Fault):
    """A fault whose request has its effect.

    Args:
        rest: the market does not touch the order; it fills by hand, or as the fault says.
        looks: so many look-ups do not find the order.
        seconds: no look-up finds the order for so long.
        publish: what the placing brought is published too.
    """

    rest: bool = False
    looks: int = 0
    seconds: float = 0.0
    publish: bool = False

    def perform(self, call: Call) -> object:
        """Place the order as the arguments say; another request is simply done."""
        if call.asked.kind in PLACES:
            return self.place(call).result
        answer = call.perform()
        changed = call.floor.book.find(call.asked.ref) if self.publish and call.asked.ref else None
        if changed is not None:
            call.soon(lambda: call.floor.tell(changed))
        return answer

    def place(self, call: Call, *, resting: bool | None = None, refuse_legs: bool = False, loose: bool = False) -> PlacedOrder:
        """Place the order as the arguments say."""
        placed = call.place(resting=self.rest if resting is None else resting, refuse_legs=refuse_legs, loose=loose)
        placed.hidden_looks = self.looks
        placed.hidden_until = call.floor.clock.monotonic() + self.seconds if self.seconds else 0.0
        if self.publish:
            call.soon(lambda: call.floor.tell(placed))
        return placed
