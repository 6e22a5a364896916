# SPDX-License-Identifier: MIT
"""What a test leaves behind at a venue where it would cost something: each order ended, what was filled traded back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Protocol, TypeVar

from ...account import Account
from ...errors import FksExecError
from ...model.numbers import ZERO, plain
from ...model.orders import Order, OrderRef, Side
from ...model.results import ExecutionResult, Status

T = TypeVar("T")

PAUSE = 0.25
"""Seconds between two tries: a rate limit in the middle of a long run is nothing unusual."""


class Left(Protocol):
    """One order that was sent."""

    order: Order
    result: ExecutionResult

    @property
    def ref(self) -> OrderRef:
        """Its names."""


class Tidier:
    """Ends orders and trades back, each by itself: one that fails keeps no other from being cleared away.

    Args:
        account: still open.
        order: makes the order that trades back, of a side and a quantity.
        seconds: for each order.
    """

    def __init__(self, account: Account, order: Callable[[Side, Decimal], Order], seconds: float) -> None:
        self._account = account
        self._order = order
        self._seconds = seconds
        self.problems: list[str] = []

    async def end(self, sent: Left) -> ExecutionResult:
        """The last that is known of an order, after its cancel."""
        state = sent.result
        try:
            state = await self._again(lambda: self._look(sent), lambda found: True)
            if not state.status.terminal and "cancel_order" in self._account.capabilities.abilities:
                state = await self._again(lambda: self._cancelled(sent), lambda found: found.status.terminal)
        except Exception as error:  # whatever a stranger's venue raises: the other orders are still to be ended
            self.problems.append(f"{sent.ref.venue_client_order_id} could not be ended ({type(error).__name__}: {error})")
            return state
        if not state.status.terminal:
            self.problems.append(f"{sent.ref.venue_client_order_id} still is {state.status}")
        return state

    async def give_back(self, side: Side, quantity: Decimal) -> None:
        """One market order, once: an answer that proves nothing is no reason for another."""
        result = await self._account.execute_order(self._order(side, quantity), self._account.submission())
        if result.status not in (Status.FILLED, Status.ACCEPTED, Status.PARTIALLY_FILLED):
            why = f"{result.status}" + (f" ({result.error})" if result.error else "")
            self.problems.append(f"the order to {side} {plain(quantity)} back was answered {why}")

    async def _look(self, sent: Left) -> ExecutionResult:
        if "fetch_order" not in self._account.capabilities.abilities:
            return sent.result
        return await self._account.fetch_order(sent.ref) or sent.result

    async def _cancelled(self, sent: Left) -> ExecutionResult:
        answer = await self._account.cancel_order(sent.ref)
        looked = await self._look(sent) if "fetch_order" in self._account.capabilities.abilities else answer
        return looked if looked.status.terminal else answer

    async def _again(self, ask: Callable[[], Awaitable[T]], holds: Callable[[T], bool]) -> T:
        """Until the answer holds, or the seconds are over."""
        end = asyncio.get_running_loop().time() + self._seconds
        while True:
            last = asyncio.get_running_loop().time() > end
            try:
                found = await ask()
                if holds(found) or last:
                    return found
            except (FksExecError, OSError):
                if last:
                    raise
            await asyncio.sleep(PAUSE)


def amounts(states: Sequence[tuple[Order, bool, ExecutionResult]], *, hedging: bool) -> Mapping[Side, Decimal]:
    """What was filled and is to be traded back, by the side that was traded.

    Args:
        states: each order, whether it closes, and where it stands.
        hedging: a long and a short stand side by side.
    """
    held = dict.fromkeys(Side, ZERO)
    for order, closes, state in states:
        held[order.side.opposite if closes else order.side] += state.filled_quantity * (-1 if closes else 1)
    if hedging:
        return held
    net = held[Side.BUY] - held[Side.SELL]
    return {Side.BUY: max(net, ZERO), Side.SELL: max(-net, ZERO)}


def told_problems(problems: Sequence[str]) -> Iterator[str]:
    """A sentence for each."""
    return (f"after the test {problem}; look at the account, and clear it away by hand" for problem in problems)
