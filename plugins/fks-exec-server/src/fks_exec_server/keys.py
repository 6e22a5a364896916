# SPDX-License-Identifier: MIT
"""Whose secret a path holds."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from attrs import frozen

from .config import KeyConfig


@frozen
class Key:
    """A sender of alerts: its name, its rights and its ways."""

    name: str
    accounts: tuple[str, ...]
    wait: float | None
    """Seconds to wait for the outcome; None answers once the order is written down."""


class KeyRing:
    """All keys, by the SHA-256 of their secrets; the secrets themselves are not kept."""

    def __init__(self, keys: Mapping[str, KeyConfig]) -> None:
        self._keys = tuple((config.digest, _key(name, config)) for name, config in keys.items())

    def find(self, secret: str) -> Key | None:
        """The key of a secret. Any text is allowed; the time does not tell how much of it is right, nor of which key."""
        digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
        found = None
        for known, key in self._keys:
            if hmac.compare_digest(known, digest):
                found = key
        return found


def _key(name: str, config: KeyConfig) -> Key:
    return Key(name, config.accounts, config.wait if config.respond == "outcome" else None)
