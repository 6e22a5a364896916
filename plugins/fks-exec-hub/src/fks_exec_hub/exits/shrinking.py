# SPDX-License-Identifier: MIT
"""Legs that the venue keeps with an entry, made smaller by what other orders closed of it.

No venue does this by itself for more than its own position: what a leg sells beyond what its entry has left, it sells of what
other strategies, or a later entry, hold. A leg is changed in place where the venue can do that; else all of them are cancelled,
and what is left is protected in the account's other way.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from decimal import Decimal

from attrs import evolve, frozen

from fks_exec.convert import encode, to_dict
from fks_exec.model.account import ProtectionKind
from fks_exec.model.copying import changed
from fks_exec.model.numbers import ZERO, plain
from fks_exec.model.orders import OrderChange
from fks_exec.model.results import ExecutionResult, Leg, Status

from ..accounts.desk import Desk
from ..journal.protocol import HaltState, NamedStep
from ..orders.lookups import can_look
from ..orders.record import record
from ..orders.repair import write
from ..orders.steps import act_outcome
from ..orders.submit import submit_amend_leg, submit_cancel_leg
from .bracket import Bracket, rules_of
from .family import STOP, TARGET
from .legs import INSTEAD
from .levels import keep_plan
from .patience import SPACES
from .plan import other_kind
from .telling import ATTACHED

log: logging.Logger = logging.getLogger(__name__)

STANDS = frozenset({Status.ACCEPTED, Status.PARTIALLY_FILLED})
"""A leg that may fill; one that is pending waits for its entry."""

_NO_EFFECT = frozenset({Status.REJECTED, Status.NOT_PLACED, Status.DENIED})

_NAMES = {STOP: "stop", TARGET: "target"}

TRIES = 3
"""So many changes in vain before a human is told."""


@frozen(kw_only=True)
class Less:
    """A leg that is to have a smaller quantity: all of it, with what it has filled, base units or contracts; zero: it goes."""

    leg: Leg
    quantity: Decimal


def standing(bracket: Bracket, role: str = "") -> list[Leg]:
    """The legs that may fill, of one role or of both."""
    return [leg for leg in bracket.entry.result.legs if leg.status in STANDS and role in ("", leg.role)]


def too_large(bracket: Bracket, remaining: Decimal) -> Less | None:
    """A leg that covers more than what is left of its entry, of which something was closed; None: there is none.

    Args:
        remaining: what is left of it, base units or contracts.
    """
    if remaining <= 0 or remaining >= bracket.filled:
        return None
    return _of_role(bracket, STOP, remaining) or _of_role(bracket, TARGET, remaining)


def _of_role(bracket: Bracket, role: str, remaining: Decimal) -> Less | None:
    legs = [leg for leg in standing(bracket, role) if leg.quantity is not None]
    excess = sum((_rest(leg) for leg in legs), ZERO) - remaining
    if excess <= 0:
        return None
    whole = next((leg for leg in reversed(legs) if _rest(leg) <= excess), None)
    if whole is not None:
        return Less(leg=whole, quantity=ZERO)
    largest = max(legs, key=_rest)
    part = rules_of(bracket).valid(_rest(largest) - excess, largest.trigger_price)
    return Less(leg=largest, quantity=largest.filled_quantity + part if part else ZERO)


def _rest(leg: Leg) -> Decimal:
    """What a leg may still fill."""
    return max((leg.quantity or ZERO) - leg.filled_quantity, ZERO)


def held_back(desk: Desk) -> bool:
    """A halt, and by the account's configuration nothing is placed while there is one, not even a stop."""
    return desk.halt.state is HaltState.HALTED and not desk.config.protect_when_halted


class Shrinking:
    """Makes the attached legs of one account smaller.

    Args:
        desk: the account at work.
        look: reads the legs of an entry back; None: it could not be asked.
    """

    def __init__(self, desk: Desk, look: Callable[[Bracket], Awaitable[bool | None]]) -> None:
        self._desk = desk
        self._look = look

    async def tend(self, bracket: Bracket) -> bool | None:
        """As :meth:`Protector._step`; False as well where nothing more can be done about legs that are too large."""
        if self._desk.account is None or self._desk.account.capabilities.protection_scope == "position":
            return False
        if await self._instead(bracket):
            return await self._replace(bracket)
        if too_large(bracket, bracket.remaining) is None or bracket.kept_at == self._stand(bracket):
            return False
        if not await self.known(bracket):
            return None
        less = too_large(bracket, bracket.remaining)
        return True if less is None else await self._less(bracket, less)

    async def known(self, bracket: Bracket) -> bool:
        """The legs are read back; or what is known of them is all there is: the venue cannot tell, or has forgotten."""
        if not can_look(self._desk) or await self._look(bracket) is not None:
            return True
        return bracket.forgotten >= len(SPACES)

    async def _less(self, bracket: Bracket, less: Less) -> bool | None:
        """One step towards smaller legs."""
        declared, ended = self._venue_can(), bracket.entry.result.status.terminal
        if less.quantity and "amend_order" in declared and not bracket.no_amend:
            if self._desk.halt.state is HaltState.HALTED:
                return self._keep(bracket, less, "the account is halted, and only cancels")
            return await self._amend(bracket, less)
        if not ended or "cancel_order" not in declared:
            return self._keep(bracket, less, "the venue cannot change it" if ended else "the entry still rests")
        if not less.quantity:
            return await self.cancel(bracket, less.leg)
        kind = self._other_kind(bracket)
        if kind is None:
            return self._keep(bracket, less, "the venue cannot change it")
        if held_back(self._desk):
            return self._keep(bracket, less, "the account is halted, and no stop is placed meanwhile")
        await self._mark(bracket, kind)
        return True

    def _venue_can(self) -> frozenset[str]:
        return frozenset() if self._desk.account is None else self._desk.account.capabilities.abilities

    def _other_kind(self, bracket: Bracket) -> ProtectionKind | None:
        account, entry = self._desk.account, bracket.entry
        if account is None or entry.plan is None:
            return None
        return other_kind(account, self._desk.config.protection, entry.plan, entry.instrument)

    async def _amend(self, bracket: Bracket, less: Less) -> bool | None:
        """Change it in place; what it is then is read back."""
        entry, desk = bracket.entry, self._desk
        async with entry.act:
            entry.amends += 1
            document = encode({"order": to_dict(entry.order)})
            change = OrderChange(quantity=less.quantity)
            answer = await submit_amend_leg(desk, entry, less.leg, entry.amends, change, document=document)
            await write(desk, act_outcome(entry, "amend", entry.amends, answer, desk.clock.now()))
        if not await self.known(bracket):
            return None
        if answer.status in STANDS and (bracket.forgotten or not can_look(desk)):
            await self._told(bracket, less.leg, changed(less.leg, quantity=less.quantity))
        if too_large(bracket, bracket.remaining) != less:  # done, or something else has happened
            bracket.stuck.pop(ATTACHED, None)
            return True
        return self._in_vain(bracket, less, answer)

    def _in_vain(self, bracket: Bracket, less: Less, answer: ExecutionResult) -> bool | None:
        why = answer.error or answer.code or "it is as it was"
        if answer.status is Status.REJECTED and not answer.retryable:
            if not bracket.entry.result.status.terminal:
                return self._keep(bracket, less, why)
            bracket.no_amend = True
            return True
        tries = bracket.stuck[ATTACHED] = bracket.stuck.get(ATTACHED, 0) + 1
        if tries == TRIES:
            self._tell(bracket, less, why)
        return None

    def _keep(self, bracket: Bracket, less: Less, why: str) -> bool:
        """Nothing can be done about it, until something changes."""
        bracket.kept_at = self._stand(bracket)
        self._tell(bracket, less, why)
        return False

    def _tell(self, bracket: Bracket, less: Less, why: str) -> None:
        lane, leg = bracket.entry.lane, less.leg
        text = f"the {_NAMES[leg.role]} of {bracket.name} stands for {plain(_rest(leg))} of {lane}, of which it has only"
        remedy = f"change it to {plain(less.quantity)}" if less.quantity else "cancel it"
        text = f"{text} {plain(bracket.remaining)} left: {why}; {remedy} at the venue, else it sells what others hold"
        self._desk.alarm("LEGS_TOO_LARGE", text, bracket.name)

    async def _mark(self, bracket: Bracket, kind: ProtectionKind) -> None:
        """From here on all attached legs are to go, and what is left is protected in the other way; a later host goes on."""
        step = NamedStep(key=bracket.entry.key, name=INSTEAD, data=kind, time=self._desk.clock.now())
        await write(self._desk, step)
        bracket.instead = kind

    async def _instead(self, bracket: Bracket) -> bool:
        """Whether they are to be replaced; an earlier host may have begun with it."""
        if bracket.instead is None and any(leg.status.terminal for leg in bracket.entry.result.legs):
            steps = await self._desk.journal.steps(bracket.entry.key)
            bracket.instead = steps.get(INSTEAD, "")
        return bool(bracket.instead)

    async def _replace(self, bracket: Bracket) -> bool | None:
        """All attached legs are cancelled, the stop last; then what is left is protected by orders of the hub's own."""
        entry, kind = bracket.entry, self._other_kind(bracket)
        if not await self.known(bracket):
            return None
        if bracket.remaining <= 0:
            return True
        legs = [*standing(bracket, TARGET), *standing(bracket, STOP)]
        if legs and held_back(self._desk):
            return False  # nothing could take their place
        if legs:
            return await self.cancel(bracket, legs[0])
        if kind is None or entry.plan is None:
            return False
        await keep_plan(self._desk, entry, evolve(entry.plan, kind=kind))
        bracket.evidence.pop(ATTACHED, None)
        return True

    async def cancel(self, bracket: Bracket, leg: Leg) -> bool | None:
        """Cancel a leg; True: it is over, None: look again.

        Raises:
            JournalError, AccountNotReady, NotSupported: the venue was not asked.
        """
        entry, desk = bracket.entry, self._desk
        entry.cancels += 1
        answer = await submit_cancel_leg(desk, entry, leg, entry.cancels)
        await write(desk, act_outcome(entry, "cancel", entry.cancels, answer, desk.clock.now()))
        if not answer.status.terminal or answer.status in _NO_EFFECT:
            self._stuck(bracket, leg, answer)
            return None
        if (answer.filled_quantity or answer.status is Status.FILLED) and can_look(desk):
            await self._look(bracket)  # it fired before it was cancelled: its fills are booked before it is over
            return None
        await self._told(bracket, leg, changed(leg, status=answer.status, filled_quantity=answer.filled_quantity))
        return True

    def _stuck(self, bracket: Bracket, leg: Leg, answer: ExecutionResult) -> None:
        """The venue did not cancel it; after some tries a human is told, once."""
        name = leg.order_id or leg.venue_client_order_id or leg.role
        tries = bracket.stuck[name] = bracket.stuck.get(name, 0) + 1
        if tries == TRIES:
            why = answer.error or answer.code or "it still rests"
            text = f"the venue does not cancel the {_NAMES[leg.role]} of {bracket.name}, which is to go: {why}; cancel it there"
            self._desk.alarm("LEG_STUCK", text, bracket.name)

    def _stand(self, bracket: Bracket) -> tuple[bool, Decimal, bool]:
        """On which it depends whether a leg that could not be made smaller is tried again."""
        halted = self._desk.halt.state is HaltState.HALTED
        return bracket.entry.result.status.terminal, bracket.remaining, halted

    async def _told(self, bracket: Bracket, leg: Leg, now: Leg) -> None:
        """What a leg has become, by the venue's answer."""
        entry = bracket.entry
        legs = tuple(now if each is leg else each for each in entry.result.legs)
        await record(self._desk, entry, changed(entry.result, legs=legs))
