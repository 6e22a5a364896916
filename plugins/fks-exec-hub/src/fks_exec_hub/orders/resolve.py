# SPDX-License-Identifier: MIT
"""An operator settles an order whose fate is not known, with a reason: in a running hub, or while the host is stopped."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Literal, TypeAlias

from attrs import evolve, frozen

from fks_exec.convert import from_json, to_json
from fks_exec.errors import FksExecError
from fks_exec.model.account import Position
from fks_exec.model.numbers import ZERO, Number, decimal, plain
from fks_exec.model.orders import Order
from fks_exec.model.results import ExecutionResult, Fill, Status

from ..accounts.desk import Desk
from ..accounts.live import Live, needs_following
from ..accounts.profit import after_fill
from ..instructions import read_instruction
from ..journal.protocol import FillStep, Journal, JournalStep, JournalUnavailable, Key, NamedStep, Outcome, Recorded
from ..money import rounded
from .record import record
from .repair import write
from .restore import placing, sent_order
from .steps import position_step

Settlement: TypeAlias = Literal["not_placed", "placed", "filled", "canceled"]

_STANDING = frozenset({Status.ACCEPTED, Status.PARTIALLY_FILLED})

_STATUS = {
    "not_placed": Status.NOT_PLACED,
    "placed": Status.ACCEPTED,
    "filled": Status.FILLED,
    "canceled": Status.CANCELED,
}


class CannotResolve(FksExecError):
    """The order cannot be settled that way."""


@frozen(kw_only=True)
class Word:
    """An operator's word about one order, after a look at the venue.

    Args:
        as_: ``not_placed``, ``placed`` (it rests), ``filled``, or ``canceled`` (with what was filled before).
        because: the reason, kept in the journal.
        quantity: what was filled in all, base units or contracts; for ``filled`` the whole order if None.
        price: average price of the fills, quote currency; needed when something was filled.
        order_id: the venue's id.
    """

    as_: Settlement
    because: str
    quantity: Number | None = None
    price: Number | None = None
    order_id: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.as_ not in _STATUS:
            raise CannotResolve(f"{str(self.as_)[:40]!a} is not one of {', '.join(_STATUS)}")
        if not self.because.strip():
            raise CannotResolve("say why with --because; the reason is kept in the journal")

    def result(self, order: Order, before: ExecutionResult) -> ExecutionResult:
        """What is known of the order by it.

        Raises:
            CannotResolve: a figure is missing, or cannot be.
        """
        if self.as_ == "not_placed" and before.status in _STANDING:
            raise CannotResolve("the venue had taken the order, so that it was placed; settle it as canceled or filled")
        filled = _filled(order, self.as_, before, self.quantity)
        return evolve(
            before,
            status=_STATUS[self.as_],
            order_id=self.order_id or before.order_id,
            filled_quantity=filled,
            average_price=_price(before, filled, self.price),
            error=None,
            code="RESOLVED",
            legs=() if self.as_ == "not_placed" else before.legs,
        )

    def step(self, key: Key, before: ExecutionResult, time: int) -> NamedStep:
        """The word itself, for the journal."""
        reason = json.dumps({"as": self.as_, "because": self.because, "before": before.status.value})
        return NamedStep(key=key, name="resolved", data=reason, time=time)


async def resolve_live(desk: Desk, live: Live, word: Word) -> ExecutionResult:
    """Settle an order of a running hub; one that is said not to have been placed is watched for a late appearance.

    Raises:
        CannotResolve: it was never sent, or has ended; or a figure is missing.
        JournalError: it is not durable.
    """
    if live.order is None or live.submitted_at is None:
        raise CannotResolve("the order was not sent; cancel it")
    if not live.concluded.done():
        raise CannotResolve("the venue is being asked at this moment; wait for its answer")
    if live.result.status in _STANDING and not live.gone:
        raise CannotResolve(f"the venue shows the order as {live.result.status}; cancel it: fks-exec orders cancel ID")
    if live.result.status.terminal and not live.watched:
        raise CannotResolve(f"the order has ended as {live.result.status}; there is nothing to settle")
    result = word.result(live.order, live.result)
    await write(desk, word.step(live.key, live.result, desk.clock.now()))
    live.watched = word.as_ == "not_placed"
    await record(desk, live, result)
    if live.told.code == "NOT_RECORDED":
        raise JournalUnavailable(f"{live.told.error}; the word is kept in memory meanwhile")
    return live.told


async def resolve_order(journal: Journal, key: Key, word: Word, time: int) -> ExecutionResult:
    """Write down what became of an order, while no host runs.

    Args:
        time: now, epoch milliseconds.

    Raises:
        CannotResolve: the order is not known, was never sent, or has ended; or a figure is missing.
    """
    recorded = await journal.order(key)
    order = _check(recorded, key)
    assert recorded is not None  # noqa: S101  (_check refused it)
    before = _known(recorded)
    result = word.result(order, before)
    steps = await _steps(journal, recorded, order, before, result, time)
    term = await journal.claim(key.account)
    await journal.write(*steps, word.step(key, before, time), term=term)
    return result


def _check(recorded: Recorded | None, key: Key) -> Order:
    if recorded is None:
        raise CannotResolve(f"account {key.account!r} has no order {key.client_order_id[:64]!a}; see: fks-exec orders list")
    if recorded.terminal:
        raise CannotResolve(f"the order has ended as {recorded.status}; there is nothing to settle")
    instruction = read_instruction(recorded.instruction, key.client_order_id)
    attempt = placing(recorded)
    order = sent_order(attempt.decision, instruction) if attempt is not None else None
    if order is None:
        raise CannotResolve("the order was accepted and never sent; the host takes it up at its next start")
    return order


def _known(recorded: Recorded) -> ExecutionResult:
    if recorded.result is not None:
        return from_json(ExecutionResult, recorded.result)
    return ExecutionResult(status=Status.UNKNOWN, client_order_id=recorded.key.client_order_id)


def _filled(order: Order, as_: Settlement, before: ExecutionResult, quantity: Number | None) -> Decimal:
    if quantity is None:
        return order.quantity if as_ == "filled" else before.filled_quantity
    filled = decimal(quantity, "quantity")
    if filled < before.filled_quantity:
        raise CannotResolve(f"{plain(before.filled_quantity)} is booked as filled already; a fill is never taken back")
    if filled > order.quantity:
        raise CannotResolve(f"the order was for {plain(order.quantity)}; {plain(filled)} cannot have been filled")
    if as_ == "not_placed" and filled:
        raise CannotResolve("an order that was not placed has filled nothing; settle it as filled or canceled")
    return filled


def _price(before: ExecutionResult, filled: Decimal, price: Number | None) -> Decimal | None:
    if filled == before.filled_quantity:
        return before.average_price
    if price is None:
        raise CannotResolve("say the average price of the fills with --price")
    average = decimal(price, "price")
    if average <= 0:
        raise CannotResolve("the average price of the fills is greater than zero")
    return average


async def _steps(
    journal: Journal, recorded: Recorded, order: Order, before: ExecutionResult, result: ExecutionResult, time: int
) -> list[JournalStep]:
    key, added = recorded.key, result.filled_quantity - before.filled_quantity
    outcome = Outcome(
        key=key,
        attempt=attempt.attempt if (attempt := placing(recorded)) else 1,
        status=result.status.value,
        terminal=not needs_following(result) and result.status is not Status.NOT_PLACED,  # that one is watched
        result=to_json(result),
        time=time,
    )
    if added <= 0 or result.average_price is None:
        return [outcome]
    spent = before.filled_quantity * (before.average_price or ZERO)
    fill = Fill(
        trade_id=f"resolved:{key.client_order_id}:{plain(result.filled_quantity)}",
        quantity=added,
        price=rounded(max((result.average_price * result.filled_quantity - spent) / added, ZERO)),
        side=order.side,
    )
    strategy = read_instruction(recorded.instruction).strategy
    position = after_fill(await _position(journal, recorded, strategy), fill)
    fill_step = FillStep(key=key, trade_id=fill.trade_id, fill=to_json(fill), time=time)
    return [outcome, fill_step, position_step(key.account, position, time)]


async def _position(journal: Journal, recorded: Recorded, strategy: str | None) -> Position:
    for stored in await journal.positions(recorded.key.account):
        if (stored.lane, stored.strategy) == (recorded.lane, strategy or ""):
            return from_json(Position, stored.position)
    return Position(symbol=recorded.lane, quantity=ZERO, strategy=strategy)
