# SPDX-License-Identifier: MIT
"""HTTP on a connection that is not waited for without end: uvicorn's own protocol, with a deadline and a size for heads.

uvicorn waits for the head of a request for ever and keeps all of it; 300 senders that write one header a minute would hold
300 connections. (A body has its deadline in the routes.)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..config import LimitsConfig
from ..limits.addresses import Addresses, counted, read_ip
from ..limits.connections import Connections

HEAD_LIMIT = 32 * 1024
"""Bytes; proxies and clients send a few hundred."""


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
        super().data_received(data)
        if self._deadline is None and self._idle():  # bytes that are no part of any request: a blank line, say
            self._expect_head()
        if self._deadline is not None:
            self._head += len(data)
            if self._head > HEAD_LIMIT:
                self.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._deadline is None:
            self._expect_head()

    def on_headers_complete(self) -> None:
        self._head_is_here()
        self._all.serving(self)
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._idle():
            self._all.waiting(self)

    def close(self) -> None:
        """End it, whatever it was about to send."""
        if not self.transport.is_closing():
            self.transport.close()

    def _idle(self) -> bool:
        return self.cycle is None or (self.cycle.response_complete and not self.pipeline)

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
    connections = Connections(limits.connections, limits.connections_per_address)
    return partial(PatientProtocol, connections=connections, addresses=addresses, head_timeout=limits.head_timeout)
