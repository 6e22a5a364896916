# SPDX-License-Identifier: MIT
"""The suite run by a program: alone with itself, honest about what failed, and leaving the account as it was."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from fks_exec import (
    Capabilities,
    ConfigError,
    ExecutionResult,
    Order,
    OrderType,
    Secret,
    Submission,
    VenueContext,
    VenueRejected,
    VenueType,
    hookimpl,
)
from fks_exec.testing import CAPABILITIES, FailLookUp, FaultyCounterpart, FaultyVenue, Refuse, Trial, running
from fks_exec.testing.faulty.hooks import AsyncConnection
from fks_exec.testing.leaving import Standing, left_behind, opened, standing
from fks_exec.testing.record import Origin, RecordError, read_record, words_of
from fks_exec.testing.report import Report, Tried
from fks_exec.testing.running import Recorder, run
from fks_exec.testing.suite.base import Suite, floor
from fks_exec.testing.suite.desk import Desk, Sent
from fks_exec.testing.suite.orders import Orders
from fks_exec_simulators.stranger import PLUGIN, SDK, Stranger, StrangerConfig, installed, venue_types


@frozen
class NeedsAKey:
    """A configuration that cannot be empty."""

    key: str


def trial_of(venue: FaultyVenue, **fields: Any) -> Trial:
    return Trial(venue=venue.plugin.fks_exec_venues()[0], **{"seconds": 0.5, **fields})


def silent(line: str) -> None:
    """Nobody reads it."""


def tried(name: str, outcome: str = "passed", **fields: Any) -> Tried:
    return Tried(suite="Orders", name=name, outcome=outcome, **fields)  # type: ignore[arg-type]


def report_of(*tests: Tried, **fields: Any) -> Report:
    return Report(**{"title": "acme", "level": "sandbox", "line": "acme: 1 passed", "tried": tests, **fields})


class RefusesStops(AsyncConnection):
    """It declares stop orders, and takes none."""

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        """Refuse stops."""
        if order.order_type is OrderType.STOP:
            raise VenueRejected("no stops today")
        return await super().execute_order(order, submission)


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Stranger]:
    with installed(tmp_path / "site") as found:
        yield found


# What is proved.


def test_a_word_is_proved_by_a_test_that_passed_and_by_none_that_failed() -> None:
    report = report_of(
        tried("a", shown={"market", "limit"}),
        tried("b", "failed", touched={"limit", "ioc"}, shown={"ioc"}),
        tried("c", "left out", touched={"fok"}, shown={"fok"}),
        tried("d", shown={"ioc", "cancel_order"}),
    )
    assert report.proved == ("cancel_order", "market")


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({}, {"market"}),
        ({"time_in_force": "ioc"}, {"market", "ioc"}),
        ({"order_type": "limit", "price": 1}, {"limit", "gtc"}),
        ({"order_type": "limit", "price": 1, "post_only": True}, {"limit", "gtc", "post_only"}),
        ({"order_type": "stop_limit", "price": 1, "stop_price": 2, "reduce_only": True}, {"stop_limit", "gtc", "reduce_only"}),
    ],
)
def test_the_words_of_an_order_are_its_type_its_time_and_its_flags(order: dict[str, Any], words: set[str]) -> None:
    """A market order does not rest: good till cancelled says nothing of it."""
    assert words_of(Order(symbol="A/B", side="buy", quantity=1, **order)) == words


def test_what_the_venue_took_is_proved_and_what_it_refused_is_not() -> None:
    """Declared is not proved."""
    venue = FaultyVenue()
    venue._kind = RefusesStops
    report = run(trial_of(venue), classes=["orders"], told=silent)
    assert {"market", "limit", "gtc"} <= set(report.proved)
    assert "stop" not in report.proved
    assert any("stop" in test.touched for test in report.failed)
    assert not report.passed


LIMIT = Order(symbol="A/B", side="buy", quantity=1, order_type="limit", price=1, time_in_force="ioc")
MARKET = Order(symbol="A/B", side="buy", quantity=1)


@pytest.mark.parametrize(
    ("asked", "order", "status", "shown", "touched"),
    [
        ({"limit", "cancel_order"}, LIMIT, "accepted", {"limit", "ioc", "cancel_order"}, {"limit", "ioc", "cancel_order"}),
        ({"limit", "cancel_order"}, LIMIT, "rejected", {"cancel_order"}, {"limit", "ioc", "cancel_order"}),
        ({"limit"}, LIMIT, "unknown", set(), {"limit", "ioc"}),
        ({"limit"}, LIMIT, "denied", set(), {"limit", "ioc"}),
        ({"oco"}, MARKET, "filled", {"oco", "market"}, {"oco"}),
        (set(), MARKET, "filled", {"market"}, {"market"}),
        ({"cancel_order"}, None, "", {"cancel_order"}, {"cancel_order"}),
    ],
)
def test_what_a_test_shows_and_what_it_would_take_away(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    asked: set[str],
    order: Order | None,
    status: str,
    shown: set[str],
    touched: set[str],
) -> None:
    """An order's words are shown by orders that were taken; what nearly every test trades with is spared."""
    desk = Desk(trial_of(FaultyVenue()), None, tmp_path)
    desk.asked |= asked
    if order is not None:
        submission = desk.account.submission("one")
        desk.ordered.append(Sent(order=order, submission=submission, result=ExecutionResult(status=status)))
    recorder = Recorder(Orders)
    recorder.desks.append(desk)
    found = recorder._of(request.node, "passed", "")
    assert (set(found.shown), set(found.touched)) == (shown, touched)


def test_what_is_not_declared_is_left_out_and_not_proved() -> None:
    venue = FaultyVenue(capabilities=Capabilities(order_types=["market", "limit"], abilities=["cancel_order"]))
    report = run(trial_of(venue), classes=["Orders"], told=silent)
    left = {test.reason for test in report.tried if test.outcome == "left out"}
    assert "not declared: ioc" in left
    assert not {"ioc", "stop"} & set(report.proved)
    assert "market" in report.proved


# How it runs.


def test_the_line_the_failures_and_what_is_proved_are_told() -> None:
    lines: list[str] = []
    report = run(trial_of(FaultyVenue(), name="acme"), classes=["Quotes"], told=lines.append)
    assert lines[-2] == report.line
    assert report.line.startswith(f"acme: {len([test for test in report.tried if test.outcome == 'passed'])} passed")
    assert lines[-1].startswith("proved: ")
    assert {test.suite for test in report.tried} == {"Quotes"}


def test_a_failure_is_one_sentence_however_many_tests_it_breaks() -> None:
    tests = [tried(f"t{number}", "failed", reason="it is down") for number in range(5)]
    lines = list(report_of(*tests, tried("other", "failed", reason="why")).lines())
    assert lines[:2] == ["FAILED Orders.t0, Orders.t1, Orders.t2 and 2 more: it is down", "FAILED Orders.other: why"]


def test_a_counterpart_is_handed_on() -> None:
    """What needs one is left out without it."""
    venue = FaultyVenue()
    with_it = run(trial_of(venue), FaultyCounterpart(venue), classes=["Outcomes"], told=silent)
    without = run(trial_of(FaultyVenue()), classes=["Outcomes"], told=silent)
    count = [sum(test.reason.startswith("not tried: ") for test in report.tried) for report in (with_it, without)]
    assert count[0] < count[1]


def test_nothing_of_the_users_pytest_is_picked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a conftest, nor settings, nor options of the environment; and the environment is as it was."""
    (tmp_path / "conftest.py").write_text("raise RuntimeError('picked up')", "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", raising=False)
    before = dict(os.environ)
    assert run(trial_of(FaultyVenue()), classes=["Quotes"], told=silent).passed
    after = dict(os.environ)
    for each in (before, after):
        each.pop("PYTEST_VERSION", None)
        each.pop("PYTEST_CURRENT_TEST", None)
    assert after == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["conftest.py", "pytest.ini"]


LEAKS = """
from fks_exec.testing import FaultyVenue, Refuse, Trial
from fks_exec.testing.running import run

leak = Refuse("no account for key=hush-hush")
venue = FaultyVenue(otherwise=lambda request: leak if request.kind == "place" else None)
trial = Trial(venue=venue.plugin.fks_exec_venues()[0], seconds=0.5, secrets=["hush-hush"])
report = run(trial, classes=["Orders"])
assert report.failed
assert "hush-hush" not in str(report)
"""


def test_secrets_are_not_told() -> None:
    """Whatever the plugin puts into its errors; in a process of its own, as a user runs it."""
    done = subprocess.run([sys.executable, "-c", LEAKS], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "key=***" in done.stdout
    assert "hush-hush" not in done.stdout + done.stderr


def test_without_asserts_nothing_would_be_tried() -> None:
    """``python -O`` takes them out."""
    code = (
        "from fks_exec.testing import FaultyVenue, Trial\nfrom fks_exec.testing.running import run\n"
        "run(Trial(venue=FaultyVenue), classes=['Quotes'])"
    )
    done = subprocess.run([sys.executable, "-O", "-c", code], capture_output=True, text=True, timeout=60)
    assert "asserts are switched off" in done.stderr


async def test_inside_a_loop_it_says_how_to_be_called() -> None:
    with pytest.raises(ConfigError, match="to_thread"):
        run(trial_of(FaultyVenue()))
    report = await asyncio.to_thread(run, trial_of(FaultyVenue()), classes=["Quotes"], told=silent)
    assert report.passed


def test_an_unknown_class_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match=r"the suite has no class 'Ordres'; it has: .*Orders"):
        run(trial_of(FaultyVenue()), classes=["Ordres"])


def test_verbose_is_pytests_own_output() -> None:
    code = (
        "from fks_exec.testing import FaultyVenue, Trial\nfrom fks_exec.testing.running import run\n"
        "run(Trial(venue=FaultyVenue().plugin.fks_exec_venues()[0]), classes=['Quotes'], verbose=True)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "test_venue.py::TestVenue::test_" in done.stdout, done.stderr
    assert "PASSED" in done.stdout


# What a run leaves behind.


def test_a_sandbox_is_left_as_it_was() -> None:
    report = run(trial_of(FaultyVenue(), level="sandbox"), classes=["Orders"], told=silent)
    assert report.left_behind == ()


def test_what_is_left_at_a_sandbox_is_told_by_name() -> None:
    """The venue refuses every cancel: what rests goes on resting."""
    lines: list[str] = []
    venue = FaultyVenue(otherwise=lambda request: Refuse("no", on="cancel") if request.kind == "cancel" else None)
    report = run(trial_of(venue, level="sandbox"), classes=["Orders"], told=lines.append)
    assert report.left_behind
    resting = [each for each in venue.placed if not each.status.terminal]
    assert f"the order {resting[0].order_id} rests, and did not before; cancel it by hand" in report.left_behind
    assert f"LEFT BEHIND {report.left_behind[0]}" in lines


def test_a_simulation_is_not_looked_at() -> None:
    venue = FaultyVenue(otherwise=lambda request: Refuse("no", on="cancel") if request.kind == "cancel" else None)
    assert run(trial_of(venue, level="simulator"), classes=["Orders"], told=silent).left_behind == ()


def test_a_difference_is_told_with_both_figures() -> None:
    before = Standing(held={"A/B": 1}, orders=frozenset({"old"}), least={"A/B": 0})  # type: ignore[dict-item]
    after = evolve(before, held={"A/B": 3, "C/D": -2}, orders=frozenset({"old", "new"}))  # type: ignore[dict-item]
    assert [sentence.partition(";")[0] for sentence in before.differences(after)] == [
        "A/B: 1 was held before, 3 is held now",
        "C/D: 0 was held before, -2 is held now",
        "the order new rests, and did not before",
    ]
    assert not list(after.differences(evolve(after, orders=frozenset({"old"}))))


def test_less_than_the_venue_takes_is_no_difference() -> None:
    """It cannot be traded back."""
    before = Standing(held={"A/B": 0}, orders=frozenset(), least={"A/B": 2})  # type: ignore[dict-item]
    assert not list(before.differences(evolve(before, held={"A/B": 1})))  # type: ignore[dict-item]
    assert list(before.differences(evolve(before, held={"A/B": 2})))  # type: ignore[dict-item]


async def test_what_the_venue_does_not_tell_is_said() -> None:
    venue = FaultyVenue(capabilities=Capabilities())
    trial = trial_of(venue, level="sandbox")
    sentences = await left_behind(trial, await standing(trial))
    assert [sentence.partition(";")[0] for sentence in sentences] == [
        "the venue tells neither positions nor balances",
        "the venue does not list open orders",
    ]


@pytest.mark.parametrize(("kind", "without"), [("linear", "fetch_balance"), ("spot", "fetch_positions"), ("linear", "")])
async def test_the_standing_of_an_account_is_its_position_or_its_balance(kind: str, without: str) -> None:
    """Whichever the venue tells."""
    can = evolve(CAPABILITIES, abilities=CAPABILITIES.abilities - {without})
    venue = FaultyVenue(kind=kind, capabilities=can)
    trial = trial_of(venue, level="sandbox")
    before = await standing(trial)
    async with opened(trial) as account:
        await account.execute_order(Order(symbol="BTC/USDT", side="buy", quantity=2))
    after = await standing(trial)
    assert before.held is not None
    assert after.held is not None
    assert after.held["BTC/USDT"] - before.held.get("BTC/USDT", 0) == 2


class WantsAFolder(AsyncConnection):
    """It keeps a file for each account."""

    def opened(self, context: VenueContext, loop: asyncio.AbstractEventLoop | None) -> None:
        """Write it."""
        assert context.state_dir is not None
        (context.state_dir / "state").write_text("", "utf-8")
        super().opened(context, loop)


async def test_a_look_before_and_after_gives_the_venue_a_folder() -> None:
    """As a host does."""
    venue = FaultyVenue()
    venue._kind = WantsAFolder
    assert (await standing(trial_of(venue))).orders == frozenset()


# The record.


def test_a_record_holds_what_was_tried_and_of_what(tmp_path: Path, stranger: Stranger) -> None:
    file = tmp_path / "new" / "stranger.json"
    kind, config = _kind(), StrangerConfig(key=Secret("hush-hush"))
    trial = Trial(venue=kind, config=config, level="sandbox", secrets=["hush-hush"], seconds=0.5)
    report = run(trial, record=file, account="mine", told=silent)
    record = read_record(file)
    assert record == report.record
    assert (record.binding.plugin, record.binding.version, dict(record.binding.sdk)) == (PLUGIN, "1.0", {SDK: "3.1"})
    assert (record.binding.venue, record.account, record.level) == ("stranger/stranger", "mine", "sandbox")
    assert record.capabilities == stranger.venue.declared
    assert record.symbols == ("BTC/USDT",)
    assert record.proved == report.proved
    assert {"market", "limit", "cancel_order"} <= set(record.proved)
    assert set(record.tests) == {test.suite for test in report.tried}
    assert "test_a_market_order_fills" in record.tests["Orders"].passed
    assert any(reason.startswith("not declared: ") for each in record.tests.values() for reason in each.left_out)
    text = file.read_text("utf-8")
    assert "hush-hush" not in text
    assert json.loads(text)["at"].startswith("20")
    assert json.loads(text)["time"] > 1_600_000_000_000


def test_below_the_floor_there_is_no_record(tmp_path: Path, stranger: Stranger) -> None:
    """And an older one is left, which is said."""
    file = tmp_path / "stranger.json"
    file.write_text("older", "utf-8")
    lines: list[str] = []
    stranger.venue = FaultyVenue(otherwise=lambda request: Refuse("no", on="open") if request.kind == "open" else None)
    report = run(Trial(venue=_kind(), seconds=0.2), record=file, told=lines.append)
    assert report.record is None
    assert not report.passed
    assert "the floor, which every venue has to pass, failed: " in report.unrecorded
    assert "the older record" in report.unrecorded
    assert file.read_text("utf-8") == "older"
    assert any(line.startswith("no record is written: the floor") for line in lines)


@pytest.mark.parametrize(
    ("tests", "missing", "said"),
    [
        ([tried("a", "failed", floor=True)], (), "failed: Orders.a"),
        ([tried("a", "failed"), tried("b")], (), ""),
        ([tried("a")], ("test_b",), "tests of the floor did not run: test_b"),
        ([tried("a", "left out")], (), "no test passed"),
        ([tried("a")], (), ""),
    ],
)
def test_the_floor_alone_decides_whether_there_is_a_record(tests: list[Tried], missing: tuple[str, ...], said: str) -> None:
    below = report_of(*tests, missing=missing).below_floor
    assert said in below
    assert bool(said) == bool(below)


class Lazy(Suite):
    """A class whose floor leaves itself out."""

    @floor
    async def test_that_leaves_itself_out(self, desk: Desk) -> None:
        """It may not."""
        desk.needs("no_such_word")

    async def test_that_may(self, desk: Desk) -> None:
        """It may."""
        desk.needs("no_such_word")


def test_a_test_of_the_floor_that_leaves_itself_out_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CLASSES", (Lazy,))
    report = run(trial_of(FaultyVenue()), classes=["Lazy"], told=silent)
    assert [(test.name, test.outcome) for test in report.tried] == [
        ("test_that_leaves_itself_out", "failed"),
        ("test_that_may", "left out"),
    ]
    assert report.failed[0].reason == "the floor cannot be left out: not declared: no_such_word"
    assert report.below_floor


class Untidy(Suite):
    """A class that cannot clear away."""

    @pytest.fixture
    def mess(self) -> Iterator[None]:
        """It stays."""
        yield
        raise OSError("it stays")

    async def test_that_leaves_a_mess(self, mess: None) -> None:
        """It passes, so far."""


def test_what_fails_while_it_clears_away_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CLASSES", (Untidy,))
    report = run(trial_of(FaultyVenue()), classes=["Untidy"], told=silent)
    assert [(test.outcome, test.reason) for test in report.tried] == [("failed", "OSError: it stays")]


def test_a_venue_of_no_distribution_has_no_record(tmp_path: Path) -> None:
    """Said before anything is sent."""
    venue = FaultyVenue()
    with pytest.raises(ConfigError, match="no installed distribution brings this venue"):
        run(trial_of(venue), record=tmp_path / "r.json")
    assert venue.count() == 0


def test_a_configuration_that_is_missing_is_asked_for(tmp_path: Path, stranger: Stranger) -> None:
    trial = Trial(venue=evolve(_kind(), config=NeedsAKey))
    with pytest.raises(ConfigError, match="has keys that have to be said"):
        run(trial, record=tmp_path / "r.json", origin=Origin(venue="x/x", distribution=PLUGIN, version="1"))


def test_a_record_of_a_part_of_the_suite_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a record is of the whole suite"):
        run(trial_of(FaultyVenue()), record=tmp_path / "r.json", classes=["Orders"])


def test_a_record_that_could_not_be_written_is_known_before_the_run(tmp_path: Path, stranger: Stranger) -> None:
    with pytest.raises(RecordError, match="cannot be written there"):
        run(Trial(venue=_kind()), record=tmp_path)
    assert stranger.venue.count() == 0


def test_a_run_without_tests_is_no_success() -> None:
    assert not report_of().passed
    assert not report_of(tried("a"), unrecorded="why").passed
    assert report_of(tried("a")).passed


def _kind() -> VenueType:
    [kind] = venue_types()
    return kind


async def test_a_desk_clears_away_both_sides_and_goes_on_when_a_look_up_fails(tmp_path: Path) -> None:
    """A rate limit in the middle of a run, on an account where a long and a short stand side by side."""
    venue = FaultyVenue([FailLookUp()], hedging=True)
    desk = await Desk(trial_of(venue, level="sandbox"), None, tmp_path).open()
    for side in ("buy", "sell"):
        await desk.send(desk.order(side))
    await desk.send(await desk.resting())
    await desk.close()
    assert [venue.position("BTC/USDT", ticket) for ticket in ("long", "short")] == [0, 0]
    assert not [placed for placed in venue.placed if placed.open]


async def test_what_cannot_be_cleared_away_is_said(tmp_path: Path) -> None:
    venue = FaultyVenue()
    desk = await Desk(trial_of(venue, level="sandbox", seconds=0.3), None, tmp_path).open()
    await desk.send(desk.order("buy"))
    venue.follow(Refuse("closed for today"))
    with pytest.raises(AssertionError, match=r"the order to sell 0\.002 back was answered rejected \(closed for today\)"):
        await desk.close()


def test_what_holds_for_every_order_leaves_no_record_when_it_fails() -> None:
    """One whose look-ups name another order proves no kind of order, whatever else passed."""
    passed = Tried(suite="Orders", name="test_market", outcome="passed", shown=["market"])
    failed = Tried(suite="Idempotency", name="test_ids", outcome="failed", reason="one for two")
    assert not report_of(passed).below_floor
    assert report_of(passed, failed).below_floor.startswith("what holds for every order failed: Idempotency.test_ids")
