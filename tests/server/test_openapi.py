# SPDX-License-Identifier: MIT
"""The OpenAPI document says what the routes are, and the classes behind their bodies."""

import json
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from starlette.routing import Route

from fks_exec import Order, OrderType, Side
from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app, create_operations_app
from fks_exec_server.http.guarded import Guarded
from fks_exec_server.http.openapi import document
from fks_exec_server.http.table import ROUTES, RouteSpec
from fks_exec_server.routes.orders import KINDS
from fks_exec_simulators.clients import client_table
from fks_exec_simulators.hosts import TheVenue, host_config
from fks_exec_simulators.venues import MemoryVenue

DOCUMENT = document(ROUTES)
OPERATIONS = [
    (path, method, item[method]) for path, item in DOCUMENT["paths"].items() for method in item if method != "parameters"
]


async def test_the_document_has_every_route_of_the_application_and_no_other(tmp_path: Path) -> None:
    """With its methods; and the operations address serves it."""
    config = host_config(tmp_path, clients=client_table(tmp_path))
    async with ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())]) as hub:
        routes: list[Any] = create_app(hub).routes  # type: ignore[attr-defined]
        transport = httpx.ASGITransport(create_operations_app(hub))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as http:
            served = (await http.get("/openapi.json")).json()
    offered = set()
    for route in routes:
        assert isinstance(route, Route)
        assert isinstance(route.endpoint, Guarded)
        offered |= {(route.path.replace(":path", ""), method.lower()) for method in route.endpoint.methods if method != "HEAD"}
    assert offered == {(path, method) for path, method, _ in OPERATIONS}
    assert served == json.loads(json.dumps(DOCUMENT))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_schema_has_the_fields_of_its_class(kind: Any) -> None:
    """And of an order its kind and its account beside them; no other is allowed."""
    schema = DOCUMENT["components"]["schemas"][kind.__name__]
    assert set(schema["properties"]) == {field.name for field in attrs.fields(kind)} | {"kind", "account"}
    needed = {field.name for field in attrs.fields(kind) if field.default is attrs.NOTHING}
    assert set(schema["required"]) - {"kind"} == needed
    assert schema["additionalProperties"] is False


def test_words_and_limits_are_those_of_the_classes() -> None:
    """Enumerations, patterns, money as text or number."""
    fields = DOCUMENT["components"]["schemas"]["Order"]["properties"]
    assert fields["side"]["enum"] == list(Side)
    assert fields["order_type"]["enum"] == list(OrderType)
    assert [each["type"] for each in fields["quantity"]["anyOf"]] == ["string", "number"]
    Order(symbol="BTC/USDT", side="buy", quantity="1", client_order_id="a" * 64)
    assert fields["client_order_id"]["anyOf"][0]["pattern"].endswith("{1,64}$")


@pytest.mark.parametrize(
    ("path", "method", "operation"), OPERATIONS, ids=[f"{method} {path}" for path, method, _ in OPERATIONS]
)
def test_every_operation_is_described_and_says_who_may_use_it(path: str, method: str, operation: dict[str, Any]) -> None:
    """One sentence of its own, its proofs, its answers."""
    assert operation["summary"].endswith(".")
    assert bool(operation["security"]) == ("{key}" not in path)
    assert {"200", "400", "401", "403", "404", "413", "429", "503"} <= set(operation["responses"])
    assert (method in ("post", "patch")) == ("requestBody" in operation)


def test_every_reference_leads_somewhere() -> None:
    """And no operation has the id of another."""
    text = json.dumps(DOCUMENT)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(DOCUMENT["components"]["schemas"])
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(ids) == len(set(ids))
    assert DOCUMENT["openapi"].startswith("3.1")


def test_a_route_of_the_table_is_described_as_it_is() -> None:
    """The document is made of what it is given."""
    assert document([RouteSpec(path="/x/{y:path}", guard="signed")])["paths"] == {
        "/x/{y}": {"parameters": [{"name": "y", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}]}
    }
