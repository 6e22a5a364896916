# SPDX-License-Identifier: MIT
"""ccxt itself: imported off the event loop, once, when the first account opens; classes by id; the wired subclass of each."""

from __future__ import annotations

import asyncio
import importlib
from threading import Lock
from typing import Any

from fks_exec.errors import ConfigError

from ..wire.calls import Wired
from ..wire.numbered import Numbered
from ..wire.unproved import RISING
from .ids import unknown

_IMPORT = Lock()
_WIRED: dict[type[Any], type[Any]] = {}


def import_ccxt() -> Any:
    """``ccxt.async_support``; blocks for some seconds the first time.

    Raises:
        ConfigError: it is not installed, or too broken to be imported.
    """
    with _IMPORT:
        try:
            return importlib.import_module("ccxt.async_support")
        except ImportError as error:
            raise ConfigError("", f"ccxt cannot be imported ({error.name or 'broken'}); run: pip install ccxt") from None


async def load_ccxt() -> Any:
    """:func:`import_ccxt` in a worker thread: other accounts trade on meanwhile."""
    return await asyncio.to_thread(import_ccxt)


def exchange_class(name: str, where: str = "config.exchange") -> type[Any]:
    """The class of ``ccxt.async_support`` by ccxt's id of the exchange.

    Args:
        where: table and field, for errors.

    Raises:
        ConfigError: ccxt has none of that id; names those that may have been meant.
    """
    ccxt = import_ccxt()
    if name in ccxt.exchanges:
        found: type[Any] = getattr(ccxt, name)
        return found
    raise ConfigError(where, unknown(name, list(ccxt.exchanges), str(ccxt.__version__)))


def wired(cls: type[Any]) -> type[Any]:
    """A subclass whose requests are noted and whose turns are ours; the same one for the same class."""
    if not issubclass(cls, Wired) and cls not in _WIRED:
        rising = RISING & {kind.__name__ for kind in cls.__mro__}
        _WIRED[cls] = type(cls.__name__, (Numbered if rising else Wired, cls), {"__module__": __name__})
    return _WIRED.get(cls, cls)
