# SPDX-License-Identifier: MIT
"""Conditional orders that have fired: which order each of them made."""

from __future__ import annotations

from ..wire.outcomes import Unsettled
from .results import Told

_MADE = ("actualOrderId", "executeOrderId", "fired_order_id")


def fired(told: Told) -> str | None:
    """The number of the order that a conditional one made when its trigger was reached; None: it made none.

    Sources: Binance futures, "Query Algo Order" (actualOrderId); OKX, "Algo order details" (ordIdList, state effective); Gate,
    "Query details for a single price-triggered order" (trade_id; finish_as succeeded), on spot fired_order_id; Bitget,
    "Get History Trigger Order" (executeOrderId).

    Raises:
        Unsettled: it has fired, and which order it made is not told.
    """
    info = told.info
    found = [str(info[word]) for word in _MADE if _number(info.get(word))]
    if "trigger" in info and _number(info.get("trade_id")):  # Gate's; elsewhere that is a trade
        found.append(str(info["trade_id"]))
    if "algoId" in info and str(info["algoId"]) == told.order_id:  # OKX's
        rows = info.get("ordIdList") or [info.get("ordId")]
        found += [str(each) for each in rows if _number(each)]
    others = sorted({each for each in found if each != told.order_id})
    went = info.get("finish_as") == "succeeded" or info.get("state") in ("effective", "partially_effective")
    if len(others) > 1 or (told.conditional and went and not others):
        raise Unsettled("a conditional order has fired, and the exchange does not tell which order it made")
    return others[0] if others else None


def _number(value: object) -> bool:
    """Some tell 0 or nothing of an order that is not there."""
    return isinstance(value, str | int) and str(value).strip("0") != ""
