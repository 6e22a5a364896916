# SPDX-License-Identifier: MIT
"""A close, a reverse, an order through zero: looked at again after each step, until the target is reached or given up.

What is to be done next follows from what exists: the order's own outcome, and its children's, whose ids follow from its own.
So a restart at any point goes on where it stood, and nothing is done twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from decimal import Decimal, localcontext

from attrs import define, field, frozen

from fks_exec.model.copying import changed
from fks_exec.model.numbers import ZERO, plain
from fks_exec.model.orders import Order
from fks_exec.model.results import Leg, Status

from ..accounts.desk import Desk
from ..accounts.live import Live, Target
from ..journal.protocol import JournalError, Key
from ..money import EXACT
from ..orders.attempts import EXITS_IN_VAIN, PAUSES
from ..orders.clearing import SUPERSEDED, accepted, going
from ..orders.concrete import against, dust, entry_after, opposed
from ..orders.record import instrument_of, record
from ..orders.restore import revive
from ..orders.scope import Scope, closes
from ..orders.standing import tell
from .family import ENTRY, EXIT, child_id, role_of

log: logging.Logger = logging.getLogger(__name__)

FIRST = 2
"""The number of the first further exit; the order's own is the first one."""

_UNKNOWN = frozenset({Status.PENDING, Status.UNKNOWN})
_REFUSED = frozenset({Status.DENIED, Status.REJECTED, Status.NOT_PLACED})
_PROVED = frozenset({"NOT_FOUND", "RESOLVED"})
"""Codes of an order of unknown fate that turned out not to be placed; it may be tried again."""


@define(eq=False)
class Aim:
    """An order that stands for a target, and what was made for it.

    Args:
        children: further exits and the entry, in the order in which they were made.
        older: what was on its way before it, and how much of each was booked when its turn came.
        again: something has changed since the last look.
    """

    live: Live
    target: Target
    children: list[Live] = field(factory=list)
    older: list[tuple[Live, Decimal]] = field(factory=list)
    known: bool = False
    again: bool = True
    task: asyncio.Task[None] | None = None

    @property
    def exits(self) -> list[Live]:
        """Its own order and the further exits."""
        return [self.live, *(child for child in self.children if child.role == EXIT)]

    @property
    def entry(self) -> Live | None:
        """What was opened after the exit."""
        return next((child for child in self.children if child.role == ENTRY), None)

    @property
    def waits(self) -> bool:
        """Whether the fate of an older order is not known."""
        return any(other.result.status in _UNKNOWN for other, _ in self.older)

    @property
    def owed(self) -> Decimal:
        """What is still to be closed, base units or contracts, by all that was filled since."""
        left = self.target.exit - sum((each.result.filled_quantity for each in self.exits), ZERO)
        side = None if self.live.order is None else self.live.order.side
        for other, before in self.older:
            if side is not None and other.order is not None:
                left -= (other.booked - before) * side.sign * other.order.side.sign
        return left

    @property
    def legs(self) -> tuple[Leg, ...]:
        """What was made for it, as its result tells it."""
        return tuple(_leg(child) for child in self.children if child.result.status is not Status.PENDING)


@frozen
class Done:
    """The target is reached, or given up.

    Args:
        code: empty when it is reached.
        alarm: a human should look.
        remedy: what an alarm says besides; empty where ``why`` says it.
    """

    code: str = ""
    why: str = ""
    alarm: bool = False
    remedy: str = "look at the position, and close it by hand if it is to be closed"


class Targets:
    """Goes on with what the orders of one account stand for.

    Args:
        desk: the account at work.
        enter: puts an order into its lane, once for its id.
    """

    def __init__(self, desk: Desk, enter: Callable[[Order], Awaitable[Live]]) -> None:
        self._desk = desk
        self._enter = enter
        self._aims: dict[str, dict[str, Aim]] = {}

    def changed(self, live: Live) -> None:
        """An order has changed; a listener of the desk."""
        name, target = live.key.client_order_id, live.target
        if target is not None and live.standing and live.submitted_at is not None:
            self._aims.setdefault(live.lane, {}).setdefault(name, Aim(live, target))
        for aim in list(self._aims.get(live.lane, {}).values()):
            aim.again = True
            if aim.task is None and not self._desk.closing:
                aim.task = asyncio.get_running_loop().create_task(self._pursue(aim))
                self._desk.spawn(aim.task)

    async def _pursue(self, aim: Aim) -> None:
        name = aim.live.key.client_order_id
        try:
            while aim.again and aim.live.standing and not self._desk.closing:
                aim.again = False
                await self._look(aim)
        except JournalError as error:  # the hub closes; the next start goes on
            log.info("account %s: %s is gone on with after the next start: %s", self._desk.name, name, error)
        except Exception:
            log.exception("account %s: what %s is for could not be gone on with", self._desk.name, name)
            self._desk.alarm("HUB_FAULT", "what an order is one step toward could not be gone on with; see the log", name)
        finally:
            aim.task = None
            if not aim.live.standing:
                self._forget(aim)
            if self._desk.closing or not aim.live.standing:
                tell(aim.live)

    def _forget(self, aim: Aim) -> None:
        aims = self._aims.get(aim.live.lane, {})
        aims.pop(aim.live.key.client_order_id, None)
        if not aims:
            self._aims.pop(aim.live.lane, None)

    async def _look(self, aim: Aim) -> None:
        """One look; one step, if it is time for one."""
        live = aim.live
        if not live.result.status.terminal:
            if live.result.status is not Status.PENDING:
                tell(live)
            return
        aim.target = live.target or aim.target
        await self._know(aim)
        moving = [child for child in aim.children if not child.result.status.terminal]
        if moving:
            if all(child.result.status is not Status.PENDING for child in moving):
                await self._note(aim)
                tell(live)
            return
        if live.instrument is None:
            live.instrument = await instrument_of(self._desk, live.lane)
        await accepted(self._desk, live.superseded)
        with localcontext(EXACT):
            step = self._next(aim)
        if isinstance(step, Done):
            await self._done(aim, step)
        elif step is None:
            await self._note(aim)
            tell(live)
        else:
            await self._send(aim, step)

    async def _know(self, aim: Aim) -> None:
        """What an earlier host has made for it."""
        if aim.known:
            return
        found: list[Live] = []
        for role, first in ((EXIT, FIRST), (ENTRY, 1)):
            number = first
            while (child := await self._order(child_id(aim.live.key.client_order_id, role, number))) is not None:
                found.append(child)
                number += 1
        aim.older = []
        for name, before in aim.target.older.items():
            if (other := await self._order(name)) is not None:
                aim.older.append((other, before))
        aim.live.superseded = aim.live.superseded or (await self._desk.journal.steps(aim.live.key)).get(SUPERSEDED, "")
        aim.children, aim.known = found, True

    async def _order(self, name: str) -> Live | None:
        live = self._desk.live.get(name)
        if live is not None:
            return live
        recorded = await self._desk.journal.order(Key(self._desk.name, name))
        return self._desk.live.get(name) or (None if recorded is None else await revive(self._desk, recorded))

    def _next(self, aim: Aim) -> Order | Done | None:
        """What is to be done now; None: nothing, until an older order is settled."""
        owed, rest = aim.owed, Done()
        if owed > 0 and (not aim.target.chase or self._held(aim) > 0):
            if not aim.target.chase:
                return Done("EXIT_INCOMPLETE", f"{plain(owed)} of the exit were not filled; nothing was opened after it")
            further = self._further(aim, owed)
            if isinstance(further, Order) or further.code != "DUST":
                return None if aim.waits and isinstance(further, Done) else further
            rest = further
        if aim.waits:
            return None
        return self._opened(aim, rest) if aim.target.entry else self._closed(aim, rest)

    def _held(self, aim: Aim) -> Decimal:
        """What is left of the position that is closed; others may have closed it meanwhile."""
        live = aim.live
        return ZERO if live.order is None else -self._scope(aim).held(self._desk, live.lane) * live.order.side.sign

    def _scope(self, aim: Aim) -> Scope:
        return closes(aim.live.instruction) or Scope(aim.live.instruction.strategy)

    def _further(self, aim: Aim, owed: Decimal) -> Order | Done:
        """A further exit for what is left, unless the venue would not have it, or will not."""
        last = aim.exits[-1]
        unfinished = "EXIT_INCOMPLETE" if aim.target.entry else "CLOSE_INCOMPLETE"
        left = f"{plain(owed)} of {aim.live.lane} are still held"
        quantity, instrument = min(owed, self._held(aim)), aim.live.instrument
        price = aim.live.result.average_price
        small = instrument is not None and (
            not instrument.quantity_down(quantity)
            or (
                price is not None
                and instrument.min_notional is not None
                and last.result.filled_quantity > 0
                and abs(quantity * instrument.contract_size * price) < instrument.min_notional
            )
        )
        if small:
            return Done("DUST", dust(aim.live.lane, quantity, instrument).message)
        if last.result.status in _REFUSED and last.result.code not in _PROVED | {"NOTHING_TO_CLOSE"}:
            return Done(unfinished, f"{left}: {last.result.error or last.result.code or last.result.status}", alarm=True)
        if last.result.code == "NOTHING_TO_CLOSE":
            if aim.target.entry:
                return Done(unfinished, f"{left}: other orders are closing it")
            return self._opposed(aim, against(self._desk, aim.live.lane, self._scope(aim))) or Done()
        if last.cancels or last.result.code == "WITHDRAWN":
            return Done(unfinished, f"{left}: its exit was cancelled on request")
        if _failures(aim) >= (self._desk.config.exit_attempts or EXITS_IN_VAIN):
            return Done(unfinished, f"{left}: the last {_failures(aim)} exits filled nothing", alarm=True)
        side = last.order.side if last.order is not None else None
        if side is None:
            return Done(unfinished, left, alarm=True)
        number = FIRST + len(aim.exits) - 1
        name = child_id(aim.live.key.client_order_id, EXIT, number)
        strategy = aim.live.instruction.strategy
        return Order(symbol=aim.live.lane, side=side, quantity=quantity, client_order_id=name, strategy=strategy)

    def _opened(self, aim: Aim, rest: Done) -> Order | Done:
        entry, close = aim.entry, aim.live.superseded
        if entry is None and close:
            return Done("ENTRY_REFUSED", f"{close} came to close the position, so that nothing was opened after the exit")
        if entry is None:
            name = child_id(aim.live.key.client_order_id, ENTRY, 1)
            return entry_after(aim.live, name, aim.target.entry)
        if entry.result.status in _REFUSED:
            why = entry.result.error or entry.result.code or entry.result.status.value
            return Done("ENTRY_REFUSED", f"the position is closed, and nothing was opened after it: {why}")
        return rest

    def _closed(self, aim: Aim, rest: Done) -> Done | None:
        resting = [other for other, _ in aim.older if not other.result.status.terminal]
        if any(going(other) for other in resting):
            return None
        if resting:
            names = ", ".join(other.key.client_order_id for other in resting[:3])
            return Done("CLOSE_INCOMPLETE", f"{names} could not be cancelled and may still open a position", alarm=True)
        return self._opposed(aim, aim.target.against) or rest

    def _opposed(self, aim: Aim, rest: Decimal) -> Done | None:
        """All is closed that the venue holds; a rest stands against other strategies, unless something took it since."""
        lane, left = aim.live.lane, min(rest, self._held(aim))
        if left <= 0:
            return None
        why = opposed(lane, self._scope(aim), left, self._scope(aim).held(self._desk, lane))
        return Done("CLOSE_INCOMPLETE", why, alarm=True, remedy="")

    async def _send(self, aim: Aim, order: Order) -> None:
        pauses = _failures(aim)
        if pauses and role_of(order.client_order_id or "") == EXIT:
            await asyncio.sleep(PAUSES[min(pauses, len(PAUSES)) - 1])
        aim.children.append(await self._enter(order))
        aim.again = True

    async def _note(self, aim: Aim) -> None:
        """What became of the children stands in the order's own result."""
        if aim.legs != aim.live.result.legs:
            await record(self._desk, aim.live, changed(aim.live.result, legs=aim.legs))

    async def _done(self, aim: Aim, done: Done) -> None:
        live, name = aim.live, aim.live.key.client_order_id
        live.standing = False
        result = changed(live.result, legs=aim.legs)
        if done.code and (result.code is None or result.code in _PROVED):
            result = changed(result, code=done.code, error=done.why)
        self._forget(aim)
        await record(self._desk, live, result)
        tell(live)
        if done.alarm:
            self._desk.alarm(done.code, "; ".join(filter(None, (done.why, done.remedy))), name)


def _failures(aim: Aim) -> int:
    """How many exits filled nothing, one after the other, up to now."""
    count = 0
    for each in reversed(aim.exits):
        if each.result.filled_quantity:
            break
        count += 1
    return count


def _leg(child: Live) -> Leg:
    return Leg(
        role=child.role,
        status=child.result.status,
        order_id=child.result.order_id,
        venue_client_order_id=child.venue_client_order_id,
        quantity=None if child.order is None else child.order.quantity,
        client_order_id=child.key.client_order_id,
        filled_quantity=child.result.filled_quantity,
    )
