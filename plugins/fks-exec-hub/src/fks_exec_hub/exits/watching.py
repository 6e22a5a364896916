# SPDX-License-Identifier: MIT
"""Targets that a venue with stops only does not take: the host watches the price, and closes when it is reached."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from decimal import Decimal

from fks_exec.model.market import MarketData
from fks_exec.model.orders import Order

from ..accounts.desk import Desk
from ..accounts.live import Live
from ..orders.attempts import EXITS_IN_VAIN
from .allowance import side_of
from .bracket import Bracket, Rules
from .family import EXIT, child_id
from .legs import enforced
from .protector import Protector

log: logging.Logger = logging.getLogger(__name__)


WAIT = 1.0
"""Seconds at least between two exits at a watched target; twice as many after each that was refused."""


class Watcher:
    """Watches the targets of one account, while this host runs and the venue gives quotes.

    Args:
        desk: the account at work.
        protector: knows what stands open.
        enter: puts an order into its lane, once for its id.
    """

    def __init__(self, desk: Desk, protector: Protector, enter: Callable[[Order], Awaitable[Live]]) -> None:
        self._desk = desk
        self._protector = protector
        self._enter = enter

    async def run(self) -> None:
        """Look at the price of each instrument with a watched target, again and again; ends where none is ever watched."""
        config = self._desk.config.protection
        while config.watch_targets:
            await asyncio.sleep(config.watch_every)
            for bracket in self._watched():
                try:
                    await self._look(bracket)
                except Exception as error:  # one look that fails must not end those after it
                    log.warning("account %s: a target could not be watched: %s", self._desk.name, type(error).__name__)

    def _watched(self) -> list[Bracket]:
        return [
            bracket
            for bracket in self._protector.everything()
            if (plan := bracket.entry.plan) is not None
            and plan.kind == "stop_only"
            and plan.target is not None
            and bracket.remaining > 0
            and not bracket.busy
            and not bracket.in_question
        ]

    async def _look(self, bracket: Bracket) -> None:
        desk = self._desk
        if desk.account is None:
            return
        quote = await desk.quotes.get(bracket.entry.lane, desk.config.protection.watch_every)
        if quote is not None and _reached(bracket, quote):
            await self._take(bracket)

    async def _take(self, bracket: Bracket) -> None:
        """Close at the market; the lane makes room beside the stop."""
        desk, entry = self._desk, bracket.entry
        quantity = Rules(enforced=True, amends=False, instrument=entry.instrument).valid(bracket.remaining, None)
        if not quantity or desk.account is None:
            return
        made = [child for child in bracket.others if child.role == EXIT]
        if not self._may_try(bracket, [child for child in made if not child.booked]):
            return
        number = len(made) + 1
        order = Order(
            symbol=entry.lane,
            side=side_of(bracket).opposite,
            quantity=quantity,
            reduce_only=enforced(desk.account, entry),
            client_order_id=child_id(bracket.name, EXIT, number),
            strategy=entry.instruction.strategy,
        )
        log.info("account %s: the target of %s is reached", desk.name, bracket.name)
        child = await self._enter(order)
        if child not in bracket.others:
            bracket.others.append(child)

    def _may_try(self, bracket: Bracket, in_vain: list[Live]) -> bool:
        """After a refusal it waits longer and longer; after some it is given up, and told: the stop stands."""
        now, desk = self._desk.clock.monotonic(), self._desk
        if len(in_vain) >= (desk.config.exit_attempts or EXITS_IN_VAIN):
            if not bracket.no_target:
                bracket.no_target = True
                text = f"the exit at the target of {bracket.name} was refused {len(in_vain)} times; take the profit by hand"
                desk.alarm("TARGET_REFUSED", text, bracket.name)
            return False
        if now < bracket.watch_again:
            return False
        bracket.watch_again = now + WAIT * 2 ** len(in_vain)
        return True


def _reached(bracket: Bracket, quote: MarketData) -> bool:
    """What one would get now is as good as the target, or better."""
    plan, side = bracket.entry.plan, side_of(bracket)
    price: Decimal | None = quote.price_for(side.opposite)
    if plan is None or plan.target is None or price is None:
        return False
    return (price - plan.target) * side.sign >= 0
