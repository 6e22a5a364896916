# SPDX-License-Identifier: MIT
"""Leverage, margin mode and position mode: read, compared with the configuration, never set.

At the start for Bitcoin and wherever a position stands; of any other instrument before its first order.

An account that is set otherwise than its configuration says trades other quantities or other sides than are meant; to set it in
the order's path would change positions that stand.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fks_exec.errors import ConfigError, FksExecError, NotSent, VenueAuthError, VenueError, VenueRateLimited, VenueRejected

from ..wire.outcomes import Unsettled
from . import position_mode

log: logging.Logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from fks_exec.model.orders import Order

    from .connection import Connection


_AHEAD = 1.0
"""Seconds that the rules of an instrument wait for what its leverage is: an exit may wait for them."""


async def compare(connection: Connection) -> None:
    """Compare what the account is set to, for the reference symbol and wherever a position stands.

    An account that holds something opens whatever its leverage is, so that it can be closed: :func:`before_order` refuses the
    entries.

    Raises:
        ConfigError: it differs; says what to set, or to write.
        VenueError: it cannot be read.
    """
    if connection.config.market_type != "swap":
        return
    _demand(connection)
    symbol = reference(connection)
    if symbol is None:
        return
    await _compare_position_mode(connection, symbol)
    if connection.config.leverage is None and connection.config.margin_mode is None:
        return
    held = await _positions(connection)
    try:
        for position in held:
            _check(connection, str(position.get("symbol")), position)
        await check(connection, symbol)
    except ConfigError as error:
        if not held:
            raise
        log.warning("%s; what is held can be closed, entries are refused until it is mended", error)


async def check(connection: Connection, symbol: str, deadline: float | None = None) -> None:
    """Compare leverage and margin mode of one symbol.

    Raises:
        ConfigError: they differ.
        VenueError: they cannot be read.
    """
    config, has, exchange = connection.config, connection.exchange.has, connection.exchange
    told: dict[str, Any] = {}
    if has.get("fetchLeverage") and (config.leverage is not None or config.margin_mode is not None):
        told |= _known(await _read(connection, "leverage", lambda: exchange.fetch_leverage(symbol), deadline))
    if config.margin_mode is not None and not told.get("marginMode") and has.get("fetchMarginMode"):
        asked = lambda: exchange.fetch_margin_mode(symbol)  # noqa: E731
        told |= _known(await _read(connection, "margin_mode", asked, deadline))
    unread = [
        name
        for name, keys in (("leverage", ("longLeverage", "leverage")), ("margin_mode", ("marginMode",)))
        if getattr(config, name) is not None and not _said(connection, name) and not any(told.get(key) for key in keys)
    ]
    if unread:
        problem = f"{exchange.id} does not tell the {' and '.join(unread)} of {symbol}; leave it out and set it at the exchange"
        raise ConfigError(_where(connection, unread[0]), problem)
    _check(connection, symbol, told)
    connection.compared.add(symbol)


async def ahead(connection: Connection, symbol: str) -> None:
    """Compare those of an instrument before somebody waits for its first order; what is wrong is told by that order."""
    if _unknown(connection, symbol):
        with suppress(FksExecError, Unsettled, TimeoutError):
            async with asyncio.timeout(_AHEAD):
                await check(connection, symbol)


async def before_order(connection: Connection, order: Order, deadline: float | None = None) -> None:
    """Before an order that may open a position: compare those of its instrument, once in a session.

    Raises:
        VenueRejected: they differ, or are not told; asked for again with the next order.
        NotSent: they could not be asked for.
    """
    if order.reduce_only or not _unknown(connection, order.symbol):
        return
    try:
        await check(connection, order.symbol, deadline)
    except ConfigError as error:
        raise VenueRejected(f"nothing was sent: {error.problem}", code="MODE") from None
    except (NotSent, VenueAuthError, VenueRateLimited):
        raise
    except (VenueError, Unsettled) as error:
        raise NotSent(f"nothing was sent: {error}", code="MODE") from None


def _unknown(connection: Connection, symbol: str) -> bool:
    config = connection.config
    if config.market_type != "swap" or (config.leverage is None and config.margin_mode is None):
        return False
    return symbol not in connection.compared


def reference(connection: Connection) -> str | None:
    """A symbol that stands for the account: Bitcoin's contract if there is one."""
    symbols = connection.symbols.symbols
    markets = connection.markets
    named = [symbol for symbol in symbols if markets[symbol].get("base") in ("BTC", "XBT") and markets[symbol].get("linear")]
    return next(iter([*named, *symbols]), None)


def _said(connection: Connection, name: str) -> bool:
    """It is a part of every order there."""
    return bool({"margin_mode": connection.traits.margin_word, "leverage": connection.traits.leverage_word}[name])


def _demand(connection: Connection) -> None:
    """Where every order says the margin mode or the leverage, ccxt would say its own: cross, and 1."""
    for name, form in (("margin_mode", "'cross' or 'isolated'"), ("leverage", "a number such as '5'")):
        if _said(connection, name) and getattr(connection.config, name) is None:
            problem = (
                f"every order to {connection.exchange.id} says the {name}; write {name} = {form}, as the account is set there"
            )
            raise ConfigError(_where(connection, name), problem)


async def _compare_position_mode(connection: Connection, symbol: str) -> None:
    """One-way is assumed where the configuration says nothing: an account that is hedged would refuse every order."""
    exchange, wanted = connection.exchange, connection.config.position_mode
    hedged = await position_mode.hedged(connection, symbol, _read)
    if hedged is None:
        if wanted is None:
            return
        problem = f"{exchange.id} does not tell the position_mode, so it cannot be compared; leave it out, keep one_way there"
        raise ConfigError(_where(connection, "position_mode"), problem)
    actual = "hedged" if hedged else "one_way"
    if actual != (wanted or "one_way"):
        said = f"position_mode is {wanted!r}" if wanted else "position_mode is not said, so one_way is meant"
        remedy = f"write position_mode = {actual!r}" + ("" if exchange.id in position_mode.ONE_WAY else " or change it there")
        problem = f"{said}, and the account at {exchange.id} is {actual}; {remedy}"
        raise ConfigError(_where(connection, "position_mode"), problem)


async def _positions(connection: Connection) -> list[Mapping[str, Any]]:
    exchange = connection.exchange
    if not exchange.has.get("fetchPositions"):
        return []
    found = await _read(connection, "leverage", lambda: exchange.fetch_positions())
    listed = set(connection.symbols.symbols)
    return [one for one in found or () if one.get("symbol") in listed and Decimal(str(one.get("contracts") or 0)) != 0]


async def _read(connection: Connection, name: str, make: Any, deadline: float | None = None) -> Any:
    try:
        return await connection.call(make, reading=True, deadline=deadline)
    except (NotSent, VenueAuthError, VenueRateLimited):
        raise
    except VenueError as error:
        raise VenueError(f"the account's {name} cannot be read: {error}", code=error.code) from None


def _check(connection: Connection, symbol: str, told: Mapping[str, Any]) -> None:
    config = connection.config
    leverages = {Decimal(str(told[key])) for key in ("leverage", "longLeverage", "shortLeverage") if told.get(key)}
    if config.leverage is not None and leverages and leverages != {config.leverage}:
        actual = " and ".join(f"{one.normalize():f}" for one in sorted(leverages))
        _differs(connection, "leverage", symbol, f"{config.leverage:f}", actual)
    mode = told.get("marginMode")
    if config.margin_mode is not None and mode and mode != config.margin_mode:
        _differs(connection, "margin_mode", symbol, repr(config.margin_mode), repr(mode))


def _differs(connection: Connection, name: str, symbol: str, ours: str, theirs: str) -> None:
    place = connection.exchange.id
    problem = f"{name} is {ours} here and {theirs} for {symbol} at {place}; set it there, or write {name} = {theirs}"
    raise ConfigError(_where(connection, name), problem)


def _known(told: Any) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value is not None} if isinstance(told, Mapping) else {}


def _where(connection: Connection, name: str) -> str:
    return f"accounts.{connection.account}.config.{name}"
