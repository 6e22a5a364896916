# SPDX-License-Identifier: MIT
"""What must hold when the faults are over: the journal and the exchange's own book say the same of every order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal

from attrs import field, frozen
from checks import MOVING, NOTHING
from exchange_book import Counts, Placed
from exchange_plan import ACCOUNT

from fks_exec import ExecutionResult, Leg, Position, Status
from fks_exec.convert import from_json
from fks_exec_hub.exits.family import LEGS, role_of
from fks_exec_hub.journal import Attempt, Journal, Recorded

PLACING = ("order", "close", "protect")
STATES = {
    **dict.fromkeys(("accepted", "partially_filled"), "open"),
    "filled": "filled",
    **dict.fromkeys(("canceled", "expired"), "canceled"),
}
"""What the journal's statuses are in the exchange's words."""

Finding = tuple[str, str]
"""Its kind, and what it is about."""


@frozen
class Stand:
    """One run, as the journal and the exchange have it.

    Args:
        recorded: all orders of the journal.
        held: by instrument, by the journal.
        placed: all orders of the exchange.
        positions: by instrument, at the exchange.
        seen: the requests that arrived.
    """

    recorded: list[Recorded]
    held: dict[str, Decimal]
    placed: list[Placed]
    positions: dict[str, Decimal]
    seen: Counts
    results: dict[str, ExecutionResult] = field(init=False)
    by_name: dict[str, list[Placed]] = field(init=False)
    owners: dict[str, tuple[Recorded, Attempt]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        results = {r.key.client_order_id: from_json(ExecutionResult, r.result) for r in self.recorded if r.result is not None}
        by_name: dict[str, list[Placed]] = defaultdict(list)
        for placed in self.placed:
            by_name[placed.name].append(placed)
        owners = {a.venue_client_order_id: (r, a) for r in self.recorded for a in placings(r)}
        for name, value in (("results", results), ("by_name", by_name), ("owners", owners)):
            object.__setattr__(self, name, value)

    def at_exchange(self, recorded: Recorded) -> list[Placed]:
        """What the exchange has of an order, by the names that it was given."""
        return [each for attempt in placings(recorded) for each in self.by_name.get(attempt.venue_client_order_id, ())]


def placings(recorded: Recorded) -> list[Attempt]:
    """The attempts to place an order, or a leg."""
    return [attempt for attempt in recorded.attempts if attempt.purpose in PLACING and not attempt.leg]


async def stand_of(journal: Journal, placed: list[Placed], positions: dict[str, Decimal], seen: Counts) -> Stand:
    """By the journal as it is now."""
    held: dict[str, Decimal] = defaultdict(Decimal)
    for stored in await journal.positions(ACCOUNT):
        position = from_json(Position, stored.position)
        held[position.symbol] += position.quantity
    return Stand(await journal.orders(ACCOUNT, limit=10**9), held, placed, positions, seen)


def findings(stand: Stand) -> Iterator[Finding]:
    """Everything that is not as it must be."""
    yield from _once(stand)
    yield from _without_intent(stand)
    for recorded in stand.recorded:
        yield from _unsettled(stand, recorded)
        yield from _attempts(stand, recorded)
        yield from _state(stand, recorded)
        yield from _attached(stand, recorded)
    yield from _linked(stand)
    yield from _positions(stand)


def _once(stand: Stand) -> Iterator[Finding]:
    """No request came twice, no order is there twice."""
    for name, count in stand.seen.asked.items():
        if count > 1:
            yield "requests", f"{_whose(stand, name)} was asked for {count} times"
    for name, placed in stand.by_name.items():
        if name and len(placed) > 1:
            yield "doubled", f"{_whose(stand, name)} stands there {len(placed)} times"
    for recorded in stand.recorded:
        if len(stand.at_exchange(recorded)) > 1:
            yield "doubled", f"{recorded.key.client_order_id} was placed by several attempts"


def _whose(stand: Stand, name: str) -> str:
    known = stand.owners.get(name)
    return name or "a request without a name" if known is None else f"{known[0].key.client_order_id} ({name})"


def _without_intent(stand: Stand) -> Iterator[Finding]:
    """Whatever was asked for the journal knew before; the exchange has nothing else."""
    for name in stand.seen.asked:
        if name not in stand.owners:
            yield "requests", f"{name or 'a request without a name'} was asked for without an intent"
    for placed in stand.placed:
        if placed.name not in stand.owners and not placed.parent and not placed.linked:
            yield "requests", f"the exchange has {placed.order_id} ({placed.name}), which the journal does not know"


def _unsettled(stand: Stand, recorded: Recorded) -> Iterator[Finding]:
    """Nothing is unknown or pending; a leg that was not asked for may wait for something that it can protect."""
    name, status = recorded.key.client_order_id, recorded.status
    asked = any(attempt.venue_client_order_id in stand.seen.asked for attempt in placings(recorded))
    if status == "unknown" or (status in ("", "pending") and (asked or role_of(name) not in LEGS)):
        yield "unsettled", f"{name} is {status or 'pending'}"


def _attempts(stand: Stand, recorded: Recorded) -> Iterator[Finding]:
    """Each attempt is one request; none only where it is proved that there was none.

    The host died between intent and call, nobody listened, the queue was too long, it was refused before it was sent.
    """
    attempts, name = placings(recorded), recorded.key.client_order_id
    for number, attempt in enumerate(attempts, 1):
        there = stand.seen.asked[attempt.venue_client_order_id]
        last = number == len(attempts)
        unsent = recorded.status in (*NOTHING, "", "pending") or _withdrawn(stand, name)
        if not there and last and not unsent and recorded.status != "unknown":
            yield "requests", f"{name} is {recorded.status}, and was never asked for"
    taken = [a for a in attempts[:-1] if stand.by_name.get(a.venue_client_order_id)]
    for attempt in taken:
        yield "requests", f"{name}: a further attempt after attempt {attempt.attempt}, which was placed"


def _withdrawn(stand: Stand, name: str) -> bool:
    result = stand.results.get(name)
    return result is not None and result.code == "WITHDRAWN"


def _state(stand: Stand, recorded: Recorded) -> Iterator[Finding]:
    """State and filled quantity, of what was placed; nothing is said to be refused that is there."""
    name, placed = recorded.key.client_order_id, stand.at_exchange(recorded)
    result = stand.results.get(name)
    filled = Decimal(0) if result is None else result.filled_quantity
    there = sum((each.filled for each in placed), Decimal(0))
    says = f"{name} is {recorded.status or 'pending'} with {filled} filled; at the exchange: "
    says += ", ".join(f"{each.state} with {each.filled} of {each.quantity}" for each in placed) or "nothing"
    if recorded.status in NOTHING or _withdrawn(stand, name):
        if any(each.state != "rejected" for each in placed):
            yield "refused", says
    elif recorded.status in MOVING and recorded.status not in STATES:
        return  # it is an open question, which is a finding of its own
    elif not placed or STATES.get(recorded.status) != placed[-1].state or there != filled:
        yield "states", says


def _attached(stand: Stand, recorded: Recorded) -> Iterator[Finding]:
    """Exits that the exchange made for an entry are told with it, each as it stands."""
    name, result = recorded.key.client_order_id, stand.results.get(recorded.key.client_order_id)
    if result is None:
        return
    names = {attempt.venue_client_order_id for attempt in placings(recorded)}
    told = {leg.order_id: leg for leg in result.legs if leg.client_order_id is None}
    for placed in stand.placed:
        if placed.parent and placed.parent in names:
            yield from _leg(f"{name}: its {placed.role}", placed, told.pop(placed.order_id, None), ended=recorded.terminal)
    if stand.placed and any(each.parent for each in stand.placed):
        for leg in told.values():
            if not leg.status.terminal:
                yield "legs", f"{name}: a {leg.role} is told as {leg.status}, and the exchange has none"


def _leg(name: str, placed: Placed, told: Leg | None, *, ended: bool) -> Iterator[Finding]:
    if placed.state == "open" and ended:
        yield "legs", f"{name} rests, though the entry is closed"
    if told is None:
        if placed.state == "open" or placed.filled:
            yield "legs", f"{name} is {placed.state} with {placed.filled} filled at the exchange, and is not told"
        return
    if told.status is not Status.UNKNOWN and STATES.get(told.status) != placed.state and (placed.state == "open" or not ended):
        yield "legs", f"{name} is {told.status}; at the exchange: {placed.state} with {placed.filled} filled"


def _linked(stand: Stand) -> Iterator[Finding]:
    """The sibling that the exchange links with a stop is told with it."""
    told = {leg.order_id: leg for result in stand.results.values() for leg in result.legs}
    for placed in stand.placed:
        if not placed.linked or placed.name in stand.owners:
            continue
        leg = told.get(placed.order_id)
        if leg is None:
            yield "legs", f"the {placed.role} {placed.order_id} of list {placed.linked} is {placed.state}, and is not told"
        elif STATES.get(leg.status) != placed.state:
            yield "legs", f"the {placed.role} {placed.order_id} is {leg.status}; at the exchange: {placed.state}"


def _positions(stand: Stand) -> Iterator[Finding]:
    for symbol in sorted({*stand.held, *stand.positions}):
        ours, theirs = stand.held.get(symbol, Decimal(0)), stand.positions.get(symbol, Decimal(0))
        if ours != theirs:
            yield "positions", f"{ours} of {symbol} in the journal, {theirs} at the exchange"


@frozen
class Sum:
    """What a run held, for the table."""

    numbers: Counter[str] = field(factory=Counter)
    states: Counter[str] = field(factory=Counter)


def sum_of(stand: Stand) -> Sum:
    """Counted."""
    sums = Sum()
    sums.states.update(recorded.status or "pending" for recorded in stand.recorded)
    attempts = [attempt for recorded in stand.recorded for attempt in placings(recorded)]
    asked = sum(attempt.venue_client_order_id in stand.seen.asked for attempt in attempts)
    sums.numbers.update(
        orders=len(stand.recorded),
        attempts=len(attempts),
        asked=asked,
        unsent=len(attempts) - asked,
        requests=stand.seen.asked.total(),
        further=sum(max(len(placings(recorded)) - 1, 0) for recorded in stand.recorded),
        placed=len(stand.placed),
        legs=sum(bool(each.role) for each in stand.placed),
        reached=sum(bool(each.role and each.filled) for each in stand.placed),
        filled=sum(bool(each.filled) for each in stand.placed),
    )
    return sums
