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
from ..accounts.merging import merge_legs
from ..orders.lookups import Lookups, can_look
from ..orders.record import record
from .bracket import Bracket, rules_of
from .family import STOP
from .patience import SPACES, Patience
from .shrinking import Shrinking, standing, too_large
from .telling import ATTACHED, covered, exposed

log: logging.Logger = logging.getLogger(__name__)

STRAY = 2.0
"""Seconds that legs of an entry that rests may stand though they protect nothing: many venues take them back themselves."""

LATE = (5.0, 300.0)
"""Seconds between two looks for a late fill of legs whose position seemed closed elsewhere, at first and at most."""

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
        self._shrinking = Shrinking(desk, self._look)

    async def tend(self, bracket: Bracket) -> bool | None:
        """As :meth:`Protector._step`; also False when no stop was found, and ``bracket.failed`` is for the caller to set."""
        if bracket.gone is not None and self.due(bracket):
            return await self._read(bracket)
        if bracket.remaining <= 0:
            return await self._drop(bracket)
        bracket.stray_since = None
        bracket.strays.clear()
        shrunk = await self._shrinking.tend(bracket)
        if shrunk is not False:
            return shrunk
        stops = [leg for leg in bracket.entry.result.legs if leg.role == STOP]
        if stops and all(leg.status.terminal for leg in stops):
            bracket.evidence.pop(ATTACHED, None)
            price = None if bracket.entry.plan is None else bracket.entry.plan.stop or bracket.entry.plan.target
            if not standing(bracket) and not rules_of(bracket).valid(bracket.remaining, price):
                return False  # no stop could be so small
        if bracket.entry.plan is None or bracket.entry.plan.stop is None or not exposed(bracket):
            return await self._read(bracket) if self.due(bracket) else False
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

    def in_the_way(self, bracket: Bracket, remaining: Decimal) -> bool:
        """Whether its legs would close what a further entry opens: they stand for more than what is left of it.

        Where nothing is left of it, legs that nobody can look at or change keep nobody waiting; nor do those that the venue may
        be taking back by itself.

        Args:
            remaining: what is left of it, base units or contracts.
        """
        account, legs = self._desk.account, standing(bracket)
        if not legs or account is None or account.capabilities.protection_scope == "position":
            return False
        if remaining > 0:
            return too_large(bracket, remaining) is not None
        if not bracket.entry.result.status.terminal:
            return bool(bracket.strays & _standing(bracket))
        return can_look(self._desk) or "cancel_order" in account.capabilities.abilities

    def due(self, bracket: Bracket) -> bool:
        """Whether its entry has filled something since its legs were last read back, and the venue can tell of them.

        Also where its legs have filled more than the entry itself: news of that are behind, or both legs have filled.
        """
        unread = bool(bracket.filled) and bracket.entry.booked > bracket.entry.read
        unread = unread or bracket.by_attached > max(bracket.entry.booked, bracket.ahead)
        return unread and (self._desk.account is None or can_look(self._desk))

    async def _read(self, bracket: Bracket) -> bool | None:
        """Read the legs back, whatever is left of what was filled; None: that is still to be done."""
        if self._desk.account is None:
            return None
        await self._look(bracket)
        return None if self.due(bracket) else True

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
        entry, in_doubt = bracket.entry, bracket.gone is not None
        try:
            async with asyncio.timeout(self._desk.config.deadline):
                news = await self._lookups.ask(entry, urgent=True)
        except Exception as error:  # it proves nothing
            log.warning("account %s: legs could not be read back: %s", self._desk.name, type(error).__name__)
            return None
        bracket.forgotten = 0 if news is not None else bracket.forgotten + 1
        if news is None:
            self._count(bracket, ZERO)
            return None
        if any(leg.role == STOP and leg.status is Status.REJECTED for leg in news.legs):
            self._patience.give_up(bracket.name, self._desk.clock.monotonic())
        seen = self._weigh(bracket, news.legs)
        told = merge_legs(entry.result.legs, news.legs)
        if told != entry.result.legs or news.filled_quantity != entry.result.filled_quantity:
            await record(self._desk, entry, changed(news, client_order_id=bracket.name))
        if in_doubt or bracket.gone is None:  # else it was asked for before the position was read
            self._count(bracket, news.filled_quantity)
        return seen > 0

    def _count(self, bracket: Bracket, told: Decimal) -> None:
        """What a look-up tells of is read; one that shows less than the entry has filled is behind, or has forgotten it."""
        booked, legs = bracket.entry.booked, bracket.by_attached
        bracket.unread = bracket.unread + 1 if told < max(booked, legs) else 0
        if told >= max(booked, legs) or bracket.unread >= len(SPACES):
            bracket.entry.read, bracket.ahead, bracket.unread = booked, legs, 0

    def _weigh(self, bracket: Bracket, legs: tuple[Leg, ...]) -> Decimal:
        """How much the venue's stops cover."""
        stops = [leg for leg in legs if leg.role == STOP and leg.status in _STANDS]
        whole = any(leg.quantity is None for leg in stops)
        quantity = bracket.remaining if whole else sum((leg.quantity or ZERO for leg in stops), ZERO)
        bracket.evidence[ATTACHED] = quantity
        return quantity

    async def _drop(self, bracket: Bracket) -> bool | None:
        """Nothing stands open: legs that the venue still shows are cancelled when the entry is over, and told before that."""
        entry = bracket.entry
        if self.due(bracket):
            return await self._read(bracket)
        if not _standing(bracket) or not bracket.filled:
            bracket.stray_since = None
            return await self._late(bracket)
        if not entry.result.status.terminal:
            return await self._stray(bracket)
        if not await self._shrinking.known(bracket):
            return None
        resting = [leg for leg in entry.result.legs if not leg.status.terminal]
        if bracket.remaining > 0:
            return True
        if not resting or self._desk.account is None or "cancel_order" not in self._desk.account.capabilities.abilities:
            return False
        return await self._shrinking.cancel(bracket, resting[0])

    async def _stray(self, bracket: Bracket) -> bool | None:
        """Its entry rests and fills further, so that they may be wanted again: not cancelled, but told by name."""
        now = self._desk.clock.monotonic()
        if not _standing(bracket) - bracket.strays:
            return False
        if bracket.stray_since is None:
            bracket.stray_since = now
        if now - bracket.stray_since < STRAY or self._desk.account is None:
            return None
        if can_look(self._desk) and await self._look(bracket) is None:
            return None
        new, bracket.stray_since = _standing(bracket) - bracket.strays, None
        if new and bracket.remaining <= 0:
            bracket.strays |= new
            text = f"what {bracket.name} had filled is closed, and its legs ({', '.join(sorted(new))}) still rest"
            self._desk.alarm("LEGS_STRAY", f"{text}; they are cancelled when the entry has ended", bracket.name)
        return True

    async def _late(self, bracket: Bracket) -> bool | None:
        """What seemed closed elsewhere may have been closed by a leg, and be told late: it is looked for, ever more rarely."""
        entry, now = bracket.entry, self._desk.clock.monotonic()
        stands = self._desk.book.position(entry.lane, entry.instruction.strategy).quantity
        if not bracket.flattened or not stands or not can_look(self._desk):
            return False
        first, most = LATE
        if bracket.look_again <= now:
            if bracket.look_wait:
                await self._look(bracket)
            bracket.look_wait = min(max(bracket.look_wait * 2, first), most)
            bracket.look_again = now + bracket.look_wait
        return None


def _standing(bracket: Bracket) -> set[str]:
    """The venue's names of the legs that are not over."""
    legs = (leg for leg in bracket.entry.result.legs if not leg.status.terminal)
    return {name for leg in legs if (name := leg.order_id or leg.venue_client_order_id) is not None}
