# SPDX-License-Identifier: MIT
"""The traits of fourteen exchanges, each with its source: the exchange's own documentation, or what ccxt was seen to send."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from attrs import evolve

from fks_exec import TimeInForce

from .known import DIGITS, LETTERS, Traits

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
    amend=True,  # docs/v5/order/amend-order
    conditional_apart=False,  # order/realtime and order/history hold both
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
    amend=True,  # trade/amend-order
    same_words=["reduceOnly"],
    **_STOP,
)
_KRAKEN = Traits(
    exchange="kraken",
    names=["KRAKEN"],
    # cl_ord_id: a UUID, or up to 18 characters of free text (docs.kraken.com, Spot Client Order Identifiers).
    id_length=18,
    amend=True,  # AmendOrder, which ccxt's edit_order calls
    conditional_apart=False,
    # timeinforce: GTC, IOC, GTD (docs.kraken.com, AddOrder).
    times={TimeInForce.IOC: {"timeInForce": "IOC"}},
    **_FALLS,
)
_KRAKEN_FUTURES = Traits(
    exchange="krakenfutures",
    names=["KRAKEN", "KRAKENFUTURES"],
    # cliOrdId: up to 100 characters (docs.kraken.com, Futures, sendorder).
    sandbox="sandbox",  # demo-futures.kraken.com
    amend=True,  # editorder
    conditional_apart=False,
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
    request_ttl=120.0,  # the signed token is valid for two minutes
    conditional_apart=False,
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
    # A price order's text is "the source of the order" in the documentation: it is sent, and not relied on.
    trigger_ids=False,
    request_ttl=60.0,  # the timestamp may differ by 60 s
    sandbox="sandbox",  # api-testnet.gateapi.io
    amend=True,
    modes={"unifiedAccount": False},
)
_BITGET = Traits(
    exchange="bitget",
    names=["BITGET"],
    # clientOid: up to 40 characters here; letters and digits are what every endpoint takes (bitget.com/api-doc).
    look_up="by_id",
    request_ttl=30.0,  # ACCESS-TIMESTAMP may differ by 30 s
    sandbox="demo",
    modes={"uta": False},
)
_MEXC = Traits(
    exchange="mexc",
    names=["MEXC"],
    # newClientOrderId (spot), externalOid (contracts): up to 32 characters (mexcdevelop.github.io).
    id_alphabet=LETTERS + "_-",
    request_ttl=10.0,  # recvWindow
    window="recvWindow",
    # No stops: spot sends them as plain orders; a plan order of contracts has no id of ours, and ends after a day.
)
_BITFINEX = Traits(
    exchange="bitfinex",
    names=["BITFINEX"],
    # cid: an integer of up to 45 bits, unique for the day (docs.bitfinex.com, Submit Order): 13 digits are below it.
    id_alphabet=DIGITS,
    id_length=13,
    id_number=True,
    amend=True,  # order/update
    conditional_apart=False,
    price_digits=5,  # docs.bitfinex.com: prices have five significant digits
    # STOP trades in its own direction; stopLossPrice and takeProfitPrice leak, and there is no order for a target.
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
    sandbox="sandbox",  # test.deribit.com
    amend=True,  # private/edit
    conditional_apart=False,
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
    request_ttl=60.0,  # the nonce may differ by 60 s
    sandbox="sandbox",
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
    look_up="by_id",
    request_ttl=300.0,
    sandbox="sandbox",  # api.staging.woox.io
    amend=True,
    same_words=["reduceOnly"],
    # stopLossPrice and takeProfitPrice leak; the bracket's children close the whole position.
    stop="triggerPrice",
    stop_loss="triggerPrice",
)

TABLES: Mapping[str, Mapping[str, Traits]] = MappingProxyType(
    {
        "binance": {
            # A list of a limit order and a stop: POST /api/v3/orderList/oco. Changing an order there is cancel and replace.
            "spot": evolve(_BINANCE, conditional_apart=False, order_list=True, **_STOP),
            "swap": evolve(
                _BINANCE,
                amend=True,  # PUT /fapi/v1/order
                gtd={"timeInForce": "GTD"},
                gtd_word="goodTillDate",
                same_words=["reduceOnly"],
                reduce_only=True,
                hedged=True,
                **_STOP,
            ),
        },
        "bybit": {
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
        "coinbase": {"spot": evolve(_COINBASE, cost_market_buy=True), "swap": _COINBASE},
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
            ),
        },
        "gate": {
            "spot": evolve(_GATE, cost_market_buy=True),
            "swap": evolve(_GATE, stop_loss="stopLossPrice", take_profit="takeProfitPrice", reduce_only=True),
        },
        "bitget": {
            "spot": evolve(_BITGET, cost_market_buy=True),
            "swap": evolve(
                _BITGET,
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
            "spot": evolve(_MEXC, look_up="by_id"),
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
        "bitfinex": {"spot": _BITFINEX, "swap": evolve(_BITFINEX, reduce_only=True)},
        "deribit": {"spot": _DERIBIT, "swap": evolve(_DERIBIT, reduce_only=True)},
        "cryptocom": {"spot": _CRYPTOCOM, "swap": _CRYPTOCOM},
        "woo": {"spot": _WOO, "swap": evolve(_WOO, reduce_only=True)},
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
