# SPDX-License-Identifier: MIT
"""Single orders, their trades, and lists of orders, as they are read from an exchange: :class:`Reader`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from attrs import evolve, frozen

from fks_exec import VenueError, VenueRejected

from ..wire.outcomes import Unsettled
from .fired import fired
from .results import Told, read_order, with_trades

if TYPE_CHECKING:
    from ..session.connection import Connection

T = TypeVar("T")
Params: TypeAlias = Mapping[str, Any]
Orders: TypeAlias = list[Mapping[str, Any]]

UNKNOWN_ORDER = "UNKNOWN_ORDER"
"""The code of a refusal that says: there is no such order."""

MOST_PAGES = 40
"""A list that is longer is not read to its end."""

_TRADES = 100
"""Trades of a page, where ccxt does not tell how many an exchange gives."""


@frozen(kw_only=True)
class Reader:
    """Reads orders of one account.

    Args:
        connection: opened.
        urgent: before what is not; somebody waits for an exit.
        deadline: on the clock's monotonic time, seconds.
    """

    connection: Connection
    urgent: bool = False
    deadline: float | None = None

    @property
    def exchange(self) -> Any:
        """ccxt's."""
        return self.connection.exchange

    @property
    def bybit(self) -> bool:
        """Bybit lists any order by either of its names, whatever its state."""
        return self.exchange.id in ("bybit", "bybiteu")

    @property
    def binance(self) -> bool:
        """One of Binance's own."""
        return str(self.exchange.id).startswith("binance")

    async def call(self, factory: Callable[[], Awaitable[T]]) -> T:
        """One call of ccxt's that changes nothing.

        Raises:
            VenueError, Unsettled: nothing was read.
        """
        return await self.connection.call(factory, urgent=self.urgent, deadline=self.deadline, reading=True)

    async def maybe(self, factory: Callable[[], Awaitable[T]]) -> T | None:
        """As :meth:`call`; None where the exchange says that there is no such order."""
        try:
            return await self.call(factory)
        except VenueRejected as refusal:
            if refusal.code != UNKNOWN_ORDER:
                raise
            return None

    async def by_order_id(self, symbol: str, order_id: str) -> Told | None:
        """An order by the exchange's own name of it."""
        if self.bybit:
            return await self._bybit(symbol, {"orderId": order_id})
        if self._bitget_spot:
            return await self._bitget(symbol, {"orderId": order_id})
        refused: VenueRejected | None = None
        for params in self._kinds():
            try:
                order = await self.maybe(partial(self._numbered, symbol, order_id, params))
            except VenueRejected as refusal:
                refused = refused or refusal
                continue
            if order is not None:
                if self._bitfinex and order.get("id") is None:
                    return await self._ended_at_bitfinex(symbol, order_id)
                return await self._that(order, order_id, symbol)
        return self._unless(refused, await self._shelved(symbol, 0, order_id))

    async def by_client_id(self, symbol: str, client_id: str) -> Told | None:
        """An order by our own name of it, as it was on the wire."""
        if self.bybit:
            return await self._bybit(symbol, {"orderLinkId": client_id})
        if self._bitget_spot:
            return await self._bitget(symbol, {"clientOid": client_id})
        refused: VenueRejected | None = None
        for params in self._kinds():
            try:
                order = await self.maybe(partial(self._named, symbol, client_id, params))
            except VenueRejected as refusal:
                refused = refused or refusal
                continue
            if order is not None:
                told = self.told(order)
                if self._kucoin_stop(told, params):
                    continue
                if told.order_id is None or not self.is_named(told, client_id, unless_told=True):
                    raise Unsettled("the exchange's answer to a look-up is of no order, or of another one; nothing is known")
                return await self.followed(told, symbol)
        return self._unless(refused, await self._shelved(symbol, 1, client_id))

    async def _numbered(self, symbol: str, order_id: str, params: Params) -> Any:
        if self.exchange.id == "krakenfutures":
            return await self._krakenfutures(order_id)
        return await self.exchange.fetch_order(order_id, symbol, params)

    async def _krakenfutures(self, order_id: str) -> Any:
        """Kraken's futures tell of single orders by POST ("Get Specific Orders' Status"); ccxt 4.5.90 asks by GET."""
        asked = {"orderIds": [order_id]}
        answer = await self.exchange.request("orders/status", ["private"], "POST", asked, {"cost": 1})
        rows = answer.get("orders") if isinstance(answer, Mapping) else None
        if not isinstance(rows, list):
            raise Unsettled("the exchange's answer to a look-up tells of no list of orders; nothing is known")
        return next((order for order in self.exchange.parse_orders(rows) if order.get("id") == order_id), None)

    async def _named(self, symbol: str, client_id: str, params: Params) -> Any:
        if self.exchange.id == "woo" and params:
            return await self._woo_algo(symbol, client_id)
        return await self.exchange.fetch_order(None, symbol, {**params, "clientOrderId": client_id})

    async def _woo_algo(self, symbol: str, client_id: str) -> Any:
        """WOO knows a stop by its clientAlgoOrderId, and refuses what else it does not know (-1004): ccxt's word beside it.

        Raises:
            Unsettled: its answer tells of no order.
        """
        answer = await self.exchange.v3_private_get_trade_algoorder({"clientAlgoOrderId": client_id})
        row = answer.get("data") if isinstance(answer, Mapping) else None
        if not isinstance(row, Mapping) or not row:
            raise Unsettled("the exchange's answer to a look-up is of no order, or of another one; nothing is known")
        return self.exchange.parse_order(row, self.exchange.market(symbol))

    def _unless(self, refused: VenueRejected | None, found: Told | None) -> Told | None:
        """What one place has is found, whatever another one refuses; that none has it proves nothing then.

        WOO may say of an order that it does not have that "the data is not found", in words that ccxt takes for bad parameters.

        Raises:
            VenueRejected: that refusal.
        """
        if found is None and refused is not None:
            raise refused
        return found

    async def _shelved(self, symbol: str, which: int, name: str) -> Told | None:
        """An order with a trigger, where an exchange tells of those in lists only, each asked for the one name.

        Args:
            which: 0 for the exchange's own name of it, 1 for ours.
        """
        traits = self.connection.traits
        for shelf in traits.trigger_lists:
            fetch, asked = getattr(self.exchange, shelf.method), {**shelf.params, traits.trigger_words[which]: name}
            rows = await self.maybe(partial(fetch, symbol, None, None, asked)) or []
            for told in map(self.told, rows):
                if told.order_id == name if which == 0 else self.is_named(told, name):
                    return await self.followed(told, symbol)
            if rows:
                raise Unsettled("the exchange was asked for one order and told of others; nothing is known")
        return None

    async def with_trades(self, told: Told) -> Told:
        """An order with its trades, fees and all, where something has filled and its trades are not told yet."""
        if not (told.filled or told.unsaid) or told.fills or told.order_id is None or told.symbol is None:
            return told
        trades: Orders = []
        params: Params = self._of_order(told.order_id)
        for _ in range(MOST_PAGES):
            page = await self._trades(told, params)
            trades += page
            whole = with_trades(told, trades)
            following = self._next(page, params)
            if whole.fills or following is None:
                return whole
            params = following
        return with_trades(told, trades)

    def is_named(self, told: Told, client_id: str, *, unless_told: bool = False) -> bool:
        """Whether an order has our name, as on the wire or as the host knows it.

        Args:
            unless_told: what an order has that tells no name.
        """
        if told.client_id is None:
            return unless_told
        return told.client_id in (client_id, self.connection.traits.host_id(client_id))

    def told(self, order: Mapping[str, Any]) -> Told:
        """What one of ccxt's orders says."""
        told = read_order(order, by_cost=self._by_cost(order.get("symbol")))
        if told.client_id is not None:
            return told
        names = (told.info.get(word) for word in (*self.connection.traits.id_fields, *_OUR_NAMES))
        return evolve(told, client_id=next((name for name in names if isinstance(name, str) and name), None))

    def _by_cost(self, symbol: object) -> bool:
        """Whether a purchase at the market is ordered in quote currency there, as the probe of our own orders found."""
        return symbol in self.connection.markets and self.connection.probed(str(symbol)).cost_market_buy

    async def pages(self, fetch: Callable[[Params], Awaitable[Orders]], params: Params, limit: int | None) -> list[Told]:
        """All pages of a list of orders.

        Args:
            limit: orders of a full page; None: the list comes whole.

        Raises:
            Unsettled: there are more than can be read: what is not in the part that came may be in the rest.
        """
        found: dict[str | None, Told] = {}
        for _ in range(MOST_PAGES):
            page = await self.call(partial(fetch, params))
            found.update({order.get("id"): self.told(order) for order in page})
            if limit is None or len(page) < limit:
                return list(found.values())
            cursor = cursor_of(page)
            if cursor is None and self.bybit:
                return list(found.values())  # a full page, and the last
            if cursor is None:
                break
            params = {**params, "cursor": cursor}
        raise Unsettled("the exchange lists more orders than can be read in full, so a look-up proves nothing; cancel some")

    def _kinds(self) -> list[Params]:
        """Where one order can be: at some exchanges one with a trigger is asked for elsewhere."""
        return [{}, {"trigger": True}] if self.connection.traits.conditional_look_up else [{}]

    async def _that(self, order: Mapping[str, Any], order_id: str, symbol: str) -> Told:
        told = self.told(order)
        if told.order_id != order_id:
            raise Unsettled("the exchange's answer to a look-up is of no order, or of another one; nothing is known")
        return await self.followed(told, symbol)

    async def followed(self, told: Told, symbol: str) -> Told:
        """A conditional order that has fired is an order of another number; what it filled stands there.

        Raises:
            Unsettled: it has fired, and that order is not shown: nothing is known.
        """
        actual = fired(told)
        if actual is None:
            return told
        order = await self.maybe(lambda: self.exchange.fetch_order(actual, symbol))
        if order is None:
            raise Unsettled("a conditional order has fired, and the order that it made is not shown by the exchange")
        return await self.with_trades(self.told(order))

    async def _bybit(self, symbol: str, name: Params) -> Told | None:
        """Open and recent orders first, then the history; of both, the one with this name.

        Source: Bybit v5, "Get Open & Closed Orders": asked by ``orderId`` or ``orderLinkId`` it answers orders of any state;
        after a restart of theirs, only the history does.
        """
        for fetch in (self.exchange.fetch_open_orders, self.exchange.fetch_canceled_and_closed_orders):
            orders = await self.call(partial(fetch, symbol, None, None, dict(name)))
            for told in map(self.told, orders):
                if {"orderId": told.order_id, "orderLinkId": told.client_id}[next(iter(name))] == next(iter(name.values())):
                    return told
        return None

    @property
    def _bitfinex(self) -> bool:
        return str(self.exchange.id).startswith("bitfinex")

    async def _ended_at_bitfinex(self, symbol: str, order_id: str) -> Told | None:
        """Bitfinex tells by its number of an order that rests, or else, in its history, of one that has ended."""
        fetch = self.exchange.fetch_closed_orders
        for told in map(self.told, await self.call(lambda: fetch(symbol, None, None, {"id": [int(order_id)]}))):
            if told.order_id == order_id:
                return told
        return None

    @property
    def _bitget_spot(self) -> bool:
        return self.exchange.id == "bitget" and self.connection.config.market_type == "spot"

    async def _bitget(self, symbol: str, name: Params) -> Told | None:
        """Bitget tells of a spot order in a list, and of none in an empty one, which ccxt cannot read ("Get Order Info").

        Raises:
            Unsettled: its answer has no list, or tells of another order.
        """
        answer: Any = await self.maybe(lambda: self.exchange.private_spot_get_v2_spot_trade_orderinfo(dict(name)))
        if answer is None:
            return None
        rows = answer.get("data") if isinstance(answer, Mapping) else None
        if not isinstance(rows, list):
            raise Unsettled("the exchange's answer to a look-up tells of no list of orders; nothing is known")
        if not rows:
            return None
        ((word, text),) = name.items()
        row = next((row for row in rows if isinstance(row, Mapping) and str(row.get(word)) == text), None)
        if row is None:
            raise Unsettled("the exchange's answer to a look-up is of another order; nothing is known")
        return self.told(self.exchange.parse_order(row, self.exchange.market(symbol)))

    def _kucoin_stop(self, told: Told, params: Params) -> bool:
        """Whether KuCoin told an empty list of stops of our name (spot, "Get Stop Order By ClientOid"): of none, then."""
        spot = self.exchange.id == "kucoin" and self.connection.config.market_type == "spot"
        return spot and bool(params) and not told.info

    def _of_order(self, order_id: str) -> Params:
        return {"orderId": order_id} if self.binance or self.bybit else {}

    async def _trades(self, told: Told, params: Params) -> Orders:
        exchange, symbol, order_id = self.exchange, told.symbol, told.order_id
        limit = _limit(exchange, symbol, "fetchMyTrades") or _TRADES
        if params:
            return await self.call(lambda: exchange.fetch_my_trades(symbol, None, limit, params))
        if exchange.has.get("fetchOrderTrades"):
            return await self.call(lambda: exchange.fetch_order_trades(order_id, symbol))
        if not exchange.has.get("fetchMyTrades"):
            return []
        since = None if told.time is None else told.time - 1000
        trades = await self.call(lambda: exchange.fetch_my_trades(symbol, since, limit))
        return [trade for trade in trades if trade.get("order")]  # one that names no order may be of any

    def _next(self, page: Orders, params: Params) -> Params | None:
        """What to ask for the page behind this one; None: there is none, or it cannot be asked for."""
        if not page:
            return None
        if self.binance:
            return {**params, "fromId": int(max(page, key=lambda trade: int(trade["id"]))["id"]) + 1}
        cursor = cursor_of(page)
        return {**params, "cursor": cursor} if self.bybit and cursor is not None else None


_OUR_NAMES = ("label", "externalOid")
"""Where Deribit and MEXC's contracts tell our id, which ccxt 4.5.90 does not read."""


def page_of(exchange: Any, symbol: str | None, method: str) -> int | None:
    """How many orders a full page of a list has, by ccxt's own table; None where it tells none."""
    return _limit(exchange, symbol, method)


def cursor_of(page: Orders) -> str | None:
    """Where the next page begins; Bybit's tells it, and ccxt puts it into one of the rows."""
    rows = (each.get("info") for each in page)
    cursors = (row.get("nextPageCursor") for row in rows if isinstance(row, Mapping))
    return next((str(cursor) for cursor in cursors if cursor), None)


def market_of(connection: Connection, symbol: str) -> Mapping[str, Any]:
    """ccxt's market of a canonical symbol.

    Raises:
        VenueRejected: there is none.
    """
    market: Mapping[str, Any] | None = connection.markets.get(symbol)
    if market is None:
        connection.doubt_markets()
        raise VenueRejected(f"{connection.exchange.id} lists no {symbol!a:.60}; resolve the symbol first", code="BAD_SYMBOL")
    return market


def needs(symbol: str | None) -> str:
    """The symbol, which exchanges keep orders under.

    Raises:
        VenueError: there is none.
    """
    if not symbol:
        raise VenueError("an order is looked up under its symbol; name it", code="NO_SYMBOL")
    return symbol


def _limit(exchange: Any, symbol: str | None, method: str) -> int | None:
    limit = None if symbol is None else exchange.feature_value(symbol, method, "limit")
    return limit if isinstance(limit, int) else None
