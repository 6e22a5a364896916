# SPDX-License-Identifier: MIT
"""What is known of exchanges from their documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from fks_exec_ccxt.knowledge.exchanges import NAMES, TABLES
from fks_exec_ccxt.knowledge.known import PROVED
from fks_exec_ccxt.knowledge.traits import Traits, named, traits
from fks_exec_simulators.offline import Captured, captured, offline

ALL = [(name, kind) for name, kinds in TABLES.items() for kind in kinds]
RULES = {
    # Of ids, by the exchanges' documents.
    "binance": r"[\.A-Z\:/a-z0-9_-]{1,36}",
    "bybit": r"[A-Za-z0-9_-]{1,36}",
    "okx": r"[A-Za-z0-9]{1,32}",
    "kraken": r"[ -~]{1,18}",
    "krakenfutures": r"[ -~]{1,100}",
    "coinbase": r"[ -~]{1,128}",
    "kucoin": r"[A-Za-z0-9_-]{1,40}",
    "gate": r"t-[A-Za-z0-9_.-]{1,26}",
    "bitget": r"[A-Za-z0-9_-]{1,40}",
    "mexc": r"[A-Za-z0-9_-]{1,32}",
    "bitfinex": r"[1-9][0-9]{0,13}",
    "deribit": r"[ -~]{1,64}",
    "cryptocom": r"[ -~]{1,36}",
    "woo": r"[1-9][0-9]{0,17}",
}


@pytest.mark.parametrize(("name", "kind"), ALL)
def test_the_longest_id_of_any_letters_is_one_that_the_exchange_takes(name: str, kind: str) -> None:
    known = traits(name, kind)
    for letter in known.id_alphabet:
        assert re.fullmatch(RULES[name], known.wire_id(letter * known.id_length), re.ASCII)


@pytest.mark.parametrize(("name", "kind"), ALL)
def test_ids_are_long_enough_to_be_told_apart(name: str, kind: str) -> None:
    known = traits(name, kind)
    assert len(set(known.id_alphabet)) == len(known.id_alphabet)
    assert len(known.id_alphabet) ** min(known.id_length, 32) > 10**12


@pytest.mark.parametrize(("name", "kind"), ALL)
def test_the_host_s_id_comes_back_from_the_wire(name: str, kind: str) -> None:
    known = traits(name, kind)
    text = known.id_alphabet[-1] * known.id_length
    assert known.host_id(known.wire_id(text)) == text
    assert known.host_id("web") == "web"


def test_the_largest_number_that_an_id_can_be_is_one_of_45_bits_at_bitfinex_and_of_63_at_woo() -> None:
    assert int("9" * traits("bitfinex").id_length) < 2**45
    assert int("9" * traits("woo").id_length) < 2**63


def test_an_id_is_said_in_the_words_that_ccxt_or_the_exchange_takes() -> None:
    assert traits("gate").id_params("abc") == {"clientOrderId": "t-abc"}
    assert traits("okx").id_params("abc", trigger=True) == {"clientOrderId": "abc", "algoClOrdId": "abc"}
    assert traits("bitfinex").id_params("123") == {"clientOrderId": 123}
    assert traits("deribit", "swap").id_params("abc") == {"label": "abc"}


def test_an_unknown_exchange_gets_cautious_traits() -> None:
    known = traits("nowhere", "swap")
    assert (known.look_up, known.sandbox, known.amend, known.attached, known.stop) == ("none", None, False, False, "")


@pytest.mark.parametrize(("exchange", "kind"), ALL)
def test_how_an_order_is_found_is_said_for_each_exchange(exchange: str, kind: str) -> None:
    scans = ("kraken", "coinbase", "gate", "bitfinex", "deribit", "cryptocom")
    scanned = exchange in scans or (exchange, kind) == ("mexc", "swap")
    expected = "none" if exchange == "krakenfutures" else "by_scan" if scanned else "by_id"
    assert traits(exchange, kind).look_up == expected


def test_another_id_of_the_same_exchange_has_its_traits() -> None:
    assert traits("binanceusdm", "swap").id_length == traits("binance", "swap").id_length
    assert traits("binanceusdm", "swap").exchange == "binanceusdm"


def test_prefixes_of_alerts_name_exchanges() -> None:
    assert named("BINANCE") == {"binance"}
    assert named("KRAKEN") == {"kraken", "krakenfutures"}
    assert named("GATEIO") == named("GATE") == {"gate"}
    assert named("WOONETWORK") == {"woo"}
    assert named("NASDAQ") == frozenset()
    assert {"BYBIT", "OKX", "COINBASE", "KUCOIN", "BITGET", "MEXC", "BITFINEX", "DERIBIT", "CRYPTOCOM"} <= NAMES.keys()


OURS, THEIRS = "9876543219876", "1234567890123"
# Where an order is asked for, by the exchanges' documents: the path, the fields of our id and of theirs; "": in the path.
PLAIN = {
    "binance spot": ("api/v3/order", "origClientOrderId", "orderId"),
    "binance swap": ("fapi/v1/order", "origClientOrderId", "orderId"),
    "bybit spot": ("v5/order/realtime v5/order/history", "orderLinkId", "orderId"),
    "bybit swap": ("v5/order/realtime v5/order/history", "orderLinkId", "orderId"),
    "okx spot": ("trade/order", "clOrdId", "ordId"),
    "okx swap": ("trade/order", "clOrdId", "ordId"),
    "kraken spot": ("QueryOrders", None, "txid"),
    "krakenfutures swap": ("orders/status", None, "orderIds"),
    "coinbase spot": ("orders/historical/ID", None, ""),
    "coinbase swap": ("orders/historical/ID", None, ""),
    "kucoin spot": ("order/client-order/ID v1/orders/ID", "", ""),
    "kucoin swap": ("orders/byClientOid v1/orders/ID", "clientOid", ""),
    "gate spot": ("spot/orders/ID", None, ""),
    "gate swap": ("futures/usdt/orders/ID", None, ""),
    "bitget spot": ("spot/trade/orderInfo", "clientOid", "orderId"),
    "bitget swap": ("mix/order/detail", "clientOid", "orderId"),
    "mexc spot": ("api/v3/order", "origClientOrderId", "orderId"),
    "mexc swap": ("order/get/ID", None, ""),
    "bitfinex spot": ("auth/r/orders/tBTCUSD", None, "id"),
    "bitfinex swap": ("auth/r/orders/tBTCF0:USTF0", None, "id"),
    "deribit spot": ("private/get_order_state", None, "order_id"),
    "deribit swap": ("private/get_order_state", None, "order_id"),
    "cryptocom spot": ("private/get-order-detail", None, "params.order_id"),
    "cryptocom swap": ("private/get-order-detail", None, "params.order_id"),
    "woo spot": ("v3/trade/order", "clientOrderId", "orderId"),
    "woo swap": ("v3/trade/order", "clientOrderId", "orderId"),
}
# The same of orders with a trigger, where the exchange keeps them elsewhere.
CONDITIONAL = {
    "binance swap": ("fapi/v1/algoOrder", "clientAlgoId", "algoId"),
    "okx spot": ("trade/order-algo", "algoClOrdId", "algoId"),
    "okx swap": ("trade/order-algo", "algoClOrdId", "algoId"),
    "kucoin spot": ("stop-order/queryOrderByClientOid v1/stop-order/ID", "clientOid", ""),
    "bitget swap": ("mix/order/orders-plan-pending mix/order/orders-plan-history", "clientOid", "orderId"),
    "woo spot": ("v3/trade/algoOrder", "clientAlgoOrderId", "algoOrderId"),
    "woo swap": ("v3/trade/algoOrder", "clientAlgoOrderId", "algoOrderId"),
}
# Documents that say of the path or list above that it holds orders with a trigger too.
HOLDS_BOTH = {
    "binance spot": "GET /api/v3/order: type STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT",
    "bybit spot": "v5, Get Open & Closed Orders: orderStatus Untriggered, Triggered, Deactivated",
    "bybit swap": "v5, Get Open & Closed Orders: orderStatus Untriggered, Triggered, Deactivated",
    "kraken spot": "OpenOrders, ClosedOrders, QueryOrders: ordertype stop-loss, take-profit",
    "krakenfutures swap": "openorders: orderType stop",
    "coinbase spot": "Get Order: order_configuration.stop_limit_stop_limit_gtc",
    "coinbase swap": "Get Order: order_configuration.stop_limit_stop_limit_gtc",
    "kucoin swap": "Futures, Get Order By OrderId, Get Order By ClientOid: including a stop order",
    "bitfinex spot": "Retrieve Orders: type STOP, EXCHANGE STOP",
    "bitfinex swap": "Retrieve Orders: type STOP, EXCHANGE STOP",
    "deribit spot": "private/get_order_state: order_state untriggered",
    "deribit swap": "private/get_order_state: order_state untriggered",
}


def sends_triggers(known: Traits) -> bool:
    return bool(known.stop or known.stop_loss or known.take_profit)


def questions(exchange: Any, known: Traits, symbol: str, trigger: bool, mine: bool) -> Iterator[Any]:
    """The calls that ask for one order, as ``reading.reader`` makes them."""
    shelves = [(each.method, each.params) for each in known.trigger_lists] if trigger else []
    words = known.trigger_words
    if exchange.id == "bybit":
        shelves, words = [("fetch_open_orders", {}), ("fetch_canceled_and_closed_orders", {})], ("orderId", "orderLinkId")
    for method, params in shelves:
        asked = {**params, words[mine]: OURS if mine else THEIRS}
        yield lambda method=method, asked=asked: getattr(exchange, method)(symbol, None, None, asked)
    if not shelves:
        kind: dict[str, Any] = {"trigger": True} if trigger else {}
        if exchange.id == "woo" and trigger and mine:
            yield lambda: exchange.v3_private_get_trade_algoorder({"clientAlgoOrderId": OURS})
            return
        if exchange.id == "krakenfutures" and not mine:
            yield lambda: exchange.request("orders/status", ["private"], "POST", {"orderIds": [THEIRS]})
            return
        if mine:
            kind["clientOrderId"] = OURS
        yield lambda: exchange.fetch_order(None if mine else THEIRS, symbol, kind)


async def asked(name: str, *, trigger: bool, mine: bool) -> list[Captured]:
    exchange_id, kind = name.split()
    exchange, known = offline(exchange_id, kind), traits(exchange_id, kind)
    symbol = next(symbol for symbol, market in exchange.markets.items() if market["type"] == kind)
    return [await captured(exchange, call) for call in questions(exchange, known, symbol, trigger, mine)]


async def check(name: str, where: tuple[str, str | None, str], *, trigger: bool, mine: bool) -> None:
    paths, ours, theirs = where
    wanted, field = (OURS, ours) if mine else (THEIRS, theirs)
    assert field is not None
    for request in await asked(name, trigger=trigger, mine=mine):
        assert "None" not in f"{request.host_path} {request.params}"
        assert request.params.get("trigger") is None
        path = request.host_path.replace(f"/{wanted}", "/ID")
        assert any(path.endswith(f"/{each}") for each in paths.split()), path
        found = request.host_path.rpartition("/")[2] if not field else request.at(field)
        assert (str(found[0]) if isinstance(found, list) else str(found)) == wanted


@pytest.mark.parametrize("mine", [True, False])
@pytest.mark.parametrize("name", PLAIN)
async def test_an_order_is_asked_for_by_a_field_that_the_exchange_documents(name: str, mine: bool) -> None:
    known = traits(*name.split())
    assert (PLAIN[name][1] is not None) is (known.look_up == "by_id")
    if not mine or known.look_up == "by_id":
        await check(name, PLAIN[name], trigger=False, mine=mine)


@pytest.mark.parametrize("mine", [True, False])
@pytest.mark.parametrize("name", CONDITIONAL)
async def test_an_order_with_a_trigger_is_asked_for_where_the_exchange_keeps_it(name: str, mine: bool) -> None:
    await check(name, CONDITIONAL[name], trigger=True, mine=mine)


@pytest.mark.parametrize(("exchange", "kind"), ALL)
def test_where_orders_with_a_trigger_are_sent_a_document_says_where_they_are_found(exchange: str, kind: str) -> None:
    name, known = f"{exchange} {kind}", traits(exchange, kind)
    elsewhere = known.conditional_look_up or bool(known.trigger_lists)
    assert (name in CONDITIONAL) is (sends_triggers(known) and elsewhere)
    assert (name in HOLDS_BOTH) is (sends_triggers(known) and not elsewhere)
    assert sends_triggers(known) or not elsewhere


async def test_legs_of_bitget_are_looked_for_among_what_rests_and_what_has_ended() -> None:
    paths = [request.host_path.rpartition("/")[2] for request in await asked("bitget swap", trigger=True, mine=True)]
    plans = [str(request.at("planType")) for request in await asked("bitget swap", trigger=True, mine=True)]
    assert set(zip(paths, plans, strict=True)) == {
        (path, plan) for path in ("orders-plan-pending", "orders-plan-history") for plan in ("profit_loss", "normal_plan")
    }


@pytest.mark.parametrize(("exchange", "kind"), ALL)
def test_a_change_in_place_is_offered_only_where_it_was_tried_against_a_counterpart(exchange: str, kind: str) -> None:
    assert traits(exchange, kind).amend is (exchange == "bybit")


@pytest.mark.parametrize("kind", ["spot", "swap"])
async def test_bybit_changes_an_order_by_the_one_request_that_is_documented_for_it(kind: str) -> None:
    client = offline("bybit", kind)
    symbol = next(symbol for symbol, market in client.markets.items() if market["type"] == kind)
    request = await captured(client, lambda: client.edit_order(THEIRS, symbol, "limit", "sell", 7.0, 50000.0, {}))
    assert (request.method, request.host_path.partition("/")[2]) == ("POST", "v5/order/amend")
    assert request.at("orderId") == THEIRS


def test_what_was_tried_against_a_counterpart_is_what_the_simulated_exchanges_serve() -> None:
    assert {("binance", "spot"), ("bybit", "swap")} == PROVED
