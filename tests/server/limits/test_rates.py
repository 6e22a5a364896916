# SPDX-License-Identifier: MIT
"""Rates, windows, the crowd: what is let through, what is not, and when the next may come."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec_server.limits.crowd import Crowd
from fks_exec_server.limits.rate import Rate, Window, retry_after
from fks_exec_server.limits.table import Times


class Watch:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def test_a_burst_passes_and_the_next_one_waits_for_its_turn() -> None:
    """5 a second after 200 at once: the 201st may come after 0.2 s."""
    watch = Watch()
    rate = Rate(5, 200, watch)
    assert [rate.take("a") for _ in range(200)] == [0.0] * 200
    wait = rate.take("a")
    assert wait == pytest.approx(0.2)
    watch.time += wait
    assert rate.take("a") == 0.0
    assert rate.take("a") > 0


def test_names_do_not_take_from_one_another() -> None:
    """Each has its own."""
    rate = Rate(1, 1, Watch())
    assert (rate.take("a"), rate.take("b")) == (0.0, 0.0)
    assert rate.take("a") > 0


@given(steps=st.lists(st.floats(min_value=0, max_value=0.5), min_size=1, max_size=200))
def test_no_more_passes_than_the_burst_and_what_has_grown_since(steps: list[float]) -> None:
    """However they come."""
    watch = Watch()
    rate, started, passed = Rate(10, 5, watch), watch.time, 0
    for step in steps:
        watch.time += step
        passed += rate.take("a") == 0.0
        assert passed <= 5 + (watch.time - started) * 10 + 1e-6


@given(steps=st.lists(st.floats(min_value=0, max_value=0.3), min_size=1, max_size=200))
def test_a_window_lets_no_more_than_its_number_into_any_second(steps: list[float]) -> None:
    """Not only into those that begin with a full second."""
    watch = Watch()
    window, passed = Window(3, watch), list[float]()
    for step in steps:
        watch.time += step
        if window.take("a") == 0.0:
            passed.append(watch.time)
    for time in passed:
        assert sum(time - 1.0 < other <= time for other in passed) <= 3


def test_the_eleventh_in_a_second_waits_for_the_first_to_be_a_second_old() -> None:
    """Ten pass."""
    watch = Watch()
    window = Window(10, watch)
    for _ in range(10):
        assert window.take("a") == 0.0
        watch.time += 0.05
    assert window.take("a") == pytest.approx(0.5)
    assert window.take("b") == 0.0
    watch.time += 0.5
    assert window.take("a") == 0.0


def test_a_window_that_is_full_of_busy_names_takes_no_further_one() -> None:
    """Forgetting a busy one would let it begin anew."""
    watch = Watch()
    window = Window(1, watch, capacity=2)
    assert [window.take(name) for name in "abc"] == [0.0, 0.0, 1.0]
    watch.time += 1
    assert window.take("c") == 0.0


def test_a_flood_of_names_does_not_make_a_busy_one_fresh() -> None:
    """What was counted of it before is still counted, while its second lasts."""
    rate = Rate(10, 10, Watch(), capacity=64)
    assert [rate.take("busy") for _ in range(10)] == [0.0] * 10
    for number in range(10_000):
        rate.take(f"flood-{number}")
    assert rate.take("busy") > 0


def test_a_flood_of_names_does_not_make_its_own_names_fresh_either() -> None:
    """Those that found no place of their own share one, and what is counted there is not forgotten."""
    rate, passed = Rate(10, 10, Watch(), capacity=64), Counter[str]()
    for _ in range(30):
        for number in range(500):
            passed[f"flood-{number}"] += rate.take(f"flood-{number}") == 0.0
    assert max(passed.values()) <= 10


def test_names_whose_time_has_passed_make_room() -> None:
    """A quiet table has a place for everybody."""
    watch = Watch()
    rate = Rate(10, 10, watch, capacity=16)
    for number in range(1000):
        watch.time += 0.2
        assert [rate.take(f"name-{number}") for _ in range(10)] == [0.0] * 10
        assert rate.take(f"name-{number}") > 0


@pytest.mark.parametrize(("seconds", "said"), [(0.01, b"1"), (1.0, b"1"), (1.2, b"2"), (30.0, b"30")])
def test_retry_after_is_never_too_early(seconds: float, said: bytes) -> None:
    """Whole seconds are all that it can say."""
    assert retry_after(seconds) == (b"retry-after", said)


def test_a_crowd_lets_in_as_many_as_it_holds() -> None:
    """And one more for each that leaves, also by an error."""
    crowd = Crowd(2)
    with crowd.enter() as first, crowd.enter() as second:
        with crowd.enter() as third:
            assert first is not None
            assert second is not None
            assert third is None
        assert crowd.inside == 2
        first()
        first()
        assert crowd.inside == 1, "who has left leaves once"
    with pytest.raises(ZeroDivisionError), crowd.enter():
        raise ZeroDivisionError
    assert crowd.inside == 0


def test_a_table_has_no_more_names_than_its_capacity() -> None:
    """However many come at once; the others share what is left."""
    times = Times(16)
    for number in range(1000):
        times.put(f"name-{number}", 10.0, now=1.0)
    assert len(times) == 16
    assert times.get("name-0") == 10.0
    assert times.get("name-999") == 10.0
