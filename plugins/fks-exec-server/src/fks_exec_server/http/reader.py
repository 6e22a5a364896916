# SPDX-License-Identifier: MIT
"""A parser of requests that reads one that asks for another protocol as what it is without that wish: Reader."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Protocol

from httptools import HttpParserUpgrade, HttpRequestParser


class Rereads(Protocol):
    """A connection that may have a head read a second time."""

    def read_again(self, rest: bytes) -> None:
        """The head asked for another protocol; these are the bytes after it."""


class Reader(HttpRequestParser):
    """httptools' own, but for ``Upgrade``.

    httptools takes all after such a head for the other protocol, and itself goes on with a new request: the body would be
    read as requests. A server need not upgrade (RFC 9110, 7.8); here it never does.
    """

    def __init__(self, connection: Rereads) -> None:
        super().__init__(connection)
        self._connection = connection
        with contextlib.suppress(AttributeError):  # httptools below 0.6.3 cannot be told
            # what comes after "Connection: close" is no reason to refuse the request before it
            self.set_dangerous_leniencies(lenient_data_after_close=True)

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]  # the event loop has bytes only
        try:
            super().feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._connection.read_again(data[upgrade.args[0] :])


def plain_head(method: bytes, url: bytes, version: str, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The same head without the wish for another protocol, of a request that is the last of its connection.

    Args:
        headers: as they were parsed, names in lower case.
    """
    kept = ((name, value) for name, value in headers if name not in (b"connection", b"upgrade"))
    lines = [b"%s %s HTTP/%s" % (method, url, version.encode()), *(b"%s: %s" % header for header in kept), b"connection: close"]
    return b"\r\n".join([*lines, b"", b""])
