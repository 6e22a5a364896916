# SPDX-License-Identifier: MIT
"""What a hub tells of its accounts: orders, positions, balances, quotes, health. Nothing is changed here."""

from __future__ import annotations

import asyncio

from fks_exec.errors import AccountNotReady
from fks_exec.model.account import Balance, Check, Health, Position
from fks_exec.model.copying import changed
from fks_exec.model.market import Instrument, MarketData
from fks_exec.model.results import ExecutionResult

from .accounts.desk import Desk
from .accounts.live import Live
from .config import HubConfig
from .errors import HubClosed, UnknownAccount
from .journal.protocol import Journal, Key, Recorded
from .orders.record import instrument_of
from .orders.restore import revive
from .status import AccountStatus, standing_checks, status_of


class Looks:
    """The reading side of a hub.

    Args:
        config: its configuration.
    """

    def __init__(self, config: HubConfig) -> None:
        self.config: HubConfig = config
        self._desks: dict[str, Desk] = {}
        self._journal: Journal | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = True

    @property
    def accounts(self) -> tuple[str, ...]:
        """The names of the configured accounts."""
        return tuple(self.config.accounts)

    @property
    def ready(self) -> bool:
        """The journal is read, every required account is ready, and at least one account is."""
        states = self.status()
        return not self._closed and any(s.ready for s in states) and all(s.ready for s in states if s.required)

    @property
    def journal(self) -> Journal:
        """The journal, for reading.

        Raises:
            HubClosed: the hub has not started.
        """
        if self._journal is None:
            raise HubClosed("the hub has not started; use it as: async with ExecutionHub.open(...) as hub")
        return self._journal

    def status(self) -> list[AccountStatus]:
        """Every account, ready or not and why."""
        return [status_of(name, config, self._desks.get(name)) for name, config in self.config.accounts.items()]

    def _desk(self, account: str) -> Desk:
        if account not in self.config.accounts:
            known = ", ".join(self.config.accounts)
            raise UnknownAccount(f"there is no account {str(account)[:64]!a}; configured are: {known}")
        if self._closed or account not in self._desks:
            raise HubClosed("the hub takes no orders; it has not started, or it is closing")
        if asyncio.get_running_loop() is not self._loop:
            raise HubClosed("the hub belongs to another event loop; use fks_exec_hub.sync, or run_coroutine_threadsafe")
        return self._desks[account]

    async def order(self, account: str, client_order_id: str) -> ExecutionResult | None:
        """What is known of an order; None for an unknown id."""
        desk = self._desk(account)
        live = desk.live.get(client_order_id)
        if live is not None and live.concluded.done():
            return _until_now(live, self._desk(account).clock.monotonic())
        recorded = await self.journal.order(Key(account, client_order_id))
        if recorded is None:
            return None
        return (await revive(desk, recorded)).told

    async def orders(self, account: str | None = None, *, limit: int = 100) -> list[Recorded]:
        """The newest orders as the journal has them, newest first."""
        return await self.journal.orders(account, limit=limit)

    async def quote(self, account: str, symbol: str) -> MarketData:
        """One look at the market, in any spelling of the symbol; asked anew when the last look is too old.

        Raises:
            AccountNotReady: there is no quote.
        """
        desk = self._desk(account)
        opened = desk.ready_account()
        quote = await desk.quotes.get(opened.resolve_symbol(symbol), desk.config.max_quote_age)
        if quote is None:
            raise AccountNotReady(account, f"it gives no quote of {symbol}")
        return quote

    def resolve_symbol(self, account: str, symbol: str) -> str:
        """The canonical name of an instrument, in any spelling that the account knows.

        Raises:
            UnknownAccount, UnknownSymbol: there is none.
            AccountNotReady: it has not opened.
        """
        return self._desk(account).ready_account().resolve_symbol(symbol)

    async def instrument(self, account: str, symbol: str) -> Instrument | None:
        """The rules of an instrument, in any spelling; None where the venue does not tell them.

        Raises:
            UnknownAccount, UnknownSymbol: there is none.
            AccountNotReady: it has not opened.
        """
        return await instrument_of(self._desk(account), self.resolve_symbol(account, symbol))

    async def positions(self, account: str) -> list[Position]:
        """What our own orders built up, by instrument and strategy, with what each has brought; nothing of what is flat."""
        return self._desk(account).book.positions()

    async def position(self, account: str, symbol: str, strategy: str | None = None) -> Position:
        """What our own orders of one strategy built up in one instrument; a quantity of 0 where that is nothing.

        Costs the same however many positions the account has.

        Args:
            symbol: canonical.
        """
        return self._desk(account).book.position(symbol, strategy)

    async def balances(self, account: str) -> list[Balance]:
        """What the venue says is there.

        Raises:
            NotSupported: the venue does not tell.
        """
        return await self._desk(account).ready_account().fetch_balance()

    async def health(self) -> dict[str, Health]:
        """Every account's checks."""
        return {name: await self._health(desk) for name, desk in self._desks.items()}

    async def _health(self, desk: Desk) -> Health:
        if desk.account is None:
            return Health([Check(name="account", ok=False, message=desk.reason), *standing_checks(desk)])
        return Health([*(await desk.account.health_check()).checks, *standing_checks(desk)])


def _until_now(live: Live, now: float) -> ExecutionResult:
    """What is told of an order; while it stands without its stop, with the seconds until now."""
    if live.naked_since is None or live.told.unprotected_seconds is None:
        return live.told
    return changed(live.told, unprotected_seconds=(live.unprotected or 0.0) + max(now - live.naked_since, 0.0))
