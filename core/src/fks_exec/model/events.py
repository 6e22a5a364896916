# SPDX-License-Identifier: MIT
"""What observers hear, and what a venue publishes."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from attrs import field, frozen

from .numbers import ZERO
from .orders import Order, OrderRef
from .results import ExecutionResult, Fill
from .targets import Instruction


@frozen(kw_only=True)
class OrderUpdate:
    """What a venue publishes when an order changes after the answer: the order's whole state as known now.

    Args:
        ref: at least one of the order's names.
        result: status, cumulative filled quantity, the fills, legs.
        leg: empty for the order itself, else the role of the leg that changed.
    """

    ref: OrderRef
    result: ExecutionResult
    leg: str = ""


@frozen(kw_only=True)
class Event:
    """Something that happened.

    Args:
        account: where.
        time: epoch milliseconds, on the host.
    """

    account: str
    time: int


@frozen(kw_only=True)
class OrderAccepted(Event):
    """An instruction became the hub's: it is durable."""

    client_order_id: str
    instruction: Instruction


@frozen(kw_only=True)
class OrderSent(Event):
    """An attempt's intent is durable; the venue is being called."""

    client_order_id: str
    venue_client_order_id: str
    order: Order
    attempt: int = 1


@frozen(kw_only=True)
class OrderConcluded(Event):
    """The first outcome of an order is known and recorded: taken, refused, denied or unknown.

    Args:
        order: as it was sent, or would have been.
        guard_seconds: what the decision took, guards and size together; None: none was made, or it is not known.
        journal_seconds: from handing the intent to the journal until the order could be sent; None: it was not.
        venue_seconds: from asking the venue until its answer, or until it was given up; None: it was not asked.
    """

    client_order_id: str
    symbol: str
    result: ExecutionResult
    order: Order | None = None
    guard_seconds: float | None = None
    journal_seconds: float | None = None
    venue_seconds: float | None = None


@frozen(kw_only=True)
class OrderChanged(Event):
    """A later change: filled, cancelled, expired, settled by an operator."""

    client_order_id: str
    symbol: str
    result: ExecutionResult


@frozen(kw_only=True)
class OrderFilled(Event):
    """One fill, booked."""

    client_order_id: str
    symbol: str
    fill: Fill


@frozen(kw_only=True)
class AccountReadiness(Event):
    """An account became ready, or ceased to be."""

    ready: bool
    reason: str = ""


@frozen(kw_only=True)
class PluginFailed(Event):
    """A guard or observer raised; the others were heard all the same."""

    plugin: str
    hook: str
    error: str = field(repr=False)


@frozen(kw_only=True)
class AccountHalted(Event):
    """What an account may do has changed.

    Args:
        state: ``active``, ``reducing`` (entries are denied) or ``halted`` (nothing is sent but cancels).
        reason: whose word it was, or what tripped it.
    """

    state: str
    reason: str


@frozen(kw_only=True)
class ProtectionChanged(Event):
    """An entry's stop stands, or does not stand any more.

    Args:
        protected: the venue was seen to hold stops for all that is filled and not closed; less than the smallest quantity
            that it takes does not count.
        uncovered: base units or contracts without a stop.
        seconds: for how long some of it has stood without a stop until now, all such times together.
        reason: why it is not protected; empty when it is.
    """

    client_order_id: str
    symbol: str
    protected: bool
    uncovered: Decimal = ZERO
    seconds: float = 0.0
    reason: str = ""


@frozen(kw_only=True)
class BreakerChanged(Event):
    """The account's circuit breaker has changed.

    Args:
        state: ``closed`` (orders go), ``open`` (entries are denied), ``probing`` (one is let through).
    """

    state: Literal["closed", "open", "probing"]
    reason: str


@frozen(kw_only=True)
class Mismatch(Event):
    """What the venue holds is not what our own orders built up; seen twice in a row, with nothing on its way.

    Args:
        kind: ``position``, ``balance`` or ``order``.
        symbol: canonical, or the currency of a balance.
        ours: what the hub's books say.
        venues: what the venue says.
    """

    kind: Literal["position", "balance", "order"]
    symbol: str
    ours: str
    venues: str


@frozen(kw_only=True)
class RateBudget(Event):
    """How much of its limit of requests a venue has used: told by the venue itself, when that has changed.

    Args:
        used: share of the requests that the venue allows in the running window, 0 to 1.
        waiting: requests that wait for their turn.
        seconds: how long the next request would wait.
    """

    used: float
    waiting: int = 0
    seconds: float = 0.0


@frozen(kw_only=True)
class Alarm(Event):
    """Something that a human should look at.

    Args:
        code: a word in capitals.
        message: a sentence with the remedy.
        client_order_id: the order concerned, if one is.
    """

    code: str
    message: str
    client_order_id: str | None = None
