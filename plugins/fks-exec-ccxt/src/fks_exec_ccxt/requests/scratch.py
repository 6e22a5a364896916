# SPDX-License-Identifier: MIT
"""An instance of the same exchange that sends nothing: what it would have sent is a :class:`Sent`."""

from __future__ import annotations

import json
import re
from collections.abc import Coroutine, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from attrs import frozen

from ..knowledge.traits import Traits
from .mapping import Request

_VOLATILE = frozenset({"signature", "sig", "sign", "nonce", "timestamp", "id", "api_key", "recvWindow"})
"""Fields that say nothing of the order; only where they stand at the top."""

_WORD = re.compile(r"\w+")
_NOBODY = {
    "apiKey": "key-of-nobody",
    "secret": "c2VjcmV0LW9mLW5vYm9keQ==",  # base64: kraken decodes it before it signs
    "password": "nobody",
    "uid": "1",
    "login": "nobody",
    "token": "nobody",
    "walletAddress": "0x" + "1" * 40,
    "privateKey": "0x" + "1" * 64,
}


class _Stopped(BaseException):
    """Raised where the request would leave; no Exception, so that ccxt makes nothing of it."""


@frozen
class Sent:
    """One request, as it would have left.

    Args:
        target: method, host and path.
        fields: of query and body, flat: ``trigger.price``; values as texts.
    """

    target: str
    fields: Mapping[str, str]

    def differing(self, base: Sent) -> dict[str, str]:
        """What is not in another request like this; of what is missing here, an empty text."""
        found = {key: value for key, value in self.fields.items() if base.fields.get(key) != value}
        return found | {key: "" for key in base.fields.keys() - self.fields.keys()}


class Scratch:
    """Builds requests as the live instance would, without a network.

    Args:
        exchange: the live instance, markets loaded; they are shared, and it is not touched.
        known: its traits: flags of the account's mode that it does not have yet are taken from there.
    """

    def __init__(self, exchange: Any, known: Traits) -> None:
        made = type(exchange)({"enableRateLimit": False})
        made.set_markets_from_exchange(exchange)
        made.options = {**known.modes, **{key: value for key, value in exchange.options.items() if value is not None}}
        made.urls = exchange.urls
        for name, value in _NOBODY.items():
            setattr(made, name, value)
        made.milliseconds = made.nonce = made.microseconds = lambda: 1_700_000_000_000
        made.seconds = lambda: 1_700_000_000
        made.jwt = lambda *_, **__: "nobody"  # coinbase's wants a key of a form; a signature says nothing of an order
        made.fetch, made.throttle = self._fetch, _no_wait
        self._exchange = made
        self._sent: list[Sent] = []

    def sent(self, request: Request) -> Sent | None:
        """What ``create_order`` would send; None: ccxt refuses it, or asks the exchange something else first."""
        self._sent.clear()
        call = self._exchange.create_order(*request.arguments())
        _drive(call)
        return self._sent[-1] if len(self._sent) == 1 else None

    async def _fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        self._sent.append(_parsed(url, method, body))
        raise _Stopped


async def _no_wait(*_: Any) -> None:
    """In place of the rate limiter."""


def _drive(call: Coroutine[Any, Any, Any]) -> None:
    """Run it up to its first request; it has nothing to wait for."""
    try:
        call.send(None)
    except (StopIteration, _Stopped):
        return
    except Exception:  # ccxt raises what it likes for what it does not know: that is its answer
        return
    finally:
        call.close()


def _parsed(url: str, method: str, body: Any) -> Sent:
    parts = urlsplit(url)
    fields: dict[str, str] = {}
    _flatten(fields, "", dict(parse_qsl(parts.query, keep_blank_values=True)))
    text = body.decode() if isinstance(body, bytes) else body
    if text and text.lstrip()[:1] in ("{", "["):
        _flatten(fields, "", json.loads(text))
    elif text:
        _flatten(fields, "", dict(parse_qsl(text, keep_blank_values=True)))
    kept = {key: value for key, value in fields.items() if key not in _VOLATILE}
    return Sent(f"{method} {parts.netloc}{parts.path}", kept)


def _flatten(fields: dict[str, str], at: str, value: object) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _flatten(fields, f"{at}.{key}" if at else str(key), item)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            _flatten(fields, f"{at}.{number}" if at else str(number), item)
    else:
        fields[at] = str(value).lower() if isinstance(value, bool) else str(value)


def leaks(field: str, value: str, word: str, param: object) -> bool:
    """Whether a field of a request is no more than a param that ccxt handed through: same name, same value."""
    parts = _WORD.findall(field)
    if word not in parts:
        return False
    if isinstance(param, Mapping):
        return parts[-1] in param or value == str(dict(param))
    return value == (str(param).lower() if isinstance(param, bool) else str(param))
