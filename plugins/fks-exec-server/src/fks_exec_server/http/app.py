# SPDX-License-Identifier: MIT
"""The applications: ``create_app`` for alerts and orders, ``create_operations_app`` for the infrastructure.

A path without a right secret is answered exactly as one that does not exist, whatever its method and its body are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp

from ..access.gate import Gate
from ..access.judging import Judge
from ..access.startup import warn
from ..config import ServerConfig, check_reach, read_config
from ..routes import health
from ..routes.accounts import Accounts
from ..routes.changes import Changes
from ..routes.operations import Operations
from ..routes.orders import Orders
from ..tradingview.arrival import Arrival
from ..tradingview.silence import Listening, watching
from . import answers
from .door import Door, not_found
from .guarded import Endpoint, Guarded, Open, assemble
from .guards import AlertGuard, Guard, PathGuard, SignedGuard
from .openapi import document
from .table import ROUTES, Operation

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub


def create_app(hub: ExecutionHub, config: ServerConfig | None = None) -> ASGIApp:
    """The routes for alerts, orders, accounts and operators, to serve, or to mount in an application of the host's own.

    Enter :func:`~fks_exec_server.watching` beside the hub where a sender has ``expect_every``: an application that is mounted
    is not told of the start, so without it silences are told only from the first request on. One that is served by itself
    enters it with its lifespan.

    A key's secret stands in the path: keep the host's access log from showing it. What is probably a mistake in the senders'
    tables is logged; of their symbols too, for accounts that have opened.

    Args:
        hub: opened and started by the host, and closed by it.
        config: None reads ``[plugins.server]`` of the hub's configuration.

    Raises:
        ConfigError: a key that cannot be used, or that can do nothing with the hub's accounts.
    """
    config = config or config_of(hub)
    check_reach(config, hub.config.accounts)
    warn(hub, config)
    door = Door(config, hub.clock)
    routes = routes_of(hub, config, door)
    if all(sender.silence is None for sender in config.senders.values()):
        return assemble(routes, door)
    return Listening(assemble(routes, door, lambda _: watching(hub, config)), hub, config)


def routes_of(hub: ExecutionHub, config: ServerConfig, door: Door) -> Sequence[BaseRoute]:
    """Every route of the address where orders are taken, each with its guard; those that nobody could use are not there."""
    access, judge = Gate(config, clock=hub.clock, state=hub.config.state), Judge(hub, clock=hub.clock)
    owners: dict[type, object] = {
        Arrival: Arrival(hub, access, judge, config.senders),
        Orders: Orders(hub, access, judge),
        Changes: Changes(hub, access, judge),
        Accounts: Accounts(hub, access),
        Operations: Operations(hub, access),
    }
    guards: dict[str, Guard] = {"path": PathGuard(access, config.keys)}
    if config.clients or config.tokens:
        guards |= {"alert": AlertGuard(access), "signed": SignedGuard(access)}

    def bound(operation: Operation) -> Endpoint:
        return Endpoint(handle=getattr(owners[operation.owner], operation.name), does=operation.does)

    return [
        Route(spec.path, Guarded(door=door, guard=guards[spec.guard], methods={m: bound(o) for m, o in spec.methods.items()}))
        for spec in ROUTES
        if spec.guard in guards
    ]


def config_of(hub: ExecutionHub) -> ServerConfig:
    """``[plugins.server]`` of a hub's configuration. Raises ConfigError."""
    config = read_config(hub.config.plugins.get("server", {}), accounts=hub.accounts, base=hub.config.base)
    check_reach(config, hub.config.accounts)
    return config


def create_operations_app(hub: ExecutionHub, metrics: ASGIApp | None = None) -> ASGIApp:
    """``/health/live``, ``/health/ready``, ``/openapi.json`` and ``/metrics``, without credentials: for an address of its own.

    Args:
        metrics: serves ``/metrics``; None: nothing does.
    """
    described = answers.of_json(200, document(ROUTES))
    routes = [
        Route("/openapi.json", Open(lambda: described)),
        Route("/health/live", Open(health.live)),
        Route("/health/ready", Open(lambda: health.ready(hub))),
    ]
    if metrics is not None:
        routes.append(Route("/metrics", metrics))
    return Router(routes, redirect_slashes=False, default=not_found)
