# SPDX-License-Identifier: MIT
"""What changed is written, then told: the account's folder, the thread that writes, and the updates that wait for it."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from concurrent.futures import Future
from functools import partial

from fks_exec import Check, NotSent, OrderUpdate, VenueContext, VenueError

from .config import PaperConfig
from .display import Shown
from .engine import Engine
from .records import PaperOrder
from .results import update_of
from .store import Store, restored, step_text
from .writer import AtOnce, Grouped, Writer

log: logging.Logger = logging.getLogger(__name__)


class Keeper:
    """Keeps one account's state, and publishes what has become of its orders.

    Args:
        config: of the account.
        context: its folder, and who is told.
    """

    def __init__(self, config: PaperConfig, context: VenueContext) -> None:
        self._config = config
        self._context = context
        self._store: Store | None = None
        self._writer: Writer = AtOnce()
        self._last: Future[None] | None = None

    def open(self) -> Engine:
        """The engine as a former run left it, or a new one.

        Raises:
            VenueError: the state is damaged, is of another account, or does not fit the configuration.
        """
        series, folder = f"p{secrets.token_hex(4)}", self._context.state_dir
        if folder is None:
            return Engine(self._config, series)
        try:
            store = Store(folder, currency=self._config.currency, series=series)
        except OSError as error:
            raise VenueError(f"the state in {folder} cannot be opened: {error}; make the folder writable") from None
        try:
            engine = restored(self._config, store)
        except BaseException:
            store.close()
            raise
        self._store = store
        self._writer = Grouped(store.orders) if self._config.durable else AtOnce()
        return engine

    def check(self) -> None:
        """Nothing changes any more once a change could not be written: memory and file would go apart.

        Raises:
            NotSent: that is so.
        """
        if self._writer.failure:
            text = f"the state cannot be written ({self._writer.failure}); make room and open the account again"
            raise NotSent(text, code="STATE_UNWRITABLE")

    def keep(self, engine: Engine, answered: PaperOrder | None = None) -> Future[None] | None:
        """Write what changed, then tell of it; the order that is being answered needs no telling."""
        changes = engine.changes()
        if not changes.orders:
            return self._last
        updates = [update_of(entry, role) for entry, role in changes.orders if entry is not answered]
        if self._store is None:
            self._tell(updates)
            return None
        text = step_text(changes, engine.ledger.cash, engine.counter)
        return self._write(partial(self._store.orders.append, text), updates)

    def keep_quote(self, shown: Shown) -> None:
        """Write a quote that was set."""
        if self._store is not None:
            self._write(partial(self._store.write_quote, shown), [])

    def _write(self, work: partial[None], updates: list[OrderUpdate]) -> Future[None] | None:
        self._last = self._writer.write(work, partial(self._tell, updates))
        return self._last

    def _tell(self, updates: list[OrderUpdate]) -> None:
        for update in updates:
            try:
                self._context.publish(update)
            except Exception:  # the order is as it is, whether the host hears of it or not
                log.exception("publish failed for order %s", update.ref.order_id)

    async def settled(self) -> None:
        """What was read is on the disk before it is told."""
        await wait(self._last)

    def writable(self) -> Check:
        """Whether the state can be written; it is tried."""
        if self._store is None:
            return Check(name="state", ok=True, message="nothing is kept: the account has no folder")
        try:
            if self._writer.failure:
                raise OSError(self._writer.failure)
            self._store.probe()
        except OSError as error:
            remedy = "make the folder writable, make room, and open the account again"
            return Check(name="state", ok=False, message=f"the state cannot be written: {error}", remedy=remedy)
        return Check(name="state", ok=True, message=f"kept in {self._context.state_dir}")

    def close(self, lock: threading.RLock) -> None:
        """Write what is left and let the folder go.

        Args:
            lock: held while something is changed.
        """
        with lock:
            store, self._store = self._store, None
        if store is not None:
            self._writer.close()
            store.close()


async def wait(written: Future[None] | None) -> None:
    """Until it is written. Others wait for the same, so that one who gives up does not cancel it."""
    if written is not None:
        await asyncio.shield(asyncio.wrap_future(written))
