# SPDX-License-Identifier: MIT
"""One answer for the orders of several accounts: each child as it would be answered alone, and what to do about the whole."""

from __future__ import annotations

import json
from collections.abc import Sequence

from attrs import frozen

from ..http import answers
from ..http.answers import Answer


@frozen(kw_only=True)
class Part:
    """What became of the order of one account.

    Args:
        answer: as it would be given if the alert were for this account alone.
    """

    account: str
    client_order_id: str | None
    answer: Answer


def together(parts: Sequence[Part]) -> Answer:
    """The answer to the whole alert, with all its children in ``result.children``.

    503 as soon as one was not taken: the alert comes again, and what was taken is a repetition then. Else 202 while one is
    under way, 200 where one was taken, and where none was the answer to the first.
    """
    children = [_child(part) for part in parts]
    codes = [part.answer.http for part in parts]
    failed = [child for child in children if child["status"] == "failed"]
    pending = any(child["status"] == "pending" for child in children)
    status = "pending" if pending else "failed" if failed else "success"
    content = {
        "status": status,
        "order_id": None,
        "client_order_id": None,
        "message": f"{len(children) - len(failed)} of {len(children)} orders were taken; see result.children",
        "code": failed[0]["code"] if failed else None,
        "denials": [],
        "result": {"children": children},
    }
    return answers.of_json(_http(codes), content)


def _http(codes: Sequence[int]) -> int:
    if again := [code for code in codes if code >= 500]:
        return 503 if 503 in again else again[0]
    return 202 if 202 in codes else 200 if 200 in codes else codes[0]


def _child(part: Part) -> dict[str, object]:
    content = json.loads(part.answer.body)
    named = {"account": part.account, "http": part.answer.http}
    return {**named, **content, "client_order_id": content["client_order_id"] or part.client_order_id}
