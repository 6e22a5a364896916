# SPDX-License-Identifier: MIT
"""Faults of protective orders: refused, vanished, linked too late; and cancels that take effect late."""

from __future__ import annotations

from attrs import field, frozen

from ...errors import VenueRejected
from ...model.orders import OrderRef
from ...model.results import Status
from .call import Call, Fault, Placing
from .placing import break_connection
from .requests import Kind


@frozen
class RefuseLeg(Placing):
    """A protective order is refused; with ``on="place"`` the entry is taken, and what is attached to it refused.

    Args:
        code: the venue's code.
        message: the venue's words.
        retryable: of the moment: the same may be sent again.
    """

    code: str = "REFUSED"
    message: str = field(default="the venue refused the protective order", kw_only=True)
    retryable: bool = field(default=False, kw_only=True)
    on: Kind = field(default="protect", kw_only=True)

    def act(self, call: Call) -> object:
        if call.asked.protection is not None:
            raise VenueRejected(self.message, code=self.code, retryable=self.retryable)
        return self.place(call, refuse_legs=True).result


@frozen(kw_only=True)
class Vanish(Placing):
    """A protective order is accepted, and is not in the book; with ``on="place"`` that happens to what is attached.

    Args:
        drop: the connection breaks instead of an answer.
    """

    drop: bool = False
    on: Kind = field(default="protect", kw_only=True)

    def act(self, call: Call) -> object:
        placed = self.place(call)
        answer = placed.result
        call.floor.legs.vanish(placed)
        return break_connection() if self.drop else answer


@frozen(kw_only=True)
class LooseLink(Placing):
    """When one of two linked orders fills, the other rests on, and may fill, until it is cancelled at last.

    Args:
        after: seconds from the placing. Without it: until ``happen`` is called.
    """

    after: float | None = None
    on: Kind = field(default="protect", kw_only=True)

    def act(self, call: Call) -> object:
        placed = self.place(call, loose=True)
        call.later(lambda: call.floor.legs.catch_up(placed), seconds=self.after)
        return placed.result


@frozen
class LateCancel(Fault):
    """The answer to a cancel is the order as it still stands; it is cancelled later, and that is published.

    Args:
        after: seconds. Neither: until ``happen`` is called.
        after_looks: so many look-ups find it open.
    """

    after: float | None = None
    after_looks: int | None = field(default=None, kw_only=True)
    on: Kind = field(default="cancel", kw_only=True)

    def act(self, call: Call) -> object:
        ref = call.asked.ref or OrderRef()
        placed = call.floor.known(ref)
        name = ref.venue_client_order_id or placed.venue_client_order_id or placed.order_id
        call.fate = "later"
        call.floor.later(
            lambda: call.floor.end(placed, Status.CANCELED, tell=True), name, seconds=self.after, looks=self.after_looks
        )
        return placed.result


LEGS: tuple[type[Fault], ...] = (RefuseLeg, Vanish, LooseLink, LateCancel)
