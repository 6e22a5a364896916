# SPDX-License-Identifier: MIT
"""The simulated venue behind HTTP on the loopback address; pushes are fetched by a long poll."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from ...clock import SystemClock
from ...convert import from_dict, to_dict
from ...errors import FksExecError, VenueError
from ...model.events import OrderUpdate
from .control import control
from .loopback import Loopback
from .placing import SERVER_ERROR, ServerError
from .refusing import Refuse
from .requests import Asked
from .venue import FaultyVenue
from .wire import Message, answer_bytes, pack, pack_error, signed

POLL = 20.0
"""Seconds after which a long poll without news is answered."""


class Server(Loopback):
    """One venue over HTTP.

    Args:
        venue: asynchronous.
        key: of the signatures.
    """

    def __init__(self, venue: FaultyVenue, key: str) -> None:
        super().__init__()
        self._venue = venue
        self._key = key
        self._clock = SystemClock()
        self._first = self._clock.now()  # updates are numbered from here: a venue that is started again repeats no number
        self._listeners: dict[str, Callable[[OrderUpdate], None]] = {}
        self._updates: list[tuple[str, OrderUpdate]] = []
        self._news = asyncio.Event()

    async def stop(self) -> None:
        """Break all connections, end all calls."""
        await super().stop()
        self._venue.exchange.close()

    async def respond(self, message: Message) -> bytes:
        """What the venue does with a request, as plain data; a broken connection is an empty answer."""
        if not signed(self._key, message):
            return answer_bytes(401, {"error": "VenueAuthError", "message": "the signature is wrong", "code": "SIGNATURE"})
        try:
            return answer_bytes(200, await self._do(message))
        except ConnectionError:
            return b""
        except ServerError:
            return answer_bytes(500, SERVER_ERROR)
        except VenueError as error:
            return answer_bytes(*pack_error(error))
        except (FksExecError, LookupError, TypeError, ValueError) as error:
            return answer_bytes(400, {"problem": f"{type(error).__name__}: {error}"})

    async def _do(self, message: Message) -> Any:
        path = message.first[1]
        if path == "/control":
            return self._control(message.data())
        if path == "/updates":
            return await self._poll(**message.data())
        asked = from_dict(Asked, message.data())
        self._listen(asked.account)
        answer = await self._venue.exchange.carry_out(asked, self._too_late(message))
        if asked.kind == "open":
            return {"capabilities": to_dict(self._venue.declared), "after": self._first + len(self._updates)}
        return pack(answer)

    def _too_late(self, message: Message) -> Refuse | None:
        """A venue drops what was on its way for too long: that is what ``request_ttl`` promises."""
        limit, age = self._venue.declared.request_ttl, self._clock.now() - int(message.headers["x-time"])
        return Refuse("the request came too late", code="TOO_LATE") if limit is not None and age > limit * 1000 else None

    def _listen(self, account: str) -> None:
        """Keep what is published to an account, from its first sign of life on."""
        if account not in self._listeners:
            self._listeners[account] = partial(self._keep, account)
            self._venue.exchange.listen(account, self._listeners[account], self._clock, asyncio.get_running_loop())

    def _keep(self, account: str, update: OrderUpdate) -> None:
        self._updates.append((account, update))
        self._news.set()
        self._news = asyncio.Event()

    async def _poll(self, account: str, after: int) -> dict[str, Any]:
        """The account's updates behind a number, as soon as there is one."""
        self._listen(account)
        loop = asyncio.get_running_loop()
        end = loop.time() + POLL
        while True:
            news = self._news
            found = [pack(update) for owner, update in self._updates[max(0, after - self._first) :] if owner == account]
            left = end - loop.time()
            if found or left <= 0:
                return {"updates": found, "after": self._first + len(self._updates)}
            try:
                await asyncio.wait_for(news.wait(), left)
            except TimeoutError:
                continue

    def _control(self, asked: dict[str, Any]) -> Any:
        self._dropping = asked["do"] == "drop_connections"
        return control(self._venue, asked["do"], asked["arguments"])
