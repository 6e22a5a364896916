# SPDX-License-Identifier: MIT
"""What becomes of an alert that never came before: Decider. Nothing is written here, and nothing is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from fks_exec import Denial, Instruction, Order, SizedOrder

from ..access.judging import Judge
from ..access.worth import Market
from .alert import Child
from .continuity import Place
from .delivery import Delivery
from .exits import capped, depends, is_exit, is_part, limited
from .gaps import Settled, close_of, rest_of, settle
from .holding import Holding, Holdings
from .matter import Decision, Matter, looks
from .permitting import Permitter
from .reversals import old_half_is_left, turned, turns
from .turns import PATIENCE
from .windows import after_its_exit, overtaken, refusal_of

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub


class Decider:
    """Decides by what the alert says, what its strategy said before, what is held, what is quoted, and what its key may do."""

    def __init__(self, hub: ExecutionHub, judge: Judge, holdings: Holdings) -> None:
        self._hub = hub
        self._judge = judge
        self._holdings = holdings
        self._permitter = Permitter(judge, holdings)

    async def goes_ahead(self, delivery: Delivery, child: Child, place: Place) -> bool:
        """Whether an alert is an exit, as far as can be told before its turn. Raises AccountNotReady, HubClosed."""
        instruction, signal = child.instruction, delivery.signal
        if signal.exits is not None and not depends(instruction, signal):
            return signal.exits
        return is_exit(instruction, signal, Holding(quantity=await self._holdings.quantity(place)))

    async def look(self, delivery: Delivery, place: Place) -> Market | None:
        """What the market is, for what is judged by it; None: nothing is, or no answer came in time."""
        if not looks(delivery):
            return None
        return await self._judge.look(place.account, place.symbol, seconds=PATIENCE)

    async def decide(self, matter: Matter, *, rehearsed: bool = False) -> Decision:
        """What becomes of it.

        Raises:
            LookFirst: it is not judged without a look at the market, and went ahead without one.
            AccountNotReady, HubClosed, JournalError: it cannot be told now; the alert may come again.
        """
        place, caller = matter.place, matter.delivery.caller
        denial = self._judge.reaches(caller, place.account, place.symbol)
        if denial is not None:
            return Decision(instruction=None, denial=denial)
        matter = await self._known(matter)
        settled = await self._settled(matter)
        if settled.instruction is None:
            return self._refused(matter, settled)
        shaped = await self._shaped(matter, settled.instruction)
        if isinstance(shaped, Denial):
            return self._refused(matter, Settled(instruction=None, denial=shaped, gap=settled.gap))
        decided = Decision(instruction=shaped, denial=settled.denial, gap=settled.gap, blocked=settled.blocked)
        return await self._permitter.permitted(matter, decided, rehearsed=rehearsed)

    def _refused(self, matter: Matter, settled: Settled) -> Decision:
        """Nothing is sent. Who could not have sent it learns no more than that, and leaves no trace."""
        caller, account = matter.delivery.caller, matter.place.account
        refused = self._judge.allowed(caller, account, matter.child.instruction, reducing=matter.exits)
        if refused is not None:
            return Decision(instruction=None, denial=refused)
        return Decision(instruction=None, denial=settled.denial, gap=settled.gap, blocked=settled.blocked)

    async def _known(self, matter: Matter) -> Matter:
        """With what is held, where that matters."""
        instruction, signal = matter.child.instruction, matter.delivery.signal
        holding = None
        if (
            is_part(instruction, signal)
            or turns(instruction, signal)
            or (depends(instruction, signal) and self._spoken_against(matter))
        ):
            holding = await self._holdings.of(matter.place, matter.ticket)
        return evolve(matter, holding=holding, exits=is_exit(instruction, signal, holding))

    def _spoken_against(self, matter: Matter) -> bool:
        """Whether an entry would meet something that an exit passes."""
        delivery, last = matter.delivery, matter.last
        late = self._late(matter, exits=False) is not None
        return late or last.blocked or last.gap(delivery.signal) or looks(delivery) or limited(delivery.caller.scope)

    def _late(self, matter: Matter, *, exits: bool) -> Denial | None:
        signal, last = matter.delivery.signal, matter.last
        now = self._hub.clock.now()
        denial = refusal_of(signal.time, exits=exits, newest=last.newest, now=now, config=matter.delivery.config)
        if denial is not None or exits:
            return denial
        return overtaken() if matter.ticket.overtaken else after_its_exit(signal, last)

    async def _settled(self, matter: Matter) -> Settled:
        """What it is by its time, and by what its strategy said before."""
        delivery, child, last = matter.delivery, matter.child, matter.last
        late = self._late(matter, exits=matter.exits)
        if late is None:
            return settle(child.instruction, delivery.signal, last, exits=matter.exits, on_gap=delivery.config.on_gap)
        held = await self._holdings.quantity(matter.place)
        if old_half_is_left(late, delivery.signal, last, held):
            return Settled(instruction=close_of(child.instruction), denial=late, gap=last.gap(delivery.signal))
        return Settled(instruction=None, denial=late)

    async def _shaped(self, matter: Matter, instruction: Instruction) -> Instruction | Denial:
        """No more of it than what is held allows: of a part of an exit, of a reversal."""
        signal, holding = matter.delivery.signal, matter.holding
        if holding is None or not isinstance(instruction, Order | SizedOrder):
            return instruction
        if is_part(instruction, signal):
            return capped(instruction, holding) or rest_of(instruction)
        if isinstance(instruction, Order) and turns(instruction, signal):
            rules = await self._hub.instrument(matter.place.account, matter.place.symbol)
            return turned(instruction, signal, holding, rules)
        return instruction
