# SPDX-License-Identifier: MIT
"""A host of alerts in this process: one account on a venue of the test's own, a key, and a loopback port for each listener."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from attrs import frozen

from fks_exec import Capabilities, VenueType, hookimpl
from fks_exec_hub import ExecutionHub, HubConfig
from fks_exec_hub.config import parse_config
from fks_exec_hub.journal import JournalType
from fks_exec_hub.journal.sqlite import open_sqlite
from fks_exec_server import serve
from fks_exec_server.config import Address

from .canaries import canary
from .venues import VenueConfig

KEY = canary("tv")
"""The secret of the key ``tv``."""


class TheVenue:
    """A plugin whose venue type ``fake`` is the object that a test holds, so that the test sees what it was sent."""

    __name__ = "fake"

    def __init__(self, venue: object, capabilities: Capabilities | None = None) -> None:
        self._type = VenueType(
            name="fake",
            create=lambda: venue,
            config=VenueConfig,
            capabilities=capabilities or Capabilities(),
        )

    @hookimpl
    def fks_exec_venues(self) -> Sequence[VenueType]:
        return [self._type]


class JournalOnDisk:
    """A plugin whose journal ``disk:PATH`` is SQLite on a file system of the test's own."""

    __name__ = "disk"

    def __init__(self, vfs: str) -> None:
        self._vfs = vfs

    @hookimpl
    def fks_exec_journals(self) -> Sequence[JournalType]:
        return [JournalType(scheme="disk", open=partial(open_sqlite, vfs=self._vfs))]


def host_config(
    base: Path,
    *,
    journal: str = "memory:",
    key: Mapping[str, Any] | None = None,
    account: Mapping[str, Any] | None = None,
    **server: Any,
) -> HubConfig:
    """Two accounts, ``main`` and ``other``, on the venue ``fake``; the key ``tv`` may trade ``main``.

    Args:
        key: further fields of the key.
        account: further fields of both accounts.
        server: further fields of ``[plugins.server]``.
    """
    secret = base / "secret"
    secret.touch(0o600)
    secret.write_text(KEY, "utf-8")
    tv = {"secret": {"file": "secret"}, "accounts": ["main"], **(key or {})}
    table = {"bind": "127.0.0.1:0", "operations": "127.0.0.1:0", "keys": {"tv": tv}, **server}
    table_of_each = {"venue": "fake", "guards": [], **(account or {})}
    accounts = {"main": table_of_each, "other": table_of_each}
    return parse_config({"journal": journal, "accounts": accounts, "plugins": {"server": table}}, base)


@frozen
class Host:
    """Where a host listens; ``stop`` ends it."""

    alerts: Address
    operations: Address
    stop: asyncio.Event

    @property
    def url(self) -> str:
        """Where the alerts of the key ``tv`` go."""
        return f"http://{self.alerts}/webhook/tradingview/{KEY}"


@asynccontextmanager
async def served(hub: ExecutionHub) -> AsyncIterator[Host]:
    """A hub behind real HTTP, from the first connection that it takes to the end of its journal."""
    stop = asyncio.Event()
    ready: asyncio.Future[tuple[Address, Address]] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(hub, ready=lambda *both: ready.set_result(both), stop=stop))
    task.add_done_callback(lambda _: ready.done() or ready.cancel())
    try:
        await asyncio.wait({ready})
        if ready.cancelled():
            await task
        yield Host(*ready.result(), stop)
    finally:
        stop.set()
        await task
