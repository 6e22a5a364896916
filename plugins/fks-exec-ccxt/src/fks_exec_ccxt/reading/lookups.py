# SPDX-License-Identifier: MIT
"""Orders looked up by any of their names, and the list of those that rest: :class:`Lookups`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from fks_exec import ExecutionResult, OrderRef, OrderUpdate

from ..knowledge.kept import kept
from ..wire.outcomes import Unsettled
from . import attached, orderlists
from .pages import COMPLETE, Closed, full, older, raw_rows
from .reader import MOST_PAGES, Params, Reader, needs, page_of
from .results import Told, fills_of_leg, leg_of, result_of, update_of

if TYPE_CHECKING:
    from ..session.connection import Connection

SKEW = 60_000
"""Milliseconds by which the clocks here and there may differ, where orders are listed from a moment on."""

_DAY = 24 * 3600 * 1000

_PAGE = 50
"""Open orders of a full page at Bybit."""

_DERIBIT: tuple[Params, ...] = (
    {"include_unfilled": True},
    {"include_unfilled": True, "include_old": True, "historical": True},
)
"""What Deribit's closed orders are asked with: the latest half hour, and what is older (get_order_history_by_instrument)."""


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
        """What the exchange tells of an order, by its own name of it, else by ours; None only while it would still tell of it.

        Raises:
            VenueError, Unsettled: nothing is known.
        """
        found = await self._told(ref)
        if found is None and self._outlived(ref.submitted_at):
            raise Unsettled("the order is older than what this exchange keeps of orders that ended; compare with its records")
        return found

    def _outlived(self, submitted_at: int | None) -> bool:
        """Whether an order of that time may have ended and been forgotten there; without a time the caller vouches for it."""
        span = kept(self.reader.exchange.id, self.connection.config.market_type)
        if span is None or submitted_at is None:
            return False
        return self.connection.clock.now() - submitted_at > span - SKEW

    async def _told(self, ref: OrderRef) -> Told | None:
        symbol = needs(ref.symbol)
        if ref.order_id is not None:
            told = await self.reader.by_order_id(symbol, ref.order_id)
            if told is not None:
                return told
            if self.reader.exchange.id == "krakenfutures":
                return await self._forgotten(ref.order_id)
        if ref.venue_client_order_id is None:
            return None
        name = self.connection.traits.wire_id(ref.venue_client_order_id)
        if self.connection.traits.look_up == "by_id":
            return await self.reader.by_client_id(symbol, name)
        if self.connection.traits.look_up == "by_scan":
            return await self._scan(symbol, name, ref.submitted_at)
        raise Unsettled("this exchange finds no order by the id that we gave it, and its own id is not known")

    async def _forgotten(self, order_id: str) -> Told:
        """An order of Kraken's futures whose state is not told: that is told of open ones, and for 5 s of those that ended.

        Source: Kraken futures, "Get the status of specified orders". What has filled is in the history; of what was cancelled
        ccxt 4.5.90 cannot tell what was only placed, and a history that lacks an order proves nothing.

        Raises:
            Unsettled: it is not among those either.
        """
        exchange = self.reader.exchange
        for fetch in (exchange.fetch_open_orders, exchange.fetch_closed_orders):
            for told in map(self.reader.told, await self.reader.call(fetch)):
                if told.order_id == order_id:
                    return told
        raise Unsettled("the exchange forgets orders that have ended, and does not list this one; how it ended is not known")

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
                if not told.ended and (told.status is None or not told.status.terminal):
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
        asked = partial(exchange.fetch_open_orders, symbol, None)
        if self.reader.bybit:
            return await self.reader.pages(partial(asked, _PAGE), params, _PAGE)
        limit = page_of(exchange, symbol, "fetchOpenOrders")
        most = _OPEN.get(exchange.id) if limit is None or exchange.id == "mexc" else limit  # ccxt tells MEXC no limit
        at_once = whole_list(exchange.id, self.connection.config.market_type)
        found: list[Told] = []
        for _ in range(MOST_PAGES):
            with raw_rows(exchange) as rows:
                page = await self.reader.call(partial(asked, limit, params))
            found += [self.reader.told(row) for row in page]
            if at_once or not full(rows or [len(page)], most):
                return found
            params = {**params, **older(exchange.id, found[-len(page) :] if page else [], params)}
        raise Unsettled("the exchange lists more open orders than can be read in full; cancel some")

    def _scopes(self) -> list[Params]:
        """What all lists of open orders of the account are asked with."""
        return [{**scope, **kind} for scope in scopes(self.connection, "orders") for kind in self._kinds()]

    def _kinds(self) -> list[Params]:
        """The lists of open orders: those with a trigger have their own at some, and at OKX and Bitget each kind has one."""
        traits = self.connection.traits
        plans = [shelf.params for shelf in traits.trigger_lists if shelf.method == "fetch_open_orders"]
        if plans:
            return [{}, *plans]
        if self.reader.exchange.id in ("okx", "okxus", "myokx"):
            return [{}, *({"trigger": True, "ordType": kind} for kind in ("trigger", "conditional"))]
        return [{}, {"trigger": True}] if traits.conditional_apart else [{}]

    async def _scan(self, symbol: str, name: str, submitted_at: int | None) -> Told | None:
        """Among all orders since shortly before it was sent; exactly this name.

        Raises:
            Unsettled: it was not found, and that does not prove that it is not there.
        """
        exchange, reader = self.reader.exchange, self.reader
        if exchange.id == "kraken":
            return await self._by_cl_ord_id(name)
        for params in self._kinds():
            for told in await self._open(symbol, params):
                if reader.is_named(told, name):
                    return await reader.followed(told, symbol)
        if submitted_at is None:
            raise Unsettled("a look-up among closed orders needs the time at which the order was sent")
        kinds: list[Params] = [{}, {"trigger": True}] if self.connection.traits.conditional_look_up else [{}]
        for params in _DERIBIT if exchange.id == "deribit" else kinds:
            closed = Closed(reader, symbol, params)
            found = await closed.find(name, submitted_at - self._skew(), self.connection.clock.now() + self._skew())
            if found is not None:
                return await reader.followed(found, symbol)
        if exchange.id not in COMPLETE:
            raise Unsettled(
                "whether this exchange lists every order is not known, so that it lists none of this name proves nothing"
            )
        if not self.connection.traits.trigger_ids:
            raise Unsettled("this exchange does not tell our ids of orders with a trigger, so the look-up proves nothing")
        return None

    def _skew(self) -> int:
        """Milliseconds by which its times may differ from ours: what was measured, and the usual; a day where it tells none."""
        offset = self.connection.offset
        return _DAY if offset is None else abs(offset) + SKEW

    async def _by_cl_ord_id(self, name: str) -> Told | None:
        """Kraken's lists have pages of 50 orders of all instruments, and take the one name that is looked for.

        Source: Kraken, "Get Open Orders" and "Get Closed Orders" (cl_ord_id).
        """
        exchange = self.reader.exchange
        for fetch in (exchange.fetch_open_orders, exchange.fetch_closed_orders):
            rows = await self.reader.call(partial(fetch, None, None, None, {"clientOrderId": name}))
            for told in map(self.reader.told, rows):
                if self.reader.is_named(told, name):
                    return told
            if rows:
                raise Unsettled("the exchange was asked for one order and told of others; nothing is known")
        return None


def scopes(connection: Connection, of: str = "positions") -> list[Params]:
    """What a list of everything of an account is asked with: the parts that exchanges keep their contracts in.

    Args:
        of: ``orders``, ``positions`` or ``balance``.

    Raises:
        Unsettled: there are no such contracts; that is not "nothing held".
    """
    exchange, config = connection.exchange, connection.config
    if config.market_type != "swap":
        return [{}]
    markets: Iterable[Mapping[str, Any]] = exchange.markets.values()
    mine = [each for each in markets if each.get("swap") and config.settle in (None, each.get("settle"))]
    if not mine:
        raise Unsettled(f"{exchange.id} lists no contracts of {config.settle}, so what is held in them cannot be read")
    linear = sorted({str(each["settle"]) for each in mine if each.get("linear")})
    inverse = sorted({str(each["settle"]) for each in mine if each.get("inverse")})
    coins = sorted({*linear, *inverse})
    if exchange.id.startswith("bybit") and of != "balance":
        parts: list[Params] = [{"subType": "linear", "settleCoin": coin} for coin in linear]
        return parts + [{"subType": "inverse", "settleCoin": coin} for coin in inverse]
    if exchange.id == "binance":
        return [{"subType": kind} for kind, there in (("linear", linear), ("inverse", inverse)) if there]
    if exchange.id in ("gate", "gateio"):
        return [{"settle": coin.lower()} for coin in coins]
    if exchange.id == "bitget":
        return [dict(each) for each in dict.fromkeys(_bitget(coin, of) for coin in coins)]
    if exchange.id == "deribit" and of == "orders":
        return [{"currency": coin} for coin in coins]
    if exchange.id in ("kucoin", "kucoinfutures") and of == "balance":
        names = {str(each["settle"]): each.get("settleId") or each["settle"] for each in mine}
        return [{"code": coin, "currency": names[coin]} for coin in coins]  # XBT there is BTC here
    return [{}]


def _bitget(coin: str, of: str) -> tuple[tuple[str, str], ...]:
    """Contracts of USDT, of USDC, and all coins' own; positions are asked for by their margin too."""
    product = ("productType", f"{coin}-FUTURES" if coin in ("USDT", "USDC") else "COIN-FUTURES")
    return (product, ("marginCoin", coin)) if of == "positions" else (product,)


def whole_list(exchange_id: str, market_type: str) -> bool:
    """Whether open orders come in one list, by the exchange's documentation; others have pages."""
    return exchange_id.startswith("binance") or exchange_id in _WHOLE or (exchange_id, market_type) == ("mexc", "spot")


_WHOLE = frozenset({"kraken", "krakenfutures", "deribit", "bitfinex"})

_OPEN = {"okx": 100, "bitget": 100, "kucoin": 50, "gate": 100, "coinbase": 100, "woo": 25, "mexc": 20}
"""Open orders of a page where none is asked for, at least."""
