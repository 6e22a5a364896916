# SPDX-License-Identifier: MIT
"""Faults of orders that come to be: what fills, what is answered, what is published, and when."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from attrs import evolve, field, frozen

from ...model.numbers import decimal, to_optional
from ...model.results import ExecutionResult, Status
from .call import Call, Fault, Placing
from .placed import PlacedOrder
from .waiting import Held

BROKEN = "the connection to the venue broke"


SERVER_ERROR: dict[str, str] = {"message": "Internal Server Error"}
"""What a server's own error says over HTTP. Its words are no dialect's, and tell nothing of what was done."""


class ServerError(RuntimeError):
    """An error of the venue's server, such as HTTP 500; no VenueError, since it proves nothing."""


def _share(value: Decimal | str | int) -> Decimal:
    return decimal(value, "share")


def break_connection() -> object:
    """As a connection that breaks: it proves nothing."""
    raise ConnectionResetError(BROKEN)


@frozen(kw_only=True)
class Match(Placing):
    """Nothing goes wrong: the market fills what it reaches, the rest rests."""

    def act(self, call: Call) -> object:
        return self.perform(call)


@frozen(kw_only=True)
class Fill(Placing):
    """Filled at once, whatever the market says.

    Args:
        price: quote currency; None: the order's own, or the market's.
        trades: in how many.
    """

    price: Decimal | None = field(default=None, converter=to_optional)
    trades: int = 1

    def act(self, call: Call) -> object:
        placed = self.place(call, resting=True)
        for left in range(self.trades, 0, -1):
            call.floor.fill_share(placed, Decimal(1) / left, self.price)
        return placed.result


@frozen(kw_only=True)
class Rest(Placing):
    """Accepted, and it rests, whatever the market says; it fills by hand."""

    def act(self, call: Call) -> object:
        return self.place(call, resting=True).result


@frozen(kw_only=True)
class PartialFill(Placing):
    """A share of the order fills at once; the rest rests and fills by hand.

    Args:
        share: 0 to 1.
    """

    share: Decimal = field(default=Decimal("0.5"), converter=_share)

    def act(self, call: Call) -> object:
        placed = self.place(call, resting=True)
        call.floor.fill_share(placed, self.share)
        return placed.result


@frozen(kw_only=True)
class PartialThenCancel(Placing):
    """A share of the order fills and is answered; then the venue cancels the rest.

    Args:
        share: 0 to 1.
        at_once: the answer itself says ``canceled``.
    """

    share: Decimal = field(default=Decimal("0.5"), converter=_share)
    at_once: bool = False

    def act(self, call: Call) -> object:
        placed = self.place(call, resting=True)
        call.floor.fill_share(placed, self.share)
        if self.at_once:
            call.floor.end(placed, Status.CANCELED)
        else:
            call.soon(lambda: call.floor.end(placed, Status.CANCELED, tell=True))
        return placed.result


@frozen(kw_only=True)
class AcceptThenHang(Placing):
    """Done, and never answered: until it is released, or given up by the caller."""

    def act(self, call: Call) -> object:
        answer = self.perform(call)
        return Held(then=lambda: answer)


@frozen(kw_only=True)
class AcceptThenDrop(Placing):
    """Done, then the connection breaks: an exception that proves nothing."""

    def act(self, call: Call) -> object:
        self.perform(call)
        return break_connection()


@frozen(kw_only=True)
class AcceptThenError(Placing):
    """Done, and answered with an error of the server's own, HTTP 500: an exception that proves nothing."""

    def act(self, call: Call) -> object:
        self.perform(call)
        raise ServerError("the venue answered with an error of its own (500)")


@frozen(kw_only=True)
class EmptyLookUps(Placing):
    """Placed, the connection breaks, and for a while no look-up finds it.

    Args:
        looks: so many look-ups answer None; look-ups by scanning count as well.
    """

    looks: int = 2

    def act(self, call: Call) -> object:
        self.perform(call)
        return break_connection()


@frozen
class Slow(Placing):
    """Done at once, answered after so many seconds of real time.

    Args:
        after: seconds.
    """

    after: float = 1.0

    def act(self, call: Call) -> object:
        answer = self.perform(call)
        return Held(then=lambda: answer, seconds=self.after)


@frozen(kw_only=True)
class SwallowCancellation(Placing):
    """Does not end when it is cancelled: it waits to be released, then goes on and answers.

    Args:
        late: it is done only after the release; else on arrival.
        times: how many cancellations it swallows.
    """

    late: bool = False
    times: int = 1

    def act(self, call: Call) -> object:
        if self.late:
            return Held(then=lambda: self.perform(call), swallow=self.times)
        answer = self.perform(call)
        return Held(then=lambda: answer, swallow=self.times)


@frozen(kw_only=True)
class AnswerTwice(Placing):
    """The answer, and then the same again, published."""

    publish: bool = True

    def act(self, call: Call) -> object:
        return self.perform(call)


@frozen(kw_only=True)
class TradeTwice(Placing):
    """The answer, then published, and each update of this order is published twice, with the same trade ids."""

    publish: bool = True

    def act(self, call: Call) -> object:
        placed = self.place(call)
        placed.repeats = 2
        return placed.result


@frozen(kw_only=True)
class LateFill(Placing):
    """The answer says ``accepted``, or even ``canceled``; the fill comes later and is published.

    Args:
        after: seconds until it fills.
        after_looks: how many look-ups do not see the fill yet. Neither: it fills when ``happen`` is called, or by hand.
        says: what is answered, and what look-ups say until it fills.
    """

    after: float | None = None
    after_looks: int | None = None
    says: Literal["accepted", "canceled", "expired"] = "accepted"

    def act(self, call: Call) -> object:
        placed = self.place(call, resting=True)
        placed.status = Status(self.says)

        def fill() -> None:
            if self.says != "accepted" or placed.open:  # what was cancelled meanwhile, and answered so, does not fill
                call.floor.fill(placed)
                call.floor.tell(placed)

        call.later(fill, seconds=self.after, looks=self.after_looks)
        return placed.result


@frozen(kw_only=True)
class Reorder(Placing):
    """Accepted; then it fills in several trades whose updates are published in reverse order.

    Args:
        trades: how many.
    """

    trades: int = 3

    def act(self, call: Call) -> object:
        placed = self.place(call, resting=True)
        answer = placed.result
        call.soon(lambda: self._fill_backwards(call, placed))
        return answer

    def _fill_backwards(self, call: Call, placed: PlacedOrder) -> None:
        updates = []
        for left in range(self.trades, 0, -1):
            call.floor.fill_share(placed, Decimal(1) / left)
            whole = placed.update
            updates.append(evolve(whole, result=evolve(whole.result, fills=placed.fills[-1:])))
        for update in reversed(updates):
            call.floor.tell_update(placed, update)


@frozen
class Garbage(Placing):
    """Done, and answered with something that is no answer.

    Args:
        answer: ``none``, ``text``, ``float``, ``filled`` (a result that says filled and has no quantity) or ``pending``.
    """

    answer: Literal["none", "text", "float", "filled", "pending"] = "none"

    def act(self, call: Call) -> object:
        self.perform(call)
        answers: dict[str, object] = {
            "none": None,
            "text": "filled",
            "float": 0.1,
            "filled": ExecutionResult(status=Status.FILLED),
            "pending": ExecutionResult(status=Status.PENDING),
        }
        return answers[self.answer]


PLACING: tuple[type[Fault], ...] = (
    Match,
    Fill,
    Rest,
    PartialFill,
    PartialThenCancel,
    LateFill,
    Reorder,
    AnswerTwice,
    TradeTwice,
    AcceptThenHang,
    AcceptThenDrop,
    AcceptThenError,
    EmptyLookUps,
    Slow,
    SwallowCancellation,
    Garbage,
)
