# SPDX-License-Identifier: MIT
"""Exchanges without a simulator: how they are asked, and what follows from their documented answers; nothing is sent."""

from __future__ import annotations

import json
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from attrs import define, field

from fks_exec import NotSent, Order, OrderRef, Protection, Side, Status, Submission, VenueRejected
from fks_exec.clock import SystemClock
from fks_exec_ccxt.config import CCXTConfig
from fks_exec_ccxt.knowledge.traits import traits
from fks_exec_ccxt.reading.fired import fired
from fks_exec_ccxt.reading.lookups import Lookups
from fks_exec_ccxt.reading.results import Told
from fks_exec_ccxt.requests.probing import Probes
from fks_exec_ccxt.session.connection import Connection
from fks_exec_ccxt.trading.placing import Trader
from fks_exec_ccxt.wire.outcomes import Unsettled
from fks_exec_simulators.offline import offline

NOW = SystemClock().now()


@define(eq=False)
class Desk:
    """An account at an exchange whose answers are written down.

    Args:
        exchange, market_type: ccxt's id, and spot or swap.
        answers: the answer by a part of the address; the first that is in it.
        asked: the addresses, with what was posted.
    """

    exchange: str
    market_type: str
    answers: dict[str, Any]
    asked: list[str] = field(factory=list)

    def lookups(self) -> Lookups:
        """Of an opened account."""
        instance, known = offline(self.exchange, self.market_type), traits(self.exchange, self.market_type)

        async def fetch(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
            self.asked.append(f"{url} {body or ''}")
            answer = next(value for part, value in self.answers.items() if part in url)
            instance.handle_errors(200, "OK", url, method, {}, json.dumps(answer), answer, headers, body)
            return answer

        instance.fetch = fetch
        swap = self.market_type == "swap"
        more: dict[str, Any] = {"margin_mode": "cross", "leverage": Decimal(1)} if swap else {}
        config = CCXTConfig(exchange=self.exchange, market_type=cast(Any, self.market_type), **more)
        context = SimpleNamespace(account="mine", clock=SystemClock(), live=False, tell=print)
        connection = Connection(instance, config, known, cast(Any, context), injected=True)
        connection.probes = Probes(instance, known, config)
        return Lookups(connection=connection)

    async def find(self, symbol: str, name: str | None = "mine", order_id: str | None = None) -> Any:
        """The order of this name."""
        ref = OrderRef(venue_client_order_id=name, order_id=order_id, symbol=symbol, submitted_at=NOW - 5000)
        return await self.lookups().find(ref)


def kraken(name: str) -> dict[str, Any]:
    return {
        "cl_ord_id": name,
        "status": "closed",
        "opentm": NOW / 1000 - 10,
        "descr": {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "1", "price2": "0"},
        "vol": "1",
        "vol_exec": "0",
        "cost": "0",
        "fee": "0",
        "price": "0",
        "oflags": "fciq",
    }


async def test_kraken_is_asked_for_the_one_name() -> None:
    """Its lists have pages of fifty orders of all instruments."""
    none: dict[str, Any] = {"error": [], "result": {"open": {}, "closed": {}, "count": 0}}
    desk = Desk("kraken", "spot", {"Orders": none})
    assert await desk.find("BTC/USD") is None
    assert ["cl_ord_id=mine" in asked for asked in desk.asked] == [True, True]


async def test_kraken_that_tells_of_other_orders_says_nothing() -> None:
    told: dict[str, Any] = {"error": [], "result": {"open": {}, "closed": {"O1": kraken("other")}, "count": 180}}
    with pytest.raises(Unsettled):
        await Desk("kraken", "spot", {"Orders": told}).find("BTC/USD")


@pytest.mark.parametrize("order_id", [None, "777"])
async def test_krakenfutures_never_says_that_an_order_is_not_there(order_id: str | None) -> None:
    """It tells of those that have ended for five seconds only."""
    answers = {
        "orders/status": {"result": "success", "orders": []},
        "openorders": {"result": "success", "openOrders": []},
        "history": {"elements": [], "len": 0},
    }
    with pytest.raises(Unsettled):
        await Desk("krakenfutures", "swap", answers).find("BTC/USD:USD", order_id=order_id)


def algo(**more: Any) -> dict[str, Any]:
    """A stop of OKX's."""
    return {
        "algoId": "1",
        "algoClOrdId": "mine",
        "clOrdId": "",
        "actualSz": "",
        "sz": "2",
        "side": "sell",
        "ordType": "conditional",
        "slTriggerPx": "100",
        "slOrdPx": "-1",
        "instId": "BTC-USDT-SWAP",
        "instType": "SWAP",
        "cTime": "1700000000000",
        **more,
    }


OKX_NONE = {"code": "51603", "data": [], "msg": "Order does not exist"}


async def test_a_stop_of_okx_whose_order_was_refused_stands_no_longer() -> None:
    row = algo(state="order_failed", ordId="", failCode="51008")
    found = await Desk("okx", "swap", {"order-algo": {"code": "0", "data": [row]}, "trade/order": OKX_NONE}).find(
        "BTC/USDT:USDT"
    )
    assert (found.status, found.filled_quantity) == (Status.CANCELED, 0)


async def test_a_stop_of_okx_that_fired_is_the_order_that_it_made() -> None:
    row = algo(state="effective", ordId="9", ordIdList=["9"])
    made = {"ordId": "9", "instId": "BTC-USDT-SWAP", "instType": "SWAP", "side": "sell", "ordType": "market", "sz": "2"}
    made |= {"state": "canceled", "accFillSz": "1", "avgPx": "99", "cTime": "1700000000000", "fee": "0", "feeCcy": "USDT"}
    fill = {
        "tradeId": "5",
        "ordId": "9",
        "instId": "BTC-USDT-SWAP",
        "fillSz": "1",
        "fillPx": "99",
        "side": "sell",
        "ts": "1700000000000",
    }
    answers = {
        "clOrdId=mine": OKX_NONE,
        "order-algo": {"code": "0", "data": [row]},
        "ordId=9": {"code": "0", "data": [made]},
        "fills": {"code": "0", "data": [fill]},
    }
    answers = {"order-algo": answers["order-algo"], "fills": answers["fills"], **answers}
    found = await Desk("okx", "swap", answers).find("BTC/USDT:USDT")
    assert (found.order_id, found.status, found.filled_quantity) == ("9", Status.CANCELED, 1)
    assert len(found.fills) == 1


@pytest.mark.parametrize(
    ("info", "number"),
    [
        ({"actualOrderId": "9"}, "9"),
        ({"executeOrderId": "9"}, "9"),
        ({"trigger": {"price": "1"}, "trade_id": 9, "finish_as": "succeeded"}, "9"),
        ({"algoId": "1", "ordIdList": ["9"], "state": "effective"}, "9"),
        ({"algoId": "1", "ordId": "9", "state": "effective"}, "9"),
        ({"algoId": "7", "ordId": "1"}, None),
        ({"trigger": {"price": "1"}, "trade_id": 0, "finish_as": "cancelled"}, None),
        ({"trade_id": "9"}, None),
        ({"actualOrderId": "0"}, None),
    ],
)
def test_a_conditional_order_tells_which_order_it_made(info: dict[str, Any], number: str | None) -> None:
    assert fired(Told(order_id="1", info=info)) == number


@pytest.mark.parametrize("info", [{"algoId": "1", "state": "effective", "ordId": ""}, {"algoId": "1", "ordIdList": ["8", "9"]}])
def test_one_that_fired_and_does_not_tell_it_says_nothing(info: dict[str, Any]) -> None:
    with pytest.raises(Unsettled):
        fired(Told(order_id="1", info=info))


async def test_an_empty_list_of_bitgets_is_no_order() -> None:
    desk = Desk("bitget", "spot", {"orderInfo": {"code": "00000", "msg": "success", "data": []}})
    assert await desk.find("BTC/USDT") is None
    assert await desk.find("BTC/USDT", order_id="5") is None
    assert "clientOid=mine" in desk.asked[0]


async def test_an_answer_of_bitgets_without_a_list_says_nothing() -> None:
    with pytest.raises(Unsettled):
        await Desk("bitget", "spot", {"orderInfo": {"code": "00000", "msg": "success", "data": None}}).find("BTC/USDT")


async def test_an_empty_list_of_kucoins_stops_is_no_order() -> None:
    gone = {"code": "400100", "msg": "order not exist."}
    desk = Desk("kucoin", "spot", {"stop-order": {"code": "200000", "data": []}, "client-order": gone})
    assert await desk.find("BTC/USDT") is None
    assert len(desk.asked) == 2


async def test_an_empty_answer_of_kucoins_orders_says_nothing() -> None:
    empty: dict[str, Any] = {"code": "200000", "data": None}
    with pytest.raises(Unsettled):
        await Desk("kucoin", "spot", {"stop-order": {"code": "200000", "data": []}, "client-order": empty}).find("BTC/USDT")


@pytest.mark.parametrize(
    ("exchange", "symbol", "row"),
    [
        (
            "deribit",
            "BTC/USD:BTC",
            {"order_id": "5", "label": "mine", "instrument_name": "BTC-PERPETUAL", "order_state": "open", "amount": 1},
        ),
        (
            "mexc",
            "BTC/USDT:USDT",
            {"orderId": "5", "externalOid": "mine", "symbol": "BTC_USDT", "state": 2, "vol": 1, "side": 1},
        ),
    ],
)
async def test_an_order_is_recognised_by_our_name_where_ccxt_does_not_read_it(exchange: str, symbol: str, row: Any) -> None:
    told: dict[str, dict[str, Any]] = {
        "deribit": {"open_orders": {"jsonrpc": "2.0", "result": [row]}},
        "mexc": {"open_orders": {"success": True, "code": 0, "data": [row]}, "list": {"success": True, "code": 0, "data": []}},
    }
    found = await Desk(exchange, "swap", told[exchange]).find(symbol)
    assert (found.order_id, found.status) == ("5", Status.ACCEPTED)


async def test_deribit_is_asked_for_its_whole_history() -> None:
    """By default it tells of half an hour, and not of what ended unfilled."""
    desk = Desk("deribit", "swap", {"get_o": {"jsonrpc": "2.0", "result": []}})
    assert await desk.find("BTC/USD:BTC") is None
    history = [asked for asked in desk.asked if "history" in asked]
    assert ["include_unfilled=true" in asked for asked in history] == [True, True]
    assert sum("historical=true" in asked and "include_old=true" in asked for asked in history) == 1


async def test_an_order_that_ended_at_bitfinex_is_found_by_its_number() -> None:
    """The list by instrument has what rests only; the history takes the number."""
    row = [0] * 32
    row[0], row[2], row[3], row[4], row[5], row[6], row[7] = 5, 7, "tBTCUST", NOW, NOW, 1, 1  # type: ignore[call-overload]
    row[8], row[13], row[16], row[17] = "EXCHANGE LIMIT", "CANCELED", 100, 0  # type: ignore[call-overload]
    desk = Desk("bitfinex", "spot", {"hist": [row], "orders": []})
    found = await desk.find("BTC/USDT", name="7", order_id="5")
    assert (found.order_id, found.status.terminal) == ("5", True)


async def test_a_trade_that_names_no_order_is_none_of_ours() -> None:
    """Asked for by time, trades of all orders come."""
    reader = Desk("woo", "spot", {"trade": {"success": True, "data": {"rows": []}}}).lookups().reader
    trades: list[dict[str, Any]] = [
        {"id": "1", "order": None, "amount": 1.0, "price": 1.0},
        {"id": "2", "order": "7", "amount": 1.0, "price": 1.0},
    ]

    async def fetch_my_trades(*words: Any) -> list[dict[str, Any]]:
        return trades

    reader.exchange.fetch_my_trades = fetch_my_trades
    reader.exchange.has["fetchOrderTrades"] = False
    told = await reader.with_trades(
        Told(order_id="7", symbol="BTC/USDT", word="closed", filled=Decimal(1), quantity=Decimal(1))
    )
    assert [fill.trade_id for fill in told.fills] == ["BTC/USDT:7:2"]


async def test_a_list_that_was_asked_for_one_stop_and_tells_of_another_says_nothing() -> None:
    row = {"orderId": "5", "clientOid": "other", "symbol": "BTCUSDT", "planStatus": "live", "size": "1", "side": "sell"}
    told = {"code": "00000", "msg": "success", "data": {"entrustedList": [row], "endId": None}}
    gone = {"code": "40109", "msg": "The data of the order cannot be found", "data": None}
    with pytest.raises(Unsettled):
        await Desk("bitget", "swap", {"order/detail": gone, "orders-plan": told}).find("BTC/USDT:USDT")


async def test_a_full_page_of_open_orders_is_not_all_of_them() -> None:
    """OKX answers with a hundred at most."""
    rows = [{"ordId": str(n), "instId": "BTC-USDT", "state": "live", "sz": "1", "side": "buy"} for n in range(1, 101)]
    answers = {"orders-algo-pending": {"code": "0", "data": []}, "orders-pending": {"code": "0", "data": rows}}
    with pytest.raises(Unsettled):
        await Desk("okx", "spot", answers).lookups().open_orders()
    answers["orders-pending"] = {"code": "0", "data": rows[:99]}
    desk = Desk("okx", "spot", answers)
    assert len(await desk.lookups().open_orders()) == 99
    assert any("ordType=conditional" in asked for asked in desk.asked)


async def test_a_stop_of_bitgets_is_asked_for_among_stops() -> None:
    """What rests and what has ended, of legs and of entries, by the one name."""
    empty = {"code": "00000", "msg": "success", "data": {"entrustedList": [], "endId": None}}
    gone = {"code": "40109", "msg": "The data of the order cannot be found", "data": None}
    desk = Desk("bitget", "swap", {"order/detail": gone, "orders-plan": empty})
    assert await desk.find("BTC/USDT:USDT") is None
    plans = [asked for asked in desk.asked if "orders-plan" in asked]
    assert len(plans) == 4
    assert all("clientOid=mine" in asked for asked in plans)
    assert sum("planType=profit_loss" in asked for asked in plans) == 2


async def test_a_stop_of_bitgets_is_cancelled_by_its_kind() -> None:
    """Without it, Bitget looks among entries alone."""
    row = {"orderId": "5", "clientOid": "mine", "symbol": "BTCUSDT", "planType": "loss_plan", "planStatus": "live"}
    row |= {"size": "1", "side": "sell", "triggerPrice": "50000", "orderType": "market", "cTime": "1700000000000"}
    gone = {"code": "40109", "msg": "The data of the order cannot be found", "data": None}
    desk = Desk(
        "bitget",
        "swap",
        {
            "order/detail": gone,
            "cancel-order": gone,
            "orders-plan": {"code": "00000", "data": {"entrustedList": [row], "endId": None}},
            "cancel-plan": {
                "code": "00000",
                "data": {"successList": [{"orderId": "5", "clientOid": "mine"}], "failureList": []},
            },
        },
    )
    connection = desk.lookups().connection
    submission = Submission(account="mine", venue_client_order_id="x", deadline=connection.clock.monotonic() + 0.2)
    told = await Trader(connection).cancel(OrderRef(order_id="5", symbol="BTC/USDT:USDT"), submission)
    assert told.status is Status.ACCEPTED  # the list still has it
    (cancel,) = [asked for asked in desk.asked if "cancel-plan" in asked]
    assert '"planType":"loss_plan"' in cancel.replace(" ", "")


async def test_a_purchase_whose_price_cannot_be_read_was_not_sent() -> None:
    desk = Desk(
        "gate", "spot", {"tickers": {"label": "SERVER_ERROR", "message": "x"}, "": {"label": "SERVER_ERROR", "message": "x"}}
    )
    connection = desk.lookups().connection
    submission = Submission(account="mine", venue_client_order_id="x", deadline=connection.clock.monotonic() + 1)
    order = Order(symbol="BTC/USDT", side=Side.BUY, quantity=Decimal("0.01"))
    with pytest.raises(NotSent):
        await Trader(connection).place(order, submission)
    assert all("/spot/orders" not in asked for asked in desk.asked)


@pytest.mark.parametrize(
    ("market_type", "symbol", "side"), [("swap", "BTC/USDT:USDT", Side.SELL), ("spot", "BTC/USDT", Side.BUY)]
)
async def test_a_list_of_a_stop_and_its_target_sells_what_is_held_on_spot_and_nothing_else(
    market_type: str, symbol: str, side: Side
) -> None:
    """An account of contracts would sell the coins of the spot wallet."""
    desk = Desk("binance", market_type, {})
    connection = desk.lookups().connection
    submission = Submission(account="mine", venue_client_order_id="x", deadline=connection.clock.monotonic() + 1)
    words: dict[str, Any] = {"role": "stop_loss", "quantity": "0.01", "trigger_price": "50000", "target_price": "70000"}
    with pytest.raises(VenueRejected) as refusal:
        await Trader(connection).protect(Protection(symbol=symbol, side=side, **words), submission)
    assert refusal.value.code == "UNSUPPORTED"
    assert desk.asked == []


async def test_a_cancel_that_is_refused_in_an_exchanges_own_words_is_looked_up() -> None:
    """Kraken's "unknown order" is of a class that says so of nothing."""
    answers: dict[str, Any] = {
        "CancelOrder": {"error": ["EOrder:Unknown order"]},
        "QueryOrders": {"error": [], "result": {"O1": {**kraken("mine"), "status": "canceled"}}},
    }
    desk = Desk("kraken", "spot", answers)
    connection = desk.lookups().connection
    submission = Submission(account="mine", venue_client_order_id="x", deadline=connection.clock.monotonic() + 1)
    told = await Trader(connection).cancel(OrderRef(order_id="O1", symbol="BTC/USD"), submission)
    assert told.status is Status.CANCELED


async def test_a_cancel_of_an_order_that_cannot_be_looked_up_was_not_sent() -> None:
    desk = Desk("krakenfutures", "swap", {})
    connection = desk.lookups().connection
    submission = Submission(account="mine", venue_client_order_id="x", deadline=connection.clock.monotonic() + 1)
    with pytest.raises(NotSent):
        await Trader(connection).cancel(OrderRef(venue_client_order_id="mine", symbol="BTC/USD:USD"), submission)
    assert desk.asked == []
