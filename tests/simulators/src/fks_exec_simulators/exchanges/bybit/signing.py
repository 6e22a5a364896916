# SPDX-License-Identifier: MIT
"""Who sent a request (docs/v5/guide): key, time and HMAC-SHA256 in headers, over the raw query or the raw body."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from ..wire import Asked
from .answers import Refused, wrong

WINDOW = 5_000
"""Milliseconds that a request is valid, where it says nothing."""

AHEAD = 1_000
"""Milliseconds that a sender's clock may be ahead."""


def signature(secret: str, asked: Asked) -> str:
    """What its headers have to have: hex of HMAC-SHA256 over time, key, window, and the query or the body."""
    head = "".join(asked.header(name) for name in ("x-bapi-timestamp", "x-bapi-api-key", "x-bapi-recv-window"))
    payload = asked.query.encode() if asked.method == "GET" else asked.body
    return hmac.new(secret.encode(), head.encode() + payload, hashlib.sha256).hexdigest()


def sender(asked: Asked, keys: Mapping[str, str], now: int) -> str:
    """The API key of a request that is signed.

    Args:
        now: the exchange's clock, epoch milliseconds.

    Raises:
        Refused: 10003 for a key that is unknown, 10002 for its time, 10004 for its signature.
    """
    key, stamp = asked.header("x-bapi-api-key"), asked.header("x-bapi-timestamp")
    window = asked.header("x-bapi-recv-window") or str(WINDOW)
    if not (stamp.isdigit() and window.isdigit()):
        raise wrong("empty value: openapi sign params error!")
    if key not in keys:
        raise Refused(10003)
    if not now - int(window) <= int(stamp) < now + AHEAD:
        says = f"req_timestamp[{stamp}],server_timestamp[{now}],recv_window[{window}]"
        raise Refused(10002, f"invalid request, please check your server timestamp or recv_window param. {says}")
    if not hmac.compare_digest(signature(keys[key], asked), asked.header("x-bapi-sign")):
        raise Refused(10004)
    return key
