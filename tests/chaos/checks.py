# SPDX-License-Identifier: MIT
"""What must hold, whatever was killed: from the senders' memory, the journal and the exchange's own record."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal

from attrs import define, field
from memory import Alert, Answer, Memory
from plan import ACCOUNT, MAX_AGE, OPERATOR

from fks_exec import ExecutionResult, Position
from fks_exec.convert import from_json
from fks_exec_hub.journal import Attempt, Journal, Key, Recorded
from fks_exec_simulators.exchange_book import Placed, Record, Request

SHOWN = 5
SLACK = 0.3
"""Seconds between the decision to send an order and the exchange's seeing it, at most."""
MOVING = ("", "pending", "unknown", "accepted", "partially_filled")
"""States after which others come."""
NOTHING = ("not_placed", "rejected", "denied")
"""States in which the exchange has no order."""


@define
class Findings:
    """Violations by kind; each names the orders at fault."""

    found: dict[str, list[str]] = field(factory=lambda: defaultdict(list))

    def add(self, kind: str, what: str) -> None:
        """One violation."""
        if what not in self.found[kind]:
            self.found[kind].append(what)

    def __bool__(self) -> bool:
        return any(self.found.values())

    def count(self, kind: str) -> int:
        """How many of a kind."""
        return len(self.found[kind])

    def lines(self) -> list[str]:
        """A few of each kind."""
        return [f"{kind}: {what}" for kind, all_of in self.found.items() for what in all_of[:SHOWN]]


@define
class Counts:
    """What a round held, for the table."""

    orders: int = 0
    attempts: int = 0
    requests: int = 0
    unsent: int = 0
    further: int = 0
    cancels: int = 0
    states: Counter[str] = field(factory=Counter)


@define
class Story:
    """One order, as the journal and the exchange know it.

    Attributes:
        attempts: those that were to place it, each with its requests.
    """

    recorded: Recorded
    attempts: list[tuple[Attempt, list[Request]]]
    placed: list[Placed]

    @property
    def id(self) -> str:
        """The order's."""
        return self.recorded.key.client_order_id

    @property
    def requests(self) -> list[Request]:
        """All of them, by arrival."""
        return sorted((r for _, all_of in self.attempts for r in all_of), key=lambda r: r.arrival)


def stories(recorded: Iterable[Recorded], record: Record) -> list[Story]:
    """By their place in the journal."""
    requests = defaultdict(list)
    for request in record.requests.values():
        requests[request.id].append(request)
    told = []
    for order in sorted(recorded, key=lambda order: order.position):
        placing = [attempt for attempt in order.attempts if attempt.purpose in ("order", "close") and not attempt.leg]
        attempts = [(attempt, requests.get(attempt.venue_client_order_id, [])) for attempt in placing]
        placed = [record.orders[r.arrival] for _, all_of in attempts for r in all_of if r.placed]
        told.append(Story(order, attempts, placed))
    return told


async def after_kill(findings: Findings, journal: Journal, heard: Iterable[Answer], memory: Memory) -> None:
    """What was acknowledged since the last look is in the journal, as it was told."""
    for answer in heard:
        if answer.key is None:
            continue
        if memory.alerts[answer.id].key != answer.key:
            findings.add("records", f"{answer.id} was acknowledged as two orders")
        recorded = await journal.order(Key(memory.alerts[answer.id].account, answer.key))
        if recorded is None:
            findings.add("lost", f"{answer.id} was acknowledged and has no journalled state")
        else:
            _as_told(findings, answer, recorded)


def _as_told(findings: Findings, answer: Answer, recorded: Recorded) -> None:
    if answer.code == "NOT_RECORDED" or answer.status in ("", "pending", "unknown"):
        return
    known = _result(recorded)
    status, filled = (known.status, known.filled_quantity) if known else ("pending", Decimal(0))
    went_on = answer.status in MOVING and status not in ("pending", "unknown", *NOTHING) and filled >= Decimal(answer.filled)
    if not went_on and (status != answer.status or filled != Decimal(answer.filled)):
        findings.add("told", f"{answer.id} was told {answer.status} {answer.filled}, the journal says {status} {filled}")


def _result(recorded: Recorded) -> ExecutionResult | None:
    return None if recorded.result is None else from_json(ExecutionResult, recorded.result)


def doubled(findings: Findings, told: list[Story]) -> None:
    """No order is at the exchange twice."""
    for story in told:
        if len(story.placed) > 1:
            findings.add("doubled", f"order {story.id} was placed {len(story.placed)} times")


def denied_but_there(findings: Findings, told: list[Story]) -> None:
    """What is said not to be at the exchange is not there."""
    for story in told:
        if story.placed and story.recorded.status in NOTHING:
            findings.add("fills", f"{story.id} is {story.recorded.status}, and the exchange has it")


def lane_order(findings: Findings, told: list[Story]) -> None:
    """By arrival at the exchange, each order stands where the journal accepted it, with all its requests."""
    last: dict[str, tuple[int, str]] = {}
    for story in told:
        requests, lane = story.requests, story.recorded.lane
        before, name = last.get(lane, (0, ""))
        if requests and requests[0].arrival < before:
            findings.add("inversions", f"{story.id} was sent before {name}, which was accepted first")
        if requests:
            last[lane] = max((requests[-1].arrival, story.id), (before, name))


async def at_end(findings: Findings, journal: Journal, memory: Memory, record: Record) -> Counts:
    """Everything, after a clean stop."""
    recorded = await journal.orders(ACCOUNT, limit=10**9)
    alerts, told = memory.by_key(ACCOUNT), stories(recorded, record)
    counts = Counts(orders=len(recorded), requests=len(record.requests), states=Counter(r.status for r in recorded))
    for alert in alerts.values():
        await after_kill(findings, journal, alert.answers[-1:], memory)
    each_once(findings, recorded, alerts)
    _unsettled(findings, recorded)
    doubled(findings, told)
    lane_order(findings, told)
    _without_intent(findings, told, record)
    for story in told:
        _requests_and_attempts(findings, counts, story)
        _cancels(findings, counts, story, record)
        _age(findings, story, alerts.get(root_of(story.id)))
        _fills(findings, story)
    await _positions(findings, journal, record)
    for sentence in await journal.verify():
        findings.add("verify", sentence)
    return counts


def root_of(name: str) -> str:
    """The id of the order that was sent to us, of one that the hub made for it."""
    return name.partition("~")[0]


def each_once(findings: Findings, recorded: list[Recorded], alerts: dict[str, Alert]) -> None:
    """One record for each order; those that nobody sent were made for one that somebody sent."""
    for name, count in Counter(r.key.client_order_id for r in recorded).items():
        if count > 1:
            findings.add("records", f"{name} has {count} records")
        if root_of(name) not in alerts and not name.startswith(OPERATOR):
            findings.add("records", f"{name} was never acknowledged, though its sender asked until it was answered")


def _unsettled(findings: Findings, recorded: list[Recorded]) -> None:
    for order in recorded:
        if order.status in MOVING:
            findings.add("unsettled", f"{order.key.client_order_id} is {order.status} after the last clean run")


def _without_intent(findings: Findings, told: list[Story], record: Record) -> None:
    names = {attempt.venue_client_order_id for story in told for attempt, _ in story.attempts}
    for request in record.requests.values():
        if request.id not in names:
            findings.add("attempts", f"request {request.arrival} for {request.symbol} reached the exchange without an intent")


def _requests_and_attempts(findings: Findings, counts: Counts, story: Story) -> None:
    """One request per attempt; none only where the next attempt or the end says that there was no effect.

    So it is when the host died between intent and call, when there was no connection, and when the order had grown too old,
    or was cancelled, while its intent became durable.
    """
    counts.attempts += len(story.attempts)
    counts.further += max(len(story.attempts) - 1, 0)
    for number, (attempt, requests) in enumerate(story.attempts, 1):
        last = number == len(story.attempts)
        unsent = not requests and (not last or _never_sent(story.recorded))
        counts.unsent += unsent
        if len(requests) != 1 and not unsent:
            findings.add("attempts", f"{story.id}, attempt {attempt.attempt}: {len(requests)} requests")
    if story.placed and not story.attempts[-1][1]:
        findings.add("attempts", f"{story.id}: a further attempt after one that was placed")


def _never_sent(recorded: Recorded) -> bool:
    """The end says that nothing was sent."""
    result = _result(recorded)
    return recorded.status in ("not_placed", "denied") or (result is not None and result.code == "WITHDRAWN")


def _cancels(findings: Findings, counts: Counts, story: Story, record: Record) -> None:
    """No request to cancel without its intent."""
    intents = sum(attempt.purpose == "cancel" for attempt in story.recorded.attempts)
    requests = sum(record.cancels[attempt.venue_client_order_id] for attempt, _ in story.attempts)
    counts.cancels += requests
    if requests > intents:
        findings.add("attempts", f"{story.id}: {requests} requests to cancel, {intents} attempts to")


def _age(findings: Findings, story: Story, alert: Alert | None) -> None:
    """By the journal's times, and by the machine's: an entry that was sent was not too old."""
    if not story.attempts or alert is None or not alert.ages or story.attempts[0][0].reducing:
        return
    attempt, first = story.attempts[0][0], next(iter(story.requests), None)
    age = (attempt.time - story.recorded.accepted_at) / 1000
    if age > MAX_AGE + SLACK:
        findings.add("age", f"{story.id} was {age:.1f} s old when it was sent")
    waited = (first.sent - alert.acknowledged) / 1000 if first is not None else 0.0
    if waited > MAX_AGE + SLACK:
        findings.add("age", f"{story.id} was sent {waited:.1f} s after it was acknowledged; by the journal after {age:.1f} s")


def _fills(findings: Findings, story: Story) -> None:
    status, known = story.recorded.status, _result(story.recorded)
    filled = Decimal(0) if known is None else known.filled_quantity
    there = sum((placed.filled for placed in story.placed), Decimal(0))
    states = [placed.state for placed in story.placed]
    nothing = status in NOTHING or _never_sent(story.recorded)
    if there != filled or bool(states) == nothing or (states and status != states[-1]):
        findings.add("fills", f"{story.id} is {status} with {filled} filled; at the exchange: {states or 'nothing'}, {there}")


async def _positions(findings: Findings, journal: Journal, record: Record) -> None:
    expected = record.positions()
    held = {p.lane: from_json(Position, p.position).quantity for p in await journal.positions(ACCOUNT)}
    for symbol in sorted({*expected, *held}):
        ours, theirs = held.get(symbol, Decimal(0)), expected.get(symbol, Decimal(0))
        if ours != theirs:
            findings.add("positions", f"{symbol}: {ours} in the journal, {theirs} by the exchange's fills")
