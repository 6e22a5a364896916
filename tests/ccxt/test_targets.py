# SPDX-License-Identifier: MIT
"""Targets that rest as limit orders, and stops of exchanges without a simulator: what is sent, found again, and cancelled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from fks_exec import OrderRef, Protection, Side, Status, VenueRejected
from fks_exec.clock import SystemClock
from fks_exec_ccxt.knowledge.traits import traits
from fks_exec_ccxt.requests.mapping import leg
from fks_exec_ccxt.requests.probing import Probed, Probes, probe
from fks_exec_simulators.offline import Captured, offline
from fks_exec_simulators.written import Answer, Written

NOW = SystemClock().now()
RESTS = pytest.mark.parametrize(("name", "symbol"), [("bitfinex", "BTC/USDT:USDT"), ("woo", "BTC/USDT:USDT")])
OURS = "1234567891234"


def target(symbol: str, side: Side = Side.SELL, **more: Any) -> Protection:
    words: dict[str, Any] = {"role": "take_profit", "trigger_price": "69000", "quantity": "0.01", **more}
    return Protection(symbol=symbol, side=side, **words)


def proved(name: str, symbol: str, **more: Any) -> Probed:
    exchange = offline(name, "swap" if ":" in symbol else "spot")
    return probe(exchange, exchange.markets[symbol], evolve(traits(name, "swap" if ":" in symbol else "spot"), **more))


@RESTS
@pytest.mark.parametrize(
    ("side", "limit", "price"),
    [
        (Side.SELL, None, "69000"),
        (Side.SELL, "68900", "69000"),
        (Side.SELL, "69100", "69100"),
        (Side.BUY, "69100", "69000"),
        (Side.BUY, "68900", "68900"),
    ],
)
def test_a_target_rests_at_its_price_and_never_at_a_worse_one_than_its_limit(
    name: str, symbol: str, side: Side, limit: str | None, price: str
) -> None:
    exchange, known = offline(name, "swap"), traits(name, "swap")
    wanted = target(symbol, side, limit_price=limit)
    request = leg(wanted, OURS, exchange.market(symbol), known, Probes(exchange, known))
    assert (request.type, request.price, request.params["reduceOnly"]) == ("limit", price, True)


@RESTS
def test_a_target_that_could_open_a_position_is_none(name: str, symbol: str) -> None:
    """Where the word that it only reduces is not understood, it would be a plain order."""
    assert proved(name, symbol).protection == {"reduce_only_pair", "stop_only"}
    assert not proved(name, symbol, reduce_only=False).take_profit


def test_a_target_that_our_id_does_not_reach_is_none() -> None:
    """Deribit looks for it as a label; ccxt hands clientOrderId through."""
    assert proved("deribit", "BTC/USDT:USDT", target_rests=True).take_profit
    assert not proved("deribit", "BTC/USDT:USDT", target_rests=True, id_words=("clientOrderId",)).take_profit


def test_a_target_does_not_rest_where_reduce_only_is_a_word_that_ccxt_hands_through() -> None:
    found = proved(
        "cryptocom", "BTC/USD:USD", reduce_only=True, target_rests=True, stop_loss="triggerPrice", stop="triggerPrice"
    )
    assert not found.take_profit


@pytest.mark.parametrize("name", ["bitfinex", "woo"])
def test_on_spot_a_target_would_need_the_coins_that_the_stop_holds(name: str) -> None:
    found = proved(name, "BTC/USDT", target_rests=True)
    assert found.protection == {"stop_only"}
    assert not found.take_profit


def woo(status: str, filled: float) -> dict[str, Any]:
    """A target at WOO."""
    row = {"orderId": 5, "clientOrderId": int(OURS), "symbol": "PERP_BTC_USDT", "side": "SELL", "type": "LIMIT"}
    row |= {"quantity": 0.01, "price": 69000, "status": status, "executed": filled, "reduceOnly": True}
    return row | {"averageExecutedPrice": 69000 if filled else 0, "createdTime": str(NOW / 1000)}


def bitfinex(status: str, filled: float) -> list[Any]:
    """A target at Bitfinex."""
    row: list[Any] = [None] * 32
    row[0], row[2], row[3], row[4], row[5] = 5, int(OURS), "tBTCF0:USTF0", NOW, NOW
    row[6], row[7], row[8], row[12], row[13] = -(0.01 - filled), -0.01, "LIMIT", 1024, status
    row[16], row[17] = 69000, 69000 if filled else 0
    return row


WOO_TRADE = {"id": 1, "orderId": 5, "symbol": "PERP_BTC_USDT", "side": "SELL", "executedPrice": "69000"}
WOO_TRADE |= {"executedQuantity": "0.01", "fee": "0", "feeAsset": "USDT", "executedTimestamp": str(NOW / 1000)}


def told_by(name: str, status: str, filled: float) -> Written:
    """The exchange's side of the target."""

    def answer(request: Captured) -> Answer:
        path, body = request.host_path, json.dumps
        if name == "bitfinex":
            rests = status == "ACTIVE"
            if "trades" in path or "order" not in path:
                return Answer(body([[1, "tBTCF0:USTF0", NOW, 5, -0.01, 69000, "LIMIT", 69000, 1, 0, "USTF0"]]))
            return Answer(body([bitfinex(status, filled)] if rests is not path.endswith("hist") else []))
        if "transaction" in path or "trades" in path.rpartition("/")[2]:
            return Answer(body({"success": True, "data": {"rows": [WOO_TRADE], "meta": {}}}))
        return Answer(body({"success": True, "data": woo(status, filled)}))

    return Written(name, "swap", answer)


@pytest.mark.parametrize(
    ("name", "word", "filled", "status"),
    [
        ("woo", "NEW", 0, Status.ACCEPTED),
        ("woo", "FILLED", 0.01, Status.FILLED),
        ("woo", "CANCELLED", 0, Status.CANCELED),
        ("bitfinex", "ACTIVE", 0, Status.ACCEPTED),
        ("bitfinex", "EXECUTED @ 69000.0(-0.01)", 0.01, Status.FILLED),
        ("bitfinex", "CANCELED", 0, Status.CANCELED),
    ],
)
async def test_a_target_whose_answer_was_lost_is_found_by_our_name_in_any_state(
    name: str, word: str, filled: float, status: Status
) -> None:
    ref = OrderRef(venue_client_order_id=OURS, symbol="BTC/USDT:USDT", submitted_at=NOW - 5000)
    found = await told_by(name, word, filled).lookups.find(ref)
    assert found is not None
    assert (found.order_id, found.status, found.filled_quantity) == ("5", status, Decimal(str(filled)))


async def test_a_stop_of_woos_is_found_whatever_its_list_of_plain_orders_says() -> None:
    """ "The data is not found" comes as bad parameters from ccxt; and clientOrderId would be one that is not known there."""
    row: Mapping[str, Any] = {"algoOrderId": 7, "clientAlgoOrderId": int(OURS), "symbol": "PERP_BTC_USDT", "algoType": "STOP"}
    row = {**row, "side": "SELL", "quantity": 0.01, "triggerPrice": 60000, "algoStatus": "NEW", "totalExecutedQuantity": 0}

    def answer(request: Captured) -> Answer:
        if request.host_path.endswith("algoOrder"):
            assert dict(request.params) == {"clientAlgoOrderId": OURS}
            return Answer(json.dumps({"success": True, "data": row}))
        return Answer('{"success":false,"code":-1006,"message":"The data is not found in server."}', 400)

    ref = OrderRef(venue_client_order_id=OURS, symbol="BTC/USDT:USDT", submitted_at=NOW - 5000)
    found = await Written("woo", "swap", answer).lookups.told(ref)
    assert found is not None
    assert (found.order_id, found.status) == ("7", Status.ACCEPTED)


@pytest.mark.parametrize("order_id", [None, "7"])
async def test_a_place_that_refuses_a_look_up_proves_nothing(order_id: str | None) -> None:
    """Also where the other place has none of that name."""

    def answer(request: Captured) -> Answer:
        if request.host_path.endswith("algoOrder"):
            return Answer('{"success":false,"code":317152,"message":"The order not found for the order id"}', 400)
        return Answer('{"success":false,"code":-1006,"message":"The data is not found in server."}', 400)

    ref = OrderRef(order_id=order_id, venue_client_order_id=OURS, symbol="BTC/USDT:USDT", submitted_at=NOW - 5000)
    with pytest.raises(VenueRejected):
        await Written("woo", "swap", answer).lookups.told(ref)


@pytest.mark.parametrize("name", ["bitfinex", "woo"])
async def test_a_target_is_cancelled_by_the_exchanges_number(name: str) -> None:
    account = told_by(name, "CANCELED" if name == "bitfinex" else "CANCELLED", 0)
    inner = account.answer

    def answer(request: Captured) -> Answer | None:
        if request.host_path.endswith("cancel"):
            return Answer(json.dumps([NOW, "oc-req", None, None, bitfinex("ACTIVE", 0), None, "SUCCESS", "Submitted."]))
        if request.method == "DELETE":
            return Answer('{"success":true,"data":{"status":"CANCEL_SENT"},"timestamp":1}')
        return inner(request)

    account.answer = answer
    told = await account.trader.cancel(OrderRef(order_id="5", symbol="BTC/USDT:USDT"), account.submission())
    assert told.status is Status.CANCELED
    sent = [request for request in account.asked if request.method == "DELETE" or request.host_path.endswith("cancel")]
    assert [str(request.params.get("id", request.params.get("orderId"))) for request in sent] == ["5"]


async def test_an_order_of_krakens_futures_is_told_by_the_documented_request() -> None:
    """POST; ccxt's own way to it is GET, which no document has."""
    order = {"type": "ORDER", "orderId": "59302619-41d2", "cliOrdId": OURS, "symbol": "PF_XBTUSD", "side": "sell"}
    order |= {"quantity": 0.01, "filled": 0, "limitPrice": 69000, "reduceOnly": True, "timestamp": "2026-01-01T00:00:00.000Z"}
    rows = [{"order": order, "status": "ENTERED_BOOK", "updateReason": None, "error": None}]

    def answer(request: Captured) -> Answer:
        assert (request.method, request.host_path.rpartition("/v3/")[2]) == ("POST", "orders/status")
        return Answer(json.dumps({"result": "success", "orders": rows}))

    ref = OrderRef(order_id="59302619-41d2", symbol="BTC/USD:USD")
    found = await Written("krakenfutures", "swap", answer).lookups.told(ref)
    assert found is not None
    assert (found.order_id, found.status, found.quantity) == ("59302619-41d2", Status.ACCEPTED, Decimal("0.01"))
