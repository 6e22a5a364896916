# SPDX-License-Identifier: MIT
"""The configuration of an account at a crypto exchange: CCXTConfig and every check of it that needs no ccxt."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from attrs import field, frozen

from fks_exec import ConfigError, Secret
from fks_exec.model.numbers import to_optional

MarketType: TypeAlias = Literal["spot", "swap"]
MarginMode: TypeAlias = Literal["cross", "isolated"]
PositionMode: TypeAlias = Literal["one_way", "hedged"]

CREDENTIALS = ("api_key", "secret", "password", "uid", "wallet_address", "private_key")
"""The fields that may hold what an exchange knows an account by; which are needed depends on the exchange."""

REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "maxRetriesOnFailure": "ccxt would send an order again after a fault, so that it may stand twice; leave it out",
        "maxRetriesOnFailureDelay": "ccxt must not send anything again by itself; leave it out",
        "createMarketBuyOrderRequiresPrice": "a quantity would be spent as quote currency; leave it out",
        "verbose": "ccxt would print keys and signatures; leave it out",
        "enableRateLimit": "the exchange would lock the key for its rate; leave it out",
        "rateLimit": "the exchange would lock the key for its rate; leave it out",
        "throttle": "the exchange would lock the key for its rate; leave it out",
        "warnOnFetchOpenOrdersWithoutSymbol": "the open orders are asked for as the exchange serves them; leave it out",
        "broker": "the ids on the wire are the journal's, without a broker's letters; leave it out",
        "brokerId": "the ids on the wire are the journal's, without a broker's letters; leave it out",
        "clientOrderId": "the ids on the wire are the journal's; leave it out",
        "sandboxMode": "it is said by the account's live = true or false; leave it out",
        "enableDemoTrading": "write demo = true instead",
        "defaultType": "write market_type instead",
        "defaultSubType": "write settle instead",
        "defaultSettle": "write settle instead",
        "defaultMarginMode": "write margin_mode instead",
        "hedged": "write position_mode instead",
        "hedgeMode": "write position_mode instead",
        "apiKey": "write api_key instead",
        "secret": "write secret instead, beside the options",
        "password": "write password instead, beside the options",
        "urls": "write base_url instead",
        "hostname": "write base_url instead",
    }
)
"""ccxt's options that switch safety off, or say what a field of the configuration says; with what to do instead."""

_WINDOW = "recvWindow"

_WORDS = {"market_type": get_args(MarketType), "margin_mode": get_args(MarginMode), "position_mode": get_args(PositionMode)}
_SWITCHES = ("demo", "allow_custom_base_url", "trust_env", "accept_unproved")
_EXCHANGE = re.compile(r"[a-z0-9_]{1,40}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z0-9.$_-]{1,24}", re.ASCII)


def _table(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(value))


def _without_user(url: object) -> str:
    """An address as it may be shown: what stands before an @ is a password."""
    before, at, host = str(url).rpartition("@")
    return repr(f"{before.partition('//')[0]}//***@{host}" if at else url)


@frozen(kw_only=True)
class CCXTConfig:
    """The ``config`` table of an account at a crypto exchange: one exchange, one market type, one key.

    Args:
        exchange: ccxt's id, e.g. ``binance``.
        api_key, secret, password, uid, wallet_address, private_key: what the exchange knows the account by; which of them
            are needed depends on the exchange, and is said when one is missing.
        market_type: ``spot``, or ``swap`` (perpetual contracts).
        settle: of contracts: the only settle currency that the account trades, e.g. ``USDT``; None: any.
        demo: where the account is not live: the exchange's demo trading instead of its test network.
        base_url: where the exchange is reached: a simulated one on this machine; another host only with
            ``allow_custom_base_url``.
        allow_custom_base_url: the keys may go to the host of ``base_url``, wherever it is.
        quote_aliases: a quote currency that spellings may have, and the one that is meant, e.g. ``USD = "USDT"``.
        margin_mode, leverage, position_mode: what the account is set to at the exchange; compared at the start, never set.
        max_waiting: how many requests may wait for their turn in the exchange's rate limit.
        fill_wait: seconds for which a market order's fill is asked for before the answer; 0: not at all.
        refresh: seconds after which the list of markets is loaded anew.
        proxy: of all requests, ``http://`` or ``https://``.
        trust_env: take the proxy from the environment.
        accept_unproved: trade with real money at an exchange whose look-ups, legs and cancels were tried against no
            counterpart, only against its documents.
        options: for ccxt, as ``exchange.options``; what switches safety off is refused.

    Raises:
        ConfigError: a value that cannot be meant; the sentence says what to write instead.
    """

    exchange: str
    api_key: Secret | None = None
    secret: Secret | None = None
    password: Secret | None = None
    uid: Secret | None = None
    wallet_address: Secret | None = None
    private_key: Secret | None = None
    market_type: MarketType = "spot"
    settle: str | None = None
    demo: bool = False
    base_url: str | None = None
    allow_custom_base_url: bool = False
    quote_aliases: Mapping[str, str] = field(factory=dict, converter=_table, hash=False)
    margin_mode: MarginMode | None = None
    leverage: Decimal | None = field(default=None, converter=to_optional)
    position_mode: PositionMode | None = None
    max_waiting: int = 100
    fill_wait: float = 1.0
    refresh: float = 3600.0
    proxy: str | None = field(default=None, repr=_without_user)
    trust_env: bool = False
    accept_unproved: bool = False
    options: Mapping[str, Any] = field(factory=dict, converter=_table, hash=False)

    def __attrs_post_init__(self) -> None:
        self._check_words()
        self._check_credentials()
        self._check_currencies()
        self._check_contracts()
        self._check_numbers()
        self._check_network()
        self._check_options()

    @property
    def hedged(self) -> bool:
        """Whether the account keeps a long and a short of one contract side by side."""
        return self.position_mode == "hedged"

    @property
    def simulated(self) -> bool:
        """Whether its exchange is a simulated one, on this machine; a relay elsewhere may lead to the real one."""
        parts = None if self.base_url is None else _parts(self.base_url)
        return parts is not None and _loopback(parts[1])

    def _check_words(self) -> None:
        if not isinstance(self.exchange, str) or not _EXCHANGE.fullmatch(self.exchange):
            problem = f"exchange is {str(self.exchange)[:40]!a}, which is no id of ccxt; write one such as 'binance'"
            raise ConfigError("exchange", problem)
        for name, words in _WORDS.items():
            value = getattr(self, name)
            if value not in words and not (value is None and name != "market_type"):
                raise ConfigError(name, f"{name} is {str(value)[:40]!a}, which is not one of {', '.join(words)}")
        for name in _SWITCHES:
            if not isinstance(getattr(self, name), bool):
                raise ConfigError(name, f"{name} is neither true nor false")

    def _check_credentials(self) -> None:
        for name in CREDENTIALS:
            value = getattr(self, name)
            if value is None:
                continue
            if not isinstance(value, Secret):
                raise ConfigError(name, f"{name} is no Secret; write fks_exec.Secret(...), or where the file has it from")
            text = value.reveal()
            if not text or text != text.strip() or any(not 32 <= ord(c) < 127 and c != "\n" for c in text):
                problem = f"{name} is empty, has blanks around it or letters that no key has; copy it again, or leave it out"
                raise ConfigError(name, problem)

    def _check_currencies(self) -> None:
        for name, text in self.quote_aliases.items():
            for part in (name, text):
                if not isinstance(part, str) or not _CURRENCY.fullmatch(part):
                    problem = f"{str(part)[:24]!a} is no currency in capitals; write such as USD = 'USDT'"
                    raise ConfigError("quote_aliases", problem)
            if name == text or text in self.quote_aliases:
                problem = f"{name} = {text!a} leads nowhere or to a further alias; name the currency that is meant"
                raise ConfigError("quote_aliases", problem)

    def _check_contracts(self) -> None:
        if self.settle is not None and not (isinstance(self.settle, str) and _CURRENCY.fullmatch(self.settle)):
            raise ConfigError("settle", f"settle is {str(self.settle)[:24]!a}, which is no currency in capitals such as 'USDT'")
        if self.market_type == "swap":
            return
        for name in ("settle", "margin_mode", "leverage", "position_mode"):
            if getattr(self, name) is not None:
                problem = f"{name} belongs to contracts and market_type is 'spot'; leave it out, or write market_type = 'swap'"
                raise ConfigError(name, problem)

    def _check_numbers(self) -> None:
        if self.leverage is not None and not 1 <= self.leverage <= 1000:
            raise ConfigError("leverage", "leverage is not 1 to 1000; write what the exchange shows, or leave it out")
        if isinstance(self.max_waiting, bool) or not isinstance(self.max_waiting, int) or not 1 <= self.max_waiting <= 100_000:
            raise ConfigError("max_waiting", "max_waiting is no whole number from 1 to 100000; 100 is usual")
        for name, least, most, usual in (("fill_wait", 0, 30, "1"), ("refresh", 60, 86_400, "3600")):
            value = getattr(self, name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
            if not number or not least <= value <= most:
                raise ConfigError(name, f"{name} is not {least} to {most} seconds; {usual} is usual")

    def _check_network(self) -> None:
        if self.base_url is not None:
            self._check_base_url(self.base_url)
        if self.proxy is not None:
            parts = _parts(self.proxy)
            if parts is None or parts[0] not in ("http", "https"):
                raise ConfigError("proxy", "proxy is no address such as 'http://127.0.0.1:8080'; correct it, or leave it out")
            if self.trust_env:
                raise ConfigError("proxy", "proxy and trust_env both say where requests go; leave out one of them")

    def _check_base_url(self, url: str) -> None:
        parts = _parts(url)
        if parts is None or parts[0] not in ("http", "https"):
            raise ConfigError("base_url", "base_url is no address such as 'http://127.0.0.1:8600'; correct it, or leave it out")
        if urlsplit(url).path.strip("/") or urlsplit(url).query or urlsplit(url).fragment or "@" in url:
            raise ConfigError("base_url", "base_url is scheme, host and port only, such as 'http://127.0.0.1:8600'")
        if not _loopback(parts[1]) and not self.allow_custom_base_url:
            problem = (
                "base_url is not on this machine, and the keys would go there; write allow_custom_base_url = true if meant"
            )
            raise ConfigError("base_url", problem)
        if self.demo:
            raise ConfigError("demo", "demo and base_url both say where the exchange is; leave out one of them")

    def _check_options(self) -> None:
        for name in _keys(self.options):
            if name in REFUSED:
                raise ConfigError("options", f"the option {name} is refused: {REFUSED[name]}")
        for name, value in _values(self.options):
            if isinstance(value, str) and _is_number(value):
                raise ConfigError("options", f"the option {name} is a number written as a text; write it without quotes")
            if name == _WINDOW and not _is_time(value):
                raise ConfigError("options", f"the option {name} is how many milliseconds a request is good for, e.g. 5000")


def _keys(value: object) -> list[str]:
    """The names in a table of options, those of tables in it too: ccxt reads some of a method's own table."""
    if isinstance(value, Mapping):
        return [key for name, item in value.items() for key in (str(name), *_keys(item))]
    if isinstance(value, list):
        return [key for item in value for key in _keys(item)]
    return []


def _values(value: object, name: str = "") -> list[tuple[str, object]]:
    """What stands in a table of options that is no table itself, each with its own or its list's name."""
    if isinstance(value, Mapping):
        return [pair for key, item in value.items() for pair in _values(item, str(key))]
    if isinstance(value, list):
        return [pair for item in value for pair in _values(item, name)]
    return [(name, value)]


def _is_time(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value > 0


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _parts(url: object) -> tuple[str, str] | None:
    try:
        parts = urlsplit(str(url))
        host, _ = parts.hostname, parts.port  # a port that is no number raises here
    except ValueError:
        return None
    return (parts.scheme, host) if host and isinstance(url, str) else None


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
