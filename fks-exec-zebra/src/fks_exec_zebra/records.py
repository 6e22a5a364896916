"""From fks-exec's records to Zebra's JSON and back. CHANGE: every field, as it is documented.

A field or a word that is not as expected raises here. That is right: such an answer proves
nothing, and the order counts as unknown until it has been looked up.
"""

from typing import Any

from fks_exec import (
    Balance,
    ExecutionResult,
    Fill,
    Instrument,
    MarketData,
    NotSent,
    Order,
    OrderRef,
    OrderType,
    OrderUpdate,
    Position,
    Status,
    TimeInForce,
)

TYPES = {OrderType.MARKET: "market", OrderType.LIMIT: "limit"}
TIMES = {TimeInForce.GTC: "gtc"}
STATUSES = {
    "accepted": Status.ACCEPTED,
    "partially_filled": Status.PARTIALLY_FILLED,
    "filled": Status.FILLED,
    "canceled": Status.CANCELED,
}


def market_of(symbol: str) -> str:
    """Zebra's name of a symbol."""
    return symbol.replace("/", "-")


def symbol_of(market: str) -> str:
    """The symbol of Zebra's name."""
    return market.replace("-", "/")


def names(ref: OrderRef) -> dict[str, str]:
    """By which name an order is asked for: ours, which is known also when no answer came."""
    if ref.venue_client_order_id is not None:
        return {"client_id": ref.venue_client_order_id}
    return {"id": ref.order_id or ""}


def body_of(order: Order, client_id: str) -> dict[str, Any]:
    """An order as Zebra takes it; numbers are texts."""
    if order.order_type not in TYPES or order.time_in_force not in TIMES:
        kind = f"{order.order_type} orders with time_in_force {order.time_in_force}"
        raise NotSent(f"{kind} are not served; nothing was sent")
    body: dict[str, Any] = {
        "client_id": client_id,
        "market": market_of(order.symbol),
        "side": order.side.value,
        "type": TYPES[order.order_type],
        "time_in_force": TIMES[order.time_in_force],
        "size": f"{order.quantity:f}",
        "reduce_only": order.reduce_only,
    }
    if order.price is not None:
        body["price"] = f"{order.price:f}"
    return body


def result_of(item: dict[str, Any]) -> ExecutionResult:
    """How an order stands."""
    return ExecutionResult(
        status=STATUSES[item["status"]],
        order_id=item["id"],
        filled_quantity=item["filled"],
        average_price=item["average"],
        fills=[fill_of(trade) for trade in item["trades"]],
    )


def fill_of(trade: dict[str, Any]) -> Fill:
    """One execution; its id is never that of another one of the account."""
    return Fill(
        trade_id=trade["id"],
        quantity=trade["size"],
        price=trade["price"],
        fee=trade["fee"],
        fee_currency=trade["fee_currency"],
        timestamp=trade["time"],
    )


def update_of(item: dict[str, Any]) -> OrderUpdate:
    """An order with its names."""
    ref = OrderRef(
        venue_client_order_id=item["client_id"],
        order_id=item["id"],
        symbol=symbol_of(item["market"]),
    )
    return OrderUpdate(ref=ref, result=result_of(item))


def position_of(item: dict[str, Any]) -> Position:
    """A position; a short one is negative."""
    return Position(
        symbol=symbol_of(item["market"]),
        quantity=item["size"],
        average_price=item["entry_price"],
    )


def balance_of(item: dict[str, Any]) -> Balance:
    """What is held of a currency; `equity` only where the exchange tells the whole account's."""
    return Balance(
        currency=item["currency"],
        total=item["total"],
        free=item["free"],
        equity=item["equity"],
    )


def quote_of(symbol: str, item: dict[str, Any]) -> MarketData:
    """Bid and ask; the time is the exchange's, in epoch milliseconds."""
    return MarketData(
        symbol=symbol,
        bid=item["bid"],
        ask=item["ask"],
        last=item["last"],
        timestamp=item["time"],
    )


def instrument_of(symbol: str, item: dict[str, Any]) -> Instrument:
    """The rules of a market; `kind` is spot where the thing itself is bought."""
    return Instrument(
        symbol=symbol,
        kind="linear",
        base=item["base"],
        quote=item["quote"],
        quantity_step=item["step"],
        price_tick=item["tick"],
        min_quantity=item["minimum"],
    )
