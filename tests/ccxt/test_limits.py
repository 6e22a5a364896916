"""The queue before ccxt's limiter: exits first, bounded, with a deadline; on ccxt's own Throttler."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fks_exec.errors import NotSent, VenueRateLimited
from fks_exec_ccxt.session.loading import import_ccxt
from fks_exec_ccxt.wire.limits import ANSWER_TIME, Budget, Turns

import_ccxt()
from ccxt.async_support.base.throttler import Throttler  # noqa: E402


class Limited:
    """ccxt's limiter with a rate, and Turns before it."""

    def __init__(self, milliseconds: float = 20, most: int = 5, tell: Any = None, **config: Any) -> None:
        base = {"refillRate": 1 / milliseconds, "rateLimit": milliseconds, "algorithm": "leakyBucket", "capacity": 1}
        self.throttler = Throttler({**base, **config})
        self.turns = Turns(most=most, tell=tell, every=0.05)
        self.order: list[str] = []

    async def take(self, name: str = "", *, cost: float = 1, urgent: bool = False, within: float | None = None) -> None:
        await self.turns.take(lambda c: self.throttler(c), self.throttler, cost, urgent=urgent, within=within)
        self.order.append(name)

    def later(self, name: str, **more: Any) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(self.take(name, **more), name=name)


async def _others() -> set[str]:
    await asyncio.sleep(0.05)
    return {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()}


async def test_exits_overtake_and_the_rest_keeps_its_order() -> None:
    limited = Limited()
    await limited.take("first")
    tasks = [limited.later(name) for name in ("a", "b", "c")]
    await asyncio.sleep(0)
    tasks.append(limited.later("exit", urgent=True))
    tasks.append(limited.later("exit2", urgent=True))
    await asyncio.gather(*tasks)
    assert limited.order == ["first", "exit", "exit2", "a", "b", "c"]


async def test_an_exit_overtakes_one_that_already_waits_for_the_limit() -> None:
    limited = Limited(50)
    await limited.take("first")
    waiting = limited.later("a")
    await asyncio.sleep(0.01)
    await limited.take("exit", urgent=True)
    assert limited.order == ["first", "exit"]
    await waiting


async def test_ccxts_limiter_does_the_timing() -> None:
    limited = Limited(20)
    begun = time.monotonic()
    await asyncio.gather(*(limited.take(str(number)) for number in range(5)))
    assert time.monotonic() - begun >= 0.06
    assert limited.order == ["0", "1", "2", "3", "4"]


async def test_one_more_than_may_wait_is_refused_at_once() -> None:
    limited = Limited(1000, most=3)
    await limited.take()
    waiting = [limited.later(str(number)) for number in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(VenueRateLimited, match="3 requests already wait") as caught:
        await asyncio.wait_for(limited.take(), 0.5)
    assert caught.value.code == "QUEUE_FULL"
    assert caught.value.retry_after is not None
    limited.turns.close()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_full_queue_stops_no_exit_the_youngest_entry_goes() -> None:
    limited = Limited(30, most=2)
    await limited.take("first")
    for _ in range(3):  # those that pass on credit
        await limited.take("exit", urgent=True)
    old, young = limited.later("old"), limited.later("young")
    await asyncio.sleep(0)
    await limited.take("exit", urgent=True)
    with pytest.raises(VenueRateLimited):
        await young
    await old
    assert limited.order == ["first", *["exit"] * 4, "old"]


async def test_a_deadline_ends_the_waiting_before_anything_is_sent() -> None:
    limited = Limited(10_000)
    await limited.take()
    begun = time.monotonic()
    with pytest.raises(NotSent, match="deadline") as caught:
        await limited.take(within=0.1)
    assert caught.value.code == "DEADLINE"
    assert 0.1 - ANSWER_TIME - 0.01 <= time.monotonic() - begun < 0.1
    assert limited.turns.budget().waiting == 0
    limited.turns.close()


async def test_with_no_time_for_an_answer_no_turn_is_taken() -> None:
    limited = Limited()
    with pytest.raises(NotSent):
        await limited.take(within=ANSWER_TIME / 2)
    assert limited.throttler.config["tokens"] == 0


async def test_a_cancelled_waiter_gives_its_turn_on_and_leaves_nothing() -> None:
    limited = Limited(20)
    await limited.take("first")
    gone, stays = limited.later("gone"), limited.later("stays")
    await asyncio.sleep(0)
    gone.cancel()
    await stays
    assert gone.cancelled()
    assert limited.order == ["first", "stays"]
    assert limited.turns.budget().waiting == 0
    assert await _others() == set()


async def test_idle_time_is_credited_which_ccxt_forgets() -> None:
    """ccxt's tokens grow only while somebody waits: an order after a quiet hour would wait for the cost of the last one."""
    limited = Limited(30)
    await limited.take(cost=2)
    await asyncio.sleep(0.1)
    begun = time.monotonic()
    await limited.take()
    assert time.monotonic() - begun < 0.02


async def test_idle_time_gives_no_more_than_the_bucket_holds() -> None:
    limited = Limited(5)
    await limited.take()
    await asyncio.sleep(0.05)
    await limited.take()
    begun = time.monotonic()
    await asyncio.gather(*(limited.take() for _ in range(4)))
    assert time.monotonic() - begun >= 0.01


async def test_closing_tells_those_who_wait_that_nothing_was_sent() -> None:
    limited = Limited(10_000)
    await limited.take()
    waiting = [limited.later(str(number)) for number in range(3)]
    await asyncio.sleep(0.01)
    limited.turns.close()
    for error in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(error, NotSent)
    with pytest.raises(NotSent, match="closed"):
        await limited.take()
    assert await _others() == set()


async def test_the_budget_is_told_when_it_changes_and_not_more_often() -> None:
    told: list[Budget] = []
    limited = Limited(5, most=100, tell=told.append)
    begun = asyncio.get_running_loop().time()
    await asyncio.gather(*(limited.take() for _ in range(30)))
    await asyncio.sleep(0.12)
    spent = asyncio.get_running_loop().time() - begun
    assert 2 <= len(told) <= spent / 0.05 + 1
    assert max(budget.waiting for budget in told) > 0
    assert any(budget.used == 1 for budget in told)
    assert told[-1].waiting == 0
    assert all(one != other for one, other in pairwise(told))
    limited.turns.close()


def _window(milliseconds: float, weight: float, **more: Any) -> Limited:
    """ccxt's rolling window: so much cost within so many milliseconds."""
    return Limited(milliseconds / weight, algorithm="rollingWindow", windowSize=milliseconds, **more)


async def test_a_burst_goes_at_once_within_a_rolling_window() -> None:
    limited = _window(60_000, 100, most=100)
    begun = time.monotonic()
    await asyncio.gather(*(limited.take(str(number)) for number in range(50)))
    assert time.monotonic() - begun < 0.5
    assert limited.turns.budget() == Budget(used=0.5, waiting=0, seconds=0.0)


async def test_the_last_tenth_of_a_window_is_for_exits() -> None:
    limited = _window(60_000, 20)
    await limited.take(cost=18)
    entry = limited.later("entry")
    await asyncio.sleep(0.01)
    assert limited.turns.budget().seconds > 50
    await asyncio.wait_for(limited.take("exit", urgent=True), 1)
    assert limited.order == ["", "exit"]
    limited.turns.close()
    await asyncio.gather(entry, return_exceptions=True)


async def test_a_request_that_costs_more_than_a_window_ends_nothing() -> None:
    """ccxt's own loop would die of an IndexError, and whoever waits would wait for ever."""
    limited = _window(50, 10)
    await asyncio.wait_for(asyncio.gather(*(limited.take(cost=cost) for cost in (1, 30, 1, 30))), 2)
    assert len(limited.order) == 4


async def test_the_windows_list_stays_short_and_never_underrates() -> None:
    limited = _window(60_000, 10_000)
    for _ in range(900):
        await limited.take()
    assert len(limited.throttler.timestamps) <= 202
    assert sum(one["cost"] for one in limited.throttler.timestamps) == 900


async def test_the_rolling_window_of_ccxt_serves_as_well() -> None:
    limited = Limited(10, algorithm="rollingWindow", windowSize=40)
    begun = time.monotonic()
    await asyncio.gather(*(limited.take(str(number)) for number in range(5)))
    assert limited.order == ["0", "1", "2", "3", "4"]
    assert time.monotonic() - begun >= 0.03
    assert 0 < limited.turns.budget().used <= 1


@settings(max_examples=25)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 3)), min_size=1, max_size=12))
def test_whatever_comes_and_goes_all_are_served_or_told_and_nothing_stays(plan: list[tuple[bool, bool, int]]) -> None:
    async def run() -> None:
        limited = Limited(1, most=6)
        tasks = []
        for number, (urgent, cancelled, steps) in enumerate(plan):
            tasks.append(limited.later(str(number), urgent=urgent))
            for _ in range(steps):
                await asyncio.sleep(0)
            if cancelled:
                tasks[-1].cancel()
        ended = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert all(one is None or isinstance(one, asyncio.CancelledError | VenueRateLimited) for one in ended)
        assert len(limited.order) == sum(one is None for one in ended)
        assert limited.turns.budget().waiting == 0
        assert await _others() == set()

    asyncio.run(run())


async def test_a_costly_look_before_does_not_hold_up_an_exit() -> None:
    limited = Limited(50)
    await limited.take("poll", cost=40)
    waiting = limited.later("order")
    await asyncio.sleep(0)
    begun = time.monotonic()
    for name in ("stop", "target", "cancel"):
        await limited.take(name, urgent=True, within=0.5)
    assert time.monotonic() - begun < 0.2
    with pytest.raises(NotSent):
        await limited.take("fourth", urgent=True, within=0.1)
    with pytest.raises(NotSent):
        await limited.take("other", within=0.1)
    assert limited.order == ["poll", "stop", "target", "cancel"]
    assert limited.throttler.config["tokens"] < -40
    waiting.cancel()
    limited.turns.close()
