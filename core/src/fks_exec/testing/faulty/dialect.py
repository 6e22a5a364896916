# SPDX-License-Identifier: MIT
"""``HttpDialect``: the simulated venue behind the HTTP of a real one, for the tests of that one's plugin."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import signal
import sys
import time
import traceback
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from attrs import evolve, field, frozen

from ...clock import SystemClock
from ...convert import parse_json
from ...errors import InvalidOrder, VenueError, VenueRejected
from ...model.events import OrderUpdate
from ...model.numbers import plain
from ..trial import FAULTS
from .counterpart import FaultyCounterpart
from .declared import CAPABILITIES
from .loopback import Loopback
from .placing import SERVER_ERROR, Match, ServerError
from .requests import Asked
from .venue import FaultyVenue
from .wire import HOST, Message

log: logging.Logger = logging.getLogger(__name__)

HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
"""What a gateway answers that the exchange stands behind: the answer that is none."""

_MAY_BE_NONE = frozenset({"open", "look_up"})

_REMEDIES: dict[str, str] = {
    "read": "read whatever the plugin may send, and raise VenueRejected for what the exchange refuses",
    "answer": "write every answer that a request of this kind can have",
    "refuse": "give every code its answer, and a default to those that it does not know; "
    "`python -m pydoc fks_exec.testing.HttpDialect.refuse` lists them",
    "push": "take every update",
}
"""What to do when a method that an author writes raises."""


def _frozen(value: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(value))


@frozen(kw_only=True)
class HttpRequest:
    """One request as it came in.

    Args:
        method: in capitals.
        target: path and query as they were sent, which is what signatures cover.
        path: without the query.
        query: of the target; of a name that stands there twice the last.
        headers: with names in lower case.
        body: as it was sent.
    """

    method: str
    target: str
    path: str
    query: Mapping[str, str] = field(converter=_frozen)
    headers: Mapping[str, str] = field(converter=_frozen, repr=False)
    body: bytes = b""

    def json(self) -> dict[str, Any]:
        """The body's object; its numbers are int or Decimal.

        Raises:
            InvalidOrder: it is none.
        """
        return parse_json(self.body)


class HttpDialect(Loopback):
    """Serves a simulated venue on the loopback address; a subclass translates what is said, and nothing else.

    Book, matching, counts and faults are those of ``FaultyVenue``. A fault means on the wire what it
    means at a real exchange: an answer that is lost is a connection that breaks, one that is none is HTML with status 200,
    an error of the server's own is a status 500 with JSON that is not the exchange's, and an answer that hangs comes when it
    is released, or never.

    What a method of the subclass raises by mistake is a fault of the tests and not of the venue: the plugin hears nothing that
    means anything, and ``stop``, with which ``async with`` ends, raises it, so that no test passes on it.

    Args:
        venue: None: one that pushes nothing and never repeats an id.
    """

    def __init__(self, venue: FaultyVenue | None = None) -> None:
        super().__init__()
        self.venue: FaultyVenue = venue or FaultyVenue(capabilities=evolve(CAPABILITIES, publishes=False), prefix=new_prefix())
        self.port: int = 0
        self._clock = SystemClock()
        self._accounts: set[str] = set()
        self._mistakes: list[tuple[str, Exception]] = []

    @abstractmethod
    def read(self, request: HttpRequest) -> Asked:
        """What a request asks for; check its signature here.

        Raises:
            VenueError: it is refused: a wrong key, an unknown market, a path that is not there.
        """

    @abstractmethod
    def answer(self, asked: Asked, answer: Any) -> tuple[int, object]:
        """How the venue's answer is written: a status and what becomes JSON; Decimals in it become texts.

        Where the exchange writes numbers instead of texts, write ``float(value)``: on the wire it has the same digits.

        Args:
            answer: an ExecutionResult for orders, cancels and changes; what the hook of the same name returns for the rest,
                None for an order that is not there.
        """

    @abstractmethod
    def refuse(self, error: VenueError) -> tuple[int, object]:
        """How a refusal is written; it needs a default for codes that it does not know.

        ``error.code`` is what ``read`` raised, or one of these:

        - AUTH, CLOSED, RATE_LIMITED: of VenueAuthError, VenueClosed, VenueRateLimited
        - NO_MONEY: the account has too little; INSUFFICIENT: it holds less than it is to sell; REFUSED: no reason was told
        - INVALID: it cannot be meant, a negative quantity for one
        - REDUCE_ONLY: there is no position to reduce; POST_ONLY: it would have traded at once
        - UNKNOWN_SYMBOL: there is no such instrument; NO_QUOTE: it has no price
        - UNKNOWN_ORDER: there is no such order; FILLED: a cancel came too late
        - NOT_OPEN: a change came too late; TOO_SMALL: a change to less than what is filled
        - of stops and targets: UNSUPPORTED, POSITION, QUANTITY, MIN_QUANTITY, TICK, STOP_TRIGGERED, TARGET_TRIGGERED
        """

    def push(self, account: str, update: OrderUpdate) -> None:
        """What becomes of an order after its answer, where the venue pushes; left out, nobody hears it."""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"

    async def start(self, port: int = 0) -> int:
        """Listen on a port of the loopback address, a free one if 0, and return it."""
        self.port = await super().start(port)
        return self.port

    async def stop(self) -> None:
        """Break all connections, end all calls.

        Raises:
            AssertionError: a method of the subclass raised by mistake; its exception is the cause.
        """
        await super().stop()
        self.venue.exchange.close()
        mistakes, self._mistakes = self._mistakes, []
        if mistakes:
            sentence, error = mistakes[0]
            raise AssertionError(f"{sentence} ({len(mistakes)} times)" if mistakes[1:] else sentence) from error

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()

    def main(self, words: Sequence[str] | None = None) -> None:
        """Serve until Ctrl-C: the last line of an author's ``exchange.py``.

        Args:
            words: of the command line: ``--port N``, then what the next orders meet in turn: ``ok``, or words of ``FAULTS``.
        """
        name = type(self).__name__
        parser = argparse.ArgumentParser(description=f"{name}: a simulated exchange on this machine.")
        parser.add_argument("--port", type=int, default=0, help="of the loopback address; default: a free one")
        meets = f"what the next orders meet, in turn: ok, {', '.join(FAULTS)}"
        parser.add_argument("faults", nargs="*", type=_met, metavar="FAULT", help=meets)
        options = parser.parse_args(words)
        try:
            with contextlib.suppress(KeyboardInterrupt):
                asyncio.run(self._serve(name, options.port, options.faults))
            print("stopped")
        except OSError as error:
            sys.exit(f"port {options.port} cannot be served ({error.strerror}); does another one run there? Say another --port")

    async def _serve(self, name: str, port: int, faults: Sequence[str]) -> None:
        counterpart = FaultyCounterpart(self.venue)
        await self.start(port)
        for word in faults:
            if word == "ok":
                self.venue.follow(Match())
            else:
                await counterpart.fault(word)
        ended = asyncio.Event()
        with contextlib.suppress(NotImplementedError):  # no such thing on Windows; elsewhere it is heard though ignored before
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, ended.set)
        print(f"{name} listens on {self.url}; Ctrl-C stops it", flush=True)
        await ended.wait()

    async def respond(self, message: Message) -> bytes:
        """One request, translated, carried out, and translated back."""
        request = _request(message)
        try:
            return await self._carry_out(request)
        except ConnectionError:
            return b""
        except ServerError:
            return _json(500, SERVER_ERROR)
        except VenueError as error:
            return self._refused(request, error)
        except InvalidOrder as error:
            return self._refused(request, VenueRejected(str(error), code="INVALID"))
        except Exception as error:
            self._keep(error, f"{request.method} {request.path}")
            return _bytes(500, "text/plain", f"{type(self).__name__} raised {type(error).__name__}: {error}".encode())

    def _refused(self, request: HttpRequest, refusal: VenueError) -> bytes:
        try:
            return _json(*self.refuse(refusal))
        except Exception as error:
            self._keep(error, f"{request.method} {request.path}")
            return b""

    def _push(self, account: str, update: OrderUpdate) -> None:
        try:
            self.push(account, update)
        except Exception as error:
            self._keep(error, f"an update of {account}")

    def _keep(self, error: Exception, at: str) -> None:
        """A mistake of the subclass: a plugin may well cope with what it hears then, but its author is to see it."""
        sentence = _mistake(error, at)
        log.error(sentence)
        self._mistakes.append((sentence, error))

    async def _carry_out(self, request: HttpRequest) -> bytes:
        asked = self.read(request)
        self._listen(asked.account)
        answer = await self.venue.exchange.carry_out(asked)
        if isinstance(answer, str | float) or (answer is None and asked.kind not in _MAY_BE_NONE):
            return _bytes(200, "text/html", HTML)
        return _json(*self.answer(asked, answer))

    def _listen(self, account: str) -> None:
        """From its first sign of life on, an account is told its news."""
        if account not in self._accounts:
            self._accounts.add(account)
            self.venue.exchange.listen(account, partial(self._push, account), self._clock, asyncio.get_running_loop())


def new_prefix() -> str:
    """Of the ids of a venue that is started again and again: hosts know an execution by its id."""
    return f"{time.time_ns():x}-"


def _mistake(error: Exception, at: str) -> str:
    """A sentence on what was raised: the last line of the author's own that led to it, and the remedy."""
    frames = [(step.f_code, line) for step, line in traceback.walk_tb(error.__traceback__)]
    others = [frame for frame in frames if frame[0].co_filename != __file__] or frames
    first = others[0][0]
    code, line = [frame for frame in others if frame[0].co_filename == first.co_filename][-1]
    where = "/".join(Path(code.co_filename).parts[-2:])
    remedy = _REMEDIES.get(first.co_name, "look at what `read` and `answer` returned")
    return f"{where}, line {line}, {code.co_name}: {type(error).__name__}: {error} (at {at}); {remedy}"


def _met(word: str) -> str:
    if word != "ok" and word not in FAULTS:
        raise argparse.ArgumentTypeError(f"{word[:40]!a} is not one of ok, {', '.join(FAULTS)}")
    return word


def _request(message: Message) -> HttpRequest:
    method, target, _ = message.first
    parts = urlsplit(target)
    return HttpRequest(
        method=method,
        target=target,
        path=parts.path,
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers=message.headers,
        body=message.body,
    )


def _json(status: int, data: object) -> bytes:
    return _bytes(status, "application/json", json.dumps(data, default=_text).encode())


def _text(value: object) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)


def _bytes(status: int, kind: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body
