# SPDX-License-Identifier: MIT
"""Where a request comes from: its own address, or what a proxy that is trusted says; and how addresses are counted."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

IP: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_HEADER = b"x-forwarded-for"
_HOPS = 32
"""No chain of proxies is longer; what stands further to the left is not looked at."""


class Addresses:
    """Reads where requests come from.

    Args:
        proxies: those that tell the truth about the hop before them.
    """

    def __init__(self, proxies: Sequence[Network] = ()) -> None:
        self._proxies = tuple(proxies)

    def of(self, scope: Any) -> IP | None:
        """The address of the sender: the right-most hop that is no proxy of ours. None: the connection has no address.

        A sender may write into ``X-Forwarded-For`` what it likes; each proxy appends who asked it, so what ours wrote stands at
        the right, and what stands left of the first stranger is that stranger's word.

        Args:
            scope: of an ASGI request.
        """
        client = scope.get("client")
        peer = read_ip(client[0]) if client else None
        if peer is None or not self.trusts(peer):
            return peer
        found = peer
        for hop in _hops(scope["headers"]):
            address = read_ip(hop)
            if address is None:
                return found  # not written by a proxy of ours, nor by one that knows how
            found = address
            if not self.trusts(address):
                return found
        return found

    def trusts(self, address: IP) -> bool:
        """Whether it is a configured proxy."""
        return within(address, self._proxies)


def within(address: IP, networks: Iterable[Network]) -> bool:
    """Whether an address lies in one of the networks."""
    return any(address.version == each.version and address in each for each in networks)


def read_ip(text: str) -> IP | None:
    """An address; with a port too, as some proxies write it. An IPv4 address within IPv6 is that IPv4 address."""
    text = text.strip()
    if text.startswith("[") and "]" in text:
        text = text[1 : text.index("]")]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return found if mapped is None else mapped


def counted(address: IP | None) -> str:
    """Under which name an address is counted: IPv4 by itself, IPv6 by its /64, since one sender has all of that."""
    if address is None:
        return "unknown"
    if address.version == 4:
        return str(address)
    return f"{ipaddress.IPv6Address(int(address) >> 64 << 64)}/64"


def _hops(headers: Iterable[tuple[bytes, bytes]]) -> list[str]:
    """What the headers say, from the right; several headers count as one."""
    said = b",".join(value for name, value in headers if name == _HEADER)
    hops = said.decode("latin-1").rsplit(",", _HOPS)
    return [hop for hop in reversed(hops[-_HOPS:]) if hop.strip()]
