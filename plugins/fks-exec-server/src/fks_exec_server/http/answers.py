# SPDX-License-Identifier: MIT
"""What a sender is told: the HTTP code and the JSON body of an outcome, of a refusal, of a fault."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from attrs import evolve, frozen
from starlette.types import Send

from fks_exec import Denial, ExecutionResult, Status, to_dict
from fks_exec.model.numbers import plain

Headers = Sequence[tuple[bytes, bytes]]

_ID_REUSED = "ID_REUSED"
_NOT_RECORDED = "NOT_RECORDED"
_PENDING = "the order is written down and still on its way; it will not be lost, so there is no need to send it again"
_UNKNOWN = (
    "the order may or may not exist at the venue; do not send another. It is looked up; what stays so, an operator settles: "
)
_RESOLVE = "fks-exec orders resolve {} --as not-placed|placed|filled|canceled --because TEXT"
_UNRECORDED = "what became of the order could not be written down yet; do not send another, look at the venue"


@frozen
class Answer:
    """One HTTP answer.

    Args:
        http: its number.
        code: what stands as ``code`` in its body; None: nothing.
        said: the sentence in its body.
        order: the client's id of the order in its body; None: none.
        again: it is about an order that was answered before.
    """

    http: int
    body: bytes
    headers: Headers = ()
    code: str | None = None
    said: str = ""
    order: str | None = None
    again: bool = False

    async def send(self, send: Send) -> None:
        """Give it to the server."""
        length = b"%d" % len(self.body)
        headers = [(b"content-type", b"application/json"), (b"content-length", length), *self.headers]
        await send({"type": "http.response.start", "status": self.http, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def of_json(http: int, content: object, headers: Headers = ()) -> Answer:
    """Any JSON."""
    body, told = json.dumps(content, separators=(",", ":")).encode(), content if isinstance(content, dict) else {}
    result = told.get("result")
    again = isinstance(result, dict) and result.get("duplicate") is True
    code, order = told.get("code"), told.get("client_order_id")
    return Answer(http, body, headers, code, said=told.get("message") or "", order=order, again=again)


def refusal(http: int, code: str, message: str, *, headers: Headers = (), denials: Sequence[Denial] = ()) -> Answer:
    """Nothing was sent: not an alert, not now, not here."""
    content = {"status": "failed", "order_id": None, "client_order_id": None, "message": message, "code": code}
    return of_json(http, content | {"denials": [to_dict(denial) for denial in denials], "result": None}, headers)


def forbidden(denial: Denial) -> Answer:
    """The sender's scope does not allow it."""
    return refusal(403, denial.code, denial.message, denials=[denial])


def outcome(result: ExecutionResult) -> Answer:
    """What became of an order."""
    return of_json(_http(result), _content(result))


def state(result: ExecutionResult) -> Answer:
    """The same, to one who asks how an order stands: there it is, so 200."""
    return of_json(200, _content(result))


def after_cancel(result: ExecutionResult) -> Answer:
    """How an order stands after its cancel; ``success``: it is cancelled."""
    done = result.status is Status.CANCELED
    return _after(result, done=done, http=409 if result.code == "CANCEL_FAILED" else 200)


def after_amend(result: ExecutionResult) -> Answer:
    """How an order stands after a change was asked for; ``success``: it is changed."""
    refused = 422 if result.status is Status.DENIED or result.code == "HALTED" else 409
    return _after(result, done=result.code is None, http=200 if result.code is None else refused)


def _after(result: ExecutionResult, *, done: bool, http: int) -> Answer:
    waits = _open(result) or result.code in ("AMEND_UNKNOWN", "MOVE_WAITS")
    if waits and result.code == "UNRESOLVED_ORDER":
        waits = False  # nothing was asked for, and nothing will be
    content = _content(result)
    if result.code != _NOT_RECORDED and result.error:
        content["message"] = result.error
    content["status"] = "pending" if waits else "success" if done else "failed"
    return of_json(202 if waits else http, content)


def under_way(client_order_id: str, what: str) -> Answer:
    """A cancel, or a change, takes longer than the sender waits."""
    message = f"the {what} is under way and goes on; ask how the order stands"
    content = {"status": "pending", "order_id": None, "client_order_id": client_order_id, "message": message, "code": None}
    return of_json(202, content | {"denials": [], "result": None})


def told(http: int, status: str, message: str, code: str | None, result: object) -> Answer:
    """Something that is no single order."""
    content = {"status": status, "order_id": None, "client_order_id": None, "message": message, "code": code}
    return of_json(http, content | {"denials": [], "result": result})


def of_children(children: Sequence[tuple[str, ExecutionResult]]) -> Answer:
    """Several orders of one request: each with its account, its id and what became of it.

    ``success`` if each is one, ``pending`` if one is, else ``failed``.
    """
    contents = [{"account": account, **_content(result)} for account, result in children]
    words = {str(content["status"]) for content in contents}
    status = "pending" if "pending" in words else "failed" if "failed" in words else "success"
    message = "; ".join(f"{content['account']}: {content['message']}" for content in contents) or "there was nothing to do"
    return told(202 if status == "pending" else 200, status, message, None, {"children": contents})


def still_working(client_order_id: str) -> Answer:
    """The order is written down; no outcome yet."""
    return outcome(ExecutionResult(status=Status.PENDING, client_order_id=client_order_id))


def _http(result: ExecutionResult) -> int:
    if _open(result):
        return 202
    if result.status is Status.DENIED:
        return 409 if result.code == _ID_REUSED else 422
    return 200


def _open(result: ExecutionResult) -> bool:
    """The outcome is not known, or not certain to be remembered."""
    return result.code == _NOT_RECORDED or result.status in (Status.PENDING, Status.UNKNOWN)


def _content(result: ExecutionResult) -> dict[str, Any]:
    if result.code == _NOT_RECORDED:
        result = evolve(result, error=None)  # it names the journal's file
    data = to_dict(result)
    return {
        "status": _word(result),
        "order_id": result.order_id,
        "client_order_id": result.client_order_id,
        "message": _message(result),
        "code": result.code,
        "denials": data["denials"],
        "result": data,
    }


def _word(result: ExecutionResult) -> str:
    if _open(result):
        return "pending"
    return "success" if result.success else "failed"


def _message(result: ExecutionResult) -> str:
    if result.code == _NOT_RECORDED:
        return _UNRECORDED
    if result.status is Status.PENDING:
        return _PENDING
    if result.status is Status.UNKNOWN:
        return _UNKNOWN + _RESOLVE.format(result.client_order_id or "ID")
    if result.denials:
        return "; ".join(denial.message for denial in result.denials)
    return result.error or _said(result)


def _said(result: ExecutionResult) -> str:
    filled = ""
    if result.filled_quantity and result.average_price is not None:
        filled = f", {plain(result.filled_quantity)} at {plain(result.average_price)}"
    return result.status.value.replace("_", " ") + filled
