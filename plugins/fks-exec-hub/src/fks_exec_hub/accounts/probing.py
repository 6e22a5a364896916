# SPDX-License-Identifier: MIT
"""What an open circuit breaker sets going: an alarm, an event, and after a while a read that tries the venue."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from fks_exec.account import Account
from fks_exec.errors import NotSent, VenueError
from fks_exec.model.events import BreakerChanged

from .breaker import BreakerState
from .desk import Desk

log: logging.Logger = logging.getLogger(__name__)


class Prober:
    """Looks whether one account's venue answers again.

    Args:
        desk: the account at work.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def changed(self, state: BreakerState, reason: str) -> None:
        """The breaker has changed; one of its listeners."""
        desk = self._desk
        log.warning("account %s: the circuit breaker is %s: %s", desk.name, state, reason)
        desk.emit(BreakerChanged(account=desk.name, time=desk.clock.now(), state=state, reason=reason))
        if state == "open":
            seconds = f"{desk.config.breaker.seconds:g} s"
            desk.alarm("BREAKER_OPEN", f"{reason}; entries rest for {seconds}, then a read and one order try the venue")
            desk.spawn(asyncio.get_running_loop().create_task(self._probe()))

    async def _probe(self) -> None:
        breaker, clock = self._desk.breaker, self._desk.clock
        while breaker.state == "open":
            left = breaker.until - clock.monotonic()
            if left > 0:
                await asyncio.sleep(left)
            elif await self._answers():
                breaker.answered()
            else:
                breaker.rest(breaker.reason)

    async def _answers(self) -> bool:
        """Whether one of two reads is answered; a refusal is an answer."""
        account = self._desk.account
        for name, read in () if account is None else self._reads(account):
            try:
                await read()
            except Exception as error:  # whatever else it is, it is no answer
                if isinstance(error, VenueError) and not isinstance(error, NotSent):
                    return True
                log.warning("account %s: %s had no answer: %s", self._desk.name, name, type(error).__name__)
            else:
                return True
        return False

    def _reads(self, account: Account) -> Iterator[tuple[str, Callable[[], Awaitable[object]]]]:
        """One that needs our key where the venue has it; and a quote, which every venue gives."""
        for name in ("fetch_balance", "fetch_positions", "fetch_open_orders"):
            if name in account.capabilities.abilities:
                yield name, getattr(account, name)
                break
        yield "fetch_data", partial(account.fetch_data, self._desk.breaker.symbol)
