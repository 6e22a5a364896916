# SPDX-License-Identifier: MIT
"""Binance's refusals: codes, texts, HTTP statuses (errors.md of its spot documents), and which one a scripted fault means."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from ..wire import Kind, Reply

TEXTS: dict[int, str] = {
    -1000: "An unknown error occurred while processing the request.",
    -1001: "Internal error; unable to process your request. Please try again.",
    -1002: "You are not authorized to execute this request.",
    -1003: "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. "
    "Please use WebSocket Streams for live updates to avoid polling the API.",
    -1006: "An unexpected response was received from the message bus. Execution status unknown.",
    -1007: "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
    -1008: "Server is currently overloaded with other requests. Please try again in a few minutes.",
    -1013: "Market is closed.",
    -1014: "Unsupported order combination.",
    -1015: "Too many new orders; current limit is 100 orders per 10 SECOND.",
    -1016: "This service is no longer available.",
    -1020: "This operation is not supported.",
    -1021: "Timestamp for this request is outside of the recvWindow.",
    -1022: "Signature for this request is not valid.",
    -1115: "Invalid timeInForce.",
    -1116: "Invalid orderType.",
    -1117: "Invalid side.",
    -1121: "Invalid symbol.",
    -1127: "More than 24 hours between startTime and endTime.",
    -1145: "Invalid cancelRestrictions",
    -1158: "Order type not supported in OCO.",
    -1165: "A limit order in a buy OCO must be below.",
    -1166: "A limit order in a sell OCO must be above.",
    -1168: "At least one OCO order must be contingent.",
    -1196: "A stop loss order in a buy OCO must be above.",
    -1197: "A stop loss order in a sell OCO must be below.",
    -1198: "A take profit order in a buy OCO must be below.",
    -1199: "A take profit order in a sell OCO must be above.",
    -2010: "Account has insufficient balance for requested action.",
    -2011: "Unknown order sent.",
    -2013: "Order does not exist.",
    -2014: "API-key format invalid.",
    -2015: "Invalid API-key, IP, or permissions for action.",
}
"""The text of a code where the refusal names none of its own."""

STATUSES: dict[int, int] = {
    -1000: 500,
    -1001: 500,
    -1003: 429,
    -1006: 500,
    -1007: 408,
    -1008: 503,
    -1015: 429,
    -1016: 503,
    -2014: 401,
    -2015: 401,
}
"""HTTP statuses that are not 400."""

INSUFFICIENT = TEXTS[-2010]
DUPLICATE = "Duplicate order sent."
TRIGGERS = "Stop price would trigger immediately."
TAKES = "Order would immediately match and take."
RELATION = "The relationship of the prices for the orders is not correct."
RESTRICTED = "Order was not canceled due to cancel restrictions."
NO_BOOK = "Order book liquidity is less than symbol minimum quantity."
CLOSED = TEXTS[-1013]


class Refused(Exception):
    """Binance says no; nothing was done.

    Args:
        code: Binance's.
        text: None: the code's own.
        status: HTTP; None: the code's own.
        headers: of the answer.
    """

    def __init__(
        self, code: int, text: str | None = None, status: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.code = code
        self.text: str = TEXTS.get(code, "Rejected.") if text is None else text
        self.status: int = STATUSES.get(code, 400) if status is None else status
        self.headers: dict[str, str] = dict(headers or {})
        super().__init__(f"{code} {self.text}")

    @property
    def reply(self) -> Reply:
        """As it is answered."""
        return Reply(status=self.status, data={"code": self.code, "msg": self.text}, headers=self.headers)


def filtered(name: str) -> Refused:
    """A filter that an order does not pass."""
    return Refused(-1013, f"Filter failure: {name}")


def missing(name: str) -> Refused:
    """A mandatory parameter that is not there."""
    return Refused(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def limited(seconds: float, text: str | None = None) -> Refused:
    """Too many requests."""
    return Refused(-1003, text, headers={"Retry-After": str(ceil(seconds))})


def banned(seconds: float, until: int) -> Refused:
    """The address is banned for a time.

    Args:
        until: epoch milliseconds.
    """
    text = f"Way too much request weight used; IP banned until {until}. Please use WebSocket Streams to avoid bans."
    return Refused(-1003, text, 418, {"Retry-After": str(ceil(seconds))})


def scripted(word: str, kinds: frozenset[Kind], seconds: float, now: int) -> Refused:
    """What a scripted fault means for a request of these kinds.

    Args:
        now: epoch milliseconds.
    """
    if word == "credentials":
        return Refused(-2015)
    if word == "rate_limit":
        return limited(seconds)
    if word == "banned":
        return banned(seconds, now + int(seconds * 1000))
    if word == "closed":
        return Refused(-1013)
    if word == "maintenance":
        return Refused(-1016)
    return _of_business(kinds)


def _of_business(kinds: frozenset[Kind]) -> Refused:
    if kinds & {"place", "protect"}:
        return Refused(-2010, INSUFFICIENT)
    return Refused(-2011, RESTRICTED) if "cancel" in kinds else Refused(-1020)
