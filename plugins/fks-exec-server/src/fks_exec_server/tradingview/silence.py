# SPDX-License-Identifier: MIT
"""Senders from which nothing is heard any more: TradingView stops an alert by itself, and then sends nothing, also no exit."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING
from weakref import WeakSet

from starlette.types import ASGIApp, Receive, Scope, Send

from fks_exec.model.events import Alarm
from fks_exec_hub import HubClosed
from fks_exec_hub.journal import JournalError, Note

from ..config import AlertConfig, KeyConfig, ServerConfig, read_config

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub

logger: logging.Logger = logging.getLogger(__name__)

NAMESPACE = "heard"
LOOK = 1.0
"""Seconds between two looks; also the finest that a silence is told."""

_watched: WeakSet[ExecutionHub] = WeakSet()
"""Hubs of which silences are told already."""
_LATE = "expect_every of %s is watched from this first request on only; enter fks_exec_server.watching(hub) beside the hub"


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
    """Tells each silence once, until the sender is heard again; only alerts count, not what comes by ``/orders``.

    Args:
        senders: all, by name; those without ``expect_every`` may be silent.
    """

    def __init__(self, hub: ExecutionHub, senders: Mapping[str, AlertConfig]) -> None:
        self._hub = hub
        self._senders = {name: sender for name, sender in senders.items() if sender.silence is not None}
        self._since = dict.fromkeys(self._senders, hub.clock.now())
        self._told: set[str] = set()

    @property
    def names(self) -> tuple[str, ...]:
        """The senders that may not be silent."""
        return tuple(self._senders)

    async def look(self) -> None:
        """Raise the alarm for each sender that is silent too long.

        Raises:
            JournalError, HubClosed: it is not known when they were heard.
        """
        now = self._hub.clock.now()
        for name, sender in self._senders.items():
            last = await self._last(name, sender)
            silent = (now - last) / 1000
            if silent < (sender.silence or 0):
                self._told.discard(name)
            elif name not in self._told:
                self._told.add(name)
                self._alarm(name, sender, silent)

    async def run(self) -> None:
        """Look again and again, until the hub has closed."""
        opened = False
        while self._senders:
            await asyncio.sleep(LOOK)
            try:
                await self.look()
                opened = True
            except JournalError:
                continue
            except HubClosed:
                if opened:  # else it has not begun
                    return

    async def since(self) -> Mapping[str, int]:
        """When each sender that may not be silent was heard, epoch milliseconds; the start, where that is not known."""
        found = dict(self._since)
        for name, sender in self._senders.items():
            with contextlib.suppress(JournalError, HubClosed):
                found[name] = await self._last(name, sender)
        return found

    async def _last(self, name: str, sender: AlertConfig) -> int:
        """When the sender was heard, before a restart too; one that never was is expected from the start on."""
        notes = [await self._hub.read_note(account, NAMESPACE, name) for account in sender.accounts]
        heard = max((note.number for note in notes if note is not None), default=None)
        return self._since[name] if heard is None else heard

    def _alarm(self, name: str, sender: AlertConfig, silent: float) -> None:
        runs = "the alert still runs at TradingView" if isinstance(sender, KeyConfig) else "what sends its alerts still runs"
        text = f"the key {name} has sent no alert for {silent:.0f} s, and one was expected every {sender.expect_every}"
        text += f"; look whether {runs}"
        logger.warning("SIGNAL_SILENCE: %s", text)
        for account in sender.accounts:
            now = self._hub.clock.now()
            self._hub.observers.emit(Alarm(account=account, time=now, code="SIGNAL_SILENCE", message=text))


@contextlib.asynccontextmanager
async def watching(hub: ExecutionHub, config: ServerConfig | None = None) -> AsyncIterator[None]:
    """While it is open, silences are told: ``async with hub, watching(hub): ...``. ``serve`` does it by itself.

    Args:
        config: None reads ``[plugins.server]`` of the hub's configuration.

    Raises:
        ConfigError: that cannot be used.
    """
    table = hub.config.plugins.get("server", {})
    silence = Silence(hub, (config or read_config(table, accounts=hub.accounts, base=hub.config.base)).senders)
    task = asyncio.get_running_loop().create_task(silence.run())
    _watched.add(hub)
    try:
        yield
    finally:
        _watched.discard(hub)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class Listening:
    """An application that has silences told, from its first request on, where its host has not: see :func:`watching`.

    A mounted application is not told when its host starts, and there may be no loop yet when it is made.
    """

    def __init__(self, app: ASGIApp, hub: ExecutionHub, config: ServerConfig) -> None:
        self._app = app
        self._hub = hub
        self._silence = Silence(hub, config.senders)
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if self._task is None and scope["type"] == "http" and self._hub not in _watched:
            _watched.add(self._hub)
            logger.warning(_LATE, ", ".join(self._silence.names))
            self._task = asyncio.get_running_loop().create_task(self._silence.run())
        await self._app(scope, receive, send)
