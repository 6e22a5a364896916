# SPDX-License-Identifier: MIT
"""How Bybit's v5 API answers: the envelope, its error codes with their texts, and the refusal that carries one.

Codes and the envelope: bybit-exchange.github.io/docs/v5/error and /guide. A refusal of the API is HTTP 200 with a ``retCode``.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

CODES: Mapping[int, str] = {
    10000: "Server Timeout",
    10001: "Request parameter error.",
    10002: "invalid request, please check your server timestamp or recv_window param",
    10003: "API key is invalid.",
    10004: "error sign! please check your signature generation algorithm.",
    10005: "Permission denied, please check your API key permissions.",
    10006: "Too many visits. Exceeded the API Rate Limit.",
    10016: "System error. Please try again later.",
    10017: "Route not found.",
    34040: "not modified",
    110001: "order not exists or too late to cancel",
    110003: "Order price exceeds the allowable range.",
    110007: "ab not enough for new order",
    110009: "The number of stop orders exceeds the maximum allowable limit",
    110017: "current position is zero, cannot fix reduce-only order qty",
    110020: "Not allowed to have more than 500 active orders.",
    110024: "You have an existing position, so the position mode cannot be switched.",
    110025: "Position mode is not modified",
    110028: "You have existing open orders, so the position mode cannot be switched.",
    110043: "leverage not modified",
    110059: "Not allowed to modify the TP/SL of a partially filled open order",
    110060: "Under full TP/SL mode, it is not allowed to modify TP/SL",
    110061: "Not allowed to have more than 20 TP/SLs under Partial tpSlMode",
    110064: "The modified contract quantity cannot be less than or equal to the filled quantity.",
    110066: "Trading is currently not allowed.",
    110072: "OrderLinkedID is duplicate",
    110074: "This contract is not live",
    110079: "The order is processing and can not be operated, please try again later",
    110094: "Order does not meet minimum order value",
}
"""The codes that this exchange answers with, and what it says with them."""


class Refused(Exception):
    """A request that is not done.

    Args:
        code: Bybit's.
        text: what is said; None: the code's own text.
    """

    def __init__(self, code: int, text: str | None = None) -> None:
        self.code = code
        self.text = CODES[code] if text is None else text
        super().__init__(f"{code}: {self.text}")


def wrong(text: str) -> Refused:
    """A parameter that is not taken."""
    return Refused(10001, text)


def envelope(code: int, text: str, result: Any, time: int) -> dict[str, Any]:
    """What every answer is wrapped in; ``time`` in epoch milliseconds."""
    return {"retCode": code, "retMsg": text, "result": result, "retExtInfo": {}, "time": time}


def plain(value: Decimal | None, unit: Decimal | None = None) -> str:
    """A number's text without exponent, in the decimals of a unit if there is one; empty for None."""
    if value is None:
        return ""
    return f"{value if unit is None else value.quantize(unit):f}"


def scaled(value: Decimal) -> str:
    """A price as it stands in the texts of some refusals: without its dot, in ten-thousandths."""
    return f"{int(value * 10_000)}"
