# SPDX-License-Identifier: MIT
"""The metrics that are counted as things happen, on a registry of their own; ``standing.py`` has those that are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector

from .labels import OTHER, ROUTES, Words

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds: from half a millisecond, a write to a fast disk, to half a minute, a venue that does not answer."""

STAGES = ("parse", "guard", "journal", "venue")
"""What an order passes, in this order, from its bytes to the venue's answer."""

TAKEN = "taken"
"""The code of an alert whose answer has none."""


class Metrics:
    """What is counted.

    Args:
        codes: the known codes; others are told as ``other``.
        accounts: the configured accounts.
        callers: the names of keys, clients and tokens.
    """

    def __init__(self, *, codes: Iterable[str], accounts: Iterable[str], callers: Iterable[str]) -> None:
        self.registry: CollectorRegistry = CollectorRegistry(auto_describe=True)
        self.code: Words = Words(codes)
        self.account: Words = Words(accounts)
        self.caller: Words = Words(callers)
        self._route = Words(ROUTES)
        counted = self._counter
        self._requests = counted("requests", "HTTP requests; status gone: their sender was.", "route status")
        self._alerts = counted("alerts", "Alerts by key and by the code of their answer.", "key code")
        self._orders = counted("orders", "Orders by their first outcome; child: made by the hub.", "account kind status")
        self._denials = counted("denials", "Reasons for which orders were not sent.", "account code")
        self._alarms = counted("alarms", "Alarms by code: a human should look.", "account code")
        self._naked = counted("unprotected_seconds", "Seconds for which filled entries stood without stop.", "account")
        self._stages = self._histogram("stage_seconds", "Seconds of a stage: parse, guard, journal, venue.", "stage")
        self._served = self._histogram("request_seconds", "Seconds from a request's head to its answer.", "route")
        self._last = Gauge(
            "fks_exec_last_alert_timestamp_seconds", "When a key last sent an alert, epoch.", ["key"], registry=self.registry
        )
        ProcessCollector(registry=self.registry)
        for stage in STAGES:
            self._stages.labels(stage)

    def _counter(self, name: str, text: str, labels: str) -> Counter:
        return Counter(f"fks_exec_{name}", text, labels.split(), registry=self.registry)

    def _histogram(self, name: str, text: str, labels: str) -> Histogram:
        return Histogram(f"fks_exec_{name}", text, labels.split(), registry=self.registry, buckets=BUCKETS)

    def request(self, route: str, status: str, seconds: float) -> None:
        """A request was answered.

        Args:
            status: of HTTP, as text; ``gone`` when its sender was.
        """
        route = self._route(route)
        self._requests.labels(route, status).inc()
        self._served.labels(route).observe(seconds)

    def alert(self, key: str, code: str, now: float) -> None:
        """An alert of a proved key was answered.

        Args:
            code: of the answer; empty when it has none.
            now: epoch seconds.
        """
        key = self.caller(key)
        self._alerts.labels(key, self.code(code) if code else TAKEN).inc()
        self.heard(key, now)

    def heard(self, key: str, now: float) -> None:
        """When a key last sent an alert, epoch seconds."""
        self._last.labels(self.caller(key)).set(now)

    def stage(self, name: str, seconds: float | None) -> None:
        """An order passed a stage; None: it did not, or that is not known."""
        if seconds is not None:
            self._stages.labels(name if name in STAGES else OTHER).observe(max(seconds, 0.0))

    def order(self, account: str, *, child: bool, status: str) -> None:
        """An order has its first outcome."""
        self._orders.labels(self.account(account), "child" if child else "order", status).inc()

    def denial(self, account: str, code: str) -> None:
        """One reason why an order was not sent."""
        self._denials.labels(self.account(account), self.code(code)).inc()

    def alarm(self, account: str, code: str) -> None:
        """Something that a human should look at."""
        self._alarms.labels(self.account(account), self.code(code)).inc()

    def unprotected(self, account: str, seconds: float) -> None:
        """An entry stood so much longer without its stop."""
        self._naked.labels(self.account(account)).inc(max(seconds, 0.0))

    def text(self) -> bytes:
        """All of it, as Prometheus reads it. Takes milliseconds: not for the event loop."""
        return generate_latest(_Plain(self.registry))


class _Plain:
    """A registry without the times at which series began: nothing here asks for them, and they double what is told."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric
