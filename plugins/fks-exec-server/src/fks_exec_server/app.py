# SPDX-License-Identifier: MIT
"""The routes, as ASGI applications: ``create_app`` for alerts, ``create_operations_app`` for health.

A path without a right secret is answered exactly as one that does not exist, whatever its method and its body are.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from attrs import frozen
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from . import answers
from .answers import Answer
from .body import SenderGone, drain
from .config import ServerConfig, read_config
from .keys import Key, KeyRing
from .webhook import Webhook

if TYPE_CHECKING:
    from fks_exec_hub import AccountStatus, ExecutionHub

logger: logging.Logger = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[Key, Scope, Receive], Awaitable[Answer | None]]

_SHOWN = 20
_NOT_FOUND = answers.refusal(404, "NOT_FOUND", "there is nothing here")
_NOT_FOUND_CLOSE = answers.refusal(404, "NOT_FOUND", "there is nothing here", headers=((b"connection", b"close"),))
_FAULT = answers.refusal(500, "FAULT", "something went wrong here; send it again, it will not be executed twice")


def create_app(hub: ExecutionHub, config: ServerConfig | None = None) -> ASGIApp:
    """The routes under ``/webhook``, to serve, or to mount in an application of the host's own.

    The secret stands in the path: keep the host's access log from showing it.

    Args:
        hub: opened and started by the host, and closed by it.
        config: None reads ``[plugins.server]`` of the hub's configuration.

    Raises:
        ConfigError: a key that cannot be used.
    """
    config = config or config_of(hub)
    keys = KeyRing(config.keys)
    webhook = Webhook(hub, body_limit=config.body_limit, body_timeout=config.body_timeout)
    of_orders = {"GET": webhook.order, "HEAD": webhook.order, "DELETE": webhook.cancel, "PATCH": webhook.amend}
    path = "/webhook/tradingview/{key}"
    routes = [
        Route(path, _Guarded(keys, {"POST": webhook.alert})),
        Route(f"{path}/orders/{{client_order_id}}", _Guarded(keys, of_orders)),
    ]
    return Router(routes, redirect_slashes=False, default=not_found)


def config_of(hub: ExecutionHub) -> ServerConfig:
    """``[plugins.server]`` of a hub's configuration. Raises ConfigError."""
    return read_config(hub.config.plugins.get("server", {}), accounts=hub.accounts, base=hub.config.base)


def create_operations_app(hub: ExecutionHub) -> ASGIApp:
    """``/health/live`` and ``/health/ready``, without credentials: for an address of their own, loopback by default."""
    routes = [Route("/health/live", _Open(_live)), Route("/health/ready", _Open(lambda: _ready(hub)))]
    return Router(routes, redirect_slashes=False, default=not_found)


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    """Nothing here; also the answer to a wrong secret."""
    if scope["type"] == "websocket":
        await WebSocketClose()(scope, receive, send)
        return
    try:
        complete = await drain(receive)
    except SenderGone:
        return
    await (_NOT_FOUND if complete else _NOT_FOUND_CLOSE).send(send)


@frozen
class _Guarded:
    """A route that has a secret in its path."""

    keys: KeyRing
    methods: Mapping[str, Handler]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = self.keys.find(scope["path_params"]["key"])
        if key is None:
            await not_found(scope, receive, send)
        elif scope["method"] not in self.methods:
            await _not_allowed(tuple(self.methods)).send(send)
        else:
            await self._answer(key, scope, receive, send)

    async def _answer(self, key: Key, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self.methods[scope["method"]](key, scope, receive)
        except SenderGone:
            return
        except Exception as error:  # whatever it is, its text may hold what nobody outside should see
            answer = _fault(error)
        if answer is None:
            await not_found(scope, receive, send)
        else:
            await answer.send(send)


@frozen
class _Open:
    """A route that everybody may read."""

    handle: Callable[[], Answer]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        allowed = ("GET", "HEAD")
        answer = self.handle() if scope["method"] in allowed else _not_allowed(allowed)
        await answer.send(send)


def _live() -> Answer:
    return answers.of_json(200, {"status": "live"})


def _ready(hub: ExecutionHub) -> Answer:
    content = {"status": "ready" if hub.ready else "not ready", "accounts": [_standing(each) for each in hub.status()]}
    return answers.of_json(200 if hub.ready else 503, content)


def _standing(account: AccountStatus) -> dict[str, object]:
    return {
        "name": account.name,
        "venue": account.venue,
        "ready": account.ready,
        "reason": account.reason,
        "live": account.live,
        "unresolved": unresolved(account),
        "halt": account.halt,
        "halt_reason": account.halt_reason,
        "breaker": account.breaker,
        "breaker_reason": account.breaker_reason,
    }


def unresolved(account: AccountStatus) -> list[str]:
    """The ids of an account's orders of unknown fate, 20 at most."""
    return list(getattr(account, "unresolved", ())[:_SHOWN])


def _not_allowed(methods: tuple[str, ...]) -> Answer:
    allow = ((b"allow", ", ".join(methods).encode()), (b"connection", b"close"))
    return answers.refusal(405, "METHOD", f"only {', '.join(methods)} is served here", headers=allow)


def _fault(error: Exception) -> Answer:
    logger.error("a request failed with %s; this is a fault of the program", type(error).__name__)
    return _FAULT
