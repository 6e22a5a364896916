# SPDX-License-Identifier: MIT
"""What can be known of a configuration without a connection and without ccxt itself: :func:`check`, for ``fks-exec check``."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from fks_exec.errors import ConfigError

from ..config import CCXTConfig
from ..knowledge.exchanges import TABLES
from ..knowledge.known import PROVED
from ..knowledge.traits import traits
from .ids import ccxt_version, installed, unknown

_KEY = ("api_key", "secret")
NEEDED = {name: (*_KEY, "password") if name in ("okx", "kucoin", "bitget") else _KEY for name in TABLES}
"""The fields that the exchanges know an account by; others are asked for when the account opens."""


def check(config: CCXTConfig, live: bool) -> None:
    """The exchange exists, has what it needs, and is where the configuration says.

    Args:
        live: the host's word that real money is meant.

    Raises:
        ConfigError: the sentence says what to write instead; it names the field, without the account's table.
    """
    name = config.exchange
    known = installed()
    if known and name not in known:
        raise ConfigError("exchange", unknown(name, known, ccxt_version()))
    kinds = TABLES.get(name)
    if kinds is not None and config.market_type not in kinds:
        others = " or ".join(f"{kind!r}" for kind in kinds)
        problem = f"{name} has no {config.market_type} markets in ccxt {ccxt_version()}; write market_type = {others}"
        raise ConfigError("market_type", f"{problem}, or another exchange")
    missing_credentials(name, [field for field in NEEDED.get(name, ()) if getattr(config, field) is None])
    if kinds is not None:
        check_place(name, config, live=live, sandbox=traits(name, config.market_type).sandbox)
    check_proved(config, live)


def of_account(error: ConfigError, account: str) -> ConfigError:
    """The same, with the table of the account that it is of; whether it is live stands beside ``config``."""
    if error.where.startswith("accounts."):
        return error
    field = error.where if error.where == "live" else f"config.{error.where}"
    return ConfigError(f"accounts.{account}.{field}".removesuffix(".config."), error.problem)


def missing_credentials(name: str, missing: list[str]) -> None:
    """What the exchange needs is there.

    Raises:
        ConfigError: names the fields that are missing.
    """
    if missing:
        form = " and ".join(f'{field} = {{ env = "NAME" }}' for field in missing)
        raise ConfigError(missing[0], f"{name} needs {' and '.join(missing)}; write {form}")


def check_place(name: str, config: CCXTConfig, *, live: bool, sandbox: str | None) -> None:
    """Live and test system, as far as it does not depend on the exchange's addresses.

    Args:
        sandbox: what the exchange has: ``sandbox``, ``demo``, ``both`` or None.

    Raises:
        ConfigError: live, and the requests would go elsewhere; not live, and the exchange has nothing else.
    """
    base = config.base_url
    if live and base is not None and is_loopback(base) and not config.allow_custom_base_url:
        problem = "the account is live and base_url is on this machine, where no real exchange is; leave out base_url or live"
        raise ConfigError("base_url", problem)
    if live and config.demo:
        raise ConfigError("demo", "the account is live, and demo is not; leave out demo, or say live = false")
    if live or base is not None:
        return
    if sandbox is None:
        problem = f"{name} has no sandbox that could be used; say live = true if real money is meant, or use another exchange"
        raise ConfigError("live", problem)
    if config.demo and sandbox == "sandbox":
        raise ConfigError("demo", f"{name} has a sandbox and no demo trading that ccxt knows; leave out demo")


def check_proved(config: CCXTConfig, live: bool) -> None:
    """Real money goes to what was tried against a counterpart; elsewhere it must be said that the documents are enough.

    Raises:
        ConfigError: the account is live, its exchange was not tried, and nothing is said.
    """
    if not live or config.accept_unproved or (config.exchange, config.market_type) in PROVED:
        return
    problem = (
        f"{config.exchange} {config.market_type} was never traded against a counterpart by the tests of this plugin, only held "
        "against documents; try it on its test network, keep a conformance record, then write accept_unproved = true"
    )
    raise ConfigError("accept_unproved", problem)


def is_loopback(url: str) -> bool:
    """The host of an address is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
