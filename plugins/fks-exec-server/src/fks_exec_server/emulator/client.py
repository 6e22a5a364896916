# SPDX-License-Identifier: MIT
"""One POST on a connection of its own, as lean as a load generator needs it (a general client is ten times as slow here).

A connection for each request: one that the host has closed in the meantime must not look like an alert that was lost.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httptools
from attrs import frozen

from fks_exec import InvalidOrder

_MOST = 1024 * 1024
"""Bytes of an answer that are kept."""


@frozen(kw_only=True)
class Reply:
    """What came back: an answer, or why there is none.

    Args:
        code: of HTTP; None without an answer.
        problem: without an answer: a sentence's half.
        reached: the request may have arrived.
    """

    code: int | None = None
    body: bytes = b""
    problem: str = ""
    reached: bool = True


@frozen
class Target:
    """Where to; the address's text is a secret, since the path holds one."""

    _url: SplitResult

    @classmethod
    def parse(cls, url: str) -> Target:
        """From ``https://host/path``.

        Raises:
            InvalidOrder: it is none.
        """
        try:
            parts = urlsplit(url)
            parts.port  # noqa: B018  (raises for one that is no number)
        except ValueError:
            parts = urlsplit("")
        plain = url.isascii() and url.isprintable() and " " not in url
        if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
            raise InvalidOrder("url", "is not an address such as https://example.org/webhook/tradingview/SECRET")
        return cls(parts)

    def __repr__(self) -> str:
        return f"Target({self.host})"

    @property
    def host(self) -> str:
        """Its name or address."""
        return self._url.hostname or ""

    @property
    def port(self) -> int:
        """Of the scheme, where none is given."""
        return self._url.port or (443 if self._url.scheme == "https" else 80)

    @property
    def tls(self) -> bool:
        """Whether it is https."""
        return self._url.scheme == "https"

    def request(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        """The bytes of a POST."""
        path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        standing = {"host": self._url.netloc.rpartition("@")[2], "content-length": str(len(body)), "connection": "close"}
        lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in {**standing, **headers}.items()), "", ""]
        return "\r\n".join(lines).encode("ascii") + body


class Client:
    """Sends to one target.

    Args:
        context: for https; None checks certificates as the system does.
    """

    def __init__(self, target: Target, *, context: ssl.SSLContext | None = None) -> None:
        self.target = target
        self._ssl = (context or ssl.create_default_context()) if target.tls else None

    async def post(self, body: bytes, headers: Mapping[str, str], *, seconds: float) -> Reply:
        """Send, and wait at most so many seconds for the whole answer, the connection included. Raises nothing of the net."""
        exchange = _Exchange(self.target.request(body, headers))
        loop = asyncio.get_running_loop()
        name = self.target.host if self._ssl else None
        try:
            async with asyncio.timeout(seconds):
                await loop.create_connection(
                    lambda: exchange, self.target.host, self.target.port, ssl=self._ssl, server_hostname=name
                )
                return await exchange.answered()
        except TimeoutError:
            return Reply(problem=f"no answer within {seconds:g} s", reached=exchange.sent)
        except OSError as error:
            return Reply(problem=f"no connection: {_reason(error)}", reached=exchange.sent)
        finally:
            exchange.close()


class _Exchange(asyncio.Protocol):
    """One request and its answer."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._parser = httptools.HttpResponseParser(self)
        self._body = b""
        self._done: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    @property
    def sent(self) -> bool:
        return self._transport is not None

    async def answered(self) -> Reply:
        return await self._done

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()
        self._done.cancel()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._end(Reply(problem="an answer that is not HTTP"))

    def on_body(self, body: bytes) -> None:
        self._body = (self._body + body)[:_MOST]

    def on_message_complete(self) -> None:
        self._end(Reply(code=self._parser.get_status_code(), body=self._body))

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(Reply(problem="the connection ended without an answer"))

    def _end(self, reply: Reply) -> None:
        if not self._done.done():
            self._done.set_result(reply)


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
