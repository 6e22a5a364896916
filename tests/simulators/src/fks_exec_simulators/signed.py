# SPDX-License-Identifier: MIT
"""Clients of a host that prove who they are: with a signature, with a token; and the tables that make a host know them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fks_exec_server.access.signatures import sign

from .canaries import MARK, canary

CLIENT_SECRET = canary("desk")
"""The secret of the client ``desk``."""

ISSUER, AUDIENCE = "https://issuer.example", "fks-exec"


def kept(base: Path, name: str, text: str) -> dict[str, str]:
    """A secret in a file that only its owner reads; what the configuration says of it."""
    path = base / name
    path.touch(0o600)
    path.write_text(text, "utf-8")
    return {"file": name}


def clients(base: Path, **fields: Any) -> dict[str, Any]:
    """The table ``clients`` of a host that knows ``desk``."""
    secrets = [kept(base, "client-secret", CLIENT_SECRET)]
    return {"desk": {"secrets": secrets, "accounts": ["main"], **fields}}


class KeyPair:
    """An issuer's Ed25519 pair; the private key is a canary too."""

    def __init__(self) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(MARK.encode() + os.urandom(32 - len(MARK)))

    @property
    def private(self) -> str:
        """PEM."""
        form = serialization.PrivateFormat.PKCS8
        return self._private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()

    @property
    def public(self) -> str:
        """PEM."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._private.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def tokens(base: Path, pair: KeyPair, **fields: Any) -> dict[str, Any]:
    """The table ``tokens`` of a host that knows the issuer ``ops``."""
    key = kept(base, "issuer.pem", pair.public)
    table = {"key": key, "issuer": ISSUER, "audience": AUDIENCE, "accounts": ["main"], "actions": ["read", "trade", "halt"]}
    return {"ops": {**table, **fields}}


def claims(now: float | None = None, **changes: Any) -> dict[str, Any]:
    """Those of a token that is valid for a minute; None takes one out.

    Args:
        now: epoch seconds.
    """
    at = int(time.time() if now is None else now)
    usual = {"iss": ISSUER, "aud": AUDIENCE, "iat": at, "nbf": at, "exp": at + 60, "jti": "number-0001"}
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def bearer(token: str) -> dict[str, str]:
    """The header that brings it."""
    return {"Authorization": f"Bearer {token}"}


def issued(pair: KeyPair, **changes: Any) -> str:
    """A token of the pair."""
    return jwt.encode(claims(**changes), pair.private, algorithm="EdDSA")


async def send(
    client: httpx.AsyncClient,
    method: str,
    target: str,
    document: object = None,
    *,
    headers: Mapping[str, str] | None = None,
    **signing: Any,
) -> httpx.Response:
    """A request of ``desk``, signed.

    Args:
        headers: instead of the signature.
        signing: further arguments of ``sign``.
    """
    body = b"" if document is None else json.dumps(document).encode()
    if headers is None:
        headers = sign(method, target, body, **{"key": "desk", "secret": CLIENT_SECRET, **signing})
    return await client.request(method, target, content=body, headers=headers)
