# SPDX-License-Identifier: MIT
"""What must hold of stops and targets: by the journal, by the venue's own book, and by the alarms of the host that lives."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property

from attrs import define, field, frozen
from checks import MOVING, NOTHING, Findings, each_once
from guarded import Seen, is_open, left
from memory import Memory

from fks_exec import ExecutionResult, Fill, Position, Side
from fks_exec.convert import from_json
from fks_exec.testing import Request
from fks_exec_hub.exits.family import LEGS, STOP, parent_of, role_of
from fks_exec_hub.instructions import read_instruction
from fks_exec_hub.journal import Attempt, Journal, Recorded

ALARMED = frozenset({"STOP_FAILED", "NAKED_POSITION", "BELOW_MINIMUM"})
"""The alarms that say of an entry that it stands without a stop."""
PLACING = ("order", "close", "protect")
TAKEN = ("accepted", "partially_filled", "filled")

Alarms = Mapping[str, set[str]]
"""Their codes, by the order concerned."""


@define
class Guarded:
    """What happened to the accounts with stops, for the table.

    Attributes:
        entries, legs: filled ones; stops and targets that the venues took.
        triggered: stops and targets that filled.
        bare: filled entries whose stop no venue ever took; they were closed.
        told: seconds without a stop, as the results say.
        seen: seconds from a filled entry's arrival at the venue to its first stop's, deaths of hosts included.
        after: seconds from a restart until all that stood open was protected.
    """

    entries: int = 0
    legs: int = 0
    triggered: int = 0
    reversed: int = 0
    bare: int = 0
    alarms: Counter[str] = field(factory=Counter)
    told: list[float] = field(factory=list)
    seen: list[float] = field(factory=list)
    after: list[float] = field(factory=list)


@frozen
class Stand:
    """One account, as the journal and the venue have it.

    Args:
        account: its name.
        recorded: all orders.
        seen: the venue's book.
    """

    account: str
    recorded: list[Recorded]
    seen: Seen

    @cached_property
    def owners(self) -> dict[str, tuple[Recorded, Attempt]]:
        """By the names that the venue was given: the order, and the attempt to place it."""
        return {
            attempt.venue_client_order_id: (recorded, attempt)
            for recorded in self.recorded
            for attempt in recorded.attempts
            if attempt.purpose in PLACING
        }

    @cached_property
    def results(self) -> dict[str, ExecutionResult]:
        """By the order's id."""
        known = ((each.key.client_order_id, each.result) for each in self.recorded)
        return {name: from_json(ExecutionResult, result) for name, result in known if result is not None}

    @cached_property
    def entries(self) -> list[Recorded]:
        """The filled orders with a stop."""
        return [
            each
            for each in self.recorded
            if any(json.loads(attempt.decision).get("plan") for attempt in each.attempts)
            and each.key.client_order_id in self.results
            and self.results[each.key.client_order_id].filled_quantity
        ]

    @cached_property
    def guarded(self) -> set[str]:
        """The entries of which a stop rests."""
        names = (stop["venue_client_order_id"] for stop in self.seen.stops)
        return {parent_of(self.owners[name][0].key.client_order_id) for name in names if name in self.owners}


async def stand_of(journal: Journal, account: str, seen: Seen) -> Stand:
    """By the journal as it is now."""
    return Stand(account, await journal.orders(account, limit=10**9), seen)


def open_ends(stand: Stand, alarms: Alarms) -> Iterator[tuple[str, str]]:
    """What is not as it must be while nothing happens: a kind of finding, and what it is about."""
    yield from _unsettled(stand)
    yield from _naked(stand, alarms)
    yield from _as_told(stand, alarms)
    yield from _legs(stand)


def _unsettled(stand: Stand) -> Iterator[tuple[str, str]]:
    planned = {each.key.client_order_id for each in stand.entries}
    for each in stand.recorded:
        name, leg = each.key.client_order_id, role_of(each.key.client_order_id) in LEGS
        waits = leg and each.status in ("", "pending") and parent_of(name) in planned
        rests = leg and each.status in ("accepted", "partially_filled")
        stands = not each.terminal and name not in planned and not leg and each.status != "not_placed"
        if stands or (each.status in MOVING and not (waits or rests)):
            yield "unsettled", f"{stand.account}: {name} is {each.status or 'pending'}"


def _naked(stand: Stand, alarms: Alarms) -> Iterator[tuple[str, str]]:
    """What is held is under stops, but for entries of which the host says that they are not."""
    told: dict[str, Decimal] = defaultdict(Decimal)
    for each in stand.entries:
        if ALARMED & alarms.get(each.key.client_order_id, set()):
            told[each.lane] += stand.results[each.key.client_order_id].filled_quantity
    for symbol in stand.seen.positions:
        naked = stand.seen.naked(symbol)
        if naked > told[symbol]:
            yield "naked", f"{stand.account}: {naked} of {symbol} stand without a stop, {told[symbol]} of it with an alarm"


def _as_told(stand: Stand, alarms: Alarms) -> Iterator[tuple[str, str]]:
    """An entry that stands is told as protected when a stop of it rests, and only then; or it has its alarm."""
    for each in stand.entries:
        name = each.key.client_order_id
        result = stand.results[name]
        if each.terminal or not stand.seen.positions[each.lane]:
            continue
        if result.protected and name not in stand.guarded:
            yield "protected", f"{stand.account}: {name} is told as protected, and the venue has no stop of it"
        if not result.protected and not ALARMED & alarms.get(name, set()):
            yield "naked", f"{stand.account}: {name} is not protected, and there is no alarm"


def _legs(stand: Stand) -> Iterator[tuple[str, str]]:
    """No leg rests for what is closed, and no more rests than is held."""
    resting: dict[str, Decimal] = defaultdict(Decimal)
    for order in stand.seen.placed:
        owner = stand.owners.get(order["venue_client_order_id"])
        if not order["role"] or not is_open(order):
            continue
        resting[order["symbol"]] += left(order) if order["role"] == STOP else Decimal(0)
        entry = None if owner is None else parent_of(owner[0].key.client_order_id)
        if entry is not None and any(each.terminal for each in stand.recorded if each.key.client_order_id == entry):
            yield "legs", f"{stand.account}: a leg of {entry} rests, which is closed"
    for symbol, quantity in resting.items():
        if quantity > abs(stand.seen.positions[symbol]):
            yield "legs", f"{stand.account}: stops over {quantity} of {symbol} rest, {stand.seen.positions[symbol]} are held"


def sent_once(findings: Findings, account: str, requests: list[Request]) -> None:
    """No request to place an order, or a leg, reached the venue twice."""
    kinds = ("place", "protect")
    for name, count in Counter(request.venue_client_order_id for request in requests if request.kind in kinds).items():
        if count > 1:
            findings.add("doubled", f"{account}: the venue was asked for {name} {count} times")


async def at_end(findings: Findings, journal: Journal, memory: Memory, stand: Stand, requests: list[Request]) -> Guarded:
    """Everything of one account, after the last restart."""
    each_once(findings, stand.recorded, memory.by_key(stand.account))
    sent_once(findings, stand.account, requests)
    _with_intent(findings, stand, requests)
    _denied_but_there(findings, stand)
    await _trades(findings, journal, stand)
    return _count(stand, requests)


def _with_intent(findings: Findings, stand: Stand, requests: list[Request]) -> None:
    """Whatever was asked for, or rests at the venue, the journal had before; what the journal says was taken, was asked for."""
    asked = {request.venue_client_order_id for request in requests if request.kind in ("place", "protect")}
    there = {order["venue_client_order_id"] for order in stand.seen.placed} - {""}  # a linked target has no name of its own
    for name in sorted((asked | there) - set(stand.owners)):
        findings.add("attempts", f"{stand.account}: the venue knows {name}, which the journal does not")
    for each in stand.recorded:
        names = {attempt.venue_client_order_id for attempt in each.attempts if attempt.purpose in PLACING}
        if each.status in TAKEN and not names & asked:
            findings.add("attempts", f"{stand.account}: {each.key.client_order_id} is {each.status}, and was not asked for")


def _denied_but_there(findings: Findings, stand: Stand) -> None:
    for order in stand.seen.placed:
        owner = stand.owners.get(order["venue_client_order_id"])
        if owner is not None and owner[0].status in NOTHING:
            findings.add("fills", f"{owner[0].key.client_order_id} is {owner[0].status}, and the venue has it")


async def _trades(findings: Findings, journal: Journal, stand: Stand) -> None:
    """The venue's trades are the journal's; one after the other, no exit turns a position round, or enlarges one."""
    trades: dict[str, list[tuple[int, Decimal, bool, str]]] = defaultdict(list)
    known: set[str] = set()
    for each in stand.recorded:
        for stored in await journal.fills(each.key):
            fill = from_json(Fill, stored.fill)
            side = fill.side or _side(stand, each)
            number, exits = int(fill.trade_id.rpartition("T")[2]), bool(stored.leg) or _reducing(each)
            trades[each.lane].append((number, fill.quantity * side.sign, exits, each.key.client_order_id))
            known.add(fill.trade_id)
    for order in stand.seen.placed:
        for trade in set(order["trades"]) - known:
            findings.add("fills", f"{stand.account}: the trade {trade} is not in the journal")
    for symbol, all_of in trades.items():
        _walk(findings, stand.account, symbol, sorted(all_of))
    held = Counter[str]()
    for stored_position in await journal.positions(stand.account):
        position = from_json(Position, stored_position.position)
        held[position.symbol] += position.quantity  # type: ignore[assignment]
    for symbol, quantity in stand.seen.positions.items():
        if held[symbol] != quantity:
            findings.add("positions", f"{stand.account}: {held[symbol]} of {symbol} in the journal, {quantity} at the venue")


def _walk(findings: Findings, account: str, symbol: str, trades: list[tuple[int, Decimal, bool, str]]) -> None:
    position = Decimal(0)
    for _, signed, exits, name in trades:
        after = position + signed
        if exits and (position * after < 0 or abs(after) > abs(position)):
            findings.add("turned", f"{account}: {name} took {symbol} from {position} to {after}")
        position = after


def _side(stand: Stand, recorded: Recorded) -> Side:
    """Of the order as it was sent."""
    document = next(json.loads(a.decision).get("order") for a in reversed(recorded.attempts) if a.purpose in PLACING)
    return Side(document["side"]) if document else read_instruction(recorded.instruction).side


def _reducing(recorded: Recorded) -> bool:
    return any(attempt.reducing for attempt in recorded.attempts if attempt.purpose in PLACING)


def _count(stand: Stand, requests: list[Request]) -> Guarded:
    counts, placed = Guarded(), {order["order_id"]: order for order in stand.seen.placed}
    arrived = {r.client_order_id: r.time for r in requests if r.kind == "place" and r.order_id in placed}
    stops: dict[str, int] = {}
    for request in requests:
        if request.kind == "protect" and request.role == STOP and request.order_id in placed:
            stops.setdefault(request.entry, request.time)
    legs = [order for order in stand.seen.placed if order["role"]]
    counts.entries, counts.legs = len(stand.entries), len(legs)
    counts.triggered = sum(Decimal(order["filled"]) > 0 for order in legs)
    counts.reversed = sum(role_of(each.key.client_order_id) == "entry" for each in stand.entries)
    for each in stand.entries:
        name = each.key.client_order_id
        if (told := stand.results[name].unprotected_seconds) is not None:
            counts.told.append(told)
        if name in stops and name in arrived:
            counts.seen.append(max(stops[name] - arrived[name], 0) / 1000)
        counts.bare += name not in stops
    return counts
