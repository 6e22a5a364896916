# SPDX-License-Identifier: MIT
"""Requests signed with a shared secret: how a client signs (:func:`sign`, :func:`sign_alert`), and who has signed.

HMAC-SHA256 over seven lines: what it is (fks-exec-1), method, path with query, key, timestamp, nonce, SHA-256 of the body.
Nothing is parsed before it is proved, bytes are compared with bytes, and the time of it does not depend on who asks or how
much of it is right.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets as random
from collections.abc import Callable, Mapping, Sequence

from fks_exec import Clock, ConfigError, SystemClock

from ..config import ClientConfig
from .keys import nothing
from .proof import REVOKED, Headers, Once, Proof, Unauthenticated, header
from .scopes import Caller, Scope

WINDOW = 30_000
"""Milliseconds that the timestamp of a request may be off, either way."""

LEAST = 32
"""Bytes of a secret."""

_WRONG = "the signature is not right: another secret has signed, or another method, path, query or body than what arrived"
_NO_CLIENT = "signed for a client that the configuration does not have"

_VERSION = b"fks-exec-1"
_KEY = re.compile(rb"[A-Za-z0-9_-]{1,32}")
_TIME = re.compile(rb"[0-9]{13}")
_NONCE = re.compile(rb"[A-Za-z0-9_-]{16,64}")
_SIGNATURE = re.compile(rb"[0-9a-f]{64}")
_METHOD = re.compile(r"[A-Z]{1,16}")
_TARGET = re.compile(rb"/[!-~]*")


def sign(
    method: str,
    target: str,
    body: bytes = b"",
    *,
    key: str,
    secret: str,
    nonce: str | None = None,
    now: int | None = None,
) -> dict[str, str]:
    """The headers that prove a request; send the body exactly as it was signed.

    Args:
        method: in capitals, ``POST``.
        target: path and query as they arrive at fks-exec, ``/orders?limit=5``.
        key: the client's name in the server's configuration.
        nonce: 16 to 64 letters, digits, ``-`` or ``_``, never used before; None makes one. To send a request again whose
            answer was lost, send the same headers again, within 30 seconds: an order is executed once.
        now: epoch milliseconds; None: this machine's clock.
    """
    stamp = str(SystemClock().now() if now is None else now)
    nonce = nonce or random.token_urlsafe(24)
    text = _canonical(method.encode(), target.encode(), key.encode(), stamp.encode(), nonce.encode(), body)
    signature = _hmac(secret.encode(), text)
    return {"X-Fks-Key": key, "X-Fks-Timestamp": stamp, "X-Fks-Nonce": nonce, "X-Fks-Signature": signature.decode()}


def sign_alert(body: bytes, *, secret: str) -> dict[str, str]:
    """The header that proves an alert for ``POST /webhook/tradingview``: a proxy's, or a sender's of one's own."""
    return {"X-TradingView-Signature": _hmac(secret.encode(), body).decode()}


class Signatures:
    """All clients, by name.

    Args:
        revoked: whether the secret of a SHA-256 is right no more.

    Raises:
        ConfigError: a client without a secret, with a short one, or with more than two.
    """

    def __init__(
        self, clients: Mapping[str, ClientConfig], clock: Clock | None = None, *, revoked: Callable[[bytes], bool] = nothing
    ) -> None:
        self._clock = clock or SystemClock()
        self._revoked = revoked
        self._clients = {name.encode(): _known(name, client) for name, client in clients.items()}
        nobody = Caller(name="", scope=Scope(accounts=()), kind="hmac")
        self._nobody = nobody, (random.token_bytes(LEAST),)

    def check(self, method: str, target: bytes, headers: Headers, body: bytes) -> Proof:
        """Who has signed a request.

        Args:
            target: path and query, not decoded.
            headers: names in lower case.

        Raises:
            Unauthenticated: nobody that is known, or it is too old, or from the future.
        """
        headers = tuple(headers)
        key = header(headers, b"x-fks-key", _KEY)
        caller, secrets = self._clients.get(key, self._nobody)
        try:
            stamp = header(headers, b"x-fks-timestamp", _TIME)
            nonce = header(headers, b"x-fks-nonce", _NONCE)
            signature = header(headers, b"x-fks-signature", _SIGNATURE)
        except Unauthenticated as error:
            raise Unauthenticated(str(error), sender=caller.name, reason="form") from None
        if not _METHOD.fullmatch(method) or not _TARGET.fullmatch(target):
            raise Unauthenticated("a method, or a path, that nobody can have signed", sender=caller.name, reason="form")
        text = _canonical(method.encode(), target, key, stamp, nonce, body)
        if not self._signed(caller, signature, text, secrets):
            raise Unauthenticated(_WRONG if caller.name else _NO_CLIENT, sender=caller.name, reason="signature")
        age = self._clock.now() - int(stamp)
        if abs(age) > WINDOW:
            late = f"the request is {age} ms old by this machine's clock; allowed are {WINDOW}, either way"
            raise Unauthenticated(late, sender=caller.name, reason="age")
        digest = hashlib.sha256(text).hexdigest()
        once = Once(key=f"hmac:{caller.name}", value=nonce.decode(), digest=digest, until=int(stamp) + WINDOW + 1)
        return Proof(caller=caller, once=once)

    def check_alert(self, headers: Headers, body: bytes) -> Proof:
        """Who has signed an alert, in ``X-TradingView-Signature``. What is done twice is known by the alert itself.

        Raises:
            Unauthenticated: nobody that is known.
        """
        signature = header(tuple(headers), b"x-tradingview-signature", _SIGNATURE)
        found = None
        for caller, secrets in self._clients.values():
            if self._signed(caller, signature, body, secrets):
                found = caller
        if found is None:
            raise Unauthenticated("the signature of an alert is not right")
        return Proof(caller=found)

    def _signed(self, caller: Caller, signature: bytes, text: bytes, secrets: Sequence[bytes]) -> bool:
        """Whether one of the secrets has signed; all are tried. Raises Unauthenticated: with one that was taken back."""
        found = gone = False
        for secret in secrets:
            right = hmac.compare_digest(_hmac(secret, text), signature)
            revoked = right and self._revoked(hashlib.sha256(secret).digest())
            found, gone = found or (right and not revoked), gone or revoked
        if gone and not found:
            raise Unauthenticated(REVOKED, sender=caller.name, reason="revoked")
        return found


def _known(name: str, client: ClientConfig) -> tuple[Caller, tuple[bytes, ...]]:
    secrets = tuple(secret.reveal().encode() for secret in client.secrets)
    if not 1 <= len(set(secrets)) == len(secrets) <= 2:
        raise ConfigError(
            f"clients.{name}.secrets", "a client has one secret, or two different ones while one replaces the other"
        )
    if min(map(len, secrets)) < LEAST:
        raise ConfigError(f"clients.{name}.secrets", f"a secret has at least {LEAST} bytes; make one: fks-exec keys new")
    return client.caller(name, "hmac"), secrets


def _canonical(method: bytes, target: bytes, key: bytes, stamp: bytes, nonce: bytes, body: bytes) -> bytes:
    """None of the parts holds a line end, so no two requests have one text."""
    hashed = hashlib.sha256(body).hexdigest().encode()
    return b"\n".join((_VERSION, method, target, key, stamp, nonce, hashed))


def _hmac(secret: bytes, text: bytes) -> bytes:
    return hmac.new(secret, text, hashlib.sha256).hexdigest().encode()
