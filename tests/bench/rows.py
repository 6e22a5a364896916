# SPDX-License-Identifier: MIT
"""The rows of the table: what is measured, for how long, and the goal of ``execution-semantics.md``."""

from collections.abc import Callable, Mapping
from statistics import median
from typing import Any, Literal

from attrs import field, frozen

Found = Mapping[str, Any]


@frozen(kw_only=True)
class Row:
    """One line.

    Args:
        measure: of worker.py.
        seconds: of one run, under load.
        goal: of the value, given what else was found in the same run; None: shown for comparison.
        sense: which side of the goal is the good one.
        second: a further figure with a goal of its own: its key and its upper limit.
        runs: the median of so many counts.
        show: further figures that are worth a look.
    """

    title: str
    measure: str
    unit: str
    seconds: float
    goal: Callable[[Found], float] | None = None
    sense: Literal["at most", "at least"] = "at most"
    second: tuple[str, float] | None = None
    runs: int = 3
    show: tuple[str, ...] = field(default=())


def _fixed(value: float) -> Callable[[Found], float]:
    return lambda _: value


ROWS = (
    Row(
        title="hook call, p99",
        measure="hook",
        unit="ms",
        seconds=2,
        goal=_fixed(0.02),
        show=("p50_ms", "account_p50_ms", "account_p99_ms"),
    ),
    Row(
        title="hub over a direct await, durable, one in flight, p50",
        measure="one",
        unit="ms",
        seconds=3,
        goal=lambda found: 2 * found["fdatasync_p50_ms"] + 0.3,
        show=("p99_ms",),
    ),
    Row(
        title="alert to outcome over HTTP, 1,000 a minute, p95",
        measure="steady",
        unit="ms",
        seconds=20,
        goal=_fixed(5),
        show=("p50_ms", "p99_ms"),
    ),
    Row(
        title="HTTP, durable, saturated",
        measure="saturation",
        unit="/s",
        seconds=4,
        goal=_fixed(4000),
        sense="at least",
        second=("p99_ms", 25),
        show=("p50_ms", "p99_ms"),
    ),
    Row(
        title="in process, durable, 32 symbols",
        measure="lanes-32",
        unit="/s",
        seconds=4,
        goal=_fixed(8000),
        sense="at least",
        show=("cpu_us_per_order", "p50_ms", "p99_ms"),
    ),
    Row(
        title="in process, durable, 1 symbol",
        measure="lanes-1",
        unit="/s",
        seconds=4,
        goal=_fixed(2000),
        sense="at least",
        show=("cpu_us_per_order", "p50_ms", "p99_ms"),
    ),
    Row(
        title="the same, 32 symbols, on the simulated venue with every guard",
        measure="paper",
        unit="/s",
        seconds=4,
        sense="at least",
        show=("cpu_us_per_order", "p50_ms", "p99_ms"),
    ),
    Row(
        title="memory that stays in Python, per million orders",
        measure="memory",
        unit="MB",
        seconds=20,
        goal=_fixed(1),
        runs=1,
        show=("count", "sqlite_mb", "sqlite_grown_mb", "resident_grown_mb"),
    ),
)


@frozen
class Measured:
    """A row with its runs; the run of the middle value stands for it."""

    row: Row
    runs: list[dict[str, Any]]

    @property
    def value(self) -> float:
        """The median."""
        return float(median(run["value"] for run in self.runs))

    @property
    def middle(self) -> dict[str, Any]:
        """The run whose value is nearest to the median."""
        return min(self.runs, key=lambda run: abs(run["value"] - self.value))

    @property
    def goal(self) -> float | None:
        """With the disk of that run."""
        return None if self.row.goal is None else self.row.goal(self.middle)

    @property
    def excess(self) -> float:
        """How many times the goal: 1 is just met, 2 twice as bad; 0 without a goal."""
        worst = 0.0
        if self.goal is not None:
            worst = self.value / self.goal if self.row.sense == "at most" else self.goal / self.value
        if self.row.second is not None:
            name, limit = self.row.second
            worst = max(worst, self.middle[name] / limit)
        return worst

    def as_json(self) -> dict[str, Any]:
        """Everything."""
        row = self.row
        words = {"title": row.title, "unit": row.unit, "sense": row.sense, "second": row.second, "seconds": row.seconds}
        return words | {"value": self.value, "goal": self.goal, "times_the_goal": round(self.excess, 2), "runs": self.runs}
