# SPDX-License-Identifier: MIT
"""Reads that try the venue: whether it answers again, after the circuit breaker has opened; whether it takes the key again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from itertools import islice

from fks_exec.account import Account
from fks_exec.errors import NotSent, VenueError
from fks_exec.model.events import AccountReadiness, BreakerChanged

from .breaker import BreakerState
from .desk import Desk

log: logging.Logger = logging.getLogger(__name__)

KEY_DELAYS = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
"""Seconds before each read that tries a refused key; the last one repeats."""

FORGIVEN = 3600.0
"""Seconds after a refusal of the key; one that comes later begins anew. Well above the longest pause between two."""


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
        yield from islice(keyed(account), 1)
        yield "fetch_data", partial(account.fetch_data, self._desk.breaker.symbol)


class KeyProber:
    """Looks whether one account's venue takes its key again, after a refusal that shut the account.

    Args:
        desk: the account at work.

    What is asked is a read that needs the key, after pauses that grow: some brokers lock an account after a few wrong ones.
    The pauses go on growing where the key is refused again soon after.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._tries = 0
        self._last = float("-inf")
        self._running = False

    def opened(self) -> None:
        """The account is open (again)."""
        if self._desk.account is not None:
            self._desk.account.on_refused = self._refused

    def _refused(self, reason: str) -> None:
        desk, now = self._desk, self._desk.clock.monotonic()
        if now - self._last > FORGIVEN:
            self._tries = 0
        self._last = now
        if self._running or desk.closing:
            return
        self._running = True
        self._tell(ready=False, reason=reason)
        desk.alarm("KEY_REFUSED", f"{reason}; nothing is sent until a read shows that the key is taken again")
        desk.spawn(asyncio.get_running_loop().create_task(self._probe()))

    async def _probe(self) -> None:
        desk, account = self._desk, self._desk.account
        try:
            while account is not None and account is desk.account and account.reason:
                await asyncio.sleep(KEY_DELAYS[min(self._tries, len(KEY_DELAYS) - 1)])
                self._tries += 1
                if await self._taken(account):
                    account.trust()
                    break
        finally:
            self._running = False
        if account is not None and not account.reason:
            log.warning("account %s: the venue takes the key again", desk.name)
            self._tell(ready=True)
            for told in desk.on_opened:  # cancels, stops and looks that were in vain meanwhile
                told()

    async def _taken(self, account: Account) -> bool:
        read, reason = next(keyed(account), None), account.reason
        if read is None:
            return False  # nothing but an order would show it
        try:
            await read[1]()
        except Exception as error:
            log.warning("account %s: %s, to try the key: %s", self._desk.name, read[0], type(error).__name__)
            return False
        return account.reason == reason  # a refusal that came while it was read is a later word than its answer

    def _tell(self, *, ready: bool, reason: str = "") -> None:
        desk = self._desk
        desk.emit(AccountReadiness(account=desk.name, time=desk.clock.now(), ready=ready, reason=reason))


def keyed(account: Account) -> Iterator[tuple[str, Callable[[], Awaitable[object]]]]:
    """The reads of an account that need its key."""
    for name in ("fetch_balance", "fetch_positions", "fetch_open_orders"):
        if name in account.capabilities.abilities:
            yield name, getattr(account, name)
