# SPDX-License-Identifier: MIT
"""What an entry fills is protected: stop first, for what is filled and not closed, until nothing of it stands open.

Nothing here follows a script. Whatever happens - a fill, a refusal, an exit, a restart - what should rest is worked out
anew from what is known, and one thing is done about the difference.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Container
from decimal import Decimal

from attrs import evolve

from fks_exec.account import Account
from fks_exec.errors import AccountNotReady, FksExecError, NotSupported
from fks_exec.model.numbers import ZERO, plain
from fks_exec.model.orders import Order, Side
from fks_exec.model.results import Status

from ..accounts.desk import Desk
from ..accounts.live import Live
from ..orders.record import instrument_of, record
from ..orders.restore import collect
from ..orders.submit import withdrawn
from .allowance import allowed_for, excess, more_than_free, other_side, side_of
from .attached import Attached
from .bracket import (
    Action,
    Bracket,
    Cancel,
    Look,
    Place,
    Resize,
    Rules,
    ended_by_venue,
    is_attached,
    left,
    next_action,
    open_leg,
    rules_of,
)
from .brackets import Brackets
from .failing import Failing
from .family import STOP, parent_of
from .legs import RELEASED, enforced, sent
from .levels import keep_plan
from .placing import Placing
from .shrinking import held_back
from .telling import measure, tell, told_without, uncovered

log: logging.Logger = logging.getLogger(__name__)


class Protector(Brackets):
    """Keeps what the entries of one account have filled under stops.

    Args:
        desk: the account at work.
        placing: acts at the venue.
        attached: looks after legs that the venue keeps.
        enter: puts an order into its lane, once for its id.
    """

    def __init__(self, desk: Desk, placing: Placing, attached: Attached, enter: Callable[[Order], Awaitable[Live]]) -> None:
        super().__init__(desk)
        self._placing = placing
        self._attached = attached
        self.failing: Failing = Failing(desk, enter)

    def take(self, live: Live) -> None:
        """An order has changed; a listener of the desk, never raises."""
        known = self.bracket_of(live) is not None
        if live.booked:
            self._placing.expect(live)
        super().take(live)
        brackets = self._brackets.get(live.lane, {})
        if live.key.client_order_id not in brackets and parent_of(live.key.client_order_id) not in brackets:
            self.failing.late(live)
        if live.booked and (live.shares or not known):  # of an earlier host's entry it is not known whose positions changed
            self._hold_entries(live.lane, live.shares or {live.instruction.strategy or ""})

    def needs_gap(self, bracket: Bracket) -> bool:
        """Whether its stop can be moved only by cancelling it first; raises AccountNotReady while the venue is not there."""
        rules = self._rules(bracket)
        return bool(bracket.resting(STOP)) and not rules.enforced and not rules.amends

    async def _try(self, bracket: Bracket) -> bool | None:
        try:
            return await self._step(bracket)
        except NotSupported as error:
            self.failing.unable(bracket, str(error))
            return None
        except (FksExecError, TimeoutError) as error:  # the venue or the journal is not there: nothing was sent
            measure(self._desk, bracket)
            self.failing.overdue(bracket)
            log.info("account %s: what protects %s waits: %s", self._desk.name, bracket.name, str(error) or "no answer")
            return None
        except Exception:  # a fault of ours, or of a plugin: what is open must not stand naked for it
            if not bracket.faulty:
                bracket.faulty = True
                log.exception("account %s: what protects %s could not be looked after", self._desk.name, bracket.name)
                self._desk.alarm("HUB_FAULT", "what protects an entry could not be looked after; see the log", bracket.name)
            return None

    async def _step(self, bracket: Bracket) -> bool | None:
        """True: something was done, look again; False: nothing is to be done; None: it could not be, try again later."""
        entry = bracket.entry
        if entry.result.status in (Status.PENDING, Status.UNKNOWN):
            told_without(entry)
            return False
        if entry.instrument is None and not await self._learn(entry):
            return None
        if bracket.anew:
            await self._collect(bracket)
        if bracket.filled and await self._placing.inherit(bracket):
            measure(self._desk, bracket)
            self.failing.overdue(bracket)
            return None
        for leg in [leg for leg in entry.legs if ended_by_venue(leg) and leg.key.client_order_id not in bracket.ended]:
            bracket.ended.add(leg.key.client_order_id)
            if not self.failing.refused(bracket, leg):
                await tell(self._desk, bracket)
                return None
        await self._keep_rest(bracket)
        self._give_way(bracket)
        await self._release(bracket)
        await self._replace(bracket)
        self._moved(bracket)
        measure(self._desk, bracket)
        self._mark(bracket)
        acted = await self._protect(bracket)
        if acted:
            return True
        await tell(self._desk, bracket)
        self.failing.overdue(bracket)
        if acted is None:
            return None
        if bracket.filled:
            self.failing.others_closed(bracket, -bracket.remaining - self._taken_too_much(bracket))
        if await self._finish(bracket):
            return False
        return await self._help(bracket) or (None if bracket.unkept else False)

    async def _learn(self, entry: Live) -> bool:
        """The rules of the instrument of an entry that an earlier host sent: fees and reduce-only depend on them."""
        account = self._venue()
        if "fetch_instrument" not in account.capabilities.abilities:
            return True
        entry.instrument = await instrument_of(self._desk, entry.lane)
        for leg in entry.legs:
            leg.instrument = entry.instrument
        return entry.instrument is not None

    async def _collect(self, bracket: Bracket) -> None:
        """An entry that had ended has filled more: of what it had filled before, nothing stands open any more."""
        entry = bracket.entry
        before = entry.settled or ZERO
        await collect(self._desk, entry)
        bracket.others, bracket.anew = list(entry.others), False
        bracket.released += max(bracket.remaining - (entry.booked - before), ZERO)

    async def _protect(self, bracket: Bracket) -> bool | None:
        plan = bracket.entry.plan
        if plan is not None and plan.kind == "attached":
            acted = await self._attached.tend(bracket)
            if bracket.gone is not None and not self._attached.due(bracket):
                self._believe_gone(bracket)
                return True
            if acted is False and self._attached.missing(bracket):
                self.failing.fail(bracket, "the venue does not show the stop that went with it")
            return acted
        rules = self._rules(bracket)
        allowed = allowed_for(self._desk, self.brackets(bracket.entry.lane), bracket, enforced=rules.enforced)
        action = None if held_back(self._desk) else next_action(bracket, allowed, rules)
        if action is None:
            return False
        if not rules.enforced and more_than_free(self._desk, bracket, action):
            return False  # another leg has to go first; its end is told
        return await self._act(bracket, action)

    def _venue(self) -> Account:
        """The account, also while the journal cannot be written; raises AccountNotReady while the venue is not there."""
        account = self._desk.account
        if account is None or account.reason:
            raise AccountNotReady(self._desk.name, self._desk.reason if account is None else account.reason)
        return account

    def _rules(self, bracket: Bracket) -> Rules:
        account = self._venue()
        return Rules(
            enforced=enforced(account, bracket.entry) or account.capabilities.hedging,
            amends="amend_order" in account.capabilities.abilities and not bracket.no_amend,
            instrument=bracket.entry.instrument,
            alone=self._alone(bracket.entry),
        )

    def _alone(self, entry: Live) -> bool:
        book = self._desk.book
        return book.totals(entry.lane).position == book.position(entry.lane, entry.instruction.strategy).quantity

    async def _act(self, bracket: Bracket, action: Action) -> bool | None:
        if isinstance(action, Place):
            leg = await self._placing.place(bracket, action)
            if leg is None:
                return None
            ended = ended_by_venue(leg)
            if ended:
                bracket.ended.add(leg.key.client_order_id)  # it is counted here, once
            refused = ended or leg.result.status in (Status.REJECTED, Status.NOT_PLACED)
            if refused and leg.role == STOP and await self._placing.fees_told(bracket):
                return True
            return self.failing.refused(bracket, leg) if refused else True
        if isinstance(action, Resize):
            answer = await self._placing.resize(bracket, action)
            return True if answer is None else self.failing.amended(bracket, answer)
        if isinstance(action, Cancel):
            if await self._placing.drop(action.leg):
                return True
            self.failing.stuck(bracket, action.leg)
            await self._seen(bracket, Look(leg=action.leg))
            return None  # it is asked for again, unless it turned out to be gone
        return await self._seen(bracket, action)

    async def _seen(self, bracket: Bracket, action: Look) -> bool | None:
        held = await self._placing.look(bracket, action)
        account = self._desk.account
        if held is None and account is not None and "fetch_order" not in account.capabilities.abilities:
            bracket.evidence[action.leg.key.client_order_id] = left(action.leg)  # its answer is all there ever is
            self.failing.stands(bracket, action.leg)
            return True
        if held:
            self.failing.found(action.leg)
            self.failing.stands(bracket, action.leg)
        return await self.failing.missing(bracket, action.leg, self._placing.drop) if held is False else held

    async def _release(self, bracket: Bracket) -> None:
        """What other orders have closed needs no stop any more; kept, since a later entry must not bring it back.

        All of it in one step: another bracket of the family may look in the next tick.
        """
        found = excess(self._desk, self.brackets(bracket.entry.lane), bracket)
        for each, part in found:
            each.released += part
        for each, _ in found:
            self._wake(each)
            await self._keep(each, RELEASED, each.released)

    async def _replace(self, bracket: Bracket) -> None:
        """Where a stop belongs to the whole position, a further entry's prices are those of all of it."""
        account, plan = self._desk.account, bracket.entry.plan
        if account is None or account.capabilities.protection_scope != "position" or plan is None or not bracket.filled:
            return
        newest = [each for each in self.brackets(bracket.entry.lane) if each.filled][-1]
        if bracket is newest or plan.stop is None or newest.entry.plan is None:
            return
        wanted = evolve(plan, stop=newest.entry.plan.stop, target=newest.entry.plan.target)
        if wanted != plan:
            await keep_plan(self._desk, bracket.entry, wanted)

    async def give_up(self, leg: Live) -> Bracket | None:
        """A leg is not wanted any more, by a caller's word; None: it protects nothing."""
        bracket = self._brackets.get(leg.lane, {}).get(parent_of(leg.key.client_order_id))
        if bracket is None or bracket.entry.plan is None:
            return None
        plan = bracket.entry.plan
        both = plan.kind == "oco"
        stop = None if leg.role == STOP or both else plan.stop
        target = None if leg.role != STOP or both else plan.target
        await keep_plan(self._desk, bracket.entry, evolve(plan, stop=stop, target=target))
        self._wake(bracket)
        return bracket

    def opened(self) -> None:
        """The account is open (again): no entry goes before attached legs that were too large when it was not."""
        everything = self.everything()
        strategies = {bracket.entry.instruction.strategy or "" for bracket in everything}
        for symbol in {bracket.entry.lane for bracket in everything}:
            self._hold_entries(symbol, strategies)
        super().opened()

    def _hold_entries(self, symbol: str, strategies: Container[str]) -> None:
        """In the tick in which something was closed: no entry is decided before attached legs have become smaller.

        Args:
            strategies: those that have something less now.
        """
        self._desk.in_vain.pop(symbol, None)  # what stood in the way for ever may go now
        brackets = self.brackets(symbol)
        parts: dict[tuple[str, Side], dict[Bracket, Decimal]] = {}
        for each in [each for each in brackets if is_attached(each) and each.filled]:
            family = each.entry.instruction.strategy or "", side_of(each)
            if family[0] in strategies:
                if family not in parts:
                    parts[family] = dict(excess(self._desk, brackets, each))
                if self._attached.in_the_way(each, each.remaining - parts[family].get(each, ZERO)):
                    self._desk.orphans.setdefault(symbol, set()).add(each.name)

    def _mark(self, bracket: Bracket) -> None:
        """Legs that rest though what they protected is gone: entries of the instrument wait for their end."""
        lane = bracket.entry.lane
        orphans = self._desk.orphans.setdefault(lane, set())
        gone = bracket.remaining <= 0 and bool(bracket.filled)
        orphan = {leg.key.client_order_id: gone and open_leg(leg) for leg in bracket.entry.legs}
        orphan[bracket.name] = is_attached(bracket) and self._attached.in_the_way(bracket, bracket.remaining)
        made_way = bracket.name in orphans and not orphan[bracket.name]
        for name, stands in orphan.items():
            orphans.add(name) if stands else orphans.discard(name)
        if not orphans:
            del self._desk.orphans[lane]
        if made_way:
            self._desk.changed(bracket.entry)  # entries wait for news of an order, and its last news came before this

    def _moved(self, bracket: Bracket) -> None:
        """A move is over when its legs stand; a later refusal has nothing to do with it."""
        if bracket.moving is not None and all(leg in bracket.good(leg.role) for leg in bracket.standing):
            bracket.moving = None

    async def _help(self, bracket: Bracket) -> bool:
        """What is done beside the legs: an excess is taken back, what cannot have a stop is closed."""
        taken = self._taken_too_much(bracket)
        if taken > 0 and not bracket.in_question:
            return await self.failing.flatten(bracket, taken)
        return await self.failing.tend(bracket, uncovered(bracket))

    async def _finish(self, bracket: Bracket) -> bool:
        """All is done for an entry that has ended and of which nothing stands open, or nothing that can be covered."""
        entry = bracket.entry
        if not entry.result.status.terminal or bracket.in_question or bracket.busy or bracket.unkept or self._excess(bracket):
            return False
        seems_gone = bracket.flattened and self._desk.book.position(entry.lane, entry.instruction.strategy).quantity
        if seems_gone or any(open_leg(leg) for leg in entry.legs) or self._stands(bracket):
            return False
        for leg in entry.legs:
            if not sent(leg):
                self._desk.add(leg)
                await record(self._desk, leg, withdrawn())
        self._mark(bracket)
        self.failing.over(bracket)
        self._end(bracket)
        entry.standing, entry.settled = False, entry.booked
        entry.released, entry.others = bracket.released, bracket.others
        await record(self._desk, entry, entry.result)
        return True

    def _excess(self, bracket: Bracket) -> bool:
        """Something is to be taken back, and it is still being tried."""
        return self._taken_too_much(bracket) > 0 and not bracket.excess_told

    def _taken_too_much(self, bracket: Bracket) -> Decimal:
        """What its legs closed beyond what it held, as far as its strategy stands on the other side for it."""
        if not bracket.filled or bracket.remaining >= 0:
            return ZERO
        return min(-bracket.remaining, other_side(self._desk, bracket))

    def _stands(self, bracket: Bracket) -> bool:
        """Whether something stands open that a stop could cover, or the venue's own legs rest."""
        plan, remaining = bracket.entry.plan, bracket.remaining
        if plan is not None and plan.kind == "attached" and any(not leg.status.terminal for leg in bracket.entry.result.legs):
            return True
        if remaining <= 0:
            return False
        price = None if plan is None else plan.stop or plan.target
        if rules_of(bracket).valid(remaining, price):
            return True
        text = f"{plain(remaining)} of {bracket.entry.lane} stand open without a stop: less than the venue takes in one order"
        self._desk.alarm("BELOW_MINIMUM", text, bracket.name)
        return False
