# SPDX-License-Identifier: MIT
"""An exchange instance of ccxt made from the configuration: its credentials, its options, the types of markets it loads."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fks_exec.errors import ConfigError

from ..config import CREDENTIALS, CCXTConfig
from .checking import missing_credentials
from .loading import wired
from .urls import Environment

if TYPE_CHECKING:
    from ..knowledge.traits import Traits

_NAMES = {
    "api_key": "apiKey",
    "secret": "secret",
    "password": "password",
    "uid": "uid",
    "wallet_address": "walletAddress",
    "private_key": "privateKey",
}
_QUIET = logging.Logger("ccxt", logging.WARNING)
"""In no tree of loggers, so that nobody lowers its level: below it ccxt writes down every request with key and signature."""

_WORDS = {"spot": {"spot"}, "swap": {"swap", "linear", "inverse", "contract"}}
_WINDOWED = frozenset({"binance", "bingx", "bitget", "bitvavo", "bybit", "gate", "htx", "kraken", "kucoin"})
"""Classes of ccxt 4.5.90 that state a window of their own: the exchange's rule is a budget per window, which a burst may use.

ccxt's default, a bucket of one token, would have an order wait for the cost of the look at the balance before it.
"""


def construct(cls: type[Any], config: CCXTConfig, traits: Traits, *, keys: bool = True) -> Any:
    """A new instance; nothing is connected.

    Args:
        keys: with the account's credentials; without them only public data can be asked for.
    """
    arguments: dict[str, Any] = {"enableRateLimit": True, "aiohttp_trust_env": config.trust_env}
    if _WINDOWED & {kind.__name__ for kind in cls.__mro__}:
        arguments["rateLimiterAlgorithm"] = "rollingWindow"
    if config.proxy is not None:
        arguments["httpsProxy" if config.proxy.startswith("https") else "httpProxy"] = config.proxy
    if keys:
        arguments |= {_NAMES[name]: secret.reveal() for name in CREDENTIALS if (secret := getattr(config, name)) is not None}
    exchange = wired(cls)(arguments)
    exchange.logger = _QUIET
    exchange.options = exchange.deep_extend(exchange.options, _options(exchange, config, traits))
    if "builderFee" in exchange.options:
        exchange.handle_builder_fee_approval = _unpaid
    exchange.has = {**exchange.has, "fetchCurrencies": False}  # of use for withdrawals only; often a private request
    return exchange


def placed(cls: type[Any], config: CCXTConfig, traits: Traits, environment: Environment, *, keys: bool = True) -> Any:
    """The same, pointed to its environment."""
    exchange = construct(cls, config, traits, keys=keys)
    environment.settle(exchange)
    if str(_first(exchange.urls.get("api"))).startswith("http://"):
        exchange.timeout_on_exit = 0  # ccxt waits for the end of TLS, which there is none of
    return exchange


def check_credentials(exchange: Any, config: CCXTConfig, account: str) -> None:
    """What the exchange needs is there.

    Raises:
        ConfigError: names the fields that are missing.
    """
    back = {theirs: ours for ours, theirs in _NAMES.items()}
    needed = [name for name, wanted in exchange.requiredCredentials.items() if wanted is True]
    unknown = [name for name in needed if name not in back]
    if unknown:
        raise ConfigError(_where(account, "exchange"), f"{exchange.id} needs {', '.join(unknown)}, which no field can hold")
    try:
        missing_credentials(exchange.id, [back[name] for name in needed if getattr(config, back[name]) is None])
    except ConfigError as error:
        raise ConfigError(_where(account, error.where), error.problem) from None


def secrets_of(config: CCXTConfig) -> tuple[str, ...]:
    """Every secret text of a configuration, to be told nowhere."""
    found = [secret.reveal() for name in CREDENTIALS if (secret := getattr(config, name)) is not None]
    return tuple([*found, config.proxy] if config.proxy and "@" in config.proxy else found)


def _options(exchange: Any, config: CCXTConfig, traits: Traits) -> dict[str, Any]:
    """Ours, the exchange's traits', the configuration's; and last what no configuration may change."""
    known = exchange.options
    ours: dict[str, Any] = {"defaultType": config.market_type, "fetchCurrencies": False, "fetchMargins": False}
    if isinstance(known.get("fetchMarkets"), dict) and "types" in known["fetchMarkets"]:
        ours["fetchMarkets"] = {"types": _narrowed(known["fetchMarkets"]["types"], config.market_type)}
    if isinstance(known.get("fetchOpenOrders"), dict):
        ours["fetchOpenOrders"] = {"warnWithoutSymbol": False}
    if config.settle is not None:
        ours["defaultSettle"] = config.settle.lower() if exchange.id in ("gate", "gateio") else config.settle
        ours["defaultSubType"] = "linear" if config.settle in ("USDT", "USDC", "USD", "USDE") else "inverse"
    fixed: dict[str, Any] = {"maxRetriesOnFailure": 0, "adjustForTimeDifference": False}
    if "builderFee" in known:
        fixed |= {"builderFee": False, "refSet": True}
    return dict(exchange.deep_extend(ours, dict(traits.options), _plain(config.options), fixed))


async def _unpaid(*_: Any) -> bool:
    """Before the first order ccxt would approve a fee for its own makers, and name them as referrer: two writes of ours."""
    return True


def _narrowed(types: Any, market_type: str) -> Any:
    """Of the kinds of markets that ccxt would load, those of the account; one request instead of five."""
    words = _WORDS[market_type]
    if isinstance(types, dict):
        return {name: (value if name in words else False) for name, value in types.items()}
    return [name for name in types if name in words] or list(types)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return value


def _first(value: Any) -> Any:
    while isinstance(value, dict | list) and value:
        value = next(iter(value.values())) if isinstance(value, dict) else value[0]
    return value


def _where(account: str, name: str) -> str:
    return f"accounts.{account}.config.{name}"
