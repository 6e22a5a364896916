# SPDX-License-Identifier: MIT
"""Whose secret a path holds."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping

from ..config import KeyConfig
from .scopes import Caller


def nothing(digest: bytes) -> bool:
    """Where no list of revoked secrets is kept."""
    return False


class KeyRing:
    """All keys, by the SHA-256 of their secrets; the secrets themselves are not kept.

    Args:
        revoked: whether the secret of a digest is right no more.
    """

    def __init__(self, keys: Mapping[str, KeyConfig], *, revoked: Callable[[bytes], bool] = nothing) -> None:
        self._revoked = revoked
        self._keys = tuple((digest, key.caller(name, "path")) for name, key in keys.items() for digest in key.digests)

    def find(self, secret: str | bytes) -> Caller | None:
        """The key of a secret. Any text is allowed; the time does not tell how much of it is right, nor of which key."""
        raw = secret if isinstance(secret, bytes) else secret.encode("utf-8", "surrogatepass")
        digest = hashlib.sha256(raw).digest()
        found = None
        for known, caller in self._keys:
            if hmac.compare_digest(known, digest):
                found = caller
        return None if found is None or self._revoked(digest) else found

    def taken_back(self, secret: str | bytes) -> str:
        """The name of the key whose secret this was; empty: nobody's, or right still. It takes as long for any text."""
        raw = secret if isinstance(secret, bytes) else secret.encode("utf-8", "surrogatepass")
        digest, name = hashlib.sha256(raw).digest(), ""
        for known, caller in self._keys:
            if hmac.compare_digest(known, digest):
                name = caller.name
        return name if name and self._revoked(digest) else ""
