# SPDX-License-Identifier: MIT
"""Keys from which nothing is heard any more: TradingView stops an alert by itself, and then sends nothing, also no exit."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING

from fks_exec.model.events import Alarm
from fks_exec_hub import HubClosed
from fks_exec_hub.journal import JournalError, Note

from ..config import AlertConfig, ServerConfig

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub

logger: logging.Logger = logging.getLogger(__name__)

NAMESPACE = "heard"
LOOK = 1.0
"""Seconds between two looks; also the finest that a silence is told."""


def heard(key: str, config: AlertConfig, account: str, now: int) -> tuple[Note, ...]:
    """What is written with an order, so that a restart does not begin the silence anew; nothing where no silence is told.

    Args:
        account: of the order. Each account keeps its own: a write has one.
        now: epoch milliseconds.
    """
    if config.silence is None:
        return ()
    return (Note(account=account, namespace=NAMESPACE, name=key, value="", number=now, time=now),)


class Silence:
    """Tells each silence once, until the key is heard again."""

    def __init__(self, hub: ExecutionHub, keys: Mapping[str, AlertConfig]) -> None:
        self._hub = hub
        self._keys = {name: key for name, key in keys.items() if key.silence is not None}
        self._since = dict.fromkeys(self._keys, hub.clock.now())
        self._told: set[str] = set()

    async def look(self) -> None:
        """Raise the alarm for each key that is silent too long.

        Raises:
            JournalError, HubClosed: it is not known when they were heard.
        """
        now = self._hub.clock.now()
        for name, key in self._keys.items():
            last = await self._last(name, key)
            silent = (now - last) / 1000
            if silent < (key.silence or 0):
                self._told.discard(name)
            elif name not in self._told:
                self._told.add(name)
                self._alarm(name, key, silent)

    async def run(self) -> None:
        """Look again and again."""
        while self._keys:
            await asyncio.sleep(LOOK)
            with contextlib.suppress(JournalError, HubClosed):
                await self.look()

    async def _last(self, name: str, key: AlertConfig) -> int:
        """When the key was heard, before a restart too; one that never was is expected from the start on."""
        notes = [await self._hub.read_note(account, NAMESPACE, name) for account in key.accounts]
        heard = max((note.number for note in notes if note is not None), default=None)
        return self._since[name] if heard is None else heard

    def _alarm(self, name: str, key: AlertConfig, silent: float) -> None:
        text = f"the key {name} has sent no alert for {silent:.0f} s, and one was expected every {key.expect_every}"
        text += "; look whether the alert still runs at TradingView"
        logger.warning("SIGNAL_SILENCE: %s", text)
        for account in key.accounts:
            now = self._hub.clock.now()
            self._hub.observers.emit(Alarm(account=account, time=now, code="SIGNAL_SILENCE", message=text))


@contextlib.asynccontextmanager
async def watching(hub: ExecutionHub, config: ServerConfig) -> AsyncIterator[None]:
    """While it is open, silences are told."""
    task = asyncio.get_running_loop().create_task(Silence(hub, config.keys).run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
