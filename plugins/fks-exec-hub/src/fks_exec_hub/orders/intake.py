# SPDX-License-Identifier: MIT
"""The way in: in one tick an instruction is handed to the journal and takes its place in its lane; then it is the hub's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from fks_exec.convert import canonical, digest_of
from fks_exec.errors import InvalidOrder
from fks_exec.model.copying import changed
from fks_exec.model.events import OrderAccepted
from fks_exec.model.results import ExecutionResult, Status

from ..accounts.desk import Desk
from ..accounts.live import Live
from ..exits.family import is_child, role_of
from ..ids import ClientIds
from ..instructions import Instruction
from ..journal.codec import encode_all
from ..journal.protocol import (
    Accept,
    Exists,
    Fenced,
    Halted,
    JournalError,
    JournalStep,
    Key,
    Note,
    NoteRecord,
    Recorded,
    Written,
)
from .clearing import restore_queued, supersede
from .decide import decide_now
from .lane import LOOK, Lane, Place, work
from .receipt import Receipt, receipt_for
from .repair import repair
from .restore import revive
from .submit import begin, forget

log: logging.Logger = logging.getLogger(__name__)

MERGE = True
"""Accept and intent share one write where the lane is idle and the decision needs no waiting; a bench turns it off."""

MANY = 4096
"""Lanes beyond which the idle ones are let go."""


class Intake:
    """Takes instructions, for all accounts of a hub.

    What this host tried to accept without learning whether it is stored (``_tried``) it did not send.
    """

    def __init__(self) -> None:
        self._ids = ClientIds()
        self._lanes: dict[tuple[str, str], Lane[Place]] = {}
        self._closed = False
        self._tried: set[Key] = set()

    async def take(self, desk: Desk, instruction: Instruction, raw: bytes | None, notes: Sequence[Note] = ()) -> Receipt:
        """An instruction for an account; when this returns it is durable. Raises as ``ExecutionHub.submit``."""
        _check_notes(desk, notes)
        symbol = desk.ready_account().resolve_symbol(instruction.symbol)
        name = instruction.client_order_id or self._ids.new()
        if is_child(name):
            problem = f"{name!a} holds a '~', which marks the orders that the hub makes for another one; give it another id"
            raise InvalidOrder("client_order_id", problem)
        if (instruction.symbol, instruction.client_order_id) != (symbol, name):
            instruction = changed(instruction, symbol=symbol, client_order_id=name)
        document = canonical(instruction)
        content = digest_of(document)
        while True:
            known = desk.live.get(name)
            duplicate = known is not None
            if known is None:
                known = self._enter(desk, instruction, document, content, raw, notes)
            error = await _failure(known)
            if not (duplicate and isinstance(error, Exists) and isinstance(error.recorded, NoteRecord)):
                break  # else another caller's note kept that caller's instruction out: this one is entered for itself
        if isinstance(error, Exists) and isinstance(error.recorded, Recorded):
            known, duplicate = await self._recorded(desk, error.recorded), True
        elif error is not None:
            raise error
        return receipt_for(known, content, duplicate=duplicate, patience=desk.config.deadline)

    async def enter_child(self, desk: Desk, instruction: Instruction) -> Live:
        """An order that the hub makes for another one takes its place in its lane; once for its id, however often it is asked.

        While the journal cannot be written it waits. An order that the journal knows and that has ended is returned as it was.

        Args:
            instruction: with its canonical symbol and an id from :mod:`fks_exec_hub.exits.family`.

        Raises:
            JournalError: the hub closes.
        """
        while True:
            try:
                return await self._child(desk, instruction)
            except JournalError:
                if desk.closing or self._closed:
                    raise
                await asyncio.sleep(LOOK)

    async def _child(self, desk: Desk, instruction: Instruction) -> Live:
        live = desk.live.get(instruction.client_order_id or "")
        if live is None:
            document = canonical(instruction)
            live = self._enter(desk, instruction, document, digest_of(document), None)
        error = await _failure(live)
        if isinstance(error, Exists) and isinstance(error.recorded, Recorded):
            return await self._recorded(desk, error.recorded)
        if error is not None:
            raise error
        return live

    def _enter(
        self,
        desk: Desk,
        instruction: Instruction,
        document: str,
        content: str,
        raw: bytes | None,
        notes: Sequence[Note] = (),
    ) -> Live:
        """In one tick: the journal write, the place in the lane. From here on the order is the hub's."""
        key = Key(desk.name, instruction.client_order_id or "")
        now = desk.clock.now()
        accept = Accept(key=key, lane=instruction.symbol, digest=content, instruction=document, raw=raw, time=now)
        live = Live(key=key, lane=instruction.symbol, instruction=instruction, digest=content, accepted_at=now)
        live.result = live.told = ExecutionResult(status=Status.PENDING, client_order_id=key.client_order_id)
        live.role = role_of(key.client_order_id)
        lane = self._lane(desk, live.lane)
        if MERGE and lane.idle:
            live.asked = desk.clock.monotonic()
            live.decision = decide_now(desk, live)
        marks = supersede(desk, live, (place.live for place in lane.in_order()))
        self._write(desk, live, (accept, *notes), *marks, *_begun(desk, live))
        desk.add(live)
        lane.put(Place(live, live.write))
        return live

    def _write(self, desk: Desk, live: Live, taken: tuple[Accept | Note, ...], *more: JournalStep) -> None:
        """Accept, what it changes for others and, where it was decided in the same tick, intent: one write, all or nothing.

        Args:
            taken: the accept and the caller's notes, which are stored with it or not at all. The accept stands first: that an
                order is known is found before its notes are looked at.
        """
        term = desk.term if more or len(taken) > 1 else None
        live.write = asyncio.ensure_future(desk.journal.write(*taken, *more, term=term))
        live.write.add_done_callback(lambda write: self._written(desk, live, write, taken))

    def _written(self, desk: Desk, live: Live, write: asyncio.Future[Written], taken: tuple[Accept | Note, ...]) -> None:
        """First of all who wait for the write: what was not accepted is forgotten before a caller can try again."""
        error = None if write.cancelled() else write.exception()
        if error is None and not write.cancelled():
            self._tell(desk, live)
            return
        decided = live.decision is not None
        if decided:
            live.decision = None
            forget(live)
            desk.book.release(live.token)
        if decided and isinstance(error, Halted | Fenced):  # the intent was refused; the instruction stands, in a new place
            self._write(desk, live, taken)
            self.put(desk, live)
            return
        desk.drop(live)
        restore_queued(desk, live, (place.live for place in self._lane(desk, live.lane).in_order()))
        if not isinstance(error, Exists):
            self._tried.add(live.key)
            repair(desk, str(error or "a write was given up"))

    def _tell(self, desk: Desk, live: Live) -> None:
        if desk.observers:
            names = {"account": desk.name, "client_order_id": live.key.client_order_id}
            desk.emit(OrderAccepted(**names, time=live.accepted_at, instruction=live.instruction))

    async def _recorded(self, desk: Desk, recorded: Recorded) -> Live:
        """An order that the journal knew; one that was accepted and never begun is begun now."""
        refused = desk.live.get(recorded.key.client_order_id)
        if refused is not None and refused.write is not None and refused.write.done() and refused.write.exception():
            desk.drop(refused)  # an engine may answer before the callback of the write has run
        if not recorded.attempts:
            self._tried.add(recorded.key)
        await self.adopt(desk, recorded)
        return desk.live.get(recorded.key.client_order_id) or await revive(desk, recorded)

    async def adopt(self, desk: Desk, recorded: Recorded) -> None:
        """Take up an order that only the journal knows: accepted by this host, and not sent; what was sent is live."""
        name = recorded.key.client_order_id
        if recorded.key not in self._tried or recorded.result is not None or name in desk.live:
            return
        self._tried.discard(recorded.key)
        live = await revive(desk, recorded)
        if name not in desk.live and not self._closed:
            desk.add(live)
            self.put(desk, live)

    def put(self, desk: Desk, live: Live) -> None:
        """The last place in its lane."""
        lane = self._lane(desk, live.lane)
        supersede(desk, live, (place.live for place in lane.in_order()))
        lane.put(Place(live, live.write))

    def _lane(self, desk: Desk, symbol: str) -> Lane[Place]:
        lane = self._lanes.get((desk.name, symbol))
        if lane is None:
            if len(self._lanes) >= MANY:
                self._lanes = {key: other for key, other in self._lanes.items() if not other.idle}
            lane = self._lanes[desk.name, symbol] = Lane(lambda place: work(desk, place))
        return lane

    async def stop(self, seconds: float) -> None:
        """Begin nothing further; what is in hand has so many seconds."""
        self._closed = True
        await asyncio.gather(*(lane.stop(seconds) for lane in self._lanes.values()))


def _check_notes(desk: Desk, notes: Sequence[Note]) -> None:
    """What no journal could store is a fault of the caller's: it is told before anything has begun."""
    if not notes:
        return
    encode_all(notes)
    if notes[0].account != desk.name:
        raise ValueError(f"a note of account {notes[0].account!r} cannot be stored with an order of {desk.name!r}")


def _begun(desk: Desk, live: Live) -> tuple[JournalStep, ...]:
    """What goes with the accept of an order that was decided at once; a fault of ours leaves it to the lane."""
    if live.decision is None:
        return ()
    try:
        return begin(desk, live, live.decision)
    except Exception:
        log.exception("account %s: order %s could not be begun at once", desk.name, live.key.client_order_id)
        forget(live)
        desk.book.release(live.token)
        live.decision = None
        return ()


async def _failure(live: Live) -> BaseException | None:
    """Why an order could not be made durable; None when it is. Cancelling the caller leaves the write alone."""
    while True:
        write = live.write
        if write is None:
            return None
        try:
            await asyncio.shield(write)
        except JournalError as error:
            await asyncio.sleep(0)  # an engine may answer before the callback of the write has run
            if live.write is write:
                return error
        else:
            return None
