# SPDX-License-Identifier: MIT
"""What a proxy speaks with its senders."""

import socket
import ssl
from pathlib import Path

import pytest

from fks_exec_simulators.proxies import Kind, Proxy
from fks_exec_simulators.proxies.upstream import behind


def spoken(front: Proxy, context: ssl.SSLContext) -> ssl.SSLSocket:
    """A connection whose handshake is done."""
    plain = socket.create_connection(("127.0.0.1", front.port), timeout=5)
    try:
        return context.wrap_socket(plain, server_hostname="localhost")
    except OSError:
        plain.close()
        raise


async def test_tls_begins_at_1_2(kind: Kind, tmp_path: Path) -> None:
    """What is older is refused by the proxy, not by the client."""
    async with behind(kind, tmp_path) as (_, front, _):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = front.context
            context.minimum_version = context.maximum_version = version
            spoken(front, context).close()
        old = front.context
        old.set_ciphers("DEFAULT:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
            spoken(front, old)


async def test_only_http_1_1_is_offered(kind: Kind, tmp_path: Path) -> None:
    """HTTP/2 and 3 have other ways to dawdle, and other lengths; the port of the same number is free for datagrams."""
    async with behind(kind, tmp_path) as (_, front, _):
        context = front.context
        context.set_alpn_protocols(["h2", "http/1.1"])
        with spoken(front, context) as connection:
            assert connection.selected_alpn_protocol() == "http/1.1"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.bind(("127.0.0.1", front.port))


async def test_a_request_without_tls_is_refused(kind: Kind, tmp_path: Path) -> None:
    """It would have shown its secret to the net."""
    async with behind(kind, tmp_path) as (upstream, front, _):
        with socket.create_connection(("127.0.0.1", front.port), timeout=5) as plain:
            plain.sendall(b"POST /webhook/tradingview/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n")
            assert plain.recv(100).split(b" ")[1] == b"400"
        assert upstream.heads == []
