# SPDX-License-Identifier: MIT
"""How orders, lists, trades, balances and prices are written in answers (rest-api.md of Binance's spot documents)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from .orders import Book
from .records import ZERO, Market, OrderList, SpotOrder, Trade, fixed
from .rules import Symbol

UNLIMITED = Decimal(1_000_000)
"""The size that is told where a taker gets as much as he wants."""

DAY = 86_400_000


def acknowledged(order: SpotOrder, now: int) -> dict[str, Any]:
    """The answer to a new order: as ``newOrderRespType`` wants it."""
    told: dict[str, Any] = {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": _list_id(order),
        "clientOrderId": order.client_id,
        "transactTime": now,
    }
    if order.answer == "ACK":
        return told
    told |= _state(order) | {"workingTime": order.working_time, "selfTradePreventionMode": "NONE"}
    return told | {"fills": [_fill(trade) for trade in order.trades]} if order.answer == "FULL" else told


def queried(order: SpotOrder) -> dict[str, Any]:
    """An order as a look-up has it."""
    return {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": _list_id(order),
        "clientOrderId": order.client_id,
        **_state(order),
        "stopPrice": fixed(order.stop_price or ZERO),
        "icebergQty": fixed(ZERO),
        "time": order.time,
        "updateTime": order.updated,
        "isWorking": not order.waits,
        "workingTime": order.working_time,
        "selfTradePreventionMode": "NONE",
    }


def cancelled(order: SpotOrder, name: str, now: int) -> dict[str, Any]:
    """The answer to a cancel, which has a client's id of its own."""
    return {
        "symbol": order.symbol,
        "origClientOrderId": order.client_id,
        "orderId": order.order_id,
        "orderListId": _list_id(order),
        "clientOrderId": name,
        "transactTime": now,
        **_state(order),
        "selfTradePreventionMode": "NONE",
    }


def listed(linked: OrderList, now: int | None = None) -> dict[str, Any]:
    """A list of orders."""
    words = ("EXEC_STARTED", "EXECUTING") if linked.open else ("ALL_DONE", "ALL_DONE")
    return {
        "orderListId": linked.list_id,
        "contingencyType": "OCO",
        "listStatusType": words[0],
        "listOrderStatus": words[1],
        "listClientOrderId": linked.client_id,
        "transactionTime": linked.time if now is None else now,
        "symbol": linked.symbol,
        "orders": [
            {"symbol": order.symbol, "orderId": order.order_id, "clientOrderId": order.client_id} for order in linked.orders
        ],
    }


def traded(order: SpotOrder, trade: Trade) -> dict[str, Any]:
    """A trade as ``myTrades`` has it."""
    return {
        "symbol": order.symbol,
        "id": trade.trade_id,
        "orderId": order.order_id,
        "orderListId": _list_id(order),
        "price": fixed(trade.price),
        "qty": fixed(trade.quantity),
        "quoteQty": fixed(trade.quantity * trade.price),
        "commission": fixed(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": trade.time,
        "isBuyer": order.buys,
        "isMaker": trade.maker,
        "isBestMatch": True,
    }


def account(book: Book, key: str, assets: Iterable[tuple[str, str, str]], now: int, *, without_zero: bool) -> dict[str, Any]:
    """What an account holds."""
    locked, totals = book.locked(key, assets), book.totals[key]
    balances = [
        {"asset": asset, "free": fixed(totals[asset] - locked[asset]), "locked": fixed(locked[asset])}
        for asset in book.assets
        if totals[asset] or not without_zero
    ]
    rates = {"maker": fixed(Decimal("0.001")), "taker": fixed(Decimal("0.001")), "buyer": fixed(ZERO), "seller": fixed(ZERO)}
    return {
        "makerCommission": 10,
        "takerCommission": 10,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": rates,
        **dict.fromkeys(("canTrade", "canWithdraw", "canDeposit"), True),
        **dict.fromkeys(("brokered", "requireSelfTradePrevention", "preventSor"), False),
        "updateTime": now,
        "accountType": "SPOT",
        "balances": balances,
        "permissions": ["SPOT"],
        "uid": 1000 + sorted(book.totals).index(key),
    }


def best(symbol: Symbol, market: Market) -> dict[str, Any]:
    """The best prices."""
    return {
        "symbol": symbol.name,
        "bidPrice": fixed(market.bid),
        "bidQty": fixed(_told(market.bid_size)),
        "askPrice": fixed(market.ask),
        "askQty": fixed(_told(market.ask_size)),
    }


def day(symbol: Symbol, market: Market, now: int) -> dict[str, Any]:
    """The statistics of a day in which the price did not move."""
    prices = ("weightedAvgPrice", "prevClosePrice", "lastPrice", "openPrice", "highPrice", "lowPrice")
    nothing = ("priceChange", "lastQty", "volume", "quoteVolume")
    return {
        **best(symbol, market),
        **dict.fromkeys(prices, fixed(market.last)),
        **dict.fromkeys(nothing, fixed(ZERO)),
        "priceChangePercent": "0.000",
        "openTime": now - DAY,
        "closeTime": now,
        "firstId": -1,
        "lastId": -1,
        "count": 0,
    }


def depth(market: Market, now: int) -> dict[str, Any]:
    """The book of orders: one price on each side; none where nothing is offered."""
    sides = {"bids": (market.bid, _told(market.bid_size)), "asks": (market.ask, _told(market.ask_size))}
    return {"lastUpdateId": now} | {
        name: [[fixed(price), fixed(size)]] if size > 0 else [] for name, (price, size) in sides.items()
    }


def without_ids(data: Any) -> Any:
    """An answer without the exchange's ids of orders."""
    if isinstance(data, list):
        return [without_ids(each) for each in data]
    if isinstance(data, dict):
        return {name: without_ids(each) for name, each in data.items() if name not in ("orderId", "orderListId")}
    return data


def _told(size: Decimal | None) -> Decimal:
    return UNLIMITED if size is None else size


def _list_id(order: SpotOrder) -> int:
    return -1 if order.linked is None else order.linked.list_id


def _state(order: SpotOrder) -> dict[str, Any]:
    told: dict[str, Any] = {
        "price": fixed(order.price or ZERO),
        "origQty": fixed(order.quantity),
        "executedQty": fixed(order.filled),
        "origQuoteOrderQty": fixed(order.quote_quantity),
        "cummulativeQuoteQty": fixed(order.cost),
        "status": order.status,
        "timeInForce": order.time_in_force,
        "type": order.type,
        "side": order.side,
    }
    if order.stop_price is not None:
        told["stopPrice"] = fixed(order.stop_price)
    return told | ({"expiryReason": order.expiry} if order.expiry else {})


def _fill(trade: Trade) -> dict[str, Any]:
    return {
        "price": fixed(trade.price),
        "qty": fixed(trade.quantity),
        "commission": fixed(trade.fee),
        "commissionAsset": trade.fee_asset,
        "tradeId": trade.trade_id,
    }
