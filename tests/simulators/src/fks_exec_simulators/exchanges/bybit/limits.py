# SPDX-License-Identifier: MIT
"""Requests per second and account (docs/v5/rate-limit): told with every private answer, refused beyond only when told to."""

from __future__ import annotations

from collections import deque

from .account import Account
from .book import Book

SECOND = 1_000

_PER_SECOND = {
    **dict.fromkeys(("/v5/order/create", "/v5/order/amend", "/v5/order/cancel", "/v5/order/cancel-all"), 10),
    **dict.fromkeys(("/v5/position/trading-stop", "/v5/position/set-leverage", "/v5/position/switch-mode"), 10),
}
_ELSE = 50


def counted(book: Book, account: Account, path: str) -> tuple[dict[str, str], bool]:
    """Count a request: the headers of its answer, and whether it is one too many."""
    now, most = book.now(), _PER_SECOND.get(path, _ELSE)
    recent = account.recent.setdefault(path, deque())
    while recent and recent[0] <= now - SECOND:
        recent.popleft()
    over = book.enforced and len(recent) >= most
    if not over:
        recent.append(now)
    return headers(most, max(0, most - len(recent)), recent[0] + SECOND if over else now), over


def headers(most: int, left: int, reset: int) -> dict[str, str]:
    """How a limit is told; ``reset`` in epoch milliseconds."""
    return {"X-Bapi-Limit": str(most), "X-Bapi-Limit-Status": str(left), "X-Bapi-Limit-Reset-Timestamp": str(reset)}
