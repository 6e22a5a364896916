# SPDX-License-Identifier: MIT
"""Faults of requests that have no effect, or not yet: refused, lost, late; and of look-ups and cancels."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

from ...errors import NotSent, VenueAuthError, VenueClosed, VenueRateLimited, VenueRejected
from ...model.orders import OrderRef
from .call import Call, Fault
from .placing import break_connection
from .requests import Kind
from .waiting import Held


@frozen
class Refuse(Fault):
    """The venue says no: VenueRejected; nothing is done.

    Args:
        message: the venue's words.
        code: the venue's code.
        retryable: a requote: the same may be sent again.
    """

    message: str = "the venue refused"
    code: str = field(default="REFUSED", kw_only=True)
    retryable: bool = field(default=False, kw_only=True)

    def act(self, call: Call) -> object:
        raise VenueRejected(self.message, code=self.code, retryable=self.retryable)


@frozen
class RateLimit(Fault):
    """Too many requests: VenueRateLimited; nothing is done.

    Args:
        retry_after: seconds.
    """

    retry_after: float | None = None

    def act(self, call: Call) -> object:
        raise VenueRateLimited("too many requests", retry_after=self.retry_after)


@frozen
class Unsent(Fault):
    """NotSent: the plugin can prove that nothing left."""

    message: str = "no connection to the venue; nothing was sent"

    def act(self, call: Call) -> object:
        raise NotSent(self.message)


@frozen
class Closed(Fault):
    """The market is closed: VenueClosed; nothing is done.

    Args:
        until: when it opens, epoch milliseconds.
    """

    until: int | None = None

    def act(self, call: Call) -> object:
        raise VenueClosed("the market is closed", until=self.until)


@frozen
class BadCredentials(Fault):
    """The venue does not take our key: VenueAuthError; nothing is done, and the account's submits stop."""

    def act(self, call: Call) -> object:
        raise VenueAuthError("the venue does not take this key")


@frozen
class Lost(Fault):
    """It never arrives: an exception that proves nothing; nothing is done.

    Args:
        hang: no exception, but no answer either, until it is released or given up.
    """

    hang: bool = field(default=False, kw_only=True)

    def act(self, call: Call) -> object:
        call.fate = "lost"
        return Held(then=break_connection) if self.hang else break_connection()


@frozen
class LateAppearance(Fault):
    """The connection breaks and look-ups truly say "no such order"; later it is placed and fills, and is published.

    Args:
        after: seconds until it appears.
        after_looks: so many look-ups do not find it. Neither: it appears when ``happen`` is called.
        hang: instead of the break there is no answer, until it is released or given up.
    """

    after: float | None = None
    after_looks: int | None = field(default=None, kw_only=True)
    hang: bool = field(default=False, kw_only=True)

    def act(self, call: Call) -> object:
        call.fate = "later"
        call.later(lambda: self._appear(call), seconds=self.after, looks=self.after_looks)
        return Held(then=break_connection) if self.hang else break_connection()

    def _appear(self, call: Call) -> None:
        try:
            placed = call.place()
        except VenueRejected:
            return  # refused when its turn came at last; nobody is told
        call.floor.tell(placed)


@frozen
class FailLookUp(Fault):
    """A look-up fails: an exception; it proves nothing."""

    on: Kind = field(default="look_up", kw_only=True)

    def act(self, call: Call) -> object:
        call.fate = "lost"
        return break_connection()


@frozen
class EmptyLookUp(Fault):
    """A look-up answers "no such order", or an empty list, whatever stands in the book."""

    on: Kind = field(default="look_up", kw_only=True)

    def act(self, call: Call) -> object:
        call.fate = "done"
        return None if call.asked.kind == "look_up" else []


@frozen
class CancelMeetsFill(Fault):
    """The order fills just before its cancel arrives.

    One that has ended by then stays as it is.

    Args:
        answer: ``rejected``: VenueRejected, there is nothing to cancel; ``filled``: the answer says filled.
        publish: the fill is published as well.
    """

    answer: Literal["rejected", "filled"] = "rejected"
    publish: bool = field(default=False, kw_only=True)
    on: Kind = field(default="cancel", kw_only=True)

    def act(self, call: Call) -> object:
        placed = call.floor.known(call.asked.ref or OrderRef())
        if not placed.open:
            return call.perform()
        call.floor.fill(placed)
        if self.publish:
            call.soon(lambda: call.floor.tell(placed))
        if self.answer == "rejected" and placed.fills:
            raise VenueRejected("there is nothing to cancel: the order has just filled", code="FILLED")
        call.fate = "done"
        return placed.result


REFUSING: tuple[type[Fault], ...] = (
    Refuse,
    RateLimit,
    Unsent,
    Closed,
    BadCredentials,
    Lost,
    LateAppearance,
    FailLookUp,
    EmptyLookUp,
    CancelMeetsFill,
)
