# SPDX-License-Identifier: MIT
"""How a request and its answer travel: HTTP/1.1 with JSON, signed with HMAC-SHA256; answers and refusals as plain data."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from typing import Any

from attrs import frozen

from ...convert import from_dict, to_dict
from ...errors import NotSent, VenueAuthError, VenueClosed, VenueError, VenueRateLimited, VenueRejected
from ...model.account import Balance, Position
from ...model.events import OrderUpdate
from ...model.market import Instrument, MarketData
from ...model.results import ExecutionResult

HOST = "127.0.0.1"
LARGEST = 1_000_000
BLANK_LINE = b"\r\n\r\n"
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}
_ERRORS: dict[str, tuple[type[VenueError], int]] = {
    "VenueRejected": (VenueRejected, 422),
    "VenueAuthError": (VenueAuthError, 401),
    "VenueClosed": (VenueClosed, 503),
    "VenueRateLimited": (VenueRateLimited, 429),
    "NotSent": (NotSent, 502),
}
_FURTHER = {"VenueRejected": "retryable", "VenueClosed": "until", "VenueRateLimited": "retry_after"}
_RECORDS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (ExecutionResult, OrderUpdate, Position, Balance, MarketData, Instrument)
}


@frozen(kw_only=True)
class Message:
    """A request or an answer.

    Args:
        first: the three words of its first line.
        headers: with names in lower case.
        body: as many bytes as it said.
    """

    first: tuple[str, str, str]
    headers: dict[str, str]
    body: bytes

    def data(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body) if self.body else None


async def read_message(reader: asyncio.StreamReader) -> Message | None:
    """The next message; None when the other side has closed between two.

    Raises:
        ConnectionError: it broke in the middle.
        ValueError: what came is no HTTP.
    """
    try:
        raw = await reader.readuntil(BLANK_LINE)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise ConnectionResetError("the connection broke within a message") from None
        return None
    first, *lines = raw.decode("ascii").removesuffix("\r\n\r\n").split("\r\n")
    one, two, three = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", "0"))
    if not 0 <= length <= LARGEST:
        raise ValueError("too long a body")
    try:
        return Message(first=(one, two, three), headers=headers, body=await reader.readexactly(length))
    except asyncio.IncompleteReadError:
        raise ConnectionResetError("the connection broke within a message") from None


def request_bytes(key: str, path: str, data: object, time: int) -> bytes:
    """A signed POST.

    Args:
        time: epoch milliseconds; a venue drops what is too old.
    """
    body = json.dumps(data).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return f"{head}x-time: {time}\r\nx-signature: {sign(key, path, body, time)}\r\n\r\n".encode() + body


def answer_bytes(status: int, data: object) -> bytes:
    """An answer."""
    body = json.dumps(data).encode()
    head = f"HTTP/1.1 {status} {REASONS[status]}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def sign(key: str, path: str, body: bytes, time: int) -> str:
    """HMAC-SHA256 over time, path and body, hexadecimal."""
    return hmac.new(key.encode(), f"{time}\n{path}\n".encode() + body, hashlib.sha256).hexdigest()


def signed(key: str, message: Message) -> bool:
    """Whether a request carries the signature of its own content."""
    time, signature = message.headers.get("x-time", ""), message.headers.get("x-signature", "")
    right = sign(key, message.first[1], message.body, int(time)) if time.isdecimal() else ""
    return bool(right) and hmac.compare_digest(right.encode(), signature.encode())


def pack(answer: object) -> dict[str, Any]:
    """What a venue's hook answered, as plain data."""
    if isinstance(answer, list):
        return {"list": [pack(item) for item in answer]}
    if type(answer).__name__ in _RECORDS:
        return {"record": type(answer).__name__, "value": _without_success(to_dict(answer))}
    return {"value": answer}


def unpack(data: dict[str, Any]) -> object:
    """What :func:`pack` packed."""
    if "list" in data:
        return [unpack(item) for item in data["list"]]
    return from_dict(_RECORDS[data["record"]], data["value"]) if "record" in data else data["value"]


def _without_success(data: dict[str, Any]) -> dict[str, Any]:
    data.pop("success", None)
    return data


def pack_error(error: VenueError) -> tuple[int, dict[str, Any]]:
    """A refusal, as HTTP status and plain data."""
    name = type(error).__name__
    further = _FURTHER.get(name)
    data = {"error": name, "message": str(error), "code": error.code}
    return _ERRORS[name][1], {**data, further: getattr(error, further)} if further else data


def unpack_error(data: dict[str, Any]) -> VenueError:
    """What :func:`pack_error` packed."""
    name = data["error"]
    kind: Any = _ERRORS[name][0]
    further = {key: data[key] for key in (_FURTHER.get(name),) if key is not None}
    error: VenueError = kind(data["message"], code=data["code"], **further)
    return error
