# SPDX-License-Identifier: MIT
"""One order of an alert, from what its strategy said before to the hub: Taking.

What is decided from earlier alerts is decided once, for the first delivery: the journal keeps it with the order in one write.
The alert sent again is answered by its id, before anything else is looked at, also when it has grown old meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from fks_exec import Denial, Instruction
from fks_exec.model.events import Alarm
from fks_exec_hub import HubClosed, Receipt
from fks_exec_hub.instructions import read_instruction
from fks_exec_hub.journal import Exists, Key, Note, NoteRecord, Recorded

from ..access.gate import Gate
from ..access.judging import Judge
from ..http import answers
from ..http.answers import Answer
from ..telemetry.correlation import note_order
from ..telemetry.late import tell_late
from .alert import Child
from .continuity import Chains, Place, is_chain
from .deciding import Decider
from .delivery import Delivery
from .gaps import said
from .halves import half_note, half_of, halved
from .holding import Holdings
from .matter import LookFirst, Matter, looks
from .naming import named
from .refusing import refusal
from .silence import heard
from .trials import rehearsed
from .turns import Ticket, Turns

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub

logger: logging.Logger = logging.getLogger(__name__)

WRITTEN = 2.5
"""Seconds until an alert is written down, or answered that it may come again: TradingView hangs up after 3."""


@frozen
class Taken:
    """An order that is written down.

    Args:
        half: why it is only the exit of a reversal.
    """

    receipt: Receipt
    half: Denial | None = None


class Taking:
    """Takes the orders of alerts; those of one strategy and instrument one after the other."""

    def __init__(self, hub: ExecutionHub, access: Gate, judge: Judge) -> None:
        self._hub = hub
        self._access = access
        self._judge = judge
        self._chains = Chains(hub)
        self._holdings = Holdings(hub)
        self._decider = Decider(hub, judge, self._holdings)
        self._turns = Turns()
        self._tasks: set[asyncio.Task[Taken | Answer]] = set()

    async def take(self, delivery: Delivery, child: Child) -> Answer:
        """An order to its answer. Raises as ``ExecutionHub.submit``.

        Raises:
            Exists: the nonce of the request is spent.
        """
        now = asyncio.get_running_loop().time
        began = now()
        task = asyncio.get_running_loop().create_task(self._in_turn(delivery, child))
        self._tasks.add(task)  # it goes on when the sender hangs up: the next delivery finds what it did
        task.add_done_callback(self._ended)
        done, _ = await asyncio.wait({task}, timeout=WRITTEN)
        if not done:
            return _unwritten(delivery)
        taken = task.result()
        if isinstance(taken, Answer):
            return taken
        delivery.written()
        answer = await self._outcome(delivery, taken.receipt, now() - began)
        return answer if taken.half is None else halved(answer, taken.half)

    async def _outcome(self, delivery: Delivery, receipt: Receipt, spent: float) -> Answer:
        """What became of an order that is written down.

        Args:
            spent: seconds since the alert came; the sender's wait began then.
        """
        wait = delivery.caller.wait
        if wait is None and not receipt.concluded.done():
            tell_late(delivery.caller.name, receipt)
            return answers.still_working(receipt.client_order_id)
        try:
            return answers.outcome(await receipt.result(timeout=None if wait is None else max(wait - spent, 0.0)))
        except (TimeoutError, HubClosed):  # durable by now, whatever becomes of this host
            tell_late(delivery.caller.name, receipt)
            return answers.still_working(receipt.client_order_id)

    def _ended(self, task: asyncio.Task[Taken | Answer]) -> None:
        """Also of one that nobody waits for any more; it is answered when it comes again."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.debug("an alert was not taken: %s", type(error).__name__)

    async def _in_turn(self, delivery: Delivery, child: Child) -> Taken | Answer:
        symbol = self._hub.resolve_symbol(child.account, child.instruction.symbol)
        place = Place(account=child.account, strategy=child.instruction.strategy, symbol=symbol)
        ticket = self._turns.ticket(place)
        ticket.ahead = await self._decider.goes_ahead(delivery, child, place)
        if ticket.ahead:
            with contextlib.suppress(LookFirst):
                async with ticket.in_turn():
                    return await self._until_taken(delivery, child, place, ticket)
            ticket.ahead = False
        look = asyncio.get_running_loop().create_task(self._decider.look(delivery, place)) if looks(delivery) else None
        async with ticket.in_turn(look):
            return await self._until_taken(delivery, child, place, ticket)

    async def _until_taken(self, delivery: Delivery, child: Child, place: Place, ticket: Ticket) -> Taken | Answer:
        while True:
            try:
                return await self._taken(delivery, child, place, ticket)
            except Exists as error:
                self._chains.forget(place)
                if not isinstance(error.recorded, NoteRecord) or not is_chain(error.recorded):
                    raise

    async def _taken(self, delivery: Delivery, child: Child, place: Place, ticket: Ticket) -> Taken | Answer:
        child, noted = await named(self._hub, delivery, child)
        name = child.instruction.client_order_id or ""
        note_order(child.account, name)
        last = await self._chains.last(place)
        matter = Matter(delivery=delivery, child=child, place=place, ticket=ticket, last=last)
        if delivery.signal.test:
            return await rehearsed(self._hub, self._decider, matter)
        recorded = None if last.surely_new(delivery.signal) else await self._hub.journal.order(Key(child.account, name))
        if recorded is None:
            return await self._first(matter, noted)
        return await self._again(delivery, child, recorded)

    async def _again(self, delivery: Delivery, child: Child, recorded: Recorded) -> Taken | Answer:
        """An alert that came before."""
        name = recorded.key.client_order_id
        known = recorded.raw == delivery.raw
        instruction = read_instruction(recorded.instruction, name) if known else child.instruction
        denial = await self._judge.permit(delivery.caller, child.account, instruction, reducing=known)
        if denial is not None:
            return refusal(delivery, denial)
        receipt = await self._submitted(delivery, child.account, instruction, ())
        return Taken(receipt, await half_of(self._hub, child, instruction) if known else None)

    async def _first(self, matter: Matter, noted: Sequence[Note]) -> Taken | Answer:
        """An alert that never came before."""
        delivery, place, last = matter.delivery, matter.place, matter.last
        signal, config, now = delivery.signal, delivery.config, self._hub.clock.now()
        decision = await self._decider.decide(matter)
        if decision.gap:
            self._alarm(place, f"{said(last, signal)}; an alert is missing or was overtaken, on_gap is {config.on_gap}")
        after = last.after(signal, until=now + round(config.max_ahead * 1000), blocked=decision.blocked)
        if decision.halved:  # nothing was opened: what follows on it does not follow
            after = evolve(after or last, position="flat")
        chain = () if after is None else (after.note(place, last, now),)
        if decision.instruction is None:
            for note in chain if decision.blocked else ():  # that entries are held back outlives the host
                await self._hub.write_note(note)
                self._chains.forget(place)
            return refusal(delivery, decision.refused)
        name = matter.child.instruction.client_order_id or ""
        half = () if decision.denial is None else (half_note(place, name, decision.denial, now),)
        notes = (*chain, *noted, *heard(delivery.caller.name, config, place.account, now), *half)
        self._chains.forget(place)
        receipt = await self._submitted(delivery, place.account, decision.instruction, notes)
        if not receipt.duplicate and not _reused(receipt):
            matter.ticket.taken()
            self._chains.keep(place, after or last)
            self._holdings.follow(place, receipt)
        return Taken(receipt, decision.denial)

    async def _submitted(self, delivery: Delivery, account: str, instruction: Instruction, notes: Sequence[Note]) -> Receipt:
        await self._access.admit(self._hub, delivery.proof, "order")
        nonce = delivery.proof.notes(account, self._hub.clock.now())
        return await self._hub.submit(account, instruction, raw=delivery.raw, notes=(*nonce, *notes))

    def _alarm(self, place: Place, text: str) -> None:
        text = f"strategy {place.strategy!a}, {place.symbol}: {text}"
        logger.warning("account %s: SIGNAL_GAP: %s", place.account, text)
        now = self._hub.clock.now()
        self._hub.observers.emit(Alarm(account=place.account, time=now, code="SIGNAL_GAP", message=text))


def _reused(receipt: Receipt) -> bool:
    """Whether the id stands for another order, so that nothing of this one was written."""
    done = receipt.concluded
    return done.done() and not done.cancelled() and done.exception() is None and done.result().code == "ID_REUSED"


def _unwritten(delivery: Delivery) -> Answer:
    """It takes too long; the sender hangs up soon, and would learn nothing."""
    text = "the order could not be written down for certain in time; send it again, it will not be executed twice"
    logger.warning("an alert with the key %s was not written down within %s s", delivery.caller.name, WRITTEN)
    return answers.refusal(503, "JOURNAL_UNAVAILABLE", text)
