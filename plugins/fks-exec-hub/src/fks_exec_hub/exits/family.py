# SPDX-License-Identifier: MIT
"""The orders that the hub makes for another order. The id says whose, and what for: ``alert-7~sl1`` is its first stop."""

from __future__ import annotations

from typing import Final

STOP: Final = "stop_loss"
TARGET: Final = "take_profit"
EXIT: Final = "exit"
ENTRY: Final = "entry"
FAILURE: Final = "failure"
EXCESS: Final = "excess"

_LETTERS = {"sl": STOP, "tp": TARGET, "ex": EXIT, "en": ENTRY, "fl": FAILURE, "xs": EXCESS}
_SHORT = {role: letters for letters, role in _LETTERS.items()}

LEGS: Final = frozenset({STOP, TARGET})
"""The roles of orders that rest to protect what an entry filled."""


def child_id(parent: str, role: str, number: int) -> str:
    """The client's id of an order that the hub makes for another one.

    Args:
        number: 1 for the first of that role.
    """
    return f"{parent}~{_SHORT[role]}{number}"


def is_child(client_order_id: str) -> bool:
    """Whether the hub made the order for another one; a caller cannot give such an id."""
    return "~" in client_order_id


def parent_of(client_order_id: str) -> str:
    """The id of the order that another one was made for; empty for one of its own."""
    return client_order_id.rpartition("~")[0]


def role_of(client_order_id: str) -> str:
    """What an order is for another one; empty for one of its own."""
    suffix = client_order_id.rpartition("~")[2] if is_child(client_order_id) else ""
    return _LETTERS.get(suffix[:2], "")


def number_of(client_order_id: str) -> int:
    """Which of its role it is; 0 for an order of its own."""
    suffix = client_order_id.rpartition("~")[2] if is_child(client_order_id) else ""
    return int(suffix[2:]) if suffix[2:].isdigit() else 0
