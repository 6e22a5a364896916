# SPDX-License-Identifier: MIT
"""Observers: each in a thread of its own, from a bounded queue, never in the path."""

import logging
import threading

import pytest

from fks_exec import Alarm
from fks_exec.observers import Observers
from fks_exec_simulators.observers import RaisingObserver, Recorder, StuckObserver


def alarm(number: int) -> Alarm:
    """One event."""
    return Alarm(account="a", time=number, code="TEST", message="x")


def test_each_observer_hears_all_events_in_order_in_its_own_thread() -> None:
    """And is closed after the last one."""
    observers, first, second = Observers(), Recorder(), Recorder()
    assert not observers
    observers.add("first", first.observe, first.close)
    observers.add("second", second.observe)
    assert observers
    for number in range(100):
        observers.emit(alarm(number))
    observers.close()
    assert [event.time for event in first.events] == [event.time for event in second.events] == list(range(100))
    assert (first.threads, second.threads) == ({"observer first"}, {"observer second"})
    assert (first.closed, second.closed) == (1, 0)
    assert not observers


def test_an_observer_that_raises_is_told_the_next_event_too(caplog: pytest.LogCaptureFixture) -> None:
    """The log names it, without the text of its exception."""
    observers, broken, recorder = Observers(), RaisingObserver(), Recorder()
    observers.add("broken", broken.observe, broken.close)
    observers.add("recorder", recorder.observe, recorder.close)
    for number in range(3):
        observers.emit(alarm(number))
    observers.close()
    assert (broken.heard, len(recorder.events), recorder.closed) == (3, 3, 1)
    assert "observer broken raised RuntimeError; the others were told all the same" in caplog.text
    assert "hunter2" not in "".join(record.getMessage() for record in caplog.records)


def test_a_slow_observer_misses_events_and_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """What does not fit into its queue is dropped, counted, and logged once."""
    caplog.set_level(logging.WARNING)
    observers, stuck, recorder = Observers(size=2), StuckObserver(), Recorder()
    observers.add("stuck", stuck.observe)
    observers.emit(alarm(0))
    assert stuck.entered.wait(5)
    for number in range(1, 6):
        observers.emit(alarm(number))
    assert observers.dropped() == {"stuck": 3}
    assert caplog.text.count("observer stuck is too slow") == 1
    observers.add("recorder", recorder.observe)
    observers.emit(alarm(6))
    stuck.release.set()
    observers.close()
    assert [event.time for event in recorder.events] == [6]


def test_a_stuck_observer_is_left_behind_at_the_end() -> None:
    """Whether its queue has room for the end or not; its thread is a daemon."""
    stucks = [StuckObserver(), StuckObserver()]
    observers = Observers(size=1)
    for index, stuck in enumerate(stucks):
        observers.add(f"stuck {index}", stuck.observe)
    observers.emit(alarm(0))
    assert all(stuck.entered.wait(5) for stuck in stucks)
    observers.emit(alarm(1))
    observers.close(seconds=0.01)
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("observer stuck")]
    assert all(thread.daemon for thread in threads)
    assert len(threads) == 2
    for stuck in stucks:
        stuck.release.set()
