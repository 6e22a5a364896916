# SPDX-License-Identifier: MIT
"""Where requests go: live, the exchange's sandbox or demo trading, or a host of the configuration's own."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from attrs import frozen

from fks_exec.errors import ConfigError

from ..config import CCXTConfig
from .checking import check_place, is_loopback

_TESTS = ("test", "demo", "demotrading")
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
        exchange: an instance of ccxt's class, as constructed: its addresses are those of real money.
        live: the host's word that real money is meant.
        sandbox: what the exchange really has: ``sandbox``, ``demo``, ``both`` or None.

    Raises:
        ConfigError: live, and the requests would go elsewhere; not live, and they would go to the exchange itself, or it has
            nothing else.
    """
    check_place(exchange.id, config, live=live, sandbox=sandbox)
    if config.base_url is not None:
        _check_base(exchange, config, live)
        return Environment(kind="custom", base_url=config.base_url)
    return Environment(kind="live") if live else _test_system(exchange, config, sandbox)


def _check_base(exchange: Any, config: CCXTConfig, live: bool) -> None:
    base, name = str(config.base_url), exchange.id
    real = _real(base, exchange)
    if live and not real and not is_loopback(base):
        problem = f"the account is live and base_url is no host of {name}'s for real money; leave out base_url, or live"
        raise ConfigError("base_url", problem)
    if real and not live:
        problem = (
            f"base_url is a host of {name}'s for real money, and the account is not live; say live = true if that is meant"
        )
        raise ConfigError("base_url", problem)


def check_given(given: Any, plain: Any, *, live: bool) -> None:
    """An instance that was made elsewhere trades what the account says.

    Args:
        given: the instance.
        plain: another of its class, as constructed.

    Raises:
        ConfigError: its requests go to the live exchange, and the account is not live; or the other way round.
    """
    raw = set(_strings(plain.urls["api"]))
    addresses = [] if _in_sandbox(given) else _strings(given.urls["api"])
    real = any(one in raw or _real(_filled(one, given), plain) for one in addresses)
    if real and not live:
        problem = f"the exchange given trades real money at {given.id}; say live = true, or call its set_sandbox_mode(True)"
        raise ConfigError("live", problem)
    if live and _in_sandbox(given):
        raise ConfigError("live", f"the account is live, and the exchange given is in {given.id}'s sandbox; say live = false")


def _in_sandbox(given: Any) -> bool:
    """OKX's and Bitget's has the addresses of real money, and a header."""
    return bool(given.isSandboxModeEnabled or given.options.get("sandboxMode"))


def _real(address: str, plain: Any) -> bool:
    """The host belongs to the exchange, and is none of its test systems: ``api1.binance.com`` trades as ``api.binance.com``."""
    host = _host(address)
    tests = {_host(_filled(one, plain)) for name in _TESTS for one in _strings(plain.urls.get(name))}
    lives = {_host(_filled(one, plain)) for one in _strings(plain.urls["api"])}
    return host in lives or (host not in tests and _domain(host) in {_domain(one) for one in lives})


def _filled(address: str, exchange: Any) -> str:
    return address.replace("{hostname}", str(exchange.hostname or ""))


def _host(address: str) -> str:
    return (urlsplit(address).hostname or "").rstrip(".")


def _domain(host: str) -> str:
    return host if host[-1:].isdigit() or ":" in host else ".".join(host.split(".")[-2:])


def _test_system(exchange: Any, config: CCXTConfig, sandbox: str | None) -> Environment:
    name = exchange.id
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
