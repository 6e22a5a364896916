# SPDX-License-Identifier: MIT
"""Crypto exchanges for fks-exec, through CCXT. Nothing of ccxt is imported before an account opens."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from fks_exec import VenueType, hookimpl

from .config import CCXTConfig
from .requests.capabilities import UPPER
from .session.checking import check

if TYPE_CHECKING:
    from .manager import ExchangeManager
    from .venue import CCXTPlugin

__all__ = ["CCXTConfig", "CCXTPlugin", "ExchangeManager"]


class _Registration:
    """One manager for all accounts that a host opens: they share the markets of an exchange."""

    def __init__(self) -> None:
        self._lock = Lock()  # accounts are made in threads of their own
        self._manager: ExchangeManager | None = None

    def create(self) -> CCXTPlugin:
        from .manager import ExchangeManager
        from .venue import CCXTPlugin

        with self._lock:
            if self._manager is None:
                self._manager = ExchangeManager()
        return CCXTPlugin(self._manager)


@hookimpl
def fks_exec_venues() -> Sequence[VenueType]:
    """The venue type ``ccxt``."""
    return [
        VenueType(
            name="ccxt",
            create=_Registration().create,
            config=CCXTConfig,
            summary="Crypto exchanges through CCXT: spot and perpetual swaps; sandboxes by default.",
            capabilities=UPPER,
            check=check,
        )
    ]


def __getattr__(name: str) -> Any:
    """``CCXTPlugin`` and ``ExchangeManager`` are imported on first use, so that listing the installed venues stays cheap."""
    if name == "CCXTPlugin":
        from .venue import CCXTPlugin

        return CCXTPlugin
    if name == "ExchangeManager":
        from .manager import ExchangeManager

        return ExchangeManager
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
