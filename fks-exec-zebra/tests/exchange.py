"""Zebra's side of the wire: a simulated exchange over real HTTP, which checks every signature.

Its book, its matching, its counts and its faults come from fks_exec.testing. What stands here is
the translation: CHANGE it to what your exchange's documentation says, and take nothing from
fks_exec_zebra, or both are wrong together.

    python tests/exchange.py --port 8765
"""

import hashlib
import hmac
import time
from typing import Any

from fks_exec import (
    Balance,
    ExecutionResult,
    Instrument,
    MarketData,
    Order,
    OrderRef,
    OrderUpdate,
    Position,
    VenueAuthError,
    VenueClosed,
    VenueError,
    VenueRateLimited,
    VenueRejected,
)
from fks_exec.testing import Asked, HttpDialect, HttpRequest

SECRETS = {"first": "secret-of-the-first-key", "second": "secret-of-the-second-key"}
MARKETS = {"BTC-USDT": "BTC/USDT", "ETH-USDT": "ETH/USDT"}
STATUSES: dict[type[VenueError], int] = {
    VenueAuthError: 401,
    VenueClosed: 503,
    VenueRateLimited: 429,
}
# CHANGE: what is refused, in the words of your exchange's documentation. Left: the simulated venue's
# codes, which `python -m pydoc fks_exec.testing.HttpDialect.refuse` explains, and those of this file.
CODES = {
    "AUTH": "AUTH",
    "CLOSED": "CLOSED",
    "FILLED": "FILLED",
    "INSUFFICIENT": "NO_MONEY",
    "INVALID": "INVALID",
    "MIN_QUANTITY": "INVALID",
    "NOT_OPEN": "NOT_OPEN",
    "NO_MONEY": "NO_MONEY",
    "NO_QUOTE": "NO_QUOTE",
    "NO_SUCH_PATH": "NO_SUCH_PATH",
    "POSITION": "INVALID",
    "POST_ONLY": "INVALID",
    "QUANTITY": "INVALID",
    "RATE_LIMITED": "RATE_LIMITED",
    "REDUCE_ONLY": "REDUCE_ONLY",
    "REFUSED": "INVALID",
    "STOP_TRIGGERED": "INVALID",
    "TARGET_TRIGGERED": "INVALID",
    "TICK": "INVALID",
    "TOO_OLD": "TOO_OLD",
    "TOO_SMALL": "INVALID",
    "UNKNOWN_MARKET": "UNKNOWN_MARKET",
    "UNKNOWN_ORDER": "UNKNOWN_ORDER",
    "UNKNOWN_SYMBOL": "UNKNOWN_MARKET",
    "UNSUPPORTED": "INVALID",
}
ANY_OTHER = "INVALID"
"""What a code is called that is not there: nothing was done, whatever it is."""

TOO_OLD = 5.0
"""Seconds."""


class Exchange(HttpDialect):
    """Zebra, simulated."""

    def read(self, request: HttpRequest) -> Asked:
        """What a request asks for."""
        account, query = owner_of(request), request.query
        ref = OrderRef(venue_client_order_id=query.get("client_id"), order_id=query.get("id"))
        match request.method, request.path:
            case "POST", "/v1/order":
                body = request.json()
                order, name = order_of(body), body["client_id"]
                return Asked(kind="place", account=account, order=order, venue_client_order_id=name)
            case "GET", "/v1/order":
                return Asked(kind="look_up", account=account, ref=ref)
            case "DELETE", "/v1/order":
                return Asked(kind="cancel", account=account, ref=ref)
            case "GET", "/v1/orders":
                return Asked(kind="scan", account=account)
            case "GET", "/v1/positions":
                return Asked(kind="positions", account=account)
            case "GET", "/v1/balances":
                return Asked(kind="balance", account=account)
            case "GET", "/v1/ticker":
                return Asked(kind="quote", account=account, symbol=symbol_of(query["market"]))
            case "GET", "/v1/market":
                return Asked(kind="instrument", account=account, symbol=symbol_of(query["market"]))
        raise VenueRejected(f"there is no {request.method} {request.path}", code="NO_SUCH_PATH")

    def answer(self, asked: Asked, answer: Any) -> tuple[int, object]:
        """What the exchange answers."""
        match answer:
            case None:
                return 404, {"code": "UNKNOWN_ORDER", "message": "there is no such order"}
            case list():
                return 200, [json_of(item) for item in answer]
        return 200, json_of(answer)

    def refuse(self, error: VenueError) -> tuple[int, object]:
        """How the exchange says no."""
        code = CODES.get(error.code, ANY_OTHER)
        return STATUSES.get(type(error), 422), {"code": code, "message": str(error)}


def owner_of(request: HttpRequest) -> str:
    """Whose key signed a request."""
    key, sent = request.headers.get("zebra-key", ""), request.headers.get("zebra-time", "0")
    text = f"{sent}\n{request.method}\n{request.target}\n".encode() + request.body
    right = hmac.new(SECRETS.get(key, "").encode(), text, hashlib.sha256).hexdigest()
    if key not in SECRETS or request.headers.get("zebra-signature") != right:
        raise VenueAuthError("the key or the signature is wrong", code="AUTH")
    if time.time() - int(sent) / 1000 > TOO_OLD:
        raise VenueRejected("the request is too old", code="TOO_OLD")
    return key


def symbol_of(market: str) -> str:
    """The symbol of a market."""
    if market not in MARKETS:
        raise VenueRejected(f"there is no market {market}", code="UNKNOWN_MARKET")
    return MARKETS[market]


def market_of(symbol: str | None) -> str:
    """The market of a symbol."""
    return next(market for market, known in MARKETS.items() if known == symbol)


def order_of(body: dict[str, Any]) -> Order:
    """The order that a request's body asks for."""
    return Order(
        symbol=symbol_of(body["market"]),
        side=body["side"],
        order_type=body["type"],
        time_in_force=body["time_in_force"],
        quantity=body["size"],
        price=body.get("price"),
        reduce_only=body["reduce_only"],
    )


def json_of(record: object) -> dict[str, object]:
    """A record as the exchange writes it; Decimals become texts."""
    match record:
        case OrderUpdate(ref=ref, result=result):
            names = {"client_id": ref.venue_client_order_id, "market": market_of(ref.symbol)}
            return {**json_of(result), **names}
        case ExecutionResult():
            trades = [
                {
                    "id": fill.trade_id,
                    "size": fill.quantity,
                    "price": fill.price,
                    "fee": fill.fee,
                    "fee_currency": fill.fee_currency,
                    "time": fill.timestamp,
                }
                for fill in record.fills
            ]
            return {
                "id": record.order_id,
                "status": record.status.value,
                "filled": record.filled_quantity,
                "average": record.average_price,
                "trades": trades,
            }
        case Position():
            return {
                "market": market_of(record.symbol),
                "size": record.quantity,
                "entry_price": record.average_price,
            }
        case Balance():
            return {
                "currency": record.currency,
                "total": record.total,
                "free": record.free,
                "equity": record.equity,
            }
        case MarketData():
            return {
                "bid": record.bid,
                "ask": record.ask,
                "last": record.last,
                "time": record.timestamp,
            }
        case Instrument():
            return {
                "base": record.base,
                "quote": record.quote,
                "step": record.quantity_step,
                "tick": record.price_tick,
                "minimum": record.min_quantity,
            }
    raise TypeError(f"there is no JSON of a {type(record).__name__} yet")


if __name__ == "__main__":
    Exchange().main()
