# SPDX-License-Identifier: MIT
"""The routes as an OpenAPI 3.1 document, made from the table of routes and from the classes that bodies are read into."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable
from typing import Any

from .schemas import reference, schema_of
from .table import Operation, RouteSpec

_ANSWERS = {
    "200": "It is done, and the outcome is known.",
    "202": "It is written down and on its way, or its outcome is not known yet.",
    "400": "The body cannot be meant; the message names the field.",
    "401": "Nobody that is known has signed this.",
    "403": "The sender may not do this; the code says why.",
    "404": "There is nothing here.",
    "405": "Another method than those that Allow names.",
    "408": "The body was not complete in time.",
    "409": "It contradicts what is there.",
    "413": "The body is too large.",
    "422": "Denied, with all reasons; nothing was sent.",
    "429": "Too many in too short a time; Retry-After says when to come again.",
    "500": "A fault of the program.",
    "503": "Not taken; it may be sent again.",
}
_NULL = {"type": "null"}
_TEXT_OR_NONE = {"type": ["string", "null"]}
_ANSWER = {
    "type": "object",
    "required": ["status", "order_id", "client_order_id", "message", "code", "denials", "result"],
    "properties": {
        "status": {"type": "string", "enum": ["success", "failed", "pending"]},
        "order_id": _TEXT_OR_NONE,
        "client_order_id": _TEXT_OR_NONE,
        "message": {"type": "string"},
        "code": _TEXT_OR_NONE,
        "denials": {"type": "array", "items": {"$ref": "#/components/schemas/Denial"}},
        "result": {"type": ["object", "null"]},
    },
}
_DENIAL = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
}
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
    schemas = {kind.__name__: schema_of(kind) for kind in sorted(kinds, key=lambda kind: kind.__name__)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "fks-exec", "version": importlib.metadata.version("fks-exec-server")},
        "paths": {_path(route): _item(route) for route in routes},
        "components": {"schemas": {"Answer": _ANSWER, "Denial": _DENIAL, **schemas}, "securitySchemes": _SCHEMES},
    }


def _path(route: RouteSpec) -> str:
    return re.sub(r":path}", "}", route.path)


def _item(route: RouteSpec) -> dict[str, Any]:
    names = re.findall(r"{(\w+)}", _path(route))
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}} for name in names
    ]
    methods = {method.lower(): _operation(route, method, operation) for method, operation in route.methods.items()}
    return {**({"parameters": parameters} if parameters else {}), **methods}


def _operation(route: RouteSpec, method: str, operation: Operation) -> dict[str, Any]:
    words = re.sub(r"\W+", "_", _path(route)).strip("_")
    found: dict[str, Any] = {
        "operationId": f"{method.lower()}_{words}",
        "summary": operation.summary,
        "security": _SECURITY[route.guard],
        "responses": {code: _answer(code, operation) for code in _ANSWERS},
    }
    if operation.bodies or operation.does == "alert":
        found["requestBody"] = {"required": True, "content": _content(operation)}
    return found


def _content(operation: Operation) -> dict[str, Any]:
    if not operation.bodies:
        return {kind: {"schema": {"type": "object"}} for kind in ("application/json", "text/plain")}
    choices = [reference(kind) for kind in operation.bodies]
    return {"application/json": {"schema": choices[0] if len(choices) == 1 else {"anyOf": choices}}}


def _answer(code: str, operation: Operation) -> dict[str, Any]:
    schema: dict[str, Any] = {"$ref": "#/components/schemas/Answer"}
    if code == "200" and operation.owner.__name__ == "Accounts":
        schema = {"type": "object"}
    return {"description": _ANSWERS[code], "content": {"application/json": {"schema": schema}}}
