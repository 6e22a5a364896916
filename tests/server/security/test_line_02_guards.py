# SPDX-License-Identifier: MIT
"""Line 2: no route is without a guard, by construction; and none answers who shows nothing."""

import re
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_server.http.app import config_of, routes_of
from fks_exec_server.http.door import Door
from fks_exec_server.http.guarded import Open, UnguardedRoute, assemble
from fks_exec_server.http.table import ROUTES, RouteSpec
from fks_exec_server.routes import health
from fks_exec_simulators.clients import SigningClient, client_table
from fks_exec_simulators.hosts import TheVenue, host_config
from fks_exec_simulators.venues import MemoryVenue


async def bare(request: Request) -> Response:
    """What somebody might add in a hurry."""
    return Response("hello")


@pytest.mark.parametrize(
    "route",
    [Route("/debug", bare), Route("/health/live", Open(health.live)), Mount("/more", routes=[Route("/debug", bare)])],
    ids=["a function", "open to everybody", "an application"],
)
async def test_an_application_with_a_route_that_has_no_guard_is_refused(tmp_path: Path, route: BaseRoute) -> None:
    """At the start, with its path; beside all those that have one."""
    config = host_config(tmp_path, clients=client_table(tmp_path))
    async with ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())]) as hub:
        door = Door(config_of(hub))
        routes = routes_of(hub, config_of(hub), door)
        assert len(routes) == len(ROUTES)
        assemble(routes, door)
        with pytest.raises(UnguardedRoute, match=r"the route /\w+(/\w+)? has no guard; make it with"):
            assemble([*routes, route], door)


async def test_a_method_that_is_not_served_is_told_to_who_is_known_only(tmp_path: Path) -> None:
    """405 with what is served; 401 to anybody else."""
    config = host_config(tmp_path, clients=client_table(tmp_path))
    async with ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())]) as hub:
        door = Door(config_of(hub))
        transport = httpx.ASGITransport(assemble(routes_of(hub, config_of(hub), door), door))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as http:
            known = await SigningClient(http)("PUT", "/orders/x")
            stranger = await http.put("/orders/x")
    assert (known.status_code, known.headers["allow"]) == (405, "GET, HEAD, DELETE, PATCH")
    assert (stranger.status_code, stranger.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("spec", ROUTES, ids=lambda spec: spec.path)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_who_shows_nothing_is_answered_401_or_404_on_every_route(tmp_path: Path, spec: RouteSpec, method: str) -> None:
    """With a good alert as the body; 404 where the path holds the secret."""
    path = re.sub(r"{\w+}", "paper", spec.path)
    async with ExecutionHub.open(
        host_config(tmp_path, clients=client_table(tmp_path)), plugins=[TheVenue(MemoryVenue())]
    ) as hub:
        transport = httpx.ASGITransport(create_app(hub))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as http:
            answer = await http.request(method, path, content=b'{"symbol":"BTC/USDT","action":"buy","quantity":1,"id":"1"}')
    assert answer.status_code == (404 if spec.guard == "path" else 401)
