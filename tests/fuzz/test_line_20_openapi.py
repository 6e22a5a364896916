# SPDX-License-Identifier: MIT
"""Line 20: schemathesis over the OpenAPI document, against a served host: no 5xx, and only answers that the document knows."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from requests.auth import AuthBase

from fks_exec.testing import FaultyVenue
from fks_exec_hub import ExecutionHub
from fks_exec_server.access.signatures import sign, sign_alert
from fks_exec_server.http.openapi import document
from fks_exec_server.http.table import ROUTES
from fks_exec_simulators.clients import CLIENT_SECRET, client_table
from fks_exec_simulators.hosts import KEY, Host, TheVenue, host_config, served

MANY = {"rate": 10_000, "burst": 100_000}
DOCUMENT = document(ROUTES)
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
ALL = (
    schemathesis.checks.not_a_server_error,
    schemathesis.specs.openapi.checks.status_code_conformance,
    schemathesis.specs.openapi.checks.response_schema_conformance,
)


class Signed(AuthBase):
    """Proves each request as its route wants it."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        target = request.path_url
        if target.startswith("/webhook"):
            request.headers.update(sign_alert(body, secret=CLIENT_SECRET))
        else:
            request.headers.update(sign(str(request.method), target, body, key="bot", secret=CLIENT_SECRET))
        return request


async def _serve(base: Path, ready: "list[Host]", told: threading.Event, stop: asyncio.Event) -> None:
    venue = FaultyVenue()
    limits = {"orders_per_address": 10_000, "strangers": 10_000}
    config = host_config(base, clients=client_table(base, **MANY), key=MANY, limits=limits)
    async with served(ExecutionHub.open(config, plugins=[TheVenue(venue, venue.declared)])) as host:
        ready.append(host)
        told.set()
        await stop.wait()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A host on a loop of its own; its address."""
    ready: list[Host] = []
    told, loop, stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()
    base = tmp_path_factory.mktemp("host")
    thread = threading.Thread(target=lambda: loop.run_until_complete(_serve(base, ready, told, stop)))
    thread.start()
    assert told.wait(20)
    yield f"http://{ready[0].alerts}"
    loop.call_soon_threadsafe(stop.set)
    thread.join(30)
    loop.close()


@SCHEMA.parametrize()
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_operation_answers_as_the_document_says(case: Any, host: str) -> None:
    """To one who may do everything, with the secret of the path in its place."""
    if "key" in case.path_parameters:
        case.path_parameters["key"] = KEY
    response = case.call(base_url=host, auth=Signed())
    case.validate_response(response, checks=list(ALL))
