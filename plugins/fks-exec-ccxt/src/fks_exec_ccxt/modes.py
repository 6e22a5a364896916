# SPDX-License-Identifier: MIT
"""Leverage, margin mode and position mode: read at the start, compared with the configuration, never set.

An account that is set otherwise than its configuration says trades other quantities or other sides than are meant; to set it in
the order's path would change positions that stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fks_exec.errors import ConfigError, VenueAuthError, VenueError, VenueRateLimited

if TYPE_CHECKING:
    from .connection import Connection


async def compare(connection: Connection) -> None:
    """Compare what the account is set to, for the reference symbol and wherever a position stands.

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
    for position in await _positions(connection):
        _check(connection, str(position.get("symbol")), position)
    await check(connection, symbol)


async def check(connection: Connection, symbol: str) -> None:
    """Compare leverage and margin mode of one symbol.

    Raises:
        ConfigError: they differ.
        VenueError: they cannot be read.
    """
    config, has, exchange = connection.config, connection.exchange.has, connection.exchange
    told: dict[str, Any] = {}
    if has.get("fetchLeverage") and (config.leverage is not None or config.margin_mode is not None):
        told |= _known(await _read(connection, "leverage", lambda: exchange.fetch_leverage(symbol)))
    if config.margin_mode is not None and not told.get("marginMode") and has.get("fetchMarginMode"):
        told |= _known(await _read(connection, "margin_mode", lambda: exchange.fetch_margin_mode(symbol)))
    unread = [
        name
        for name, keys in (("leverage", ("longLeverage", "leverage")), ("margin_mode", ("marginMode",)))
        if getattr(config, name) is not None and not _said(connection, name) and not any(told.get(key) for key in keys)
    ]
    if unread:
        problem = f"{exchange.id} does not tell the {' and '.join(unread)} of {symbol}; leave it out and set it at the exchange"
        raise ConfigError(_where(connection, unread[0]), problem)
    _check(connection, symbol, told)


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
    if not exchange.has.get("fetchPositionMode"):
        return
    told = _known(await _read(connection, "position_mode", lambda: exchange.fetch_position_mode(symbol)))
    if "hedged" not in told:
        return
    actual = "hedged" if told["hedged"] else "one_way"
    if actual != (wanted or "one_way"):
        said = f"position_mode is {wanted!r}" if wanted else "position_mode is not said, so one_way is meant"
        problem = f"{said}, and the account at {exchange.id} is {actual}; write position_mode = {actual!r} or change it there"
        raise ConfigError(_where(connection, "position_mode"), problem)


async def _positions(connection: Connection) -> list[Mapping[str, Any]]:
    exchange = connection.exchange
    if not exchange.has.get("fetchPositions"):
        return []
    found = await _read(connection, "leverage", lambda: exchange.fetch_positions())
    listed = set(connection.symbols.symbols)
    return [one for one in found or () if one.get("symbol") in listed and Decimal(str(one.get("contracts") or 0)) != 0]


async def _read(connection: Connection, name: str, make: Any) -> Any:
    try:
        return await connection.call(make, reading=True)
    except (VenueAuthError, VenueRateLimited):
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
