# SPDX-License-Identifier: MIT
"""What an account holds: positions of contracts, balances of currencies. A read that fails raises: it is not "nothing"."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal, localcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from fks_exec import Balance, Position

from ..wire.outcomes import Unsettled
from .lookups import scopes
from .reader import MOST_PAGES, Params, cursor_of
from .results import ZERO, exact

if TYPE_CHECKING:
    from ..session.connection import Connection

_PLACES = Decimal("1e-8")
"""What the equity in a currency is rounded to."""

_PAGE = 200
"""Positions of a full page at Bybit."""


async def fetch_positions(connection: Connection) -> list[Position]:
    """All positions that are not flat; none on spot, where what is held is a balance.

    Raises:
        VenueError, Unsettled: they could not be read, or not all of them.
    """
    if connection.config.market_type != "swap":
        return []
    exchange, settle = connection.exchange, connection.config.settle
    found: dict[tuple[str, str | None], Position] = {}
    for scope in scopes(connection):
        for row in await _pages(connection, lambda params: exchange.fetch_positions(None, params), scope):
            position = _position(exchange, row)
            market = exchange.markets.get(row.get("symbol")) or {}
            if position is not None and settle in (None, market.get("settle")):
                found[position.symbol, position.position_id] = position
    return list(found.values())


async def fetch_balance(connection: Connection) -> list[Balance]:
    """All balances that are not zero.

    Raises:
        VenueError: they could not be read.
    """
    found: dict[str, Balance] = {}
    for scope in scopes(connection, "balance"):
        for held in await _wallet(connection, scope):
            other = found.get(held.currency)
            found[held.currency] = held if other is None else _both(held, other)
    return list(found.values())


async def _wallet(connection: Connection, scope: Params) -> list[Balance]:
    """The balances of one wallet; contracts' are named, where ccxt does not take them from the instance's own type."""
    exchange = connection.exchange
    params = {} if connection.config.market_type == "spot" else {"type": "swap", **scope}
    told = await connection.call(lambda: exchange.fetch_balance(params), reading=True)
    totals = told.get("total")
    if not isinstance(totals, Mapping):
        raise Unsettled("the exchange's answer tells of no balances")
    info, worth = told.get("info"), _equities(exchange, told.get("info"))
    found = []
    for currency, value in totals.items():
        total, free = exact(value, info), exact((told.get("free") or {}).get(currency), info)
        if total is None or not (total or free):
            continue
        found.append(Balance(currency=currency, total=total, free=free, equity=worth.get(currency)))
    return found


def _both(one: Balance, other: Balance) -> Balance:
    """What is held of a currency in two wallets."""
    free = None if one.free is None or other.free is None else one.free + other.free
    return Balance(currency=one.currency, total=one.total + other.total, free=free)


async def _pages(
    connection: Connection, fetch: Callable[[Params], Awaitable[list[Mapping[str, Any]]]], params: Params
) -> list[Mapping[str, Any]]:
    """All pages; Bybit's have a cursor, others answer with everything."""
    found: list[Mapping[str, Any]] = []
    for _ in range(MOST_PAGES):
        page = await connection.call(partial(fetch, params), reading=True)
        found += page
        cursor = cursor_of(page)
        if cursor is None or len(page) < _PAGE:
            return found
        params = {**params, "cursor": cursor}
    raise Unsettled("the exchange lists more positions than can be read")


def _position(exchange: Any, row: Mapping[str, Any]) -> Position | None:
    """A position; None for one that is flat.

    Raises:
        Unsettled: it does not tell how much of what is held on which side.
    """
    info, symbol, side = row.get("info"), row.get("symbol"), row.get("side")
    contracts = exact(row.get("contracts"), info)
    if not contracts:
        if contracts is None:
            raise Unsettled(f"the exchange tells of a position in {symbol} without its size")
        return None
    if side not in ("long", "short") or not symbol:
        raise Unsettled(f"the exchange tells of a position of {contracts} in {symbol} without its side")
    hedged = row.get("hedged") is True
    return Position(
        symbol=symbol,
        quantity=abs(contracts) if side == "long" else -abs(contracts),
        average_price=exact(row.get("entryPrice"), info),
        unrealized_pnl=exact(row.get("unrealizedPnl"), info),
        position_id=f"{symbol}:{side}" if hedged else None,
    )


def _equities(exchange: Any, info: object) -> dict[str, Decimal]:
    """What the whole account is worth, in each of its currencies, where the exchange says so.

    Bybit's unified account tells ``totalEquity`` in USD, and of each currency what is held in it and what that is worth in USD
    (Bybit v5, "Get Wallet Balance"); from both follows its worth in that currency.
    """
    if not exchange.id.startswith("bybit") or not isinstance(info, Mapping):
        return {}
    result = info.get("result")
    accounts = result.get("list") if isinstance(result, Mapping) else None
    if not accounts or not isinstance(accounts[0], Mapping):
        return {}
    total = exact(accounts[0].get("totalEquity"))
    found: dict[str, Decimal] = {}
    for coin in accounts[0].get("coin") or ():
        held, worth = exact(coin.get("equity")), exact(coin.get("usdValue"))
        if total is not None and held and worth and worth / held > ZERO:
            with localcontext(prec=40):
                found[exchange.safe_currency_code(coin.get("coin"))] = (total * held / worth).quantize(_PLACES)
    return found
