# SPDX-License-Identifier: MIT
"""Wrong venues that leave something behind, remember a former object, or hide that they could not open."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable
from typing import ClassVar

from fks_exec import VenueContext, hookimpl
from fks_exec.testing import Asked, RemoteConfig, RemoteFaultyVenue

from .matrix import Mutant, Tried, over_http


class LeavesATask(RemoteFaultyVenue):
    """A heartbeat that nobody ends."""

    @hookimpl
    async def init(self, config: RemoteConfig, context: VenueContext) -> None:
        await super().init(config, context)
        self._heartbeat = asyncio.ensure_future(asyncio.Event().wait())


class LeavesAThread(RemoteFaultyVenue):
    """A worker of the SDK that waits for ever."""

    @hookimpl
    async def init(self, config: RemoteConfig, context: VenueContext) -> None:
        await super().init(config, context)
        threading.Thread(target=threading.Event().wait, args=(5.0,), name="worker of an SDK", daemon=True).start()


class LeavesItsConnections(RemoteFaultyVenue):
    """``close`` ends what listens and forgets the rest."""

    kept: ClassVar[list[object]] = []

    @hookimpl
    async def close(self) -> None:
        self.kept.append(self._client)
        self._client = None
        await super().close()


class ForgetsToAwait(RemoteFaultyVenue):
    """Says goodbye, and does not wait until it is said."""

    @hookimpl
    async def close(self) -> None:
        goodbye = self._ask(Asked(kind="health", account=self._account))
        del goodbye
        await super().close()


class SaysNothingOfAFailure(RemoteFaultyVenue):
    """``init`` catches what it raises."""

    @hookimpl
    async def init(self, config: RemoteConfig, context: VenueContext) -> None:
        with contextlib.suppress(Exception):
            await super().init(config, context)


class NeedsAFolder(RemoteFaultyVenue):
    """Writes a file where ``state_dir`` may be None."""

    @hookimpl
    async def init(self, config: RemoteConfig, context: VenueContext) -> None:
        folder = context.state_dir
        folder.mkdir(parents=True, exist_ok=True)  # type: ignore[union-attr]
        await super().init(config, context)


class ConnectsWhenItIsMade(RemoteFaultyVenue):
    """Looks for its terminal in ``create``."""

    def __init__(self) -> None:
        super().__init__()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", 9), timeout=1):
            pass


def remembers_its_first_configuration() -> Callable[[], object]:
    """A session at the class, made once in a process; the class is new for each trial."""

    class Remembers(RemoteFaultyVenue):
        first: ClassVar[list[RemoteConfig]] = []

        @hookimpl
        async def init(self, config: RemoteConfig, context: VenueContext) -> None:
            self.first.append(config)
            await super().init(self.first[0], context)

    return Remembers


@contextlib.asynccontextmanager
async def _remembering() -> AsyncIterator[Tried]:
    async with over_http(remembers_its_first_configuration())() as tried:
        yield tried


MUTANTS = [
    Mutant("leaves-a-task", "leaves a heartbeat running when it is closed", over_http(LeavesATask), "Lifecycle", alone=True),
    Mutant("leaves-a-thread", "leaves a thread running when it is closed", over_http(LeavesAThread), "Lifecycle", alone=True),
    Mutant(
        "leaves-its-connections",
        "leaves its connections open when it is closed",
        over_http(LeavesItsConnections),
        "Lifecycle",
        alone=True,
    ),
    Mutant(
        "forgets-to-await",
        "makes a coroutine that nobody awaits",
        over_http(ForgetsToAwait),
        "Lifecycle",
        alone=True,
    ),
    Mutant(
        "says-nothing-of-a-failed-opening",
        "swallows the exception of an opening that failed",
        over_http(SaysNothingOfAFailure),
        "Lifecycle",
        alone=True,
    ),
    Mutant("needs-a-folder", "takes a folder for granted that it may not have", over_http(NeedsAFolder), "Lifecycle"),
    Mutant("connects-when-it-is-made", "connects in create", over_http(ConnectsWhenItIsMade), "Lifecycle", alone=True),
    Mutant(
        "remembers-its-first-configuration",
        "keeps the configuration of its first account for all that come later in the process",
        _remembering,
        "Lifecycle",
    ),
]
