# SPDX-License-Identifier: MIT
"""The routes as an OpenAPI 3.1 document, made from the table of routes and from the classes that are read and written."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable
from typing import Any

from .replies import answers, responses
from .schemas import alert_schema, in_path, one_of, reference, schema_of
from .table import Operation, RouteSpec

_SECURITY: dict[str, list[dict[str, list[str]]]] = {
    "path": [],
    "alert": [{"token": []}, {"alertSignature": []}],
    "signed": [{"token": []}, {"key": [], "timestamp": [], "nonce": [], "signature": []}],
}
_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "alertSignature": {"type": "apiKey", "in": "header", "name": "X-TradingView-Signature"},
    "key": {"type": "apiKey", "in": "header", "name": "X-Fks-Key"},
    "timestamp": {"type": "apiKey", "in": "header", "name": "X-Fks-Timestamp"},
    "nonce": {"type": "apiKey", "in": "header", "name": "X-Fks-Nonce"},
    "signature": {"type": "apiKey", "in": "header", "name": "X-Fks-Signature"},
}


def document(routes: Iterable[RouteSpec]) -> dict[str, Any]:
    """The document, ready for JSON."""
    routes = tuple(routes)
    kinds = {kind for route in routes for operation in route.methods.values() for kind in operation.bodies}
    taken = {kind.__name__: schema_of(kind) for kind in sorted(kinds, key=lambda kind: kind.__name__)}
    schemas = {**answers(), "Alert": alert_schema(), **taken}
    return {
        "openapi": "3.1.0",
        "info": {"title": "fks-exec", "version": importlib.metadata.version("fks-exec-server")},
        "paths": {_path(route): _item(route) for route in routes},
        "components": {"schemas": schemas, "securitySchemes": _SCHEMES},
    }


def _path(route: RouteSpec) -> str:
    return re.sub(r":path}", "}", route.path)


def _item(route: RouteSpec) -> dict[str, Any]:
    parameters = [in_path(name) for name in re.findall(r"{(\w+)}", _path(route))]
    methods = {method.lower(): _operation(route, method, operation) for method, operation in route.methods.items()}
    return {**({"parameters": parameters} if parameters else {}), **methods}


def _operation(route: RouteSpec, method: str, operation: Operation) -> dict[str, Any]:
    words = re.sub(r"\W+", "_", _path(route)).strip("_")
    found: dict[str, Any] = {
        "operationId": f"{method.lower()}_{words}",
        "summary": operation.summary,
        "security": _SECURITY[route.guard],
        "responses": responses(route.guard, operation),
    }
    if operation.bodies or operation.does == "alert":
        found["requestBody"] = {"required": True, "content": _content(operation)}
    return found


def _content(operation: Operation) -> dict[str, Any]:
    if operation.bodies:
        return {"application/json": {"schema": one_of([reference(kind.__name__) for kind in operation.bodies])}}
    alert = reference("Alert")
    text = {"type": "string", "contentMediaType": "application/json", "contentSchema": alert}
    return {"application/json": {"schema": alert}, "text/plain": {"schema": text}}
