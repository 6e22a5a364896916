# SPDX-License-Identifier: MIT
"""An order and its fills, as Bybit keeps and tells them (docs/v5/order/open-order, docs/v5/order/execution, docs/v5/enum)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal, TypeAlias
from uuid import uuid4

from attrs import Factory, define, frozen

from ..wire import Manner
from .answers import plain
from .rules import Instrument

Side: TypeAlias = Literal["Buy", "Sell"]
Leg: TypeAlias = Literal["TakeProfit", "StopLoss"]

ZERO = Decimal(0)
CENTS = Decimal("0.00000001")
"""The unit that averages and amounts of money are told in."""

OPEN = ("Untriggered", "New", "PartiallyFilled")
"""Statuses of what may still fill; every other is closed."""

OPPOSITE: dict[Side, Side] = {"Buy": "Sell", "Sell": "Buy"}


@frozen(kw_only=True)
class Target:
    """One of the two exits that an order or a position carries.

    Args:
        trigger: price that sets it off.
        by: the price that is watched.
        limit: price of the order that it then is; None: a market order.
    """

    trigger: Decimal
    by: str = "LastPrice"
    limit: Decimal | None = None


@define(kw_only=True, eq=False)
class Order:
    """One order. Quantities in coins, prices and values in USDT, times in epoch milliseconds.

    Args:
        link_id: the client's; empty: none.
        price: its limit; None: a market order, whose worst price nobody bounds here.
        position_idx: 0 one-way, 1 and 2 the buy and the sell side of hedge mode.
        trigger: price that sets a conditional order off.
        direction: 1 the market rises to the trigger, 2 it falls to it, 0 no trigger.
        stop_type: ``Stop`` of a client's conditional order, ``TakeProfit`` and its like of an exit that belongs to a position.
        targets: exits that its fills get.
        mode: ``Full`` or ``Partial``, of its targets or of the exit that it is.
        parent: of an exit, the client's id of the order that it was attached to.
        source: of an exit, the order that it was attached to.
        twin: of an exit, the other one of its pair, while they are bound.
        manner: scripted, how it is matched whatever the market says.
        visible: before, nobody sees it.
    """

    symbol: str
    side: Side
    kind: Literal["Market", "Limit"]
    quantity: Decimal
    price: Decimal | None = None
    link_id: str = ""
    time_in_force: str = "GTC"
    reduce_only: bool = False
    close_on_trigger: bool = False
    position_idx: int = 0
    trigger: Decimal | None = None
    direction: int = 0
    trigger_by: str = ""
    stop_type: str = ""
    targets: dict[Leg, Target] = Factory(dict)
    mode: str = ""
    parent: str = ""
    source: Order | None = None
    twin: Order | None = None
    manner: Manner = ""
    created: int = 0
    updated: int = 0
    visible: int = 0
    last_price: Decimal = ZERO
    order_id: str = Factory(lambda: str(uuid4()))
    status: str = "New"
    cancel_type: str = "UNKNOWN"
    reject_reason: str = "EC_NoError"
    filled: Decimal = ZERO
    value: Decimal = ZERO
    fee: Decimal = ZERO

    @property
    def open(self) -> bool:
        """It may still fill."""
        return self.status in OPEN

    @property
    def active(self) -> bool:
        """It stands in the book, not before its trigger."""
        return self.status in ("New", "PartiallyFilled")

    @property
    def waiting(self) -> bool:
        """Its trigger has not been reached."""
        return self.status == "Untriggered"

    @property
    def is_exit(self) -> bool:
        """It belongs to a position: the exchange made it and takes it away."""
        return self.stop_type not in ("", "Stop")

    @property
    def leg(self) -> Leg:
        """Which exit it is."""
        return "TakeProfit" if self.stop_type.endswith("TakeProfit") else "StopLoss"

    @property
    def leaves(self) -> Decimal:
        """What may still fill."""
        return self.quantity - self.filled if self.open else ZERO

    @property
    def filter(self) -> str:
        """``StopOrder`` before its trigger and if it never got there, else ``Order``."""
        return "StopOrder" if self.status in ("Untriggered", "Deactivated") else "Order"

    def end(self, now: int, cancel_type: str = "UNKNOWN", reason: str = "EC_NoError") -> None:
        """It is cancelled; what was filled stays filled."""
        self.status = "Deactivated" if self.waiting else "Cancelled"
        self.cancel_type, self.reject_reason, self.updated = cancel_type, reason, now
        self.unbind()

    def unbind(self) -> None:
        """It is no longer one of a pair."""
        if self.twin is not None:
            self.twin.twin = None
        self.twin = None

    @property
    def create_type(self) -> str:
        """Who made it."""
        by = {"": "CreateByUser", "Stop": "CreateByStopOrder"}
        return by.get(self.stop_type, f"CreateBy{self.stop_type}")

    def row(self, instrument: Instrument) -> dict[str, Any]:
        """As order/realtime and order/history tell it."""
        take, stop = self.targets.get("TakeProfit"), self.targets.get("StopLoss")
        worst = self.price if self.price is not None else self.last_price
        return {
            "orderId": self.order_id,
            "orderLinkId": self.link_id,
            "parentOrderLinkId": self.parent,
            "blockTradeId": "",
            "symbol": self.symbol,
            "price": plain(worst if self.kind == "Market" else self.price, instrument.tick),
            "qty": plain(self.quantity, instrument.step),
            "side": self.side,
            "isLeverage": "",
            "positionIdx": self.position_idx,
            "orderStatus": self.status,
            "createType": self.create_type,
            "cancelType": self.cancel_type,
            "rejectReason": self.reject_reason,
            "avgPrice": plain((self.value / self.filled).quantize(CENTS).normalize()) if self.filled else "",
            "leavesQty": plain(self.leaves, instrument.step),
            "leavesValue": plain(self.leaves * worst),
            "cumExecQty": plain(self.filled, instrument.step),
            "cumExecValue": plain(self.value),
            "cumExecFee": plain(self.fee),
            "cumFeeDetail": {"USDT": plain(self.fee)} if self.filled else {},
            "timeInForce": self.time_in_force,
            "orderType": self.kind,
            "stopOrderType": self.stop_type,
            "orderIv": "",
            "triggerPrice": plain(self.trigger, instrument.tick),
            "takeProfit": plain(take.trigger, instrument.tick) if take else "",
            "stopLoss": plain(stop.trigger, instrument.tick) if stop else "",
            "tpslMode": self.mode,
            "tpLimitPrice": plain(take.limit, instrument.tick) if take else "",
            "slLimitPrice": plain(stop.limit, instrument.tick) if stop else "",
            "tpTriggerBy": take.by if take else "",
            "slTriggerBy": stop.by if stop else "",
            "triggerDirection": self.direction,
            "triggerBy": self.trigger_by,
            "lastPriceOnCreated": plain(self.last_price, instrument.tick),
            "reduceOnly": self.reduce_only,
            "closeOnTrigger": self.close_on_trigger,
            "placeType": "",
            "smpType": "None",
            "smpGroup": 0,
            "smpOrderId": "",
            "createdTime": str(self.created),
            "updatedTime": str(self.updated),
        }


@frozen(kw_only=True)
class Execution:
    """One fill.

    Args:
        order: that filled; what is told of it later is what it is then.
        fee: USDT.
        closed: how much of a position it closed.
        leaves: what the order had left after it.
    """

    order: Order
    quantity: Decimal
    price: Decimal
    fee: Decimal
    maker: bool
    rate: Decimal
    closed: Decimal
    leaves: Decimal
    time: int
    seq: int
    exec_id: str = Factory(lambda: str(uuid4()))

    def row(self, instrument: Instrument) -> dict[str, Any]:
        """As execution/list tells it."""
        order = self.order
        return {
            "symbol": order.symbol,
            "orderId": order.order_id,
            "orderLinkId": order.link_id,
            "side": order.side,
            "orderPrice": plain(order.price if order.price is not None else self.price, instrument.tick),
            "orderQty": plain(order.quantity, instrument.step),
            "leavesQty": plain(self.leaves, instrument.step),
            "createType": order.create_type,
            "orderType": order.kind,
            "stopOrderType": order.stop_type or "UNKNOWN",
            "execFee": plain(self.fee),
            "feeCurrency": "",
            "feeRate": plain(self.rate),
            "execId": self.exec_id,
            "execPrice": plain(self.price, instrument.tick),
            "execQty": plain(self.quantity, instrument.step),
            "execType": "Trade",
            "execValue": plain(self.quantity * self.price),
            "execTime": str(self.time),
            "isMaker": self.maker,
            "markPrice": plain(self.price, instrument.tick),
            "closedSize": plain(self.closed, instrument.step),
            "seq": self.seq,
            "extraFees": "",
            **{name: "" for name in ("tradeIv", "markIv", "indexPrice", "underlyingPrice", "blockTradeId")},
        }
