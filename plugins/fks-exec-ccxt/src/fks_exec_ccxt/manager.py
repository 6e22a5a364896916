# SPDX-License-Identifier: MIT
"""ExchangeManager: opens and closes the exchanges of all accounts, and lets those that may share their markets."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from fks_exec.errors import ConfigError, FksExecError, VenueError
from fks_exec.model.extension import VenueContext
from fks_exec.model.market import MarketData
from fks_exec.model.orders import Order, Submission
from fks_exec.model.results import ExecutionResult

from .config import CCXTConfig
from .knowledge.traits import Traits, traits
from .reading.quotes import fetch_data
from .session import opening
from .session.checking import check_proved, of_account
from .session.connection import Connection
from .session.loading import exchange_class, load_ccxt, wired
from .session.markets import Key, Listing
from .session.sharing import Holder, holder
from .session.starting import check_credentials, placed, secrets_of
from .session.urls import check_given, environment, has_sandbox
from .trading.placing import Trader
from .wire.calls import Wired, noted
from .wire.outcomes import Unsettled
from .wire.redaction import clean

_KEPT = 4
"""Lists of markets that are kept although no account uses them; Binance's takes some 20 MB."""


class ExchangeManager:
    """Several exchanges and accounts at once.

    Args:
        exchanges: instances of ``ccxt.async_support`` by account, used as they are instead of one made from the account's
            configuration, and left open: for a ``fetch`` that only captures requests, say.

    Example:
        >>> manager = ExchangeManager()
        >>> manager.list_exchanges()
        ()
    """

    def __init__(self, exchanges: Mapping[str, object] | None = None) -> None:
        self._given = dict(exchanges or {})
        self._open: dict[str, Connection] = {}
        self._listings: dict[Key, Listing] = {}
        self._holders: dict[str, Holder] = {}

    def list_exchanges(self) -> tuple[str, ...]:
        """The accounts that are open, each as ``account: exchange``, sorted."""
        return tuple(sorted(f"{name}: {one.exchange.id}" for name, one in self._open.items()))

    def connection(self, account: str) -> Connection:
        """The open connection of an account.

        Raises:
            VenueError: it is not open.
        """
        if account not in self._open:
            raise VenueError(f"the account {account!a} is not open; open it first", code="NOT_OPEN")
        return self._open[account]

    async def open(self, account: str, config: CCXTConfig, context: VenueContext) -> Connection:
        """Connect an account; what fails leaves nothing behind.

        Raises:
            ConfigError: the exchange is unknown, credentials are missing, another open account has the same key for the same
                markets, or the account is not as configured.
            VenueAuthError: the key is refused.
            VenueError: the exchange cannot be reached or gives no usable answer.
        """
        if account in self._open:
            raise VenueError(f"the account {account!a} is open already; close it first", code="OPEN")
        self._hold(account, config, context)
        connection: Connection | None = None
        try:
            connection = await self._connect(account, config, context)
            await opening.prepare(connection)
        except BaseException as error:
            self._holders.pop(account, None)
            await asyncio.shield(self._drop(connection))
            if isinstance(error, ConfigError):
                raise of_account(error, account) from None
            if isinstance(error, FksExecError | Unsettled) or not isinstance(error, Exception):
                raise
            raise _unforeseen(error, config) from None
        self._open[account] = connection
        return connection

    async def close(self, account: str) -> None:
        """Let go of an account's connection; a second time does nothing. Markets that nobody uses now are kept while fresh."""
        self._holders.pop(account, None)
        await self._drop(self._open.pop(account, None))

    async def fetch_ticker(self, account: str, symbol: str) -> MarketData:
        """One look at the market of an open account: bid, ask, sizes, time.

        Args:
            symbol: any spelling.
        """
        connection = self.connection(account)
        return await fetch_data(connection, connection.symbols.resolve(symbol) or symbol)

    async def place_order(self, account: str, order: Order, submission: Submission) -> ExecutionResult:
        """Send one order of an open account, once; raises as ``execute_order`` does."""
        return await Trader(self.connection(account)).place(order, submission)

    def _hold(self, account: str, config: CCXTConfig, context: VenueContext) -> None:
        """From before the first request: two accounts of one key may open at the same time."""
        mine = holder(account, config, live=context.live)
        if account in self._holders:
            raise VenueError(f"the account {account!a} is being opened already; wait for it", code="OPEN")
        if mine is None:
            return
        problem = next((text for other in self._holders.values() if (text := mine.problem_with(other))), "")
        if problem:
            raise ConfigError(f"accounts.{account}.config.api_key", problem)
        self._holders[account] = mine

    async def _connect(self, account: str, config: CCXTConfig, context: VenueContext) -> Connection:
        await load_ccxt()
        check_proved(config, context.live)
        known = traits(config.exchange, config.market_type)
        if account in self._given:
            return await self._use(self._given[account], config, known, context)
        return await self._make(account, config, known, context)

    async def _make(self, account: str, config: CCXTConfig, known: Traits, context: VenueContext) -> Connection:
        cls = exchange_class(config.exchange, "exchange")
        plain = cls()
        sandbox = known.sandbox or ("sandbox" if has_sandbox(plain) else None)
        where = environment(plain, config, live=context.live, sandbox=sandbox)
        make = partial(placed, cls, config, known, where)
        exchange = make()
        check_credentials(exchange, config, account)
        connection = Connection(exchange, config, known, context)
        try:
            connection.listing = self._listing(exchange, where, config, context)
            await connection.listing.join(exchange, connection.markets_changed, lambda keys: make(keys=keys))
        except BaseException:
            await asyncio.shield(self._drop(connection))
            raise
        exchange.ssl_context = connection.listing.source.ssl_context  # 0.5 MB and some 20 ms each
        return connection

    async def _use(self, given: Any, config: CCXTConfig, known: Traits, context: VenueContext) -> Connection:
        if getattr(given, "id", None) != config.exchange:
            problem = f"the exchange given for it is {str(getattr(given, 'id', given))[:40]!a}, not {config.exchange!a}"
            raise ConfigError("exchange", problem)
        _wire(given)
        check_given(given, exchange_class(config.exchange, "exchange")(), live=context.live)
        connection = Connection(given, config, known, context, injected=True)
        if not given.markets:
            await connection.call(lambda: given.load_markets(), reading=True)
        return connection

    def _listing(self, exchange: Any, where: Any, config: CCXTConfig, context: VenueContext) -> Listing:
        types = (config.market_type, str(exchange.options.get("fetchMarkets")), str(sorted(config.options.items())))
        key = Key(config.exchange, (where.kind, where.base_url, config.proxy, str(config.trust_env)), types)
        listing = self._listings.pop(key, None)
        if listing is None:
            listing = Listing(key, context.clock, config.refresh)
        elif _unused(listing):
            listing.clock, listing.refresh = context.clock, config.refresh
        self._listings[key] = listing  # the latest is the last
        return listing

    async def _drop(self, connection: Connection | None) -> None:
        if connection is None:
            return
        await connection.close()
        unused = [key for key, listing in self._listings.items() if _unused(listing)]
        empty = [key for key in unused if self._listings[key].source is None]
        for key in dict.fromkeys([*empty, *unused[:-_KEPT]]):
            del self._listings[key]


def _unused(listing: Listing) -> bool:
    return not listing.users and not listing.lock.locked()


def _wire(given: Any) -> None:
    """Have an instance that was made elsewhere note its requests; one whose ``fetch`` was replaced as well."""
    if getattr(given, "synchronous", True):
        raise ConfigError("exchange", "the exchange given is no instance of ccxt.async_support; make one of those")
    if not isinstance(given, Wired):
        given.__class__ = wired(type(given))
    own = vars(given).get("fetch")
    if own is not None and getattr(own, "func", None) is not noted:
        given.fetch = partial(noted, own)


def _unforeseen(error: Exception, config: CCXTConfig) -> VenueError:
    """ccxt, or a part of ours, broke: the account is not ready, with a sentence."""
    said = clean(str(error), secrets_of(config))
    return VenueError(f"{config.exchange} cannot be opened ({type(error).__name__}: {said})", code="NOT_OPEN")
