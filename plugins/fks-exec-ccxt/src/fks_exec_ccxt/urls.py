# SPDX-License-Identifier: MIT
"""Where requests go: live, the exchange's sandbox or demo trading, or a host of the configuration's own."""

from __future__ import annotations

import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit

from attrs import frozen

from fks_exec.errors import ConfigError

from .config import CCXTConfig

_HOST = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/]*")


@frozen(kw_only=True)
class Environment:
    """What an account trades against.

    Args:
        kind: ``live``, ``sandbox``, ``demo`` or ``custom``.
        base_url: of ``custom``.
    """

    kind: str
    base_url: str | None = None

    def settle(self, exchange: Any) -> None:
        """Point an exchange there; straight after its construction, before the first request."""
        if self.kind == "sandbox":
            exchange.set_sandbox_mode(True)
        elif self.kind == "demo":
            _demo_switch(exchange)(True)
        elif self.kind == "custom" and self.base_url is not None:
            exchange.urls = {**exchange.urls, "api": rehosted(exchange.urls["api"], self.base_url)}


def environment(exchange: Any, config: CCXTConfig, *, live: bool, sandbox: str | None) -> Environment:
    """Decide it.

    Args:
        exchange: an instance of ccxt's, as constructed.
        live: the host's word that real money is meant.
        sandbox: what the exchange really has: ``sandbox``, ``demo``, ``both`` or None.

    Raises:
        ConfigError: live money at a simulated exchange, or no live money where the exchange has nothing else.
    """
    if config.base_url is not None:
        _check_base(config, live)
        return Environment(kind="custom", base_url=config.base_url)
    if live:
        if config.demo:
            raise ConfigError("demo", "the account is live, and demo is not; leave out demo, or say live = false")
        return Environment(kind="live")
    return _test_system(exchange, config, sandbox)


def _check_base(config: CCXTConfig, live: bool) -> None:
    if live and is_loopback(str(config.base_url)) and not config.allow_custom_base_url:
        problem = "the account is live and base_url is on this machine, where no real exchange is; leave out base_url or live"
        raise ConfigError("base_url", problem)


def _test_system(exchange: Any, config: CCXTConfig, sandbox: str | None) -> Environment:
    name = exchange.id
    if sandbox is None:
        problem = f"{name} has no sandbox that could be used; say live = true if real money is meant, or use another exchange"
        raise ConfigError("live", problem)
    if config.demo and sandbox == "sandbox":
        raise ConfigError("demo", f"{name} has a sandbox and no demo trading that ccxt knows; leave out demo")
    kind = "demo" if config.demo or sandbox == "demo" else "sandbox"
    if kind == "sandbox" and not _strings(exchange.urls.get("test")):
        raise ConfigError("live", f"ccxt knows no address of a sandbox of {name}; say live = true if real money is meant")
    return Environment(kind=kind)


def has_sandbox(exchange: Any) -> bool:
    """By ccxt's own word: it has addresses of one, and says that it works."""
    features = exchange.features or {}
    told = [kind.get("sandbox") for kind in _kinds(features)]
    return bool(_strings(exchange.urls.get("test"))) and any(told)


def _kinds(features: dict[str, Any]) -> list[dict[str, Any]]:
    found = [value for value in features.values() if isinstance(value, dict)]
    return found + [value for kind in found for value in kind.values() if isinstance(value, dict)]


def rehosted(value: Any, base: str) -> Any:
    """Every address in there, at whatever depth, with scheme, host and port of ``base``; a forgotten one would go out."""
    if isinstance(value, str):
        return _HOST.sub(lambda _: base.rstrip("/"), value)
    if isinstance(value, dict):
        return {name: rehosted(one, base) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [rehosted(one, base) for one in value]
    return value


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [text for one in items for text in _strings(one)]


def _demo_switch(exchange: Any) -> Any:
    """Binance and Bybit have hosts of their own for it; OKX and Bitget tell it by a header that their sandbox mode sets."""
    own_host = any(exchange.urls.get(name) for name in ("demo", "demotrading"))
    return exchange.enable_demo_trading if own_host else exchange.set_sandbox_mode


def is_loopback(url: str) -> bool:
    """The host of an address is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
