# SPDX-License-Identifier: MIT
"""Legs that the venue keeps with the entry: read back until the stop is seen; what is left of them at the end is cancelled."""

from __future__ import annotations

import asyncio
import logging
from decimal import Decimal

from fks_exec.model.copying import changed
from fks_exec.model.numbers import ZERO
from fks_exec.model.results import Leg, Status

from ..accounts.desk import Desk
from ..orders.lookups import Lookups, can_look
from ..orders.record import record
from ..orders.repair import write
from ..orders.steps import act_outcome
from ..orders.submit import submit_cancel_leg
from .bracket import Bracket
from .family import STOP
from .patience import Patience
from .telling import ATTACHED, covered, uncovered

log: logging.Logger = logging.getLogger(__name__)

_NO_EFFECT = frozenset({Status.REJECTED, Status.NOT_PLACED, Status.DENIED})

_STANDS = frozenset({Status.ACCEPTED, Status.PARTIALLY_FILLED, Status.PENDING})


class Attached:
    """Looks after the entries of one account whose legs the venue keeps.

    Args:
        desk: the account at work.
        lookups: its budget.
    """

    def __init__(self, desk: Desk, lookups: Lookups) -> None:
        self._desk = desk
        self._lookups = lookups
        self._patience = Patience()

    async def tend(self, bracket: Bracket) -> bool | None:
        """As :meth:`Protector._step`; also False when no stop was found, and ``bracket.failed`` is for the caller to set."""
        if bracket.remaining <= 0:
            return await self._drop(bracket)
        stops = [leg for leg in bracket.entry.result.legs if leg.role == STOP]
        if stops and all(leg.status.terminal for leg in stops):
            bracket.evidence.pop(ATTACHED, None)
        if bracket.entry.plan is None or bracket.entry.plan.stop is None or not uncovered(bracket):
            return False
        if not can_look(self._desk):
            return self._believe(bracket)
        if self.missing(bracket):
            return False
        before, clock = covered(bracket), self._desk.clock
        if not self._patience.may_look(bracket.name, clock.monotonic()):
            return None
        held = await self._look(bracket)
        if covered(bracket) > before:
            self._patience.found(bracket.name)
            return True
        if held is not None:
            self._patience.missed(bracket.name, clock.monotonic())
        return False if self.missing(bracket) else None

    def missing(self, bracket: Bracket) -> bool:
        """It was looked for often enough."""
        return self._patience.exhausted(bracket.name)

    def _believe(self, bracket: Bracket) -> bool | None:
        """A venue that cannot be asked has only its answer."""
        if self._desk.account is None:
            return None
        before = covered(bracket)
        self._weigh(bracket, bracket.entry.result.legs)
        return covered(bracket) > before

    async def _look(self, bracket: Bracket) -> bool | None:
        entry = bracket.entry
        try:
            async with asyncio.timeout(self._desk.config.deadline):
                news = await self._lookups.ask(entry, urgent=True)
        except Exception as error:  # it proves nothing
            log.warning("account %s: legs could not be read back: %s", self._desk.name, type(error).__name__)
            return None
        if news is None:
            return None
        if any(leg.role == STOP and leg.status is Status.REJECTED for leg in news.legs):
            self._patience.give_up(bracket.name, self._desk.clock.monotonic())
        seen = self._weigh(bracket, news.legs)
        if news.legs != entry.result.legs or news.filled_quantity != entry.result.filled_quantity:
            await record(self._desk, entry, changed(news, client_order_id=bracket.name))
        return seen > 0

    def _weigh(self, bracket: Bracket, legs: tuple[Leg, ...]) -> Decimal:
        """How much the venue's stops cover."""
        stops = [leg for leg in legs if leg.role == STOP and leg.status in _STANDS]
        whole = any(leg.quantity is None for leg in stops)
        quantity = bracket.remaining if whole else sum((leg.quantity or ZERO for leg in stops), ZERO)
        bracket.evidence[ATTACHED] = quantity
        return quantity

    async def _drop(self, bracket: Bracket) -> bool | None:
        """Nothing stands open: legs that the venue still shows are cancelled."""
        entry = bracket.entry
        resting = [leg for leg in entry.result.legs if not leg.status.terminal and (leg.order_id or leg.venue_client_order_id)]
        if not resting or not entry.result.status.terminal or not bracket.filled:
            return False
        held = await self._look(bracket) if can_look(self._desk) else True
        if held is None:
            return None
        resting = [leg for leg in entry.result.legs if not leg.status.terminal]
        if not resting or self._desk.account is None or "cancel_order" not in self._desk.account.capabilities.abilities:
            return False
        entry.cancels += 1
        answer = await submit_cancel_leg(self._desk, entry, resting[0], entry.cancels)
        await write(self._desk, act_outcome(entry, "cancel", entry.cancels, answer, self._desk.clock.now()))
        if not answer.status.terminal or answer.status in _NO_EFFECT:
            return None
        legs = tuple(changed(leg, status=Status.CANCELED) if leg is resting[0] else leg for leg in entry.result.legs)
        await record(self._desk, entry, changed(entry.result, legs=legs))
        return True
