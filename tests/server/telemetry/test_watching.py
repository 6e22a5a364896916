# SPDX-License-Identifier: MIT
"""What is counted of the hub's events, and how labels are chosen."""

import pytest

from fks_exec import Denial, ExecutionResult
from fks_exec.model.events import AccountHalted, Alarm, OrderConcluded, ProtectionChanged
from fks_exec_server.telemetry import watching
from fks_exec_server.telemetry.labels import Words, known_codes, route_of
from fks_exec_server.telemetry.metrics import Metrics
from fks_exec_server.telemetry.requests import shown
from fks_exec_server.telemetry.watching import Watcher


@pytest.fixture
def metrics() -> Metrics:
    """With one account."""
    return Metrics(codes=["STALE", "CORRECTION"], accounts=["main"], callers=["tv"])


def counted(metrics: Metrics, name: str) -> dict[str, float]:
    """The samples of a metric, by labels."""
    lines = [line for line in metrics.text().decode().splitlines() if line.startswith(f"fks_exec_{name}{{")]
    return {line[line.index("{") : line.rindex("}") + 1]: float(line.rpartition(" ")[2]) for line in lines}


def protection(name: str, seconds: float, *, protected: bool) -> ProtectionChanged:
    """What the hub tells of an entry."""
    return ProtectionChanged(
        account="main", time=1, client_order_id=name, symbol="BTC/USDT", protected=protected, seconds=seconds
    )


def test_the_seconds_without_a_stop_are_counted_once(metrics: Metrics) -> None:
    """An entry tells all of its own each time, of all its gaps together."""
    watcher = Watcher(metrics, {})
    for name, seconds, protected in [("a", 0, False), ("a", 2, True), ("b", 1, True), ("a", 2, False), ("a", 5, True)]:
        watcher.observe(protection(name, seconds, protected=protected))
    assert counted(metrics, "unprotected_seconds_total") == {'{account="main"}': 6}


def test_the_entries_that_are_remembered_for_it_are_bounded(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is forgotten: at worst its seconds are counted twice."""
    monkeypatch.setattr(watching, "ENTRIES", 2)
    watcher = Watcher(metrics, {})
    for name in "abc":
        watcher.observe(protection(name, 1, protected=True))
    assert [name for _, name in watcher._naked] == ["b", "c"]


def test_each_denial_of_an_order_is_counted_and_its_outcome_once(metrics: Metrics) -> None:
    """An order of the hub's own is a child; a code that no table knows is another."""
    watcher = Watcher(metrics, {})
    denials = [Denial(code="STALE", message="too old"), Denial(code="MINE", message="no")]
    denied = ExecutionResult(status="denied", denials=denials)
    for name in ("a", "a~sl1"):
        watcher.observe(OrderConcluded(account="main", time=1, client_order_id=name, symbol="BTC/USDT", result=denied))
    assert counted(metrics, "orders_total") == {
        '{account="main",kind="order",status="denied"}': 1,
        '{account="main",kind="child",status="denied"}': 1,
    }
    assert counted(metrics, "denials_total") == {
        '{account="main",code="STALE"}': 2,
        '{account="main",code="other"}': 2,
    }
    assert sum(counted(metrics, "stage_seconds_count").values()) == 0


def test_an_alarm_is_counted_and_what_is_nothing_to_count_is_heard_quietly(metrics: Metrics) -> None:
    """By its code, under the account if it is one of ours."""
    watcher = Watcher(metrics, {})
    watcher.observe(Alarm(account="main", time=1, code="CORRECTION", message="x"))
    watcher.observe(Alarm(account="nobody's", time=1, code="CORRECTION", message="x"))
    watcher.observe(AccountHalted(account="main", time=1, state="halted", reason="x"))
    assert counted(metrics, "alarms_total") == {
        '{account="main",code="CORRECTION"}': 1,
        '{account="other",code="CORRECTION"}': 1,
    }


def test_the_known_codes_are_those_of_every_distribution() -> None:
    """Core's, the hub's, its guards', the server's."""
    assert {"DEADLINE", "STALE", "CONFIDENCE_TOO_LOW", "INVALID_ALERT"} <= known_codes()
    assert [Words(["a"])(value) for value in ("a", "b", "", None)] == ["a", "other", "other", "other"]


@pytest.mark.parametrize(
    ("path", "route", "told"),
    [
        ("/webhook/tradingview/SECRET", "webhook", "/webhook/tradingview/***"),
        ("/webhook/tradingview/SECRET/orders/a", "webhook_order", "/webhook/tradingview/***/orders/a"),
        ("/webhook/tradingview", "webhook", "/webhook/tradingview"),
        ("/webhook/tradingview/SECRET/other", "other", "(unknown path)"),
        ("/SECRET", "other", "(unknown path)"),
        ("/webhok/tradingview/SECRET", "other", "(unknown path)"),
        ("/orders", "orders", "/orders"),
        ("/orders/a", "order", "/orders/a"),
        ("/accounts", "accounts", "/accounts"),
        ("/accounts/main/positions", "positions", "/accounts/main/positions"),
        ("/accounts/main/quote/BTC/USDT", "quote", "/accounts/main/quote/BTC/USDT"),
        ("/accounts/main/quote", "other", "(unknown path)"),
        ("/halt", "halt", "/halt"),
        ("//webhook//tradingview//SECRET", "other", "(unknown path)"),
        ("/webhook/tradingview/SECRET/", "other", "(unknown path)"),
        ("/webhook/tradingview//SECRET", "other", "(unknown path)"),
    ],
)
def test_a_path_is_told_by_its_route_and_never_with_a_secret(path: str, route: str, told: str) -> None:
    """One that leads nowhere may be a mistyped one that holds a secret: nothing of it is told."""
    assert route_of(path) == route
    assert shown(path, route) == told
