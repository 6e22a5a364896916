# SPDX-License-Identifier: MIT
"""What the routes answer with: the schema of each answer, and of an operation the codes, the headers, who may ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fks_exec import Denial, ExecutionResult, MarketData, Position
from fks_exec_hub import AccountStatus, HaltAnswer

from .patterns import CODE, whole
from .schemas import Schema, one_of, reference
from .table import GuardName, Operation
from .written import classes, listed, record, some_fields

_MEANINGS = {
    200: "It is done, and the outcome is known.",
    202: "It is written down and on its way, or its outcome is not known yet.",
    400: "The body, or what stands in the path, cannot be meant; the message names the field.",
    401: "Nobody that is known has signed this, or it was sent before.",
    403: "The sender may not do this; the code says why.",
    404: "There is nothing here.",
    408: "The body was not complete in time.",
    409: "It contradicts what is there.",
    413: "The body is too large.",
    422: "Denied, with all reasons; nothing was sent.",
    429: "Too many in too short a time.",
    500: "A fault of the program.",
    503: "Not taken; it may be sent again.",
}
_OF_THE_DOOR = (408, 413, 429, 500, 503)
"""What every operation may be answered: a body, if one is sent, is read everywhere."""

_OF_THE_GUARD: Mapping[GuardName, int] = {"path": 404, "alert": 401, "signed": 401}
"""What who is not known is answered."""

_AGAIN = {"description": "seconds after which it may be sent again", "schema": {"type": "integer", "minimum": 1}}
_TURNED_AWAY = ("read", "order", "alert")
"""What is never turned away for its number has no Retry-After."""

_SHOWN = ("name", "venue", "ready", "live", "currency", "unresolved", "halt", "breaker")
_NOTHING: Schema = {"type": "null"}
_TEXT_OR_NONE: Schema = {"type": ["string", "null"]}
_STATUS: Schema = {"type": "string", "enum": ["success", "failed", "pending"]}
_ORDER = {"status": _STATUS, "order_id": _TEXT_OR_NONE, "client_order_id": _TEXT_OR_NONE, "message": str}
_ORDER |= {"code": _TEXT_OR_NONE, "denials": listed(Denial)}
_WHOLE = _ORDER | {"order_id": _NOTHING, "client_order_id": _NOTHING, "denials": {"type": "array", "maxItems": 0}}
_RESULT = reference(ExecutionResult.__name__)
_TOLD = _ORDER | {"result": {"anyOf": [_RESULT, _NOTHING]}}
_HTTP: Schema = {"type": "integer", "enum": sorted(_MEANINGS), "description": "what the order would be answered alone"}


def _children(child: Mapping[str, Any]) -> Schema:
    return record(_WHOLE | {"result": record({"children": {"type": "array", "items": record(child)}})})


def _refusal() -> Schema:
    code = {"type": "string", "pattern": whole(CODE)}
    nothing = {"status": {"const": "failed"}, "order_id": _NOTHING, "client_order_id": _NOTHING, "result": _NOTHING}
    return record(_ORDER | nothing | {"code": code})


def answers() -> dict[str, Schema]:
    """The schemas of all answers, by the names that the table of routes has for them, and of what they are made of."""
    found = {
        "Refusal": _refusal(),
        "OrderAnswer": record(_ORDER | {"result": _RESULT}),
        "UnderWay": record(_ORDER | {"status": {"const": "pending"}, "order_id": _NOTHING, "result": _NOTHING}),
        "AlertAnswer": _children({"account": str, "http": _HTTP} | _TOLD),
        "CloseAnswer": _children({"account": str} | _TOLD),
        "HaltOutcome": record(_WHOLE | {"result": reference(HaltAnswer.__name__)}),
        "Accounts": record({"accounts": {"type": "array", "items": some_fields(AccountStatus, _SHOWN)}}),
        "Positions": record({"account": str, "positions": listed(Position)}),
        "Quote": record({"account": str, "quote": reference(MarketData.__name__)}),
    }
    return found | classes([ExecutionResult, HaltAnswer, Position, MarketData])


def responses(guard: GuardName, operation: Operation) -> dict[str, Any]:
    """What an operation may be answered: by itself, by its guard, by the door, in the order of their numbers."""
    said = dict.fromkeys([*_OF_THE_DOOR, _OF_THE_GUARD[guard]], ("Refusal",)) | dict(operation.answers)
    return {str(code): _response(code, said[code], operation) for code in sorted(said)}


def _response(code: int, names: tuple[str, ...], operation: Operation) -> dict[str, Any]:
    content = {"application/json": {"schema": one_of([reference(name) for name in names])}}
    headers = _headers(code, operation)
    return {"description": _MEANINGS[code], **({"headers": headers} if headers else {}), "content": content}


def _headers(code: int, operation: Operation) -> dict[str, Any]:
    if code == 429:
        return {"Retry-After": _AGAIN | {"required": True}}
    if code == 503 and operation.does in _TURNED_AWAY:
        return {"Retry-After": _AGAIN | {"description": "seconds; where there were too many at once"}}
    if code == 401:
        return {"WWW-Authenticate": {"required": True, "schema": {"const": "Bearer"}}}
    return {}
