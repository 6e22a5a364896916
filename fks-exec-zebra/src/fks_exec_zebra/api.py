"""Zebra over HTTP: each request is signed and sent once, and an answer says what it proves."""

import functools
import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any

import httpx
from fks_exec import (
    NotSent,
    VenueAuthError,
    VenueClosed,
    VenueContext,
    VenueError,
    VenueRateLimited,
    VenueRejected,
)

from .config import ZebraConfig

# CHANGE: where your exchange listens.
LIVE = "https://api.zebra.example"
SANDBOX = "https://sandbox.zebra.example"

# CHANGE: the codes by which your exchange says that it did nothing, from its documentation. A code
# that is not here proves nothing: the order counts as unknown until it has been looked up.
REFUSALS: dict[str, type[VenueError]] = {
    "AUTH": VenueAuthError,
    "CLOSED": VenueClosed,
    "RATE_LIMITED": VenueRateLimited,
    "FILLED": VenueRejected,
    "INVALID": VenueRejected,
    "NOT_OPEN": VenueRejected,
    "NO_MONEY": VenueRejected,
    "NO_QUOTE": VenueRejected,
    "REDUCE_ONLY": VenueRejected,
    "TOO_OLD": VenueRejected,
    "UNKNOWN_MARKET": VenueRejected,
    "UNKNOWN_ORDER": VenueRejected,
}

certificates = functools.cache(httpx.create_ssl_context)
"""Read once in a process, since that takes a while."""


class Api:
    """Connections to Zebra for one account."""

    def __init__(self, config: ZebraConfig, context: VenueContext) -> None:
        self._key, self._secret, self._clock = config.key, config.secret, context.clock
        self._url = config.url or (LIVE if context.live else SANDBOX)
        # A retry would send an order twice: httpx has none unless a transport is told to.
        self._http = httpx.AsyncClient(base_url=self._url, verify=certificates())

    async def close(self) -> None:
        """Let the connections go."""
        await self._http.aclose()

    async def call(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
        seconds: float = 10.0,
    ) -> Any:
        """Send one request, once. CHANGE: headers too, if your exchange takes fields in them.

        Args:
            seconds: to wait for the answer.

        Raises:
            VenueError: the exchange did nothing, and says so, or nothing was sent.
            Exception: anything else proves nothing and goes up as it is; it is never a refusal.
        """
        request = self._http.build_request(method, path, params=query, json=body, timeout=seconds)
        self._sign(request)
        try:
            response = await self._http.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise NotSent(f"no connection to Zebra at {self._url}; nothing was sent") from None
        return self._read(response)

    def _sign(self, request: httpx.Request) -> None:  # CHANGE: as your exchange signs
        time = str(self._clock.now())  # epoch milliseconds
        target = request.url.raw_path.decode()
        text = f"{time}\n{request.method}\n{target}\n".encode() + request.content
        signature = hmac.new(self._secret.reveal().encode(), text, hashlib.sha256).hexdigest()
        request.headers.update(
            {"zebra-key": self._key, "zebra-time": time, "zebra-signature": signature}
        )

    def _read(self, response: httpx.Response) -> Any:  # CHANGE: how your exchange refuses
        data = json.loads(response.content, parse_float=Decimal)  # never a float
        if response.is_success:
            return data
        if (refusal := REFUSALS.get(data["code"])) is None:
            raise RuntimeError(f"Zebra answered {response.status_code}, which proves nothing")
        raise refusal(data["message"], code=data["code"])
