# SPDX-License-Identifier: MIT
"""``Telemetry``: all that one host tells of itself, wired to its hub; ``/metrics``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from .correlation import RecentOrders
from .labels import known_codes
from .metrics import Metrics
from .requests import Requests
from .standing import Moment, Standing
from .watching import Watcher

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub


_KIND = b"text/plain; version=0.0.4; charset=utf-8"
"""What Prometheus calls its text format."""


class Telemetry:
    """Hears a hub and counts its requests.

    Args:
        hub: not started yet: what it tells from its start on is heard.
        callers: the names of all keys, clients and tokens.

    ``served`` is the application of ``/metrics``.
    """

    def __init__(self, hub: ExecutionHub, callers: Iterable[str] = ()) -> None:
        self._hub = hub
        self._orders = RecentOrders()
        self._moment = Moment()
        self.metrics: Metrics = Metrics(codes=known_codes(), accounts=hub.accounts, callers=callers)
        self.metrics.registry.register(Standing(lambda: self._moment))
        self._watcher = Watcher(self.metrics, self._orders)
        self.served: ASGIApp = _Exposition(self.text)
        hub.observers.add("telemetry", self._watcher.observe)

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """The routes, each of whose requests is counted and logged."""
        return Requests(app, self.metrics, self._orders, now=time.time)

    def expect(self, since: Mapping[str, int]) -> None:
        """Tell of senders that may not be silent when they were heard last, before they are heard again.

        Args:
            since: by name, epoch milliseconds.
        """
        for name, time_ms in since.items():
            self.metrics.heard(name, time_ms / 1000)

    async def text(self) -> bytes:
        """All metrics; the hub is looked at here, on its loop, and the text is made in a thread beside it."""
        self._moment = Moment(
            accounts=self._hub.status(), budgets=dict(self._watcher.budgets), dropped=self._hub.observers.dropped()
        )
        return await asyncio.to_thread(self.metrics.text)


class _Exposition:
    """``GET /metrics``, an ASGI application."""

    def __init__(self, text: Callable[[], Awaitable[bytes]]) -> None:
        self._text = text

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        served = scope["method"] in ("GET", "HEAD")
        body = await self._text() if served else b""
        headers = [(b"content-type", _KIND), (b"content-length", b"%d" % len(body))]
        headers += [] if served else [(b"allow", b"GET, HEAD")]
        await send({"type": "http.response.start", "status": 200 if served else 405, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
