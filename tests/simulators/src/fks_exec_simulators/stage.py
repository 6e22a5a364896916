# SPDX-License-Identifier: MIT
"""A scripted exchange for the hub's tests, and a hub on it; the stage outlives the restarts of the host."""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

from fks_exec import (
    Balance,
    Capabilities,
    Check,
    ExecutionResult,
    Health,
    Instrument,
    MarketData,
    Order,
    OrderRef,
    OrderUpdate,
    Submission,
    VenueContext,
    VenueType,
    hookimpl,
)
from fks_exec.clock import Clock
from fks_exec.convert import canonical, digest
from fks_exec_hub import ExecutionHub, open_journal
from fks_exec_hub.config import HubConfig, parse_config
from fks_exec_hub.journal import Accept, Intent, Journal, Key

Answer: TypeAlias = ExecutionResult | BaseException | Callable[[Order, Submission], Awaitable[Any] | Any] | None

CAPABILITIES = Capabilities(
    order_types=["market", "limit", "stop"],
    abilities=["fetch_instrument", "fetch_balance", "resolve_symbol"],
    reduce_only=True,
    protection=["attached"],
    publishes=True,
)
ACCOUNT = "main"


class Stage:
    """What the exchange will answer, and what it saw.

    Args:
        answers: for the next orders, in turn: a result, an exception to raise, or a function of (order, submission);
            when they are used up, every order is filled at 100.
    """

    def __init__(self, *answers: Answer, capabilities: Capabilities = CAPABILITIES) -> None:
        self.answers: deque[Answer] = deque(answers)
        self.capabilities = capabilities
        self.requests: list[tuple[Order, Submission]] = []
        self.opened = 0
        self.open_errors: deque[Exception] = deque()
        self.context: VenueContext | None = None
        self.quote: MarketData | None = MarketData(symbol="any", bid="99", ask="100")
        self.quotes_asked = 0
        self.equity = "100000"
        self.instrument: Callable[[str], Instrument] = lambda symbol: Instrument(
            symbol=symbol, base=symbol.partition("/")[0], quote="USDT", quantity_step="0.01", min_quantity="0.01"
        )

    @property
    def symbols(self) -> list[str]:
        """Of the requests, in order."""
        return [order.symbol for order, _ in self.requests]

    @property
    def ids(self) -> list[str | None]:
        """The clients' ids of the requests, in order."""
        return [order.client_order_id for order, _ in self.requests]

    def publish(self, ref: OrderRef, result: ExecutionResult) -> None:
        """Push an update, as the exchange's stream would."""
        assert self.context is not None
        self.context.publish(OrderUpdate(ref=ref, result=result))

    @hookimpl
    def fks_exec_venues(self) -> list[VenueType]:
        """The venue type ``stage``."""
        return [VenueType(name="stage", create=lambda: StageVenue(self), capabilities=self.capabilities)]


class StageVenue:
    """One connection to the stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    @hookimpl
    async def init(self, config: Any, context: VenueContext) -> None:
        """Connect, or fail as scripted."""
        self._stage.opened += 1
        if self._stage.open_errors:
            raise self._stage.open_errors.popleft()
        self._stage.context = context

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult | None:
        """The next answer."""
        self._stage.requests.append((order, submission))
        answer = self._stage.answers.popleft() if self._stage.answers else filled
        if callable(answer) and not isinstance(answer, BaseException):
            value = answer(order, submission)
            answer = await value if inspect.isawaitable(value) else value
        if isinstance(answer, BaseException):
            raise answer
        return answer

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData | None:
        """The stage's one quote."""
        self._stage.quotes_asked += 1
        return self._stage.quote

    @hookimpl
    def name(self) -> str:
        """Stage."""
        return "Stage"

    @hookimpl
    async def health_check(self) -> Health:
        """Well."""
        return Health([Check(name="stage", ok=True)])

    @hookimpl
    async def fetch_instrument(self, symbol: str) -> Instrument:
        """The stage's rules."""
        return self._stage.instrument(symbol)

    @hookimpl
    async def fetch_balance(self) -> list[Balance]:
        """All in USDT."""
        return [Balance(currency="USDT", total=self._stage.equity)]

    @hookimpl
    def resolve_symbol(self, text: str) -> str | None:
        """``BTCUSDT`` and ``BTC/USDT``; nothing that begins with NO."""
        if text.startswith("NO"):
            return None
        return text if "/" in text else f"{text[:3]}/{text[3:]}"


def filled(order: Order, submission: Submission) -> ExecutionResult:
    """All of it, at 100, without trades."""
    return ExecutionResult(
        status="filled",
        order_id=f"v-{submission.venue_client_order_id[:8]}",
        filled_quantity=order.quantity,
        average_price="100",
    )


def accepted(order: Order, submission: Submission) -> ExecutionResult:
    """It rests."""
    return ExecutionResult(status="accepted", order_id=f"v-{submission.venue_client_order_id[:8]}")


class Held:
    """An answer that waits until it is let go; ``reached`` is set when the order is at the exchange."""

    def __init__(self, answer: Callable[[Order, Submission], ExecutionResult] = filled) -> None:
        self._answer = answer
        self.reached = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self, order: Order, submission: Submission) -> ExecutionResult:
        """Wait, then answer."""
        self.reached.set()
        await self.go.wait()
        return self._answer(order, submission)


def configure(folder: Path, *, guards: Iterable[str] = (), account: Mapping[str, Any] | None = None, **top: Any) -> HubConfig:
    """A configuration with one account on the stage."""
    table = {"venue": "stage", "guards": list(guards), "currency": "USDT", **(account or {})}
    return parse_config({"journal": "sqlite:fks-exec.db", "accounts": {ACCOUNT: table}, **top}, folder)


def hub_on(stage: Stage, config: HubConfig, *plugins: object, clock: Clock | None = None) -> ExecutionHub:
    """A hub on the stage, not yet started."""
    return ExecutionHub.open(config, plugins=[stage, *plugins], clock=clock)


async def until(condition: Callable[[], object], seconds: float = 8.0) -> None:
    """Wait until something holds; TimeoutError when it does not in so many seconds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  (a test looks from outside)
            await asyncio.sleep(0.005)


def buy(quantity: str = "1", symbol: str = "BTC/USDT", **more: Any) -> Order:
    """A market buy."""
    return Order(symbol=symbol, side="buy", quantity=quantity, **more)


def sell(quantity: str = "1", symbol: str = "BTC/USDT", **more: Any) -> Order:
    """A market sell."""
    return Order(symbol=symbol, side="sell", quantity=quantity, **more)


@asynccontextmanager
async def journal_of(folder: Path) -> AsyncIterator[Journal]:
    """The journal of a host that is not running."""
    journal = await open_journal(configure(folder))
    try:
        yield journal
    finally:
        await journal.close()


async def leave(folder: Path, order: Order, *, intent: bool, time: int) -> None:
    """What a host leaves that was killed after the accept, or after the intent."""
    key = Key(ACCOUNT, order.client_order_id or "")
    async with journal_of(folder) as journal:
        term = await journal.claim(ACCOUNT)
        text = canonical(order)
        await journal.write(Accept(key=key, lane=order.symbol, digest=digest(order), instruction=text, time=time))
        if intent:
            await journal.write(Intent(key=key, venue_client_order_id=f"V{order.client_order_id}", time=time), term=term)
