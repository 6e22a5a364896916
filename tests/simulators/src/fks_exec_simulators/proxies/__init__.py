# SPDX-License-Identifier: MIT
"""The proxies that we ship configurations of, in front of a host: unprivileged, on loopback, in a folder of their own."""

from __future__ import annotations

from .caddy import CADDY
from .nginx import NGINX, narrow
from .running import Kind, Proxy, program, proxy

KINDS = {each.name: each for each in (NGINX, CADDY)}
"""By their names."""

__all__ = ["CADDY", "KINDS", "NGINX", "Kind", "Proxy", "narrow", "program", "proxy"]
