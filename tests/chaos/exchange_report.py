# SPDX-License-Identifier: MIT
"""What happened over the simulated exchanges, counted over all runs, and the table that they print."""

from __future__ import annotations

from collections import Counter, defaultdict

from attrs import define, field
from exchange_plan import WITHIN
from exchange_round import Outcome

from fks_exec_simulators.exchanges.faults import MEANINGS

SHOWN = 5
VIOLATIONS = {
    "requests": "requests that are not the journal's attempts, or came twice",
    "doubled": "orders that the exchange has twice",
    "refused": "said not to be there, while the exchange has it",
    "states": "orders that journal and exchange see differently",
    "legs": "stops and targets that they see differently",
    "positions": "positions that they see differently",
    "unsettled": f"open questions {WITHIN:g} s after the faults",
    "verify": "findings of journal verify",
    "host": "faults of hosts that were not killed",
    "load": "too little load",
}
PER_RUN = {"requests": 3, "filled": 2, "legs": 1}
"""What a run has on average, at least; a run that did nothing proves nothing."""


@define
class Tally:
    """All runs."""

    runs: Counter[str] = field(factory=Counter)
    endings: Counter[str] = field(factory=Counter)
    numbers: Counter[str] = field(factory=Counter)
    states: Counter[str] = field(factory=Counter)
    faults: Counter[str] = field(factory=Counter)
    alarms: Counter[str] = field(factory=Counter)
    kinds: Counter[str] = field(factory=Counter)
    after: list[float] = field(factory=list)
    found: dict[str, list[str]] = field(factory=lambda: defaultdict(list))

    def add(self, outcome: Outcome) -> None:
        """One more."""
        self.runs[outcome.run.venue.name] += 1
        self.endings[outcome.run.ending] += 1
        self.numbers += outcome.sums.numbers
        self.states += outcome.sums.states
        self.faults += outcome.faults
        self.alarms += outcome.alarms
        self.kinds += outcome.requests
        self.after.append(outcome.after)
        for kind, what in outcome.found:
            self.found[kind].append(f"run {outcome.run.number} ({outcome.run.venue.name}): {what}")

    def check(self) -> None:
        """Whether it was enough to prove something."""
        count = self.runs.total()
        for name, least in PER_RUN.items():
            if self.numbers[name] < least * count:
                self.found["load"].append(f"only {self.numbers[name]} {name} in {count} runs")
        missing = sorted(set(MEANINGS) - set(self.faults)) if count >= 20 else []
        if missing:
            self.found["load"].append(f"no request was to meet {', '.join(missing)}")

    @property
    def clean(self) -> bool:
        """Every rule held."""
        return not any(self.found.values())


def table(tally: Tally, seconds: float) -> list[str]:
    """Lines."""
    numbers, ordered = tally.numbers, sorted(tally.after) or [0.0]
    rows = {
        "runs": ", ".join(f"{count} {name}" for name, count in sorted(tally.runs.items())),
        "... whose host was killed; restarted": f"{tally.endings['kill']}; {tally.endings['restart']}",
        "faults": f"{tally.faults.total()} of {len(tally.faults)} kinds",
        "requests to the exchanges": str(tally.kinds.total()),
        "orders in the journals, legs among them": str(numbers["orders"]),
        "attempts to place": str(numbers["attempts"]),
        "... of which after proof that the one before had no effect": str(numbers["further"]),
        "... of which sent nothing, and are proved not to have, or wait": str(numbers["unsent"]),
        "requests to place something": str(numbers["requests"]),
        "orders at the exchanges; of which filled": f"{numbers['placed']}; {numbers['filled']}",
        "stops and targets among them; of which filled": f"{numbers['legs']}; {numbers['reached']}",
        "states": ", ".join(f"{count} {state}" for state, count in tally.states.most_common()),
        "alarms": ", ".join(f"{count} {code}" for code, count in tally.alarms.most_common()) or "none",
        "seconds from the last fault until all agreed: median, most": f"{ordered[len(ordered) // 2]:.1f}, {ordered[-1]:.1f}",
        **{title: str(len(tally.found[kind])) for kind, title in VIOLATIONS.items()},
        "seconds": f"{seconds:.0f}",
    }
    width = max(map(len, rows))
    lines = [f"{kind}: {what}" for kind, all_of in tally.found.items() for what in all_of[:SHOWN]]
    return [*(f"{title:{width}}  {value}" for title, value in rows.items()), *lines]
