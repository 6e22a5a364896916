# SPDX-License-Identifier: MIT
"""What the plugin for crypto exchanges costs over bare ccxt, and the hub over the plugin, at a simulated Binance over HTTP."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

from attrs import evolve

from fks_exec import Account, ExecutionResult, Order, Secret
from fks_exec_ccxt import CCXTConfig, fks_exec_venues
from fks_exec_hub import ExecutionHub
from fks_exec_hub.config import parse_config
from fks_exec_simulators.exchanges.clients import client
from fks_exec_simulators.exchanges.counterpart import ExchangeCounterpart
from fks_exec_simulators.exchanges.process import ExchangeProcess

from .hosts import ACCOUNT, FILE
from .machine import percentile
from .profiling import Profiler

SYMBOL, QUANTITY = "BTC/USDT", "0.0002"
PAUSE = 0.015
"""Seconds between two orders of one account: longer than ccxt's limiter makes them wait."""
WARM = 20

Call = Callable[[], Awaitable[Any]]


async def added(folder: Path, seconds: float, profiler: Profiler, *, of: str) -> dict[str, Any]:
    """Milliseconds that one market order takes longer, p50; bare ccxt, the plugin and the hub take turns in one run.

    Args:
        of: ``plugin`` (over bare ccxt) or ``hub`` (durable, over the plugin).
    """
    async with ways(folder) as calls:
        for call in list(calls.values()) * WARM:
            await call()
            await asyncio.sleep(PAUSE / len(calls))
        with profiler:
            took = await turns(calls, seconds)
    middle = {name: median(each) for name, each in took.items()}
    below = {"plugin": "bare", "hub": "plugin"}[of]
    shown = {f"{name}_p50_ms": value for name, value in middle.items()}
    late = {f"{name}_p95_ms": percentile(each, 0.95) for name, each in took.items()}
    return {"value": middle[of] - middle[below], "count": len(took[of]), **shown, **late}


async def turns(calls: dict[str, Call], seconds: float) -> dict[str, list[float]]:
    """Milliseconds of each call, one after the other."""
    took: dict[str, list[float]] = {name: [] for name in calls}
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        for name, call in calls.items():
            before = time.perf_counter()
            await call()
            took[name].append((time.perf_counter() - before) * 1000)
            await asyncio.sleep(PAUSE / len(calls))
    return took


@asynccontextmanager
async def ways(folder: Path) -> AsyncIterator[dict[str, Call]]:
    """The same order in three ways, each over a connection of its own; each time it has to fill.

    Bare ccxt goes without a limiter: that of its default would hold it up.
    """
    async with AsyncExitStack() as stack:
        exchange = await stack.enter_async_context(ExchangeProcess("binance"))
        await ExchangeCounterpart(exchange.url).control("limits", weight=10**9, orders=10**9)
        bare = await stack.enter_async_context(client("binance", exchange.url))
        config = CCXTConfig(
            exchange="binance", base_url=exchange.url, api_key=Secret("canary-key1"), secret=Secret("canary-secret1")
        )
        [kind] = fks_exec_venues()
        plugin: Any = kind.create()
        account = await stack.enter_async_context(Account("direct", evolve(kind, create=lambda: plugin), config))
        hub = await stack.enter_async_context(ExecutionHub.open(parse_config(tables(exchange.url, folder), folder)))
        order, numbers = Order(symbol=SYMBOL, side="buy", quantity=QUANTITY), itertools.count()

        async def by_ccxt() -> None:
            name = {"clientOrderId": f"bare{next(numbers)}"}
            told = await bare.create_order(SYMBOL, "market", "buy", float(QUANTITY), None, name)
            assert told["status"] == "closed", told

        async def by_plugin() -> None:
            filled(await plugin.execute_order(order, account.submission(seconds=10)))

        async def by_hub() -> None:
            filled(await hub.execute_order(ACCOUNT, order))

        yield {"bare": by_ccxt, "plugin": by_plugin, "hub": by_hub}


def tables(url: str, folder: Path) -> dict[str, Any]:
    """A durable journal, no guards."""
    keys = {"api_key": "canary-key1", "secret": "canary-secret1"}
    for name, text in keys.items():
        (folder / name).touch(0o600)
        (folder / name).write_text(text, "utf-8")
    config = {"exchange": "binance", "base_url": url, **{name: {"file": name} for name in keys}}
    return {"journal": f"sqlite:{FILE}", "accounts": {ACCOUNT: {"venue": "ccxt", "guards": [], "config": config}}}


def filled(result: ExecutionResult) -> None:
    """Nothing else is measured."""
    assert result.status == "filled", result
