# SPDX-License-Identifier: MIT
"""``/_ctl``: how a test controls a simulated exchange. A POST of named JSON values to a verb, answered with JSON.

Every exchange knows ``where`` (its control, which answers also while it is away), ``fault``, ``faults``, ``clear``,
``release``, ``away``, ``clock``, ``counts`` and ``requests``; the rest are its own.
"""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .faults import Fault

if TYPE_CHECKING:
    from .serving import ExchangeServer, Verb


class Controls:
    """What can be asked of every exchange."""

    def __init__(self, server: ExchangeServer) -> None:
        self._server = server

    def verbs(self) -> dict[str, Verb]:
        """By name."""
        names = ("where", "fault", "faults", "clear", "release", "away", "clock", "counts", "requests")
        return {name: getattr(self, name) for name in names}

    def where(self) -> str:
        """Where control answers also while the exchange is away."""
        return self._server.control_url

    def fault(self, **fields: Any) -> None:
        """A fault waits for its request; the fields of :class:`~fks_exec_simulators.exchanges.faults.Fault`."""
        self._server.faults.add(Fault(**fields))

    def faults(self) -> list[str]:
        """The words of the faults that wait."""
        return self._server.faults.words()

    def clear(self) -> None:
        """No fault waits any more."""
        self._server.faults.clear()

    def release(self) -> None:
        """Requests that hang go on."""
        self._server.release()

    async def away(self, on: bool) -> None:
        """The exchange refuses connections, or takes them again."""
        await self._server.away(on)

    def clock(self, seconds: float) -> None:
        """Its clock is off by so many seconds."""
        self._server.offset = float(seconds)

    def counts(self) -> dict[str, int]:
        """Every request that arrived, by method and path."""
        return dict(self._server.counts)

    def requests(self) -> int:
        """How many requests to place an order have arrived, whatever became of them."""
        return self._server.placing


async def controlled(server: ExchangeServer, request: web.Request) -> web.Response:
    """Do what control asks and answer: 200 with its JSON, or 400 with a sentence."""
    name = request.path.rpartition("/")[2]
    verb = {**Controls(server).verbs(), **server.verbs()}.get(name)
    if verb is None:
        return _failed(f"control knows no {name!r}")
    try:
        told = verb(**(json.loads(await request.read() or b"{}")))
        return web.json_response(await told if inspect.isawaitable(told) else told)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        return _failed(f"control {name}: {type(error).__name__}: {error}")


def _failed(text: str) -> web.Response:
    return web.json_response({"error": text}, status=400)
