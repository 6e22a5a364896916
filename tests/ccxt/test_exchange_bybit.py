# SPDX-License-Identifier: MIT
"""The simulated Bybit as unmodified ccxt sees it, over HTTP: markets, orders, their rules, look-ups, positions, balance.

What Bybit's documents do not say, and is tested here all the same, stands in docs/exchanges-bybit.md as assumed.
"""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from ccxt.base import errors

from fks_exec_simulators.exchanges import clients
from fks_exec_simulators.exchanges.bybit import BybitExchange
from fks_exec_simulators.exchanges.counterpart import ExchangeCounterpart

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
BID, ASK = 67500.0, 67500.1


@pytest.fixture
async def exchange() -> AsyncIterator[BybitExchange]:
    async with BybitExchange() as bybit:
        yield bybit


@pytest.fixture
async def client(exchange: BybitExchange) -> AsyncIterator[Any]:
    async with clients.client("bybit", exchange.url) as made:
        yield made


@pytest.fixture
def counterpart(exchange: BybitExchange) -> ExchangeCounterpart:
    return ExchangeCounterpart(exchange.url)


async def told(client: Any, order_id: str = "", symbol: str = BTC, **params: Any) -> dict[str, Any]:
    """An order, looked up by the exchange's id or by ``orderLinkId``; as Bybit wrote it."""
    order: dict[str, Any] = await client.fetch_order(order_id, symbol, {"acknowledged": True, **params})
    return dict(order["info"])


async def buy(client: Any, amount: str = "0.01", **params: Any) -> str:
    """A market order; its id."""
    order = await client.create_order(BTC, "market", "buy", amount, None, params)
    return str(order["id"])


# Markets.


async def test_load_markets_in_its_default_way_finds_what_trades(exchange: BybitExchange) -> None:
    """Spot, inverse and options are asked for too and are empty; the delisted perpetual is not told."""
    async with clients.client("bybit", exchange.url, fetchMarkets={}, fetchCurrencies=True) as client:
        markets = client.markets
    assert exchange.counts["GET /v5/market/instruments-info"] == 11
    assert sorted(markets) == [BTC, ETH]
    market = markets[BTC]
    assert (market["precision"]["amount"], market["precision"]["price"]) == (0.001, 0.1)
    assert (market["contractSize"], market["linear"], market["limits"]["cost"]["min"]) == (1.0, True, 5.0)


async def test_closed_instruments_are_told_to_who_asks_for_them(client: Any) -> None:
    answer = await client.publicGetV5MarketInstrumentsInfo({"category": "linear", "status": "Closed"})
    assert [row["symbol"] for row in answer["result"]["list"]] == ["LUNAUSDT"]


async def test_instruments_come_in_pages(client: Any) -> None:
    first = await client.publicGetV5MarketInstrumentsInfo({"category": "linear", "limit": 1})
    cursor = first["result"]["nextPageCursor"]
    second = await client.publicGetV5MarketInstrumentsInfo({"category": "linear", "limit": 1, "cursor": cursor})
    assert [row["symbol"] for row in first["result"]["list"] + second["result"]["list"]] == ["BTCUSDT", "ETHUSDT"]
    assert second["result"]["nextPageCursor"] == ""


async def test_a_ticker_and_a_book_have_the_scripted_prices(client: Any, counterpart: ExchangeCounterpart) -> None:
    await counterpart.set_price(ETH, "3400", "3400.5")
    ticker, book = await client.fetch_ticker(ETH), await client.fetch_order_book(ETH)
    assert (ticker["bid"], ticker["ask"], ticker["bidVolume"]) == (3400.0, 3400.5, 1000.0)
    assert (book["bids"], book["asks"]) == ([[3400.0, 1000.0]], [[3400.5, 1000.0]])


async def test_its_time_follows_a_scripted_clock(
    exchange: BybitExchange, client: Any, counterpart: ExchangeCounterpart
) -> None:
    before = exchange.now()
    await counterpart.control("clock", seconds=3600)
    assert before + 3_600_000 <= await client.fetch_time() <= exchange.now()


# Who asks.


@pytest.mark.parametrize(
    ("key", "secret", "code"), [("nobody", "canary-secret1", "10003"), ("canary-key1", "guessed", "10004")]
)
async def test_an_unknown_key_and_a_wrong_signature_are_no_account(
    exchange: BybitExchange, key: str, secret: str, code: str
) -> None:
    with pytest.raises(errors.AuthenticationError, match=code):
        async with clients.client("bybit", exchange.url, key, secret) as client:
            await client.fetch_balance()


@pytest.mark.parametrize("seconds", [10.0, -10.0])
async def test_a_clock_that_is_off_is_refused_and_can_be_adjusted(
    exchange: BybitExchange, client: Any, counterpart: ExchangeCounterpart, seconds: float
) -> None:
    """5 s late or 1 s early is too much (docs/v5/guide); nothing is placed."""
    await counterpart.control("clock", seconds=seconds)
    with pytest.raises(errors.InvalidNonce, match="10002"):
        await buy(client)
    assert await counterpart.placed() == []
    await client.load_time_difference()
    await buy(client)
    assert len(await counterpart.placed()) == 1


async def test_the_accounts_are_apart(exchange: BybitExchange, client: Any) -> None:
    async with clients.client("bybit", exchange.url, "canary-key2") as other:
        await buy(client, clientOrderId="same")
        await buy(other, clientOrderId="same")
        await buy(other)
        assert [len(await each.fetch_my_trades(BTC)) for each in (client, other)] == [1, 2]
    assert len(await ExchangeCounterpart(exchange.url, account="canary-key1").placed()) == 1


async def test_requests_beyond_the_rate_are_refused_when_enforced(client: Any, counterpart: ExchangeCounterpart) -> None:
    """10 a second to place (docs/v5/rate-limit)."""
    await counterpart.control("enforce", on=True)
    for _ in range(10):
        await client.create_order(BTC, "limit", "buy", "0.01", "60000")
    with pytest.raises(errors.RateLimitExceeded, match="10006"):
        await client.create_order(BTC, "limit", "buy", "0.01", "60000")
    assert client.last_response_headers["X-Bapi-Limit-Status"] == "0"
    assert len(await counterpart.placed()) == 10


# Orders.


async def test_an_answer_has_ids_and_nothing_else(client: Any) -> None:
    order = await client.create_order(BTC, "market", "buy", "0.01", None, {"clientOrderId": "mine-1"})
    assert set(order["info"]) == {"orderId", "orderLinkId"}
    assert (order["clientOrderId"], order["status"], order["filled"]) == ("mine-1", None, None)


async def test_a_market_order_fills_at_the_ask_and_pays_the_taker_fee(client: Any) -> None:
    order = await client.fetch_order(await buy(client), BTC, {"acknowledged": True})
    assert (order["status"], order["filled"], order["average"]) == ("closed", 0.01, ASK)
    assert order["fee"] == {"cost": 0.37125055, "currency": "USDT"}
    (trade,) = await client.fetch_order_trades(order["id"], BTC)
    assert (trade["price"], trade["amount"], trade["takerOrMaker"]) == (ASK, 0.01, "taker")


async def test_a_limit_order_rests_and_fills_at_its_own_price(client: Any, counterpart: ExchangeCounterpart) -> None:
    order = await client.create_order(BTC, "limit", "buy", "0.01", "67000")
    assert (await told(client, order["id"]))["orderStatus"] == "New"
    await counterpart.set_price(BTC, "66990", "66995")
    filled = await client.fetch_order(order["id"], BTC, {"acknowledged": True})
    assert (filled["status"], filled["average"]) == ("closed", 67000.0)
    trade = (await client.fetch_my_trades(BTC))[0]
    assert (trade["takerOrMaker"], trade["fee"]["cost"]) == ("maker", 0.134)


async def test_a_market_order_takes_what_is_displayed_and_its_rest_is_cancelled(
    client: Any, counterpart: ExchangeCounterpart
) -> None:
    """In derivatives ``Cancelled`` may have a filled quantity (docs/v5/enum); ``PartiallyFilledCanceled`` is for spot."""
    await counterpart.control("sizes", symbol=BTC, bid="1", ask="0.004")
    order = await told(client, await buy(client))
    assert (order["orderStatus"], order["cumExecQty"], order["leavesQty"]) == ("Cancelled", "0.004", "0.000")
    seen = await client.fetch_order(order["orderId"], BTC, {"acknowledged": True})
    assert (seen["status"], seen["filled"]) == ("canceled", 0.004)


@pytest.mark.parametrize(
    ("times", "price", "size", "status", "filled", "reason"),
    [
        ("PO", "67600", "1", "Cancelled", "0.000", "EC_PostOnlyWillTakeLiquidity"),
        ("PO", "67000", "1", "New", "0.000", "EC_NoError"),
        ("FOK", "67600", "0.004", "Cancelled", "0.000", "EC_CancelForNoFullFill"),
        ("FOK", "67600", "1", "Filled", "0.010", "EC_NoError"),
        ("IOC", "67600", "0.004", "Cancelled", "0.004", "EC_NoImmediateQtyToFill"),
        ("IOC", "67000", "1", "Cancelled", "0.000", "EC_NoImmediateQtyToFill"),
        ("GTC", "67600", "0.004", "PartiallyFilled", "0.004", "EC_NoError"),
    ],
)
async def test_time_in_force(
    client: Any, counterpart: ExchangeCounterpart, times: str, price: str, size: str, status: str, filled: str, reason: str
) -> None:
    """The order is taken in every case: what became of it is only seen when it is looked up."""
    await counterpart.control("sizes", symbol=BTC, bid="1", ask=size)
    order = await client.create_order(BTC, "limit", "buy", "0.01", price, {"timeInForce": times})
    seen = await told(client, order["id"])
    assert (seen["orderStatus"], seen["cumExecQty"], seen["rejectReason"]) == (status, filled, reason)


async def test_a_clients_id_is_never_taken_twice(client: Any, counterpart: ExchangeCounterpart) -> None:
    """Not after a fill either; and ccxt says InvalidOrder, not DuplicateOrderId."""
    await buy(client, clientOrderId="once")
    with pytest.raises(errors.InvalidOrder, match="110072") as caught:
        await buy(client, clientOrderId="once")
    assert not isinstance(caught.value, errors.DuplicateOrderId)
    assert len(await counterpart.placed()) == 1


@pytest.mark.parametrize("link_id", ["x" * 37, "dot.dot", "ä"])
async def test_a_clients_id_has_36_characters_of_few(client: Any, link_id: str) -> None:
    with pytest.raises(errors.BadRequest, match="10001"):
        await buy(client, clientOrderId=link_id)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"qty": "0.0015"}, "10001"),
        ({"qty": "0"}, "10001"),
        ({"qty": "500.001"}, "10001"),
        ({"qty": "1e3"}, "10001"),
        ({"qty": 0.01}, "10001"),
        ({"orderType": "Limit"}, "10001"),
        ({"orderType": "Limit", "price": "67000.05"}, "10001"),
        ({"orderType": "Limit", "price": "2000000"}, "110003"),
        ({"orderType": "Limit", "price": "100", "qty": "0.01"}, "110094"),
        ({"orderType": "Stop"}, "10001"),
        ({"side": "buy"}, "10001"),
        ({"symbol": "NOUSDT"}, "10001"),
        ({"symbol": "LUNAUSDT"}, "110074"),
        ({"category": "spot"}, "10001"),
        ({"positionIdx": 1}, "10001"),
        ({"triggerPrice": "68000"}, "10001"),
        ({"triggerPrice": "67000", "triggerDirection": 1}, "110092"),
        ({"triggerPrice": "68000", "triggerDirection": 2}, "110093"),
        ({"reduceOnly": True}, "110017"),
        ({"qty": "100"}, "110007"),
    ],
)
async def test_what_breaks_a_rule_is_refused_with_its_code(
    client: Any, counterpart: ExchangeCounterpart, fields: dict[str, Any], code: str
) -> None:
    """Sent raw, since ccxt would round and check some of it."""
    order = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.01", **fields}
    with pytest.raises(errors.ExchangeError, match=f'"retCode":{code},'):
        await client.privatePostV5OrderCreate(order)
    assert await counterpart.placed() == []


async def test_a_symbol_that_was_delisted_since_takes_no_order(client: Any, counterpart: ExchangeCounterpart) -> None:
    await counterpart.control("status", symbol=BTC, status="Closed")
    with pytest.raises(errors.ExchangeError, match="110074"):
        await buy(client)


# Conditional orders.


@pytest.mark.parametrize("kind", ["market", "limit"])
async def test_a_stop_entry_waits_for_its_trigger(client: Any, counterpart: ExchangeCounterpart, kind: str) -> None:
    params = {"triggerPrice": "68000", "triggerDirection": "ascending", "clientOrderId": "stop-1"}
    price = None if kind == "market" else "68010"
    await client.create_order(BTC, kind, "buy", "0.01", price, params)
    waiting = await told(client, orderLinkId="stop-1")
    assert (waiting["orderStatus"], waiting["stopOrderType"], waiting["triggerDirection"]) == ("Untriggered", "Stop", 1)
    await counterpart.set_price(BTC, "67999", "67999.9")
    assert (await told(client, orderLinkId="stop-1"))["orderStatus"] == "Untriggered"
    await counterpart.set_price(BTC, "68000", "68000.1")
    filled = await told(client, orderLinkId="stop-1")
    assert (filled["orderStatus"], filled["avgPrice"]) == ("Filled", "68000.1")


async def test_a_conditional_order_needs_no_margin_until_its_trigger(client: Any, counterpart: ExchangeCounterpart) -> None:
    """Without it by then it is cancelled (docs/v5/order/create-order)."""
    params = {"triggerPrice": "68000", "triggerDirection": "ascending"}
    order = await client.create_order(BTC, "market", "buy", "100", None, params)
    assert (await client.fetch_balance())["USDT"]["used"] == 0
    await counterpart.set_price(BTC, "68000", "68000.1")
    assert (await told(client, order["id"]))["orderStatus"] == "Cancelled"
    assert await counterpart.control("positions") == []


async def test_one_that_is_cancelled_before_its_trigger_is_deactivated(client: Any) -> None:
    params = {"triggerPrice": "68000", "triggerDirection": "ascending"}
    order = await client.create_order(BTC, "market", "buy", "0.01", None, params)
    await client.cancel_order(order["id"], BTC)
    assert (await told(client, order["id"]))["orderStatus"] == "Deactivated"
    (closed,) = await client.fetch_canceled_and_closed_orders(BTC)
    assert (closed["id"], closed["status"]) == (order["id"], "canceled")
    assert await client.fetch_canceled_orders(BTC) == []  # ccxt asks for the status Cancelled alone


async def test_no_more_than_ten_conditional_orders_of_a_symbol(client: Any) -> None:
    params = {"triggerPrice": "68000", "triggerDirection": "ascending"}
    for _ in range(10):
        await client.create_order(BTC, "market", "buy", "0.01", None, params)
    with pytest.raises(errors.InvalidOrder, match="110009"):
        await client.create_order(BTC, "market", "buy", "0.01", None, params)


# Reducing.


async def test_an_order_that_may_only_reduce_is_cut_to_the_position(client: Any, counterpart: ExchangeCounterpart) -> None:
    await buy(client)
    order = await client.create_order(BTC, "market", "sell", "0.05", None, {"reduceOnly": True})
    assert (await told(client, order["id"]))["qty"] == "0.010"
    assert await counterpart.control("positions") == []


async def test_it_is_refused_on_the_side_of_the_position(client: Any) -> None:
    await buy(client)
    with pytest.raises(errors.InvalidOrder, match="110017"):
        await client.create_order(BTC, "market", "buy", "0.01", None, {"reduceOnly": True})


async def test_resting_ones_go_with_the_position(client: Any) -> None:
    await buy(client)
    resting = await client.create_order(BTC, "limit", "sell", "0.01", "69000", {"reduceOnly": True})
    await client.create_order(BTC, "market", "sell", "0.01")
    seen = await told(client, resting["id"])
    assert (seen["orderStatus"], seen["cancelType"]) == ("Cancelled", "CancelByReduceOnly")


async def test_resting_ones_shrink_with_the_position(client: Any) -> None:
    await buy(client, "0.03")
    resting = await client.create_order(BTC, "limit", "sell", "0.03", "69000", {"reduceOnly": True})
    await client.create_order(BTC, "market", "sell", "0.02")
    assert (await told(client, resting["id"]))["qty"] == "0.010"


async def test_a_pair_of_conditional_ones_is_no_pair_to_the_exchange(client: Any, counterpart: ExchangeCounterpart) -> None:
    """The target stays when the stop has closed the position; set off, it finds nothing to reduce."""
    await buy(client)
    stop = await client.create_order(BTC, "market", "sell", "0.01", None, {"stopLossPrice": "67000"})
    take = await client.create_order(BTC, "market", "sell", "0.01", None, {"takeProfitPrice": "69000"})
    roles = [each.role for each in await counterpart.placed()]
    assert roles == ["", "stop_loss", "take_profit"]
    await counterpart.set_price(BTC, "67000", "67000.1")
    assert [(await told(client, each["id"]))["orderStatus"] for each in (stop, take)] == ["Filled", "Untriggered"]
    await counterpart.set_price(BTC, "69000", "69000.1")
    seen = await told(client, take["id"])
    assert (seen["orderStatus"], seen["cancelType"], seen["cumExecQty"]) == ("Cancelled", "CancelByReduceOnly", "0.000")
    assert await counterpart.control("positions") == []


async def test_quantity_zero_closes_the_whole_position(client: Any, counterpart: ExchangeCounterpart) -> None:
    """With reduceOnly and closeOnTrigger (docs/v5/order/create-order)."""
    await buy(client, "0.037")
    order = {"category": "linear", "symbol": "BTCUSDT", "side": "Sell", "orderType": "Market", "qty": "0"}
    await client.privatePostV5OrderCreate({**order, "reduceOnly": True, "closeOnTrigger": True})
    assert await counterpart.control("positions") == []


# Changing.


async def test_an_amendment_keeps_the_order_and_its_ids(client: Any) -> None:
    order = await client.create_order(BTC, "limit", "buy", "0.01", "66000", {"clientOrderId": "a"})
    amended = await client.edit_order(order["id"], BTC, "limit", "buy", "0.02", "66500")
    assert amended["id"] == order["id"]
    seen = await told(client, orderLinkId="a")
    assert (seen["qty"], seen["price"], seen["orderStatus"]) == ("0.020", "66500.00", "New")


async def test_an_amendment_can_cross_the_market(client: Any) -> None:
    order = await client.create_order(BTC, "limit", "buy", "0.01", "66000")
    await client.edit_order(order["id"], BTC, "limit", "buy", "0.01", "67600")
    assert (await told(client, order["id"]))["avgPrice"] == "67500.1"


async def test_what_cannot_be_amended_stays_as_it_was(client: Any, counterpart: ExchangeCounterpart) -> None:
    order = await client.create_order(BTC, "limit", "buy", "0.01", "66000")
    await counterpart.fill(order["id"], "0.004")
    with pytest.raises(errors.InvalidOrder, match="110064"):
        await client.edit_order(order["id"], BTC, "limit", "buy", "0.004", None)
    with pytest.raises(errors.BadRequest, match="remains unchanged"):
        await client.edit_order(order["id"], BTC, "limit", "buy", "0.01", "66000")
    with pytest.raises(errors.InsufficientFunds, match="110007"):
        await client.edit_order(order["id"], BTC, "limit", "buy", "100", None)
    with pytest.raises(errors.OrderNotFound, match="110001"):
        await client.edit_order("no-such-id", BTC, "limit", "buy", "0.02", None)
    seen = await told(client, order["id"])
    assert (seen["qty"], seen["price"], seen["leavesQty"]) == ("0.010", "66000.00", "0.006")


async def test_ccxts_dict_of_a_stop_reaches_an_amendment_as_an_object_and_is_refused(client: Any) -> None:
    """edit_order sends ``params`` over what it made of them."""
    order = await client.create_order(BTC, "limit", "buy", "0.01", "66000", {"stopLoss": {"triggerPrice": "65000"}})
    with pytest.raises(errors.BadRequest, match="stopLoss must be a string"):
        await client.edit_order(order["id"], BTC, "limit", "buy", None, None, {"stopLoss": {"triggerPrice": "65500"}})
    await client.edit_order(order["id"], BTC, "limit", "buy", None, None, {"stopLoss": "65500"})
    assert (await told(client, order["id"]))["stopLoss"] == "65500.00"


async def test_what_has_ended_cannot_be_cancelled(client: Any) -> None:
    filled = await buy(client)
    for order_id in (filled, "no-such-id"):
        with pytest.raises(errors.OrderNotFound, match="110001"):
            await client.cancel_order(order_id, BTC)


async def test_cancel_all_takes_what_is_open(client: Any) -> None:
    await client.create_order(BTC, "limit", "buy", "0.01", "66000")
    await client.create_order(ETH, "limit", "buy", "0.01", "3000")
    await client.create_order(BTC, "market", "buy", "0.01", None, {"triggerPrice": "68000", "triggerDirection": "ascending"})
    assert len(await client.cancel_all_orders(BTC, {"trigger": True})) == 1
    assert len(await client.cancel_all_orders()) == 2
    assert await client.fetch_open_orders() == []


async def test_nothing_is_settled_in_another_coin(client: Any) -> None:
    await buy(client)
    await client.create_order(BTC, "limit", "buy", "0.01", "66000")
    usdc = {"category": "linear", "settleCoin": "USDC"}
    assert (await client.privateGetV5OrderRealtime(usdc))["result"]["list"] == []
    assert (await client.privateGetV5PositionList(usdc))["result"]["list"] == []


# Looking up.


async def test_a_new_order_is_seen_only_after_a_while(client: Any, counterpart: ExchangeCounterpart) -> None:
    """Placing is asynchronous: until then nothing finds it, nor cancels it; all the same its id is taken."""
    await counterpart.control("lag", seconds=0.3)
    order = await client.create_order(BTC, "limit", "buy", "0.01", "66000", {"clientOrderId": "slow"})
    with pytest.raises(errors.OrderNotFound):
        await told(client, orderLinkId="slow")
    with pytest.raises(errors.ExchangeError, match="110079"):
        await client.cancel_order(order["id"], BTC)
    with pytest.raises(errors.InvalidOrder, match="110072"):
        await client.create_order(BTC, "limit", "buy", "0.01", "66000", {"clientOrderId": "slow"})
    await counterpart.control("clock", seconds=0.4)
    assert (await told(client, orderLinkId="slow"))["orderId"] == order["id"]


async def test_ccxt_asks_for_an_order_called_none_when_it_is_given_no_id(client: Any) -> None:
    """An exchange's id goes before a client's (docs/v5/order/open-order): give an empty one."""
    await buy(client, clientOrderId="mine")
    with pytest.raises(errors.OrderNotFound):
        await client.fetch_order(None, BTC, {"acknowledged": True, "orderLinkId": "mine"})
    assert (await client.fetch_order("", BTC, {"acknowledged": True, "orderLinkId": "mine"}))["clientOrderId"] == "mine"


async def test_open_orders_come_newest_first_in_pages(client: Any) -> None:
    ids = [(await client.create_order(BTC, "limit", "buy", "0.01", f"660{n:02}"))["id"] for n in range(25)]
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        rows = await client.fetch_open_orders(BTC, None, 10, {} if cursor is None else {"cursor": cursor})
        seen += [row["id"] for row in rows]
        cursor = client.safe_string(client.parse_json(client.last_http_response)["result"], "nextPageCursor")
    assert sorted(seen) == sorted(ids)
    assert cursor is None
    raw = await client.privateGetV5OrderRealtime({"category": "linear", "symbol": "BTCUSDT"})
    assert [row["orderId"] for row in raw["result"]["list"]] == ids[:4:-1]


async def test_closed_orders_are_in_the_history_and_in_realtime_on_demand(client: Any) -> None:
    filled = await buy(client)
    resting = await client.create_order(BTC, "limit", "buy", "0.01", "66000")
    await client.cancel_order(resting["id"], BTC)
    assert await client.fetch_open_orders(BTC) == []
    closed = await client.fetch_canceled_and_closed_orders(BTC)
    assert {row["id"]: row["status"] for row in closed} == {filled: "closed", resting["id"]: "canceled"}
    raw = await client.privateGetV5OrderRealtime({"category": "linear", "symbol": "BTCUSDT", "openOnly": 1})
    assert len(raw["result"]["list"]) == 2


async def test_the_history_forgets_cancelled_orders_after_a_day_and_all_after_a_week(
    exchange: BybitExchange, client: Any, counterpart: ExchangeCounterpart
) -> None:
    resting = await client.create_order(BTC, "limit", "buy", "0.01", "66000")
    await client.cancel_order(resting["id"], BTC)
    filled = await buy(client)
    await counterpart.control("clock", seconds=25 * 3600)
    await client.load_time_difference()
    assert [row["id"] for row in await client.fetch_canceled_and_closed_orders(BTC)] == [filled]
    await counterpart.control("clock", seconds=8 * 24 * 3600)
    await client.load_time_difference()
    assert await client.fetch_canceled_and_closed_orders(BTC) == []


# Money.


async def test_a_position_has_its_average_its_result_and_its_margin(client: Any, counterpart: ExchangeCounterpart) -> None:
    await buy(client)
    await counterpart.set_price(BTC, "68500", "68500.1")
    await buy(client)
    (position,) = await client.fetch_positions([BTC])
    assert (position["side"], position["contracts"], position["entryPrice"]) == ("long", 0.02, 68000.1)
    assert position["unrealizedPnl"] == pytest.approx(10.0)
    assert position["initialMargin"] == pytest.approx(0.02 * 68500.1 / 10)
    assert (position["leverage"], position["hedged"]) == (10.0, False)


async def test_a_sale_larger_than_the_position_turns_it_around(client: Any) -> None:
    """One-way mode, not reduceOnly."""
    await buy(client)
    await client.create_order(BTC, "market", "sell", "0.03")
    (position,) = await client.fetch_positions([BTC])
    assert (position["side"], position["contracts"], position["entryPrice"]) == ("short", 0.02, BID)


async def test_fees_and_results_are_booked_in_usdt(client: Any, counterpart: ExchangeCounterpart) -> None:
    await buy(client)
    await counterpart.set_price(BTC, "68500", "68500.1")
    await client.create_order(BTC, "market", "sell", "0.01")
    result = (Decimal("68500") - Decimal("67500.1")) * Decimal("0.01")
    fees = (Decimal("68500") + Decimal("67500.1")) * Decimal("0.01") * Decimal("0.00055")
    balance = await client.fetch_balance()
    assert Decimal(str(balance["USDT"]["total"])) == 100_000 + (result - fees).quantize(Decimal("0.00000001"))
    assert balance["USDT"]["used"] == 0


async def test_what_rests_holds_margin_and_what_closes_none(client: Any) -> None:
    await client.create_order(BTC, "limit", "buy", "0.1", "60000")
    held = (await client.fetch_balance())["USDT"]["used"]
    assert held == pytest.approx(6000 / 10 + 6000 * 0.00055)
    await client.cancel_all_orders(BTC)
    await buy(client)
    before = (await client.fetch_balance())["USDT"]["used"]
    await client.create_order(BTC, "limit", "sell", "0.01", "69000")
    assert (await client.fetch_balance())["USDT"]["used"] == before


async def test_a_leverage_of_one_needs_all_the_money(client: Any) -> None:
    await client.set_leverage(1, BTC)
    with pytest.raises(errors.BadRequest, match="110043"):
        await client.set_leverage(1, BTC)
    with pytest.raises(errors.InsufficientFunds, match="110007"):
        await buy(client, "1.5")
    await buy(client, "1.4")


async def test_hedge_mode_keeps_two_positions_and_wants_their_index(client: Any, counterpart: ExchangeCounterpart) -> None:
    await client.set_position_mode(True, BTC)
    with pytest.raises(errors.BadRequest, match="position idx not match position mode"):
        await buy(client)
    await client.create_order(BTC, "market", "buy", "0.02", None, {"hedged": True})
    await client.create_order(BTC, "market", "sell", "0.03", None, {"hedged": True})
    await client.create_order(BTC, "market", "sell", "0.01", None, {"hedged": True, "reduceOnly": True})
    held = await counterpart.control("positions")
    assert [(each["idx"], each["size"]) for each in held] == [("1", "0.01"), ("2", "-0.03")]
    with pytest.raises(errors.BadRequest, match="110024"):
        await client.set_position_mode(False, BTC)
