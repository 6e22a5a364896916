# SPDX-License-Identifier: MIT
"""Whether a request failed before a connection stood, which proves that nothing left; and which host, and why, in words."""

from __future__ import annotations

import socket
import ssl

from .calls import Handed

_UNCONNECTED = frozenset({"ClientConnectorError", "ConnectionTimeoutError", "ClientHttpProxyError", "InvalidURL"})
_CAUSES = {
    "ClientProxyConnectionError": "the proxy cannot be reached; look at proxy and trust_env",
    "ClientHttpProxyError": "the proxy refused to connect; look at proxy and trust_env",
    "SSLCertVerificationError": "its certificate is not trusted",
    "gaierror": "the name is not found (DNS)",
    "ConnectionRefusedError": "the connection was refused; nothing listens there",
    "ConnectionTimeoutError": "no connection came to be in time",
    "InvalidURL": "that is no address",
}
"""By the class of aiohttp's error or of the one beneath it; the first that fits."""


def unconnected(request: Handed) -> bool:
    """The request itself failed before a connection stood: proof that nothing left."""
    if request.error is None or request.answered or request.status is not None:
        return False
    every = _chain(request.error)
    return any(isinstance(one, socket.gaierror | ssl.SSLCertVerificationError) or kinds_of(one) & _UNCONNECTED for one in every)


def unreachable(exchange: str, request: Handed) -> str:
    """Which host no connection came to be to, and why; without the rest of its address, where a signature may stand."""
    every = [] if request.error is None else _chain(request.error)
    kinds = {kind for one in every for under in (one, getattr(one, "os_error", None)) for kind in kinds_of(under)}
    why = next((words for kind, words in _CAUSES.items() if kind in kinds), None)
    return f"{exchange} cannot be reached{at(request)}: {why or (kind_of(request.error) if request.error else 'no connection')}"


def at(request: Handed | None) -> str:
    """Where it went, as a part of a sentence."""
    return f" at {request.host}" if request is not None and request.host else ""


def kind_of(error: BaseException) -> str:
    """The class beneath ccxt's own, by name."""
    return type(error.__cause__ if error.__cause__ is not None else error).__name__


def kinds_of(error: BaseException | None) -> frozenset[str]:
    """All its classes, by name: ccxt's are not imported here."""
    return frozenset(kind.__name__ for kind in type(error).__mro__)


def _chain(error: BaseException) -> list[BaseException]:
    return [one for one in (error, error.__cause__) if one is not None]
