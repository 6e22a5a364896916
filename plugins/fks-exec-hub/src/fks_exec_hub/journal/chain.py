# SPDX-License-Identifier: MIT
"""The hash chain over the events: each row's hash covers the row and the hash before it."""

from __future__ import annotations

from hashlib import sha256


def link(previous: bytes, position: int, account: str, order_position: int, kind: str, time: int, body: str) -> bytes:
    """The hash of one event row.

    The lengths make the text unambiguous: no character can move from one column to the next unnoticed.

    Args:
        order_position: of the order's accept; 0 for a step of the account.
    """
    text = f"{position} {order_position} {time} {kind} {len(account)} {len(body)} {account}{body}"
    return sha256(previous + text.encode()).digest()
