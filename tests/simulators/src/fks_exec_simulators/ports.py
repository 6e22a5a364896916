# SPDX-License-Identifier: MIT
"""Ports of this machine."""

from __future__ import annotations

import socket


def free_port() -> int:
    """One that nothing listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])
