# SPDX-License-Identifier: MIT
"""Who asks: the API key, the time window and the HMAC-SHA256 signature of a request."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from ..wire import Asked
from .parameters import Parameters
from .refusals import Refused, missing

AHEAD = 1000
"""Milliseconds that a client's clock may be ahead."""

WINDOW, MOST_WINDOW = 5000, 60000
"""``recvWindow``, milliseconds: where none is sent, and at most."""


def authenticated(asked: Asked, parameters: Parameters, keys: Mapping[str, str], now: int) -> str:
    """The account, by its key, that a request is signed for.

    Args:
        keys: API keys and their secrets.
        now: the exchange's clock, epoch milliseconds.

    Raises:
        Refused: -2014, -2015, -1102, -1021, -1022.
    """
    key = asked.header("X-MBX-APIKEY")
    if not key:
        raise Refused(-2014)
    parameters.needed("timestamp")
    signature = parameters.needed("signature")
    if key not in keys:
        raise Refused(-2015)
    _check_time(parameters, now)
    right = hmac.new(keys[key].encode(), payload(asked), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right.encode(), signature.lower().encode()):
        raise Refused(-1022)
    return key


def payload(asked: Asked) -> bytes:
    """What a signature covers: the raw query and the raw body, without the signature at the end."""
    raw = asked.query.encode() + asked.body
    head, found, _ = raw.rpartition(b"signature=")
    return head.removesuffix(b"&") if found else raw


def _check_time(parameters: Parameters, now: int) -> None:
    sent = parameters.integer("timestamp")
    window = parameters.number("recvWindow")
    if sent is None:
        raise missing("timestamp")
    if window is not None and window > MOST_WINDOW:
        raise Refused(-1131, "recvWindow must be less than 60000.")
    if sent >= now + AHEAD:
        raise Refused(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now - sent > (WINDOW if window is None else window):
        raise Refused(-1021)
