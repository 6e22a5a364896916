# SPDX-License-Identifier: MIT
"""Whether an alert comes in its time. Pure.

An entry is for the moment of its signal. It is refused when that moment is too far away (``OUTSIDE_WINDOW``: a repetition
from somewhere, or a wrong clock), and when its strategy has spoken since (``LATE``: a buy that arrives after a later sell
would open what is closed already). An exit is let through in both cases, because what it leaves open costs more than closing
once too often; but not when both are true at once (``REPLAYED``): it is then no latecomer of a slow network, and the position
that it would close was opened by a later signal. Equal seconds are not late: TradingView counts no finer, and gives alerts of
one second in any order.
"""

from __future__ import annotations

from fks_exec import Denial

from ..config import AlertConfig
from .alert import Signal
from .continuity import Last


def refusal_of(time: int | None, *, exits: bool, newest: int | None, now: int, config: AlertConfig) -> Denial | None:
    """Why an alert is refused for its time; None when it is not.

    Args:
        time: of its signal, epoch milliseconds; None: it has none, and nothing can be told.
        exits: it can only reduce.
        newest: the newest signal of its strategy and instrument that was taken.
        now: epoch milliseconds.
    """
    if time is None:
        return None
    age = (now - time) / 1000
    outside = age > config.max_age or -age > config.max_ahead
    late = newest is not None and time < newest
    if exits:
        return _replayed(age) if late and age > config.max_age else None
    if outside:
        return _out_of_window(age, config)
    return _late((newest or 0) - time) if late else None


def overtaken() -> Denial:
    """An exit was taken while the market was looked up for an entry before it."""
    text = "an exit of the strategy was taken while the market was looked up for this entry; it is not sent, signal again"
    return Denial(code="LATE", message=text)


def after_its_exit(signal: Signal, last: Last) -> Denial | None:
    """Why an entry is refused whose exit came before it, both signals of one second; None when it is not.

    The exit said which position it came from, and nothing had led there: this entry does.
    """
    if signal.time is None or signal.time != last.time or last.missing is None or signal.position != last.missing:
        return None
    text = f"the strategy has left the {signal.position} position of this entry in the same second already; it is not sent"
    return Denial(code="LATE", message=f"{text}, signal again if it is still meant")


def _out_of_window(age: float, config: AlertConfig) -> Denial:
    where = f"{age:.0f} s ago" if age > 0 else f"{-age:.0f} s ahead"
    window = f"{config.max_age:g} s old, {config.max_ahead:g} s ahead"
    text = f"the signal was made {where}, and an entry's may be {window}; look at timenow and the clock, and signal again"
    return Denial(code="OUTSIDE_WINDOW", message=text, limit=window, value=where)


def _late(behind: int) -> Denial:
    seconds = f"{behind / 1000:.0f} s"
    text = f"the strategy has signalled {seconds} later already; this entry was overtaken and is not sent, signal again"
    return Denial(code="LATE", message=text, value=seconds)


def _replayed(age: float) -> Denial:
    text = f"the signal was made {age:.0f} s ago and the strategy has signalled since: what it would close is another position"
    return Denial(code="REPLAYED", message=f"{text}; close it with a new alert if it is meant", value=f"{age:.0f} s")
