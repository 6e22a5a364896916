# SPDX-License-Identifier: MIT
"""Named fakes of a venue: one that fills, plain ones, and ones that answer late, never, wrongly or with an error."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from fks_exec import (
    ABILITIES,
    Balance,
    Capabilities,
    Check,
    ExecutionResult,
    Health,
    Instrument,
    MarketData,
    Order,
    OrderChange,
    OrderRef,
    OrderUpdate,
    Position,
    Protection,
    Submission,
    UnknownSymbol,
    VenueContext,
    hookimpl,
)

BID, ASK = Decimal(67499), Decimal(67500)


def quote(symbol: str) -> MarketData:
    """The one quote that every fake gives."""
    return MarketData(symbol=symbol, bid=BID, ask=ASK, last="67499.5")


@frozen
class VenueConfig:
    """What a fake is told: a word that stands in every id it gives, so that a misrouted order shows."""

    tag: str = "memory"
    password: str = field(default="", repr=False)


class MemoryVenue:
    """Five async methods: fills every order at its quote and keeps what it saw."""

    def __init__(self) -> None:
        self.seen: list[tuple[Order, Submission]] = []
        self.config: Any = None
        self.context: VenueContext | None = None
        self.closed = 0

    @property
    def session(self) -> object:
        """A property that fails before ``init``, as a connection of a real SDK does."""
        if self.context is None:
            raise RuntimeError("not connected")
        return self.context

    @hookimpl
    async def init(self, config: Any, context: VenueContext) -> None:
        self.config, self.context = config, context

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        self.seen.append((order, submission))
        await asyncio.sleep(0)
        return self.filled(order)

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        return quote(symbol)

    @hookimpl
    def name(self) -> str:
        return type(self).__name__

    @hookimpl
    async def health_check(self) -> Health:
        return Health([Check(name="memory", ok=True)])

    @property
    def symbols(self) -> list[str]:
        """The symbols of the orders seen, in their order."""
        return [order.symbol for order, _ in self.seen]

    def filled(self, order: Order) -> ExecutionResult:
        """The fill of an order, under an id with the venue's tag and the order's symbol."""
        tag = getattr(self.config, "tag", type(self).__name__)
        return ExecutionResult(
            status="filled",
            order_id=f"{tag}:{order.symbol}",
            filled_quantity=order.quantity,
            average_price=ASK,
        )


class ClosingVenue(MemoryVenue):
    """Counts how often it was closed."""

    @hookimpl
    async def close(self) -> None:
        self.closed += 1


class ScriptedVenue(MemoryVenue):
    """Returns, or raises, what it was given: for each order the next of its answers."""

    def __init__(self, *answers: object) -> None:
        super().__init__()
        self.answers = list(answers)

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        self.seen.append((order, submission))
        answer: Any = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer  # type: ignore[no-any-return]  # anything, on purpose


class SilentVenue(MemoryVenue):
    """Never answers an order, and ends when it is cancelled."""

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        self.seen.append((order, submission))
        await asyncio.Event().wait()
        return self.filled(order)


class LateVenue(MemoryVenue):
    """Answers an order when its deadline has passed: it was cancelled and tells the truth all the same."""

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        self.seen.append((order, submission))
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.01)
        return self.filled(order)


class StubbornVenue(MemoryVenue):
    """Swallows every cancellation until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.release = asyncio.Event()
        self.cancelled = 0

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        self.seen.append((order, submission))
        while not self.release.is_set():
            try:
                await self.release.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
        return self.filled(order)


class PlainVenue:
    """Five plain methods, as around a blocking SDK; keeps the threads in which they ran."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.seen: list[tuple[Order, Submission]] = []
        self.threads: dict[str, str] = {}
        self.closed = 0

    def _note(self, hook: str) -> None:
        self.threads[hook] = threading.current_thread().name

    @hookimpl
    def init(self, config: Any, context: VenueContext) -> None:
        self._note("init")

    @hookimpl
    def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        self._note("execute_order")
        self.seen.append((order, submission))
        time.sleep(self.seconds)
        return ExecutionResult(status="filled", filled_quantity=order.quantity, average_price=ASK)

    @hookimpl
    def fetch_data(self, symbol: str) -> MarketData:
        self._note("fetch_data")
        return quote(symbol)

    @hookimpl
    def name(self) -> str:
        self._note("name")
        return "Plain"

    @hookimpl
    def health_check(self) -> Health:
        self._note("health_check")
        return Health()

    @hookimpl
    def close(self) -> None:
        self._note("close")
        self.closed += 1


class StuckVenue(PlainVenue):
    """A plain venue whose orders, or whose quotes, hang until it is released."""

    def __init__(self, hook: str = "execute_order") -> None:
        super().__init__()
        self.hook = hook
        self.entered = threading.Event()
        self.release = threading.Event()

    def _hang(self, hook: str) -> None:
        if hook == self.hook:
            self.entered.set()
            self.release.wait(30)

    @hookimpl
    def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        self.seen.append((order, submission))
        self._hang("execute_order")
        return ExecutionResult(status="filled", filled_quantity=order.quantity)

    @hookimpl
    def fetch_data(self, symbol: str) -> MarketData:
        self._hang("fetch_data")
        return quote(symbol)


class PlainRaisingVenue(PlainVenue):
    """Raises from its plain ``execute_order`` what it was given."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    @hookimpl
    def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        self.seen.append((order, submission))
        raise self.error


FULL = Capabilities(
    order_types=["market", "limit"],
    abilities=ABILITIES,
    protection=["stop_only"],
    reduce_only=True,
    resolution="by_id",
)


class FullVenue(MemoryVenue):
    """Every hook that a venue may have; knows ``BTC/USDT`` in two spellings, and counts questions about instruments."""

    def __init__(self, now: Capabilities | None = FULL) -> None:
        super().__init__()
        self.now = now
        self.asked: list[str] = []
        self.calls: list[str] = []

    def _result(self, call: str, status: str, **values: Any) -> ExecutionResult:
        self.calls.append(call)
        return ExecutionResult(status=status, **values)

    @hookimpl
    async def close(self) -> None:
        self.closed += 1

    @hookimpl
    def capabilities(self) -> Capabilities | None:
        return self.now

    @hookimpl
    def resolve_symbol(self, text: str) -> str | None:
        if text.upper() == "BTC":
            raise UnknownSymbol(text, candidates=("BTC/USDT", "BTC/EUR"))
        return {"BTCUSDT": "BTC/USDT", "BTC/USDT": "BTC/USDT"}.get(text.upper())

    @hookimpl
    async def cancel_order(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        return self._result("cancel_order", "canceled", order_id=ref.order_id)

    @hookimpl
    async def amend_order(self, ref: OrderRef, change: OrderChange, submission: Submission) -> ExecutionResult:
        return self._result("amend_order", "accepted", order_id=ref.order_id)

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        return self._result("fetch_order", "filled") if ref.order_id else None

    @hookimpl
    async def fetch_open_orders(self) -> Sequence[OrderUpdate]:
        return [OrderUpdate(ref=OrderRef(order_id="7"), result=ExecutionResult(status="accepted"))]

    @hookimpl
    async def fetch_positions(self) -> Sequence[Position]:
        return [Position(symbol="BTC/USDT", quantity="-0.5")]

    @hookimpl
    async def fetch_balance(self) -> Sequence[Balance]:
        return [Balance(currency="USDT", total="100000", free="99000")]

    @hookimpl
    async def fetch_instrument(self, symbol: str) -> Instrument:
        self.asked.append(symbol)
        return Instrument(symbol=symbol, quantity_step=Decimal("0.001"), order_types=["market"])

    @hookimpl
    async def protect_position(self, protection: Protection, submission: Submission) -> ExecutionResult:
        return self._result("protect_position", "accepted")

    @hookimpl
    async def close_position(self, position: Position, submission: Submission) -> ExecutionResult:
        return self._result("close_position", "filled", filled_quantity=abs(position.quantity))
