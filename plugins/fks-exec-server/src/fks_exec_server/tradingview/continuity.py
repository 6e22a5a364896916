# SPDX-License-Identifier: MIT
"""The chain of a strategy's alerts: what it said last of an instrument, kept in the journal; whether the next one follows.

A strategy's alert says which position it was in before. Where that is not the one which the alert before it left, an alert is
missing or was overtaken: there is a gap, and what the account holds is perhaps not what the strategy believes.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import TYPE_CHECKING

from attrs import frozen

from fks_exec_hub.journal import Note, NoteRecord

from .alert import Signal

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub

NAMESPACE = "signal"


@frozen(kw_only=True)
class Place:
    """Where a chain is kept: one for each account, strategy and instrument.

    Args:
        symbol: canonical.
    """

    account: str
    strategy: str | None
    symbol: str

    @property
    def name(self) -> str:
        """Of its note."""
        return json.dumps([self.strategy or "", self.symbol], separators=(",", ":"))


@frozen(kw_only=True)
class Last:
    """What a strategy said last of an instrument.

    Args:
        position: ``long``, ``short`` or ``flat``; None: its last alert did not say.
        time: of its newest signal, epoch milliseconds; 0: none had one.
        blocked: its entries are held back since a gap, until it is flat.
        ahead: the newest moment of a signal that was taken outside the window, an exit's: of a clock that is wrong. It makes
            nothing late, and only says that such a signal may have been taken.
        missing: the position that a signal of that time left, though nothing had led there: what leads there came before it.
    """

    position: str | None = None
    time: int = 0
    blocked: bool = False
    ahead: int = 0
    missing: str | None = None

    @property
    def newest(self) -> int | None:
        """``time``, where one is known."""
        return self.time or None

    @property
    def _value(self) -> dict[str, object]:
        more = {"ahead": self.ahead, "missing": self.missing}
        return {"position": self.position, "blocked": self.blocked, **{name: each for name, each in more.items() if each}}

    def gap(self, signal: Signal) -> bool:
        """Whether a signal does not follow; where one of the two does not say, it does. One that was overtaken is no next."""
        overtaken = signal.time is not None and signal.time < self.time
        known = self.position is not None and signal.before is not None
        return known and not overtaken and self.position != signal.before

    def surely_new(self, signal: Signal) -> bool:
        """Whether a signal cannot have been taken: then its time would be known."""
        return signal.time is not None and signal.time > max(self.time, self.ahead)

    def after(self, signal: Signal, *, until: int, blocked: bool = False) -> Last | None:
        """What is known after a signal; None where nothing has changed, as after one that was overtaken.

        Args:
            until: the latest moment that is believed, epoch milliseconds; what says a later one would make all others late.
        """
        time = signal.time or 0
        if signal.time is not None and time < self.time:
            return None
        blocked = (self.blocked or blocked) and signal.position != "flat"
        newest, ahead = (self.time, max(self.ahead, time)) if time > until else (max(self.time, time), self.ahead)
        missing = self._left(signal)
        after = Last(position=signal.position, time=newest, blocked=blocked, ahead=ahead, missing=missing)
        return None if after == self else after

    def _left(self, signal: Signal) -> str | None:
        if self.gap(signal) and signal.position != signal.before:
            return signal.before
        return self.missing if signal.time == self.time else None

    def note(self, place: Place, before: Last, now: int) -> Note:
        """The step that keeps it.

        Args:
            before: what was known until now; a time that is to grow is refused by the journal unless it grows.
            now: epoch milliseconds.
        """
        return Note(
            account=place.account,
            namespace=NAMESPACE,
            name=place.name,
            value=json.dumps(self._value, separators=(",", ":")),
            number=self.time,
            when="greater" if self.time > before.time else "always",
            time=now,
        )


def is_chain(record: NoteRecord) -> bool:
    """Whether a note is one of these, and not a nonce."""
    return record.value.startswith("{")


class Chains:
    """What strategies said last, from memory where it is there: one host owns the journal, so nobody else changes it.

    Args:
        most: chains that are remembered; the others are read again.
    """

    def __init__(self, hub: ExecutionHub, *, most: int = 10_000) -> None:
        self._hub = hub
        self._most = most
        self._known: OrderedDict[Place, Last] = OrderedDict()

    async def last(self, place: Place) -> Last:
        """What a strategy said last, before a restart too.

        Raises:
            JournalError, HubClosed: it cannot be read.
        """
        known = self._known.get(place)
        if known is None:
            record = await self._hub.read_note(place.account, NAMESPACE, place.name)
            known = Last() if record is None else _read(record)
            self.keep(place, known)
        return known

    def keep(self, place: Place, last: Last) -> None:
        """It is durable."""
        self._known[place] = last
        self._known.move_to_end(place)
        while len(self._known) > self._most:
            self._known.popitem(last=False)

    def forget(self, place: Place) -> None:
        """It is not known what is durable."""
        self._known.pop(place, None)


def _read(record: NoteRecord) -> Last:
    value = json.loads(record.value)
    ahead, missing = value.get("ahead", 0), value.get("missing")
    return Last(position=value["position"], time=record.number, blocked=value["blocked"], ahead=ahead, missing=missing)
