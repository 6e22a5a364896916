# SPDX-License-Identifier: MIT
"""The table ``[plugins.server]``: ServerConfig, LimitsConfig; how it is read and checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from attrs import field, frozen

from fks_exec import ConfigError
from fks_exec.convert import from_config

from .address import Address, Network, networks
from .alerts import AlertConfig
from .reach import check_accounts, check_reach, doubtful_symbols, doubts, unreachable
from .senders import MAKE_ONE, ClientConfig, KeyConfig, TokenConfig
from .taken_back import all_taken_back

if TYPE_CHECKING:
    from fks_exec_hub import HubConfig

WHERE = "plugins.server"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")


@frozen(kw_only=True)
class LimitsConfig:
    """How much may come from one place.

    Args:
        orders_per_address: requests to ``/orders`` in any second from one address; the next is 429 with Retry-After.
        strangers: failed authentications and unknown paths a second from one address; more are 429.
        connections: open at once; above, the one that has waited longest without a request is closed.
        connections_per_address: of one address, trusted proxies apart.
        head_timeout: seconds in which the head of a request must have arrived.
    """

    orders_per_address: int = 10
    strangers: int = 10
    connections: int = 2500
    connections_per_address: int = 1000
    head_timeout: float = 5.0

    def __attrs_post_init__(self) -> None:
        for name in ("orders_per_address", "strangers"):
            value = getattr(self, name)
            if not 1 <= value <= 10_000:
                raise ConfigError(name, f"{name} {value} does not lie between 1 and 10000 a second")
        for name in ("connections", "connections_per_address"):
            value = getattr(self, name)
            if not 1 <= value <= 100_000:
                raise ConfigError(name, f"{name} {value} does not lie between 1 and 100000")
        if not 0 < self.head_timeout <= 60:
            raise ConfigError("head_timeout", f"head_timeout {self.head_timeout:g} does not lie between 0 and 60 seconds")


def _texts(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


def _keys(value: Mapping[str, KeyConfig]) -> Mapping[str, KeyConfig]:
    return MappingProxyType(dict(value))


def _clients(value: Mapping[str, ClientConfig]) -> Mapping[str, ClientConfig]:
    return MappingProxyType(dict(value))


def _tokens(value: Mapping[str, TokenConfig]) -> Mapping[str, TokenConfig]:
    return MappingProxyType(dict(value))


@frozen(kw_only=True)
class ServerConfig:
    """The table ``[plugins.server]``.

    Args:
        bind: where alerts and orders are taken; plain HTTP, so a TLS proxy stands before all but the loopback address.
        operations: where health is told, without credentials.
        keys: who may send alerts, by name; the name is part of each order's id, so it stays.
        clients: clients of your own, which sign their requests, by name.
        tokens: who issues tokens for requests, by name.
        limits: how much may come from one place.
        trusted_proxies: addresses or networks whose ``X-Forwarded-For`` says where a request comes from.
        concurrency: requests at once until their orders are written down; above, 503 with Retry-After.
        body_limit: bytes that an alert or an order may have.
        body_timeout: seconds in which it must have arrived.
        log: ``text`` for people, ``json`` for machines.
    """

    bind: str = "127.0.0.1:8080"
    operations: str = "127.0.0.1:9090"
    keys: Mapping[str, KeyConfig] = field(factory=dict, converter=_keys)
    clients: Mapping[str, ClientConfig] = field(factory=dict, converter=_clients)
    tokens: Mapping[str, TokenConfig] = field(factory=dict, converter=_tokens)
    limits: LimitsConfig = field(factory=LimitsConfig)
    trusted_proxies: tuple[str, ...] = field(default=(), converter=_texts)
    concurrency: int = 1024
    body_limit: int = 8192
    body_timeout: float = 5.0
    log: str = "text"

    def __attrs_post_init__(self) -> None:
        if self.address == self.operations_address and self.address.port:
            raise ConfigError("operations", f"operations {self.operations} is also bind; they need an address each")
        if not self.senders:
            raise ConfigError("keys", "nobody may send alerts; run 'fks-exec keys new NAME' and add the table that it prints")
        if not 1 <= self.concurrency <= 100_000:
            raise ConfigError("concurrency", f"concurrency {self.concurrency} does not lie between 1 and 100000 requests")
        if not 0 < self.body_limit <= 1024 * 1024:
            raise ConfigError("body_limit", f"body_limit {self.body_limit} does not lie between 1 and 1048576 bytes")
        if not 0 < self.body_timeout <= 60:
            raise ConfigError("body_timeout", f"body_timeout {self.body_timeout:g} does not lie between 0 and 60 seconds")
        if self.log not in ("text", "json"):
            raise ConfigError("log", f"log {self.log[:40]!a} is not one of text, json")
        _ = self.proxies
        self._check_names()
        self._check_secrets()

    def _check_names(self) -> None:
        for table in ("keys", "clients", "tokens"):
            for name in getattr(self, table):
                if not _NAME.fullmatch(name):
                    raise ConfigError(table, f"the key's name {name[:40]!a} is not 1 to 32 letters, digits, - or _")
        names = [*self.keys, *self.clients, *self.tokens]
        for name in names:
            if names.count(name) > 1:  # it is part of the ids of its orders
                raise ConfigError("keys", f"the name {name} stands for two senders; give each a name of its own")

    def _check_secrets(self) -> None:
        seen: dict[bytes, str] = {}
        for name, key in self.keys.items():
            for digest in key.digests:
                if digest in seen:
                    problem = f"the keys {seen[digest]} and {name} have the same secret; {MAKE_ONE}"
                    raise ConfigError(f"keys.{name}", problem)
                seen[digest] = name
        for name, client in self.clients.items():
            for secret in client.secrets:
                other = seen.setdefault(secret.reveal().encode(), name)
                if other != name:
                    raise ConfigError(f"clients.{name}", f"the clients {other} and {name} have the same secret; {MAKE_ONE}")

    @property
    def address(self) -> Address:
        """``bind``, read."""
        return Address.parse("bind", self.bind)

    @property
    def operations_address(self) -> Address:
        """``operations``, read."""
        return Address.parse("operations", self.operations)

    @property
    def proxies(self) -> tuple[Network, ...]:
        """``trusted_proxies``, read."""
        return networks("trusted_proxies", self.trusted_proxies)

    @property
    def senders(self) -> Mapping[str, AlertConfig]:
        """All that may send, by name."""
        return {**self.keys, **self.clients, **self.tokens}

    @property
    def tables(self) -> Mapping[str, AlertConfig]:
        """The same by the names of their tables, such as ``plugins.server.keys.tv``."""
        by_kind = (("keys", self.keys), ("clients", self.clients), ("tokens", self.tokens))
        return {f"{WHERE}.{kind}.{name}": sender for kind, senders in by_kind for name, sender in senders.items()}


def read_config(table: Mapping[str, object], *, accounts: Iterable[str], base: Path) -> ServerConfig:
    """The table ``[plugins.server]``, strictly.

    Args:
        accounts: the names of the host's accounts.
        base: the folder at which relative paths start.

    Raises:
        ConfigError: one sentence for each key at fault.
    """
    config = from_config(ServerConfig, table, where=WHERE, base=base)
    check_accounts(config, accounts)
    return config


def check(config: HubConfig) -> str:
    """For ``fks-exec check``: the table with its secrets, addresses, accounts and scopes; nothing is bound.

    Raises:
        ConfigError: as :func:`read_config` and :func:`~fks_exec_server.config.reach.check_reach`; or the list of revoked keys
            cannot be read.
    """
    server = read_config(config.plugins.get("server", {}), accounts=config.accounts, base=config.base)
    check_reach(server, config.accounts)
    listening = f"alerts on {server.address}, operations on {server.operations_address}"
    said = (("keys", server.keys), ("clients", server.clients), ("tokens", server.tokens))
    warnings = (*doubts(server, config.accounts), *doubtful_symbols(server, config.accounts))
    warnings += (*all_taken_back(server, config.state), *unreachable(server))
    parts = [listening, *(f"{kind}: {', '.join(names)}" for kind, names in said if names)]
    return "; ".join([*parts, *(f"WARNING: {each}" for each in warnings)])
