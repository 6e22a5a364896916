# SPDX-License-Identifier: MIT
"""Routes that cannot be without a guard: Guarded, Endpoint; and ``assemble``, which refuses any other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from attrs import field, frozen
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from fks_exec import FksExecError

from ..access.proof import Proof, Unauthenticated
from ..telemetry.correlation import note
from . import answers
from .answers import Answer
from .body import SenderGone
from .door import NOT_FOUND, Door, full
from .guards import Guard
from .request import Handler, Request

logger: logging.Logger = logging.getLogger(__name__)

_FAULT = answers.refusal(500, "FAULT", "something went wrong here; send it again, it will not be executed twice")


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
        except _Hidden as hidden:
            await self.door.nothing(scope, receive, send, read=hidden.read)
            return
        except Exception as error:  # whatever it is, its text may hold what nobody outside should see
            logger.error("a request failed with %s; this is a fault of the program", type(error).__name__)
            answer = _FAULT
        note(code=answer.code)
        await answer.send(send)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        address = self.door.addresses.of(scope)
        note(address=str(address or ""))
        try:
            proof = await self.guard.by_head(scope, address)
        except Unauthenticated as error:
            return await self._stranger(scope, receive, error, read=False)
        if proof is not None and scope["method"] not in self.methods:
            return not_allowed(tuple(self.methods))
        body = await self.door.body(scope, receive)
        if isinstance(body, Answer):
            return body
        try:
            proof = proof or await self.guard.by_body(scope, body)
            return await self._known(scope, body, proof)
        except Unauthenticated as error:
            return await self._stranger(scope, receive, error, read=True)

    async def _known(self, scope: Scope, body: bytes, proof: Proof) -> Answer:
        note(caller=proof.caller.name)
        endpoint = self.methods.get(scope["method"])
        if endpoint is None:
            return not_allowed(tuple(self.methods))
        if endpoint.does in ("cancel", "operate"):
            return await self._serve(endpoint, scope, body, proof)
        with self.door.crowd.enter() as inside:
            return await self._serve(endpoint, scope, body, proof) if inside else full()

    async def _serve(self, endpoint: Endpoint, scope: Scope, body: bytes, proof: Proof) -> Answer:
        address = self.door.addresses.of(scope)
        once_more = self.guard.hidden or endpoint.does == "alert"
        refused = self.door.too_many(proof.caller, address, endpoint.does, once_more=once_more)
        if refused is not None:
            return refused
        params = {name: value for name, value in scope["path_params"].items() if name != "key"}
        request = Request(method=scope["method"], params=params, body=body, address=address, proof=proof)
        return await endpoint.handle(proof.caller, request) or NOT_FOUND

    async def _stranger(self, scope: Scope, receive: Receive, error: Unauthenticated, *, read: bool) -> Answer:
        if self.guard.hidden:
            raise _Hidden(read)
        logger.info("a request was not authenticated: %a", str(error))
        return await self.door.unknown(scope, receive, read=read)


class _Hidden(Exception):
    """Answered as what does not exist."""

    def __init__(self, read: bool) -> None:
        super().__init__()
        self.read = read


@frozen
class Open:
    """A route that everybody may read; for the operations address only."""

    handle: Callable[[], Answer]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        allowed = ("GET", "HEAD")
        answer = self.handle() if scope["method"] in allowed else not_allowed(allowed)
        await answer.send(send)


def assemble(routes: Sequence[BaseRoute], door: Door) -> ASGIApp:
    """The application of these routes.

    Raises:
        UnguardedRoute: one of them is no :class:`Guarded`, so that who may use it would be an accident.
    """
    for route in routes:
        if not isinstance(route, Route) or not isinstance(route.endpoint, Guarded):
            path = getattr(route, "path", "?")
            raise UnguardedRoute(f"the route {path} has no guard; make it with fks_exec_server.http.guarded.Guarded")
    return Router(list(routes), redirect_slashes=False, default=door.nothing)


def not_allowed(methods: Sequence[str]) -> Answer:
    """The path is right, the method is not."""
    allow = ((b"allow", ", ".join(methods).encode()), (b"connection", b"close"))
    return answers.refusal(405, "METHOD", f"only {', '.join(methods)} is served here", headers=allow)
