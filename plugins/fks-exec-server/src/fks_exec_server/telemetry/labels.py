# SPDX-License-Identifier: MIT
"""Labels that cannot grow without bound: what is not in a known table is told as ``other``."""

from __future__ import annotations

import importlib.metadata
import logging
from collections.abc import Iterable

from fks_exec.codes import GROUP

logger: logging.Logger = logging.getLogger(__name__)

OTHER = "other"
"""What stands for every value that no table knows: a venue's own codes, say."""

NOBODY = "stranger"
"""Who asks without a proved key."""

ROUTES = ("webhook", "webhook_order", "orders", "order", "accounts", "positions", "quote", "halt", "resume", "close", OTHER)
"""The routes as metrics name them; see :func:`route_of`."""

_PLAIN = {"orders": "orders", "accounts": "accounts", "halt": "halt", "resume": "resume", "close": "close"}


class Words:
    """The values that one label may have.

    Args:
        known: every other value is told as ``other``.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._known = frozenset(known)

    def __call__(self, value: str | None) -> str:
        """The value itself, or ``other``."""
        return value if value in self._known and value is not None else OTHER


def known_codes() -> frozenset[str]:
    """The codes of all installed distributions, from their entry points; a table that cannot be read is left out."""
    found: set[str] = set()
    for point in importlib.metadata.entry_points(group=GROUP):
        try:
            found.update(code for code in point.load() if isinstance(code, str))
        except Exception as error:  # a stranger's table may be anything; its codes are told as `other`
            logger.warning("the codes of %s cannot be read: %s", point.value, type(error).__name__)
    return frozenset(found)


def route_of(path: str) -> str:
    """Which route a path belongs to, right secret or not; ``other`` for none, and for one with empty parts."""
    match path.removeprefix("/").split("/"):
        case ["webhook", "tradingview"] | ["webhook", "tradingview", _]:
            return "webhook"
        case ["webhook", "tradingview", _, "orders", _]:
            return "webhook_order"
        case ["orders", _]:
            return "order"
        case ["accounts", _, "positions"]:
            return "positions"
        case ["accounts", _, "quote", *rest] if rest:
            return "quote"
        case [word]:
            return _PLAIN.get(word, OTHER)
    return OTHER
