# SPDX-License-Identifier: MIT
"""Around all routes: each request gets an id, is counted, and is one line of the access log, without a path's secret."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fks_exec.discretion import MASK

from .correlation import Orders, Request, serving
from .labels import NOBODY, OTHER, route_of
from .metrics import Metrics

logger: logging.Logger = logging.getLogger("fks_exec_server.access")

HEADER = b"x-request-id"

GONE = "gone"
"""The status of a request whose sender had gone before it was answered."""

_NOT_FOUND = 404
_REFUSED = frozenset({"400", "403", "405", "408", "409", "413", "415", "422", GONE})
"""Of a caller who is known: what was sent is not done, and it is not sent again; so it is in the text log."""


class Requests:
    """An application around the routes.

    Args:
        app: the routes.
        orders: where it is remembered which request brought an order.
        clock: monotonic seconds.
        now: epoch seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        orders: Orders,
        *,
        clock: Callable[[], float] = time.perf_counter,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._orders = orders
        self._clock = clock
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request, status, started = Request(orders=self._orders), GONE, self._clock()

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
                message = _named(message, request.id)
            await send(message)

        try:
            with serving(request):
                await self._app(scope, receive, told)
        finally:
            self._told(scope, request, status, self._clock() - started)

    def _told(self, scope: Scope, request: Request, status: str, seconds: float) -> None:
        route, method = route_of(scope["path"]), scope["method"]
        self._metrics.request(route, status, seconds)
        for stage, spent in request.stages.items():
            self._metrics.stage(stage, spent)
        if route == "webhook" and request.caller and method == "POST" and status != GONE:
            self._metrics.alert(request.caller, request.code, self._now())
        level = logging.WARNING if request.unmet or (request.caller and status in _REFUSED) else logging.INFO
        if logger.isEnabledFor(level):
            path = shown(scope["path"], route)
            fields = {"method": method, "route": route, "path": path, "http": status, "milliseconds": round(seconds * 1000, 3)}
            said = " ".join(filter(None, (method, path, status, request.code)))
            who = _why(request) if level == logging.WARNING else ""
            logger.log(level, "%s%s", said, who, extra=fields | _known(request))


def _why(request: Request) -> str:
    """Whose it was, which orders did not come about, and the sentence of each; else that of the answer."""
    order = f"{request.account}/{request.client_order_id}: " if request.client_order_id else ""
    said = "; ".join(map(str, request.unmet)) or (request.said and f"{order}{request.said!a}")
    return f", from {request.caller}" + (f": {said}" if said else "")


def _named(message: Message, name: str) -> Message:
    """With the request's id. Not a 404: its answers are the same byte for byte, whatever was wrong."""
    if message["status"] == _NOT_FOUND:
        return message
    return {**message, "headers": [*message.get("headers", ()), (HEADER, name.encode())]}


def shown(path: str, route: str) -> str:
    """A path for the log: without the secret of a webhook, and nothing of one that leads nowhere, which may hold one too."""
    if route == OTHER:
        return "(unknown path)"
    parts = path.split("/")
    if route in ("webhook", "webhook_order") and len(parts) > 3:
        parts[3] = MASK
    return "/".join(parts)


def _known(request: Request) -> dict[str, object]:
    """What became known of it."""
    told = {
        "request_id": request.id,
        "caller": request.caller or NOBODY,
        "address": request.address,
        "code": request.code,
        "account": request.account,
        "client_order_id": request.client_order_id,
        "stages": {stage: round(spent * 1000, 3) for stage, spent in request.stages.items()},
    }
    return {name: value for name, value in told.items() if value not in ("", {})}
