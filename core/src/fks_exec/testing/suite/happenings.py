# SPDX-License-Identifier: MIT
"""One event of every kind, as an observer hears them: whole ones, and those in which everything optional is missing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from attrs import frozen

from ...model.events import (
    AccountHalted,
    AccountReadiness,
    Alarm,
    BreakerChanged,
    Event,
    Mismatch,
    OrderAccepted,
    OrderChanged,
    OrderConcluded,
    OrderFilled,
    OrderSent,
    PluginFailed,
    ProtectionChanged,
    RateBudget,
)
from ...model.orders import ClosePosition, Order
from ...model.results import Denial, ExecutionResult, Fee, Fill, Leg

SYMBOL, ID, VENUE_ID = "BTC/USDT", "order-1", "v0rd3r1"
ORDER = Order(
    symbol=SYMBOL,
    side="buy",
    order_type="limit",
    quantity="0.5",
    price="67000.5",
    stop_loss="66000",
    client_order_id=ID,
    strategy="Größe",
    options={"hidden": True},
)
FILL = Fill(trade_id="t-1", quantity="0.25", price="67000.5", fee="0.1", fee_currency="USDT", timestamp=1_750_000_000_000)
WHOLE = ExecutionResult(
    status="partially_filled",
    order_id="1",
    client_order_id=ID,
    filled_quantity="0.25",
    average_price="67000.5",
    fills=[FILL],
    legs=[Leg(role="stop_loss", status="accepted", order_id="2", trigger_price="66000", quantity="0.25")],
    protected=True,
    fees=[Fee(currency="USDT", amount="0.1")],
)
UNKNOWN = ExecutionResult(status="unknown", code="DEADLINE", error="the venue did not answer before the deadline")
DENIED = ExecutionResult(
    status="denied", code="NO", denials=[Denial(code="NO", message="the limit is 1 BTC; send less", guard="limit")]
)


@frozen(kw_only=True)
class SomethingNew(Event):
    """An event as a later version may add it."""

    what: str


SAMPLES: dict[str, Callable[..., Event]] = {
    "OrderAccepted": partial(OrderAccepted, client_order_id=ID, instruction=ORDER),
    "OrderAccepted-close": partial(OrderAccepted, client_order_id=ID, instruction=ClosePosition(symbol=SYMBOL)),
    "OrderSent": partial(OrderSent, client_order_id=ID, venue_client_order_id=VENUE_ID, order=ORDER),
    "OrderConcluded": partial(OrderConcluded, client_order_id=ID, symbol=SYMBOL, result=WHOLE, order=ORDER),
    "OrderConcluded-denied": partial(OrderConcluded, client_order_id=ID, symbol=SYMBOL, result=DENIED),
    "OrderConcluded-unknown": partial(OrderConcluded, client_order_id=ID, symbol=SYMBOL, result=UNKNOWN),
    "OrderChanged": partial(OrderChanged, client_order_id=ID, symbol=SYMBOL, result=WHOLE),
    "OrderFilled": partial(OrderFilled, client_order_id=ID, symbol=SYMBOL, fill=FILL),
    "AccountReadiness": partial(AccountReadiness, ready=True),
    "AccountReadiness-lost": partial(AccountReadiness, ready=False, reason="the terminal is down"),
    "PluginFailed": partial(PluginFailed, plugin="weekend", hook="check_risk", error="ZeroDivisionError"),
    "AccountHalted": partial(AccountHalted, state="reducing", reason="by hand"),
    "ProtectionChanged": partial(ProtectionChanged, client_order_id=ID, symbol=SYMBOL, protected=True),
    "ProtectionChanged-lost": partial(
        ProtectionChanged,
        client_order_id=ID,
        symbol=SYMBOL,
        protected=False,
        uncovered=FILL.quantity,
        seconds=1.5,
        reason="lost",
    ),
    "BreakerChanged": partial(BreakerChanged, state="open", reason="5 faults of the transport in a row"),
    "Mismatch": partial(Mismatch, kind="position", symbol=SYMBOL, ours="0.25", venues="0.5"),
    "RateBudget": partial(RateBudget, used=0.75, waiting=3, seconds=0.25),
    "Alarm": partial(Alarm, code="UNRESOLVED", message="look at the venue", client_order_id=ID),
    "Alarm-of-no-order": partial(Alarm, code="JOURNAL", message="the disk is full"),
    "SomethingNew": partial(SomethingNew, what="of a later version"),
}
"""What makes an event of an account, at a time: by the name of its kind, and a word where there are several."""
