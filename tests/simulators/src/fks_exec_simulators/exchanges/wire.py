# SPDX-License-Identifier: MIT
"""What arrives at a simulated exchange and what it answers, free of the HTTP library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qsl

from attrs import evolve, field, frozen

Kind: TypeAlias = Literal["place", "protect", "cancel", "amend", "look_up", "positions", "balance", "market", "other"]
"""The request that a fault meets: those of ``fks_exec.testing.Kind``, ``market`` (rules, prices, the clock) and ``other``."""

Manner: TypeAlias = Literal["", "partial", "rest"]
"""How an order is to be matched whatever the market says: ``partial`` half of it fills at once and the rest rests, ``rest`` it
rests whatever its price until it is filled by control; empty: as the market says."""


@frozen(kw_only=True)
class Asked:
    """One request, as it arrived.

    Args:
        method: in capitals.
        path: without the query.
        query: raw, without ``?``; what a signature covers is never decoded and encoded again.
        body: raw.
        headers: with names in lower case.
        manner: how an order is to be matched.
    """

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(factory=dict)
    manner: Manner = ""

    @property
    def route(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"

    @property
    def in_query(self) -> list[tuple[str, str]]:
        """The query's parameters, decoded, in their order."""
        return parse_qsl(self.query, keep_blank_values=True)

    @property
    def in_form(self) -> list[tuple[str, str]]:
        """The body's parameters where it is a form."""
        return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    def json(self) -> Any:
        """The body's JSON; None for an empty body.

        Raises:
            ValueError: it is none.
        """
        return json.loads(self.body) if self.body else None

    def header(self, name: str) -> str:
        """By its name, in any case; empty if it is missing."""
        return self.headers.get(name.lower(), "")

    def matched(self, manner: Manner) -> Asked:
        """The same request, its order to be matched in a manner."""
        return evolve(self, manner=manner)


@frozen(kw_only=True)
class Reply:
    """One answer.

    Args:
        status: HTTP.
        data: sent as JSON; a text is sent as it is, as HTML.
        headers: beside the content's.
    """

    status: int = 200
    data: Any = None
    headers: Mapping[str, str] = field(factory=dict)

    @property
    def content_type(self) -> str:
        """Of the body."""
        return "text/html" if isinstance(self.data, str) else "application/json"

    @property
    def body(self) -> bytes:
        """As it is sent."""
        text = self.data if isinstance(self.data, str) else json.dumps(self.data, separators=(",", ":"))
        return text.encode()


def html(status: int, title: str) -> Reply:
    """A page of something between us and the exchange."""
    return Reply(status=status, data=f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>")
