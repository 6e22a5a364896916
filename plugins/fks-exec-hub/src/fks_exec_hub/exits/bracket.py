# SPDX-License-Identifier: MIT
"""What protects one entry: how much is filled and not closed, what its legs cover, and what is to be done next. Nothing is
asked and nothing is written here.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Literal, TypeAlias

from attrs import define, field, frozen

from fks_exec.model.market import Instrument, Kind
from fks_exec.model.numbers import ZERO
from fks_exec.model.results import Status

from ..accounts.live import Live, Plan
from .family import EXCESS, STOP, TARGET
from .legs import trigger_of

Role: TypeAlias = Literal["stop_loss", "take_profit"]


@define(eq=False, kw_only=True)
class Bracket:
    """One entry and all that was made for it.

    Args:
        others: what closes for it beside its legs: after a failure, at a watched target, of an excess.
        released: what other orders closed of it, base units or contracts; it needs no protection any more.
        evidence: the legs that the venue was seen to hold, each as it was then.
        retired: legs that are to go as soon as others stand in their place.
        refused: when stops were refused, monotonic seconds; without those before one that stood for long.
        stood: monotonic seconds at which the venue was last seen to hold a stop.
        failed: why it has no stop, once no further one is tried; empty: it is worked at.
        no_target: the venue refused its target.
        faulty: a fault of the hub was told.
        no_amend: the venue refused to change its legs in place.
        instead: the kind of protection that takes the place of its attached legs; empty: they stay; None: it is not known yet.
        kept_at: how it stood when nothing could be done about attached legs that are too large.
        ahead: what its attached legs had filled when they were last read back, where that is more than the entry itself.
        forgotten: look-ups in a row by which the venue has no such order, though it had filled something.
        excess_told: that what its legs closed too much could not be taken back was told.
        moving: the prices before its stop or target was moved, until the legs stand at the new ones.
        move_refused: why the last move was not made.
        watch_again: monotonic seconds before which a watched target is not taken.
        naked_told: that it stands open without a stop, and could not be closed, was told.
        flattened: what the venue was seen not to hold any more, though nothing of ours closed it.
        gone: what our books held of the instrument when the venue was seen to hold nothing of it; None: nothing is in doubt.
        unread: look-ups in a row that answered without what its entry has filled.
        look_wait: seconds from the last look for a late fill of what was flattened to the next one.
        look_again: monotonic seconds of that one.
        stray_since: monotonic seconds since which legs of an entry that rests stand though they protect nothing.
        strays: those that were told.
        unkept: named steps that could not be written yet, and what they are to hold.
        stuck: how often the venue did not cancel a leg that is to go.
        fees_asked: the venue was asked for its fees after a stop was refused.
        anew: it had ended, and has filled more since; what was made for it before is not gathered yet.
        ended: legs that the venue ended by itself, as far as that was taken notice of.
        cancelled: its entry was cancelled, since it cannot have a stop.
        task: works at it.
        woken: something has changed.
    """

    entry: Live
    others: list[Live] = field(factory=list)
    released: Decimal = ZERO
    evidence: dict[str, Decimal] = field(factory=dict)
    retired: set[str] = field(factory=set)
    refused: list[float] = field(factory=list)
    stood: float = float("-inf")
    failed: str = ""
    no_target: bool = False
    watch_again: float = 0.0
    faulty: bool = False
    no_amend: bool = False
    instead: str | None = None
    kept_at: tuple[bool, Decimal, bool] | None = None
    ahead: Decimal = ZERO
    forgotten: int = 0
    excess_told: bool = False
    moving: Plan | None = None
    move_refused: str = ""
    naked_told: bool = False
    flattened: Decimal = ZERO
    gone: Decimal | None = None
    unread: int = 0
    look_wait: float = 0.0
    look_again: float = 0.0
    stray_since: float | None = None
    strays: set[str] = field(factory=set)
    unkept: dict[str, Decimal] = field(factory=dict)
    stuck: dict[str, int] = field(factory=dict)
    ended: set[str] = field(factory=set)
    cancelled: bool = False
    fees_asked: bool = False
    anew: bool = False
    task: asyncio.Task[None] | None = None
    woken: asyncio.Event = field(factory=asyncio.Event)

    @property
    def name(self) -> str:
        """The entry's id."""
        return self.entry.key.client_order_id

    @property
    def filled(self) -> Decimal:
        """What the entry has filled, less what was paid of it as a fee in the base currency."""
        return max(self.entry.booked - base_fees(self.entry), ZERO)

    @property
    def by_attached(self) -> Decimal:
        """What the legs have filled that the venue keeps with it."""
        return sum((fill.quantity for fill in self.entry.fills.values() if fill.leg), ZERO)

    @property
    def closed(self) -> Decimal:
        """What its legs, and whatever was made to close it, have filled; less what was taken back of that."""
        legs = self.by_attached + sum((done(leg) for leg in self.entry.legs), ZERO)
        return legs + sum((done(child) * (-1 if child.role == EXCESS else 1) for child in self.others), ZERO)

    @property
    def remaining(self) -> Decimal:
        """What stands open of it; below zero: more was closed than it had filled."""
        return ZERO if self.anew else self.filled - self.closed - self.released - self.flattened

    def resting(self, role: str) -> list[Live]:
        """Its legs of a role that rest, as far as is known, whatever their price; those on their way out too."""
        return [leg for leg in self.entry.legs if leg.role == role and open_leg(leg)]

    def good(self, role: str) -> list[Live]:
        """Its legs of a role that rest at the price that is wanted, and are to stay."""
        wanted = price_of(self.entry, role)
        legs = [leg for leg in self.resting(role) if leg.key.client_order_id not in self.retired]
        return [leg for leg in legs if trigger_of(leg) == wanted and self._linked_well(leg)]

    def _linked_well(self, leg: Live) -> bool:
        """Where the venue links stop and target, the target is right too."""
        plan, order = self.entry.plan, leg.order
        if leg.role != STOP or plan is None or plan.kind != "oco":
            return True
        return order is not None and order.take_profit == plan.target

    @property
    def standing(self) -> list[Live]:
        """All its legs that rest."""
        return [leg for leg in self.entry.legs if open_leg(leg)]

    @property
    def in_question(self) -> bool:
        """It is not known whether one of its legs exists."""
        return any(leg.result.status is Status.UNKNOWN for leg in (*self.entry.legs, *self.others))

    @property
    def busy(self) -> bool:
        """Something that closes it is on its way."""
        return any(not child.result.status.terminal for child in self.others)

    def seen(self, leg: Live) -> Decimal:
        """How much of a leg the venue was seen to hold."""
        return min(self.evidence.get(leg.key.client_order_id, ZERO), left(leg))


def is_attached(bracket: Bracket) -> bool:
    """Its legs went with the entry, and the venue keeps them."""
    return bracket.entry.plan is not None and bracket.entry.plan.kind == "attached"


def open_leg(leg: Live) -> bool:
    """It rests at the venue, as far as is known."""
    return leg.result.status in (Status.ACCEPTED, Status.PARTIALLY_FILLED)


def ended_by_venue(leg: Live) -> bool:
    """The venue took a leg and ended it without a fill, and nobody had asked for that: as good as a refusal."""
    ended = leg.result.status in (Status.CANCELED, Status.EXPIRED) and leg.result.code not in ("WITHDRAWN", "LEG_VANISHED")
    linked = any(fill.leg for fill in leg.fills.values())
    return ended and leg.first_sent is not None and not leg.cancels and not done(leg) and not linked


def left(leg: Live) -> Decimal:
    """What a leg may still fill, base units or contracts."""
    return ZERO if leg.order is None else max(leg.order.quantity - done(leg), ZERO)


def done(child: Live) -> Decimal:
    """What an order has filled in all, a linked target included."""
    return child.done


def price_of(entry: Live, role: str) -> Decimal | None:
    """The price that is wanted for a leg."""
    if entry.plan is None:
        return None
    return entry.plan.stop if role == STOP else entry.plan.target


def base_fees(entry: Live) -> Decimal:
    """What an entry on spot paid in the currency that it bought: as the venue sums it, or by its trades, whichever is more."""
    instrument = entry.instrument
    if instrument is None or instrument.kind is not Kind.SPOT or instrument.base is None:
        return ZERO
    base = instrument.base
    trades = sum((f.fee for f in entry.fills.values() if not f.leg and f.fee_currency == base), ZERO)
    told = sum((fee.amount for fee in entry.result.fees if fee.currency == base), ZERO)
    return max(trades, told, ZERO)


@frozen(kw_only=True)
class Place:
    """A leg is to be placed."""

    role: Role
    quantity: Decimal


@frozen(kw_only=True)
class Cancel:
    """A leg is to go."""

    leg: Live


@frozen(kw_only=True)
class Resize:
    """A leg is to have another quantity, or price, in place; a linked target goes with it."""

    leg: Live
    quantity: Decimal
    price: Decimal


@frozen(kw_only=True)
class Look:
    """The venue is to be asked whether it holds a leg."""

    leg: Live


Action: TypeAlias = Place | Cancel | Resize | Look


@frozen(kw_only=True)
class Rules:
    """What can be done at the venue.

    Args:
        enforced: it keeps a reduce-only order from opening a position: a second stop beside the first does no harm.
        amends: a resting leg can be changed in place.
        alone: no other strategy holds any of the instrument, so that a leg that is too large takes nothing of anybody else.
    """

    enforced: bool
    amends: bool
    instrument: Instrument | None
    alone: bool = False

    def valid(self, quantity: Decimal, price: Decimal | None) -> Decimal:
        """The largest part of a quantity that the venue takes; zero below its minimum."""
        if self.instrument is None:
            return max(quantity, ZERO)
        part = self.instrument.quantity_down(quantity) if quantity > 0 else ZERO
        least = self.instrument.min_notional
        if least is not None and price is not None and self.instrument.kind is not Kind.INVERSE:
            part = part if part * price * self.instrument.contract_size >= least else ZERO
        return part


def rules_of(bracket: Bracket) -> Rules:
    """Of quantities alone."""
    return Rules(enforced=True, amends=False, instrument=bracket.entry.instrument)


def next_action(bracket: Bracket, allowed: Decimal, rules: Rules) -> Action | None:
    """What is to be done next; None: all is as it should be, or has to be waited for.

    Args:
        allowed: how much may be covered at most, base units or contracts.
    """
    if any(leg.result.status is Status.UNKNOWN for leg in bracket.entry.legs):
        return None  # a second one beside it could be one too many
    return _for_role(bracket, STOP, allowed, rules) or _target(bracket, allowed, rules)


def _target(bracket: Bracket, allowed: Decimal, rules: Rules) -> Action | None:
    plan = bracket.entry.plan
    if plan is None or plan.kind != "reduce_only_pair":
        return None
    return _for_role(bracket, TARGET, ZERO if bracket.no_target or bracket.failed else allowed, rules)


def _for_role(bracket: Bracket, role: Role, allowed: Decimal, rules: Rules) -> Action | None:
    price = price_of(bracket.entry, role)
    wanted = rules.valid(allowed, price) if price is not None else ZERO
    good = bracket.good(role)
    wrong = [leg for leg in bracket.resting(role) if leg not in good]
    if wanted == 0 and allowed > 0:
        return _below_minimum(bracket, good, wrong, allowed, rules)
    if wanted == 0:
        return _first_cancel([*wrong, *good])
    covered = sum((left(leg) for leg in good), ZERO)
    if wrong and price is not None and rules.amends and covered < wanted:
        part = rules.valid(min(left(wrong[0]), wanted - covered), price)
        return Resize(leg=wrong[0], quantity=done(wrong[0]) + part, price=price) if part else Cancel(leg=wrong[0])
    if wrong and not rules.enforced:
        return Cancel(leg=wrong[0])
    if covered < wanted and (more := _more(bracket, role, good, wanted - covered, rules)) is not None:
        return more
    if covered > wanted:
        return _less(bracket, good, covered - wanted, rules)
    unseen = next((leg for leg in good if bracket.seen(leg) < left(leg)), None)
    return Look(leg=unseen) if unseen is not None else _first_cancel(wrong)


def _below_minimum(bracket: Bracket, good: list[Live], wrong: list[Live], allowed: Decimal, rules: Rules) -> Action | None:
    """Too little for a leg of its own; one that rests, and has filled but for this, is left alone."""
    fits = sum((left(leg) for leg in good), ZERO) <= allowed
    if not fits and not (rules.enforced and rules.alone):
        return _first_cancel([*wrong, *good])
    unseen = next((leg for leg in good if bracket.seen(leg) < left(leg)), None)
    return Look(leg=unseen) if unseen is not None else _first_cancel(wrong)


def _first_cancel(legs: list[Live]) -> Action | None:
    return Cancel(leg=legs[0]) if legs else None


def _more(bracket: Bracket, role: Role, good: list[Live], missing: Decimal, rules: Rules) -> Action | None:
    """A further leg; where the rest is too small for one, a larger one in place of the last."""
    price = price_of(bracket.entry, role)
    part = rules.valid(missing, price)
    if part > 0:
        return None if role == STOP and bracket.failed else Place(role=role, quantity=part)
    if not good or price is None:
        return None
    last = good[-1]
    if rules.amends:
        return Resize(leg=last, quantity=done(last) + left(last) + missing, price=price)
    if not rules.enforced:
        return None  # what is too small for a leg stays uncovered until there is more of it
    bracket.retired.add(last.key.client_order_id)
    return Place(role=role, quantity=left(last) + missing)


def _less(bracket: Bracket, good: list[Live], excess: Decimal, rules: Rules) -> Action | None:
    """A leg less, or a smaller one in its place."""
    whole = next((leg for leg in reversed(good) if left(leg) <= excess), None)
    if whole is not None:
        return Cancel(leg=whole)
    largest = max(good, key=left)
    smaller = rules.valid(left(largest) - excess, trigger_of(largest))
    if rules.amends and smaller > 0:
        return Resize(leg=largest, quantity=done(largest) + smaller, price=trigger_of(largest))
    if rules.enforced and smaller > 0:
        bracket.retired.add(largest.key.client_order_id)
        return Place(role=_role(largest), quantity=smaller)
    return Cancel(leg=largest)


def _role(leg: Live) -> Role:
    return STOP if leg.role == STOP else TARGET
