# SPDX-License-Identifier: MIT
"""The look-ups of an order of unknown fate as the journal keeps them, so that it can be told later why it was settled, or not.

An order may be looked up for days. One that says the same as the one before is not written by itself: it is counted with the
next one that says something else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen

from fks_exec.convert import from_json, to_json
from fks_exec.errors import FksExecError

from ..accounts.desk import Desk
from ..accounts.live import Live
from ..journal.protocol import JournalError, NamedStep, Written
from ..orders.repair import repair

LOOKED = "looked_up"
"""The named step that holds a look-up, JSON."""


class Answer(StrEnum):
    """What a look-up brought."""

    FAILED = "failed"
    NOTHING = "no such order"
    SHOWN = "shown"


@frozen(kw_only=True)
class Look:
    """One look-up of an order of unknown fate.

    Args:
        asked: epoch milliseconds, its wait for a turn included; the step's own time is when the answer came.
        names: those that the venue was asked by, by their kind: ``venue_client_order_id`` is ours, ``order_id`` the venue's.
        why: whether that settles the order, and why, for a person.
        again: how many more said the same, after the one that was written before this one.
    """

    asked: int
    names: Mapping[str, str] = field(factory=dict)
    answer: Answer = field(converter=Answer)
    why: str
    again: int = 0


def read_look(data: str) -> Look | None:
    """A look-up from its step; None for one of a later version."""
    try:
        return from_json(Look, data)
    except (FksExecError, ValueError):
        return None


class Looked:
    """Writes down the look-ups of one order."""

    def __init__(self, desk: Desk, live: Live) -> None:
        self._desk = desk
        self._live = live
        self._last: tuple[Answer, str] | None = None
        self._again = 0

    def note(self, asked: int, answer: Answer, why: str) -> None:
        """Take a place on the way to the disk, before what follows from it; nothing waits for it, and it may be missing.

        Args:
            asked: epoch milliseconds.
        """
        if self._last == (answer, why):
            self._again += 1
            return
        if self._desk.unwritable or self._desk.closing:
            return
        self._last, again, self._again = (answer, why), self._again, 0
        ref = self._live.ref
        names = {"venue_client_order_id": ref.venue_client_order_id, "order_id": ref.order_id}
        kept = {name: value for name, value in names.items() if value is not None}
        look = Look(asked=asked, names=kept, answer=answer, why=why, again=again)
        step = NamedStep(key=self._live.key, name=LOOKED, data=to_json(look), time=self._desk.clock.now())
        self._desk.commit(_stored(self._desk, asyncio.ensure_future(self._desk.journal.write(step, term=self._desk.term))))


async def _stored(desk: Desk, write: asyncio.Future[Written]) -> None:
    try:
        await write
    except JournalError as error:  # what was to be done with the answer is done all the same
        repair(desk, str(error))
