# SPDX-License-Identifier: MIT
"""The emulator's alerts at a host in a process of its own: open loop, timed from when each was due, counted in the journal."""

from pathlib import Path
from typing import Any

from attrs import evolve

from fks_exec_hub.cli.access import reading
from fks_exec_server.emulator.client import Target
from fks_exec_server.emulator.delivery import REPEAT_AFTER
from fks_exec_server.emulator.plan import Load, plan
from fks_exec_server.emulator.report import Report, report
from fks_exec_server.emulator.run import Way, emulate

from .hosts import KEYS, instant, symbols
from .over_http import host
from .profiling import Profiler

LANES = 32
STRATEGIES = 1000
"""So many that none has two alerts in a burst, of which a late one would be refused; a multiple of five, for five keys."""
LIMIT = 30.0
"""Seconds that an answer may take: longer than TradingView waits, so that a time beyond that is measured."""
MINUTE = Load(rate=1000 / 60, strategies=STRATEGIES, symbols=tuple(symbols(LANES)))
HUNDREDS = Load(rate=500, strategies=STRATEGIES, symbols=tuple(symbols(LANES)))
BURST = Load(rate=0, burst=1000, strategies=STRATEGIES, symbols=tuple(symbols(LANES)))


async def booked(folder: Path) -> list[str]:
    """The ids of the journal's orders that alerts asked for, without those that a reversal is made of."""
    async with reading(instant(folder)) as journal:
        found = await journal.orders(limit=100_000)
    return [each.key.client_order_id for each in found if "~" not in each.key.client_order_id]


def check(found: Report, ids: list[str], *, whole: bool) -> None:
    """Raise AssertionError unless each alert is in the journal once, or among those that the report names, refused with 503.

    Args:
        whole: none of them may be refused.
    """
    assert not found.in_doubt, found.in_doubt[0]
    assert len(ids) == len(set(ids)), "an alert was booked twice"
    assert set(ids) == set(found.booked.values()), "the journal has other orders than the answers say"
    assert not found.taken_for_others
    refused = [each for each in found.never_in if not each.reason.startswith("503")]
    assert not refused, refused[0]
    assert len(ids) + len(found.never_in) == found.alerts
    assert whole is not bool(found.never_in), f"{len(found.never_in)} of {found.alerts} never got in"


async def measured(
    folder: Path,
    seconds: float,
    profiler: Profiler,
    *,
    load: Load,
    keys: int = 1,
    limited: bool = False,
    repeat_after: float = REPEAT_AFTER,
) -> dict[str, Any]:
    """Milliseconds from an alert's time to the answer that it is in; or, where a key refuses, how many are named as never in.

    Args:
        keys: how many the alerts go to.
        limited: the limits are those that a key has by default.
        repeat_after: seconds until an alert that was answered 503 is sent again.
    """
    planned = plan(evolve(load, seconds=seconds), keys=keys, run="bench")
    with host(folder, profiler, *["--limited"] * limited) as port:
        to = [Target.parse(f"http://127.0.0.1:{port}/webhook/tradingview/{secret}") for secret in KEYS[:keys]]
        found = report(await emulate(planned, to, Way(repeat_after=repeat_after, limit=LIMIT)))
    refusing = limited and keys == 1
    check(found, await booked(folder), whole=not refusing)
    times, bursts = found.booked_ms, load.burst > 0
    return {
        "value": len(found.never_in) if refusing else times["p99" if bursts else "p95"],
        "count": found.alerts,
        "booked": len(found.booked),
        "resent": found.resent,
        "p50_ms": times["p50"],
        "p95_ms": times["p95"],
        "p99_ms": times["p99"],
        "most_ms": times["p100"],
        "sent_late_p99_ms": found.late_ms["p99"],
    }
