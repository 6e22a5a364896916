# SPDX-License-Identifier: MIT
"""HTTP on a connection that is not waited for without end: uvicorn's own protocol, with a deadline and a size for heads.

uvicorn waits for the head of a request for ever and keeps all of it, and the lines after a last chunk; 300 senders that write
one header a minute would hold 300 connections. It queues as many requests of a connection as come. (A body has its deadline in
the routes.)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..config import LimitsConfig
from ..limits.addresses import Addresses, counted, read_ip
from ..limits.connections import Connections
from .hearing import Application, heard_out
from .malformed import told_now_and_then
from .reader import Reader, plain_head

HEAD_LIMIT = 32 * 1024
"""Bytes of a request that are no body; proxies and clients send a few hundred."""
_CHUNK = 16
"""Bytes that a chunk may have around it without counting as such."""
PIPELINE = 16
"""Requests of a connection that may wait for the answers before them; clients of today send none ahead."""


class PatientProtocol(HttpToolsProtocol):
    """A connection with a deadline.

    Args:
        connections: all those of the listener.
        addresses: which of them come from a proxy.
        head_timeout: seconds.
    """

    def __init__(self, *args: Any, connections: Connections, addresses: Addresses, head_timeout: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._all = connections
        self._addresses = addresses
        self._seconds = head_timeout
        self._deadline: asyncio.TimerHandle | None = None
        self._head = 0
        self._in_head = False
        self._again: bytes | None = None
        self.parser: Reader = Reader(self)
        self.app: Application = heard_out(self.app)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        address = None if self.client is None else read_ip(self.client[0])
        trusted = address is not None and self._addresses.trusts(address)
        if not self._all.enter(self, counted(address), trusted=trusted):
            transport.abort()
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.leave(self)
        self._head_is_here()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._head += len(data)
        super().data_received(data)
        if self._deadline is None and self._idle():  # bytes that are no part of any request: a blank line, say
            self._expect_head()
        if self._head > HEAD_LIMIT:
            self.close()

    def read_again(self, rest: bytes) -> None:
        """The last head asked for another protocol: read it, and what came after it, as if it had not."""
        head, self._again = self._again or b"", None
        self.parser = Reader(self)
        self.parser.feed_data(head + rest)

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        if self._deadline is None:
            self._expect_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # lines after the last chunk are nobody's business: no proof and no address counts from there
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self.parser.should_upgrade():
            self._again = self._without_upgrade()
            return
        self._head_is_here()
        super().on_headers_complete()
        if len(self.pipeline) > PIPELINE:
            self.close()
            raise HttpParserError("too many requests ahead of their answers")  # else the rest of these bytes is read, too

    def on_body(self, body: bytes) -> None:
        self._head = max(0, self._head - len(body) - _CHUNK)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._again is not None:
            return
        super().on_message_complete()
        if not self.cycle.response_complete:
            self._all.serving(self)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.pipeline and (self.cycle.response_complete or self.cycle.more_body):
            self._all.waiting(self)

    def close(self) -> None:
        """End it, whatever it was about to send."""
        if not self.transport.is_closing():
            self.transport.close()

    def _idle(self) -> bool:
        return self.cycle is None or (self.cycle.response_complete and not self.pipeline)

    def _without_upgrade(self) -> bytes:
        method = self.parser.get_method()
        if method == b"CONNECT":
            raise HttpParserError("this is no proxy")
        return plain_head(method, self.url, self.parser.get_http_version(), self.headers)

    def _expect_head(self) -> None:
        self._head = 0
        self._deadline = self.loop.call_later(self._seconds, self._too_late)

    def _head_is_here(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        if self._idle():
            self.close()
        else:  # an earlier request of the same connection is being answered
            self._expect_head()


def patient(limits: LimitsConfig, addresses: Addresses) -> Callable[..., asyncio.Protocol]:
    """What makes the connections of one listener."""
    told_now_and_then()
    connections = Connections(limits.connections, limits.connections_per_address)
    return partial(PatientProtocol, connections=connections, addresses=addresses, head_timeout=limits.head_timeout)
