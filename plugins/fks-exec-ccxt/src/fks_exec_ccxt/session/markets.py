# SPDX-License-Identifier: MIT
"""Markets, loaded once for all accounts that see the same: in a worker thread, on an instance of its own.

They outlive the accounts for as long as they are fresh: to open one again asks for no list (Binance's is 20 of 6,000 a
minute).

To read a few thousand markets takes ccxt some tenths of a second of work (measured: 0.22 s for 2,500); on the event loop every
other account's orders would wait for it, at the start and at each refresh.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from attrs import define, field, frozen

from fks_exec.clock import Clock
from fks_exec.errors import VenueError

from ..wire.calls import calling
from ..wire.outcomes import judged

Make: TypeAlias = Callable[[bool], Any]


@frozen
class Key:
    """What must be alike for accounts to share markets.

    Args:
        exchange: ccxt's id.
        environment: kind and base address; the proxy.
        types: market type and what else decides which markets are loaded.
    """

    exchange: str
    environment: tuple[str | None, ...]
    types: tuple[str, ...]


@define(eq=False)
class Listing:
    """The markets of one key, and who uses them.

    Args:
        source: the closed instance that loaded them; nothing of it but its tables is used.
        loaded: wall time, epoch milliseconds; 0 before the first load.
        fresh: until when they are good without a timer, on the clock's monotonic time, seconds.
        users: exchange instances that share the tables, each with what it wants to be called when they change, and what makes
            an instance of its configuration that loads, with keys or without.
    """

    key: Key
    clock: Clock
    refresh: float
    source: Any = None
    loaded: int = 0
    fresh: float = float("-inf")
    failed: str = ""
    users: dict[int, tuple[Any, Callable[[], None], Make]] = field(factory=dict)
    tables: dict[object, Any] = field(factory=dict)
    makers: dict[object, Callable[[Any], Any]] = field(factory=dict)
    lock: asyncio.Lock = field(factory=asyncio.Lock)
    timer: asyncio.Task[None] | None = None
    doubted: asyncio.Task[None] | None = None
    asked: float = float("-inf")

    async def join(self, exchange: Any, changed: Callable[[], None], make: Make) -> None:
        """Share the tables with an instance; loads them for the first, unless what the last one left is fresh.

        Raises:
            VenueError: they cannot be loaded.
        """
        async with self.lock:
            if self.source is None or not (self.users or self.clock.monotonic() < self.fresh):
                await self._load(make)
            exchange.set_markets_from_exchange(self.source)
            self.users[id(exchange)] = (exchange, changed, make)
        if self.timer is None:
            self.timer = asyncio.get_running_loop().create_task(self._keep())

    async def leave(self, exchange: Any) -> bool:
        """Let go of an instance; True when it was the last: no task is left then, nor a key, but the tables are."""
        self.users.pop(id(exchange), None)
        if self.users:
            return False
        tasks = [task for task in (self.timer, self.doubted) if task is not None]
        self.timer = self.doubted = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if not self.lock.locked():
            self.lock = asyncio.Lock()  # the next user may come in another event loop
        self.makers = {}
        return True

    async def restart(self, seconds: float) -> None:
        """Another interval between two loads, in seconds."""
        self.refresh = seconds
        if self.timer is not None:
            self.timer.cancel()
            await asyncio.gather(self.timer, return_exceptions=True)
            self.timer = asyncio.get_running_loop().create_task(self._keep())

    def doubt(self) -> None:
        """A symbol was not known, or not any more: load anew, in the background, at most once in a minute."""
        now = self.clock.monotonic()
        if now - self.asked >= 60 and (self.doubted is None or self.doubted.done()) and self.users:
            self.asked = now
            self.doubted = asyncio.get_running_loop().create_task(self._again())

    def shared(self, name: object, make: Callable[[Any], Any]) -> Any:
        """Something made from the tables, once for all users; made anew, off the event loop, when the tables change."""
        self.makers[name] = make
        if name not in self.tables:
            self.tables[name] = make(self.source)
        return self.tables[name]

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self.refresh)
            await self._again()

    async def _again(self) -> None:
        """The old tables stay when new ones cannot be had; the health check tells their age."""
        try:
            async with self.lock:
                if (make := next((make for _, _, make in self.users.values()), None)) is None:
                    return
                await self._load(make)
                self.failed = ""
        except VenueError as error:
            self.failed = str(error)
            return
        for exchange, changed, _ in list(self.users.values()):
            exchange.set_markets_from_exchange(self.source)
            changed()

    async def _load(self, make: Make) -> None:
        source = await in_thread(lambda: self._source(make, False))
        if source is None:  # an exchange that shows its markets to those with a key only
            source = await in_thread(lambda: self._source(make, True))
        tables = await asyncio.to_thread(lambda: {name: make(source) for name, make in list(self.makers.items())})
        self.source, self.tables, self.loaded = source, tables, self.clock.now()
        self.fresh = self.clock.monotonic() + self.refresh

    async def _source(self, make: Make, keys: bool) -> Any:
        exchange = make(keys)
        with calling(reading=True, exchange=exchange.id, secrets=_keys_of(exchange)) as call:
            try:
                await exchange.load_markets()
            except Exception as error:
                if not keys and "AuthenticationError" in {kind.__name__ for kind in type(error).__mro__}:
                    return None
                raise VenueError(f"the markets cannot be loaded: {judged(error, call)}", code="NO_MARKETS") from None
            finally:
                await exchange.close()
        for name in _KEYS:
            setattr(exchange, name, None)
        if not exchange.markets:
            raise VenueError(f"{exchange.id} lists no market of this type", code="NO_MARKETS")
        return exchange


_KEYS = ("apiKey", "secret", "password", "uid", "walletAddress", "privateKey")


def _keys_of(exchange: Any) -> tuple[str, ...]:
    return tuple(str(value) for name in _KEYS if (value := getattr(exchange, name, None)))


async def in_thread(make: Callable[[], Awaitable[Any]]) -> Any:
    """Await something in a thread with an event loop of its own; cancelling cancels it there."""
    held: dict[str, Any] = {}
    begun = threading.Event()

    async def main() -> Any:
        held["loop"], held["task"] = asyncio.get_running_loop(), asyncio.current_task()
        begun.set()
        return await make()

    def run() -> Any:
        try:
            return asyncio.run(main())
        finally:
            begun.set()

    work = asyncio.get_running_loop().run_in_executor(None, run)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        if begun.is_set() and "task" in held:
            held["loop"].call_soon_threadsafe(held["task"].cancel)
        work.add_done_callback(lambda done: done.cancelled() or done.exception())
        raise
