# SPDX-License-Identifier: MIT
"""The suite run by a program: pytest in this process, with nothing of the user's own pytest in it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path

import pytest
from attrs import define, evolve, field

from ..clock import SystemClock
from ..errors import ConfigError, FksExecError
from ..model.account import Capabilities
from ..model.extension import VenueType
from ..model.results import Status
from .leaving import left_behind, standing
from .record import ORDER_WORDS, Binding, Origin, Record, RecordError, moment, origin_of, words_of, write_record
from .report import Outcome, Report, Tried
from .suite.base import Suite
from .suite.desk import MADE, Desk
from .suite.summary import Tally, attend, floor_of, key_of
from .suite.venues import CLASSES, combined, further_classes
from .trial import Counterpart, Trial

TAKEN = frozenset({Status.ACCEPTED, Status.PARTIALLY_FILLED, Status.FILLED, Status.CANCELED, Status.EXPIRED})
"""Where an order can only stand when the venue took it."""

VEHICLES = frozenset({"market", "gtc"})
"""What nearly every test trades with: a test of something else that fails says nothing against it."""

_TRIED: ContextVar[type[Suite]] = ContextVar("_TRIED")

_MODULE = "from fks_exec.testing.running import tried\n\nTestVenue = tried()\n"
_SETTINGS = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"
_VARIABLES = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": None, "PYTEST_PLUGINS": None}


def run(
    trial: Trial,
    counterpart: Counterpart | None = None,
    *,
    classes: Iterable[str] = (),
    record: Path | None = None,
    verbose: bool = False,
    account: str = "",
    origin: Origin | None = None,
    told: Callable[[str], object] = print,
) -> Report:
    """The suite on a venue.

    Args:
        counterpart: the venue's own side; None: there is none.
        classes: names of classes of the suite; empty: all.
        record: the file of the record that is written if the floor passes; None: none is.
        verbose: pytest's own output too: a line for each test, traces.
        account: the configured account that is tried, for the record.
        origin: where the venue comes from, for the record; None: it is looked for among the entry points.
        told: takes the lines of the report.

    Raises:
        ConfigError: the suite cannot be run so; nothing was sent.
        RecordError: the record cannot be written.
        KeyboardInterrupt: the run was stopped by hand; what it left behind was told.
    """
    _check(record, list(classes))
    _check_level(trial, record)
    bound = None if record is None else Binding.of(origin or _origin(trial), _config(trial))
    suite = _made(trial, counterpart, list(classes))
    alters = trial.level in ("sandbox", "live")
    before = asyncio.run(standing(trial)) if alters else None
    recorder = Recorder(suite)
    code = _pytest(suite, recorder, verbose=verbose)
    left = () if before is None else asyncio.run(left_behind(trial, before))
    for sentence in left:
        told(f"LEFT BEHIND {sentence}")
    report = evolve(recorder.report(trial), left_behind=left)
    if code == pytest.ExitCode.INTERRUPTED and not recorder.faults:
        raise KeyboardInterrupt
    if recorder.faults or not report.tried:
        raise FksExecError(f"the suite could not be run: {'; '.join(recorder.faults) or f'pytest ended with {int(code)}'}")
    if record is not None and bound is not None:
        report = _recorded(report, trial, record, bound, account)
    for line in report.lines():
        told(line)
    return report


def _check(record: Path | None, classes: list[str]) -> None:
    """What would keep the run, or its record, from being worth anything is found before anything is sent."""
    if not __debug__:
        raise ConfigError("", "asserts are switched off (python -O, PYTHONOPTIMIZE), and every test would pass; leave that out")
    if _inside_a_loop():
        raise ConfigError("", "the suite brings its own event loop; run it from a thread: await asyncio.to_thread(run, trial)")
    if record is None:
        return
    if classes:
        raise ConfigError("", "a record is of the whole suite; leave the record out, or the classes")
    folder = next(folder for folder in record.absolute().parents if folder.exists())
    if not os.access(folder, os.W_OK) or record.is_dir():
        raise RecordError(f"the record {record} cannot be written there; name a file in a folder that can be written")


def _check_level(trial: Trial, record: Path | None) -> None:
    """A simulation proves nothing about a venue's own systems."""
    simulated = isinstance(trial.venue, VenueType) and trial.venue.simulated
    if record is not None and simulated and trial.level in ("sandbox", "live"):
        text = f"{trial.title} is simulated; what it shows is no evidence of the level {trial.level}; leave the level out"
        raise ConfigError("level", text)


def _inside_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _origin(trial: Trial) -> Origin:
    found = origin_of(trial.venue) if isinstance(trial.venue, VenueType) else None
    if found is None:
        text = "no installed distribution brings this venue by an entry point, so that there is no version to bind a record to"
        raise ConfigError("", f"{text}; install it (pip install -e .), or leave the record out")
    return found


def _config(trial: Trial) -> object:
    if trial.config is not None or not isinstance(trial.venue, VenueType):
        return trial.config
    try:
        return trial.venue.config()
    except (TypeError, ConfigError) as error:
        raise ConfigError("config", f"the venue's configuration has keys that have to be said ({error}); say them") from None


def _made(trial: Trial, counterpart: Counterpart | None, names: list[str]) -> type[Suite]:
    """The suite with the fixtures of an author."""

    def venue(self: object) -> Trial:
        return trial

    def other_side(self: object) -> Counterpart | None:
        return counterpart

    chosen = combined("VenueSuite", _chosen(names))
    given = {"venue": pytest.fixture(venue), "counterpart": pytest.fixture(name="counterpart")(other_side)}
    return type("TestVenue", (chosen,), {**given, "__module__": __name__})


def _chosen(names: list[str]) -> tuple[type[Suite], ...]:
    every = (*CLASSES, *further_classes())
    known = {cls.__name__.lower(): cls for cls in every}
    for name in names:
        if name.lower() not in known:
            raise ConfigError("", f"the suite has no class {name[:40]!a}; it has: {', '.join(cls.__name__ for cls in every)}")
    wanted = {name.lower() for name in names}
    return tuple(cls for cls in every if not wanted or cls.__name__.lower() in wanted)


def tried() -> type[Suite]:
    """The class that is run now, for the module that pytest collects."""
    return _TRIED.get()


def _pytest(suite: type[Suite], recorder: Recorder, *, verbose: bool) -> int:
    """One run, in a folder of its own, without settings, conftest and plugins of the user's."""
    with tempfile.TemporaryDirectory(prefix="fks-exec-", ignore_cleanup_errors=True) as name, _environment():
        folder = Path(name)
        (folder / "pytest.ini").write_text(_SETTINGS, "utf-8")
        (folder / "test_venue.py").write_text(_MODULE, "utf-8")
        words = [str(folder / "test_venue.py"), "-c", str(folder / "pytest.ini"), "--rootdir", name, "--confcutdir", name]
        words += ["--basetemp", str(folder / "files"), "-p", "no:cacheprovider", "-p", "no:faulthandler"]
        words += [
            "-p",
            "pytest_asyncio.plugin",
            "-p",
            "fks_exec.pytest_plugin",
            *(["-v"] if verbose else ["-p", "no:terminal"]),
        ]
        token, made = _TRIED.set(suite), MADE.set(recorder.desks)
        try:
            return pytest.main(words, plugins=[recorder])
        finally:
            _TRIED.reset(token)
            MADE.reset(made)
            sys.modules.pop("test_venue", None)


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """What pytest would read from the environment is put aside, and the filters of warnings too."""
    before = {name: os.environ.get(name) for name in _VARIABLES}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            _set(_VARIABLES)
            yield
    finally:
        _set(before)


def _set(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@define(eq=False)  # pytest keeps its plugins in sets
class Recorder:
    """A plugin of pytest: keeps what became of each test, what it asked for and what it sent.

    Args:
        suite: the class that is run.
        faults: why tests could not even be collected.
        desks: that the test which runs has made.
    """

    suite: type[Suite]
    tried: dict[str, Tried] = field(factory=dict)
    faults: list[str] = field(factory=list)
    desks: list[Desk] = field(factory=list)
    capabilities: Capabilities | None = None
    tally: Tally | None = None

    def pytest_configure(self, config: pytest.Config) -> None:
        """Without a terminal nobody reads a trace, and making one takes longer than most tests."""
        if not config.pluginmanager.has_plugin("terminal"):
            config.option.tbstyle = "no"

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that cannot be imported has no tests."""
        if report.failed:
            self.faults.append(str(report.longrepr).strip().rpartition("\n")[2])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        """A test begins without desks."""
        self.desks.clear()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """As the summary left it: around that one."""
        report = yield
        outcome = _outcome(report)
        known = self.tried.get(item.nodeid)
        if outcome is not None and (known is None or known.outcome == "passed"):
            self.tried[item.nodeid] = self._of(item, outcome, _reason(report, call))
        return report

    def _of(self, item: pytest.Item, outcome: Outcome, reason: str) -> Tried:
        desks = self.desks
        for desk in desks:
            if self.capabilities is None and desk.account.ready:
                self.capabilities = desk.account.capabilities
        name = str(getattr(item, "originalname", item.name))
        owner = next((cls for cls in self.suite.__mro__ if name in vars(cls)), self.suite)
        asked = frozenset(word for desk in desks for word in desk.asked)
        orders = [sent for desk in desks for sent in desk.ordered]
        sent = frozenset[str]().union(*(words_of(each.order) for each in orders))
        taken = (words_of(each.order) for each in orders if each.result.status in TAKEN)
        return Tried(
            suite=owner.__name__,
            name=item.name,
            outcome=outcome,
            reason=reason,
            floor=bool(getattr(vars(owner).get(name), "floor", False)),
            touched=asked | (sent - VEHICLES if asked else sent),
            shown=(asked - ORDER_WORDS).union(*taken),
        )

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """What the summary counted."""
        self.tally = attend(session.config).tallies.get(key_of(self.suite))

    def report(self, trial: Trial) -> Report:
        """What came of it all; what was to be kept secret is ``***`` in it."""
        return Report(
            title=trial.title,
            level=trial.level,
            line="" if self.tally is None else self.tally.line(trial.title),
            tried=tuple(evolve(test, reason=_without(trial.secrets, test.reason)) for test in self.tried.values()),
            missing=tuple(sorted(floor_of(self.suite) if self.tally is None else self.tally.missing)),
            capabilities=self.capabilities,
        )


def _outcome(report: pytest.TestReport) -> Outcome | None:
    if report.failed:
        return "failed"
    if report.skipped:
        return "left out"
    return "passed" if report.when == "call" else None


def _reason(report: pytest.TestReport, call: pytest.CallInfo[None]) -> str:
    """The first line of what was raised; what the summary made of it, where it was that."""
    if report.passed:
        return ""
    if report.skipped:
        return (report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)).removeprefix("Skipped: ")
    if call.excinfo is None or call.excinfo.errisinstance(pytest.skip.Exception):
        return str(report.longrepr)
    kind, text = call.excinfo.type, str(call.excinfo.value).partition("\n")[0]
    return text if text and issubclass(kind, AssertionError | pytest.fail.Exception) else f"{kind.__name__}: {text}"


def _without(secrets: Iterable[str], text: str) -> str:
    for secret in secrets:
        text = text.replace(secret, "***") if secret else text
    return text


def _recorded(report: Report, trial: Trial, file: Path, bound: Binding, account: str) -> Report:
    """The report with its record, written; or with the reason why there is none."""
    if report.below_floor or report.capabilities is None:
        why = report.below_floor or "no account could be opened"
        older = f"; the older record {file} was left alone, and this run says otherwise" if file.exists() else ""
        return evolve(report, unrecorded=why + older)
    time = SystemClock().now()
    record = Record(
        level=trial.level,
        binding=bound,
        account=account,
        symbols=tuple(symbol for symbol in (trial.symbol, trial.other_symbol) if symbol),
        capabilities=report.capabilities,
        proved=report.proved,
        tests=report.by_class(),
        time=time,
        at=moment(time),
    )
    write_record(record, file)
    return evolve(report, record=record, file=file)
