# SPDX-License-Identifier: MIT
"""A request that is here as a whole is read as a whole, also when its sender is gone: heard_out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

Hear: TypeAlias = Callable[[], Awaitable[Any]]
Application: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]


def heard_out(app: Application) -> Application:
    """An application that reads each request with :func:`_hear`; it is called by uvicorn's protocol, and by nothing else."""

    async def heard(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, _hear(receive.__self__), send)

    return heard


def _hear(cycle: RequestResponseCycle) -> Hear:
    """What an application reads a request's body with, in place of uvicorn's own.

    TradingView hangs up after three seconds and never sends that alert again. Where a host stood still for so long, the alert
    and the end of its connection are read in one go; uvicorn tells of the end alone then, and the alert is lost.
    """
    receive: Hear = cycle.receive
    given = False

    async def hear() -> Any:
        nonlocal given
        message = await receive()
        if message["type"] == "http.request":
            given = not message["more_body"]
        elif not given and not cycle.more_body and not cycle.response_complete:
            given = True
            return {"type": "http.request", "body": bytes(cycle.body), "more_body": False}
        return message

    return hear
