# SPDX-License-Identifier: MIT
"""Each guard is asked by itself: all are heard, and one that fails denies the order in its own name."""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from attrs import evolve, frozen

from .model.results import Denial

_WANTED = "a guard answers a Denial, a list of them, or None"

log: logging.Logger = logging.getLogger(__name__)

SLOW = 0.25
"""Seconds that one guard may take; measured afterwards, and then its order is denied."""


@frozen(kw_only=True)
class Listed:
    """A plugin object under the name that the configuration or the host gives it.

    Args:
        applies_to: for a guard: ``entries``, ``exits`` or ``all``.
    """

    name: str
    plugin: object
    applies_to: Literal["entries", "exits", "all"] = "entries"

    def concerns(self, *, reducing: bool) -> bool:
        """Whether this guard is asked about such an order."""
        return self.applies_to == "all" or self.applies_to == ("exits" if reducing else "entries")


@frozen
class GuardCall:
    """One guard's implementation of one hook, behind the hook manager."""

    listed: Listed
    hook: str
    caller: Callable[..., Sequence[Any]]


class _WrongAnswer(Exception):
    """What a guard answered instead of denials."""


def ask(calls: Iterable[GuardCall], *, reducing: bool, **arguments: Any) -> list[Denial]:
    """The denials of all guards that are concerned, in the order in which they are listed."""
    denials: list[Denial] = []
    for call in calls:
        if call.listed.concerns(reducing=reducing):
            denials += _ask(call, arguments)
    return denials


def _ask(call: GuardCall, arguments: dict[str, Any]) -> list[Denial]:
    name = call.listed.name
    start = time.perf_counter()
    try:
        answers = [denial for answer in call.caller(**arguments) for denial in _denials(answer)]
    except _WrongAnswer as error:
        return [_broken(name, "GUARD_FAILED", f"{error}; {_WANTED}")]
    except Exception as error:  # whatever a stranger's guard raises is its denial
        log.warning("guard %s raised %s in %s", name, type(error).__name__, call.hook)
        log.debug("guard %s", name, exc_info=True)
        return [_broken(name, "GUARD_FAILED", f"raised {type(error).__name__} in {call.hook}")]
    seconds = time.perf_counter() - start
    if seconds > SLOW:
        return [*_signed(answers, name), _broken(name, "GUARD_SLOW", f"took {seconds:.2f} s in {call.hook}")]
    return _signed(answers, name)


def _signed(denials: Iterable[Denial], name: str) -> list[Denial]:
    return [evolve(denial, guard=name) for denial in denials]


def _broken(name: str, code: str, what: str) -> Denial:
    message = f"the guard {name!r} {what}; an order passes only guards that answer: repair it or take it off the list"
    return Denial(code=code, message=message, guard=name)


def _denials(answer: object) -> list[Denial]:
    if isinstance(answer, Denial):
        return [answer]
    if inspect.iscoroutine(answer):
        answer.close()
    if isinstance(answer, str | bytes | dict) or not isinstance(answer, Iterable):
        raise _WrongAnswer(f"answered a {type(answer).__name__}")
    items = list(answer)
    for item in items:
        if not isinstance(item, Denial):
            raise _WrongAnswer(f"answered a {type(answer).__name__} with a {type(item).__name__} in it")
    return items
