# SPDX-License-Identifier: MIT
"""Steps as the text that an engine stores, and back.

The text is a JSON object of the step's own fields in a fixed order, ASCII only and without white space, so that the same
step is always the same bytes (the hash chain rests on it). Account and time stand beside it, not in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from json.encoder import encode_basestring_ascii as quote
from typing import Any

from .protocol import (
    Accept,
    FillStep,
    HaltState,
    HaltStep,
    Intent,
    JournalStep,
    Key,
    NamedStep,
    Note,
    Outcome,
    PositionStep,
)

LARGEST = 2**63 - 1

#: Steps of the account itself; all others name an order.
ACCOUNT_STEPS = (HaltStep, Note, PositionStep)


def _name(text: str) -> str:
    """What becomes a key of a table must be real text: UTF-8 has no lone surrogates (UnicodeEncodeError)."""
    if not text.isascii():
        text.encode()
    return quote(text)


def _check_key(key: Key) -> None:
    for text in key:
        if not text.isascii():
            text.encode()


def _accept(step: Accept) -> str:
    _check_key(step.key)
    raw = "null" if step.raw is None else quote(step.raw.decode("latin-1"))
    return (
        f'{{"client_order_id":{quote(step.key.client_order_id)},"lane":{_name(step.lane)},'
        f'"digest":{quote(step.digest)},"instruction":{quote(step.instruction)},"raw":{raw}}}'
    )


def _intent(step: Intent) -> str:
    _check_key(step.key)
    return (
        f'{{"purpose":{quote(step.purpose)},"attempt":{step.attempt:d},"leg":{quote(step.leg)},'
        f'"venue_client_order_id":{_name(step.venue_client_order_id)},'
        f'"reducing":{"true" if step.reducing else "false"},"decision":{quote(step.decision)}}}'
    )


def _outcome(step: Outcome) -> str:
    _check_key(step.key)
    return (
        f'{{"purpose":{quote(step.purpose)},"attempt":{step.attempt:d},"leg":{quote(step.leg)},"status":{quote(step.status)},'
        f'"terminal":{"true" if step.terminal else "false"},"result":{quote(step.result)}}}'
    )


def _fill(step: FillStep) -> str:
    _check_key(step.key)
    return f'{{"trade_id":{_name(step.trade_id)},"leg":{quote(step.leg)},"fill":{quote(step.fill)}}}'


def _position(step: PositionStep) -> str:
    _name(step.account)
    return f'{{"lane":{_name(step.lane)},"strategy":{_name(step.strategy)},"position":{quote(step.position)}}}'


def _halt(step: HaltStep) -> str:
    _name(step.account)
    return f'{{"state":{quote(HaltState(step.state).value)},"reason":{quote(step.reason)}}}'


def _note(step: Note) -> str:
    _name(step.account)
    return (
        f'{{"namespace":{_name(step.namespace)},"name":{_name(step.name)},"value":{quote(step.value)},'
        f'"number":{step.number:d},"when":{quote(step.when)}}}'
    )


def _named(step: NamedStep) -> str:
    _check_key(step.key)
    return f'{{"name":{_name(step.name)},"data":{quote(step.data)}}}'


KINDS: dict[type, str] = {
    Accept: "accept",
    Intent: "intent",
    Outcome: "outcome",
    FillStep: "fill",
    PositionStep: "position",
    HaltStep: "halt",
    Note: "note",
    NamedStep: "step",
}
_TYPES: dict[str, type] = {kind: cls for cls, kind in KINDS.items()}
_ENCODERS: dict[type, Callable[[Any], str]] = {
    Accept: _accept,
    Intent: _intent,
    Outcome: _outcome,
    FillStep: _fill,
    PositionStep: _position,
    HaltStep: _halt,
    Note: _note,
    NamedStep: _named,
}


def account_of(step: JournalStep) -> str:
    """The account that a step names."""
    if isinstance(step, ACCOUNT_STEPS):
        return step.account
    return step.key.account


def encode(step: JournalStep) -> str:
    """The step's body. Raises TypeError or ValueError for a field that cannot be stored."""
    try:
        body = _ENCODERS[type(step)](step)
    except KeyError:
        raise TypeError(f"{type(step).__name__} is no journal step") from None
    if not -LARGEST <= step.time <= LARGEST:
        raise ValueError(f"time {step.time} is no number of milliseconds that a journal can hold")
    return body


def decode(kind: str, account: str, client_order_id: str, time: int, body: str) -> JournalStep:
    """The step that a stored event was made from; a field that a step did not have yet gets its default."""
    cls = _TYPES[kind]
    fields: dict[str, Any] = json.loads(body)
    if cls is Accept:
        client_order_id = fields.pop("client_order_id")
        fields["raw"] = raw_bytes(fields["raw"])
    if cls is HaltStep:
        fields["state"] = HaltState(fields["state"])
    if cls in ACCOUNT_STEPS:
        step: JournalStep = cls(account=account, time=time, **fields)
    else:
        step = cls(key=Key(account, client_order_id), time=time, **fields)
    return step


def raw_bytes(text: str | None) -> bytes | None:
    """What arrived, from its stored form (one character per byte)."""
    return None if text is None else text.encode("latin-1")


def encode_all(steps: Sequence[JournalStep]) -> list[str]:
    """The bodies of one write. Raises ValueError for a write that no engine can keep as one."""
    if len(steps) == 1:
        return [encode(steps[0])]
    if not steps:
        raise ValueError("a write needs at least one step")
    _one_account(steps)
    _no_contradiction(steps)
    return [encode(step) for step in steps]


def _one_account(steps: Sequence[JournalStep]) -> None:
    accounts = sorted({account_of(step) for step in steps})
    if len(accounts) > 1:
        raise ValueError(f"all steps of one write name one account, these name {', '.join(accounts)}")


def _no_contradiction(steps: Sequence[JournalStep]) -> None:
    """Two steps of one write that exclude each other could only fail for ever: say so at once."""
    seen: set[object] = set()
    for step in steps:
        mark: object = None
        if isinstance(step, Accept):
            mark = step.key
        elif isinstance(step, Intent):
            mark = (step.key, step.purpose, step.leg, step.attempt)
        elif isinstance(step, FillStep):
            mark = ("fill", step.trade_id)
        elif isinstance(step, Note) and step.when != "always":
            mark = ("note", step.namespace, step.name)
        if mark is not None and mark in seen:
            raise ValueError(f"one write holds the same {KINDS[type(step)]} twice: {mark!r}")
        seen.add(mark)
