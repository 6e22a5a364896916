# SPDX-License-Identifier: MIT
"""A stop that cannot be had: tried again, then what it was to protect is closed, or left open and told; as configured."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from decimal import Decimal

from fks_exec.model.copying import changed
from fks_exec.model.numbers import plain
from fks_exec.model.orders import Order
from fks_exec.model.results import ExecutionResult, Status

from ..accounts.desk import Desk
from ..accounts.live import Live
from ..journal.protocol import HaltState, JournalError
from ..orders.attempts import EXITS_IN_VAIN, of_the_moment
from ..orders.record import record
from .allowance import side_of
from .bracket import Bracket, ended_by_venue, open_leg, rules_of
from .family import EXCESS, FAILURE, LEGS, STOP, child_id, parent_of
from .legs import enforced
from .levels import keep_plan
from .patience import Patience
from .telling import uncovered

log: logging.Logger = logging.getLogger(__name__)

CLOSES = 3
"""So many orders are made to close what has no stop."""

_WAITS = frozenset({"ACCOUNT_NOT_READY", "FENCED"})


class Failing:
    """What is done for the entries of one account whose stop cannot be had.

    Args:
        desk: the account at work.
        enter: puts an order into its lane, once for its id.
    """

    def __init__(self, desk: Desk, enter: Callable[[Order], Awaitable[Live]]) -> None:
        self._desk = desk
        self._enter = enter
        self._patience = Patience()

    def amended(self, bracket: Bracket, answer: ExecutionResult) -> bool | None:
        """What the venue answered to a change of a leg in place; as :meth:`refused`."""
        if answer.status is Status.REJECTED and not answer.retryable:
            if bracket.moving is not None:
                self._back(bracket, answer.error or answer.code or "")
            else:
                bracket.no_amend = True
            return True
        taken = answer.status in (Status.ACCEPTED, Status.PARTIALLY_FILLED, Status.FILLED)
        return True if taken else None

    def _back(self, bracket: Bracket, why: str) -> None:
        """The venue does not take the new prices: those before stand."""
        bracket.entry.plan, bracket.moving = bracket.moving, None
        self._desk.spawn(asyncio.get_running_loop().create_task(self._keep(bracket)))
        text = f"the venue refused to move what protects {bracket.name}: {why}; it is as it was"
        bracket.move_refused = text
        self._desk.alarm("MOVE_REFUSED", text, bracket.name)

    async def _keep(self, bracket: Bracket) -> None:
        """The prices that stand outlive the host too."""
        try:
            if bracket.entry.plan is not None:
                await keep_plan(self._desk, bracket.entry, bracket.entry.plan)
        except JournalError as error:
            log.warning("account %s: prices of %s were not kept: %s", self._desk.name, bracket.name, error)

    def refused(self, bracket: Bracket, leg: Live) -> bool | None:
        """A leg was refused, with proof. True: go on with what follows from it; None: try again after a pause."""
        result = leg.result
        why = result.error or result.code or result.status.value
        if result.code in _WAITS:
            return None
        if bracket.moving is not None:
            self._back(bracket, why)
            return True
        if leg.role != STOP:
            bracket.no_target = True
            text = f"the venue refused the target of {bracket.name}: {why}; its stop stands, take the profit by hand"
            self._desk.alarm("TARGET_REFUSED", text, bracket.name)
            return True
        now, config = self._desk.clock.monotonic(), self._desk.config
        if bracket.refused and bracket.stood > bracket.refused[-1] and now - bracket.refused[-1] > config.attempts_within:
            bracket.refused.clear()  # a stop stood since, and not for a moment only: this is another trouble, with its own time
        bracket.refused.append(now)
        since = now - bracket.refused[0]
        patient = config.protection.on_failure == "retry_then_close" and since < config.protection.retry_seconds
        limit = config.exit_attempts or (EXITS_IN_VAIN if ended_by_venue(leg) else None)
        again = (
            (of_the_moment(result, exit=True) or ended_by_venue(leg))
            and (limit is None or len(bracket.refused) < limit)
            and since < config.attempts_within
        )
        if patient or again:
            return None
        self.fail(bracket, f"the venue refused its stop: {why}")
        return True

    def fail(self, bracket: Bracket, why: str) -> None:
        """No further stop is tried; told once."""
        if bracket.failed:
            return
        bracket.failed = why
        policy = self._desk.config.protection.on_failure
        then = "it stands open: close it, or set another stop" if policy == "keep_and_alert" else "what it holds is closed"
        self._desk.alarm("STOP_FAILED", f"{bracket.name} of {bracket.entry.lane} has no stop: {why}; {then}", bracket.name)

    def found(self, leg: Live) -> None:
        """The venue shows a leg: looks that did not are forgotten."""
        self._patience.found(leg.key.client_order_id)

    def stands(self, bracket: Bracket, leg: Live) -> None:
        """The venue holds a leg, by all that it can show."""
        if leg.role == STOP and open_leg(leg):
            bracket.stood = self._desk.clock.monotonic()

    async def missing(self, bracket: Bracket, leg: Live, drop: Callable[[Live], Awaitable[bool]]) -> bool | None:
        """The venue had taken a leg and does not show it: after some looks, and a cancel that it does not know, it is gone."""
        name, now = leg.key.client_order_id, self._desk.clock.monotonic()
        if not self._patience.may_look(name, now) or not self._patience.missed(name, now):
            return None
        self._patience.found(name)
        if await drop(leg):
            return True
        text = f"the venue took the leg {name} and neither shows it nor can cancel it; it counts as gone"
        self._desk.alarm("LEG_VANISHED", text, bracket.name)
        linked = tuple(changed(each, status=Status.CANCELED) for each in leg.result.legs)
        gone = ExecutionResult(status=Status.CANCELED, code="LEG_VANISHED", error=text, legs=linked)
        await record(self._desk, leg, gone)
        return True

    def unable(self, bracket: Bracket, why: str) -> None:
        """The venue has no way to do what is needed; told once."""
        if not bracket.faulty:
            bracket.faulty = True
            text = f"what protects {bracket.name} cannot be changed: {why}; look at the venue, and do it there"
            self._desk.alarm("LEG_STUCK", text, bracket.name)

    def stuck(self, bracket: Bracket, leg: Live) -> None:
        """The venue did not cancel a leg that is to go; after some tries a human is told, once."""
        name = leg.key.client_order_id
        tries = bracket.stuck[name] = bracket.stuck.get(name, 0) + 1
        if tries == CLOSES:
            text = f"the venue does not cancel {name}, which is to go: {leg.result.error or 'it still rests'}; cancel it there"
            self._desk.alarm("LEG_STUCK", text, bracket.name)

    def overdue(self, bracket: Bracket) -> None:
        """What stands open without a stop for longer than a call to the venue may take is told, whatever the reason."""
        since = bracket.entry.naked_from
        if since is None:
            bracket.naked_told = False
        elif self._desk.clock.monotonic() - since > self._desk.config.deadline:
            self._naked(bracket, uncovered(bracket))

    async def tend(self, bracket: Bracket, naked: Decimal) -> bool:
        """Close what has no stop, as configured; whether something was begun."""
        policy = self._desk.config.protection.on_failure
        if not bracket.failed or policy == "keep_and_alert" or bracket.busy:
            return False
        quantity = rules_of(bracket).valid(naked, None)
        if not quantity:
            return False
        if await self._stop_filling(bracket):
            return True
        made = [child for child in bracket.others if child.role == FAILURE]
        in_vain = [child for child in made if not child.booked and child.result.code != "HALTED"]
        if self._desk.halt.state is HaltState.HALTED or len(in_vain) >= CLOSES:
            self._naked(bracket, naked)
            return False
        number = len(made) + 1
        return await self._close(bracket, FAILURE, number, quantity)

    async def _stop_filling(self, bracket: Bracket) -> bool:
        """An entry that cannot have a stop is not to fill any further; whether it was cancelled now."""
        entry = bracket.entry
        if entry.result.status.terminal or bracket.cancelled:
            return False
        bracket.cancelled = True
        await self._desk.cancel(entry)
        return True

    def _naked(self, bracket: Bracket, naked: Decimal) -> None:
        if bracket.naked_told:
            return
        bracket.naked_told = True
        text = f"{plain(naked)} of {bracket.entry.lane} stand open without a stop; if that stays so, close them by hand"
        self._desk.alarm("NAKED_POSITION", text, bracket.name)

    async def flatten(self, bracket: Bracket, quantity: Decimal) -> bool:
        """Both legs have filled: what they closed too much is taken back, once; what an order left of it, by another one.

        Nothing is sent before it is proved what the last one has filled.
        """
        made = [child for child in bracket.others if child.role == EXCESS]
        if any(not child.result.status.terminal for child in made):
            return False
        if len(made) >= CLOSES:
            return self._excess_stands(bracket, quantity, made[-1])
        if not made:
            text = f"the legs of {bracket.name} closed {plain(quantity)} more than it held; an order is sent to take that back"
            self._desk.alarm("BOTH_LEGS", text, bracket.name)
        return await self._close(bracket, EXCESS, len(made) + 1, quantity)

    def _excess_stands(self, bracket: Bracket, quantity: Decimal, last: Live) -> bool:
        """What is left after the last order that was to take it back; told once. Whether that was now: all is done then."""
        if bracket.excess_told:
            return False
        bracket.excess_told = True
        what = f"{plain(quantity)} of {bracket.entry.lane} that the legs of {bracket.name} closed too much"
        why = last.result.error or last.result.code or last.result.status.value
        tried = f"{CLOSES} orders were refused or ended early, the last one: {why}"
        text = f"{what} could not be taken back, {tried}; nothing more is sent for it"
        self._desk.alarm("EXCESS_STANDS", f"{text}; compare the position with the venue, and set it right", bracket.name)
        return True

    def others_closed(self, bracket: Bracket, quantity: Decimal) -> None:
        """Its legs closed what others of the account held, who have less by that; told once."""
        changed_by = [bracket.entry, *bracket.entry.legs]
        if any(live.others_told for live in changed_by) or not rules_of(bracket).valid(quantity, None):
            return
        names = sorted({name for live in changed_by for name in _others(live)})
        whose = f"the strategies {_listed(names)}" if names else "later entries"
        text = f"the legs of {bracket.name} closed {plain(quantity)} of {bracket.entry.lane} more than it had left"
        self._tell_others(f"{text}; that was held by {whose}", bracket.name, changed_by)

    def late(self, live: Live) -> None:
        """A stop or target has filled after all was done for its entry: what others held is told here, once."""
        names = sorted(_others(live))
        if not names or live.others_told:
            return  # as of nearly every change of an order: its fills are not gone through for that
        if live.role in LEGS or any(fill.leg for fill in live.fills.values()):
            name = parent_of(live.key.client_order_id) if live.role else live.key.client_order_id
            text = f"a leg of {name} filled late, and closed of {live.lane} what the strategies {_listed(names)} held"
            self._tell_others(text, name, [live])

    def over(self, bracket: Bracket) -> None:
        """All is done: what its legs took of others by now was told, or is less than the venue takes in one order."""
        for live in (bracket.entry, *bracket.entry.legs):
            live.others_told = bool(_others(live))

    def _tell_others(self, text: str, name: str, changed_by: list[Live]) -> None:
        for live in changed_by:
            live.others_told = True
        remedy = "their positions are smaller by that: look whether they are to be opened again"
        self._desk.alarm("OTHERS_CLOSED", f"{text}, and {remedy}", name)

    async def _close(self, bracket: Bracket, role: str, number: int, quantity: Decimal) -> bool:
        entry, account = bracket.entry, self._desk.account
        side = side_of(bracket) if role == EXCESS else side_of(bracket).opposite
        order = Order(
            symbol=entry.lane,
            side=side,
            quantity=quantity,
            reduce_only=account is not None and enforced(account, entry),
            client_order_id=child_id(bracket.name, role, number),
            strategy=entry.instruction.strategy,
        )
        child = await self._enter(order)
        if child not in bracket.others:
            bracket.others.append(child)
        return True


def _others(live: Live) -> set[str]:
    """The strategies beside its own whose positions its fills have changed."""
    return live.shares - {live.instruction.strategy or ""}


def _listed(names: list[str]) -> str:
    return ", ".join(name or "without a name" for name in names)
