# SPDX-License-Identifier: MIT
"""Ids that the hub makes: a client's where the caller gave none, and the venue's in the venue's own alphabet."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Container

from .journal.protocol import Key


class ClientIds:
    """Ids for orders whose caller gave none: a random part for each life of a host, and a count."""

    def __init__(self) -> None:
        self._life = uuid.uuid4().hex[:20]
        self._count = 0

    def new(self) -> str:
        """The next one; never made before, by this host or another."""
        self._count += 1
        return f"fx-{self._life}-{self._count}"


def venue_id(key: Key, purpose: str, attempt: int, leg: str, *, alphabet: str, length: int, taken: Container[str] = ()) -> str:
    """The id that a venue is given: the same for the same attempt, another for any other.

    Args:
        alphabet, length: what the venue takes; at most 32 characters are used.
        taken: ids that stand for other orders.
    """
    salt = 0
    while True:
        text = "\0".join((key.account, key.client_order_id, purpose, str(attempt), leg, str(salt)))
        digest = hashlib.sha256(text.encode()).digest()
        made = "".join([alphabet[byte % len(alphabet)] for byte in digest[:length]])
        if made not in taken:
            return made
        salt += 1
