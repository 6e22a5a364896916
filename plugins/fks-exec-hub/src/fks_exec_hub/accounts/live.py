# SPDX-License-Identifier: MIT
"""One order while it lives in memory, and how news about it are merged into what is known."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal

from attrs import define, field, frozen

from fks_exec.model.account import ProtectionKind
from fks_exec.model.events import OrderUpdate
from fks_exec.model.market import Instrument
from fks_exec.model.numbers import ZERO
from fks_exec.model.orders import Order, OrderRef
from fks_exec.model.results import ExecutionResult, Fill, Status

from ..instructions import Instruction
from ..journal.protocol import Key, Written
from .book import Token


@frozen
class Plan:
    """How what an entry fills is to be protected.

    Args:
        kind: one of the venue's; with ``attached`` the venue keeps the legs itself.
        stop, target: trigger prices, quote currency, on the instrument's ticks.
    """

    kind: ProtectionKind
    stop: Decimal | None = None
    target: Decimal | None = None


@frozen(kw_only=True)
class Target:
    """What an order is one step toward, fixed when its turn came: first an exit, then what follows upon it.

    Args:
        exit: what is to be closed in all, base units or contracts; the order's own send is the first part of it.
        chase: what is left of that after the order has ended is closed by further exits.
        entry: what is opened on the same side once all of that is closed; zero: nothing.
        older: the orders from before it of whose fills the rest depends, by id, and how much of each was booked by then.
        against: what is held beside ``exit`` and cannot be closed, as other strategies stand against it.
    """

    exit: Decimal
    chase: bool = True
    entry: Decimal = ZERO
    older: Mapping[str, Decimal] = field(factory=dict)
    against: Decimal = ZERO


@frozen
class Decision:
    """What may be sent, and why.

    Args:
        order: quantised, with its canonical symbol and client's id.
        reducing: it can only reduce.
        document: what the guards saw, JSON.
        plan: how it is protected; None: no stop and no target were asked for.
        target: what it is one step toward; None: it is all that is to be done.
    """

    order: Order
    reducing: bool
    document: str
    plan: Plan | None = None
    target: Target | None = None


@define(eq=False)
class Earlier:
    """An attempt that was over without effect before the next one was made; all its names lead to one of these.

    Args:
        booked: the trade ids that were booked for it all the same, since this host started.
        told: that it had an effect after all was told.
    """

    booked: set[str] = field(factory=set)
    told: bool = False


@define(eq=False, kw_only=True)
class Live:
    """One order.

    Args:
        lane: the canonical symbol.
        write: done when the accept is durable.
        concluded: the first outcome, once it is recorded.
        result: what is known now, and what decisions rest on.
        told: what may be told: it is durable, or says that it is not.
        order: as sent; None before the decision.
        token: its reservation.
        fills: by trade id.
        booked: how much of the order itself (not its legs) has become position.
        waiting: updates that came before the first outcome.
        stored: the trade ids that are known to be durable.
        foreign: trade ids that stand for another order's fills.
        instrument: its rules, as they were at the decision.
        decision: what may be sent, where that was decided when it was accepted; its intent is in the accept's write.
        asked: monotonic seconds, from before that write.
        begun: monotonic seconds at which its intent was handed to the journal.
        guard_seconds: what its decision took; of several looks the last one.
        journal_seconds: from its intent until it could be sent.
        venue_seconds: what the venue took to answer; of several attempts the last one.
        reducing: as sent, it could only reduce the position.
        retired: the attempts before this one, by the names that the venue has for them.
        over: the attempt has ended without effect, and that is durable.
        first_sent: monotonic seconds of the first attempt.
        deadline: monotonic seconds at which the last call to place it is over; None: it was made before this host started.
        watched: the look-ups concluded that it was not placed; should it appear later, that is a correction.
        gone: the venue had taken it, and does not show it any more.
        cancel_wanted: it is to be cancelled as soon as it is known to rest.
        cancels, amends: how often the venue was asked for that.
        act: held while the venue is asked to cancel or change it.
        role: what it is for another order, whose id its own begins with: ``stop_loss``, ``take_profit``, ``exit``,
            ``entry``, ``failure``, ``excess``; empty: an order of its own.
        plan: how what it fills is protected.
        standing: it has ended, and what belongs to it is not done yet: its protection, the rest of a close or of a reverse.
        told_with: told together with its first outcome where that comes soon: that what was filled is protected, or is not.
        superseded: the id of a close that came after it while it waited for its turn; it is not sent.
        target: what it is one step toward; an order has a plan or a target, or neither.
        swept: the entries that rested before a close were asked to be cancelled.
        legs: the protective orders that the hub made for it, the first first; also those that were not sent yet.
        others: what was made to close it beside its legs, as far as an earlier host made it.
        released: how much of what it filled other orders had closed when this host started, base units or contracts.
        shares: the strategies whose positions its fills have changed.
        others_told: that it closed what other strategies hold was told.
        settled: how much of it was filled when all was done for it; more than that begins anew.
        inherited: a leg that an earlier host made.
        legs_before: so many legs of each role the journal has from a write that seemed to fail; their numbers are spent.
        protected: whether what it filled stands with its stop, as far as the venue was seen to hold it.
        unprotected: seconds for which it did not.
        naked_since: monotonic seconds up to which that is counted; None: it does stand with its stop, or nothing is open.
        naked_from: monotonic seconds since which it does not.
        covered: how much it had filled when all of that last stood with its stop, base units or contracts.
        flattened: how much of it the venue was seen not to hold, when this host started.
        read: how much it had filled when its attached legs were last read back, base units or contracts.
    """

    key: Key
    lane: str
    instruction: Instruction
    digest: str
    accepted_at: int
    write: asyncio.Future[Written] | None = None
    concluded: asyncio.Future[ExecutionResult] = field(factory=lambda: asyncio.get_running_loop().create_future())
    result: ExecutionResult = field(factory=lambda: ExecutionResult(status=Status.PENDING))
    told: ExecutionResult = field(factory=lambda: ExecutionResult(status=Status.PENDING))
    order: Order | None = None
    token: Token | None = None
    venue_client_order_id: str | None = None
    attempt: int = 1
    submitted_at: int | None = None
    fills: dict[str, Fill] = field(factory=dict)
    booked: Decimal = ZERO
    waiting: list[OrderUpdate] = field(factory=list)
    stored: set[str] = field(factory=set)
    foreign: set[str] = field(factory=set)
    instrument: Instrument | None = None
    decision: Decision | None = None
    asked: float = 0.0
    begun: float = 0.0
    guard_seconds: float | None = None
    journal_seconds: float | None = None
    venue_seconds: float | None = None
    reducing: bool = False
    retired: dict[str, Earlier] = field(factory=dict)
    over: bool = False
    first_sent: float | None = None
    deadline: float | None = None
    watched: bool = False
    gone: bool = False
    cancel_wanted: bool = False
    cancels: int = 0
    amends: int = 0
    act: asyncio.Lock = field(factory=asyncio.Lock)
    role: str = ""
    plan: Plan | None = None
    standing: bool = False
    told_with: asyncio.Future[None] | None = None
    superseded: str = ""
    target: Target | None = None
    swept: bool = False
    legs: list[Live] = field(factory=list)
    others: list[Live] = field(factory=list)
    released: Decimal = ZERO
    shares: set[str] = field(factory=set)
    others_told: bool = False
    settled: Decimal | None = None
    inherited: bool = False
    legs_before: int = 0
    protected: bool | None = None
    unprotected: float | None = None
    naked_since: float | None = None
    naked_from: float | None = None
    covered: Decimal = ZERO
    flattened: Decimal = ZERO
    read: Decimal = ZERO

    @property
    def followed(self) -> bool:
        """Something may still come: the order is open, unknown or watched, a leg rests, or more is to be done for it."""
        return self.watched or self.standing or needs_following(self.result)

    @property
    def legs_apart(self) -> bool:
        """Its legs are orders of their own, with names and news of their own."""
        apart = self.plan is not None and self.plan.kind != "attached"
        return apart or any(leg.client_order_id is not None for leg in self.result.legs)

    @property
    def done(self) -> Decimal:
        """What it has filled in all, base units or contracts; of a stop with a linked target, that one's fills too."""
        if not self.role:
            return self.booked
        return self.booked + sum((fill.quantity for fill in self.fills.values() if fill.leg), ZERO)

    @property
    def ref(self) -> OrderRef:
        """All its names."""
        return OrderRef(
            client_order_id=self.key.client_order_id,
            venue_client_order_id=self.venue_client_order_id,
            order_id=self.result.order_id,
            symbol=self.lane,
            submitted_at=self.submitted_at,
        )


def needs_following(result: ExecutionResult) -> bool:
    """Whether something may still come for an order with this result."""
    return not result.status.terminal or any(not leg.status.terminal for leg in result.legs)


WAITS = "CANCEL_WAITS"
"""The code of an order that is to be cancelled, until the venue is asked; after a restart it tells to look for the wish."""

GAP = "cumulative:"
"""How trade ids begin that the hub makes where a venue tells a cumulative quantity without its trades."""


def is_gap(fill: Fill) -> bool:
    """Whether the hub made this fill; it gives way to the venue's trades when they come."""
    return fill.trade_id.startswith(GAP)
