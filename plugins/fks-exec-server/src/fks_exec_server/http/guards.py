# SPDX-License-Identifier: MIT
"""How a route learns who asks: by a secret in its path, by the signature of a client, by a token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from starlette.types import Scope

from ..access.gate import Gate
from ..access.proof import REVOKED, Proof, Unauthenticated
from ..config import KeyConfig
from ..limits.addresses import IP, within

_ELSEWHERE = (
    "the secret in the path is right, but {} is none of the key's addresses; where that is a proxy of yours, name it in "
    "trusted_proxies"
)


class Guard(Protocol):
    """Proves who asks, before anything of the request is parsed."""

    @property
    def hidden(self) -> bool:
        """Whether who is unknown is answered as on a path that does not exist."""

    async def by_head(self, scope: Scope, address: IP | None) -> Proof | None:
        """Who asks, where the head alone tells; None: it takes the body. Raises Unauthenticated."""

    async def by_body(self, scope: Scope, body: bytes) -> Proof:
        """Who asks, by all of the request. Raises Unauthenticated."""


class PathGuard:
    """The secret stands in the path, as ``{key}``.

    Args:
        keys: by name; each may name the addresses that it comes from.
    """

    hidden = True

    def __init__(self, access: Gate, keys: Mapping[str, KeyConfig]) -> None:
        self._access = access
        self._networks = {name: key.networks for name, key in keys.items()}

    async def by_head(self, scope: Scope, address: IP | None) -> Proof | None:
        secret = scope["path_params"]["key"]
        caller = await self._access.path(secret)
        if caller is None:
            gone = self._access.taken_back(secret)
            raise Unauthenticated(REVOKED if gone else "no key has the secret in the path", sender=gone, reason="revoked")
        networks = self._networks.get(caller.name)
        if networks is not None and (address is None or not within(address, networks)):
            raise Unauthenticated(_ELSEWHERE.format(address), sender=caller.name, reason="address")
        return Proof(caller=caller)

    async def by_body(self, scope: Scope, body: bytes) -> Proof:
        raise Unauthenticated("a secret in the path does not depend on the body")


class SignedGuard:
    """A token, or the signature of a client over all of the request."""

    hidden = False
    headers: frozenset[bytes] = frozenset({b"authorization", b"x-fks-key"})

    def __init__(self, access: Gate) -> None:
        self._access = access

    async def by_head(self, scope: Scope, address: IP | None) -> Proof | None:
        if self.headers.isdisjoint(name for name, _ in scope["headers"]):
            raise Unauthenticated("neither a token nor a signature")
        return None

    async def by_body(self, scope: Scope, body: bytes) -> Proof:
        return await self._access.request(scope["method"], target(scope), scope["headers"], body)


class AlertGuard(SignedGuard):
    """A token, or a signature over the body alone: a proxy's, that knows no other."""

    headers: frozenset[bytes] = frozenset({b"authorization", b"x-tradingview-signature"})

    async def by_body(self, scope: Scope, body: bytes) -> Proof:
        return await self._access.alert(scope["headers"], body)


def target(scope: Scope) -> bytes:
    """Path and query as they were sent."""
    path = scope.get("raw_path") or scope["path"].encode()
    query = scope.get("query_string", b"")
    return bytes(path.partition(b"?")[0] + (b"?" + query if query else b""))
