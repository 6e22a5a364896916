# SPDX-License-Identifier: MIT
"""Whether what is decided may be sent, by its key's limits and its collar: Permitter. Exits pass what is for entries only.

Of a reversal that may not be sent, the exit is: a limit that keeps a position open protects nobody.
"""

from __future__ import annotations

from attrs import evolve

from fks_exec import AccountNotReady, Denial, Instruction

from ..access.judging import Judge
from ..access.worth import reduces
from .collar import too_far
from .exits import limited, spared
from .gaps import close_of
from .holding import Holdings
from .matter import Decision, Matter, looked
from .reversals import closes_first

_OF_ENTRIES = frozenset({"SIGNAL_COLLAR", "SCOPE_NOTIONAL", "SCOPE_PACE", "SCOPE_REDUCE_ONLY", "NO_QUOTE"})
"""Reasons that are not for what only closes."""


class Permitter:
    """Asks the judge, and looks at the collar."""

    def __init__(self, judge: Judge, holdings: Holdings) -> None:
        self._judge = judge
        self._holdings = holdings

    async def permitted(self, matter: Matter, decided: Decision, *, rehearsed: bool) -> Decision:
        """Whether its key and its collar allow it; of a reversal that they do not allow its exit is left."""
        instruction = decided.instruction
        try:
            instruction, denial = await self._judged(matter, decided, rehearsed=rehearsed)
        except AccountNotReady as error:
            denial = Denial(code="NO_QUOTE", message=f"there is no quote at the moment ({error.reason}); signal again")
            if not await self._half_is_left(matter, decided, denial):
                raise
        if denial is None:
            return evolve(decided, instruction=instruction)
        if await self._half_is_left(matter, decided, denial):
            close = close_of(matter.child.instruction)
            caller = matter.delivery.caller
            if await self._judge.permit(caller, matter.place.account, close, rehearsed=rehearsed) is None:
                return evolve(decided, instruction=close, denial=denial)
        told = decided.gap and denial.code == "SIGNAL_COLLAR"
        return Decision(instruction=None, denial=denial, gap=told)

    async def _judged(self, matter: Matter, decided: Decision, *, rehearsed: bool) -> tuple[Instruction | None, Denial | None]:
        """What is sent, or why it is not. Raises AccountNotReady where a quote is missing."""
        delivery, place, ticket = matter.delivery, matter.place, matter.ticket
        instruction = decided.instruction
        if instruction is None:
            return None, decided.denial
        reducing = reduces(instruction)
        if matter.exits and not reducing and limited(delivery.caller.scope):
            sent = spared(instruction, matter.holding)
            instruction, reducing = sent or instruction, sent is not None
        if not reducing:
            looked(matter)
            far = None if matter.exits else await self._too_far(matter, instruction)
            if far is not None:
                return instruction, far
        denial = await self._judge.permit(
            delivery.caller, place.account, instruction, rehearsed=rehearsed, reducing=reducing, market=ticket.market
        )
        return instruction, denial

    async def _too_far(self, matter: Matter, instruction: Instruction) -> Denial | None:
        delivery, held = matter.delivery, await self._holdings.quantity(matter.place)
        percent, market = delivery.config.collar_percent, matter.ticket.market
        return too_far(matter.place, instruction, delivery.signal, percent, held=held, market=market)

    async def _half_is_left(self, matter: Matter, decided: Decision, denial: Denial) -> bool:
        """Whether what is refused is only what a reversal opens. What is under way may be what it closes."""
        if denial.code not in _OF_ENTRIES or decided.instruction is None or decided.halved or matter.exits:
            return False
        signal, holding = matter.delivery.signal, matter.holding
        if signal.turns and holding is not None and not holding.settled:
            return True
        return closes_first(decided.instruction, signal, await self._holdings.quantity(matter.place))
