# SPDX-License-Identifier: MIT
"""How a venue is called: deadline, grace, and one thread for the plain methods of an account."""

import asyncio
import contextlib
import gc
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from fks_exec import NotSent, Submission, SystemClock
from fks_exec.calls import CallThread, in_thread, within
from fks_exec_simulators.clocks import HandClock


@pytest.fixture
def thread() -> Iterator[CallThread]:
    """A thread that ends with the test."""
    made = CallThread("account a", SystemClock())
    yield made
    made.close()


async def test_what_is_no_awaitable_is_the_answer() -> None:
    """A plain call has already been made."""
    assert await within(5, 0, 0) == 5
    assert await within(None, 0, 0) is None


async def test_an_answer_in_time_is_the_answer() -> None:
    """Whatever it is, an exception too."""

    async def answer(error: Exception | None = None) -> int:
        await asyncio.sleep(0)
        if error:
            raise error
        return 7

    assert await within(answer(), 5, 0) == 7
    with pytest.raises(KeyError):
        await within(answer(KeyError("x")), 5, 0)


async def test_an_answer_during_the_grace_counts() -> None:
    """It was cancelled, and tells what became of the order."""

    async def late() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.01)
        return "filled"

    assert await within(late(), 0.01, 5) == "filled"


async def test_an_exception_during_the_grace_counts_too() -> None:
    """As NotSent, when the request had not left yet."""

    async def late() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise NotSent("it was still in our queue") from None
        return ""

    with pytest.raises(NotSent):
        await within(late(), 0.01, 5)


async def test_without_an_answer_there_is_a_timeout() -> None:
    """Whether it obeys its cancellation or swallows it."""
    release = asyncio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    with pytest.raises(TimeoutError):
        await within(asyncio.Event().wait(), 0.01, 5)
    try:
        async with asyncio.timeout(2):
            with pytest.raises(TimeoutError):
                await within(stubborn(), 0.01, 0.01)
    finally:
        release.set()
        await asyncio.sleep(0)


async def test_a_late_failure_is_read_and_not_complained_about(caplog: pytest.LogCaptureFixture) -> None:
    """Asyncio would log "exception was never retrieved" with a trace."""
    release = asyncio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        raise RuntimeError("key=hunter2")

    caplog.set_level(logging.DEBUG)
    with pytest.raises(TimeoutError):
        await within(stubborn(), 0.01, 0.01)
    release.set()
    await asyncio.sleep(0.01)
    gc.collect()
    assert "never retrieved" not in caplog.text
    assert "RuntimeError" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("end", ["filled", None, KeyError("x")], ids=repr)
async def test_what_a_call_that_was_left_behind_ends_with_is_handed_over(end: object) -> None:
    """Returned or raised, once; not for a call that ended in time."""
    release, heard = asyncio.Event(), []

    async def stubborn() -> object:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        if isinstance(end, Exception):
            raise end
        return end

    with pytest.raises(TimeoutError):
        await within(stubborn(), 0.01, 0.01, heard.append)
    assert heard == []
    release.set()
    await asyncio.sleep(0.01)
    assert heard == [end]
    with contextlib.suppress(KeyError):
        await within(stubborn(), 5, 0, heard.append)
    assert heard == [end]


async def test_a_cancelled_caller_cancels_its_call() -> None:
    """And does not wait for it."""
    ended = asyncio.Event()

    async def call() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    caller = asyncio.create_task(within(call(), 5, 5))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await asyncio.wait_for(ended.wait(), 5)


async def test_plain_calls_run_one_after_another_in_one_thread(thread: CallThread) -> None:
    """Of the account's name; most SDKs are not made for two."""
    running: list[int] = []
    names: set[str] = set()

    def call(number: int) -> int:
        running.append(number)
        assert len(running) == 1
        names.add(threading.current_thread().name)
        running.remove(number)
        return number

    assert await asyncio.gather(*(thread.call(call, (n,), None) for n in range(20))) == list(range(20))
    assert names == {"account a"}


class Ended(BaseException):
    """What ends a process, as an SDK may raise it."""


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (KeyError("x"), KeyError),
        (NotSent("x"), NotSent),
        (SystemExit(1), RuntimeError),
        (Ended(), RuntimeError),
        (StopIteration(), RuntimeError),
    ],
    ids=repr,
)
async def test_what_a_plain_call_raises_is_its_answer(
    thread: CallThread, error: BaseException, raised: type[Exception]
) -> None:
    """Also what a future does not take, as StopIteration of a bare next(); and the thread lives on."""

    def call() -> None:
        raise error

    with pytest.raises(raised):
        await asyncio.wait_for(thread.call(call, (), None), 5)
    assert await thread.call(lambda: 5, (), None) == 5


async def test_a_call_that_has_not_begun_is_skipped_and_was_not_sent(thread: CallThread) -> None:
    """The thread was busy until the deadline: that is proof."""
    release, entered, called = threading.Event(), threading.Event(), []

    def busy() -> None:
        entered.set()
        release.wait(30)

    first = asyncio.create_task(thread.call(busy, (), None))
    await asyncio.to_thread(entered.wait, 5)
    with pytest.raises(NotSent, match="account a was busy with an earlier call until the deadline; nothing was sent"):
        await within(thread.call(called.append, (1,), None), 0.01, 5)
    release.set()
    await first
    assert await thread.call(lambda: 5, (), None) == 5
    assert called == []


async def test_a_call_whose_deadline_passed_in_the_queue_is_not_made() -> None:
    """By the clock, in the thread itself."""
    clock, called = HandClock(monotonic=100), []
    thread = CallThread("account a", clock)
    with pytest.raises(NotSent, match="busy until after the deadline"):
        await thread.call(called.append, (1,), 100)
    await thread.call(called.append, (2,), 101)
    thread.close()
    assert called == [2]


async def test_a_running_call_cannot_be_stopped_and_its_answer_counts(thread: CallThread) -> None:
    """It is cancelled, ends within the grace, and what it answers is the truth."""
    release, entered = threading.Event(), threading.Event()

    def call() -> str:
        entered.set()
        release.wait(30)
        return "filled"

    waiting = asyncio.create_task(within(thread.call(call, (), None), 0.02, 5))
    await asyncio.to_thread(entered.wait, 5)
    asyncio.get_running_loop().call_later(0.05, release.set)
    assert await waiting == "filled"


async def test_a_thread_is_stuck_while_a_call_runs_that_was_given_up(thread: CallThread) -> None:
    """Whether it had a deadline of its own or not; and well again afterwards."""
    release, entered = threading.Event(), threading.Event()

    def call() -> None:
        entered.set()
        release.wait(30)

    assert not thread.stuck
    with pytest.raises(TimeoutError):
        await within(thread.call(call, (), None), 0.5, 0.02)
    assert entered.is_set()
    assert thread.stuck
    release.set()
    assert await thread.call(lambda: 5, (), None) == 5
    assert not thread.stuck


async def test_a_thread_is_stuck_after_the_deadline_of_its_call() -> None:
    """By the clock, though nobody has given it up yet."""
    clock, release, entered = HandClock(monotonic=100), threading.Event(), threading.Event()
    thread = CallThread("account a", clock)

    def call() -> None:
        entered.set()
        release.wait(30)

    waiting = asyncio.create_task(thread.call(call, (), 110))
    await asyncio.to_thread(entered.wait, 5)
    assert not thread.stuck
    clock.move(11)
    assert thread.stuck
    release.set()
    await waiting
    thread.close()


def test_an_answer_after_its_loop_has_ended_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    """A stuck SDK call that comes back late ends no process."""
    caplog.set_level(logging.DEBUG)
    release, entered = threading.Event(), threading.Event()
    thread = CallThread("account a", SystemClock())

    def call() -> None:
        entered.set()
        release.wait(30)

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await within(thread.call(call, (), None), 0.5, 0.01)
        assert entered.is_set()

    asyncio.run(give_up())
    release.set()
    thread.close()
    worker = thread._thread
    assert worker is not None
    worker.join(5)
    assert "after its event loop had ended" in caplog.text


async def test_a_plain_function_becomes_awaitable_with_its_deadline(thread: CallThread) -> None:
    """The deadline is that of the submission among its arguments; a coroutine that it returns is awaited on the loop."""

    def plain(order: Any, submission: Submission) -> Any:
        async def on_the_loop() -> str:
            return threading.current_thread().name

        return on_the_loop() if order == "late" else threading.current_thread().name

    call = in_thread(plain, thread)
    submission = Submission(account="a", venue_client_order_id="v", deadline=SystemClock().monotonic() + 5)
    assert await call("x", submission) == "account a"
    assert await call("late", submission) == threading.current_thread().name
    with pytest.raises(NotSent):
        await call("x", Submission(account="a", venue_client_order_id="v", deadline=0))


def test_the_system_clock_tells_milliseconds_and_seconds() -> None:
    """Of this century, and never backwards."""
    clock = SystemClock()
    assert 1_700_000_000_000 < clock.now() < 10**14
    assert clock.monotonic() <= clock.monotonic()
