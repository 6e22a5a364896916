# SPDX-License-Identifier: MIT
"""The start of an account: everything slow, and everything that could be wrong, before the first order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from fks_exec.errors import ConfigError, VenueAuthError, VenueError

from ..requests.capabilities import capabilities
from ..requests.probing import Probes
from . import modes

if TYPE_CHECKING:
    from ..requests.probed import Probed
    from .connection import Connection

FAR_OFF = 5000
"""Milliseconds: an exchange's clock further away than this is a fault of one of the two."""

_WARM_UPS = ("is_unified_enabled", "is_uta_enabled", "load_unified_status")
_BALANCE = {"spot": {"type": "spot"}, "swap": {"type": "swap"}}


async def prepare(connection: Connection) -> None:
    """Ask all that the first order would otherwise ask: time, account mode, balance, modes of trading; probe the requests.

    Raises:
        VenueAuthError: the key is not taken.
        VenueError: the exchange cannot be asked.
        ConfigError: the account is not set as the configuration says.
    """
    await connection.sync_clock()
    await warm_up(connection)
    await authenticate(connection)
    await modes.compare(connection)
    await _probe(connection)


async def warm_up(connection: Connection) -> None:
    """Account modes that ccxt would ask for on the first order (Bitget, Bybit, Gate, Kucoin).

    ccxt takes a failed question for the answer "no" on Bitget and Gate; so the requests themselves are looked at.
    """
    exchange = connection.exchange
    for name in _WARM_UPS:
        if (ask := getattr(exchange, name, None)) is not None:
            await _asked(connection, ask)
    if exchange.id.startswith("bitget") and exchange.options.get("uta") is None:
        await _asked(connection, lambda: exchange.handle_uta_and_params({}, "createOrder"))


async def _asked(connection: Connection, ask: Any) -> None:
    _, call = await connection.call_noted(ask, reading=True)
    if any(request.status is None or request.status >= 500 or request.status in (418, 429) for request in call.handed):
        name = connection.exchange.id
        raise VenueError(f"{name} did not tell what kind of account this is; it is asked again later", code="NO_ANSWER")


async def authenticate(connection: Connection) -> None:
    """A private request with the key; the balance is what every exchange has.

    Raises:
        VenueAuthError: the key is refused.
    """
    exchange, kind = connection.exchange, connection.config.market_type
    try:
        await connection.call(lambda: exchange.fetch_balance(_BALANCE[kind]), reading=True)
    except VenueAuthError as error:
        raise VenueAuthError(f"{error}{_hint(connection)}") from None
    connection.key_taken(reading=True)


def _hint(connection: Connection) -> str:
    if connection.offset is not None and abs(connection.offset) > FAR_OFF:
        return f"; this machine's clock is {-connection.offset / 1000:+.1f} s from the exchange's: set it (NTP)"
    if not connection.live and connection.config.base_url is None:
        return "; the account is not live: the key must be of the exchange's test system"
    return ""


async def _probe(connection: Connection) -> None:
    """Every kind of market that the account trades, so that no order waits for a probe."""
    exchange, config = connection.exchange, connection.config
    connection.probes = Probes(exchange, connection.traits, config)
    symbols = (await asyncio.to_thread(lambda: connection.symbols)).symbols
    if not symbols:
        said = f"settled in {config.settle}" if config.settle else "of this type"
        raise ConfigError("market_type", f"{exchange.id} lists no {config.market_type} market {said}; write another")
    traded = [symbol for symbol in symbols if connection.markets[symbol].get("active") is not False]
    found: dict[int, Probed] = {}
    for symbol in traded or symbols:
        proved = connection.probed(symbol)
        if id(proved) not in found:
            found[id(proved)] = proved
            await asyncio.sleep(0)  # each took some milliseconds; other accounts trade meanwhile
    ahead = max(0, -(connection.offset or 0)) / 1000
    connection.capabilities = capabilities(exchange, found.values(), connection.traits, config, ahead=ahead)
