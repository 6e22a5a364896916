# SPDX-License-Identifier: MIT
"""What decides whether a write may be stored, and what its steps make of an order: the same for every engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from attrs import define, field

from .codec import account_of
from .protocol import (
    Accept,
    Exists,
    Fenced,
    FillRecord,
    FillStep,
    Halted,
    HaltRecord,
    HaltState,
    HaltStep,
    Intent,
    JournalStep,
    JournalUnavailable,
    Key,
    NamedStep,
    Note,
    NoteRecord,
    Outcome,
    PositionStep,
    Recorded,
    Term,
)

PENDING, UNRESOLVED, OPEN, DONE = 0, 1, 2, 3

NEVER_HALTED = HaltRecord(state=HaltState.ACTIVE, reason="", time=0)

#: Intents with these purposes put the order itself at the venue; the others act on what is there already.
PLACING = frozenset({"order", "close"})

#: A halt never holds these back: they only make a position safer or an order go away.
ALWAYS_ALLOWED = frozenset({"cancel", "protect"})

NEEDS_NO_TERM = (Accept, HaltStep)


@define(kw_only=True)
class OrderState:
    """What an engine must know of an order to judge the next step.

    Args:
        position: of its accept.
        attempt: the newest attempt to place it; 0 if none.
        outcome: the position of the outcome that counts; 0 if none.
        intents: (purpose, leg, attempt) of all intents; None when not read yet.
    """

    position: int
    key: Key
    lane: str
    state: int = PENDING
    attempt: int = 0
    outcome: int = 0
    intents: set[tuple[str, str, int]] | None = field(factory=set)

    def intend(self, step: Intent) -> None:
        """An intent to place the order makes its fate a question again; what acts on a placed order changes nothing."""
        if self.intents is not None:
            self.intents.add((step.purpose, step.leg, step.attempt))
        if step.leg == "" and step.purpose in PLACING:
            self.state = UNRESOLVED
            self.attempt = max(self.attempt, step.attempt)
            self.outcome = 0

    def learn(self, step: Outcome, position: int) -> None:
        """The last outcome of the order itself counts; one of an older attempt says nothing about the newest."""
        if step.leg or step.purpose not in PLACING or (step.attempt < self.attempt and not self.outcome):
            return
        self.outcome = position
        if step.status == "unknown":
            self.state = UNRESOLVED
        else:
            self.state = DONE if step.terminal else OPEN


class View(Protocol):
    """What is stored, earlier writes of the same group included."""

    def term(self, account: str) -> int:
        """The number of the newest claim; 0 if none."""
        ...

    def halt_record(self, account: str) -> HaltRecord:
        """What the account may do."""
        ...

    def order_state(self, key: Key) -> OrderState | None:
        """One order."""
        ...

    def intents_of(self, order: OrderState) -> set[tuple[str, str, int]]:
        """All intents of an order."""
        ...

    def recorded(self, order: OrderState) -> Recorded:
        """The whole record of an order."""
        ...

    def fill_record(self, account: str, trade_id: str) -> FillRecord | None:
        """The fill with this trade id."""
        ...

    def note_record(self, account: str, namespace: str, name: str) -> NoteRecord | None:
        """One note."""
        ...


def check(steps: Sequence[JournalStep], term: Term | None, view: View) -> None:
    """Raise what forbids the write; return if all of it may be stored.

    Raises:
        Fenced, Halted, Exists: the conditions of the protocol.
        JournalUnavailable: a step names an order that nobody accepted.
    """
    account = account_of(steps[0])
    _check_term(account, steps, term, view)
    accepted: set[Key] = set()
    halt: HaltRecord | None = None
    for step in steps:
        if isinstance(step, Accept):
            _check_accept(step, view)
            accepted.add(step.key)
        elif isinstance(step, HaltStep):
            halt = HaltRecord(state=step.state, reason=step.reason, time=step.time)
        elif isinstance(step, Note):
            _check_note(step, view)
        elif not isinstance(step, PositionStep):
            _check_order(step, accepted, halt, view)


def _check_term(account: str, steps: Iterable[JournalStep], term: Term | None, view: View) -> None:
    if term is None:
        for step in steps:
            if not isinstance(step, NEEDS_NO_TERM):
                raise Fenced(f"no term given: claim account {account!r} first, then write with the claim's term")
        return
    newest = view.term(account)
    if term.number != newest:
        raise Fenced(
            f"term {term.number} of account {account!r} is not the newest ({newest or 'nobody has claimed it'}); "
            "claim the account and read its state before going on"
        )


def _check_accept(step: Accept, view: View) -> None:
    order = view.order_state(step.key)
    if order is not None:
        raise Exists(view.recorded(order))


def _check_order(
    step: Intent | Outcome | FillStep | NamedStep, accepted: set[Key], halt: HaltRecord | None, view: View
) -> None:
    order = view.order_state(step.key)
    if order is None and step.key not in accepted:
        raise JournalUnavailable(
            f"nothing stored: no order {step.key.client_order_id!a} was accepted in account {step.key.account!r}"
        )
    if isinstance(step, Intent):
        _check_halt(step, halt or view.halt_record(step.key.account))
        if order is not None and (step.purpose, step.leg, step.attempt) in view.intents_of(order):
            raise Exists(view.recorded(order))
    elif isinstance(step, FillStep):
        fill = view.fill_record(step.key.account, step.trade_id)
        if fill is not None:
            raise Exists(fill)


def _check_halt(step: Intent, halt: HaltRecord) -> None:
    if halt.state == HaltState.ACTIVE or step.purpose in ALWAYS_ALLOWED:
        return
    if halt.state == HaltState.HALTED or not step.reducing:
        raise Halted(halt)


def _check_note(step: Note, view: View) -> None:
    if step.when == "always":
        return
    note = view.note_record(step.account, step.namespace, step.name)
    if note is not None and (step.when == "absent" or step.number <= note.number):
        raise Exists(note)
