# SPDX-License-Identifier: MIT
"""Orders looked up by any of their names, and the list of those that rest: :class:`Lookups`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from fks_exec import ExecutionResult, OrderRef, OrderUpdate

from . import attached, orderlists
from .outcomes import Unsettled
from .reading import MOST_PAGES, Orders, Params, Reader, needs, page_of
from .results import Told, fills_of_leg, leg_of, result_of, update_of

if TYPE_CHECKING:
    from .connection import Connection

SKEW = 60_000
"""Milliseconds by which the clocks here and there may differ, where orders are listed from a moment on."""

_PAGE = 50
"""Orders of a full page, where ccxt does not tell how many an exchange gives; those that give fewer give 20 or more."""

_ROUND = frozenset({20, 25, 30, 40, 50, 100, 200, 250, 300, 500, 1000})
"""A page of just so many may be a full one."""


@frozen(kw_only=True)
class Lookups:
    """Looks orders of one account up.

    Args:
        connection: opened.
        urgent: before what is not; somebody waits for an exit.
        deadline: on the clock's monotonic time, seconds.
    """

    connection: Connection
    urgent: bool = False
    deadline: float | None = None

    @property
    def reader(self) -> Reader:
        """What reads single orders."""
        return Reader(connection=self.connection, urgent=self.urgent, deadline=self.deadline)

    async def find(self, ref: OrderRef) -> ExecutionResult | None:
        """How an order stands, with its trades and legs; None only for a clean "no such order".

        Raises:
            VenueError, Unsettled: the look-up failed, which proves nothing.
        """
        told = await self.told(ref)
        return None if told is None else await self.whole(told)

    async def told(self, ref: OrderRef) -> Told | None:
        """What the exchange tells of an order, by its own name of it, else by ours."""
        symbol = needs(ref.symbol)
        if ref.order_id is not None:
            told = await self.reader.by_order_id(symbol, ref.order_id)
            if told is not None:
                return told
        if ref.venue_client_order_id is None:
            return None
        name = self.connection.traits.wire_id(ref.venue_client_order_id)
        if self.connection.traits.look_up == "by_id":
            return await self.reader.by_client_id(symbol, name)
        if self.connection.traits.look_up == "by_scan":
            return await self._scan(symbol, name, ref.submitted_at)
        raise Unsettled("this exchange finds no order by the id that we gave it, and its own id is not known")

    async def whole(self, told: Told, roles: Iterable[str] | None = None) -> ExecutionResult:
        """How an order stands, with its trades and what belongs to it.

        Args:
            roles: of the legs that it was sent with; None: as the exchange tells.
        """
        if self.reader.binance and orderlists.listed(told):
            return (await orderlists.pair(self.reader, told)).result()
        told = await self.reader.with_trades(told)
        legs = await attached.legs(self.reader, told, roles)
        return result_of(told, legs=legs.legs, fills=legs.fills)

    async def open_orders(self) -> list[OrderUpdate]:
        """All that rests, ours or not, conditional orders and legs too, each once.

        Raises:
            VenueError, Unsettled: the list is not complete.
        """
        found: dict[str | None, Told] = {}
        for params in self._scopes():
            for told in await self._open(None, params):
                if told.status is None or not told.status.terminal:
                    found[told.order_id] = await self.reader.with_trades(told)
        return [self._listed(told, found.values()) for told in found.values()]

    def _listed(self, told: Told, every: Iterable[Told]) -> OrderUpdate:
        """With the name that the host knows, its role, and, of a stop that is linked with its target, that one."""
        linked = self._linked(told, every)
        name = None if told.client_id is None else self.connection.traits.host_id(told.client_id)
        return update_of(
            evolve(told, client_id=name),
            legs=[leg_of(other, orderlists.TARGET) for other in linked],
            fills=[fill for other in linked for fill in fills_of_leg(other, orderlists.TARGET)],
            leg=self._role(told),
        )

    def _linked(self, told: Told, every: Iterable[Told]) -> list[Told]:
        """The targets of a stop that was placed with them in one request: whoever lost its answer learns of them here."""
        if not (self.reader.binance and orderlists.listed(told)) or orderlists.role_of(told) != orderlists.STOP:
            return []
        number = str(told.info["orderListId"])
        others = (other for other in every if other is not told and orderlists.listed(other))
        return [other for other in others if (str(other.info["orderListId"]), other.symbol) == (number, told.symbol)]

    def _role(self, told: Told) -> str:
        if self.reader.binance and orderlists.listed(told):
            return orderlists.role_of(told)
        return attached.role_of(told) if self.reader.bybit else ""

    async def _open(self, symbol: str | None, params: Params) -> list[Told]:
        exchange = self.reader.exchange
        limit = _PAGE if self.reader.bybit else page_of(exchange, symbol, "fetchOpenOrders")
        return await self.reader.pages(lambda asked: exchange.fetch_open_orders(symbol, None, limit, asked), params, limit)

    def _scopes(self) -> list[Params]:
        """What all lists of open orders of the account are asked with."""
        kinds: list[Params] = [{}, {"trigger": True}] if self.connection.traits.conditional_apart else [{}]
        return [{**scope, **kind} for scope in scopes(self.connection) for kind in kinds]

    async def _scan(self, symbol: str, name: str, submitted_at: int | None) -> Told | None:
        """Among all orders since shortly before it was sent; exactly this name."""
        kinds: list[Params] = [{}, {"trigger": True}] if self.connection.traits.conditional_apart else [{}]
        for params in kinds:
            for told in await self._open(symbol, params):
                if self.reader.is_named(told, name):
                    return told
        if submitted_at is None:
            raise Unsettled("a look-up among closed orders needs the time at which the order was sent")
        for params in kinds:
            found = await _Closed(self.reader, symbol, params).find(
                name, submitted_at - SKEW, self.connection.clock.now() + SKEW
            )
            if found is not None:
                return found
        if not self.connection.traits.trigger_ids:
            raise Unsettled("this exchange does not tell our ids of orders with a trigger, so the look-up proves nothing")
        return None


def scopes(connection: Connection) -> list[Params]:
    """What a list of everything of an account is asked with: the parts that exchanges keep their contracts in."""
    exchange, config = connection.exchange, connection.config
    if config.market_type != "swap":
        return [{}]
    markets: Iterable[Mapping[str, Any]] = exchange.markets.values()
    mine = [each for each in markets if each.get("swap") and config.settle in (None, each.get("settle"))]
    linear = any(each.get("linear") for each in mine)
    inverse = any(each.get("inverse") for each in mine)
    if exchange.id.startswith("bybit"):
        coins = sorted({str(each["settle"]) for each in mine if each.get("linear")})
        more = sorted({str(each["settle"]) for each in mine if each.get("inverse")})
        parts: list[Params] = [{"subType": "linear", "settleCoin": coin} for coin in coins]
        return parts + [{"subType": "inverse", "settleCoin": coin} for coin in more]
    if exchange.id == "binance":
        return [{"subType": kind} for kind, there in (("linear", linear), ("inverse", inverse)) if there]
    return [{}]


class _Closed:
    """Closed orders of one instrument.

    A page that may be full is asked for again as two halves of its time: whichever end an exchange begins with, nothing between
    them is missed.
    """

    def __init__(self, reader: Reader, symbol: str, params: Params) -> None:
        self._reader = reader
        self._symbol = symbol
        self._params = params
        exchange = reader.exchange
        name = next((name for name in _LISTS if exchange.has.get(name) is True), None)
        if name is None:
            raise Unsettled("this exchange lists no closed orders, so an order cannot be looked for by the id that we gave it")
        self._fetch: Any = getattr(exchange, _LISTS[name])
        self._limit = page_of(exchange, symbol, name)

    async def find(self, name: str, since: int, now: int) -> Told | None:
        """The order of this name; None when every order of that time was seen and none has it.

        Args:
            since, now: the time, epoch milliseconds.

        Raises:
            Unsettled: not every order can be had.
        """
        windows: list[tuple[int, int]] = [(since, now)]
        for _ in range(MOST_PAGES):
            start, end = windows.pop()
            page = await self._page(start, None if end == now else end)
            match = next((told for told in page if self._reader.is_named(told, name)), None)
            if match is not None:
                return match
            if self._full(page):
                if start >= end or not all(told.time is not None and start <= told.time <= end for told in page):
                    break  # it does not heed the time it is asked for
                middle = (start + end) // 2
                windows += [(start, middle), (middle + 1, end)]
            if not windows:
                return None
        raise Unsettled("the exchange lists more closed orders than can be read in full, so the look-up proves nothing")

    async def _page(self, since: int, until: int | None) -> list[Told]:
        params = dict(self._params) if until is None else {**self._params, "until": until}
        fetch, symbol, limit = self._fetch, self._symbol, self._limit
        rows: Orders = await self._reader.call(lambda: fetch(symbol, since, limit, params))
        return [self._reader.told(row) for row in rows]

    def _full(self, page: list[Told]) -> bool:
        return len(page) in _ROUND if self._limit is None else len(page) >= self._limit


_LISTS = {
    "fetchOrders": "fetch_orders",
    "fetchCanceledAndClosedOrders": "fetch_canceled_and_closed_orders",
    "fetchClosedOrders": "fetch_closed_orders",
}
"""ccxt's lists of closed orders, the most complete first: some list under ``fetchClosedOrders`` only what has filled."""
