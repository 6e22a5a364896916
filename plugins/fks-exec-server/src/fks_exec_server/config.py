# SPDX-License-Identifier: MIT
"""The table ``[plugins.server]``: ServerConfig, the keys that may send alerts, an Address to listen on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from attrs import field, frozen

from fks_exec import ConfigError, Secret
from fks_exec.convert import from_config

if TYPE_CHECKING:
    from fks_exec_hub import HubConfig

WHERE = "plugins.server"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_SECRET = re.compile(r"[A-Za-z0-9._~-]{32,256}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_MAKE_ONE = "make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
_RESPOND = ("outcome", "accepted")


@frozen
class Address:
    """Where a listener listens; port 0 is any free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, name: str, text: str) -> Address:
        """From ``127.0.0.1:8080``, ``[::1]:8080`` or ``localhost:8080``.

        Raises:
            ConfigError: it is none of these.
        """
        host, colon, port = text.rpartition(":")
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        if not colon or not bare or (":" in bare) is (bare == host) or not re.fullmatch("[0-9]{1,5}", port):
            raise ConfigError(name, f'{name} {text[:60]!a} is not an address; write {name} = "127.0.0.1:8080", say')
        if int(port) > 65535:
            raise ConfigError(name, f"{name} {text[:60]!a} has a port above 65535")
        return cls(bare, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _texts(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


@frozen(kw_only=True)
class KeyConfig:
    """One sender of alerts, known by the secret in the path of its webhook.

    Args:
        secret: 32 to 256 letters, digits or ``- . _ ~``; from a file, the environment or a keyring.
        sha256: the hexadecimal SHA-256 of the secret instead, so that the secret itself is not on this machine.
        accounts: the accounts that it may trade; with one, an alert need not name it.
        respond: ``outcome`` waits for the order's outcome, ``accepted`` answers once the order is written down.
        wait: seconds to wait for the outcome at most; TradingView gives up after 3.
    """

    secret: Secret | None = None
    sha256: str | None = None
    accounts: tuple[str, ...] = field(default=(), converter=_texts)
    respond: str = "outcome"
    wait: float = 2.0

    def __attrs_post_init__(self) -> None:
        if (self.secret is None) is (self.sha256 is None):
            raise ConfigError("secret", "a key has a secret, or its sha256: one of the two")
        if self.secret is not None and not _SECRET.fullmatch(self.secret.reveal()):
            raise ConfigError("secret", f"the secret is not 32 to 256 letters, digits or - . _ ~; {_MAKE_ONE}")
        if self.sha256 is not None and not _SHA256.fullmatch(self.sha256):
            raise ConfigError("sha256", "the sha256 is not 64 hexadecimal digits")
        if not self.accounts:
            raise ConfigError("accounts", 'the key may trade no account; write accounts = ["paper"], say')
        if self.respond not in _RESPOND:
            raise ConfigError("respond", f"respond {self.respond[:40]!a} is not one of {', '.join(_RESPOND)}")
        if not 0 < self.wait <= 60:
            raise ConfigError("wait", f"wait {self.wait:g} does not lie between 0 and 60 seconds")

    @property
    def digest(self) -> bytes:
        """SHA-256 of the secret."""
        if self.secret is None:
            return bytes.fromhex(self.sha256 or "")
        return hashlib.sha256(self.secret.reveal().encode()).digest()


def _keys(value: Mapping[str, KeyConfig]) -> Mapping[str, KeyConfig]:
    return MappingProxyType(dict(value))


@frozen(kw_only=True)
class ServerConfig:
    """The table ``[plugins.server]``.

    Args:
        bind: where alerts are taken; plain HTTP, so a TLS proxy stands in front of anything but the loopback address.
        operations: where health is told, without credentials.
        keys: who may send alerts, by name; the name is part of each order's id, so it stays.
        body_limit: bytes that an alert may have.
        body_timeout: seconds in which an alert must have arrived.
    """

    bind: str = "127.0.0.1:8080"
    operations: str = "127.0.0.1:9090"
    keys: Mapping[str, KeyConfig] = field(factory=dict, converter=_keys)
    body_limit: int = 8192
    body_timeout: float = 10.0

    def __attrs_post_init__(self) -> None:
        if self.address == self.operations_address and self.address.port:
            raise ConfigError("operations", f"operations {self.operations} is also bind; they need an address each")
        if not self.keys:
            raise ConfigError("keys", f"nobody may send alerts; add a table [{WHERE}.keys.NAME] with secret and accounts")
        for name in self.keys:
            if not _NAME.fullmatch(name):
                raise ConfigError("keys", f"the key's name {name[:40]!a} is not 1 to 32 letters, digits, - or _")
        if not 0 < self.body_limit <= 1024 * 1024:
            raise ConfigError("body_limit", f"body_limit {self.body_limit} does not lie between 1 and 1048576 bytes")
        if not 0 < self.body_timeout <= 60:
            raise ConfigError("body_timeout", f"body_timeout {self.body_timeout:g} does not lie between 0 and 60 seconds")
        self._check_secrets()

    def _check_secrets(self) -> None:
        seen: dict[bytes, str] = {}
        for name, key in self.keys.items():
            other = seen.setdefault(key.digest, name)
            if other != name:
                raise ConfigError(f"keys.{name}", f"the keys {other} and {name} have the same secret; {_MAKE_ONE}")

    @property
    def address(self) -> Address:
        """``bind``, read."""
        return Address.parse("bind", self.bind)

    @property
    def operations_address(self) -> Address:
        """``operations``, read."""
        return Address.parse("operations", self.operations)


def read_config(table: Mapping[str, object], *, accounts: Iterable[str], base: Path) -> ServerConfig:
    """The table ``[plugins.server]``, strictly.

    Args:
        accounts: the names of the host's accounts.
        base: the folder at which relative paths start.

    Raises:
        ConfigError: one sentence for each key at fault.
    """
    config = from_config(ServerConfig, table, where=WHERE, base=base)
    known = sorted(accounts)
    for name, key in config.keys.items():
        for account in key.accounts:
            if account not in known:
                problem = f"there is no account {account[:40]!a}; the accounts are: {', '.join(known) or 'none'}"
                raise ConfigError(f"{WHERE}.keys.{name}.accounts", problem)
    return config


def check(config: HubConfig) -> str:
    """For ``fks-exec check``: the table with its secrets, addresses and accounts; nothing is bound.

    Raises:
        ConfigError: as :func:`read_config`.
    """
    server = read_config(config.plugins.get("server", {}), accounts=config.accounts, base=config.base)
    return f"alerts on {server.address}, operations on {server.operations_address}, keys: {', '.join(server.keys)}"
