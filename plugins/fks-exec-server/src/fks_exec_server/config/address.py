# SPDX-License-Identifier: MIT
"""Where a listener listens, and from where senders may come: Address, networks."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import TypeAlias

from attrs import frozen

from fks_exec import ConfigError

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


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


def networks(name: str, texts: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks, such as ``52.89.214.238``, ``10.0.0.0/8`` or ``2001:db8::/32``.

    Raises:
        ConfigError: one that is none; a network that every address lies in.
    """
    return tuple(_network(name, text) for text in texts)


def _network(name: str, text: str) -> Network:
    if text.strip() == "*":
        raise ConfigError(name, f"{name} '*' trusts every sender to say who it is; name the addresses")
    try:
        found = ipaddress.ip_network(text)
    except ValueError:
        raise ConfigError(name, f"{name} {text[:60]!a} is not an address or a network such as 10.0.0.0/8") from None
    if found.prefixlen == 0:
        raise ConfigError(name, f"{name} {text[:60]!a} is every address there is; name the addresses")
    return found
