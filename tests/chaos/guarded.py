# SPDX-License-Identifier: MIT
"""The venues of the accounts with stops and targets: their processes, their market that moves, what stands at them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import field, frozen
from plan import GUARDED, GUARDED_SYMBOLS

from fks_exec.testing import (
    AcceptThenDrop,
    AcceptThenHang,
    FailLookUp,
    Fault,
    FaultyProcess,
    LateCancel,
    Lost,
    PartialThenCancel,
    Refuse,
    RefuseLeg,
    Request,
    TradeTwice,
    Vanish,
)

PRICE = "100"
BEYOND = ("96.5", "103.5")
"""Prices at which every stop of one side, and every target of the other, is reached."""
BETWEEN = 0.25
"""Seconds at most between two moves of a market."""
STAYS = 0.06
"""Seconds at most for which it stays beyond."""
CHANCES: dict[Fault, float] = {
    Refuse(): 0.02,
    AcceptThenDrop(): 0.01,
    Lost(): 0.005,
    PartialThenCancel(): 0.05,
    TradeTwice(): 0.03,
    RefuseLeg(retryable=True): 0.03,
    RefuseLeg(): 0.02,
    Vanish(): 0.03,
    Vanish(drop=True): 0.005,
    AcceptThenDrop(on="protect"): 0.03,
    AcceptThenHang(on="protect"): 0.01,
    Lost(on="protect"): 0.01,
    LateCancel(0.1): 0.03,
    FailLookUp(): 0.01,
}
"""The share of the requests of their kind that meet each fault."""


@frozen(kw_only=True)
class Seen:
    """What stands at a venue.

    Args:
        placed: every order that it took, as its control tells it.
        positions: by symbol, signed.
    """

    placed: list[dict[str, Any]]
    positions: dict[str, Decimal]

    @property
    def stops(self) -> list[dict[str, Any]]:
        """The stops that rest."""
        return [order for order in self.placed if order["role"] == "stop_loss" and is_open(order)]

    def naked(self, symbol: str) -> Decimal:
        """How much of what is held stands without a stop."""
        held = self.positions[symbol]
        side = "sell" if held > 0 else "buy"
        stops = [order for order in self.stops if order["symbol"] == symbol and order["side"] == side]
        return max(abs(held) - sum(map(left, stops), Decimal(0)), Decimal(0))


def is_open(order: dict[str, Any]) -> bool:
    """It rests."""
    return order["status"] in ("accepted", "partially_filled")


def left(order: dict[str, Any]) -> Decimal:
    """What of it is not filled."""
    return Decimal(order["quantity"]) - Decimal(order["filled"])


@frozen
class Guards:
    """All of them.

    Args:
        folder: for their records and keys, each in one of its own.
        seed: of their faults and of the moves.
    """

    folder: Path
    seed: int
    processes: dict[str, FaultyProcess] = field(factory=dict)
    _tasks: list[asyncio.Task[None]] = field(factory=list)
    _moving: asyncio.Lock = field(factory=asyncio.Lock)

    async def start(self) -> None:
        """Start them; from now on their markets move."""
        for number, (name, options) in enumerate(GUARDED.items()):
            self.processes[name] = await FaultyProcess.start(
                self.folder / name, chances=CHANCES, seed=self.seed + number, options=options
            )
            self._tasks.append(asyncio.create_task(self._move(name, random.Random(f"market {self.seed} {name}"))))

    @property
    def ports(self) -> dict[str, int]:
        """Where they listen."""
        return {name: process.config.port for name, process in self.processes.items()}

    async def _move(self, name: str, dice: random.Random) -> None:
        """One market at a time goes beyond all stops of a side, and comes back."""
        process = self.processes[name]
        while True:
            await asyncio.sleep(BETWEEN * dice.random())
            async with self._moving:
                symbol = dice.choice(GUARDED_SYMBOLS)
                await process.control("trigger", symbol=symbol, price=dice.choice(BEYOND))
                await asyncio.sleep(STAYS * dice.random())
                await process.control("trigger", symbol=symbol, price=PRICE)

    @asynccontextmanager
    async def still(self) -> AsyncIterator[None]:
        """No market moves meanwhile."""
        async with self._moving:
            yield

    async def rest(self) -> None:
        """From now on no market moves."""
        async with self._moving:
            while self._tasks:
                task = self._tasks.pop()
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def look(self, name: str) -> Seen:
        """What stands at one of them."""
        process = self.processes[name]
        positions = {symbol: Decimal(await process.control("position", symbol=symbol)) for symbol in GUARDED_SYMBOLS}
        return Seen(placed=await process.control("placed"), positions=positions)

    def requests(self, name: str) -> list[Request]:
        """All that reached one of them."""
        return self.processes[name].requests

    async def close(self) -> None:
        """End them."""
        await self.rest()
        for process in self.processes.values():
            await process.kill()
