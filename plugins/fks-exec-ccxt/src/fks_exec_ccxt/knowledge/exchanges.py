# SPDX-License-Identifier: MIT
"""The traits of fourteen exchanges, each with its source: the exchange's own documentation, or what ccxt was seen to send."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from attrs import evolve

from fks_exec import TimeInForce

from .known import DIGITS, LETTERS, Shelf, Traits

_STOP: dict[str, Any] = {"stop": "triggerPrice", "stop_loss": "stopLossPrice", "take_profit": "takeProfitPrice"}
_FALLS: dict[str, Any] = {"stop": "stopLossPrice", "stop_loss": "stopLossPrice", "take_profit": "takeProfitPrice"}
"""Where ``triggerPrice`` leaks, or means the other direction: an entry that follows the price is said as a stop-loss is."""

_BINANCE = Traits(
    exchange="binance",
    names=["BINANCE"],
    # newClientOrderId: ^[\.A-Z\:/a-z0-9_-]{1,36}$ (developers.binance.com, USDS-M futures, New Order); 32 are plenty.
    id_alphabet=LETTERS + "_-",
    look_up="by_id",
    request_ttl=10.0,  # ccxt sends recvWindow=10000
    window="recvWindow",
    sandbox="both",  # testnet.binance.vision; enable_demo_trading
)
_BYBIT = Traits(
    exchange="bybit",
    names=["BYBIT"],
    # orderLinkId: up to 36 of A-Z a-z 0-9 - _ (bybit-exchange.github.io/docs/v5/order/create-order).
    id_alphabet=LETTERS + "_-",
    look_up="by_id",
    request_ttl=5.0,  # X-BAPI-RECV-WINDOW, 5000 by default (docs/v5/guide)
    window="recvWindow",
    sandbox="both",  # api-testnet.bybit.com; api-demo.bybit.com
    amend=True,  # docs/v5/order/amend-order; elsewhere no change in place was tried against a counterpart: none is offered
    conditional_apart=False,
    conditional_look_up=False,  # order/realtime and order/history hold both
    modes={"enableUnifiedMargin": False, "enableUnifiedAccount": True},
    same_words=["timeInForce", "reduceOnly"],
    **_STOP,
)
_OKX = Traits(
    exchange="okx",
    names=["OKX", "OKEX"],
    # clOrdId, algoClOrdId: 1 to 32 letters and digits (okx.com/docs-v5, Place order, Place algo order). ccxt gives an algo
    # order its id as clOrdId only, which that request does not have.
    trigger_id_words=("clientOrderId", "algoClOrdId"),
    look_up="by_id",
    request_ttl=30.0,  # a request expires 30 s after its timestamp (docs-v5, Authentication)
    sandbox="sandbox",  # the header x-simulated-trading
    same_words=["reduceOnly"],
    **_STOP,
)
_KRAKEN = Traits(
    exchange="kraken",
    names=["KRAKEN"],
    # cl_ord_id: a UUID, or up to 18 characters of free text (docs.kraken.com, Spot Client Order Identifiers).
    id_length=18,
    look_up="by_scan",  # OpenOrders and ClosedOrders, each asked for the one cl_ord_id
    conditional_apart=False,
    conditional_look_up=False,
    # timeinforce: GTC, IOC, GTD (docs.kraken.com, AddOrder).
    times={TimeInForce.IOC: {"timeInForce": "IOC"}},
    **_FALLS,
)
_KRAKEN_FUTURES = Traits(
    exchange="krakenfutures",
    names=["KRAKEN", "KRAKENFUTURES"],
    # cliOrdId: up to 100 characters (docs.kraken.com, Futures, sendorder).
    # orders/status tells "specified orders which are open or were filled/cancelled in the last 5 seconds" (Get Specific
    # Orders' Status), and no list is documented to hold at once what has left openorders: no look-up proves absence. The
    # probe takes its legs off for that.
    look_up="none",
    sandbox="sandbox",  # demo-futures.kraken.com
    conditional_apart=False,
    conditional_look_up=False,
    # orderType has ioc and fok (sendorder); ccxt drops timeInForce and sends lmt.
    times={TimeInForce.IOC: {"orderType": "ioc"}, TimeInForce.FOK: {"orderType": "fok"}},
    same_words=["reduceOnly"],
    reduce_only=True,
    **_STOP,
)
_COINBASE = Traits(
    exchange="coinbase",
    names=["COINBASE"],
    # client_order_id: any text, a UUID is advised (docs.cdp.coinbase.com, Create Order). ccxt sends one of its own unless
    # it is given by the exchange's name.
    id_words=("client_order_id",),
    trigger_id_words=("client_order_id",),
    id_fields=["client_order_id"],
    look_up="by_scan",  # historical/batch: orders of any state
    request_ttl=120.0,  # the signed token is valid for two minutes
    conditional_apart=False,
    conditional_look_up=False,
    gtd={"timeInForce": "GTD"},
    gtd_word="end_time",
    gtd_form="iso",
    # Stop-limit orders only; triggerPrice gives a stop the wrong stop_direction, stopLossPrice the right one. A leg without
    # a limit is refused by ccxt; reduceOnly closes the whole position at once: neither is ever said.
    stop="stopLossPrice",
    stop_market=False,
)
_KUCOIN = Traits(
    exchange="kucoin",
    names=["KUCOIN"],
    # clientOid: up to 40 of letters, digits, _ and - (kucoin.com/docs-new, Add Order).
    id_alphabet=LETTERS + "_-",
    look_up="by_id",
    request_ttl=5.0,  # KC-API-TIMESTAMP may differ by 5 s
    modes={"uta": False, "accountMigrated": False},
    same_words=["timeInForce", "postOnly", "reduceOnly"],
    **_FALLS,  # spot: without a word for the direction, stop is "loss", also of a purchase
)
_GATE = Traits(
    exchange="gate",
    names=["GATE", "GATEIO"],
    # text: "t-" and up to 28 of letters, digits, _ - . (gateapi); ccxt counts the prefix among the 28.
    id_alphabet=LETTERS + "_-",
    id_length=26,
    id_prefix="t-",
    look_up="by_scan",
    # No orders with a trigger: their text is "the source of the order" in the documentation (FuturesPriceTriggeredOrder), so
    # that one whose answer was lost could not be told by our id.
    conditional_look_up=False,
    request_ttl=60.0,  # the timestamp may differ by 60 s
    sandbox="sandbox",  # api-testnet.gateapi.io
    modes={"unifiedAccount": False},
)
_BITGET = Traits(
    exchange="bitget",
    names=["BITGET"],
    # clientOid: up to 40 characters here; letters and digits are what every endpoint takes (bitget.com/api-doc).
    look_up="by_id",
    request_ttl=60.0,  # ACCESS-TIMESTAMP may differ by 30 s, of which no document was at hand: twice that
    sandbox="demo",
    modes={"uta": False},
)
_BITGET_LISTS = ("fetch_open_orders", "fetch_canceled_and_closed_orders")
_BITGET_PLANS: tuple[dict[str, Any], ...] = (
    {"trigger": True, "planType": "profit_loss"},  # legs
    {"trigger": True, "planType": "normal_plan"},  # entries
)
_MEXC = Traits(
    exchange="mexc",
    names=["MEXC"],
    # newClientOrderId (spot), externalOid (contracts): up to 32 characters (mexcdevelop.github.io).
    id_alphabet=LETTERS + "_-",
    look_up="by_scan",
    request_ttl=10.0,  # recvWindow, 10 s for contracts, to which ccxt says none (mexcdevelop.github.io, contract_v1)
    conditional_look_up=False,
    # No stops: spot sends them as plain orders; a plan order of contracts has no id of ours, and ends after a day.
)
_BITFINEX = Traits(
    exchange="bitfinex",
    names=["BITFINEX"],
    # cid: an integer of up to 45 bits, unique for the day (docs.bitfinex.com, Submit Order): 13 digits are below it.
    id_alphabet=DIGITS,
    id_length=13,
    id_number=True,
    look_up="by_scan",  # orders, and orders/hist of the last two weeks
    conditional_apart=False,
    conditional_look_up=False,
    price_digits=5,  # docs.bitfinex.com: prices have five significant digits
    # STOP trades in its own direction; stopLossPrice and takeProfitPrice leak, and no order waits for a target.
    stop="triggerPrice",
    stop_loss="triggerPrice",
)
_DERIBIT = Traits(
    exchange="deribit",
    names=["DERIBIT"],
    # label: up to 64 characters (docs.deribit.com, private/buy); ccxt leaks clientOrderId.
    id_words=("label",),
    trigger_id_words=("label",),
    id_fields=["label"],
    look_up="by_scan",  # open orders, the history of the last half hour and the older one
    sandbox="sandbox",  # test.deribit.com
    conditional_apart=False,
    conditional_look_up=False,
    unit_contracts=True,  # amount: USD for inverse, base currency for linear (private/buy)
    **_FALLS,  # triggerPrice leaks
)
_CRYPTOCOM = Traits(
    exchange="cryptocom",
    names=["CRYPTOCOM"],
    # client_oid: up to 36 characters (exchange-docs.crypto.com, private/create-order); ccxt drops clientOrderId.
    id_words=("client_oid",),
    trigger_id_words=("client_oid",),
    id_fields=["client_oid"],
    look_up="by_scan",  # get-open-orders, get-order-history
    request_ttl=60.0,  # 40102 INVALID_NONCE: it may differ by 60 s (exchange-docs.crypto.com, response codes)
    sandbox="sandbox",
    conditional_apart=False,  # "trigger" would be a part of what is signed
    conditional_look_up=False,
    # No stops: private/create-order takes LIMIT and MARKET, orders with a trigger have another request, which ccxt does not
    # make. reduceOnly leaks.
)
_WOO = Traits(
    exchange="woo",
    names=["WOO", "WOOX", "WOONETWORK"],
    # clientOrderId, clientAlgoOrderId: an integer up to 9223372036854775807 (developer.woox.io, post_order).
    id_alphabet=DIGITS,
    id_length=18,
    id_fields=["clientOrderId", "clientAlgoOrderId"],
    look_up="by_id",  # developer.woox.io, get_order by clientOrderId, get_algo_order by clientAlgoOrderId
    request_ttl=300.0,  # not documented: longer than any other's
    sandbox="sandbox",  # api.staging.woox.io
    same_words=["reduceOnly"],
    # stopLossPrice and takeProfitPrice leak; the bracket's children close the whole position.
    stop="triggerPrice",
    stop_loss="triggerPrice",
)

TABLES: Mapping[str, Mapping[str, Traits]] = MappingProxyType(
    {
        "binance": {
            # A list of a limit order and a stop: POST /api/v3/orderList/oco. Changing an order there is cancel and replace.
            "spot": evolve(_BINANCE, conditional_apart=False, conditional_look_up=False, order_list=True, **_STOP),
            "swap": evolve(
                _BINANCE,
                gtd={"timeInForce": "GTD"},
                gtd_word="goodTillDate",
                gtd_linear=True,  # COIN-M futures know GTC, IOC, FOK and GTX (New Order)
                same_words=["reduceOnly"],
                reduce_only=True,
                hedged=True,
                **_STOP,
            ),
        },
        "bybit": {
            # ccxt's legs there carry triggerDirection and reduceOnly, which are "valid for linear and inverse" in create-order.
            "spot": evolve(_BYBIT, unit_word=("marketUnit", "baseCoin")),
            "swap": evolve(
                _BYBIT,
                attached=True,
                # Partial: legs for the quantity that fills, each entry's own (docs/v5/order/create-order).
                attached_params={"tpslMode": "Partial"},
                trigger_direction=True,
                reduce_only=True,
                hedged=True,
            ),
        },
        "okx": {
            # A conditional order on spot is said as "cross" by ccxt, which is a margin order: "cash" is without borrowing.
            "spot": evolve(_OKX, stop_loss_params={"tdMode": "cash"}, take_profit_params={"tdMode": "cash"}),
            "swap": evolve(_OKX, reduce_only=True, hedged=True, margin_word=True),
        },
        "kraken": {"spot": _KRAKEN},
        "krakenfutures": {"swap": _KRAKEN_FUTURES},
        "coinbase": {"spot": _COINBASE, "swap": _COINBASE},
        "kucoin": {
            "spot": _KUCOIN,
            "swap": evolve(
                _KUCOIN,
                stop="triggerPrice",  # stopLossPrice adds reduceOnly
                # Futures know GTC and IOC (kucoin.com/docs-new, Futures, Add Order).
                times={TimeInForce.IOC: {"timeInForce": "IOC"}},
                trigger_params={"stopPriceType": "TP"},  # the last price, as elsewhere; ccxt says the mark price
                reduce_only=True,
                hedged=True,
                margin_word=True,
                leverage_word=True,
                numbers=True,
                # One order by its number or clientOid, "including a stop order" (kucoin.com/docs-new, Futures, Get Order By
                # OrderId, Get Order By ClientOid); the list of stops is apart.
                conditional_look_up=False,
            ),
        },
        "gate": {
            "spot": _GATE,
            "swap": evolve(_GATE, reduce_only=True),
        },
        "bitget": {
            "spot": evolve(_BITGET, conditional_look_up=False),  # no stops are sent there
            "swap": evolve(
                _BITGET,
                # order/detail knows no order with a trigger; these lists take orderId or clientOid, and a planType
                # (bitget.com/api-doc, contract/plan, get-orders-plan-pending, orders-plan-history).
                conditional_look_up=False,
                trigger_lists=tuple(Shelf(method=name, params=kind) for name in _BITGET_LISTS for kind in _BITGET_PLANS),
                # pos_loss and pos_profit, which ccxt sends, are of the whole position; these have a size (place-tpsl-order).
                trigger_params={"triggerType": "fill_price"},  # the last price, as elsewhere; ccxt says the mark price
                stop_loss_params={"planType": "loss_plan"},
                take_profit_params={"planType": "profit_plan"},
                reduce_only=True,
                hedged=True,
                margin_word=True,
                **_STOP,
            ),
        },
        "mexc": {
            # "trigger" would be a part of the query there. ccxt says recvWindow to the spot market only.
            "spot": evolve(_MEXC, look_up="by_id", window="recvWindow", conditional_apart=False),
            "swap": evolve(
                _MEXC,
                # type: 3 IOC, 4 FOK, 5 market; ccxt leaks timeInForce, and says 6 for market.
                times={TimeInForce.IOC: {"type": 3}, TimeInForce.FOK: {"type": 4}},
                market_params={"type": 5},
                reduce_only=True,  # one-way only: in hedged mode ccxt says side 2 (close short) for a sale that closes a long
                margin_word=True,
                leverage_word=True,
            ),
        },
        # A target of a position: LIMIT with the flag 1024, Reduce Only (docs.bitfinex.com, Submit Order, Flag Values); on spot
        # it would hold what the stop sells.
        "bitfinex": {"spot": _BITFINEX, "swap": evolve(_BITFINEX, reduce_only=True, target_rests=True)},
        "deribit": {"spot": _DERIBIT, "swap": evolve(_DERIBIT, reduce_only=True)},
        "cryptocom": {"spot": _CRYPTOCOM, "swap": _CRYPTOCOM},
        # A target of a position: LIMIT with reduceOnly (developer.woox.io, post_order); no algo order triggers in profit alone.
        "woo": {"spot": _WOO, "swap": evolve(_WOO, reduce_only=True, target_rests=True)},
    }
)
"""By ccxt's id and market type."""

ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "binanceusdm": "binance",
        "binancecoinm": "binance",
        "gateio": "gate",
        "huobi": "htx",
        "okex": "okx",
        "bitfinex2": "bitfinex",
    }
)
"""Ids that are another's exchange, or its older name."""

_OTHERS = {
    "BITMEX": "bitmex",
    "BITSTAMP": "bitstamp",
    "GEMINI": "gemini",
    "HTX": "htx",
    "HUOBI": "htx",
    "PHEMEX": "phemex",
    "BINGX": "bingx",
    "BITMART": "bitmart",
    "HYPERLIQUID": "hyperliquid",
    "BINANCEUS": "binanceus",
    "UPBIT": "upbit",
    "BITHUMB": "bithumb",
    "POLONIEX": "poloniex",
    "WHITEBIT": "whitebit",
    "BLOFIN": "blofin",
    "LBANK": "lbank",
    "DYDX": "dydx",
    "BITVAVO": "bitvavo",
    "COINEX": "coinex",
}


def _names() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {name: {exchange} for name, exchange in _OTHERS.items()}
    for exchange, tables in TABLES.items():
        for item in tables.values():
            for name in item.names:
                found.setdefault(name, set()).add(exchange)
    return {name: frozenset(exchanges) for name, exchanges in found.items()}


NAMES: Mapping[str, frozenset[str]] = MappingProxyType(_names())
"""What alerts call an exchange (TradingView's names), and which of ccxt's ids it may be."""
