# SPDX-License-Identifier: MIT
"""A day's loss that reaches an account's limit halts it: beside its guard, which only denies, this cancels what works."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from decimal import Decimal

from fks_exec.guarding import Listed
from fks_exec.model.numbers import plain

from ..guards.daily_loss import DailyLoss, DailyLossConfig
from ..journal.protocol import HaltState, JournalError
from .desk import Desk
from .halting import trip


class LossWatch:
    """Halts one account that lists the guard ``daily_loss``, once for each start of a day.

    Args:
        desk: the account at work.
        guards: of the account.
        faulty: told why the halt could not be written; it is tried again when the loss is told again.
    """

    def __init__(self, desk: Desk, guards: Iterable[Listed], faulty: Callable[[Desk, str], None]) -> None:
        self._desk = desk
        self._limits = [guard.plugin.config for guard in guards if isinstance(guard.plugin, DailyLoss)]
        self._faulty = faulty
        self._told: Decimal | None = None
        self._running = False

    def take(self, loss: Decimal, day_start: Decimal) -> None:
        """What the day has cost so far, and what the account was worth when it began, both in its currency."""
        if loss <= 0:  # a new day, or as good as one
            self._told = None
        limit = min((limit_of(config, day_start) for config in self._limits), default=None)
        if limit is None or loss < limit or self._told == day_start or self._running:
            return
        self._running = True
        self._desk.spawn(asyncio.get_running_loop().create_task(self._trip(loss, limit, day_start)))

    async def _trip(self, loss: Decimal, limit: Decimal, day_start: Decimal) -> None:
        currency = self._desk.config.currency or ""
        because = f"the day has cost {plain(loss)} {currency}".rstrip() + f", and {plain(limit)} is the limit"
        try:
            if self._desk.halt.state is HaltState.ACTIVE:
                await trip(self._desk, "DAILY_LOSS", because)
            self._told = day_start
        except JournalError as error:
            self._faulty(self._desk, str(error))
        finally:
            self._running = False


def limit_of(config: DailyLossConfig, day_start: Decimal) -> Decimal:
    """The smaller limit of the two, in the account's currency."""
    part = None if config.percent is None else day_start * config.percent / 100
    return min(each for each in (part, config.amount) if each is not None)
