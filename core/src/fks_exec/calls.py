# SPDX-License-Identifier: MIT
"""How a venue is called: with a deadline and a grace; a plain method in the account's own single thread."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import queue
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from .clock import Clock
from .errors import NotSent
from .model.orders import Submission

log: logging.Logger = logging.getLogger(__name__)


class Ended(RuntimeError):
    """Stands for what a plain method raised and a future does not take, e.g. SystemExit.

    Args:
        raised: the original.
    """

    def __init__(self, raised: BaseException) -> None:
        super().__init__(type(raised).__name__)
        self.raised = raised


async def within(answer: object, seconds: float, grace: float, late: Callable[[object], None] | None = None) -> Any:
    """Wait for an answer, at most so long; then cancel it and wait for ``grace`` seconds more.

    An answer that comes during the grace counts: it is the truth about the order.

    Args:
        late: called on the loop with what a call that was left behind returns or raises in the end.

    Raises:
        TimeoutError: there is none; what swallows its cancellation is left behind.
    """
    if not inspect.isawaitable(answer):
        return answer
    task = asyncio.ensure_future(answer)
    try:
        if not await _done(task, max(0.0, seconds)):
            task.cancel()
            await _done(task, grace)
    except asyncio.CancelledError:
        task.cancel()
        task.add_done_callback(_forget)
        raise
    if not task.done():
        task.add_done_callback(_forget if late is None else functools.partial(_hand_over, late))
        raise TimeoutError
    if task.cancelled():
        raise TimeoutError
    return task.result()


async def _done(task: asyncio.Future[Any], seconds: float) -> bool:
    """Whether a task ended within so many seconds; as asyncio.wait, at half its cost, for the path of every order."""
    loop = asyncio.get_running_loop()
    woken: asyncio.Future[None] = loop.create_future()

    def wake(_: object = None) -> None:
        if not woken.done():
            woken.set_result(None)

    timer = loop.call_later(seconds, wake)
    task.add_done_callback(wake)
    try:
        await woken
    finally:
        timer.cancel()
        task.remove_done_callback(wake)
    return task.done()


def _forget(task: asyncio.Future[Any]) -> None:
    """Read the late answer, so that asyncio does not complain; nobody waits for it any more."""
    if not task.cancelled() and task.exception() is not None:
        log.debug("a call that was given up ended with %s", type(task.exception()).__name__)


def _hand_over(late: Callable[[object], None], task: asyncio.Future[Any]) -> None:
    _forget(task)
    if not task.cancelled():
        error = task.exception()
        late(task.result() if error is None else error)


class _Job:
    __slots__ = ("arguments", "deadline", "function", "future", "given_up", "lock", "loop", "state")

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...], deadline: float | None) -> None:
        self.function = function
        self.arguments = arguments
        self.deadline = deadline
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.lock = threading.Lock()
        self.state = "queued"
        self.given_up = False

    def take(self, state: str) -> bool:
        """Queued becomes ``state``, once; False when the other side was faster."""
        with self.lock:
            taken = self.state == "queued"
            if taken:
                self.state = state
            return taken

    def answer(self, value: Any, error: BaseException | None) -> None:
        try:
            self.loop.call_soon_threadsafe(self._settle, value, error)
        except RuntimeError:
            log.debug("an answer came after its event loop had ended")

    def _settle(self, value: Any, error: BaseException | None) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(value)
        else:
            self.future.set_exception(error)


class CallThread:
    """One thread for the plain methods of one account, made on first use; a daemon, so that a stuck one ends with the process.

    Args:
        name: of the thread.
        clock: for deadlines.
    """

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._running: _Job | None = None

    @property
    def stuck(self) -> bool:
        """A call is running that was given up."""
        job = self._running
        if job is None or job.given_up:
            return job is not None
        return job.deadline is not None and self._clock.monotonic() > job.deadline

    async def call(self, function: Callable[..., Any], arguments: tuple[Any, ...], deadline: float | None) -> Any:
        """Run a plain function in the thread.

        Raises:
            NotSent: the thread was busy until the deadline, so the function was not called at all.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        job = _Job(function, arguments, deadline)
        self._jobs.put(job)
        try:
            await asyncio.wait({job.future})
        except asyncio.CancelledError:
            if job.take("skipped"):
                raise NotSent(f"{self._name} was busy with an earlier call until the deadline; nothing was sent") from None
            job.given_up = True
            await asyncio.wait({job.future})  # it runs and cannot be stopped; what it answers is the truth
        return job.future.result()

    def close(self) -> None:
        """End the thread after the calls that are queued."""
        self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            if not job.take("started"):
                continue
            if job.deadline is not None and self._clock.monotonic() >= job.deadline:
                job.answer(None, NotSent(f"{self._name} was busy until after the deadline; nothing was sent"))
                continue
            self._running = job
            try:
                job.answer(job.function(*job.arguments), None)
            except BaseException as error:  # also SystemExit of an SDK: it is the call's answer, not the host's end
                job.answer(None, error if _can_be_set(error) else Ended(error))
            finally:
                self._running = None
            del job


def _can_be_set(error: BaseException) -> bool:
    """A future takes neither StopIteration (a plain ``next()`` that found nothing) nor what ends the process."""
    return isinstance(error, Exception) and not isinstance(error, StopIteration)


def in_thread(function: Callable[..., Any], thread: CallThread) -> Callable[..., Awaitable[Any]]:
    """A plain implementation as an awaitable one, with the same arguments."""

    @functools.wraps(function)
    async def call(*arguments: Any) -> Any:
        deadline = next((a.deadline for a in arguments if isinstance(a, Submission)), None)
        answer = await thread.call(function, arguments, deadline)
        return await answer if inspect.isawaitable(answer) else answer

    return call
