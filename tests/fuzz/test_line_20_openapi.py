# SPDX-License-Identifier: MIT
"""Line 20: schemathesis over the OpenAPI document, against a served host: no 5xx, only answers that the document knows, and
what the document does not allow is refused."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from requests.auth import AuthBase
from schemathesis.specs.openapi import checks

from fks_exec import Order
from fks_exec.convert import from_dict
from fks_exec.testing import FaultyVenue
from fks_exec_hub import ExecutionHub
from fks_exec_server.access.signatures import sign, sign_alert
from fks_exec_server.http.openapi import document
from fks_exec_server.http.table import ROUTES
from fks_exec_simulators.clients import CLIENT_SECRET, client_table
from fks_exec_simulators.hosts import KEY, Host, TheVenue, host_config, served

MANY = {"rate": 10_000, "burst": 100_000}
ALL = (
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
)
THERE = {"account": "main", "symbol": "BTC/USDT", "client_order_id": "there"}
"""What half of all paths name, so that something is found."""
MEANT = {"account": "main", "accounts": ["main"], "symbol": "BTC/USDT", "ticker": "BTC/USDT"}
"""What each valid body names instead of what does not exist."""
ORDER = {"symbol": "BTC/USDT", "side": "buy", "quantity": "1", "client_order_id": "there", "order_type": "limit", "price": "50"}
FILLED = ORDER | {"client_order_id": "filled", "order_type": "market", "price": None}


def closed(schema: Any) -> Any:
    """A document whose objects have no further fields: what is sent and not described is found."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    further = {"additionalProperties": False} if schema.get("type") == "object" and "properties" in schema else {}
    return further | {name: closed(each) for name, each in schema.items()}


SCHEMA = schemathesis.openapi.from_dict(closed(document(ROUTES)))
SCHEMA.config.generation.update(with_security_parameters=False)  # each request is signed: two proofs would be refused
LABELS = sorted(operation.ok().label for operation in SCHEMA.get_all_operations())


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
    hub = ExecutionHub.open(config, plugins=[TheVenue(venue, venue.declared)])
    async with served(hub) as host:
        for order in (ORDER, FILLED):
            await hub.execute_order("main", from_dict(Order, order))
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


answered: Counter[tuple[str, int]] = Counter()


@SCHEMA.parametrize()
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_operation_answers_as_the_document_says(case: Any, host: str) -> None:
    """To one who may do everything, with the secret of the path in its place."""
    for name, value in case.path_parameters.items():
        case.path_parameters[name] = KEY if name == "key" else THERE[name] if len(value) % 2 else value
    if case.meta.generation.mode.is_positive and isinstance(case.body, dict):
        case.body |= {name: value for name, value in MEANT.items() if case.body.get(name)}
    response = case.call(base_url=host, auth=Signed(), timeout=5)
    answered[case.operation.label, response.status_code] += 1
    case.validate_response(response, checks=list(ALL))


def test_every_operation_was_understood() -> None:
    """A host that knows nobody would answer 401 to all of it, and the test above would find nothing."""
    assert {label for label, code in answered if code in (200, 202, 409, 422)} == set(LABELS)
    assert {label for label, code in answered if code == 200} >= {label for label in LABELS if label[:4] in ("GET ", "DELE")}
    assert not [label for label, code in answered if code == 401]
