# SPDX-License-Identifier: MIT
"""Calls that end before their time: cut short where they wait, or while time passes at once."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from ...hookspecs import hookimpl
from ...model.orders import Order, Submission
from .desk import not_tried


class Steps:
    """A wrapper of ``execute_order`` that cancels the call where it waits for the so-manieth time, as a deadline would.

    Args:
        cut_at: 1: where it first waits; 0: nowhere.
    """

    def __init__(self, cut_at: int = 0) -> None:
        self.cut_at: int = cut_at
        self.was_cut: bool = False

    @hookimpl(wrapper=True)
    def execute_order(self, order: Order, submission: Submission) -> Generator[None, Any, object]:
        """What the venue answers, step by step."""
        answer = yield
        return self._run(answer) if inspect.isawaitable(answer) else answer

    async def _run(self, answer: Any) -> object:
        return await _Stepped(answer.__await__(), self)


class _Stepped:
    """One call, passed on wait for wait.

    Args:
        waits: of the call.
        steps: say where it is cut.
    """

    def __init__(self, waits: Generator[Any, Any, object], steps: Steps) -> None:
        self._waits = waits
        self._steps = steps

    def __await__(self) -> Generator[Any, Any, object]:
        count = 0
        go_on: Callable[[], Any] = partial(self._waits.send, None)
        while True:
            try:
                waits_for = go_on()
            except StopIteration as end:
                return end.value
            count += 1
            if count == self._steps.cut_at:
                self._cut()
            go_on = yield from _passed_on(self._waits, waits_for)

    def _cut(self) -> None:
        self._steps.was_cut = True
        task = asyncio.current_task()
        if task is not None:
            task.cancel()  # takes effect at this very wait


def _passed_on(waits: Generator[Any, Any, object], waits_for: object) -> Generator[Any, Any, Callable[[], Any]]:
    """Wait for what the call waits for; how the call goes on then."""
    try:
        came = yield waits_for
    except BaseException as error:  # a cancellation above all: it is the call's to handle
        return partial(waits.throw, error)
    return partial(waits.send, came)


async def let_pass(seconds: float) -> None:
    """Let so much time pass at once on this event loop: every limit that is shorter has run out.

    Ends the test as *not tried* on a loop that keeps its own time. It stays that much ahead, so that its time never goes back.
    """
    loop = asyncio.get_running_loop()
    rang: list[bool] = []
    probe = loop.call_later(seconds / 2, rang.append, True)
    told = loop.time
    with contextlib.suppress(AttributeError):
        loop.time = lambda: told() + seconds  # type: ignore[method-assign]
    for _ in range(3):
        await asyncio.sleep(0)
    probe.cancel()
    if not rang:
        not_tried("limits of time (the event loop keeps its own)")
