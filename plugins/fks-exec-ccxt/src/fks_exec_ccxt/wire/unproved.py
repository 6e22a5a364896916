# SPDX-License-Identifier: MIT
"""What exchanges answer that proves nothing about an order, and the few that prove where ccxt's class does not say so.

Each code has its source: the comment beside it in ccxt 4.5.90's table of the exchange, or the exchange's documentation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

UNPROVED: Mapping[str, frozenset[str]] = {
    # "Execution status unknown"; -1000, -1001 and -3000 are errors of the server's own; -1016 is told while it shuts down
    "binance": frozenset({"-1000", "-1001", "-1006", "-1007", "-1016", "-3000"}),
    # Server Timeout (10000, 5004), internal error (10016, 131201, 170001), backend timeout (170007),
    # order creation and cancellation timeouts, which ccxt calls InvalidOrder (170146, 170147), "Submitted to the system for
    # processing!", which it calls BadRequest (170035), errors of service, network, system, server (131003 to 340099)
    "bybit": frozenset(
        {
            *("10000", "10016", "5004", "131003", "131200", "131201", "170001", "170007", "170032", "170035", "170146"),
            *("170147", "170234", "340099"),
        }
    ),
    # "does not indicate success or failure of order" (50004), system busy or in error (50001, 50005, 50013, 50026),
    # "Order timed out" (51149), matching busy (51054), internal system error (63999)
    "okx": frozenset({"50001", "50004", "50005", "50013", "50026", "51054", "51149", "63999"}),
    # "Deadline elapsed: a matching engine did not answer in time" is of Kraken's documentation; ccxt does not know it
    "kraken": frozenset(
        {"EService:Deadline elapsed", "EService:Timeout", "EGeneral:Internal error", "EDatabase:Internal error"}
    ),
    "krakenfutures": frozenset({"Server Error", "unknownError", "Unavailable", "unavailable"}),
    "coinbase": frozenset({"internal_server_error", "INTERNAL", "UNKNOWN", "UNKNOWN_FAILURE_REASON"}),
    # "Network timeout", which ccxt calls BadRequest (408000), Internal Server Error, "internal exception" (126038)
    "kucoin": frozenset({"408000", "500", "500000", "503", "126038"}),
    "gate": frozenset({"INTERNAL", "SERVER_ERROR", "TOO_BUSY"}),
    # timed out (40010, 30008, 50008), system abnormal, busy or in error (40015, 40604, 40725, 500, 1, 30009, 32047), unknown
    # error (45001)
    "bitget": frozenset(
        {*("1", "30008", "30009", "32047", "40010", "40015", "40604", "40725", "45001", "50008", "500", "01001")}
    ),
    # Internal error, system busy, service not available, Gateway Time-out, internal system error (20002)
    "mexc": frozenset({"500", "501", "503", "504", "20002"}),
    "bitfinex": frozenset({"temporarily_unavailable", "10000", "10001"}),
    # internal_server_error (11094), "retry" (10040), temporarily_unavailable (13028), "some general failure" (10001), "invalid
    # input or internal failure" (13008), JSON-RPC's own
    "deribit": frozenset({"11094", "10001", "10040", "13008", "13028", "-32603", "-32000"}),
    # ERR_INTERNAL (50001), request timeout (40801)
    "cryptocom": frozenset({"50001", "40801"}),
    # unknown error (-1000, 302999), create order engine error (302109), timed out (302159), system and RPC errors; "the order
    # is processing" (317174), "this request is currently being processed" (302311 to 302313), "an error due to other pending
    # requests" (302005), "it may because internal network error" (-1011)
    "woo": frozenset(
        {
            *("-1000", "-1011", "302005", "302109", "302159", "302311", "302312", "302313", "302999", "311999", "317154"),
            *("317168", "317174"),
        }
    ),
}

WORDS = re.compile(
    r"""(?ix) time[d]?[\s-]?out | status\s+(is\s+)?unknown | unknown\s+error | deadline\s+elapsed | gateway
    | (internal|server|system|service|engine|network)[\s_]+(\w+[\s_]+)?(error|abnormal|busy|failure) | internal_server_error
    | being\s+processed | submitted\s+(to\b.{0,20}\bfor|for|and\s+is)\s+(being\s+)?process
    | (internal|unexpected)\s+(exception|failure|error)
    | (service|system|server|engine)\s+(is\s+)?((temporarily|currently)\s+)?(unavailable|overloaded) """
)
"""What says so in words, whatever the class."""

RECLASSED: Mapping[str, Mapping[str, str]] = {
    # ccxt makes DDoSProtection of a refused key once a private request has succeeded (-2014, -2015: measured), and has want of
    # money as OperationFailed in one of its tables; -4116 and -20132 are duplicate ids
    "binance": {
        "-2014": "AuthenticationError",
        "-2015": "AuthenticationError",
        "-2018": "InsufficientFunds",
        "-2019": "InsufficientFunds",
        "-2020": "OrderNotFillable",
        "-2023": "OperationRejected",
        "-4116": "DuplicateOrderId",
        "-20132": "DuplicateOrderId",
        "-1125": "BadRequest",  # of a listen key; and "agreement not confirmed", of one kind of market: not the account's key
        "-4046": "OperationRejected",
    },
    "kraken": {"EOrder:Unknown order": "OrderNotFound"},
    # "OrderLinkedID is duplicate" and its spot and earlier forms
    "bybit": {
        "110072": "DuplicateOrderId",
        "110030": "DuplicateOrderId",
        "140030": "DuplicateOrderId",
        "170141": "DuplicateOrderId",
        "12141": "DuplicateOrderId",
        "30033": "OperationRejected",  # as many stop orders as are allowed: no matter of the rate
    },
    # 51732 to 51734, 59113: who may trade an instrument; not the key
    "okx": {
        **dict.fromkeys(("51011", "51016"), "DuplicateOrderId"),
        **dict.fromkeys(("51732", "51733", "51734", "59113"), "OperationRejected"),
    },
    "kucoin": {"126033": "DuplicateOrderId", "126044": "DuplicateOrderId"},
    "gate": {"REPEATED_CREATION": "DuplicateOrderId", "REQUEST_EXPIRED": "InvalidNonce"},
    "bitget": {"40786": "DuplicateOrderId"},
    # "Order does not exist" (-2013), "no permission for the symbol" (30020), content type (700013)
    "mexc": {"603": "DuplicateOrderId", "-2013": "OrderNotFound", "30020": "OperationRejected", "700013": "BadRequest"},
    # as many stop orders, addresses, subaccounts as are allowed: no matter of the rate
    "deribit": {"11035": "OperationRejected", "11093": "OperationRejected", "12001": "OperationRejected"},
    "woo": {"-1007": "DuplicateOrderId"},
}
"""Codes whose class in ccxt is not what the exchange says, with the class that is; by ccxt's comments where not measured."""

GONE: Mapping[str, frozenset[str]] = {
    "cryptocom": frozenset({"212", "316"}),  # INVALID_ORDERID, NO_ACTIVE_ORDER
    "deribit": frozenset({"11044"}),  # not_open_order
    "gate": frozenset({"ORDER_CANCELLED", "ORDER_CLOSED", "ORDER_FINISHED"}),
    "kucoin": frozenset({"100004"}),  # "Order is in not cancelable state"
    "mexc": frozenset({"-2011"}),  # "Unknown order sent"
    "woo": frozenset({"-1006"}),  # "The data is not found in server"
}
"""What says to a cancel that the order does not rest; to a look-up it says nothing."""

ABSENT: Mapping[str, Mapping[str, re.Pattern[str]]] = {
    # for an order that is not there, and for parameters that are wrong
    "kucoin": {"100001": re.compile(r"(?i)not.?exist|not.?found")}
}
"""Codes that ccxt takes for "no such order", and the words without which they are not."""

RISING = frozenset({"kraken", "bitfinex"})
"""Exchanges that take no nonce twice, nor a lower one after a higher: a refusal for it is one of the moment."""

DUPLICATE = re.compile(r"(?i)duplicat(?!e_?ip)|(?:client|link|label)\w* .{0,40}(?:already exist|repeated|in use|is used)")
"""A client id that the exchange has already, in words."""

REFUSING: Mapping[str, re.Pattern[str]] = {
    # errors of Kraken about the request: EOrder, EAPI, ...; not EService, EGeneral
    "kraken": re.compile(r"E(?:Order|Trade|API|Funding|Query):"),
    # Bybit's documents (v5/error): 110001 to 110999 are refusals of trade requests; ccxt's table lacks many of them
    "bybit": re.compile(r"110\d{3}$"),
}
"""Codes that are refusals although ccxt does not know them."""

RETRYABLE: Mapping[str, frozenset[str]] = {
    "bybit": frozenset({"110079"}),  # "the order is processing and can not be operated, please try again later"
}
"""Refusals of the moment."""

LATER: Mapping[str, re.Pattern[str]] = {
    # verify_order_action_success reads sendStatus out of an answer that handle_errors let pass
    "krakenfutures": re.compile(r" failed due to \w+$"),
    # create_order and edit_order read the notification's status
    "bitfinex": re.compile(r"^bitfinex (?:ERROR|FAILURE): "),
}
"""How ccxt words a refusal that it finds only after it took the answer for a success."""

REFUSES_WITH_500 = frozenset({"bitfinex"})
"""Exchanges whose refusals come with HTTP 500 (docs.bitfinex.com, "errorinfo codes"); elsewhere 5xx proves nothing."""


def listed(exceptions: Any) -> frozenset[str]:
    """Codes in an exchange's table of ccxt whose class is ExchangeError itself: known, and none of the network's."""
    found: set[str] = set()
    for name, value in exceptions.items() if isinstance(exceptions, dict) else ():
        if isinstance(value, dict):
            found |= listed(value)
        elif getattr(value, "__name__", "") == "ExchangeError":
            found.add(str(name))
    return frozenset(found)
