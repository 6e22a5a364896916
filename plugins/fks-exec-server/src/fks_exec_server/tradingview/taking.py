# SPDX-License-Identifier: MIT
"""One order of an alert, from what its strategy said before to the hub: Taking.

What is decided from earlier alerts is decided once, for the first delivery: the journal keeps it with the order in one write.
The alert sent again is answered by its id, before anything else is looked at, also when it has grown old meanwhile.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from attrs import evolve

from fks_exec import Denial, ExecutionResult, Instruction, Order, SizedOrder, to_dict
from fks_exec.model.events import Alarm
from fks_exec_hub import HubClosed, Receipt
from fks_exec_hub.instructions import read_instruction
from fks_exec_hub.journal import Exists, Key, Note, NoteRecord

from ..access.gate import Gate
from ..access.judging import Judge
from ..http import answers
from ..http.answers import Answer
from ..telemetry.correlation import note_order
from .alert import Child, window_id
from .collar import too_far
from .continuity import Chains, Last, Place, is_chain
from .delivery import Delivery
from .gaps import Settled, close_of, said, settle
from .parts import at_risk, capped, covered, half_is_left, held
from .silence import heard
from .windows import refusal_of

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub

logger: logging.Logger = logging.getLogger(__name__)

WINDOW = "window"
"""The notes of alerts that only their moment tells apart."""
_GAP = Denial(code="SIGNAL_GAP", message="an alert of this strategy is missing; look at TradingView's log of alerts")
TEST = "test"
"""The notes of test alerts."""
SETTLING = 1.0
"""Seconds that a part of an exit waits for the order before it."""


class Taking:
    """Takes the orders of alerts; those of one strategy and instrument one after the other."""

    def __init__(self, hub: ExecutionHub, access: Gate, judge: Judge) -> None:
        self._hub = hub
        self._access = access
        self._judge = judge
        self._chains = Chains(hub)
        self._locks: WeakValueDictionary[Place, asyncio.Lock] = WeakValueDictionary()
        self._under_way: WeakValueDictionary[Place, asyncio.Future[ExecutionResult]] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[Receipt | Answer]] = set()

    async def take(self, delivery: Delivery, child: Child) -> Answer:
        """An order to its answer. Raises as ``ExecutionHub.submit``.

        Raises:
            Exists: the nonce of the request is spent.
        """
        task = asyncio.get_running_loop().create_task(self._in_turn(delivery, child))
        self._tasks.add(task)  # it goes on when the sender hangs up: the next delivery finds what it did
        task.add_done_callback(self._tasks.discard)
        taken = await asyncio.shield(task)
        if isinstance(taken, Answer):
            return taken
        wait = delivery.caller.wait
        if wait is None and not taken.concluded.done():
            return answers.still_working(taken.client_order_id)
        try:
            return answers.outcome(await taken.result(timeout=wait))
        except (TimeoutError, HubClosed):  # durable by now, whatever becomes of this host
            return answers.still_working(taken.client_order_id)

    async def _in_turn(self, delivery: Delivery, child: Child) -> Receipt | Answer:
        symbol = self._hub.resolve_symbol(child.account, child.instruction.symbol)
        place = Place(account=child.account, strategy=child.instruction.strategy, symbol=symbol)
        lock = self._locks.setdefault(place, asyncio.Lock())
        async with lock:
            while True:
                try:
                    return await self._taken(delivery, child, place)
                except Exists as error:
                    self._chains.forget(place)
                    if not isinstance(error.recorded, NoteRecord) or not is_chain(error.recorded):
                        raise

    async def _taken(self, delivery: Delivery, child: Child, place: Place) -> Receipt | Answer:
        child, noted = await self._named(delivery, child)
        name = child.instruction.client_order_id or ""
        note_order(child.account, name)
        if delivery.signal.test:
            return await self._tested(delivery, child, place)
        last = await self._chains.last(place)
        recorded = None if last.surely_new(delivery.signal) else await self._hub.journal.order(Key(child.account, name))
        if recorded is None:
            return await self._first(delivery, child, place, last, noted)
        known = recorded.raw == delivery.raw
        instruction = read_instruction(recorded.instruction, name) if known else child.instruction
        return await self._submitted(delivery, child.account, instruction, ())

    async def _first(
        self, delivery: Delivery, child: Child, place: Place, last: Last, noted: Sequence[Note]
    ) -> Receipt | Answer:
        """An alert that never came before."""
        signal, config, now = delivery.signal, delivery.config, self._hub.clock.now()
        exits = await self._exits(delivery, child, place, last)
        denial = refusal_of(signal.time, exits=exits, newest=last.newest, now=now, config=config)
        if denial is None:
            settled = settle(child.instruction, signal, last, exits=exits, on_gap=config.on_gap)
        elif await half_is_left(self._hub, denial, signal, last, place):
            settled = Settled(instruction=close_of(child.instruction), gap=last.gap(signal))
        else:
            return _refused(delivery, denial)
        if settled.gap:
            self._alarm(place, f"{said(last, signal)}; an alert is missing or was overtaken, on_gap is {config.on_gap}")
        after = last.after(signal, until=now + round(config.max_ahead * 1000), blocked=settled.blocked)
        if denial is not None:  # nothing was opened: what follows on it does not follow
            after = evolve(after or last, position="flat")
        chain = () if after is None else (after.note(place, last, now),)
        if settled.instruction is None or settled.denial is not None:
            for note in chain if settled.blocked else ():  # that entries are held back outlives the host
                await self._hub.write_note(note)
                self._chains.forget(place)
            return _refused(delivery, settled.denial or _GAP)
        instruction = await capped(self._hub, settled.instruction, signal, place)
        if not exits:
            denial = await too_far(self._hub, place, instruction, signal, config.collar_percent)
            if denial is not None:
                return _refused(delivery, denial)
        notes = (*chain, *noted, *heard(delivery.caller.name, config, child.account, now))
        self._chains.forget(place)
        taken = await self._submitted(delivery, child.account, instruction, notes)
        if isinstance(taken, Receipt) and not taken.duplicate and not _reused(taken):
            self._chains.keep(place, after or last)
            self._under_way[place] = taken.concluded
        return taken

    async def _submitted(
        self, delivery: Delivery, account: str, instruction: Instruction, notes: Sequence[Note]
    ) -> Receipt | Answer:
        denial = await self._judge.permit(delivery.caller, account, instruction)
        if denial is not None and denial.code == "SCOPE_PACE":  # it comes again, and there is room by then
            return answers.refusal(503, denial.code, denial.message, denials=(denial,))
        if denial is not None:
            return answers.forbidden(denial)
        await self._access.admit(self._hub, delivery.proof, "order")
        nonce = delivery.proof.notes(account, self._hub.clock.now())
        return await self._hub.submit(account, instruction, raw=delivery.raw, notes=(*nonce, *notes))

    async def _named(self, delivery: Delivery, child: Child) -> tuple[Child, tuple[Note, ...]]:
        """With an id; that of the first of its window, where only the moment tells it from an equal alert."""
        if child.instruction.client_order_id is not None:
            return child, ()
        key, now = delivery.caller.name, self._hub.clock.now()
        name = hashlib.sha256(f"{key}\0".encode() + delivery.raw).hexdigest()
        first = await self._hub.read_note(child.account, WINDOW, name)
        if first is not None and now - first.number < (delivery.config.dedup_window or 0) * 1000:
            return child.named(window_id(key, child.account, delivery.raw, first.number)), ()
        note = Note(account=child.account, namespace=WINDOW, name=name, value="{}", number=now, when="greater", time=now)
        return child.named(window_id(key, child.account, delivery.raw, now)), (note,)

    async def _exits(self, delivery: Delivery, child: Child, place: Place, last: Last) -> bool:
        """Whether an alert can only reduce: by what it says and the venue enforces, else by what its strategy holds."""
        order, signal, config = child.instruction, delivery.signal, delivery.config
        if isinstance(order, Order | SizedOrder) and await at_risk(self._hub, order, signal, place):
            await self._settled(place)
            return covered(order, await held(self._hub, place))
        if signal.exits is not None or not isinstance(order, Order):
            return bool(signal.exits)
        now = self._hub.clock.now()
        late = refusal_of(signal.time, exits=False, newest=last.newest, now=now, config=config) is not None
        if not late and not last.blocked and not last.gap(signal) and config.collar_percent is None:
            return False
        return covered(order, await held(self._hub, place))

    async def _settled(self, place: Place) -> None:
        """What a strategy holds is told by its orders up to now: the last one may be under way, and is waited for a little."""
        under_way = self._under_way.get(place)
        if under_way is not None:
            await asyncio.wait({under_way}, timeout=SETTLING)

    async def _tested(self, delivery: Delivery, child: Child, place: Place) -> Answer:
        """All but the order: it is judged and captured, nothing is accepted, and no chain goes on from it."""
        now = self._hub.clock.now()
        last = await self._chains.last(place)
        exits = await self._exits(delivery, child, place, last)
        denial = await self._judge.permit(delivery.caller, child.account, child.instruction, rehearsed=True)
        if denial is not None:
            return answers.forbidden(denial)
        late = refusal_of(delivery.signal.time, exits=exits, newest=last.newest, now=now, config=delivery.config)
        if late is not None:
            return _refused(delivery, late)
        instruction = await capped(self._hub, child.instruction, delivery.signal, place)
        result = await self._hub.rehearse_order(child.account, instruction)
        name = child.instruction.client_order_id or ""
        captured = json.dumps({"alert": delivery.raw.decode(), "result": to_dict(result)}, separators=(",", ":"))
        await self._hub.write_note(Note(account=child.account, namespace=TEST, name=name, value=captured, time=now))
        return answers.outcome(result)

    def _alarm(self, place: Place, text: str) -> None:
        text = f"strategy {place.strategy!a}, {place.symbol}: {text}"
        logger.warning("account %s: SIGNAL_GAP: %s", place.account, text)
        now = self._hub.clock.now()
        self._hub.observers.emit(Alarm(account=place.account, time=now, code="SIGNAL_GAP", message=text))


def _reused(receipt: Receipt) -> bool:
    """Whether the id stands for another order, so that nothing of this one was written."""
    done = receipt.concluded
    return done.done() and not done.cancelled() and done.exception() is None and done.result().code == "ID_REUSED"


def _refused(delivery: Delivery, denial: Denial) -> Answer:
    """It is not taken, and its id is not spent."""
    logger.warning("an alert with the key %s was refused: %s: %a", delivery.caller.name, denial.code, denial.message)
    return answers.refusal(422, denial.code, denial.message, denials=(denial,))
