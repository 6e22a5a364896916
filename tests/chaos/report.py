# SPDX-License-Identifier: MIT
"""What happened, counted over all rounds, and the table that a run prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from statistics import median
from typing import TYPE_CHECKING, Any

from attrs import define, field
from plan import POINTS, WITHIN, Life
from protection import Guarded

from fks_exec_hub.journal import Recorded

if TYPE_CHECKING:
    from checks import Counts, Findings
    from memory import Memory

BETWEEN = 60
"""Percent of all kills that meet an order between accepted and outcome, at least."""
IN_FLIGHT = 8
"""Alerts on their way, at least, when a host under load is killed at random: the median."""
UNDER_LOAD = "at random under load"
ELSEWHERE = (UNDER_LOAD, "when all was calm", "while it starts")
VIOLATIONS = {
    "lost": "lost: acknowledged, without a journalled state",
    "doubled": "doubled at the exchange",
    "attempts": "requests that are not the journal's attempts",
    "inversions": "out of lane order",
    "age": "sent past their age",
    "told": "told otherwise than recorded",
    "records": "orders without exactly one record",
    "unsettled": "open or unknown in the end",
    "fills": "fills that journal and exchange see differently",
    "positions": "positions that are not the sum of the fills",
    "naked": f"without a stop, close or alarm {WITHIN:g} s after the restart",
    "protected": "told as protected, while the venue has no stop",
    "legs": "legs that rest for nothing, or for too much",
    "turned": "positions that an exit turned round or enlarged",
    "verify": "findings of journal verify",
    "host": "faults of hosts that were not killed",
    "load": "too little load",
}


@define
class Tally:
    """What happened.

    Attributes:
        between: kills that met an order between accepted and outcome.
        flying: alerts on their way at each kill at random under load.
    """

    kills: int = 0
    at: Counter[str] = field(factory=Counter)
    between: int = 0
    flying: list[int] = field(factory=list)
    faults: Counter[str] = field(factory=Counter)
    unknown: int = 0
    rounds: int = 0
    alerts: int = 0
    answers: int = 0
    counts: Counter[str] = field(factory=Counter)
    states: Counter[str] = field(factory=Counter)
    guarded: Guarded = field(factory=Guarded)

    def kill(
        self, life: Life, said: Mapping[str, Any], flying: int, pending: list[Recorded], unresolved: list[Recorded]
    ) -> None:
        """One life has ended."""
        self.kills += 1
        where = said.get("killed") or ("while it starts" if life.start else "when all was calm" if life.calm else UNDER_LOAD)
        self.at[where] += 1
        if where == UNDER_LOAD:
            self.flying.append(flying)
        asked = [order for order in unresolved if order.status != "unknown"]
        self.unknown += len(asked)
        self.between += bool(pending or asked)
        if "disk" in said:
            self.faults[f"disk: {said['disk']}"] += 1
        if "stepped" in said:
            self.faults["wall clock stepped"] += 1

    def end(self, counts: Counts, memory: Memory) -> None:
        """One round has ended."""
        self.rounds += 1
        self.alerts += len(memory.alerts)
        self.answers += memory.answers
        self.states.update(counts.states)
        for name in ("orders", "attempts", "requests", "unsent", "further", "cancels"):
            self.counts[name] += getattr(counts, name)

    def protect(self, account: Guarded) -> None:
        """One account with stops, at the end of a round."""
        for name in ("entries", "legs", "triggered", "reversed", "bare"):
            setattr(self.guarded, name, getattr(self.guarded, name) + getattr(account, name))
        self.guarded.told += account.told
        self.guarded.seen += account.seen

    def check(self, findings: Findings) -> None:
        """A run that did nothing proves nothing."""
        if self.kills < 20:
            return
        if self.counts["requests"] < 20 * self.kills:
            findings.add("load", f"only {self.counts['requests']} requests reached the exchange")
        if median(self.flying or [0]) < IN_FLIGHT:
            findings.add("load", f"only {median(self.flying or [0]):.0f} alerts were on their way at a kill at random")
        if 100 * self.between < BETWEEN * self.kills:
            findings.add("load", f"only {self.between} of {self.kills} kills met an order between accepted and outcome")
        if self.guarded.legs < 5 * self.kills:
            findings.add("load", f"only {self.guarded.legs} stops and targets were placed")
        for point in POINTS:
            if self.at[point] < self.kills // 50:
                findings.add("load", f"only {self.at[point]} kills {point}")


def table(tally: Tally, findings: Findings, seconds: float) -> list[str]:
    """Lines."""
    flying = tally.flying or [0]
    rows = {
        "kills": f"{tally.kills}, in {tally.rounds} rounds",
        **{f"... {where}": str(tally.at[where]) for where in (*POINTS, *ELSEWHERE)},
        "kills with an order between accepted and outcome": f"{tally.between} ({100 * tally.between / tally.kills:.0f} %)",
        "alerts on their way at a kill at random, median (most)": f"{median(flying):.0f} ({max(flying)})",
        **{what: str(count) for what, count in sorted(tally.faults.items())},
        "alerts; answers to them": f"{tally.alerts}; {tally.answers}",
        "orders in the journal": str(tally.counts["orders"]),
        "attempts in the journal": str(tally.counts["attempts"]),
        "... of which after proof that the one before had no effect": str(tally.counts["further"]),
        "... of which sent nothing, and are proved not to have": str(tally.counts["unsent"]),
        "requests at the exchange": str(tally.counts["requests"]),
        "requests to cancel": str(tally.counts["cancels"]),
        "orders of unknown fate right after a kill": str(tally.unknown),
        "states": ", ".join(f"{count} {state}" for state, count in tally.states.most_common()),
        **_protection(tally.guarded),
        **{title: str(findings.count(kind)) for kind, title in VIOLATIONS.items()},
        "seconds": f"{seconds:.0f}",
    }
    width = max(map(len, rows))
    return [*(f"{title:{width}}  {value}" for title, value in rows.items()), *findings.lines()]


def _protection(guarded: Guarded) -> dict[str, str]:
    alarms = ", ".join(f"{count} {code}" for code, count in guarded.alarms.most_common())
    return {
        "filled entries with a stop; of which after an exit": f"{guarded.entries}; {guarded.reversed}",
        "... whose stop the venue never took": str(guarded.bare),
        "stops and targets at the venues; of which filled": f"{guarded.legs}; {guarded.triggered}",
        "alarms": alarms or "none",
        "seconds without a stop, as told: median, p99, most": _spread(guarded.told),
        "... as the venue saw it, kills included": _spread(guarded.seen),
        "seconds from a restart until all was protected: median, most": f"{_at(guarded.after, 0.5)}, {_at(guarded.after, 1)}",
    }


def _spread(seconds: list[float]) -> str:
    return ", ".join(_at(seconds, share) for share in (0.5, 0.99, 1))


def _at(seconds: list[float], share: float) -> str:
    ordered = sorted(seconds) or [0.0]
    return f"{ordered[min(int(share * len(ordered)), len(ordered) - 1)]:.3f}"
