# SPDX-License-Identifier: MIT
"""The OpenAPI document says what the routes are, and the classes behind their bodies."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app, create_operations_app
from fks_exec_server.http.guarded import Guarded
from fks_exec_server.http.openapi import document
from fks_exec_server.http.table import ROUTES, RouteSpec
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


@pytest.mark.parametrize(
    ("path", "method", "operation"), OPERATIONS, ids=[f"{method} {path}" for path, method, _ in OPERATIONS]
)
def test_every_operation_is_described_and_says_who_may_use_it(path: str, method: str, operation: dict[str, Any]) -> None:
    """One sentence of its own, its proofs, its answers."""
    assert operation["summary"].endswith(".")
    assert bool(operation["security"]) == ("{key}" not in path)
    codes = set(operation["responses"])
    assert {"200", "408", "413", "429", "500", "503"} <= codes
    assert ("401" in codes) == ("{key}" not in path)
    assert ("404" in codes) == ("{key}" in path or "{client_order_id}" in path)
    assert ("400" in codes) == (method in ("post", "patch") or "/quote/" in path)
    assert (method in ("post", "patch")) == ("requestBody" in operation)


def test_a_look_promises_nothing_that_only_an_order_is_told() -> None:
    """A client writes no code for what never comes."""
    assert set(DOCUMENT["paths"]["/accounts"]["get"]["responses"]) == {"200", "401", "408", "413", "429", "500", "503"}
    assert "202" not in DOCUMENT["paths"]["/resume"]["post"]["responses"]
    assert not [path for path, _, operation in OPERATIONS if "405" in operation["responses"]]


def test_when_to_come_again_is_told_where_it_is_said() -> None:
    """Cancels, halts and closes are never turned away for their number."""
    for path, method, operation in OPERATIONS:
        told = {code: answer.get("headers", {}).get("Retry-After") for code, answer in operation["responses"].items()}
        assert told["429"]["required"]
        assert (told["503"] is None) == (method == "delete" or path in ("/halt", "/resume", "/close"))
        assert not any(header for code, header in told.items() if code not in ("429", "503"))


def test_an_alert_is_described_as_json_and_as_the_same_json_in_a_text() -> None:
    """TradingView sends both."""
    for path in ("/webhook/tradingview/{key}", "/webhook/tradingview"):
        content = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]
        alert = {"$ref": "#/components/schemas/Alert"}
        assert content["application/json"]["schema"] == alert
        text = {"type": "string", "contentMediaType": "application/json", "contentSchema": alert}
        assert content["text/plain"]["schema"] == text


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
