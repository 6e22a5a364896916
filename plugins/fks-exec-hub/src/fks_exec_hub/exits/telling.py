# SPDX-License-Identifier: MIT
"""Whether what an entry filled stands under its stop: by what the venue was seen to hold, told, and measured in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from fks_exec.model.events import ProtectionChanged
from fks_exec.model.numbers import ZERO, plain
from fks_exec.model.results import Fill, Status

from ..accounts.desk import Desk
from ..accounts.live import Live
from ..orders.record import record
from .bracket import Bracket, rules_of
from .family import STOP
from .legs import views

ATTACHED = "attached"
"""The name under which the evidence stands for a stop that the venue keeps with the entry."""


def covered(bracket: Bracket) -> Decimal:
    """What stops protect that the venue was seen to hold; also at a price that is to be changed."""
    seen = sum((bracket.seen(leg) for leg in bracket.resting(STOP)), ZERO)
    return min(seen + bracket.evidence.get(ATTACHED, ZERO), max(bracket.remaining, ZERO))


def uncovered(bracket: Bracket) -> Decimal:
    """What stands open without a stop."""
    return max(bracket.remaining, ZERO) - covered(bracket)


def exposed(bracket: Bracket) -> bool:
    """Whether something stands open without a stop that could have one: less than a leg beside a stop for the rest does not."""
    naked, plan = uncovered(bracket), bracket.entry.plan
    if not naked or plan is None or plan.stop is None or covered(bracket) <= 0:
        return bool(naked)
    return bool(rules_of(bracket).valid(naked, plan.stop))


def measure(desk: Desk, bracket: Bracket) -> None:
    """Memory of an entry says whether it is protected, and for how long it was not."""
    entry, plan = bracket.entry, bracket.entry.plan
    if plan is None or not bracket.filled or (plan.stop is None and entry.protected is None):
        return
    entry.protected = not exposed(bracket) and not bracket.flattened
    now = desk.clock.monotonic()
    if entry.naked_since is not None:
        entry.unprotected = (entry.unprotected or 0.0) + max(now - entry.naked_since, 0.0)
    else:
        entry.unprotected = _with_what_nobody_saw(desk, entry)
    entry.covered = entry.booked if entry.protected else entry.covered
    entry.naked_since = None if entry.protected else now
    entry.naked_from = None if entry.protected else now if entry.naked_from is None else entry.naked_from


def _with_what_nobody_saw(desk: Desk, entry: Live) -> float:
    """Seconds without its stop before this look: a fill has stood without one since it came about at the venue.

    No host ran in that time, or none had heard of the fill. Where the venue keeps the legs with the entry they stood by then.
    """
    known = entry.unprotected or 0.0
    fresh = sorted(_fresh(entry), key=lambda fill: fill.timestamp or 0)
    if not fresh or entry.plan is None or entry.plan.kind == ATTACHED:
        return known
    began = max(fresh[0].timestamp or 0, entry.submitted_at or 0)  # a venue whose clock is off fills nothing before it was sent
    unseen = max(desk.clock.now() - began, 0) / 1000
    return known + unseen if entry.covered else max(known, unseen)


def _fresh(entry: Live) -> Iterator[Fill]:
    """The newest fills of the entry itself, as far as it has filled since it last stood with its stop; those with a time."""
    rest = entry.booked - entry.covered
    for fill in sorted(entry.fills.values(), key=lambda fill: fill.timestamp or 0, reverse=True):
        if rest > 0 and not fill.leg and fill.timestamp is not None:
            yield fill
            rest -= fill.quantity


async def tell(desk: Desk, bracket: Bracket) -> None:
    """What has changed about an entry's protection is recorded, and told."""
    entry = bracket.entry
    before = entry.result.protected
    measure(desk, bracket)
    legs = views(entry) if entry.legs_apart else entry.result.legs
    if entry.protected is not before or legs != entry.result.legs:
        await record(desk, entry, entry.result)
        if entry.protected is not None and entry.protected is not before:
            _emit(desk, bracket)
    if entry.protected is not False or bracket.failed:
        _told(entry)


async def tell_now(desk: Desk, bracket: Bracket) -> None:
    """As :func:`tell`; ends when it may be told, also where that was begun elsewhere."""
    await tell(desk, bracket)
    async with desk.lock(bracket.entry.lane):
        return


def told_without(entry: Live) -> None:
    """It is not known whether the order exists: whoever waits learns that, and not later what protects it."""
    if entry.result.status is Status.UNKNOWN:
        _told(entry)


def _told(entry: Live) -> None:
    if entry.told_with is not None and not entry.told_with.done():
        entry.told_with.set_result(None)


def _emit(desk: Desk, bracket: Bracket) -> None:
    entry, naked = bracket.entry, uncovered(bracket)
    reason = "" if entry.protected else bracket.failed or f"{plain(naked)} stand without a stop; it is being placed"
    desk.emit(
        ProtectionChanged(
            account=desk.name,
            time=desk.clock.now(),
            client_order_id=bracket.name,
            symbol=entry.lane,
            protected=entry.protected is True,
            uncovered=naked,
            seconds=entry.unprotected or 0.0,
            reason=reason,
        )
    )
