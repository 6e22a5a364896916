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
        asserted: a ratio that has to lie on the goal's side of this on any machine; in a short look too.
        quick: seconds of a short look; None: a share of ``seconds``.
        note: a sentence under the table.
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
    asserted: float | None = None
    quick: float | None = None
    note: str = ""


def _fixed(value: float) -> Callable[[Found], float]:
    return lambda _: value


_EXCHANGE = ("bare_p50_ms", "plugin_p50_ms", "hub_p50_ms", "bare_p95_ms", "plugin_p95_ms", "hub_p95_ms")
_ALERTS = ("count", "booked", "resent", "p50_ms", "p95_ms", "p99_ms", "most_ms", "sent_late_p99_ms")
_BESIDE = (
    "resting",
    "beside_p50_us",
    "alone_p50_us",
    "all_cpu_ratio",
    "lists",
    "blocked_ms",
    "collection_ms",
    "blocked_alone_ms",
)

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
        title="alerts of the emulator, 1,000 a minute, p95",
        measure="alerts-minute",
        unit="ms",
        seconds=20,
        runs=1,
        show=_ALERTS,
        quick=3,
    ),
    Row(
        title="alerts of the emulator, 500/s, limits raised, p95",
        measure="alerts-500",
        unit="ms",
        seconds=60,
        runs=1,
        show=_ALERTS,
        quick=3,
        note="The emulator's alerts have a connection each, as from many senders, and count from when they were due. Every row "
        "of them compares the ids of the answers with the journal: booked once each, none lost. The goal of the burst is the "
        "time after which TradingView gives an alert up.",
    ),
    Row(
        title="alerts of the emulator, 1,000 in one second over five keys, default limits, p99",
        measure="alerts-burst",
        unit="ms",
        seconds=1,
        goal=_fixed(3000),
        runs=1,
        show=_ALERTS,
        quick=1,
    ),
    Row(
        title="the same on one key, named as never in",
        measure="alerts-one-key",
        unit="alerts",
        seconds=1,
        runs=1,
        show=_ALERTS,
        quick=1,
        note="A key takes 200 at once and 5 a second, so most of such a burst on one key is answered 503 four times. They are "
        "sent again after 0.2 s here instead of 5.",
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
    Row(
        title="5 ms a commit, 1,000 alerts/s: acknowledgement p99",
        measure="slow-disk",
        unit="ms",
        seconds=8,
        goal=_fixed(25),
        show=("p50_ms", "outcome_p50_ms", "outcome_p99_ms", "sent_late_p99_ms", "plain_p99_ms", "vfs_p99_ms"),
        note="Each order counts from when it was due, over 64 symbols. plain_p99_ms: the disk as it is; vfs_p99_ms: 5 ms "
        "at each fsync, checkpoints included, through a file layer in Python, which costs interpreter time for every page.",
    ),
    Row(
        title="the same over HTTP, answered when it is accepted",
        measure="slow-disk-http",
        unit="ms",
        seconds=8,
        goal=_fixed(25),
        show=("p50_ms", "connections"),
    ),
    Row(
        title="ready after kill, a million orders in the journal",
        measure="restart",
        unit="s",
        seconds=20,
        goal=_fixed(1),
        runs=1,
        show=("count", "worst_s", "process_s", "journal_mb", "built_s"),
        quick=1,
        note="Three kills; each leaves 50 orders open, 50 unknown and 200 pending. From the call of start to ready; process_s "
        "counts from the start of the process, imports included. The file lies in the system's cache, as after a kill.",
    ),
    Row(
        title="CPU time of an order beside 10,000 resting ones / alone, p50",
        measure="resting",
        unit="x",
        seconds=24,
        goal=_fixed(1.1),
        runs=1,
        show=_BESIDE,
        asserted=2.0,
        note="Median of three turns each. The hub looks at the venue each second and compares every 2 s, oftener than by "
        "default. blocked_ms is the most that a timer of the event loop was late, collection_ms the longest full collection of "
        "Python's garbage; all_cpu_ratio counts all that goes on beside the orders.",
    ),
    Row(
        title="the same with every guard, 10 positions held",
        measure="guarded",
        unit="x",
        seconds=24,
        goal=_fixed(1.1),
        runs=1,
        show=_BESIDE,
        asserted=2.0,
        note="Every guard of the hub's own, with limits that no order reaches; rules, quotes and balance come from the venue's "
        "memory. Orders rest in 100 instruments; both hubs hold positions in ten of these, in which the measured orders fill.",
    ),
    Row(
        title="busy lane, next order begun while the last outcome is committed / not, orders a second",
        measure="overlap",
        unit="x",
        seconds=12,
        goal=_fixed(1.8),
        sense="at least",
        runs=1,
        show=("with", "without"),
        asserted=1.05,
    ),
    Row(
        title="idle lane, accepted and intended in one transaction / in two, latency p50",
        measure="merge",
        unit="x",
        seconds=12,
        goal=_fixed(0.68),
        runs=1,
        show=("with", "without"),
        asserted=0.95,
    ),
    Row(
        title="crypto exchange over HTTP, the plugin over bare ccxt, p50",
        measure="exchange",
        unit="ms",
        seconds=6,
        goal=lambda found: max(0.15, 0.3 * found["bare_p50_ms"]),
        show=_EXCHANGE,
    ),
    Row(
        title="the same, the hub with its journal over the plugin, p50",
        measure="exchange-hub",
        unit="ms",
        seconds=6,
        goal=_fixed(1),
        show=_EXCHANGE,
        note="A market order at a simulated Binance in a process of its own; the three take turns. Bare ccxt goes without its "
        "limiter, whose default would hold it up for 10 ms; the others have theirs.",
    ),
)


@frozen
class Measured:
    """A row with its runs; the run of the middle value stands for it."""

    row: Row
    runs: list[dict[str, Any]]

    @property
    def not_built(self) -> str:
        """Why there is nothing to measure; empty when there is."""
        return next((run["not_built"] for run in self.runs if "not_built" in run), "")

    @property
    def broken(self) -> str:
        """A sentence when what is asserted does not hold."""
        row, limit = self.row, self.row.asserted
        if limit is None or self.not_built or (self.value <= limit if row.sense == "at most" else self.value >= limit):
            return ""
        return f"{row.title}: {self.value:.3g}, and has to be {row.sense} {limit:g}"

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
        if self.not_built:
            return worst
        if self.goal is not None:
            worst = self.value / self.goal if self.row.sense == "at most" else self.goal / self.value
        if self.row.second is not None:
            name, limit = self.row.second
            worst = max(worst, self.middle[name] / limit)
        return worst

    def as_json(self) -> dict[str, Any]:
        """Everything."""
        row = self.row
        if self.not_built:
            return {"title": row.title, "not_built": self.not_built}
        words = {"title": row.title, "unit": row.unit, "sense": row.sense, "second": row.second, "seconds": row.seconds}
        return words | {"value": self.value, "goal": self.goal, "times_the_goal": round(self.excess, 2), "runs": self.runs}
