# SPDX-License-Identifier: MIT
"""ccxt instances that know their markets and send nothing: what would go to the exchange is written down instead.

The markets come from ``tests/ccxt/markets/<exchange>.json``: answers in the exchange's own format, of our own making, parsed
by ccxt's ``fetch_markets``.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from attrs import field, frozen

from .canaries import canary

MARKETS = Path(__file__).resolve().parents[3] / "ccxt" / "markets"
TEXT_SECRET = base64.b64encode(canary("nobody").encode()).decode()  # kraken decodes it before it signs

# Flags of the account's mode that create_order would ask the exchange for first: classic accounts, and bybit's unified one.
MODES: Mapping[str, Mapping[str, object]] = {
    "bitget": {"uta": False},
    "bybit": {"enableUnifiedMargin": False, "enableUnifiedAccount": True, "unifiedMarginStatus": 6},
    "gate": {"unifiedAccount": False},
    "kucoin": {"uta": False, "accountMigrated": False},
}
# What fetch_markets asks for by default, without the options and dated futures that no file here has.
MARKET_TYPES: Mapping[str, tuple[str, ...]] = {
    "bybit": ("spot", "linear", "inverse"),
    "gate": ("spot", "swap"),
    "okx": ("spot", "swap"),
}


class NothingSent(Exception):
    """Raised where an offline instance would have sent a request."""


@frozen
class Captured:
    """One request as it would have left.

    Args:
        method: GET, POST, PUT or DELETE.
        host_path: host and path without the query: ``api.binance.com/api/v3/order``.
        params: the query and the decoded body (JSON or form); a body that is a list is under ``""``.
        headers: as handed over, signature and key among them.
    """

    method: str
    host_path: str
    params: Mapping[str, Any]
    headers: Mapping[str, str] = field(repr=False)

    def at(self, path: str) -> object:
        """A parameter by a dotted path through objects and lists: ``order_configuration.limit_limit_gtc.base_size``.

        None: it is not there.
        """
        found: object = self.params
        for step in path.split("."):
            if isinstance(found, Mapping):
                found = found.get(step)
            elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
                found = found[int(step)]
            else:
                return None
        return found


def exchanges() -> tuple[str, ...]:
    """The ids that have a file of markets."""
    return tuple(sorted(file.stem for file in MARKETS.glob("*.json")))


def offline(exchange_id: str, market_type: str) -> Any:
    """An instance of ``ccxt.async_support`` that knows its markets, has dummy credentials and sends nothing.

    Its ``fetch`` appends a :class:`Captured` to ``exchange.sent`` and raises :class:`NothingSent`. The rate limiter is off.

    Args:
        exchange_id: one of :func:`exchanges`.
        market_type: ``spot`` or ``swap``; ccxt's ``defaultType``.
    """
    reader = _reader(exchange_id)
    exchange = getattr(import_module("ccxt.async_support"), exchange_id)(
        {"enableRateLimit": False, **_credentials(exchange_id)}
    )
    exchange.options.update({key: value for key, value in reader.options.items() if key not in exchange.options})
    exchange.options.update({"defaultType": market_type, **MODES.get(exchange_id, {})})
    exchange.set_markets_from_exchange(reader)
    exchange.sent = []

    async def fetch(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        exchange.sent.append(_parsed(url, method, headers, body))
        raise NothingSent(f"{method} {urlsplit(url).path}")

    exchange.fetch = fetch
    return exchange


async def captured(exchange: Any, make: Callable[[], Awaitable[object]]) -> Captured:
    """The one request that a call makes.

    Args:
        exchange: from :func:`offline`.
        make: makes the call: ``lambda: exchange.create_order(...)``.

    Raises:
        AssertionError: the call ended without a request.
        Exception: what ccxt raises before it would send: it refuses the call.
    """
    exchange.sent.clear()
    try:
        answer = await make()
    except NothingSent:
        (request,) = exchange.sent
        found: Captured = request
        return found
    raise AssertionError(f"the call ended without a request and answered {answer!r}")


def _parsed(url: str, method: str, headers: Any, body: Any) -> Captured:
    parts = urlsplit(url)
    params: dict[str, Any] = dict(parse_qsl(parts.query, keep_blank_values=True))
    content = body.decode() if isinstance(body, bytes) else body
    if content and content.lstrip()[0] in "{[":
        decoded = json.loads(content)
        params.update(decoded if isinstance(decoded, dict) else {"": decoded})
    elif content:
        params.update(parse_qsl(content, keep_blank_values=True))
    return Captured(method, f"{parts.netloc}{parts.path}", params, dict(headers or {}))


@cache
def _reader(exchange_id: str) -> Any:
    """A synchronous instance that has read the file's answers; it needs no event loop and is never handed out."""
    answers = json.loads((MARKETS / f"{exchange_id}.json").read_text("utf-8"))["answers"]
    reader = getattr(import_module("ccxt"), exchange_id)({"enableRateLimit": False})
    if exchange_id in MARKET_TYPES:
        reader.options["fetchMarkets"] = {"types": list(MARKET_TYPES[exchange_id])}

    def fetch(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        return _answer(answers, url)

    reader.fetch = fetch
    reader.set_markets(reader.fetch_markets())
    return reader


def _answer(answers: list[dict[str, Any]], url: str) -> Any:
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query)).items()
    for answer in answers:
        if unquote(parts.path) == answer["path"] and answer["query"].items() <= asked:
            return answer["body"]
    raise LookupError(f"the file of markets has no answer to {parts.path}?{parts.query}")


def _credentials(exchange_id: str) -> dict[str, str]:
    found = {"apiKey": "canary-key-of-nobody", "secret": TEXT_SECRET, "password": "canary-words-of-nobody", "uid": "1"}
    if exchange_id == "coinbase":
        found |= {"apiKey": "organizations/nobody/apiKeys/nothing", "secret": _private_key()}
    return found


@cache
def _private_key() -> str:
    """An EC key made on the spot, as coinbase's keys are: no key lies in the repository."""
    curves = import_module("cryptography.hazmat.primitives.asymmetric.ec")
    forms = import_module("cryptography.hazmat.primitives.serialization")
    key = curves.generate_private_key(curves.SECP256R1())
    text: bytes = key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.TraditionalOpenSSL, forms.NoEncryption())
    return text.decode()
