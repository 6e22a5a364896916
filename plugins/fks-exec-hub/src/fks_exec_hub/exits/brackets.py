# SPDX-License-Identifier: MIT
"""The brackets of one account: begun with their entries, woken by what concerns them, worked at one thing after the other."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from fks_exec.model.numbers import ZERO, plain

from ..accounts.desk import Desk
from ..accounts.live import Live
from ..journal.protocol import JournalError, NamedStep
from ..orders.lookups import can_look
from ..orders.repair import repair
from .bracket import Bracket, is_attached
from .family import LEGS, parent_of
from .legs import FLATTENED

log: logging.Logger = logging.getLogger(__name__)

PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds after something could not be done, before it is tried again; the last one repeats."""

TICK = 0.02
"""Seconds added to a moment that is waited for, since a timer may wake a little early."""

AT_ONCE = 40
"""So many things are done for one entry in a row; then there is a pause."""


class Brackets(ABC):
    """What is looked after; what is done in a step is :class:`Protector`'s affair.

    Args:
        desk: the account at work.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._brackets: dict[str, dict[str, Bracket]] = {}
        self._seen_totals: dict[str, tuple[Decimal, ...]] = {}

    @abstractmethod
    async def _try(self, bracket: Bracket) -> bool | None:
        """One step. True: look again; False: nothing is to be done; None: it could not be, try again later."""

    def take(self, live: Live) -> None:
        """An order has changed; a listener of the desk, never raises."""
        name, brackets = live.key.client_order_id, self._brackets.get(live.lane)
        if live.plan is not None and live.submitted_at is not None and not (brackets and name in brackets):
            self._begin(live)
        elif brackets and live.role and live.role not in LEGS:
            parent = brackets.get(parent_of(name))
            if parent is not None and live not in parent.others:
                parent.others.append(live)
        self._changed(live, self._brackets.get(live.lane, {}))

    def _changed(self, live: Live, brackets: Mapping[str, Bracket]) -> None:
        """Its own bracket is concerned; and those that hold something, when what is held, or is on its way out, has changed."""
        if not brackets:
            return
        name = live.key.client_order_id
        own = brackets.get(name) or brackets.get(parent_of(name))
        if own is not None:
            self._wake(own)
        totals = self._desk.book.totals(live.lane)
        seen = (totals.position, totals.working_buy, totals.working_sell, totals.claimed_buy, totals.claimed_sell)
        strategy = self._desk.book.position(live.lane, live.instruction.strategy).quantity
        if self._seen_totals.get(live.lane) != (*seen, strategy):
            self._seen_totals[live.lane] = (*seen, strategy)
            self.poke(live.lane)

    def poke(self, symbol: str) -> None:
        """Look again at all that has filled something in an instrument."""
        for bracket in self.brackets(symbol):
            if bracket.entry.booked:
                self._wake(bracket)

    def opened(self) -> None:
        """The account is open (again)."""
        for symbol in list(self._brackets):
            self.poke(symbol)

    def brackets(self, symbol: str) -> list[Bracket]:
        """What is looked after in an instrument, the oldest first."""
        return list(self._brackets.get(symbol, {}).values())

    def everything(self) -> list[Bracket]:
        """All that is looked after."""
        return [bracket for brackets in self._brackets.values() for bracket in brackets.values()]

    def bracket_of(self, live: Live) -> Bracket | None:
        """The bracket of an entry; None when it has none, or all is done."""
        return self._brackets.get(live.lane, {}).get(live.key.client_order_id)

    def flattened(self, symbols: Iterable[str]) -> None:
        """The venue holds nothing of these instruments, where our orders built something up: nobody's stop is to fill.

        Legs that the venue keeps with the entry are read once more before that is believed: one of them may have filled.
        """
        for bracket in [each for symbol in symbols for each in self.brackets(symbol) if each.remaining > 0]:
            if is_attached(bracket) and can_look(self._desk):
                bracket.gone = self._desk.book.totals(bracket.entry.lane).position
                bracket.entry.read = ZERO
                self._wake(bracket)
            else:
                self._closed_elsewhere(bracket)

    def _believe_gone(self, bracket: Bracket) -> None:
        """Its legs were read after the position was: what they did not close, was closed elsewhere.

        Where our books have changed meanwhile, the next comparison tells.
        """
        held, bracket.gone = bracket.gone, None
        if bracket.remaining > 0 and self._desk.book.totals(bracket.entry.lane).position == held:
            self._closed_elsewhere(bracket)

    def _closed_elsewhere(self, bracket: Bracket) -> None:
        text = f"what {bracket.name} holds of {bracket.entry.lane} was closed elsewhere; its stop and target are cancelled"
        self._desk.alarm("FLATTENED_ELSEWHERE", text, bracket.name)
        self._set_flattened(bracket, bracket.remaining)

    def _give_way(self, bracket: Bracket) -> None:
        """What seemed closed elsewhere was closed by its own legs, which is told late: it counts once."""
        if bracket.flattened and bracket.remaining < 0:
            self._set_flattened(bracket, max(bracket.flattened + bracket.remaining, ZERO))

    def agreed(self, symbols: Iterable[str]) -> None:
        """The venue shows what our orders built up, again: what it seemed not to hold is under stops again."""
        for bracket in [each for symbol in symbols for each in self.brackets(symbol)]:
            bracket.gone = None
            if bracket.flattened:
                self._set_flattened(bracket, ZERO)

    def _set_flattened(self, bracket: Bracket, quantity: Decimal) -> None:
        bracket.flattened = quantity
        self._wake(bracket)
        keep = self._keep(bracket, FLATTENED, quantity)
        self._desk.spawn(asyncio.get_running_loop().create_task(keep))

    def _begin(self, live: Live) -> None:
        over = live.result.status.terminal and not live.standing and live.concluded.done()
        if over and (live.settled is None or live.booked <= live.settled):
            return  # unless something was filled after all was done
        live.standing = True
        name = live.key.client_order_id
        bracket = Bracket(entry=live, others=list(live.others), released=live.released, flattened=live.flattened)
        bracket.anew = over
        self._brackets.setdefault(live.lane, {})[name] = bracket
        self._desk.protecting.setdefault(live.lane, set()).add(name)

    def _wake(self, bracket: Bracket) -> None:
        bracket.woken.set()
        if bracket.task is None and not self._desk.closing:
            bracket.task = asyncio.get_running_loop().create_task(self._tend(bracket))
            self._desk.spawn(bracket.task)

    async def _tend(self, bracket: Bracket) -> None:
        """One thing after the other, until all is as it should be or has to be waited for."""
        tries = in_a_row = 0
        stands = self._stand(bracket)
        try:
            while not self._desk.closing and self.bracket_of(bracket.entry) is bracket:
                bracket.woken.clear()
                acted = await self._try(bracket)
                before, stands = stands, self._stand(bracket)
                in_a_row = in_a_row + 1 if acted and before == stands else 0
                if acted and in_a_row < AT_ONCE:
                    tries = 0
                elif acted:  # more than any sequence of steps takes: whatever goes round here goes slowly
                    await self._pause(bracket, PAUSES[-1])
                elif acted is None:
                    await self._pause(bracket, self._rest(bracket, PAUSES[min(tries, len(PAUSES) - 1)]))
                    tries += 1
                elif not bracket.woken.is_set() and not await self._overdue(bracket):
                    return
        finally:
            bracket.task = None

    async def _overdue(self, bracket: Bracket) -> bool:
        """While something stands without a stop that nobody was told of: wait for news, or until it is to be told."""
        since = bracket.entry.naked_from
        if since is None or bracket.naked_told or self._desk.closing:
            return False
        rest = since + self._desk.config.deadline - self._desk.clock.monotonic()
        try:
            async with asyncio.timeout(max(rest, 0.0) + TICK):
                await bracket.woken.wait()
        except TimeoutError:
            pass
        return True

    def _rest(self, bracket: Bracket, seconds: float) -> float:
        """A stop that is refused for the moment is tried once more at the end of the account's time, and not later."""
        if not bracket.refused or bracket.failed:
            return seconds
        left = bracket.refused[0] + self._desk.config.attempts_within - self._desk.clock.monotonic()
        return min(seconds, left) if left > PAUSES[0] else seconds

    async def _pause(self, bracket: Bracket, seconds: float) -> None:
        """What is only our own news of a try that failed does not cut the pause short; a fill, a move, an exit does."""
        until, stands = self._desk.clock.monotonic() + seconds, self._stand(bracket)
        while self._stand(bracket) == stands and (rest := until - self._desk.clock.monotonic()) > 0:
            bracket.woken.clear()
            try:
                async with asyncio.timeout(rest):
                    await bracket.woken.wait()
            except TimeoutError:
                return

    def _stand(self, bracket: Bracket) -> tuple[object, ...]:
        """All on which it depends what is to be done."""
        totals = self._desk.book.totals(bracket.entry.lane)
        claimed = (totals.working_buy, totals.working_sell, totals.claimed_buy, totals.claimed_sell)
        account = self._desk.account
        ready = account is not None and not account.reason
        questions = self._desk.questions(bracket.entry.lane)
        status = bracket.entry.result.status
        return (
            totals.position,
            bracket.remaining,
            bracket.gone,
            bracket.entry.plan,
            claimed,
            ready,
            questions,
            status,
            self._desk.halt.state,
        )

    async def _keep(self, bracket: Bracket, name: str, quantity: Decimal) -> None:
        """Written down now, or as soon as the journal can be written: a later host has to know it too."""
        bracket.unkept[name] = quantity
        if self._desk.unwritable:
            return
        step = NamedStep(key=bracket.entry.key, name=name, data=plain(quantity), time=self._desk.clock.now())
        try:
            await self._desk.journal.write(step, term=self._desk.term)
        except JournalError as error:
            repair(self._desk, str(error))
        else:
            if bracket.unkept.get(name) == quantity:
                del bracket.unkept[name]

    async def _keep_rest(self, bracket: Bracket) -> None:
        """What could not be written before."""
        for name, quantity in list(bracket.unkept.items()):
            await self._keep(bracket, name, quantity)

    def _end(self, bracket: Bracket) -> None:
        """All is done."""
        for kept in (self._brackets, self._desk.protecting):
            _remove(kept, bracket.entry.lane, bracket.name)
        if bracket.entry.lane not in self._brackets:
            self._seen_totals.pop(bracket.entry.lane, None)


def _remove(kept: dict[str, Any], lane: str, name: str) -> None:
    """From a table or set of an instrument; one that is empty goes too."""
    inner = kept.get(lane)
    if inner is None:
        return
    inner.pop(name, None) if isinstance(inner, dict) else inner.discard(name)
    if not inner:
        del kept[lane]
