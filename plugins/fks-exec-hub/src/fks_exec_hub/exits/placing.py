# SPDX-License-Identifier: MIT
"""What is done at the venue for a leg: placed, resized, cancelled, read back. Each ends with what is known of it recorded."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from decimal import Decimal

from attrs import evolve

from fks_exec.errors import AccountNotReady
from fks_exec.model.copying import changed
from fks_exec.model.market import Kind
from fks_exec.model.numbers import ZERO
from fks_exec.model.orders import OrderChange, Side
from fks_exec.model.results import ExecutionResult, Status

from ..accounts.book import Token
from ..accounts.desk import Desk
from ..accounts.live import Live
from ..journal.protocol import Exists, JournalError, JournalStep, NamedStep
from ..orders.lookups import Lookups, can_look
from ..orders.record import record
from ..orders.repair import repair, write
from ..orders.restore import MAY_BE_THERE, hold_leg, take_up_leg
from ..orders.steps import act_outcome
from ..orders.submit import send_leg, submit_amend
from .bracket import Bracket, Look, Place, Resize, base_fees, done, left
from .family import STOP, number_of
from .legs import SENT, data, leg_order, new_leg, sent

log: logging.Logger = logging.getLogger(__name__)

PATIENCE = 0.5
"""Seconds that a stop waits for its fill to be on record."""

_TAKEN = frozenset({Status.ACCEPTED, Status.PARTIALLY_FILLED, Status.FILLED})


class Placing:
    """Acts for the brackets of one account.

    Args:
        desk: the account at work.
        lookups: its budget.
        cancel: cancels an order, confirmed.
    """

    def __init__(self, desk: Desk, lookups: Lookups, cancel: Callable[[Live], Awaitable[ExecutionResult]]) -> None:
        self._desk = desk
        self._lookups = lookups
        self.cancel: Callable[[Live], Awaitable[ExecutionResult]] = cancel

    async def place(self, bracket: Bracket, action: Place) -> Live | None:
        """Place a leg, once.

        Returns:
            The leg, with what came of it; None: nothing was sent, and its fate is a question, or the account is not there.

        Raises:
            JournalError: it is not durable that it is to be sent, and nothing was sent.
        """
        room = self._room(bracket, action)  # in the tick of the decision, so that no exit is decided beside it
        try:
            return await self._place(bracket, action)
        finally:
            self._desk.book.release(room)

    def _room(self, bracket: Bracket, action: Place) -> Token:
        entry = bracket.entry
        side = entry.order.side.opposite if entry.order is not None else Side.SELL
        return self._desk.book.reserve(entry.lane, side, action.quantity, reducing=True, role=action.role)

    def expect(self, entry: Live) -> None:
        """Legs that an earlier host made count from the first fill on: no exit is decided before they are looked up."""
        for leg in entry.legs:
            if leg.inherited and not sent(leg):
                hold_leg(self._desk, leg)

    async def inherit(self, bracket: Bracket) -> bool:
        """Legs that an earlier host made and may have sent are looked up first; whether one is in question."""
        for leg in bracket.entry.legs:
            if leg.inherited and not sent(leg) and await self._may_be_there(leg):
                return True
        return False

    async def _place(self, bracket: Bracket, action: Place) -> Live | None:
        await self._durable(bracket.entry)
        leg = self._prepared(bracket.entry, action)
        leg = await self._ready(bracket, action) if leg is None else await self._sized(bracket.entry, leg, action.quantity)
        if leg is None or leg.order is None:
            return None
        leg.token = self._desk.book.hold(leg.order, left(leg), reducing=True, role=leg.role)
        await record(self._desk, leg, await send_leg(self._desk, bracket.entry, leg))
        return leg

    def _prepared(self, entry: Live, action: Place) -> Live | None:
        """A leg that was made with the entry and not sent; it goes also while the journal cannot be written."""
        return next((leg for leg in entry.legs if leg.role == action.role and not sent(leg)), None)

    async def _durable(self, entry: Live) -> None:
        """The fill is on record before its stop is sent: a later host knows by it that the stop may be there.

        A journal that cannot be written, or takes too long, does not keep the stop waiting.
        """
        if self._desk.unwritable or all(name in entry.stored for name in entry.fills):
            return
        try:
            async with asyncio.timeout(PATIENCE), self._desk.lock(entry.lane):
                return
        except TimeoutError:
            log.warning("account %s: a stop goes before its fill is on record", self._desk.name)

    async def _may_be_there(self, leg: Live) -> bool:
        """An earlier host made it, for an entry without a fill on record: it had no reason to send it.

        One look is enough, in case it could not write. Those of other entries were taken up at the start.

        Raises:
            AccountNotReady: the venue is not there.
        """
        desk = self._desk
        if desk.account is None:
            raise AccountNotReady(desk.name, desk.reason)
        try:
            shown = await self._shown(leg)
        except Exception as error:  # it proves nothing; it is tried again
            log.warning("account %s: a leg could not be looked up: %s", desk.name, type(error).__name__)
            return True
        if shown:
            take_up_leg(desk, leg)
            await record(desk, leg, ExecutionResult(status=Status.UNKNOWN, code="HOST_STOPPED", error=MAY_BE_THERE))
            return True
        leg.inherited = False
        desk.book.release(leg.token)
        desk.poke(leg.lane)  # what waited for the room that it might have taken
        return False

    async def _shown(self, leg: Live) -> bool:
        """Whether the venue shows a leg; a venue that cannot be asked shows none."""
        if not can_look(self._desk):
            return False
        async with asyncio.timeout(self._desk.config.deadline):
            return await self._lookups.ask(leg, urgent=True) is not None

    async def _ready(self, bracket: Bracket, action: Place) -> Live | None:
        """A further leg, durable."""
        account, desk = self._desk.account, self._desk
        if account is None:
            return None
        while True:
            asked = desk.clock.monotonic()
            leg, steps = new_leg(desk, account, bracket.entry, action.role, action.quantity)
            leg.asked = asked
            try:
                await write(desk, *steps)
            except Exists:  # an earlier life of the entry had one of this number
                bracket.entry.legs_before = number_of(leg.key.client_order_id)
            else:
                bracket.entry.legs.append(leg)
                return leg

    async def _sized(self, entry: Live, leg: Live, quantity: Decimal) -> Live | None:
        """A leg that was made for all that the entry may fill, for what it has filled; at the price that is wanted now."""
        desk, account = self._desk, self._desk.account
        if account is None or leg.order is None:
            return None
        order = leg_order(desk, account, entry, leg.role, quantity, leg.key.client_order_id)
        if order != leg.order:
            leg.order = order
            step = NamedStep(key=leg.key, name=SENT, data=data(order), time=desk.clock.now())
            if not desk.unwritable:
                try:
                    await desk.journal.write(step, term=desk.term)
                except JournalError as error:  # the stop goes all the same; a look-up tells its size after a restart
                    repair(desk, str(error))
        return leg

    async def resize(self, bracket: Bracket, action: Resize) -> ExecutionResult | None:
        """Change a leg in place; what the venue answered. None: the leg has ended meanwhile.

        Raises:
            JournalError, AccountNotReady: it was not asked.
        """
        leg, desk = action.leg, self._desk
        async with leg.act:
            if leg.order is None or leg.result.status.terminal:
                return None
            stop = leg.role == STOP
            price, quantity = action.price, action.quantity
            now = leg.order.stop_price if stop else leg.order.price
            plan = bracket.entry.plan
            target = plan.target if stop and plan is not None and plan.kind == "oco" else None
            change = OrderChange(
                quantity=quantity if quantity != leg.order.quantity else None,
                stop_price=price if stop and price != now else None,
                price=price if not stop and price != now else None,
                take_profit=target if target != leg.order.take_profit else None,
            )
            leg.amends += 1
            more = max(quantity - done(leg) - left(leg), ZERO)
            room = desk.book.reserve(leg.lane, leg.order.side, more, reducing=True, role=leg.role)
            try:
                answer = await submit_amend(desk, leg, leg.amends, change, reducing=True)
            finally:
                desk.book.release(room)
            if answer.status in _TAKEN:
                leg.order = evolve(
                    leg.order,
                    quantity=quantity,
                    stop_price=price if stop else None,
                    price=None if stop else price,
                    take_profit=target,
                )
            await self._heard(leg, answer)
        return answer

    async def _heard(self, leg: Live, answer: ExecutionResult) -> None:
        desk, now = self._desk, self._desk.clock.now()
        steps: list[JournalStep] = [act_outcome(leg, "amend", leg.amends, answer, now)]
        if answer.status in _TAKEN and leg.order is not None:
            steps.append(NamedStep(key=leg.key, name=SENT, data=data(leg.order), time=now))
            desk.book.release(leg.token)
            leg.token = desk.book.hold(leg.order, left(leg), reducing=True, role=leg.role)
        try:
            await desk.journal.write(*steps, term=desk.term)
        except JournalError as error:
            desk.in_doubt = True
            repair(desk, str(error))
        if answer.status in _TAKEN or (answer.status.terminal and answer.status not in (Status.REJECTED, Status.NOT_PLACED)):
            await record(desk, leg, changed(answer, code=None, error=None))

    async def look(self, bracket: Bracket, action: Look) -> bool | None:
        """Read a leg back; whether the venue holds it. None: it could not be asked."""
        leg = action.leg
        if not can_look(self._desk):
            return None
        try:
            async with asyncio.timeout(self._desk.config.deadline):
                news = await self._lookups.ask(leg, urgent=True)
        except Exception as error:  # it proves nothing
            log.warning("account %s: a leg could not be read back: %s", self._desk.name, type(error).__name__)
            return None
        if news is None:
            return False
        bracket.evidence[leg.key.client_order_id] = left(leg) if not news.status.terminal else ZERO
        if news.status is not leg.result.status or news.filled_quantity != done(leg):
            await record(self._desk, leg, news)
        return True

    async def fees_told(self, bracket: Bracket) -> bool:
        """Whether a look at an entry on spot tells of fees in its base currency that were not known: its stop was too large."""
        entry = bracket.entry
        spot = entry.instrument is not None and entry.instrument.kind is Kind.SPOT
        if not spot or bracket.fees_asked or base_fees(entry) or not can_look(self._desk):
            return False
        bracket.fees_asked = True
        try:
            async with asyncio.timeout(self._desk.config.deadline):
                news = await self._lookups.ask(entry, urgent=True)
        except Exception as error:  # it proves nothing
            log.warning("account %s: fees could not be asked for: %s", self._desk.name, type(error).__name__)
            return False
        if news is not None:
            await record(self._desk, entry, changed(news, client_order_id=bracket.name))
        return bool(base_fees(entry))

    async def drop(self, leg: Live) -> bool:
        """Cancel a leg; whether it has ended.

        Raises:
            JournalError, AccountNotReady, NotSupported: the venue was not asked.
        """
        if self._desk.account is None:
            raise AccountNotReady(self._desk.name, self._desk.reason)
        await self.cancel(leg)
        return leg.result.status.terminal
