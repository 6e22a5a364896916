# SPDX-License-Identifier: MIT
"""The metrics that are read when somebody asks: how every account stands, and how much of its venue's limit is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from attrs import field, frozen
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from fks_exec.model.events import RateBudget
from fks_exec_hub.status import AccountStatus

HALTS = ("active", "reducing", "halted")
BREAKERS = ("closed", "open", "probing")


@frozen(kw_only=True)
class Moment:
    """How a host stands at one moment.

    Args:
        accounts: all that are configured.
        budgets: by account, what its venue last told of its limit of requests.
        dropped: by observer, the events that it missed.
    """

    accounts: Sequence[AccountStatus] = ()
    budgets: Mapping[str, RateBudget] = field(factory=dict)
    dropped: Mapping[str, int] = field(factory=dict)


class Standing(Collector):
    """Turns the last moment into metrics.

    Args:
        moment: called at every look; it must be of one piece.
    """

    def __init__(self, moment: Callable[[], Moment]) -> None:
        self._moment = moment

    def collect(self) -> Iterator[Metric]:
        """One family after the other; those without an account have no sample."""
        now = self._moment()
        yield _of("account_ready", "1: the account takes orders.", now, lambda a: float(a.ready))
        yield _of("unknown_orders", "Orders that may or may not exist at the venue.", now, lambda a: float(len(a.unresolved)))
        yield _of("journal_available", "1: the journal of the account can be written.", now, lambda a: float(not a.unwritable))
        yield _of("unprotected_entries", "Filled entries without their stop.", now, lambda a: float(len(a.unprotected)))
        yield _of("unprotected_for_seconds", "For how long the longest of them has stood so.", now, _longest)
        yield _states("halt_state", "1 for what the account may do.", now, HALTS, lambda a: a.halt)
        yield _states("breaker_state", "1 for how its circuit breaker stands.", now, BREAKERS, lambda a: a.breaker)
        yield from _budgets(now)
        dropped = CounterMetricFamily("fks_exec_events_dropped", "Events that a slow observer missed.", labels=["observer"])
        for name, count in now.dropped.items():
            dropped.add_metric([name], count)
        yield dropped


def _longest(account: AccountStatus) -> float:
    return max(account.unprotected.values(), default=0.0)


def _of(name: str, text: str, now: Moment, value: Callable[[AccountStatus], float]) -> Metric:
    family = GaugeMetricFamily(f"fks_exec_{name}", text, labels=["account", "venue"])
    for account in now.accounts:
        family.add_metric([account.name, account.venue], value(account))
    return family


def _states(name: str, text: str, now: Moment, states: Sequence[str], of: Callable[[AccountStatus], str]) -> Metric:
    family = GaugeMetricFamily(f"fks_exec_{name}", text, labels=["account", "venue", "state"])
    for account in now.accounts:
        for state in states:
            family.add_metric([account.name, account.venue, state], float(of(account) == state))
    return family


def _budgets(now: Moment) -> Iterator[Metric]:
    """Only of accounts whose venue tells."""
    told = [(account, now.budgets[account.name]) for account in now.accounts if account.name in now.budgets]
    for name, text, value in _BUDGET:
        family = GaugeMetricFamily(f"fks_exec_{name}", text, labels=["account", "venue"])
        for account, budget in told:
            family.add_metric([account.name, account.venue], value(budget))
        yield family


_BUDGET: Sequence[tuple[str, str, Callable[[RateBudget], float]]] = (
    ("rate_used_ratio", "Share of the venue's limit of requests that is used, 0 to 1.", lambda b: b.used),
    ("rate_waiting", "Requests that wait for their turn.", lambda b: float(b.waiting)),
    ("rate_wait_seconds", "How long the next request would wait.", lambda b: b.seconds),
)
