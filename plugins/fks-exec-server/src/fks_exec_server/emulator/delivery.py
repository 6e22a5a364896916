# SPDX-License-Identifier: MIT
"""One alert, sent as TradingView sends it, and sent again when it would; what became of it.

Only an answer of 500 to 599 is sent again: after 5 s, at most three times. An alert without an answer within 3 s is given up.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any, TypeAlias

from attrs import field, frozen

from .client import Reply

LIMIT = 3.0
"""Seconds that TradingView waits for an answer."""
REPEATS = 3
"""How often it sends an alert again at most."""
REPEAT_AFTER = 5.0
"""Seconds before it does."""

Post: TypeAlias = Callable[[bytes, Mapping[str, str]], Awaitable[Reply]]


class Fate(StrEnum):
    """What became of an alert."""

    DONE = "done"
    PENDING = "pending"
    REFUSED = "refused"
    NEVER_IN = "never in"
    IN_DOUBT = "in doubt"


@frozen(kw_only=True)
class Try:
    """One request.

    Args:
        sent: seconds of a monotonic clock.
        took: seconds until the answer, or until there was none.
    """

    sent: float
    took: float
    reply: Reply


@frozen(kw_only=True)
class Delivery:
    """All that happened to one alert.

    Args:
        name: of the alert, for the report.
        due: when it was to be sent; seconds of the same clock as that of its tries.
        tries: in their order, one at least.
    """

    name: str
    due: float
    tries: tuple[Try, ...]
    answer: Mapping[str, Any] = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "answer", _read(self.last.body))

    @property
    def last(self) -> Reply:
        """Of its last try."""
        return self.tries[-1].reply

    @property
    def client_order_id(self) -> str | None:
        """The id under which the host wrote it down; None where it did not say so."""
        found = self.answer.get("client_order_id")
        return found if isinstance(found, str) else None

    @property
    def fate(self) -> Fate:
        """What became of it."""
        if self.last.code is None:
            return Fate.IN_DOUBT if self.last.reached else Fate.NEVER_IN
        if self.client_order_id is None and not self._taken_elsewhere:
            return Fate.NEVER_IN
        if self.answer.get("status") == "pending" or self.last.code == 202:
            return Fate.PENDING
        done = self.answer.get("status") != "failed" or self.answer.get("code") == "TEST"  # a test is to place nothing
        return Fate.DONE if self.last.code < 300 and done else Fate.REFUSED

    @property
    def _taken_elsewhere(self) -> bool:
        """A receiver that is not ours: what it answers with 2xx it has."""
        return not self.answer and self.last.code is not None and 200 <= self.last.code < 300

    @property
    def reason(self) -> str:
        """What was said last."""
        if self.last.code is None:
            return self.last.problem
        code, message = self.answer.get("code"), self.answer.get("message")
        return " ".join(str(part) for part in (self.last.code, code, f"({message})" if message else None) if part)

    @property
    def first_ms(self) -> float:
        """Milliseconds from when it was due to its first answer."""
        return (self.tries[0].sent + self.tries[0].took - self.due) * 1000

    @property
    def in_ms(self) -> float:
        """Milliseconds from when it was due to its last answer."""
        return (self.tries[-1].sent + self.tries[-1].took - self.due) * 1000


def content_type(message: bytes) -> str:
    """What TradingView says of a rendered message: JSON only if it is that."""
    try:
        json.loads(message)
    except (ValueError, RecursionError):
        return "text/plain; charset=utf-8"
    return "application/json; charset=utf-8"


async def deliver(
    post: Post,
    message: bytes,
    *,
    name: str,
    due: float | None = None,
    source: str | None = None,
    repeat_after: float = REPEAT_AFTER,
) -> Delivery:
    """Send an alert now, and again as long as TradingView would.

    Args:
        due: seconds of :func:`time.monotonic`; None: now.
        source: the address from which a trusted proxy says that it came.
        repeat_after: seconds.
    """
    headers = {"content-type": content_type(message), "user-agent": "fks-exec-emulator"}
    headers |= {"x-forwarded-for": source} if source else {}
    tries: list[Try] = []
    for number in range(1 + REPEATS):
        if number:
            await asyncio.sleep(repeat_after)
        sent = time.monotonic()
        reply = await post(message, headers)
        tries.append(Try(sent=sent, took=time.monotonic() - sent, reply=reply))
        if reply.code is None or not 500 <= reply.code <= 599:
            break
    return Delivery(name=name, due=tries[0].sent if due is None else due, tries=tuple(tries))


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and "client_order_id" in found else {}
