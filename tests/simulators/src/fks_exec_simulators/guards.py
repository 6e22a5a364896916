# SPDX-License-Identifier: MIT
"""Named fakes of guards and of a host's wrapper around the hook that sends."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Generator
from typing import Any

from fks_exec import AccountState, Answer, Denial, ExecutionResult, Instrument, Order, Submission, hookimpl


class DenyingGuard:
    """Denies every order with its code, at both hooks, and remembers the symbols."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.heard: list[str] = []
        self.closed = 0

    @hookimpl
    def validate_order(self, order: Order, instrument: Instrument | None) -> Answer:
        self.heard.append(order.symbol)
        return Denial(code=self.code, message="because the test says so", guard="a name that is not mine")

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> Answer:
        return [Denial(code=self.code, message=f"{account.account} may not")]

    @hookimpl
    def close(self) -> None:
        self.closed += 1


class SatisfiedGuard:
    """Has no objection."""

    @hookimpl
    def validate_order(self, order: Order, instrument: Instrument | None) -> Answer:
        return None


class RaisingGuard:
    """Raises at every order, with a secret in the text."""

    @hookimpl
    def validate_order(self, order: Order, instrument: Instrument | None) -> Answer:
        raise RuntimeError("key=hunter2")

    @hookimpl
    def close(self) -> None:
        raise RuntimeError("cannot close")


class SlowGuard:
    """Has no objection, and takes its time to say so."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    @hookimpl
    def validate_order(self, order: Order, instrument: Instrument | None) -> Answer:
        end = time.perf_counter() + self.seconds
        while time.perf_counter() < end:
            pass
        return None


class WrongGuard:
    """Answers what it was given instead of denials."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    @hookimpl
    def validate_order(self, order: Order, instrument: Instrument | None) -> Answer:
        return self.answer  # type: ignore[no-any-return]  # anything, on purpose


class Auditor:
    """A host's wrapper in the documented pattern: hands on an awaitable that sees the result or the error."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @hookimpl(wrapper=True)
    def execute_order(
        self, order: Order, submission: Submission
    ) -> Generator[None, Awaitable[ExecutionResult], Awaitable[ExecutionResult]]:
        answer = yield
        return self._watch(answer)

    async def _watch(self, answer: Awaitable[ExecutionResult]) -> ExecutionResult:
        try:
            result = await answer
        except BaseException as error:
            self.seen.append(type(error).__name__)
            raise
        self.seen.append(str(result.status))
        return result
