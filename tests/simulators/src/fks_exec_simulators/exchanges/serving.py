# SPDX-License-Identifier: MIT
"""``ExchangeServer``: what every simulated exchange shares. It listens, counts, breaks what it is told to break, is controlled.

An exchange is a subclass with ``kinds`` (what a request is), ``answer`` (do it and answer, without waiting), ``refusal`` and
``coded`` (its own words for a fault) and ``verbs`` (what its control can do).
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from aiohttp import web
from attrs import evolve

from . import wire
from .control import controlled
from .faults import Fault, Waiting
from .wire import Asked, Kind, Reply

HOST = "127.0.0.1"
CONTROL = "/_ctl/"
LATE = 0.1
"""Seconds until what comes late is done."""

KEYS: Mapping[str, str] = {"canary-key1": "canary-secret1", "canary-key2": "canary-secret2"}
"""The API keys of the accounts of a simulated exchange, and their secrets."""

Verb = Callable[..., Any]
"""What control can do; takes named JSON values, answers with one."""


class ExchangeServer(ABC):
    """A simulated exchange that listens on the loopback address.

    Args:
        clock: the wall clock, epoch seconds.
        keys: API keys and their secrets, an account each.

    ``offset`` is what its clock is off by, seconds. ``counts`` has every request that arrived by method and path, ``placing``
    the number of those that were to place an order, whatever became of them. An exchange that is away refuses connections,
    control answers still at ``control_url``. An error of the exchange itself, which its client would take for a fault, is
    raised at the end of ``async with``.
    """

    name: ClassVar[str]

    def __init__(self, *, clock: Callable[[], float] = time.time, keys: Mapping[str, str] = KEYS) -> None:
        self._clock = clock
        self.keys: Mapping[str, str] = dict(keys)
        self.offset: float = 0.0
        self.counts: Counter[str] = Counter()
        self.placing: int = 0
        self.faults: Waiting = Waiting()
        self.broken: list[Exception] = []
        self._release = asyncio.Event()
        self._later: set[asyncio.TimerHandle] = set()
        self._runner: web.AppRunner | None = None
        self._site: web.SockSite | None = None
        self._held: socket.socket | None = None
        self._port = self._control_port = 0

    # What an exchange is.

    @abstractmethod
    def kinds(self, asked: Asked) -> frozenset[Kind]:
        """What a request is: several if it is, say, both an order and protective; ``other`` for what no fault meets."""

    @abstractmethod
    def answer(self, asked: Asked) -> Reply:
        """Do what is asked and answer, without waiting; ``asked.manner`` says how an order is matched."""

    @abstractmethod
    def refusal(self, word: str, kinds: frozenset[Kind], seconds: float | None) -> Reply:
        """The exchange's own words for ``refuse``, ``credentials``, ``rate_limit``, ``closed``, ``maintenance``, ``banned``.

        Args:
            seconds: of Retry-After; None: the exchange's own.
        """

    @abstractmethod
    def coded(self, code: str) -> Reply:
        """The answer with one of the exchange's own codes."""

    @abstractmethod
    def verbs(self) -> Mapping[str, Verb]:
        """What the exchange's own control can do, by name; among it what ``ExchangeCounterpart`` asks for."""

    @abstractmethod
    def without_ids(self, data: Any) -> Any:
        """An answer's data without the ids of the order."""

    def now(self) -> int:
        """The exchange's own clock, epoch milliseconds."""
        return int((self._clock() + self.offset) * 1000)

    # Listening.

    @property
    def url(self) -> str:
        """Where clients reach it."""
        return f"http://{HOST}:{self._port}"

    @property
    def control_url(self) -> str:
        """Where its control answers, also while it is away."""
        return f"http://{HOST}:{self._control_port}"

    async def start(self, port: int = 0) -> str:
        """Listen, on any free port if 0, and tell where."""
        app = web.Application(client_max_size=1_000_000)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
        await self._runner.setup()
        self._held = _bound(port)  # holds the port while the exchange is away; it never listens itself
        self._port = self._held.getsockname()[1]
        control = _bound(0)
        self._control_port = control.getsockname()[1]
        await web.SockSite(self._runner, control).start()
        await self._listen()
        return self.url

    async def _listen(self) -> None:
        assert self._runner is not None
        self._site = web.SockSite(self._runner, _bound(self._port), backlog=512)
        await self._site.start()

    async def stop(self) -> None:
        """Let go of what hangs, and close."""
        self.release()
        for handle in self._later:
            handle.cancel()
        self._break()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._held is not None:
            self._held.close()
        self._runner = self._site = self._held = None

    async def __aenter__(self) -> ExchangeServer:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        if self.broken:
            raise ExceptionGroup(f"the simulated {self.name} broke by itself", self.broken)

    async def away(self, on: bool) -> None:
        """Refuse connections, and break those that stand; or listen again."""
        if on and self._site is not None:
            await self._site.stop()
            self._site = None
            self._break()
        elif not on and self._site is None:
            await self._listen()

    def _break(self) -> None:
        server = self._runner.server if self._runner is not None else None
        for connection in list(server.connections) if server is not None else []:
            transport = connection.transport
            if transport is not None and transport.get_extra_info("sockname")[1] == self._port:
                transport.abort()

    def release(self) -> None:
        """Requests that hang go on."""
        self._release.set()
        self._release = asyncio.Event()

    # Handling.

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith(CONTROL):
            return await controlled(self, request)
        asked = Asked(
            method=request.method,
            path=request.path,
            query=request.rel_url.raw_query_string,
            body=await request.read(),
            headers={name.lower(): value for name, value in request.headers.items()},
        )
        kinds = self.kinds(asked)
        self.counts[asked.route] += 1
        self.placing += bool(kinds & {"place", "protect"})
        fault = self.faults.take(kinds)
        if fault is None:
            return _sent(self._sound(asked))
        return await self._meet(request, asked, kinds, fault)

    async def _meet(self, request: web.Request, asked: Asked, kinds: frozenset[Kind], fault: Fault) -> web.StreamResponse:
        reply = self._do(asked, fault)
        told = fault.meaning.told
        if told == "held":
            await self._release.wait()
        if fault.word == "slow":
            await asyncio.sleep(LATE if fault.seconds is None else fault.seconds)
        if told in ("cut", "reset") or (told == "held" and reply is None):
            return _cut(request, reset=told == "reset")
        if told == "truncated":
            return await _truncated(request, reply or Reply())
        return _sent(self._after_fault(fault, kinds, reply or Reply()))

    def _do(self, asked: Asked, fault: Fault) -> Reply | None:
        done = fault.meaning.done
        if done == "no":
            return None
        if done == "later":
            seconds = LATE if fault.seconds is None else fault.seconds
            loop = asyncio.get_running_loop()
            self._later = {handle for handle in self._later if handle.when() > loop.time()}
            self._later.add(loop.call_later(seconds, self._sound, asked))
            return None
        if done == "half":
            return self._sound(asked.matched("partial"))
        return self._sound(asked.matched("rest") if done == "rests" else asked)

    def _sound(self, asked: Asked) -> Reply:
        try:
            return self.answer(asked)
        except Exception as error:
            self.broken.append(error)
            raise

    def _after_fault(self, fault: Fault, kinds: frozenset[Kind], reply: Reply) -> Reply:
        told = fault.meaning.told
        if told == "refusal":
            return self.refusal(fault.word, kinds, fault.seconds)
        if told == "code":
            return self.coded(fault.code)
        if told == "no_id":
            return evolve(reply, data=self.without_ids(reply.data))
        pages = {"html": (200, "OK"), "waf": (403, "Forbidden"), "unavailable": (503, "Service Unavailable")}
        if told in pages:
            return wire.html(*pages[told])
        return wire.html(500, "Internal Server Error") if told == "error" else reply


def _bound(port: int) -> socket.socket:
    """A socket that is bound and does not listen: connections to it are refused."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    return bound


def _sent(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body, content_type=reply.content_type, headers=dict(reply.headers))


def _cut(request: web.Request, *, reset: bool) -> web.Response:
    """Close the connection without an answer."""
    if request.transport is not None:
        if reset:  # a linger of no seconds makes the kernel send RST instead of FIN
            raw = request.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response()


async def _truncated(request: web.Request, reply: Reply) -> web.StreamResponse:
    """Half of the body, then the connection is closed."""
    body = reply.body
    response = web.StreamResponse(status=reply.status)
    response.content_type, response.content_length = reply.content_type, len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()  # not abort: what was written is sent first
    return response
