# SPDX-License-Identifier: MIT
"""Routes that cannot be without a guard: Guarded, Endpoint; and ``assemble``, which refuses any other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import field, frozen
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from fks_exec import FksExecError

from ..access.proof import Proof, Unauthenticated
from ..access.revoked import ListUnreadable
from ..limits.crowd import Leave
from ..telemetry.correlation import note
from . import answers
from .answers import Answer
from .body import SenderGone, drain
from .door import CLOSE, NOT_FOUND, Door, full
from .guards import Guard
from .request import Handler, Request

logger: logging.Logger = logging.getLogger(__name__)

_FAULT = answers.refusal(500, "FAULT", "something went wrong here; send it again, it will not be executed twice")
_UNREADABLE = answers.refusal(
    503, "KEYS_UNREADABLE", "this host cannot tell at the moment whose secret is right; send it again", headers=CLOSE
)


class UnguardedRoute(FksExecError):
    """A route that anybody could use."""


@frozen(kw_only=True)
class Endpoint:
    """What a route does for one method.

    Args:
        does: ``read``, ``order`` or ``alert``, which are counted; ``cancel`` and ``operate`` are always let through.
    """

    handle: Handler
    does: str


def _with_head(methods: Mapping[str, Endpoint]) -> dict[str, Endpoint]:
    head = {"GET": methods["GET"], "HEAD": methods["GET"]} if "GET" in methods else {}
    return {**head, **methods}


@frozen(kw_only=True)
class Guarded:
    """A route that serves only whom its guard knows.

    Args:
        guard: proves who asks.
        methods: what is done for each; ``HEAD`` is what ``GET`` is.
    """

    door: Door
    guard: Guard
    methods: Mapping[str, Endpoint] = field(converter=_with_head)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except SenderGone:
            return
        except _Unproved as unproved:
            await self._unproved(unproved, scope, receive, send)
            return
        except ListUnreadable:  # the log has it; a right secret and a wrong one are answered alike
            answer = _UNREADABLE
        except Exception as error:  # whatever it is, its text may hold what nobody outside should see
            logger.error("a request failed with %s; this is a fault of the program", type(error).__name__)
            answer = _FAULT
        note(code=answer.code, said=answer.said)
        await answer.send(send)

    async def _unproved(self, unproved: _Unproved, scope: Scope, receive: Receive, send: Send) -> None:
        """The answer, and after it the line in the log: the time of an answer does not tell who is known."""
        try:
            if self.guard.hidden:
                await self.door.nothing(scope, receive, send, read=unproved.read)
                return
            answer = await self.door.unknown(scope, receive, read=unproved.read)
            note(code=answer.code)
            await answer.send(send)
        except SenderGone:
            return
        finally:
            self.door.refusals.tell(
                str(unproved.error),
                sender=unproved.error.sender or unproved.caller,
                reason=unproved.error.reason,
                address=str(self.door.addresses.of(scope) or ""),
            )

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        address = self.door.addresses.of(scope)
        note(address=str(address or ""))
        try:
            proof = await self.guard.by_head(scope, address)
        except Unauthenticated as error:
            raise _Unproved(error, read=False) from None
        except ListUnreadable:
            await drain(receive)  # its sender is to see the answer, and come again
            raise
        if proof is not None:
            note(caller=proof.caller.name)  # whatever becomes of its body
            if scope["method"] not in self.methods:
                return not_allowed(tuple(self.methods))
        body = await self.door.body(scope, receive)
        if isinstance(body, Answer):
            return body
        try:
            proof = proof or await self.guard.by_body(scope, body)
            return await self._known(scope, body, proof)
        except Unauthenticated as error:
            raise _Unproved(error, read=True, caller=proof.caller.name if proof else "") from None

    async def _known(self, scope: Scope, body: bytes, proof: Proof) -> Answer:
        note(caller=proof.caller.name)
        endpoint = self.methods.get(scope["method"])
        if endpoint is None:
            return not_allowed(tuple(self.methods))
        if endpoint.does in ("cancel", "operate"):
            return await self._serve(endpoint, scope, body, proof, _nothing)
        with self.door.crowd.enter() as leave:
            return full() if leave is None else await self._serve(endpoint, scope, body, proof, leave)

    async def _serve(self, endpoint: Endpoint, scope: Scope, body: bytes, proof: Proof, leave: Leave) -> Answer:
        address = self.door.addresses.of(scope)
        once_more = self.guard.hidden or endpoint.does == "alert"
        refused = self.door.too_many(proof.caller, address, endpoint.does, once_more=once_more)
        if refused is not None:
            return refused
        params = {name: value for name, value in scope["path_params"].items() if name != "key"}
        request = Request(method=scope["method"], params=params, body=body, address=address, proof=proof, written=leave)
        return await endpoint.handle(proof.caller, request) or NOT_FOUND


def _nothing() -> None:
    """Of who takes no place."""


class _Unproved(Exception):
    """Answered as a stranger.

    Args:
        read: whether the body is here already.
        caller: the sender that was proved before something of its request was not; empty: none.
    """

    def __init__(self, error: Unauthenticated, *, read: bool, caller: str = "") -> None:
        super().__init__()
        self.error = error
        self.read = read
        self.caller = caller


@frozen
class Open:
    """A route that everybody may read; for the operations address only."""

    handle: Callable[[], Answer]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        allowed = ("GET", "HEAD")
        answer = self.handle() if scope["method"] in allowed else not_allowed(allowed)
        await answer.send(send)


def assemble(routes: Sequence[BaseRoute], door: Door, lifespan: Lifespan[Any] | None = None) -> ASGIApp:
    """The application of these routes.

    Args:
        lifespan: what stands open while it is served, where its server tells it so.

    Raises:
        UnguardedRoute: one of them is no :class:`Guarded`, so that who may use it would be an accident.
    """
    for route in routes:
        if not isinstance(route, Route) or not isinstance(route.endpoint, Guarded):
            path = getattr(route, "path", "?")
            raise UnguardedRoute(f"the route {path} has no guard; make it with fks_exec_server.http.guarded.Guarded")
    return Router(list(routes), redirect_slashes=False, default=door.nothing, lifespan=lifespan)


def not_allowed(methods: Sequence[str]) -> Answer:
    """The path is right, the method is not."""
    allow = ((b"allow", ", ".join(methods).encode()), (b"connection", b"close"))
    return answers.refusal(405, "METHOD", f"only {', '.join(methods)} is served here", headers=allow)
