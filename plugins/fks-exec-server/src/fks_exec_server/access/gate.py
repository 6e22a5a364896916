# SPDX-License-Identifier: MIT
"""All proofs of identity that a host takes, at one place: Gate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fks_exec import Clock

from ..config import ServerConfig
from .keys import KeyRing, nothing
from .listed import place
from .nonces import Nonces, Use
from .proof import Headers, Proof, Unauthenticated
from .revoked import Revoked
from .scopes import Caller
from .signatures import Signatures
from .tokens import Tokens

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub

_SIGNED = b"x-fks-"
_TOKEN = b"authorization"
_ALERT = b"x-tradingview-signature"


class Gate:
    """Who may come in.

    Args:
        state: the folder in which the list of revoked keys is; None: there is none.

    Raises:
        ConfigError: a key that cannot be used, or a list that cannot be read.
    """

    def __init__(self, config: ServerConfig, *, clock: Clock | None = None, state: Path | None = None) -> None:
        self._revoked = None if state is None else Revoked(place(state))
        revoked = nothing if self._revoked is None else self._revoked.__contains__
        self._keys = KeyRing(config.keys, revoked=revoked)
        self._signatures = Signatures(config.clients, clock, revoked=revoked)
        self._tokens = Tokens(config.tokens, clock, revoked=revoked)
        self._nonces = Nonces(clock)

    async def path(self, secret: str | bytes) -> Caller | None:
        """Whose secret a path holds; None: nobody's."""
        await self._look()
        return self._keys.find(secret)

    def taken_back(self, secret: str | bytes) -> str:
        """The name of the key whose secret a path held until it was taken back; empty: no such."""
        return self._keys.taken_back(secret)

    async def request(self, method: str, target: bytes, headers: Headers, body: bytes) -> Proof:
        """Who sends a request: by its signature, or by a token; not by both.

        Args:
            target: path and query as they arrived, not decoded.
            headers: as ASGI gives them.

        Raises:
            Unauthenticated: it is not proved.
        """
        await self._look()
        headers = tuple(headers)
        if _either(headers, _SIGNED, _TOKEN) == _TOKEN:
            return self._tokens.check(headers)
        return self._signatures.check(method, target, headers, body)

    async def alert(self, headers: Headers, body: bytes) -> Proof:
        """Who sends an alert without a secret in its path: as :meth:`request`, but the signature is over the body alone."""
        await self._look()
        headers = tuple(headers)
        if _either(headers, _ALERT, _TOKEN) == _TOKEN:
            return self._tokens.check(headers)
        return self._signatures.check_alert(headers, body)

    async def admit(self, hub: ExecutionHub, proof: Proof, use: Use) -> None:
        """Let a proved request pass once, see :meth:`Nonces.admit`."""
        await self._nonces.admit(hub, proof, use)

    async def _look(self) -> None:
        if self._revoked is not None:
            await self._revoked.look()


def _either(headers: Headers, first: bytes, second: bytes) -> bytes:
    """Which of two ways a request takes."""
    begun = {each for each in (first, second) for name, _ in headers if name.startswith(each)}
    if len(begun) != 1:
        raise Unauthenticated("a request without a proof" if not begun else "a request with two kinds of proof")
    return begun.pop()
