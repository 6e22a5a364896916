# SPDX-License-Identifier: MIT
"""What was not there is looked for again later, however much of it there is; see also test_unknown.py, with a hub."""

import asyncio
from typing import Any

import pytest

from fks_exec import ExecutionResult, Order
from fks_exec.observers import Observers
from fks_exec_hub.accounts.desk import Desk
from fks_exec_hub.accounts.live import Live
from fks_exec_hub.config import AccountConfig
from fks_exec_hub.following.watch import Watch
from fks_exec_hub.journal import Key
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import until

MANY = 500


class Answers:
    """The look-ups of an account: each order is unknown to the venue; the first ``failing`` ones fail."""

    def __init__(self, failing: int = 0) -> None:
        self.failing = failing
        self.asked: list[str] = []

    async def ask(self, live: Live, **_: Any) -> ExecutionResult | None:
        """Which one, and what the venue says."""
        self.asked.append(live.key.client_order_id)
        if len(self.asked) <= self.failing:
            raise ConnectionError("away")
        return None


def desk_of(clock: HandClock) -> Desk:
    """A desk without a venue."""
    nothing: Any = None
    return Desk("main", AccountConfig(venue="none", guards=()), nothing, nothing, Observers(), clock)


def lost(number: int) -> Live:
    """An order that is watched."""
    order = Order(symbol="A/USDT", side="buy", quantity="1", client_order_id=f"o{number}")
    live = Live(key=Key("main", f"o{number}"), lane="A/USDT", instruction=order, digest="", accepted_at=0)
    live.result, live.watched = ExecutionResult(status="not_placed", code="NOT_FOUND"), True
    return live


def watch_of(clock: HandClock, answers: Answers, *moments: float, again: float = 60.0) -> Watch:
    """With a venue that has none of them."""
    lookups: Any = answers
    return Watch(desk_of(clock), lookups, moments, again=again, fault=lambda live: pytest.fail(live.key.client_order_id))


async def test_one_task_waits_for_all_of_them() -> None:
    """An exchange that loses requests all day leaves no task behind for each."""
    watch, before = watch_of(HandClock(), Answers(), 60.0, 300.0), len(asyncio.all_tasks())
    for number in range(MANY):
        watch.take(lost(number))
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == before + 1
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


async def test_what_is_watched_no_more_is_not_kept_until_its_time() -> None:
    watch = watch_of(HandClock(), Answers(), 86_400.0)
    lives = [lost(number) for number in range(MANY)]
    for live in lives:
        watch.take(live)
    for live in lives:
        live.watched = False
        watch.take(live)
    assert len(watch._next) < 20
    await until(lambda: watch._task is None)


async def test_each_is_looked_for_at_its_moments_and_again_where_nobody_answered() -> None:
    clock, answers = HandClock(), Answers(failing=1)
    watch = watch_of(clock, answers, 60.0, 300.0, 86_400.0, again=10.0)
    watch.take(lost(1))
    clock.move(30.0)
    watch.take(lost(2))
    clock.move(29.0)
    await asyncio.sleep(0.01)

    def asked() -> list[str]:
        return [name for name in answers.asked if name in ("o1", "o2")]

    for number, seconds in enumerate((1.5, 10.5, 20.0, 210.0, 31.0)):
        assert len(asked()) == number
        clock.move(seconds)
        watch.take(lost(100 + number))  # news: it looks at the clock again
        await until(lambda before=number: len(asked()) > before)
    assert asked() == ["o1", "o1", "o2", "o1", "o2"]
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
