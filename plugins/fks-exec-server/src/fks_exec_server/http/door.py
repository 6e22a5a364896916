# SPDX-License-Identifier: MIT
"""What all routes of an application share: who is a stranger, how much may come, how a body is read."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from fks_exec import Clock, SystemClock

from ..access.scopes import Caller
from ..config import ServerConfig
from ..limits.addresses import IP, Addresses, counted
from ..limits.crowd import Crowd
from ..limits.rate import Rate, Window, retry_after
from ..telemetry.correlation import note
from ..telemetry.pacing import Refusals
from . import answers
from .answers import Answer
from .body import BodyTooLarge, BodyTooSlow, SenderGone, drain, read_body

CLOSE = ((b"connection", b"close"),)
NOT_FOUND = answers.refusal(404, "NOT_FOUND", "there is nothing here")
_NOT_FOUND_CLOSE = answers.refusal(404, "NOT_FOUND", "there is nothing here", headers=CLOSE)
_UNKNOWN = "nobody that is known here has signed this; sign it with a key, or bring a token, of plugins.server"
_AGAIN = 1.0
"""Seconds after which a request that found the host full is asked for again."""


class Door:
    """Lets requests in, as ``[plugins.server]`` says.

    Args:
        clock: what rates are counted by.
    """

    def __init__(self, config: ServerConfig, clock: Clock | None = None) -> None:
        now = (clock or SystemClock()).monotonic
        self.addresses: Addresses = Addresses(config.proxies)
        self.crowd: Crowd = Crowd(config.concurrency)
        self.refusals: Refusals = Refusals(now)
        self._config = config
        self._strangers = Rate(config.limits.strangers, config.limits.strangers, now)
        self._orders = Window(config.limits.orders_per_address, now)
        senders = config.senders.items()
        self._rates: Mapping[tuple[str, str], Rate] = {
            (name, what): Rate(sender.rate, sender.burst, now, capacity=1)
            for name, sender in senders
            for what in ("read", "order", "alert")
        }

    async def nothing(self, scope: Scope, receive: Receive, send: Send, *, read: bool = False) -> None:
        """Nothing here; also the answer to a wrong secret: the two cannot be told apart, nor when there were too many.

        Args:
            read: whether the body is here already.
        """
        wait = 0.0
        if scope["type"] == "http":
            wait = self._stranger(scope)
        await not_found(scope, receive, send, read=read, instead=_too_many(wait) if wait else None)

    async def unknown(self, scope: Scope, receive: Receive, *, read: bool) -> Answer:
        """Nobody who is known, on a route that is no secret.

        Args:
            read: whether the body is here already.
        """
        wait = self._stranger(scope)
        if not read:
            await drain(receive)
        if wait:
            return _too_many(wait)
        challenge = ((b"www-authenticate", b"Bearer"), *CLOSE)
        return answers.refusal(401, "UNAUTHENTICATED", _UNKNOWN, headers=challenge)

    def _stranger(self, scope: Scope) -> float:
        """Count one; the seconds that its address has to wait, 0.0 for none."""
        address = self.addresses.of(scope)
        note(address=str(address or ""))
        return self._strangers.take(counted(address))

    def too_many(self, caller: Caller, address: IP | None, what: str, *, once_more: bool) -> Answer | None:
        """Count a request; what it is told if it is one too many.

        Args:
            what: ``read``, ``order`` or ``alert``; all else is never too much.
            once_more: the sender repeats what is answered 503, and nothing else.
        """
        rate = self._rates.get((caller.name, what))
        if rate is None:
            return None
        wait = self._orders.take(counted(address)) if what == "order" and not once_more else 0.0
        wait = wait or rate.take(caller.name)
        return _too_many(wait, 503 if once_more else 429) if wait else None

    async def body(self, scope: Scope, receive: Receive) -> bytes | Answer:
        """The body; or what its sender is told: it is too large, or too slow. Raises SenderGone."""
        limit, seconds = self._config.body_limit, self._config.body_timeout
        try:
            return await read_body(scope, receive, limit=limit, seconds=seconds)
        except BodyTooLarge:
            await drain(receive)
            return answers.refusal(413, "TOO_LARGE", f"a body has at most {limit} bytes here", headers=CLOSE)
        except BodyTooSlow:
            return answers.refusal(408, "TOO_SLOW", f"the body was not complete after {seconds:g} seconds", headers=CLOSE)


async def not_found(scope: Scope, receive: Receive, send: Send, *, read: bool = False, instead: Answer | None = None) -> None:
    """Nothing here; or the same with another answer."""
    if scope["type"] == "websocket":
        await WebSocketClose()(scope, receive, send)
        return
    try:
        complete = read or await drain(receive)
    except SenderGone:
        return
    answer = instead or (NOT_FOUND if complete else _NOT_FOUND_CLOSE)
    note(code=answer.code)
    await answer.send(send)


def full() -> Answer:
    """Too many requests wait for their orders to be written down."""
    message = "as many requests as fit in here wait for their orders to be written down; send it again, "
    message += "it will not be executed twice"
    return answers.refusal(503, "BUSY", message, headers=(retry_after(_AGAIN),))


def _too_many(wait: float, http: int = 429) -> Answer:
    message = "too many in too short a time; wait as long as the header Retry-After says, and send it again"
    headers = (retry_after(wait),) if http == 503 else (retry_after(wait), *CLOSE)
    return answers.refusal(http, "TOO_MANY", message, headers=headers)
