# SPDX-License-Identifier: MIT
"""The simulated Binance spot exchange, over real HTTP with unmodified ccxt: the fault matrix, rules, matching, money, lists."""

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import aiohttp
import hypothesis
import pytest
from hypothesis import strategies as st

from fks_exec_simulators.exchanges.binance import BinanceExchange
from fks_exec_simulators.exchanges.binance.controls import Controls
from fks_exec_simulators.exchanges.binance.parameters import Parameters
from fks_exec_simulators.exchanges.binance.refusals import Refused
from fks_exec_simulators.exchanges.binance.signing import payload
from fks_exec_simulators.exchanges.binance.trading import Trading
from fks_exec_simulators.exchanges.clients import client
from fks_exec_simulators.exchanges.counterpart import ExchangeCounterpart
from fks_exec_simulators.exchanges.wire import Asked

BTC = "BTC/USDT"
NAME = {"clientOrderId": "mine"}


@pytest.fixture
async def exchange() -> AsyncIterator[BinanceExchange]:
    async with BinanceExchange() as made:
        yield made


@pytest.fixture
def control(exchange: BinanceExchange) -> ExchangeCounterpart:
    return ExchangeCounterpart(exchange.url)


@pytest.fixture
async def binance(exchange: BinanceExchange) -> AsyncIterator[Any]:
    async with client("binance", exchange.url) as made:
        yield made


class Clock:
    """Stands still."""

    def __init__(self) -> None:
        self.time = 1_700_000_019.0

    def __call__(self) -> float:
        return self.time


async def told(asking: Any) -> tuple[str, str]:
    """The class that ccxt raises, and that of its cause."""
    try:
        answer = await asking
    except Exception as error:
        return type(error).__name__, type(error.__cause__).__name__ if error.__cause__ else ""
    return f"an answer with the id {answer['id']}", ""


async def refused(binance: Any, asking: Any) -> tuple[int, str]:
    """Code and text of a refusal."""
    with pytest.raises(Exception) as raised:
        await asking
    body = json.loads(binance.last_http_response)
    assert raised.value.__cause__ is None
    return body["code"], body["msg"]


def place(binance: Any, **fields: Any) -> Any:
    """A raw POST to order; a field that is None is left out."""
    first = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
    return binance.private_post_order(given(**{**first, **fields}))


def given(**fields: Any) -> dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def limit(binance: Any, price: str = "60000", quantity: str = "0.01", **fields: Any) -> Any:
    """A raw limit order."""
    return place(binance, **{"type": "LIMIT", "timeInForce": "GTC", "price": price, "quantity": quantity, **fields})


def oco(binance: Any, **fields: Any) -> Any:
    """A raw list that sells: a target at 69,000, a stop at 67,000."""
    above = {"aboveType": "LIMIT_MAKER", "abovePrice": "69000", "aboveClientOrderId": "target"}
    below = {"belowType": "STOP_LOSS", "belowStopPrice": "67000", "belowClientOrderId": "stop"}
    first = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.00999", "listClientOrderId": "list"}
    return binance.private_post_orderlist_oco(given(**{**first, **above, **below, **fields}))


MATRIX = [
    # fault, ccxt raises, its cause, the order exists
    ("lost", "ExchangeNotAvailable", "ServerDisconnectedError", False),
    ("drop", "ExchangeNotAvailable", "ServerDisconnectedError", True),
    ("reset_before", "ExchangeNotAvailable", "ClientOSError", False),
    ("reset_after", "ExchangeNotAvailable", "ClientOSError", True),
    ("hang_before", "RequestTimeout", "TimeoutError", False),
    ("hang", "RequestTimeout", "TimeoutError", True),
    ("unavailable", "ExchangeNotAvailable", "", False),
    ("error", "ExchangeNotAvailable", "", True),
    ("waf", "ExchangeNotAvailable", "", False),
    ("html_before", "an answer with the id None", "", False),
    ("garbage", "an answer with the id None", "", True),
    ("missing_id", "an answer with the id None", "", True),
    ("truncated", "ExchangeError", "ClientPayloadError", True),
    ("refuse", "InsufficientFunds", "", False),
    ("rate_limit", "DDoSProtection", "", False),
    ("banned", "DDoSProtection", "", False),
    ("closed", "MarketClosed", "", False),
    ("maintenance", "BadRequest", "", False),
    ("partial", "an answer with the id 1001", "", True),
    ("rest", "an answer with the id 1001", "", True),
]


@pytest.mark.parametrize(("word", "raised", "cause", "exists"), MATRIX, ids=[row[0] for row in MATRIX])
async def test_what_ccxt_raises_and_whether_the_order_exists(
    exchange: BinanceExchange, control: ExchangeCounterpart, word: str, raised: str, cause: str, exists: bool
) -> None:
    async with client("binance", exchange.url, timeout=0.3 if "hang" in word else 10) as binance:
        await control.fault(word)
        assert await told(binance.create_order(BTC, "market", "buy", 0.01)) == (raised, cause)
    assert (len(await control.placed()) == 1, await control.requests()) == (exists, 1)


async def test_a_connection_that_is_refused_places_nothing(binance: Any, control: ExchangeCounterpart) -> None:
    await control.away(True)
    asking = binance.create_order(BTC, "market", "buy", 0.01)
    assert await told(asking) == ("ExchangeNotAvailable", "ClientConnectorError")
    assert await control.requests() == 0


CODES = [
    ("-1000", "OperationFailed"),
    ("-1001", "OperationFailed"),
    ("-1003", "DDoSProtection"),
    ("-1006", "OperationFailed"),
    ("-1007", "RequestTimeout"),
    ("-1008", "ExchangeError"),
    ("-1015", "DDoSProtection"),
    ("-1016", "BadRequest"),
    ("-1021", "InvalidNonce"),
]


@pytest.mark.parametrize("word", ["code", "code_after"])
@pytest.mark.parametrize(("code", "raised"), CODES)
async def test_a_code_is_told_before_or_after_the_order_was_taken(
    binance: Any, control: ExchangeCounterpart, word: str, code: str, raised: str
) -> None:
    await control.fault(word, code=code)
    assert await told(binance.create_order(BTC, "market", "buy", 0.01)) == (raised, "")
    assert len(await control.placed()) == (word == "code_after")


def test_codes_have_their_http_statuses() -> None:
    statuses = {
        code: BinanceExchange().coded(code).status for code in ("-1003", "-1006", "-1007", "-1008", "-1021", "-2010", "-2015")
    }
    assert statuses == {"-1003": 429, "-1006": 500, "-1007": 408, "-1008": 503, "-1021": 400, "-2010": 400, "-2015": 401}


async def test_too_many_requests_are_told_when_to_come_back(binance: Any, control: ExchangeCounterpart) -> None:
    for word in ("rate_limit", "banned"):
        await control.fault(word, seconds=7)
        await told(binance.create_order(BTC, "market", "buy", 0.01))
        assert binance.last_response_headers["Retry-After"] == "7"


# Who asks.


async def test_keys_and_signatures_that_are_wrong_are_refused(exchange: BinanceExchange) -> None:
    for key, secret, raised in (
        ("canary-key1", "wrong", -1022),
        ("nobody", "canary-secret1", -2015),
        ("canary-key2", "canary-secret1", -1022),
    ):
        async with client("binance", exchange.url, key, secret) as binance:
            assert (await refused(binance, binance.fetch_balance()))[0] == raised


async def test_ccxt_takes_a_key_that_is_not_valid_any_more_for_a_rate_limit(binance: Any, control: ExchangeCounterpart) -> None:
    await control.fault("credentials")
    assert await told(binance.create_order(BTC, "market", "buy", 0.01)) == ("AuthenticationError", "")
    await binance.fetch_balance()
    await control.fault("credentials")
    assert await told(binance.create_order(BTC, "market", "buy", 0.01)) == ("DDoSProtection", "")


async def test_an_unsigned_request_is_told_what_it_lacks(exchange: BinanceExchange) -> None:
    url, key = f"{exchange.url}/api/v3/account", {"X-MBX-APIKEY": "canary-key1"}
    asked: list[tuple[str, dict[str, str]]] = [("", {}), ("", key), (f"?timestamp={exchange.now()}", key)]
    asked.append(("?timestamp=1&signature=00", {"X-MBX-APIKEY": "nobody"}))
    answers = []
    async with aiohttp.ClientSession() as session:
        for query, headers in asked:
            async with session.get(url + query, headers=headers) as response:
                answers.append((response.status, (await response.json())["code"]))
    assert answers == [(401, -2014), (400, -1102), (400, -1102), (401, -2015)]


def test_a_signature_covers_the_raw_query_and_the_raw_body() -> None:
    asked = Asked(method="POST", path="/", query="a=%20b", body=b"c=d%2F&signature=00ff")
    assert payload(asked) == b"a=%20bc=d%2F"
    assert payload(Asked(method="GET", path="/", query="a=1&b=2&signature=ab")) == b"a=1&b=2"


@pytest.mark.parametrize(("seconds", "text"), [(11, "outside of the recvWindow"), (-2, "1000ms ahead of the server's time")])
async def test_a_clock_that_is_off_is_refused(binance: Any, control: ExchangeCounterpart, seconds: int, text: str) -> None:
    await control.control("clock", seconds=seconds)
    code, said = await refused(binance, binance.create_order(BTC, "market", "buy", 0.01))
    assert code == -1021
    assert text in said
    assert await control.placed() == []


async def test_accounts_do_not_see_each_other(exchange: BinanceExchange, binance: Any, control: ExchangeCounterpart) -> None:
    order = await limit(binance, newClientOrderId="one")
    async with client("binance", exchange.url, "canary-key2") as other:
        assert await other.fetch_open_orders(BTC) == []
        assert (await refused(other, other.fetch_order(order["orderId"], BTC)))[0] == -2013
        assert (await refused(other, other.cancel_order(order["orderId"], BTC)))[0] == -2011
        assert (await other.fetch_balance())["USDT"]["used"] == 0
        await limit(other, newClientOrderId="one")
    assert len(await ExchangeCounterpart(exchange.url, "canary-key2").placed()) == 1
    assert len(await control.placed()) == 2


async def test_what_another_host_would_answer_is_not_found_here(exchange: BinanceExchange) -> None:
    async with aiohttp.ClientSession() as session:
        for path in ("/sapi/v1/capital/config/getall", "/fapi/v1/exchangeInfo", "/dapi/v1/ping", "/api/v3/nothing"):
            async with session.get(exchange.url + path) as response:
                assert response.status == 404
    assert exchange.counts["GET /fapi/v1/exchangeInfo"] == 1


# Parameters and filters.


LACKING = "was not sent, was empty/null, or malformed."

REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"stopLoss": "{}"}, -1104, "Not all sent parameters were read; read '8' parameter(s) but was sent '9'."),
    ({"stopPrice": "1"}, -1106, "Parameter 'stopPrice' sent when not required."),
    ({"price": "60000"}, -1106, "Parameter 'price' sent when not required."),
    ({"timeInForce": "GTC"}, -1106, "Parameter 'timeInForce' sent when not required."),
    (
        {"type": "LIMIT", "price": "60000"},
        -1102,
        "Mandatory parameter 'timeInForce' was not sent, was empty/null, or malformed.",
    ),
    ({"type": "LIMIT", "timeInForce": "GTC"}, -1102, f"Mandatory parameter 'price' {LACKING}"),
    ({"type": "LIMIT", "timeInForce": "GTX", "price": "60000"}, -1115, "Invalid timeInForce."),
    ({"type": "STOP"}, -1116, "Invalid orderType."),
    ({"side": "LONG"}, -1117, "Invalid side."),
    ({"symbol": "NOSUCH"}, -1121, "Invalid symbol."),
    ({"quantity": ""}, -1105, "Parameter 'quantity' was empty."),
    ({"quantity": "0"}, -1013, "Invalid quantity."),
    ({"quantity": "0.000000001"}, -1111, "Parameter 'quantity' has too much precision."),
    ({"quantity": "0.010001"}, -1013, "Filter failure: LOT_SIZE"),
    ({"quantity": "101"}, -1013, "Filter failure: MARKET_LOT_SIZE"),
    ({"quantity": "0.00007"}, -1013, "Filter failure: NOTIONAL"),
    ({"type": "LIMIT", "timeInForce": "GTC", "price": "60000.001"}, -1013, "Filter failure: PRICE_FILTER"),
    ({"type": "LIMIT", "timeInForce": "GTC", "price": "13000"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    ({"type": "LIMIT_MAKER", "price": "67500"}, -2010, "Order would immediately match and take."),
    ({"type": "STOP_LOSS", "stopPrice": "67500"}, -2010, "Stop price would trigger immediately."),
    ({"type": "TAKE_PROFIT", "stopPrice": "67501"}, -2010, "Stop price would trigger immediately."),
    ({"quantity": "1.5"}, -2010, "Account has insufficient balance for requested action."),
    ({"side": "SELL"}, -2010, "Account has insufficient balance for requested action."),
]


@pytest.mark.parametrize(("fields", "code", "text"), REFUSED, ids=[f"{fields}" for fields, _, _ in REFUSED])
async def test_an_order_that_breaks_a_rule_is_refused(
    binance: Any, control: ExchangeCounterpart, fields: dict[str, Any], code: int, text: str
) -> None:
    assert await refused(binance, place(binance, **fields)) == (code, text)
    assert await control.placed() == []


async def test_a_name_that_is_none_is_refused(binance: Any) -> None:
    code, text = await refused(binance, place(binance, newClientOrderId="a b"))
    assert (code, text.partition(";")[0]) == (-1100, "Illegal characters found in parameter 'newClientOrderId'")


async def test_an_attached_stop_of_ccxt_is_an_unread_parameter(binance: Any, control: ExchangeCounterpart) -> None:
    asking = binance.create_order(BTC, "market", "buy", 0.01, None, {"stopLoss": {"triggerPrice": 60000}})
    assert (await refused(binance, asking))[0] == -1104
    assert await control.placed() == []


async def test_a_symbol_that_does_not_trade_or_was_delisted_is_refused(binance: Any, control: ExchangeCounterpart) -> None:
    assert not binance.markets["FTT/USDT"]["active"]
    assert await refused(binance, place(binance, symbol="FTTUSDT", quantity="100")) == (-1013, "Market is closed.")
    order = await limit(binance)
    await control.control("delist", symbol=BTC)
    assert await refused(binance, place(binance)) == (-1121, "Invalid symbol.")
    assert [each.open for each in await control.placed()] == [False]
    assert str(order["orderId"]) == (await control.placed())[0].order_id
    await binance.load_markets(True)
    assert BTC not in binance.markets


async def test_no_more_than_five_stops_stand_on_a_symbol(binance: Any, control: ExchangeCounterpart) -> None:
    def stop(name: int) -> Any:
        return place(binance, type="STOP_LOSS", stopPrice="70000", quantity="0.001", newClientOrderId=f"stop{name}")

    for number in range(5):
        await stop(number)
    assert await refused(binance, stop(5)) == (-1013, "Filter failure: MAX_NUM_ALGO_ORDERS")
    await control.control("limits", algorithmic=6)
    assert (await stop(6))["clientOrderId"] == "stop6"


async def test_an_order_under_test_is_checked_and_not_placed(binance: Any, control: ExchangeCounterpart) -> None:
    fields = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET"}
    assert await binance.private_post_order_test({**fields, "quantity": "0.01"}) == {}
    assert (await refused(binance, binance.private_post_order_test({**fields, "quantity": "2"})))[0] == -2010
    assert await control.placed() == []


# Names.


async def test_a_name_is_refused_only_while_its_order_is_open(binance: Any, control: ExchangeCounterpart) -> None:
    first = await binance.create_order(BTC, "limit", "buy", 0.01, 60000, NAME)
    assert await refused(binance, binance.create_order(BTC, "market", "buy", 0.01, None, NAME)) == (
        -2010,
        "Duplicate order sent.",
    )
    await control.fill(first["id"])
    second = await binance.create_order(BTC, "market", "buy", 0.01, None, NAME)
    assert second["id"] != first["id"]
    assert (await binance.fetch_order(None, BTC, NAME))["id"] == second["id"]


async def test_an_order_is_found_by_either_name_and_by_both_only_if_they_fit(binance: Any) -> None:
    placed = await binance.create_order(BTC, "limit", "buy", 0.01, 60000, NAME)
    assert (await binance.fetch_order(placed["id"], BTC))["clientOrderId"] == "mine"
    assert (await binance.fetch_order(None, BTC, NAME))["id"] == placed["id"]
    ask = binance.private_get_order
    assert (await refused(binance, ask({"symbol": "BTCUSDT", "orderId": placed["id"], "origClientOrderId": "yours"})))[
        0
    ] == -2013
    assert (await refused(binance, ask({"symbol": "ETHUSDT", "origClientOrderId": "mine"})))[0] == -2013
    assert (await refused(binance, ask({"symbol": "BTCUSDT"})))[0] == -1102


# Matching and money.


async def test_a_market_order_fills_at_once_and_pays_its_fee_in_what_it_receives(
    binance: Any, control: ExchangeCounterpart
) -> None:
    bought = await binance.create_order(BTC, "market", "buy", 0.01)
    assert (bought["status"], bought["filled"], bought["average"]) == ("closed", 0.01, 67500.0)
    assert bought["fee"] == {"cost": 0.00001, "currency": "BTC"}
    sold = await binance.create_order(BTC, "market", "sell", 0.00999)
    assert sold["fee"] == {"cost": 0.6743249, "currency": "USDT"}
    balances = await control.control("balances")
    assert balances["BTC"] == {"total": "0.00000000", "locked": "0.00000000"}
    assert Decimal(balances["USDT"]["total"]) == 100_000 - 675 + Decimal("674.3249001") - Decimal("0.6743249")


async def test_trades_have_one_id_in_the_answer_and_in_the_list(binance: Any) -> None:
    placed = await place(binance, newOrderRespType="FULL")
    trades = await binance.private_get_mytrades({"symbol": "BTCUSDT", "orderId": placed["orderId"]})
    assert [trade["id"] for trade in trades] == [fill["tradeId"] for fill in placed["fills"]]
    assert sum(Decimal(trade["qty"]) for trade in trades) == Decimal(placed["executedQty"])
    assert sum(Decimal(trade["quoteQty"]) for trade in trades) == Decimal(placed["cummulativeQuoteQty"])


async def test_what_the_displayed_size_does_not_fill_expires_or_rests(binance: Any, control: ExchangeCounterpart) -> None:
    async def shown(size: str) -> None:
        await control.control("price", symbol=BTC, bid="67499.99", ask="67500", ask_size=size)

    await shown("0.004")
    market = await place(binance)
    assert (market["status"], market["executedQty"], market["expiryReason"]) == (
        "EXPIRED",
        "0.00400000",
        "INSUFFICIENT_LIQUIDITY",
    )
    assert (await place(binance))["executedQty"] == "0.00000000"
    await shown("0.004")
    resting = await limit(binance, "67500")
    assert (resting["status"], resting["executedQty"]) == ("PARTIALLY_FILLED", "0.00400000")
    await shown("0.006")
    assert (await binance.fetch_order(resting["orderId"], BTC))["status"] == "closed"
    await shown("0.004")
    assert (await limit(binance, "67500", timeInForce="IOC"))["executedQty"] == "0.00400000"
    await shown("0.004")
    assert (await limit(binance, "67500", timeInForce="FOK"))["status"] == "EXPIRED"
    assert (await limit(binance, "67500", "0.004", timeInForce="FOK"))["status"] == "FILLED"


async def test_a_limit_order_rests_until_the_market_comes_to_its_price(binance: Any, control: ExchangeCounterpart) -> None:
    placed = await binance.create_order(BTC, "limit", "buy", 0.01, 60000)
    assert (await binance.fetch_balance())["USDT"] == {"free": 99_400.0, "used": 600.0, "total": 100_000.0}
    await control.set_price(BTC, "60000", "60000.01")
    assert (await binance.fetch_order(placed["id"], BTC))["status"] == "open"
    await control.set_price(BTC, "59000", "59001")
    filled = await binance.fetch_order(placed["id"], BTC)
    assert (filled["status"], filled["average"]) == ("closed", 60000.0)
    assert (await binance.fetch_balance())["USDT"]["used"] == 0


async def test_a_quote_quantity_buys_what_it_can_pay(binance: Any) -> None:
    placed = await place(binance, quantity=None, quoteOrderQty="1000")
    assert (placed["executedQty"], placed["cummulativeQuoteQty"]) == ("0.01481000", "999.67500000")
    assert placed["origQuoteOrderQty"] == "1000.00000000"


STOPS = [
    # side, type, trigger price, a market that does not reach it, one that does
    ("SELL", "STOP_LOSS", "67000", "67001", "67000"),
    ("SELL", "TAKE_PROFIT", "69000", "68999", "69000"),
    ("BUY", "STOP_LOSS", "69000", "68999", "69000"),
    ("BUY", "TAKE_PROFIT", "67000", "67001", "67000"),
]


@pytest.mark.parametrize(("side", "kind", "stop", "near", "there"), STOPS)
async def test_a_stop_is_triggered_by_the_last_price_and_fills_at_the_market(
    binance: Any, control: ExchangeCounterpart, side: str, kind: str, stop: str, near: str, there: str
) -> None:
    await control.control("fund", asset="BTC", amount="1")
    placed = await place(binance, side=side, type=kind, stopPrice=stop, newOrderRespType="RESULT")
    assert (placed["status"], placed["workingTime"], placed["stopPrice"]) == ("NEW", -1, f"{stop}.00000000")
    await control.set_price(BTC, near, near)
    assert (await binance.fetch_order(placed["orderId"], BTC))["status"] == "open"
    await control.set_price(BTC, there, there)
    filled = await binance.fetch_order(placed["orderId"], BTC)
    assert (filled["status"], filled["average"]) == ("closed", float(there))


async def test_a_stop_that_buys_in_a_gap_fills_what_the_account_can_pay(binance: Any, control: ExchangeCounterpart) -> None:
    placed = await place(binance, type="STOP_LOSS", stopPrice="69000", quantity="1.4")
    await control.set_price(BTC, "80000", "80000")
    state = await binance.private_get_order({"symbol": "BTCUSDT", "orderId": placed["orderId"]})
    assert (state["status"], state["executedQty"]) == ("EXPIRED", "1.25000000")
    assert (await control.control("balances"))["USDT"]["total"] == "0.00000000"


async def test_a_stop_limit_rests_at_its_price_once_it_is_triggered(binance: Any, control: ExchangeCounterpart) -> None:
    await control.control("fund", asset="BTC", amount="1")
    fields = {"side": "SELL", "type": "STOP_LOSS_LIMIT", "stopPrice": "67000", "price": "66900", "timeInForce": "GTC"}
    placed = await place(binance, **fields)
    assert placed.keys() == {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}
    await control.set_price(BTC, "66000", "66001")
    waiting = await binance.private_get_order({"symbol": "BTCUSDT", "orderId": placed["orderId"]})
    assert (waiting["status"], waiting["isWorking"]) == ("NEW", True)
    await control.set_price(BTC, "66900", "66901")
    assert (await binance.fetch_order(placed["orderId"], BTC))["status"] == "closed"


async def test_half_of_an_order_fills_and_the_rest_waits_for_control(binance: Any, control: ExchangeCounterpart) -> None:
    await control.fault("partial")
    placed = await binance.create_order(BTC, "market", "buy", 0.01)
    assert (placed["status"], placed["filled"]) == ("open", 0.005)
    await control.set_price(BTC, "67000", "67001")
    assert (await binance.fetch_order(placed["id"], BTC))["filled"] == 0.005
    await control.fill(placed["id"], "0.002")
    await control.fill(placed["id"])
    assert (await binance.fetch_order(placed["id"], BTC))["status"] == "closed"
    assert len(await binance.fetch_my_trades(BTC)) == 3


async def test_a_script_fills_the_next_order_in_shares(binance: Any, control: ExchangeCounterpart) -> None:
    await control.control("script", shares=["0.2", "0.3"])
    placed = await binance.create_order(BTC, "limit", "buy", 0.01, 67500)
    assert [trade["amount"] for trade in placed["trades"]] == [0.002, 0.003]
    assert (await binance.create_order(BTC, "limit", "buy", 0.01, 67500))["status"] == "closed"


async def test_an_order_that_rests_whatever_its_price_can_be_cancelled(binance: Any, control: ExchangeCounterpart) -> None:
    await control.fault("rest")
    placed = await binance.create_order(BTC, "market", "buy", 0.01)
    assert placed["status"] == "open"
    assert (await binance.cancel_order(placed["id"], BTC))["status"] == "canceled"
    assert (await refused(binance, binance.cancel_order(placed["id"], BTC))) == (-2011, "Unknown order sent.")
    assert (await binance.fetch_balance())["USDT"]["free"] == 100_000


async def test_a_cancel_has_a_name_of_its_own_and_keeps_that_of_the_order(binance: Any) -> None:
    placed = await limit(binance, newClientOrderId="mine")
    told = await binance.private_delete_order({"symbol": "BTCUSDT", "origClientOrderId": "mine", "newClientOrderId": "cancel"})
    assert (told["origClientOrderId"], told["clientOrderId"], told["orderId"]) == ("mine", "cancel", placed["orderId"])
    assert (await binance.fetch_order(placed["orderId"], BTC))["clientOrderId"] == "mine"


async def test_a_cancel_that_is_restricted_leaves_the_order(binance: Any, control: ExchangeCounterpart) -> None:
    placed = await limit(binance)
    asking = {"symbol": "BTCUSDT", "orderId": placed["orderId"], "cancelRestrictions": "ONLY_PARTIALLY_FILLED"}
    assert (await refused(binance, binance.private_delete_order(asking)))[0] == -2011
    await control.fault("refuse", "cancel")
    assert (await refused(binance, binance.cancel_order(placed["orderId"], BTC)))[0] == -2011
    assert len(await binance.fetch_open_orders(BTC)) == 1


# Lists of orders.


async def test_two_legs_by_themselves_reserve_twice_and_a_list_once(binance: Any) -> None:
    await binance.create_order(BTC, "market", "buy", 0.01)
    await oco(binance)
    assert (await binance.fetch_balance())["BTC"] == {"free": 0.0, "used": 0.00999, "total": 0.00999}
    await binance.cancel_all_orders(BTC)
    await binance.create_order(BTC, "market", "sell", 0.00999, None, {"stopLossPrice": 67000})
    asking = binance.create_order(BTC, "market", "sell", 0.00999, None, {"takeProfitPrice": 69000})
    assert (await refused(binance, asking))[0] == -2010


@pytest.mark.parametrize(("price", "ended", "gone"), [("66990", "stop", "target"), ("69001", "target", "stop")])
async def test_one_leg_of_a_list_ends_the_other(
    binance: Any, control: ExchangeCounterpart, price: str, ended: str, gone: str
) -> None:
    await binance.create_order(BTC, "market", "buy", 0.01)
    placed = await oco(binance)
    assert (placed["listStatusType"], placed["listOrderStatus"]) == ("EXEC_STARTED", "EXECUTING")
    assert [(report["type"], report["status"]) for report in placed["orderReports"]] == [
        ("STOP_LOSS", "NEW"),
        ("LIMIT_MAKER", "NEW"),
    ]
    assert [(each.role, each.open) for each in (await control.placed())[1:]] == [("stop_loss", True), ("take_profit", True)]
    await control.set_price(BTC, price, price)
    states = {name: await binance.private_get_order({"symbol": "BTCUSDT", "origClientOrderId": name}) for name in (ended, gone)}
    assert (states[ended]["status"], states[gone]["status"]) == ("FILLED", "EXPIRED")
    found = await binance.private_get_orderlist({"origClientOrderId": "list"})
    assert found["listOrderStatus"] == "ALL_DONE"
    assert await binance.private_get_openorderlist() == []


async def test_a_leg_that_is_triggered_ends_the_other_before_it_has_filled(binance: Any, control: ExchangeCounterpart) -> None:
    await binance.create_order(BTC, "market", "buy", 0.01)
    await oco(binance, belowType="STOP_LOSS_LIMIT", belowPrice="66900", belowTimeInForce="GTC")
    await control.set_price(BTC, "66000", "66001")
    assert [(each.venue_client_order_id, each.open) for each in (await control.placed())[1:]] == [
        ("stop", True),
        ("target", False),
    ]


async def test_cancelling_one_leg_cancels_the_list_and_is_answered_with_it(binance: Any) -> None:
    await binance.create_order(BTC, "market", "buy", 0.01)
    placed = await oco(binance)
    told = await binance.private_delete_order({"symbol": "BTCUSDT", "origClientOrderId": "stop"})
    assert (told["orderListId"], told["listOrderStatus"]) == (placed["orderListId"], "ALL_DONE")
    assert [report["status"] for report in told["orderReports"]] == ["CANCELED", "CANCELED"]
    again = binance.private_delete_orderlist({"symbol": "BTCUSDT", "orderListId": placed["orderListId"]})
    assert await refused(binance, again) == (-2011, "Unknown order list sent.")
    await oco(binance)
    assert (await binance.private_delete_orderlist({"symbol": "BTCUSDT", "listClientOrderId": "list"}))["orderListId"] == 102


WRONG_LISTS: list[tuple[dict[str, Any], int]] = [
    ({"belowStopPrice": "67500"}, -2010),
    ({"abovePrice": "67500"}, -2010),
    ({"aboveType": "STOP_LOSS", "aboveStopPrice": "69000", "abovePrice": None}, -1197),
    ({"belowType": "TAKE_PROFIT"}, -1199),
    ({"belowType": "LIMIT_MAKER", "belowPrice": "66000", "belowStopPrice": None}, -1168),
    ({"belowType": "MARKET"}, -1158),
    ({"aboveStopPrice": "69000"}, -1106),
    ({"belowClientOrderId": "target"}, -2010),
    ({"quantity": "0.02"}, -2010),
    ({"listName": "x"}, -1104),
]


@pytest.mark.parametrize(("fields", "code"), WRONG_LISTS, ids=[f"{fields}" for fields, _ in WRONG_LISTS])
async def test_a_list_that_breaks_a_rule_is_refused(
    binance: Any, control: ExchangeCounterpart, fields: dict[str, Any], code: int
) -> None:
    await binance.create_order(BTC, "market", "buy", 0.01)
    assert (await refused(binance, oco(binance, **fields)))[0] == code
    assert len(await control.placed()) == 1


async def test_a_fault_on_what_protects_meets_lists_and_stops_and_no_other_order(
    binance: Any, control: ExchangeCounterpart
) -> None:
    await control.fault("drop", "protect")
    await binance.create_order(BTC, "market", "buy", 0.01)
    assert await told(oco(binance)) == ("ExchangeNotAvailable", "ServerDisconnectedError")
    assert len(await control.placed()) == 3
    await binance.cancel_all_orders(BTC)
    await control.fault("refuse", "protect")
    asking = binance.create_order(BTC, "market", "sell", 0.00999, None, {"stopLossPrice": 67000})
    assert await told(asking) == ("InsufficientFunds", "")


# Lists of answers, limits.


async def test_orders_and_trades_are_listed_from_a_time_or_an_id_on(exchange: BinanceExchange, binance: Any) -> None:
    names = [f"order{number}" for number in range(4)]
    for name in names:
        exchange.offset += 1.0  # an order a second; within the second that a client's clock may differ, and recvWindow
        await place(binance, newClientOrderId=name)
    every = await binance.private_get_allorders({"symbol": "BTCUSDT"})
    assert [each["clientOrderId"] for each in every] == names
    third = every[2]
    for fields in ({"startTime": third["time"]}, {"orderId": third["orderId"]}, {"limit": 2}):
        told = await binance.private_get_allorders({"symbol": "BTCUSDT", **fields})
        assert [each["clientOrderId"] for each in told] == names[2:]
    trades = await binance.private_get_mytrades({"symbol": "BTCUSDT", "startTime": third["time"], "limit": 1})
    assert [trade["orderId"] for trade in trades] == [third["orderId"]]
    day = {"symbol": "BTCUSDT", "startTime": 1, "endTime": 86_400_002}
    assert (await refused(binance, binance.private_get_allorders(day)))[0] == -1127


async def test_request_weight_is_told_and_ends_in_a_refusal_and_a_ban() -> None:
    clock = Clock()
    async with BinanceExchange(clock=clock) as exchange, client("binance", exchange.url) as binance:
        await binance.fetch_time()
        assert binance.last_response_headers["X-MBX-USED-WEIGHT-1M"] == "21"  # the rules and the time
        exchange.limits.weight, exchange.limits.patience = 21, 1
        assert await told(binance.fetch_time()) == ("DDoSProtection", "")
        assert binance.last_response_headers["Retry-After"] == "21"  # seconds to the end of the minute, rounded up
        with pytest.raises(Exception, match="418"):
            await binance.fetch_time()
        assert binance.last_response_headers["Retry-After"] == "120"
        clock.time += 100
        with pytest.raises(Exception, match="418"):
            await binance.fetch_time()
        assert binance.last_response_headers["Retry-After"] == "20"
        clock.time += 21
        assert await binance.fetch_time() == int(clock.time) * 1000


async def test_orders_that_do_not_fill_are_counted(exchange: BinanceExchange, binance: Any) -> None:
    exchange.limits.orders = 2
    for _ in range(3):
        await place(binance)
    assert binance.last_response_headers["X-MBX-ORDER-COUNT-10S"] == "0"
    for _ in range(2):
        await limit(binance)
    assert binance.last_response_headers["X-MBX-ORDER-COUNT-10S"] == "2"
    assert (await refused(binance, limit(binance)))[0] == -1015


async def test_a_reset_makes_it_new(binance: Any, control: ExchangeCounterpart) -> None:
    await limit(binance)
    await control.control("reset")
    assert await control.placed() == []
    assert await binance.fetch_open_orders(BTC) == []
    assert (await binance.fetch_balance())["USDT"]["free"] == 100_000


# What holds whatever happens.


@hypothesis.given(st.lists(st.tuples(st.sampled_from("bsltmpcf"), st.integers(1, 40), st.integers(-30, 30)), max_size=30))
@hypothesis.settings(max_examples=60)
def test_nothing_is_made_of_nothing(steps: list[tuple[str, int, int]]) -> None:
    """What an account holds is what it had and what its trades came to; nothing is reserved that is not held."""
    exchange = BinanceExchange(keys={"canary-key1": "canary-secret1"})
    for step in steps:
        _do(exchange, *step)
    engine = exchange.engine
    totals, locked = engine.book.totals["canary-key1"], engine.book.locked("canary-key1", engine.assets)
    trades = [(order, trade) for order in engine.book.orders for trade in order.trades]
    held = sum((trade.quantity if order.buys else -trade.quantity for order, trade in trades), Decimal(0))
    paid = sum((trade.quantity * trade.price * (1 if order.buys else -1) for order, trade in trades), Decimal(0))
    fees = {asset: sum((trade.fee for _, trade in trades if trade.fee_asset == asset), Decimal(0)) for asset in totals}
    assert totals["BTC"] == held - fees["BTC"]
    assert totals["USDT"] == 100_000 - paid - fees["USDT"]
    assert all(0 <= locked[asset] <= totals[asset] for asset in totals)
    assert all(order.filled <= order.quantity for order in engine.book.orders)


def _do(exchange: BinanceExchange, what: str, size: int, percent: int) -> None:
    """Something that a client or the market does; refusals are as good as anything."""
    price = f"{67500 * (100 + percent) / 100:.2f}"
    orders = {
        "b": f"side=BUY&type=MARKET&quantity=0.{size:02}",
        "s": f"side=SELL&type=MARKET&quantity=0.{size:02}",
        "l": f"side=BUY&type=LIMIT&timeInForce=GTC&price={price}&quantity=0.{size:02}",
        "t": f"side=SELL&type=STOP_LOSS&stopPrice={price}&quantity=0.{size:02}",
        "m": f"side=BUY&type=STOP_LOSS&stopPrice={price}&quantity=0.{size:02}",
    }
    trading, controls = Trading(exchange.engine, exchange.limits), Controls(exchange)
    try:
        if what in orders:
            query = f"symbol=BTCUSDT&{orders[what]}"
            trading.place(
                Parameters(Asked(method="POST", path="", query=query)), "canary-key1", "rest" if size % 7 == 0 else ""
            )
        elif what == "p":
            controls.price("BTCUSDT", price, bid_size="0.1", ask_size=f"0.{size:02}")
        elif found := exchange.engine.book.open_orders():
            order = found[size % len(found)]
            exchange.engine.cancel(order) if what == "c" else exchange.engine.fill(order)
    except (Refused, ValueError):
        pass
