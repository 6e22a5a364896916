# SPDX-License-Identifier: MIT
"""``ObserverSuite``: what every observer keeps to, whatever it does with what it hears."""

from __future__ import annotations

import gc
import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ...convert import to_dict
from ...model.events import Event
from ...observers import Observers
from ...roles import implementations, roles
from ..cases import ObserverTrial
from .base import Conformance, all_floor
from .happenings import SAMPLES
from .typed import has_its_words, takes_no_unknown_key

NOW = 1_750_000_000_000
ROUNDS = 5


class Ear:
    """One observer, called as a host calls it: made in one thread, told and closed in another.

    Args:
        trial: what makes it.
    """

    def __init__(self, trial: ObserverTrial) -> None:
        self.trial: ObserverTrial = trial
        self.plugin: object = trial.make()
        label = f"observer {trial.title!r} ({type(self.plugin).__name__})"
        self.roles: frozenset[str] = roles(self.plugin, label)
        self._hooks = implementations(self.plugin, label)

    @property
    def observe(self) -> Callable[..., Any]:
        """Its hook."""
        return self._hooks["observe"].function

    @property
    def close(self) -> Callable[[], Any] | None:
        """Its hook, if it has one."""
        return self._hooks["close"].function if "close" in self._hooks else None

    def hear(self, *events: Event, end: bool = False) -> None:
        """Tell it of events, and close it with ``end``; whatever it raises comes through."""

        def tell() -> None:
            for event in events:
                self.observe(event=event)
            if end and self.close is not None:
                self.close()

        in_thread(tell, self.trial.seconds)


def in_thread(work: Callable[[], None], seconds: float) -> None:
    """Do something in a thread of its own; fails when it takes too long."""
    done: Future[None] = Future()

    def run() -> None:
        try:
            work()
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(None)

    threading.Thread(target=run, name="observer on trial", daemon=True).start()
    try:
        done.result(seconds)
    except TimeoutError:
        if done.done():
            raise
        text = f"the observer had not come back after {seconds:g} s; its queue would run full, and events would be lost"
        pytest.fail(f"{text}: give every wait an end", pytrace=False)


def events(account: str = "main") -> Iterator[Event]:
    """One of every kind."""
    return (make(account=account, time=NOW + number) for number, make in enumerate(SAMPLES.values()))


@all_floor
class ObserverSuite(Conformance):
    """What every observer keeps to: subclass it and give the fixture ``observer``.

    .. code-block:: python

        class TestTape(ObserverSuite):
            @pytest.fixture
            def observer(self, tmp_path):
                return ObserverTrial(
                    observer=fks_exec_tape.fks_exec_observers()[0],
                    config=TapeConfig(path=tmp_path / "tape.jsonl"),
                )

    It is made in one thread and told of events in another, as in a host. What it does with them its author tests beside it.
    """

    subject: ClassVar[str] = "observer"

    @pytest.fixture
    def observer(self) -> ObserverTrial:
        """The observer on trial; the subclass gives it."""
        pytest.fail(f"{type(self).__name__} needs a fixture `observer` that returns an ObserverTrial", pytrace=False)

    @pytest.fixture
    def ear(self, observer: ObserverTrial) -> Iterator[Ear]:
        """A fresh observer of the type; closed afterwards."""
        ear = Ear(observer)
        yield ear
        ear.hear(end=True)

    def test_it_is_an_observer_and_its_type_says_what_it_does(self, observer: ObserverTrial, ear: Ear) -> None:
        assert "observer" in ear.roles, f"{observer.title} does not mark observe with @hookimpl"
        has_its_words(observer.observer)

    def test_its_table_takes_no_unknown_key(self, observer: ObserverTrial, tmp_path: Path) -> None:
        takes_no_unknown_key(observer.observer, tmp_path)

    @pytest.mark.parametrize("kind", SAMPLES)
    def test_it_hears_every_kind_of_event(self, ear: Ear, kind: str) -> None:
        ear.hear(SAMPLES[kind](account="main", time=NOW))

    def test_it_hears_events_of_all_accounts_in_any_order(self, ear: Ear) -> None:
        ear.hear(*events("main"), *reversed([*events("other")]))

    def test_it_keeps_up(self, ear: Ear) -> None:
        ear.hear(*(event for number in range(ROUNDS) for event in events(f"account-{number}")))

    def test_it_changes_no_event(self, ear: Ear) -> None:
        heard = [*events()]
        before = [to_dict(event) for event in heard]
        ear.hear(*heard)
        assert [to_dict(event) for event in heard] == before, "the observer changed an event; others hear the same object"

    def test_two_of_them_do_not_disturb_each_other(self, observer: ObserverTrial, ear: Ear) -> None:
        second = Ear(observer)
        assert second.plugin is not ear.plugin, "create() answered the same object twice; two tables would share it"
        second.hear(*events("other"), end=True)
        ear.hear(*events("main"))

    def test_it_leaves_nothing_behind(self, observer: ObserverTrial) -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ResourceWarning)
            gc.collect()
            caught.clear()
            before = set(threading.enumerate())
            Ear(observer).hear(*events(), end=True)
            gc.collect()
        left = [thread.name for thread in set(threading.enumerate()) - before if thread.name != "observer on trial"]
        assert not left, f"after its close the threads {', '.join(left)} are still there; end them in close()"
        texts = [str(each.message) for each in caught if issubclass(each.category, ResourceWarning)]
        assert not texts, f"after its close something is still open: {'; '.join(texts)}; close it in close()"

    def test_a_host_hears_no_complaint(self, observer: ObserverTrial, caplog: pytest.LogCaptureFixture) -> None:
        host, ear = Observers(), Ear(observer)
        with caplog.at_level(logging.WARNING, "fks_exec.observers"):
            host.add(observer.title, ear.observe, ear.close)
            for event in events():
                host.emit(event)
            host.close(observer.seconds)
        texts = [record.getMessage() for record in caplog.records if record.name == "fks_exec.observers"]
        assert not texts, "; ".join(texts)
