# SPDX-License-Identifier: MIT
"""Wrong observers: each is the observer ``memory``, which keeps what it heard, but for one fault."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, ClassVar

from fks_exec import Event, ObserverType, hookimpl
from fks_exec.model.events import Alarm, OrderConcluded, OrderSent
from fks_exec.model.extension import NoConfig
from fks_exec.testing.cases import ObserverTrial
from fks_exec.testing.suite.observers import ObserverSuite

from .matrix import Mutant


class Memory:
    """The observer without a fault."""

    def __init__(self, config: NoConfig) -> None:
        self.heard: list[Event] = []

    @hookimpl
    def observe(self, event: Event) -> None:
        """Keep it."""
        self.keep(event)

    def keep(self, event: Event) -> None:
        """What the faulty ones do otherwise."""
        self.heard.append(event)

    @hookimpl
    def close(self) -> None:
        """Forget."""
        self.heard.clear()


class KnowsItsKinds(Memory):
    KINDS: ClassVar[Mapping[str, str]] = {"OrderSent": "sent", "OrderConcluded": "done", "Alarm": "alarm"}

    def keep(self, event: Event) -> None:
        name = self.KINDS[type(event).__name__]
        super().keep(event) if name else None


class WantsAnOrder(Memory):
    def keep(self, event: Event) -> None:
        if isinstance(event, Alarm | OrderSent | OrderConcluded):
            f"{event.client_order_id:>20}"  # None has no such format
        super().keep(event)


class OfOneThread(Memory):
    def __init__(self, config: NoConfig) -> None:
        super().__init__(config)
        self._store = sqlite3.connect(":memory:")

    def keep(self, event: Event) -> None:
        self._store.execute("select 1")


class Waits(Memory):
    def keep(self, event: Event) -> None:
        if isinstance(event, Alarm):
            threading.Event().wait()


class LeavesAThread(Memory):
    def __init__(self, config: NoConfig) -> None:
        super().__init__(config)
        threading.Thread(target=threading.Event().wait, name="sender", daemon=True).start()


class Once(Memory):
    """Open as long as nobody has closed one of its kind."""

    closed = False

    def keep(self, event: Event) -> None:
        if type(self).closed:
            raise ValueError("write to closed file")

    @hookimpl
    def close(self) -> None:
        """For all."""
        type(self).closed = True


def _tried(observer: Callable[[Any], object]) -> Callable[[], AbstractAsyncContextManager[dict[str, Any]]]:
    kind = ObserverType(name="memory", create=observer, summary="Keeps what it heard.")

    @asynccontextmanager
    async def make() -> AsyncIterator[dict[str, Any]]:
        Once.closed = False
        yield {"observer": ObserverTrial(observer=kind, seconds=0.5)}

    return make


def _wrong(name: str, wrong: str, observer: Callable[[Any], object]) -> Mutant:
    fixtures = ("observer",)
    return Mutant(name, wrong, _tried(observer), "ObserverSuite", alone=True, classes=(ObserverSuite,), fixtures=fixtures)


HONEST = _tried(Memory)
"""The observer without a fault."""

MUTANTS = [
    _wrong("observer-knows-its-kinds", "raises at an event of a kind that it does not know", KnowsItsKinds),
    _wrong("observer-wants-an-order", "raises at an alarm that is about no order", WantsAnOrder),
    _wrong("observer-is-of-one-thread", "works only in the thread in which it was made", OfOneThread),
    _wrong("observer-waits", "waits without an end", Waits),
    _wrong("observer-leaves-a-thread", "leaves a thread behind", LeavesAThread),
    _wrong("observer-closes-all", "closes what another one of its kind still needs", Once),
]
