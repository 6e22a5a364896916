# SPDX-License-Identifier: MIT
"""A request whose sender is known and whose body is here: Request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from attrs import field, frozen

from ..access.proof import Proof
from ..access.scopes import Caller
from ..limits.crowd import Leave
from .answers import Answer

if TYPE_CHECKING:
    from ..limits.addresses import IP


@frozen(kw_only=True)
class Request:
    """One request, read.

    Args:
        method: in capitals.
        params: what the path holds, by the names of the route; a secret among them is taken out.
        body: no longer than allowed; empty where the route takes none.
        address: where it comes from; None where that cannot be told.
        proof: who asks, and what of it counts once.
        written: called once what is asked for is written down: from then on it only waits, and others may be worked.
    """

    method: str
    params: Mapping[str, str]
    body: bytes = field(repr=False)
    address: IP | None
    proof: Proof
    written: Leave


Handler: TypeAlias = Callable[[Caller, Request], Awaitable[Answer | None]]
"""Serves a request; None: there is nothing, and it is answered as an unknown path."""
