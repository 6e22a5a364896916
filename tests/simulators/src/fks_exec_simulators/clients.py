# SPDX-License-Identifier: MIT
"""A client of one's own, which signs its requests, and the table that lets it in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
from attrs import frozen

from fks_exec_server.access.signatures import sign

from .canaries import canary

CLIENT_SECRET = canary("bot")
"""The secret of the client ``bot``."""

ALL_ACTIONS = ["read", "trade", "halt", "resume", "close"]


def client_table(base: Path, **further: Any) -> dict[str, Any]:
    """``[plugins.server.clients]`` with one client, ``bot``, which may do everything with ``main``."""
    secret = base / "client-secret"
    secret.touch(0o600)
    secret.write_text(CLIENT_SECRET, "utf-8")
    return {"bot": {"secrets": [{"file": "client-secret"}], "accounts": ["main"], "actions": ALL_ACTIONS, **further}}


@frozen
class SigningClient:
    """Asks as ``bot``."""

    http: httpx.AsyncClient

    async def __call__(self, method: str, target: str, body: object = None, **how: Any) -> httpx.Response:
        """One request.

        Args:
            body: bytes as they are; anything else as JSON.
            how: ``nonce`` and ``now`` of the signature, ``headers`` to add.
        """
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = how.pop("headers", {})
        signed = sign(method, target, content, key="bot", secret=CLIENT_SECRET, **how)
        return await self.http.request(method, target, content=content, headers={**signed, **headers})
