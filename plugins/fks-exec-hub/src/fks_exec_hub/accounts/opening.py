# SPDX-License-Identifier: MIT
"""An account is opened, and opened again when it could not be: a venue that is down does not stop the hub."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import frozen

from fks_exec.account import Account
from fks_exec.clock import Clock, SystemClock
from fks_exec.errors import AccountNotReady, ConfigError, FksExecError, PluginError, VenueAuthError
from fks_exec.guarding import Listed
from fks_exec.model.events import AccountReadiness, Event, OrderUpdate
from fks_exec.model.extension import VenueType
from fks_exec.model.market import MarketData
from fks_exec.outcomes import where
from fks_exec.plugins import Plugins

from ..config import AccountConfig, HubConfig
from ..errors import UnknownAccount
from .desk import Desk
from .proof import Demand

log: logging.Logger = logging.getLogger(__name__)

FINAL = (VenueAuthError, PluginError, ConfigError)
"""What trying again does not mend; a broker locks an account after a few wrong passwords."""

DELAYS = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds between tries to open an account; the last one repeats."""


@frozen(kw_only=True)
class Recipe:
    """How an account is made; each try makes a new one.

    Args:
        plugins: guards, and wrappers that the host passed in code.
        state_dir: None: the venue keeps nothing.
        demand: what is required of its conformance record; None: nothing.
    """

    name: str
    config: AccountConfig
    venue: VenueType
    venue_config: object
    plugins: tuple[Listed, ...]
    state_dir: Path | None
    clock: Clock
    quote: Callable[[str, str], Awaitable[MarketData]] | None = None
    demand: Demand | None = None

    def make(
        self,
        on_update: Callable[[OrderUpdate], None] | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> Account:
        """A new Account, not yet open. Raises FksExecError: its folder cannot be made."""
        if self.state_dir is not None:
            try:
                self.state_dir.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                cause = (error.strerror or type(error).__name__).lower()
                remedy = "look at state in the configuration, and who may write there"
                raise FksExecError(f"its folder {self.state_dir} cannot be made: {cause}; {remedy}") from None
        return Account(
            self.name,
            self.venue,
            self.venue_config,
            plugins=self.plugins,
            state_dir=self.state_dir,
            quote=self.quote,
            on_update=on_update,
            on_event=on_event,
            clock=self.clock,
            live=self.config.live,
            quiet=True,
        )


class Opener:
    """Keeps one account open.

    Args:
        recipe: how it is made.
        desk: who works with it.
        on_update: takes what the venue publishes.
    """

    def __init__(self, recipe: Recipe, desk: Desk, on_update: Callable[[OrderUpdate], None]) -> None:
        self._recipe = recipe
        self._desk = desk
        self._on_update = on_update
        if recipe.demand is not None:
            desk.proof = recipe.demand.unread
        self._task: asyncio.Task[None] | None = None

    async def first(self) -> None:
        """One try; if it fails and the account is not required, further ones go on in the background.

        Raises:
            FksExecError: a required account could not open.
        """
        try:
            await self._open()
        except FksExecError as error:
            if self._recipe.config.required:
                raise
            if not isinstance(error, FINAL):
                self._task = asyncio.create_task(self._again())

    async def _again(self) -> None:
        for number in range(10**9):
            await asyncio.sleep(DELAYS[min(number, len(DELAYS) - 1)])
            try:
                await self._open()
            except FINAL:
                return
            except FksExecError:
                continue
            return

    async def _open(self) -> None:
        try:
            account = self._recipe.make(self._on_update, self._desk.emit)
            await account.open()
        except FksExecError as error:
            self._failed(error.reason if isinstance(error, AccountNotReady) else str(error))
            raise
        except Exception as error:
            log.debug("account %s", self._desk.name, exc_info=True)
            text = f"the venue raised {type(error).__name__}{where(error)} while opening"
            self._failed(text)
            raise FksExecError(f"account {self._desk.name!r}: {text}") from None
        if account.capabilities.hedging and not account.capabilities.reduce_only:
            await account.close()
            text = "the venue declares hedging without reduce_only: nothing could be closed; tell the plugin's author"
            self._failed(text)
            raise PluginError(f"account {self._desk.name!r}: {text}")
        await self._prove(account)
        self._desk.opened(account)
        self._tell(ready=True)

    async def _prove(self, account: Account) -> None:
        """What the account's record lets through, before the first order is."""
        demand = self._recipe.demand
        if demand is None:
            return
        self._desk.proof = proof = await asyncio.to_thread(demand.prove, account.capabilities)
        if proof.reason:
            self._desk.alarm("NO_RECORD", f"the account only reduces: {proof.reason}; {proof.remedy}")
        elif proof.missing:
            log.warning("account %s: its record does not prove %s; such entries are denied", self._desk.name, proof.missing)

    def _failed(self, reason: str) -> None:
        log.warning("account %s is not ready: %s", self._desk.name, reason)
        changed = self._desk.reason != reason
        self._desk.lost(reason)
        if changed:
            self._tell(ready=False, reason=reason)

    def _tell(self, *, ready: bool, reason: str = "") -> None:
        self._desk.emit(AccountReadiness(account=self._desk.name, time=self._desk.clock.now(), ready=ready, reason=reason))

    async def close(self) -> None:
        """Try no further; let the account go."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        if self._desk.account is not None:
            await self._desk.account.close()


@asynccontextmanager
async def open_account(config: HubConfig, name: str, plugins: Plugins | None = None) -> AsyncIterator[Account]:
    """One account by itself, without journal, guards or files: for quotes and health.

    Raises:
        UnknownAccount, ConfigError, PluginError, VenueError: it cannot be opened.
    """
    if name not in config.accounts:
        raise UnknownAccount(f"there is no account {name[:64]!a}; configured are: {', '.join(config.accounts)}")
    venue, venue_config = config.venue(name, plugins or config.load_plugins())
    recipe = Recipe(
        name=name,
        config=config.accounts[name],
        venue=venue,
        venue_config=venue_config,
        plugins=(),
        state_dir=None,
        clock=SystemClock(),
    )
    async with recipe.make() as account:
        yield account
