# SPDX-License-Identifier: MIT
"""A stop and a target that cancel each other, in one request: Binance spot's order list of the kind OCO.

Source: Binance spot, "New order list - OCO": of the order above the market and the one below, one is LIMIT_MAKER or a take
profit and the other a stop; "Cancel order": cancelling one of a list cancels the list; of a list whose one order has traded
the other is EXPIRED. ccxt 4.5.90 has no unified method for it, so the route is called by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from attrs import evolve, frozen

from fks_exec import ExecutionResult, Fill, Leg, Protection, Side
from fks_exec.model.numbers import plain

from ..wire.outcomes import Unsettled
from .reader import Reader
from .results import ZERO, Told, fills_of_leg, leg_of, result_of

STOP, TARGET = "stop_loss", "take_profit"

_LONGEST_ID = 36
"""Letters of an id of ours at Binance."""


@frozen
class Pair:
    """Two orders of one list.

    Args:
        head: the one that is asked about.
        others: those that are linked with it, by role.
    """

    head: Told
    others: tuple[tuple[str, Told], ...]

    def result(self) -> ExecutionResult:
        """How the head stands, and its siblings as its legs."""
        traded = [told for told in (self.head, *(told for _, told in self.others)) if told.filled]
        legs: list[Leg] = []
        fills: list[Fill] = []
        for role, told in self.others:
            legs.append(leg_of(_given_way(told, traded), role))
            fills += fills_of_leg(told, role)
        return result_of(_given_way(self.head, traded), legs=legs, fills=fills)


def request(protection: Protection, name: str, market: Mapping[str, Any]) -> dict[str, str]:
    """What is sent for a stop and its target.

    Args:
        protection: a stop with a target price.
        name: the stop's id on the wire.
        market: ccxt's.
    """
    side = Side(protection.side)
    stop = "below" if side is Side.SELL else "above"
    target = "above" if stop == "below" else "below"
    limit = protection.limit_price
    asked = {
        "symbol": str(market["id"]),
        "side": side.value.upper(),
        "quantity": plain(protection.quantity),
        "listClientOrderId": derived(name, "l"),
        f"{stop}Type": "STOP_LOSS" if limit is None else "STOP_LOSS_LIMIT",
        f"{stop}StopPrice": plain(protection.trigger_price),
        f"{stop}ClientOrderId": name,
        f"{target}Type": "LIMIT_MAKER",
        f"{target}Price": plain(protection.target_price or ZERO),
        f"{target}ClientOrderId": derived(name, "t"),
        "newOrderRespType": "FULL",
    }
    if limit is not None:
        asked |= {f"{stop}Price": plain(limit), f"{stop}TimeInForce": "GTC"}
    return asked


def answer(reader: Reader, told: object, name: str, market: Mapping[str, Any]) -> Pair:
    """The two orders of an answer.

    Raises:
        Unsettled: it does not tell of both; the list may stand.
    """
    reports = told.get("orderReports") if isinstance(told, Mapping) else None
    rows = [row for row in reports if isinstance(row, Mapping)] if isinstance(reports, list) else []
    orders = [reader.told(reader.exchange.parse_order(row, market)) for row in rows]
    head = next((order for order in orders if order.client_id == name and order.order_id), None)
    others = tuple((role_of(order), order) for order in orders if order is not head and order.order_id)
    if head is None or not others:
        raise Unsettled("the exchange's answer does not tell of a stop and its target; they may stand there")
    return Pair(head, others)


def listed(told: Told) -> bool:
    """Whether an order is one of a list."""
    return str(told.info.get("orderListId", "-1")) not in ("-1", "", "None")


async def pair(reader: Reader, head: Told) -> Pair:
    """An order of a list, with those that are linked with it, each with its trades.

    Raises:
        VenueError, Unsettled: one of them could not be read.
    """
    number = str(head.info["orderListId"])
    told: Any = await reader.call(lambda: reader.exchange.private_get_orderlist({"orderListId": number}))
    rows = told.get("orders") if isinstance(told, Mapping) else None
    if not isinstance(rows, list) or head.symbol is None:
        raise Unsettled("the exchange's answer to a look-up of an order list tells of no list")
    others: list[tuple[str, Told]] = []
    for row in rows:
        order_id = str(row.get("orderId", ""))
        if order_id == head.order_id:
            continue
        other = await reader.by_order_id(head.symbol, order_id)
        if other is None:
            raise Unsettled("an order of a list is not shown by the exchange, though its sibling is")
        others.append((role_of(other), await reader.with_trades(other)))
    return Pair(await reader.with_trades(head), tuple(others))


def role_of(told: Told) -> str:
    """Stop or target, by the exchange's own type of the order."""
    kind = str(told.info.get("type") or told.info.get("orderType") or "").upper()
    return STOP if kind.startswith("STOP") else TARGET


def derived(name: str, part: str) -> str:
    """The id of what belongs to an order, made of that order's id; always the same."""
    text = f"{name}-{part}"
    return text if len(text) <= _LONGEST_ID else hashlib.sha256(text.encode()).hexdigest()[:32]


def _given_way(told: Told, traded: list[Told]) -> Told:
    """Expired since its sibling has traded: in the trade's words it was cancelled."""
    if told.word == "expired" and not told.filled and any(each is not told for each in traded):
        return evolve(told, word="canceled")
    return told
