# SPDX-License-Identifier: MIT
"""The life of one order as the journal tells it: arrival, decision, intent, request, answers, fills, legs, with their times."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import field, frozen

from fks_exec.convert import digest_of, encode, from_json, to_dict
from fks_exec.errors import InvalidOrder
from fks_exec.model.numbers import plain
from fks_exec.model.results import ExecutionResult, Fill, Status
from fks_exec_hub.exits.family import role_of
from fks_exec_hub.following.looked import LOOKED, Look, read_look
from fks_exec_hub.instructions import Instruction, read_instruction
from fks_exec_hub.journal.protocol import Event, Recorded
from fks_exec_hub.journal.state import PLACING

from .output import when
from .results import fill_text, instruction_text, leg_text

_SEEN = ("quote", "equity", "position", "working_buy", "working_sell", "open_orders", "exposure", "day_start", "margin_free")


@frozen(kw_only=True)
class Moment:
    """One step of an order's life.

    Args:
        time: epoch milliseconds.
        account: whose order it is.
        order: the client's id: the order's own, or that of another one of its family.
        what: a word: arrived, read, decided, intent, request, answer, look-up, learned, fill, leg, step.
        text: the same for a person; names no secret and quotes nothing of what arrived.
        facts: the same for a program.
    """

    time: int
    account: str
    order: str
    what: str
    text: str
    facts: Mapping[str, object] = field(factory=dict)


@frozen(kw_only=True)
class Life:
    """One order of the family, as it is recorded.

    Args:
        history: all that is stored about it, in order.
        limits: by their digest, what its decisions rested on, JSON.
    """

    recorded: Recorded
    history: Sequence[Event]
    limits: Mapping[str, str] = field(factory=dict)

    @property
    def was_unknown(self) -> bool:
        """Whether it was not known for a time whether the venue has it."""
        told = [json.loads(event.body) for event in self.history if event.kind == "outcome"]
        return any(_places(body) and body["status"] == Status.UNKNOWN.value for body in told)

    @property
    def was_looked_up(self) -> bool:
        """Whether a look-up of it is recorded."""
        return any(event.kind == "step" and json.loads(event.body)["name"] == LOOKED for event in self.history)


def moments(lives: Sequence[Life]) -> list[Moment]:
    """The steps of the orders of a family: those of one account as they were written, several accounts by the time."""
    accounts = dict.fromkeys(life.recorded.key.account for life in lives)
    return list(heapq.merge(*(_of_account(lives, name) for name in accounts), key=lambda told: told.time))


def _of_account(lives: Iterable[Life], account: str) -> list[Moment]:
    own = [life for life in lives if life.recorded.key.account == account]
    placed = [(event.position, place, told) for life in own for event in life.history for place, told in _told(life, event)]
    return [told for *_, told in sorted(placed, key=lambda item: item[:2])]


def _told(life: Life, event: Event) -> Iterator[tuple[int, Moment]]:
    body = json.loads(event.body)
    steps = _TELLERS.get(event.kind, _unknown)(life, event, body)
    for place, (what, text, facts) in enumerate(steps):
        kept = {name: value for name, value in facts.items() if value is not None}
        account, order = life.recorded.key
        yield place, Moment(time=event.time, account=account, order=order, what=what, text=text, facts=kept)


_Step = tuple[str, str, dict[str, object]]


def _accepted(life: Life, event: Event, body: Mapping[str, object]) -> Iterator[_Step]:
    order, instruction = life.recorded, _instruction(life.recorded)
    role = role_of(order.key.client_order_id)
    if order.raw is not None:
        sha256 = hashlib.sha256(order.raw).hexdigest()
        yield "arrived", f"{len(order.raw)} bytes, sha256 {sha256}", {"bytes": len(order.raw), "sha256": sha256}
    else:
        yield "arrived", f"made by the hub: {role}" if role else "from a program, nothing raw", {"made_for": role or None}
    text = "an instruction of a later version" if instruction is None else instruction_text(instruction)
    signal = None if instruction is None else instruction.signal_time
    if signal is not None:
        text += f"; signalled {event.time - signal} ms before"
    facts: dict[str, object] = {"instruction": text, "symbol": order.lane, "digest": order.digest, "signal_time": signal}
    yield "read", f"{text}, digest {order.digest[:16]}", facts


def _intended(life: Life, event: Event, body: Mapping[str, object]) -> Iterator[_Step]:
    decision = _json(body["decision"])
    if isinstance(decision, dict) and decision:
        limits = life.limits.get(str(decision.get("limits", "")))
        yield "decided", _seen(decision, limits), {"seen": decision, "limits": _json(limits) if limits else None}
    purpose, name = f"{body['purpose']} {body['leg']}".strip(), body["venue_client_order_id"]
    text = f"to {purpose}, attempt {body['attempt']}, as {name}"
    facts: dict[str, object] = {"purpose": body["purpose"], "leg": body["leg"] or None, "attempt": body["attempt"]}
    yield "intent", text, facts | {"venue_client_order_id": name}
    request = _request_digest(life.recorded, decision, body)
    yield "request", f"digest {request}", {"digest": request}


def _request_digest(recorded: Recorded, decision: object, body: Mapping[str, object]) -> str:
    """Of what the venue was asked: the order as decided, or as it came, what for, and the name that it was given."""
    order = decision.get("order") if isinstance(decision, dict) else None
    what = {name: body[name] for name in ("purpose", "leg", "venue_client_order_id")}
    asked = {"order": order or recorded.instruction, **what}
    return digest_of(encode(asked))


def _seen(decision: Mapping[str, object], limits: str | None) -> str:
    words = [f"{name} {_value(decision[name])}" for name in _SEEN if decision.get(name) is not None]
    if decision.get("reducing"):
        words.append("only reduces")
    found = _json(limits) if limits else None
    guards = found.get("guards") if isinstance(found, dict) else None
    if isinstance(guards, dict):
        words.append(f"guards {', '.join(_guard(name, table) for name, table in guards.items()) or 'none'}")
    return "; ".join(words)


def _guard(name: str, table: object) -> str:
    said = [f"{key} {_value(value)}" for key, value in table.items() if value is not None] if isinstance(table, dict) else []
    return f"{name} ({', '.join(said)})" if said else name


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "/".join(f"{key} {value[key]}" for key in ("bid", "ask", "last") if value.get(key) is not None) or encode(value)
    return str(value) if isinstance(value, str | int | float) else encode(value)


def _outcome(life: Life, event: Event, body: Mapping[str, object]) -> Iterator[_Step]:
    result, purpose = _result(body), str(body["purpose"])
    placing, before = _places(body), _before(life, event)
    what = "learned" if placing and before is not None else "answer"
    whose = "" if placing else f"{purpose} {body['leg']}".strip() + f" {body['attempt']}: "
    text = whose + ", ".join(_said(result))
    facts = {"status": result.status.value, "order_id": result.order_id, "code": result.code, "error": result.error}
    yield what, text, facts | {"purpose": purpose, "denials": [denial.code for denial in result.denials] or None}
    known = before.legs if before is not None else ()
    for leg in result.legs if placing else ():
        if leg not in known:
            yield "leg", leg_text(leg), {"role": leg.role, "status": leg.status.value}


def _said(result: ExecutionResult) -> Iterator[str]:
    yield result.status.value
    if result.order_id:
        yield f"the venue's id {result.order_id}"
    if result.filled_quantity:
        yield f"filled {plain(result.filled_quantity)}"
    if result.protected is not None:
        yield "under its stop" if result.protected else "NOT under its stop"
    if result.denials:
        yield "; ".join(f"{denial.code}: {denial.message}" for denial in result.denials)
    elif result.code or result.error:
        yield ": ".join(filter(None, (result.code, result.error)))


def _before(life: Life, event: Event) -> ExecutionResult | None:
    """What was known of the order itself; None for the first word after an intent to place it: that is the venue's answer.

    Later words were looked up, or the venue published them.
    """
    known: ExecutionResult | None = None
    for each in life.history:
        body = json.loads(each.body) if each.kind in ("intent", "outcome") and each.position < event.position else None
        if body is not None and _places(body):
            known = _result(body) if each.kind == "outcome" else None
    return known


def _places(body: Mapping[str, object]) -> bool:
    return body["purpose"] in PLACING and not body["leg"]


def _result(body: Mapping[str, object]) -> ExecutionResult:
    return from_json(ExecutionResult, str(body["result"]))


def _filled(life: Life, event: Event, body: Mapping[str, object]) -> Iterator[_Step]:
    fill = from_json(Fill, str(body["fill"]))
    yield "fill", fill_text(fill), {"trade_id": fill.trade_id, "quantity": str(fill.quantity), "price": str(fill.price)}


def _step(life: Life, event: Event, body: Mapping[str, object]) -> Iterator[_Step]:
    look = read_look(str(body["data"])) if body["name"] == LOOKED else None
    if look is not None:
        yield "look-up", _look_text(look), {**to_dict(look), "names": dict(look.names)}
        return
    yield "step", f"{body['name']}: {body['data']}", {"name": body["name"], "data": body["data"]}


def _look_text(look: Look) -> str:
    """When it was asked, by which names, what was answered, and why that is an answer or is none."""
    names = " and ".join(f"{_NAMES.get(name, name)} {value}" for name, value in look.names.items()) or "no name"
    before = f"; the answer before this one came {look.again} times more" if look.again else ""
    return f"asked {when(look.asked)} by {names}: {look.answer.value}, {look.why}{before}"


_NAMES = {"venue_client_order_id": "our name", "order_id": "the venue's id"}


def _unknown(life: Life, event: Event, body: Mapping[str, object]) -> Iterator[_Step]:
    yield event.kind, "", {}


_TELLERS = {"accept": _accepted, "intent": _intended, "outcome": _outcome, "fill": _filled, "step": _step}


def _instruction(recorded: Recorded) -> Instruction | None:
    try:
        return read_instruction(recorded.instruction)
    except InvalidOrder:
        return None


def _json(text: object) -> object:
    try:
        return json.loads(str(text))
    except ValueError:
        return text
