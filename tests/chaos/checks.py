# SPDX-License-Identifier: MIT
"""What must hold, whatever was killed: from the client's memory, the journal and the venue's own record."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal

from attrs import define, field
from client import Sent
from host import ACCOUNT

from fks_exec import ExecutionResult, Position
from fks_exec.convert import from_json
from fks_exec_hub.journal import Journal, Key, Recorded
from fks_exec_simulators.exchange import Request

SHOWN = 5
UNSETTLED = ("unknown",)


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


async def after_kill(findings: Findings, journal: Journal, heard: Iterable[Sent], requests: list[Request]) -> None:
    """What was acknowledged since the last look is in the journal as it was told; nothing reached the venue twice."""
    for sent in heard:
        recorded = await journal.order(Key(ACCOUNT, sent.id))
        if recorded is None:
            if sent.accepted:
                findings.add("lost", f"{sent.id} was acknowledged and has no journalled state")
        elif sent.told and sent.told not in UNSETTLED:
            _as_told(findings, sent, recorded)
    _doubled(findings, requests)


def _as_told(findings: Findings, sent: Sent, recorded: Recorded) -> None:
    known = _result(recorded)
    if known is None or known.status != sent.told or known.filled_quantity != Decimal(sent.filled):
        findings.add("told", f"{sent.id} was told {sent.told}, the journal says {recorded.status}")


def _result(recorded: Recorded) -> ExecutionResult | None:
    return None if recorded.result is None else from_json(ExecutionResult, recorded.result)


def _doubled(findings: Findings, requests: list[Request]) -> None:
    for (symbol, sequence), count in Counter((r.symbol, r.sequence) for r in requests).items():
        if count > 1:
            findings.add("doubled", f"order {sequence} of {symbol} reached the venue {count} times")


async def at_end(findings: Findings, journal: Journal, orders: dict[str, Sent], requests: list[Request]) -> list[Recorded]:
    """Everything, after the last clean stop and the last settlement; returns what the journal holds, oldest first."""
    recorded = list(reversed(await journal.orders(ACCOUNT, limit=10**9)))
    await after_kill(findings, journal, orders.values(), requests)
    _each_once(findings, recorded, orders)
    _requests_and_attempts(findings, recorded, requests)
    lane_order(findings, recorded, requests)
    _acceptance(findings, recorded, orders)
    _fills(findings, recorded, requests)
    await _positions(findings, journal, requests)
    for sentence in await journal.verify():
        findings.add("verify", sentence)
    return recorded


def _each_once(findings: Findings, recorded: list[Recorded], orders: dict[str, Sent]) -> None:
    for name, count in Counter(r.key.client_order_id for r in recorded).items():
        if count > 1:
            findings.add("records", f"{name} has {count} records")
        if name not in orders:
            findings.add("records", f"{name} was never sent")
    for record in recorded:
        if record.status in ("pending", *UNSETTLED):
            findings.add("unsettled", f"{record.key.client_order_id} is {record.status} after the last clean run")


def _requests_and_attempts(findings: Findings, recorded: list[Recorded], requests: list[Request]) -> None:
    seen = Counter(request.id for request in requests)
    names: set[str] = set()
    for record in recorded:
        names.update(a.venue_client_order_id for a in record.attempts)
        count, tries = sum(seen[a.venue_client_order_id] for a in record.attempts), len(record.attempts)
        unproved = record.status == "not_placed"  # the host died between the intent and the call
        if tries > 1 or count > tries or (count < tries and not unproved):
            findings.add("attempts", f"{record.key.client_order_id}: {tries} attempts in the journal, {count} requests")
    for request in requests:
        if request.id not in names:
            findings.add("attempts", f"order {request.sequence} of {request.symbol} reached the venue without an intent")


def _acceptance(findings: Findings, recorded: list[Recorded], orders: dict[str, Sent]) -> None:
    """The client's pipe keeps the order, and it sends first again what was lost: so its count is the journal's order."""
    last: dict[str, int] = {}
    for record in recorded:
        sent = orders.get(record.key.client_order_id)
        if sent is not None:
            if sent.sequence <= last.get(record.lane, 0):
                findings.add("acceptance", f"{sent.id} was accepted after number {last[record.lane]}")
            last[record.lane] = sent.sequence


def lane_order(findings: Findings, recorded: list[Recorded], requests: list[Request]) -> None:
    """By arrival at the venue, each order sent stands where the journal accepted it."""
    arrival = {request.id: request.arrival for request in reversed(requests)}
    last: dict[str, tuple[int, str]] = {}
    for record in sorted(recorded, key=lambda record: record.position):
        arrivals = [arrival[a.venue_client_order_id] for a in record.attempts if a.venue_client_order_id in arrival]
        if arrivals:
            before, name = last.get(record.lane, (0, ""))
            if arrivals[0] < before:
                findings.add("inversions", f"{record.key.client_order_id} was sent before {name}, which was accepted first")
            last[record.lane] = max((arrivals[0], record.key.client_order_id), (before, name))


def _fills(findings: Findings, recorded: list[Recorded], requests: list[Request]) -> None:
    filled = {request.id for request in requests if request.fate == "filled"}
    for record in recorded:
        there = any(a.venue_client_order_id in filled for a in record.attempts)
        if there != (record.status == "filled"):
            where = "filled at the venue" if there else "not filled at the venue"
            findings.add("fills", f"{record.key.client_order_id} is {record.status} and {where}")


async def _positions(findings: Findings, journal: Journal, requests: list[Request]) -> None:
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for request in requests:
        if request.fate == "filled":
            expected[request.symbol] += Decimal(request.quantity) * (1 if request.side == "buy" else -1)
    held = {p.lane: from_json(Position, p.position).quantity for p in await journal.positions(ACCOUNT)}
    for symbol in sorted({*expected, *held}):
        if expected[symbol] != held.get(symbol, Decimal(0)):
            findings.add(
                "positions", f"{symbol}: {held.get(symbol, 0)} in the journal, {expected[symbol]} by the venue's fills"
            )
