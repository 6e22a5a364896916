# SPDX-License-Identifier: MIT
"""The signed endpoints: orders, lists of orders, trades, the account. Each reads its parameters, does, answers with data."""

from __future__ import annotations

from typing import Any

from . import answers
from .limits import Limits
from .matching import Engine
from .parameters import CLIENT_ID, Parameters
from .placing import check_relation, client_id, named_symbol, new_list, new_order
from .records import OrderList, SpotOrder
from .refusals import RESTRICTED, Refused

NOTHING_NAMED = "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
NO_LIST = "Unknown order list sent."
DAY = 86_400_000


class Trading:
    """What an account can ask.

    Args:
        engine: that does it.
        limits: of orders.
    """

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._engine = engine
        self._book = engine.book
        self._limits = limits

    def place(self, parameters: Parameters, account: str, manner: str) -> Any:
        """POST order."""
        order = new_order(self._engine, parameters, account)
        self._engine.check(order)
        self._limits.order(account, self._engine.now())
        self._engine.take(order, manner)
        return answers.acknowledged(order, order.updated)

    def test(self, parameters: Parameters, account: str, manner: str) -> Any:
        """POST order/test."""
        self._engine.check(new_order(self._engine, parameters, account))
        return {}

    def place_list(self, parameters: Parameters, account: str, manner: str) -> Any:
        """POST orderList/oco."""
        linked = new_list(self._engine, parameters, account)
        check_relation(self._engine, linked)
        self._book.check_list_name(account, linked.client_id)
        self._engine.check(*linked.orders)
        self._limits.order(account, self._engine.now(), 2)
        self._engine.take_list(linked)
        reports = [answers.acknowledged(order, linked.time) for order in linked.orders]
        return answers.listed(linked) | {"orderReports": reports}

    def cancel(self, parameters: Parameters, account: str, manner: str) -> Any:
        """DELETE order; of a linked one the whole list."""
        found = self._named(parameters, account)
        name = client_id(parameters, "newClientOrderId", self._engine.now())
        wanted = parameters.one_of("cancelRestrictions", ("ONLY_NEW", "ONLY_PARTIALLY_FILLED"), -1145)
        parameters.finish()
        if found is None or not found.open:
            raise Refused(-2011)
        if wanted is not None and wanted != f"ONLY_{found.status}":
            raise Refused(-2011, RESTRICTED)
        self._engine.cancel(found)
        return self._cancelled([found], name)[0]

    def cancel_all(self, parameters: Parameters, account: str, manner: str) -> Any:
        """DELETE openOrders."""
        symbol = named_symbol(self._engine, parameters)
        parameters.finish()
        every = self._book.open_orders(account, symbol.name)
        if not every:
            raise Refused(-2011)
        for order in every:
            if order.open:
                self._engine.cancel(order)
        return self._cancelled(every, f"x{self._engine.now():021d}")

    def cancel_list(self, parameters: Parameters, account: str, manner: str) -> Any:
        """DELETE orderList."""
        symbol = named_symbol(self._engine, parameters)
        found = self._named_list(parameters, account, "listClientOrderId")
        name = client_id(parameters, "newClientOrderId", self._engine.now())
        parameters.finish()
        if found is None or not found.open or found.symbol != symbol.name:
            raise Refused(-2011, NO_LIST)
        self._engine.cancel(next(order for order in found.orders if order.open))
        return self._cancelled(found.orders, name)[0]

    def _cancelled(self, orders: list[SpotOrder], name: str) -> list[dict[str, Any]]:
        """Reports of orders; those of one list together."""
        now, told, seen = self._engine.now(), [], set()
        for order in orders:
            if order.linked is None:
                told.append(answers.cancelled(order, name, now))
            elif order.linked.list_id not in seen:
                seen.add(order.linked.list_id)
                reports = [answers.cancelled(each, name, now) for each in order.linked.orders]
                told.append(answers.listed(order.linked, now) | {"orderReports": reports})
        return told

    def look_up(self, parameters: Parameters, account: str, manner: str) -> Any:
        """GET order."""
        found = self._named(parameters, account)
        parameters.finish()
        if found is None:
            raise Refused(-2013)
        return answers.queried(found)

    def open_orders(self, parameters: Parameters, account: str, manner: str) -> Any:
        """GET openOrders."""
        symbol = named_symbol(self._engine, parameters).name if "symbol" in parameters else None
        parameters.finish()
        return [answers.queried(order) for order in self._book.open_orders(account, symbol)]

    def all_orders(self, parameters: Parameters, account: str, manner: str) -> Any:
        """GET allOrders: from an id or a time on the oldest, else the last."""
        symbol, first = named_symbol(self._engine, parameters), parameters.integer("orderId")
        since, until = self._times(parameters)
        limit = self._limit(parameters)
        every = [order for order in self._book.orders if (order.account, order.symbol) == (account, symbol.name)]
        every = [order for order in every if order.order_id >= (first or 0) and since <= order.time <= until]
        chosen = every[:limit] if first is not None or since else every[-limit:]
        return [answers.queried(order) for order in chosen]

    def trades(self, parameters: Parameters, account: str, manner: str) -> Any:
        """GET myTrades: from an id or a time on the oldest, else the last."""
        symbol, order_id = named_symbol(self._engine, parameters), parameters.integer("orderId")
        first = parameters.integer("fromId")
        since, until = self._times(parameters)
        limit = self._limit(parameters)
        orders = [order for order in self._book.orders if (order.account, order.symbol) == (account, symbol.name)]
        every = [(trade, order) for order in orders if order_id in (None, order.order_id) for trade in order.trades]
        every = [each for each in every if each[0].trade_id >= (first or 0) and since <= each[0].time <= until]
        every.sort(key=lambda each: each[0].trade_id)
        chosen = every[:limit] if first is not None or since else every[-limit:]
        return [answers.traded(order, trade) for trade, order in chosen]

    def look_up_list(self, parameters: Parameters, account: str, manner: str) -> Any:
        """GET orderList."""
        found = self._named_list(parameters, account, "origClientOrderId")
        parameters.finish()
        if found is None:
            raise Refused(-2013)
        return answers.listed(found)

    def open_lists(self, parameters: Parameters, account: str, manner: str) -> Any:
        """GET openOrderList."""
        parameters.finish()
        return [answers.listed(each) for each in self._book.lists if each.account == account and each.open]

    def all_lists(self, parameters: Parameters, account: str, manner: str) -> Any:
        """GET allOrderList."""
        first = parameters.integer("fromId")
        since, until = self._times(parameters)
        limit = self._limit(parameters)
        every = [each for each in self._book.lists if each.account == account and each.list_id >= (first or 0)]
        every = [each for each in every if since <= each.time <= until]
        return [answers.listed(each) for each in (every[:limit] if first is not None or since else every[-limit:])]

    def account(self, parameters: Parameters, account: str, manner: str) -> Any:
        """GET account."""
        without_zero = parameters.text("omitZeroBalances") == "true"
        parameters.finish()
        return answers.account(self._book, account, self._engine.assets, self._engine.now(), without_zero=without_zero)

    def _named(self, parameters: Parameters, account: str) -> SpotOrder | None:
        symbol = named_symbol(self._engine, parameters)
        order_id = parameters.integer("orderId")
        name = parameters.matching("origClientOrderId", CLIENT_ID)
        if order_id is None and name is None:
            raise Refused(-1102, NOTHING_NAMED)
        return self._book.find(account, symbol.name, order_id, name)

    def _named_list(self, parameters: Parameters, account: str, field: str) -> OrderList | None:
        list_id, name = parameters.integer("orderListId"), parameters.matching(field, CLIENT_ID)
        if list_id is None and name is None:
            raise Refused(-1102, f"Param '{field}' or 'orderListId' must be sent, but both were empty/null!")
        for linked in reversed(self._book.lists):
            if linked.account == account and list_id in (None, linked.list_id) and name in (None, linked.client_id):
                return linked
        return None

    def _times(self, parameters: Parameters) -> tuple[int, int]:
        since, until = parameters.integer("startTime"), parameters.integer("endTime")
        if since is not None and until is not None and until - since > DAY:
            raise Refused(-1127)
        return since or 0, until if until is not None else 2**62

    def _limit(self, parameters: Parameters) -> int:
        limit = parameters.integer("limit")
        parameters.finish()
        return 500 if limit is None else min(max(limit, 1), 1000)
