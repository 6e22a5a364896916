# SPDX-License-Identifier: MIT
"""Whether an account keeps a long and a short of one contract side by side: :func:`hedged`, as each exchange tells it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from fks_exec.errors import VenueError

if TYPE_CHECKING:
    from .connection import Connection

Read = Callable[["Connection", str, Callable[[], Awaitable[Any]]], Awaitable[Any]]
"""Asks the exchange: the connection, the name of what is asked for, what asks."""

ONE_WAY = frozenset({"krakenfutures", "deribit", "bitfinex", "coinbase", "cryptocom"})
"""Exchanges with one position a contract and account; their documents know no other mode, nor any order a side of one."""


async def hedged(connection: Connection, symbol: str, read: Read) -> bool | None:
    """Of a symbol's account.

    Args:
        symbol: any contract that the account trades, e.g. ``BTC/USDT:USDT``.
        read: asks, and names what could not be read.

    Returns:
        None: the exchange has no request that tells it, or none that is known here.

    Raises:
        VenueError: it could not be read, or the answer does not tell it.
    """
    exchange = connection.exchange
    if exchange.id in ONE_WAY:
        return False
    if exchange.has.get("fetchPositionMode"):
        told = await read(connection, "position_mode", lambda: exchange.fetch_position_mode(symbol))
        return _sure(connection, told.get("hedged") if isinstance(told, Mapping) else None)
    if exchange.id not in _TOLD:
        return None
    market = connection.markets[symbol]
    found = await read(connection, "position_mode", lambda: _TOLD[exchange.id](exchange, market))
    return _sure(connection, found)


def _sure(connection: Connection, found: bool | None) -> bool:
    if found is None:
        problem = f"the account's position_mode cannot be read: {connection.exchange.id} gave an answer without it"
        raise VenueError(problem, code="NO_ANSWER")
    return bool(found)


async def _bybit(exchange: Any, market: Mapping[str, Any]) -> bool | None:
    """Bybit v5, "Get Position Info": positionIdx is 0 in one-way mode, 1 and 2 for the sides of a hedge, also when flat."""
    rows = await exchange.fetch_positions([market["symbol"]])
    told = {str((row.get("info") or {}).get("positionIdx")) for row in rows or ()} - {"None"}
    return bool(told - {"0"}) if told else None


async def _bitget(exchange: Any, market: Mapping[str, Any]) -> bool | None:
    """Bitget, contract, "Get Single Account": posMode; of a unified account, "Get Account Info" (settings): holdMode."""
    words = {"one_way_mode": False, "hedge_mode": True}
    if exchange.options.get("uta"):
        answer = await exchange.private_uta_get_v3_account_settings()
        return _word(answer.get("data") if isinstance(answer, Mapping) else None, "holdMode", words)
    leverage = await exchange.fetch_leverage(market["symbol"])
    return _word(leverage.get("info"), "posMode", words)


async def _gate(exchange: Any, market: Mapping[str, Any]) -> bool | None:
    """Gate, "Query futures account": in_dual_mode; newer answers have position_mode beside it (single, dual, dual_plus)."""
    answer = await exchange.private_futures_get_settle_accounts({"settle": str(market["settle"]).lower()})
    told = _word(answer, "position_mode", {"single": False, "dual": True, "dual_plus": True})
    dual = answer.get("in_dual_mode") if isinstance(answer, Mapping) else None
    return dual if told is None and isinstance(dual, bool) else told


async def _woo(exchange: Any, market: Mapping[str, Any]) -> bool | None:
    """WOO X v3, "Get Account Information": positionMode is ONE_WAY or HEDGE_MODE."""
    answer = await exchange.v3_private_get_account_info()
    data = answer.get("data") if isinstance(answer, Mapping) else None
    return _word(data, "positionMode", {"one_way": False, "hedge_mode": True})


def _word(told: object, name: str, words: Mapping[str, bool]) -> bool | None:
    return words.get(str(told.get(name)).lower()) if isinstance(told, Mapping) else None


_TOLD: Mapping[str, Callable[[Any, Mapping[str, Any]], Awaitable[bool | None]]] = {
    "bybit": _bybit,
    "bybiteu": _bybit,
    "bitget": _bitget,
    "gate": _gate,
    "gateio": _gate,
    "woo": _woo,
}
"""Exchanges that tell it by a request which ccxt has under no name of its own."""
