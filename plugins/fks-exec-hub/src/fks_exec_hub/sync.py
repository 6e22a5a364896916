# SPDX-License-Identifier: MIT
"""The hub for programs without an event loop: a script, a Django view, a notebook."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any, TypeVar

from fks_exec.clock import Clock
from fks_exec.model.account import Balance, Health, Position
from fks_exec.model.market import MarketData
from fks_exec.model.numbers import Number
from fks_exec.model.orders import OrderChange
from fks_exec.model.results import ExecutionResult

from . import hub as asynchronous
from .accounts.halting import HaltAnswer
from .config import HubConfig
from .errors import HubClosed
from .instructions import Instruction
from .journal.protocol import HaltState
from .orders.resolve import Word
from .status import AccountStatus

T = TypeVar("T")


class ExecutionHub:
    """As :class:`fks_exec_hub.ExecutionHub`, on an event loop in a thread of its own; callable from any thread.

    Use it as ``with ExecutionHub.open("fks-exec.toml") as hub``.
    """

    def __init__(self, hub: asynchronous.ExecutionHub) -> None:
        self._hub = hub
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @classmethod
    def open(
        cls, source: str | Path | HubConfig | None = None, *, plugins: Iterable[object] = (), clock: Clock | None = None
    ) -> ExecutionHub:
        """A hub that starts with ``with`` (or :meth:`start`); arguments and errors as the asynchronous one."""
        return cls(asynchronous.ExecutionHub.open(source, plugins=plugins, clock=clock))

    def __enter__(self) -> ExecutionHub:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the thread and the hub.

        Raises:
            HubClosed: it has started already; the running one is left alone.
        """
        if self._loop is not None:
            raise HubClosed("this hub has started already; go on with it, or close it first")
        loop = self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=loop.run_forever, name="fks-exec hub", daemon=True)
        self._thread.start()
        try:
            self._run(self._hub.start())
        except BaseException:
            self._end()
            raise

    def close(self) -> None:
        """Close the hub, then the thread; twice is the same as once."""
        if self._loop is not None:
            try:
                self._run(self._hub.close())
            finally:
                self._end()

    def _end(self) -> None:
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        if loop is not None and thread is not None:
            asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        if self._loop is None:
            work.close()
            raise HubClosed("the hub has not started; use it as: with ExecutionHub.open(...) as hub")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    @property
    def accounts(self) -> tuple[str, ...]:
        """The names of the configured accounts."""
        return self._hub.accounts

    def status(self) -> list[AccountStatus]:
        """Every account, ready or not and why."""
        return self._hub.status()

    def execute_order(self, account: str, instruction: Instruction) -> ExecutionResult:
        """Take an instruction and wait for its first outcome; errors as the asynchronous one."""
        return self._run(self._hub.execute_order(account, instruction))

    def order(self, account: str, client_order_id: str) -> ExecutionResult | None:
        """What is known of an order; None for an unknown id."""
        return self._run(self._hub.order(account, client_order_id))

    def cancel_order(self, account: str, client_order_id: str) -> ExecutionResult:
        """Cancel an order; results and errors as the asynchronous one."""
        return self._run(self._hub.cancel_order(account, client_order_id))

    def amend_order(self, account: str, client_order_id: str, change: OrderChange) -> ExecutionResult:
        """Change a resting order in place; results and errors as the asynchronous one."""
        return self._run(self._hub.amend_order(account, client_order_id, change))

    def resolve_order(self, account: str, client_order_id: str, word: Word) -> ExecutionResult:
        """An operator's word about an order of unknown fate; errors as the asynchronous one."""
        return self._run(self._hub.resolve_order(account, client_order_id, word))

    def halt(
        self, account: str | None, state: HaltState | str, because: str, *, cancel_entries: bool | None = None
    ) -> HaltAnswer:
        """Set what an account may do, None: every account; answer and errors as the asynchronous one."""
        return self._run(self._hub.halt(account, state, because, cancel_entries=cancel_entries))

    def transfer(self, account: str, amount: Number, because: str) -> None:
        """Say that something was paid in or taken out today; as the asynchronous one."""
        self._run(self._hub.transfer(account, amount, because))

    def quote(self, account: str, symbol: str) -> MarketData:
        """One look at the market."""
        return self._run(self._hub.quote(account, symbol))

    def positions(self, account: str) -> list[Position]:
        """What our own orders built up."""
        return self._run(self._hub.positions(account))

    def balances(self, account: str) -> list[Balance]:
        """What the venue says is there."""
        return self._run(self._hub.balances(account))

    def health(self) -> dict[str, Health]:
        """Every account's checks."""
        return self._run(self._hub.health())


async def _cancel_all() -> None:
    """Whoever still waits for an answer is told that there is none."""
    own = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not own]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
