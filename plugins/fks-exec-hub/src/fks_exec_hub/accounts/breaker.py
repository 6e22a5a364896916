# SPDX-License-Identifier: MIT
"""The circuit breaker of an account: its entries rest while calls to the venue get no answer. Refusals never count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from fks_exec.clock import Clock
from fks_exec.model.results import Denial, ExecutionResult, Status

from .live import Live
from .settings import BreakerConfig

BreakerState: TypeAlias = Literal["closed", "open", "probing"]

_SAYS_NOTHING = frozenset({"NO_ANSWER", "FENCED", "ACCOUNT_NOT_READY", "HOST_STOPPED", "HUB_FAULT"})
"""A fault of the plugin or of ours: nothing about the connection."""


class CircuitBreaker:
    """Counts calls that place, change or cancel an order and get no answer, one after the other.

    Args:
        config: how many open it, and for how long.
        clock: its monotonic time counts.

    ``closed``: orders go. ``open``: entries are denied. ``probing``: a read was answered; one entry is let through, and its
    answer closes the breaker, or opens it again. Exits, cancels and protection pass in every state. It begins closed with
    each start of the host: opening the account was a call that was answered. ``reason`` says why it is not closed, ``until``
    when a read tries next (monotonic seconds), ``symbol`` whose call was the last without an answer. ``listeners`` are told
    of each change of the state.
    """

    def __init__(self, config: BreakerConfig, clock: Clock) -> None:
        self.state: BreakerState = "closed"
        self.reason: str = ""
        self.until: float = 0.0
        self.symbol: str = ""
        self.listeners: list[Callable[[BreakerState, str], None]] = []
        self._config = config
        self._clock = clock
        self._row = 0
        self._trial: Live | None = None

    @property
    def closed(self) -> bool:
        """Orders go."""
        return self.state == "closed"

    def heard(self, result: ExecutionResult, symbol: str, *, placing: bool = True) -> ExecutionResult:
        """What came of one call, as it is known when the call is over; returned as it is.

        Args:
            symbol: the instrument's.
            placing: an order was to be placed; what came of a cancel does not close the breaker.
        """
        if self.state == "open" or result.code in _SAYS_NOTHING:
            return result
        if is_fault(result):
            self._fault(result, symbol)
        else:
            self._row = 0
            if self.state == "probing" and placing:
                self._turn("closed", "an order was answered")
        return result

    def _fault(self, result: ExecutionResult, symbol: str) -> None:
        self._row += 1
        self.symbol = symbol
        if self.state == "probing" or self._row >= self._config.faults:
            many = f"{self._row} calls in a row" if self._row > 1 else "a call"
            self.rest(f"{many} to place, change or cancel an order had no answer; the last: {result.error or result.code}")

    def rest(self, reason: str) -> None:
        """Open, or open for another while."""
        self.until = self._clock.monotonic() + self._config.seconds
        self._row = 0
        if self.state != "open":
            self._turn("open", reason)

    def answered(self) -> None:
        """A read was answered: one entry may try."""
        if self.state == "open":
            self._turn("probing", "a read was answered; one order is let through")

    def _turn(self, state: BreakerState, reason: str) -> None:
        self.state, self.reason, self._trial = state, "" if state == "closed" else reason, None
        for listener in self.listeners:
            listener(state, reason)

    def denials(self, live: Live, *, reducing: bool) -> list[Denial]:
        """Why an order may not be sent now; what only reduces always may."""
        if self.state == "closed" or reducing or (self.state == "probing" and not self._taken(live)):
            return []
        left = max(self.until - self._clock.monotonic(), 0.0)
        wait = f"{left:.0f} s more" if self.state == "open" else "until the order that tries the venue has its answer"
        text = f"the circuit breaker is {self.state}: {self.reason}; entries rest {wait}, exits and cancels pass"
        return [Denial(code="BREAKER_OPEN", message=text, limit=str(self._config.faults), value=f"{left:.0f} s")]

    def _taken(self, live: Live) -> bool:
        """Whether another order is the one that tries, and has no result yet."""
        trial = self._trial
        return trial is not None and trial is not live and trial.result.status is Status.PENDING

    def passes(self, live: Live, *, reducing: bool) -> None:
        """An order is about to be sent: while the venue is tried, no further entry is."""
        if self.state == "probing" and not reducing:
            self._trial = live


def is_fault(result: ExecutionResult) -> bool:
    """Whether a call had no answer: it hung, it broke, or nothing left this machine. A refusal is an answer."""
    if result.status is Status.NOT_PLACED:
        return result.code in ("NOT_SENT", "UNREACHABLE")  # a queue that was too long is none
    return result.status is Status.UNKNOWN
