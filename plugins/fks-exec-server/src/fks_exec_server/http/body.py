# SPDX-License-Identifier: MIT
"""The bytes of a request, counted while they come in, and not waited for without end."""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Scope

_DRAIN_BYTES = 16 * 1024 * 1024
_DRAIN_SECONDS = 1.0


class BodyTooLarge(Exception):
    """The body has, or says that it has, more bytes than allowed."""


class BodyTooSlow(Exception):
    """The body was not complete in time."""


class SenderGone(Exception):
    """The connection ended before the body did: there is nobody to answer."""


async def read_body(scope: Scope, receive: Receive, *, limit: int, seconds: float) -> bytes:
    """The whole body.

    Args:
        limit: bytes; no more than these and one message of the server's are ever held.
        seconds: until the last byte must be here.

    Raises:
        BodyTooLarge: also when Content-Length says so before anything came.
        BodyTooSlow, SenderGone.
    """
    if _declared(scope) > limit:
        raise BodyTooLarge
    try:
        async with asyncio.timeout(seconds):
            return await _collect(receive, limit)
    except TimeoutError:
        raise BodyTooSlow from None


async def drain(receive: Receive) -> bool:
    """Read what a sender still sends and forget it; whether it came to an end.

    A connection that is closed with unread bytes is reset, and the sender never sees the answer.
    """
    left = _DRAIN_BYTES
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            while left > 0:
                chunk, more = await _next(receive)
                left -= len(chunk)
                if not more:
                    return True
    except TimeoutError:
        pass
    return False


async def _collect(receive: Receive, limit: int) -> bytes:
    body, more = await _next(receive)
    while more and len(body) <= limit:
        chunk, more = await _next(receive)
        body += chunk
    if len(body) > limit:
        raise BodyTooLarge
    return body


async def _next(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise SenderGone
    return message.get("body", b""), message.get("more_body", False)


def _declared(scope: Scope) -> int:
    """What Content-Length says; 0 without one. The server has refused one that is no number."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) <= 18 else 10**18
    return 0
